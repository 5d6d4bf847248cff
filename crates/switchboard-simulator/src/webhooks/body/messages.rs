//! Webhooks of the field `messages`: what customers write and answer, and what became of messages to them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Parties, contact};
use crate::chance;
use crate::permissions::{Answer, Standing};

/// A message id with the layout of real ones: the customer's number, direction, random hex digits.
pub(crate) fn message_id(customer: &str, inbound: bool) -> String {
    let mut bytes = vec![0x1c, 0x18, u8::try_from(customer.len()).unwrap_or(u8::MAX)];
    bytes.extend(customer.as_bytes());
    bytes.extend([0x15, 0x02, 0x00, if inbound { 0x12 } else { 0x11 }]);
    let hex = hex::encode_upper(chance::bytes::<10>());
    let hex = if inbound { &hex[..] } else { &hex[..18] };
    bytes.extend([0x18, u8::try_from(hex.len()).unwrap_or(u8::MAX)]);
    bytes.extend(hex.as_bytes());
    bytes.push(0x00);
    format!("wamid.{}", STANDARD.encode(bytes))
}

/// Something a customer sends; `content` is `type` and what belongs to it.
pub(crate) fn inbound(
    parties: &Parties,
    id: &str,
    at: i64,
    context: Option<Value>,
    content: &Value,
) -> Value {
    let mut message = json!({ "id": id, "from_user_id": parties.user_id, "timestamp": at.to_string() });
    if let Some(from) = &parties.from {
        message["from"] = json!(from);
    }
    if let Some(context) = context {
        message["context"] = context;
    }
    if let Some(content) = content.as_object() {
        for (name, value) in content {
            message[name] = value.clone();
        }
    }
    let value = json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": parties.display_phone, "phone_number_id": parties.number_id },
        "contacts": [contact(parties)],
        "messages": [message],
    });
    envelope(parties, &value)
}

/// A reply to a permission request, or a change without one.
pub(crate) fn permission_reply(answer: Answer, standing: Standing, automatic: bool) -> Value {
    let source = if automatic { "automatic" } else { "user_action" };
    let mut reply = json!({ "response_source": source });
    match (answer, standing) {
        (Answer::Decline, _) => reply["response"] = json!("reject"),
        (Answer::Temporary | Answer::Permanent, standing) => {
            reply["response"] = json!("accept");
            reply["is_permanent"] = json!(standing == Standing::Permanent);
            if let Standing::Temporary { until } = standing {
                reply["expiration_timestamp"] = json!(until.to_string());
            }
        }
    }
    json!({
        "type": "interactive",
        "interactive": { "type": "call_permission_reply", "call_permission_reply": reply },
    })
}

/// What became of a message to a customer.
pub(crate) struct StatusFacts<'a> {
    pub(crate) message: &'a str,
    pub(crate) status: &'a str,
    pub(crate) at: i64,
    pub(crate) callback_data: Option<&'a str>,
    pub(crate) pricing: Option<Value>,
    /// Code, title and details.
    pub(crate) error: Option<(i64, &'a str, &'a str)>,
}

/// A status: sent, delivered, read or failed.
pub(crate) fn status(parties: &Parties, facts: &StatusFacts<'_>) -> Value {
    let mut entry = json!({
        "id": facts.message,
        "status": facts.status,
        "timestamp": facts.at.to_string(),
        "recipient_user_id": parties.user_id,
    });
    if let Some(recipient) = &parties.from {
        entry["recipient_id"] = json!(recipient);
    }
    if let Some(data) = facts.callback_data {
        entry["biz_opaque_callback_data"] = json!(data);
    }
    if let Some(pricing) = &facts.pricing {
        entry["pricing"] = pricing.clone();
    }
    if let Some((code, title, details)) = facts.error {
        entry["errors"] = json!([{
            "code": code,
            "title": title,
            "message": title,
            "error_data": { "details": details },
            "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
        }]);
    }
    let value = json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": parties.display_phone, "phone_number_id": parties.number_id },
        "statuses": [entry],
    });
    envelope(parties, &value)
}

fn envelope(parties: &Parties, value: &Value) -> Value {
    json!({
        "object": "whatsapp_business_account",
        "entry": [{ "id": parties.waba_id, "changes": [{ "value": value, "field": "messages" }] }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::customer::Direction;

    fn parties() -> Parties {
        Parties {
            direction: Direction::UserInitiated,
            waba_id: "200000000000001".into(),
            number_id: "100000000000001".into(),
            display_phone: "15550100001".into(),
            name: "Test Caller".into(),
            from: Some("15550100002".into()),
            user_id: "US.10000000000000000001".into(),
            parent_user_id: None,
            username: None,
            cta_payload: None,
            deeplink_payload: None,
            with_contacts: true,
        }
    }

    fn sample(text: &str) -> Value {
        serde_json::from_str(text).expect("JSON")
    }

    fn reply(answer: Answer, standing: Standing, automatic: bool, context: Option<Value>) -> Value {
        let content = permission_reply(answer, standing, automatic);
        let id = "wamid.HBgLMTU1NTAxMDAwMDIVAgASGBQ0MDAwMDAwMDAwMDAwMDAwMDAwMgA=";
        inbound(&parties(), id, 1_760_000_300, context, &content)
    }

    #[test]
    fn replies_are_those_of_the_reference_word_for_word() {
        let asked = json!({ "from": "15550100001", "id": "wamid.HBgLMTU1NTAxMDAwMDIVAgARGBI0MDAwMDAwMDAwMDAwMDAwMDEA" });
        let until = Standing::Temporary { until: 1_760_605_100 };
        assert_eq!(
            reply(Answer::Temporary, until, false, Some(asked.clone())),
            sample(include_str!("../../../tests/samples/webhook-permission-reply-accept-temporary.json"))
        );
        assert_eq!(
            reply(Answer::Permanent, Standing::Permanent, false, Some(asked.clone())),
            sample(include_str!("../../../tests/samples/webhook-permission-reply-accept-permanent.json"))
        );
        assert_eq!(
            reply(Answer::Decline, Standing::None, false, Some(asked)),
            sample(include_str!("../../../tests/samples/webhook-permission-reply-reject.json"))
        );
        assert_eq!(
            reply(Answer::Decline, Standing::None, true, None),
            sample(include_str!("../../../tests/samples/webhook-permission-reply-auto-revoked.json"))
        );
    }

    #[test]
    fn message_ids_look_like_metas() {
        assert!(message_id("15550100002", false).starts_with("wamid.HBgLMTU1NTAxMDAwMDIVAgARGB"));
        assert!(message_id("15550100002", true).starts_with("wamid.HBgLMTU1NTAxMDAwMDIVAgASGB"));
    }
}
