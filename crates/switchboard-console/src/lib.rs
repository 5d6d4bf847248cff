//! The built web console and the phone page, embedded in the binary; and the documentation ([`docs_router`]).
//!
//! The routers of the two answer everything through a fallback, so they can be merged below a server's own
//! routes. They know nothing of calls, sessions or the API, and set no header but those of caching
//! and type.

mod docs;
mod files;

use axum::Router;
use axum::extract::Request;
pub use docs::docs_router;
use files::{Pages, answer};

/// What `vite build` made. In debug builds the folder is read while the program runs.
#[derive(rust_embed::RustEmbed)]
#[folder = "../../web/dist"]
struct Dist;

/// The agents' console: its pages, their assets, and `index.html` for every deep link.
pub fn console_router() -> Router {
    Router::new().fallback(|request: Request| async move { answer(Dist::get, &CONSOLE, &request) })
}

/// The page on which a person plays the customer, at `/`. Only the simulator mounts it.
pub fn phone_router() -> Router {
    Router::new().fallback(|request: Request| async move { answer(Dist::get, &PHONE, &request) })
}

const CONSOLE: Pages = Pages { root: "", hidden: &["phone/", ".vite/"], deep_links: true };
const PHONE: Pages = Pages { root: "phone/", hidden: &[], deep_links: false };
