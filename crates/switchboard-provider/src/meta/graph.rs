//! The Graph API: where it is, how we show who we are, and what its answers mean.

mod answer;
mod calls;
mod config;
pub(crate) mod settings;

#[cfg(test)]
mod played;

use std::fmt;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use switchboard_core::time::Timestamp;
use tokio::sync::watch;

use crate::error::{GraphError, GraphErrorKind, Retry};
use crate::http::HttpClient;
use crate::secret::AccessToken;

use self::answer::{Doing, plain_error, read_answer, unanswered};

pub use self::answer::{NO_PROVIDER_CODE, to_answer};
pub use self::config::{DEFAULT_VERSION, GraphConfig, GraphConfigRefusal, META_HOST};

/// Speaks to Graph. Cheap to clone; connections are shared and kept open.
#[derive(Clone)]
pub struct GraphClient {
    http: HttpClient,
    config: GraphConfig,
}

/// One request about a number.
struct Request<'a> {
    doing: Doing,
    method: Method,
    number: &'a str,
    edge: &'static str,
    body: Option<Vec<u8>>,
}

impl GraphClient {
    /// Makes the client; connects to nothing yet.
    pub fn new(config: GraphConfig) -> Result<Self, GraphConfigRefusal> {
        let http = HttpClient::new(config.is_loopback(), config.is_encrypted())
            .map_err(GraphConfigRefusal::NoTls)?;
        Ok(Self { http, config })
    }

    /// Opens a connection, TLS included, and leaves it in the pool: the first pre-accept of a quiet hour is then one
    /// round trip. Any answer will do; no token is sent. Its `Date` also gives the first look at Meta's clock.
    pub async fn warm_up(&self) -> Result<(), GraphError> {
        let doing = Doing { text: "open a connection to Graph", repeatable: true };
        let request = self.http.client().head(self.config.base.clone());
        match self.http.send(request, self.config.timeout).await {
            Ok(_) => Ok(()),
            Err(no_answer) => Err(unanswered(doing, no_answer)),
        }
    }

    /// Meta's clock: the `Date` of each answer, to the second. Compare with our own at the moment it changes.
    #[must_use]
    pub fn server_date(&self) -> watch::Receiver<Option<Timestamp>> {
        self.http.date()
    }

    /// Sends one request about a number; gives back the JSON of a 2xx that does not say it failed.
    async fn request(
        &self,
        request: Request<'_>,
        token: &AccessToken,
        give_up_after: Duration,
    ) -> Result<String, GraphError> {
        let Request { doing, method, number, edge, body } = request;
        let refuse = |kind, message: &str| plain_error(doing, kind, message.to_owned(), Retry::Never, false);
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(refuse(GraphErrorKind::NumberUnknown, "the phone number id is not one"));
        }
        let mut url = self.config.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend([self.config.version.as_str(), number, edge]);
        }
        let bearer = format!("Bearer {}", token.expose());
        let Ok(mut bearer) = HeaderValue::from_str(&bearer) else {
            return Err(refuse(GraphErrorKind::TokenInvalid, "the access token has characters no token has"));
        };
        bearer.set_sensitive(true);
        let mut request = self.http.client().request(method, url).header(AUTHORIZATION, bearer);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        match self.http.send(request, give_up_after).await {
            Ok(answer) => read_answer(doing, answer, token),
            Err(no_answer) => Err(unanswered(doing, no_answer)),
        }
        .inspect(|_| tracing::debug!(doing = doing.text, "graph did it"))
        .inspect_err(|error| {
            tracing::debug!(doing = doing.text, kind = ?error.kind, code = error.code, http_status = error.http_status,
                ambiguous = error.ambiguous, "graph did not do it");
        })
    }
}

impl fmt::Debug for GraphClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphClient").field("config", &self.config).finish_non_exhaustive()
    }
}
