//! What somebody should look at.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use switchboard_core::ids::AlertId;
use switchboard_engine::events::AlertView;
use utoipa::ToSchema;

use crate::auth::actor::SignedIn;
use crate::error::{Answer, ProblemBody};
use crate::input::Id;
use crate::state::AppState;

/// Open alerts, and old ones.
#[derive(Serialize, ToSchema)]
pub(crate) struct Alerts {
    /// Newest first; those with `resolved_at` are over.
    items: Vec<AlertView>,
}

/// What is wrong, and what was.
#[utoipa::path(
    get, operation_id = "list_alerts", path = "/api/v1/alerts", tag = "alerts",
    responses((status = 200, body = Alerts), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody))
)]
pub(crate) async fn list(State(state): State<AppState>, signed_in: SignedIn) -> Answer<Alerts> {
    let items = state.engine().alerts(&signed_in.actor.scope).await?;
    Ok(Json(Alerts { items }))
}

/// Somebody has seen it; it stays open until it is over.
#[utoipa::path(
    post, operation_id = "acknowledge_alert", path = "/api/v1/alerts/{id}/acknowledge", tag = "alerts",
    params(("id" = String, Path, description = "`alert_…`")),
    responses((status = 200, body = AlertView), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody))
)]
pub(crate) async fn acknowledge(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<AlertId>,
) -> Answer<AlertView> {
    let author = signed_in.author(&state);
    Ok(Json(state.engine().acknowledge_alert(&signed_in.actor.scope, id, &author).await?))
}
