//! What a provider can tell us, in our words.
//!
//! Names, numbers, user ids, SDP and message texts are personal: every `Debug` here leaves them out.

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

mod account;
mod calls;
mod messages;

use std::fmt;

use switchboard_core::ids::ProviderCallId;

pub use self::account::{AccountSettings, AccountUpdate, PhoneNumberQuality};
pub use self::calls::{
    CallConnect, CallCreated, CallMedia, CallStatus, CallStatusWord, CallTerminate, Direction, MediaFile,
    Sdp, SdpType,
};
pub use self::messages::{Message, MessageStatus, MessageStatusWord, PermissionReply, PermissionVerdict};

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
