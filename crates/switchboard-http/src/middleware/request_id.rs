//! One id per request, in the answer and in every log line of it.

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue};
use tower_http::request_id::{MakeRequestId, RequestId};

/// The header, both ways.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// What a client may send of its own.
const MAX_CHARS: usize = 64;

/// Makes ids for requests that bring none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FreshId;

impl MakeRequestId for FreshId {
    fn make_request_id<B>(&mut self, _: &http::Request<B>) -> Option<RequestId> {
        let text = crate::chance::fresh_uuid().simple().to_string();
        HeaderValue::from_str(&text).ok().map(RequestId::new)
    }
}

/// Drops an id from outside that could not stand in a log line.
pub(crate) async fn distrust(mut request: Request, next: Next) -> Response {
    if request.headers().get(REQUEST_ID).is_some_and(|id| !is_plain(id)) {
        request.headers_mut().remove(REQUEST_ID);
    }
    next.run(request).await
}

fn is_plain(id: &HeaderValue) -> bool {
    let bytes = id.as_bytes();
    (1..=MAX_CHARS).contains(&bytes.len())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

/// The span all log lines of a request hang on; of the highest level, so that no filter takes it from a warning. The
/// pattern of the route and not the path: a path may hold the token of an invitation, or whatever somebody typed.
pub(crate) fn span<B>(request: &http::Request<B>) -> tracing::Span {
    let id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default();
    let route = request.extensions().get::<MatchedPath>().map_or("console", MatchedPath::as_str);
    tracing::error_span!("request", request.id = id, http.method = %request.method(), http.route = route)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_would_forge_a_log_line_is_dropped() {
        assert!(is_plain(&HeaderValue::from_static("a1-B2_c.3")));
        assert!(!is_plain(&HeaderValue::from_static("a level=error")));
        assert!(!is_plain(&HeaderValue::from_static("")));
        assert!(!is_plain(&HeaderValue::from_str(&"x".repeat(65)).expect("a header")));
    }
}
