//! The control API: how tests and people make customers call, hang up and meet mishaps. It exists only here; the
//! product's own server never mounts it.

mod customers;

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use crate::call::NewCall;
use crate::exchange::{Exchange, PlaceError};
use crate::faults::Faults;
use crate::locked;

/// Calls in one page of the list.
const PAGE: usize = 200;

/// The routes of the control API.
pub(crate) fn routes() -> Router<Arc<Exchange>> {
    Router::new()
        .route("/simulator/v1/calls", get(list).post(place))
        .route("/simulator/v1/calls/{id}", get(one))
        .route("/simulator/v1/calls/{id}/heard.wav", get(heard))
        .route("/simulator/v1/calls/{id}/hang-up", post(hang_up))
        .route("/simulator/v1/calls/{id}/keys", post(keys))
        .route("/simulator/v1/faults", get(faults).put(set_faults))
        .route("/simulator/v1/customers", get(customers))
        .route("/simulator/v1/numbers", get(numbers))
        .route("/simulator/v1/log", get(log))
        .route("/simulator/v1/handshake", post(handshake))
        .merge(customers::routes())
        .layer(DefaultBodyLimit::max(64 * 1024))
}

/// A refusal in the form of RFC 9457.
fn problem(status: StatusCode, code: &str, detail: impl Into<String>) -> Response {
    let body = json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or_default(),
        "status": status.as_u16(),
        "code": code,
        "detail": detail.into(),
    });
    (status, [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response()
}

fn no_such_call() -> Response {
    problem(StatusCode::NOT_FOUND, "no_such_call", "no call with this id")
}

fn explained(error: &PlaceError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

async fn place(State(exchange): State<Arc<Exchange>>, Json(wanted): Json<NewCall>) -> Response {
    // Encoding a file takes a while; it must not hold up other requests.
    let placed = tokio::task::spawn_blocking(move || exchange.place(&wanted)).await;
    match placed {
        Ok(Ok(report)) => {
            (StatusCode::CREATED, Json(json!({ "id": report.id, "wacid": report.wacid }))).into_response()
        }
        Ok(Err(error)) => {
            let (status, code) = match &error {
                PlaceError::NoSuchNumber => (StatusCode::NOT_FOUND, "no_such_number"),
                PlaceError::Closed => (StatusCode::CONFLICT, "closed"),
                PlaceError::NotANumber => (StatusCode::UNPROCESSABLE_ENTITY, "not_a_number"),
                PlaceError::TooManyCalls => (StatusCode::CONFLICT, "too_many_calls"),
                PlaceError::AlreadyInACall => (StatusCode::CONFLICT, "already_in_a_call"),
                PlaceError::Profile => (StatusCode::UNPROCESSABLE_ENTITY, "profile_not_possible"),
                PlaceError::Sound(_) => (StatusCode::UNPROCESSABLE_ENTITY, "sound"),
                PlaceError::Media(_) => (StatusCode::INTERNAL_SERVER_ERROR, "media"),
            };
            problem(status, code, explained(&error))
        }
        Err(_) => problem(StatusCode::INTERNAL_SERVER_ERROR, "media", "the call could not be set up"),
    }
}

#[derive(Debug, Deserialize)]
struct Page {
    limit: Option<usize>,
}

async fn list(State(exchange): State<Arc<Exchange>>, Query(page): Query<Page>) -> Response {
    let items = exchange.reports(page.limit.unwrap_or(PAGE).min(20_000));
    Json(json!({ "items": items })).into_response()
}

async fn one(State(exchange): State<Arc<Exchange>>, Path(id): Path<String>) -> Response {
    match exchange.ordinal(&id).and_then(|ordinal| exchange.with_call(ordinal, |call| call.report())) {
        Some(report) => Json(report).into_response(),
        None => no_such_call(),
    }
}

async fn heard(State(exchange): State<Arc<Exchange>>, Path(id): Path<String>) -> Response {
    let facts =
        exchange.ordinal(&id).and_then(|ordinal| exchange.with_call(ordinal, |call| Arc::clone(&call.facts)));
    let Some(facts) = facts else { return no_such_call() };
    let wav = locked(&facts.hearing).wav();
    match wav {
        Some(wav) => ([(header::CONTENT_TYPE, "audio/wav")], wav).into_response(),
        None => problem(StatusCode::CONFLICT, "counts_only", "this customer only counts packets"),
    }
}

async fn hang_up(State(exchange): State<Arc<Exchange>>, Path(id): Path<String>) -> Response {
    let Some(ordinal) = exchange.ordinal(&id) else { return no_such_call() };
    // Who asks twice gets the same answer.
    exchange.hang_up(ordinal);
    match exchange.with_call(ordinal, |call| call.report()) {
        Some(report) => (StatusCode::ACCEPTED, Json(report)).into_response(),
        None => no_such_call(),
    }
}

#[derive(Debug, Deserialize)]
struct Keys {
    digits: String,
}

async fn keys(
    State(exchange): State<Arc<Exchange>>,
    Path(id): Path<String>,
    Json(keys): Json<Keys>,
) -> Response {
    let Some(ordinal) = exchange.ordinal(&id) else { return no_such_call() };
    if keys.digits.is_empty() || keys.digits.len() > 64 {
        return problem(StatusCode::UNPROCESSABLE_ENTITY, "keys", "1 to 64 of 0-9 * # A-D");
    }
    match exchange.with_call(ordinal, |call| call.leg).flatten() {
        Some(leg) => {
            exchange.media.keys(leg, keys.digits);
            StatusCode::ACCEPTED.into_response()
        }
        None => problem(StatusCode::CONFLICT, "over", "the call is over"),
    }
}

async fn faults(State(exchange): State<Arc<Exchange>>) -> Json<Faults> {
    Json(exchange.faults())
}

async fn set_faults(State(exchange): State<Arc<Exchange>>, Json(faults): Json<Faults>) -> Json<Faults> {
    exchange.set_faults(faults);
    Json(exchange.faults())
}

async fn customers(State(exchange): State<Arc<Exchange>>) -> Response {
    Json(json!({ "items": exchange.account.customers })).into_response()
}

async fn numbers(State(exchange): State<Arc<Exchange>>) -> Response {
    Json(json!({ "items": exchange.account.numbers })).into_response()
}

async fn log(State(exchange): State<Arc<Exchange>>) -> Response {
    Json(json!({ "items": exchange.log() })).into_response()
}

/// Does the handshake of the webhook address, as saving it in Meta's dashboard would.
async fn handshake(State(exchange): State<Arc<Exchange>>) -> Response {
    let verified = exchange.postman.handshake(&exchange.account.verify_token).await;
    Json(json!({ "verified": verified })).into_response()
}
