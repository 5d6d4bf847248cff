//! What the audit log keeps of a change of a number's settings: which fields, and what they are from now on.

use std::net::IpAddr;

use serde_json::{Map, Value, json};
use switchboard_core::audit::AuditWhat;
use switchboard_core::language::Language;
use switchboard_core::media_terms::AdditionalCodec;
use switchboard_core::recording::{AnnouncementChoice, RecordingMode};
use switchboard_core::time::Timestamp;
use switchboard_store::audit::AuditEntry;
use switchboard_store::numbers::{Number, NumberChange};

use super::NumberSettings;
use super::recording::audit_entry;
use crate::auth::actor::SignedIn;

/// The entries of a change; a waiver of the announcement has one of its own. Saying what is so already changes nothing.
pub(super) fn entries(
    change: &NumberChange,
    known: &Number,
    who: &SignedIn,
    address: IpAddr,
    now: Timestamp,
) -> Vec<AuditEntry> {
    let of = |what, detail| audit_entry(known, who, address, now, what, detail);
    let mut entries = Vec::new();
    if let Some(waiver) = change.recording_waiver {
        entries.push(of(AuditWhat::RecordingWaiverSet, json!({ "waived": waiver.is_some() })));
    }
    // Settings are plain data: writing them as JSON cannot fail.
    let before = serde_json::to_value(NumberSettings::from(known.clone())).unwrap_or_default();
    let changed: Map<String, Value> =
        fields(change).into_iter().filter(|(name, value)| before.get(name) != Some(value)).collect();
    if !changed.is_empty() {
        entries.push(of(AuditWhat::NumberChanged, Value::Object(changed)));
    }
    entries
}

/// What a change names, as the API spells it.
fn fields(change: &NumberChange) -> Map<String, Value> {
    let NumberChange {
        name,
        branch,
        calling_enabled,
        business_calls_enabled,
        outgoing_ring_s,
        destination,
        answer_window_s,
        max_concurrent_calls,
        max_call_duration_s,
        srtp_key_exchange,
        additional_codecs,
        recording_mode,
        recording_announcement,
        recording_waiver: _,
        record_echo,
        notice_language,
        drain_answer,
        // Applied to Meta, and written down there.
        icon_shown: _,
        icon_countries: _,
        callback_permission: _,
        test_number: _,
        no_webhook_hours,
    } = change;
    let codecs = |codecs: &switchboard_core::media_terms::AdditionalCodecs| {
        codecs.iter().map(AdditionalCodec::as_str).collect::<Vec<_>>()
    };
    let all = [
        ("name", name.as_ref().map(|name| json!(name))),
        ("branch_id", branch.map(|branch| json!(branch.map(|branch| branch.to_string())))),
        ("calling_enabled", calling_enabled.map(Value::from)),
        ("business_calls_enabled", business_calls_enabled.map(Value::from)),
        ("outgoing_ring_s", outgoing_ring_s.map(Value::from)),
        ("destination", destination.map(|destination| destination.as_str().into())),
        ("answer_window_s", answer_window_s.map(Value::from)),
        ("max_concurrent_calls", max_concurrent_calls.map(Value::from)),
        ("max_call_duration_s", max_call_duration_s.map(Value::from)),
        ("srtp_key_exchange", srtp_key_exchange.map(|exchange| exchange.as_str().into())),
        ("additional_codecs", additional_codecs.as_ref().map(|all| json!(codecs(all)))),
        ("recording_mode", recording_mode.map(RecordingMode::as_str).map(Value::from)),
        ("recording_announcement", recording_announcement.map(AnnouncementChoice::as_str).map(Value::from)),
        ("record_echo", record_echo.map(Value::from)),
        ("notice_language", notice_language.map(Language::as_str).map(Value::from)),
        ("drain_answer", drain_answer.map(|answer| answer.as_str().into())),
        ("no_webhook_hours", no_webhook_hours.map(|hours| json!(hours))),
    ];
    all.into_iter().filter_map(|(field, value)| Some((field.to_owned(), value?))).collect()
}
