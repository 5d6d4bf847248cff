//! Is the process alive; can it take calls?

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::AppState;

/// The process answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct Alive {
    /// Always `ok`.
    #[schema(example = "ok")]
    status: &'static str,
}

/// What taking calls needs.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ready {
    /// All of it.
    ready: bool,
    /// The database answers.
    database: bool,
    /// The media thread lives.
    media: bool,
    /// The server is not stopping.
    accepting: bool,
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
    let accepting = !state.config().draining.is_cancelled();
    let ready = readiness.database && readiness.media && accepting;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Ready { ready, database: readiness.database, media: readiness.media, accepting }))
}
