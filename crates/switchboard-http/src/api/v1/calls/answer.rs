//! Answering a call.

use axum::Json;
use axum::extract::State;
use switchboard_core::ids::CallId;
use switchboard_engine::events::CallView;

use crate::auth::actor::SignedIn;
use crate::error::{Answer, ProblemBody};
use crate::input::Id;
use crate::state::AppState;

/// Answers the call: the customer is put through to my line. Exactly one of several who try at once wins.
#[utoipa::path(
    post, path = "/api/v1/calls/{id}/answer", tag = "calls",
    params(("id" = String, Path, description = "`call_…`")),
    responses(
        (status = 200, description = "The call as it is now.", body = CallView),
        (status = 401, body = ProblemBody),
        (status = 403, description = "`needs_a_person`", body = ProblemBody),
        (status = 404, description = "There is no such call, or it may not be seen.", body = ProblemBody),
        (status = 409, description = "`already_taken` (with `taken_by`), `not_ringing`, `over`, `no_line`, `in_another_call`", body = ProblemBody),
        (status = 503, description = "`busy`, `unavailable`", body = ProblemBody),
    )
)]
pub(crate) async fn answer(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(call): Id<CallId>,
) -> Answer<CallView> {
    Ok(Json(state.engine().answer(signed_in.actor, call).await?))
}
