//! Recordings of calls: what is known of them, how loud they are, and their deletion. Their sound is in [`audio`].
//!
//! Supervisors and above hear the recordings of the calls they see; agents those of the calls they answered. What
//! may not be heard does not exist: 404.

pub(crate) mod audio;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use switchboard_core::access::Role;
use switchboard_core::audit::{AuditKind, AuditWhat};
use switchboard_core::ids::{ApiKeyId, CallId, RecordingId};
use switchboard_engine::clock::rfc3339;
use switchboard_store::audit::{AuditBy, AuditEntry, AuditSubject};
use switchboard_store::recordings::{Hears, RecordingCursor, RecordingError, RecordingRow, RecordingState};
use utoipa::{IntoParams, ToSchema};

use crate::auth::actor::SignedIn;
use crate::error::{Answer, Code, Problem, ProblemBody, chain};
use crate::input::{Id, Query};
use crate::middleware::client_address::ClientAddress;
use crate::pagination;
use crate::state::AppState;

/// A recording of a call.
#[derive(Serialize, ToSchema)]
pub(crate) struct Recording {
    /// `rec_…`
    #[schema(example = "rec_0199aaaabbbb7ccc8dddeeeeffff0001")]
    id: String,
    /// `call_…`
    call_id: String,
    /// `recording`, `paused`, `processing`, `ready`, `failed`, `deleted`. Sound can be read from `processing` on.
    state: &'static str,
    /// RFC 3339.
    started_at: String,
    /// RFC 3339; none while it is written, and after it was deleted.
    ended_at: Option<String>,
    /// Its length, pauses included: they are silence of true length.
    duration_ms: Option<u64>,
    /// Bytes of its sound.
    size_bytes: Option<u64>,
    /// When nothing was kept, from the beginning of the recording.
    pauses: Vec<Pause>,
    /// Its peaks can be read.
    peaks: bool,
    /// Why it is incomplete: `disk_full`, `disk_failed`, `node_restarted` …
    failure: Option<String>,
}

/// A span in which nothing was kept.
#[derive(Serialize, ToSchema)]
pub(crate) struct Pause {
    /// Where it begins.
    from_ms: u64,
    /// Where it ends.
    to_ms: u64,
}

impl From<RecordingRow> for Recording {
    fn from(row: RecordingRow) -> Self {
        Self {
            id: row.id.to_string(),
            call_id: row.call.to_string(),
            state: row.state.as_str(),
            started_at: rfc3339(row.started_at),
            ended_at: row.ended_at.map(rfc3339),
            duration_ms: row.duration.and_then(|duration| u64::try_from(duration.as_millis()).ok()),
            size_bytes: row.size_bytes,
            pauses: row
                .pauses
                .into_iter()
                .map(|pause| Pause { from_ms: pause.from_ms, to_ms: pause.to_ms })
                .collect(),
            peaks: row.has_peaks,
            failure: row.failure,
        }
    }
}

/// Some recordings, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecordingList {
    /// Deleted ones too.
    items: Vec<Recording>,
    /// For the next page; none on the last.
    next_cursor: Option<String>,
}

/// How loud a recording is, for a drawing.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecordingPeaks {
    /// Each value stands for so much time.
    interval_ms: u32,
    /// The customer, 0 to 255.
    left: Vec<u8>,
    /// What the customer heard.
    right: Vec<u8>,
}

/// Which recordings.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Only of this call.
    call_id: Option<String>,
    /// Where the last page ended.
    cursor: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<u32>,
}

/// Which recordings, among those of calls they see, somebody may hear.
pub(crate) fn hears(signed_in: &SignedIn) -> Hears {
    match signed_in.actor.scope.role {
        Role::Agent => Hears::AnsweredBy(signed_in.actor.user),
        Role::Supervisor | Role::Admin | Role::Operator => Hears::All,
    }
}

/// The recordings of one call.
pub(crate) async fn of_call(
    state: &AppState,
    signed_in: &SignedIn,
    call: CallId,
) -> Result<Vec<Recording>, Problem> {
    let rows = state.store().recordings().of_call(&signed_in.actor.scope, hears(signed_in), call).await?;
    Ok(rows.into_iter().map(Recording::from).collect())
}

/// The recordings I may hear, newest first.
#[utoipa::path(
    get, operation_id = "list_recordings", path = "/api/v1/recordings", tag = "recordings", params(Which),
    responses(
        (status = 200, body = RecordingList),
        (status = 400, description = "`invalid_query`", body = ProblemBody),
        (status = 401, body = ProblemBody),
    )
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Query(which): Query<Which>,
) -> Answer<RecordingList> {
    let limit = pagination::limit(which.limit)?;
    let after: Option<RecordingCursor> = which.cursor.as_deref().map(pagination::decode).transpose()?;
    let call: Option<CallId> =
        which.call_id.map(|id| id.parse()).transpose().map_err(|_| {
            Problem::new(Code::InvalidQuery, "call_id must be call_….").with("path", "call_id")
        })?;
    let page = state
        .store()
        .recordings()
        .list(&signed_in.actor.scope, hears(&signed_in), call, after, limit.into())
        .await?;
    let next_cursor = page.next.as_ref().map(pagination::encode);
    Ok(Json(RecordingList { items: page.items.into_iter().map(Recording::from).collect(), next_cursor }))
}

/// A recording.
#[utoipa::path(
    get, operation_id = "get_recording", path = "/api/v1/recordings/{id}", tag = "recordings",
    params(("id" = String, Path, description = "`rec_…`")),
    responses(
        (status = 200, body = Recording),
        (status = 401, body = ProblemBody),
        (status = 404, description = "There is no such recording, or it may not be heard.", body = ProblemBody),
    )
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<RecordingId>,
) -> Answer<Recording> {
    let row = state.store().recordings().get(&signed_in.actor.scope, hears(&signed_in), id).await?;
    Ok(Json(row.ok_or_else(Problem::not_found)?.into()))
}

/// How loud a recording is; 404 until that is known.
#[utoipa::path(
    get, operation_id = "get_recording_peaks", path = "/api/v1/recordings/{id}/peaks", tag = "recordings",
    params(("id" = String, Path, description = "`rec_…`")),
    responses(
        (status = 200, body = RecordingPeaks),
        (status = 401, body = ProblemBody),
        (status = 404, description = "There is no such recording, it may not be heard, or has no peaks.", body = ProblemBody),
    )
)]
pub(crate) async fn peaks(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<RecordingId>,
) -> Answer<RecordingPeaks> {
    let peaks = state.store().recordings().peaks(&signed_in.actor.scope, hears(&signed_in), id).await?;
    let peaks = peaks.ok_or_else(Problem::not_found)?;
    Ok(Json(RecordingPeaks { interval_ms: peaks.interval_ms, left: peaks.left, right: peaks.right }))
}

/// Removes a recording for good: its sound, its key and what was known of it. Who did it and when stays. Deleting it
/// again changes nothing.
#[utoipa::path(
    delete, operation_id = "delete_recording", path = "/api/v1/recordings/{id}", tag = "recordings",
    params(("id" = String, Path, description = "`rec_…`")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 401, body = ProblemBody),
        (status = 403, description = "`forbidden`: needs the role admin", body = ProblemBody),
        (status = 404, description = "There is no such recording, or it may not be seen.", body = ProblemBody),
        (status = 409, description = "`still_recording`", body = ProblemBody),
    )
)]
pub(crate) async fn delete(
    State(state): State<AppState>,
    signed_in: SignedIn,
    ClientAddress(address): ClientAddress,
    Id(id): Id<RecordingId>,
) -> Result<StatusCode, Problem> {
    let entry = entry(&state, &signed_in, address, AuditWhat::RecordingDeleted, id);
    if state.store().recordings().delete(&signed_in.actor.scope, id, entry).await? {
        tracing::info!(recording.id = %id, "a recording was deleted");
    }
    Ok(StatusCode::NO_CONTENT)
}

/// What goes into the audit log about a recording.
fn entry(
    state: &AppState,
    signed_in: &SignedIn,
    address: std::net::IpAddr,
    what: AuditWhat,
    id: RecordingId,
) -> AuditEntry {
    let actor = &signed_in.actor;
    let who = if actor.is_person {
        AuditBy::Person { id: actor.user, name: actor.name.clone() }
    } else {
        AuditBy::Key { id: ApiKeyId::from_uuid(actor.user.uuid()), name: actor.name.clone() }
    };
    AuditEntry {
        who,
        what,
        subject: AuditSubject::new(AuditKind::Recording, id),
        detail: json!({}),
        address: Some(address),
        at: state.engine().clock().now(),
    }
}

impl From<RecordingError> for Problem {
    fn from(error: RecordingError) -> Self {
        match error {
            RecordingError::Store(error) => error.into(),
            RecordingError::NotReadable { state: RecordingState::Deleted, .. } => {
                Self::new(Code::RecordingDeleted, "This recording was deleted.")
            }
            RecordingError::NotReadable { .. } => Self::new(
                Code::StillRecording,
                "The call is still being recorded. Come back when it is over.",
            ),
            RecordingError::Damaged { .. } => {
                tracing::error!(error = %error, "a recording cannot be played");
                Self::new(
                    Code::RecordingDamaged,
                    "The file is not as it was written. A backup may have it whole.",
                )
            }
            RecordingError::DiskFull { .. } | RecordingError::Disk { .. } | RecordingError::File { .. } => {
                tracing::warn!(error = %chain(&error), "the file of a recording cannot be reached");
                Self::new(Code::Unavailable, "The file cannot be reached. Try again in a moment.")
                    .retry_after(std::time::Duration::from_secs(5))
            }
        }
    }
}
