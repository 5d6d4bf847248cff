//! The event log: everything the outside may know that happened, in the order of commits. An entry is about a call, or
//! about a contact, a number or both; it is seen by whoever sees that.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, FromQueryResult, JoinType, QueryFilter,
    QueryOrder, QuerySelect, RelationTrait, Select,
};
use serde_json::Value;
use switchboard_core::access::{Branches, Scope};
use switchboard_core::ids::{CallId, ContactId, EventId, NumberId};
use switchboard_core::time::Timestamp;
use uuid::Uuid;

use crate::columns::{self, json, moment, text, timestamp};
use crate::db::Db;
use crate::entities::{call, call_event, contact, number};
use crate::error::{Failure, StoreError};
use crate::{MAX_PAGE, dialect, scope};

/// An entry of the log.
#[derive(Clone, PartialEq)]
pub struct LogEntry {
    /// Its id.
    pub id: EventId,
    /// The call it is about.
    pub call: Option<CallId>,
    /// The contact it is about.
    pub contact: Option<ContactId>,
    /// The number it is about; a call's entry names none.
    pub number: Option<NumberId>,
    /// Its place in the story of its call.
    pub seq: Option<i32>,
    /// When we knew it.
    pub at: Timestamp,
    /// What it was: `call.received`, `permission.granted` …
    pub kind: String,
    /// The rest.
    pub data: Value,
}

impl std::fmt::Debug for LogEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogEntry").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// An entry to be written beside the change it tells of. Nothing personal is in it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEntry {
    /// What it was.
    pub kind: &'static str,
    /// When.
    pub at: Timestamp,
    /// The rest.
    pub data: Value,
}

/// What an entry is about that is about no call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) contact: Option<Uuid>,
    pub(crate) number: Option<Uuid>,
}

/// Questions about the event log.
#[derive(Debug, Clone, Copy)]
pub struct Log<'s> {
    pub(crate) db: &'s Db,
}

impl Log<'_> {
    /// The event log of this scope in the order of commits, after one of its entries (or from the beginning).
    /// An entry is never inserted before one that was read already.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when `after` is no entry of this scope, or when the database fails.
    pub async fn after(
        &self,
        scope: &Scope,
        after: Option<EventId>,
        limit: u64,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let settled =
            dialect::is_settled(self.db.backend(), Expr::col((call_event::Entity, call_event::Column::Tx)));
        let mut query = seen_by(scope)
            .filter(settled)
            .order_by_asc(call_event::Column::Tx)
            .order_by_asc(call_event::Column::Position)
            .limit(limit.clamp(1, MAX_PAGE));
        if let Some(after) = after {
            let (tx, position) = self.place(scope, after).await?;
            let in_the_same_transaction = Condition::all()
                .add(call_event::Column::Tx.eq(tx))
                .add(call_event::Column::Position.gt(position));
            query = query
                .filter(Condition::any().add(call_event::Column::Tx.gt(tx)).add(in_the_same_transaction));
        }
        let seen = self.db.see(scope, "read the event log").await?;
        let rows = seen.read(query.into_model::<Row>().all(seen.connection())).await?;
        Ok(rows.into_iter().map(entry).collect())
    }

    /// What happened between a contact and a number, the newest first; [`MAX_PAGE`] entries whose kind begins so.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of_pair(
        &self,
        scope: &Scope,
        contact: ContactId,
        number: NumberId,
        kind_begins: &str,
        limit: u64,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let seen = self.db.see(scope, format!("read the history of {contact}")).await?;
        let rows = seen_by(scope)
            .filter(call_event::Column::ContactId.eq(contact.uuid()))
            .filter(call_event::Column::NumberId.eq(number.uuid()))
            .filter(call_event::Column::Kind.starts_with(kind_begins))
            .order_by_desc(call_event::Column::Position)
            .limit(limit.clamp(1, MAX_PAGE))
            .into_model::<Row>()
            .all(seen.connection());
        let rows = seen.read(rows).await?;
        Ok(rows.into_iter().map(entry).collect())
    }

    async fn place(&self, scope: &Scope, event: EventId) -> Result<(i64, i64), StoreError> {
        let doing = format!("look up {event}");
        let seen = self.db.see(scope, doing.clone()).await?;
        let row = seen_by(scope).filter(call_event::Column::Id.eq(event.uuid())).into_model::<Row>();
        let row = seen.read(row.one(seen.connection())).await?;
        row.map(|row| (row.tx, row.position)).ok_or(StoreError::NotFound { doing: doing.into() })
    }
}

/// Writes entries beside the change they tell of.
pub(crate) async fn append(
    transaction: &DatabaseTransaction,
    scope: &Scope,
    about: About,
    entries: Vec<NewEntry>,
) -> Result<(), Failure> {
    if entries.is_empty() {
        return Ok(());
    }
    let rows = entries.into_iter().map(|entry| call_event::ActiveModel {
        position: NotSet,
        tx: NotSet,
        id: Set(columns::fresh_uuid()),
        call_id: Set(None),
        seq: Set(0),
        at: Set(moment(entry.at)),
        kind: Set(text(entry.kind)),
        data: Set(json(&entry.data)),
        tenant_id: Set(Some(scope.tenant.uuid())),
        contact_id: Set(about.contact),
        number_id: Set(about.number),
    });
    call_event::Entity::insert_many(rows).exec_without_returning(transaction).await?;
    Ok(())
}

/// An entry of a call is seen by whoever sees the call; another by whoever sees the contact and the number it names.
fn seen_by(scope: &Scope) -> Select<call_event::Entity> {
    let of_a_call = Condition::all()
        .add(call_event::Column::CallId.is_not_null())
        .add(scope::within::<call::Entity>(scope));
    let mut of_others = Condition::all()
        .add(call_event::Column::CallId.is_null())
        .add(call_event::Column::TenantId.eq(scope.tenant.uuid()));
    if scope.branches != Branches::All {
        of_others = of_others
            .add(
                Condition::any()
                    .add(call_event::Column::ContactId.is_null())
                    .add(scope::within::<contact::Entity>(scope)),
            )
            .add(
                Condition::any()
                    .add(call_event::Column::NumberId.is_null())
                    .add(scope::within::<number::Entity>(scope)),
            );
    }
    call_event::Entity::find()
        .join(JoinType::LeftJoin, call_event::Relation::Call.def())
        .join(JoinType::LeftJoin, call_event::Relation::Contact.def())
        .join(JoinType::LeftJoin, call_event::Relation::Number.def())
        .filter(Condition::any().add(of_a_call).add(of_others))
}

#[derive(FromQueryResult)]
struct Row {
    position: i64,
    tx: i64,
    id: Uuid,
    call_id: Option<Uuid>,
    contact_id: Option<Uuid>,
    number_id: Option<Uuid>,
    seq: i32,
    at: sea_orm::prelude::DateTimeUtc,
    kind: String,
    data: Value,
}

fn entry(row: Row) -> LogEntry {
    LogEntry {
        id: EventId::from_uuid(row.id),
        call: row.call_id.map(CallId::from_uuid),
        contact: row.contact_id.map(ContactId::from_uuid),
        number: row.number_id.map(NumberId::from_uuid),
        seq: row.call_id.map(|_| row.seq),
        at: timestamp(row.at),
        kind: row.kind,
        data: row.data,
    }
}
