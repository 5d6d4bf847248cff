//! How many requests may be under way at once. Above it we say so at once instead of letting everybody wait.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use crate::error::{Code, Problem};

/// API requests at once. A live stream counts only until its handshake is done.
pub(crate) const API_REQUESTS_AT_ONCE: usize = 512;
/// Webhook requests at once; the provider repeats what we turn away.
pub(crate) const WEBHOOKS_AT_ONCE: usize = 2_048;

/// Lets a request in or turns it away.
pub(crate) async fn admit(State(places): State<Arc<Semaphore>>, request: Request, next: Next) -> Response {
    let Ok(_place) = places.try_acquire() else {
        tracing::warn!("a request was turned away: too many at once");
        return Problem::new(Code::Busy, "Too many requests at once. Try again in a moment.")
            .retry_after(Duration::from_secs(2))
            .into_response();
    };
    next.run(request).await
}
