//! A simulated agent's browser: signs in over REST, opens the live stream and a line with a full-ICE peer, answers
//! calls and speaks. It knows the product only by its public API.

use std::collections::{BTreeMap, HashSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::Simulator;
use crate::call::Sound;
use crate::clock::{millis, now};
use crate::exchange::{self, Exchange};
use crate::locked;
use crate::media::browser::Offering;
use crate::media::hearing::Heard;
use crate::media::leg::{LegFacts, LegNews, Voice};

/// The agent's request id of its `line_open`.
const LINE_REQUEST: &str = "simulated-line";
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
    /// The line is connected.
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
        let http = reqwest::Client::builder().tcp_nodelay(true).no_proxy().timeout(PATIENCE).build()?;
        let cookie = session(&http, &login).await?;
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

impl Drop for SimulatedAgent {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// What clicks buttons for an agent.
#[derive(Debug, Clone)]
struct Hand {
    http: reqwest::Client,
    login: AgentLogin,
    cookie: String,
    clicks: Arc<Mutex<Vec<Click>>>,
}

impl Hand {
    async fn post(&self, path: &str, body: Value) -> reqwest::Result<reqwest::Response> {
        self.http
            .post(address(&self.login.base_url, path))
            .header("Cookie", &self.cookie)
            .header("Origin", origin(&self.login.base_url))
            .json(&body)
            .send()
            .await
    }

    async fn answer(&self, call: &str, caller: Option<String>) -> Result<u16, AgentError> {
        let at = now();
        let status = self.post(&format!("api/v1/calls/{call}/answer"), json!({})).await?.status().as_u16();
        let took = now().saturating_duration_since(at);
        locked(&self.clicks).push(Click { call_id: call.to_owned(), caller, at, took, status });
        Ok(status)
    }
}

fn address(base: &Url, path: &str) -> String {
    format!("{}/{path}", base.as_str().trim_end_matches('/'))
}

fn origin(base: &Url) -> String {
    base.origin().ascii_serialization()
}

async fn session(http: &reqwest::Client, login: &AgentLogin) -> Result<String, AgentError> {
    let answer = http
        .post(address(&login.base_url, "api/v1/login"))
        .header("Origin", origin(&login.base_url))
        .json(&json!({ "email": login.email, "password": login.password.text() }))
        .send()
        .await?;
    if !answer.status().is_success() {
        return Err(AgentError::Refused(answer.status().as_u16()));
    }
    let cookies = answer.headers().get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
    cookies
        .filter_map(|cookie| cookie.split(';').next())
        .find(|cookie| cookie.starts_with("switchboard_session="))
        .map(str::to_owned)
        .ok_or(AgentError::NoCookie)
}

type Stream = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

async fn live_stream(login: &AgentLogin, cookie: &str) -> Result<Stream, AgentError> {
    let broken = |error: &dyn std::fmt::Display| AgentError::Stream(error.to_string());
    let url = address(&login.base_url, "api/v1/events").replacen("http", "ws", 1);
    let mut request = url.into_client_request().map_err(|error| broken(&error))?;
    for (name, value) in [("cookie", cookie), ("origin", origin(&login.base_url).as_str())] {
        request.headers_mut().insert(name, value.parse().map_err(|error| broken(&error))?);
    }
    let (stream, _) = tokio_tungstenite::connect_async(request).await.map_err(|error| broken(&error))?;
    if let MaybeTlsStream::Plain(stream) = stream.get_ref() {
        let _ = stream.set_nodelay(true);
    }
    Ok(stream)
}

/// The agent's page while it is open.
struct Page {
    exchange: Arc<Exchange>,
    agent: Hand,
    habits: AgentHabits,
    facts: Arc<LegFacts>,
    show: watch::Sender<Shown>,
    leg: Option<u64>,
    offering: Option<Offering>,
    stop: CancellationToken,
}

impl Page {
    async fn run(mut self, mut stream: Stream) {
        let why = match self.stay(&mut stream).await {
            Ok(why) => why,
            Err(error) => error.to_string(),
        };
        if let Some(leg) = self.leg {
            self.exchange.media.remove(leg);
        }
        self.show.send_modify(|shown| {
            shown.line_connected = false;
            shown.over = Some(why);
        });
        let _ = stream.close(None).await;
    }

    async fn stay(&mut self, stream: &mut Stream) -> Result<String, AgentError> {
        let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let offering = Offering::new(ip).map_err(|error| AgentError::Line(error.to_string()))?;
        let open = json!({ "type": "line_open", "request": LINE_REQUEST, "sdp": offering.offer });
        self.offering = Some(offering);
        say(stream, &open).await?;
        let (news, mut news_inbox) = mpsc::channel(16);
        let mut ping = tokio::time::interval(Duration::from_secs(20));
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return Ok("the page was closed".into()),
                _ = ping.tick() => say(stream, &json!({ "type": "ping" })).await?,
                Some(news) = news_inbox.recv() => {
                    if let LegNews::Failed(why) = news {
                        tracing::warn!(%why, "line of a simulated agent");
                    }
                }
                message = stream.next() => match message {
                    Some(Ok(message)) if message.is_text() => {
                        let text = message.into_text().map_err(|error| AgentError::Stream(error.to_string()))?;
                        let Ok(message) = serde_json::from_str::<Value>(&text) else { continue };
                        if let Some(answer) = self.told(&message, &news)? {
                            say(stream, &answer).await?;
                        }
                        if message["type"] == "bye" {
                            return Ok(format!("bye: {}", message["why"]));
                        }
                    }
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(AgentError::Stream(error.to_string())),
                    None => return Ok("the server closed the stream".into()),
                },
            }
        }
    }

    /// Takes one message of the server; gives what to answer.
    fn told(&mut self, message: &Value, news: &mpsc::Sender<LegNews>) -> Result<Option<Value>, AgentError> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        match message["type"].as_str().unwrap_or_default() {
            "hello" => {
                for offer in message["offers"].as_array().into_iter().flatten() {
                    self.offered(&offer["call"]);
                }
            }
            "line_answer" => self.line_answered(message["sdp"].as_str().unwrap_or_default(), news)?,
            "line" => {
                let state = message["state"].as_str().unwrap_or_default();
                if state == "connected" {
                    self.show.send_modify(|shown| shown.line_connected = true);
                    return Ok(Some(json!({ "type": "ready", "sound": true, "microphone": "granted" })));
                }
                self.show.send_modify(|shown| shown.line_connected = false);
                if state == "failed" || state == "replaced" {
                    return Err(AgentError::Line(format!("{state}: {}", message["detail"])));
                }
            }
            "offer" => self.offered(&message["offer"]["call"]),
            "offer_gone" => {
                if let Some(call) = text(&message["call_id"]) {
                    self.show.send_modify(|shown| {
                        shown.ringing.remove(&call);
                    });
                }
            }
            "my_call" => {
                let call = text(&message["call"]["id"]);
                self.show.send_modify(|shown| shown.my_call = call);
                self.pick_up();
            }
            "error" => tracing::warn!(code = %message["code"], "the server tells a simulated agent an error"),
            _ => {}
        }
        Ok(None)
    }

    fn line_answered(&mut self, sdp: &str, news: &mpsc::Sender<LegNews>) -> Result<(), AgentError> {
        let Some(offering) = self.offering.take() else { return Ok(()) };
        let voice =
            exchange::voice_of(&self.habits.sound).map_err(|error| AgentError::Line(error.to_string()))?;
        let leg = offering
            .answered(sdp, voice.unwrap_or(Voice::Nothing), Arc::clone(&self.facts), news.clone())
            .map_err(|error| AgentError::Line(error.to_string()))?;
        self.leg = Some(self.exchange.media.add(leg));
        Ok(())
    }

    fn offered(&mut self, call: &Value) {
        let Some(id) = call["id"].as_str() else { return };
        let caller = call["caller"]["phone"].as_str().and_then(crate::account::digits);
        self.show.send_modify(|shown| {
            shown.ringing.insert(id.to_owned(), caller);
        });
        self.pick_up();
    }

    /// A free agent answers the first ringing call nobody has claimed.
    fn pick_up(&mut self) {
        let Some(claims) = self.habits.answers.clone() else { return };
        let picked = {
            let shown = self.show.borrow();
            if shown.my_call.is_some() {
                return;
            }
            shown
                .ringing
                .iter()
                .find(|(id, _)| claims.claim(id))
                .map(|(id, caller)| (id.clone(), caller.clone()))
        };
        let Some((id, caller)) = picked else { return };
        self.show.send_modify(|shown| {
            shown.ringing.remove(&id);
            // The server confirms it in a moment; until then no second call is answered.
            shown.my_call = Some(id.clone());
        });
        let (hand, hesitates) = (self.agent.clone(), self.habits.hesitates);
        self.exchange.tasks.spawn(async move {
            tokio::time::sleep(hesitates).await;
            match hand.answer(&id, caller).await {
                Ok(200) => {}
                Ok(status) => tracing::warn!(status, call = %id, "a simulated agent could not answer"),
                Err(error) => tracing::warn!(%error, call = %id, "a simulated agent could not answer"),
            }
        });
    }
}

async fn say(stream: &mut Stream, message: &Value) -> Result<(), AgentError> {
    stream
        .send(Message::text(message.to_string()))
        .await
        .map_err(|error| AgentError::Stream(error.to_string()))
}

impl Click {
    /// How long the server took to answer the click, in milliseconds.
    #[must_use]
    pub fn took_ms(&self) -> f64 {
        millis(self.took)
    }
}
