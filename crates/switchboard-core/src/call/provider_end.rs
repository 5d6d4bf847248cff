//! The provider's own word that a call is over: first, second, late, or before its offer (C3).
//!
//! A call that was never accepted and that the customer, the provider or the clock ended has the outcome
//! *missed*, and that never changes; only its state and reason are made more exact when the provider's own
//! times come later (`refine`). So offer and end give the same call in any order and number.

use std::time::Duration;

use crate::call::ending::Owed;
use crate::call::event::CallEventKind;
use crate::call::incoming::rings_out_at;
use crate::call::input::{Offered, ProviderEnded, ProviderFault};
use crate::call::state::{EndReason, EndedBy, Ending, Outcome, ProviderState};
use crate::call::{Call, Phase};
use crate::time::Timestamp;

impl Call {
    pub(super) fn provider_ended(&mut self, now: Timestamp, ended: ProviderEnded) {
        let news = self.fill_provider_times(&ended);
        // Whoever says that it is over has had it.
        self.facts.reached |= self.facts.dialled_at.is_some();
        match self.phase {
            Phase::Unknown => self.ended_before_offer(now, ended),
            Phase::Over => self.ended_after_end(now, &ended, news),
            Phase::Incoming(incoming) if incoming.accept_left() && ended.started_at.is_some() => {
                // Our accept was ambiguous or its answer is still on the way: the provider says it worked.
                self.facts.accepted_at = ended.started_at;
                self.record(now, CallEventKind::Accepted { presumed: true });
                if let Some(agent) = incoming.taken_by() {
                    self.facts.answered_at = ended.started_at;
                    self.facts.answered_by = Some(agent);
                }
                self.ended_in_talk(now, ended);
            }
            Phase::Incoming(incoming) => self.ended_unaccepted(now, ended, incoming.unanswered_from()),
            Phase::Outgoing(outgoing) => {
                self.ended_before_pick_up(now, ended, Self::speaker_of(outgoing));
            }
            Phase::Restored if self.is_ours() && self.facts.state != ProviderState::Accepted => {
                self.ended_before_pick_up(now, ended, None);
            }
            Phase::Restored if self.facts.state != ProviderState::Accepted => {
                let from = self.unanswered_from().unwrap_or(now);
                self.ended_unaccepted(now, ended, from);
            }
            Phase::Restored | Phase::InTalk(_) => self.ended_in_talk(now, ended),
        }
    }

    /// The provider's own times only fill in what is not known yet.
    fn fill_provider_times(&mut self, ended: &ProviderEnded) -> bool {
        let facts = &mut self.facts;
        let before = (facts.provider_started_at, facts.provider_ended_at, facts.provider_duration);
        facts.provider_started_at = before.0.or(ended.started_at);
        facts.provider_ended_at = before.1.or(ended.ended_at);
        facts.provider_duration = before.2.or(ended.duration);
        before != (facts.provider_started_at, facts.provider_ended_at, facts.provider_duration)
    }

    pub(super) fn ended_in_talk(&mut self, now: Timestamp, ended: ProviderEnded) {
        let (state, ending) = match fault_of(ended) {
            None => (
                ProviderState::Terminated,
                Ending {
                    by: EndedBy::Customer,
                    ..Self::by_exchange(
                        now,
                        self.outcome_after_accept(Outcome::Abandoned),
                        EndReason::CustomerHungUp,
                    )
                },
            ),
            Some(fault) => (
                ProviderState::Failed,
                Ending {
                    by: EndedBy::Provider,
                    fault: Some(fault),
                    ..Self::by_exchange(
                        now,
                        self.outcome_after_accept(Outcome::Failed),
                        EndReason::ProviderFailed,
                    )
                },
            ),
        };
        self.end(now, state, ending, Owed::Nothing);
    }

    fn ended_unaccepted(&mut self, now: Timestamp, ended: ProviderEnded, unanswered_from: Timestamp) {
        let at = ended.at;
        let ending =
            Ending { fault: fault_of(ended), ..Self::by_exchange(now, Outcome::Missed, EndReason::NoAnswer) };
        let (state, ending) = if surely_before(at, unanswered_from) {
            before_us(ending)
        } else {
            (ProviderState::Missed, ending)
        };
        self.end(now, state, ending, Owed::Nothing);
    }

    /// The tombstone: when the offer comes, it finds a call that is over and is not answered.
    fn ended_before_offer(&mut self, now: Timestamp, ended: ProviderEnded) {
        self.record(now, CallEventKind::EndedBeforeOffer);
        let at = ended.at;
        let ending = Self::by_exchange(at, Outcome::Missed, EndReason::OfferNeverCame);
        let ending = Ending { by: EndedBy::Customer, fault: fault_of(ended), ..ending };
        self.end(now, ProviderState::Cancelled, ending, Owed::Nothing);
    }

    pub(super) fn offered_after_end(&mut self, now: Timestamp, offered: Offered) {
        let answer_by = self.know_offer(&offered);
        self.record(now, CallEventKind::OfferedAfterEnd);
        let Some(ending) = self.facts.ending.clone() else { return };
        let in_vain = if now >= answer_by { EndReason::StaleOffer } else { EndReason::NoAnswer };
        let at = ending.at;
        let refined = if surely_before(at, rings_out_at(offered.policy.destination, answer_by)) {
            before_us(ending)
        } else {
            (ProviderState::Missed, Ending { reason: in_vain, by: EndedBy::Exchange, ..ending })
        };
        self.refine(now, refined);
    }

    /// A second end, or the first word of the provider on a call that we ended. When he says that the
    /// customer was gone before our own deadline, the customer was faster. (Our own reject makes the
    /// provider send an end too: of that moment or later.)
    fn ended_after_end(&mut self, now: Timestamp, ended: &ProviderEnded, news: bool) {
        if news {
            self.record(now, CallEventKind::ProviderTimes);
        }
        if self.is_ours() {
            // The customer gives up no call of ours: nothing becomes more exact by it.
            return;
        }
        let Some(ending) = self.facts.ending.clone() else { return };
        let Some(unanswered_from) = self.unanswered_from() else { return };
        // Only what the clock ended can have been over before; what people or faults ended, stays.
        let ours = match ending.at {
            at if ending.reason == EndReason::NoAnswer => Some(unanswered_from.min(at)),
            _ => (ending.reason == EndReason::StaleOffer).then_some(unanswered_from),
        };
        if ours.is_some_and(|ours| surely_before(ended.at, ours)) {
            let fault = fault_of(ended.clone()).or(ending.fault.clone());
            self.refine(now, before_us(Ending { fault, at: ended.at, ..ending }));
        }
    }

    pub(super) fn refine(&mut self, now: Timestamp, (state, ending): (ProviderState, Ending)) {
        self.facts.state = state;
        self.facts.ending = Some(ending.clone());
        self.record(now, CallEventKind::EndRefined(ending));
    }

    /// From when on an end of an unanswered call is ours; none while its offer has not come.
    fn unanswered_from(&self) -> Option<Timestamp> {
        let policy = self.facts.policy.as_ref()?;
        Some(rings_out_at(policy.destination, self.facts.answer_by?))
    }
}

/// The provider stamps whole seconds: a stamp means any moment of its second. Our own reject comes back as
/// an end with a stamp that may look up to a second older than the deadline that caused it.
fn surely_before(stamp: Timestamp, moment: Timestamp) -> bool {
    stamp.plus(Duration::from_secs(1)) <= moment
}

/// It ended before anybody answered and before our own time was over: the customer gave up, or the
/// provider broke it.
fn before_us(ending: Ending) -> (ProviderState, Ending) {
    if ending.fault.is_some() {
        let reason = EndReason::ProviderFailed;
        (ProviderState::Failed, Ending { reason, by: EndedBy::Provider, ..ending })
    } else {
        let reason = EndReason::CustomerHungUp;
        (ProviderState::Cancelled, Ending { reason, by: EndedBy::Customer, ..ending })
    }
}

/// A provider's error counts only when he says that the call failed by it.
fn fault_of(ended: ProviderEnded) -> Option<ProviderFault> {
    ended.error.filter(|_| ended.failed)
}
