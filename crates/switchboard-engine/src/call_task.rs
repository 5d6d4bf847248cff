//! One task per live call: it owns the `Call`, feeds it what happened and has done what it asks for.
//!
//! Signalling and media orders leave at once; the row and its story are written beside them, one write in flight at
//! a time, later changes joining the next. Pages hear of a change when it is written.

mod birth;
mod people;
mod telling;

pub(crate) use birth::{Begin, new_row};
pub(crate) use people::{Verb, ask};

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use switchboard_core::admission::{Admission, Door};
use switchboard_core::call::effect::{CallEffect, Seat, StopRinging};
use switchboard_core::call::event::{CallEvent, CallEventKind};
use switchboard_core::call::input::{CallInput, Destination, Offered};
use switchboard_core::call::state::Ending;
use switchboard_core::call::{Call, Refusal};
use switchboard_core::ids::{CallId, EventId, ProviderCallId, UserId};
use switchboard_core::recording::AnnouncementChoice;
use switchboard_core::time::Timestamp;
use switchboard_media::{Announcement, MediaCommand, MediaReport, MediaSeat};
use switchboard_provider::event::CallStatusWord;
use switchboard_store::calls::{CallRow, EventRow};
use switchboard_store::numbers::Number;
use tokio::sync::mpsc;
use tracing::Instrument as _;

use crate::call_registry::{Birth, CallMessage, LiveCall, Place};
use crate::clock::{CallClock, fresh_uuid};
use crate::effects::store::{Saved, Saver};
use crate::events::ServerMessage;
use crate::inbox::{CallNews, NewsKind};
use crate::metrics::CallMeasures;
use crate::quality::QualityLog;
use crate::recordings::Recording;
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
    /// None while the provider has not named a call of ours.
    pub(crate) provider_call: Option<ProviderCallId>,
    /// The provider's id, as the answer to our own request tells it.
    pub(crate) named: Arc<std::sync::OnceLock<ProviderCallId>>,
    pub(crate) row: CallRow,
    call: Call,
    clock: CallClock,
    mailbox: mpsc::Receiver<CallMessage>,
    pub(crate) results: mpsc::Sender<CallInput>,
    results_inbox: mpsc::Receiver<CallInput>,
    /// What we wrote: our answer to the customer's offer, or our offer.
    pub(crate) answer: Arc<std::sync::OnceLock<String>>,
    pub(crate) released: Arc<AtomicBool>,
    live: Arc<LiveCall>,
    saver: Saver,
    place: Option<Place>,
    engaged: Option<UserId>,
    rung: Vec<UserId>,
    pub(crate) pending: VecDeque<CallInput>,
    pub(crate) recording: Option<Recording>,
    quality: QualityLog,
    connected: serde_json::Value,
    measures: CallMeasures,
    /// The call has heard that its leg is prepared.
    prepared: bool,
    /// The leg was connected before that: with keys in the SDP it is from the start, and the two pieces of news come by
    /// different ways.
    connected_early: bool,
    owed: usize,
    /// The safeguards have heard that it was missed.
    minded: bool,
    /// Its story begins with what was written when it was placed.
    placed: bool,
}

impl CallTask {
    /// Starts the task of a call that has just been heard of.
    pub(crate) fn start(engine: Engine, number: Arc<Number>, begin: Begin, birth: Birth) {
        // One span for all of it. Of the highest level, so that no filter takes the call from its warnings. A call the
        // database knows already has another id than the one made up here.
        let span = tracing::error_span!(
            parent: None,
            "call",
            call.id = tracing::field::Empty,
            number.id = %number.id,
            tenant.id = %number.tenant,
        );
        let work = async move {
            match Self::load(engine, number, begin, birth).await {
                Ok(task) => {
                    tracing::Span::current().record("call.id", tracing::field::display(task.id));
                    task.run().await;
                }
                Err(error) => {
                    // The news stay in the inbox and are delivered again when the database is back.
                    tracing::warn!(error = %error, "a call could not be loaded; its news wait in the inbox");
                }
            }
        };
        tokio::spawn(work.instrument(span));
    }

    async fn run(mut self) {
        self.take_pending();
        self.tell_everybody();
        self.saver.start_if_needed(&self.row);
        loop {
            let timeout = self.call.poll_timeout().map(|at| self.clock.instant_of(at));
            let over = self.is_finished();
            self.live.finished.store(over, Ordering::Release);
            tokio::select! {
                biased;
                Some(result) = self.results_inbox.recv() => self.take_result(result),
                saved = self.saver.finished() => match saved {
                    Saved::Written => {
                        self.tell_everybody();
                        self.mind_if_missed();
                        if self.call.facts().ending.is_some() {
                            self.engine.call_is_over();
                        }
                    }
                    Saved::Later => {}
                    Saved::Fenced => {
                        tracing::error!("this call belongs to another node now; it is let go here");
                        break;
                    }
                },
                message = self.mailbox.recv() => match message {
                    Some(message) => self.take(message),
                    None => break,
                },
                () = until(timeout) => self.happened(CallInput::TimePassed),
                () = tokio::time::sleep(LINGER), if over => {
                    if self.engine.registry().leave(self.id, &self.mailbox, &self.live) {
                        return;
                    }
                }
            }
            self.saver.start_if_needed(&self.row);
        }
    }

    /// It was missed, and that is written: the safeguards count it from now on.
    fn mind_if_missed(&mut self) {
        let ending = self.call.facts().ending.as_ref();
        if !self.minded && self.saver.is_idle() && ending.is_some_and(Ending::counts_as_missed) {
            self.minded = true;
            self.engine.a_call_was_missed(&self.number);
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
            CallMessage::Note { kind, data } => self.note(kind, data),
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
            CallInput::DialAnswered(_)
                | CallInput::PreAcceptAnswered(_)
                | CallInput::AcceptAnswered(_)
                | CallInput::RejectAnswered(_)
                | CallInput::TerminateAnswered(_)
        ) {
            self.owed = self.owed.saturating_sub(1);
        }
        if let Some(named) = self.named.get().cloned() {
            self.is_named(named);
        }
        let prepared = result == CallInput::MediaPrepared;
        self.happened(result);
        if prepared {
            self.prepared = true;
            if std::mem::take(&mut self.connected_early) {
                self.happened(CallInput::CustomerConnected);
            }
        }
    }

    fn customer_connected(&mut self) {
        if self.prepared {
            self.happened(CallInput::CustomerConnected);
        } else {
            self.connected_early = true;
        }
    }

    fn take_news(&mut self, news: CallNews) {
        if let Some(inbox) = news.inbox {
            self.saver.owe_inbox(inbox);
        }
        self.is_named(news.provider_call);
        match news.kind {
            NewsKind::Answer(answer) => {
                birth::learn_answer(&mut self.row, *answer);
                self.happened(CallInput::AnswerCame);
            }
            NewsKind::Status(CallStatusWord::Ringing) => self.happened(CallInput::CustomerRings),
            NewsKind::Status(CallStatusWord::Accepted) => self.happened(CallInput::CustomerAccepted),
            NewsKind::Status(CallStatusWord::Rejected) => self.happened(CallInput::CustomerDeclined),
            NewsKind::Status(CallStatusWord::Other(word)) => {
                self.note("provider.status", serde_json::json!({ "status": word }));
            }
            NewsKind::Connect(connect) => {
                let at = self.clock.correct(connect.at);
                if !self.call.facts().offered {
                    birth::learn_offer(&mut self.row, &connect);
                }
                let admission = self.at_the_door();
                if admission == Admission::OutsideHours
                    && !self.call.facts().offered
                    && let Some(job) = self.engine.out_of_hours_message(&self.number, self.id)
                {
                    self.saver.owe(job);
                }
                let branch = self.row.branch.or(self.number.branch);
                if self.number.destination == Destination::Agents {
                    // Before the list is read: whoever changes in between is heard of.
                    self.live.wants_agents.store(true, Ordering::Relaxed);
                }
                self.happened(CallInput::Offered(Offered {
                    at,
                    policy: self.number.policy(),
                    admission,
                    available: self.engine.agents().available(self.number.tenant, branch),
                }));
            }
            NewsKind::Terminate(mut ended) => {
                ended.at = self.clock.correct(ended.at);
                ended.started_at = ended.started_at.map(|at| self.clock.correct(at));
                ended.ended_at = ended.ended_at.map(|at| self.clock.correct(at));
                self.happened(CallInput::ProviderEnded(ended));
            }
        }
    }

    /// The provider has named a call of ours.
    fn is_named(&mut self, provider_call: ProviderCallId) {
        match &self.provider_call {
            Some(known) if *known == provider_call => {}
            Some(_) => {
                tracing::warn!(call.id = %self.id, "the provider gives one call two names; the first counts");
            }
            None => {
                self.engine.registry().named(self.id, &provider_call);
                self.row.provider_call_id = Some(provider_call.clone());
                self.provider_call = Some(provider_call);
            }
        }
    }

    /// May this call come in? A place within the limits is taken only by a call that is new.
    fn at_the_door(&mut self) -> Admission {
        let door = Door {
            calling_enabled: self.engine.calling_enabled() && self.number.calling_enabled,
            blocked: self.engine.is_blocked(&self.number, &self.row.caller),
            draining: self.engine.is_draining().then_some(self.number.drain_answer),
            closed: self.engine.is_closed(&self.number),
            suspended: self.engine.is_suspended(&self.number),
        };
        let facts = self.call.facts();
        let is_new = !facts.offered && facts.ending.is_none();
        door.admit(|| {
            if is_new && self.place.is_none() {
                self.place = self.engine.admit(&self.number);
            }
            self.place.is_some()
        })
    }

    fn take_report(&mut self, report: MediaReport) {
        self.measures.reported(&report, self.clock.now());
        match report {
            MediaReport::CustomerConnected { ice_ms, dtls_ms, profile, key_exchange, .. } => {
                self.connected = serde_json::json!({
                    "ice_ms": ice_ms, "dtls_ms": dtls_ms, "srtp_profile": profile.as_str(),
                    "srtp_key_exchange": key_exchange.as_str(),
                });
                if key_exchange != self.number.srtp_key_exchange {
                    tracing::warn!(
                        call.id = %self.id, number.id = %self.number.id, offered = key_exchange.as_str(),
                        "the provider offers another key exchange than the number is set to"
                    );
                }
                self.customer_connected();
            }
            MediaReport::CustomerHeard { .. } => self.happened(CallInput::CustomerHeard),
            MediaReport::CustomerSilent { .. } => self.happened(CallInput::CustomerSilent),
            MediaReport::CustomerFailed { why, .. } => {
                self.note("media.customer_failed", serde_json::json!({ "why": why.to_string() }));
                self.happened(CallInput::CustomerLegFailed);
            }
            MediaReport::AnnouncementPlayed { .. } => self.happened(CallInput::AnnouncementPlayed),
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
            tracing::debug!(?refusal, "an input was refused");
        }
    }

    fn handle(&mut self, input: CallInput) -> Result<(), Refusal> {
        let now = self.clock.now();
        let answer = self.call.handle(now, input);
        let mut stopped = Vec::new();
        while let Some(effect) = self.call.poll_effect() {
            self.carry_out(effect, now, &mut stopped);
        }
        self.row.set_facts(self.call.facts());
        self.live.is_with(&self.row.caller);
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
            CallEffect::PrepareMedia { give_up_at } => self.prepare_media(give_up_at.since(now)),
            CallEffect::PrepareOffer { give_up_at } => self.prepare_offer(give_up_at.since(now)),
            CallEffect::Dial { give_up_at } => {
                self.owed += 1;
                self.dial(give_up_at.since(now));
            }
            CallEffect::ApplyAnswer => self.apply_answer(),
            CallEffect::Ringback => self.engine.media().command(MediaCommand::Ringback { call: self.id }),
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
                let offered_at = self.call.facts().offered_at.unwrap_or(now);
                self.reject(now.since(offered_at));
            }
            CallEffect::Terminate => {
                self.owed += 1;
                self.terminate();
            }
            CallEffect::OpenGate => self.engine.media().command(MediaCommand::OpenGate { call: self.id }),
            CallEffect::Bridge(seat) => self.bridge(seat),
            CallEffect::StartRecording => self.start_recording(now),
            CallEffect::PauseRecording => self.pause_recording(true),
            CallEffect::ResumeRecording => self.pause_recording(false),
            CallEffect::StopRecording => self.stop_recording(),
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
            Seat::Notice(notice) => MediaSeat::Notice(notice, self.number.notice_language),
            Seat::Announcement => MediaSeat::Announcement(self.announcement()),
            Seat::Nobody => MediaSeat::Nobody,
        };
        self.engine.media().command(MediaCommand::Bridge { call: self.id, seat: media_seat });
    }

    /// The words that tell the customer that he is recorded.
    fn announcement(&self) -> Announcement {
        let choice = self.number.recording.announcement;
        let own = (choice == AnnouncementChoice::Own).then(|| self.engine.own_announcement(self.number.id));
        match own.flatten() {
            Some(sound) => Announcement::Own(sound),
            // The own words are gone since the call came in: the shipped ones tell him as well.
            None => Announcement::Shipped(choice.language().unwrap_or(self.number.notice_language)),
        }
    }

    fn record(&mut self, event: CallEvent) {
        self.measures.happened(&event, &self.row);
        let mut data = views::event_data(&event.what, |user| self.person(user));
        if matches!(event.what, CallEventKind::CustomerConnected) {
            data = std::mem::take(&mut self.connected);
        }
        if matches!(event.what, CallEventKind::Received) {
            tracing::info!("call received");
        }
        if let CallEventKind::Initiated(user) = event.what {
            tracing::info!(user.id = %user, "call placed");
            if self.placed {
                return;
            }
        }
        if let CallEventKind::AnswerClicked(user) = event.what {
            tracing::info!(user.id = %user, "call answered");
        }
        if matches!(event.what, CallEventKind::PutThrough(_)) && self.row.branch.is_none() {
            self.stamp_branch();
        }
        tracing::debug!(event = event.what.name(), "recorded");
        self.add(event.what.name(), event.at, data);
    }

    /// An entry of the flight record that decides nothing.
    fn note(&mut self, kind: &str, data: serde_json::Value) {
        self.add(kind, self.clock.now(), data);
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
        if let Some(branch) = self.row.branch {
            self.live.move_to(Some(branch));
            let gone = ServerMessage::CallGone { call_id: self.id.to_string() };
            self.engine.agents().tell_those_who_lose(self.number.tenant, branch, &gone);
        }
    }
}

/// However a task ends, nobody stays busy or rung by it and no leg stays open.
impl Drop for CallTask {
    fn drop(&mut self) {
        self.engine.registry().forget(self.id, &self.live);
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
