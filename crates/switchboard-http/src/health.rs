//! Is the process alive; can it take calls?

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use switchboard_engine::DatabaseState;
use utoipa::ToSchema;

use crate::state::AppState;

/// The process answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct Alive {
    /// Always `ok`.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Can calls be taken?
#[derive(Serialize, ToSchema)]
pub(crate) struct Ready {
    /// `ready`, or `not_ready`: one of the checks is not `ok`.
    #[schema(example = "ready")]
    status: &'static str,
    /// What taking calls needs, one by one.
    checks: Checks,
}

/// `ok`, or what is wrong.
#[derive(Serialize, ToSchema)]
pub(crate) struct Checks {
    /// `ok`; `down`: the database does not answer; `not_writing`: what was written last did not get through.
    #[schema(example = "ok")]
    database: &'static str,
    /// `ok`; `down`: the media thread has ended.
    #[schema(example = "ok")]
    media: &'static str,
    /// `ok`; `full`: too little room is left in the data folder.
    #[schema(example = "ok")]
    disk: &'static str,
    /// `ok`; `draining`: the server is being stopped.
    #[schema(example = "ok")]
    draining: &'static str,
}

/// The process is alive. Restart it when this does not answer.
#[utoipa::path(get, path = "/healthz", tag = "operation", responses((status = 200, body = Alive)))]
pub(crate) async fn healthz() -> Json<Alive> {
    Json(Alive { status: "ok" })
}

/// The server can take calls. Send none here when this answers 503.
#[utoipa::path(
    get, path = "/readyz", tag = "operation",
    responses((status = 200, body = Ready), (status = 503, description = "Not now; the body says which part.", body = Ready))
)]
pub(crate) async fn readyz(State(state): State<AppState>) -> (StatusCode, Json<Ready>) {
    let readiness = state.engine().readiness().await;
    let word = |fine: bool, trouble| if fine { "ok" } else { trouble };
    let checks = Checks {
        database: match readiness.database {
            DatabaseState::Fine => "ok",
            DatabaseState::NotWriting => "not_writing",
            DatabaseState::Down => "down",
        },
        media: word(readiness.media, "down"),
        disk: word(readiness.disk, "full"),
        draining: word(!readiness.draining, "draining"),
    };
    if readiness.is_ready() {
        (StatusCode::OK, Json(Ready { status: "ready", checks }))
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, Json(Ready { status: "not_ready", checks }))
    }
}
