//! Calls that are over and in nobody's book yet. What is learnt of a call after its end may make it count after all.

use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use switchboard_core::ids::{CallId, NodeId, TenantId};
use switchboard_core::time::Timestamp;

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
    let rows = waiting(node, left_since, after, limit).all(seen.connection());
    let rows = seen.read(rows).await?.into_iter();
    Ok(rows
        .map(|row| ToCount {
            id: CallId::from_uuid(row.id),
            tenant: TenantId::from_uuid(row.tenant_id),
            call: columns::from_columns(row),
        })
        .collect())
}

fn waiting(node: NodeId, left_since: Timestamp, after: Option<CallId>, limit: u64) -> Select<call::Entity> {
    let ours = call::Column::OwnerNode.eq(node.uuid());
    call::Entity::find()
        .filter(Condition::any().add(ours).add(call::Column::UpdatedAt.lt(moment(left_since))))
        .filter(call::Column::Outcome.is_not_null())
        .filter(call::Column::CountedAt.is_null())
        .filter(Condition::all().add_option(after.map(|id| call::Column::Id.gt(id.uuid()))))
        .order_by_asc(call::Column::Id)
        .limit(limit.clamp(1, MAX_PAGE))
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
    // Whoever is counting it at this moment is waited for.
    let before = call::Entity::find_by_id(id.uuid()).lock(LockType::NoKeyUpdate).one(transaction).await?;
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

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectionTrait as _, DbBackend, QueryTrait as _, Statement};

    use super::*;
    use crate::{Store, StoreOptions};

    /// It is asked after each end of a call: with a million of them it must not read them all.
    #[tokio::test]
    async fn sqlite_finds_them_by_their_index() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("calls.db").display());
        let store = Store::open(&url, StoreOptions::default()).await.expect("opens");
        let node = NodeId::from_uuid(uuid::Uuid::from_u128(1));
        for after in [None, Some(CallId::from_uuid(uuid::Uuid::from_u128(2)))] {
            let asked = waiting(node, Timestamp::from_micros(0), after, 10).build(DbBackend::Sqlite);
            let plan = Statement { sql: format!("EXPLAIN QUERY PLAN {}", asked.sql), ..asked };
            let rows = store.db.writer().query_all_raw(plan).await.expect("a plan");
            let steps: Vec<String> =
                rows.iter().map(|row| row.try_get("", "detail").expect("a step")).collect();
            assert!(matches!(&steps[..], [one] if one.contains("INDEX calls_to_count")), "{steps:?}");
        }
        store.close().await;
    }
}
