use serde_json::{Value, json};
use switchboard_simulator::{SdpRefusal, Simulator, SimulatorConfig, StartError};

use crate::business::{Business, NUMBER};
use crate::line::Line;

async fn answered() -> (Business, String, Line) {
    let business = Business::open().await;
    business.place(json!({})).await;
    let connect = business.expect("connect").await;
    let line = Line::answer(connect.offer());
    (business, connect.id().to_owned(), line)
}

fn refused_with(code: i64, (status, body): (u16, Value)) {
    assert_eq!(status, 400, "{body}");
    assert_eq!(body["error"]["code"], code, "{body}");
    assert_eq!(body["error"]["type"], "OAuthException");
    assert!(body["error"]["fbtrace_id"].is_string());
    assert!(body["error"]["error_data"]["details"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_answer_is_refused_with_100_and_the_right_one_still_works() {
    let (business, call, line) = answered().await;
    let good = line.answer.clone();
    let fingerprint = good.lines().find(|line| line.starts_with("a=fingerprint")).unwrap().to_owned();
    let wrong = [
        good.replace("\r\n", "\n"),
        good.trim_end().to_owned(),
        good.replace(&fingerprint, &format!("{fingerprint}\r\n{fingerprint}")),
        good.replace(&format!("{fingerprint}\r\n"), ""),
        good.replace("sha-256", "sha-384"),
        good.replace("opus/48000/2", "PCMU/8000"),
        good.replace("a=setup:active", "a=setup:passive"),
        good.replace("a=setup:active", "a=setup:actpass"),
        format!("{good}m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"),
        format!("{good}m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"),
    ];
    for sdp in wrong {
        refused_with(100, business.act("pre_accept", &call, Some(&sdp)).await);
    }
    refused_with(100, business.act("pre_accept", &call, None).await);
    let offer_type = json!({ "messaging_product": "whatsapp", "call_id": call, "action": "accept",
        "session": { "sdp_type": "offer", "sdp": good } });
    refused_with(100, business.graph(offer_type).await);
    assert_eq!(business.act("pre_accept", &call, Some(&good)).await.0, 200);
    refused_with(100, business.act("accept", &call, Some(&good.replace("business", "other"))).await);
    let (status, body) = business.act("accept", &call, Some(&good)).await;
    assert_eq!((status, body), (200, json!({ "messaging_product": "whatsapp", "success": true })));
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_sdp_can_be_refused_as_in_real_traffic() {
    let business = Business::open_with(|config| config.sdp_refusal = SdpRefusal::Seen).await;
    business.place(json!({})).await;
    let connect = business.expect("connect").await;
    refused_with(138_008, business.act("pre_accept", connect.id(), Some("v=0\n")).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn actions_that_come_twice_or_too_late_are_refused() {
    let (business, call, line) = answered().await;
    assert_eq!(business.act("accept", &call, Some(&line.answer)).await.0, 200);
    refused_with(100, business.act("accept", &call, Some(&line.answer)).await);
    refused_with(100, business.act("reject", &call, None).await);
    assert_eq!(business.act("terminate", &call, None).await.0, 200);
    business.expect("terminate").await;
    for action in ["accept", "pre_accept", "reject", "terminate"] {
        refused_with(100, business.act(action, &call, Some(&line.answer)).await);
    }
    refused_with(100, business.act("reject", "wacid.unknown", None).await);
    refused_with(100, business.act("hold", &call, None).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_call_ends_unanswered() {
    let (business, call, _line) = answered().await;
    assert_eq!(business.act("reject", &call, None).await.0, 200);
    let over = business.expect("terminate").await;
    assert_eq!(over.call()["status"], "COMPLETED");
    assert!(over.call().get("start_time").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_a_wrong_number_and_a_wrong_version_are_refused() {
    let business = Business::open().await;
    let body = json!({ "messaging_product": "whatsapp", "call_id": "x", "action": "reject" });
    let post = |path: String, token: &'static str| {
        business
            .http
            .post(format!("{}{path}", business.simulator.url()))
            .bearer_auth(token)
            .json(&body)
            .send()
    };
    let answer = post(format!("/v25.0/{NUMBER}/calls"), "wrong").await.unwrap();
    assert!(answer.headers().contains_key("date"), "clients correct their clock by it");
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], 190);
    let answer = post("/v25.0/999/calls".into(), "simulator-access-token").await.unwrap();
    assert_eq!(answer.status(), 400);
    let error = answer.json::<Value>().await.unwrap();
    assert_eq!(
        (error["error"]["code"].as_i64(), error["error"]["error_subcode"].as_i64()),
        (Some(100), Some(33))
    );
    let answer = post(format!("/latest/{NUMBER}/calls"), "simulator-access-token").await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], 2500);
    let by_query = format!(
        "{}/v25.0/{NUMBER}?access_token=simulator-access-token&fields=verified_name,quality_rating",
        business.simulator.url()
    );
    let fields = business.http.get(by_query).send().await.unwrap().json::<Value>().await.unwrap();
    assert_eq!(fields["verified_name"], "Sandbox Bakery");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_checked_kept_and_obeyed() {
    let business = Business::open().await;
    let url = format!("{}/v25.0/{NUMBER}/settings", business.simulator.url());
    let write =
        |body: Value| business.http.post(&url).bearer_auth("simulator-access-token").json(&body).send();
    let read = || async {
        let answer = business.http.get(&url).bearer_auth("simulator-access-token").send().await.unwrap();
        answer.json::<Value>().await.unwrap()
    };
    assert_eq!(read().await["calling"]["status"], "ENABLED");
    assert_eq!(write(json!({ "calling": { "status": "visible" } })).await.unwrap().status(), 400);
    business.place(json!({})).await;
    let connect = business.expect("connect").await;
    assert_eq!(write(json!({ "calling": { "status": "DISABLED" } })).await.unwrap().status(), 200);
    assert_eq!(read().await["calling"]["status"], "DISABLED");
    assert_eq!(business.control("calls", json!({})).await.0, 409, "nobody calls a number that is off");
    let (status, body) = business.act("reject", connect.id(), None).await;
    assert_eq!((status, body["error"]["code"].as_i64()), (401, Some(138_000)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_simulator_listens_on_loopback_unless_exposed() {
    let mut config = SimulatorConfig::new("http://127.0.0.1:1/hook".parse().unwrap());
    config.listen = "0.0.0.0:0".parse().unwrap();
    assert!(matches!(Simulator::start(config.clone(), None).await, Err(StartError::NotLoopback(_))));
    config.expose = true;
    Simulator::start(config, None).await.unwrap().shutdown().await;
}
