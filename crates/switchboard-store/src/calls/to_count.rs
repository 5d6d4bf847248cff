//! Calls that are over and in nobody's book yet. What is learnt of a call after its end may make it count after all.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use switchboard_core::ids::{CallId, NodeId, TenantId};
use switchboard_core::time::Timestamp;
use uuid::Uuid;

use super::{CallRow, columns};
use crate::MAX_PAGE;
use crate::columns::moment;
use crate::db::{Db, Sight};
use crate::entities::call;
use crate::error::{Failure, StoreError};

/// A call whose end is in nobody's book yet.
#[derive(Debug, Clone)]
pub struct ToCount {
    /// Which.
    pub id: CallId,
    /// Whose.
    pub tenant: TenantId,
    /// The call; an error when this version cannot read it.
    pub call: Result<CallRow, StoreError>,
}

/// Calls of a node whose end is in nobody's book yet, and those of any other node that has left theirs lying since
/// `left_since`; in the order of their ids, `after` this one.
pub(crate) async fn to_count(
    db: &Db,
    node: NodeId,
    left_since: Timestamp,
    after: Option<CallId>,
    limit: u64,
) -> Result<Vec<ToCount>, StoreError> {
    let seen = db.see(Sight::Installation, "look for calls to be counted").await?;
    let ours = call::Column::OwnerNode.eq(node.uuid());
    let rows = call::Entity::find()
        // Says nothing, but keeps to the index of calls to be counted.
        .filter(call::Column::OwnerNode.gte(Uuid::nil()))
        .filter(Condition::any().add(ours).add(call::Column::UpdatedAt.lt(moment(left_since))))
        .filter(call::Column::Outcome.is_not_null())
        .filter(call::Column::CountedAt.is_null())
        .filter(Condition::all().add_option(after.map(|id| call::Column::Id.gt(id.uuid()))))
        .order_by_asc(call::Column::Id)
        .limit(limit.clamp(1, MAX_PAGE))
        .all(seen.connection());
    let rows = seen.read(rows).await?.into_iter();
    Ok(rows
        .map(|row| ToCount {
            id: CallId::from_uuid(row.id),
            tenant: TenantId::from_uuid(row.tenant_id),
            call: columns::from_columns(row),
        })
        .collect())
}

/// A call of ours that rang in vain as it is about to be written: was it counted as something else? Asked before it is
/// written.
pub(super) async fn counts_anew(
    transaction: &DatabaseTransaction,
    id: CallId,
    counts: bool,
) -> Result<bool, Failure> {
    if !counts {
        return Ok(false);
    }
    let before = call::Entity::find_by_id(id.uuid()).one(transaction).await?;
    let Some(before) = before.filter(|row| row.counted_at.is_some()) else { return Ok(false) };
    // What cannot be read was left out of the books, and stays out.
    let before = columns::from_columns(before);
    Ok(before.is_ok_and(|before| before.facts.accepted_at.is_none() && before.facts.rang_in_vain().is_none()))
}

/// Its end is in nobody's book any more.
pub(super) async fn count_again(transaction: &DatabaseTransaction, id: CallId) -> Result<(), Failure> {
    call::Entity::update_many()
        .col_expr(call::Column::CountedAt, Expr::val(None::<sea_orm::prelude::DateTimeUtc>))
        .filter(call::Column::Id.eq(id.uuid()))
        .exec(transaction)
        .await?;
    Ok(())
}
