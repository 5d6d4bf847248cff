//! The one outgoing HTTP client: no redirects, no retries of its own, a limit on every answer.

use std::error::Error;
use std::time::Duration;

use chrono::DateTime;
use reqwest::{RequestBuilder, redirect, retry};
use switchboard_core::time::Timestamp;
use tokio::sync::watch;

/// The largest answer worth reading is a settings object of some kilobytes.
pub(crate) const MAX_ANSWER_BYTES: usize = 512 * 1024;
/// Shorter than the 5 s of a pre-accept, so that "never connected" is known for certain before it is given up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Longer than a quiet minute between calls, shorter than what middleboxes forget.
const IDLE_TIMEOUT: Duration = Duration::from_secs(240);
const KEEPALIVE: Duration = Duration::from_secs(30);
const MAX_IDLE_CONNECTIONS: usize = 64;
/// Nobody waits longer than this because a server asks for it.
const MAX_RETRY_AFTER_SECONDS: u64 = 3600;

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    /// None: larger than [`MAX_ANSWER_BYTES`].
    pub(crate) body: Option<Vec<u8>>,
}

/// Why there is no answer.
pub(crate) enum NoAnswer {
    /// Nothing was sent.
    NotSent(String),
    /// Sent, and nothing came back in time.
    TimedOut(String),
    /// Sent, and the connection broke.
    Broken(String),
}

/// The client and the clock of the server it talks to.
#[derive(Clone)]
pub(crate) struct HttpClient {
    client: reqwest::Client,
    date: watch::Sender<Option<Timestamp>>,
}

impl HttpClient {
    /// `loopback`: no proxy may come between. `encrypted`: HTTPS and nothing else.
    pub(crate) fn new(loopback: bool, encrypted: bool) -> Result<Self, String> {
        let builder = reqwest::Client::builder()
            .user_agent(concat!("switchboard/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .https_only(encrypted)
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .tcp_keepalive(KEEPALIVE)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS);
        let builder = if loopback { builder.no_proxy() } else { builder };
        // Without HTTPS the system's CA certificates are not looked for: a bare container has none, and the sandbox
        // needs none.
        let builder = if encrypted { builder } else { builder.tls_certs_only([]) };
        let client = builder.build().map_err(chain)?;
        Ok(Self { client, date: watch::Sender::new(None) })
    }

    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// The `Date` of the last answer; changes with each.
    pub(crate) fn date(&self) -> watch::Receiver<Option<Timestamp>> {
        self.date.subscribe()
    }

    /// Sends, and reads the answer to its end or to the limit; all of it within `give_up_after`.
    pub(crate) async fn send(
        &self,
        request: RequestBuilder,
        give_up_after: Duration,
    ) -> Result<Answer, NoAnswer> {
        if give_up_after.is_zero() {
            return Err(NoAnswer::NotSent("no time was left to send it".to_owned()));
        }
        let mut response = request.timeout(give_up_after).send().await.map_err(no_answer)?;
        let header = |name: &str| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        if let Some(date) = header("date").and_then(|text| DateTime::parse_from_rfc2822(&text).ok()) {
            self.date.send_replace(Some(Timestamp::from_seconds(date.timestamp())));
        }
        let retry_after = header("retry-after")
            .and_then(|text| text.trim().parse::<u64>().ok())
            .map(|seconds| Duration::from_secs(seconds.min(MAX_RETRY_AFTER_SECONDS)));
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Ok(Answer { status, retry_after, body: None });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, retry_after, body: Some(body) })
    }
}

fn no_answer(error: reqwest::Error) -> NoAnswer {
    let (before_sending, timed_out) = (error.is_connect() || error.is_builder(), error.is_timeout());
    let text = chain(error);
    match (before_sending, timed_out) {
        (true, _) => NoAnswer::NotSent(text),
        (false, true) => NoAnswer::TimedOut(text),
        (false, false) => NoAnswer::Broken(text),
    }
}

/// The whole chain of causes in one line, without the URL: it holds the number's id.
fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
