//! The client against a real HTTP server on loopback that plays Graph, well and badly.

mod dialling;
mod refusals;

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method as HttpMethod, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use switchboard_core::ids::ProviderCallId;
use switchboard_core::media_terms::SrtpKeyExchange;

use super::*;
use crate::settings::CallingChange;

const TOKEN: &str = "EAAtokenThatMustNeverShow";
const NUMBER: &str = "100000000000001";
const CALL: &str =
    "wacid.HBgLMTU1NTAxMDAwMDIVAgASGCAwMTIzNDU2Nzg5QUJDREVGMDEyMzQ1Njc4OUFCQ0RFRhwYCzE1NTUwMTAwMDAxFQIAAA==";
const ANSWER: &str = include_str!("../../../fixtures/business-answer-user-initiated-recommended.sdp");
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Heard {
    method: HttpMethod,
    path: String,
    authorization: Option<String>,
    body: Option<Value>,
}

/// A Graph that gives every request the same answer and remembers what it heard.
#[derive(Clone)]
struct Played {
    answer: Arc<dyn Fn() -> Response + Send + Sync>,
    heard: Arc<Mutex<Vec<Heard>>>,
}

async fn heard(
    State(played): State<Played>,
    method: HttpMethod,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let authorization = headers.get("authorization").and_then(|it| it.to_str().ok()).map(str::to_owned);
    let body = serde_json::from_slice(&body).ok();
    let heard = Heard { method, path: uri.to_string(), authorization, body };
    played.heard.lock().expect("not poisoned").push(heard);
    (played.answer)()
}

async fn plays(answer: impl Fn() -> Response + Send + Sync + 'static) -> (GraphClient, Played) {
    let played = Played { answer: Arc::new(answer), heard: Arc::default() };
    let router = axum::Router::new().fallback(heard).with_state(played.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let client = client_of(&listener);
    tokio::spawn(async move { axum::serve(listener, router).await });
    (client, played)
}

fn client_of(listener: &TcpListener) -> GraphClient {
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    GraphClient::new(GraphConfig::new(&url).expect("loopback")).expect("a client")
}

fn json_answer(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    (status, [("content-type", "application/json")], body.to_string()).into_response()
}

fn token() -> AccessToken {
    AccessToken::from(TOKEN)
}

fn call() -> ProviderCallId {
    ProviderCallId::new(CALL)
}

async fn accept(client: &GraphClient) -> Result<(), GraphError> {
    client.accept(NUMBER, &token(), &call(), ANSWER, PATIENCE).await
}

async fn terminate(client: &GraphClient) -> Result<(), GraphError> {
    client.terminate(NUMBER, &token(), &call(), PATIENCE).await
}

/// What an error must be whatever caused it: silent about the token and the SDP, and of some use.
fn looked_at(error: GraphError) -> GraphError {
    for text in [format!("{error}"), format!("{error:?}"), format!("{error:#?}")] {
        assert!(!text.contains(TOKEN), "the token shows in {text}");
        assert!(!text.contains("ice-pwd") && !text.contains(CALL), "{text}");
    }
    assert!(error.remedy().ends_with('.'));
    error
}

#[tokio::test]
async fn the_four_verbs_say_what_metas_samples_say() {
    let (client, played) = plays(|| json_answer(200, &json!({"success": true}))).await;
    client.pre_accept(NUMBER, &token(), &call(), ANSWER, PATIENCE).await.expect("done");
    accept(&client).await.expect("done");
    client.reject(NUMBER, &token(), &call(), PATIENCE).await.expect("done");
    terminate(&client).await.expect("done");

    let samples: Vec<Value> =
        serde_json::from_str(include_str!("../../../fixtures/api-requests-and-responses.json"))
            .expect("JSON");
    let heard = played.heard.lock().expect("not poisoned").clone();
    assert_eq!(heard.len(), 4);
    for (heard, name) in heard.iter().zip(["pre_accept", "accept", "reject", "terminate"]) {
        let sample = samples.iter().find(|sample| sample["name"] == name).expect("a sample");
        let mut expected = sample["body"].clone();
        if expected["session"].is_object() {
            expected["session"]["sdp"] = json!(ANSWER);
        }
        // Meta's sample shows the optional callback data; we keep our own books.
        expected.as_object_mut().expect("a body").remove("biz_opaque_callback_data");
        assert_eq!(heard.body.as_ref(), Some(&expected), "{name}");
        assert_eq!(heard.method, HttpMethod::POST);
        assert_eq!(heard.path, "/v25.0/100000000000001/calls");
        assert_eq!(heard.authorization.as_deref(), Some(format!("Bearer {TOKEN}").as_str()));
    }
    assert!(ANSWER.contains("\r\n"), "the answer keeps its line ends");
}

#[tokio::test]
async fn both_shapes_of_success_are_success_and_success_false_is_not() {
    for body in
        [json!({"success": true}), json!({"messaging_product": "whatsapp", "success": true}), json!({})]
    {
        let (client, _) = plays(move || json_answer(200, &body)).await;
        assert_eq!(accept(&client).await, Ok(()));
    }
    let (client, _) = plays(|| json_answer(200, &json!({"success": false}))).await;
    let error = looked_at(accept(&client).await.expect_err("not done"));
    assert_eq!((error.kind, error.is_ambiguous()), (GraphErrorKind::NotDone, false));
}

#[tokio::test]
async fn settings_are_read_and_a_number_without_any_has_none() {
    let (client, played) =
        plays(|| include_str!("../../../fixtures/api-settings-get.json").into_response()).await;
    let settings = client.settings(NUMBER, &token(), PATIENCE).await.expect("settings");
    assert_eq!((settings.enabled, settings.restrictions.map(|list| list.len())), (Some(true), Some(1)));
    let heard = played.heard.lock().expect("not poisoned")[0].clone();
    assert_eq!((heard.method, heard.path.as_str()), (HttpMethod::GET, "/v25.0/100000000000001/settings"));
    let (client, _) = plays(|| json_answer(200, &json!({"storage_configuration": {}}))).await;
    let settings = client.settings(NUMBER, &token(), PATIENCE).await.expect("settings");
    assert_eq!(settings, crate::settings::CallingSettings::default());
}

#[tokio::test]
async fn settings_are_changed_as_metas_sample_says_and_the_key_exchange_last_and_alone() {
    let (client, played) = plays(|| json_answer(200, &json!({"success": true}))).await;
    let change = CallingChange {
        enabled: Some(true),
        icon_shown: Some(true),
        callback_permission: Some(true),
        key_exchange: Some(SrtpKeyExchange::Sdes),
        ..CallingChange::default()
    };
    client.change_settings(NUMBER, &token(), &change, PATIENCE).await.expect("done");
    let samples: Vec<Value> =
        serde_json::from_str(include_str!("../../../fixtures/api-requests-and-responses.json"))
            .expect("JSON");
    let sample = samples.iter().find(|sample| sample["name"] == "enable calling").expect("a sample");
    let heard = played.heard.lock().expect("not poisoned").clone();
    assert_eq!(heard.len(), 2);
    assert_eq!(heard[0].body.as_ref(), Some(&sample["body"]));
    assert_eq!(heard[1].body, Some(json!({"calling": {"srtp_key_exchange_protocol": "SDES"}})));
    for heard in heard {
        assert_eq!(
            (heard.method, heard.path.as_str()),
            (HttpMethod::POST, "/v25.0/100000000000001/settings")
        );
    }
}

#[tokio::test]
async fn a_refused_setting_says_what_and_what_to_do() {
    for (code, kind) in [
        (138_015, GraphErrorKind::TierTooLow),
        (138_018, GraphErrorKind::NotSubscribed),
        (138_014, GraphErrorKind::QualityRestricted),
        (100, GraphErrorKind::InvalidRequest),
        (131_044, GraphErrorKind::PaymentMissing),
    ] {
        let body = json!({"error": {"message": "(#1) Refused", "type": "OAuthException", "code": code,
            "error_data": {"messaging_product": "whatsapp", "details": "calling.call_hours is not right"}, "fbtrace_id": "A"}});
        let (client, played) = plays(move || json_answer(400, &body)).await;
        let change = CallingChange {
            enabled: Some(true),
            key_exchange: Some(SrtpKeyExchange::Dtls),
            ..CallingChange::default()
        };
        let refused = client.change_settings(NUMBER, &token(), &change, PATIENCE).await.expect_err("refused");
        let error = looked_at(refused);
        assert_eq!((error.kind, error.retry), (kind, Retry::Never), "{code}");
        assert_eq!(error.provider_text(), "calling.call_hours is not right");
        assert_eq!(played.heard.lock().expect("not poisoned").len(), 1, "what is refused ends it");
    }
}

#[tokio::test]
async fn a_number_is_asked_for_its_fields() {
    let (client, played) = plays(|| json_answer(200, &json!({"quality_rating": "YELLOW"}))).await;
    let fields = client.number_fields(NUMBER, &token(), PATIENCE).await.expect("fields");
    assert_eq!(fields.quality_rating.as_deref(), Some("YELLOW"));
    let path = played.heard.lock().expect("not poisoned")[0].path.clone();
    assert!(path.starts_with("/v25.0/100000000000001?fields=") && path.contains("quality_rating"), "{path}");
}

#[tokio::test]
async fn a_warm_up_opens_the_connection_that_the_first_call_uses_and_sends_no_token() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let client = client_of(&listener);
    let server = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.expect("a connection");
        let mut requests = Vec::new();
        for answer in [
            "HTTP/1.1 404 Not Found\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n{\"success\":true}",
        ] {
            let mut request = String::new();
            while !(request.ends_with("\"}") || request.starts_with("HEAD") && request.ends_with("\r\n\r\n"))
            {
                let mut chunk = [0; 4096];
                let n = connection.read(&mut chunk).await.expect("a request");
                assert!(n > 0, "the client hung up");
                request.push_str(std::str::from_utf8(&chunk[..n]).expect("text"));
            }
            requests.push(request);
            connection.write_all(answer.as_bytes()).await.expect("the client listens");
        }
        requests
    });
    let mut date = client.server_date();
    assert_eq!(*date.borrow_and_update(), None);
    client.warm_up().await.expect("a connection");
    date.changed().await.expect("the client lives");
    assert_eq!(*date.borrow(), Some(Timestamp::from_seconds(784_111_777)));
    terminate(&client).await.expect("done on the same connection");
    let requests = server.await.expect("the server ends");
    assert!(!requests[0].to_lowercase().contains("authorization"), "{}", requests[0]);
    assert!(requests[1].contains(TOKEN));
}

#[test]
fn the_token_travels_over_https_or_not_at_all() {
    let refused = |url: &str| GraphConfig::new(url).expect_err(url);
    assert_eq!(refused("http://graph.facebook.com"), GraphConfigRefusal::NotHttps);
    assert_eq!(refused("http://127.0.0.1.example.com"), GraphConfigRefusal::NotHttps);
    assert_eq!(refused("http://10.0.0.1"), GraphConfigRefusal::NotHttps);
    assert_eq!(refused("ftp://localhost"), GraphConfigRefusal::NotHttps);
    assert_eq!(refused("graph.facebook.com"), GraphConfigRefusal::NotAUrl);
    assert_eq!(refused("data:text/plain,x"), GraphConfigRefusal::NotAUrl);
    assert_eq!(refused("https://me:pass@graph.facebook.com"), GraphConfigRefusal::Decorated);
    assert_eq!(refused("https://graph.facebook.com/?access_token=x"), GraphConfigRefusal::Decorated);
    for url in
        ["http://127.0.0.1:8090", "http://[::1]:8090", "http://localhost:8090", "https://sandbox.example"]
    {
        assert!(!GraphConfig::new(url).expect(url).is_meta());
    }
    let meta = GraphConfig::new("https://graph.facebook.com").expect("Meta");
    assert!(meta.is_meta());
    assert!(meta.clone().with_version("v26.0").is_ok());
    for version in ["26", "v26", "v26.0/..", "vx.0", "v.0"] {
        assert_eq!(meta.clone().with_version(version), Err(GraphConfigRefusal::BadVersion));
    }
}

#[tokio::test]
async fn a_base_url_may_have_a_path() {
    let (client, played) = plays(|| json_answer(200, &json!({"success": true}))).await;
    let url = format!("{}sandbox/", client.config.base);
    let config = GraphConfig::new(&url).and_then(|config| config.with_version("v26.0")).expect("a config");
    terminate(&GraphClient::new(config).expect("a client")).await.expect("done");
    assert_eq!(played.heard.lock().expect("not poisoned")[0].path, "/sandbox/v26.0/100000000000001/calls");
}
