//! What somebody should look at is raised once, told, mailed, acknowledged, and over by itself.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;
use switchboard_simulator::{CallState, Faults, GraphFault, NewCall};

use crate::support::mail_server::MailServer;
use crate::support::patience::{eventually, within};
use crate::support::world::{APP_SECRET, EMAIL, Plan, World};

/// Longer than two rounds of looking out.
const ROUNDS: Duration = Duration::from_secs(50);

async fn alerts(world: &World, kind: &str, open: bool) -> Vec<Value> {
    let (_, list) = world.api(Method::GET, "/api/v1/alerts").await;
    let mut alerts = list["items"].as_array().expect("a list").clone();
    alerts.retain(|alert| alert["kind"] == kind && alert["resolved_at"].is_null() == open);
    alerts
}

async fn post(world: &World, body: Value) {
    let body = body.to_string().into_bytes();
    let mut mac = Hmac::<Sha256>::new_from_slice(APP_SECRET.as_bytes()).expect("any length will do");
    mac.update(&body);
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    let request = world.client().post(world.url("/api/whatsapp/calling"));
    let answer = request.header("x-hub-signature-256", signature).body(body).send().await;
    assert_eq!(answer.expect("an answer").status(), StatusCode::OK);
}

fn restriction(until: i64, mark: u32) -> Value {
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "0", "time": mark, "changes": [{
        "field": "account_update", "value": { "phone_number": "15550100001", "event": "ACCOUNT_RESTRICTION",
        "restriction_info": [{ "restriction_type": "RESTRICTED_USER_INITIATED_CALLING", "expiration": until }] } }] }] })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restriction_is_told_mailed_to_admins_once_and_can_be_acknowledged() {
    let mail = MailServer::start().await;
    let settings = vec![
        ("SWITCHBOARD_SMTP_URL", mail.url()),
        ("SWITCHBOARD_MAIL_FROM", "Switchboard <calls@example.com>".to_owned()),
    ];
    let world = World::start(Plan { destination: "echo", settings, ..Plan::default() }).await;
    let in_a_day = world.exchange().engine.clock().now().seconds() + 86_400;
    post(&world, restriction(in_a_day, 1)).await;
    let raised =
        eventually("the alert", || async { alerts(&world, "number_restricted", true).await.pop() }).await;
    assert_eq!(raised["data"]["restrictions"], json!(["RESTRICTED_USER_INITIATED_CALLING"]));
    assert!(raised["number_id"].as_str().is_some_and(|id| id.starts_with("num_")), "{raised}");
    assert!(raised["sentence"].as_str().is_some_and(|sentence| sentence.contains("restricts")), "{raised}");
    // The notice comes again in other words: one alert, one mail.
    post(&world, restriction(in_a_day + 1, 2)).await;
    // The machine of the tests may have alerts of its own (a full disk): only this one is looked at.
    let about_it = || {
        let mut kept = mail.kept();
        kept.retain(|mail| mail.text.contains("WhatsApp Manager"));
        kept
    };
    let kept = eventually("the mail", || async { Some(about_it()).filter(|kept| !kept.is_empty()) }).await;
    assert!(kept[0].from.contains("<calls@example.com>") && kept[0].to.contains(EMAIL), "{:?}", kept[0]);
    assert!(kept[0].text.contains("Subject: "), "{}", kept[0].text);
    eventually("the mail is done", || async {
        let (_, jobs) = world.api(Method::GET, "/api/v1/jobs?state=done").await;
        jobs["items"].as_array()?.iter().any(|job| job["kind"] == "mail").then_some(())
    })
    .await;
    assert_eq!((alerts(&world, "number_restricted", true).await.len(), about_it().len()), (1, 1));

    let path = format!("/api/v1/alerts/{}/acknowledge", raised["id"].as_str().expect("an id"));
    let (status, seen) = world.api(Method::POST, &path).await;
    assert!(status == StatusCode::OK && seen["acknowledged_at"].is_string() && seen["resolved_at"].is_null());
    let (_, again) = world.api(Method::POST, &path).await;
    assert_eq!(again["acknowledged_at"], seen["acknowledged_at"], "seeing it twice is seeing it once");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_is_told_and_over_when_it_is_taken_again() {
    let world = World::with_destination("echo").await;
    let refused =
        GraphFault { code: 190, http_status: 401, action: None, probability: 1.0, carried_out: false };
    world.simulator.set_faults(Faults { graph_error: Some(refused), ..Faults::default() });
    let call = world.call(NewCall::default());
    world.ended(&call.wacid).await;
    within(ROUNDS, "the alert", || async { alerts(&world, "token_invalid", true).await.pop() }).await;
    world.simulator.set_faults(Faults::default());
    let call = world.call(NewCall::default());
    world.customer_is(&call.id, CallState::Accepted).await;
    within(ROUNDS, "it is over", || async { alerts(&world, "token_invalid", false).await.pop() }).await;
    assert!(alerts(&world, "token_invalid", true).await.is_empty());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restriction_that_has_run_out_is_over_by_itself() {
    let world = World::with_destination("echo").await;
    post(&world, restriction(1_760_604_800, 1)).await;
    within(ROUNDS, "it was raised and is over", || async {
        alerts(&world, "number_restricted", false).await.pop()
    })
    .await;
    world.stop().await;
}
