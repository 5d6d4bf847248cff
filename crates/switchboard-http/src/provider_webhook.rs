//! The provider's entrance: `/api/whatsapp/calling`.
//!
//! `200` is a promise that everything in the body is on disk. The signature is over the raw bytes, so nothing here
//! reads them before the engine has trusted them.

use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, Request, State};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use http::{HeaderValue, StatusCode, header};
use switchboard_engine::{CapacityReport, WebhookRefused};

use crate::error::{Code, Problem, ProblemBody};
use crate::state::AppState;

/// Meta: "Webhooks payloads can be up to 3 MB" (Graph API webhooks, 2025).
const MAX_BODY: usize = 3 * 1024 * 1024;
/// What is read and thrown away behind the limit, so that the sender gets to read our 413 instead of a broken pipe.
const MAX_DRAIN: usize = 8 * 1024 * 1024;
const SIGNATURE: &str = "x-hub-signature-256";

/// With `hub.*` parameters: the subscription handshake. Without: how many calls there are and may be.
#[utoipa::path(
    get, path = "/api/whatsapp/calling", tag = "provider",
    params(
        ("hub.mode" = Option<String>, Query, description = "`subscribe`"),
        ("hub.verify_token" = Option<String>, Query, description = "What was entered in Meta's app dashboard"),
        ("hub.challenge" = Option<String>, Query, description = "Comes back as the body"),
    ),
    responses(
        (status = 200, description = "The capacity report; the challenge as text/plain for a handshake.", body = CapacityReport),
        (status = 403, description = "`wrong_verify_token`", body = ProblemBody),
    )
)]
pub(crate) async fn handshake_or_capacity(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let query = query.unwrap_or_default();
    // Meta's dots may come as %2E from a proxy that normalises; whatever names hub is a handshake.
    if !query.split('&').any(|pair| pair.starts_with("hub.") || pair.starts_with("hub%2")) {
        return Ok(Json(state.engine().capacity()).into_response());
    }
    let challenge = state.engine().handshake(&query).map_err(|_| {
        tracing::warn!("a webhook handshake with a wrong verify token was refused");
        Problem::new(Code::WrongVerifyToken, "The verify token is not the one of META_VERIFY_TOKEN.")
    })?;
    let plain = [(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))];
    Ok((plain, challenge).into_response())
}

/// Takes one webhook.
#[utoipa::path(
    post, path = "/api/whatsapp/calling", tag = "provider",
    params(("X-Hub-Signature-256" = String, Header, description = "`sha256=` and the HMAC of the body under the app secret")),
    request_body(content = serde_json::Value, description = "As Meta sends it; up to 3 MB."),
    responses(
        (status = 200, description = "Everything in it is stored."),
        (status = 400, description = "`not_json`", body = ProblemBody),
        (status = 401, description = "`bad_signature`; nothing was stored", body = ProblemBody),
        (status = 413, description = "`body_too_large`", body = ProblemBody),
        (status = 503, description = "`unavailable`, with `Retry-After`: send it again", body = ProblemBody),
    )
)]
pub(crate) async fn receive(State(state): State<AppState>, request: Request) -> Result<StatusCode, Problem> {
    let (parts, body) = request.into_parts();
    let raw = read(body).await?;
    let signature = parts.headers.get(SIGNATURE).and_then(|value| value.to_str().ok());
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    match state.engine().receive_webhook(signature, content_type, raw).await {
        Ok(receipt) => {
            tracing::debug!(
                stored = receipt.stored,
                seen_before = receipt.seen_before,
                foreign = receipt.foreign,
                "webhook kept"
            );
            Ok(StatusCode::OK)
        }
        Err(WebhookRefused::BadSignature) => {
            tracing::warn!("a webhook with a missing or wrong signature was refused");
            Err(Problem::new(
                Code::BadSignature,
                "X-Hub-Signature-256 is missing or does not match the body.",
            ))
        }
        Err(WebhookRefused::TooLarge) => Err(Problem::new(
            Code::BodyTooLarge,
            "It is larger, deeper or holds more updates than the provider sends.",
        )),
        Err(WebhookRefused::NotJson) => Err(Problem::new(Code::NotJson, "The body is not JSON.")),
        Err(WebhookRefused::Unavailable) => {
            Err(Problem::new(Code::Unavailable, "It could not be stored. Send it again.")
                .retry_after(Duration::from_secs(5)))
        }
    }
}

/// The whole body, whether or not its length was announced.
async fn read(body: Body) -> Result<Bytes, Problem> {
    let mut stream = body.into_data_stream();
    let mut whole = Vec::new();
    let mut read = 0;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| Problem::new(Code::BadRequest, "The body broke off."))?;
        read += chunk.len();
        if read <= MAX_BODY {
            whole.extend_from_slice(&chunk);
        } else if read > MAX_DRAIN {
            break;
        } else {
            whole.clear();
        }
    }
    if read > MAX_BODY {
        return Err(Problem::new(Code::BodyTooLarge, "A webhook may have 3 MB."));
    }
    Ok(Bytes::from(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunked(chunk: usize, count: usize) -> Body {
        let chunks = (0..count).map(move |_| Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; chunk])));
        Body::from_stream(futures_util::stream::iter(chunks))
    }

    #[tokio::test]
    async fn exactly_three_megabytes_are_taken_and_one_byte_more_is_not() {
        assert_eq!(read(Body::from(vec![b'x'; MAX_BODY])).await.expect("taken").len(), MAX_BODY);
        assert_eq!(
            read(Body::from(vec![b'x'; MAX_BODY + 1])).await.expect_err("refused").code(),
            Code::BodyTooLarge
        );
    }

    #[tokio::test]
    async fn a_body_of_unknown_length_is_counted_while_it_comes() {
        assert_eq!(read(chunked(64 * 1024, 48)).await.expect("taken").len(), MAX_BODY);
        assert_eq!(read(chunked(64 * 1024, 49)).await.expect_err("refused").code(), Code::BodyTooLarge);
        assert_eq!(
            read(chunked(64 * 1024, 1_000_000)).await.expect_err("refused").code(),
            Code::BodyTooLarge
        );
    }
}
