//! May a customer's call come in at all? Asked once, when it is offered.

use crate::call::state::words;
use crate::ids::NumberId;
use crate::phone::PhoneNumber;
use crate::time::Timestamp;

/// May a call come in?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Yes.
    Open,
    /// Calling is switched off for the exchange or the number (C9).
    CallingDisabled,
    /// The business does not want calls of this customer.
    Blocked,
    /// The exchange is being stopped and takes no new calls (I10).
    Draining(DrainAnswer),
    /// The number is closed at this hour (H2).
    OutsideHours,
    /// Too many calls were missed: the number rests (S2).
    Suspended,
    /// As many calls as allowed are live already (C8).
    AtCapacity,
}

words! {
    /// What a customer gets who calls while the exchange is being stopped.
    DrainAnswer {
        /// The call is rejected at once.
        Reject = "reject",
        /// Nothing is said to the provider: the phone rings on, for another exchange or until the customer gives up.
        Ignore = "ignore",
    }
}

words! {
    /// What a customer gets who calls when the number is closed (H2). The call is rejected in any case.
    OutOfHours {
        /// A message.
        Message = "message",
        /// A message that promises to call back, and asks whether that is wanted.
        CallbackOffer = "callback_offer",
        /// Nothing.
        Reject = "reject",
    }
}

/// What is known when a call is offered, apart from the room that is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Door {
    /// Calling is on for the exchange and the number.
    pub calling_enabled: bool,
    /// The caller stands in the block list.
    pub blocked: bool,
    /// The exchange is being stopped, and this is the number's answer.
    pub draining: Option<DrainAnswer>,
    /// The number is closed at this hour.
    pub closed: bool,
    /// The number rests after too many missed calls.
    pub suspended: bool,
}

impl Door {
    /// The verdict. `take_place` is asked only when nothing else is in the way: a place that is taken must be used.
    pub fn admit(self, take_place: impl FnOnce() -> bool) -> Admission {
        if !self.calling_enabled {
            Admission::CallingDisabled
        } else if self.blocked {
            Admission::Blocked
        } else if let Some(answer) = self.draining {
            Admission::Draining(answer)
        } else if self.closed {
            Admission::OutsideHours
        } else if self.suspended {
            Admission::Suspended
        } else if take_place() {
            Admission::Open
        } else {
            Admission::AtCapacity
        }
    }
}

/// Whom a business does not want to be called by.
#[derive(Clone, PartialEq, Eq)]
pub struct Block {
    /// Only on this number; none = on all of the business.
    pub number: Option<NumberId>,
    /// The customer's number.
    pub phone: Option<PhoneNumber>,
    /// The provider's id of the customer: the only name of one who shows no number.
    pub user_id: Option<String>,
    /// Until when; none = for ever.
    pub until: Option<Timestamp>,
}

impl Block {
    /// Is this caller meant, now and on this number? One of the two names is enough: a customer who has chosen to
    /// show a username keeps his id.
    #[must_use]
    pub fn applies(
        &self,
        now: Timestamp,
        number: NumberId,
        phone: Option<&PhoneNumber>,
        user_id: Option<&str>,
    ) -> bool {
        let same = |mine: Option<&str>, theirs: Option<&str>| mine.is_some() && mine == theirs;
        self.until.is_none_or(|until| now < until)
            && self.number.is_none_or(|only| only == number)
            && (same(self.phone.as_ref().map(PhoneNumber::digits), phone.map(PhoneNumber::digits))
                || same(self.user_id.as_deref(), user_id))
    }
}

impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Block")
            .field("number", &self.number)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const OPEN: Door =
        Door { calling_enabled: true, blocked: false, draining: None, closed: false, suspended: false };

    fn number(n: u128) -> NumberId {
        NumberId::from_uuid(Uuid::from_u128(n))
    }

    fn phone(digits: &str) -> PhoneNumber {
        digits.parse().expect("digits")
    }

    #[test]
    fn what_is_final_is_said_before_what_passes() {
        let draining = Some(DrainAnswer::Ignore);
        let all = Door { calling_enabled: false, blocked: true, draining, closed: true, suspended: true };
        assert_eq!(all.admit(|| true), Admission::CallingDisabled);
        assert_eq!(Door { calling_enabled: true, ..all }.admit(|| true), Admission::Blocked);
        let draining = Door { calling_enabled: true, blocked: false, ..all };
        assert_eq!(draining.admit(|| true), Admission::Draining(DrainAnswer::Ignore));
        let closed = Door { draining: None, ..draining };
        assert_eq!(closed.admit(|| true), Admission::OutsideHours);
        assert_eq!(Door { closed: false, ..closed }.admit(|| true), Admission::Suspended);
        assert_eq!(OPEN.admit(|| false), Admission::AtCapacity);
        assert_eq!(OPEN.admit(|| true), Admission::Open);
    }

    #[test]
    fn nobody_takes_a_place_who_is_turned_away() {
        for door in [
            Door { calling_enabled: false, ..OPEN },
            Door { blocked: true, ..OPEN },
            Door { draining: Some(DrainAnswer::Reject), ..OPEN },
            Door { closed: true, ..OPEN },
            Door { suspended: true, ..OPEN },
        ] {
            door.admit(|| unreachable!("a place was taken"));
        }
    }

    #[test]
    fn a_blocked_caller_is_known_by_number_or_by_id() {
        let now = Timestamp::from_seconds(100);
        let block = Block {
            number: None,
            phone: Some(phone("5511982114477")),
            user_id: Some("US.1".into()),
            until: None,
        };
        assert!(block.applies(now, number(1), Some(&phone("5511982114477")), None));
        assert!(block.applies(now, number(1), None, Some("US.1")), "he shows no number any more");
        assert!(!block.applies(now, number(1), Some(&phone("5511982114478")), Some("US.2")));
        assert!(!block.applies(now, number(1), None, None), "who shows nothing is nobody in particular");
    }

    #[test]
    fn a_block_ends_at_its_moment_and_at_its_number() {
        let block = Block {
            number: Some(number(1)),
            phone: Some(phone("5511982114477")),
            user_id: None,
            until: Some(Timestamp::from_seconds(200)),
        };
        let him = phone("5511982114477");
        assert!(block.applies(Timestamp::from_seconds(199), number(1), Some(&him), None));
        assert!(!block.applies(Timestamp::from_seconds(200), number(1), Some(&him), None));
        assert!(!block.applies(Timestamp::from_seconds(199), number(2), Some(&him), None));
    }

    #[test]
    fn a_blocked_number_never_shows_in_debug() {
        let block = Block { number: None, phone: Some(phone("5511982114477")), user_id: None, until: None };
        assert!(!format!("{block:?}").contains("5511"));
    }
}
