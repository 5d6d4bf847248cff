//! Where Graph is, and whether the access token may travel there.

use std::time::Duration;

use url::{Host, Url};

/// Alive until 2028 and the newest with every calling feature (Meta's changelog, 2026-09).
pub const DEFAULT_VERSION: &str = "v25.0";
/// Meta's own Graph host.
pub const META_HOST: &str = "graph.facebook.com";
/// For requests nobody waits for with a deadline of his own.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Where Graph is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphConfig {
    pub(super) base: Url,
    pub(super) version: String,
    pub(super) timeout: Duration,
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

    pub(super) fn is_encrypted(&self) -> bool {
        self.base.scheme() == "https"
    }

    /// Does this address lead to the Graph host, over the same kind of connection? Only there a token may go.
    pub(super) fn is_graph(&self, url: &Url) -> bool {
        url.origin() == self.base.origin()
    }

    /// Does the host stay on this machine? Then plain HTTP is allowed.
    pub(super) fn is_loopback(&self) -> bool {
        is_loopback(&self.base)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_graph_host_of_the_settings_may_be_shown_the_token() {
        let config = GraphConfig::new("https://graph.facebook.com").expect("Meta's own");
        let is_graph = |url: &str| config.is_graph(&Url::parse(url).expect("a URL"));
        assert!(is_graph("https://graph.facebook.com/v25.0/1/calls"));
        for elsewhere in [
            "http://graph.facebook.com/v25.0",
            "https://graph.facebook.com:8443/",
            "https://graph.facebook.com.example.com/",
            "https://graph.facebook.com@example.com/",
            "https://lookaside.fbsbx.com/",
        ] {
            assert!(!is_graph(elsewhere), "{elsewhere}");
        }
    }
}
