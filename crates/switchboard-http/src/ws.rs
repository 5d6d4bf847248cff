//! The live stream: who may open it.

mod session;

use axum::extract::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};

use crate::auth::actor::{Credential, SignedIn};
use crate::auth::origin::{self, OriginVerdict};
use crate::error::{Code, Problem};
use crate::state::AppState;

/// The longest message of a client; an SDP offer has some 6 KiB.
const MAX_MESSAGE: usize = 64 * 1024;
/// What one read takes at the most. The buffer is cleared before each attempt to read, also when nothing came: the library's
/// 128 KiB are too much of that where two hundred people are rung.
const READ_BUFFER: usize = 4 * 1024;

/// Does this request ask for the stream?
pub(crate) fn asks_for_stream(headers: &HeaderMap) -> bool {
    headers.get(header::UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Opens the stream for who is signed in.
pub(crate) fn open(
    state: &AppState,
    signed_in: SignedIn,
    headers: &HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    check_origin(state, &signed_in, headers)?;
    if signed_in.acts_for_another {
        return Err(Problem::new(Code::Forbidden, "A live stream is of one's own business."));
    }
    let upgrade =
        upgrade.map_err(|_| Problem::new(Code::InvalidUpgrade, "This is not a WebSocket handshake."))?;
    let Ok(place) = std::sync::Arc::clone(state.streams()).try_acquire_owned() else {
        return Err(Problem::new(Code::Busy, "Too many live streams are open on this server."));
    };
    let state = state.clone();
    let upgrade =
        upgrade.max_message_size(MAX_MESSAGE).max_frame_size(MAX_MESSAGE).read_buffer_size(READ_BUFFER);
    let response = upgrade.on_upgrade(move |socket| async move {
        session::run(state, signed_in, socket).await;
        drop(place);
    });
    Ok(response.into_response())
}

/// The cookie travels with a handshake from any site, so the site must be ours. A key is sent by nobody by accident.
fn check_origin(state: &AppState, signed_in: &SignedIn, headers: &HeaderMap) -> Result<(), Problem> {
    let ours = match (&signed_in.credential, origin::judge(headers, &state.config().public_url)) {
        (_, OriginVerdict::Ours) | (Credential::Key { .. }, OriginVerdict::Missing) => true,
        (Credential::Session { .. }, OriginVerdict::Missing) | (_, OriginVerdict::Foreign) => false,
    };
    if ours {
        return Ok(());
    }
    tracing::warn!(user.id = %signed_in.actor.user, "a live stream from another site was refused");
    Err(Problem::new(Code::ForeignOrigin, "The live stream may only be opened by pages of this server."))
}
