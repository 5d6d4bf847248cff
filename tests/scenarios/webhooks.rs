//! The wall towards Meta: trusted, kept, answered; twice, late, foreign and broken.

use hmac::{Hmac, KeyInit, Mac};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::Sha256;
use switchboard_core::call::state::{EndReason, Outcome, ProviderState};
use switchboard_simulator::{Faults, NewCall};

use crate::support::world::{APP_SECRET, VERIFY_TOKEN, World, account};

fn sign(body: &[u8], secret: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length will do");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

async fn post(world: &World, body: Vec<u8>, signature: Option<String>) -> StatusCode {
    let mut request = world.client().post(world.url("/api/whatsapp/calling")).body(body);
    if let Some(signature) = signature {
        request = request.header("X-Hub-Signature-256", signature);
    }
    request.send().await.expect("an answer").status()
}

fn event(number: &str, call: &str) -> Value {
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{ "field": "calls", "value": {
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "15550100001", "phone_number_id": number },
        "calls": [{ "id": call, "from": "15550100002", "to": "15550100001", "event": "terminate",
                    "direction": "USER_INITIATED", "timestamp": "1760000045", "status": "COMPLETED" }],
    }}]}]})
}

async fn kept(world: &World) -> u64 {
    let counts = world.exchange().engine.store().inbox().counts().await.expect("the database answers");
    counts.iter().map(|count| count.rows).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_signature_nothing_is_stored() {
    let world = World::with_destination("echo").await;
    let body = event(&account().numbers[0].id, "wacid.one").to_string().into_bytes();
    assert_eq!(post(&world, body.clone(), None).await, StatusCode::UNAUTHORIZED);
    assert_eq!(
        post(&world, body.clone(), Some(sign(&body, "another secret"))).await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(post(&world, body.clone(), Some("sha256=nonsense".into())).await, StatusCode::UNAUTHORIZED);
    assert_eq!(kept(&world).await, 0);
    assert_eq!(post(&world, body.clone(), Some(sign(&body, APP_SECRET))).await, StatusCode::OK);
    assert_eq!(kept(&world).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json_is_400_and_what_is_too_long_is_413() {
    let world = World::with_destination("echo").await;
    let body = b"not json".to_vec();
    assert_eq!(post(&world, body.clone(), Some(sign(&body, APP_SECRET))).await, StatusCode::BAD_REQUEST);
    let long = vec![b' '; 3 * 1024 * 1024 + 1];
    assert_eq!(
        post(&world, long.clone(), Some(sign(&long, APP_SECRET))).await,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    assert_eq!(kept(&world).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_events_are_kept_and_ignored() {
    let world = World::with_destination("echo").await;
    let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [
        { "field": "calls", "value": { "metadata": { "phone_number_id": account().numbers[0].id }, "calls": [{ "id": "wacid.x", "event": "levitated" }] } },
        { "field": "something_new", "value": { "a": 1 } },
    ]}]});
    let body = body.to_string().into_bytes();
    assert_eq!(post(&world, body.clone(), Some(sign(&body, APP_SECRET))).await, StatusCode::OK);
    assert_eq!(kept(&world).await, 2);
    let (_, list) = world.api(reqwest::Method::GET, "/api/v1/calls").await;
    assert_eq!(list["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_vouches_only_for_its_own_numbers() {
    let world = World::with_destination("echo").await;
    let body = event("999999999999999", "wacid.foreign").to_string().into_bytes();
    assert_eq!(post(&world, body.clone(), Some(sign(&body, APP_SECRET))).await, StatusCode::OK);
    let counts = world.exchange().engine.store().inbox().counts().await.expect("the database answers");
    assert!(counts.iter().any(|count| count.foreign && count.rows == 1), "{counts:?}");
    let (_, list) = world.api(reqwest::Method::GET, "/api/v1/calls").await;
    assert_eq!(list["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_webhook_twice_is_one_call() {
    let world = World::with_destination("echo").await;
    let body = event(&account().numbers[0].id, "wacid.twice").to_string().into_bytes();
    for _ in 0..2 {
        assert_eq!(post(&world, body.clone(), Some(sign(&body, APP_SECRET))).await, StatusCode::OK);
    }
    assert_eq!(kept(&world).await, 1);
    let row = world.ended("wacid.twice").await;
    assert_eq!(row.facts().ending.expect("over").reason, EndReason::OfferNeverCame);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminate_that_overtakes_its_connect_leaves_one_missed_call_that_nobody_answers() {
    let world = World::with_destination("echo").await;
    let faults = Faults { terminate_before_connect: 1.0, ..Faults::default() };
    let call = world.call(NewCall { faults: Some(faults), ..NewCall::default() });
    let row = world
        .row_until(&call.wacid, "both webhooks are known", |row| {
            let facts = row.facts();
            facts.offered && facts.ending.is_some()
        })
        .await;
    let facts = row.facts();
    assert_eq!(facts.state, ProviderState::Cancelled);
    let ending = facts.ending.expect("over");
    assert_eq!((ending.outcome, ending.reason), (Outcome::Missed, EndReason::CustomerHungUp));
    let call = world.simulator.call(&call.id).expect("the call");
    assert!(!call.log.iter().any(|line| line.what.contains("accept")), "{:?}", call.log);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_handshake_echoes_the_challenge_and_refuses_a_wrong_token() {
    let world = World::with_destination("echo").await;
    assert!(world.simulator.handshake().await);
    let get = |token: &str| {
        let query = format!("?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}");
        world.client().get(world.url(&format!("/api/whatsapp/calling{query}"))).send()
    };
    let answer = get(VERIFY_TOKEN).await.expect("an answer");
    assert_eq!(answer.text().await.expect("a body"), "1158201444");
    assert_eq!(get("wrong").await.expect("an answer").status(), StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_hub_the_same_address_reports_capacity() {
    let world = World::with_destination("echo").await;
    let body: Value = world
        .client()
        .get(world.url("/api/whatsapp/calling"))
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("json");
    assert_eq!(body["active_calls"], 0);
    assert_eq!(body["capacity"]["max"], 64, "the smallest limit is the number of ports");
    assert_eq!(body["capacity"]["available"], 64);
    assert_eq!(body["capacity"]["utilizationPercent"], 0.0);
}
