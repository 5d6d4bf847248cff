//! What a provider can tell us, in our words.
//!
//! Names, numbers, user ids, SDP and message texts are personal: every `Debug` here leaves them out.

use std::fmt;

use switchboard_core::call::input::{ProviderEnded, ProviderFault};
use switchboard_core::ids::ProviderCallId;
use switchboard_core::phone::PhoneNumber;
use switchboard_core::time::Timestamp;

use crate::settings::{CallingSettings, Restriction};

/// One thing the provider told us, as it goes through the inbox.
#[derive(Clone, PartialEq, Eq)]
pub struct Incoming {
    /// The same for every delivery of the same thing. Contains ids made of phone numbers: keep it out of logs.
    pub dedupe_key: String,
    /// Which of our numbers it is about, by the provider's id. None when the provider does not say.
    pub provider_number_id: Option<String>,
    /// A webhook body that says this one thing and nothing else; `reparse` reads it back after a restart.
    pub raw: String,
    /// What it says.
    pub event: ProviderEvent,
}

/// Everything a provider can tell us.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one per webhook, moved twice")]
pub enum ProviderEvent {
    /// A customer calls, or the media answer of a call of ours.
    CallConnect(CallConnect),
    /// A call is over.
    CallTerminate(CallTerminate),
    /// How a call of ours is doing at the customer's end.
    CallStatus(CallStatus),
    /// A SIP call began.
    CallCreated(CallCreated),
    /// Meta's recording of a call can be fetched.
    RecordingAvailable(CallMedia),
    /// Meta's transcript of a call can be fetched.
    TranscriptionAvailable(CallMedia),
    /// A customer wrote, or left a voicemail.
    Message(Message),
    /// What became of a message of ours.
    MessageStatus(MessageStatus),
    /// A customer allowed or forbade that we call.
    PermissionReply(PermissionReply),
    /// Calling settings of a number changed.
    AccountSettings(AccountSettings),
    /// Warnings and restrictions.
    AccountUpdate(AccountUpdate),
    /// Limits of a number changed.
    PhoneNumberQuality(PhoneNumberQuality),
    /// Something we have no words for (yet). Kept, counted, never an error.
    Unknown(Unknown),
}

impl ProviderEvent {
    /// One word for inbox rows and counters.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::CallConnect(_) => "connect",
            Self::CallTerminate(_) => "terminate",
            Self::CallStatus(_) => "status",
            Self::CallCreated(_) => "call_created",
            Self::RecordingAvailable(_) => "recording_available",
            Self::TranscriptionAvailable(_) => "transcription_available",
            Self::Message(_) => "message",
            Self::MessageStatus(_) => "message_status",
            Self::PermissionReply(_) => "permission_reply",
            Self::AccountSettings(_) => "account_settings",
            Self::AccountUpdate(_) => "account_update",
            Self::PhoneNumberQuality(_) => "phone_number_quality",
            Self::Unknown(_) => "unknown",
        }
    }

    /// The call it belongs to, if it belongs to one.
    #[must_use]
    pub const fn provider_call_id(&self) -> Option<&ProviderCallId> {
        match self {
            Self::CallConnect(event) => Some(&event.provider_call_id),
            Self::CallTerminate(event) => Some(&event.provider_call_id),
            Self::CallStatus(event) => Some(&event.provider_call_id),
            Self::CallCreated(event) => Some(&event.provider_call_id),
            Self::RecordingAvailable(event) | Self::TranscriptionAvailable(event) => {
                Some(&event.provider_call_id)
            }
            Self::Message(event) => event.voicemail_of.as_ref(),
            Self::MessageStatus(_)
            | Self::PermissionReply(_)
            | Self::AccountSettings(_)
            | Self::AccountUpdate(_)
            | Self::PhoneNumberQuality(_)
            | Self::Unknown(_) => None,
        }
    }
}

/// Who called whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The customer calls us (Meta: `USER_INITIATED`).
    Incoming,
    /// We call the customer (Meta: `BUSINESS_INITIATED`).
    Outgoing,
}

/// Which half of the offer and answer a session description is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SdpType {
    /// The first half.
    Offer,
    /// The second half.
    Answer,
}

/// A session description. Holds ICE credentials and addresses, so its `Debug` shows the length only.
#[derive(Clone, PartialEq, Eq)]
pub struct Sdp(String);

impl Sdp {
    /// The text with the line ends it came with.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text with the line ends it came with.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl From<String> for Sdp {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// A call as it is offered (incoming), or the media answer to one of ours (outgoing).
#[derive(Clone, PartialEq, Eq)]
pub struct CallConnect {
    /// The provider's id of the call.
    pub provider_call_id: ProviderCallId,
    /// Stated, or inferred from which half the session description is.
    pub direction: Direction,
    /// The webhook's own time stamp. Check its age before acting: stale ones arrive.
    pub at: Timestamp,
    /// The caller's number. Customers with a username may not share theirs.
    pub from: Option<PhoneNumber>,
    /// The caller's business-scoped id.
    pub from_user_id: Option<String>,
    /// The same above several businesses of one owner.
    pub from_parent_user_id: Option<String>,
    /// The called number.
    pub to: Option<PhoneNumber>,
    /// The called customer's business-scoped id.
    pub to_user_id: Option<String>,
    /// The customer's profile name. Can be a phone number.
    pub caller_name: Option<String>,
    /// The customer's username.
    pub username: Option<String>,
    /// From the call button that was pressed.
    pub cta_payload: Option<String>,
    /// From the call link that was followed.
    pub deeplink_payload: Option<String>,
    /// The session description.
    pub sdp: Option<Sdp>,
    /// Which half it is.
    pub sdp_type: Option<SdpType>,
    /// What we sent along when we dialled.
    pub biz_opaque_callback_data: Option<String>,
}

/// A call is over.
#[derive(Clone, PartialEq, Eq)]
pub struct CallTerminate {
    /// The provider's id of the call.
    pub provider_call_id: ProviderCallId,
    /// Who called whom, if stated.
    pub direction: Option<Direction>,
    /// How it ended, as the call machine wants to hear it.
    pub ended: ProviderEnded,
    /// The calling number.
    pub from: Option<PhoneNumber>,
    /// The caller's business-scoped id.
    pub from_user_id: Option<String>,
    /// The same above several businesses of one owner.
    pub from_parent_user_id: Option<String>,
    /// The called number.
    pub to: Option<PhoneNumber>,
    /// The customer's profile name.
    pub caller_name: Option<String>,
    /// The customer's username.
    pub username: Option<String>,
    /// From the call button that was pressed.
    pub cta_payload: Option<String>,
    /// From the call link that was followed.
    pub deeplink_payload: Option<String>,
    /// What we sent along with `accept` or when we dialled.
    pub biz_opaque_callback_data: Option<String>,
}

/// How a call of ours is doing at the customer's end.
#[derive(Clone, PartialEq, Eq)]
pub struct CallStatus {
    /// The provider's id of the call.
    pub provider_call_id: ProviderCallId,
    /// When.
    pub at: Option<Timestamp>,
    /// What.
    pub status: CallStatusWord,
    /// The customer's number.
    pub recipient: Option<PhoneNumber>,
    /// The customer's business-scoped id.
    pub recipient_user_id: Option<String>,
    /// What we sent along when we dialled.
    pub biz_opaque_callback_data: Option<String>,
}

/// What the customer's end says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallStatusWord {
    /// The customer's phone rings.
    Ringing,
    /// The customer picked up.
    Accepted,
    /// The customer declined; a terminate follows.
    Rejected,
    /// A word we do not know, in lower case.
    Other(String),
}

/// A SIP call began.
#[derive(Clone, PartialEq, Eq)]
pub struct CallCreated {
    /// The provider's id of the call.
    pub provider_call_id: ProviderCallId,
    /// Who called whom, if stated.
    pub direction: Option<Direction>,
    /// When.
    pub at: Option<Timestamp>,
    /// The calling number.
    pub from: Option<PhoneNumber>,
    /// The called number.
    pub to: Option<PhoneNumber>,
}

/// A file Meta made of a call.
#[derive(Clone, PartialEq, Eq)]
pub struct CallMedia {
    /// The provider's id of the call.
    pub provider_call_id: ProviderCallId,
    /// When.
    pub at: Option<Timestamp>,
    /// What to fetch.
    pub file: MediaFile,
}

/// A file in Meta's media store: the id lives 7 days, the URL 5 minutes.
#[derive(Clone, PartialEq, Eq)]
pub struct MediaFile {
    /// Media id.
    pub id: String,
    /// MIME type with parameters.
    pub mime_type: Option<String>,
    /// SHA-256 in base64.
    pub sha256: Option<String>,
    /// Short-lived URL; fetching it needs the access token.
    pub url: Option<String>,
}

/// A customer wrote, or left a voicemail.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// `wamid.…`; the call's id for a voicemail.
    pub id: String,
    /// When.
    pub at: Option<Timestamp>,
    /// The customer's number.
    pub from: Option<PhoneNumber>,
    /// The customer's business-scoped id.
    pub from_user_id: Option<String>,
    /// The customer's profile name.
    pub name: Option<String>,
    /// `text`, `audio`, `interactive`, … in Meta's words.
    pub kind: String,
    /// What was written, for texts and pressed buttons.
    pub text: Option<String>,
    /// What was attached.
    pub file: Option<MediaFile>,
    /// The call this is the voicemail of.
    pub voicemail_of: Option<ProviderCallId>,
    /// The message it answers.
    pub answers: Option<String>,
}

/// What became of a message of ours.
#[derive(Clone, PartialEq, Eq)]
pub struct MessageStatus {
    /// `wamid.…`
    pub id: String,
    /// When.
    pub at: Option<Timestamp>,
    /// What.
    pub status: MessageStatusWord,
    /// The customer's number.
    pub recipient: Option<PhoneNumber>,
    /// The customer's business-scoped id.
    pub recipient_user_id: Option<String>,
    /// What we sent along.
    pub biz_opaque_callback_data: Option<String>,
    /// Why it failed.
    pub error: Option<ProviderFault>,
}

/// How far a message of ours came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageStatusWord {
    /// Left Meta.
    Sent,
    /// On the customer's phone. Can be skipped when read at once.
    Delivered,
    /// Seen.
    Read,
    /// A voice message was played.
    Played,
    /// Will not arrive.
    Failed,
    /// A word we do not know, in lower case.
    Other(String),
}

/// A customer allowed or forbade that we call.
#[derive(Clone, PartialEq, Eq)]
pub struct PermissionReply {
    /// `wamid.…`
    pub id: String,
    /// When.
    pub at: Option<Timestamp>,
    /// The customer's number.
    pub from: Option<PhoneNumber>,
    /// The customer's business-scoped id.
    pub from_user_id: Option<String>,
    /// What was decided.
    pub verdict: PermissionVerdict,
    /// Did the customer decide, or Meta by rule? None: not said.
    pub automatic: Option<bool>,
    /// The request it answers (`wamid.…`), or the customer's call that gave it (`wacid.…`).
    pub answers: Option<String>,
}

/// What a customer decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PermissionVerdict {
    /// Until revoked.
    GrantedForGood,
    /// Until a moment: seven days after the grant when Meta does not say.
    GrantedUntil(Option<Timestamp>),
    /// Declined, or revoked.
    Refused,
}

/// Calling settings of a number changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSettings {
    /// When.
    pub at: Option<Timestamp>,
    /// The calling settings; None when something else changed.
    pub calling: Option<CallingSettings>,
}

/// Warnings and restrictions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountUpdate {
    /// Display number it is about.
    pub phone_number: Option<PhoneNumber>,
    /// When the notice was sent.
    pub at: Option<Timestamp>,
    /// `ACCOUNT_VIOLATION`, `ACCOUNT_RESTRICTION`, … in Meta's words.
    pub event: String,
    /// What we did wrong, in Meta's words.
    pub violation: Option<String>,
    /// What Meta advises.
    pub remediation: Option<String>,
    /// What is taken away.
    pub restrictions: Vec<Restriction>,
}

/// Limits of a number changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneNumberQuality {
    /// Display number it is about.
    pub phone_number: Option<PhoneNumber>,
    /// `THROUGHPUT_UPGRADE`, … in Meta's words.
    pub event: String,
    /// Limit before.
    pub old_limit: Option<String>,
    /// Limit now.
    pub current_limit: Option<String>,
}

/// Something we have no words for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The webhook field, empty when there is none.
    pub field: String,
    /// What we could not read, for counters and the operator. Holds nothing personal.
    pub what: String,
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("provider_number_id", &self.provider_number_id)
            .field("event", &self.event)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Sdp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sdp({} bytes)", self.0.len())
    }
}

/// A `Debug` that names only the fields which say nothing about a person.
macro_rules! guarded_debug {
    ($($name:ident { $($field:ident),* })*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))$(.field(stringify!($field), &self.$field))*.finish_non_exhaustive()
            }
        }
    )*};
}

guarded_debug! {
    CallConnect { provider_call_id, direction, at, sdp, sdp_type }
    CallTerminate { provider_call_id, direction, ended }
    CallStatus { provider_call_id, at, status }
    CallCreated { provider_call_id, direction, at }
    CallMedia { provider_call_id, at, file }
    MediaFile { mime_type }
    Message { at, kind, file }
    MessageStatus { at, status, error }
    PermissionReply { at, verdict, automatic }
}
