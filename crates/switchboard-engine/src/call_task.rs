//! One task per live call: it owns the `Call`, feeds it what happened and has done what it asks for.
//!
//! Signalling and media orders leave at once; the row and its story are written beside them, one write in flight at
//! a time, later changes joining the next. Pages hear of a change when it is written.

mod birth;
mod people;
mod telling;

pub(crate) use people::{Verb, ask};

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use switchboard_core::call::effect::{CallEffect, Seat, StopRinging};
use switchboard_core::call::event::{CallEvent, CallEventKind};
use switchboard_core::call::input::{CallInput, Destination, Offered};
use switchboard_core::call::{Call, Refusal};
use switchboard_core::ids::{CallId, EventId, ProviderCallId, UserId};
use switchboard_core::time::Timestamp;
use switchboard_media::{MediaCommand, MediaReport, MediaSeat};
use switchboard_store::calls::{CallRow, EventRow};
use switchboard_store::numbers::Number;
use tokio::sync::mpsc;

use crate::call_registry::{Birth, CallMessage, LiveCall, Place, admission};
use crate::clock::{fresh_uuid, instant_of};
use crate::effects::store::{Saved, Saver};
use crate::events::ServerMessage;
use crate::inbox::{CallNews, NewsKind};
use crate::quality::QualityLog;
use crate::{Engine, views};

/// How long a finished call stays to swallow what still comes for it.
const LINGER: Duration = Duration::from_secs(5);

/// Results of effects that may wait to be taken in.
const RESULTS: usize = 32;

/// One live call.
pub(crate) struct CallTask {
    pub(crate) engine: Engine,
    pub(crate) id: CallId,
    pub(crate) number: Arc<Number>,
    pub(crate) provider_call: ProviderCallId,
    pub(crate) row: CallRow,
    call: Call,
    mailbox: mpsc::Receiver<CallMessage>,
    pub(crate) results: mpsc::Sender<CallInput>,
    results_inbox: mpsc::Receiver<CallInput>,
    pub(crate) answer: Arc<std::sync::OnceLock<String>>,
    pub(crate) released: Arc<AtomicBool>,
    live: Arc<LiveCall>,
    saver: Saver,
    place: Option<Place>,
    engaged: Option<UserId>,
    rung: Vec<UserId>,
    pending: VecDeque<CallInput>,
    quality: QualityLog,
    connected: serde_json::Value,
    owed: usize,
}

impl CallTask {
    /// Starts the task of a call that has just been heard of.
    pub(crate) fn start(engine: Engine, number: Arc<Number>, provider_call: ProviderCallId, birth: Birth) {
        tokio::spawn(async move {
            let id = birth.id;
            match Self::load(engine, number, provider_call, birth).await {
                Ok(task) => task.run().await,
                Err(error) => {
                    // The news stay in the inbox and are delivered again when the database is back.
                    tracing::warn!(call.id = %id, error = %error, "a call could not be loaded; its news wait in the inbox");
                }
            }
        });
    }

    async fn run(mut self) {
        self.take_pending();
        self.saver.start_if_needed(&self.row);
        loop {
            let timeout = self.call.poll_timeout().map(|at| instant_of(self.engine.clock(), at));
            let over = self.is_finished();
            self.live.finished.store(over, Ordering::Release);
            tokio::select! {
                biased;
                Some(result) = self.results_inbox.recv() => self.take_result(result),
                saved = self.saver.finished() => match saved {
                    Saved::Written => self.tell_everybody(),
                    Saved::Later => {}
                    Saved::Fenced => {
                        tracing::error!(call.id = %self.id, "this call belongs to another node now; it is let go here");
                        break;
                    }
                },
                message = self.mailbox.recv() => match message {
                    Some(message) => self.take(message),
                    None => break,
                },
                () = until(timeout) => self.happened(CallInput::TimePassed),
                () = tokio::time::sleep(LINGER), if over => {
                    if self.engine.registry().leave(self.number.id, &self.provider_call, self.id, &self.mailbox) {
                        return;
                    }
                }
            }
            self.saver.start_if_needed(&self.row);
        }
    }

    fn is_finished(&self) -> bool {
        self.call.facts().ending.is_some() && self.owed == 0 && self.saver.is_idle()
    }

    fn take(&mut self, message: CallMessage) {
        match message {
            CallMessage::News(news) => self.take_news(*news),
            CallMessage::Happened(input) => self.happened(input),
            CallMessage::Media(report) => self.take_report(report),
            CallMessage::Person { verb, who, reply } => {
                let answer = self.take_person(verb, &who);
                // The person may have gone away meanwhile; the call goes on without him.
                let _ = reply.send(answer);
            }
        }
    }

    fn take_result(&mut self, result: CallInput) {
        if matches!(
            result,
            CallInput::PreAcceptAnswered(_)
                | CallInput::AcceptAnswered(_)
                | CallInput::RejectAnswered(_)
                | CallInput::TerminateAnswered(_)
        ) {
            self.owed = self.owed.saturating_sub(1);
        }
        self.happened(result);
    }

    fn take_news(&mut self, news: CallNews) {
        self.saver.owe_inbox(news.inbox);
        match news.kind {
            NewsKind::Connect(connect) => {
                let at = self.engine.clock().correct(connect.at);
                if !self.call.facts().offered {
                    birth::learn_offer(&mut self.row, &connect);
                    if self.place.is_none() && self.call.facts().ending.is_none() {
                        self.place = self.engine.admit(&self.number);
                    }
                }
                let enabled = self.engine.calling_enabled() && self.number.calling_enabled;
                let branch = self.row.branch.or(self.number.branch);
                if self.number.destination == Destination::Agents {
                    // Before the list is read: whoever changes in between is heard of.
                    self.live.wants_agents.store(true, Ordering::Relaxed);
                }
                self.happened(CallInput::Offered(Offered {
                    at,
                    policy: self.number.policy(),
                    admission: admission(enabled, self.place.as_ref()),
                    available: self.engine.agents().available(self.number.tenant, branch),
                }));
            }
            NewsKind::Terminate(mut ended) => {
                ended.at = self.engine.clock().correct(ended.at);
                ended.started_at = ended.started_at.map(|at| self.engine.clock().correct(at));
                ended.ended_at = ended.ended_at.map(|at| self.engine.clock().correct(at));
                self.happened(CallInput::ProviderEnded(ended));
            }
        }
    }

    fn take_report(&mut self, report: MediaReport) {
        match report {
            MediaReport::CustomerConnected { ice_ms, dtls_ms, profile, .. } => {
                self.connected = serde_json::json!({
                    "ice_ms": ice_ms, "dtls_ms": dtls_ms, "srtp_profile": profile.as_str(),
                });
                self.happened(CallInput::CustomerConnected);
            }
            MediaReport::CustomerHeard { .. } => self.happened(CallInput::CustomerHeard),
            MediaReport::CustomerSilent { .. } => self.happened(CallInput::CustomerSilent),
            MediaReport::CustomerFailed { why, .. } => {
                self.note("media.customer_failed", serde_json::json!({ "why": why.to_string() }));
                self.happened(CallInput::CustomerLegFailed);
            }
            MediaReport::NoticePlayed { .. } => self.happened(CallInput::NoticePlayed),
            MediaReport::FirstSent { .. } => self.note("media.first_sent", serde_json::json!({})),
            MediaReport::AgentHeard { .. } => self.note("media.agent_heard", serde_json::json!({})),
            MediaReport::Quality { customer, agent, .. } => {
                let (customer, agent) = self.quality.take(&customer, agent.as_ref());
                if self.call.facts().ending.is_some() {
                    return;
                }
                self.row.quality = Some(self.quality.last());
                self.live.show(Some(self.view()));
                if let Some(user) = self.engaged {
                    let message = ServerMessage::Quality { call_id: self.id.to_string(), customer, agent };
                    self.engine.agents().tell_user(user, &message);
                }
            }
            MediaReport::LineConnected { .. }
            | MediaReport::LineLost { .. }
            | MediaReport::LineFailed { .. } => {
                // Lines belong to agents; the engine never hands these to a call.
            }
        }
    }

    fn happened(&mut self, input: CallInput) {
        // Only people's verbs are refused; whatever else cannot be applied is in the call's story.
        if let Err(refusal) = self.handle(input) {
            tracing::debug!(call.id = %self.id, ?refusal, "an input was refused");
        }
    }

    fn handle(&mut self, input: CallInput) -> Result<(), Refusal> {
        let now = self.engine.clock().now();
        let answer = self.call.handle(now, input);
        let mut stopped = Vec::new();
        while let Some(effect) = self.call.poll_effect() {
            self.carry_out(effect, now, &mut stopped);
        }
        self.row.set_facts(self.call.facts());
        self.settle(&stopped);
        self.take_pending();
        answer
    }

    /// What followed from effects is taken in right after the input that caused them.
    fn take_pending(&mut self) {
        while let Some(input) = self.pending.pop_front() {
            self.happened(input);
        }
    }

    fn carry_out(&mut self, effect: CallEffect, now: Timestamp, stopped: &mut Vec<(UserId, StopRinging)>) {
        match effect {
            CallEffect::Record(event) => self.record(event),
            CallEffect::PrepareMedia => self.prepare_media(),
            CallEffect::PreAccept { give_up_at } => {
                self.owed += 1;
                self.pre_accept(give_up_at.since(now));
            }
            CallEffect::Accept { give_up_at } => {
                self.owed += 1;
                self.accept(give_up_at.since(now));
            }
            CallEffect::Reject => {
                self.owed += 1;
                self.reject();
            }
            CallEffect::Terminate => {
                self.owed += 1;
                self.terminate();
            }
            CallEffect::OpenGate => self.engine.media().command(MediaCommand::OpenGate { call: self.id }),
            CallEffect::Bridge(seat) => self.bridge(seat),
            CallEffect::ReleaseMedia => {
                self.released.store(true, Ordering::Release);
                self.engine.media().command(MediaCommand::CloseCustomer { call: self.id });
            }
            CallEffect::Ring { agent, .. } => self.engine.ring_agent(agent, self.id, true),
            CallEffect::StopRinging { agent, why } => stopped.push((agent, why)),
        }
    }

    fn bridge(&mut self, seat: Seat) {
        let media_seat = match seat {
            Seat::Agent(user) => {
                self.live.wants_agents.store(false, Ordering::Relaxed);
                let Some(line) = self.engine.agents().connected_line(user) else {
                    // The line went between the click and now: the rule for lost lines takes over.
                    self.pending.push_back(CallInput::LineLost(user));
                    return;
                };
                MediaSeat::Line(line)
            }
            Seat::Echo => MediaSeat::Echo,
            Seat::Music => {
                // The agent may not come back: whoever can be rung is of interest now.
                self.live.wants_agents.store(true, Ordering::Relaxed);
                let branch = self.row.branch.or(self.number.branch);
                let available = self.engine.agents().available(self.number.tenant, branch);
                self.pending.push_back(CallInput::AgentsAvailable(available));
                MediaSeat::Music
            }
            Seat::Notice(notice) => MediaSeat::Notice(notice),
            Seat::Nobody => MediaSeat::Nobody,
        };
        self.engine.media().command(MediaCommand::Bridge { call: self.id, seat: media_seat });
    }

    fn record(&mut self, event: CallEvent) {
        let mut data = views::event_data(&event.what, |user| self.person(user));
        if matches!(event.what, CallEventKind::CustomerConnected) {
            data = std::mem::take(&mut self.connected);
        }
        if matches!(event.what, CallEventKind::Received) {
            tracing::info!(call.id = %self.id, number.id = %self.number.id, tenant.id = %self.number.tenant, "call received");
        }
        if matches!(event.what, CallEventKind::PutThrough(_)) && self.row.branch.is_none() {
            self.stamp_branch();
        }
        tracing::debug!(call.id = %self.id, event = event.what.name(), "recorded");
        self.add(event.what.name(), event.at, data);
    }

    /// An entry of the flight record that decides nothing.
    fn note(&mut self, kind: &str, data: serde_json::Value) {
        self.add(kind, self.engine.clock().now(), data);
    }

    fn add(&mut self, kind: &str, at: Timestamp, data: serde_json::Value) {
        self.saver.add(EventRow {
            id: EventId::from_uuid(fresh_uuid()),
            call: self.id,
            tenant: self.number.tenant,
            branch: self.row.branch,
            // Its place is given by the saver.
            seq: 0,
            at,
            kind: kind.to_owned(),
            data,
        });
    }

    /// A call without a branch gets the one of its first answering agent, when he has exactly one (I5).
    fn stamp_branch(&mut self) {
        let agent = self.call.facts().answered_by;
        self.row.branch = agent.and_then(|agent| self.engine.agents().only_branch_of(agent));
    }
}

/// However a task ends, nobody stays busy or rung by it and no leg stays open.
impl Drop for CallTask {
    fn drop(&mut self) {
        self.engine.registry().forget(self.number.id, &self.provider_call, self.id, &self.live);
        self.engine.media().command(MediaCommand::CloseCustomer { call: self.id });
        if let Some(user) = self.engaged.take() {
            self.engine.release_agent(user, self.id);
        }
        for user in std::mem::take(&mut self.rung) {
            let gone = ServerMessage::OfferGone { call_id: self.id.to_string(), why: "ended", by: None };
            self.engine.agents().tell_user(user, &gone);
            self.engine.ring_agent(user, self.id, false);
        }
    }
}

async fn until(at: Option<tokio::time::Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
