//! The control API of customers: what they do, grant, take back, write, and answer; and Meta's clock and moods.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use super::problem;
use crate::exchange::{Between, Exchange, PermitError, Switches};
use crate::people::Behaviour;
use crate::permissions::{Answer, Standing};
use crate::standing::NumberChange;

/// The clock is put forward by this much at most at a time: ten years.
const FARTHEST: u64 = 315_360_000;
/// More connected calls than any limit of Meta's.
const MOST_CONNECTED: u32 = 1_000;
/// Meta tells a webhook again for seven days at most.
const LATEST: u32 = 604_800;

pub(super) fn routes() -> Router<Arc<Exchange>> {
    Router::new()
        .route("/simulator/v1/clock", get(clock))
        .route("/simulator/v1/clock/advance", post(advance))
        .route("/simulator/v1/switches", get(switches).put(set_switches))
        .route("/simulator/v1/numbers/{id}", get(number).patch(change_number))
        .route("/simulator/v1/numbers/{id}/warn", post(warn))
        .route("/simulator/v1/pair", get(pair))
        .route("/simulator/v1/behaviour", get(behaviour).put(behave))
        .route("/simulator/v1/permissions", post(set_permission))
        .route("/simulator/v1/replies", post(reply))
        .route("/simulator/v1/profile", post(profile))
        .route("/simulator/v1/messages", post(write))
        .route("/simulator/v1/calls/{id}/pick-up", post(pick_up))
        .route("/simulator/v1/calls/{id}/decline", post(decline))
}

fn refused(error: &PermitError) -> Response {
    let (status, code) = match error {
        PermitError::NoSuchNumber => (StatusCode::NOT_FOUND, "no_such_number"),
        PermitError::NoSuchCustomer => (StatusCode::UNPROCESSABLE_ENTITY, "no_such_customer"),
        PermitError::Answer(_) => (StatusCode::CONFLICT, "no_such_request"),
        PermitError::NotInProfile => (StatusCode::UNPROCESSABLE_ENTITY, "not_in_profile"),
        PermitError::NotAvailable => (StatusCode::CONFLICT, "not_available"),
        PermitError::NoButton => (StatusCode::CONFLICT, "no_button"),
        PermitError::NoText => (StatusCode::UNPROCESSABLE_ENTITY, "no_text"),
        PermitError::NoSuchWord(_) => (StatusCode::UNPROCESSABLE_ENTITY, "no_such_word"),
    };
    problem(status, code, error.to_string())
}

fn told<Out>(result: Result<Out, PermitError>, answer: impl FnOnce(Out) -> Response) -> Response {
    match result {
        Ok(out) => answer(out),
        Err(error) => refused(&error),
    }
}

/// Which pair is meant: `number` (the first when absent) and `customer`, a number, `@username` or a user id.
#[derive(Debug, Deserialize)]
struct Pair {
    #[serde(default)]
    number: Option<String>,
    customer: String,
}

impl Pair {
    fn between(&self) -> Between<'_> {
        Between { number: self.number.as_deref(), customer: &self.customer }
    }
}

async fn clock(State(exchange): State<Arc<Exchange>>) -> Response {
    let clock = &exchange.clock;
    Json(json!({ "now": clock.unix_seconds(), "ahead_seconds": clock.ahead() })).into_response()
}

#[derive(Debug, Deserialize)]
struct Advance {
    seconds: u64,
}

async fn advance(State(exchange): State<Arc<Exchange>>, Json(by): Json<Advance>) -> Response {
    exchange.advance(Duration::from_secs(by.seconds.min(FARTHEST)));
    clock(State(exchange)).await
}

async fn switches(State(exchange): State<Arc<Exchange>>) -> Json<Switches> {
    Json(exchange.switches())
}

async fn set_switches(
    State(exchange): State<Arc<Exchange>>,
    Json(switches): Json<Switches>,
) -> Json<Switches> {
    exchange.set_switches(switches);
    Json(exchange.switches())
}

async fn number(State(exchange): State<Arc<Exchange>>, Path(id): Path<String>) -> Response {
    told(exchange.number_report(&id), |report| Json(report).into_response())
}

async fn change_number(
    State(exchange): State<Arc<Exchange>>,
    Path(id): Path<String>,
    Json(change): Json<NumberChange>,
) -> Response {
    let changed = exchange.change_number(&id, change).and_then(|()| exchange.number_report(&id));
    told(changed, |report| Json(report).into_response())
}

#[derive(Debug, Deserialize)]
struct Warning {
    violation_type: String,
    #[serde(default)]
    remediation: Option<String>,
}

async fn warn(
    State(exchange): State<Arc<Exchange>>,
    Path(id): Path<String>,
    Json(warning): Json<Warning>,
) -> Response {
    let warned = exchange.warn(&id, &warning.violation_type, warning.remediation.as_deref());
    told(warned, |()| StatusCode::ACCEPTED.into_response())
}

async fn pair(State(exchange): State<Arc<Exchange>>, Query(pair): Query<Pair>) -> Response {
    told(exchange.meant(pair.between()), |(number, person)| {
        Json(exchange.pair_report(&number.id, &person.user_id)).into_response()
    })
}

async fn behaviour(State(exchange): State<Arc<Exchange>>, Query(pair): Query<Pair>) -> Response {
    told(exchange.meant(pair.between()), |(_, person)| Json(person.behaviour).into_response())
}

#[derive(Debug, Deserialize)]
struct Behave {
    customer: String,
    #[serde(flatten)]
    behaviour: Behaviour,
}

async fn behave(State(exchange): State<Arc<Exchange>>, Json(wish): Json<Behave>) -> Response {
    let between = Between { number: None, customer: &wish.customer };
    told(exchange.meant(between), |(_, person)| {
        exchange.people(|people| people.behave(&person.user_id, wish.behaviour.clone()));
        Json(wish.behaviour).into_response()
    })
}

#[derive(Debug, Deserialize)]
struct Grant {
    #[serde(flatten)]
    pair: Pair,
    /// `no_permission`, `temporary` or `permanent`.
    status: String,
    /// Of a temporary one; 7 days when absent.
    #[serde(default)]
    for_seconds: Option<u32>,
    /// So many calls of the business were connected just now.
    #[serde(default)]
    connected: u32,
}

/// Puts a permission there, without a webhook: what was before the business looked.
async fn set_permission(State(exchange): State<Arc<Exchange>>, Json(wish): Json<Grant>) -> Response {
    let lasts = i64::from(wish.for_seconds.unwrap_or(604_800));
    let standing = match wish.status.as_str() {
        "no_permission" => Ok(Standing::None),
        "temporary" => Ok(Standing::Temporary { until: exchange.clock.unix_seconds() + lasts }),
        "permanent" => Ok(Standing::Permanent),
        other => Err(PermitError::NoSuchWord(other.to_owned())),
    };
    let pair = wish.pair.between();
    let connected = wish.connected.min(MOST_CONNECTED);
    let put = standing.and_then(|standing| exchange.put_permission(pair, standing, connected));
    told(put, |report| Json(report).into_response())
}

#[derive(Debug, Deserialize)]
struct Reply {
    #[serde(flatten)]
    pair: Pair,
    /// The request that is meant; the newest when absent.
    #[serde(default)]
    request: Option<String>,
    answer: Answer,
}

async fn reply(State(exchange): State<Arc<Exchange>>, Json(wish): Json<Reply>) -> Response {
    let replied = exchange
        .meant(wish.pair.between())
        .and_then(|(number, person)| exchange.reply(&number, &person, wish.request.as_deref(), wish.answer));
    told(replied, |standing| Json(standing).into_response())
}

#[derive(Debug, Deserialize)]
struct Profile {
    #[serde(flatten)]
    pair: Pair,
    answer: Answer,
}

async fn profile(State(exchange): State<Arc<Exchange>>, Json(wish): Json<Profile>) -> Response {
    let set = exchange
        .meant(wish.pair.between())
        .and_then(|(number, person)| exchange.set_in_profile(&number, &person, wish.answer));
    told(set, |standing| Json(standing).into_response())
}

#[derive(Debug, Deserialize)]
struct Text {
    #[serde(flatten)]
    pair: Pair,
    text: String,
    /// The message it answers.
    #[serde(default)]
    context: Option<String>,
    /// It was written so long ago, and its webhook comes only now: nobody was there to take it.
    #[serde(default)]
    seconds_ago: u32,
}

async fn write(State(exchange): State<Arc<Exchange>>, Json(wish): Json<Text>) -> Response {
    let written = exchange.meant(wish.pair.between()).and_then(|(number, person)| {
        let late = i64::from(wish.seconds_ago.min(LATEST));
        exchange.customer_writes(&number, &person, &wish.text, wish.context.as_deref(), late)
    });
    told(written, |id| (StatusCode::CREATED, Json(json!({ "id": id }))).into_response())
}

async fn pick_up(State(exchange): State<Arc<Exchange>>, Path(id): Path<String>) -> Response {
    acted(&exchange, &id, |ordinal| exchange.pick_up(ordinal))
}

async fn decline(State(exchange): State<Arc<Exchange>>, Path(id): Path<String>) -> Response {
    acted(&exchange, &id, |ordinal| exchange.decline(ordinal))
}

fn acted(exchange: &Exchange, id: &str, does: impl FnOnce(u64) -> bool) -> Response {
    let Some(ordinal) = exchange.ordinal(id) else { return super::no_such_call() };
    if !does(ordinal) {
        return problem(StatusCode::CONFLICT, "not_ringing", "the customer's phone does not ring");
    }
    match exchange.with_call(ordinal, |call| call.report()) {
        Some(report) => (StatusCode::ACCEPTED, Json(report)).into_response(),
        None => super::no_such_call(),
    }
}
