//! An accepted call: who was with the customer, when the last one was lost for good, and what ended it.

use switchboard_core::call::input::CallInput;
use switchboard_core::call::state::{EndReason, Outcome, ProviderState};
use switchboard_core::time::Timestamp;

use super::log::Place;
use super::outgoing::refusal_reason;
use super::{End, Story, broke, ended_in_talk, s};

impl Story<'_> {
    /// How an accepted call ends; none if a restart comes first.
    pub(crate) fn end_of_talk(&self, accepted: Place) -> Option<End> {
        let (goodbye, spoken_from) = self.chain(accepted);
        let over = goodbye.and_then(|(place, moment, why)| {
            self.notice_over(place, moment).map(|(place, moment)| (place, moment, why))
        });
        let mut ends = Vec::from_iter(over.map(|(place, moment, why)| End {
            place,
            moment,
            rank: 1,
            verdict: (ProviderState::Terminated, self.outcome(spoken_from, place, true), why),
        }));
        let longest = self.log.time(accepted).plus(self.terms.longest);
        if let Some(place) = self.log.noticed(accepted, longest) {
            let verdict =
                (ProviderState::Terminated, self.outcome(spoken_from, place, true), EndReason::TooLong);
            ends.push(End { place, moment: longest, rank: 0, verdict });
        }
        ends.extend(self.answer_never_came(accepted));
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
                CallInput::MediaRefused(refusal) if self.answer_is_refused(place) => {
                    (ProviderState::Failed, Outcome::Failed, refusal_reason(refusal))
                }
                _ => continue,
            };
            ends.push(End { place, moment, rank: 0, verdict });
            break;
        }
        ends.into_iter().min().filter(|end| self.restart.is_none_or(|restart| end.place < restart))
    }

    /// Where a last notice that begins here is over.
    fn notice_over(&self, place: Place, moment: Timestamp) -> Option<(Place, Timestamp)> {
        let at_most = moment.plus(s(8));
        let played = self.log.first(place, |input| *input == CallInput::NoticePlayed);
        let played = played.filter(|played| self.log.time(*played) < at_most);
        let end = played.map(|played| (played, self.log.time(played)));
        end.or_else(|| Some((self.log.noticed(place, at_most)?, at_most)))
    }

    pub(crate) fn outcome(&self, spoken_from: Option<Place>, at: Place, in_order: bool) -> Outcome {
        match (spoken_from, self.terms.echo) {
            (Some(from), _) if from <= at => Outcome::Answered,
            (_, true) => Outcome::SelfService,
            (_, false) if in_order => Outcome::Abandoned,
            (_, false) => Outcome::Failed,
        }
    }

    /// Where the last notice begins, if one does, with its moment and its reason; and where somebody first spoke.
    pub(crate) fn chain(&self, accepted: Place) -> (Option<(Place, Timestamp, EndReason)>, Option<Place>) {
        let (lost, spoken_from) = self.people(accepted);
        let told = self.log.first(accepted, |input| *input == CallInput::DrainTimeout);
        match (lost, told) {
            // Whoever hears a last notice already is not interrupted; else nothing people do counts from here on.
            (lost, Some(told)) if lost.is_none_or(|(place, _)| told < place) => {
                let goodbye = (told, self.log.time(told), EndReason::Draining);
                (Some(goodbye), spoken_from.filter(|from| *from < told))
            }
            (lost, _) => (lost.map(|(place, moment)| (place, moment, EndReason::AgentLost)), spoken_from),
        }
    }

    /// Who is with the customer, one after the other: where the last one is lost for good, and where the
    /// first one began to speak.
    fn people(&self, accepted: Place) -> (Option<(Place, Timestamp)>, Option<Place>) {
        let log = self.log;
        let Some((taken, Some(mut agent))) = self.taken else { return (None, None) };
        let is_lost = |agent| move |input: &CallInput| *input == CallInput::LineLost(agent);
        let is_back = |agent| move |input: &CallInput| *input == CallInput::LineBack(agent);
        // Lost between click and accept, and not back since?
        let back = log.after(taken).filter(|(place, _, _)| *place < accepted);
        let back = back.filter(|(_, _, input)| is_back(agent)(input)).last().map(|(place, _, _)| place);
        let early = log.first(back.unwrap_or(taken), is_lost(agent)).filter(|lost| *lost < accepted);
        let told = self.told_from(accepted);
        let mut spoken_from = None;
        let mut since = accepted;
        let mut lost_early = early;
        let mut begins_lost = early.is_some();
        loop {
            let lost = lost_early.take().or_else(|| log.first(since, is_lost(agent)));
            // Nobody speaks before the announcement was heard: whoever is there at its end does.
            if let Some(told) = told
                && !std::mem::take(&mut begins_lost)
                && lost.is_none_or(|lost| lost > told)
            {
                spoken_from = spoken_from.or(Some(since.max(told)));
            }
            let Some(lost) = lost else { return (None, spoken_from) };
            let noticed_from = lost.max(since);
            let take_back = log.time(lost).plus(s(30)).max(log.time(since));
            let back = log.first(noticed_from, is_back(agent)).filter(|back| log.time(*back) < take_back);
            if let Some(back) = back {
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
                since = place;
                agent = by;
                continue;
            }
            let goodbye = refused.map(|place| (place, log.time(place)));
            let goodbye = goodbye.or_else(|| Some((log.noticed(again, until)?, until)));
            return (goodbye, spoken_from);
        }
    }

    /// From where on people can speak with the customer: after the announcement, if he hears one; or never.
    fn told_from(&self, accepted: Place) -> Option<Place> {
        let Some(within) = self.terms.announced_within else { return Some(accepted) };
        let heard = self.log.first(accepted, |input| {
            matches!(input, CallInput::AnnouncementPlayed | CallInput::StopRecording { .. })
        });
        let given_up = self.log.noticed(accepted, self.log.time(accepted).plus(within));
        heard.into_iter().chain(given_up).min()
    }

    fn reject_again(&self, since: Place, until: Timestamp) -> Option<Place> {
        self.log.after(since).take_while(|(_, now, _)| *now < until).find_map(|(place, _, input)| match input
        {
            CallInput::Reject { by } if self.rung(*by, since, place) => Some(place),
            _ => None,
        })
    }
}
