//! A call of ours, as questions to the finished log: what alone would have ended it before anybody picked up, and which
//! of these comes first. From the pick-up on it is a talk like any other.

use switchboard_core::call::input::{CallInput, DialAnswer, MediaRefusal, Placed};
use switchboard_core::call::state::{EndReason as R, Outcome as O, ProviderState as P};
use switchboard_core::ids::UserId;
use switchboard_core::time::Timestamp;

use super::log::{Log, Place};
use super::{End, Story, Terms, Verdict, announced_within, broke, ended_in_talk, s};

impl<'a> Story<'a> {
    pub(super) fn of_ours(log: Log<'a>, placed: Place) -> Self {
        let Placed { by, policy, .. } = log.placed(placed);
        let terms = Terms {
            answer_by: log.time(placed).plus(policy.answer_window),
            rings_out: log.time(placed).plus(policy.answer_window),
            echo: false,
            longest: policy.max_call_duration,
            announced_within: announced_within(policy, false),
        };
        let restart =
            (placed.0..log.0.len()).find(|index| log.input(*index).is_none()).map(|index| (index, 0));
        Self {
            log,
            offer: placed,
            ring_until: terms.answer_by,
            restart,
            taken: Some((placed, Some(*by))),
            prepared: log
                .first(placed, |input| *input == CallInput::MediaPrepared)
                .filter(|prepared| log.time(*prepared) < terms.answer_by),
            through: None,
            left: None,
            available: Vec::new(),
            ours: true,
            terms,
        }
    }

    pub(super) fn verdict_of_ours(&self) -> Verdict {
        let before = self.ends_before_pick_up().into_iter().min();
        let picked_up = self.picked_up().filter(|place| {
            before.is_none_or(|end| (*place, self.log.time(*place)) < (end.place, end.moment))
                && self.restart.is_none_or(|restart| *place < restart)
        });
        let end = match picked_up {
            Some(place) => self.end_of_talk(place),
            None => before.filter(|end| self.restart.is_none_or(|restart| end.place < restart)),
        };
        let Some(end) = end.or_else(|| self.ours_after_restart(picked_up)) else {
            panic!("by the rules this call never ends")
        };
        let unanswered = picked_up.is_none() && !self.ended_with_a_start(end.place);
        let may_be_explained = matches!(end.verdict.2, R::NoAnswer | R::ProviderFailed | R::DialUnknown);
        if unanswered && may_be_explained && self.declined_after(end.place) {
            return DECLINED;
        }
        end.verdict
    }

    /// His own times say that it was picked up although nobody told us.
    fn ended_with_a_start(&self, place: Place) -> bool {
        matches!(self.log.input(place.0), Some(CallInput::ProviderEnded(ended)) if place.1 == 1 && ended.started_at.is_some())
    }

    fn declined_after(&self, place: Place) -> bool {
        let Some(dialled) = self.dialled_before(self.restart) else { return false };
        dialled < place && self.log.first(place, |input| *input == CallInput::CustomerDeclined).is_some()
    }

    /// Where the request left; it does not after a restart.
    fn dialled_before(&self, restart: Option<Place>) -> Option<Place> {
        self.prepared.filter(|prepared| restart.is_none_or(|restart| *prepared < restart))
    }

    /// The first word that proves that the provider has it.
    fn reached(&self) -> Option<Place> {
        self.log.first(self.prepared?, |input| {
            matches!(
                input,
                CallInput::DialAnswered(DialAnswer::Placed)
                    | CallInput::AnswerCame
                    | CallInput::CustomerRings
                    | CallInput::CustomerAccepted
                    | CallInput::CustomerDeclined
                    | CallInput::ProviderEnded(_)
            )
        })
    }

    fn answered(&self) -> Option<Place> {
        self.log.first(self.prepared?, |input| *input == CallInput::AnswerCame)
    }

    fn picked_up(&self) -> Option<Place> {
        let said = self.log.first(self.prepared?, |input| *input == CallInput::CustomerAccepted);
        let heard =
            self.answered().and_then(|came| self.log.first(came, |input| *input == CallInput::CustomerHeard));
        said.into_iter().chain(heard).min()
    }

    fn caller(&self) -> Option<UserId> {
        self.taken.and_then(|(_, by)| by)
    }

    /// Every reason for which it could end before anybody picks up.
    fn ends_before_pick_up(&self) -> Vec<End> {
        let log = self.log;
        let mut ends = Vec::new();
        let mut add = |place: Option<Place>, moment: Option<Timestamp>, rank, verdict| {
            if let Some(place) = place {
                let moment = moment.unwrap_or_else(|| log.time(place));
                ends.push(End { place, moment, rank, verdict });
            }
        };
        let failed = |reason| (P::Failed, O::Failed, reason);
        let given_up = |reason| (P::Cancelled, O::Cancelled, reason);
        let rings_for = log.placed(self.offer).policy.answer_window;
        let reached = self.reached();
        let knows = |place: Place| reached.is_some_and(|reached| reached < place);
        match self.prepared {
            None => {
                let at = log.time(self.offer).plus(rings_for);
                add(log.noticed(self.offer, at), Some(at), 0, failed(R::MediaUnavailable));
            }
            Some(prepared) => {
                let at = log.time(prepared).plus(rings_for);
                if let Some(place) = log.noticed(prepared, at) {
                    let verdict = if knows(place) {
                        (P::Missed, O::Missed, R::NoAnswer)
                    } else {
                        failed(R::DialUnknown)
                    };
                    add(Some(place), Some(at), 0, verdict);
                }
                if let Some((place, at)) = self.undecided(prepared)
                    && !knows(place)
                {
                    add(Some(place), Some(at), 1, failed(R::DialUnknown));
                }
            }
        }
        if let Some((place, moment)) = self.caller_gone() {
            add(Some(place), Some(moment), 2, given_up(R::AgentLost));
        }
        let prepared_before = |place: Place| self.prepared.is_some_and(|prepared| prepared < place);
        let answered_before = |place: Place| self.answered().is_some_and(|came| came < place);
        for (place, _, input) in log.after(self.offer) {
            let here = Some(place);
            match input {
                CallInput::MediaRefused(refusal) if !prepared_before(place) || answered_before(place) => {
                    add(here, None, 0, failed(refusal_reason(refusal)));
                }
                CallInput::CustomerLegFailed if answered_before(place) => {
                    add(here, None, 0, failed(R::MediaFailed));
                }
                CallInput::DialAnswered(DialAnswer::Refused { why, .. })
                    if prepared_before(place) && !knows(place) =>
                {
                    add(here, None, 0, failed(why.reason()));
                }
                CallInput::HangUp { .. } => add(here, None, 0, given_up(R::AgentHungUp)),
                CallInput::DrainTimeout => add(here, None, 0, given_up(R::Draining)),
                CallInput::CustomerDeclined if prepared_before(place) => add(here, None, 0, DECLINED),
                CallInput::ProviderEnded(ended) => {
                    let verdict = if ended.started_at.is_some() {
                        let lost = self.is_lost_at(place);
                        let outcome = match (lost, broke(ended)) {
                            (false, _) => O::Answered,
                            (true, false) => O::Abandoned,
                            (true, true) => O::Failed,
                        };
                        ended_in_talk(ended, outcome)
                    } else if broke(ended) {
                        failed(R::ProviderFailed)
                    } else {
                        (P::Missed, O::Missed, R::NoAnswer)
                    };
                    add(here, None, 0, verdict);
                }
                _ => {}
            }
        }
        ends
    }

    /// Where nobody waits any longer for a word about a request that was not answered for.
    fn undecided(&self, dialled: Place) -> Option<(Place, Timestamp)> {
        let give_up = self.log.time(dialled).plus(s(10));
        let told = self
            .log
            .after(dialled)
            .take_while(|(_, now, _)| *now < give_up)
            .find(|(_, _, input)| matches!(input, CallInput::DialAnswered(DialAnswer::Unknown { .. })));
        let (since, moment) = match told {
            Some((place, now, _)) => (place, now),
            None => (self.log.noticed(dialled, give_up)?, give_up),
        };
        let decided = moment.plus(s(10));
        Some((self.log.noticed(since, decided)?, decided))
    }

    /// Where the line of the one who calls was lost for good.
    fn caller_gone(&self) -> Option<(Place, Timestamp)> {
        let by = self.caller()?;
        let mut since = self.offer;
        loop {
            let lost = self.log.first(since, |input| *input == CallInput::LineLost(by))?;
            if self.prepared.is_none_or(|prepared| lost < prepared) {
                return Some((lost, self.log.time(lost)));
            }
            let gone = self.log.time(lost).plus(s(30));
            let back = self.log.first(lost, |input| *input == CallInput::LineBack(by));
            match back.filter(|back| self.log.time(*back) < gone) {
                Some(back) => since = back,
                None => return Some((self.log.noticed(lost, gone)?, gone)),
            }
        }
    }

    /// Is the line of the one who calls lost at this place?
    fn is_lost_at(&self, place: Place) -> bool {
        let Some(by) = self.caller() else { return true };
        let mut lost = false;
        for (_, _, input) in self.log.after(self.offer).take_while(|(here, _, _)| *here < place) {
            lost = match input {
                CallInput::LineLost(who) if *who == by => true,
                CallInput::LineBack(who) if *who == by => false,
                _ => lost,
            };
        }
        lost
    }

    /// He picked up, and his media answer was not there in time.
    pub(super) fn answer_never_came(&self, accepted: Place) -> Option<End> {
        if !self.ours {
            return None;
        }
        let at = self.log.time(accepted).plus(s(20));
        let place = self.log.noticed(accepted, at)?;
        let came = self.answered().is_some_and(|came| came < place);
        (!came).then_some(End { place, moment: at, rank: 0, verdict: (P::Failed, O::Failed, R::MediaFailed) })
    }

    /// The media answer to a call of ours cannot be used, and is not in use.
    pub(super) fn answer_is_refused(&self, place: Place) -> bool {
        let Some(came) = self.answered().filter(|came| self.ours && *came < place) else { return false };
        let up = self.log.first(came, |input| *input == CallInput::CustomerConnected);
        up.is_none_or(|up| up > place)
    }

    /// A live call lost its process: only its restart and the provider can still say something.
    fn ours_after_restart(&self, picked_up: Option<Place>) -> Option<End> {
        let restart = self.restart?;
        let dialled = self.dialled_before(Some(restart)).is_some();
        let (place, moment, input) = self.log.after(restart).find(|(_, _, input)| match input {
            CallInput::NodeRestarted | CallInput::ProviderEnded(_) => true,
            CallInput::CustomerDeclined => dialled && picked_up.is_none(),
            _ => false,
        })?;
        let spoken_from = picked_up.and_then(|place| self.chain(place).1).filter(|from| *from < restart);
        let verdict = match (input, picked_up.is_some()) {
            (CallInput::CustomerDeclined, _) => DECLINED,
            (CallInput::ProviderEnded(ended), true) => {
                ended_in_talk(ended, self.outcome(spoken_from, place, !broke(ended)))
            }
            (CallInput::ProviderEnded(ended), false) if ended.started_at.is_some() => {
                ended_in_talk(ended, if broke(ended) { O::Failed } else { O::Abandoned })
            }
            (CallInput::ProviderEnded(ended), false) if broke(ended) => {
                (P::Failed, O::Failed, R::ProviderFailed)
            }
            (CallInput::ProviderEnded(_), false) => (P::Missed, O::Missed, R::NoAnswer),
            (_, true) => (P::Terminated, self.outcome(spoken_from, place, false), R::NodeRestarted),
            (_, false) => (P::Failed, O::Failed, R::NodeRestarted),
        };
        Some(End { place, moment, rank: 0, verdict })
    }
}

const DECLINED: Verdict = (P::Rejected, O::Rejected, R::DeclinedByCustomer);

pub(super) fn refusal_reason(refusal: &MediaRefusal) -> R {
    match refusal {
        MediaRefusal::NoPorts => R::NoRtpPorts,
        MediaRefusal::Flooded => R::Flooded,
        MediaRefusal::BadOffer(_) => R::BadOffer,
        MediaRefusal::Unavailable => R::MediaUnavailable,
    }
}

impl<'a> Log<'a> {
    fn placed(self, place: Place) -> &'a Placed {
        match self.input(place.0) {
            Some(CallInput::Placed(placed)) => placed,
            other => panic!("not a call of ours: {other:?}"),
        }
    }
}
