//! An accepted call: who was with the customer, when the last one was lost for good, and what ended it.

use switchboard_core::call::input::CallInput;
use switchboard_core::call::state::{EndReason, Outcome, ProviderState};
use switchboard_core::time::Timestamp;

use super::log::Place;
use super::{End, Story, broke, ended_in_talk, s};

impl Story<'_> {
    /// How an accepted call ends; none if a restart comes first.
    pub(crate) fn end_of_talk(&self, accepted: Place) -> Option<End> {
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

    pub(crate) fn outcome(&self, spoken_from: Option<Place>, at: Place, in_order: bool) -> Outcome {
        match (spoken_from, self.terms.echo) {
            (Some(from), _) if from <= at => Outcome::Answered,
            (_, true) => Outcome::SelfService,
            (_, false) if in_order => Outcome::Abandoned,
            (_, false) => Outcome::Failed,
        }
    }

    /// Who is with the customer, one after the other: where the last one is lost for good, and where the
    /// first one began to speak.
    pub(crate) fn chain(&self, accepted: Place) -> (Option<(Place, Timestamp)>, Option<Place>) {
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
}
