//! What a person is told when his click cannot be followed.

use crate::call::state::Status;
use crate::ids::UserId;

/// Why a person's wish changes nothing. Only people's verbs are refused to their face; what the provider
/// or the media engine says too late is noted in the story of the call instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Somebody else was faster.
    #[error("the call is already taken by {by}")]
    AlreadyTaken {
        /// Who.
        by: UserId,
    },
    /// This person is not rung by this call (any more).
    #[error("the call does not ring for this person")]
    NotRinging,
    /// Nobody has answered yet: there is nothing to hang up. Reject it instead.
    #[error("the call is not answered yet")]
    NotAnswered,
    /// Somebody else is just being connected with the customer.
    #[error("the call belongs to {by}")]
    NotYours {
        /// Whose it is.
        by: UserId,
    },
    /// Calls of this number are not recorded.
    #[error("calls of this number are not recorded")]
    RecordingOff,
    /// There is no recording to pause or stop.
    #[error("the call is not being recorded")]
    NotRecorded,
    /// The call is over.
    #[error("the call is over ({})", status.as_str())]
    Over {
        /// What became of it.
        status: Status,
    },
}
