use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use switchboard_simulator::permissions::Standing;
use tokio_tungstenite::tungstenite::Message;

use crate::business::{Business, NUMBER};
use crate::line::Line;

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

async fn open_page(business: &Business) -> Socket {
    let url = format!("ws://{}/simulator/v1/phone", business.simulator.address());
    tokio_tungstenite::connect_async(url).await.unwrap().0
}

async fn say(page: &mut Socket, message: Value) {
    page.send(Message::text(message.to_string())).await.unwrap();
}

/// The next message of this type, and of this state when one is named.
async fn hear(page: &mut Socket, kind: &str, state: Option<&str>) -> Value {
    loop {
        let text = page.next().await.expect("the page stays open").unwrap().into_text().unwrap();
        let message: Value = serde_json::from_str(&text).unwrap();
        if message["type"] == kind && state.is_none_or(|state| message["state"] == state) {
            return message;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_at_the_phone_page_talks_with_the_business() {
    let business = Business::open().await;
    let mut page = open_page(&business).await;
    let browser = Line::offer();
    say(
        &mut page,
        json!({ "type": "call", "customer": { "name": "Ana", "phone": "5511982114477" },
        "sdp": browser.answer, "sound": "microphone" }),
    )
    .await;
    let answer = hear(&mut page, "answer", None).await;
    browser.accept(answer["sdp"].as_str().unwrap());
    hear(&mut page, "state", Some("calling")).await;
    let connect = business.expect("connect").await;
    assert_eq!(connect.call()["from"], "5511982114477");

    let line = business.answer(&connect, Some(880)).await;
    hear(&mut page, "state", Some("connected")).await;
    browser.wait_until("the browser is connected", |state| state.connected).await;
    browser.speak(660);
    line.wait_until("the person's 660 Hz", |state| state.share_of(660.0) > 0.8).await;
    browser.wait_until("the agent's 880 Hz", |state| state.share_of(880.0) > 0.8).await;
    assert_eq!(line.state().ssrcs.len(), 1);

    say(&mut page, json!({ "type": "mute", "on": true })).await;
    say(&mut page, json!({ "type": "keys", "digits": "7" })).await;
    say(&mut page, json!({ "type": "hang_up" })).await;
    let over = hear(&mut page, "state", Some("ended")).await;
    assert_eq!(over["why"], "customer");
    business.expect("terminate").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_page_hangs_up_and_a_bad_offer_is_explained() {
    let business = Business::open().await;
    let mut page = open_page(&business).await;
    say(&mut page, json!({ "type": "call", "sdp": "nonsense" })).await;
    assert!(hear(&mut page, "state", Some("ended")).await["why"].is_string());
    say(&mut page, json!({ "type": "dance" })).await;
    hear(&mut page, "log", None).await;
    let browser = Line::offer();
    say(&mut page, json!({ "type": "call", "sdp": browser.answer, "sound": "tone" })).await;
    business.expect("connect").await;
    let again = Line::offer();
    say(&mut page, json!({ "type": "call", "sdp": again.answer, "sound": "voice", "customer": { "name": "Ana", "phone": "5511982114477" } })).await;
    business.expect("terminate").await;
    let first = business.expect("connect").await;
    say(&mut page, json!({ "type": "call", "sdp": Line::offer().answer, "customer": { "name": "Ana", "phone": "5511982114477" } })).await;
    let (one, other) = (business.next().await, business.next().await);
    assert!([&one, &other].iter().any(|each| each.event() == "terminate" && each.id() == first.id()));
    assert!(
        [&one, &other].iter().any(|each| each.event() == "connect"),
        "the same person can call again at once"
    );
    drop(page);
    business.expect("terminate").await;
}

const ANA: &str = "5511982114477";

/// A page that plays Ana towards the first number.
async fn as_ana(business: &Business) -> Socket {
    let mut page = open_page(business).await;
    say(&mut page, json!({ "type": "play", "customer": { "name": "Ana", "phone": ANA } })).await;
    hear(&mut page, "pair", None).await;
    page
}

/// The call that rings; the page is told of the silence before it, too.
async fn rung(page: &mut Socket) -> String {
    loop {
        if let Some(call) = hear(page, "incoming", None).await["call"].as_str() {
            return call.to_owned();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_plays_a_customer_rings_and_the_person_picks_up() {
    let business = Business::open().await;
    business.simulator.set_permission(ANA, Standing::Permanent).unwrap();
    let mut page = as_ana(&business).await;
    let line = Line::offer();
    assert_eq!(business.connect(ANA, &line.answer).await.0, 200);
    let connect = business.hears("connect").await;
    line.accept(connect.call()["session"]["sdp"].as_str().unwrap());
    business.hears("RINGING").await;
    let call = rung(&mut page).await;

    // The call has a connection of its own, as every call of a page.
    let mut talk = open_page(&business).await;
    let browser = Line::offer();
    say(&mut talk, json!({ "type": "pick_up", "call": call, "sdp": browser.answer })).await;
    let answer = hear(&mut talk, "answer", None).await;
    browser.accept(answer["sdp"].as_str().unwrap());
    hear(&mut talk, "state", Some("connected")).await;
    business.hears("ACCEPTED").await;
    browser.wait_until("the browser is connected", |state| state.connected).await;
    browser.speak(660);
    line.speak(880);
    line.wait_until("the person's 660 Hz", |state| state.share_of(660.0) > 0.8).await;
    browser.wait_until("the agent's 880 Hz", |state| state.share_of(880.0) > 0.8).await;
    assert!(hear(&mut page, "incoming", None).await["call"].is_null(), "it rings no more");
    say(&mut talk, json!({ "type": "pick_up", "call": call, "sdp": Line::offer().answer })).await;
    assert!(hear(&mut talk, "state", Some("ended")).await["why"].is_string(), "nobody picks up twice");
    business.hears("terminate").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_declines_writes_and_answers_a_request() {
    let business = Business::open().await;
    let mut page = as_ana(&business).await;
    say(&mut page, json!({ "type": "write", "text": "Podem me ligar?" })).await;
    business.hears("text").await;
    say(&mut page, json!({ "type": "write", "text": " " })).await;
    assert!(hear(&mut page, "refused", None).await["why"].is_string());
    let request = json!({ "messaging_product": "whatsapp", "to": ANA, "type": "interactive", "interactive": {
        "type": "call_permission_request", "action": { "name": "call_permission_request" } } });
    let (status, sent) = business.ask(&format!("{NUMBER}/messages"), Some(request)).await;
    assert_eq!(status, 200);
    assert_eq!(business.words(3).await, ["sent", "delivered", "read"]);
    let id = sent["messages"][0]["id"].as_str().unwrap();
    loop {
        let pair = hear(&mut page, "pair", None).await;
        if pair["messages"].as_array().unwrap().last().is_some_and(|last| last["id"] == id) {
            assert_eq!(pair["messages"][1]["open"], true);
            break;
        }
    }
    say(&mut page, json!({ "type": "reply", "request": id, "answer": "permanent" })).await;
    assert_eq!(business.hears("interactive").await.reply()["is_permanent"], true);

    assert_eq!(business.connect(ANA, &Line::offer().answer).await.0, 200);
    assert_eq!(business.words(2).await, ["connect", "RINGING"]);
    let call = rung(&mut page).await;
    say(&mut page, json!({ "type": "decline", "call": call })).await;
    assert_eq!(business.words(2).await, ["REJECTED", "terminate"]);
    say(&mut page, json!({ "type": "profile", "answer": "decline" })).await;
    assert_eq!(business.hears("interactive").await.reply()["response"], "reject");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pressed_call_button_calls_with_its_payload_until_it_expires() {
    let business = Business::open().await;
    business.simulator.write(ANA, "Oi").unwrap();
    business.hears("text").await;
    let button = json!({ "messaging_product": "whatsapp", "to": ANA, "type": "interactive", "interactive": {
        "type": "voice_call", "body": { "text": "Call us" }, "action": { "name": "voice_call",
        "parameters": { "display_text": "Call now", "ttl_minutes": 5, "payload": "order-42" } } } });
    let (_, sent) = business.ask(&format!("{NUMBER}/messages"), Some(button)).await;
    assert_eq!(business.words(3).await, ["sent", "delivered", "read"]);
    let mut page = open_page(&business).await;
    let press = |sdp: &str| {
        json!({ "type": "call", "customer": { "name": "Ana", "phone": ANA }, "sdp": sdp, "sound": "tone",
            "message": sent["messages"][0]["id"] })
    };
    let browser = Line::offer();
    say(&mut page, press(&browser.answer)).await;
    hear(&mut page, "answer", None).await;
    assert_eq!(business.hears("connect").await.call()["cta_payload"], "order-42");
    say(&mut page, json!({ "type": "hang_up" })).await;
    assert_eq!(business.hears("terminate").await.call()["cta_payload"], "order-42");
    business.simulator.advance(std::time::Duration::from_secs(301));
    say(&mut page, press(&Line::offer().answer)).await;
    hear(&mut page, "state", Some("ended")).await;
    assert!(hear(&mut page, "state", Some("ended")).await["why"].as_str().unwrap().contains("expired"));
}
