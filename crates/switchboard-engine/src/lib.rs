//! COORDINATE: waits, spawns, retries and joins the other crates together. Decides nothing.
//!
//! The way of a webhook: [`inbox`] trusts it, keeps it and hands it over → `call_registry` finds or makes the call's
//! task → `call_task` feeds the core's machine → `effects` has done what it asks for → `views` and [`events`] say
//! what the outside may know → `agents` and `client` bring it to the open pages.

mod agents;
mod call_registry;
mod call_task;
mod capacity;
mod client;
pub mod clock;
mod effects;
pub mod events;
mod inbox;
mod quality;
mod recovery;
pub mod settings;
mod views;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use switchboard_core::access::Scope;
use switchboard_core::call::input::CallInput;
use switchboard_core::ids::{CallId, NodeId, UserId};
use switchboard_media::{MediaEngine, MediaReport};
use switchboard_provider::meta::graph::GraphClient;
use switchboard_provider::meta::signature;
use switchboard_provider::secret::AccessToken;
use switchboard_store::calls::{CallRow, EventRow};
use switchboard_store::numbers::Number;
use switchboard_store::{Store, StoreError};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

pub use agents::{Actor, SignOut};
pub use capacity::{Capacity, CapacityReport};
pub use client::Client;
pub use clock::Clock;
pub use inbox::{WebhookReceipt, WebhookRefused};
pub use settings::{AppCredentials, EngineSettings};

use agents::Agents;
use call_registry::{CallMessage, CallRegistry, Place};
use call_task::Verb;
use capacity::CapacityCache;
use events::{CallEventView, CallView, Person};

/// Names remembered at the most; beyond that all are forgotten, and lists read theirs again.
const NAMES: usize = 10_000;

/// Between two looks whether every call has ended.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(20);

/// Why a person's wish about a call is not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallRefused {
    /// There is no such call, or it may not be seen.
    #[error("there is no such call")]
    NotFound,
    /// Somebody was faster.
    #[error("somebody else took it")]
    AlreadyTaken {
        /// Who.
        by: Person,
    },
    /// He is not rung for it.
    #[error("you are not rung for this call")]
    NotRinging,
    /// Nobody has answered it yet.
    #[error("the call is not answered yet; reject it instead")]
    NotAnswered,
    /// It is somebody else's call.
    #[error("this is somebody else's call")]
    NotYours,
    /// The call is over.
    #[error("the call is over")]
    Over {
        /// What lists show.
        status: &'static str,
    },
    /// He is in another call.
    #[error("you are in another call")]
    InAnotherCall,
    /// His line is not connected.
    #[error("your line is not connected")]
    NoLine,
    /// A key cannot talk.
    #[error("only a person can answer")]
    NeedsAPerson,
    /// The call has too much waiting.
    #[error("the call is busy")]
    Busy,
    /// The call's task is gone.
    #[error("the call could not be reached")]
    Unavailable,
}

/// The subscription handshake was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the verify token does not fit")]
pub struct HandshakeRefused;

/// What `/readyz` wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    /// The database answers.
    pub database: bool,
    /// The media thread lives.
    pub media: bool,
}

struct Inner {
    settings: EngineSettings,
    clock: Clock,
    store: Store,
    media: MediaEngine,
    graph: GraphClient,
    registry: Arc<CallRegistry>,
    agents: Agents,
    numbers: RwLock<HashMap<String, Arc<Number>>>,
    names: Mutex<HashMap<UserId, String>>,
    marks: mpsc::Sender<uuid::Uuid>,
    capacity: CapacityCache,
}

/// The exchange. Cheap to clone; all clones are the same one.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("node", &self.0.settings.node).finish_non_exhaustive()
    }
}

impl Engine {
    /// Starts the exchange: takes up what the last run left behind, then listens.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn start(
        settings: EngineSettings,
        store: Store,
        media: MediaEngine,
        reports: mpsc::Receiver<MediaReport>,
        graph: GraphClient,
        clock: Clock,
    ) -> Result<Self, StoreError> {
        let (marks, marked) = inbox::marks();
        let engine = Self(Arc::new(Inner {
            settings,
            clock,
            store,
            media,
            graph,
            registry: Arc::new(CallRegistry::default()),
            agents: Agents::default(),
            numbers: RwLock::default(),
            names: Mutex::default(),
            marks,
            capacity: CapacityCache::default(),
        }));
        engine.reload_numbers().await?;
        engine.spawn_inbox_jobs(marked);
        engine.spawn_media_reports(reports);
        engine.spawn_clock_watch();
        engine.recover().await?;
        Ok(engine)
    }

    /// Reads the numbers again, after their settings were changed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn reload_numbers(&self) -> Result<(), StoreError> {
        let numbers = self.0.store.numbers().of_the_installation().await?;
        let numbers =
            numbers.into_iter().map(|row| (row.provider_number_id.clone(), Arc::new(row))).collect();
        *self.0.numbers.write().unwrap_or_else(PoisonError::into_inner) = numbers;
        Ok(())
    }

    /// The database, for lists and plain settings.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The clock everybody is handed the time from.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// What the engine was told at start.
    #[must_use]
    pub fn settings(&self) -> &EngineSettings {
        &self.0.settings
    }

    /// Meta's subscription handshake: takes the raw query, gives the challenge to echo, byte for byte.
    ///
    /// # Errors
    /// When the mode or the token does not fit, or no token is configured.
    pub fn handshake(&self, query: &str) -> Result<String, HandshakeRefused> {
        let expected = self.0.settings.verify_token.as_ref().ok_or(HandshakeRefused)?;
        signature::handshake(expected, query).map_err(|_| HandshakeRefused)
    }

    /// A person takes the call.
    ///
    /// # Errors
    /// See [`CallRefused`].
    pub async fn answer(&self, who: Actor, call: CallId) -> Result<CallView, CallRefused> {
        self.person_wants(Verb::Answer, who, call).await
    }

    /// A person does not want to be rung for this call.
    ///
    /// # Errors
    /// See [`CallRefused`].
    pub async fn decline(&self, who: Actor, call: CallId) -> Result<CallView, CallRefused> {
        self.person_wants(Verb::Decline, who, call).await
    }

    /// A person ends the unanswered call for everyone.
    ///
    /// # Errors
    /// See [`CallRefused`].
    pub async fn reject(&self, who: Actor, call: CallId) -> Result<CallView, CallRefused> {
        self.person_wants(Verb::Reject, who, call).await
    }

    /// A person ends the call.
    ///
    /// # Errors
    /// See [`CallRefused`].
    pub async fn hang_up(&self, who: Actor, call: CallId) -> Result<CallView, CallRefused> {
        self.person_wants(Verb::HangUp, who, call).await
    }

    async fn person_wants(&self, verb: Verb, who: Actor, call: CallId) -> Result<CallView, CallRefused> {
        match self.registry().may_touch(&who.scope, call) {
            Some(false) => return Err(CallRefused::NotFound),
            Some(true) => {
                if let Some(answer) = call_task::ask(self, call, verb, who.clone()).await {
                    return answer;
                }
            }
            None => {}
        }
        match self.store().calls().by_id(&who.scope, call).await {
            Ok(Some(row)) => Err(CallRefused::Over { status: row.facts().status().as_str() }),
            Ok(None) => Err(CallRefused::NotFound),
            Err(error) => {
                tracing::warn!(call.id = %call, error = %error, "a call could not be looked up");
                Err(CallRefused::Unavailable)
            }
        }
    }

    /// A row as the outside may see it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn view_call(&self, scope: &Scope, row: &CallRow) -> Result<CallView, StoreError> {
        Ok(self.view_calls(scope, std::slice::from_ref(row)).await?.remove(0))
    }

    /// Rows as the outside may see them, in the same order.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn view_calls(&self, scope: &Scope, rows: &[CallRow]) -> Result<Vec<CallView>, StoreError> {
        let people = rows.iter().flat_map(|row| {
            let facts = row.facts();
            facts.answered_by.into_iter().chain(facts.ringing).collect::<Vec<_>>()
        });
        self.learn_names(scope, people).await?;
        Ok(rows
            .iter()
            .map(|row| {
                let number = self.number_by_id(row).map_or_else(
                    || events::NumberName {
                        id: row.number.to_string(),
                        name: String::new(),
                        display_phone: String::new(),
                    },
                    |number| views::number_name(&number),
                );
                views::call_view(row, None, number, |user| self.person(user))
            })
            .collect())
    }

    /// An entry of a call's story as the outside may see it.
    #[must_use]
    pub fn view_event(&self, row: &EventRow) -> CallEventView {
        views::event_view(row)
    }

    /// Closes the pages of one session at once, with line and offers.
    pub fn sign_out_session(&self, session: &str) {
        for (user, aftermath) in self.agents().sign_out_session(session, SignOut::Logout) {
            self.follow(user, aftermath);
        }
    }

    /// Closes every page of a person at once, with line and offers.
    pub fn sign_out_user(&self, user: UserId, why: SignOut) {
        let aftermath = self.agents().sign_out_user(user, why);
        self.follow(user, aftermath);
    }

    /// Tells every page that the server stops.
    pub fn say_goodbye(&self) {
        for (user, aftermath) in self.agents().sign_out_everybody(SignOut::Shutdown) {
            self.follow(user, aftermath);
        }
    }

    /// The server stops: live calls are ended with a reason and the provider is told, as far as `within` allows.
    /// What is not done by then is done at the next start.
    pub async fn end_all_calls(&self, within: std::time::Duration) {
        for call in self.registry().all() {
            let restarted = CallMessage::Happened(CallInput::NodeRestarted);
            if self.registry().send(call, restarted).is_err() {
                tracing::warn!(call.id = %call, "a call could not be ended; it is at the next start");
            }
        }
        let quiet = async {
            while !self.registry().is_quiet() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        if tokio::time::timeout(within, quiet).await.is_err() {
            tracing::warn!("some calls were not ended in time; they are at the next start");
        }
        self.store().close().await;
    }

    /// What `/readyz` wants to know.
    pub async fn readiness(&self) -> Readiness {
        Readiness { database: self.store().ping().await.is_ok(), media: self.media().is_alive() }
    }

    pub(crate) fn node(&self) -> NodeId {
        self.0.settings.node
    }

    pub(crate) fn epoch(&self) -> i64 {
        self.0.settings.epoch
    }

    pub(crate) fn media(&self) -> &MediaEngine {
        &self.0.media
    }

    pub(crate) fn graph(&self) -> &GraphClient {
        &self.0.graph
    }

    pub(crate) fn registry(&self) -> &Arc<CallRegistry> {
        &self.0.registry
    }

    pub(crate) fn agents(&self) -> &Agents {
        &self.0.agents
    }

    pub(crate) fn marks(&self) -> &mpsc::Sender<uuid::Uuid> {
        &self.0.marks
    }

    pub(crate) fn capacity_cache(&self) -> &CapacityCache {
        &self.0.capacity
    }

    pub(crate) fn calling_enabled(&self) -> bool {
        self.0.settings.calling_enabled
    }

    pub(crate) fn token(&self, provider_number_id: &str) -> Option<&AccessToken> {
        self.0.settings.tokens.get(provider_number_id)
    }

    pub(crate) fn admit(&self, number: &Number) -> Option<Place> {
        self.registry().admit(number.id, number.max_concurrent_calls, self.0.settings.max_calls)
    }

    pub(crate) fn number_by_provider_id(&self, id: &str) -> Option<Arc<Number>> {
        self.0.numbers.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    fn number_by_id(&self, row: &CallRow) -> Option<Arc<Number>> {
        let numbers = self.0.numbers.read().unwrap_or_else(PoisonError::into_inner);
        numbers.values().find(|number| number.id == row.number).cloned()
    }

    pub(crate) fn numbers_limit(&self) -> u32 {
        let numbers = self.0.numbers.read().unwrap_or_else(PoisonError::into_inner);
        numbers
            .values()
            .filter(|number| number.calling_enabled)
            .fold(0, |sum: u32, number| sum.saturating_add(number.max_concurrent_calls))
    }

    pub(crate) fn remember_person(&self, who: &Actor) {
        self.remember_name(who.user, who.name.clone());
    }

    /// Reads the names that are not remembered.
    pub(crate) async fn learn_names(
        &self,
        scope: &Scope,
        people: impl Iterator<Item = UserId>,
    ) -> Result<(), StoreError> {
        let mut unknown: Vec<UserId> = Vec::new();
        {
            let names = self.0.names.lock().unwrap_or_else(PoisonError::into_inner);
            for user in people {
                if !names.contains_key(&user) && !unknown.contains(&user) {
                    unknown.push(user);
                }
            }
        }
        if !unknown.is_empty() {
            for (user, name) in self.store().users().names(scope, &unknown).await? {
                self.remember_name(user, name);
            }
        }
        Ok(())
    }

    fn remember_name(&self, user: UserId, name: String) {
        let mut names = self.0.names.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= NAMES {
            names.clear();
        }
        names.insert(user, name);
    }

    pub(crate) fn person(&self, user: UserId) -> Person {
        let names = self.0.names.lock().unwrap_or_else(PoisonError::into_inner);
        Person { id: user.to_string(), name: names.get(&user).cloned().unwrap_or_default() }
    }

    pub(crate) fn ring_until(&self, call: &CallView) -> String {
        call.ring_until.clone().or_else(|| call.answer_by.clone()).unwrap_or_default()
    }

    /// Every answer of the provider carries its time; deadlines are corrected by it (C1).
    fn spawn_clock_watch(&self) {
        let clock = self.clock().clone();
        let mut dates = self.graph().server_date();
        tokio::spawn(async move {
            while dates.changed().await.is_ok() {
                let date = *dates.borrow_and_update();
                if let Some(at) = date {
                    clock.provider_said(at);
                }
            }
        });
    }

    fn spawn_media_reports(&self, mut reports: mpsc::Receiver<MediaReport>) {
        let engine = self.clone();
        tokio::spawn(async move {
            while let Some(report) = reports.recv().await {
                engine.media_reported(report);
            }
            tracing::error!("the media engine has stopped reporting; restart this node");
        });
    }

    fn media_reported(&self, report: MediaReport) {
        let call = match &report {
            MediaReport::CustomerConnected { call, .. }
            | MediaReport::CustomerHeard { call }
            | MediaReport::CustomerSilent { call }
            | MediaReport::CustomerFailed { call, .. }
            | MediaReport::NoticePlayed { call }
            | MediaReport::FirstSent { call }
            | MediaReport::AgentHeard { call, .. }
            | MediaReport::Quality { call, .. } => *call,
            MediaReport::LineConnected { line } => return self.line_changed(*line, "connected"),
            MediaReport::LineLost { line } => return self.line_changed(*line, "lost"),
            MediaReport::LineFailed { line, .. } => return self.line_changed(*line, "failed"),
        };
        let Some(mailbox) = self.registry().mailbox(call) else {
            tracing::debug!(call.id = %call, "the media engine spoke of a call that is gone");
            return;
        };
        if let Err(TrySendError::Full(message)) = mailbox.try_send(CallMessage::Media(report)) {
            // Each is said once: it waits for room instead of being lost. A task that ends lets it go.
            tracing::warn!(call.id = %call, "a call does not keep up with its media");
            tokio::spawn(async move { mailbox.send(message).await });
        }
    }

    fn line_changed(&self, line: switchboard_core::ids::LineId, state: &'static str) {
        if let Some((user, aftermath)) = self.agents().line_changed(line, state) {
            self.follow(user, aftermath);
        }
    }
}
