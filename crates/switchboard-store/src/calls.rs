//! Calls: one row for the facts of now, and the story of how they came about.
//!
//! A row belongs to the node and start (`owner_node`, `owner_epoch`) whose task runs the call. Every change asks for
//! that owner in its WHERE, so that a node that was believed dead, or an older start of this one, changes nothing.

mod columns;
mod list;
mod row;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use switchboard_core::access::Scope;
use switchboard_core::ids::{CallId, EventId, NodeId, NumberId, ProviderCallId};

pub use list::{CallFilter, Cursor, NotACursor, Page};
pub use row::{CallRow, Caller, EventRow, OwnerFence};

use crate::db::{Db, Lane};
use crate::entities::{call, call_event};
use crate::error::{Doing, Failure, StoreError};
use crate::{MAX_PAGE, dialect, scope};

/// Live calls of one node, at the most: the numbers' limits (C8) end far below.
const MAX_LIVE_CALLS: u64 = 20_000;
/// Entries in the story of one call that are read; a call of hours with every agent rung stays below.
const MAX_EVENTS_OF_A_CALL: u64 = 5_000;

/// Questions about calls.
#[derive(Debug, Clone, Copy)]
pub struct Calls<'s> {
    pub(crate) db: &'s Db,
}

impl Calls<'_> {
    /// Keeps a call that just came in, with the beginning of its story, in one transaction.
    ///
    /// # Errors
    /// [`StoreError::AlreadyThere`] when this number knows the provider's call already, [`StoreError::OutOfScope`],
    /// [`StoreError::Dangling`] when the number or branch is not of this tenant, or when the database fails.
    pub async fn create(&self, scope: &Scope, call: &CallRow, events: &[EventRow]) -> Result<(), StoreError> {
        let doing = format!("create {}", call.id);
        scope::check(scope, call.tenant, call.branch, || doing.clone().into())?;
        let row = columns::to_columns(call);
        let events = story(call, events, &doing)?;
        self.db
            .write(Lane::Call(call.id), 1 + events.len(), doing, move |transaction| {
                Box::pin(async move {
                    call::Entity::insert(row).exec_without_returning(transaction).await?;
                    append(transaction, events).await
                })
            })
            .await
    }

    /// Writes the facts of a call and what was added to its story, in one transaction, if `fence` owns it still.
    /// The row's own `owner_node` and `owner_epoch` are written too: that is how a call is taken over.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when it is owned by somebody else or is not in this scope; nothing is written then.
    /// [`StoreError::AlreadyThere`] when an event with that `seq` exists; or when the database fails.
    pub async fn save(
        &self,
        scope: &Scope,
        call: &CallRow,
        events: &[EventRow],
        fence: OwnerFence,
    ) -> Result<(), StoreError> {
        let doing = format!("save {}", call.id);
        scope::check(scope, call.tenant, call.branch, || doing.clone().into())?;
        let events = story(call, events, &doing)?;
        let change = scope::update::<call::Entity>(scope)
            .set(columns::to_changed_columns(call))
            .filter(call::Column::Id.eq(call.id.uuid()))
            .filter(call::Column::OwnerNode.eq(fence.node.uuid()))
            .filter(call::Column::OwnerEpoch.eq(fence.epoch));
        let fenced = StoreError::Fenced { doing: doing.clone().into() };
        self.db
            .write(Lane::Call(call.id), 1 + events.len(), doing, move |transaction| {
                Box::pin(async move {
                    if change.exec(transaction).await?.rows_affected == 0 {
                        return Err(fenced.into());
                    }
                    append(transaction, events).await
                })
            })
            .await
    }

    /// One call of this scope.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_id(&self, scope: &Scope, id: CallId) -> Result<Option<CallRow>, StoreError> {
        let row =
            scope::find::<call::Entity>(scope).filter(call::Column::Id.eq(id.uuid())).one(self.db.reader());
        self.db.read(format!("look up {id}"), row).await?.map(columns::from_columns).transpose()
    }

    /// The call the provider speaks of.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_provider_call(
        &self,
        scope: &Scope,
        number: NumberId,
        provider_call: &ProviderCallId,
    ) -> Result<Option<CallRow>, StoreError> {
        let row = scope::find::<call::Entity>(scope)
            .filter(call::Column::NumberId.eq(number.uuid()))
            .filter(call::Column::ProviderCallId.eq(provider_call.as_str()))
            .one(self.db.reader());
        self.db.read("look up a call by the provider's id", row).await?.map(columns::from_columns).transpose()
    }

    /// The calls of this node that are not over, of all tenants, oldest first. The exchange asks after a restart.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn live_of_node(&self, node: NodeId) -> Result<Vec<CallRow>, StoreError> {
        let rows = call::Entity::find()
            .filter(call::Column::OwnerNode.eq(node.uuid()))
            .filter(call::Column::Outcome.is_null())
            .order_by_asc(call::Column::CreatedAt)
            .order_by_asc(call::Column::Id)
            .limit(MAX_LIVE_CALLS)
            .all(self.db.reader());
        let rows = self.db.read(format!("list the live calls of {node}"), rows).await?;
        rows.into_iter().map(columns::from_columns).collect()
    }

    /// A page of the calls of this scope, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        &self,
        scope: &Scope,
        filter: &CallFilter,
        after: Option<Cursor>,
        limit: u64,
    ) -> Result<Page<CallRow>, StoreError> {
        let limit = limit.clamp(1, MAX_PAGE);
        let rows = list::query(scope, filter, after).limit(limit + 1).all(self.db.reader());
        let rows = self.db.read("list calls", rows).await?;
        list::page(rows, limit)
    }

    /// The story of a call, from its beginning.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn events_of(&self, scope: &Scope, call: CallId) -> Result<Vec<EventRow>, StoreError> {
        let rows = log(scope)
            .filter(call_event::Column::CallId.eq(call.uuid()))
            .order_by_asc(call_event::Column::Seq)
            .limit(MAX_EVENTS_OF_A_CALL)
            .into_model::<call_event::WithCall>()
            .all(self.db.reader());
        let rows = self.db.read(format!("read the story of {call}"), rows).await?;
        Ok(rows.into_iter().map(columns::event_of_call).collect())
    }

    /// The event log of this scope in the order of commits, after one of its entries (or from the beginning).
    /// An entry is never inserted before one that was read already.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when `after` is no entry of this scope, or when the database fails.
    pub async fn events_after(
        &self,
        scope: &Scope,
        after: Option<EventId>,
        limit: u64,
    ) -> Result<Vec<EventRow>, StoreError> {
        const DOING: &str = "read the event log";
        let mut query = log(scope)
            .filter(dialect::is_settled(
                self.db.backend(),
                Expr::col((call_event::Entity, call_event::Column::Tx)),
            ))
            .order_by_asc(call_event::Column::Tx)
            .order_by_asc(call_event::Column::Position)
            .limit(limit.clamp(1, MAX_PAGE));
        if let Some(after) = after {
            let (tx, position) = self.place_in_log(scope, after).await?;
            let in_the_same_transaction = Condition::all()
                .add(call_event::Column::Tx.eq(tx))
                .add(call_event::Column::Position.gt(position));
            query = query
                .filter(Condition::any().add(call_event::Column::Tx.gt(tx)).add(in_the_same_transaction));
        }
        let rows = query.into_model::<call_event::WithCall>().all(self.db.reader());
        let rows = self.db.read(DOING, rows).await?;
        Ok(rows.into_iter().map(columns::event_of_call).collect())
    }

    async fn place_in_log(&self, scope: &Scope, event: EventId) -> Result<(i64, i64), StoreError> {
        let row = log(scope)
            .filter(call_event::Column::Id.eq(event.uuid()))
            .into_model::<call_event::WithCall>()
            .one(self.db.reader());
        let doing = format!("look up {event}");
        let row = self.db.read(doing.clone(), row).await?;
        row.map(|event| (event.tx, event.position)).ok_or(StoreError::NotFound { doing: doing.into() })
    }
}

/// The event log of this scope: an entry is seen by whoever sees its call.
fn log(scope: &Scope) -> Select<call_event::Entity> {
    call_event::Entity::find()
        .inner_join(call::Entity)
        .filter(scope::within::<call::Entity>(scope))
        .column(call::Column::TenantId)
        .column(call::Column::BranchId)
}

/// The events as rows; all of them must be about this call.
fn story(
    call: &CallRow,
    events: &[EventRow],
    doing: &str,
) -> Result<Vec<call_event::ActiveModel>, StoreError> {
    if events.iter().any(|event| event.call != call.id || event.tenant != call.tenant) {
        return Err(StoreError::Dangling { doing: Doing::from(doing.to_owned()) });
    }
    Ok(events.iter().map(columns::event_to_columns).collect())
}

async fn append(
    transaction: &DatabaseTransaction,
    events: Vec<call_event::ActiveModel>,
) -> Result<(), Failure> {
    if !events.is_empty() {
        call_event::Entity::insert_many(events).exec_without_returning(transaction).await?;
    }
    Ok(())
}
