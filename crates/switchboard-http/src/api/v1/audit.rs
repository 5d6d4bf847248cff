//! The audit log: a page of it, or all of it as a file.

mod csv_file;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use switchboard_core::audit::AuditWhat;
use switchboard_core::ids::{ApiKeyId, UserId};
use switchboard_engine::clock;
use switchboard_store::audit::{AuditBy, AuditCursor, AuditFilter, AuditRow};
use utoipa::{IntoParams, ToSchema};

pub(crate) use csv_file::{__path_export, export};

use crate::auth::actor::SignedIn;
use crate::error::{Answer, Code, Problem, ProblemBody};
use crate::input::Query;
use crate::pagination;
use crate::state::AppState;

/// An id is not longer.
const MAX_SUBJECT_CHARS: usize = 100;

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// 1 to 200; 50 when left out. A file has all of them.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// `user_…` or `key_…`
    who: Option<String>,
    /// One or more words, with commas: `recording.listened`, `user.changed` …
    #[param(example = "recording.listened,recording.downloaded")]
    what: Option<String>,
    /// What it was done to: `rec_…`, `user_…`
    subject: Option<String>,
    /// Not before (RFC 3339).
    from: Option<String>,
    /// Before (RFC 3339).
    to: Option<String>,
}

/// Somebody or something with a name.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditName {
    /// `user_…`, `key_…`
    id: String,
    /// The name of that moment.
    name: String,
}

/// What it was done to.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditSubject {
    /// `user`, `recording`, `number` …
    kind: &'static str,
    /// Its id.
    id: String,
    /// The name of that moment.
    name: Option<String>,
}

/// Something that was done.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditEntry {
    /// `aud_…`
    id: String,
    /// When.
    at: String,
    /// `person`, `key`, `command_line`, `exchange`, `nobody`.
    by: &'static str,
    /// The person; null when it was none.
    who: Option<AuditName>,
    /// The API key; null when it was none.
    key: Option<AuditName>,
    /// `recording.listened`, `user.changed` …
    what: &'static str,
    /// To what.
    subject: AuditSubject,
    /// What belongs to it.
    detail: serde_json::Value,
    /// From which network address.
    address: Option<String>,
}

/// A page of the audit log.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditPage {
    /// Newest first.
    items: Vec<AuditEntry>,
    /// For the next page; none: this was the last.
    next_cursor: Option<String>,
}

/// What was done, newest first.
#[utoipa::path(
    get, operation_id = "list_audit", path = "/api/v1/audit", tag = "audit", params(AuditQuery),
    responses(
        (status = 200, body = AuditPage),
        (status = 400, description = "`invalid_query`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
    )
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Query(query): Query<AuditQuery>,
) -> Answer<AuditPage> {
    let limit = pagination::limit(query.limit)?;
    let cursor = query.cursor.as_deref().map(pagination::decode::<AuditCursor>).transpose()?;
    let filter = wanted(&query)?;
    let page = state.store().audit().list(&signed_in.actor.scope, &filter, cursor, limit.into()).await?;
    let items = page.items.into_iter().map(AuditEntry::from).collect();
    Ok(Json(AuditPage { items, next_cursor: page.next.as_ref().map(pagination::encode) }))
}

fn wanted(query: &AuditQuery) -> Result<AuditFilter, Problem> {
    let who = query.who.as_deref();
    let person: Option<UserId> = who.and_then(|id| id.parse().ok());
    let key: Option<ApiKeyId> = who.and_then(|id| id.parse().ok());
    if who.is_some() && person.is_none() && key.is_none() {
        return Err(invalid("who"));
    }
    if query.subject.as_ref().is_some_and(|id| id.len() > MAX_SUBJECT_CHARS) {
        return Err(invalid("subject"));
    }
    Ok(AuditFilter {
        person,
        key,
        what: query
            .what
            .iter()
            .flat_map(|words| words.split(','))
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .map(|word| AuditWhat::from_word(word).ok_or_else(|| invalid("what")))
            .collect::<Result<_, _>>()?,
        subject: query.subject.clone(),
        from: query.from.as_deref().map(|text| pagination::moment("from", text)).transpose()?,
        to: query.to.as_deref().map(|text| pagination::moment("to", text)).transpose()?,
    })
}

fn invalid(name: &'static str) -> Problem {
    Problem::new(Code::InvalidQuery, format!("{name} has a value that does not exist.")).with("path", name)
}

impl From<AuditRow> for AuditEntry {
    fn from(row: AuditRow) -> Self {
        let entry = row.entry;
        let (by, who, key) = match entry.who {
            AuditBy::Person { id, name } => ("person", Some(AuditName { id: id.to_string(), name }), None),
            AuditBy::Key { id, name } => ("key", None, Some(AuditName { id: id.to_string(), name })),
            AuditBy::CommandLine => ("command_line", None, None),
            AuditBy::Exchange => ("exchange", None, None),
            AuditBy::Nobody => ("nobody", None, None),
        };
        Self {
            id: row.id.to_string(),
            at: clock::rfc3339(entry.at),
            by,
            who,
            key,
            what: entry.what.as_str(),
            subject: AuditSubject {
                kind: entry.subject.kind.as_str(),
                id: entry.subject.id,
                name: entry.subject.name,
            },
            detail: entry.detail,
            address: entry.address.map(|address| address.to_string()),
        }
    }
}
