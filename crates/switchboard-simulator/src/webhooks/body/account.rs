//! Webhooks about the account and its numbers: restrictions, quality, settings.

use serde_json::{Value, json};

/// `account_update` about calling. `entry[].id` is "0" on these (quality of calls, 2026).
pub(crate) fn account_update(at: i64, value: &Value) -> Value {
    json!({
        "object": "whatsapp_business_account",
        "entry": [{ "id": "0", "time": at, "changes": [{ "value": value, "field": "account_update" }] }],
    })
}

/// `phone_number_quality_update`: it does not carry the rating itself, that is read with GET (2025).
pub(crate) fn quality_update(waba_id: &str, at: i64, display_phone: &str, event: &str, tier: &str) -> Value {
    json!({
        "object": "whatsapp_business_account",
        "entry": [{ "id": waba_id, "time": at, "changes": [{
            "value": {
                "display_phone_number": display_phone,
                "event": event,
                "max_daily_conversations_per_business": tier,
            },
            "field": "phone_number_quality_update",
        }] }],
    })
}

/// `account_settings_update`, with the settings as GET gives them.
pub(crate) fn settings_update(waba_id: &str, at: i64, number_id: &str, calling: &Value) -> Value {
    json!({
        "object": "whatsapp_business_account",
        "entry": [{ "id": waba_id, "changes": [{
            "value": {
                "messaging_product": "whatsapp",
                "timestamp": at.to_string(),
                "type": "phone_number_settings",
                "phone_number_settings": { "phone_number_id": number_id, "calling": calling },
            },
            "field": "account_settings_update",
        }] }],
    })
}
