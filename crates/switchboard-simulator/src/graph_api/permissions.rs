//! `GET /{number}/call_permissions`.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Credentials, answered, checked, mishap, refused};
use crate::account::BusinessNumber;
use crate::exchange::Exchange;
use crate::people::OnCall;
use crate::permissions::{Standing, Usage};
use crate::rules::Refusal;

#[derive(Debug, Deserialize)]
pub(super) struct Whose {
    user_wa_id: Option<String>,
    recipient: Option<String>,
}

pub(super) async fn call_permissions(
    State(exchange): State<Arc<Exchange>>,
    Path((version, number)): Path<(String, String)>,
    Query(query): Query<Credentials>,
    Query(whose): Query<Whose>,
    headers: HeaderMap,
) -> Response {
    let number = match checked(&exchange, &version, &number, &headers, &query) {
        Ok(number) => number.clone(),
        Err(refusal) => return refused(&exchange, &version, &refusal),
    };
    if let Err(refusal) = mishap(&exchange, "call_permissions").await {
        return refused(&exchange, &version, &refusal);
    }
    match looked_up(&exchange, &number, &whose) {
        Ok(answer) => answered(&exchange, 200, &version, &answer),
        Err(refusal) => refused(&exchange, &version, &refusal),
    }
}

fn looked_up(exchange: &Exchange, number: &BusinessNumber, whose: &Whose) -> Result<Value, Refusal> {
    exchange.looks_up()?;
    let at = exchange.clock.unix_seconds();
    let person = match exchange.recipient(whose.user_wa_id.as_deref(), whose.recipient.as_deref()) {
        Ok(person) => Some(person),
        // An unknown or uncallable user gives no_permission, too (call permissions, Jun 2026).
        Err(refusal) if refusal.code == 138_001 => None,
        Err(refusal) => return Err(refusal),
    };
    let callable = person.as_ref().is_some_and(|person| person.behaviour.call != OnCall::Uncallable);
    let available =
        exchange.number(&number.id, |own| own.may_use_business_calling(number, &exchange.limits, at)).is_ok();
    let rules = exchange.rules(&number.id);
    let user = person.map(|person| person.user_id).unwrap_or_default();
    let book = exchange.pairs(|pairs| pairs.read(&number.id, &user)).book;
    let standing = if callable { book.standing(at) } else { Standing::None };
    let permission = match standing {
        Standing::None => json!({ "status": "no_permission" }),
        Standing::Temporary { until } => json!({ "status": "temporary", "expiration_time": until }),
        Standing::Permanent => json!({ "status": "permanent" }),
    };
    let [day, week] = book.requests(at, &rules);
    let may_request = available && callable && book.may_request(at, &rules).is_ok();
    let may_call = available && callable && book.may_call(at, &rules).is_ok();
    Ok(json!({
        "messaging_product": "whatsapp",
        "permission": permission,
        "actions": [
            {
                "action_name": "send_call_permission_request",
                "can_perform_action": may_request,
                "limits": [limit("PT24H", day), limit("P7D", week)],
            },
            {
                "action_name": "start_call",
                "can_perform_action": may_call,
                "limits": [limit("PT24H", book.calls(at, &rules))],
            },
        ],
    }))
}

fn limit(period: &str, usage: Usage) -> Value {
    let mut limit = json!({ "time_period": period, "max_allowed": usage.max, "current_usage": usage.used });
    if let Some(until) = usage.until {
        limit["limit_expiration_time"] = json!(until);
    }
    limit
}
