//! From the offer to the accept: ring, warm the media path. The click itself is in `accepting.rs`.
//!
//! The times of one offer (C1), all absolute:
//!
//! - `answer_by = offered.at + answer_window`: from then on it may not be answered.
//! - An accept is given up at `min(pre_accepted_at + 30 s, answer_by)` and leaves *before* the moment that
//!   lies 1.5 s ahead of it (the request needs its time), or not at all: then the call is missed and
//!   rejected.
//! - Ringing ends at `min(answer_by, arrived + 30 s) − 3 s`. `pre_accept` cannot go through before the
//!   offer arrived, so this is always at least 1.5 s before the last moment of an accept, whatever
//!   `pre_accept` does: a click in the last second of ringing still has time to become an accept.

use std::time::Duration;

use crate::call::effect::{CallEffect, Seat};
use crate::call::event::CallEventKind;
use crate::call::input::{Admission, Destination, MediaRefusal, Offered, ProviderAnswer, ProviderFault};
use crate::call::state::{EndReason, ProviderState};
use crate::call::{Call, Phase};
use crate::ids::UserId;
use crate::time::Timestamp;

/// C1: `pre_accept` is given up after this.
const PRE_ACCEPT_FOR: Duration = Duration::from_secs(5);
/// C1: an accept is of no use later than this after `pre_accept`.
const ACCEPT_WITHIN: Duration = Duration::from_secs(30);
/// C1: a request must leave so long before the moment it is given up.
const LEAVES_AHEAD: Duration = Duration::from_millis(1_500);
/// C1: what comes after the ringing starts so long before it is too late.
const FALLBACK_AHEAD: Duration = Duration::from_secs(3);
/// A leg that is begun later than so long before the last moment of an answer would not be up by then.
const SET_UP_AHEAD: Duration = WARM_UP;
/// C10: how long an accept waits for ICE and DTLS of the customer after `pre_accept`'s 200.
const WARM_UP: Duration = Duration::from_secs(2);

/// An offer that is not accepted yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Incoming {
    destination: Destination,
    answer_by: Timestamp,
    ring_until: Timestamp,
    pub(super) taken_by: Option<UserId>,
    /// The line of the one who took it was lost before the accept was through.
    pub(super) taker_lost_at: Option<Timestamp>,
    pub(super) pre_accept: PreAccept,
    pub(super) accept: Accept,
}

/// How far `pre_accept` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PreAccept {
    NotSent,
    Sent { attempt: u8, give_up_at: Timestamp },
    Through { at: Timestamp, presumed: bool },
}

/// How far `accept` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Accept {
    NotSent,
    Sent { give_up_at: Timestamp, heard: bool },
    Unclear { decide_by: Timestamp },
}

impl Incoming {
    pub(super) const fn taken_by(self) -> Option<UserId> {
        self.taken_by
    }

    pub(super) fn rings_until(self) -> Option<Timestamp> {
        let waits = self.destination == Destination::Agents && self.taken_by.is_none();
        waits.then_some(self.ring_until)
    }

    /// Is there somebody or something to accept for?
    pub(super) fn wants_accept(self) -> bool {
        self.accept == Accept::NotSent && (self.taken_by.is_some() || self.destination == Destination::Echo)
    }

    /// An accept leaves before this moment or not at all.
    pub(super) fn accept_leaves_before(self) -> Timestamp {
        self.accept_given_up_at().minus(LEAVES_AHEAD)
    }

    pub(super) fn accept_given_up_at(self) -> Timestamp {
        match self.pre_accept {
            PreAccept::Through { at, .. } => at.plus(ACCEPT_WITHIN).min(self.answer_by),
            PreAccept::NotSent | PreAccept::Sent { .. } => self.answer_by,
        }
    }

    /// When an accept stops waiting for the customer's ICE and DTLS; none before `pre_accept` is through.
    pub(super) fn warm_at(self) -> Option<Timestamp> {
        match self.pre_accept {
            PreAccept::Through { at, .. } => Some(at.plus(WARM_UP)),
            PreAccept::NotSent | PreAccept::Sent { .. } => None,
        }
    }

    /// A provider's end of this time or later did not come before our own: nobody had answered.
    pub(super) fn unanswered_from(self) -> Timestamp {
        if self.taken_by.is_some() { self.answer_by } else { rings_out_at(self.destination, self.answer_by) }
    }

    pub(super) const fn accept_left(self) -> bool {
        match self.accept {
            Accept::NotSent => false,
            Accept::Sent { .. } | Accept::Unclear { .. } => true,
        }
    }
}

/// The last moment at which a call of this destination ends by itself when nothing answers it.
pub(super) const fn rings_out_at(destination: Destination, answer_by: Timestamp) -> Timestamp {
    match destination {
        Destination::Agents => answer_by.minus(FALLBACK_AHEAD),
        Destination::Echo => answer_by.minus(LEAVES_AHEAD),
    }
}

impl Call {
    pub(super) fn offered(&mut self, now: Timestamp, offered: Offered) {
        match self.phase {
            Phase::Unknown => self.offered_first(now, offered),
            Phase::Over if !self.facts.offered => self.offered_after_end(now, offered),
            Phase::Over | Phase::Restored | Phase::Incoming(_) | Phase::Outgoing(_) | Phase::InTalk(_) => {
                self.refuse_input(now, "offered", "the call was offered before");
            }
        }
    }

    pub(super) fn know_offer(&mut self, offered: &Offered) -> Timestamp {
        let answer_by = offered.at.plus(offered.policy.answer_window);
        self.facts.offered = true;
        self.facts.offered_at = Some(offered.at);
        self.facts.policy = Some(offered.policy.clone());
        self.facts.answer_by = Some(answer_by);
        answer_by
    }

    fn offered_first(&mut self, now: Timestamp, offered: Offered) {
        let answer_by = self.know_offer(&offered);
        self.record(now, CallEventKind::Received);
        if now >= answer_by {
            // The customer has long hung up: nothing is said to the provider.
            return self.end_missed_stale(now);
        }
        match offered.admission {
            Admission::CallingDisabled => {
                return self.end_refused_by_us(now, EndReason::CallingDisabled);
            }
            Admission::Blocked => return self.end_refused_by_us(now, EndReason::BlockedCaller),
            Admission::Draining(answer) => return self.end_draining(now, answer),
            Admission::OutsideHours => return self.end_refused_by_us(now, EndReason::OutsideHours),
            Admission::Suspended => return self.end_refused_by_us(now, EndReason::Suspended),
            Admission::AtCapacity => return self.end_refused_by_us(now, EndReason::AtCapacity),
            Admission::Open => {}
        }
        let destination = offered.policy.destination;
        let incoming = Incoming {
            destination,
            answer_by,
            ring_until: answer_by.min(now.plus(ACCEPT_WITHIN)).minus(FALLBACK_AHEAD),
            taken_by: None,
            taker_lost_at: None,
            pre_accept: PreAccept::NotSent,
            accept: Accept::NotSent,
        };
        self.phase = Phase::Incoming(incoming);
        self.know_available(offered.available);
        if now >= rings_out_at(destination, answer_by) {
            // Too little time is left for an answer; the deadline that says so is due at once.
            return;
        }
        self.leg.asked_for = true;
        let give_up_at = rings_out_at(destination, answer_by).minus(SET_UP_AHEAD);
        self.emit(CallEffect::PrepareMedia { give_up_at });
        if let Some(until) = incoming.rings_until() {
            self.ring_everybody(now, until);
        }
    }

    pub(super) fn media_prepared(&mut self, now: Timestamp) {
        let mut incoming = match self.phase {
            Phase::Incoming(incoming) => incoming,
            Phase::Outgoing(outgoing) if !self.leg.prepared => return self.offer_prepared(now, outgoing),
            Phase::Unknown | Phase::Restored | Phase::Outgoing(_) | Phase::InTalk(_) | Phase::Over => {
                return self.refuse_input(now, "media_prepared", self.why_not());
            }
        };
        if self.leg.prepared || !self.leg.asked_for {
            return self.refuse_input(now, "media_prepared", "the customer leg was ready before");
        }
        self.leg.prepared = true;
        self.record(now, CallEventKind::MediaPrepared);
        if let Some(agent) = incoming.taken_by {
            self.emit(CallEffect::Bridge(Seat::Agent(agent)));
        }
        let give_up_at = now.plus(PRE_ACCEPT_FOR).min(incoming.answer_by.minus(LEAVES_AHEAD));
        self.send_pre_accept(now, &mut incoming, 1, give_up_at);
    }

    fn send_pre_accept(
        &mut self,
        now: Timestamp,
        incoming: &mut Incoming,
        attempt: u8,
        give_up_at: Timestamp,
    ) {
        incoming.pre_accept = PreAccept::Sent { attempt, give_up_at };
        self.phase = Phase::Incoming(*incoming);
        self.emit(CallEffect::PreAccept { give_up_at });
        self.record(now, CallEventKind::PreAcceptSent { attempt });
    }

    pub(super) fn media_refused(&mut self, now: Timestamp, refusal: MediaRefusal) {
        match self.phase {
            Phase::Outgoing(_) if !self.leg.prepared || self.leg.answered => {
                self.outgoing_media_refused(now, refusal);
            }
            Phase::InTalk(_) if self.is_ours() && self.leg.answered && !self.leg.connected => {
                self.outgoing_media_refused(now, refusal);
            }
            Phase::Incoming(_) if !self.leg.prepared => {
                self.record(now, CallEventKind::MediaRefused(refusal.clone()));
                match refusal {
                    MediaRefusal::NoPorts => self.end_refused_by_us(now, EndReason::NoRtpPorts),
                    MediaRefusal::Flooded => self.end_refused_by_us(now, EndReason::Flooded),
                    MediaRefusal::BadOffer(_) => self.end_failed(now, EndReason::BadOffer, None),
                    MediaRefusal::Unavailable => self.end_failed(now, EndReason::MediaUnavailable, None),
                }
            }
            Phase::Unknown
            | Phase::Restored
            | Phase::Incoming(_)
            | Phase::Outgoing(_)
            | Phase::InTalk(_)
            | Phase::Over => {
                self.refuse_input(now, "media_refused", self.why_not());
            }
        }
    }

    pub(super) fn pre_accept_answered(&mut self, now: Timestamp, answer: ProviderAnswer) {
        let Phase::Incoming(mut incoming) = self.phase else {
            return self.refuse_input(now, "pre_accept_answered", self.why_not());
        };
        match (incoming.pre_accept, answer) {
            (PreAccept::Sent { .. }, ProviderAnswer::Done) => self.pre_accepted(now, incoming, false),
            (PreAccept::Sent { attempt, give_up_at }, ProviderAnswer::Unknown { detail }) => {
                self.record(now, CallEventKind::ProviderUnclear { action: "pre_accept", detail });
                if attempt == 1 {
                    self.send_pre_accept(now, &mut incoming, 2, give_up_at);
                } else {
                    self.pre_accepted(now, incoming, true);
                }
            }
            (PreAccept::Sent { .. }, ProviderAnswer::Refused(fault)) => {
                self.pre_accept_refused(now, fault);
            }
            // We had gone on as if it had worked; as long as nothing was built on that, the truth wins.
            (PreAccept::Through { presumed: true, .. }, ProviderAnswer::Refused(fault))
                if !incoming.accept_left() =>
            {
                self.pre_accept_refused(now, fault);
            }
            (PreAccept::NotSent | PreAccept::Through { .. }, _) => {
                self.refuse_input(now, "pre_accept_answered", "no answer is awaited");
            }
        }
    }

    fn pre_accept_refused(&mut self, now: Timestamp, fault: ProviderFault) {
        self.record(now, CallEventKind::ProviderRefused { action: "pre_accept", fault: fault.clone() });
        self.end_failed(now, EndReason::PreAcceptRefused, Some(fault));
    }

    /// Settled: no answer within its time is an ambiguous one, and there is no time left to repeat it.
    pub(super) fn pre_accept_given_up(&mut self, now: Timestamp, incoming: Incoming) {
        let detail = String::from("no answer in time");
        self.record(now, CallEventKind::ProviderUnclear { action: "pre_accept", detail });
        self.pre_accepted(now, incoming, true);
    }

    fn pre_accepted(&mut self, now: Timestamp, mut incoming: Incoming, presumed: bool) {
        incoming.pre_accept = PreAccept::Through { at: now, presumed };
        self.phase = Phase::Incoming(incoming);
        self.facts.state = ProviderState::PreAccepted;
        self.facts.pre_accepted_at = Some(now);
        self.record(now, CallEventKind::PreAccepted { presumed });
        self.accept_if_ready(now);
    }

    pub(super) fn is_echo(&self) -> bool {
        self.facts.policy.as_ref().is_some_and(|policy| policy.destination == Destination::Echo)
    }
}
