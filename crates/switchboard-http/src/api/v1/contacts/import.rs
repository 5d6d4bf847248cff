//! Contacts from a CSV file.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use http::StatusCode;
use serde::Serialize;
use switchboard_core::access::Branches;
use switchboard_core::ids::ImportId;
use switchboard_engine::MAX_FILE;
use switchboard_engine::clock::rfc3339;
use switchboard_store::contacts::Import as Row;
use utoipa::ToSchema;

use crate::auth::actor::SignedIn;
use crate::error::{Answer, Code, Problem, ProblemBody};
use crate::input::Id;
use crate::state::AppState;

/// The largest file; nearer to its route than the limit of JSON bodies.
pub(crate) const MAX_UPLOAD: usize = MAX_FILE;

/// How far a file is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Import {
    /// `imp_…`
    id: String,
    /// `running` or `done`.
    state: &'static str,
    /// Lines to be taken in, without those that were refused.
    lines: u32,
    /// Lines taken in.
    lines_done: u32,
    /// Contacts that were made.
    created: u32,
    /// Contacts that were known.
    updated: u32,
    /// How many lines were refused.
    refused_count: u32,
    /// The first thousand of them.
    refused: Vec<RefusedLine>,
    /// When it began.
    created_at: String,
    /// When it was through.
    finished_at: Option<String>,
}

/// A line that was refused.
#[derive(Serialize, ToSchema)]
pub(crate) struct RefusedLine {
    /// Its number in the file; the heading is 1.
    line: u32,
    /// Which field.
    field: String,
    /// Why.
    why: String,
}

impl From<Row> for Import {
    fn from(row: Row) -> Self {
        let refused = row.refused.into_iter();
        Self {
            id: row.id.to_string(),
            state: if row.finished_at.is_some() { "done" } else { "running" },
            lines: row.lines,
            lines_done: row.lines_done,
            created: row.created,
            updated: row.updated,
            refused_count: row.refused_count,
            refused: refused.map(|it| RefusedLine { line: it.line, field: it.field, why: it.why }).collect(),
            created_at: rfc3339(row.created_at),
            finished_at: row.finished_at.map(rfc3339),
        }
    }
}

/// Takes in contacts from a CSV file in UTF-8, 10 MB at the most, with the columns `phone`, `name`, `owner_email`,
/// `branch`, `tags`, `lead_reference`, `opt_in`, `opt_in_evidence`, `opt_in_at`; only `phone` is needed. Who is known
/// already is changed. More than 1,000 lines are taken in in the background: ask for the import by its id.
#[utoipa::path(
    post, operation_id = "import_contacts", path = "/api/v1/contacts/import", tag = "contacts",
    request_body(content = String, content_type = "text/csv"),
    responses(
        (status = 200, description = "It is through.", body = Import),
        (status = 202, description = "It is being taken in.", body = Import),
        (status = 401, body = ProblemBody),
        (status = 403, description = "`forbidden`: for who sees all branches", body = ProblemBody),
        (status = 413, description = "`body_too_large`", body = ProblemBody),
        (status = 422, description = "`invalid_file`", body = ProblemBody),
    )
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    signed_in: SignedIn,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Import>), Problem> {
    let scope = &signed_in.actor.scope;
    if scope.branches != Branches::All {
        return Err(Problem::new(
            Code::Forbidden,
            "A file may name customers of every branch: it is taken from who sees all of them.",
        ));
    }
    let file =
        body.map_err(|_| Problem::new(Code::BodyTooLarge, format!("A file may have {MAX_UPLOAD} bytes.")))?;
    let read = state.engine().read_contacts(scope, file.to_vec()).await?;
    let read =
        read.map_err(|why| Problem::new(Code::InvalidFile, format!("The file cannot be read: {why}.")))?;
    let import = state.engine().import_contacts(scope, &signed_in.author(&state), read).await?;
    let status = if import.finished_at.is_some() { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, Json(import.into())))
}

/// How far a file is.
#[utoipa::path(
    get, operation_id = "get_import", path = "/api/v1/contacts/imports/{id}", tag = "contacts",
    params(("id" = String, Path, description = "`imp_…`")),
    responses((status = 200, body = Import), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<ImportId>,
) -> Answer<Import> {
    let import = state.store().contacts().import(&signed_in.actor.scope, id).await?;
    Ok(Json(import.ok_or_else(Problem::not_found)?.into()))
}
