//! From the accept to the end: the talk, the lost line (edge 2), the longest duration (C11).

use std::time::Duration;

use crate::call::effect::{CallEffect, Notice, Seat, StopRinging};
use crate::call::event::CallEventKind;
use crate::call::state::EndReason;
use crate::call::{Call, Phase};
use crate::ids::UserId;
use crate::time::Timestamp;

/// Edge 2: silence is shorter than this before music starts; a page reload mostly fits into it.
pub(super) const MUSIC_AFTER: Duration = Duration::from_secs(2);
/// Edge 2: so long the agent can take his call back from anywhere.
pub(super) const TAKE_BACK_FOR: Duration = Duration::from_secs(30);
/// Edge 2: so long it is then offered again.
const OFFERED_AGAIN_FOR: Duration = Duration::from_secs(30);
/// The spoken notice is about 6 s long; the leg does not wait longer for the word that it has been heard.
const GOODBYE_FOR: Duration = Duration::from_secs(8);
/// C11: the tone comes so long before the end. It replaces the agent in the customer's ear for a moment
/// only; the agent keeps hearing the customer's next words at the latest after `TONE_FOR`.
const WARNED_AHEAD: Duration = Duration::from_secs(10);
const TONE_FOR: Duration = Duration::from_secs(1);

/// An accepted call.
#[derive(Debug, Clone, Copy)]
pub(super) struct InTalk {
    pub(super) with: With,
    pub(super) ends_at: Timestamp,
    /// When the warning tone is due; none once it was played, and for calls too short to be warned.
    pub(super) warn_at: Option<Timestamp>,
    /// The tone plays until then, if its end is not reported before.
    pub(super) tone_until: Option<Timestamp>,
}

/// With whom the customer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum With {
    Agent(UserId),
    Echo,
    /// The agent's line is gone; he may take the call back.
    LostAgent {
        agent: UserId,
        since: Timestamp,
        music: bool,
    },
    /// Offered to everybody again.
    OfferedAgain {
        until: Timestamp,
    },
    /// The last notice plays.
    Goodbye {
        until: Timestamp,
        why: Farewell,
    },
}

/// Why the last notice plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Farewell {
    /// The agent is lost, and nobody took the call over.
    NobodyLeft,
    /// The exchange is being stopped.
    Maintenance,
}

impl Farewell {
    const fn notice(self) -> Notice {
        match self {
            Self::NobodyLeft => Notice::NobodyLeft,
            Self::Maintenance => Notice::Maintenance,
        }
    }

    pub(super) const fn reason(self) -> EndReason {
        match self {
            Self::NobodyLeft => EndReason::AgentLost,
            Self::Maintenance => EndReason::Draining,
        }
    }
}

impl InTalk {
    const fn new(with: With, accepted_at: Timestamp, ends_at: Timestamp) -> Self {
        let warn_at = ends_at.minus(WARNED_AHEAD);
        let warn_at = if warn_at.micros() > accepted_at.micros() { Some(warn_at) } else { None };
        Self { with, ends_at, warn_at, tone_until: None }
    }

    pub(super) const fn with_agent(agent: UserId, now: Timestamp, ends_at: Timestamp) -> Self {
        Self::new(With::Agent(agent), now, ends_at)
    }

    pub(super) const fn with_echo(now: Timestamp, ends_at: Timestamp) -> Self {
        Self::new(With::Echo, now, ends_at)
    }

    pub(super) const fn with_lost_agent(
        agent: UserId,
        since: Timestamp,
        now: Timestamp,
        ends_at: Timestamp,
    ) -> Self {
        Self::new(With::LostAgent { agent, since, music: false }, now, ends_at)
    }

    pub(super) const fn taken_by(self) -> Option<UserId> {
        match self.with {
            With::Agent(agent) | With::LostAgent { agent, .. } => Some(agent),
            With::Echo | With::OfferedAgain { .. } | With::Goodbye { .. } => None,
        }
    }

    pub(super) const fn rings_until(self) -> Option<Timestamp> {
        match self.with {
            With::OfferedAgain { until } => Some(until),
            With::Agent(_) | With::Echo | With::LostAgent { .. } | With::Goodbye { .. } => None,
        }
    }

    pub(super) const fn seat(self) -> Seat {
        match self.with {
            With::Agent(agent) | With::LostAgent { agent, music: false, .. } => Seat::Agent(agent),
            With::Echo => Seat::Echo,
            With::LostAgent { music: true, .. } | With::OfferedAgain { .. } => Seat::Music,
            With::Goodbye { why, .. } => Seat::Notice(why.notice()),
        }
    }
}

impl Call {
    /// The customer is with somebody or something else from here on.
    fn now_with(&mut self, mut talk: InTalk, with: With) {
        talk.with = with;
        talk.tone_until = None;
        self.phase = Phase::InTalk(talk);
        // An announcement is heard to its end first.
        if !self.is_announcing() {
            self.emit(CallEffect::Bridge(talk.seat()));
        }
    }

    /// A person speaks with the customer from now on.
    pub(super) fn put_through(&mut self, now: Timestamp, agent: UserId) {
        self.facts.answered_by = Some(agent);
        self.facts.answered_at = self.facts.answered_at.or(Some(now));
        self.record(now, CallEventKind::PutThrough(agent));
    }

    pub(super) fn line_lost(&mut self, now: Timestamp, agent: UserId) {
        match self.phase {
            Phase::Incoming(incoming) if incoming.taken_by() == Some(agent) => {
                self.record(now, CallEventKind::LineLost(agent));
                self.taker_lost(now, incoming);
            }
            Phase::Outgoing(outgoing) if outgoing.by() == agent => {
                self.record(now, CallEventKind::LineLost(agent));
                self.caller_lost(now, outgoing);
            }
            Phase::InTalk(mut talk) if talk.with == With::Agent(agent) => {
                talk.with = With::LostAgent { agent, since: now, music: false };
                self.phase = Phase::InTalk(talk);
                self.record(now, CallEventKind::LineLost(agent));
            }
            Phase::Unknown
            | Phase::Restored
            | Phase::Incoming(_)
            | Phase::Outgoing(_)
            | Phase::InTalk(_)
            | Phase::Over => {
                self.refuse_input(now, "line_lost", "this agent is not in the call");
            }
        }
    }

    pub(super) fn line_back(&mut self, now: Timestamp, agent: UserId) {
        match self.phase {
            Phase::Incoming(incoming) if incoming.taken_by() == Some(agent) => {
                self.record(now, CallEventKind::LineBack(agent));
                self.taker_back(incoming, agent);
            }
            Phase::Outgoing(outgoing) if outgoing.by() == agent => {
                self.record(now, CallEventKind::LineBack(agent));
                self.caller_back(outgoing);
            }
            // A line that was replaced before its loss was noticed must be bridged anew as well.
            Phase::InTalk(talk) if talk.taken_by() == Some(agent) => {
                self.record(now, CallEventKind::LineBack(agent));
                self.now_with(talk, With::Agent(agent));
                if self.facts.answered_at.is_none() && !self.is_announcing() {
                    self.put_through(now, agent);
                }
            }
            Phase::Unknown
            | Phase::Restored
            | Phase::Incoming(_)
            | Phase::Outgoing(_)
            | Phase::InTalk(_)
            | Phase::Over => {
                self.refuse_input(now, "line_back", "this agent is not in the call");
            }
        }
    }

    pub(super) fn start_music(&mut self, now: Timestamp, talk: InTalk, agent: UserId, since: Timestamp) {
        self.record(now, CallEventKind::MusicStarted);
        self.now_with(talk, With::LostAgent { agent, since, music: true });
    }

    /// Nobody took the call back: everybody who can be rung is, also those who declined it when it was new.
    pub(super) fn offer_again(&mut self, now: Timestamp, moment: Timestamp, mut talk: InTalk) {
        let until = moment.plus(OFFERED_AGAIN_FOR);
        talk.with = With::OfferedAgain { until };
        self.phase = Phase::InTalk(talk);
        self.record(now, CallEventKind::OfferedAgain);
        self.roster.forget_declines();
        self.ring_everybody(now, until);
    }

    /// A person takes a call that is offered again: it is accepted already, so he is just put through.
    pub(super) fn answered_again(&mut self, now: Timestamp, talk: InTalk, by: UserId) {
        self.stop_ringing_for_winner(now, by);
        self.now_with(talk, With::Agent(by));
        if !self.is_announcing() {
            self.put_through(now, by);
        }
    }

    pub(super) fn offered_again_in_vain(&mut self, now: Timestamp, moment: Timestamp, talk: InTalk) {
        self.stop_ringing_all(now, |_| StopRinging::TimedOut);
        self.say_goodbye(now, moment, talk, Farewell::NobodyLeft);
    }

    pub(super) fn say_goodbye(&mut self, now: Timestamp, moment: Timestamp, talk: InTalk, why: Farewell) {
        self.give_up_announcement();
        self.record(now, CallEventKind::NoticeStarted(why.notice()));
        self.now_with(talk, With::Goodbye { until: moment.plus(GOODBYE_FOR), why });
    }

    /// The exchange is being stopped. Whoever hears a last notice already is not interrupted in it.
    pub(super) fn interrupt_for_maintenance(&mut self, now: Timestamp, talk: InTalk) {
        match talk.with {
            With::Goodbye { .. } => self.refuse_input(now, "drain_timeout", "the last notice plays already"),
            With::Agent(_) | With::Echo | With::LostAgent { .. } | With::OfferedAgain { .. } => {
                self.stop_ringing_all(now, |_| StopRinging::Ended);
                self.say_goodbye(now, now, talk, Farewell::Maintenance);
            }
        }
    }

    /// C11: the tone that says the call will end soon. Who hears the last notice needs none.
    pub(super) fn warn(&mut self, now: Timestamp, moment: Timestamp, mut talk: InTalk) {
        talk.warn_at = None;
        match talk.with {
            With::Goodbye { .. } => {}
            With::Agent(_) | With::Echo | With::LostAgent { .. } | With::OfferedAgain { .. } => {
                talk.tone_until = Some(moment.plus(TONE_FOR));
                self.record(now, CallEventKind::NoticeStarted(Notice::EndsSoon));
                self.emit(CallEffect::Bridge(Seat::Notice(Notice::EndsSoon)));
            }
        }
        self.phase = Phase::InTalk(talk);
    }

    pub(super) fn tone_over(&mut self, talk: InTalk) {
        self.now_with(talk, talk.with);
    }

    pub(super) fn notice_played(&mut self, now: Timestamp) {
        match self.phase {
            Phase::InTalk(talk) if talk.tone_until.is_some() => self.tone_over(talk),
            Phase::InTalk(InTalk { with: With::Goodbye { why, .. }, .. }) => {
                self.end_by_rule(now, now, why.reason());
            }
            // The tone's own second was over before the word of its end came: not worth a line.
            Phase::InTalk(InTalk { warn_at: None, .. }) => {}
            Phase::Unknown
            | Phase::Restored
            | Phase::Incoming(_)
            | Phase::Outgoing(_)
            | Phase::InTalk(_)
            | Phase::Over => {
                self.refuse_input(now, "notice_played", "no notice is playing");
            }
        }
    }
}
