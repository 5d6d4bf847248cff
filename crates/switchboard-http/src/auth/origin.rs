//! Does a browser's request come from our own pages?
//!
//! A WebSocket handshake is a GET that carries the cookie and that no same-origin policy holds back, so its
//! `Origin` is checked here; unsafe methods are checked by tower-http's CSRF layer with the same two answers.

use http::{HeaderMap, header};
use url::Url;

/// What the `Origin` header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OriginVerdict {
    /// Our public address, or the very host the request was sent to.
    Ours,
    /// Another site, or something that is no origin (`null`).
    Foreign,
    /// Not said: no browser.
    Missing,
}

/// Reads the `Origin` of a request.
pub(crate) fn judge(headers: &HeaderMap, public_url: &Url) -> OriginVerdict {
    let Some(value) = headers.get(header::ORIGIN) else { return OriginVerdict::Missing };
    let origin = value
        .to_str()
        .ok()
        .and_then(|text| Url::parse(text).ok())
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
    let Some(origin) = origin else { return OriginVerdict::Foreign };
    if origin.origin() == public_url.origin() {
        return OriginVerdict::Ours;
    }
    // The console may be opened by an address other than the public one (localhost, an internal name): a page
    // that was served by this host may talk to this host.
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let same_host = host
        .and_then(|host| Url::parse(&format!("{}://{host}", origin.scheme())).ok())
        .is_some_and(|host| host.origin() == origin.origin());
    if same_host { OriginVerdict::Ours } else { OriginVerdict::Foreign }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(origin: Option<&str>, host: &str) -> OriginVerdict {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().expect("a host"));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().expect("a header"));
        }
        judge(&headers, &Url::parse("https://calls.example.com/console").expect("a URL"))
    }

    #[test]
    fn our_public_address_is_ours_whatever_a_proxy_made_of_host() {
        assert_eq!(verdict(Some("https://calls.example.com"), "10.0.0.7:8080"), OriginVerdict::Ours);
        assert_eq!(verdict(Some("https://calls.example.com:443"), "10.0.0.7:8080"), OriginVerdict::Ours);
    }

    #[test]
    fn the_host_the_page_came_from_is_ours() {
        assert_eq!(verdict(Some("http://localhost:8080"), "localhost:8080"), OriginVerdict::Ours);
        assert_eq!(verdict(Some("http://LOCALHOST:8080"), "localhost:8080"), OriginVerdict::Ours);
    }

    #[test]
    fn another_site_another_port_and_no_site_at_all_are_foreign() {
        for origin in [
            "https://evil.example",
            "https://calls.example.com.evil.example",
            "http://calls.example.com",
            "http://localhost:9999",
            "null",
            "file:///etc/passwd",
            "",
        ] {
            assert_eq!(verdict(Some(origin), "localhost:8080"), OriginVerdict::Foreign, "{origin}");
        }
    }

    #[test]
    fn a_missing_origin_is_told_apart() {
        assert_eq!(verdict(None, "localhost:8080"), OriginVerdict::Missing);
    }
}
