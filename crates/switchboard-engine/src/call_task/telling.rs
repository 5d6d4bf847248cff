//! Who hears of what a call decided: those who are rung, the one whose call it is, everybody who may see it.

use std::collections::HashSet;
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
        self.stop_ringing(stopped);
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

    /// Whoever is not rung any more hears why; two hundred people mostly hear the same.
    fn stop_ringing(&self, stopped: &[(UserId, StopRinging)]) {
        for alike in stopped.chunk_by(|(_, one), (_, next)| one == next) {
            let [(_, why), ..] = alike else { continue };
            let by = if let StopRinging::Taken { by } = why { Some(self.person(*by)) } else { None };
            let call_id = self.id.to_string();
            let message = ServerMessage::OfferGone { call_id, why: views::stop_ringing_word(*why), by };
            let users: Vec<UserId> = alike.iter().map(|(user, _)| *user).collect();
            self.engine.agents().tell_users(&users, &message);
            for user in users {
                self.engine.ring_agent(user, self.id, false);
            }
        }
    }

    /// An offer is told once, and again when what the card says of the others has changed. Most are told the same: a
    /// card names the first few others only.
    fn offer_again_where_needed(&mut self, rung: &[UserId]) {
        if rung == self.rung {
            return;
        }
        let named = |rung: &[UserId], user: UserId| {
            let others = rung.iter().copied().filter(|other| *other != user);
            (others.take(views::NAMED).collect::<Vec<_>>(), rung.len() == 1)
        };
        let before: HashSet<UserId> = self.rung.iter().copied().collect();
        let mut cards: Vec<(Vec<UserId>, Vec<UserId>)> = Vec::new();
        for user in rung {
            let now = named(rung, *user);
            if before.contains(user) && now == named(&self.rung, *user) {
                continue;
            }
            let (others, _) = now;
            match cards.iter_mut().find(|(named, _)| *named == others) {
                Some((_, readers)) => readers.push(*user),
                None => cards.push((others, vec![*user])),
            }
        }
        let until = self.call.ring_until().filter(|_| !cards.is_empty());
        if let Some(until) = until {
            let (call, ring_until) = (self.view(), rfc3339(until));
            for (others, readers) in cards {
                let offer = Offer {
                    call: call.clone(),
                    ring_until: ring_until.clone(),
                    last: rung.len() == 1,
                    others_count: rung.len().saturating_sub(1),
                    others: others.into_iter().map(|other| self.person(other)).collect(),
                };
                let message = ServerMessage::Offer { offer: Box::new(offer) };
                self.engine.agents().tell_users(&readers, &message);
            }
        }
        self.rung = rung.to_vec();
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
