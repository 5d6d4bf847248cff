//! Every moment at which a call does something by itself. Nothing is stored twice: the deadlines are read
//! off the phase, so a deadline of something that is over cannot fire.

use crate::call::event::CallEventKind;
use crate::call::in_talk::{MUSIC_AFTER, TAKE_BACK_FOR, With};
use crate::call::incoming::{Accept, PreAccept};
use crate::call::outgoing::Dial;
use crate::call::state::EndReason;
use crate::call::{Call, Phase};
use crate::time::{Deadline, Timestamp};

/// What a moment means. When two fall together the one named first here goes first: what ends a call
/// goes before what would carry it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Moment {
    /// C11: the longest duration is reached.
    TooLong,
    /// A call of ours has rung for as long as it may.
    RingsOut,
    /// Nobody knows what became of our `connect`, and no word came.
    DialUndecided,
    /// The line of the one who calls did not come back.
    CallerGone,
    /// The customer picked up, and his media answer never came.
    AnswerNeverCame,
    /// Our `connect` was not answered in its time.
    DialGivenUp,
    /// An accept could not be answered in time any more.
    TooLateToAccept,
    /// Nobody clicked; the fallback would start here, and there is none.
    RingingOver,
    /// Neither sound nor an end told what became of the accept.
    AcceptUndecided,
    /// The accept was not answered in its time.
    AcceptGivenUp,
    /// `pre_accept` was not answered in its time.
    PreAcceptGivenUp,
    /// C10: the customer's media are not up yet and are not waited for any longer.
    WarmUpOver,
    /// Nobody said that the announcement was heard.
    AnnouncementOver,
    /// The last notice takes too long.
    GoodbyeOver,
    /// Nobody took the call that was offered again.
    OfferedAgainOver,
    /// The agent did not take his call back.
    TakeBackOver,
    /// The agent's line is gone for so long that the customer gets music.
    MusicDue,
    /// The warning tone has been played.
    ToneOver,
    /// C11: the warning tone is due.
    WarningDue,
}

impl Call {
    pub(super) fn next_deadline(&self) -> Option<Deadline<Moment>> {
        let mut next: Option<Deadline<Moment>> = None;
        let mut consider = |why: Moment, at: Option<Timestamp>| {
            if let Some(at) = at
                && next.is_none_or(|first| (at, why) < (first.at, first.why))
            {
                next = Some(Deadline { at, why });
            }
        };
        match self.phase {
            Phase::Incoming(incoming) => {
                consider(Moment::RingingOver, incoming.rings_until());
                if let PreAccept::Sent { give_up_at, .. } = incoming.pre_accept {
                    consider(Moment::PreAcceptGivenUp, Some(give_up_at));
                }
                if incoming.wants_accept() {
                    consider(Moment::TooLateToAccept, Some(incoming.accept_leaves_before()));
                    consider(Moment::WarmUpOver, incoming.warm_at());
                }
                match incoming.accept {
                    Accept::NotSent => {}
                    Accept::Sent { give_up_at, .. } => consider(Moment::AcceptGivenUp, Some(give_up_at)),
                    Accept::Unclear { decide_by } => consider(Moment::AcceptUndecided, Some(decide_by)),
                }
            }
            Phase::Outgoing(outgoing) => {
                consider(Moment::RingsOut, Some(outgoing.rings_until));
                consider(Moment::CallerGone, outgoing.given_up_without_line());
                match outgoing.dial {
                    Dial::NotSent | Dial::Through => {}
                    Dial::Sent { give_up_at } => consider(Moment::DialGivenUp, Some(give_up_at)),
                    Dial::Unclear { decide_by } => consider(Moment::DialUndecided, Some(decide_by)),
                }
            }
            Phase::InTalk(talk) => {
                consider(Moment::TooLong, Some(talk.ends_at));
                consider(Moment::AnswerNeverCame, self.answer_needed_by());
                consider(Moment::AnnouncementOver, self.announced_by());
                consider(Moment::WarningDue, talk.warn_at.filter(|_| !self.is_announcing()));
                consider(Moment::ToneOver, talk.tone_until);
                match talk.with {
                    With::Agent(_) | With::Echo => {}
                    With::LostAgent { since, music, .. } => {
                        consider(Moment::MusicDue, (!music).then_some(since.plus(MUSIC_AFTER)));
                        consider(Moment::TakeBackOver, Some(since.plus(TAKE_BACK_FOR)));
                    }
                    With::OfferedAgain { until } => consider(Moment::OfferedAgainOver, Some(until)),
                    With::Goodbye { until, .. } => consider(Moment::GoodbyeOver, Some(until)),
                }
            }
            Phase::Unknown | Phase::Restored | Phase::Over => {}
        }
        next
    }

    /// Applies what is due, in the order of the moments. Each step removes the deadline it applies: it ends
    /// the call, or the phase it was read off has moved on.
    pub(super) fn apply_deadlines(&mut self, now: Timestamp) {
        while let Some(due) = self.next_deadline().filter(|due| due.at <= now) {
            // A moment that lay in the past when it came to be (a late offer) passes when it is first seen.
            let moment = due.at.max(self.latest);
            self.apply_deadline(now, moment, due.why);
        }
    }

    fn apply_deadline(&mut self, now: Timestamp, moment: Timestamp, why: Moment) {
        match self.phase {
            Phase::Incoming(incoming) => match why {
                Moment::TooLateToAccept | Moment::RingingOver => self.end_unanswered(now, moment),
                Moment::AcceptUndecided => self.end_accept_unknown(now, moment),
                Moment::AcceptGivenUp => {
                    let heard = matches!(incoming.accept, Accept::Sent { heard: true, .. });
                    self.accept_unclear(now, moment, incoming, heard, String::from("no answer in time"));
                }
                Moment::PreAcceptGivenUp => self.pre_accept_given_up(now, incoming),
                // Time stood still for us and it is too late by now: only a request that leaves in time counts.
                Moment::WarmUpOver if now >= incoming.accept_leaves_before() => {
                    self.end_unanswered(now, incoming.accept_leaves_before().max(moment));
                }
                Moment::WarmUpOver => self.accept_if_ready(now),
                Moment::TooLong
                | Moment::RingsOut
                | Moment::DialUndecided
                | Moment::CallerGone
                | Moment::AnswerNeverCame
                | Moment::DialGivenUp
                | Moment::AnnouncementOver
                | Moment::GoodbyeOver
                | Moment::OfferedAgainOver
                | Moment::TakeBackOver
                | Moment::MusicDue
                | Moment::ToneOver
                | Moment::WarningDue => {}
            },
            Phase::Outgoing(outgoing) => match why {
                Moment::RingsOut => self.rings_out(now, moment, outgoing),
                Moment::CallerGone => self.given_up(now, moment, EndReason::AgentLost),
                Moment::DialUndecided => self.end_dial_unknown(now, moment),
                Moment::DialGivenUp => {
                    self.dial_unclear(now, moment, outgoing, String::from("no answer in time"));
                }
                Moment::TooLong
                | Moment::AnswerNeverCame
                | Moment::TooLateToAccept
                | Moment::RingingOver
                | Moment::AcceptUndecided
                | Moment::AcceptGivenUp
                | Moment::PreAcceptGivenUp
                | Moment::WarmUpOver
                | Moment::AnnouncementOver
                | Moment::GoodbyeOver
                | Moment::OfferedAgainOver
                | Moment::TakeBackOver
                | Moment::MusicDue
                | Moment::ToneOver
                | Moment::WarningDue => {}
            },
            Phase::InTalk(talk) => match (why, talk.with) {
                (Moment::AnswerNeverCame, _) => self.end_failed(now, EndReason::MediaFailed, None),
                (Moment::TooLong, _) => {
                    self.record(now, CallEventKind::DeadlinePassed(EndReason::TooLong));
                    self.end_by_rule(now, moment, EndReason::TooLong);
                }
                (Moment::AnnouncementOver, _) => self.announcement_unheard(now, talk),
                (Moment::GoodbyeOver, With::Goodbye { why, .. }) => {
                    self.end_by_rule(now, moment, why.reason());
                }
                (Moment::OfferedAgainOver, _) => self.offered_again_in_vain(now, moment, talk),
                (Moment::TakeBackOver, _) => self.offer_again(now, moment, talk),
                (Moment::MusicDue, With::LostAgent { agent, since, .. }) => {
                    self.start_music(now, talk, agent, since);
                }
                (Moment::ToneOver, _) => self.tone_over(talk),
                (Moment::WarningDue, _) => self.warn(now, moment, talk),
                (
                    Moment::GoodbyeOver,
                    With::Agent(_) | With::Echo | With::LostAgent { .. } | With::OfferedAgain { .. },
                )
                | (
                    Moment::MusicDue,
                    With::Agent(_) | With::Echo | With::OfferedAgain { .. } | With::Goodbye { .. },
                )
                | (
                    Moment::RingsOut
                    | Moment::DialUndecided
                    | Moment::CallerGone
                    | Moment::DialGivenUp
                    | Moment::TooLateToAccept
                    | Moment::RingingOver
                    | Moment::AcceptUndecided
                    | Moment::AcceptGivenUp
                    | Moment::PreAcceptGivenUp
                    | Moment::WarmUpOver,
                    _,
                ) => {}
            },
            Phase::Unknown | Phase::Restored | Phase::Over => {}
        }
    }
}
