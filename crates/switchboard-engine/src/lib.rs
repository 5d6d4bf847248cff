//! COORDINATE: waits, spawns, retries and joins the other crates together. Decides nothing.
//!
//! The way of a webhook: `inbox` trusts it, keeps it and hands it over → `call_registry` finds or makes the call's
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
mod media_reports;
mod names;
mod quality;
mod recovery;
pub mod settings;
mod views;
mod wishes;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use switchboard_core::call::input::CallInput;
use switchboard_core::ids::{NodeId, UserId};
use switchboard_media::{MediaEngine, MediaReport};
use switchboard_provider::meta::graph::GraphClient;
use switchboard_provider::meta::signature;
use switchboard_provider::secret::AccessToken;
use switchboard_store::calls::CallRow;
use switchboard_store::numbers::Number;
use switchboard_store::{Store, StoreError};
use tokio::sync::mpsc;

pub use agents::{Actor, Said, SignOut};
pub use capacity::{Capacity, CapacityReport};
pub use client::Client;
pub use clock::Clock;
pub use inbox::{WebhookReceipt, WebhookRefused};
pub use settings::{AppCredentials, EngineSettings};
pub use wishes::CallRefused;

use agents::Agents;
use call_registry::{CallMessage, CallRegistry, Place};
use capacity::CapacityCache;
use events::CallView;

/// How often supervisors hear of changed presence.
const PRESENCE_EVERY: std::time::Duration = std::time::Duration::from_millis(250);
/// Between two looks whether every call has ended.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(20);

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
        engine.spawn_presence_rounds();
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

    pub(crate) fn ring_until(&self, call: &CallView) -> String {
        call.ring_until.clone().or_else(|| call.answer_by.clone()).unwrap_or_default()
    }

    fn spawn_presence_rounds(&self) {
        let engine = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(PRESENCE_EVERY).await;
                engine.agents().tell_presence();
            }
        });
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
}
