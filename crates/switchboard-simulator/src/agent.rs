//! A simulated agent's browser: signs in over REST, opens the live stream and a line with a full-ICE peer, answers
//! calls and speaks. It knows the product only by its public API.

mod hand;
mod page;

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use url::Url;

use self::hand::{Hand, live_stream, session};
use self::page::Page;
use crate::Simulator;
use crate::call::Sound;
use crate::clock::millis;
use crate::locked;
use crate::media::hearing::Heard;
use crate::media::leg::LegFacts;

/// A server that does not react in this time is not there.
const PATIENCE: Duration = Duration::from_secs(15);

/// How to sign in.
#[derive(Debug, Clone)]
pub struct AgentLogin {
    /// Base of the server, `http://127.0.0.1:8080`.
    pub base_url: Url,
    /// E-mail of the user.
    pub email: String,
    /// Password of the user.
    pub password: crate::Secret,
}

/// Calls that some agent has decided to answer, shared between agents so that one call gets one click.
#[derive(Debug, Clone, Default)]
pub struct Claims(Arc<Mutex<HashSet<String>>>);

impl Claims {
    fn claim(&self, call: &str) -> bool {
        locked(&self.0).insert(call.to_owned())
    }

    fn release(&self, call: &str) {
        locked(&self.0).remove(call);
    }
}

/// What an agent does by itself.
#[derive(Debug, Clone)]
pub struct AgentHabits {
    /// What the agent says into the microphone.
    pub sound: Sound,
    /// Answers offered calls that nobody else of the same claims answers; never when absent.
    pub answers: Option<Claims>,
    /// Waits so long before the click.
    pub hesitates: Duration,
    /// What is heard is only counted, not decoded: for load.
    pub counts_only: bool,
}

impl Default for AgentHabits {
    fn default() -> Self {
        Self { sound: Sound::ToneHz(880), answers: None, hesitates: Duration::ZERO, counts_only: false }
    }
}

/// A click on Answer.
#[derive(Debug, Clone)]
pub struct Click {
    /// The server's id of the call.
    pub call_id: String,
    /// Digits of the caller's number.
    pub caller: Option<String>,
    /// When the request left.
    pub at: Instant,
    /// How long the server took.
    pub took: Duration,
    /// HTTP status of the answer.
    pub status: u16,
}

/// Why an agent could not work.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// No answer, or none that makes sense.
    #[error("sign in agent")]
    Http(#[from] reqwest::Error),
    /// The server refused.
    #[error("sign in agent: HTTP {0}")]
    Refused(u16),
    /// No session cookie came.
    #[error("sign in agent: no session cookie")]
    NoCookie,
    /// The live stream broke.
    #[error("live stream of the agent: {0}")]
    Stream(String),
    /// The line did not come up.
    #[error("line of the agent: {0}")]
    Line(String),
}

/// What the agent's page shows.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// The line is connected, and the server knows that sound and microphone are there.
    pub line_connected: bool,
    /// The call the line is bridged to.
    pub my_call: Option<String>,
    /// Calls that ring here: id and caller's digits.
    pub ringing: BTreeMap<String, Option<String>>,
    /// Why the stream ended.
    pub over: Option<String>,
}

/// A simulated agent that is signed in.
#[derive(Debug)]
pub struct SimulatedAgent {
    http: reqwest::Client,
    login: AgentLogin,
    cookie: String,
    facts: Arc<LegFacts>,
    shown: watch::Receiver<Shown>,
    clicks: Arc<Mutex<Vec<Click>>>,
    stop: CancellationToken,
}

impl SimulatedAgent {
    /// Signs in, opens the stream and the line, and waits until the line is connected and ready.
    pub async fn sign_in(
        simulator: &Simulator,
        login: AgentLogin,
        habits: AgentHabits,
    ) -> Result<Self, AgentError> {
        let http = client()?;
        let cookie = session(&http, &login).await?;
        Self::open_page(simulator, http, login, cookie, habits).await
    }

    /// The same with a session that is there already: `switchboard_session=…`.
    pub async fn with_session(
        simulator: &Simulator,
        login: AgentLogin,
        cookie: String,
        habits: AgentHabits,
    ) -> Result<Self, AgentError> {
        Self::open_page(simulator, client()?, login, cookie, habits).await
    }

    async fn open_page(
        simulator: &Simulator,
        http: reqwest::Client,
        login: AgentLogin,
        cookie: String,
        habits: AgentHabits,
    ) -> Result<Self, AgentError> {
        let stream = live_stream(&login, &cookie).await?;
        let facts = LegFacts::new(!habits.counts_only);
        let (show, shown) = watch::channel(Shown::default());
        let agent = Self {
            http,
            login,
            cookie,
            facts: Arc::clone(&facts),
            shown,
            clicks: Arc::default(),
            stop: simulator.exchange.stop.child_token(),
        };
        let page = Page {
            exchange: Arc::clone(&simulator.exchange),
            agent: agent.hand(),
            habits,
            facts,
            show,
            leg: None,
            offering: None,
            pings: 0,
            ready_after: None,
            stop: agent.stop.clone(),
        };
        simulator.exchange.tasks.spawn(page.run(stream));
        let mut shown = agent.shown.clone();
        let up = shown.wait_for(|shown| shown.line_connected || shown.over.is_some());
        match tokio::time::timeout(PATIENCE, up).await {
            Ok(Ok(shown)) => match &shown.over {
                None => {}
                Some(why) => return Err(AgentError::Line(why.clone())),
            },
            Ok(Err(_)) => return Err(AgentError::Line("the stream ended".into())),
            Err(_) => return Err(AgentError::Line("not connected in time".into())),
        }
        Ok(agent)
    }

    fn hand(&self) -> Hand {
        Hand {
            http: self.http.clone(),
            login: self.login.clone(),
            cookie: self.cookie.clone(),
            clicks: Arc::clone(&self.clicks),
        }
    }

    /// What the page shows now, and how to wait for a change of it.
    #[must_use]
    pub fn shown(&self) -> watch::Receiver<Shown> {
        self.shown.clone()
    }

    /// What the agent hears.
    #[must_use]
    pub fn heard(&self) -> Heard {
        locked(&self.facts.hearing).heard(None)
    }

    /// From now on the longest gap is counted anew.
    pub fn listen_anew(&self) {
        locked(&self.facts.hearing).listen_anew();
    }

    /// RTP packets the agent sent.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.facts.sent.load(Ordering::Relaxed)
    }

    /// All clicks on Answer.
    #[must_use]
    pub fn clicks(&self) -> Vec<Click> {
        locked(&self.clicks).clone()
    }

    /// Clicks Answer.
    pub async fn answer(&self, call: &str) -> Result<u16, AgentError> {
        self.hand().answer(call, None).await
    }

    /// Clicks Call: `body` says whom. Gives the status and what the server said.
    pub async fn place(&self, body: serde_json::Value) -> Result<(u16, serde_json::Value), AgentError> {
        let answer = self.hand().post("api/v1/calls", body).await?;
        let status = answer.status().as_u16();
        Ok((status, answer.json().await.unwrap_or_default()))
    }

    /// The page reads something. Gives the status and what the server said.
    pub async fn read(&self, path: &str) -> Result<(u16, serde_json::Value), AgentError> {
        let answer = self.hand().get(path).await?;
        let status = answer.status().as_u16();
        Ok((status, answer.json().await.unwrap_or_default()))
    }

    /// Clicks End.
    pub async fn hang_up(&self, call: &str) -> Result<u16, AgentError> {
        let answer = self.hand().post(&format!("api/v1/calls/{call}/hang-up"), json!({})).await?;
        Ok(answer.status().as_u16())
    }

    /// Closes the page.
    pub fn close(&self) {
        self.stop.cancel();
    }
}

fn client() -> Result<reqwest::Client, AgentError> {
    Ok(reqwest::Client::builder().tcp_nodelay(true).no_proxy().timeout(PATIENCE).build()?)
}

impl Drop for SimulatedAgent {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Click {
    /// How long the server took to answer the click, in milliseconds.
    #[must_use]
    pub fn took_ms(&self) -> f64 {
        millis(self.took)
    }
}
