//! Calls: offered, answered, over (Meta, Calling > User-initiated calls and > Business-initiated calls, 2026).

use std::time::Duration;

use switchboard_core::call::input::{ProviderEnded, ProviderFault};
use switchboard_core::ids::ProviderCallId;
use switchboard_core::time::Timestamp;

use crate::event::{
    CallConnect, CallCreated, CallMedia, CallStatus, CallStatusWord, CallTerminate, Direction, MediaFile,
    ProviderEvent, Sdp, SdpType,
};
use crate::meta::members::Members;

use super::{About, Reading, Unreadable};

/// One element of `calls`.
pub(super) fn call(call: &Members<'_>, about: &About<'_>) -> Reading {
    let id = call.id("id").ok_or("a call without an id")?;
    let event = call.word("event").ok_or("a call without an event")?;
    let provider_call_id = ProviderCallId::new(id.as_str());
    let at = call.moment("timestamp").or(about.sent_at);
    let (event, word) = match event.as_str() {
        "connect" => (connect(call, about, provider_call_id, at)?, event),
        "terminate" => (terminate(call, about, provider_call_id, at)?, event),
        // Some senders put what belongs into `statuses` here.
        "status" => return status(call, about),
        "call_created" => (created(call, provider_call_id, at), event),
        "call_recording_available" => {
            let file = media(call, "call_recording").ok_or("a recording without an id")?;
            (ProviderEvent::RecordingAvailable(CallMedia { provider_call_id, at, file }), event)
        }
        "call_transcription_available" => {
            let file = media(call, "call_transcript").ok_or("a transcript without an id")?;
            (ProviderEvent::TranscriptionAvailable(CallMedia { provider_call_id, at, file }), event)
        }
        other => return Err(Unreadable(format!("call event {other}"))),
    };
    Ok((event, key(about, &id, &word)))
}

/// Does an element of `statuses` speak of a call? Both kinds share the list's name.
pub(super) fn is_call_status(status: &Members<'_>, field: &str) -> bool {
    match status.word("type") {
        Some(kind) => kind == "call",
        None => field == "calls" || status.id("id").is_some_and(|id| id.starts_with("wacid.")),
    }
}

/// One element of `statuses` that speaks of a call.
pub(super) fn status(status: &Members<'_>, about: &About<'_>) -> Reading {
    let id = status.id("id").ok_or("a call status without an id")?;
    let word = status.word("status").filter(|word| word.len() <= 64).ok_or("a call status without a word")?;
    let key = key(about, &id, &word);
    let event = ProviderEvent::CallStatus(CallStatus {
        provider_call_id: ProviderCallId::new(id),
        at: status.moment("timestamp").or(about.sent_at),
        status: match word.as_str() {
            "ringing" => CallStatusWord::Ringing,
            "accepted" => CallStatusWord::Accepted,
            "rejected" => CallStatusWord::Rejected,
            _ => CallStatusWord::Other(word),
        },
        recipient: status.phone("recipient_id").or_else(|| status.phone("to")),
        recipient_user_id: status.text("recipient_user_id").or_else(|| status.text("to_user_id")),
        biz_opaque_callback_data: status.text("biz_opaque_callback_data"),
    });
    Ok((event, key))
}

/// Meta's error element: shown are the details where there are any, they say more than message and title.
pub(super) fn first_fault(of: &Members<'_>) -> Option<ProviderFault> {
    let errors = of.objects("errors");
    let error = errors.first()?;
    let details = error.object("error_data").and_then(|data| data.text("details"));
    let message = details.or_else(|| error.text("message")).or_else(|| error.text("title"));
    Some(ProviderFault { code: error.whole("code")?, message: message.unwrap_or_default() })
}

/// A media object with an id.
pub(super) fn media_file(file: &Members<'_>) -> Option<MediaFile> {
    Some(MediaFile {
        id: file.id("id")?,
        mime_type: file.text("mime_type"),
        sha256: file.text("sha256"),
        url: file.text("url"),
    })
}

fn key(about: &About<'_>, id: &str, word: &str) -> String {
    format!("meta:{}:{id}:{word}", about.number_id)
}

fn connect(
    call: &Members<'_>,
    about: &About<'_>,
    provider_call_id: ProviderCallId,
    at: Option<Timestamp>,
) -> Result<ProviderEvent, Unreadable> {
    let (sdp, sdp_type) = session(call);
    // `from` and `to` are swapped in one of Meta's samples: they never tell the direction.
    let direction = direction(call)
        .or(match sdp_type {
            Some(SdpType::Offer) => Some(Direction::Incoming),
            Some(SdpType::Answer) => Some(Direction::Outgoing),
            None => None,
        })
        .ok_or("a connect without a direction")?;
    let incoming = direction == Direction::Incoming;
    // The contact is the customer, whoever called.
    let of_caller = |member: &str| incoming.then(|| about.contact_text(member)).flatten();
    let from = call.phone("from").or_else(|| of_caller("wa_id")?.parse().ok());
    Ok(ProviderEvent::CallConnect(CallConnect {
        provider_call_id,
        direction,
        at: at.ok_or("a connect without a timestamp")?,
        from,
        from_user_id: call.text("from_user_id").or_else(|| of_caller("user_id")),
        from_parent_user_id: call.text("from_parent_user_id").or_else(|| of_caller("parent_user_id")),
        to: call.phone("to"),
        to_user_id: call.text("to_user_id"),
        caller_name: about.profile("name"),
        username: about.profile("username"),
        cta_payload: call.text("cta_payload"),
        deeplink_payload: call.text("deeplink_payload"),
        sdp: sdp.map(Sdp::from),
        sdp_type,
        biz_opaque_callback_data: call.text("biz_opaque_callback_data"),
    }))
}

fn terminate(
    call: &Members<'_>,
    about: &About<'_>,
    provider_call_id: ProviderCallId,
    at: Option<Timestamp>,
) -> Result<ProviderEvent, Unreadable> {
    let ended_at = call.moment("end_time");
    let status = call.word("status");
    let own_error = first_fault(call);
    let failed = match &status {
        Some(word) => word == "failed",
        None => own_error.is_some(),
    };
    // Real traffic repeats the errors beside the call; the documents show only those.
    let error = own_error.or_else(|| failed.then(|| first_fault(about.value)).flatten());
    Ok(ProviderEvent::CallTerminate(CallTerminate {
        provider_call_id,
        direction: direction(call),
        ended: ProviderEnded {
            at: at.or(ended_at).ok_or("a terminate without a timestamp")?,
            failed,
            started_at: call.moment("start_time"),
            ended_at,
            duration: call.whole("duration").and_then(|s| u64::try_from(s).ok()).map(Duration::from_secs),
            error,
        },
        from: call.phone("from"),
        from_user_id: call.text("from_user_id"),
        from_parent_user_id: call.text("from_parent_user_id"),
        to: call.phone("to"),
        caller_name: about.profile("name"),
        username: about.profile("username"),
        cta_payload: call.text("cta_payload"),
        deeplink_payload: call.text("deeplink_payload"),
        biz_opaque_callback_data: call.text("biz_opaque_callback_data"),
    }))
}

fn created(call: &Members<'_>, provider_call_id: ProviderCallId, at: Option<Timestamp>) -> ProviderEvent {
    ProviderEvent::CallCreated(CallCreated {
        provider_call_id,
        direction: direction(call),
        at,
        from: call.phone("from"),
        to: call.phone("to"),
    })
}

fn direction(call: &Members<'_>) -> Option<Direction> {
    match call.word("direction")?.as_str() {
        "user_initiated" => Some(Direction::Incoming),
        "business_initiated" => Some(Direction::Outgoing),
        _ => None,
    }
}

/// The session description: `session` today, `connection.webrtc.sdp` in beta payloads and beside it on
/// business-initiated calls, there as plain SDP or as JSON inside a string.
fn session(call: &Members<'_>) -> (Option<String>, Option<SdpType>) {
    let today = call.object("session");
    let stated = today.as_ref().and_then(|session| sdp_type(session, "sdp_type"));
    if let Some(sdp) = today.and_then(|session| session.text("sdp")) {
        let inferred = stated.or_else(|| inferred_type(&sdp));
        return (Some(sdp), inferred);
    }
    let beta = call.object("connection").and_then(|it| it.object("webrtc")).and_then(|it| it.text("sdp"));
    let Some(beta) = beta else { return (None, stated) };
    match Members::of(&beta) {
        Some(inner) => {
            let sdp = inner.text("sdp");
            let kind = stated.or_else(|| sdp_type(&inner, "type"));
            let inferred = kind.or_else(|| inferred_type(sdp.as_deref()?));
            (sdp, inferred)
        }
        None => {
            let inferred = stated.or_else(|| inferred_type(&beta));
            (Some(beta), inferred)
        }
    }
}

fn sdp_type(of: &Members<'_>, member: &str) -> Option<SdpType> {
    match of.word(member)?.as_str() {
        "offer" => Some(SdpType::Offer),
        "answer" => Some(SdpType::Answer),
        _ => None,
    }
}

/// Only an offer may leave the DTLS role open (RFC 5763 §5).
fn inferred_type(sdp: &str) -> Option<SdpType> {
    sdp.lines().find_map(|line| match line.trim_end() {
        "a=setup:actpass" => Some(SdpType::Offer),
        "a=setup:active" | "a=setup:passive" => Some(SdpType::Answer),
        _ => None,
    })
}

fn media(call: &Members<'_>, member: &str) -> Option<MediaFile> {
    let media = call.object(member)?;
    ["audio", "document"].into_iter().find_map(|kind| media_file(&media.object(kind)?))
}
