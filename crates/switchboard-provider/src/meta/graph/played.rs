//! The client against a real HTTP server on loopback that plays Graph, well and badly.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method as HttpMethod, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use switchboard_core::ids::ProviderCallId;

use super::*;

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
async fn every_documented_error_has_its_kind_and_its_retry_class() {
    use GraphErrorKind as K;
    let expected = [
        (190, K::TokenInvalid, Retry::Never),
        (100, K::BadSdp, Retry::Never),
        (138_008, K::BadSdp, Retry::Never),
        (138_006, K::NoCallPermission, Retry::Never),
        (138_000, K::CallingDisabled, Retry::Never),
        (138_001, K::CustomerUnreachable, Retry::Never),
        (138_002, K::ConcurrentLimit, Retry::After(Duration::from_secs(5))),
        (138_003, K::AlreadyInCall, Retry::Never),
        (138_004, K::ServerTrouble, Retry::After(Duration::from_secs(2))),
        (138_005, K::RateLimited, Retry::After(Duration::from_secs(60))),
        (138_009, K::PermissionRequestLimit, Retry::Never),
        (138_012, K::PairLimit, Retry::Never),
        (138_013, K::CountryUnavailable, Retry::Never),
        (138_015, K::TierTooLow, Retry::Never),
        (138_018, K::NotSubscribed, Retry::Never),
        (131_055, K::SipNumber, Retry::Never),
        (613, K::RateLimited, Retry::After(Duration::from_secs(1))),
        (130_429, K::RateLimited, Retry::After(Duration::from_secs(1))),
    ];
    let file: Value = serde_json::from_str(include_str!("../../../fixtures/api-errors.json")).expect("JSON");
    let cases = file["errors"].as_array().expect("cases");
    assert_eq!(cases.len(), expected.len());
    for (case, (code, kind, retry)) in cases.iter().zip(expected) {
        let status = u16::try_from(case["http_status"].as_u64().expect("a status")).expect("a status");
        let body = case["body"].clone();
        let (client, _) = plays(move || json_answer(status, &body)).await;
        let error = looked_at(terminate(&client).await.expect_err("an error"));
        assert_eq!((error.code, error.kind, error.retry), (Some(code), kind, retry), "{}", case["case"]);
        assert_eq!(error.http_status, Some(status));
        assert_eq!(error.trace_id.as_deref(), Some("AFakeTraceIdForTests000"));
        // Of the documented errors only "connection error" leaves open what happened.
        assert_eq!(error.is_ambiguous(), code == 138_004, "{}", case["case"]);
    }
}

#[tokio::test]
async fn a_refusal_is_told_to_the_call_with_the_providers_code_and_details() {
    let body = json!({"error": {"message": "(#138008) SDP Validation error", "code": 138_008,
        "error_data": {"details": "no fingerprint"}}});
    let (client, _) = plays(move || json_answer(400, &body)).await;
    let answer = to_answer(accept(&client).await);
    let fault = ProviderFault { code: 138_008, message: "no fingerprint".to_owned() };
    assert_eq!(answer, ProviderAnswer::Refused(fault));
    assert_eq!(to_answer(Ok(())), ProviderAnswer::Done);
}

#[tokio::test]
async fn a_slow_answer_leaves_open_what_happened() {
    let arrived = Arc::new(Notify::new());
    let router = {
        let arrived = Arc::clone(&arrived);
        axum::Router::new().fallback(move || {
            arrived.notify_one();
            std::future::pending::<Response>()
        })
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let client = client_of(&listener);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let short = Duration::from_millis(300);
    let error =
        looked_at(client.accept(NUMBER, &token(), &call(), ANSWER, short).await.expect_err("no answer"));
    arrived.notified().await;
    assert_eq!((error.kind, error.retry), (GraphErrorKind::TimedOut, Retry::Never));
    assert!(matches!(to_answer(Err(error)), ProviderAnswer::Unknown { .. }));
    let again = client.pre_accept(NUMBER, &token(), &call(), ANSWER, short).await.expect_err("no answer");
    assert_eq!((again.is_ambiguous(), again.retry), (true, Retry::Safe), "a pre-accept may be repeated");
}

/// Reads one request from one connection, answers with raw bytes, and hangs up.
async fn says(raw: Vec<u8>) -> GraphClient {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let client = client_of(&listener);
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.expect("a connection");
        let mut seen = Vec::new();
        while !seen.ends_with(b"\"}") {
            let mut chunk = [0; 4096];
            match connection.read(&mut chunk).await {
                Ok(n) if n > 0 => seen.extend_from_slice(&chunk[..n]),
                _ => break,
            }
        }
        // The client may hang up first on an answer it finds too large.
        let _ = connection.write_all(&raw).await;
    });
    client
}

#[tokio::test]
async fn a_connection_that_breaks_after_sending_leaves_open_what_happened() {
    let half: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n{\"succ";
    for raw in [&b""[..], half] {
        let error = looked_at(terminate(&says(raw.to_vec()).await).await.expect_err("no answer"));
        assert_eq!((error.kind, error.retry), (GraphErrorKind::ConnectionBroken, Retry::Safe));
        assert!(error.is_ambiguous());
    }
}

#[tokio::test]
async fn a_refused_connection_means_it_was_not_done_and_may_be_repeated() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let client = client_of(&listener);
    drop(listener);
    let error = looked_at(accept(&client).await.expect_err("nobody there"));
    assert_eq!(
        (error.kind, error.retry, error.is_ambiguous()),
        (GraphErrorKind::Unreachable, Retry::Safe, false)
    );
    let ProviderAnswer::Refused(fault) = to_answer(Err(error)) else { panic!("it was not sent") };
    assert_eq!(fault.code, NO_PROVIDER_CODE);
    assert!(client.warm_up().await.is_err());
}

#[tokio::test]
async fn no_time_left_means_nothing_is_sent() {
    let (client, played) = plays(|| json_answer(200, &json!({"success": true}))).await;
    let error = client.accept(NUMBER, &token(), &call(), ANSWER, Duration::ZERO).await.expect_err("too late");
    assert_eq!((error.kind, error.is_ambiguous()), (GraphErrorKind::Unreachable, false));
    assert!(played.heard.lock().expect("not poisoned").is_empty());
}

#[tokio::test]
async fn a_gateways_page_is_no_answer_of_graphs() {
    for (status, ambiguous) in [(502, true), (503, true), (500, true), (408, true), (200, true), (404, false)]
    {
        let page =
            move || (StatusCode::from_u16(status).expect("a status"), "<html>Bad Gateway").into_response();
        let (client, _) = plays(page).await;
        let error = looked_at(accept(&client).await.expect_err("no JSON"));
        assert_eq!((error.is_ambiguous(), error.http_status), (ambiguous, Some(status)), "{error}");
        assert_eq!(error.retry, Retry::Never, "an accept is never repeated blindly");
    }
}

#[tokio::test]
async fn a_5xx_is_certain_only_when_its_code_is() {
    for (code, ambiguous) in [(131_057, false), (138_007, false), (131_000, true), (2, true), (999_999, true)]
    {
        let body = json!({"error": {"message": "trouble", "code": code}});
        let (client, _) = plays(move || json_answer(500, &body)).await;
        assert_eq!(accept(&client).await.expect_err("trouble").is_ambiguous(), ambiguous, "{code}");
    }
}

#[tokio::test]
async fn a_huge_answer_is_not_read_to_its_end() {
    let huge = || "x".repeat(crate::http::MAX_ANSWER_BYTES + 1).into_response();
    let (client, _) = plays(huge).await;
    let error = looked_at(terminate(&client).await.expect_err("too much"));
    assert_eq!((error.kind, error.is_ambiguous()), (GraphErrorKind::BadAnswer, true));
    // Endless: announced without a length, sent until the client hangs up.
    let endless = [&b"HTTP/1.1 200 OK\r\n\r\n"[..], &vec![b'x'; 4 * 1024 * 1024]].concat();
    let error = looked_at(terminate(&says(endless).await).await.expect_err("too much"));
    assert_eq!(error.kind, GraphErrorKind::BadAnswer);
}

#[tokio::test]
async fn a_redirect_is_not_followed_so_the_token_stays_where_it_belongs() {
    let (elsewhere, other) = plays(|| json_answer(200, &json!({"success": true}))).await;
    let target = elsewhere.config.base.to_string();
    let redirect =
        move || (StatusCode::TEMPORARY_REDIRECT, [("location", target.clone())], "").into_response();
    let (client, _) = plays(redirect).await;
    let error = looked_at(accept(&client).await.expect_err("a redirect"));
    assert_eq!((error.kind, error.is_ambiguous()), (GraphErrorKind::BadAnswer, false));
    assert!(other.heard.lock().expect("not poisoned").is_empty());
}

#[tokio::test]
async fn a_quoted_token_is_cut_out_of_graphs_own_message() {
    for message in
        [format!("Malformed access token {TOKEN}"), format!("token {TOKEN} is bad"), "x".repeat(10_000)]
    {
        let body = json!({"error": {"message": message, "code": 190, "error_data": {"details": message}}});
        let (client, _) = plays(move || json_answer(401, &body)).await;
        let error = looked_at(accept(&client).await.expect_err("bad token"));
        assert_eq!(error.kind, GraphErrorKind::TokenInvalid);
        assert!(error.message.chars().count() <= 500);
        let shown = format!("{client:?} {:?}", token());
        assert!(!shown.contains(TOKEN));
    }
}

#[tokio::test]
async fn a_token_or_number_that_cannot_be_sent_is_refused_here() {
    let (client, played) = plays(|| json_answer(200, &json!({"success": true}))).await;
    let bad = AccessToken::from("two\nlines");
    let error = client.terminate(NUMBER, &bad, &call(), PATIENCE).await.expect_err("bad token");
    assert_eq!(error.kind, GraphErrorKind::TokenInvalid);
    for number in ["", "..", "1/2", "me?x"] {
        let error = client.terminate(number, &token(), &call(), PATIENCE).await.expect_err("bad number");
        assert_eq!(error.kind, GraphErrorKind::NumberUnknown, "{number}");
    }
    assert!(played.heard.lock().expect("not poisoned").is_empty());
}

#[tokio::test]
async fn a_server_that_says_how_long_to_wait_is_believed_within_reason() {
    for (asked, waits) in [("7", 7), ("999999", 3600)] {
        let answer = move || {
            let body = json!({"error": {"message": "slow down", "code": 4}}).to_string();
            (StatusCode::TOO_MANY_REQUESTS, [("retry-after", asked)], body).into_response()
        };
        let (client, _) = plays(answer).await;
        let error = terminate(&client).await.expect_err("too fast");
        assert_eq!(error.retry, Retry::After(Duration::from_secs(waits)));
    }
}

#[tokio::test]
async fn settings_are_read_and_a_number_without_any_has_none() {
    let (client, played) =
        plays(|| include_str!("../../../fixtures/api-settings-get.json").into_response()).await;
    let settings = client.settings(NUMBER, &token(), PATIENCE).await.expect("settings");
    assert_eq!((settings.enabled, settings.restrictions.len()), (Some(true), 1));
    let heard = played.heard.lock().expect("not poisoned")[0].clone();
    assert_eq!((heard.method, heard.path.as_str()), (HttpMethod::GET, "/v25.0/100000000000001/settings"));
    let (client, _) = plays(|| json_answer(200, &json!({"storage_configuration": {}}))).await;
    let settings = client.settings(NUMBER, &token(), PATIENCE).await.expect("settings");
    assert_eq!(settings, crate::settings::CallingSettings::default());
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
    assert!(GraphClient::new(meta).is_ok());
}

#[tokio::test]
async fn a_base_url_may_have_a_path() {
    let (client, played) = plays(|| json_answer(200, &json!({"success": true}))).await;
    let url = format!("{}sandbox/", client.config.base);
    let config = GraphConfig::new(&url).and_then(|config| config.with_version("v26.0")).expect("a config");
    terminate(&GraphClient::new(config).expect("a client")).await.expect("done");
    assert_eq!(played.heard.lock().expect("not poisoned")[0].path, "/sandbox/v26.0/100000000000001/calls");
}
