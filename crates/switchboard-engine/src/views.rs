//! From rows and facts to what the outside may see.

use serde_json::{Value, json};
use switchboard_core::call::effect::{Notice, StopRinging};
use switchboard_core::call::event::CallEventKind;
use switchboard_core::call::input::{MediaRefusal, ProviderFault};
use switchboard_core::call::recording::RecordingFacts;
use switchboard_core::call::state::Ending;
use switchboard_core::ids::UserId;
use switchboard_core::phone::PhoneNumber;
use switchboard_core::time::Timestamp;
use switchboard_store::calls::{CallRow, EventRow};
use switchboard_store::log::LogEntry;
use switchboard_store::numbers::Number;

use crate::clock::rfc3339;
use crate::events::{
    CallError, CallEventView, CallView, Caller, LogEntryView, NumberName, Person, Quality, RecordingNow,
};

/// Of many who are rung so many are named; a call that rings two hundred people would be told to each with the names
/// of all the others.
pub(crate) const NAMED: usize = 8;

/// The number as a call names it.
pub(crate) fn number_name(number: &Number) -> NumberName {
    NumberName {
        id: number.id.to_string(),
        name: number.name.clone(),
        display_phone: number
            .display_phone
            .parse::<PhoneNumber>()
            .map_or_else(|_| number.display_phone.clone(), |phone| phone.international()),
    }
}

/// A call as lists, cards and pages show it.
pub(crate) fn call_view(
    row: &CallRow,
    ring_until: Option<Timestamp>,
    number: NumberName,
    name_of: impl Fn(UserId) -> Person,
) -> CallView {
    let facts = row.facts();
    let ending = facts.ending.as_ref();
    CallView {
        id: row.id.to_string(),
        direction: row.direction.as_str(),
        state: facts.state.as_str(),
        status: facts.status().as_str(),
        outcome: ending.map(|ending| ending.outcome.as_str()),
        end_reason: ending.map(|ending| ending.reason.as_str()),
        ended_by: ending.map(|ending| ending.by.as_str()),
        number,
        caller: Caller {
            name: row.caller.name.clone(),
            phone: row.caller.phone.as_ref().map(PhoneNumber::international),
            username: row.caller.username.clone(),
            country: row.caller.country.clone(),
        },
        cta_payload: row.cta_payload.clone(),
        deeplink_payload: row.deeplink_payload.clone(),
        branch_id: row.branch.map(|branch| branch.to_string()),
        offered_at: rfc3339(facts.offered_at.unwrap_or(row.created_at)),
        answer_by: facts.answer_by.map(rfc3339),
        placed_by: facts.placed_by.map(&name_of),
        dialled_at: facts.dialled_at.map(rfc3339),
        rang_at: facts.rang_at.map(rfc3339),
        ring_until: ring_until.map(rfc3339),
        pre_accepted_at: facts.pre_accepted_at.map(rfc3339),
        accepted_at: facts.accepted_at.map(rfc3339),
        answered_at: facts.answered_at.map(rfc3339),
        answered_by: facts.answered_by.map(&name_of),
        ended_at: ending.map(|ending| rfc3339(ending.at)),
        ringing: facts.ringing.iter().take(NAMED).copied().map(&name_of).collect(),
        ringing_count: facts.ringing.len(),
        talk_seconds: facts.talk_time().map(|talk| talk.as_secs()),
        duration_seconds: facts.provider_duration.map(|duration| duration.as_secs()),
        error: ending
            .and_then(|ending| ending.fault.as_ref())
            .map(|fault| CallError { code: fault.code, message: fault.message.clone() }),
        quality: row.quality.as_ref().and_then(worst_leg),
        // Only the task of a live call knows.
        recording: None,
    }
}

/// How the recording of a live call stands.
pub(crate) fn recording_now(facts: RecordingFacts) -> RecordingNow {
    RecordingNow { state: facts.state.as_str(), can_start: facts.can_start, can_pause: facts.can_pause }
}

/// The leg that sounds worse is how the call sounds.
fn worst_leg(quality: &Value) -> Option<Quality> {
    ["customer", "agent"]
        .into_iter()
        .filter_map(|leg| serde_json::from_value::<Quality>(quality.get(leg)?.clone()).ok())
        .min_by(|one, other| one.mos.total_cmp(&other.mos))
}

/// One entry of a call's story.
pub(crate) fn event_view(row: &EventRow) -> CallEventView {
    CallEventView {
        id: row.id.to_string(),
        call_id: row.call.to_string(),
        seq: row.seq,
        at: rfc3339(row.at),
        kind: row.kind.clone(),
        data: row.data.clone(),
    }
}

/// One entry of the event log.
pub(crate) fn log_view(entry: &LogEntry) -> LogEntryView {
    LogEntryView {
        id: entry.id.to_string(),
        call_id: entry.call.map(|id| id.to_string()),
        contact_id: entry.contact.map(|id| id.to_string()),
        number_id: entry.number.map(|id| id.to_string()),
        seq: entry.seq,
        at: rfc3339(entry.at),
        kind: entry.kind.clone(),
        data: entry.data.clone(),
    }
}

/// The facts that go with an entry of the story.
pub(crate) fn event_data(what: &CallEventKind, name_of: impl Fn(UserId) -> Person) -> Value {
    let person = |user: UserId| json!({ "user": name_of(user) });
    match what {
        CallEventKind::Received
        | CallEventKind::CustomerRings
        | CallEventKind::DialSent
        | CallEventKind::Dialled
        | CallEventKind::AnswerCame
        | CallEventKind::AppearedLate
        | CallEventKind::EndedBeforeOffer
        | CallEventKind::OfferedAfterEnd
        | CallEventKind::ProviderTimes
        | CallEventKind::MediaPrepared
        | CallEventKind::AcceptSent
        | CallEventKind::RejectSent
        | CallEventKind::TerminateSent
        | CallEventKind::CustomerConnected
        | CallEventKind::CustomerHeard
        | CallEventKind::MusicStarted
        | CallEventKind::OfferedAgain => json!({}),
        CallEventKind::PreAccepted { presumed } | CallEventKind::Accepted { presumed } => {
            json!({ "presumed": presumed })
        }
        CallEventKind::Terminated(ending)
        | CallEventKind::Rejected(ending)
        | CallEventKind::Missed(ending)
        | CallEventKind::Failed(ending)
        | CallEventKind::Cancelled(ending)
        | CallEventKind::EndRefined(ending) => ending_data(ending, name_of),
        CallEventKind::MediaRefused(refusal) => match refusal {
            MediaRefusal::NoPorts => json!({ "why": "no_rtp_ports" }),
            MediaRefusal::Flooded => json!({ "why": "flooded" }),
            MediaRefusal::BadOffer(text) => json!({ "why": "bad_offer", "detail": text }),
            MediaRefusal::Unavailable => json!({ "why": "media_unavailable" }),
        },
        CallEventKind::PreAcceptSent { attempt } => json!({ "attempt": attempt }),
        CallEventKind::ProviderRefused { action, fault } => {
            json!({ "action": action, "error": fault_data(fault) })
        }
        CallEventKind::ProviderUnclear { action, detail } => json!({ "action": action, "detail": detail }),
        CallEventKind::Rung(user) => json!({ "users": [name_of(*user)] }),
        CallEventKind::Initiated(user)
        | CallEventKind::AnswerClicked(user)
        | CallEventKind::PutThrough(user)
        | CallEventKind::LineLost(user)
        | CallEventKind::LineBack(user) => person(*user),
        CallEventKind::RingStopped { agent, why } => {
            json!({ "users": [name_of(*agent)], "why": stop_ringing_word(*why) })
        }
        CallEventKind::NoticeStarted(notice) => json!({ "notice": notice_word(*notice) }),
        CallEventKind::RecordingAnnounced(by)
        | CallEventKind::RecordingStarted(by)
        | CallEventKind::RecordingStopped(by) => json!({ "user": by.map(&name_of) }),
        CallEventKind::RecordingPaused(user) | CallEventKind::RecordingResumed(user) => person(*user),
        CallEventKind::RecordingFailed(why) => json!({ "why": why }),
        CallEventKind::InputRefused { input, why } => json!({ "input": input, "why": why }),
        CallEventKind::DeadlinePassed(reason) => json!({ "reason": reason.as_str() }),
    }
}

fn ending_data(ending: &Ending, name_of: impl Fn(UserId) -> Person) -> Value {
    json!({
        "outcome": ending.outcome.as_str(),
        "reason": ending.reason.as_str(),
        "by": ending.by.as_str(),
        "user": ending.by_user.map(name_of),
        "at": rfc3339(ending.at),
        "error": ending.fault.as_ref().map(fault_data),
    })
}

fn fault_data(fault: &ProviderFault) -> Value {
    json!({ "code": fault.code, "message": fault.message })
}

const fn notice_word(notice: Notice) -> &'static str {
    match notice {
        Notice::NobodyLeft => "nobody_left",
        Notice::EndsSoon => "ends_soon",
        Notice::Maintenance => "maintenance",
    }
}

/// The word for why an offer is taken back.
pub(crate) const fn stop_ringing_word(why: StopRinging) -> &'static str {
    match why {
        StopRinging::Taken { .. } => "taken",
        StopRinging::Answered => "answered",
        StopRinging::Declined => "declined",
        StopRinging::Ended => "ended",
        StopRinging::Unavailable => "unavailable",
        StopRinging::TimedOut => "timed_out",
    }
}
