//! The click, the accept, and what proves that it worked.

use std::time::Duration;

use crate::call::effect::{CallEffect, Seat};
use crate::call::event::CallEventKind;
use crate::call::in_talk::InTalk;
use crate::call::incoming::{Accept, Incoming};
use crate::call::input::{Direction, ProviderAnswer};
use crate::call::state::ProviderState;
use crate::call::{Call, Phase, Refusal};
use crate::ids::UserId;
use crate::time::Timestamp;

/// Settled: so long after an ambiguous accept, sound or an end must have told what became of it.
const UNCLEAR_FOR: Duration = Duration::from_secs(3);

impl Call {
    pub(super) fn customer_connected(&mut self, now: Timestamp) {
        match self.phase {
            Phase::Incoming(_) | Phase::Outgoing(_) | Phase::InTalk(_)
                if self.leg_can_be_up() && !self.leg.connected =>
            {
                self.leg.connected = true;
                self.record(now, CallEventKind::CustomerConnected);
                self.accept_if_ready(now);
            }
            Phase::Unknown
            | Phase::Restored
            | Phase::Incoming(_)
            | Phase::Outgoing(_)
            | Phase::InTalk(_)
            | Phase::Over => {
                self.refuse_input(now, "customer_connected", self.why_not());
            }
        }
    }

    /// The click. The first one wins; the winner's second click finds what he wanted.
    pub(super) fn answer(&mut self, now: Timestamp, by: UserId) -> Result<(), Refusal> {
        if self.taken_by() == Some(by) {
            return Ok(());
        }
        match self.phase {
            Phase::Incoming(mut incoming) if self.facts.ringing.contains(&by) => {
                incoming.taken_by = Some(by);
                self.phase = Phase::Incoming(incoming);
                self.stop_ringing_for_winner(now, by);
                if self.leg.prepared {
                    // The gate is closed, so nothing flows yet; when it opens, sound is there at once.
                    self.emit(CallEffect::Bridge(Seat::Agent(by)));
                }
                self.accept_if_ready(now);
                Ok(())
            }
            Phase::InTalk(talk) if self.facts.ringing.contains(&by) => {
                self.answered_again(now, talk, by);
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

    /// Sends `accept` as soon as everything it needs is there, and never after its time.
    pub(super) fn accept_if_ready(&mut self, now: Timestamp) {
        let Phase::Incoming(mut incoming) = self.phase else { return };
        let Some(warm_at) = incoming.warm_at() else { return };
        let warm = self.leg.connected || now >= warm_at;
        if !incoming.wants_accept() || !warm || now >= incoming.accept_leaves_before() {
            return;
        }
        let give_up_at = incoming.accept_given_up_at();
        incoming.accept = Accept::Sent { give_up_at, heard: false };
        self.phase = Phase::Incoming(incoming);
        self.emit(CallEffect::Accept { give_up_at });
        self.record(now, CallEventKind::AcceptSent);
    }

    pub(super) fn accept_answered(&mut self, now: Timestamp, answer: ProviderAnswer) {
        let Phase::Incoming(incoming) = self.phase else {
            return self.refuse_input(now, "accept_answered", self.why_not());
        };
        match (incoming.accept, answer) {
            (Accept::Sent { .. } | Accept::Unclear { .. }, ProviderAnswer::Done) => {
                self.accepted(now, incoming, false);
            }
            (Accept::Sent { .. } | Accept::Unclear { .. }, ProviderAnswer::Refused(fault)) => {
                let refused = CallEventKind::ProviderRefused { action: "accept", fault: fault.clone() };
                self.record(now, refused);
                self.end_accept_refused(now, fault);
            }
            (Accept::Sent { heard, .. }, ProviderAnswer::Unknown { detail }) => {
                self.accept_unclear(now, now, incoming, heard, detail);
            }
            (Accept::Unclear { .. }, ProviderAnswer::Unknown { .. }) | (Accept::NotSent, _) => {
                self.refuse_input(now, "accept_answered", "no answer is awaited");
            }
        }
    }

    /// Settled: an ambiguous accept is not repeated. Sound that came since it left proves it.
    pub(super) fn accept_unclear(
        &mut self,
        now: Timestamp,
        since: Timestamp,
        mut incoming: Incoming,
        heard: bool,
        detail: String,
    ) {
        self.record(now, CallEventKind::ProviderUnclear { action: "accept", detail });
        if heard {
            return self.accepted(now, incoming, true);
        }
        incoming.accept = Accept::Unclear { decide_by: since.plus(UNCLEAR_FOR) };
        self.phase = Phase::Incoming(incoming);
    }

    pub(super) fn customer_heard(&mut self, now: Timestamp) {
        match self.phase {
            Phase::Incoming(_) | Phase::Outgoing(_) | Phase::InTalk(_) if self.leg_can_be_up() => {}
            Phase::Unknown
            | Phase::Restored
            | Phase::Incoming(_)
            | Phase::Outgoing(_)
            | Phase::InTalk(_)
            | Phase::Over => {
                return self.refuse_input(now, "customer_heard", self.why_not());
            }
        }
        if !self.leg.heard {
            self.leg.heard = true;
            self.record(now, CallEventKind::CustomerHeard);
        }
        if let Phase::Outgoing(outgoing) = self.phase {
            // Who speaks has picked up, whether the status has come or not.
            return self.picked_up(now, outgoing, true);
        }
        let Phase::Incoming(mut incoming) = self.phase else { return };
        match incoming.accept {
            // Sound before our accept proves nothing about it.
            Accept::NotSent => {}
            Accept::Sent { give_up_at, .. } => {
                incoming.accept = Accept::Sent { give_up_at, heard: true };
                self.phase = Phase::Incoming(incoming);
            }
            Accept::Unclear { .. } => self.accepted(now, incoming, true),
        }
    }

    /// Both descriptions are there: the path to the customer can come up.
    const fn leg_can_be_up(&self) -> bool {
        self.leg.prepared && (self.leg.answered || matches!(self.facts.direction, Direction::Incoming))
    }

    fn accepted(&mut self, now: Timestamp, incoming: Incoming, presumed: bool) {
        self.begin_talk(now, incoming.taken_by, incoming.taker_lost_at, presumed);
    }

    /// Both sides may speak from here on: our accept is through, or the customer picked up.
    pub(super) fn begin_talk(
        &mut self,
        now: Timestamp,
        taken_by: Option<UserId>,
        lost_at: Option<Timestamp>,
        presumed: bool,
    ) {
        self.facts.state = ProviderState::Accepted;
        self.facts.accepted_at = Some(now);
        self.record(now, CallEventKind::Accepted { presumed });
        let recorded = self.is_recorded_by_rule();
        let announced = recorded && self.is_announced();
        if announced {
            // Before the gate opens: nobody hears the customer before he was told.
            self.start_recording(now, None);
        }
        self.emit(CallEffect::OpenGate);
        let longest = self.facts.policy.as_ref().map(|policy| policy.max_call_duration);
        let ends_at = now.plus(longest.unwrap_or(Duration::MAX));
        match (taken_by, lost_at) {
            (Some(agent), None) => {
                self.phase = Phase::InTalk(InTalk::with_agent(agent, now, ends_at));
                if !announced {
                    self.put_through(now, agent);
                }
            }
            // He clicked and lost his line since. The customer is here: the rule of the lost line serves him.
            (Some(agent), Some(lost_at)) => {
                self.phase = Phase::InTalk(InTalk::with_lost_agent(agent, lost_at, now, ends_at));
            }
            (None, _) => {
                self.phase = Phase::InTalk(InTalk::with_echo(now, ends_at));
                if !announced {
                    self.emit(CallEffect::Bridge(Seat::Echo));
                }
            }
        }
        if recorded && !announced {
            self.start_recording(now, None);
        }
    }

    pub(super) fn taker_lost(&mut self, now: Timestamp, mut incoming: Incoming) {
        // A second word of the same loss does not begin it anew.
        incoming.taker_lost_at = incoming.taker_lost_at.or(Some(now));
        self.phase = Phase::Incoming(incoming);
    }

    pub(super) fn taker_back(&mut self, mut incoming: Incoming, agent: UserId) {
        incoming.taker_lost_at = None;
        self.phase = Phase::Incoming(incoming);
        if self.leg.prepared {
            self.emit(CallEffect::Bridge(Seat::Agent(agent)));
        }
    }
}
