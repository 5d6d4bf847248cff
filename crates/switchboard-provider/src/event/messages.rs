//! What a provider can tell us about messages and permissions.

use std::fmt;

use switchboard_core::call::input::ProviderFault;
use switchboard_core::ids::ProviderCallId;
use switchboard_core::phone::PhoneNumber;
use switchboard_core::time::Timestamp;

use super::MediaFile;

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

guarded_debug! {
    Message { at, kind, file }
    MessageStatus { at, status, error }
    PermissionReply { at, verdict, automatic }
}
