//! The fields of a number, and the list of numbers of the account.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::{Credentials, answered, checked, checked_account, refused};
use crate::account::BusinessNumber;
use crate::exchange::Exchange;
use crate::rules::Refusal;

pub(super) async fn fields(
    State(exchange): State<Arc<Exchange>>,
    Path((version, number)): Path<(String, String)>,
    Query(query): Query<Credentials>,
    headers: HeaderMap,
) -> Response {
    let told = checked(&exchange, &version, &number, &headers, &query)
        .and_then(|number| fields_of(&exchange, number, query.fields.as_deref()));
    match told {
        Ok(body) => answered(&exchange, 200, &version, &body),
        Err(refusal) => refused(&exchange, &version, &refusal),
    }
}

/// `GET /{account}/phone_numbers`.
pub(super) async fn all(
    State(exchange): State<Arc<Exchange>>,
    Path((version, account)): Path<(String, String)>,
    Query(query): Query<Credentials>,
    headers: HeaderMap,
) -> Response {
    let told = checked_account(&exchange, &version, &account, &headers, &query).and_then(|()| {
        let numbers = exchange.account.numbers.iter();
        numbers
            .map(|number| fields_of(&exchange, number, query.fields.as_deref()))
            .collect::<Result<Vec<_>, _>>()
    });
    match told {
        Ok(numbers) => answered(&exchange, 200, &version, &json!({ "data": numbers })),
        Err(refusal) => refused(&exchange, &version, &refusal),
    }
}

fn fields_of(exchange: &Exchange, number: &BusinessNumber, wanted: Option<&str>) -> Result<Value, Refusal> {
    let (quality, tier) = exchange
        .number(&number.id, |standing| (standing.quality_rating.clone(), standing.messaging_limit.clone()));
    let all = json!({
        "verified_name": number.name,
        "display_phone_number": format!("+{}", number.display_phone),
        "quality_rating": quality,
        "platform_type": "CLOUD_API",
        "code_verification_status": "VERIFIED",
        "throughput": { "level": "STANDARD" },
        "whatsapp_business_manager_messaging_limit": tier,
        "health_status": { "can_send_message": "AVAILABLE", "entities": [] },
    });
    let wanted = wanted.unwrap_or("verified_name,display_phone_number,quality_rating");
    let mut body = json!({ "id": number.id });
    for name in wanted.split(',').map(str::trim).filter(|name| !name.is_empty() && *name != "id") {
        match all.get(name) {
            Some(value) => body[name] = value.clone(),
            None => return Err(Refusal::parameter(format!("Tried accessing nonexisting field ({name})"))),
        }
    }
    Ok(body)
}
