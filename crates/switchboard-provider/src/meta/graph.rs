//! The Graph API: where it is, how we show who we are, and what its answers mean.

mod calls;
pub(crate) mod settings;

#[cfg(test)]
mod played;

use std::fmt;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use switchboard_core::call::input::{ProviderAnswer, ProviderFault};
use switchboard_core::time::Timestamp;
use tokio::sync::watch;
use url::{Host, Url};

use crate::error::{GraphError, GraphErrorKind, Retry};
use crate::http::{Answer, HttpClient, NoAnswer};
use crate::meta::errors;
use crate::meta::members::Members;
use crate::secret::AccessToken;

/// Alive until 2028 and the newest with every calling feature (Meta's changelog, 2026-09).
pub const DEFAULT_VERSION: &str = "v25.0";
/// Meta's own Graph host.
pub const META_HOST: &str = "graph.facebook.com";
/// For requests nobody waits for with a deadline of his own.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// Texts of Graph's longer than this are cut: they end up in rows and on screens.
const MAX_TEXT_CHARS: usize = 500;

/// The code of a fault Graph gave no code for. Graph's own codes are not negative.
pub const NO_PROVIDER_CODE: i64 = -1;

/// Where Graph is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphConfig {
    base: Url,
    version: String,
    timeout: Duration,
}

/// Why a Graph address is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphConfigRefusal {
    /// Not a URL with a host.
    #[error("the Graph URL is not a URL with a host")]
    NotAUrl,
    /// The access token would travel in the clear.
    #[error("the Graph URL must be https; http is allowed for 127.0.0.1, ::1 and localhost only")]
    NotHttps,
    /// User, password, query or fragment.
    #[error("the Graph URL must not carry a user, password, query or fragment")]
    Decorated,
    /// Not of the form `v25.0`.
    #[error("the Graph version must look like v25.0")]
    BadVersion,
    /// TLS cannot be set up on this machine, usually for want of CA certificates.
    #[error("the HTTPS client cannot be made: {0}")]
    NoTls(String),
}

impl GraphConfig {
    /// Takes a base URL without the version, such as `https://graph.facebook.com`.
    pub fn new(url: &str) -> Result<Self, GraphConfigRefusal> {
        let base = Url::parse(url.trim()).map_err(|_| GraphConfigRefusal::NotAUrl)?;
        if base.host().is_none() || base.cannot_be_a_base() {
            return Err(GraphConfigRefusal::NotAUrl);
        }
        if !base.username().is_empty()
            || base.password().is_some()
            || base.query().is_some()
            || base.fragment().is_some()
        {
            return Err(GraphConfigRefusal::Decorated);
        }
        match base.scheme() {
            "https" => {}
            "http" if is_loopback(&base) => {}
            _ => return Err(GraphConfigRefusal::NotHttps),
        }
        Ok(Self { base, version: DEFAULT_VERSION.to_owned(), timeout: DEFAULT_TIMEOUT })
    }

    /// With another Graph version, such as `v26.0`.
    pub fn with_version(mut self, version: &str) -> Result<Self, GraphConfigRefusal> {
        let numbers = version.strip_prefix('v').and_then(|rest| rest.split_once('.'));
        let is_number =
            |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        match numbers {
            Some((major, minor)) if is_number(major) && is_number(minor) => {
                version.clone_into(&mut self.version);
                Ok(self)
            }
            _ => Err(GraphConfigRefusal::BadVersion),
        }
    }

    /// With another time-out for requests that get none from their caller.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Is this Meta itself? Anything else is a sandbox, and the console says so.
    #[must_use]
    pub fn is_meta(&self) -> bool {
        self.base.host_str() == Some(META_HOST)
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Speaks to Graph. Cheap to clone; connections are shared and kept open.
#[derive(Clone)]
pub struct GraphClient {
    http: HttpClient,
    config: GraphConfig,
}

/// What a request is, for its error text and for whether it may be repeated when nobody knows what it did.
#[derive(Clone, Copy)]
struct Doing {
    text: &'static str,
    repeatable: bool,
}

impl GraphClient {
    /// Makes the client; connects to nothing yet.
    pub fn new(config: GraphConfig) -> Result<Self, GraphConfigRefusal> {
        let http = HttpClient::new(is_loopback(&config.base)).map_err(GraphConfigRefusal::NoTls)?;
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
        doing: Doing,
        method: Method,
        number: &str,
        edge: &str,
        body: Option<Vec<u8>>,
        token: &AccessToken,
        give_up_after: Duration,
    ) -> Result<String, GraphError> {
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
            request = request.header("content-type", "application/json").body(body);
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

/// What became of a request, as the call machine wants to hear it.
#[must_use]
pub fn to_answer(result: Result<(), GraphError>) -> ProviderAnswer {
    match result {
        Ok(()) => ProviderAnswer::Done,
        Err(error) if error.is_ambiguous() => ProviderAnswer::Unknown { detail: error.to_string() },
        Err(error) => ProviderAnswer::Refused(ProviderFault {
            code: error.code.unwrap_or(NO_PROVIDER_CODE),
            message: error.provider_text().to_owned(),
        }),
    }
}

fn unanswered(doing: Doing, no_answer: NoAnswer) -> GraphError {
    match no_answer {
        NoAnswer::NotSent(why) => plain_error(doing, GraphErrorKind::Unreachable, why, Retry::Safe, false),
        NoAnswer::TimedOut(why) => unknown(doing, GraphErrorKind::TimedOut, why),
        NoAnswer::Broken(why) => unknown(doing, GraphErrorKind::ConnectionBroken, why),
    }
}

fn read_answer(doing: Doing, answer: Answer, token: &AccessToken) -> Result<String, GraphError> {
    let status = answer.status;
    let text = answer.body.and_then(|body| String::from_utf8(body).ok());
    let members = text.as_deref().and_then(Members::of);
    let reported = members.as_ref().and_then(|members| members.object("error"));
    let succeeded = (200..300).contains(&status);
    let with_status = |mut error: GraphError| {
        error.http_status = Some(status);
        error
    };
    if let Some(reported) = reported {
        let error = reported_error(doing, status, &reported, token);
        return Err(with_status(with_retry_after(error, answer.retry_after)));
    }
    match (succeeded, members) {
        (true, Some(members)) if members.flag("success") == Some(false) => {
            let message = "Meta answered success false".to_owned();
            Err(with_status(plain_error(doing, GraphErrorKind::NotDone, message, Retry::Never, false)))
        }
        (true, Some(_)) => Ok(text.unwrap_or_default()),
        // Something answered in Graph's place, or Graph's answer is unreadable: done or not, nobody knows.
        (true, None) => {
            let message = "the answer is not JSON or too large".to_owned();
            Err(with_status(unknown(doing, GraphErrorKind::BadAnswer, message)))
        }
        (false, _) => {
            let message = format!("HTTP {status} without a reason");
            let error = match status {
                429 => {
                    let retry = Retry::After(Duration::from_secs(1));
                    plain_error(doing, GraphErrorKind::RateLimited, message, retry, false)
                }
                // 408: the request may have been read before its server gave up.
                408 | 500.. => unknown(doing, GraphErrorKind::ServerTrouble, message),
                401 | 403 => {
                    plain_error(doing, GraphErrorKind::PermissionMissing, message, Retry::Never, false)
                }
                _ => plain_error(doing, GraphErrorKind::BadAnswer, message, Retry::Never, false),
            };
            Err(with_status(with_retry_after(error, answer.retry_after)))
        }
    }
}

fn reported_error(doing: Doing, status: u16, reported: &Members<'_>, token: &AccessToken) -> GraphError {
    let clean = |text: String| shown(&text, token);
    let details = reported
        .object("error_data")
        .and_then(|data| data.text("details"))
        .or_else(|| reported.text("error_user_msg"))
        .map(clean);
    let code = reported.whole("code");
    let subcode = reported.whole("error_subcode").filter(|subcode| *subcode != 0);
    let message = reported.text("message").map_or_else(|| "Meta gave no message".to_owned(), clean);
    let (kind, retry, certain) = match code {
        Some(code) => {
            let meaning = errors::meaning(code, subcode, details.as_deref());
            (meaning.kind, meaning.retry, meaning.certain)
        }
        None => (GraphErrorKind::Other, Retry::Never, false),
    };
    let ambiguous = (status >= 500 || status == 408) && !certain;
    let retry = match (ambiguous, doing.repeatable, retry) {
        (true, false, _) => Retry::Never,
        (true, true, Retry::Never) => Retry::Safe,
        (true, true, _) | (false, _, _) => retry,
    };
    GraphError {
        code,
        subcode,
        details,
        trace_id: reported.text("fbtrace_id").map(clean),
        ..plain_error(doing, kind, message, retry, ambiguous)
    }
}

/// A server that says how long to wait knows better than our table.
fn with_retry_after(mut error: GraphError, asked: Option<Duration>) -> GraphError {
    if let (Some(asked), Retry::After(_)) = (asked, error.retry) {
        error.retry = Retry::After(asked);
    }
    error
}

/// Nobody knows whether it was done: repeated only when doing it twice is harmless.
fn unknown(doing: Doing, kind: GraphErrorKind, message: String) -> GraphError {
    let retry = if doing.repeatable { Retry::Safe } else { Retry::Never };
    plain_error(doing, kind, message, retry, true)
}

fn plain_error(
    doing: Doing,
    kind: GraphErrorKind,
    message: String,
    retry: Retry,
    ambiguous: bool,
) -> GraphError {
    GraphError {
        doing: doing.text,
        kind,
        code: None,
        subcode: None,
        message,
        details: None,
        http_status: None,
        trace_id: None,
        retry,
        ambiguous,
    }
}

/// Graph quotes a malformed token in its message ("Malformed access token EAA…"): it is cut out.
fn shown(text: &str, token: &AccessToken) -> String {
    let text = if token.is_empty() { text.to_owned() } else { text.replace(token.expose(), "…") };
    let text = match text.find("Malformed access token") {
        Some(at) => &text[..at + "Malformed access token".len()],
        None => &text,
    };
    text.chars().take(MAX_TEXT_CHARS).collect()
}
