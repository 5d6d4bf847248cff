//! Why a call to a customer is not placed.

use switchboard_core::eligibility::Verdict;
use switchboard_store::StoreError;

use crate::events::NumberName;

/// Why a call is not placed.
#[derive(Debug, thiserror::Error)]
pub enum PlaceRefused {
    /// Something is in the way; all of it.
    #[error("the customer may not be called now")]
    NotEligible(Box<Verdict>),
    /// Several numbers could call: one must be named.
    #[error("name the number to call from")]
    NumberNeeded(Vec<NumberName>),
    /// This is none of his numbers.
    #[error("there is no such number")]
    UnknownNumber,
    /// There is no such contact, or it may not be seen.
    #[error("there is no such contact")]
    UnknownContact,
    /// A key has no line: it must name who speaks.
    #[error("name the person who speaks")]
    NeedsAPerson,
    /// He may not pass over the number's hours.
    #[error("only a supervisor may call although the hours are over")]
    NotUrgent,
    /// Another call was placed with this key.
    #[error("the idempotency key belongs to another request")]
    KeyReused,
    /// The key was used where he does not see.
    #[error("the idempotency key is taken")]
    KeyTaken,
    /// He may not let others call.
    #[error("only a supervisor may name another person")]
    NotYours,
    /// There is no such person, or he may not be seen.
    #[error("there is no such person")]
    UnknownAgent,
    /// Who is to speak is in a call.
    #[error("the person is in another call")]
    InAnotherCall,
    /// Who is to speak has no line.
    #[error("the person's line is not connected")]
    NoLine,
    /// As many calls as allowed are live.
    #[error("as many calls as allowed are live")]
    AtCapacity,
    /// The exchange is being stopped.
    #[error("the exchange is being stopped")]
    Draining,
    /// The database does not answer.
    #[error("the call could not be written down")]
    Store(#[from] StoreError),
}
