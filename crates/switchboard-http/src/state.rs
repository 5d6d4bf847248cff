//! What every handler can reach.

use std::fmt;
use std::sync::Arc;

use ipnet::IpNet;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use switchboard_engine::Engine;
use switchboard_store::Store;
use tokio::sync::Semaphore;
use url::Url;
use utoipa::ToSchema;

use crate::auth::password::Passwords;
use crate::auth::rate_limit::{AttemptCounter, AttemptLimits};
use crate::auth::request_rate::{RequestCounter, RequestRates};
use crate::listened::Listened;
use crate::middleware::security_headers::Policies;

/// Live streams at once on this node.
const STREAMS: usize = 4_096;

/// What the binary tells us.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// The address people and the provider use; decides the cookie's `Secure` and the allowed Origin.
    pub public_url: Url,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The provider is a simulator: the console says so.
    pub sandbox: bool,
    /// Where a person can play the customer; only with a simulator.
    pub phone_page_url: Option<Url>,
    /// What the first account is made with; none: the page to make it is closed.
    pub setup_code: Option<SecretString>,
    /// STUN and TURN servers browsers are told.
    pub ice_servers: Vec<IceServer>,
    /// How often someone may try a password.
    pub attempt_limits: AttemptLimits,
    /// How many requests someone may make.
    pub request_rates: RequestRates,
}

impl HttpConfig {
    /// The defaults for this public address.
    #[must_use]
    pub fn new(public_url: Url) -> Self {
        Self {
            public_url,
            trusted_proxies: Vec::new(),
            sandbox: false,
            phone_page_url: None,
            setup_code: None,
            ice_servers: Vec::new(),
            attempt_limits: AttemptLimits::default(),
            request_rates: RequestRates::default(),
        }
    }
}

/// An ICE server in the form browsers take (`RTCIceServer`).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IceServer {
    /// `stun:…`, `turn:…`, `turns:…`.
    #[schema(example = json!(["stun:stun.example.com:3478"]))]
    pub urls: Vec<String>,
    /// For TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// For TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

impl fmt::Debug for IceServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceServer").field("urls", &self.urls).finish_non_exhaustive()
    }
}

struct Inner {
    engine: Engine,
    config: HttpConfig,
    passwords: Passwords,
    attempts: AttemptCounter,
    requests: RequestCounter,
    policies: Policies,
    streams: Arc<Semaphore>,
    listened: Listened,
}

/// Shared by all requests.
#[derive(Clone)]
pub(crate) struct AppState(Arc<Inner>);

impl AppState {
    pub(crate) fn new(engine: Engine, config: HttpConfig) -> Self {
        Self(Arc::new(Inner {
            passwords: Passwords::new(),
            attempts: AttemptCounter::new(config.attempt_limits),
            requests: RequestCounter::new(config.request_rates),
            policies: Policies::new(&config.public_url),
            streams: Arc::new(Semaphore::new(STREAMS)),
            listened: Listened::default(),
            engine,
            config,
        }))
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// For lists and plain settings; what touches a live call goes through the engine.
    pub(crate) fn store(&self) -> &Store {
        self.0.engine.store()
    }

    pub(crate) fn config(&self) -> &HttpConfig {
        &self.0.config
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    pub(crate) fn attempts(&self) -> &AttemptCounter {
        &self.0.attempts
    }

    pub(crate) fn requests(&self) -> &RequestCounter {
        &self.0.requests
    }

    pub(crate) fn policies(&self) -> &Policies {
        &self.0.policies
    }

    /// Who was noted to listen to which recording.
    pub(crate) fn listened(&self) -> &Listened {
        &self.0.listened
    }

    pub(crate) fn streams(&self) -> &Arc<Semaphore> {
        &self.0.streams
    }
}
