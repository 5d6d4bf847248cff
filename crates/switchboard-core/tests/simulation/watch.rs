//! What must hold at every step, whatever happens.

use std::collections::BTreeSet;
use std::time::Duration;

use switchboard_core::call::Call;
use switchboard_core::call::effect::{CallEffect, Seat};
use switchboard_core::call::event::CallEventKind;
use switchboard_core::call::input::{CallInput, Direction};
use switchboard_core::call::state::{CallFacts, EndReason, Outcome, ProviderState};
use switchboard_core::ids::UserId;
use switchboard_core::time::Timestamp;

#[path = "watch/recorded.rs"]
mod recorded;

#[derive(Default)]
pub(crate) struct Watch {
    recorded: recorded::Recorded,
    rung: Vec<UserId>,
    dials: u32,
    applied_answers: u32,
    provider_said_end: bool,
    prepare_media: u32,
    release_media: u32,
    pre_accepts: u32,
    accepts: u32,
    gates: u32,
    rejects: u32,
    terminates: u32,
    end_events: u32,
    refused_inputs: u32,
    pre_accept_counts: bool,
    accept_refused: bool,
    accept_counts: bool,
    outcome: Option<Outcome>,
    provider_told_us_first: bool,
    restarted_live: bool,
    kinds: BTreeSet<&'static str>,
}

macro_rules! must {
    ($holds:expr, $what:expr) => {
        if !$holds {
            return Err(String::from($what));
        }
    };
}

impl Watch {
    pub(crate) fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.kinds.iter().copied()
    }

    /// The process is gone, and with it media, cards and what was on its way.
    pub(crate) fn restarted(&mut self, facts: &CallFacts) {
        self.rung.clone_from(&facts.ringing);
        self.prepare_media = 0;
        self.release_media = 0;
        self.refused_inputs = 0;
        self.recorded = recorded::Recorded::default();
        self.restarted_live = facts.offered && facts.ending.is_none();
    }

    pub(crate) fn input(&mut self, input: &CallInput, facts: &CallFacts) {
        self.recorded.input(input);
        let end = matches!(input, CallInput::ProviderEnded(_) | CallInput::CustomerDeclined);
        self.provider_told_us_first |= end && facts.ending.is_none();
        self.provider_said_end |= end;
    }

    pub(crate) fn effect(
        &mut self,
        now: Timestamp,
        effect: &CallEffect,
        facts: &CallFacts,
    ) -> Result<(), String> {
        let over = self.end_events > 0;
        self.recorded.effect(effect, facts)?;
        match effect {
            CallEffect::Record(event) => return self.record(&event.what),
            CallEffect::PrepareMedia { give_up_at } => {
                self.prepare_media += 1;
                must!(facts.answer_by.is_some_and(|by| *give_up_at < by), "a leg may be made too late");
            }
            CallEffect::PrepareOffer { .. } => {
                self.prepare_media += 1;
                must!(facts.direction == Direction::Outgoing, "an offer for a customer's call");
            }
            CallEffect::Dial { give_up_at } => {
                self.dials += 1;
                must!(self.dials == 1, "the customer was called twice");
                must!(self.prepare_media == 1, "dialled without media");
                must!(*give_up_at > now, "the request was given up before it left");
            }
            CallEffect::ApplyAnswer => {
                self.applied_answers += 1;
                must!(self.applied_answers == 1, "two answers were applied");
                must!(self.dials == 1 && self.prepare_media == 1, "an answer to nothing");
            }
            CallEffect::Ringback => {
                must!(self.dials == 1, "the phone of nobody rings");
                must!(!self.accept_counts, "it rings although he picked up");
            }
            CallEffect::PreAccept { give_up_at } => {
                self.pre_accepts += 1;
                must!(self.pre_accepts <= 2, "pre_accept was sent a third time");
                must!(*give_up_at > now, "pre_accept was given up before it left");
                must!(self.prepare_media == 1, "pre_accept without media");
            }
            CallEffect::Accept { give_up_at } => {
                self.accepts += 1;
                let answer_by = facts.answer_by.ok_or("accept without an offer")?;
                must!(self.accepts == 1, "accept was sent twice");
                must!(self.pre_accept_counts, "accept before pre_accept");
                must!(now < answer_by.minus(Duration::from_millis(1_500)), "accept left too late");
                must!(*give_up_at > now && *give_up_at <= answer_by, "accept has no time");
            }
            CallEffect::Reject => {
                self.rejects += 1;
                must!(self.accepts == 0 || self.accept_refused || self.restarted_live, "reject after accept");
            }
            CallEffect::Terminate => {
                self.terminates += 1;
                let ours = facts.direction == Direction::Outgoing;
                must!(!ours || facts.reached, "terminate of a call that the provider does not have");
                must!(!ours || self.terminates == 1, "the provider was told twice");
                must!(
                    ours || self.accepts == 1 || self.second_word(),
                    "terminate of a call we did not accept"
                );
            }
            CallEffect::OpenGate => {
                self.gates += 1;
                must!(self.gates == 1, "the gate was opened twice");
                must!(self.accept_counts, "the gate was opened before accept went through");
            }
            CallEffect::Bridge(seat) => {
                must!(self.prepare_media == 1, "a bridge without a leg");
                must!(self.accept_counts || matches!(seat, Seat::Agent(_)), "sound before accept");
            }
            CallEffect::StartRecording
            | CallEffect::PauseRecording
            | CallEffect::ResumeRecording
            | CallEffect::StopRecording => {
                must!(self.accept_counts, "recorded before accept");
                must!(self.release_media == 0, "recorded without a leg");
            }
            CallEffect::ReleaseMedia => {
                self.release_media += 1;
                must!(self.release_media <= self.prepare_media, "media released twice, or never asked for");
            }
            CallEffect::Ring { agent, until } => {
                must!(!self.rung.contains(agent), "an agent is rung twice");
                must!(!self.restarted_live, "ringing after a restart");
                must!(
                    *until > now || facts.state != ProviderState::PreAccepted,
                    "an agent is rung for a moment that is over"
                );
                self.rung.push(*agent);
            }
            CallEffect::StopRinging { agent, .. } => {
                let place = self.rung.iter().position(|rung| rung == agent);
                self.rung.remove(place.ok_or("an offer is taken back that was not made")?);
            }
        }
        let second_word =
            matches!(effect, CallEffect::Terminate) && (self.second_word() || self.appeared(facts));
        must!(!over || second_word, "something is done for a call that is over");
        Ok(())
    }

    fn record(&mut self, what: &CallEventKind) -> Result<(), String> {
        let name = what.name();
        self.kinds.insert(name);
        match name {
            "call.pre_accepted" => self.pre_accept_counts = true,
            "call.accepted" => self.accept_counts = true,
            "call.terminated" | "call.rejected" | "call.missed" | "call.failed" | "call.cancelled" => {
                self.end_events += 1;
            }
            "input.refused" => self.refused_inputs += 1,
            "provider.refused" => {
                self.accept_refused |=
                    matches!(what, CallEventKind::ProviderRefused { action: "accept", .. });
            }
            _ => {}
        }
        must!(self.end_events <= 1, "the call ended twice");
        must!(self.refused_inputs <= 16, "refused inputs fill the story");
        Ok(())
    }

    /// After every input, when all its effects are done.
    pub(crate) fn settled(&mut self, now: Timestamp, call: &Call) -> Result<(), String> {
        let facts = call.facts();
        must!(call.poll_timeout().is_none_or(|due| due > now), "a deadline that has come is left over");
        must!(self.rung == facts.ringing, "the row and the cards differ");
        must!(facts.ending.is_some() == facts.state.is_over(), "state and ending differ");
        must!(facts.ending.is_some() == (self.end_events == 1), "an end without its event");
        must!(self.rejects + self.terminates <= 1 || self.second_word(), "the provider was told twice");
        must!(facts.pre_accepted_at.is_none() || self.pre_accepts > 0, "pre-accepted out of nothing");
        must!(facts.accepted_at.is_none() || self.accepts == 1 || self.dials == 1, "accepted out of nothing");
        must!(facts.dialled_at.is_some() == (self.dials == 1), "dialled out of nothing");
        must!(!facts.reached || self.dials == 1, "the provider has a call that was not dialled");
        must!(facts.answered_at.is_none() || facts.accepted_at.is_some(), "answered before accepted");
        must!(facts.answered_at.is_some() == facts.answered_by.is_some(), "answered by nobody");
        self.recorded.settled(call)?;
        if let Some(ending) = &facts.ending {
            must!(call.poll_timeout().is_none(), "a call that is over waits for something");
            must!(self.rung.is_empty(), "somebody is rung by a call that is over");
            must!(self.release_media == self.prepare_media, "a leg is left over");
            let outcome = *self.outcome.get_or_insert(ending.outcome);
            // He declined, and at first only the end was heard of.
            let declined = ending.reason == EndReason::DeclinedByCustomer;
            must!(outcome == ending.outcome || declined, "the outcome of a call that is over has changed");
            let told = self.rejects + self.terminates;
            let left_to_others = facts.state == ProviderState::Missed && ending.reason == EndReason::Draining;
            let unasked = self.provider_told_us_first
                || !facts.offered
                || (facts.direction == Direction::Outgoing && (!facts.reached || self.provider_said_end))
                || ending.reason == EndReason::StaleOffer
                || left_to_others;
            // A call that ended by the provider's word, or was never ours to end, owes him nothing.
            must!(
                told == 1 || self.second_word() || unasked || self.end_was_refined(facts),
                "the provider was not told"
            );
        }
        Ok(())
    }

    /// After a restart a reject may be refused because the accept had gone through unseen: then, once, terminate.
    fn second_word(&self) -> bool {
        self.restarted_live && self.rejects == 1 && self.terminates == 1
    }

    /// A call of ours that ended before the provider was known to have it.
    fn appeared(&self, facts: &CallFacts) -> bool {
        facts.direction == Direction::Outgoing && facts.reached && self.terminates == 1
    }

    /// A stale offer that turned out to be given up before: nothing was owed there either.
    fn end_was_refined(&self, facts: &CallFacts) -> bool {
        matches!(facts.state, ProviderState::Cancelled | ProviderState::Failed) && self.prepare_media == 0
    }
}
