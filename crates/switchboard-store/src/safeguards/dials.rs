//! The book of dials: how many calls a number placed in the last minute and hour, exact however many ask at once and
//! across restarts.

use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use switchboard_core::access::Scope;
use switchboard_core::ids::NumberId;
use switchboard_core::safeguard::rate_limit::DIALS_KEPT_FOR;
use switchboard_core::safeguard::{RateLimit, SafeguardRules};
use switchboard_core::time::Timestamp;
use uuid::Uuid;

use super::{AT_ONCE, LANE, Safeguards, alone_with, delete_together, limits, suspensions};
use crate::columns::{self, moment, timestamp};
use crate::db::{Db, Sight};
use crate::entities::{dial, number};
use crate::error::StoreError;
use crate::scope;

/// Dials of an hour that are read, at the most: no limit is higher.
const MAX_DIALS: u64 = 10_000;
/// How often a dial is tried when another node stood in the way.
const TRIES: u32 = 3;

/// May a call be dialled now?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dial {
    /// Yes, and it is counted.
    Taken,
    /// No; nothing is counted.
    /// The limits say until when.
    Refused(RateLimit),
    /// No; the number rests until then, and nothing is counted.
    Suspended(Timestamp),
}

impl Safeguards<'_> {
    /// Counts the dials of the last minute and hour, and takes one more if the limits allow it: of fifty who ask at
    /// once, as many get one as there are left. A number that rests dials nobody. `rules` are those of the exchange; what
    /// the number has of its own is read along, so that what another node has changed just now holds.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the number is not in this scope, or when the database fails; nothing is counted
    /// then.
    pub async fn take_dial(
        &self,
        scope: &Scope,
        number: NumberId,
        now: Timestamp,
        rules: &SafeguardRules,
    ) -> Result<Dial, StoreError> {
        let mut tries = 1;
        loop {
            match self.try_to_dial(scope, number, now, *rules).await {
                // Two nodes that wait for each other: the database sends one of them away.
                Err(StoreError::Unavailable { .. }) if tries < TRIES => tries += 1,
                result => return result,
            }
        }
    }

    async fn try_to_dial(
        &self,
        scope: &Scope,
        number: NumberId,
        now: Timestamp,
        rules: SafeguardRules,
    ) -> Result<Dial, StoreError> {
        let doing = format!("count a dial of {number}");
        let of_scope = scope.clone();
        self.db
            .write(LANE, scope, 1, doing.clone(), move |transaction| {
                Box::pin(async move {
                    alone_with(transaction, &of_scope, number, &doing).await?;
                    let rest = suspensions::newest(transaction, number).await?;
                    if let Some(until) = rest.map(|rest| rest.over_at()).filter(|until| now < *until) {
                        return Ok(Dial::Suspended(until));
                    }
                    let own = limits::own(transaction, number).await?;
                    let rules = SafeguardRules {
                        per_minute: own.per_minute.unwrap_or(rules.per_minute),
                        per_hour: own.per_hour.unwrap_or(rules.per_hour),
                        ..rules
                    };
                    let before = recent(transaction, number, now).await?;
                    let rate = RateLimit::of(now, &before, &rules);
                    if !rate.allowed() {
                        return Ok(Dial::Refused(rate));
                    }
                    let row = dial::ActiveModel {
                        id: Set(columns::fresh_uuid()),
                        tenant_id: Set(of_scope.tenant.uuid()),
                        number_id: Set(number.uuid()),
                        at: Set(moment(now)),
                    };
                    dial::Entity::insert(row).exec_without_returning(transaction).await?;
                    Ok(Dial::Taken)
                })
            })
            .await
    }

    /// When this number dialled within the last hour, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn dialled(
        &self,
        scope: &Scope,
        number: NumberId,
        now: Timestamp,
    ) -> Result<Vec<Timestamp>, StoreError> {
        let seen = self.db.see(scope, format!("count the dials of {number}")).await?;
        let mine = number::Column::Id;
        let rows = dial::Entity::find()
            .filter(dial::Column::NumberId.in_subquery(scope::ids::<number::Entity>(
                scope,
                mine,
                number.uuid(),
            )))
            .filter(dial::Column::At.gt(moment(now.minus(DIALS_KEPT_FOR))))
            .order_by_asc(dial::Column::At)
            .limit(MAX_DIALS)
            .all(seen.connection());
        let rows = seen.read(rows).await?;
        Ok(rows.into_iter().map(|row| timestamp(row.at)).collect())
    }
}

async fn recent(
    connection: &impl ConnectionTrait,
    number: NumberId,
    now: Timestamp,
) -> Result<Vec<Timestamp>, DbErr> {
    let rows = dial::Entity::find()
        .filter(dial::Column::NumberId.eq(number.uuid()))
        .filter(dial::Column::At.gt(moment(now.minus(DIALS_KEPT_FOR))))
        .order_by_asc(dial::Column::At)
        .limit(MAX_DIALS)
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(|row| timestamp(row.at)).collect())
}

/// A day is kept, so that what is seen of yesterday's trouble does not vanish with the hour.
pub(super) async fn sweep(db: &Db, now: Timestamp, doing: &'static str) -> Result<bool, StoreError> {
    let seen = db.see(Sight::Installation, doing).await?;
    let old: Vec<Uuid> = seen
        .read(
            dial::Entity::find()
                .select_only()
                .column(dial::Column::Id)
                .filter(dial::Column::At.lt(moment(now.minus(DIALS_KEPT_FOR * 24))))
                .order_by_asc(dial::Column::At)
                .limit(AT_ONCE)
                .into_tuple()
                .all(seen.connection()),
        )
        .await?;
    drop(seen);
    delete_together(db, old.len(), doing, move |transaction| {
        Box::pin(async move {
            dial::Entity::delete_many().filter(dial::Column::Id.is_in(old)).exec(transaction).await?;
            Ok(())
        })
    })
    .await
}
