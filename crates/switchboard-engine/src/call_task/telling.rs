//! Who hears of what a call decided: those who are rung, the one whose call it is, everybody who may see it.

use std::sync::atomic::Ordering;

use switchboard_core::call::effect::StopRinging;
use switchboard_core::ids::UserId;

use super::CallTask;
use crate::clock::rfc3339;
use crate::events::{CallView, EventMark, Offer, Person, ServerMessage};
use crate::{metrics, views};

impl CallTask {
    /// What follows from the facts after every input: who is told, who is free again, what is remembered.
    pub(super) fn settle(&mut self, stopped: &[(UserId, StopRinging)]) {
        let facts = self.call.facts();
        let over = facts.ending.is_some();
        let rung = facts.ringing.clone();
        if over {
            self.place = None;
            self.live.wants_agents.store(false, Ordering::Relaxed);
            self.row.quality = self.quality.mean().or(self.row.quality.take());
        }
        self.engage();
        if self.saver.is_dirty() {
            self.live.show((!over).then(|| self.view()));
        }
        for (user, why) in stopped {
            let by = if let StopRinging::Taken { by } = why { Some(self.person(*by)) } else { None };
            let message = ServerMessage::OfferGone {
                call_id: self.id.to_string(),
                why: views::stop_ringing_word(*why),
                by,
            };
            self.engine.agents().tell_user(*user, &message);
            self.engine.ring_agent(*user, self.id, false);
        }
        self.offer_again_where_needed(&rung);
        if over
            && let Some(ending) = &self.call.facts().ending
            && self.saver.just_ended()
        {
            tracing::info!(
                outcome = ending.outcome.as_str(),
                reason = ending.reason.as_str(),
                by = ending.by.as_str(),
                talk_ms = self.call.facts().talk_time().map(|talk| talk.as_millis() as u64),
                "call ended"
            );
            metrics::call_ended(ending, self.call.facts().talk_time().map(|talk| talk.as_secs()));
        }
    }

    /// The agent whose call this is cannot be rung for another; whoever it is taken from is free again.
    fn engage(&mut self) {
        let taken_by = self.call.taken_by();
        if taken_by == self.engaged {
            return;
        }
        if let Some(before) = std::mem::replace(&mut self.engaged, taken_by) {
            self.engine.release_agent(before, self.id);
        }
        if let Some(user) = taken_by {
            // Claimed by the click already; after a restart nobody is.
            self.engine.claim_agent(user, self.id);
            self.tell_my_call(user);
        }
    }

    pub(super) fn person(&self, user: UserId) -> Person {
        self.engine.person(user)
    }

    pub(crate) fn view(&self) -> CallView {
        let number = views::number_name(&self.number);
        let view = views::call_view(&self.row, self.call.ring_until(), number, |user| self.person(user));
        let recording = self.call.recording().filter(|_| self.call.facts().ending.is_none());
        CallView { recording: recording.map(views::recording_now), ..view }
    }

    /// An offer is told once, and again when what the card says of the others has changed.
    fn offer_again_where_needed(&mut self, rung: &[UserId]) {
        if rung == self.rung {
            return;
        }
        let named = |rung: &[UserId], user: UserId| {
            let others = rung.iter().copied().filter(|other| *other != user);
            (others.take(views::NAMED).collect::<Vec<_>>(), rung.len() == 1)
        };
        for user in rung {
            let is_new = !self.rung.contains(user);
            if (is_new || named(rung, *user) != named(&self.rung, *user))
                && let Some(offer) = self.offer_to(*user)
            {
                self.engine.agents().tell_user(*user, &ServerMessage::Offer { offer: Box::new(offer) });
            }
        }
        self.rung = rung.to_vec();
    }

    fn offer_to(&self, user: UserId) -> Option<Offer> {
        let facts = self.call.facts();
        let others = facts.ringing.iter().copied().filter(|other| *other != user);
        let until = self.call.ring_until()?;
        Some(Offer {
            call: self.view(),
            ring_until: rfc3339(until),
            last: facts.ringing.len() == 1,
            others_count: facts.ringing.len().saturating_sub(1),
            others: others.take(views::NAMED).map(|other| self.person(other)).collect(),
        })
    }

    fn tell_my_call(&self, user: UserId) {
        self.engine.agents().tell_user(user, &ServerMessage::MyCall { call: Some(Box::new(self.view())) });
    }

    /// The change is written: everybody who may see the call hears of it.
    pub(super) fn tell_everybody(&mut self) {
        let Some(mark) = self.saver.newest_written() else { return };
        let view = self.view();
        let message = ServerMessage::Call {
            call: Box::new(view),
            event: EventMark { kind: mark.0, at: rfc3339(mark.1) },
        };
        self.engine.agents().tell_everybody(
            self.number.tenant,
            self.row.branch.or(self.number.branch),
            &message,
        );
    }
}
