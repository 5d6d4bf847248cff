//! Who is rung: everybody who can be, at once, and nobody who said no.

use crate::call::effect::{CallEffect, StopRinging};
use crate::call::event::CallEventKind;
use crate::call::in_talk::Farewell;
use crate::call::state::Outcome;
use crate::call::{Call, Phase, Refusal};
use crate::ids::UserId;
use crate::time::Timestamp;

/// Who could be rung, and who does not want to. Kept in the order of arrival, so that the same facts
/// always ring in the same order.
#[derive(Debug, Clone, Default)]
pub(super) struct Roster {
    available: Vec<UserId>,
    declined: Vec<UserId>,
}

impl Roster {
    fn add(&mut self, agent: UserId) {
        if !self.available.contains(&agent) {
            self.available.push(agent);
        }
    }

    /// Everybody may be asked again: the call is offered anew.
    pub(super) fn forget_declines(&mut self) {
        self.declined.clear();
    }
}

impl Call {
    pub(super) fn know_available(&mut self, agents: Vec<UserId>) {
        for agent in agents {
            self.roster.add(agent);
        }
    }

    /// Rings everybody who is available, did not decline and is not rung yet.
    pub(super) fn ring_everybody(&mut self, now: Timestamp, until: Timestamp) {
        for agent in self.roster.available.clone() {
            self.ring(now, agent, until);
        }
    }

    fn ring(&mut self, now: Timestamp, agent: UserId, until: Timestamp) {
        if self.roster.declined.contains(&agent) || self.facts.ringing.contains(&agent) {
            return;
        }
        self.facts.ringing.push(agent);
        self.emit(CallEffect::Ring { agent, until });
        self.record(now, CallEventKind::Rung(agent));
    }

    /// Takes every open offer back; `why` says what each card shows.
    pub(super) fn stop_ringing_all(&mut self, now: Timestamp, why: impl Fn(UserId) -> StopRinging) {
        for agent in std::mem::take(&mut self.facts.ringing) {
            self.say_stopped(now, agent, why(agent));
        }
    }

    fn stop_ringing(&mut self, now: Timestamp, agent: UserId, why: StopRinging) {
        if let Some(place) = self.facts.ringing.iter().position(|rung| *rung == agent) {
            self.facts.ringing.remove(place);
            self.say_stopped(now, agent, why);
        }
    }

    fn say_stopped(&mut self, now: Timestamp, agent: UserId, why: StopRinging) {
        self.emit(CallEffect::StopRinging { agent, why });
        self.record(now, CallEventKind::RingStopped { agent, why });
    }

    /// One winner: the others' cards say who it is.
    pub(super) fn stop_ringing_for_winner(&mut self, now: Timestamp, winner: UserId) {
        self.record(now, CallEventKind::AnswerClicked(winner));
        self.stop_ringing_all(now, |agent| {
            if agent == winner { StopRinging::Answered } else { StopRinging::Taken { by: winner } }
        });
    }

    pub(super) fn agent_available(&mut self, now: Timestamp, agent: UserId) {
        self.roster.add(agent);
        if let Some(until) = self.ring_until() {
            self.ring(now, agent, until);
        }
    }

    pub(super) fn agents_available(&mut self, now: Timestamp, agents: Vec<UserId>) {
        for gone in self.roster.available.clone() {
            if !agents.contains(&gone) {
                self.agent_unavailable(now, gone);
            }
        }
        for agent in agents {
            self.agent_available(now, agent);
        }
    }

    pub(super) fn agent_unavailable(&mut self, now: Timestamp, agent: UserId) {
        self.roster.available.retain(|known| *known != agent);
        self.stop_ringing(now, agent, StopRinging::Unavailable);
    }

    /// R2: I stop ringing; when nobody is left to ring, it is over at once. The second click of the same
    /// person finds what he wanted and is no error.
    pub(super) fn decline(&mut self, now: Timestamp, by: UserId) -> Result<(), Refusal> {
        if !self.facts.ringing.contains(&by) {
            let again = self.roster.declined.contains(&by) && self.ring_until().is_some();
            return if again { Ok(()) } else { Err(self.not_now()) };
        }
        self.roster.declined.push(by);
        self.stop_ringing(now, by, StopRinging::Declined);
        // Whoever is available and did not decline is rung, so an empty list means nobody is left.
        if self.facts.ringing.is_empty() {
            self.nobody_wants_it(now, by);
        }
        Ok(())
    }

    /// R2: ends the unanswered call for everybody.
    pub(super) fn reject(&mut self, now: Timestamp, by: UserId) -> Result<(), Refusal> {
        match self.phase {
            Phase::Incoming(incoming) if incoming.taken_by().is_none_or(|taker| taker == by) => {
                self.rejected_by(now, by);
                Ok(())
            }
            // The one who is rung alone sees *Reject* on his button, also when the call is offered again:
            // the customer is on the line, so he hears the notice instead of a cut.
            Phase::InTalk(_) if self.facts.ringing.contains(&by) => {
                self.stop_ringing_all(now, |agent| {
                    if agent == by { StopRinging::Declined } else { StopRinging::Ended }
                });
                self.nobody_wants_it(now, by);
                Ok(())
            }
            Phase::Unknown
            | Phase::Restored
            | Phase::Incoming(_)
            | Phase::Outgoing(_)
            | Phase::InTalk(_)
            | Phase::Over => Err(self.not_now()),
        }
    }

    fn nobody_wants_it(&mut self, now: Timestamp, by: UserId) {
        match self.phase {
            Phase::Incoming(_) => self.declined_by_all(now, by),
            Phase::InTalk(talk) => self.say_goodbye(now, now, talk, Farewell::NobodyLeft),
            Phase::Unknown | Phase::Restored | Phase::Outgoing(_) | Phase::Over => {}
        }
    }

    /// What a call was that had been accepted, by what happened in it.
    pub(super) fn outcome_after_accept(&self, nobody_came: Outcome) -> Outcome {
        if self.facts.answered_at.is_some() {
            Outcome::Answered
        } else if self.is_echo() {
            Outcome::SelfService
        } else {
            nobody_came
        }
    }
}
