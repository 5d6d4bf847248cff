//! What Graph refuses, and what it leaves open.

use std::sync::Arc;

use switchboard_core::call::input::{ProviderAnswer, ProviderFault};
use tokio::sync::Notify;

use super::*;

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
    let file: Value =
        serde_json::from_str(include_str!("../../../../fixtures/api-errors.json")).expect("JSON");
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
