//! From the click to the pick-up of a call of ours: make the offer, dial, wait for the customer.
//!
//! What the provider says comes in any order, twice, and before the answer to our own request: his media answer (the
//! webhook `connect`, when the relay is ready and nobody has picked up), RINGING, ACCEPTED or REJECTED, the end. Each
//! of them proves that he has the call (`reached`). The customer has picked up when ACCEPTED comes or his first sound,
//! whichever is first.
//!
//! A request that nobody answered for is never repeated: the customer would be rung twice. It is waited for a word
//! about the call; without one it has failed. Whenever the provider comes to speak of a call that ended before he was
//! known to have it (given up, hung up at once, lost in a restart), he is told then that it is over.
//!
//! No sound leaves for the customer before he has picked up: he is not on the line, so it would be lost, and where the
//! provider counted it as the beginning of the talk his clock would run. ICE keeps the path open until then.

use std::time::Duration;

use crate::call::effect::{CallEffect, Seat};
use crate::call::ending::Owed;
use crate::call::event::CallEventKind;
use crate::call::input::{
    DialAnswer, DialRefusal, Direction, MediaRefusal, Placed, ProviderEnded, ProviderFault,
};
use crate::call::state::{EndReason, EndedBy, Ending, Outcome, ProviderState};
use crate::call::{Call, Phase};
use crate::ids::UserId;
use crate::time::Timestamp;

/// A leg that is not made by then is of no use to a person who waits with the receiver at his ear.
const PREPARE_FOR: Duration = Duration::from_secs(5);
/// So long the provider may take to answer our `connect`; he was seen to take one or two seconds.
const DIAL_FOR: Duration = Duration::from_secs(10);
/// So long after an ambiguous `connect` a word about the call must have told what became of it. Webhooks are sent again
/// after some seconds when one is lost.
const UNCLEAR_FOR: Duration = Duration::from_secs(10);
/// So long the customer's phone rings on when the line of the one who calls is lost: as long as he may take a call back.
const LINE_LOST_FOR: Duration = Duration::from_secs(30);
/// The customer has picked up and his media answer never came: so long it is waited for.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// A call of ours that nobody has picked up yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outgoing {
    by: UserId,
    /// His line was lost since.
    lost_at: Option<Timestamp>,
    pub(super) rings_until: Timestamp,
    pub(super) dial: Dial,
}

/// How far our `connect` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dial {
    NotSent,
    Sent {
        give_up_at: Timestamp,
    },
    Unclear {
        decide_by: Timestamp,
    },
    /// The provider has it.
    Through,
}

impl Outgoing {
    pub(super) const fn by(self) -> UserId {
        self.by
    }

    const fn is_dialling(self) -> bool {
        match self.dial {
            Dial::Sent { .. } | Dial::Unclear { .. } => true,
            Dial::NotSent | Dial::Through => false,
        }
    }

    /// When nobody is left to speak with the customer.
    pub(super) fn given_up_without_line(self) -> Option<Timestamp> {
        self.lost_at.map(|lost| lost.plus(LINE_LOST_FOR))
    }
}

impl Call {
    /// Is it a call of ours?
    pub(super) fn is_ours(&self) -> bool {
        self.facts.direction == Direction::Outgoing
    }

    pub(super) fn placed(&mut self, now: Timestamp, placed: Placed) {
        let Phase::Unknown = self.phase else {
            return self.refuse_input(now, "placed", "the call was begun before");
        };
        // The clearance has done its work by existing: without it there is no `Placed`.
        let Placed { by, policy, clearance: _ } = placed;
        let rings_until = now.plus(policy.answer_window);
        self.facts.direction = Direction::Outgoing;
        self.facts.placed_by = Some(by);
        self.facts.state = ProviderState::Dialled;
        self.facts.offered = true;
        self.facts.offered_at = Some(now);
        self.facts.answer_by = Some(rings_until);
        self.facts.policy = Some(policy);
        self.phase = Phase::Outgoing(Outgoing { by, lost_at: None, rings_until, dial: Dial::NotSent });
        self.record(now, CallEventKind::Initiated(by));
        self.leg.asked_for = true;
        self.emit(CallEffect::PrepareOffer { give_up_at: now.plus(PREPARE_FOR).min(rings_until) });
    }

    /// Our offer is written: the one who calls is put through at once, so that no word is clipped later, and the
    /// request leaves.
    pub(super) fn offer_prepared(&mut self, now: Timestamp, mut outgoing: Outgoing) {
        self.leg.prepared = true;
        self.record(now, CallEventKind::MediaPrepared);
        self.emit(CallEffect::Bridge(Seat::Agent(outgoing.by)));
        let give_up_at = now.plus(DIAL_FOR);
        let longest = self.facts.policy.as_ref().map_or(Duration::ZERO, |policy| policy.answer_window);
        outgoing.dial = Dial::Sent { give_up_at };
        outgoing.rings_until = now.plus(longest);
        self.phase = Phase::Outgoing(outgoing);
        self.facts.dialled_at = Some(now);
        self.facts.answer_by = Some(outgoing.rings_until);
        self.emit(CallEffect::Dial { give_up_at });
        self.record(now, CallEventKind::DialSent);
    }

    /// No leg, or an answer that cannot be used.
    pub(super) fn outgoing_media_refused(&mut self, now: Timestamp, refusal: MediaRefusal) {
        self.record(now, CallEventKind::MediaRefused(refusal.clone()));
        let reason = match refusal {
            MediaRefusal::NoPorts => EndReason::NoRtpPorts,
            MediaRefusal::Flooded => EndReason::Flooded,
            MediaRefusal::BadOffer(_) => EndReason::BadOffer,
            MediaRefusal::Unavailable => EndReason::MediaUnavailable,
        };
        self.end_failed(now, reason, None);
    }

    pub(super) fn dial_answered(&mut self, now: Timestamp, answer: DialAnswer) {
        match answer {
            DialAnswer::Placed => {
                self.heard_of(now, "dial_answered", true);
            }
            DialAnswer::Refused { why, fault } => self.dial_refused(now, why, fault),
            DialAnswer::Unknown { detail } => match self.phase {
                Phase::Outgoing(outgoing) if matches!(outgoing.dial, Dial::Sent { .. }) => {
                    self.dial_unclear(now, now, outgoing, detail);
                }
                Phase::Over if self.is_ours() => {
                    self.record_late(now, CallEventKind::ProviderUnclear { action: "connect", detail });
                }
                Phase::Unknown
                | Phase::Restored
                | Phase::Incoming(_)
                | Phase::Outgoing(_)
                | Phase::InTalk(_)
                | Phase::Over => self.refuse_input(now, "dial_answered", "no answer is awaited"),
            },
        }
    }

    fn dial_refused(&mut self, now: Timestamp, why: DialRefusal, fault: ProviderFault) {
        match self.phase {
            Phase::Outgoing(outgoing) if outgoing.is_dialling() => {
                self.record(now, CallEventKind::ProviderRefused { action: "connect", fault: fault.clone() });
                let ending = Self::by_exchange(now, Outcome::Failed, why.reason());
                let ending = Ending { by: EndedBy::Provider, fault: Some(fault), ..ending };
                self.end(now, ProviderState::Failed, ending, Owed::Nothing);
            }
            Phase::Over if self.is_ours() => {
                self.record_late(now, CallEventKind::ProviderRefused { action: "connect", fault });
            }
            Phase::Unknown
            | Phase::Restored
            | Phase::Incoming(_)
            | Phase::Outgoing(_)
            | Phase::InTalk(_)
            | Phase::Over => self.refuse_input(now, "dial_answered", "no answer is awaited"),
        }
    }

    /// Not repeated: a word about the call decides, or nobody does.
    pub(super) fn dial_unclear(
        &mut self,
        now: Timestamp,
        since: Timestamp,
        mut outgoing: Outgoing,
        detail: String,
    ) {
        self.record(now, CallEventKind::ProviderUnclear { action: "connect", detail });
        outgoing.dial = Dial::Unclear { decide_by: since.plus(UNCLEAR_FOR) };
        self.phase = Phase::Outgoing(outgoing);
    }

    /// The provider speaks of a call of ours, so he has it. False: there was nothing he could speak of. A call that is
    /// over without his having been known to have it is ended at his end now, if it is `live` there.
    fn heard_of(&mut self, now: Timestamp, input: &'static str, live: bool) -> bool {
        // The row is written beside the request. A process that died just then left one that says nothing of it; that the
        // provider speaks of the call by our own mark proves that it was dialled.
        let lost = matches!(self.phase, Phase::Restored)
            || self.facts.ending.as_ref().is_some_and(|ending| ending.reason == EndReason::NodeRestarted);
        if !self.is_ours() || (self.facts.dialled_at.is_none() && !lost) {
            self.refuse_input(now, input, "the call was not dialled");
            return false;
        }
        if std::mem::replace(&mut self.facts.reached, true) {
            return true;
        }
        match self.phase {
            Phase::Outgoing(mut outgoing) => {
                outgoing.dial = Dial::Through;
                self.phase = Phase::Outgoing(outgoing);
                self.record(now, CallEventKind::Dialled);
            }
            Phase::Over => {
                self.record(now, CallEventKind::AppearedLate);
                if live {
                    self.emit(CallEffect::Terminate);
                    self.record(now, CallEventKind::TerminateSent);
                }
            }
            Phase::Unknown | Phase::Restored | Phase::Incoming(_) | Phase::InTalk(_) => {}
        }
        true
    }

    pub(super) fn answer_came(&mut self, now: Timestamp) {
        if !self.heard_of(now, "answer_came", true) {
            return;
        }
        match self.phase {
            Phase::Outgoing(_) | Phase::InTalk(_) if self.leg.prepared && !self.leg.answered => {
                self.leg.answered = true;
                self.record(now, CallEventKind::AnswerCame);
                self.emit(CallEffect::ApplyAnswer);
            }
            // Once more, or for a call that is over: nothing can be done with it.
            Phase::Unknown
            | Phase::Restored
            | Phase::Incoming(_)
            | Phase::Outgoing(_)
            | Phase::InTalk(_)
            | Phase::Over => {}
        }
    }

    pub(super) fn customer_rings(&mut self, now: Timestamp) {
        if !self.heard_of(now, "customer_rings", true) || self.facts.rang_at.is_some() {
            return;
        }
        match self.phase {
            Phase::Outgoing(_) => {
                self.facts.rang_at = Some(now);
                self.facts.state = ProviderState::Ringing;
                self.record(now, CallEventKind::CustomerRings);
                self.emit(CallEffect::Ringback);
            }
            // It was overtaken by the pick-up.
            Phase::InTalk(_) => {
                self.facts.rang_at = Some(now);
                self.record(now, CallEventKind::CustomerRings);
            }
            // It rang all the same, and that counts for his permission.
            Phase::Over => self.facts.rang_at = Some(now),
            Phase::Unknown | Phase::Restored | Phase::Incoming(_) => {}
        }
    }

    pub(super) fn customer_accepted(&mut self, now: Timestamp) {
        if self.heard_of(now, "customer_accepted", true)
            && let Phase::Outgoing(outgoing) = self.phase
        {
            self.picked_up(now, outgoing, false);
        }
    }

    /// The customer is on the line.
    pub(super) fn picked_up(&mut self, now: Timestamp, outgoing: Outgoing, presumed: bool) {
        self.begin_talk(now, Some(outgoing.by), outgoing.lost_at, presumed);
    }

    /// He declined. The provider's end follows, or came before and said only that nobody answered.
    pub(super) fn customer_declined(&mut self, now: Timestamp) {
        if !self.heard_of(now, "customer_declined", false) {
            return;
        }
        let declined = |at| Ending {
            by: EndedBy::Customer,
            ..Self::by_exchange(at, Outcome::Rejected, EndReason::DeclinedByCustomer)
        };
        let unanswered = self.facts.accepted_at.is_none();
        match (self.phase, &self.facts.ending) {
            (Phase::Outgoing(_) | Phase::Restored, _) if unanswered => {
                self.end(now, ProviderState::Rejected, declined(now), Owed::Nothing);
            }
            (Phase::Over, Some(ending)) if unanswered && may_have_been_declined(ending.reason) => {
                let at = ending.at;
                self.refine(now, (ProviderState::Rejected, declined(at)));
            }
            (
                Phase::Unknown
                | Phase::Restored
                | Phase::Incoming(_)
                | Phase::Outgoing(_)
                | Phase::InTalk(_)
                | Phase::Over,
                _,
            ) => self.refuse_input(now, "customer_declined", self.why_not()),
        }
    }

    /// The customer's phone has rung for as long as it may.
    pub(super) fn rings_out(&mut self, now: Timestamp, moment: Timestamp, outgoing: Outgoing) {
        match outgoing.dial {
            Dial::NotSent => self.end_failed(now, EndReason::MediaUnavailable, None),
            Dial::Sent { .. } | Dial::Unclear { .. } => self.end_dial_unknown(now, moment),
            Dial::Through => self.end_unanswered(now, moment),
        }
    }

    pub(super) fn end_dial_unknown(&mut self, now: Timestamp, moment: Timestamp) {
        self.record(now, CallEventKind::DeadlinePassed(EndReason::DialUnknown));
        let ending = Self::by_exchange(moment, Outcome::Failed, EndReason::DialUnknown);
        self.end(now, ProviderState::Failed, ending, self.owed());
    }

    pub(super) fn caller_lost(&mut self, now: Timestamp, mut outgoing: Outgoing) {
        // A second word of the same loss does not begin it anew.
        outgoing.lost_at = outgoing.lost_at.or(Some(now));
        self.phase = Phase::Outgoing(outgoing);
        if outgoing.dial == Dial::NotSent {
            self.given_up(now, now, EndReason::AgentLost);
        }
    }

    pub(super) fn caller_back(&mut self, mut outgoing: Outgoing) {
        outgoing.lost_at = None;
        self.phase = Phase::Outgoing(outgoing);
        if self.leg.prepared {
            self.emit(CallEffect::Bridge(Seat::Agent(outgoing.by)));
        }
    }

    /// The exchange gives up a call that nobody has picked up.
    pub(super) fn given_up(&mut self, now: Timestamp, moment: Timestamp, reason: EndReason) {
        let ending = Self::by_exchange(moment, Outcome::Cancelled, reason);
        self.end(now, ProviderState::Cancelled, ending, self.owed());
    }

    /// The provider's end of a call of ours that we do not know to be picked up: only his own times say whether it was.
    pub(super) fn ended_before_pick_up(
        &mut self,
        now: Timestamp,
        ended: ProviderEnded,
        speaker: Option<UserId>,
    ) {
        if ended.started_at.is_some() {
            self.facts.accepted_at = ended.started_at;
            self.record(now, CallEventKind::Accepted { presumed: true });
            if speaker.is_some() {
                self.facts.answered_at = ended.started_at;
                self.facts.answered_by = speaker;
            }
            return self.ended_in_talk(now, ended);
        }
        let by_provider = |outcome, reason| Ending {
            by: EndedBy::Provider,
            ..Self::by_exchange(ended.at, outcome, reason)
        };
        match ended.error.filter(|_| ended.failed) {
            None => {
                let ending = by_provider(Outcome::Missed, EndReason::NoAnswer);
                self.end(now, ProviderState::Missed, ending, Owed::Nothing);
            }
            Some(fault) => {
                let ending = by_provider(Outcome::Failed, EndReason::ProviderFailed);
                let ending = Ending { fault: Some(fault), ..ending };
                self.end(now, ProviderState::Failed, ending, Owed::Nothing);
            }
        }
    }

    /// Who could have spoken with a customer who picked up without our hearing of it.
    pub(super) fn speaker_of(outgoing: Outgoing) -> Option<UserId> {
        Some(outgoing.by).filter(|_| outgoing.lost_at.is_none())
    }

    /// By when the customer's media answer must have come, once he has picked up.
    pub(super) fn answer_needed_by(&self) -> Option<Timestamp> {
        let since = self.facts.accepted_at.filter(|_| self.is_ours() && !self.leg.answered)?;
        Some(since.plus(ANSWER_WITHIN))
    }
}

/// Ends that a word of the customer explains better.
const fn may_have_been_declined(reason: EndReason) -> bool {
    matches!(reason, EndReason::NoAnswer | EndReason::ProviderFailed | EndReason::DialUnknown)
}
