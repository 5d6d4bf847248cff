//! EXPOSE: REST, WebSocket, webhooks, the console.
//!
//! [`router()`] is the whole surface of `switchboard serve`. A request passes `middleware` (id, span, headers,
//! limits), then either `provider_webhook` (no session, no cookie) or `auth` (who asks, may he?) and one handler under
//! `api/v1` or the live stream in `ws`. Everything else is a file of the console. [`openapi()`] is the contract.

mod api;
mod auth;
mod chance;
mod error;
mod health;
mod input;
mod listened;
mod metrics;
mod middleware;
mod openapi;
mod pagination;
mod provider_webhook;
mod reasons;
mod router;
mod state;
mod ws;

pub use auth::api_key::{MIN_API_KEY_CHARS, hash_api_key};
pub use auth::links::{FreshLink, LinkTo};
pub use auth::password::{MIN_PASSWORD_CHARS, PasswordRefused, hash_password};
pub use auth::rate_limit::{AttemptLimits, Attempts};
pub use auth::request_rate::RequestRates;
pub use auth::session_store::{SESSION_COOKIE, SESSION_IDLE, SESSION_LIFE};
pub use metrics::start_counting;
pub use openapi::openapi;
pub use router::router;
pub use state::{HttpConfig, IceServer};
