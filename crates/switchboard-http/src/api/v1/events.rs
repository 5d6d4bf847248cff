//! The event log, page by page; with `Upgrade: websocket` the live stream.

use axum::Json;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{State, WebSocketUpgrade};
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use switchboard_core::ids::EventId;
use switchboard_engine::events::LogEntryView;
use switchboard_store::StoreError;
use utoipa::{IntoParams, ToSchema};

use crate::auth::actor::SignedIn;
use crate::error::{Code, Problem, ProblemBody};
use crate::input::Query;
use crate::pagination;
use crate::state::AppState;
use crate::ws;

/// Which part of the log.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Place {
    /// The last entry that is known already; none: from the beginning.
    after: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<u32>,
}

/// A part of the log, oldest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct EventPage {
    /// Entries about what I may see.
    items: Vec<LogEntryView>,
    /// Where to go on, now or later: more may have been written by then.
    next_after: Option<String>,
}

/// The event log after an entry, oldest first. With `Upgrade: websocket`: the live stream of `ServerMessage`s.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "events", params(Place),
    responses(
        (status = 200, body = EventPage),
        (status = 101, description = "The live stream: `ServerMessage` one way, `ClientMessage` the other."),
        (status = 400, description = "`invalid_query`, `invalid_upgrade`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 403, description = "`foreign_origin`: live streams are for pages of this server", body = ProblemBody),
    )
)]
pub(crate) async fn events(
    State(state): State<AppState>,
    signed_in: SignedIn,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    Query(place): Query<Place>,
) -> Result<Response, Problem> {
    if ws::asks_for_stream(&headers) {
        return ws::open(&state, signed_in, &headers, upgrade);
    }
    let after: Option<EventId> = match &place.after {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| unknown_place())?),
    };
    let limit = pagination::limit(place.limit)?;
    let found = state.store().log().after(&signed_in.actor.scope, after, limit.into()).await;
    let rows = match found {
        Err(StoreError::NotFound { .. }) => return Err(unknown_place()),
        found => found?,
    };
    let next_after = rows.last().map(|row| row.id.to_string()).or(place.after);
    let items = state.engine().view_log(&signed_in.actor.scope, &rows).await?;
    Ok(Json(EventPage { items, next_after }).into_response())
}

fn unknown_place() -> Problem {
    Problem::new(Code::InvalidQuery, "after must be the id of an event you may see, evt_….")
        .with("path", "after")
}
