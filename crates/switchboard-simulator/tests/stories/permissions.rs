use std::time::Duration;

use serde_json::{Value, json};
use switchboard_simulator::permissions::{Answer, Standing};
use switchboard_simulator::{Behaviour, NumberChange, OnMessage, Switches, WindowRefusal};

use crate::business::{Business, NUMBER};
use crate::line::Line;

const ANA: &str = "5511982114477";
const WEEK: i64 = 604_800;

/// A business Ana has just written to: the window of 24 hours is open.
async fn open_window() -> Business {
    let business = Business::open().await;
    business.simulator.write(ANA, "Olá, podem me ligar?").unwrap();
    business.hears("text").await;
    business
}

fn request() -> Value {
    json!({
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": ANA, "type": "interactive",
        "interactive": { "type": "call_permission_request", "action": { "name": "call_permission_request" },
            "body": { "text": "May we call you about your order?" } },
        "biz_opaque_callback_data": "job-77",
    })
}

async fn send(business: &Business, body: Value) -> (u16, Value) {
    business.ask(&format!("{NUMBER}/messages"), Some(body)).await
}

fn code((status, body): &(u16, Value)) -> (u16, i64) {
    (*status, body["error"]["code"].as_i64().unwrap_or_default())
}

async fn looked_up(business: &Business) -> Value {
    let (status, answer) = business.ask(&format!("{NUMBER}/call_permissions?user_wa_id={ANA}"), None).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_delivered_answered_and_seen_in_the_look_up() {
    let business = open_window().await;
    let (status, answer) = send(&business, request()).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["contacts"][0]["wa_id"], ANA);
    let id = answer["messages"][0]["id"].as_str().unwrap();
    let sent = business.hears("sent").await;
    let told = &sent.value("messages").unwrap()["statuses"][0];
    assert_eq!((&told["id"], &told["biz_opaque_callback_data"]), (&json!(id), &json!("job-77")));
    assert_eq!(business.words(2).await, ["delivered", "read"]);
    assert_eq!(looked_up(&business).await["permission"], json!({ "status": "no_permission" }));

    let standing = business.simulator.reply(ANA, Answer::Temporary).unwrap();
    let until = business.simulator.now() + WEEK;
    assert!(matches!(standing, Standing::Temporary { until: is } if (until - is).abs() <= 2));
    let reply = business.hears("interactive").await;
    let message = &reply.value("messages").unwrap()["messages"][0];
    assert_eq!(message["context"], json!({ "from": "447700900001", "id": id }));
    assert_eq!(
        (&reply.reply()["response"], &reply.reply()["is_permanent"]),
        (&json!("accept"), &json!(false))
    );
    assert!(reply.reply()["expiration_timestamp"].is_string());

    let answer = looked_up(&business).await;
    assert_eq!(answer["permission"]["status"], "temporary");
    assert!(answer["permission"]["expiration_time"].is_number());
    let [asks, calls] = [&answer["actions"][0], &answer["actions"][1]];
    assert_eq!(
        (&asks["action_name"], &asks["can_perform_action"]),
        (&json!("send_call_permission_request"), &json!(false))
    );
    assert_eq!(
        (&asks["limits"][0]["time_period"], &asks["limits"][0]["current_usage"]),
        (&json!("PT24H"), &json!(1))
    );
    assert!(asks["limits"][0]["limit_expiration_time"].is_number());
    assert!(asks["limits"][1].get("limit_expiration_time").is_none());
    assert_eq!(
        (&calls["can_perform_action"], &calls["limits"][0]["max_allowed"]),
        (&json!(true), &json!(100))
    );

    business.simulator.advance(Duration::from_secs(604_801));
    assert_eq!(looked_up(&business).await["permission"]["status"], "no_permission", "expired without a word");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_request_of_the_day_and_one_that_is_not_needed_are_refused() {
    let business = open_window().await;
    assert_eq!(send(&business, request()).await.0, 200);
    assert_eq!(code(&send(&business, request()).await), (400, 138_009));
    let template = json!({ "messaging_product": "whatsapp", "to": ANA, "type": "template", "template": {
        "name": "call_permission", "language": { "code": "pt_BR" },
        "components": [{ "type": "body", "parameters": [{ "type": "text", "text": "o pedido 1522" }] }] } });
    assert_eq!(code(&send(&business, template.clone()).await), (400, 138_009), "templates count, too");
    business.simulator.advance(Duration::from_secs(86_400));
    let (status, answer) = send(&business, template).await;
    assert_eq!((status, &answer["messages"][0]["message_status"]), (200, &json!("accepted")));
    let messages = business.simulator.pair(ANA).unwrap().messages;
    assert_eq!(messages.last().unwrap().text, "Gostaríamos de ligar sobre o pedido 1522.");
    assert!(messages.last().unwrap().open);
    business.simulator.reply(ANA, Answer::Permanent).unwrap();
    assert_eq!(code(&send(&business, request()).await), (400, 138_017));
    assert_eq!(looked_up(&business).await["permission"], json!({ "status": "permanent" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connected_call_lets_the_business_ask_again() {
    let business = open_window().await;
    assert_eq!(send(&business, request()).await.0, 200);
    business.words(3).await;
    business.place(json!({ "from": ANA })).await;
    let connect = business.expect("connect").await;
    let _line = business.answer(&connect, None).await;
    assert_eq!(send(&business, request()).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn declined_taken_back_and_given_for_good_are_told() {
    let business = open_window().await;
    send(&business, request()).await;
    business.words(3).await;
    business.simulator.reply(ANA, Answer::Decline).unwrap();
    let declined = business.hears("interactive").await;
    assert_eq!(declined.reply(), &json!({ "response": "reject", "response_source": "user_action" }));
    assert!(business.simulator.reply(ANA, Answer::Temporary).is_ok(), "who declined can still accept");
    business.hears("interactive").await;
    business.simulator.set_in_profile(ANA, Answer::Permanent).unwrap();
    let for_good = business.hears("interactive").await;
    assert_eq!(for_good.reply()["is_permanent"], true);
    assert!(for_good.value("messages").unwrap()["messages"][0].get("context").is_none());
    business.simulator.set_in_profile(ANA, Answer::Decline).unwrap();
    assert_eq!(business.hears("interactive").await.reply()["response"], "reject");
    assert!(business.simulator.set_in_profile(ANA, Answer::Temporary).is_err());
    assert!(business.simulator.reply("34655501234", Answer::Temporary).is_err(), "nobody asked him");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_a_customer_grants_a_callback_where_that_is_switched_on() {
    let business = Business::open().await;
    let on = json!({ "calling": { "callback_permission_status": "ENABLED" } });
    assert_eq!(business.ask(&format!("{NUMBER}/settings"), Some(on)).await.0, 200);
    let told = business.hears("account_settings_update").await;
    let value = told.value("account_settings_update").unwrap();
    assert_eq!(value["phone_number_settings"]["calling"]["callback_permission_status"], "ENABLED");
    let id = business.place(json!({ "from": ANA })).await;
    let connect = business.expect("connect").await;
    business.simulator.hang_up(&id);
    let mut words = Vec::new();
    for _ in 0..2 {
        let next = business.next().await;
        if next.word() == "interactive" {
            assert_eq!(next.reply()["response_source"], "automatic");
            assert_eq!(next.reply()["response"], "accept");
            let context = &next.value("messages").unwrap()["messages"][0]["context"];
            assert_eq!((&context["id"], &context["from"]), (&json!(connect.id()), &json!(ANA)));
        }
        words.push(next.word().to_owned());
    }
    words.sort();
    assert_eq!(words, ["interactive", "terminate"]);
    assert_eq!(business.connect(ANA, &Line::offer().answer).await.0, 200, "and now the business calls back");
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_the_window_only_templates_arrive() {
    let business = Business::open().await;
    let text =
        json!({ "messaging_product": "whatsapp", "to": ANA, "type": "text", "text": { "body": "Olá" } });
    assert_eq!(send(&business, text.clone()).await.0, 200);
    let failed = business.hears("failed").await;
    assert_eq!(failed.value("messages").unwrap()["statuses"][0]["errors"][0]["code"], 131_047);
    let strict = Switches { outside_window: WindowRefusal::BadRequest, ..Switches::default() };
    business.simulator.set_switches(strict);
    assert_eq!(code(&send(&business, text.clone()).await), (400, 131_047));
    assert_eq!(code(&send(&business, request()).await), (400, 131_047));
    let template = json!({ "messaging_product": "whatsapp", "to": ANA, "type": "template",
        "template": { "name": "call_us", "language": { "code": "en" }, "components": [{ "type": "button",
            "sub_type": "voice_call", "index": "0", "parameters": [
                { "type": "ttl_minutes", "ttl_minutes": 100 }, { "type": "payload", "payload": "order-42" }] }] } });
    assert_eq!(send(&business, template).await.0, 200);
    assert_eq!(business.words(3).await, ["sent", "delivered", "read"]);
    let button = business.simulator.pair(ANA).unwrap().messages.pop().unwrap();
    assert_eq!((button.button.as_deref(), button.payload.as_deref()), (Some("Call now"), Some("order-42")));
    business.simulator.write(ANA, "Oi").unwrap();
    business.hears("text").await;
    assert_eq!(send(&business, text).await.0, 200);
    business.hears("sent").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_meta_refuses_are_refused() {
    let business = open_window().await;
    let message = |kind: &str, part: Value| json!({ "messaging_product": "whatsapp", "to": ANA, "type": kind, kind: part });
    let button = |parameters: Value| {
        message(
            "interactive",
            json!({ "type": "voice_call", "body": { "text": "Call us" },
            "action": { "name": "voice_call", "parameters": parameters } }),
        )
    };
    let template = |name: &str| message("template", json!({ "name": name, "language": { "code": "en" } }));
    let mut headed = request();
    headed["interactive"]["footer"] = json!({ "text": "no" });
    for (body, expected) in [
        (message("text", json!({})), (400, 131_008)),
        (message("text", json!({ "body": "x".repeat(4_097) })), (400, 100)),
        (message("telepathy", json!({})), (400, 131_051)),
        (button(json!({ "display_text": "This is much too long for it" })), (400, 100)),
        (button(json!({ "ttl_minutes": 43_201 })), (400, 100)),
        (button(json!({ "payload": "x".repeat(513) })), (400, 100)),
        (template("unheard_of"), (404, 132_001)),
        (template("spring_offer"), (400, 132_015)),
        (template("order_ready"), (400, 132_000)),
        (headed, (400, 100)),
    ] {
        assert_eq!(code(&send(&business, body.clone()).await), expected, "{body}");
    }
    assert_eq!(send(&business, button(json!({}))).await.0, 200);
    assert_eq!(business.words(3).await, ["sent", "delivered", "read"]);
    let silent = NumberChange { call_buttons: Some(false), ..NumberChange::default() };
    business.simulator.change_number(NUMBER, silent).unwrap();
    assert_eq!(code(&send(&business, button(json!({}))).await), (400, 131_009));
    business.simulator.behave(ANA, Behaviour { old_app: true, ..Behaviour::default() }).unwrap();
    assert_eq!(send(&business, request()).await.0, 200);
    let failed = business.hears("failed").await;
    assert_eq!(failed.value("messages").unwrap()["statuses"][0]["errors"][0]["code"], 131_026);
    let off = Behaviour { message: OnMessage::Misses, ..Behaviour::default() };
    business.simulator.behave(ANA, off).unwrap();
    assert_eq!(send(&business, request()).await.0, 200, "what failed did not count");
    business.hears("sent").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_simulated_customer_may_answer_by_himself() {
    let business = open_window().await;
    let willing = Behaviour { request: Some(Answer::Permanent), ..Behaviour::default() };
    business.simulator.behave(ANA, willing).unwrap();
    send(&business, request()).await;
    assert_eq!(business.words(4).await, ["sent", "delivered", "read", "interactive"]);
    assert_eq!(business.simulator.pair(ANA).unwrap().permission, Standing::Permanent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_business_that_looks_too_often_waits() {
    let business = Business::open_with(|config| config.limits.permission_lookups_per_second = 2).await;
    let path = format!("{NUMBER}/call_permissions?user_wa_id={ANA}");
    let mut codes = Vec::new();
    for _ in 0..3 {
        codes.push(code(&business.ask(&path, None).await));
    }
    assert_eq!(codes, [(200, 0), (200, 0), (429, 613)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_checked_told_and_limited() {
    let business = Business::open().await;
    let path = format!("{NUMBER}/settings");
    let write = |calling: Value| {
        let (business, path) = (&business, &path);
        async move { business.ask(path, Some(json!({ "calling": calling }))).await }
    };
    let bad = json!({ "call_hours": { "status": "ENABLED", "timezone_id": "Mars/Base", "weekly_operating_hours": [] } });
    assert_eq!(code(&write(bad).await), (400, 100));
    assert_eq!(write(json!({ "status": "DISABLED" })).await.0, 200);
    business.hears("account_settings_update").await;
    let low = NumberChange { messaging_limit: Some("TIER_250".into()), ..NumberChange::default() };
    business.simulator.change_number(NUMBER, low).unwrap();
    assert_eq!(code(&write(json!({ "status": "ENABLED" })).await), (400, 138_015));
    let deaf = NumberChange {
        messaging_limit: Some("TIER_2K".into()),
        calls_subscribed: Some(false),
        quality_rating: Some("RED".into()),
        ..NumberChange::default()
    };
    business.simulator.change_number(NUMBER, deaf).unwrap();
    business.hears("phone_number_quality_update").await;
    let (_, fields) = business.ask(&format!("{NUMBER}?fields=quality_rating"), None).await;
    assert_eq!(fields["quality_rating"], "RED");
    assert_eq!(code(&write(json!({ "status": "ENABLED" })).await), (400, 138_018));
    let sip = json!({ "status": "ENABLED", "sip": { "status": "ENABLED", "servers": [{ "hostname": "sip.example.com" }] } });
    assert_eq!(write(sip).await.0, 200, "or SIP");
    business.hears("account_settings_update").await;
    assert_eq!(code(&business.connect(ANA, &Line::offer().answer).await), (400, 131_055));
    let (_, read) = business.ask(&format!("{path}?include_sip_credentials=true"), None).await;
    assert!(read["calling"]["sip"]["servers"][0]["sip_user_password"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_are_listed_page_by_page() {
    let business = Business::open().await;
    let (_, first) = business.ask("200000000000001/message_templates?status=APPROVED&limit=4", None).await;
    assert_eq!(first["data"].as_array().unwrap().len(), 4);
    assert!(first["paging"]["next"].is_string());
    let after = first["paging"]["cursors"]["after"].as_str().unwrap();
    let path = format!("200000000000001/message_templates?status=APPROVED&limit=4&after={after}");
    let (_, last) = business.ask(&path, None).await;
    assert_eq!(last["data"].as_array().unwrap().len(), 3);
    assert!(last["paging"].get("next").is_none());
    assert_eq!(business.ask("1/message_templates", None).await.0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_moves_permissions_timestamps_and_the_date_of_answers() {
    let business = open_window().await;
    business
        .simulator
        .set_permission(ANA, Standing::Temporary { until: business.simulator.now() + 60 })
        .unwrap();
    let (status, clock) = business.control("clock/advance", json!({ "seconds": 3_600 })).await;
    assert_eq!((status, &clock["ahead_seconds"]), (200, &json!(3_600)));
    assert_eq!(looked_up(&business).await["permission"]["status"], "no_permission");
    business.simulator.write(ANA, "later").unwrap();
    let text = business.hears("text").await;
    let at: i64 =
        text.value("messages").unwrap()["messages"][0]["timestamp"].as_str().unwrap().parse().unwrap();
    assert_eq!(at, business.simulator.now());
    let url = format!("{}/v25.0/{NUMBER}?access_token=simulator-access-token", business.simulator.url());
    let answer = business.http.get(url).send().await.unwrap();
    let date = answer.headers()["date"].to_str().unwrap().to_owned();
    let shown = jiff::fmt::rfc2822::parse(&date).unwrap().timestamp().as_second();
    assert!((shown - business.simulator.now()).abs() <= 2, "{date}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_control_api_does_what_the_library_does() {
    let business = Business::open().await;
    let (status, pair) = business
        .control("permissions", json!({ "customer": ANA, "status": "temporary", "for_seconds": 90 }))
        .await;
    assert_eq!((status, &pair["permission"]["status"]), (200, &json!("temporary")));
    let (status, _) = business.control("messages", json!({ "customer": "@kenji_t", "text": "hi" })).await;
    assert_eq!(status, 201);
    let text = business.hears("text").await;
    assert!(text.value("messages").unwrap()["messages"][0].get("from").is_none(), "no number is shown");
    const BUSY: &str = "4915123456789";
    let before = json!({ "customer": BUSY, "text": "is anybody there?", "seconds_ago": 90_000 });
    assert_eq!(business.control("messages", before).await.0, 201);
    let late = business.hears("text").await;
    let told = &late.value("messages").unwrap()["messages"][0]["timestamp"];
    let told: i64 = told.as_str().unwrap().parse().unwrap();
    assert!((business.simulator.now() - 90_000 - told).abs() <= 2, "{told}");
    let spent = json!({ "customer": BUSY, "status": "permanent", "connected": 100 });
    let (_, pair) = business.control("permissions", spent).await;
    assert_eq!(pair["window_until"], json!(null), "what was written yesterday opens no window");
    assert_eq!(business.connect(BUSY, &Line::offer().answer).await.1["error"]["code"], json!(138_012));
    assert_eq!(business.control("replies", json!({ "customer": ANA, "answer": "decline" })).await.0, 409);
    assert_eq!(business.control("profile", json!({ "customer": ANA, "answer": "permanent" })).await.0, 200);
    business.hears("interactive").await;
    assert_eq!(business.control("messages", json!({ "customer": "x", "text": "hi" })).await.0, 422);
    assert_eq!(business.control("calls/sim_9/pick-up", json!({})).await.0, 404);
    let url = format!("{}/simulator/v1/behaviour", business.simulator.url());
    let wish = json!({ "customer": ANA, "call": { "declines_after_ms": 10 }, "message": "receives" });
    assert_eq!(business.http.put(&url).json(&wish).send().await.unwrap().status(), 200);
    assert_eq!(business.connect(ANA, &Line::offer().answer).await.0, 200);
    assert_eq!(business.words(4).await, ["connect", "RINGING", "REJECTED", "terminate"]);
    let url = format!("{}/simulator/v1/pair?customer={ANA}", business.simulator.url());
    let pair: Value = business.http.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(pair["not_taken_in_a_row"], 1);
}
