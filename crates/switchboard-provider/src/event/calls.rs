//! What a provider can tell us about a call.

use std::fmt;

use switchboard_core::call::input::ProviderEnded;
use switchboard_core::ids::ProviderCallId;
use switchboard_core::phone::PhoneNumber;
use switchboard_core::time::Timestamp;

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

impl fmt::Debug for Sdp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sdp({} bytes)", self.0.len())
    }
}

guarded_debug! {
    CallConnect { provider_call_id, direction, at, sdp, sdp_type }
    CallTerminate { provider_call_id, direction, ended }
    CallStatus { provider_call_id, at, status }
    CallCreated { provider_call_id, direction, at }
    CallMedia { provider_call_id, at, file }
    MediaFile { mime_type }
}
