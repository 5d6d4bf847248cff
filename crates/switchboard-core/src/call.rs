//! One call as a pure machine. `handle` takes what happened, `poll_effect` gives what is to be done,
//! `poll_timeout` says when to come back with `TimePassed` although nothing happened.
//!
//! The order inside `handle` is fixed: first every deadline whose moment has come, then the input. So a
//! click at the very moment the ringing ends is too late whether or not `TimePassed` was delivered before
//! it, and the same facts at the same times always give the same call.

mod accepting;
pub mod clearance;
mod deadlines;
pub mod effect;
mod ending;
pub mod event;
mod in_talk;
mod incoming;
pub mod input;
mod outgoing;
mod provider_end;
pub mod recording;
mod refusal;
mod ringing;
pub mod state;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use crate::call::effect::CallEffect;
use crate::call::event::{CallEvent, CallEventKind};
use crate::call::in_talk::InTalk;
use crate::call::incoming::Incoming;
use crate::call::input::{CallInput, Direction};
use crate::call::outgoing::Outgoing;
use crate::call::recording::Recording;
use crate::call::ringing::Roster;
use crate::call::state::{CallFacts, ProviderState};
use crate::ids::UserId;
use crate::time::Timestamp;

pub use crate::call::refusal::Refusal;

/// A provider may repeat a webhook for days. So many refused inputs stand in the story of a call; the
/// ones after that change nothing either and are not written down.
const REFUSED_INPUTS_KEPT: u8 = 16;

/// One call, of a customer to the business or of the business to a customer.
#[derive(Debug, Clone)]
pub struct Call {
    facts: CallFacts,
    phase: Phase,
    roster: Roster,
    leg: CustomerLeg,
    recording: Recording,
    effects: VecDeque<CallEffect>,
    latest: Timestamp,
    refused_inputs: u8,
    reject_may_be_late: bool,
}

/// How far the call is. Each phase has a file of its own.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Neither offer nor end has been seen.
    Unknown,
    /// A live call read back from its row: its media are gone, `NodeRestarted` will end it.
    Restored,
    /// Offered and not accepted (`incoming.rs`, `accepting.rs`).
    Incoming(Incoming),
    /// A call of ours that nobody has picked up yet (`outgoing.rs`).
    Outgoing(Outgoing),
    /// Accepted (`in_talk.rs`).
    InTalk(InTalk),
    /// Over (`ending.rs`, `provider_end.rs`); what comes now fills in or corrects, it never revives.
    Over,
}

/// What we know of the customer's media.
#[derive(Debug, Clone, Copy, Default)]
struct CustomerLeg {
    asked_for: bool,
    prepared: bool,
    /// The customer's media answer to a call of ours came.
    answered: bool,
    connected: bool,
    heard: bool,
}

impl Default for Call {
    fn default() -> Self {
        Self::new()
    }
}

impl Call {
    /// A call of which nothing is known yet.
    #[must_use]
    pub fn new() -> Self {
        Self::with(
            CallFacts {
                direction: Direction::Incoming,
                placed_by: None,
                dialled_at: None,
                rang_at: None,
                reached: false,
                state: ProviderState::Ringing,
                offered: false,
                policy: None,
                offered_at: None,
                answer_by: None,
                pre_accepted_at: None,
                accepted_at: None,
                answered_at: None,
                answered_by: None,
                ringing: Vec::new(),
                ending: None,
                provider_started_at: None,
                provider_ended_at: None,
                provider_duration: None,
            },
            Phase::Unknown,
        )
    }

    /// A call read back from its row. One that is over absorbs what still comes; a live one has lost its
    /// media with the process that carried them and must be given `NodeRestarted`.
    #[must_use]
    pub fn restore(facts: CallFacts) -> Self {
        let phase = match (&facts.ending, facts.offered) {
            (Some(_), _) => Phase::Over,
            (None, true) => Phase::Restored,
            (None, false) => Phase::Unknown,
        };
        Self::with(facts, phase)
    }

    fn with(facts: CallFacts, phase: Phase) -> Self {
        Self {
            facts,
            phase,
            roster: Roster::default(),
            leg: CustomerLeg::default(),
            recording: Recording::default(),
            effects: VecDeque::new(),
            latest: Timestamp::from_micros(i64::MIN),
            refused_inputs: 0,
            reject_may_be_late: false,
        }
    }

    /// Something happened. Afterwards `poll_effect` has what is to be done, in order.
    ///
    /// # Errors
    ///
    /// Only people's verbs are refused, and then nothing has changed by them.
    pub fn handle(&mut self, now: Timestamp, input: CallInput) -> Result<(), Refusal> {
        // A clock that was set back must not make a passed deadline unpassed.
        let now = now.max(self.latest);
        self.apply_deadlines(now);
        self.latest = now;
        let verdict = self.apply(now, input);
        // What the input started may have had its moment already: a late offer, a line lost before accept.
        self.apply_deadlines(now);
        verdict
    }

    /// The next thing to be done; none when all is said.
    pub fn poll_effect(&mut self) -> Option<CallEffect> {
        self.effects.pop_front()
    }

    /// When to come back with `TimePassed`, if nothing else happens before. None: never.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.next_deadline().map(|deadline| deadline.at)
    }

    /// What is decided so far: what the row of this call keeps.
    #[must_use]
    pub const fn facts(&self) -> &CallFacts {
        &self.facts
    }

    /// Until when those who are rung can take the call; none while it does not wait for anybody.
    #[must_use]
    pub fn ring_until(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Incoming(incoming) => incoming.rings_until(),
            Phase::InTalk(talk) => talk.rings_until(),
            Phase::Unknown | Phase::Restored | Phase::Outgoing(_) | Phase::Over => None,
        }
    }

    /// Whose call it is at this moment: who clicked Answer, or who talks, or who lost his line and may
    /// take it back. None before the click, while it is offered again, and when it is over.
    #[must_use]
    pub fn taken_by(&self) -> Option<UserId> {
        match self.phase {
            Phase::Incoming(incoming) => incoming.taken_by(),
            Phase::Outgoing(outgoing) => Some(outgoing.by()),
            Phase::InTalk(talk) => talk.taken_by(),
            Phase::Unknown | Phase::Restored | Phase::Over => None,
        }
    }

    fn apply(&mut self, now: Timestamp, input: CallInput) -> Result<(), Refusal> {
        match input {
            CallInput::Offered(offered) => self.offered(now, offered),
            CallInput::ProviderEnded(ended) => self.provider_ended(now, ended),
            CallInput::Placed(placed) => self.placed(now, placed),
            CallInput::DialAnswered(answer) => self.dial_answered(now, answer),
            CallInput::AnswerCame => self.answer_came(now),
            CallInput::CustomerRings => self.customer_rings(now),
            CallInput::CustomerAccepted => self.customer_accepted(now),
            CallInput::CustomerDeclined => self.customer_declined(now),
            CallInput::PreAcceptAnswered(answer) => self.pre_accept_answered(now, answer),
            CallInput::AcceptAnswered(answer) => self.accept_answered(now, answer),
            CallInput::RejectAnswered(answer) => self.verb_answered(now, "reject", answer),
            CallInput::TerminateAnswered(answer) => self.verb_answered(now, "terminate", answer),
            CallInput::MediaPrepared => self.media_prepared(now),
            CallInput::MediaRefused(refusal) => self.media_refused(now, refusal),
            CallInput::CustomerConnected => self.customer_connected(now),
            CallInput::CustomerHeard => self.customer_heard(now),
            CallInput::CustomerSilent => self.customer_silent(now),
            CallInput::CustomerLegFailed => self.customer_leg_failed(now),
            CallInput::NoticePlayed => self.notice_played(now),
            CallInput::AnnouncementPlayed => self.announcement_played(now),
            CallInput::RecordingFailed { why } => self.recording_failed(now, why),
            CallInput::AgentAvailable(agent) => self.agent_available(now, agent),
            CallInput::AgentsAvailable(agents) => self.agents_available(now, agents),
            CallInput::AgentUnavailable(agent) => self.agent_unavailable(now, agent),
            CallInput::LineLost(agent) => self.line_lost(now, agent),
            CallInput::LineBack(agent) => self.line_back(now, agent),
            CallInput::NodeRestarted => self.node_restarted(now),
            CallInput::DrainTimeout => self.drain_timeout(now),
            CallInput::TimePassed => {}
            CallInput::Answer { by } => return self.answer(now, by),
            CallInput::Decline { by } => return self.decline(now, by),
            CallInput::Reject { by } => return self.reject(now, by),
            CallInput::HangUp { by } => return self.hang_up(now, by),
            CallInput::StartRecording { by } => return self.recording_wanted(now, by),
            CallInput::PauseRecording { by } => return self.recording_paused(now, by),
            CallInput::ResumeRecording { by } => return self.recording_resumed(now, by),
            CallInput::StopRecording { by } => return self.recording_unwanted(now, by),
        }
        Ok(())
    }

    fn emit(&mut self, effect: CallEffect) {
        self.effects.push_back(effect);
    }

    fn record(&mut self, at: Timestamp, what: CallEventKind) {
        self.emit(CallEffect::Record(CallEvent { at, what }));
    }

    /// Notes that an input was not applied, and why (C3: refused and logged, never half applied).
    fn refuse_input(&mut self, now: Timestamp, input: &'static str, why: &'static str) {
        if self.refused_inputs < REFUSED_INPUTS_KEPT {
            self.refused_inputs += 1;
            self.record(now, CallEventKind::InputRefused { input, why });
        }
    }

    /// Notes something about a call that is over; bounded like refused inputs, for the same reason.
    fn record_late(&mut self, now: Timestamp, what: CallEventKind) {
        if self.refused_inputs < REFUSED_INPUTS_KEPT {
            self.refused_inputs += 1;
            self.record(now, what);
        }
    }

    /// The phase-independent reason why an input has no place here.
    const fn why_not(&self) -> &'static str {
        match self.phase {
            Phase::Unknown => "the call has not been offered",
            Phase::Restored => "the exchange was restarted",
            Phase::Incoming(_) => "the call is not accepted, or this is known already",
            Phase::Outgoing(_) => "nobody has picked up, or this is known already",
            Phase::InTalk(_) => "the call is accepted already",
            Phase::Over => "the call is over",
        }
    }

    /// What a person hears whose verb does not fit the phase.
    fn not_now(&self) -> Refusal {
        match self.phase {
            Phase::Over => Refusal::Over { status: self.facts.status() },
            Phase::Unknown | Phase::Restored | Phase::Incoming(_) | Phase::Outgoing(_) | Phase::InTalk(_) => {
                match self.taken_by().or(self.facts.answered_by) {
                    Some(by) => Refusal::AlreadyTaken { by },
                    None => Refusal::NotRinging,
                }
            }
        }
    }
}
