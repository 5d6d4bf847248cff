//! `POST /{number}/calls`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Credentials, answered, checked, read, refused};
use crate::account::BusinessNumber;
use crate::customer::Session;
use crate::exchange::{Action, Dial, Exchange};
use crate::faults::GraphFault;
use crate::rules::Refusal;

#[derive(Debug, Deserialize)]
struct CallBody {
    messaging_product: Option<String>,
    action: Option<String>,
    call_id: Option<String>,
    #[serde(default)]
    to: Option<String>,
    #[serde(default)]
    recipient: Option<String>,
    #[serde(default)]
    session: Option<Session>,
    #[serde(default)]
    biz_opaque_callback_data: Option<String>,
}

pub(super) async fn calls(
    State(exchange): State<Arc<Exchange>>,
    Path((version, number)): Path<(String, String)>,
    Query(query): Query<Credentials>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let number = match checked(&exchange, &version, &number, &headers, &query) {
        Ok(number) => number.clone(),
        Err(refusal) => return refused(&exchange, &version, &refusal),
    };
    match action(&exchange, &number, &body).await {
        Ok(answer) => answered(&exchange, 200, &version, &answer),
        Err(refusal) => refused(&exchange, &version, &refusal),
    }
}

async fn action(exchange: &Arc<Exchange>, number: &BusinessNumber, body: &[u8]) -> Result<Value, Refusal> {
    let body: CallBody = read(body)?;
    if body.messaging_product.as_deref() != Some("whatsapp") {
        return Err(Refusal::parameter("The parameter messaging_product is required"));
    }
    exchange.number(&number.id, |standing| match (standing.is_sip(), standing.calling_is_on()) {
        (true, _) => Err(Refusal::sip_number()),
        (false, false) => Err(Refusal::calling_off()),
        (false, true) => Ok(()),
    })?;
    let longest = exchange.limits.callback_data;
    if body.biz_opaque_callback_data.as_ref().is_some_and(|data| data.chars().count() > longest) {
        return Err(Refusal::parameter(format!(
            "biz_opaque_callback_data is longer than {longest} characters"
        )));
    }
    let action = match body.action.as_deref() {
        Some("pre_accept") => Action::PreAccept,
        Some("accept") => Action::Accept,
        Some("reject") => Action::Reject,
        Some("terminate") => Action::Terminate,
        Some("connect") => return connect(exchange, number, body).await,
        Some(other) => {
            return Err(Refusal::parameter(format!(
                "Param action must be one of pre_accept, accept, reject, terminate, connect; got {other}"
            )));
        }
        None => return Err(Refusal::parameter("The parameter action is required")),
    };
    let Some(call_id) = body.call_id.as_deref() else {
        return Err(Refusal::parameter("The parameter call_id is required"));
    };
    let fault = waited(exchange, Some(call_id), action.name()).await;
    let carry_out = || {
        let data = body.biz_opaque_callback_data.clone();
        exchange.act(&number.id, call_id, &action, body.session.as_ref(), data)
    };
    if let Some(fault) = fault {
        if fault.carried_out {
            carry_out()?;
        }
        if let Some(ordinal) = exchange.ordinal(call_id) {
            exchange.note(ordinal, format!("{} answered with a simulated {}", action.name(), fault.code));
        }
        return Err(Refusal::fault(fault.http_status, fault.code));
    }
    carry_out()?;
    Ok(json!({ "messaging_product": "whatsapp", "success": true }))
}

/// The mishap planned for this request, after its delay.
async fn waited(exchange: &Exchange, call_id: Option<&str>, action: &str) -> Option<GraphFault> {
    let (delay, fault) = exchange.graph_mishap(call_id, action);
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    fault
}

/// The business calls.
async fn connect(
    exchange: &Arc<Exchange>,
    number: &BusinessNumber,
    body: CallBody,
) -> Result<Value, Refusal> {
    let fault = waited(exchange, None, "connect").await;
    if fault.as_ref().is_some_and(|fault| !fault.carried_out) {
        return Err(
            fault.map_or_else(Refusal::connection, |fault| Refusal::fault(fault.http_status, fault.code))
        );
    }
    let dial = Dial {
        to: body.to,
        recipient: body.recipient,
        session: body.session,
        callback_data: body.biz_opaque_callback_data,
    };
    // The first sound of a kind is encoded here, which takes a while.
    let dialling = (Arc::clone(exchange), number.clone());
    let wacid = tokio::task::spawn_blocking(move || dialling.0.dial(&dialling.1, dial))
        .await
        .unwrap_or_else(|_| Err(Refusal::connection()))?;
    exchange.after_connect(&wacid).await;
    match fault {
        Some(fault) => Err(Refusal::fault(fault.http_status, fault.code)),
        None => Ok(json!({ "messaging_product": "whatsapp", "calls": [{ "id": wacid }] })),
    }
}
