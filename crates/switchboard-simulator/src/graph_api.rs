//! Meta's Graph API as far as calls need it: `/calls`, `/settings`, and the fields of a number.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::account::BusinessNumber;
use crate::chance;
use crate::customer::Session;
use crate::exchange::{Action, Exchange};
use crate::locked;
use crate::rules::Refusal;

/// The routes of the Graph API.
pub(crate) fn routes() -> Router<Arc<Exchange>> {
    Router::new()
        .route("/{version}/{number}/calls", post(calls))
        .route("/{version}/{number}/settings", get(read_settings).post(write_settings))
        .route("/{version}/{number}", get(number_fields))
}

#[derive(Debug, Deserialize)]
struct Credentials {
    access_token: Option<String>,
    fields: Option<String>,
}

/// An answer with the headers Graph answers carry (`Date` comes with every answer).
fn answered(status: u16, version: &str, body: &Value) -> Response {
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
    response
}

fn refused(version: &str, refusal: &Refusal) -> Response {
    answered(refusal.http, version, &refusal.body())
}

/// Token, version and number, in the order Graph looks at them.
fn checked<'a>(
    exchange: &'a Exchange,
    version: &str,
    number: &str,
    headers: &HeaderMap,
    query: &Credentials,
) -> Result<&'a BusinessNumber, Refusal> {
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
    exchange.account.numbers.iter().find(|each| each.id == number).ok_or_else(|| Refusal::node(number))
}

#[derive(Debug, Deserialize)]
struct CallBody {
    messaging_product: Option<String>,
    action: Option<String>,
    call_id: Option<String>,
    #[serde(default)]
    session: Option<Session>,
    #[serde(default)]
    biz_opaque_callback_data: Option<String>,
}

async fn calls(
    State(exchange): State<Arc<Exchange>>,
    Path((version, number)): Path<(String, String)>,
    Query(query): Query<Credentials>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match call_action(&exchange, &version, &number, &headers, &query, &body).await {
        Ok(()) => answered(200, &version, &json!({ "messaging_product": "whatsapp", "success": true })),
        Err(refusal) => refused(&version, &refusal),
    }
}

async fn call_action(
    exchange: &Exchange,
    version: &str,
    number: &str,
    headers: &HeaderMap,
    query: &Credentials,
    body: &[u8],
) -> Result<(), Refusal> {
    let number = checked(exchange, version, number, headers, query)?;
    let body: CallBody = serde_json::from_slice(body)
        .map_err(|error| Refusal::parameter(format!("The body is not valid: {error}")))?;
    if body.messaging_product.as_deref() != Some("whatsapp") {
        return Err(Refusal::parameter("The parameter messaging_product is required"));
    }
    if calling_status(exchange, &number.id) == "DISABLED" {
        return Err(Refusal::calling_off());
    }
    let action = match body.action.as_deref() {
        Some("pre_accept") => Action::PreAccept,
        Some("accept") => Action::Accept,
        Some("reject") => Action::Reject,
        Some("terminate") => Action::Terminate,
        // No customer of the simulator has given permission to be called.
        Some("connect") => return Err(Refusal::no_permission()),
        Some(other) => {
            return Err(Refusal::parameter(format!(
                "Param action must be one of pre_accept, accept, reject, terminate, connect; got {other}"
            )));
        }
        None => return Err(Refusal::parameter("The parameter action is required")),
    };
    let longest = exchange.limits.callback_data;
    if body.biz_opaque_callback_data.as_ref().is_some_and(|data| data.chars().count() > longest) {
        return Err(Refusal::parameter(format!(
            "biz_opaque_callback_data is longer than {longest} characters"
        )));
    }
    let Some(call_id) = body.call_id.as_deref() else {
        return Err(Refusal::parameter("The parameter call_id is required"));
    };
    let (delay, mishap) = exchange.graph_mishap(Some(call_id), action.name());
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    if let Some(mishap) = mishap {
        if mishap.carried_out {
            exchange.act(
                &number.id,
                call_id,
                &action,
                body.session.as_ref(),
                body.biz_opaque_callback_data,
            )?;
        }
        if let Some(ordinal) = exchange.ordinal(call_id) {
            exchange.note(ordinal, format!("{} answered with a simulated {}", action.name(), mishap.code));
        }
        return Err(Refusal::fault(mishap.http_status, mishap.code));
    }
    exchange.act(&number.id, call_id, &action, body.session.as_ref(), body.biz_opaque_callback_data)
}

fn calling_status(exchange: &Exchange, number: &str) -> String {
    locked(&exchange.settings)
        .get(number)
        .and_then(|calling| calling["status"].as_str())
        .unwrap_or("ENABLED")
        .to_owned()
}

async fn read_settings(
    State(exchange): State<Arc<Exchange>>,
    Path((version, number)): Path<(String, String)>,
    Query(query): Query<Credentials>,
    headers: HeaderMap,
) -> Response {
    match checked(&exchange, &version, &number, &headers, &query) {
        Ok(number) => {
            let calling = stored_settings(&exchange, &number.id);
            answered(
                200,
                &version,
                &json!({ "calling": calling, "storage_configuration": { "status": "DEFAULT" } }),
            )
        }
        Err(refusal) => refused(&version, &refusal),
    }
}

/// What was set, over what a number has when calling is on (settings, Dec 2025).
fn stored_settings(exchange: &Exchange, number: &str) -> Value {
    let mut calling = json!({
        "status": "ENABLED",
        "call_icon_visibility": "DEFAULT",
        "callback_permission_status": "ENABLED",
    });
    if let Some(Value::Object(set)) = locked(&exchange.settings).get(number) {
        for (name, value) in set {
            calling[name] = value.clone();
        }
    }
    calling
}

async fn write_settings(
    State(exchange): State<Arc<Exchange>>,
    Path((version, number)): Path<(String, String)>,
    Query(query): Query<Credentials>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let number = match checked(&exchange, &version, &number, &headers, &query) {
        Ok(number) => number.id.clone(),
        Err(refusal) => return refused(&version, &refusal),
    };
    match changed_settings(&body) {
        Ok(changes) => {
            let mut settings = locked(&exchange.settings);
            let stored = settings.entry(number).or_insert_with(|| Value::Object(Map::new()));
            for (name, value) in changes {
                stored[name] = value;
            }
            drop(settings);
            answered(200, &version, &json!({ "success": true }))
        }
        Err(refusal) => refused(&version, &refusal),
    }
}

/// The allowed words of a setting (settings, Dec 2025); other settings are stored as given.
const WORDS: [(&str, &[&str]); 4] = [
    ("status", &["ENABLED", "DISABLED"]),
    ("call_icon_visibility", &["DEFAULT", "DISABLE_ALL"]),
    ("callback_permission_status", &["ENABLED", "DISABLED"]),
    ("srtp_key_exchange_protocol", &["DTLS", "SDES"]),
];

fn changed_settings(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| Refusal::parameter(format!("The body is not valid: {error}")))?;
    let Some(Value::Object(calling)) = body.get("calling") else {
        return Err(Refusal::parameter("The parameter calling is required"));
    };
    for (name, words) in WORDS {
        if let Some(value) = calling.get(name)
            && !value.as_str().is_some_and(|word| words.contains(&word))
        {
            return Err(Refusal::parameter(format!("calling.{name} must be one of {}", words.join(", "))));
        }
    }
    Ok(calling.clone())
}

async fn number_fields(
    State(exchange): State<Arc<Exchange>>,
    Path((version, number)): Path<(String, String)>,
    Query(query): Query<Credentials>,
    headers: HeaderMap,
) -> Response {
    let number = match checked(&exchange, &version, &number, &headers, &query) {
        Ok(number) => number,
        Err(refusal) => return refused(&version, &refusal),
    };
    let all = json!({
        "verified_name": number.name,
        "display_phone_number": format!("+{}", number.display_phone),
        "quality_rating": "GREEN",
        "platform_type": "CLOUD_API",
        "code_verification_status": "VERIFIED",
        "throughput": { "level": "STANDARD" },
        "whatsapp_business_manager_messaging_limit": "TIER_2K",
        "health_status": { "can_send_message": "AVAILABLE", "entities": [] },
    });
    let wanted = query.fields.as_deref().unwrap_or("verified_name,display_phone_number,quality_rating");
    let mut body = json!({ "id": number.id });
    for name in wanted.split(',').map(str::trim).filter(|name| !name.is_empty() && *name != "id") {
        match all.get(name) {
            Some(value) => body[name] = value.clone(),
            None => {
                let refusal = Refusal::parameter(format!("Tried accessing nonexisting field ({name})"));
                return refused(&version, &refusal);
            }
        }
    }
    answered(200, &version, &body)
}
