//! Calls: one row for the facts of now, and the story of how they came about.
//!
//! A row belongs to the node and start (`owner_node`, `owner_epoch`) whose task runs the call. Every change asks for
//! that owner in its WHERE, so that a node that was believed dead, or an older start of this one, changes nothing.

mod columns;
mod finished;
mod list;
mod row;
mod to_count;

use std::collections::{BTreeSet, HashMap};

use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use switchboard_core::access::Scope;
use switchboard_core::ids::{CallId, NodeId, NumberId, ProviderCallId};
use switchboard_core::phone::PhoneNumber;

pub use list::{CallCursor, CallFilter, Customer, Page};
pub use row::{CallRow, CallSdp, Caller, EventRow, OwnerFence};
pub use to_count::ToCount;
pub(crate) use to_count::to_count;

use crate::audit::{self, AuditEntry};
use crate::db::{Db, Lane, Sight};
use crate::entities::{call, call_event};
use crate::error::{Doing, Failure, StoreError};
use crate::jobs::{NewJob, Owed, owe};
use crate::{MAX_PAGE, scope};
use finished::Finished;

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
        self.create_owing(scope, call, events, Vec::new()).await
    }

    /// The same, with what the audit log keeps of it.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub async fn create_audited(
        &self,
        scope: &Scope,
        call: &CallRow,
        events: &[EventRow],
        entries: Vec<AuditEntry>,
    ) -> Result<(), StoreError> {
        let doing = format!("create {}", call.id);
        scope::check(scope, call.tenant, call.branch, || doing.clone().into())?;
        let row = columns::to_columns(call, self.db.keys());
        let events = story(call, events, &doing)?;
        let entries: Vec<_> = entries.into_iter().map(|entry| audit::row(scope, entry)).collect();
        let rows = 1 + events.len() + entries.len();
        self.db
            .write(Lane::Call(call.id), scope, rows, doing, move |transaction| {
                Box::pin(async move {
                    call::Entity::insert(row).exec_without_returning(transaction).await?;
                    append(transaction, events).await?;
                    for entry in entries {
                        audit::append(transaction, Some(entry)).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// The same, with what is owed for it.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub async fn create_owing(
        &self,
        scope: &Scope,
        call: &CallRow,
        events: &[EventRow],
        owed: Vec<NewJob>,
    ) -> Result<(), StoreError> {
        let doing = format!("create {}", call.id);
        scope::check(scope, call.tenant, call.branch, || doing.clone().into())?;
        let row = columns::to_columns(call, self.db.keys());
        let events = story(call, events, &doing)?;
        let finished = Finished::of(call);
        let owed = Owed::new(of_the_tenant(scope, owed, &doing)?, self.db.keys());
        self.db
            .write(Lane::Call(call.id), scope, 3 + events.len() + owed.len(), doing, move |transaction| {
                Box::pin(async move {
                    call::Entity::insert(row).exec_without_returning(transaction).await?;
                    if let Some(finished) = finished {
                        finished.enter(transaction).await?;
                    }
                    append(transaction, events).await?;
                    owe(transaction, owed).await
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
        self.save_owing(scope, call, events, Vec::new(), fence).await
    }

    /// The same, with what is owed for the change.
    ///
    /// # Errors
    /// As [`save`](Self::save).
    pub async fn save_owing(
        &self,
        scope: &Scope,
        call: &CallRow,
        events: &[EventRow],
        owed: Vec<NewJob>,
        fence: OwnerFence,
    ) -> Result<(), StoreError> {
        self.save_changes(scope, None, call, events, owed, fence).await
    }

    /// The same of a call that was written as `before`, by whoever owns it: what is as it was is not written again. A
    /// call is written several times in its life, and many of its columns stand in an index.
    ///
    /// # Errors
    /// As [`save`](Self::save).
    pub async fn save_changes(
        &self,
        scope: &Scope,
        before: Option<&CallRow>,
        call: &CallRow,
        events: &[EventRow],
        owed: Vec<NewJob>,
        fence: OwnerFence,
    ) -> Result<(), StoreError> {
        let doing = format!("save {}", call.id);
        scope::check(scope, call.tenant, call.branch, || doing.clone().into())?;
        let events = story(call, events, &doing)?;
        let change = scope::update::<call::Entity>(scope)
            .set(columns::to_changed_columns(call, before, self.db.keys()))
            .filter(call::Column::Id.eq(call.id.uuid()))
            .filter(call::Column::OwnerNode.eq(fence.node.uuid()))
            .filter(call::Column::OwnerEpoch.eq(fence.epoch));
        let fenced = StoreError::Fenced { doing: doing.clone().into() };
        let finished = Finished::of(call);
        let (id, counts) = (call.id, call.facts.rang_in_vain().is_some());
        let owed = Owed::new(of_the_tenant(scope, owed, &doing)?, self.db.keys());
        self.db
            .write(Lane::Call(call.id), scope, 3 + events.len() + owed.len(), doing, move |transaction| {
                Box::pin(async move {
                    let finished = match finished {
                        Some(finished) if finished.is_news(transaction).await? => Some(finished),
                        Some(_) | None => None,
                    };
                    let counts_anew = to_count::counts_anew(transaction, id, counts).await?;
                    if change.exec(transaction).await?.rows_affected == 0 {
                        return Err(fenced.into());
                    }
                    if let Some(finished) = finished {
                        finished.enter(transaction).await?;
                    }
                    if counts_anew {
                        to_count::count_again(transaction, id).await?;
                    }
                    append(transaction, events).await?;
                    owe(transaction, owed).await
                })
            })
            .await
    }

    /// One call of this scope.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_id(&self, scope: &Scope, id: CallId) -> Result<Option<CallRow>, StoreError> {
        let seen = self.db.see(scope, format!("look up {id}")).await?;
        let row =
            scope::find::<call::Entity>(scope).filter(call::Column::Id.eq(id.uuid())).one(seen.connection());
        seen.read(row).await?.map(columns::from_columns).transpose()
    }

    /// What both sides offered and answered. It is sealed, and read by nobody in passing: a value that does not open
    /// harms neither the lists nor the end of its call.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] when a value was changed or its key is gone, or when the database fails.
    pub async fn sdp_of(&self, scope: &Scope, id: CallId) -> Result<Option<CallSdp>, StoreError> {
        let seen = self.db.see(scope, format!("look up the SDP of {id}")).await?;
        let row =
            scope::find::<call::Entity>(scope).filter(call::Column::Id.eq(id.uuid())).one(seen.connection());
        seen.read(row).await?.map(|row| columns::sdp(&row, self.db.keys())).transpose()
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
        let seen = self.db.see(scope, "look up a call by the provider's id").await?;
        let row = scope::find::<call::Entity>(scope)
            .filter(call::Column::NumberId.eq(number.uuid()))
            .filter(call::Column::ProviderCallId.eq(provider_call.as_str()))
            .one(seen.connection());
        seen.read(row).await?.map(columns::from_columns).transpose()
    }

    /// The call that was placed with this key.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_idempotency_key(&self, scope: &Scope, key: &str) -> Result<Option<CallRow>, StoreError> {
        let seen = self.db.see(scope, "look up a call by its idempotency key").await?;
        let row = scope::find::<call::Entity>(scope)
            .filter(call::Column::IdempotencyKey.eq(key))
            .one(seen.connection());
        seen.read(row).await?.map(columns::from_columns).transpose()
    }

    /// The calls of this node that are not over, of all tenants, oldest first. The exchange asks after a restart.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn live_of_node(&self, node: NodeId) -> Result<Vec<CallRow>, StoreError> {
        let seen = self.db.see(Sight::Installation, format!("list the live calls of {node}")).await?;
        let rows = call::Entity::find()
            .filter(call::Column::OwnerNode.eq(node.uuid()))
            .filter(call::Column::Outcome.is_null())
            .order_by_asc(call::Column::CreatedAt)
            .order_by_asc(call::Column::Id)
            .limit(MAX_LIVE_CALLS)
            .all(seen.connection());
        let rows = seen.read(rows).await?;
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
        after: Option<CallCursor>,
        limit: u64,
    ) -> Result<Page<CallRow>, StoreError> {
        let limit = limit.clamp(1, MAX_PAGE);
        let seen = self.db.see(scope, "list calls").await?;
        let rows = list::query(scope, filter, after).limit(limit + 1).all(seen.connection());
        let rows = seen.read(rows).await?;
        list::page(rows, limit)
    }

    /// The story of a call, from its beginning.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn events_of(&self, scope: &Scope, call: CallId) -> Result<Vec<EventRow>, StoreError> {
        let seen = self.db.see(scope, format!("read the story of {call}")).await?;
        let rows = stories(scope)
            .filter(call_event::Column::CallId.eq(call.uuid()))
            .order_by_asc(call_event::Column::Seq)
            .limit(MAX_EVENTS_OF_A_CALL)
            .into_model::<call_event::WithCall>()
            .all(seen.connection());
        let rows = seen.read(rows).await?;
        Ok(rows.into_iter().map(columns::event_of_call).collect())
    }

    /// The numbers of these calls' customers, where they are known; [`MAX_PAGE`] calls at the most.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn callers(
        &self,
        scope: &Scope,
        calls: &BTreeSet<CallId>,
    ) -> Result<HashMap<CallId, PhoneNumber>, StoreError> {
        let seen = self.db.see(scope, "look up callers").await?;
        let rows = scope::find::<call::Entity>(scope)
            .select_only()
            .column(call::Column::Id)
            .column(call::Column::CallerPhone)
            .filter(call::Column::Id.is_in(calls.iter().take(MAX_PAGE as usize).map(|id| id.uuid())))
            .filter(call::Column::CallerPhone.is_not_null())
            .order_by_asc(call::Column::Id)
            .limit(MAX_PAGE)
            .into_tuple::<(uuid::Uuid, String)>()
            .all(seen.connection());
        let rows = seen.read(rows).await?.into_iter();
        Ok(rows.filter_map(|(id, phone)| Some((CallId::from_uuid(id), phone.parse().ok()?))).collect())
    }
}

/// A row in our types.
pub(crate) fn read(row: call::Model) -> Result<CallRow, StoreError> {
    columns::from_columns(row)
}

/// The stories of this scope's calls: an entry is seen by whoever sees its call.
fn stories(scope: &Scope) -> Select<call_event::Entity> {
    call_event::Entity::find()
        .inner_join(call::Entity)
        .filter(scope::within::<call::Entity>(scope))
        .select_only()
        .columns([
            call_event::Column::Id,
            call_event::Column::CallId,
            call_event::Column::Seq,
            call_event::Column::At,
            call_event::Column::Kind,
            call_event::Column::Data,
        ])
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

/// What a call owes is owed for its tenant.
fn of_the_tenant(scope: &Scope, owed: Vec<NewJob>, doing: &str) -> Result<Vec<NewJob>, StoreError> {
    if owed.iter().all(|job| job.tenant == Some(scope.tenant)) {
        return Ok(owed);
    }
    Err(StoreError::OutOfScope { doing: Doing::from(doing.to_owned()) })
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
