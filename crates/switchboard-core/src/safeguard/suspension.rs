//! Too many missed calls in a short time suspend calling for a while (S2): what is missed now would be missed next, and
//! Meta counts it against the number. While it lasts nothing is dialled and customers who call go straight to the
//! fallback; their calls do not count as missed here.

use crate::call::state::words;
use crate::ids::{CallId, UserId};
use crate::safeguard::SafeguardRules;
use crate::time::Timestamp;

/// A call nobody took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MissedCall {
    /// When it was over.
    pub at: Timestamp,
    /// Which.
    pub call: CallId,
}

words! {
    /// Why calling is suspended.
    SuspensionWhy {
        /// Too many missed calls.
        MissedCalls = "missed_calls",
    }
}

/// What is kept of a number's suspension.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SuspensionFacts {
    /// Missed calls that count, oldest first.
    pub missed: Vec<MissedCall>,
    /// Since when it is suspended.
    pub since: Option<Timestamp>,
    /// Until when.
    pub until: Option<Timestamp>,
    /// Calls missed up to here do not count any more: they have had their effect, or an admin has lifted it.
    pub counted_from: Option<Timestamp>,
}

/// What can happen to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuspensionInput {
    /// A call was missed.
    Missed(MissedCall),
    /// An admin lifts it.
    Lift {
        /// Who.
        by: UserId,
    },
    /// Time has passed.
    TimePassed,
}

/// What has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuspensionEvent {
    /// Calling is suspended.
    Suspended {
        /// Until when.
        until: Timestamp,
        /// After so many missed calls.
        missed: u32,
    },
    /// It ended by itself.
    Resumed,
    /// An admin ended it.
    Lifted {
        /// Who.
        by: UserId,
    },
}

/// The suspension of a number as a pure machine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Suspension {
    facts: SuspensionFacts,
}

impl Suspension {
    /// As it was kept.
    #[must_use]
    pub const fn restore(facts: SuspensionFacts) -> Self {
        Self { facts }
    }

    /// What is to be kept.
    #[must_use]
    pub const fn facts(&self) -> &SuspensionFacts {
        &self.facts
    }

    /// Until when calling is suspended; none = it is not.
    #[must_use]
    pub fn suspended_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.facts.until.filter(|until| now < *until)
    }

    /// When it ends by itself.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Timestamp> {
        self.facts.until
    }

    /// Something happened; the answer is what changed, in order.
    pub fn handle(
        &mut self,
        now: Timestamp,
        rules: &SafeguardRules,
        input: SuspensionInput,
    ) -> Vec<SuspensionEvent> {
        let mut events = Vec::new();
        if let Some(until) = self.facts.until.filter(|until| *until <= now) {
            self.end(until);
            events.push(SuspensionEvent::Resumed);
        }
        match input {
            SuspensionInput::Missed(missed) => self.missed(now, rules, missed, &mut events),
            SuspensionInput::Lift { by } => {
                if self.facts.until.is_some() {
                    // The count begins anew: the calls that led here have been seen by a person.
                    self.end(now);
                    events.push(SuspensionEvent::Lifted { by });
                }
            }
            SuspensionInput::TimePassed => {}
        }
        events
    }

    fn end(&mut self, at: Timestamp) {
        self.facts.counted_from = self.facts.counted_from.max(Some(at));
        self.facts.until = None;
        self.facts.since = None;
        self.facts.missed.clear();
    }

    fn missed(
        &mut self,
        now: Timestamp,
        rules: &SafeguardRules,
        missed: MissedCall,
        events: &mut Vec<SuspensionEvent>,
    ) {
        let facts = &mut self.facts;
        let counts = facts.until.is_none()
            && rules.missed > 0
            && facts.counted_from.is_none_or(|from| from < missed.at)
            && facts.missed.iter().all(|known| known.call != missed.call);
        if !counts {
            return;
        }
        let place = facts.missed.partition_point(|known| *known <= missed);
        facts.missed.insert(place, missed);
        // A call may be reported late: it counts with those around its own moment.
        let oldest = now.minus(rules.missed_within);
        facts.missed.retain(|known| oldest < known.at);
        let counted = facts.missed.len() as u32;
        if counted >= rules.missed {
            let until = now.plus(rules.suspend_for);
            facts.since = Some(now);
            facts.until = Some(until);
            facts.missed.clear();
            events.push(SuspensionEvent::Suspended { until, missed: counted });
        }
    }
}
