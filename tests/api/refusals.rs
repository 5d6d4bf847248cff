//! What a refusal looks like, and what every answer carries.

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::person::{Stream, code_of, request_to};
use crate::support::world::{API_KEY, World, account};

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_cannot_be_read_says_where() {
    let world = World::with_destination("agents").await;
    let post = async |kind: &'static str, body: String| {
        let request = world.client().post(world.url("/api/v1/login")).header(header::CONTENT_TYPE, kind);
        request.body(body).send().await.expect("an answer")
    };
    let wrong = post("application/json", json!({"email": "a@b", "password": 12}).to_string()).await;
    let body: Value = wrong.json().await.expect("JSON");
    assert_eq!((&body["code"], &body["path"]), (&Value::from("invalid_body"), &Value::from("password")));
    assert_eq!(code_of(post("application/json", "{".to_owned()).await).await, "not_json");
    assert_eq!(code_of(post("text/plain", "{}".to_owned()).await).await, "unsupported_media_type");
    let large = json!({"email": "x".repeat(70_000), "password": "y"}).to_string();
    let large = post("application/json", large).await;
    assert_eq!(large.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(code_of(large).await, "body_too_large");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_does_not_exist_is_a_problem_below_api_and_a_page_elsewhere() {
    let world = World::with_destination("agents").await;
    let get = async |path: &str| world.client().get(world.url(path)).send().await.expect("an answer");
    for path in ["/api", "/api/v2/calls", "/api/v1/nothing", "/api/v1/calls/x/y/z"] {
        assert_eq!(get(path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(code_of(get("/api/v1/nothing").await).await, "not_found");
    let wrong_method = world.client().delete(world.url("/api/v1/calls")).send().await.expect("an answer");
    assert_eq!(wrong_method.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert!(wrong_method.headers().contains_key(header::ALLOW));
    assert_eq!(code_of(wrong_method).await, "method_not_allowed");
    let page = get("/calls").await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(page.headers()[header::CONTENT_TYPE].to_str().expect("text").starts_with("text/html"));
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_mounts_nothing_of_the_simulator() {
    let world = World::with_destination("agents").await;
    let number = &account().numbers[0].id;
    let graph = format!("/v25.0/{number}/calls");
    let settings = format!("/v25.0/{number}/settings");
    for (method, path) in [
        (Method::POST, "/simulator/v1/calls"),
        (Method::PUT, "/simulator/v1/faults"),
        (Method::POST, "/simulator/v1/calls/sim_1/hang-up"),
        (Method::POST, graph.as_str()),
        (Method::POST, settings.as_str()),
    ] {
        // Even with the operator's key: there is nothing behind these addresses.
        for key in [None, Some(API_KEY)] {
            let mut request = world.client().request(method.clone(), world.url(path)).json(&json!({}));
            if let Some(key) = key {
                request = request.bearer_auth(key);
            }
            let status = request.send().await.expect("an answer").status();
            assert!(matches!(status.as_u16(), 401 | 403 | 404 | 405), "{method} {path}: {status}");
        }
    }
    for path in ["/simulator/v1/numbers", "/simulator/v1/customers", "/simulator/v1/log", settings.as_str()] {
        let answer = world.client().get(world.url(path)).send().await.expect("an answer");
        let kind = answer.headers()[header::CONTENT_TYPE].to_str().expect("text").to_owned();
        assert!(kind.starts_with("text/html") || answer.status() == StatusCode::NOT_FOUND, "{path}: {kind}");
        let body = answer.text().await.expect("text");
        assert!(serde_json::from_str::<Value>(&body).is_err(), "{path}: {body}");
    }
    let phone = Stream::open(request_to(&world, "/simulator/v1/phone", &[])).await;
    assert!(phone.is_err(), "the socket of the phone page opened");
    assert!(world.simulator.calls().is_empty(), "and no call came of it");

    // The same at the simulator's own port is there, so the addresses above are the right ones.
    let there = format!("{}/simulator/v1/numbers", world.simulator.url().trim_end_matches('/'));
    let numbers = world.client().get(there).send().await.expect("an answer");
    assert!(numbers.json::<Value>().await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_the_headers_a_browser_obeys() {
    let world = World::with_destination("agents").await;
    for path in ["/", "/api/v1/server", "/api/v1/calls", "/healthz", "/api/docs/"] {
        let answer = world.client().get(world.url(path)).send().await.expect("an answer");
        let headers = answer.headers();
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("script-src 'self' 'unsafe-inline'"), "{path}: {policy}");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
        assert!(
            headers["permissions-policy"].to_str().expect("text").contains("microphone=(self)"),
            "{path}"
        );
        assert!(headers.contains_key("x-request-id"), "{path}");
    }
    let calls = world.client().get(world.url("/api/v1/calls")).send().await.expect("an answer");
    assert_eq!(calls.headers()[header::CACHE_CONTROL], "no-store");
    let forged = world
        .client()
        .get(world.url("/healthz"))
        .header("x-request-id", "a b")
        .send()
        .await
        .expect("an answer");
    assert_ne!(forged.headers()["x-request-id"], "a b");
}

#[tokio::test(flavor = "multi_thread")]
async fn health_documentation_and_contract_answer_everybody() {
    let world = World::with_destination("agents").await;
    let get = async |path: &str| world.client().get(world.url(path)).send().await.expect("an answer");
    let ready: Value = get("/readyz").await.json().await.expect("JSON");
    let fine = json!({"database": "ok", "media": "ok", "disk": "ok", "draining": "ok"});
    assert_eq!(ready, json!({"status": "ready", "checks": fine}));
    assert_eq!(get("/healthz").await.status(), StatusCode::OK);
    let docs = get("/api/docs/").await;
    assert_eq!(docs.status(), StatusCode::OK);
    assert!(docs.text().await.expect("text").contains("swagger-ui"));
    let contract: Value = get("/api/openapi.json").await.json().await.expect("JSON");
    for schema in ["ServerMessage", "ClientMessage", "Problem", "Call"] {
        assert!(contract["components"]["schemas"][schema].is_object(), "{schema}");
    }
}
