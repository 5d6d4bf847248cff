//! `GET` and `POST /{number}/settings`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Credentials, answered, checked, mishap, read as body_of, refused};
use crate::exchange::Exchange;
use crate::rules::Refusal;

#[derive(Debug, Deserialize)]
pub(super) struct Also {
    include_sip_credentials: Option<bool>,
}

pub(super) async fn read(
    State(exchange): State<Arc<Exchange>>,
    Path((version, number)): Path<(String, String)>,
    Query(query): Query<Credentials>,
    Query(also): Query<Also>,
    headers: HeaderMap,
) -> Response {
    match checked(&exchange, &version, &number, &headers, &query) {
        Ok(number) => {
            let at = exchange.clock.unix_seconds();
            let mut calling = exchange.number(&number.id, |standing| standing.calling(at));
            let server = calling.pointer_mut("/sip/servers/0");
            if let Some(server) = server.filter(|_| also.include_sip_credentials == Some(true)) {
                server["sip_user_password"] = json!("simulator-sip-password");
            }
            let body = json!({ "calling": calling, "storage_configuration": { "status": "DEFAULT" } });
            answered(&exchange, 200, &version, &body)
        }
        Err(refusal) => refused(&exchange, &version, &refusal),
    }
}

pub(super) async fn write(
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
    if let Err(refusal) = mishap(&exchange, "settings").await {
        return refused(&exchange, &version, &refusal);
    }
    let changed = body_of::<Value>(&body).and_then(|body| match body.get("calling") {
        Some(Value::Object(changes)) => exchange.change_settings(&number, changes),
        Some(_) | None => Err(Refusal::parameter("The parameter calling is required")),
    });
    match changed {
        Ok(()) => answered(&exchange, 200, &version, &json!({ "success": true })),
        Err(refusal) => refused(&exchange, &version, &refusal),
    }
}
