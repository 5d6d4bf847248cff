//! The replies of customers and of Meta (field `messages`, `call_permission_reply`), in the order of Meta's timestamps.

use crate::ids::ProviderMessageId;
use crate::permission::{
    PermissionSource, PermissionStatus, RequestState, TEMPORARY_FOR, Wallet, WalletEvent,
};
use crate::time::Timestamp;

/// What a reply says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyVerdict {
    /// Allowed until a moment; none: Meta did not name it, and its seven days count.
    Granted {
        /// Meta's `expiration_timestamp`.
        until: Option<Timestamp>,
    },
    /// Allowed until the customer takes it back.
    GrantedForGood,
    /// Not allowed (any more).
    Refused,
}

/// What a reply answers (its `context`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answers {
    /// A request of ours.
    Request(ProviderMessageId),
    /// A call of the customer.
    Call,
    /// Nothing: the profile of the business, or Meta by itself.
    Nothing,
}

impl Wallet {
    /// Six kinds, and the seventh from the profile ("Obtain user call permissions", June 2026):
    ///
    /// | | what happened | verdict | automatic | answers |
    /// |---|---|---|---|---|
    /// | A | accepted for a time | `Granted` | no | the request |
    /// | B | accepted for good | `GrantedForGood` | no | the request |
    /// | C | set for good in the profile | `GrantedForGood` | no | nothing |
    /// | D | declined | `Refused` | no | the request |
    /// | E | callback permission | `Granted` | yes | the call |
    /// | F | taken away by Meta after calls nobody took | `Refused` | yes | nothing |
    /// | G | taken back in the profile | `Refused` | no | nothing |
    ///
    /// Order is Meta's timestamp. They are whole seconds; of two replies of the same second the stricter one stays,
    /// since their order cannot be known.
    pub(super) fn replied(
        &mut self,
        at: Timestamp,
        verdict: ReplyVerdict,
        automatic: bool,
        answers: &Answers,
        events: &mut Vec<WalletEvent>,
    ) {
        if let Answers::Request(id) = answers {
            self.request_answered(at, id, events);
        }
        let by_meta = verdict == ReplyVerdict::Refused && automatic;
        if by_meta {
            // True of the past, whatever has come since: the calls before it have been counted and have cost.
            self.facts.revoked_by_meta_at = self.facts.revoked_by_meta_at.max(Some(at));
        }
        let news = match verdict {
            ReplyVerdict::Granted { until } => {
                News::Temporary(until.unwrap_or_else(|| at.plus(TEMPORARY_FOR)))
            }
            ReplyVerdict::GrantedForGood => News::Permanent,
            ReplyVerdict::Refused if matches!(answers, Answers::Request(_)) && !automatic => News::Denied,
            ReplyVerdict::Refused => News::Revoked,
        };
        let source = match (answers, by_meta) {
            (_, true) => PermissionSource::Automatic,
            (Answers::Call, false) => PermissionSource::Callback,
            (Answers::Request(_), false) => PermissionSource::Request,
            (Answers::Nothing, false) if automatic => PermissionSource::Callback,
            (Answers::Nothing, false) => PermissionSource::Profile,
        };
        match self.order(at, news) {
            Order::Older => {
                self.stop_waiting();
                events.push(WalletEvent::ReplyTooOld);
                return;
            }
            Order::Same => return self.stop_waiting(),
            Order::Newer => {}
        }
        // A customer who calls us gives a week; that takes nothing from one who has given for good.
        let callback = automatic && matches!(news, News::Temporary(_));
        if callback && self.settled() == PermissionStatus::Permanent {
            return;
        }
        self.facts.newest_change_at = Some(at);
        match news {
            News::Temporary(until) => self.grant(at, Some(until), source, events),
            News::Permanent => self.grant(at, None, source, events),
            News::Denied => self.refuse(PermissionStatus::Denied, source, WalletEvent::Denied, events),
            News::Revoked => {
                self.refuse(PermissionStatus::Revoked, source, WalletEvent::Revoked { source }, events);
            }
        }
    }

    fn refuse(
        &mut self,
        status: PermissionStatus,
        source: PermissionSource,
        event: WalletEvent,
        events: &mut Vec<WalletEvent>,
    ) {
        self.settle(status);
        self.facts.source = Some(source);
        self.facts.granted_at = None;
        self.facts.expires_at = None;
        events.push(event);
    }

    fn request_answered(&mut self, at: Timestamp, id: &ProviderMessageId, events: &mut Vec<WalletEvent>) {
        match self.request(id) {
            Some(known) if known.state == RequestState::Unknown => {}
            Some(known) => known.state = RequestState::Answered,
            None => {
                self.keep_request(at, id.clone(), RequestState::Unknown);
                events.push(WalletEvent::ReplyUnknown);
            }
        }
    }

    /// Where a reply stands to what is known.
    fn order(&self, at: Timestamp, news: News) -> Order {
        // What Meta said when it was asked knows of every reply before it. A second is the finest we can tell.
        let reported = self.facts.reported.as_ref();
        if reported.is_some_and(|report| at.seconds() < report.at.seconds()) {
            return Order::Older;
        }
        match self.facts.newest_change_at {
            Some(newest) if at < newest => Order::Older,
            Some(newest) if at == newest => match news.strictness().cmp(&self.strictness()) {
                std::cmp::Ordering::Less => Order::Older,
                std::cmp::Ordering::Equal => Order::Same,
                std::cmp::Ordering::Greater => Order::Newer,
            },
            Some(_) | None => Order::Newer,
        }
    }

    /// How strict what we hold is: its rank, and among temporary permissions the earlier end.
    fn strictness(&self) -> (u8, i64) {
        match self.settled() {
            PermissionStatus::None | PermissionStatus::Requested => (0, 0),
            PermissionStatus::Temporary | PermissionStatus::Expired => {
                (1, self.facts.expires_at.map_or(0, |until| until.micros().saturating_neg()))
            }
            PermissionStatus::Permanent => (2, 0),
            PermissionStatus::Denied => (3, 0),
            PermissionStatus::Revoked => (4, 0),
        }
    }
}

/// A reply in our words.
#[derive(Clone, Copy)]
enum News {
    Temporary(Timestamp),
    Permanent,
    Denied,
    Revoked,
}

impl News {
    /// For good is above for a time: who has given for good cannot be asked again, and has no week to lose.
    const fn strictness(self) -> (u8, i64) {
        match self {
            Self::Temporary(until) => (1, until.micros().saturating_neg()),
            Self::Permanent => (2, 0),
            Self::Denied => (3, 0),
            Self::Revoked => (4, 0),
        }
    }
}

enum Order {
    Older,
    Same,
    Newer,
}
