//! The recording of a live call: begin, pause, go on, end.

use axum::Json;
use axum::extract::State;
use switchboard_core::ids::CallId;
use switchboard_engine::events::CallView;

use crate::auth::actor::SignedIn;
use crate::error::{Answer, ProblemBody};
use crate::input::Id;
use crate::state::AppState;

/// Has the call recorded from here on: the customer is told first. Asking twice is no error.
#[utoipa::path(
    post, operation_id = "start_recording", path = "/api/v1/calls/{id}/recording/start", tag = "calls",
    params(("id" = String, Path, description = "`call_…`")),
    responses(
        (status = 200, description = "The call as it is now.", body = CallView),
        (status = 401, body = ProblemBody),
        (status = 403, description = "`not_yours`: neither your call nor are you a supervisor", body = ProblemBody),
        (status = 404, description = "There is no such call, or it may not be seen.", body = ProblemBody),
        (status = 409, description = "`recording_off`, `not_answered` (nobody speaks with the customer), `over`", body = ProblemBody),
        (status = 503, description = "`busy`, `unavailable`", body = ProblemBody),
    )
)]
pub(crate) async fn start(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(call): Id<CallId>,
) -> Answer<CallView> {
    Ok(Json(state.engine().start_recording(signed_in.actor, call).await?))
}

/// Records silence from here on, as long as the pause takes.
#[utoipa::path(
    post, operation_id = "pause_recording", path = "/api/v1/calls/{id}/recording/pause", tag = "calls",
    params(("id" = String, Path, description = "`call_…`")),
    responses(
        (status = 200, description = "The call as it is now.", body = CallView),
        (status = 401, body = ProblemBody),
        (status = 403, description = "`not_yours`", body = ProblemBody),
        (status = 404, description = "There is no such call, or it may not be seen.", body = ProblemBody),
        (status = 409, description = "`not_recorded`, `over`", body = ProblemBody),
        (status = 503, description = "`busy`, `unavailable`", body = ProblemBody),
    )
)]
pub(crate) async fn pause(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(call): Id<CallId>,
) -> Answer<CallView> {
    Ok(Json(state.engine().pause_recording(signed_in.actor, call).await?))
}

/// Records sound again after a pause.
#[utoipa::path(
    post, operation_id = "resume_recording", path = "/api/v1/calls/{id}/recording/resume", tag = "calls",
    params(("id" = String, Path, description = "`call_…`")),
    responses(
        (status = 200, description = "The call as it is now.", body = CallView),
        (status = 401, body = ProblemBody),
        (status = 403, description = "`not_yours`", body = ProblemBody),
        (status = 404, description = "There is no such call, or it may not be seen.", body = ProblemBody),
        (status = 409, description = "`not_recorded`, `over`", body = ProblemBody),
        (status = 503, description = "`busy`, `unavailable`", body = ProblemBody),
    )
)]
pub(crate) async fn resume(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(call): Id<CallId>,
) -> Answer<CallView> {
    Ok(Json(state.engine().resume_recording(signed_in.actor, call).await?))
}

/// Ends the recording; the call goes on. One that is only announced does not begin.
#[utoipa::path(
    post, operation_id = "stop_recording", path = "/api/v1/calls/{id}/recording/stop", tag = "calls",
    params(("id" = String, Path, description = "`call_…`")),
    responses(
        (status = 200, description = "The call as it is now.", body = CallView),
        (status = 401, body = ProblemBody),
        (status = 403, description = "`not_yours`", body = ProblemBody),
        (status = 404, description = "There is no such call, or it may not be seen.", body = ProblemBody),
        (status = 409, description = "`not_recorded`, `over`", body = ProblemBody),
        (status = 503, description = "`busy`, `unavailable`", body = ProblemBody),
    )
)]
pub(crate) async fn stop(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(call): Id<CallId>,
) -> Answer<CallView> {
    Ok(Json(state.engine().stop_recording(signed_in.actor, call).await?))
}
