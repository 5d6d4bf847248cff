//! Meta's Graph API as far as calls need it: `/calls`, `/call_permissions`, `/messages`, `/settings`, templates and the
//! fields of a number.

mod calls;
mod messages;
mod number;
mod permissions;
mod settings;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::Value;

use crate::account::BusinessNumber;
use crate::chance;
use crate::exchange::Exchange;
use crate::rules::Refusal;

/// The routes of the Graph API.
pub(crate) fn routes() -> Router<Arc<Exchange>> {
    Router::new()
        .route("/{version}/{number}/calls", post(calls::calls))
        .route("/{version}/{number}/call_permissions", get(permissions::call_permissions))
        .route("/{version}/{number}/settings", get(settings::read).post(settings::write))
        .route("/{version}/{number}/messages", post(messages::send))
        .route("/{version}/{number}/message_templates", get(messages::templates))
        .route("/{version}/{number}/phone_numbers", get(number::all))
        .route("/{version}/{number}", get(number::fields))
}

#[derive(Debug, Deserialize)]
struct Credentials {
    access_token: Option<String>,
    fields: Option<String>,
}

/// An answer with the headers Graph answers carry. `Date` comes with every answer and follows the simulator's clock:
/// businesses correct their own by it.
fn answered(exchange: &Exchange, status: u16, version: &str, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, axum::Json(body)).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        ("facebook-api-version", version.to_owned()),
        ("x-fb-trace-id", format!("A{}", chance::letters::<22>())),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    if exchange.clock.ahead() != 0
        && let Ok(moment) = jiff::Timestamp::from_second(exchange.clock.unix_seconds())
        && let Ok(date) = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&moment)
        && let Ok(date) = HeaderValue::from_str(&date)
    {
        headers.insert(header::DATE, date);
    }
    response
}

fn refused(exchange: &Exchange, version: &str, refusal: &Refusal) -> Response {
    answered(exchange, refusal.http, version, &refusal.body())
}

/// A body that is JSON of this shape.
fn read<Shape: serde::de::DeserializeOwned>(body: &[u8]) -> Result<Shape, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| Refusal::parameter(format!("The body is not valid: {error}")))
}

/// The mishap planned for a request that is about no call: its delay is waited for, its refusal given.
async fn mishap(exchange: &Exchange, action: &str) -> Result<(), Refusal> {
    let (delay, fault) = exchange.graph_mishap(None, action);
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    fault.map_or(Ok(()), |fault| Err(Refusal::fault(fault.http_status, fault.code)))
}

/// Token, version and number, in the order Graph looks at them.
fn checked<'a>(
    exchange: &'a Exchange,
    version: &str,
    number: &str,
    headers: &HeaderMap,
    query: &Credentials,
) -> Result<&'a BusinessNumber, Refusal> {
    checked_token(exchange, version, headers, query)?;
    exchange.account.numbers.iter().find(|each| each.id == number).ok_or_else(|| Refusal::node(number))
}

fn checked_token(
    exchange: &Exchange,
    version: &str,
    headers: &HeaderMap,
    query: &Credentials,
) -> Result<(), Refusal> {
    let known_version = version
        .strip_prefix('v')
        .and_then(|rest| rest.split_once('.'))
        .is_some_and(|(major, minor)| major.parse::<u16>().is_ok() && minor.parse::<u16>().is_ok());
    if !known_version {
        return Err(Refusal::path());
    }
    let bearer = headers.get("authorization").and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned);
    let token = bearer.or_else(|| query.access_token.clone());
    if token.as_deref() != Some(exchange.account.access_token.text()) {
        return Err(Refusal::token());
    }
    Ok(())
}

/// The same for the business account itself.
fn checked_account(
    exchange: &Exchange,
    version: &str,
    account: &str,
    headers: &HeaderMap,
    query: &Credentials,
) -> Result<(), Refusal> {
    checked_token(exchange, version, headers, query)?;
    if account == exchange.account.waba_id { Ok(()) } else { Err(Refusal::node(account)) }
}
