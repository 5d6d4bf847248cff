//! `POST /{number}/messages` and `GET /{account}/message_templates`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Credentials, answered, checked, checked_account, read, refused};
use crate::account::BusinessNumber;
use crate::exchange::{Exchange, Letterhead};
use crate::letters::Content;
use crate::rules::Refusal;

/// Templates in one page (Graph API; the reference tells nothing about pages of templates).
const PAGE: usize = 25;

#[derive(Debug, Deserialize)]
struct MessageBody {
    messaging_product: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    message_id: Option<String>,
    #[serde(default)]
    to: Option<String>,
    #[serde(default)]
    recipient: Option<String>,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    context: Option<Context>,
    #[serde(default)]
    biz_opaque_callback_data: Option<String>,
    /// The part named like the type.
    #[serde(flatten)]
    parts: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
struct Context {
    message_id: Option<String>,
}

pub(super) async fn send(
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
    let (delay, fault) = exchange.graph_mishap(None, "messages");
    if fault.as_ref().is_some_and(|fault| fault.carried_out) {
        // The customer has it long before the business hears that something broke.
        if let Err(refusal) = sent(&exchange, &number, &body) {
            return refused(&exchange, &version, &refusal);
        }
    }
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    if let Some(fault) = fault {
        return refused(&exchange, &version, &Refusal::fault(fault.http_status, fault.code));
    }
    match sent(&exchange, &number, &body) {
        Ok(answer) => answered(&exchange, 200, &version, &answer),
        Err(refusal) => refused(&exchange, &version, &refusal),
    }
}

fn sent(exchange: &Arc<Exchange>, number: &BusinessNumber, body: &[u8]) -> Result<Value, Refusal> {
    let body: MessageBody = read(body)?;
    if body.messaging_product.as_deref() != Some("whatsapp") {
        return Err(Refusal::parameter("The parameter messaging_product is required"));
    }
    if let Some(status) = &body.status {
        return marked(exchange, number, status, body.message_id.as_deref());
    }
    let input = body.to.clone().or_else(|| body.recipient.clone()).unwrap_or_default();
    let person = exchange.recipient(body.to.as_deref(), body.recipient.as_deref())?;
    if person.phone.as_deref() == Some(number.display_phone.as_str()) {
        let title = "Recipient cannot be sender";
        return Err(Refusal::message(400, 131_021, title, "Sender and recipient phone number is the same"));
    }
    let longest = exchange.limits.callback_data;
    if body.biz_opaque_callback_data.as_ref().is_some_and(|data| data.chars().count() > longest) {
        return Err(Refusal::parameter(format!(
            "biz_opaque_callback_data is longer than {longest} characters"
        )));
    }
    // Without a type it is a text (messages, Nov 2025).
    let content =
        Content::read(body.kind.as_deref().unwrap_or("text"), &body.parts, &exchange.account.templates)?;
    let is_template = content.template.is_some();
    let head = Letterhead {
        context: body.context.and_then(|context| context.message_id),
        callback_data: body.biz_opaque_callback_data,
    };
    let id = exchange.business_writes(number, &person, content, head)?;
    let mut contact = json!({ "input": input, "user_id": person.user_id });
    if let Some(phone) = &person.phone {
        contact["wa_id"] = json!(phone);
    }
    let mut message = json!({ "id": id });
    if is_template {
        message["message_status"] = json!("accepted");
    }
    Ok(json!({ "messaging_product": "whatsapp", "contacts": [contact], "messages": [message] }))
}

/// A message of the customer is marked as read.
fn marked(
    exchange: &Exchange,
    number: &BusinessNumber,
    status: &str,
    message: Option<&str>,
) -> Result<Value, Refusal> {
    if status != "read" {
        return Err(Refusal::parameter("Param status must be read"));
    }
    let Some(message) = message else {
        return Err(Refusal::parameter("The parameter message_id is required"));
    };
    if exchange.mark_read(&number.id, message) {
        Ok(json!({ "success": true }))
    } else {
        Err(Refusal::parameter("The parameter message_id is not the id of a message"))
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    limit: Option<usize>,
    after: Option<String>,
    status: Option<String>,
    name: Option<String>,
}

/// The templates of the account, with the pages all lists of Graph have (Graph API; not in the reference).
pub(super) async fn templates(
    State(exchange): State<Arc<Exchange>>,
    Path((version, account)): Path<(String, String)>,
    Query(query): Query<Credentials>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Response {
    if let Err(refusal) = checked_account(&exchange, &version, &account, &headers, &query) {
        return refused(&exchange, &version, &refusal);
    }
    let begin = match wanted.after.as_deref().map(position) {
        Some(None) => {
            let refusal = Refusal::parameter("Invalid cursor");
            return refused(&exchange, &version, &refusal);
        }
        Some(Some(begin)) => begin,
        None => 0,
    };
    let status = wanted.status.as_deref().map(str::to_ascii_uppercase);
    let all: Vec<&crate::account::Template> = exchange
        .account
        .templates
        .iter()
        .filter(|each| status.as_deref().is_none_or(|status| each.status == status))
        .filter(|each| wanted.name.as_deref().is_none_or(|name| each.name.contains(name)))
        .collect();
    let page = wanted.limit.unwrap_or(PAGE).clamp(1, 1_000);
    let data: Vec<Value> = all
        .iter()
        .skip(begin)
        .take(page)
        .map(|each| {
            json!({
                "id": each.id, "name": each.name, "language": each.language, "status": each.status,
                "category": each.category, "components": each.components,
            })
        })
        .collect();
    let end = begin + data.len();
    let mut body = json!({ "data": data });
    if end > begin {
        body["paging"] = json!({ "cursors": { "before": cursor(begin), "after": cursor(end) } });
        if end < all.len() {
            body["paging"]["next"] = json!(format!(
                "https://graph.facebook.com/{version}/{account}/message_templates?limit={page}&after={}",
                cursor(end)
            ));
        }
    }
    answered(&exchange, 200, &version, &body)
}

fn cursor(position: usize) -> String {
    STANDARD.encode(position.to_string()).trim_end_matches('=').to_owned()
}

fn position(cursor: &str) -> Option<usize> {
    let padded = format!("{cursor}{}", "=".repeat((4 - cursor.len() % 4) % 4));
    String::from_utf8(STANDARD.decode(padded).ok()?).ok()?.parse().ok()
}
