//! The one client for addresses that a user or an outsider chose (I11): webhooks passed on, handlers, lookups.
//!
//! A name is resolved once, each address is looked at, and the connection goes to an address that was looked at: a
//! name that answers differently the next moment changes nothing. Redirects and the environment's proxies are not
//! followed. Nothing of ours travels along but what the caller puts in: Meta's token never comes here, it belongs to
//! the Graph client and its host.
//!
//! What the operator opens with `SWITCHBOARD_OUTBOUND_ALLOW` may be spoken to, over plain HTTP too.

mod hosts;
mod names;
mod refusal;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ipnet::IpNet;
use reqwest::header::HeaderMap;
use reqwest::{Method, redirect, retry};
use url::{Host, Url};

use hosts::Hosts;
pub use names::{Checked, Names, SystemNames};
pub use refusal::{OutboundError, OutboundRefusal};

/// The longest a connection may take, its TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest a request may take until its answer is read.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// Nobody waits longer for his turn at a host.
const TURN_TIMEOUT: Duration = Duration::from_secs(1);
/// The largest answer that is read.
const MAX_ANSWER_BYTES: usize = 256 * 1024;
/// Connections that are kept open to one host.
const MAX_IDLE_CONNECTIONS: usize = 4;
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// A request to somewhere.
#[derive(Debug, Clone)]
pub struct OutboundRequest {
    /// How.
    pub method: Method,
    /// Where.
    pub url: Url,
    /// What stands above the body.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// What came back.
#[derive(Clone)]
pub struct OutboundAnswer {
    /// The HTTP status.
    pub status: u16,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for OutboundAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutboundAnswer")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The client. Cheap to clone.
#[derive(Clone)]
pub struct Outbound {
    /// For https: public addresses and those that were opened.
    encrypted: reqwest::Client,
    /// For http: only those that were opened.
    plain: reqwest::Client,
    allow: Arc<[IpNet]>,
    hosts: Hosts,
}

impl std::fmt::Debug for Outbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbound").field("allow", &self.allow).finish_non_exhaustive()
    }
}

impl Outbound {
    /// A client that may also speak to what `allow` opens.
    ///
    /// # Errors
    /// When TLS cannot be set up on this machine.
    pub fn new(allow: Vec<IpNet>, names: Arc<dyn Names>) -> Result<Self, reqwest::Error> {
        Self::with_timeout(allow, names, REQUEST_TIMEOUT)
    }

    fn with_timeout(
        allow: Vec<IpNet>,
        names: Arc<dyn Names>,
        request_timeout: Duration,
    ) -> Result<Self, reqwest::Error> {
        let allow: Arc<[IpNet]> = allow.into();
        let client = |public: bool| {
            reqwest::Client::builder()
                .user_agent(concat!("switchboard/", env!("CARGO_PKG_VERSION")))
                .redirect(redirect::Policy::none())
                .retry(retry::never())
                .no_proxy()
                .referer(false)
                .connect_timeout(CONNECT_TIMEOUT)
                .timeout(request_timeout)
                .tcp_nodelay(true)
                .pool_idle_timeout(IDLE_TIMEOUT)
                .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS)
                .dns_resolver(Arc::new(Checked::new(Arc::clone(&names), Arc::clone(&allow), public)))
        };
        Ok(Self {
            encrypted: client(true).https_only(true).build()?,
            // No TLS here: the system's CA certificates are not looked for.
            plain: client(false).tls_certs_only([]).build()?,
            allow,
            hosts: Hosts::default(),
        })
    }

    /// May this address be used at all, as far as can be told without asking for its name? For whoever writes it down.
    ///
    /// # Errors
    /// What is wrong with it, in words for the person who chose it.
    pub fn check(&self, url: &Url) -> Result<(), OutboundRefusal> {
        let encrypted = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(OutboundRefusal::Scheme),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OutboundRefusal::Credentials);
        }
        let port = url.port_or_known_default().unwrap_or(0);
        if !matches!(port, 80 | 443 | 1024..) {
            return Err(OutboundRefusal::Port { port });
        }
        // The URL has read odd spellings (decimal, octal, hexadecimal, short) already: what is a number is an address.
        let literal = match url.host() {
            None => return Err(OutboundRefusal::NoHost),
            Some(Host::Domain(_)) if encrypted => return Ok(()),
            // Whether a name may be asked in the clear is known when it is resolved.
            Some(Host::Domain(_)) if !self.allow.is_empty() => return Ok(()),
            Some(Host::Domain(_)) => return Err(OutboundRefusal::NotEncrypted),
            Some(Host::Ipv4(address)) => address.into(),
            Some(Host::Ipv6(address)) => address.into(),
        };
        names::look_at(literal, &self.allow, encrypted)
    }

    /// Sends a request and reads its answer, whatever its status.
    ///
    /// # Errors
    /// See [`OutboundError`]; a redirect is one, too.
    pub async fn send(&self, request: OutboundRequest) -> Result<OutboundAnswer, OutboundError> {
        self.check(&request.url)?;
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let _turn = self.hosts.turn(&host, TURN_TIMEOUT).await.ok_or(OutboundError::Crowded)?;
        let client = if request.url.scheme() == "https" { &self.encrypted } else { &self.plain };
        let mut response = client
            .request(request.method, request.url)
            .headers(request.headers)
            .body(request.body)
            .send()
            .await
            .map_err(|error| OutboundError::from_client(error, None))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(OutboundError::Redirected { status: status.as_u16() });
        }
        let retry_after = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(Duration::from_secs);
        let status = status.as_u16();
        let mut body = Vec::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| OutboundError::from_client(error, Some(status)))?
        {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(OutboundError::AnswerTooLarge { status, limit: MAX_ANSWER_BYTES });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(OutboundAnswer { status, retry_after, body })
    }
}

#[cfg(test)]
mod tests;
