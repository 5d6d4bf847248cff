//! May this number call this customer? What Meta calls the permission of a pair (P1–P5), as a wallet that is filled by
//! what Meta says and emptied by time.
//!
//! - [`wallet`]: the pure machine: what happened goes in, what changed comes out
//! - [`reply`]: the replies of customers and of Meta, in the order of Meta's timestamps
//! - [`reserved`]: a request that is about to be sent; two wallets of one person
//! - [`limits`]: how often we may ask, how many calls a day, and how many may stay unanswered
//!
//! The rules are Meta's ("Obtain user call permissions", June 2026, and "Business-initiated calls", 2026) and one of
//! our own, `call_within`. Where Meta's text leaves room we take the stricter reading: the wallet may say no where Meta
//! would say yes, never the other way round. A wallet belongs to one pair of business number and customer; who the
//! customer is, by number or by id, is the caller's business.

pub mod limits;
pub mod reply;
pub mod reserved;
#[cfg(test)]
mod tests;
pub mod wallet;

use std::time::Duration;

use crate::call::state::words;
use crate::ids::ProviderMessageId;
use crate::time::Timestamp;

pub use limits::{CallObstacle, CallVerdict, CallWarning, RequestRefusal, RequestRefusalWhy, Usage};
pub use reply::{Answers, ReplyVerdict};
pub use wallet::{Found, Wallet, WalletEvent, WalletInput};

words! {
    /// How a pair stands (P1).
    PermissionStatus {
        /// Nobody has asked, nobody has given.
        None = "none",
        /// We asked, the customer has not answered.
        Requested = "requested",
        /// The customer allows calls until a moment.
        Temporary = "temporary",
        /// The customer allows calls until he takes it back.
        Permanent = "permanent",
        /// The customer said no to a request.
        Denied = "denied",
        /// The permission was taken back, by the customer or by Meta.
        Revoked = "revoked",
        /// The permission has run out.
        Expired = "expired",
    }
}

impl PermissionStatus {
    /// Does it allow calls?
    #[must_use]
    pub const fn is_granted(self) -> bool {
        match self {
            Self::Temporary | Self::Permanent => true,
            Self::None | Self::Requested | Self::Denied | Self::Revoked | Self::Expired => false,
        }
    }
}

words! {
    /// Where the last change came from.
    PermissionSource {
        /// The customer's answer to a request.
        Request = "request",
        /// The customer called us, and the number gives that the callback permission.
        Callback = "callback",
        /// The customer set it in the business' profile.
        Profile = "profile",
        /// Meta said so when we looked it up; what the customer did is not known.
        Lookup = "lookup",
        /// Meta took it away by itself, after calls nobody answered.
        Automatic = "automatic",
    }
}

words! {
    /// What became of a request.
    RequestState {
        /// Not answered.
        Open = "open",
        /// Answered, with yes or with no.
        Answered = "answered",
        /// Meta took it and could not deliver it. It counts as asked until Meta's own count says otherwise.
        Failed = "failed",
        /// An answer to a request that we do not know (yet): its answer may be faster than the response to our own
        /// request. It does not count as asked.
        Unknown = "unknown",
    }
}

/// A permission request of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentRequest {
    /// When Meta had taken it: the moment of the response, which is not before Meta's own.
    pub at: Timestamp,
    /// Meta's id of the message.
    pub message_id: ProviderMessageId,
    /// What became of it.
    pub state: RequestState,
}

words! {
    /// What Meta counts (the actions of `call_permissions`).
    LimitedAction {
        /// Sending a permission request.
        RequestPermission = "request_permission",
        /// Calling.
        StartCall = "start_call",
    }
}

/// One entry of Meta's `limits[]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportedLimit {
    /// What is counted.
    pub action: LimitedAction,
    /// Over which span.
    pub period: Duration,
    /// So many are allowed in it.
    pub max_allowed: u32,
    /// So many were used when Meta said so.
    pub used: u32,
    /// When one more is allowed; only said of a limit that is used up.
    pub resets_at: Option<Timestamp>,
}

/// What Meta said when it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// When we asked (not when the answer came: what happens in between may not be in it).
    pub at: Timestamp,
    /// How the pair stood.
    pub found: Found,
    /// Meta's `can_perform_action` of a request, when it was said.
    pub can_request: Option<bool>,
    /// Meta's `can_perform_action` of a call, when it was said.
    pub can_call: Option<bool>,
    /// Meta's counts.
    pub limits: Vec<ReportedLimit>,
}

/// What is kept of a wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletFacts {
    /// How the pair stands.
    pub status: PermissionStatus,
    /// While it is `Requested`: how it stood before, and stands again if nobody answers. Else the same as `status`.
    pub before_request: PermissionStatus,
    /// Where the last change came from.
    pub source: Option<PermissionSource>,
    /// When the customer gave it, by Meta's clock.
    pub granted_at: Option<Timestamp>,
    /// When it ends; none for a permanent one.
    pub expires_at: Option<Timestamp>,
    /// Meta's timestamp of the newest reply that was applied. An older one changes nothing any more.
    pub newest_change_at: Option<Timestamp>,
    /// Our requests of the last seven days, oldest first.
    pub requests: Vec<SentRequest>,
    /// The last call with this customer, in either direction, that was connected: it resets the counters of requests.
    pub counters_reset_at: Option<Timestamp>,
    /// Calls of ours that were connected in the last 24 hours, oldest first.
    pub connected: Vec<Timestamp>,
    /// Calls of ours that nobody took, one after the other, oldest first; a connected call ends the row.
    pub not_taken: Vec<Timestamp>,
    /// When Meta last revoked by itself: the row before it is used up.
    pub revoked_by_meta_at: Option<Timestamp>,
    /// What Meta said last when it was asked.
    pub reported: Option<Report>,
}

impl Default for WalletFacts {
    fn default() -> Self {
        Self {
            status: PermissionStatus::None,
            before_request: PermissionStatus::None,
            source: None,
            granted_at: None,
            expires_at: None,
            newest_change_at: None,
            requests: Vec::new(),
            counters_reset_at: None,
            connected: Vec::new(),
            not_taken: Vec::new(),
            revoked_by_meta_at: None,
            reported: None,
        }
    }
}

/// A temporary permission ends this long after it was given ("Obtain user call permissions": 7 days, 168 hours).
pub const TEMPORARY_FOR: Duration = Duration::from_secs(7 * DAY.as_secs());
/// A request that nobody answers is over after seven days.
pub const REQUEST_OPEN_FOR: Duration = Duration::from_secs(7 * DAY.as_secs());
/// A permission that ends within a day is worth a word.
pub const EXPIRES_SOON: Duration = DAY;

pub(crate) const DAY: Duration = Duration::from_secs(24 * 3_600);
pub(crate) const WEEK: Duration = Duration::from_secs(7 * DAY.as_secs());

/// How often, how long, how many. Meta's numbers unless a number's settings say otherwise; what Meta reports wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PermissionRules {
    /// House rule: a temporary permission is used within this span of its grant, although Meta would allow it longer
    /// (never past Meta's end). None = follow Meta. A permanent permission does not end: who gave it cannot be asked
    /// again (138017), so that a house rule on it would be for ever.
    pub call_within: Option<Duration>,
    /// Requests to a pair in 24 hours.
    pub requests_per_day: u32,
    /// Requests to a pair in seven days.
    pub requests_per_week: u32,
    /// Connected calls of ours to a pair in 24 hours.
    pub connected_per_day: u32,
    /// The call that would be the n-th in a row nobody takes is warned of: Meta then tells the customer.
    pub warn_before_unanswered: u32,
    /// The call that would be the n-th in a row nobody takes needs a confirmation: Meta then takes the permission away.
    pub block_before_unanswered: u32,
}

impl PermissionRules {
    /// The rules of an ordinary number.
    pub const STANDARD: Self = Self {
        call_within: Some(Duration::from_secs(72 * 3_600)),
        requests_per_day: 1,
        requests_per_week: 2,
        connected_per_day: 100,
        warn_before_unanswered: 2,
        block_before_unanswered: 4,
    };

    /// The rules of Meta's sandbox and test numbers ("Sandbox account", October 2025).
    #[must_use]
    pub const fn sandbox() -> Self {
        Self {
            requests_per_day: 25,
            requests_per_week: 100,
            warn_before_unanswered: 5,
            block_before_unanswered: 10,
            ..Self::STANDARD
        }
    }
}

impl Default for PermissionRules {
    fn default() -> Self {
        Self::STANDARD
    }
}
