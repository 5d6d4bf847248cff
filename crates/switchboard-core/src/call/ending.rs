//! How a call ends: exactly once, with the provider told what he is owed, the leg given back, nobody rung.
//!
//! The two facts of C3 are kept apart: the provider's state says how the call ended at his end, the outcome
//! says what it was for the business. What the provider himself says of an end is in `provider_end.rs`.

use crate::call::effect::{CallEffect, StopRinging};
use crate::call::event::CallEventKind;
use crate::call::incoming::{Incoming, PreAccept};
use crate::call::input::{Direction, DrainAnswer, ProviderAnswer, ProviderFault};
use crate::call::state::{EndReason, EndedBy, Ending, Outcome, ProviderState};
use crate::call::{Call, Phase, Refusal};
use crate::ids::UserId;
use crate::time::Timestamp;

/// What the provider is told at the end, if anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owed {
    Nothing,
    Reject,
    Terminate,
}

impl Call {
    /// The only way a live call becomes a call that is over.
    pub(super) fn end(&mut self, now: Timestamp, state: ProviderState, ending: Ending, owed: Owed) {
        let unanswered = ending.reason == EndReason::NoAnswer;
        let why = if unanswered { StopRinging::TimedOut } else { StopRinging::Ended };
        self.stop_ringing_all(now, |_| why);
        self.end_recording(now);
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
                | ProviderState::Dialled
                | ProviderState::Ringing
                | ProviderState::PreAccepted
                | ProviderState::Accepted => CallEventKind::Failed(ending),
            },
        );
    }

    /// The verb a live call owes: once an accept has left, only `terminate` is sure to end it, because the
    /// provider refuses to reject a call he counts as accepted.
    pub(super) fn owed(&self) -> Owed {
        match self.phase {
            // Not known to have arrived: he is told when he comes to speak of it (`outgoing.rs`).
            Phase::Outgoing(_) | Phase::Restored if self.is_ours() => {
                if self.facts.reached {
                    Owed::Terminate
                } else {
                    Owed::Nothing
                }
            }
            Phase::Incoming(incoming) if incoming.accept_left() => Owed::Terminate,
            Phase::InTalk(_) => Owed::Terminate,
            Phase::Restored if self.facts.state == ProviderState::Accepted => Owed::Terminate,
            Phase::Incoming(_) | Phase::Restored => Owed::Reject,
            Phase::Unknown | Phase::Outgoing(_) | Phase::Over => Owed::Nothing,
        }
    }

    pub(super) fn by_exchange(at: Timestamp, outcome: Outcome, reason: EndReason) -> Ending {
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
        if let Phase::Incoming(Incoming { pre_accept: PreAccept::Sent { .. }, .. }) = self.phase {
            // Without this the operator would look for the fault at his agents.
            let detail = String::from("no answer before the call had to end");
            self.record(now, CallEventKind::ProviderUnclear { action: "pre_accept", detail });
        }
        self.record(now, CallEventKind::DeadlinePassed(EndReason::NoAnswer));
        let ending = Self::by_exchange(moment, Outcome::Missed, EndReason::NoAnswer);
        self.end(now, ProviderState::Missed, ending, self.owed_unanswered());
    }

    const fn owed_unanswered(&self) -> Owed {
        match self.facts.direction {
            Direction::Incoming => Owed::Reject,
            Direction::Outgoing => Owed::Terminate,
        }
    }

    /// A switch or a limit keeps the call out; live calls are not touched.
    pub(super) fn end_refused_by_us(&mut self, now: Timestamp, reason: EndReason) {
        let ending = Self::by_exchange(now, Outcome::Rejected, reason);
        self.end(now, ProviderState::Rejected, ending, Owed::Reject);
    }

    /// The exchange is being stopped: the customer gets the answer his number has for that.
    pub(super) fn end_draining(&mut self, now: Timestamp, answer: DrainAnswer) {
        match answer {
            DrainAnswer::Reject => self.end_refused_by_us(now, EndReason::Draining),
            DrainAnswer::Ignore => {
                let ending = Self::by_exchange(now, Outcome::Missed, EndReason::Draining);
                self.end(now, ProviderState::Missed, ending, Owed::Nothing);
            }
        }
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
            Phase::Outgoing(_) => {
                let ending = Self::by_person(now, Outcome::Cancelled, EndReason::AgentHungUp, by);
                self.end(now, ProviderState::Cancelled, ending, self.owed());
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
            Phase::Unknown | Phase::Restored | Phase::Incoming(_) | Phase::Outgoing(_) | Phase::Over => {
                self.refuse_input(now, "customer_silent", self.why_not());
            }
        }
    }

    pub(super) fn customer_leg_failed(&mut self, now: Timestamp) {
        match self.phase {
            Phase::Incoming(_) if self.leg.asked_for => self.end_failed(now, EndReason::MediaFailed, None),
            Phase::Outgoing(_) if self.leg.answered => self.end_failed(now, EndReason::MediaFailed, None),
            Phase::InTalk(_) if self.facts.answered_at.is_some() => {
                self.end_by_rule(now, now, EndReason::MediaFailed);
            }
            Phase::InTalk(_) => self.end_failed(now, EndReason::MediaFailed, None),
            Phase::Unknown | Phase::Restored | Phase::Incoming(_) | Phase::Outgoing(_) | Phase::Over => {
                self.refuse_input(now, "customer_leg_failed", self.why_not());
            }
        }
    }

    pub(super) fn node_restarted(&mut self, now: Timestamp) {
        match self.phase {
            Phase::Incoming(_) | Phase::Outgoing(_) | Phase::InTalk(_) | Phase::Restored => {
                if self.facts.state == ProviderState::Accepted {
                    let outcome = self.outcome_after_accept(Outcome::Failed);
                    let ending = Self::by_exchange(now, outcome, EndReason::NodeRestarted);
                    self.end(now, ProviderState::Terminated, ending, Owed::Terminate);
                } else {
                    self.end_failed(now, EndReason::NodeRestarted, None);
                    self.reject_may_be_late = !self.is_ours();
                }
            }
            Phase::Unknown | Phase::Over => self.refuse_input(now, "node_restarted", self.why_not()),
        }
    }

    /// The exchange cannot wait any longer. Who is on the line hears why before it ends.
    pub(super) fn drain_timeout(&mut self, now: Timestamp) {
        match self.phase {
            Phase::InTalk(talk) => self.interrupt_for_maintenance(now, talk),
            Phase::Outgoing(_) => self.given_up(now, now, EndReason::Draining),
            Phase::Incoming(_) => {
                let ending = Self::by_exchange(now, Outcome::Rejected, EndReason::Draining);
                self.end(now, ProviderState::Rejected, ending, self.owed());
            }
            Phase::Unknown | Phase::Restored | Phase::Over => {
                self.refuse_input(now, "drain_timeout", self.why_not());
            }
        }
    }

    /// What became of the last request: for the record only, the call is over by our own word.
    pub(super) fn verb_answered(&mut self, now: Timestamp, action: &'static str, answer: ProviderAnswer) {
        match (self.phase, answer) {
            (Phase::Over, ProviderAnswer::Done) => {}
            (Phase::Over, ProviderAnswer::Refused(fault)) => {
                self.record_late(now, CallEventKind::ProviderRefused { action, fault });
                // Between the last write and the crash an accept may have gone through. A call that cannot be
                // rejected because it is accepted must be terminated, or the customer listens to nobody.
                if std::mem::take(&mut self.reject_may_be_late) {
                    self.emit(CallEffect::Terminate);
                    self.record(now, CallEventKind::TerminateSent);
                }
            }
            (Phase::Over, ProviderAnswer::Unknown { detail }) => {
                self.record_late(now, CallEventKind::ProviderUnclear { action, detail });
            }
            (
                Phase::Unknown | Phase::Restored | Phase::Incoming(_) | Phase::Outgoing(_) | Phase::InTalk(_),
                _,
            ) => {
                self.refuse_input(now, action, "this was not asked for");
            }
        }
    }
}
