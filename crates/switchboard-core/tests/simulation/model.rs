//! The reference model: the rules of the product, written down as questions to the finished log.
//!
//! It keeps no state and takes no steps. It looks at everything the call was told from the outside, works
//! out for each reason to end *when that reason alone would have ended the call*, and the earliest of them
//! wins. What came after is asked only whether it makes the end more exact.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "each question picks a few inputs out of the log; what it ignores, another one asks for"
)]

#[path = "model/log.rs"]
mod log;
#[path = "model/outgoing.rs"]
mod outgoing;
#[path = "model/ringing.rs"]
mod ringing;
#[path = "model/talk.rs"]
mod talk;

use std::time::Duration;

use switchboard_core::call::input::{
    Admission, CallInput, CallPolicy, Destination, DrainAnswer, MediaRefusal, Offered, ProviderAnswer,
    ProviderEnded,
};
use switchboard_core::call::state::{EndReason, Outcome, ProviderState};
use switchboard_core::ids::UserId;
use switchboard_core::recording::RecordingMode;
use switchboard_core::time::Timestamp;

use crate::world::Told;

use self::log::{Log, Place};

pub(crate) type Verdict = (ProviderState, Outcome, EndReason);

/// A reason to end: where it takes effect, the moment that counts, which goes first when both are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct End {
    place: Place,
    moment: Timestamp,
    rank: u8,
    verdict: Verdict,
}

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const LEAVES_AHEAD: Duration = Duration::from_millis(1_500);

pub(crate) fn predict(log: &[(Timestamp, Told)]) -> Option<Verdict> {
    let log = Log(log);
    if let Some(placed) = log.first((0, 0), |input| matches!(input, CallInput::Placed(_))) {
        return Some(Story::of_ours(log, placed).verdict_of_ours());
    }
    let offer = log.first((0, 0), |input| matches!(input, CallInput::Offered(_)));
    let end = log.first((0, 0), |input| matches!(input, CallInput::ProviderEnded(_)));
    match (offer, end) {
        (None, None) => None,
        (None, Some(_)) => Some((ProviderState::Cancelled, Outcome::Missed, EndReason::OfferNeverCame)),
        (Some(offer), Some(end)) if end < offer => Some(log.tombstone(offer, end)),
        (Some(offer), _) => Some(Story::of(log, offer).verdict()),
    }
}

impl Log<'_> {
    fn tombstone(self, offer: Place, end: Place) -> Verdict {
        let terms = Terms::of(self.offered(offer));
        let stale = self.time(offer) >= terms.answer_by;
        let in_vain = if stale { EndReason::StaleOffer } else { EndReason::NoAnswer };
        unaccepted(self.ended(end), terms.rings_out).unwrap_or((
            ProviderState::Missed,
            Outcome::Missed,
            in_vain,
        ))
    }
}

struct Terms {
    answer_by: Timestamp,
    /// From here on an end is ours, not the customer's.
    rings_out: Timestamp,
    echo: bool,
    longest: Duration,
    /// By when the announcement before the talk must have been heard, counted from the accept.
    announced_within: Option<Duration>,
}

impl Terms {
    fn of(offered: &Offered) -> Self {
        let answer_by = offered.at.plus(offered.policy.answer_window);
        let echo = offered.policy.destination == Destination::Echo;
        let rings_out = answer_by.minus(if echo { LEAVES_AHEAD } else { s(3) });
        let announced_within = announced_within(&offered.policy, echo);
        Self { answer_by, rings_out, echo, longest: offered.policy.max_call_duration, announced_within }
    }
}

fn announced_within(policy: &CallPolicy, echo: bool) -> Option<Duration> {
    let recording = policy.recording;
    let recorded = recording.mode == RecordingMode::On && (recording.echo || !echo);
    recording.announcement.filter(|_| recorded).map(|length| length + s(2))
}

fn broke(ended: &ProviderEnded) -> bool {
    ended.failed && ended.error.is_some()
}

/// What the provider's end means for a call nobody accepted, if it lies before our own end.
fn unaccepted(ended: &ProviderEnded, ours: Timestamp) -> Option<Verdict> {
    if ended.at.plus(s(1)) > ours {
        None
    } else if broke(ended) {
        Some((ProviderState::Failed, Outcome::Missed, EndReason::ProviderFailed))
    } else {
        Some((ProviderState::Cancelled, Outcome::Missed, EndReason::CustomerHungUp))
    }
}

/// A call that was offered before it ended, and the milestones on its way, each found on its own.
struct Story<'a> {
    log: Log<'a>,
    offer: Place,
    terms: Terms,
    ring_until: Timestamp,
    restart: Option<Place>,
    /// Who took it, and where. The echo takes it with the offer.
    taken: Option<(Place, Option<UserId>)>,
    prepared: Option<Place>,
    through: Option<Place>,
    left: Option<Place>,
    /// Who could be rung when it began.
    available: Vec<UserId>,
    /// It is a call of ours.
    ours: bool,
}

impl<'a> Story<'a> {
    fn of(log: Log<'a>, offer: Place) -> Self {
        let terms = Terms::of(log.offered(offer));
        let ring_until = terms.answer_by.min(log.time(offer).plus(s(30))).minus(s(3));
        let restart =
            (offer.0..log.0.len()).find(|index| log.input(*index).is_none()).map(|index| (index, 0));
        let mut story = Self {
            log,
            offer,
            terms,
            ring_until,
            restart,
            taken: None,
            prepared: None,
            through: None,
            left: None,
            available: log.offered(offer).available.clone(),
            ours: false,
        };
        story.taken = story.find_taken();
        story.prepared = log.first(offer, |input| *input == CallInput::MediaPrepared);
        story.through = story.pre_accept().ok();
        story.left = story.find_left();
        story
    }

    fn verdict(&self) -> Verdict {
        let log = self.log;
        let now = log.time(self.offer);
        let missed = |reason| (ProviderState::Missed, Outcome::Missed, reason);
        let refused = |reason| (ProviderState::Rejected, Outcome::Rejected, reason);
        if now >= self.terms.answer_by {
            let end = End { place: self.offer, moment: now, rank: 0, verdict: missed(EndReason::StaleOffer) };
            return self.refined(end, self.terms.rings_out);
        }
        match log.offered(self.offer).admission {
            Admission::CallingDisabled => return refused(EndReason::CallingDisabled),
            Admission::AtCapacity => return refused(EndReason::AtCapacity),
            Admission::Blocked => return refused(EndReason::BlockedCaller),
            Admission::OutsideHours => return refused(EndReason::OutsideHours),
            Admission::Suspended => return refused(EndReason::Suspended),
            Admission::Draining(DrainAnswer::Reject) => return refused(EndReason::Draining),
            Admission::Draining(DrainAnswer::Ignore) => return missed(EndReason::Draining),
            Admission::Open => {}
        }
        let before_accept = self.ends_before_accept().into_iter().min();
        let accepted = self.accepted().ok().filter(|(place, moment)| {
            before_accept.is_none_or(|end| (*place, *moment) < (end.place, end.moment))
                && self.restart.is_none_or(|restart| *place < restart)
        });
        let end = match accepted {
            Some((place, _)) => self.end_of_talk(place),
            None => before_accept.filter(|end| self.restart.is_none_or(|restart| end.place < restart)),
        };
        let Some(end) = end.or_else(|| self.end_after_restart(accepted.map(|(place, _)| place))) else {
            panic!("by the rules this call never ends")
        };
        let ours = self.terms.rings_out.min(end.moment);
        if end.verdict == missed(EndReason::NoAnswer) { self.refined(end, ours) } else { end.verdict }
    }

    /// What was missed by our clock may have been over before, when the provider says so later.
    fn refined(&self, end: End, ours: Timestamp) -> Verdict {
        let later = self.log.after(end.place).find_map(|(_, _, input)| match input {
            CallInput::ProviderEnded(ended) => unaccepted(ended, ours),
            _ => None,
        });
        later.unwrap_or(end.verdict)
    }

    fn find_taken(&self) -> Option<(Place, Option<UserId>)> {
        if self.terms.echo {
            return Some((self.offer, None));
        }
        self.first_click(self.offer, self.ring_until).map(|(place, by)| (place, Some(by)))
    }

    /// Where `pre_accept` counts as through; or where it is refused, if it ever is.
    fn pre_accept(&self) -> Result<Place, Option<Place>> {
        let prepared = self.prepared.ok_or(None)?;
        let sent = self.log.time(prepared);
        let give_up = sent.plus(s(5)).min(self.terms.answer_by.minus(LEAVES_AHEAD));
        let mut unclear = 0;
        for (place, _, input) in self.log.after(prepared).take_while(|(_, now, _)| *now < give_up) {
            match input {
                CallInput::PreAcceptAnswered(ProviderAnswer::Done) => return Ok(place),
                CallInput::PreAcceptAnswered(ProviderAnswer::Refused(_)) => return Err(Some(place)),
                CallInput::PreAcceptAnswered(ProviderAnswer::Unknown { .. }) => unclear += 1,
                _ => {}
            }
            if unclear == 2 {
                return Ok(place);
            }
        }
        self.log.noticed(prepared, give_up).ok_or(None)
    }

    fn pre_accept_refused(&self) -> Option<Place> {
        let through = match self.pre_accept() {
            Ok(place) => place,
            Err(refused) => return refused,
        };
        // It was only presumed: no `Done` stands there. A refusal still counts until an accept has left.
        let done = CallInput::PreAcceptAnswered(ProviderAnswer::Done);
        let presumed = through.1 != 1 || self.log.input(through.0) != Some(&done);
        let refused = self.log.first(through, |input| {
            matches!(input, CallInput::PreAcceptAnswered(ProviderAnswer::Refused(_)))
        })?;
        (presumed && self.left.is_none_or(|left| refused < left)).then_some(refused)
    }

    fn accept_given_up(&self) -> Timestamp {
        match self.through {
            Some(through) => self.terms.answer_by.min(self.log.time(through).plus(s(30))),
            None => self.terms.answer_by,
        }
    }

    /// Where the accept leaves: taken, `pre_accept` through, and media up or two seconds passed.
    fn find_left(&self) -> Option<Place> {
        let ready = self.taken?.0.max(self.through?);
        let connected = self.log.first(self.prepared?, |input| *input == CallInput::CustomerConnected);
        let by_media = connected.map(|connected| connected.max(ready));
        let warm = self.log.time(self.through?).plus(s(2));
        let by_clock = self.log.noticed(ready, warm).map(|place| place.max(ready));
        let left = [by_media, by_clock].into_iter().flatten().min()?;
        (self.log.time(left) < self.accept_given_up().minus(LEAVES_AHEAD)).then_some(left)
    }

    /// Where the accept is known to have worked; or how the call ends because it did not.
    fn accepted(&self) -> Result<(Place, Timestamp), Option<End>> {
        let left = self.left.ok_or(None)?;
        let failed = |place, moment, reason| {
            Some(End { place, moment, rank: 0, verdict: (ProviderState::Failed, Outcome::Failed, reason) })
        };
        let give_up = self.accept_given_up();
        let mut heard = false;
        let mut unclear = None;
        for (place, now, input) in self.log.after(left).take_while(|(_, now, _)| *now < give_up) {
            match input {
                CallInput::AcceptAnswered(ProviderAnswer::Done) => return Ok((place, now)),
                CallInput::AcceptAnswered(ProviderAnswer::Refused(_)) => {
                    return Err(failed(place, now, EndReason::AcceptRefused));
                }
                CallInput::AcceptAnswered(ProviderAnswer::Unknown { .. }) => {
                    unclear = Some((place, now));
                    break;
                }
                CallInput::CustomerHeard => heard = true,
                _ => {}
            }
        }
        let unclear = unclear.or_else(|| Some((self.log.noticed(left, give_up)?, give_up)));
        let (place, moment) = unclear.ok_or(None)?;
        if heard {
            return Ok((place, moment));
        }
        let decided_by = moment.plus(s(3));
        for (place, now, input) in self.log.after(place).take_while(|(_, now, _)| *now < decided_by) {
            match input {
                CallInput::AcceptAnswered(ProviderAnswer::Done) | CallInput::CustomerHeard => {
                    return Ok((place, now));
                }
                CallInput::AcceptAnswered(ProviderAnswer::Refused(_)) => {
                    return Err(failed(place, now, EndReason::AcceptRefused));
                }
                _ => {}
            }
        }
        let place = self.log.noticed(place, decided_by).ok_or(None)?;
        Err(failed(place, decided_by, EndReason::AcceptUnknown))
    }

    /// Every reason for which the call could end before it is accepted.
    fn ends_before_accept(&self) -> Vec<End> {
        let mut ends = Vec::new();
        let mut add = |place: Option<Place>, moment: Option<Timestamp>, rank, state, outcome, reason| {
            if let Some(place) = place {
                let moment = moment.unwrap_or_else(|| self.log.time(place));
                ends.push(End { place, moment, rank, verdict: (state, outcome, reason) });
            }
        };
        let from_offer = |moment: Timestamp| {
            let place = self.log.noticed(self.offer, moment);
            (place, Some(moment.max(self.log.time(self.offer))))
        };
        use {EndReason as R, Outcome as O, ProviderState as P};
        if self.taken.is_none() {
            let (place, moment) = from_offer(self.ring_until);
            add(place, moment, 1, P::Missed, O::Missed, R::NoAnswer);
        }
        // Also a call that is offered too late for any accept ends by this.
        if self.taken.is_some() && self.left.is_none() {
            let (place, moment) = from_offer(self.accept_given_up().minus(LEAVES_AHEAD));
            add(place, moment, 0, P::Missed, O::Missed, R::NoAnswer);
        }
        if !self.terms.echo {
            let declined = self.last_decline(self.offer, self.ring_until);
            let open = declined.filter(|place| self.taken.is_none_or(|(taken, _)| *place < taken));
            add(open, None, 0, P::Rejected, O::Rejected, R::Declined);
        }
        add(self.pre_accept_refused(), None, 0, P::Failed, O::Failed, R::PreAcceptRefused);
        for (place, now, input) in self.log.after(self.offer) {
            let taker = self.taken.filter(|(taken, _)| *taken < place).and_then(|(_, by)| by);
            let here = Some(place);
            match input {
                CallInput::MediaRefused(refusal) if self.prepared.is_none_or(|ready| place < ready) => {
                    match refusal {
                        MediaRefusal::NoPorts => add(here, None, 0, P::Rejected, O::Rejected, R::NoRtpPorts),
                        MediaRefusal::Flooded => add(here, None, 0, P::Rejected, O::Rejected, R::Flooded),
                        MediaRefusal::BadOffer(_) => add(here, None, 0, P::Failed, O::Failed, R::BadOffer),
                        MediaRefusal::Unavailable => {
                            add(here, None, 0, P::Failed, O::Failed, R::MediaUnavailable);
                        }
                    }
                }
                CallInput::DrainTimeout => add(here, None, 0, P::Rejected, O::Rejected, R::Draining),
                CallInput::CustomerLegFailed => add(here, None, 0, P::Failed, O::Failed, R::MediaFailed),
                CallInput::Reject { by } if taker.is_none_or(|taker| taker == *by) => {
                    add(here, None, 0, P::Rejected, O::Rejected, R::RejectedByAgent);
                }
                CallInput::HangUp { by } if taker == Some(*by) => {
                    add(here, None, 0, P::Rejected, O::Rejected, R::AgentHungUp);
                }
                CallInput::ProviderEnded(ended) => {
                    let left = self.left.is_some_and(|left| left < place);
                    let (state, outcome, reason) = if left && ended.started_at.is_some() {
                        let spoke = if taker.is_some() { O::Answered } else { O::SelfService };
                        ended_in_talk(ended, spoke)
                    } else {
                        let ours = if taker.is_some() { self.terms.answer_by } else { self.terms.rings_out };
                        unaccepted(ended, ours).unwrap_or((P::Missed, O::Missed, R::NoAnswer))
                    };
                    add(here, Some(now), 0, state, outcome, reason);
                }
                _ => {}
            }
        }
        if let Err(Some(end)) = self.accepted() {
            ends.push(end);
        }
        ends
    }

    /// A live call lost its process: only its restart and the provider can still say something.
    fn end_after_restart(&self, accepted: Option<Place>) -> Option<End> {
        let restart = self.restart?;
        let (place, moment, input) = self
            .log
            .after(restart)
            .find(|(_, _, input)| matches!(input, CallInput::NodeRestarted | CallInput::ProviderEnded(_)))?;
        let spoken_from = accepted.and_then(|accepted| self.chain(accepted).1);
        let spoken_from = spoken_from.filter(|from| *from < restart);
        let verdict = match (input, accepted.is_some()) {
            (CallInput::ProviderEnded(ended), true) => {
                ended_in_talk(ended, self.outcome(spoken_from, place, !broke(ended)))
            }
            (CallInput::ProviderEnded(ended), false) => unaccepted(ended, self.terms.rings_out).unwrap_or((
                ProviderState::Missed,
                Outcome::Missed,
                EndReason::NoAnswer,
            )),
            (_, true) => {
                (ProviderState::Terminated, self.outcome(spoken_from, place, false), EndReason::NodeRestarted)
            }
            (_, false) => (ProviderState::Failed, Outcome::Failed, EndReason::NodeRestarted),
        };
        Some(End { place, moment, rank: 0, verdict })
    }
}

fn ended_in_talk(ended: &ProviderEnded, outcome: Outcome) -> Verdict {
    if broke(ended) {
        (ProviderState::Failed, outcome, EndReason::ProviderFailed)
    } else {
        (ProviderState::Terminated, outcome, EndReason::CustomerHungUp)
    }
}
