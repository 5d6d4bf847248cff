//! The Graph API: where it is, how we show who we are, and what its answers mean.

mod answer;
mod calls;
mod config;
mod messages;
mod numbers;
mod permissions;
pub(crate) mod settings;
mod templates;

#[cfg(test)]
mod played;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use switchboard_core::time::Timestamp;
use tokio::sync::watch;

use crate::error::{GraphError, GraphErrorKind, Retry};
use crate::http::HttpClient;
use crate::secret::AccessToken;
use crate::stopwatch::Stopwatch;

use self::answer::{Doing, plain_error, read_answer, unanswered};

pub use self::answer::{NO_PROVIDER_CODE, to_answer, to_dial_answer};
pub use self::calls::Callee;
pub use self::config::{DEFAULT_VERSION, GraphConfig, GraphConfigRefusal, META_HOST};
pub use self::permissions::LookedUp;

/// Speaks to Graph. Cheap to clone; connections are shared and kept open.
#[derive(Clone)]
pub struct GraphClient {
    http: HttpClient,
    config: GraphConfig,
    verdicts: Arc<Mutex<HashMap<String, bool>>>,
}

/// One request about a number.
struct Request<'a> {
    doing: Doing,
    method: Method,
    number: &'a str,
    /// What of the number; nothing: the number itself.
    edge: &'static str,
    /// Behind the question mark.
    query: &'a [(&'static str, &'a str)],
    body: Option<Vec<u8>>,
}

impl Default for Request<'_> {
    fn default() -> Self {
        let doing = Doing { action: "ask", text: "ask Graph", repeatable: true };
        Self { doing, method: Method::GET, number: "", edge: "", query: &[], body: None }
    }
}

impl GraphClient {
    /// Makes the client; connects to nothing yet.
    pub fn new(config: GraphConfig) -> Result<Self, GraphConfigRefusal> {
        let http = HttpClient::new(config.is_loopback(), config.is_encrypted())
            .map_err(GraphConfigRefusal::NoTls)?;
        Ok(Self { http, config, verdicts: Arc::default() })
    }

    /// Opens a connection, TLS included, and leaves it in the pool: the first pre-accept of a quiet hour is then one
    /// round trip. Any answer will do; no token is sent. Its `Date` also gives the first look at Meta's clock.
    pub async fn warm_up(&self) -> Result<(), GraphError> {
        let doing = Doing { action: "warm_up", text: "open a connection to Graph", repeatable: true };
        let stopwatch = Stopwatch::start();
        let request = self.http.client().head(self.config.base.clone());
        let outcome = match self.http.send(request, self.config.timeout).await {
            Ok(_) => Ok(()),
            Err(no_answer) => Err(unanswered(doing, no_answer)),
        };
        count(doing, stopwatch, outcome.as_ref().err());
        outcome
    }

    /// Meta's clock: the `Date` of each answer, to the second. Compare with our own at the moment it changes.
    #[must_use]
    pub fn server_date(&self) -> watch::Receiver<Option<Timestamp>> {
        self.http.date()
    }

    /// Was the access token of a number taken the last time it was used? By the provider's number id.
    #[must_use]
    pub fn token_verdicts(&self) -> HashMap<String, bool> {
        self.verdicts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn token_was(&self, number: &str, outcome: &Result<String, GraphError>) {
        let taken = match outcome {
            Ok(_) => true,
            Err(error) if error.kind == GraphErrorKind::TokenInvalid => false,
            // Whatever else went wrong says nothing about the token.
            Err(_) => return,
        };
        self.verdicts.lock().unwrap_or_else(PoisonError::into_inner).insert(number.to_owned(), taken);
    }

    /// Sends one request about a number; gives back the JSON of a 2xx that does not say it failed.
    async fn request(
        &self,
        request: Request<'_>,
        token: &AccessToken,
        give_up_after: Duration,
    ) -> Result<String, GraphError> {
        let Request { doing, method, number, edge, query, body } = request;
        let refuse = |kind, message: &str| plain_error(doing, kind, message.to_owned(), Retry::Never, false);
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(refuse(GraphErrorKind::NumberUnknown, "the phone number id is not one"));
        }
        let mut url = self.config.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend([self.config.version.as_str(), number]);
            path.extend(Some(edge).filter(|edge| !edge.is_empty()));
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let bearer = format!("Bearer {}", token.expose());
        let Ok(mut bearer) = HeaderValue::from_str(&bearer) else {
            return Err(refuse(GraphErrorKind::TokenInvalid, "the access token has characters no token has"));
        };
        bearer.set_sensitive(true);
        // The token goes to the Graph host of the settings and nowhere else, whatever the path became.
        if !self.config.is_graph(&url) {
            return Err(refuse(GraphErrorKind::NumberUnknown, "the address is not the Graph host's"));
        }
        let mut request = self.http.client().request(method, url).header(AUTHORIZATION, bearer);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let stopwatch = Stopwatch::start();
        let outcome = match self.http.send(request, give_up_after).await {
            Ok(answer) => read_answer(doing, answer, token),
            Err(no_answer) => Err(unanswered(doing, no_answer)),
        };
        count(doing, stopwatch, outcome.as_ref().err());
        self.token_was(number, &outcome);
        outcome.inspect(|_| tracing::debug!(doing = doing.text, "graph did it")).inspect_err(|error| {
            tracing::debug!(doing = doing.text, kind = ?error.kind, code = error.code, http_status = error.http_status,
                ambiguous = error.ambiguous, "graph did not do it");
        })
    }
}

/// One request more in the metrics.
fn count(doing: Doing, stopwatch: Stopwatch, error: Option<&GraphError>) {
    let result = error.map_or("ok", GraphError::result_word);
    metrics::counter!("switchboard_graph_requests_total", "action" => doing.action, "result" => result)
        .increment(1);
    metrics::histogram!("switchboard_graph_request_seconds", "action" => doing.action)
        .record(stopwatch.seconds());
}

impl fmt::Debug for GraphClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphClient").field("config", &self.config).finish_non_exhaustive()
    }
}
