//! What a browser may do with our pages.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue, header};
use url::Url;

use crate::state::AppState;

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The documentation page: its scripts are ours too, its pictures are inlined.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// JSON and text: nothing in it is to be run or shown as a page.
const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// The three policies, made once.
#[derive(Debug, Clone)]
pub(crate) struct Policies {
    console: HeaderValue,
}

impl Policies {
    pub(crate) fn new(public_url: &Url) -> Self {
        let text = console_policy(public_url);
        // Hosts are ASCII after parsing, so this holds; the stricter policy stands in if it ever did not.
        let console = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(API_POLICY));
        Self { console }
    }

    fn for_path(&self, path: &str) -> HeaderValue {
        if path == "/api/docs" || path.starts_with("/api/docs/") {
            HeaderValue::from_static(DOCS_POLICY)
        } else if is_api(path) {
            HeaderValue::from_static(API_POLICY)
        } else {
            self.console.clone()
        }
    }
}

/// The console: own scripts only; inline styles because the component library sets them; sound from blobs.
fn console_policy(public_url: &Url) -> String {
    // 'self' covers WebSockets in today's browsers; Safari before 15.4 wants them named.
    let live = match (public_url.scheme(), public_url.host_str(), public_url.port()) {
        ("https", Some(host), Some(port)) => format!(" wss://{host}:{port}"),
        ("https", Some(host), None) => format!(" wss://{host}"),
        (_, Some(host), Some(port)) => format!(" ws://{host}:{port}"),
        (_, Some(host), None) => format!(" ws://{host}"),
        (_, None, _) => String::new(),
    };
    format!(
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
         font-src 'self' data:; media-src 'self' blob:; worker-src 'self' blob:; connect-src 'self'{live}; \
         object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

fn is_api(path: &str) -> bool {
    path.starts_with("/api/") || path == "/api" || ["/healthz", "/readyz", "/metrics"].contains(&path)
}

/// Adds the headers to every answer.
pub(crate) async fn add(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let policy = state.policies().for_path(path);
    // Rows of calls and people must not lie in a browser's cache; the documentation may.
    let keep_out_of_caches = is_api(path) && !path.starts_with("/api/docs");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(CROSS_ORIGIN_OPENER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(
        PERMISSIONS_POLICY,
        HeaderValue::from_static(
            "microphone=(self), speaker-selection=(self), autoplay=(self), camera=(), geolocation=(), display-capture=()",
        ),
    );
    if keep_out_of_caches {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_console_runs_its_own_scripts_only_and_may_open_its_stream() {
        let policy = console_policy(&Url::parse("https://calls.example.com/").expect("a URL"));
        assert!(policy.contains("script-src 'self';"));
        assert!(policy.contains("connect-src 'self' wss://calls.example.com;"));
        assert!(policy.contains("frame-ancestors 'none'"));
        let local = console_policy(&Url::parse("http://127.0.0.1:8080").expect("a URL"));
        assert!(local.contains("connect-src 'self' ws://127.0.0.1:8080;"));
    }

    #[test]
    fn only_the_documentation_has_the_documentations_policy() {
        let policies = Policies::new(&Url::parse("http://127.0.0.1:8080").expect("a URL"));
        assert_eq!(policies.for_path("/api/docs/index.html"), DOCS_POLICY);
        assert_eq!(policies.for_path("/api/docsy"), API_POLICY);
        assert_eq!(policies.for_path("/api/v1/calls"), API_POLICY);
        assert_eq!(policies.for_path("/healthz"), API_POLICY);
        assert_eq!(policies.for_path("/calls/call_1"), policies.console);
    }
}
