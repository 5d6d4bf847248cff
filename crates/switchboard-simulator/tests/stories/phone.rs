use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::business::Business;
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
