//! What who reads numbers in part is shown of a call: every exit passes here (lists, details, the live stream).

use serde_json::Value;
use switchboard_core::masking;
use switchboard_core::phone::PhoneNumber;

use crate::events::{CallEventView, CallView, LogEntryView, MessageView, ServerMessage};

/// The call with the customer's number in part, wherever it stands.
pub(crate) fn call(view: &mut CallView) {
    let known: Option<PhoneNumber> = view.caller.phone.as_deref().and_then(|phone| phone.parse().ok());
    let known = known.as_ref();
    view.caller.phone = known.map(masking::phone);
    for name in [&mut view.caller.name, &mut view.caller.username] {
        *name = name.take().map(|name| masking::text(&name, known));
    }
    for payload in [&mut view.cta_payload, &mut view.deeplink_payload] {
        *payload = payload.take().map(|payload| masking::known_in(&payload, known));
    }
    if let Some(error) = &mut view.error {
        error.message = masking::text(&error.message, known);
    }
}

/// The entry of a story without the number of its caller.
pub(crate) fn event(view: &mut CallEventView, known: Option<&PhoneNumber>) {
    strings(&mut view.data, &|text| masking::known_in(text, known));
}

/// A message without the number of its customer.
pub(crate) fn customer_message(view: &mut MessageView) {
    let known = view.customer.clone();
    view.text = view.text.take().map(|text| masking::known_in(&text, known.as_ref()));
    strings(&mut view.detail, &|text| masking::known_in(text, known.as_ref()));
    if let Some(error) = &mut view.error {
        error.message = masking::text(&error.message, known.as_ref());
    }
}

/// The entry of the log without the number of its caller.
pub(crate) fn log_entry(view: &mut LogEntryView, known: Option<&PhoneNumber>) {
    strings(&mut view.data, &|text| masking::known_in(text, known));
}

fn strings(value: &mut Value, change: &impl Fn(&str) -> String) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::String(text) => *text = change(text),
        Value::Array(items) => items.iter_mut().for_each(|item| strings(item, change)),
        Value::Object(fields) => fields.values_mut().for_each(|field| strings(field, change)),
    }
}

/// The message as who reads numbers in part is told it; none: it holds no number. `hello` is written for its reader.
pub(crate) fn message(message: &ServerMessage) -> Option<ServerMessage> {
    let mut masked = message.clone();
    match &mut masked {
        ServerMessage::Call { call: view, .. } => call(view),
        ServerMessage::Offer { offer } => call(&mut offer.call),
        ServerMessage::MyCall { call: Some(view) } => call(view),
        ServerMessage::Message { message, .. } => customer_message(message),
        ServerMessage::Hello(_)
        | ServerMessage::Draining { .. }
        | ServerMessage::Alerts { .. }
        | ServerMessage::NumberChanged { .. }
        | ServerMessage::CallGone { .. }
        | ServerMessage::OfferGone { .. }
        | ServerMessage::LineAnswer { .. }
        | ServerMessage::Line { .. }
        | ServerMessage::MyCall { call: None }
        | ServerMessage::Presence(_)
        | ServerMessage::Permission { .. }
        | ServerMessage::Quality { .. }
        | ServerMessage::Error { .. }
        | ServerMessage::Pong
        | ServerMessage::Bye { .. } => return None,
    }
    Some(masked)
}
