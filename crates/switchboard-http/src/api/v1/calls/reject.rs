//! Rejecting a call.

use axum::Json;
use axum::extract::State;
use switchboard_core::ids::CallId;
use switchboard_engine::events::CallView;

use crate::auth::actor::SignedIn;
use crate::error::{Answer, ProblemBody};
use crate::input::Id;
use crate::state::AppState;

/// Ends the call for everyone before anybody has answered; the customer sees that it was declined.
#[utoipa::path(
    post, path = "/api/v1/calls/{id}/reject", tag = "calls",
    params(("id" = String, Path, description = "`call_…`")),
    responses(
        (status = 200, description = "The call as it is now.", body = CallView),
        (status = 401, body = ProblemBody),
        (status = 403, description = "`needs_a_person`, `not_yours`", body = ProblemBody),
        (status = 404, description = "There is no such call, or it may not be seen.", body = ProblemBody),
        (status = 409, description = "`already_taken` (with `taken_by`), `over`", body = ProblemBody),
        (status = 503, description = "`busy`, `unavailable`", body = ProblemBody),
    )
)]
pub(crate) async fn reject(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(call): Id<CallId>,
) -> Answer<CallView> {
    Ok(Json(state.engine().reject(signed_in.actor, call).await?))
}
