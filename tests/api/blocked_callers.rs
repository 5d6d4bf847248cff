//! Callers the business does not want: over HTTP, and what becomes of their calls.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use switchboard_core::call::state::{EndReason, Outcome, ProviderState};
use switchboard_simulator::{CallState, EndedBy, NewCall};

use crate::support::world::{API_KEY, World};

async fn send(world: &World, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
    let mut request = world.client().request(method, world.url(path)).bearer_auth(API_KEY);
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.expect("an answer");
    let status = answer.status();
    (status, answer.json().await.unwrap_or_default())
}

async fn block(world: &World, body: Value) -> (StatusCode, Value) {
    send(world, Method::POST, "/api/v1/blocked-callers", Some(body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_caller_rings_nobody_from_his_next_call_on_and_is_let_in_again() {
    let world = World::with_destination("agents").await;
    let (ana, _) = world.agent("ana@example.com").await;
    let his = NewCall { from: Some("5511982114477".into()), ..NewCall::default() };
    let (status, entry) = block(&world, json!({"phone": "+55 11 98211-4477", "reason": "insults"})).await;
    assert_eq!(status, StatusCode::CREATED, "{entry}");
    assert_eq!((&entry["phone"], &entry["until"]), (&json!("+55 11 98211-4477"), &Value::Null));

    let call = world.call(his.clone());
    let facts = world.ended(&call.wacid).await.facts();
    let ending = facts.ending.expect("over");
    assert_eq!(
        (facts.state, ending.outcome, ending.reason),
        (ProviderState::Rejected, Outcome::Rejected, EndReason::BlockedCaller)
    );
    assert_eq!(world.customer_is(&call.id, CallState::Ended).await.ended_by, Some(EndedBy::Rejected));
    assert!(ana.shown().borrow().ringing.is_empty(), "nobody rings");
    let (_, list) = world.api(Method::GET, "/api/v1/calls").await;
    assert_eq!(list["items"][0]["end_reason"], "blocked_caller", "it stays in the list");

    // Somebody else is not meant.
    let other = world.call(NewCall { from: Some("5511982114478".into()), ..NewCall::default() });
    world.customer_is(&other.id, CallState::PreAccepted).await;
    world.simulator.hang_up(&other.id);

    let path = format!("/api/v1/blocked-callers/{}", entry["id"].as_str().expect("an id"));
    assert_eq!(send(&world, Method::DELETE, &path, None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(send(&world, Method::DELETE, &path, None).await.0, StatusCode::NOT_FOUND);
    let call = world.call(his);
    world.customer_is(&call.id, CallState::PreAccepted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_shows_no_number_is_blocked_by_his_call() {
    let world = World::with_destination("agents").await;
    let nameless = NewCall { username: Some("kenji_t".into()), ..NewCall::default() };
    let call = world.call(nameless.clone());
    let row = world.row_until(&call.wacid, "the call is known", |_| true).await;
    assert_eq!(row.caller.phone, None);
    world.simulator.hang_up(&call.id);
    world.ended(&call.wacid).await;
    let (status, entry) =
        block(&world, json!({"call_id": row.id.to_string(), "reason": "silent calls"})).await;
    assert_eq!(status, StatusCode::CREATED, "{entry}");
    assert_eq!(entry["phone"], Value::Null);
    assert!(entry["user_id"].is_string(), "{entry}");
    let (status, again) = block(&world, json!({"call_id": row.id.to_string()})).await;
    assert_eq!((status, &again["code"]), (StatusCode::CONFLICT, &json!("already_blocked")));
    assert_eq!(again["blocked_caller_id"], entry["id"]);

    let (status, by_id) = block(&world, json!({"user_id": "somebody else"})).await;
    assert_eq!(status, StatusCode::CREATED, "{by_id}");
    let (_, list) = world.api(Method::GET, "/api/v1/blocked-callers?limit=1").await;
    assert_eq!(list["items"][0]["id"], by_id["id"], "the newest first");
    let next =
        format!("/api/v1/blocked-callers?limit=1&cursor={}", list["next_cursor"].as_str().expect("more"));
    let (_, list) = world.api(Method::GET, &next).await;
    assert_eq!(list["items"][0]["id"], entry["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_blocked_is_refused_with_its_field() {
    let world = World::with_destination("agents").await;
    for (body, status, code) in [
        (json!({}), 422, "invalid_caller"),
        (json!({"phone": "12345678", "user_id": "x"}), 422, "invalid_caller"),
        (json!({"phone": "nobody"}), 422, "invalid_caller"),
        (json!({"user_id": " "}), 422, "invalid_caller"),
        (json!({"phone": "12345678", "reason": "x".repeat(501)}), 422, "invalid_reason"),
        (json!({"phone": "12345678", "until": "2020-01-01T00:00:00Z"}), 422, "invalid_moment"),
        (json!({"phone": "12345678", "until": "tomorrow"}), 422, "invalid_moment"),
        (json!({"phone": "12345678", "number_id": "num_1"}), 404, "not_found"),
        (json!({"call_id": "call_0199aaaabbbb7ccc8dddeeeeffff0001"}), 404, "not_found"),
        (json!({"phone": "12345678", "colour": "red"}), 400, "invalid_body"),
    ] {
        let answer = block(&world, body.clone()).await;
        assert_eq!((answer.0.as_u16(), &answer.1["code"]), (status, &json!(code)), "{body}");
    }
    let (_, list) = world.api(Method::GET, "/api/v1/blocked-callers").await;
    assert_eq!(list, json!({"items": [], "next_cursor": null}));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_program_that_runs_wild_is_slowed_down_and_webhooks_are_not() {
    let settings = vec![("SWITCHBOARD_REQUESTS_PER_CREDENTIAL", "2".to_owned())];
    let world = World::start(crate::support::world::Plan { settings, ..Default::default() }).await;
    let mut refused = None;
    for _ in 0..40 {
        let answer = world
            .client()
            .get(world.url("/api/v1/calls"))
            .bearer_auth(API_KEY)
            .send()
            .await
            .expect("an answer");
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("the bucket is empty at last");
    assert!(refused.headers().contains_key("retry-after"));
    let body: Value = refused.json().await.expect("a problem");
    assert_eq!(body["code"], "too_many_requests");
    let other = world.client().get(world.url("/api/v1/server")).send().await.expect("an answer");
    assert_eq!(other.status(), StatusCode::OK, "others are not punished");
    let call = world.call(NewCall::default());
    world.row_until(&call.wacid, "webhooks pass", |_| true).await;
}
