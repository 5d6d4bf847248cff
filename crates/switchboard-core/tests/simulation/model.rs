//! The reference model: the rules of the product, written down as questions to the finished log.
//!
//! It keeps no state and takes no steps. It looks at everything the call was told from the outside, works
//! out for each reason to end *when that reason alone would have ended the call*, and the earliest of them
//! wins. What came after is asked only whether it makes the end more exact.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "each question picks a few inputs out of the log; what it ignores, another one asks for"
)]

use std::time::Duration;

use switchboard_core::call::input::{
    Admission, CallInput, Destination, MediaRefusal, Offered, ProviderAnswer, ProviderEnded,
};
use switchboard_core::call::state::{EndReason, Outcome, ProviderState};
use switchboard_core::ids::UserId;
use switchboard_core::time::Timestamp;

use crate::world::Told;

pub(crate) type Verdict = (ProviderState, Outcome, EndReason);

/// A place in the story: which entry of the log, and whether it is the deadlines that are applied before
/// it (0), the entry itself (1), or deadlines that are due because of it (2).
type Place = (usize, u8);

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
    let offer = log.first((0, 0), |input| matches!(input, CallInput::Offered(_)));
    let end = log.first((0, 0), |input| matches!(input, CallInput::ProviderEnded(_)));
    match (offer, end) {
        (None, None) => None,
        (None, Some(_)) => Some((ProviderState::Cancelled, Outcome::Missed, EndReason::OfferNeverCame)),
        (Some(offer), Some(end)) if end < offer => Some(log.tombstone(offer, end)),
        (Some(offer), _) => Some(Story::of(log, offer).verdict()),
    }
}

#[derive(Clone, Copy)]
struct Log<'a>(&'a [(Timestamp, Told)]);

impl<'a> Log<'a> {
    fn time(self, place: Place) -> Timestamp {
        self.0[place.0].0
    }

    fn input(self, index: usize) -> Option<&'a CallInput> {
        match &self.0[index].1 {
            Told::Input(input) => Some(input),
            Told::Restart => None,
        }
    }

    /// All inputs after a place.
    fn after(self, place: Place) -> impl Iterator<Item = (Place, Timestamp, &'a CallInput)> {
        (0..self.0.len())
            .map(|index| (index, 1))
            .filter(move |here| *here > place)
            .filter_map(move |here| Some((here, self.time(here), self.input(here.0)?)))
    }

    fn first(self, after: Place, fits: impl Fn(&CallInput) -> bool) -> Option<Place> {
        self.after(after).find(|(_, _, input)| fits(input)).map(|(place, _, _)| place)
    }

    /// Where a deadline that exists since `since` is noticed.
    fn noticed(self, since: Place, moment: Timestamp) -> Option<Place> {
        if since.1 > 0 && self.time(since) >= moment {
            return Some((since.0, 2));
        }
        (since.0..self.0.len())
            .filter(|index| self.input(*index).is_some())
            .map(|index| (index, 0))
            .find(|here| *here >= since && self.time(*here) >= moment)
    }

    fn offered(self, place: Place) -> &'a Offered {
        match self.input(place.0) {
            Some(CallInput::Offered(offered)) => offered,
            other => panic!("not an offer: {other:?}"),
        }
    }

    fn ended(self, place: Place) -> &'a ProviderEnded {
        match self.input(place.0) {
            Some(CallInput::ProviderEnded(ended)) => ended,
            other => panic!("not an end: {other:?}"),
        }
    }

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
}

impl Terms {
    fn of(offered: &Offered) -> Self {
        let answer_by = offered.at.plus(offered.policy.answer_window);
        let echo = offered.policy.destination == Destination::Echo;
        let rings_out = answer_by.minus(if echo { LEAVES_AHEAD } else { s(3) });
        Self { answer_by, rings_out, echo, longest: offered.policy.max_call_duration }
    }
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

    /// Can this agent be rung at this place? The last word about him counts.
    fn available(&self, agent: UserId, at: Place) -> bool {
        let mut available = false;
        for index in 0..at.0 {
            match self.log.input(index) {
                // A restart forgets who was there.
                None => available = false,
                Some(CallInput::Offered(offered)) if index == self.offer.0 => {
                    available |= offered.available.contains(&agent);
                }
                Some(CallInput::AgentAvailable(who)) if *who == agent => available = true,
                Some(CallInput::AgentUnavailable(who)) if *who == agent => available = false,
                Some(_) => {}
            }
        }
        available
    }

    fn everybody(&self) -> Vec<UserId> {
        let mut everybody = self.log.offered(self.offer).available.clone();
        for (_, _, input) in self.log.after((0, 0)) {
            if let CallInput::AgentAvailable(agent) = input {
                everybody.push(*agent);
            }
        }
        everybody
    }

    /// Is he rung at this place, by the ringing that began at `since`?
    fn rung(&self, agent: UserId, since: Place, at: Place) -> bool {
        self.available(agent, at) && !self.declined(agent, since, at)
    }

    fn declined(&self, agent: UserId, since: Place, at: Place) -> bool {
        self.log.after(since).any(|(place, _, input)| {
            place < at && *input == CallInput::Decline { by: agent } && self.available(agent, place)
        })
    }

    fn anybody_rung(&self, since: Place, at: Place) -> bool {
        self.everybody().into_iter().any(|agent| self.rung(agent, since, at))
    }

    /// The first click of somebody who is rung.
    fn first_click(&self, since: Place, until: Timestamp) -> Option<(Place, UserId)> {
        self.log.after(since).take_while(|(_, now, _)| *now < until).find_map(|(place, _, input)| match input
        {
            CallInput::Answer { by } if self.rung(*by, since, place) => Some((place, *by)),
            _ => None,
        })
    }

    /// The decline after which nobody rings.
    fn last_decline(&self, since: Place, until: Timestamp) -> Option<Place> {
        self.log.after(since).take_while(|(_, now, _)| *now < until).find_map(|(place, _, input)| match input
        {
            CallInput::Decline { by } if self.rung(*by, since, place) => {
                (!self.anybody_rung(since, (place.0, 2))).then_some(place)
            }
            _ => None,
        })
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
                        MediaRefusal::BadOffer(_) => add(here, None, 0, P::Failed, O::Failed, R::BadOffer),
                        MediaRefusal::Unavailable => {
                            add(here, None, 0, P::Failed, O::Failed, R::MediaUnavailable);
                        }
                    }
                }
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

    /// How an accepted call ends; none if a restart comes first.
    fn end_of_talk(&self, accepted: Place) -> Option<End> {
        let (place_of_loss, spoken_from) = self.chain(accepted);
        let mut ends = Vec::from_iter(place_of_loss.map(|(place, moment)| End {
            place,
            moment,
            rank: 1,
            verdict: (
                ProviderState::Terminated,
                self.outcome(spoken_from, place, true),
                EndReason::AgentLost,
            ),
        }));
        let longest = self.log.time(accepted).plus(self.terms.longest);
        if let Some(place) = self.log.noticed(accepted, longest) {
            let verdict =
                (ProviderState::Terminated, self.outcome(spoken_from, place, true), EndReason::TooLong);
            ends.push(End { place, moment: longest, rank: 0, verdict });
        }
        for (place, moment, input) in self.log.after(accepted) {
            let outcome = self.outcome(spoken_from, place, true);
            let spoke = outcome == Outcome::Answered;
            let verdict = match input {
                CallInput::HangUp { .. } => (ProviderState::Terminated, outcome, EndReason::AgentHungUp),
                CallInput::CustomerSilent => (ProviderState::Terminated, outcome, EndReason::CustomerSilent),
                CallInput::CustomerLegFailed if spoke => {
                    (ProviderState::Terminated, outcome, EndReason::MediaFailed)
                }
                CallInput::CustomerLegFailed => {
                    (ProviderState::Failed, Outcome::Failed, EndReason::MediaFailed)
                }
                CallInput::ProviderEnded(ended) => {
                    ended_in_talk(ended, self.outcome(spoken_from, place, !broke(ended)))
                }
                _ => continue,
            };
            ends.push(End { place, moment, rank: 0, verdict });
            break;
        }
        ends.into_iter().min().filter(|end| self.restart.is_none_or(|restart| end.place < restart))
    }

    fn outcome(&self, spoken_from: Option<Place>, at: Place, in_order: bool) -> Outcome {
        match (spoken_from, self.terms.echo) {
            (Some(from), _) if from <= at => Outcome::Answered,
            (_, true) => Outcome::SelfService,
            (_, false) if in_order => Outcome::Abandoned,
            (_, false) => Outcome::Failed,
        }
    }

    /// Who is with the customer, one after the other: where the last one is lost for good, and where the
    /// first one began to speak.
    fn chain(&self, accepted: Place) -> (Option<(Place, Timestamp)>, Option<Place>) {
        let log = self.log;
        let Some((taken, Some(mut agent))) = self.taken else { return (None, None) };
        let is_lost = |agent| move |input: &CallInput| *input == CallInput::LineLost(agent);
        let is_back = |agent| move |input: &CallInput| *input == CallInput::LineBack(agent);
        // Lost between click and accept, and not back since?
        let back = log.after(taken).filter(|(place, _, _)| *place < accepted);
        let back = back.filter(|(_, _, input)| is_back(agent)(input)).last().map(|(place, _, _)| place);
        let early = log.first(back.unwrap_or(taken), is_lost(agent)).filter(|lost| *lost < accepted);
        let mut spoken_from = early.is_none().then_some(accepted);
        let mut since = accepted;
        let mut lost_early = early;
        loop {
            let lost = lost_early.take().or_else(|| log.first(since, is_lost(agent)));
            let Some(lost) = lost else { return (None, spoken_from) };
            let noticed_from = lost.max(since);
            let take_back = log.time(lost).plus(s(30)).max(log.time(since));
            let back = log.first(noticed_from, is_back(agent)).filter(|back| log.time(*back) < take_back);
            if let Some(back) = back {
                spoken_from = spoken_from.or(Some(back));
                since = back;
                continue;
            }
            let Some(again) = log.noticed(noticed_from, take_back) else { return (None, spoken_from) };
            let until = take_back.plus(s(30));
            let click = self.first_click(again, until);
            let refused = [self.last_decline(again, until), self.reject_again(again, until)];
            let refused = refused.into_iter().flatten().min();
            if let Some((place, by)) = click
                && refused.is_none_or(|refused| place < refused)
            {
                spoken_from = spoken_from.or(Some(place));
                since = place;
                agent = by;
                continue;
            }
            let goodbye = refused.map(|place| (place, log.time(place)));
            let goodbye = goodbye.or_else(|| Some((log.noticed(again, until)?, until)));
            let Some((place, moment)) = goodbye else { return (None, spoken_from) };
            let at_most = moment.plus(s(8));
            let played = log.first(place, |input| *input == CallInput::NoticePlayed);
            let played = played.filter(|played| log.time(*played) < at_most);
            let end = played.map(|played| (played, log.time(played)));
            return (end.or_else(|| Some((log.noticed(place, at_most)?, at_most))), spoken_from);
        }
    }

    fn reject_again(&self, since: Place, until: Timestamp) -> Option<Place> {
        self.log.after(since).take_while(|(_, now, _)| *now < until).find_map(|(place, _, input)| match input
        {
            CallInput::Reject { by } if self.rung(*by, since, place) => Some(place),
            _ => None,
        })
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
