//! How a call ends: exactly once, with the provider told what he is owed, the leg given back, nobody rung.
//!
//! The two facts of C3 are kept apart: the provider's state says how the call ended at his end, the outcome
//! says what it was for the business. A call that was never accepted and that the customer, the provider or
//! the clock ended has the outcome *missed*, and that never changes; only its state and reason are made
//! more exact when the provider's own times come later (`refine`).

use crate::call::effect::{CallEffect, StopRinging};
use crate::call::event::CallEventKind;
use crate::call::incoming::rings_out_at;
use crate::call::input::{Offered, ProviderAnswer, ProviderEnded, ProviderFault};
use crate::call::state::{EndReason, EndedBy, Ending, Outcome, ProviderState};
use crate::call::{Call, Phase, Refusal};
use crate::ids::UserId;
use crate::time::Timestamp;

/// What the provider is told at the end, if anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owed {
    Nothing,
    Reject,
    Terminate,
}

impl Call {
    /// The only way a live call becomes a call that is over.
    fn end(&mut self, now: Timestamp, state: ProviderState, ending: Ending, owed: Owed) {
        let why = match ending.reason {
            EndReason::NoAnswer => StopRinging::TimedOut,
            EndReason::CustomerHungUp
            | EndReason::AgentHungUp
            | EndReason::Declined
            | EndReason::RejectedByAgent
            | EndReason::StaleOffer
            | EndReason::CallingDisabled
            | EndReason::AtCapacity
            | EndReason::NoRtpPorts
            | EndReason::BadOffer
            | EndReason::MediaUnavailable
            | EndReason::MediaFailed
            | EndReason::PreAcceptRefused
            | EndReason::AcceptRefused
            | EndReason::AcceptUnknown
            | EndReason::CustomerSilent
            | EndReason::TooLong
            | EndReason::AgentLost
            | EndReason::ProviderFailed
            | EndReason::NodeRestarted
            | EndReason::OfferNeverCame => StopRinging::Ended,
        };
        self.stop_ringing_all(now, |_| why);
        match owed {
            Owed::Nothing => {}
            Owed::Reject => {
                self.emit(CallEffect::Reject);
                self.record(now, CallEventKind::RejectSent);
            }
            Owed::Terminate => {
                self.emit(CallEffect::Terminate);
                self.record(now, CallEventKind::TerminateSent);
            }
        }
        if self.leg.asked_for {
            self.emit(CallEffect::ReleaseMedia);
        }
        self.facts.state = state;
        self.facts.ending = Some(ending.clone());
        self.phase = Phase::Over;
        self.record(
            now,
            match state {
                ProviderState::Terminated => CallEventKind::Terminated(ending),
                ProviderState::Rejected => CallEventKind::Rejected(ending),
                ProviderState::Missed => CallEventKind::Missed(ending),
                ProviderState::Cancelled => CallEventKind::Cancelled(ending),
                // The live states are no ends; the compiler wants them named, no caller passes them.
                ProviderState::Failed
                | ProviderState::Ringing
                | ProviderState::PreAccepted
                | ProviderState::Accepted => CallEventKind::Failed(ending),
            },
        );
    }

    /// The verb a live call owes: once an accept has left, only `terminate` is sure to end it, because the
    /// provider refuses to reject a call he counts as accepted.
    fn owed(&self) -> Owed {
        match self.phase {
            Phase::Incoming(incoming) if incoming.accept_left() => Owed::Terminate,
            Phase::InTalk(_) => Owed::Terminate,
            Phase::Restored if self.facts.state == ProviderState::Accepted => Owed::Terminate,
            Phase::Incoming(_) | Phase::Restored => Owed::Reject,
            Phase::Unknown | Phase::Over => Owed::Nothing,
        }
    }

    fn by_exchange(at: Timestamp, outcome: Outcome, reason: EndReason) -> Ending {
        Ending { outcome, reason, by: EndedBy::Exchange, by_user: None, at, fault: None }
    }

    fn by_person(at: Timestamp, outcome: Outcome, reason: EndReason, who: UserId) -> Ending {
        Ending { outcome, reason, by: EndedBy::Agent, by_user: Some(who), at, fault: None }
    }

    pub(super) fn end_missed_stale(&mut self, now: Timestamp) {
        let ending = Self::by_exchange(now, Outcome::Missed, EndReason::StaleOffer);
        self.end(now, ProviderState::Missed, ending, Owed::Nothing);
    }

    /// Nobody answered in time. `moment` is when the time was over, `now` when it was noticed.
    pub(super) fn end_unanswered(&mut self, now: Timestamp, moment: Timestamp) {
        self.record(now, CallEventKind::DeadlinePassed(EndReason::NoAnswer));
        let ending = Self::by_exchange(moment, Outcome::Missed, EndReason::NoAnswer);
        self.end(now, ProviderState::Missed, ending, Owed::Reject);
    }

    /// A switch or a limit keeps the call out; live calls are not touched.
    pub(super) fn end_refused_by_us(&mut self, now: Timestamp, reason: EndReason) {
        let ending = Self::by_exchange(now, Outcome::Rejected, reason);
        self.end(now, ProviderState::Rejected, ending, Owed::Reject);
    }

    pub(super) fn declined_by_all(&mut self, now: Timestamp, last: UserId) {
        let ending = Self::by_person(now, Outcome::Rejected, EndReason::Declined, last);
        self.end(now, ProviderState::Rejected, ending, Owed::Reject);
    }

    pub(super) fn rejected_by(&mut self, now: Timestamp, who: UserId) {
        let ending = Self::by_person(now, Outcome::Rejected, EndReason::RejectedByAgent, who);
        self.end(now, ProviderState::Rejected, ending, self.owed());
    }

    /// Something broke before the call was accepted.
    pub(super) fn end_failed(&mut self, now: Timestamp, reason: EndReason, fault: Option<ProviderFault>) {
        let ending = Ending { fault, ..Self::by_exchange(now, Outcome::Failed, reason) };
        self.end(now, ProviderState::Failed, ending, self.owed());
    }

    /// A refused accept is certain: the call is not accepted, so it is rejected.
    pub(super) fn end_accept_refused(&mut self, now: Timestamp, fault: ProviderFault) {
        let ending = Self::by_exchange(now, Outcome::Failed, EndReason::AcceptRefused);
        self.end(now, ProviderState::Failed, Ending { fault: Some(fault), ..ending }, Owed::Reject);
    }

    pub(super) fn end_accept_unknown(&mut self, now: Timestamp, moment: Timestamp) {
        self.record(now, CallEventKind::DeadlinePassed(EndReason::AcceptUnknown));
        let ending = Self::by_exchange(moment, Outcome::Failed, EndReason::AcceptUnknown);
        self.end(now, ProviderState::Failed, ending, Owed::Terminate);
    }

    /// An accepted call ends by one of our rules; what it was, it stays.
    pub(super) fn end_by_rule(&mut self, now: Timestamp, moment: Timestamp, reason: EndReason) {
        let outcome = self.outcome_after_accept(Outcome::Abandoned);
        let ending = Self::by_exchange(moment, outcome, reason);
        self.end(now, ProviderState::Terminated, ending, Owed::Terminate);
    }

    /// A person ends the call. Who may, is decided where roles are known.
    pub(super) fn hang_up(&mut self, now: Timestamp, by: UserId) -> Result<(), Refusal> {
        match self.phase {
            Phase::InTalk(_) => {
                let outcome = self.outcome_after_accept(Outcome::Abandoned);
                let ending = Self::by_person(now, outcome, EndReason::AgentHungUp, by);
                self.end(now, ProviderState::Terminated, ending, Owed::Terminate);
                Ok(())
            }
            Phase::Incoming(incoming) => match incoming.taken_by() {
                Some(taker) if taker == by => {
                    let ending = Self::by_person(now, Outcome::Rejected, EndReason::AgentHungUp, by);
                    self.end(now, ProviderState::Rejected, ending, self.owed());
                    Ok(())
                }
                Some(taker) => Err(Refusal::NotYours { by: taker }),
                None => Err(Refusal::NotAnswered),
            },
            Phase::Over => Err(Refusal::Over { status: self.facts.status() }),
            Phase::Unknown | Phase::Restored => Err(Refusal::NotAnswered),
        }
    }

    pub(super) fn customer_silent(&mut self, now: Timestamp) {
        match self.phase {
            Phase::InTalk(_) => self.end_by_rule(now, now, EndReason::CustomerSilent),
            // Before the accept nothing need come from the customer.
            Phase::Unknown | Phase::Restored | Phase::Incoming(_) | Phase::Over => {
                self.refuse_input(now, "customer_silent", self.why_not());
            }
        }
    }

    pub(super) fn customer_leg_failed(&mut self, now: Timestamp) {
        match self.phase {
            Phase::Incoming(_) if self.leg.asked_for => self.end_failed(now, EndReason::MediaFailed, None),
            Phase::InTalk(_) if self.facts.answered_at.is_some() => {
                self.end_by_rule(now, now, EndReason::MediaFailed);
            }
            Phase::InTalk(_) => self.end_failed(now, EndReason::MediaFailed, None),
            Phase::Unknown | Phase::Restored | Phase::Incoming(_) | Phase::Over => {
                self.refuse_input(now, "customer_leg_failed", self.why_not());
            }
        }
    }

    pub(super) fn node_restarted(&mut self, now: Timestamp) {
        match self.phase {
            Phase::Incoming(_) | Phase::InTalk(_) | Phase::Restored => {
                if self.facts.state == ProviderState::Accepted {
                    let outcome = self.outcome_after_accept(Outcome::Failed);
                    let ending = Self::by_exchange(now, outcome, EndReason::NodeRestarted);
                    self.end(now, ProviderState::Terminated, ending, Owed::Terminate);
                } else {
                    self.end_failed(now, EndReason::NodeRestarted, None);
                }
            }
            Phase::Unknown | Phase::Over => self.refuse_input(now, "node_restarted", self.why_not()),
        }
    }

    /// What became of the last request: for the record only, the call is over by our own word.
    pub(super) fn verb_answered(&mut self, now: Timestamp, action: &'static str, answer: ProviderAnswer) {
        match (self.phase, answer) {
            (Phase::Over, ProviderAnswer::Done) => {}
            (Phase::Over, ProviderAnswer::Refused(fault)) => {
                self.record_late(now, CallEventKind::ProviderRefused { action, fault });
            }
            (Phase::Over, ProviderAnswer::Unknown { detail }) => {
                self.record_late(now, CallEventKind::ProviderUnclear { action, detail });
            }
            (Phase::Unknown | Phase::Restored | Phase::Incoming(_) | Phase::InTalk(_), _) => {
                self.refuse_input(now, action, "this was not asked for");
            }
        }
    }

    pub(super) fn provider_ended(&mut self, now: Timestamp, ended: ProviderEnded) {
        let news = self.fill_provider_times(&ended);
        match self.phase {
            Phase::Unknown => self.ended_before_offer(now, ended),
            Phase::Over => self.ended_after_end(now, &ended, news),
            Phase::Incoming(incoming) if incoming.accept_left() && ended.started_at.is_some() => {
                // Our accept was ambiguous or its answer is still on the way: the provider says it worked.
                self.facts.accepted_at = ended.started_at;
                if let Some(agent) = incoming.taken_by() {
                    self.facts.answered_at = ended.started_at;
                    self.facts.answered_by = Some(agent);
                }
                self.ended_in_talk(now, ended);
            }
            Phase::Incoming(incoming) => self.ended_unaccepted(now, ended, incoming.unanswered_from()),
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

    fn ended_in_talk(&mut self, now: Timestamp, ended: ProviderEnded) {
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
        let (state, ending) =
            if at < unanswered_from { before_us(ending) } else { (ProviderState::Missed, ending) };
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
        let refined = if at < rings_out_at(offered.policy.destination, answer_by) {
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
        let Some(ending) = self.facts.ending.clone() else { return };
        let Some(unanswered_from) = self.unanswered_from() else { return };
        let by_clock = match ending.reason {
            EndReason::NoAnswer => ended.at < unanswered_from.min(ending.at),
            EndReason::StaleOffer => ended.at < unanswered_from,
            EndReason::CustomerHungUp
            | EndReason::AgentHungUp
            | EndReason::Declined
            | EndReason::RejectedByAgent
            | EndReason::CallingDisabled
            | EndReason::AtCapacity
            | EndReason::NoRtpPorts
            | EndReason::BadOffer
            | EndReason::MediaUnavailable
            | EndReason::MediaFailed
            | EndReason::PreAcceptRefused
            | EndReason::AcceptRefused
            | EndReason::AcceptUnknown
            | EndReason::CustomerSilent
            | EndReason::TooLong
            | EndReason::AgentLost
            | EndReason::ProviderFailed
            | EndReason::NodeRestarted
            | EndReason::OfferNeverCame => false,
        };
        if by_clock {
            let fault = fault_of(ended.clone()).or(ending.fault.clone());
            self.refine(now, before_us(Ending { fault, at: ended.at, ..ending }));
        }
    }

    fn refine(&mut self, now: Timestamp, (state, ending): (ProviderState, Ending)) {
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
