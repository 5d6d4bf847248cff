//! Each route without and with credentials.

use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::person::{Person, code_of};
use crate::support::world::World;

/// Open to everybody on purpose.
const PUBLIC: &[&str] = &[
    "GET /api/openapi.json",
    "GET /api/v1/invitations/by-token/{token}",
    "GET /api/v1/server",
    "GET /api/whatsapp/calling",
    "GET /healthz",
    "GET /metrics",
    "GET /readyz",
    "POST /api/v1/invitations/accept",
    "POST /api/v1/login",
    "POST /api/v1/password-resets",
    "POST /api/v1/password-resets/complete",
    "POST /api/v1/setup",
    "POST /api/whatsapp/calling",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_route_is_closed_unless_it_is_public_on_purpose() {
    let world = World::with_destination("agents").await;
    let document: Value = world
        .client()
        .get(world.url("/api/openapi.json"))
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    let mut public = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for method in item.as_object().expect("operations").keys() {
            let operation = format!("{} {path}", method.to_uppercase());
            if PUBLIC.contains(&operation.as_str()) {
                public.push(operation);
                continue;
            }
            let url = world.url(&path.replace("{id}", "call_0199aaaabbbb7ccc8dddeeeeffff0001"));
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            let bare = world.client().request(method.clone(), &url).send().await.expect("an answer");
            assert_eq!(bare.status(), StatusCode::UNAUTHORIZED, "{operation} without credentials");
            assert_eq!(code_of(bare).await, "not_signed_in", "{operation}");
            let wrong = world
                .client()
                .request(method, &url)
                .bearer_auth("x".repeat(43))
                .send()
                .await
                .expect("an answer");
            assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED, "{operation} with a wrong key");
        }
    }
    public.sort();
    assert_eq!(public, PUBLIC);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_reads_everything_and_cannot_do_what_takes_a_person() {
    let world = World::with_destination("agents").await;
    for path in ["/api/v1/calls", "/api/v1/numbers", "/api/v1/events"] {
        let (status, body) = world.api(Method::GET, path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(body["items"].is_array(), "{path}");
    }
    for (method, path) in [
        (Method::GET, "/api/v1/me"),
        (Method::POST, "/api/v1/logout"),
        (Method::POST, "/api/v1/calls/call_0199aaaabbbb7ccc8dddeeeeffff0001/answer"),
    ] {
        let (status, body) = world.api(method, path).await;
        assert_eq!(
            (status, &body["code"]),
            (StatusCode::FORBIDDEN, &Value::from("needs_a_person")),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_not_there_and_an_id_of_another_kind_are_not_found() {
    let world = World::with_destination("agents").await;
    let person = Person::sign_in(&world).await;
    for id in ["call_0199aaaabbbb7ccc8dddeeeeffff0001", "num_0199aaaabbbb7ccc8dddeeeeffff0001", "1", "%00"] {
        for (method, rest) in [(Method::GET, ""), (Method::POST, "/answer"), (Method::POST, "/hang-up")] {
            let answer = person.send(method, &format!("/api/v1/calls/{id}{rest}")).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{id}{rest}");
            assert_eq!(code_of(answer).await, "not_found");
        }
    }
}
