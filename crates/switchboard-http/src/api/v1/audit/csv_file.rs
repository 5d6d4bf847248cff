//! The audit log as a file, sent page by page: nobody waits for all of it and nothing holds all of it.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use http::header;
use serde_json::json;
use switchboard_core::access::Scope;
use switchboard_core::audit::{AuditKind, AuditWhat};
use switchboard_store::StoreError;
use switchboard_store::audit::{AuditCursor, AuditFilter, AuditSubject};

use super::{AuditEntry, AuditQuery, wanted};
use crate::auth::actor::SignedIn;
use crate::error::{Problem, ProblemBody};
use crate::input::Query;
use crate::pagination::MAX_LIMIT;
use crate::state::AppState;

/// Entries of one file; who needs more names a time.
const MAX_ENTRIES: u32 = 100_000;
/// The first line.
const COLUMNS: [&str; 10] =
    ["at", "by", "who", "who_id", "what", "subject", "subject_id", "subject_name", "address", "detail"];

/// The audit log as a file, newest first; 100,000 entries at the most. That it was exported is written into it first.
#[utoipa::path(
    get, operation_id = "export_audit", path = "/api/v1/audit.csv", tag = "audit", params(AuditQuery),
    responses(
        (status = 200, description = "CSV", body = String, content_type = "text/csv"),
        (status = 400, description = "`invalid_query`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
    )
)]
pub(crate) async fn export(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Query(query): Query<AuditQuery>,
) -> Result<Response, Problem> {
    let filter = wanted(&query)?;
    let scope = signed_in.actor.scope.clone();
    let subject = AuditSubject::new(AuditKind::Audit, scope.tenant);
    let detail = json!({
        "who": query.who, "what": query.what, "subject": query.subject, "from": query.from, "to": query.to,
    });
    let entry = signed_in.author(&state).did(AuditWhat::AuditExported, subject, detail);
    state.store().audit().write(&scope, entry).await?;
    let pages = stream::try_unfold(Place::begin(state, scope, filter), Place::next);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(pages)).into_response())
}

/// How far the file has been written.
struct Place {
    state: AppState,
    scope: Scope,
    filter: AuditFilter,
    after: Option<AuditCursor>,
    written: u32,
    is_over: bool,
}

impl Place {
    fn begin(state: AppState, scope: Scope, filter: AuditFilter) -> Self {
        Self { state, scope, filter, after: None, written: 0, is_over: false }
    }

    async fn next(mut self) -> Result<Option<(Bytes, Self)>, StoreError> {
        if self.is_over || self.written >= MAX_ENTRIES {
            return Ok(None);
        }
        let audit = self.state.store().audit();
        let page = audit.list(&self.scope, &self.filter, self.after, MAX_LIMIT.into()).await?;
        let mut lines = csv::Writer::from_writer(Vec::new());
        if self.written == 0 {
            write(&mut lines, COLUMNS.map(str::to_owned));
        }
        self.written += u32::try_from(page.items.len()).unwrap_or(u32::MAX);
        self.after = page.next;
        self.is_over = page.next.is_none();
        for row in page.items {
            write(&mut lines, line(row.into()));
        }
        let bytes = lines.into_inner().unwrap_or_default();
        Ok(Some((Bytes::from(bytes), self)))
    }
}

/// Into memory, where nothing can fail.
fn write(lines: &mut csv::Writer<Vec<u8>>, cells: [String; 10]) {
    if let Err(error) = lines.write_record(cells.iter().map(|cell| harmless(cell))) {
        tracing::error!(%error, "a line of the audit log could not be written; this is a bug");
    }
}

fn line(entry: AuditEntry) -> [String; 10] {
    let (name, id) = entry.who.or(entry.key).map(|who| (who.name, who.id)).unwrap_or_default();
    [
        entry.at,
        entry.by.to_owned(),
        name,
        id,
        entry.what.to_owned(),
        entry.subject.kind.to_owned(),
        entry.subject.id,
        entry.subject.name.unwrap_or_default(),
        entry.address.unwrap_or_default(),
        entry.detail.to_string(),
    ]
}

/// A cell that a table program would take for a formula (`=`, `+`, `-`, `@`) begins with a quote. Names come from
/// people, and who opens the file is an administrator.
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_a_formula() {
        assert_eq!(harmless("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(harmless("@SUM(1)"), "'@SUM(1)");
        assert_eq!(harmless("Ana"), "Ana");
    }
}
