//! Callers a business does not want: by number or by the provider's id, on one number or on all, for a time or for ever.

use std::net::IpAddr;

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde_json::json;
use switchboard_core::access::{Branches, Scope};
use switchboard_core::admission::Block;
use switchboard_core::audit::{AuditKind, AuditWhat};
use switchboard_core::ids::{BlockId, NumberId, TenantId};
use switchboard_core::phone::PhoneNumber;
use switchboard_core::time::Timestamp;

use crate::audit::{self, AuditBy, AuditEntry, AuditSubject};
use crate::columns::{self, Cell, moment, timestamp};
use crate::db::{Db, Lane, Sight};
use crate::entities::{blocked_caller, number};
use crate::error::{Failure, StoreError};
use crate::{MAX_PAGE, scope};

/// Entries of one business, at the most: all of them are kept in memory.
pub const MAX_BLOCKS: u64 = 10_000;
/// Entries of one installation, at the most.
const MAX_BLOCKS_TOGETHER: u64 = 1_000_000;

/// An entry of the block list.
#[derive(Clone, PartialEq, Eq)]
pub struct BlockedCaller {
    /// Its id.
    pub id: BlockId,
    /// The business.
    pub tenant: TenantId,
    /// Who is meant, where and until when.
    pub block: Block,
    /// What the caller was called when he was blocked.
    pub caller_name: Option<String>,
    /// Why.
    pub reason: String,
    /// `user_…` or `key_…`.
    pub created_by: String,
    /// The name of who blocked.
    pub created_by_name: String,
    /// When.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for BlockedCaller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlockedCaller")
            .field("id", &self.id)
            .field("block", &self.block)
            .finish_non_exhaustive()
    }
}

/// An entry to be made.
#[derive(Clone)]
pub struct NewBlock {
    /// Who is meant, where and until when.
    pub block: Block,
    /// What the caller is called.
    pub caller_name: Option<String>,
    /// Why.
    pub reason: String,
    /// Who blocks.
    pub who: AuditBy,
    /// From which network address.
    pub address: Option<IpAddr>,
    /// Now.
    pub at: Timestamp,
}

impl std::fmt::Debug for NewBlock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewBlock").field("block", &self.block).finish_non_exhaustive()
    }
}

/// What became of an entry that was to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blocked {
    /// It is there.
    Made(BlockedCaller),
    /// The caller was blocked before, at least as widely.
    Before(BlockedCaller),
    /// The list is full.
    Full,
}

/// Questions about the block list.
#[derive(Debug, Clone, Copy)]
pub struct BlockedCallers<'s> {
    pub(crate) db: &'s Db,
}

impl BlockedCallers<'_> {
    /// Blocks a caller, and notes who did. Who reaches only some branches may do so on their numbers, not on all.
    ///
    /// # Errors
    /// [`StoreError::OutOfScope`], [`StoreError::Dangling`] for a number that is not theirs, or when the database fails.
    pub async fn create(&self, scope: &Scope, new: NewBlock) -> Result<Blocked, StoreError> {
        const DOING: &str = "block a caller";
        check_reach(scope, new.block.number, DOING)?;
        let of_scope = scope.clone();
        self.db
            .write(Lane::Settings, scope, 2, DOING, move |transaction| {
                Box::pin(async move {
                    if let Some(number) = new.block.number
                        && scope::find::<number::Entity>(&of_scope)
                            .filter(number::Column::Id.eq(number.uuid()))
                            .one(transaction)
                            .await?
                            .is_none()
                    {
                        return Err(StoreError::Dangling { doing: DOING.into() }.into());
                    }
                    let of_tenant = || {
                        blocked_caller::Entity::find()
                            .filter(blocked_caller::Column::TenantId.eq(of_scope.tenant.uuid()))
                    };
                    let same = of_tenant()
                        .filter(same_caller(&new.block))
                        .filter(in_force_until(&new.block, new.at))
                        .filter(at_least_on(new.block.number))
                        .order_by_asc(blocked_caller::Column::Id)
                        .limit(1)
                        .one(transaction)
                        .await?;
                    if let Some(same) = same {
                        return Ok(Blocked::Before(blocked_caller(same)?));
                    }
                    if of_tenant().count(transaction).await? >= MAX_BLOCKS {
                        return Ok(Blocked::Full);
                    }
                    let id = BlockId::from_uuid(columns::fresh_uuid());
                    let entry =
                        entry(id, &new.block, AuditWhat::BlockedCallerAdded, &new.who, new.address, new.at);
                    let entry = audit::row(&of_scope, entry);
                    let row = blocked_caller::Entity::insert(row(&of_scope, id, new))
                        .exec_with_returning(transaction)
                        .await?;
                    audit::append(transaction, Some(entry)).await?;
                    Ok(Blocked::Made(blocked_caller(row)?))
                })
            })
            .await
    }

    /// The entries of this scope, the newest first; [`MAX_PAGE`] at the most, those before `before`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        &self,
        scope: &Scope,
        before: Option<BlockId>,
        limit: u64,
    ) -> Result<Vec<BlockedCaller>, StoreError> {
        let seen = self.db.see(scope, "list blocked callers").await?;
        let mut rows = scope::find::<blocked_caller::Entity>(scope)
            .order_by_desc(blocked_caller::Column::Id)
            .limit(limit.clamp(1, MAX_PAGE));
        if let Some(before) = before {
            rows = rows.filter(blocked_caller::Column::Id.lt(before.uuid()));
        }
        let rows = seen.read(rows.all(seen.connection())).await?;
        rows.into_iter().map(blocked_caller).collect()
    }

    /// Lets a caller in again, and notes who did; gives what the entry was. None: there is no such entry in this scope.
    ///
    /// # Errors
    /// [`StoreError::OutOfScope`] when it is about more branches than the scope reaches, or when the database fails.
    pub async fn delete(
        &self,
        scope: &Scope,
        id: BlockId,
        who: AuditBy,
        address: Option<IpAddr>,
        at: Timestamp,
    ) -> Result<Option<BlockedCaller>, StoreError> {
        let doing = format!("unblock {id}");
        let of_scope = scope.clone();
        self.db
            .write(Lane::Settings, scope, 2, doing.clone(), move |transaction| {
                Box::pin(async move {
                    let found = scope::find::<blocked_caller::Entity>(&of_scope)
                        .filter(blocked_caller::Column::Id.eq(id.uuid()))
                        .one(transaction)
                        .await?;
                    let Some(found) = found else { return Ok(None) };
                    check_reach(&of_scope, found.number_id.map(NumberId::from_uuid), &doing)?;
                    let gone = blocked_caller::Entity::delete_by_id(found.id).exec(transaction).await?;
                    if gone.rows_affected == 0 {
                        return Ok(None);
                    }
                    let found = blocked_caller(found)?;
                    let what = AuditWhat::BlockedCallerRemoved;
                    let entry = audit::row(&of_scope, entry(id, &found.block, what, &who, address, at));
                    audit::append(transaction, Some(entry)).await?;
                    Ok::<_, Failure>(Some(found))
                })
            })
            .await
    }

    /// The entries of every tenant that are still in force, for the exchange itself, which asks at every call.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of_the_installation(&self, now: Timestamp) -> Result<Vec<BlockedCaller>, StoreError> {
        let until = blocked_caller::Column::Until;
        let seen = self.db.see(Sight::Installation, "read the block lists").await?;
        let rows = blocked_caller::Entity::find()
            .filter(Condition::any().add(until.is_null()).add(until.gt(moment(now))))
            .order_by_asc(blocked_caller::Column::Id)
            .limit(MAX_BLOCKS_TOGETHER)
            .all(seen.connection());
        let rows = seen.read(rows).await?;
        rows.into_iter().map(blocked_caller).collect()
    }
}

/// A block on all numbers reaches all branches; who does not, may not set or lift one.
fn check_reach(scope: &Scope, number: Option<NumberId>, doing: &str) -> Result<(), StoreError> {
    if number.is_none() && scope.branches != Branches::All {
        return Err(StoreError::OutOfScope { doing: doing.to_owned().into() });
    }
    Ok(())
}

fn same_caller(block: &Block) -> Condition {
    let mut same = Condition::any();
    if let Some(phone) = &block.phone {
        same = same.add(blocked_caller::Column::Phone.eq(phone.digits()));
    }
    if let Some(user_id) = &block.user_id {
        same = same.add(blocked_caller::Column::UserId.eq(columns::text(user_id)));
    }
    same
}

/// In force at least as long as the new one asks for.
fn in_force_until(block: &Block, now: Timestamp) -> Condition {
    let until = blocked_caller::Column::Until;
    let forever = Condition::any().add(until.is_null());
    match block.until {
        None => forever,
        Some(asked) => forever.add(until.gte(moment(asked.max(now)))),
    }
}

/// On this number, or on all.
fn at_least_on(number: Option<NumberId>) -> Condition {
    let on_all = Condition::any().add(blocked_caller::Column::NumberId.is_null());
    match number {
        None => on_all,
        Some(number) => on_all.add(Expr::col(blocked_caller::Column::NumberId).eq(number.uuid())),
    }
}

/// What the audit log keeps: that it was done, and how wide. Never the customer's number.
fn entry(
    id: BlockId,
    block: &Block,
    what: AuditWhat,
    who: &AuditBy,
    address: Option<IpAddr>,
    at: Timestamp,
) -> AuditEntry {
    AuditEntry {
        who: who.clone(),
        what,
        subject: AuditSubject::new(AuditKind::BlockedCaller, id),
        detail: json!({
            "number_id": block.number.map(|number| number.to_string()),
            "for_ever": block.until.is_none(),
        }),
        address,
        at,
    }
}

fn row(scope: &Scope, id: BlockId, new: NewBlock) -> blocked_caller::ActiveModel {
    let (by, name) = match new.who {
        AuditBy::Person { id, name } => (id.to_string(), name),
        AuditBy::Key { id, name } => (id.to_string(), name),
        AuditBy::CommandLine | AuditBy::Exchange | AuditBy::Nobody => (String::new(), String::new()),
    };
    blocked_caller::ActiveModel {
        id: Set(id.uuid()),
        tenant_id: Set(scope.tenant.uuid()),
        number_id: Set(new.block.number.map(NumberId::uuid)),
        phone: Set(new.block.phone.map(|phone| phone.digits().to_owned())),
        user_id: Set(new.block.user_id.as_deref().map(columns::text)),
        caller_name: Set(new.caller_name.as_deref().map(columns::text)),
        reason: Set(columns::text(&new.reason)),
        until: Set(new.block.until.map(moment)),
        created_by: Set(columns::text(&by)),
        created_by_name: Set(columns::text(&name)),
        created_at: Set(moment(new.at)),
    }
}

fn blocked_caller(row: blocked_caller::Model) -> Result<BlockedCaller, StoreError> {
    let cell = Cell { table: "blocked_callers", column: "phone", id: row.id };
    let phone = row.phone.map(|phone| phone.parse::<PhoneNumber>());
    Ok(BlockedCaller {
        id: BlockId::from_uuid(row.id),
        tenant: TenantId::from_uuid(row.tenant_id),
        block: Block {
            number: row.number_id.map(NumberId::from_uuid),
            phone: phone.transpose().map_err(|_| cell.unreadable("no phone number"))?,
            user_id: row.user_id,
            until: row.until.map(timestamp),
        },
        caller_name: row.caller_name,
        reason: row.reason,
        created_by: row.created_by,
        created_by_name: row.created_by_name,
        created_at: timestamp(row.created_at),
    })
}
