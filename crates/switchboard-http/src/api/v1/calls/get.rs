//! One call with its story.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use switchboard_core::ids::CallId;
use switchboard_engine::events::{CallEventView, CallView};
use utoipa::ToSchema;

use crate::api::v1::recordings::{self, Recording};
use crate::auth::actor::SignedIn;
use crate::error::{Answer, Problem, ProblemBody};
use crate::input::Id;
use crate::state::AppState;

/// A call with everything that happened in it.
#[derive(Serialize, ToSchema)]
pub(crate) struct CallDetail {
    #[serde(flatten)]
    call: CallView,
    /// Its story, in order.
    events: Vec<CallEventView>,
    /// What was recorded of it, as far as I may hear it.
    recordings: Vec<Recording>,
}

/// A call and its story.
#[utoipa::path(
    get, operation_id = "get_call", path = "/api/v1/calls/{id}", tag = "calls",
    params(("id" = String, Path, description = "`call_…`")),
    responses(
        (status = 200, body = CallDetail),
        (status = 401, body = ProblemBody),
        (status = 404, description = "There is no such call, or it may not be seen.", body = ProblemBody),
    )
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<CallId>,
) -> Answer<CallDetail> {
    let scope = &signed_in.actor.scope;
    let row = state.store().calls().by_id(scope, id).await?.ok_or_else(Problem::not_found)?;
    let events = state.store().calls().events_of(scope, id).await?;
    let call = state.engine().view_call(scope, &row).await?;
    let events = state.engine().view_events(scope, &events).await?;
    let recordings = recordings::of_call(&state, &signed_in, id).await?;
    Ok(Json(CallDetail { call, events, recordings }))
}
