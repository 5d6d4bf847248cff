//! Every fixture, read and shown in words. What `Debug` hides is written out here: the fixtures are fake.

use std::fmt::{Display, Write as _};

use switchboard_core::call::input::ProviderFault;
use switchboard_core::phone::PhoneNumber;
use switchboard_core::time::Timestamp;

use super::*;
use crate::event::{
    CallConnect, CallMedia, CallStatus, CallTerminate, MediaFile, Message, MessageStatus, PermissionReply,
};

macro_rules! golden {
    ($($story:ident = $file:literal;)*) => {$(
        #[test]
        fn $story() {
            let text = include_str!(concat!("../../../fixtures/", $file));
            let incoming = parse(text.as_bytes()).expect("a webhook");
            insta::with_settings!({ description => $file, omit_expression => true }, {
                insta::assert_snapshot!(stringify!($story), in_words(&incoming));
            });
            for one in incoming {
                assert_eq!(reparse(&one.raw).expect("what was kept"), one, "{}", one.raw);
            }
        }
    )*};
}

golden! {
    a_customer_calls = "webhook-calls-connect-user-initiated.json";
    a_customer_with_a_username_presses_the_call_button = "webhook-calls-connect-user-initiated-username-and-button.json";
    meta_answers_our_call = "webhook-calls-connect-business-initiated.json";
    our_call_rings = "webhook-calls-status-ringing.json";
    our_call_is_accepted = "webhook-calls-status-accepted.json";
    our_call_is_rejected = "webhook-calls-status-rejected.json";
    a_call_is_completed = "webhook-calls-terminate-completed.json";
    a_call_was_not_answered = "webhook-calls-terminate-unanswered.json";
    a_call_failed_for_want_of_sound = "webhook-calls-terminate-failed-138021.json";
    a_sip_call_began = "webhook-calls-call-created-sip.json";
    a_recording_is_ready = "webhook-calls-recording-available.json";
    a_transcript_is_ready = "webhook-calls-transcription-available.json";
    a_customer_writes = "webhook-messages-text.json";
    a_customer_leaves_a_voicemail = "webhook-messages-voicemail.json";
    a_message_failed = "webhook-messages-status-failed-131047.json";
    a_customer_allows_calls_for_a_week = "webhook-permission-reply-accept-temporary.json";
    a_customer_allows_calls_for_good = "webhook-permission-reply-accept-permanent.json";
    a_customer_refuses_calls = "webhook-permission-reply-reject.json";
    meta_revokes_a_permission = "webhook-permission-reply-auto-revoked.json";
    a_call_gives_leave_to_call_back = "webhook-permission-reply-automatic-callback.json";
    call_settings_changed = "webhook-account-settings-update.json";
    meta_restricts_calling = "webhook-account-update-calling-restriction.json";
    meta_warns_of_few_answers = "webhook-account-update-low-pickup-warning.json";
    // Another provider's envelopes at Meta's address: kept whole, never an error.
    another_providers_connect_is_kept_unread = "ycloud-webhook-call-connect.json";
    another_providers_status_is_kept_unread = "ycloud-webhook-call-status-updated.json";
    another_providers_terminate_is_kept_unread = "ycloud-webhook-call-terminate.json";
}

#[test]
fn every_webhook_fixture_has_its_story() {
    let told = include_str!("golden.rs");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    let mut seen = 0;
    for file in std::fs::read_dir(folder).expect("the fixtures") {
        let name = file.expect("a file").file_name().into_string().expect("a name");
        if name.contains("webhook-") {
            seen += 1;
            assert!(told.contains(&format!("= \"{name}\";")), "{name} has no story");
        }
    }
    assert_eq!(seen, 26);
}

/// One line per fact.
pub(super) fn in_words(incoming: &[Incoming]) -> String {
    let mut out = String::new();
    for one in incoming {
        line(&mut out, "key", Some(&one.dedupe_key));
        line(&mut out, "number", one.provider_number_id.as_ref());
        line(&mut out, "kind", Some(one.event.kind()));
        match &one.event {
            ProviderEvent::CallConnect(event) => connect(&mut out, event),
            ProviderEvent::CallTerminate(event) => terminate(&mut out, event),
            ProviderEvent::CallStatus(event) => status(&mut out, event),
            ProviderEvent::CallCreated(event) => {
                line(&mut out, "direction", event.direction.map(|it| format!("{it:?}")));
                moment(&mut out, "at", event.at);
                phone(&mut out, "from", event.from.as_ref());
                phone(&mut out, "to", event.to.as_ref());
            }
            ProviderEvent::RecordingAvailable(event) | ProviderEvent::TranscriptionAvailable(event) => {
                media(&mut out, event);
            }
            ProviderEvent::Message(event) => message(&mut out, event),
            ProviderEvent::MessageStatus(event) => message_status(&mut out, event),
            ProviderEvent::PermissionReply(event) => permission(&mut out, event),
            ProviderEvent::AccountSettings(event) => line(&mut out, "settings", Some(format!("{event:#?}"))),
            ProviderEvent::AccountUpdate(event) => line(&mut out, "update", Some(format!("{event:#?}"))),
            ProviderEvent::PhoneNumberQuality(event) => {
                line(&mut out, "quality", Some(format!("{event:#?}")));
            }
            ProviderEvent::Unknown(event) => {
                line(&mut out, "field", Some(&event.field));
                line(&mut out, "what", Some(&event.what));
            }
        }
        out.push('\n');
    }
    out
}

fn line(out: &mut String, name: &str, value: Option<impl Display>) {
    if let Some(value) = value {
        writeln!(out, "{name}: {value}").expect("a string takes all");
    }
}

fn moment(out: &mut String, name: &str, at: Option<Timestamp>) {
    line(out, name, at.map(Timestamp::seconds));
}

fn phone(out: &mut String, name: &str, number: Option<&PhoneNumber>) {
    line(out, name, number.map(PhoneNumber::digits));
}

fn fault(out: &mut String, error: Option<&ProviderFault>) {
    line(out, "error", error.map(|error| format!("{} {}", error.code, error.message)));
}

fn file(out: &mut String, file: &MediaFile) {
    line(out, "file", Some(&file.id));
    line(out, "mime_type", file.mime_type.as_ref());
    line(out, "sha256", file.sha256.as_ref());
    line(out, "url", file.url.as_ref());
}

fn connect(out: &mut String, event: &CallConnect) {
    line(out, "call", Some(event.provider_call_id.as_str()));
    line(out, "direction", Some(format!("{:?}", event.direction)));
    moment(out, "at", Some(event.at));
    phone(out, "from", event.from.as_ref());
    line(out, "from_user_id", event.from_user_id.as_ref());
    line(out, "from_parent_user_id", event.from_parent_user_id.as_ref());
    phone(out, "to", event.to.as_ref());
    line(out, "to_user_id", event.to_user_id.as_ref());
    line(out, "caller_name", event.caller_name.as_ref());
    line(out, "username", event.username.as_ref());
    line(out, "cta_payload", event.cta_payload.as_ref());
    line(out, "deeplink_payload", event.deeplink_payload.as_ref());
    line(out, "biz_opaque_callback_data", event.biz_opaque_callback_data.as_ref());
    line(out, "sdp_type", event.sdp_type.map(|it| format!("{it:?}")));
    let sdp = event.sdp.as_ref().map(|sdp| {
        let lines: Vec<&str> = sdp.as_str().split_terminator("\r\n").collect();
        format!("{} lines ending in CRLF, the last {:?}", lines.len(), lines.last())
    });
    line(out, "sdp", sdp);
}

fn terminate(out: &mut String, event: &CallTerminate) {
    line(out, "call", Some(event.provider_call_id.as_str()));
    line(out, "direction", event.direction.map(|it| format!("{it:?}")));
    moment(out, "at", Some(event.ended.at));
    line(out, "failed", Some(event.ended.failed));
    moment(out, "started_at", event.ended.started_at);
    moment(out, "ended_at", event.ended.ended_at);
    line(out, "duration", event.ended.duration.map(|it| format!("{it:?}")));
    fault(out, event.ended.error.as_ref());
    phone(out, "from", event.from.as_ref());
    line(out, "from_user_id", event.from_user_id.as_ref());
    phone(out, "to", event.to.as_ref());
    line(out, "caller_name", event.caller_name.as_ref());
    line(out, "cta_payload", event.cta_payload.as_ref());
    line(out, "biz_opaque_callback_data", event.biz_opaque_callback_data.as_ref());
}

fn status(out: &mut String, event: &CallStatus) {
    line(out, "call", Some(event.provider_call_id.as_str()));
    moment(out, "at", event.at);
    line(out, "status", Some(format!("{:?}", event.status)));
    phone(out, "recipient", event.recipient.as_ref());
    line(out, "recipient_user_id", event.recipient_user_id.as_ref());
    line(out, "biz_opaque_callback_data", event.biz_opaque_callback_data.as_ref());
}

fn media(out: &mut String, event: &CallMedia) {
    line(out, "call", Some(event.provider_call_id.as_str()));
    moment(out, "at", event.at);
    file(out, &event.file);
}

fn message(out: &mut String, event: &Message) {
    moment(out, "at", event.at);
    phone(out, "from", event.from.as_ref());
    line(out, "from_user_id", event.from_user_id.as_ref());
    line(out, "name", event.name.as_ref());
    line(out, "type", Some(&event.kind));
    line(out, "text", event.text.as_ref());
    line(out, "voicemail_of", event.voicemail_of.as_ref().map(|id| id.as_str()));
    line(out, "answers", event.answers.as_ref());
    if let Some(attached) = &event.file {
        file(out, attached);
    }
}

fn message_status(out: &mut String, event: &MessageStatus) {
    moment(out, "at", event.at);
    line(out, "status", Some(format!("{:?}", event.status)));
    phone(out, "recipient", event.recipient.as_ref());
    fault(out, event.error.as_ref());
}

fn permission(out: &mut String, event: &PermissionReply) {
    moment(out, "at", event.at);
    phone(out, "from", event.from.as_ref());
    line(out, "from_user_id", event.from_user_id.as_ref());
    line(out, "verdict", Some(format!("{:?}", event.verdict)));
    line(out, "automatic", event.automatic);
    line(out, "answers", event.answers.as_ref());
}
