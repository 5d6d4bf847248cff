//! COORDINATE: waits, spawns, retries and joins the other crates together. Decides nothing.
//!
//! The way of a webhook: `inbox` trusts it, keeps it and hands it over → `call_registry` finds or makes the call's
//! task → `call_task` feeds the core's machine → `effects` has done what it asks for → `views` and [`events`] say
//! what the outside may know → `agents` and `client` bring it to the open pages.

mod account_sync;
mod agents;
mod alerts;
mod blocked;
mod call_registry;
mod call_task;
mod capacity;
mod client;
pub mod clock;
mod contacts;
mod conversations;
mod customer_views;
mod drain;
mod effects;
mod eligibility;
pub mod events;
mod hours;
mod inbox;
mod jobs;
pub mod mail;
mod mark;
mod masking;
mod media_reports;
mod metrics;
mod names;
pub mod outbound;
mod outgoing_news;
mod outreach;
mod permissions;
mod place_refused;
mod placing;
mod quality;
mod readiness;
mod recording_errands;
mod recordings;
mod recovery;
pub mod relay;
mod safeguards;
mod set_ups;
pub mod settings;
mod standings;
mod views;
mod wishes;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use switchboard_core::ids::{NodeId, NumberId, UserId};
use switchboard_core::time::Timestamp;
use switchboard_media::{MediaEngine, MediaReport, Sound};
use switchboard_provider::meta::graph::GraphClient;
use switchboard_provider::meta::signature;
use switchboard_provider::secret::AccessToken;
use switchboard_store::calls::CallRow;
use switchboard_store::numbers::Number;
use switchboard_store::{Store, StoreError};
use tokio::sync::{mpsc, watch};

pub use account_sync::{
    CallingWish, Drift, MetaCallHours, MetaFields, MetaRestriction, MetaSettings, MetaWarning, NumberCalling,
    SyncRefused,
};
pub use agents::{Actor, Said, SignOut};
pub use capacity::{Capacity, CapacityReport};
pub use client::Client;
pub use clock::Clock;
pub use contacts::{FileRefused, MAX_FILE, MAX_LINES, ReadFile};
pub use conversations::{Content, SendMessage};
pub use customer_views::{message_view, recorded_by};
pub use eligibility::Eligibility;
pub use hours::{HoursAtMeta, HoursStatus, HoursTaken};
pub use inbox::{WebhookReceipt, WebhookRefused};
pub use jobs::{JobKind, Owed};
pub use outreach::{MAX_BODY, MAX_TEXT, OutreachRefused};
pub use permissions::{Ask, Asked, PermissionFacts};
pub use place_refused::PlaceRefused;
pub use placing::{NewOutgoingCall, PlacedCall};
pub use readiness::{DatabaseState, Readiness};
pub use safeguards::SafeguardState;
pub use set_ups::SET_UPS_PER_SECOND;
pub use settings::{AppCredentials, EngineSettings};
pub use switchboard_media::SoundRefusal;
pub use switchboard_provider::outgoing::{OutgoingMessage, Template, TemplateMessage, VoiceCallButton};
pub use switchboard_store::permissions::Whom;
pub use wishes::CallRefused;

use agents::Agents;
use blocked::BlockLists;
use call_registry::{CallRegistry, Place};
use capacity::CapacityCache;
use events::CallView;
use recordings::Recordings;
use set_ups::SetUps;
use standings::Standings;

/// How often supervisors hear of changed presence.
const PRESENCE_EVERY: std::time::Duration = std::time::Duration::from_millis(250);

/// The subscription handshake was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the verify token does not fit")]
pub struct HandshakeRefused;

struct Inner {
    settings: EngineSettings,
    clock: Clock,
    store: Store,
    media: MediaEngine,
    graph: GraphClient,
    registry: Arc<CallRegistry>,
    agents: Agents,
    numbers: RwLock<HashMap<String, Arc<Number>>>,
    /// One reads the numbers at a time, so that no older reading replaces a newer one.
    reading_numbers: tokio::sync::Mutex<()>,
    /// The businesses' own words that tell customers of a recording.
    announcements: RwLock<HashMap<NumberId, Sound>>,
    names: Mutex<HashMap<UserId, String>>,
    recordings: Recordings,
    marks: mpsc::Sender<uuid::Uuid>,
    capacity: CapacityCache,
    blocked: BlockLists,
    set_ups: SetUps,
    draining: watch::Sender<Option<Timestamp>>,
    desk: jobs::Desk,
    places: relay::Places,
    lookout: alerts::Lookout,
    standings: Standings,
    books: contacts::Books,
    look_ups: permissions::look_ups::LookUps,
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
        let set_ups = SetUps::start(settings.set_ups_per_second);
        let engine = Self(Arc::new(Inner {
            settings,
            clock,
            store,
            media,
            graph,
            registry: Arc::new(CallRegistry::default()),
            agents: Agents::default(),
            numbers: RwLock::default(),
            reading_numbers: tokio::sync::Mutex::default(),
            announcements: RwLock::default(),
            names: Mutex::default(),
            marks,
            capacity: CapacityCache::default(),
            blocked: BlockLists::default(),
            set_ups,
            draining: watch::Sender::new(None),
            recordings: Recordings::default(),
            desk: jobs::Desk::default(),
            places: relay::Places::default(),
            lookout: alerts::Lookout::default(),
            standings: Standings::default(),
            books: contacts::Books::default(),
            look_ups: permissions::look_ups::LookUps::default(),
        }));
        engine.reload_numbers().await?;
        engine.reload_standings().await?;
        engine.load_block_lists().await?;
        engine.reload_relays().await?;
        engine.spawn_inbox_jobs(marked);
        engine.spawn_media_reports(reports);
        engine.spawn_clock_watch();
        engine.spawn_presence_rounds();
        engine.spawn_recovery_of_recordings();
        engine.spawn_recording_errands();
        engine.recover().await;
        engine.spawn_job_workers();
        engine.spawn_relay_rounds();
        engine.spawn_lookout();
        engine.spawn_number_readings();
        engine.spawn_books();
        engine.spawn_permission_clock();
        Ok(engine)
    }

    /// Reads the numbers again, after their settings were changed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn reload_numbers(&self) -> Result<(), StoreError> {
        let _alone = self.0.reading_numbers.lock().await;
        let numbers = self.0.store.numbers().of_the_installation().await?;
        let numbers =
            numbers.into_iter().map(|row| (row.provider_number_id.clone(), Arc::new(row))).collect();
        *self.0.numbers.write().unwrap_or_else(PoisonError::into_inner) = numbers;
        let mut announcements = HashMap::new();
        for own in self.0.store.numbers().own_announcements().await? {
            match Sound::from_ogg(&own.sound) {
                Ok(sound) => {
                    announcements.insert(own.number, sound);
                }
                Err(why) => {
                    tracing::error!(number.id = %own.number, why, "an own announcement cannot be played; the shipped one is");
                }
            }
        }
        *self.0.announcements.write().unwrap_or_else(PoisonError::into_inner) = announcements;
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

    pub(crate) fn block_lists(&self) -> &BlockLists {
        &self.0.blocked
    }

    pub(crate) fn set_ups(&self) -> &SetUps {
        &self.0.set_ups
    }

    pub(crate) fn draining(&self) -> &watch::Sender<Option<Timestamp>> {
        &self.0.draining
    }

    pub(crate) fn capacity_cache(&self) -> &CapacityCache {
        &self.0.capacity
    }

    /// The client for addresses that others chose.
    #[must_use]
    pub fn outbound(&self) -> &outbound::Outbound {
        &self.0.settings.outbound
    }

    pub(crate) fn books(&self) -> &contacts::Books {
        &self.0.books
    }

    pub(crate) fn look_ups(&self) -> &permissions::look_ups::LookUps {
        &self.0.look_ups
    }

    pub(crate) fn lookout(&self) -> &alerts::Lookout {
        &self.0.lookout
    }

    pub(crate) fn standings(&self) -> &Standings {
        &self.0.standings
    }

    pub(crate) fn numbers_of_the_installation(&self) -> Vec<Arc<Number>> {
        let numbers = self.0.numbers.read().unwrap_or_else(PoisonError::into_inner);
        let mut numbers: Vec<_> = numbers.values().cloned().collect();
        numbers.sort_by_key(|number| number.id);
        numbers
    }

    pub(crate) fn places(&self) -> &relay::Places {
        &self.0.places
    }

    pub(crate) fn desk(&self) -> &jobs::Desk {
        &self.0.desk
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

    pub(crate) fn recordings(&self) -> &Recordings {
        &self.0.recordings
    }

    pub(crate) fn own_announcement(&self, number: NumberId) -> Option<Sound> {
        self.0.announcements.read().unwrap_or_else(PoisonError::into_inner).get(&number).cloned()
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
