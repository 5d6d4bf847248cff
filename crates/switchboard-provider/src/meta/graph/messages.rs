//! `POST /{phone number}/messages`: words, permission requests, call buttons and templates (Meta, Messages reference,
//! November 2025; Obtain user call permissions, June 2026; Call button messages, November 2025).
//!
//! What we send along (`biz_opaque_callback_data`) comes back with each status: a request whose answer was lost is
//! found by it. Nothing here is sent twice by itself: the customer would read it twice.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Map, Value, json};
use switchboard_core::ids::ProviderMessageId;

use crate::error::{GraphError, GraphErrorKind};
use crate::meta::members::Members;
use crate::outgoing::{OutgoingMessage, Recipient, Taken, TemplateMessage, VoiceCallButton};
use crate::secret::AccessToken;

use super::answer::{Doing, plain_error};
use super::{GraphClient, Request};
use crate::error::Retry;

const SEND: Doing = Doing { action: "send_message", text: "send the message", repeatable: false };
const ASK: Doing =
    Doing { action: "ask_permission", text: "ask for the permission to call", repeatable: false };

impl GraphClient {
    /// Sends a message; `mark` comes back with its statuses.
    pub async fn send_message(
        &self,
        number: &str,
        token: &AccessToken,
        to: &Recipient,
        message: &OutgoingMessage,
        mark: &str,
        give_up_after: Duration,
    ) -> Result<Taken, GraphError> {
        let doing = match message {
            OutgoingMessage::CallPermissionRequest { .. } => ASK,
            OutgoingMessage::Text { .. }
            | OutgoingMessage::VoiceCall { .. }
            | OutgoingMessage::Template(_) => SEND,
        };
        let body = body(to, message, mark).to_string().into_bytes();
        let request = Request {
            doing,
            method: Method::POST,
            number,
            edge: "messages",
            body: Some(body),
            ..Request::default()
        };
        let text = self.request(request, token, give_up_after).await?;
        Members::of(&text).and_then(|answer| taken(&answer)).ok_or_else(|| {
            // Taken or not, nobody knows: its statuses will tell.
            let message = "the answer names no message".to_owned();
            plain_error(doing, GraphErrorKind::BadAnswer, message, Retry::Never, true)
        })
    }
}

fn taken(answer: &Members<'_>) -> Option<Taken> {
    let messages = answer.objects("messages");
    let message = messages.first()?;
    let contacts = answer.objects("contacts");
    let contact = contacts.first();
    Some(Taken {
        id: ProviderMessageId::new(message.id("id")?),
        wa_id: contact.and_then(|contact| contact.phone("wa_id")),
        user_id: contact.and_then(|contact| contact.text("user_id")),
        held: message.word("message_status").is_some_and(|word| word != "accepted"),
    })
}

fn body(to: &Recipient, message: &OutgoingMessage, mark: &str) -> Value {
    let mut body = Map::new();
    body.insert("messaging_product".to_owned(), json!("whatsapp"));
    body.insert("recipient_type".to_owned(), json!("individual"));
    if let Some(phone) = to.phone() {
        body.insert("to".to_owned(), json!(phone.digits()));
    }
    if let Some(user_id) = to.user_id() {
        body.insert("recipient".to_owned(), json!(user_id));
    }
    let (kind, content) = match message {
        OutgoingMessage::Text { body } => ("text", json!({ "preview_url": false, "body": body })),
        OutgoingMessage::CallPermissionRequest { body } => {
            let mut interactive = json!({
                "type": "call_permission_request",
                "action": { "name": "call_permission_request" },
            });
            if let Some(body) = body {
                interactive["body"] = json!({ "text": body });
            }
            ("interactive", interactive)
        }
        OutgoingMessage::VoiceCall { body, button, ttl_minutes, payload } => {
            let mut parameters = Map::new();
            if let Some(button) = button {
                parameters.insert("display_text".to_owned(), json!(button));
            }
            if let Some(ttl) = ttl_minutes {
                parameters.insert("ttl_minutes".to_owned(), json!(ttl));
            }
            if let Some(payload) = payload {
                parameters.insert("payload".to_owned(), json!(payload));
            }
            let mut action = json!({ "name": "voice_call" });
            if !parameters.is_empty() {
                action["parameters"] = Value::Object(parameters);
            }
            ("interactive", json!({ "type": "voice_call", "body": { "text": body }, "action": action }))
        }
        OutgoingMessage::Template(template) => ("template", template_body(template)),
    };
    body.insert("type".to_owned(), json!(kind));
    body.insert(kind.to_owned(), content);
    if !mark.is_empty() {
        body.insert("biz_opaque_callback_data".to_owned(), json!(mark));
    }
    Value::Object(body)
}

fn template_body(template: &TemplateMessage) -> Value {
    let mut components = Vec::new();
    if !template.parameters.is_empty() {
        let parameters: Vec<Value> =
            template.parameters.iter().map(|text| json!({ "type": "text", "text": text })).collect();
        components.push(json!({ "type": "body", "parameters": parameters }));
    }
    if let Some(VoiceCallButton { index, ttl_minutes, payload }) = &template.voice_call {
        let ttl = ttl_minutes.map(|ttl| json!({ "type": "ttl_minutes", "ttl_minutes": ttl }));
        let payload = payload.as_ref().map(|payload| json!({ "type": "payload", "payload": payload }));
        let parameters: Vec<Value> = ttl.into_iter().chain(payload).collect();
        if !parameters.is_empty() {
            components.push(json!({
                "type": "button",
                "sub_type": "voice_call",
                // Not in Meta's sample of this button, and asked for by every other one.
                "index": index.to_string(),
                "parameters": parameters,
            }));
        }
    }
    let mut body = json!({ "name": template.name, "language": { "code": template.language } });
    if !components.is_empty() {
        body["components"] = Value::Array(components);
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Vec<Value> {
        serde_json::from_str(include_str!("../../../fixtures/api-requests-and-responses.json")).expect("JSON")
    }

    fn sample(name: &str) -> Value {
        samples().into_iter().find(|sample| sample["name"] == name).expect("a sample")
    }

    fn to() -> Recipient {
        Recipient::new(Some("+1 555 010 0002".parse().expect("a number")), None).expect("somebody")
    }

    #[test]
    fn a_request_and_a_call_button_are_metas_samples() {
        let ask = OutgoingMessage::CallPermissionRequest {
            body: Some("May we call you about your order?".to_owned()),
        };
        assert_eq!(body(&to(), &ask, ""), sample("permission request, free form")["body"]);
        let button = OutgoingMessage::VoiceCall {
            body: "Call us on WhatsApp".to_owned(),
            button: Some("Call now".to_owned()),
            ttl_minutes: Some(10_080),
            payload: Some("order-42".to_owned()),
        };
        assert_eq!(body(&to(), &button, ""), sample("voice_call button")["body"]);
    }

    #[test]
    fn a_text_goes_to_a_number_or_to_an_id_and_brings_its_mark_back() {
        let text = OutgoingMessage::Text { body: "Hello".to_owned() };
        let by_id = Recipient::new(None, Some("US.1".to_owned())).expect("somebody");
        assert_eq!(
            body(&by_id, &text, "msg_1"),
            json!({
                "messaging_product": "whatsapp", "recipient_type": "individual", "recipient": "US.1",
                "type": "text", "text": { "preview_url": false, "body": "Hello" },
                "biz_opaque_callback_data": "msg_1",
            })
        );
        assert_eq!(Recipient::new(None, None), None);
    }

    #[test]
    fn a_template_has_the_components_that_are_filled_in_and_no_others() {
        let mut template = TemplateMessage {
            name: "sample_cpr".to_owned(),
            language: "en".to_owned(),
            parameters: vec!["order 1522".to_owned()],
            voice_call: None,
        };
        assert_eq!(
            template_body(&template),
            json!({ "name": "sample_cpr", "language": { "code": "en" },
                "components": [{ "type": "body", "parameters": [{ "type": "text", "text": "order 1522" }] }] })
        );
        template.parameters.clear();
        template.voice_call =
            Some(VoiceCallButton { index: 0, ttl_minutes: Some(100), payload: Some("order-42".to_owned()) });
        assert_eq!(
            template_body(&template)["components"],
            json!([{ "type": "button", "sub_type": "voice_call", "index": "0", "parameters": [
                { "type": "ttl_minutes", "ttl_minutes": 100 }, { "type": "payload", "payload": "order-42" }] }])
        );
        template.voice_call = None;
        assert_eq!(template_body(&template), json!({ "name": "sample_cpr", "language": { "code": "en" } }));
    }

    #[test]
    fn what_meta_took_is_read_with_the_number_it_knows_him_by() {
        let answer = sample("permission request, free form")["response"]["body"].to_string();
        let taken = taken(&Members::of(&answer).expect("an object")).expect("taken");
        assert!(taken.id.as_str().starts_with("wamid."));
        assert_eq!(taken.wa_id.expect("a number").digits(), "15550100002");
        assert_eq!(taken.user_id.as_deref(), Some("US.10000000000000000001"));
        assert!(!taken.held);
        let held = r#"{"messages":[{"id":"wamid.1","message_status":"held_for_quality_assessment"}]}"#;
        assert!(super::taken(&Members::of(held).expect("an object")).expect("taken").held);
        assert_eq!(super::taken(&Members::of(r#"{"messages":[]}"#).expect("an object")), None);
    }
}
