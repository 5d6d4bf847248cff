//! Times in which a number rests (S2): begun by too many missed calls, over by themselves or lifted by somebody.

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use switchboard_core::access::Scope;
use switchboard_core::ids::{CallId, NumberId};
use switchboard_core::safeguard::{
    MissedCall, SafeguardRules, Suspension, SuspensionEvent, SuspensionFacts, SuspensionInput,
};
use switchboard_core::time::Timestamp;
use uuid::Uuid;

use super::{AT_ONCE, LANE, MAX_NUMBERS, Safeguards, alone_with, delete_together};
use crate::audit::{self, AuditEntry};
use crate::columns::{self, moment, text, timestamp};
use crate::db::{Db, Sight};
use crate::entities::{missed_call, number, suspension};
use crate::error::{Failure, StoreError};
use crate::{MAX_PAGE, scope};

/// How long it is known that a number rested.
const KEPT: std::time::Duration = std::time::Duration::from_secs(365 * 24 * 60 * 60);
/// Missed calls that are looked at; a limit is not higher.
const MAX_MISSED: u64 = 1_000;

/// One time of rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuspensionRow {
    /// Its id.
    pub id: Uuid,
    /// Whose.
    pub number: NumberId,
    /// Since when.
    pub since: Timestamp,
    /// It ends by itself then.
    pub until: Timestamp,
    /// So many calls had been missed.
    pub missed: u32,
    /// Somebody ended it before.
    pub lifted_at: Option<Timestamp>,
    /// His name.
    pub lifted_by: Option<String>,
}

impl SuspensionRow {
    /// When it was, or will be, over.
    #[must_use]
    pub fn over_at(&self) -> Timestamp {
        self.lifted_at.map_or(self.until, |lifted| lifted.min(self.until))
    }
}

impl Safeguards<'_> {
    /// Looks at the missed calls of a number since it last rested, and begins a rest when they are too many. None: it
    /// rests already, or they are not. Asking twice is asking once.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the number is not in this scope, or when the database fails.
    pub async fn suspend_if_due(
        &self,
        scope: &Scope,
        number: NumberId,
        now: Timestamp,
        rules: &SafeguardRules,
    ) -> Result<Option<SuspensionRow>, StoreError> {
        let doing = format!("look at the missed calls of {number}");
        let (of_scope, rules) = (scope.clone(), *rules);
        self.db
            .write(LANE, scope, 1, doing.clone(), move |transaction| {
                Box::pin(async move {
                    alone_with(transaction, &of_scope, number, &doing).await?;
                    let last = newest(transaction, number).await?;
                    if last.as_ref().is_some_and(|last| now < last.over_at()) {
                        return Ok(None);
                    }
                    let counted_from = last.map(|last| last.over_at());
                    let mut machine =
                        Suspension::restore(SuspensionFacts { counted_from, ..SuspensionFacts::default() });
                    let mut missed = 0;
                    for call in missed_calls(transaction, number, now.minus(rules.missed_within)).await? {
                        for event in machine.handle(now, &rules, SuspensionInput::Missed(call)) {
                            if let SuspensionEvent::Suspended { missed: counted, .. } = event {
                                missed = counted;
                            }
                        }
                    }
                    let Some(until) = machine.suspended_until(now) else { return Ok(None) };
                    let row = suspension::ActiveModel {
                        id: Set(columns::fresh_uuid()),
                        tenant_id: Set(of_scope.tenant.uuid()),
                        number_id: Set(number.uuid()),
                        since: Set(moment(now)),
                        until: Set(moment(until)),
                        missed: Set(i32::try_from(missed).unwrap_or(i32::MAX)),
                        lifted_at: Set(None),
                        lifted_by: Set(None),
                    };
                    let row = suspension::Entity::insert(row).exec_with_returning(transaction).await?;
                    Ok(Some(from_columns(row)))
                })
            })
            .await
    }

    /// Ends a rest, and notes who did. None: the number does not rest.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the number is not in this scope, or when the database fails.
    pub async fn lift(
        &self,
        scope: &Scope,
        number: NumberId,
        by: String,
        entry: AuditEntry,
        now: Timestamp,
    ) -> Result<Option<SuspensionRow>, StoreError> {
        let doing = format!("lift the suspension of {number}");
        let of_scope = scope.clone();
        self.db
            .write(LANE, scope, 2, doing.clone(), move |transaction| {
                Box::pin(async move {
                    alone_with(transaction, &of_scope, number, &doing).await?;
                    let change = suspension::Entity::update_many()
                        .col_expr(suspension::Column::LiftedAt, Expr::val(moment(now)))
                        .col_expr(suspension::Column::LiftedBy, Expr::val(text(&by)))
                        .filter(suspension::Column::NumberId.eq(number.uuid()))
                        .filter(suspension::Column::Until.gt(moment(now)))
                        .filter(suspension::Column::LiftedAt.is_null());
                    let rows = change.exec_with_returning(transaction).await?;
                    let Some(row) = rows.into_iter().next() else { return Ok(None) };
                    audit::append(transaction, Some(audit::row(&of_scope, entry))).await?;
                    Ok(Some(from_columns(row)))
                })
            })
            .await
    }

    /// How many calls were missed since then, in the count that could lead to a rest.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn missed_since(
        &self,
        scope: &Scope,
        number: NumberId,
        since: Timestamp,
    ) -> Result<Vec<Timestamp>, StoreError> {
        let seen = self.db.see(scope, format!("count the missed calls of {number}")).await?;
        let mine = scope::ids::<number::Entity>(scope, number::Column::Id, number.uuid());
        let rows = missed_call::Entity::find()
            .filter(missed_call::Column::NumberId.in_subquery(mine))
            .filter(missed_call::Column::At.gt(moment(since)))
            .order_by_asc(missed_call::Column::At)
            .limit(MAX_MISSED)
            .all(seen.connection());
        Ok(seen.read(rows).await?.into_iter().map(|row| timestamp(row.at)).collect())
    }

    /// Numbers that missed so many calls since then, for the exchange itself.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn numbers_that_missed(
        &self,
        since: Timestamp,
        at_least: u32,
    ) -> Result<Vec<NumberId>, StoreError> {
        let seen = self.db.see(Sight::Installation, "list the numbers that missed calls").await?;
        let rows = missed_call::Entity::find()
            .select_only()
            .column(missed_call::Column::NumberId)
            .filter(missed_call::Column::At.gt(moment(since)))
            .group_by(missed_call::Column::NumberId)
            .having(missed_call::Column::CallId.count().gte(i64::from(at_least)))
            .order_by_asc(missed_call::Column::NumberId)
            .limit(MAX_NUMBERS)
            .into_tuple::<Uuid>()
            .all(seen.connection());
        Ok(seen.read(rows).await?.into_iter().map(NumberId::from_uuid).collect())
    }

    /// The rests of a number, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn suspensions(
        &self,
        scope: &Scope,
        number: NumberId,
        limit: u64,
    ) -> Result<Vec<SuspensionRow>, StoreError> {
        let seen = self.db.see(scope, format!("list the suspensions of {number}")).await?;
        let mine = scope::ids::<number::Entity>(scope, number::Column::Id, number.uuid());
        let rows = suspension::Entity::find()
            .filter(suspension::Column::NumberId.in_subquery(mine))
            .order_by_desc(suspension::Column::Since)
            .limit(limit.clamp(1, MAX_PAGE))
            .all(seen.connection());
        Ok(seen.read(rows).await?.into_iter().map(from_columns).collect())
    }

    /// Who rests now, for the exchange itself, which asks at every call.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn suspended_now(&self, now: Timestamp) -> Result<Vec<SuspensionRow>, StoreError> {
        let seen = self.db.see(Sight::Installation, "list the numbers that rest").await?;
        let rows = suspension::Entity::find()
            .filter(suspension::Column::Until.gt(moment(now)))
            .filter(suspension::Column::LiftedAt.is_null())
            .order_by_asc(suspension::Column::Until)
            .limit(MAX_NUMBERS)
            .all(seen.connection());
        Ok(seen.read(rows).await?.into_iter().map(from_columns).collect())
    }
}

pub(super) async fn newest(
    transaction: &DatabaseTransaction,
    number: NumberId,
) -> Result<Option<SuspensionRow>, Failure> {
    let row = suspension::Entity::find()
        .filter(suspension::Column::NumberId.eq(number.uuid()))
        .order_by_desc(suspension::Column::Since)
        .limit(1)
        .one(transaction)
        .await?;
    Ok(row.map(from_columns))
}

async fn missed_calls(
    transaction: &DatabaseTransaction,
    number: NumberId,
    since: Timestamp,
) -> Result<Vec<MissedCall>, Failure> {
    let rows = missed_call::Entity::find()
        .filter(missed_call::Column::NumberId.eq(number.uuid()))
        .filter(missed_call::Column::At.gt(moment(since)))
        .order_by_desc(missed_call::Column::At)
        .limit(MAX_MISSED)
        .all(transaction)
        .await?;
    let call =
        |row: missed_call::Model| MissedCall { at: timestamp(row.at), call: CallId::from_uuid(row.call_id) };
    Ok(rows.into_iter().rev().map(call).collect())
}

fn from_columns(row: suspension::Model) -> SuspensionRow {
    SuspensionRow {
        id: row.id,
        number: NumberId::from_uuid(row.number_id),
        since: timestamp(row.since),
        until: timestamp(row.until),
        missed: u32::try_from(row.missed).unwrap_or(0),
        lifted_at: row.lifted_at.map(timestamp),
        lifted_by: row.lifted_by,
    }
}

pub(super) async fn sweep(db: &Db, now: Timestamp, doing: &'static str) -> Result<bool, StoreError> {
    let seen = db.see(Sight::Installation, doing).await?;
    let old: Vec<Uuid> = seen
        .read(
            suspension::Entity::find()
                .select_only()
                .column(suspension::Column::Id)
                .filter(suspension::Column::Until.lt(moment(now.minus(KEPT))))
                .order_by_asc(suspension::Column::Until)
                .limit(AT_ONCE)
                .into_tuple()
                .all(seen.connection()),
        )
        .await?;
    drop(seen);
    delete_together(db, old.len(), doing, move |transaction| {
        Box::pin(async move {
            suspension::Entity::delete_many()
                .filter(suspension::Column::Id.is_in(old))
                .exec(transaction)
                .await?;
            Ok(())
        })
    })
    .await
}
