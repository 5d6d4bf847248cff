//! The bodies of webhooks, as captured and as printed in the documents of 2026: calls here, the rest below.

pub(crate) mod account;
pub(crate) mod messages;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::chance;
use crate::customer::Direction;

/// Who calls whom, as it stands in every webhook of a call.
#[derive(Debug, Clone)]
pub(crate) struct Parties {
    pub(crate) direction: Direction,
    pub(crate) waba_id: String,
    pub(crate) number_id: String,
    pub(crate) display_phone: String,
    pub(crate) name: String,
    /// Digits; nothing for a person who shows only a username (M-BSUID, 2026).
    pub(crate) from: Option<String>,
    pub(crate) user_id: String,
    pub(crate) parent_user_id: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) cta_payload: Option<String>,
    pub(crate) deeplink_payload: Option<String>,
    /// `contacts` is missing in old payloads.
    pub(crate) with_contacts: bool,
}

/// A call id with the inner layout seen in real ones: user number, direction (0x12 for calls of users, 0x11 for those
/// of the business), 32 hex digits, business number. Clients must treat it as opaque.
pub(crate) fn call_id(user: &str, business: &str, direction: Direction) -> String {
    let part = |bytes: &mut Vec<u8>, text: &str| {
        bytes.extend([0x1c, 0x18, u8::try_from(text.len()).unwrap_or(u8::MAX)]);
        bytes.extend(text.as_bytes());
        bytes.extend([0x15, 0x02, 0x00]);
    };
    let mut bytes = Vec::new();
    part(&mut bytes, user);
    let way = match direction {
        Direction::UserInitiated => 0x12,
        Direction::BusinessInitiated => 0x11,
    };
    bytes.extend([way, 0x18, 0x20]);
    bytes.extend(hex::encode_upper(chance::bytes::<16>()).as_bytes());
    part(&mut bytes, business);
    bytes.push(0x00);
    format!("wacid.{}", STANDARD.encode(bytes))
}

/// The end of a call as the terminate webhook tells it.
#[derive(Debug, Clone)]
pub(crate) struct EndFacts {
    pub(crate) at: i64,
    /// Seconds since 1970 when it was accepted; nothing when it never was.
    pub(crate) started: Option<i64>,
    /// Code and title of a failure.
    pub(crate) error: Option<(i64, &'static str)>,
    pub(crate) callback_data: Option<String>,
}

/// `connect`: a call with the customer's offer.
pub(crate) fn connect(parties: &Parties, call_id: &str, at: i64, sdp: &str) -> Value {
    let mut call = head(parties, call_id, "connect", at);
    call["session"] = json!({ "sdp_type": "offer", "sdp": sdp });
    envelope(parties, call, None)
}

/// `connect` of a call of the business: Meta's answer, and on demand the same in the form of 2024 beside it.
pub(crate) fn connected(
    parties: &Parties,
    call_id: &str,
    at: i64,
    sdp: &str,
    callback_data: Option<&str>,
    legacy: bool,
) -> Value {
    let mut call = head(parties, call_id, "connect", at);
    if let Some(data) = callback_data {
        call["biz_opaque_callback_data"] = json!(data);
    }
    call["session"] = json!({ "sdp_type": "answer", "sdp": sdp });
    if legacy {
        let inside = json!({ "sdp": sdp, "type": "answer" }).to_string();
        call["connection"] = json!({ "webrtc": { "sdp": inside } });
    }
    envelope(parties, call, None)
}

/// A status of a call of the business: RINGING, ACCEPTED or REJECTED. The field stays `calls`, there are no contacts.
pub(crate) fn call_status(
    parties: &Parties,
    call_id: &str,
    at: i64,
    status: &str,
    callback_data: Option<&str>,
) -> Value {
    let mut entry = json!({
        "id": call_id,
        "timestamp": at.to_string(),
        "type": "call",
        "status": status,
        "recipient_user_id": parties.user_id,
    });
    for (name, value) in [
        ("recipient_id", parties.from.as_deref()),
        ("recipient_parent_user_id", parties.parent_user_id.as_deref()),
        ("biz_opaque_callback_data", callback_data),
    ] {
        if let Some(value) = value {
            entry[name] = json!(value);
        }
    }
    let value = json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": parties.display_phone, "phone_number_id": parties.number_id },
        "statuses": [entry],
    });
    json!({
        "object": "whatsapp_business_account",
        "entry": [{ "id": parties.waba_id, "changes": [{ "value": value, "field": "calls" }] }],
    })
}

/// `terminate`: the call is over. "Answered" is a present `start_time`, not the status (M-UIC).
pub(crate) fn terminate(parties: &Parties, call_id: &str, end: &EndFacts) -> Value {
    let mut call = head(parties, call_id, "terminate", end.at);
    call["status"] = json!(if end.error.is_some() { "FAILED" } else { "COMPLETED" });
    if let Some(started) = end.started {
        call["start_time"] = json!(started.to_string());
        call["end_time"] = json!(end.at.to_string());
        call["duration"] = json!(end.at.saturating_sub(started));
    }
    if let Some(data) = &end.callback_data {
        call["biz_opaque_callback_data"] = json!(data);
    }
    // Real traffic carries the errors in the call and beside it; the documents only beside it.
    let errors = end.error.map(|(code, title)| {
        json!([{ "code": code, "title": title, "message": title, "error_data": { "details": title } }])
    });
    if let Some(errors) = &errors {
        call["errors"] = errors.clone();
    }
    envelope(parties, call, errors)
}

fn head(parties: &Parties, call_id: &str, event: &str, at: i64) -> Value {
    // Timestamps are strings on the wire although the tables say Integer.
    let mut call = json!({ "id": call_id, "event": event, "timestamp": at.to_string() });
    let (customer, user, parent) = match parties.direction {
        Direction::UserInitiated => {
            call["to"] = json!(parties.display_phone);
            call["direction"] = json!("USER_INITIATED");
            ("from", "from_user_id", "from_parent_user_id")
        }
        Direction::BusinessInitiated => {
            call["from"] = json!(parties.display_phone);
            call["direction"] = json!("BUSINESS_INITIATED");
            ("to", "to_user_id", "to_parent_user_id")
        }
    };
    call[user] = json!(parties.user_id);
    for (name, value) in [
        (customer, &parties.from),
        (parent, &parties.parent_user_id),
        ("cta_payload", &parties.cta_payload),
        ("deeplink_payload", &parties.deeplink_payload),
    ] {
        if let Some(value) = value {
            call[name] = json!(value);
        }
    }
    call
}

fn contact(parties: &Parties) -> Value {
    let mut contact = json!({ "profile": { "name": parties.name }, "user_id": parties.user_id });
    if let Some(username) = &parties.username {
        contact["profile"]["username"] = json!(username);
    }
    if let Some(from) = &parties.from {
        contact["wa_id"] = json!(from);
    }
    if let Some(parent) = &parties.parent_user_id {
        contact["parent_user_id"] = json!(parent);
    }
    contact
}

fn envelope(parties: &Parties, call: Value, errors: Option<Value>) -> Value {
    let mut value = json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": parties.display_phone, "phone_number_id": parties.number_id },
        "calls": [call],
    });
    if parties.with_contacts {
        value["contacts"] = json!([contact(parties)]);
    }
    if let Some(errors) = errors {
        value["errors"] = errors;
    }
    json!({
        "object": "whatsapp_business_account",
        "entry": [{ "id": parties.waba_id, "changes": [{ "value": value, "field": "calls" }] }],
    })
}

/// The same call event inside a batch: before it a message of the same customer, after it a field nobody knows.
/// Meta batches up to 1,000 updates (webhooks overview, Nov 2025).
pub(crate) fn in_a_batch(mut body: Value, parties: &Parties, at: i64) -> Value {
    let stranger = json!({ "field": "simulated_future_field", "value": { "simulated": true } });
    let message = json!({ "field": "messages", "value": {
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": parties.display_phone, "phone_number_id": parties.number_id },
        "messages": [{
            "id": format!("wamid.{}", STANDARD.encode(chance::bytes::<18>())),
            "from": parties.from.clone().unwrap_or_default(),
            "timestamp": at.to_string(),
            "type": "text",
            "text": { "body": "Olá! Está aí? 👋 https://example.com/a" },
        }],
    }});
    if let Some(changes) = body["entry"][0]["changes"].as_array_mut() {
        changes.insert(0, message);
        changes.push(stranger);
    }
    body
}

/// The bytes Meta puts on the wire: `/` as `\/` and everything beyond ASCII as `\uXXXX` in lower-case hex.
pub(crate) fn bytes(body: &Value) -> Vec<u8> {
    let plain = body.to_string();
    let mut wire = String::with_capacity(plain.len() + 64);
    for character in plain.chars() {
        if character == '/' {
            wire.push_str("\\/");
        } else if character.is_ascii() {
            wire.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                wire.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    wire.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn parties() -> Parties {
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

    #[test]
    fn the_body_keeps_metas_escapes_and_still_means_the_same() {
        let body = json!({ "name": "äöå 😀", "url": "https://example.com/a" });
        let wire = bytes(&body);
        assert_eq!(
            String::from_utf8_lossy(&wire),
            r#"{"name":"\u00e4\u00f6\u00e5 \ud83d\ude00","url":"https:\/\/example.com\/a"}"#
        );
        assert_eq!(serde_json::from_slice::<Value>(&wire).expect("JSON"), body);
    }

    #[test]
    fn a_call_id_has_the_layout_of_real_ones() {
        let id = call_id("15550100002", "15550100001", Direction::UserInitiated);
        let ours = call_id("15550100002", "15550100001", Direction::BusinessInitiated);
        assert!(ours.starts_with("wacid.HBgLMTU1NTAxMDAwMDIVAgARGC"), "{ours}");
        assert!(id.starts_with("wacid.HBgLMTU1NTAxMDAwMDIVAgASGC"), "{id}");
        assert!(id.ends_with("wYCzE1NTUwMTAwMDAxFQIAAA=="), "{id}");
    }

    #[test]
    fn an_unanswered_end_carries_no_times() {
        let end = EndFacts { at: 1_760_000_045, started: None, error: None, callback_data: None };
        let call =
            terminate(&parties(), "wacid.x", &end)["entry"][0]["changes"][0]["value"]["calls"][0].clone();
        assert_eq!(call["status"], "COMPLETED");
        assert!(call.get("start_time").is_none() && call.get("duration").is_none());
        assert_eq!(call["timestamp"], "1760000045");
    }

    #[test]
    fn a_failed_end_carries_its_error_in_both_places() {
        let end =
            EndFacts { at: 33, started: Some(13), error: Some((138_021, "no media")), callback_data: None };
        let value = terminate(&parties(), "wacid.x", &end)["entry"][0]["changes"][0]["value"].clone();
        assert_eq!(value["errors"][0]["code"], 138_021);
        assert_eq!(value["calls"][0]["errors"][0]["code"], 138_021);
        assert_eq!(value["calls"][0]["duration"], 20);
    }

    #[test]
    fn a_person_with_a_username_shows_no_number_anywhere() {
        let parties = Parties { from: None, username: Some("testcaller".into()), ..parties() };
        let text = connect(&parties, "wacid.x", 1, "v=0\r\n").to_string();
        assert!(!text.contains("15550100002") && !text.contains("wa_id"));
        assert!(text.contains("testcaller"));
    }
}
