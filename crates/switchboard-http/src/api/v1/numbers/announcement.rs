//! What tells customers that they are recorded: to be listened to; the business' own: upload and removal.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use http::header;
use serde::Deserialize;
use serde_json::json;
use switchboard_core::audit::AuditWhat;
use switchboard_core::ids::NumberId;
use switchboard_core::recording::{AnnouncementChoice, RecordingSettings};
use switchboard_engine::SoundRefusal;
use utoipa::IntoParams;

use super::settings::NumberSettings;
use super::settings::recording::{audit_entry, word};
use crate::auth::actor::SignedIn;
use crate::error::{Answer, Code, Problem, ProblemBody};
use crate::input::{Id, Query};
use crate::middleware::client_address::ClientAddress;
use crate::state::AppState;

/// The largest file: a minute of WAV at 16 kHz.
pub(crate) const MAX_UPLOAD: usize = 2 * 1_024 * 1_024;

/// Which announcement.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// `en`, `es`, `pt-BR`, or `own`. The one of the number when it is left out.
    choice: Option<String>,
}

/// What customers hear: one of the shipped announcements, or the business' own.
#[utoipa::path(
    get, operation_id = "get_recording_announcement", path = "/api/v1/numbers/{id}/recording-announcement",
    tag = "numbers", params(("id" = String, Path, description = "`num_…`"), Wanted),
    responses(
        (status = 200, description = "Ogg Opus.", content_type = "audio/ogg", body = Vec<u8>),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
        (status = 404, description = "There is no such number, or it has no own announcement.", body = ProblemBody),
        (status = 422, description = "`choice` is not one of the words.", body = ProblemBody),
    )
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<NumberId>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let scope = &signed_in.actor.scope;
    let number = state.store().numbers().by_id(scope, id).await?.ok_or_else(Problem::not_found)?;
    let choice =
        word(wanted.choice.as_deref(), "choice", AnnouncementChoice::ALL, AnnouncementChoice::as_str)?
            .unwrap_or(number.recording.announcement);
    let sound = match choice.language() {
        Some(language) => Bytes::from_static(state.engine().shipped_announcement(language)),
        None => {
            let own = state.store().numbers().own_announcement(scope, id).await?;
            Bytes::from(own.ok_or_else(Problem::not_found)?)
        }
    };
    let headers = [(header::CONTENT_TYPE, "audio/ogg"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, sound).into_response())
}

/// Takes the business' own announcement: Ogg Opus or WAV, a minute and 2 MB at the most.
#[utoipa::path(
    put, operation_id = "upload_recording_announcement", path = "/api/v1/numbers/{id}/recording-announcement",
    tag = "numbers",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    params(("id" = String, Path, description = "`num_…`")),
    responses(
        (status = 200, body = NumberSettings),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 413, description = "`body_too_large`", body = ProblemBody),
        (status = 422, description = "`no_sound`, `not_audio`, `sound_too_long`", body = ProblemBody),
    )
)]
pub(crate) async fn put(
    State(state): State<AppState>,
    signed_in: SignedIn,
    ClientAddress(address): ClientAddress,
    Id(id): Id<NumberId>,
    body: Result<Bytes, BytesRejection>,
) -> Answer<NumberSettings> {
    let scope = &signed_in.actor.scope;
    let known = state.store().numbers().by_id(scope, id).await?.ok_or_else(Problem::not_found)?;
    let file =
        body.map_err(|_| Problem::new(Code::BodyTooLarge, format!("A file may have {MAX_UPLOAD} bytes.")))?;
    let converted = state.engine().convert_announcement(file).await.map_err(refused)?;
    let now = state.engine().clock().now();
    let length_ms = u64::try_from(converted.length.as_millis()).unwrap_or(u64::MAX);
    let detail = json!({ "own_announcement_ms": length_ms });
    let entry = audit_entry(&known, &signed_in, address, now, AuditWhat::NumberChanged, detail);
    let own = Some((converted.ogg, converted.length));
    let row = state.store().numbers().set_own_announcement(scope, id, own, entry, now).await?;
    state.engine().reload_numbers().await?;
    Ok(Json(row.into()))
}

/// Takes the business' own announcement away. Refused while calls are recorded with it.
#[utoipa::path(
    delete, operation_id = "delete_recording_announcement",
    path = "/api/v1/numbers/{id}/recording-announcement", tag = "numbers",
    params(("id" = String, Path, description = "`num_…`")),
    responses(
        (status = 200, body = NumberSettings),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 422, description = "`announcement_needed`", body = ProblemBody),
    )
)]
pub(crate) async fn delete(
    State(state): State<AppState>,
    signed_in: SignedIn,
    ClientAddress(address): ClientAddress,
    Id(id): Id<NumberId>,
) -> Answer<NumberSettings> {
    let scope = &signed_in.actor.scope;
    let known = state.store().numbers().by_id(scope, id).await?.ok_or_else(Problem::not_found)?;
    if !(RecordingSettings { own: None, ..known.recording }).is_complete() {
        return Err(Problem::new(
            Code::AnnouncementNeeded,
            "Calls of this number are recorded with this announcement. Choose one of ours first, or switch recording off.",
        ));
    }
    let now = state.engine().clock().now();
    let detail = json!({ "own_announcement_ms": null });
    let entry = audit_entry(&known, &signed_in, address, now, AuditWhat::NumberChanged, detail);
    let row = state.store().numbers().set_own_announcement(scope, id, None, entry, now).await?;
    state.engine().reload_numbers().await?;
    Ok(Json(row.into()))
}

fn refused(refusal: SoundRefusal) -> Problem {
    match refusal {
        SoundRefusal::Empty => Problem::new(Code::NoSound, "The file has no sound in it. Record it again."),
        SoundRefusal::NotAudio => {
            Problem::new(Code::NotAudio, "Upload an Ogg Opus (.opus, .ogg) or WAV file.")
        }
        SoundRefusal::TooLong => {
            Problem::new(Code::SoundTooLong, "An announcement may take a minute; a few seconds are enough.")
        }
    }
}
