//! Who did what (I6). Entries are added, never changed and never removed; each keeps the names of its moment.
//!
//! A change and its entry belong into one transaction: a function of this crate that changes something takes the
//! [`AuditEntry`] and calls `append` beside its own statements. [`Audit::write`] is for what changes no row
//! (a recording listened to, a list exported).

use std::fmt;
use std::net::IpAddr;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde_json::Value;
use switchboard_core::access::{Branches, Scope};
use switchboard_core::audit::{AuditActor, AuditKind, AuditWhat};
use switchboard_core::ids::{ApiKeyId, AuditId, TenantId, UserId};
use switchboard_core::time::Timestamp;

use crate::MAX_PAGE;
use crate::columns::{self, Cell, moment, timestamp};
use crate::cursor::Cursor;
use crate::db::{Db, Lane};
use crate::entities::audit_entry;
use crate::error::{Failure, StoreError};
use crate::scope;

/// Bytes of an entry's detail, written out; a longer one is replaced by a word saying so.
const MAX_DETAIL_BYTES: usize = 8 * 1_024;

/// Who did it, with the name of that moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditBy {
    /// A person who was signed in.
    Person {
        /// Who.
        id: UserId,
        /// The name then.
        name: String,
    },
    /// A program with an API key.
    Key {
        /// Which.
        id: ApiKeyId,
        /// The name then.
        name: String,
    },
    /// Whoever sits at the machine, by the command line on the database.
    CommandLine,
    /// The exchange itself.
    Exchange,
    /// Nobody who is known: a sign-in that failed.
    Nobody,
}

/// What it was done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditSubject {
    /// Which kind of thing.
    pub kind: AuditKind,
    /// Its id as it is written outside: `user_…`, `rec_…`.
    pub id: String,
    /// What it was called then. Never a customer's name or number.
    pub name: Option<String>,
}

impl AuditSubject {
    /// Something with an id and no name worth keeping.
    #[must_use]
    pub fn new(kind: AuditKind, id: impl fmt::Display) -> Self {
        Self { kind, id: id.to_string(), name: None }
    }

    /// The same with its name.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..self }
    }
}

/// Who changes something, from where and when: with it a function writes the entry of what it changed.
#[derive(Clone, PartialEq)]
pub struct Author {
    /// Who.
    pub who: AuditBy,
    /// From which network address.
    pub address: Option<IpAddr>,
    /// When.
    pub at: Timestamp,
}

impl fmt::Debug for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Author").field("at", &self.at).finish_non_exhaustive()
    }
}

impl Author {
    /// The exchange itself: the first start, a seed, a test.
    #[must_use]
    pub const fn exchange(at: Timestamp) -> Self {
        Self { who: AuditBy::Exchange, address: None, at }
    }

    /// What he did.
    #[must_use]
    pub fn did(&self, what: AuditWhat, subject: AuditSubject, detail: Value) -> AuditEntry {
        AuditEntry { who: self.who.clone(), what, subject, detail, address: self.address, at: self.at }
    }
}

/// Something that was done, to be written down.
#[derive(Clone, PartialEq)]
pub struct AuditEntry {
    /// Who did it.
    pub who: AuditBy,
    /// What was done.
    pub what: AuditWhat,
    /// To what.
    pub subject: AuditSubject,
    /// What belongs to it, `{}` when nothing does. No secrets.
    pub detail: Value,
    /// From which network address.
    pub address: Option<IpAddr>,
    /// When.
    pub at: Timestamp,
}

impl fmt::Debug for AuditEntry {
    /// No names, addresses or details.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditEntry")
            .field("what", &self.what)
            .field("subject", &self.subject.kind)
            .finish_non_exhaustive()
    }
}

/// Something that was done, as it was written down.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRow {
    /// Its id.
    pub id: AuditId,
    /// The business.
    pub tenant: TenantId,
    /// What was written.
    pub entry: AuditEntry,
}

/// Which entries. Empty = all.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Of this person.
    pub person: Option<UserId>,
    /// Of this key.
    pub key: Option<ApiKeyId>,
    /// Any of these.
    pub what: Vec<AuditWhat>,
    /// To this thing, by its id.
    pub subject: Option<String>,
    /// At this moment or later.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
}

/// Where a page of entries of the audit log ended.
pub type AuditCursor = Cursor<AuditId>;

/// Some entries, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditPage {
    /// The entries.
    pub items: Vec<AuditRow>,
    /// Where the next page begins; none on the last.
    pub next: Option<AuditCursor>,
}

/// Questions about the audit log.
#[derive(Debug, Clone, Copy)]
pub struct Audit<'s> {
    pub(crate) db: &'s Db,
}

impl Audit<'_> {
    /// Writes down what changed no row. What changes one writes its entry in the same transaction.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn write(&self, scope: &Scope, entry: AuditEntry) -> Result<(), StoreError> {
        let row = row(scope, entry);
        self.db
            .write(Lane::Settings, scope, 1, "write into the audit log", move |transaction| {
                Box::pin(async move { append(transaction, Some(row)).await })
            })
            .await
    }

    /// A page of what was done in the tenant of this scope, newest first. Only for a scope that reaches all of it.
    ///
    /// # Errors
    /// [`StoreError::OutOfScope`], or when the database fails.
    pub async fn list(
        &self,
        scope: &Scope,
        filter: &AuditFilter,
        after: Option<AuditCursor>,
        limit: u64,
    ) -> Result<AuditPage, StoreError> {
        const DOING: &str = "read the audit log";
        if scope.branches != Branches::All {
            return Err(StoreError::OutOfScope { doing: DOING.into() });
        }
        let limit = limit.clamp(1, MAX_PAGE);
        let seen = self.db.see(scope, DOING).await?;
        let rows = scope::find::<audit_entry::Entity>(scope)
            .filter(conditions(filter, after))
            .order_by_desc(audit_entry::Column::At)
            .order_by_desc(audit_entry::Column::Id)
            .limit(limit + 1)
            .all(seen.connection());
        let mut rows = seen.read(rows).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let items = rows.into_iter().map(from_columns).collect::<Result<Vec<_>, _>>()?;
        let last = items.last().filter(|_| more);
        let next = last.map(|row| AuditCursor { at: row.entry.at, id: row.id });
        Ok(AuditPage { items, next })
    }
}

/// The row of an entry, for [`append`].
pub(crate) fn row(scope: &Scope, entry: AuditEntry) -> audit_entry::ActiveModel {
    let (actor, id, name) = match entry.who {
        AuditBy::Person { id, name } => (AuditActor::Person, Some(id.uuid()), Some(name)),
        AuditBy::Key { id, name } => (AuditActor::Key, Some(id.uuid()), Some(name)),
        AuditBy::CommandLine => (AuditActor::CommandLine, None, None),
        AuditBy::Exchange => (AuditActor::Exchange, None, None),
        AuditBy::Nobody => (AuditActor::Nobody, None, None),
    };
    audit_entry::ActiveModel {
        id: Set(columns::fresh_uuid()),
        tenant_id: Set(scope.tenant.uuid()),
        at: Set(moment(entry.at)),
        actor: Set(actor.as_str().to_owned()),
        actor_id: Set(id),
        actor_name: Set(name.as_deref().map(columns::text)),
        what: Set(entry.what.as_str().to_owned()),
        subject_kind: Set(entry.subject.kind.as_str().to_owned()),
        subject_id: Set(columns::text(&entry.subject.id)),
        subject_name: Set(entry.subject.name.as_deref().map(columns::text)),
        detail: Set(bounded(&entry.detail)),
        address: Set(entry.address.map(|address| address.to_string())),
    }
}

/// Writes the entry beside the change it tells of: both are committed, or neither is.
pub(crate) async fn append(
    transaction: &DatabaseTransaction,
    row: Option<audit_entry::ActiveModel>,
) -> Result<(), Failure> {
    if let Some(row) = row {
        audit_entry::Entity::insert(row).exec_without_returning(transaction).await?;
    }
    Ok(())
}

fn conditions(filter: &AuditFilter, after: Option<AuditCursor>) -> Condition {
    let actor = |kind: AuditActor, id| {
        Condition::all()
            .add(audit_entry::Column::Actor.eq(kind.as_str()))
            .add(audit_entry::Column::ActorId.eq(id))
    };
    let after = after.map(|AuditCursor { at, id }| {
        let at = moment(at);
        let same_moment =
            Condition::all().add(audit_entry::Column::At.eq(at)).add(audit_entry::Column::Id.lt(id.uuid()));
        Condition::any().add(audit_entry::Column::At.lt(at)).add(same_moment)
    });
    let what = filter.what.iter().map(|what| what.as_str());
    Condition::all()
        .add_option(filter.person.map(|id| actor(AuditActor::Person, id.uuid())))
        .add_option(filter.key.map(|id| actor(AuditActor::Key, id.uuid())))
        .add_option((!filter.what.is_empty()).then(|| audit_entry::Column::What.is_in(what)))
        .add_option(filter.subject.as_deref().map(|id| audit_entry::Column::SubjectId.eq(columns::text(id))))
        .add_option(filter.from.map(|from| audit_entry::Column::At.gte(moment(from))))
        .add_option(filter.to.map(|to| audit_entry::Column::At.lt(moment(to))))
        .add_option(after)
}

fn from_columns(row: audit_entry::Model) -> Result<AuditRow, StoreError> {
    let cell = |column| Cell { table: "audit_entries", column, id: row.id };
    let name = row.actor_name.clone().unwrap_or_default();
    let id = || row.actor_id.ok_or_else(|| cell("actor_id").unreadable("missing"));
    let who = match cell("actor").word(&row.actor, AuditActor::from_word)? {
        AuditActor::Person => AuditBy::Person { id: UserId::from_uuid(id()?), name },
        AuditActor::Key => AuditBy::Key { id: ApiKeyId::from_uuid(id()?), name },
        AuditActor::CommandLine => AuditBy::CommandLine,
        AuditActor::Exchange => AuditBy::Exchange,
        AuditActor::Nobody => AuditBy::Nobody,
    };
    let entry = AuditEntry {
        who,
        what: cell("what").word(&row.what, AuditWhat::from_word)?,
        subject: AuditSubject {
            kind: cell("subject_kind").word(&row.subject_kind, AuditKind::from_word)?,
            id: row.subject_id.clone(),
            name: row.subject_name.clone(),
        },
        detail: row.detail.clone(),
        address: row.address.as_deref().and_then(|address| address.parse().ok()),
        at: timestamp(row.at),
    };
    Ok(AuditRow { id: AuditId::from_uuid(row.id), tenant: TenantId::from_uuid(row.tenant_id), entry })
}

fn bounded(detail: &Value) -> Value {
    let detail = columns::json(detail);
    if detail.to_string().len() <= MAX_DETAIL_BYTES { detail } else { serde_json::json!({"too_long": true}) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cursor::NotACursor;

    #[test]
    fn a_cursor_reads_back_and_nonsense_is_refused() {
        let cursor =
            AuditCursor { at: Timestamp::from_micros(-5), id: AuditId::from_uuid(uuid::Uuid::from_u128(7)) };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        assert_eq!("12".parse::<AuditCursor>(), Err(NotACursor));
        assert_eq!("5~call_1".parse::<AuditCursor>(), Err(NotACursor));
    }

    #[test]
    fn an_endless_detail_is_not_kept() {
        assert_eq!(bounded(&serde_json::json!({"a": 1})), serde_json::json!({"a": 1}));
        assert_eq!(
            bounded(&serde_json::json!({"a": "x".repeat(MAX_DETAIL_BYTES)})),
            serde_json::json!({"too_long": true})
        );
    }
}
