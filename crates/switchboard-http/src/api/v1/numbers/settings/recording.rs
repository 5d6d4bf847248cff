//! The part of a number's settings that says whether its calls are recorded (M5).

use std::net::IpAddr;

use switchboard_core::audit::{AuditKind, AuditWhat};
use switchboard_core::language::Language;
use switchboard_core::recording::{AnnouncementChoice, RecordingMode};
use switchboard_core::time::Timestamp;
use switchboard_store::audit::{AuditBy, AuditEntry, AuditSubject};
use switchboard_store::numbers::{Number, NumberChange, Waiver};

use super::NumberSettingsChange;
use crate::auth::actor::{Credential, SignedIn};
use crate::error::{Code, Problem};

/// What is wanted of the recording, checked against what the number is and in itself.
pub(super) fn checked(
    wanted: &NumberSettingsChange,
    change: &mut NumberChange,
    known: &Number,
    who: &SignedIn,
    now: Timestamp,
) -> Result<(), Problem> {
    change.recording_mode =
        word(wanted.recording_mode.as_deref(), "recording_mode", RecordingMode::ALL, RecordingMode::as_str)?;
    change.recording_announcement = word(
        wanted.recording_announcement.as_deref(),
        "recording_announcement",
        AnnouncementChoice::ALL,
        AnnouncementChoice::as_str,
    )?;
    change.notice_language =
        word(wanted.notice_language.as_deref(), "notice_language", Language::ALL, Language::as_str)?;
    change.record_echo = wanted.record_echo;
    change.recording_waiver = match wanted.recording_waiver {
        Some(true) if known.recording.waived => None,
        Some(true) if !wanted.confirm.unwrap_or(false) => {
            return Err(Problem::new(
                Code::ConfirmationNeeded,
                "Recording without telling the customer is forbidden in many places. Send \"confirm\": true to take the responsibility; your name is kept with it.",
            ));
        }
        Some(true) => Some(Some(Waiver { by: who.actor.is_person.then_some(who.actor.user), at: now })),
        Some(false) if known.recording.waived => Some(None),
        Some(false) | None => None,
    };
    let mut after = known.recording;
    after.mode = change.recording_mode.unwrap_or(after.mode);
    after.announcement = change.recording_announcement.unwrap_or(after.announcement);
    after.waived = change.recording_waiver.map_or(after.waived, |waiver| waiver.is_some());
    if after.is_complete() {
        Ok(())
    } else {
        Err(Problem::new(
            Code::AnnouncementNeeded,
            "Calls are recorded only after the customer was told. Upload your own announcement first, choose one of ours, or waive it.",
        ))
    }
}

/// An entry about this number.
pub(crate) fn audit_entry(
    number: &Number,
    who: &SignedIn,
    address: IpAddr,
    now: Timestamp,
    what: AuditWhat,
    detail: serde_json::Value,
) -> AuditEntry {
    let name = who.actor.name.clone();
    let by = match &who.credential {
        Credential::Session { .. } => AuditBy::Person { id: who.actor.user, name },
        // A key stands for a person under its own id.
        Credential::Key { .. } => {
            AuditBy::Key { id: switchboard_core::ids::ApiKeyId::from_uuid(who.actor.user.uuid()), name }
        }
    };
    let subject = AuditSubject::new(AuditKind::Number, number.id).named(number.name.clone());
    AuditEntry { who: by, what, subject, detail, address: Some(address), at: now }
}

pub(in crate::api::v1::numbers) fn word<T: Copy>(
    given: Option<&str>,
    path: &str,
    all: &[T],
    spelled: fn(T) -> &'static str,
) -> Result<Option<T>, Problem> {
    let Some(given) = given else { return Ok(None) };
    let known = all.iter().copied().find(|one| spelled(*one) == given);
    known.map(Some).ok_or_else(|| {
        let words: Vec<_> = all.iter().copied().map(spelled).collect();
        Problem::unknown_word(path, &words)
    })
}
