//! What numbers used: calls, seconds and begun minutes of a month, and how many of their calls were taken.
//!
//! The end of a call adds a row that waits; [`Safeguards::add_up`] moves waiting rows into the sums. Whoever asks gets
//! both together, so that the answer is exact at any moment.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use chrono::{DateTime, Datelike, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{
    CaseStatement, Expr, ExprTrait, Func, IntoIden, LockBehavior, LockType, OnConflict, Query, SimpleExpr,
    UnionType,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use switchboard_core::access::Scope;
use switchboard_core::hours::Zone;
use switchboard_core::ids::NumberId;
use switchboard_core::safeguard::{Month, Pickup};
use switchboard_core::time::Timestamp;
use uuid::Uuid;

use super::{AT_ONCE, LANE, Safeguards, delete_together};
use crate::columns::{moment, timestamp};
use crate::db::{Db, Sight};
use crate::entities::{finished_call, missed_call, number, number_hours, pickup_hour, usage_month};
use crate::error::{Failure, StoreError};
use crate::scope;

/// How long it is known who got somebody, by hours.
const PICKUP_IS_KEPT: Duration = Duration::from_secs(35 * 24 * 60 * 60);
/// How long missed calls are kept: longer than any span that counts them.
const MISSED_IS_KEPT: Duration = Duration::from_secs(2 * 24 * 60 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// What was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Used {
    /// Calls that were accepted.
    pub calls: u64,
    /// From acceptance to end, together.
    pub seconds: u64,
    /// The same in begun minutes of each call.
    pub minutes: u64,
}

/// How many calls were taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pickups {
    /// By us.
    pub incoming: Pickup,
    /// By customers.
    pub outgoing: Pickup,
}

impl Safeguards<'_> {
    /// What a number used in a month.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn used_by_number(
        &self,
        scope: &Scope,
        number: NumberId,
        month: Month,
    ) -> Result<Used, StoreError> {
        let mine = || scope::ids::<number::Entity>(scope, number::Column::Id, number.uuid());
        let sums = usage_month::Column::NumberId.in_subquery(mine());
        let waiting = finished_call::Column::NumberId.in_subquery(mine());
        self.used(scope, month, sums, waiting).await
    }

    /// What all numbers of the tenant of this scope used in a month.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn used_by_tenant(&self, scope: &Scope, month: Month) -> Result<Used, StoreError> {
        let sums = usage_month::Column::TenantId.eq(scope.tenant.uuid());
        let waiting = finished_call::Column::TenantId.eq(scope.tenant.uuid());
        self.used(scope, month, sums, waiting).await
    }

    /// How many calls of this number were taken since then (by whole hours).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pickups(
        &self,
        scope: &Scope,
        number: NumberId,
        since: Timestamp,
    ) -> Result<Pickups, StoreError> {
        const DOING: &str = "look up how many calls are taken";
        let mine = || scope::ids::<number::Entity>(scope, number::Column::Id, number.uuid());
        let taken = CaseStatement::new()
            .case(finished_call::Column::Accepted.eq(true), Expr::val(1_i64))
            .finally(Expr::val(0_i64));
        let waiting = Query::select()
            .column(finished_call::Column::Incoming)
            .expr(Expr::val(1_i64))
            .expr(taken)
            .from(finished_call::Entity)
            .and_where(finished_call::Column::NumberId.in_subquery(mine()))
            .and_where(finished_call::Column::At.gte(hour_of(moment(since))))
            .and_where(finished_call::Column::Pickable.eq(true))
            .to_owned();
        let rows = Query::select()
            .columns([
                pickup_hour::Column::Incoming,
                pickup_hour::Column::Offered,
                pickup_hour::Column::Answered,
            ])
            .from(pickup_hour::Entity)
            .and_where(pickup_hour::Column::NumberId.in_subquery(mine()))
            .and_where(pickup_hour::Column::Hour.gte(hour_of(moment(since))))
            .union(UnionType::All, waiting)
            .to_owned();
        let both = Query::select()
            .column(pickup_hour::Column::Incoming)
            .expr_as(sum(pickup_hour::Column::Offered), "offered")
            .expr_as(sum(pickup_hour::Column::Answered), "answered")
            .from_subquery(rows, "both_kinds")
            .group_by_col(pickup_hour::Column::Incoming)
            .to_owned();
        let seen = self.db.see(scope, DOING).await?;
        let rows = seen.read(seen.connection().query_all(&both)).await?;
        let mut pickups = Pickups::default();
        for row in rows {
            let read = || {
                let of =
                    |name| row.try_get::<i64>("", name).map(|sum| u32::try_from(sum).unwrap_or(u32::MAX));
                let pickup = Pickup { answered: of("answered")?, total: of("offered")? };
                Ok((row.try_get::<bool>("", "incoming")?, pickup))
            };
            match read().map_err(|error: DbErr| StoreError::from_db(DOING.into(), error))? {
                (true, pickup) => pickups.incoming = pickup,
                (false, pickup) => pickups.outgoing = pickup,
            }
        }
        Ok(pickups)
    }

    /// One statement for both, so that a row that is just moved is counted once.
    async fn used(
        &self,
        scope: &Scope,
        month: Month,
        sums: SimpleExpr,
        waiting: SimpleExpr,
    ) -> Result<Used, StoreError> {
        const DOING: &str = "look up what was used";
        let waiting = Query::select()
            .expr(Expr::val(1_i64))
            .columns([finished_call::Column::Seconds, finished_call::Column::Minutes])
            .from(finished_call::Entity)
            .and_where(waiting)
            .and_where(finished_call::Column::At.gte(moment(month.from)))
            .and_where(finished_call::Column::At.lt(moment(month.to)))
            .and_where(finished_call::Column::Accepted.eq(true))
            .to_owned();
        let rows = Query::select()
            .columns([usage_month::Column::Calls, usage_month::Column::Seconds, usage_month::Column::Minutes])
            .from(usage_month::Entity)
            .and_where(sums)
            .and_where(usage_month::Column::Month.eq(key_of(month)))
            .union(UnionType::All, waiting)
            .to_owned();
        let [calls, seconds, minutes] =
            [usage_month::Column::Calls, usage_month::Column::Seconds, usage_month::Column::Minutes]
                .map(|column| (column, sum(column)));
        let both = Query::select()
            .expr_as(calls.1, calls.0)
            .expr_as(seconds.1, seconds.0)
            .expr_as(minutes.1, minutes.0)
            .from_subquery(rows, "both")
            .to_owned();
        let seen = self.db.see(scope, DOING).await?;
        let row = seen.read(seen.connection().query_one(&both)).await?;
        let Some(row) = row else { return Ok(Used::default()) };
        let of = |name| row.try_get::<i64>("", name).map(|sum| u64::try_from(sum).unwrap_or(0));
        let used = || Ok(Used { calls: of("calls")?, seconds: of("seconds")?, minutes: of("minutes")? });
        used().map_err(|error: DbErr| StoreError::from_db(DOING.into(), error))
    }

    /// Moves calls that are over into the sums, and says how many. For the exchange itself; any node may.
    ///
    /// # Errors
    /// When the database fails; nothing is moved then.
    pub async fn add_up(&self) -> Result<usize, StoreError> {
        const DOING: &str = "add up finished calls";
        let seen = self.db.see(Sight::Installation, DOING).await?;
        let any = finished_call::Entity::find()
            .select_only()
            .column(finished_call::Column::CallId)
            .limit(1)
            .into_tuple::<Uuid>()
            .one(seen.connection());
        if seen.read(any).await?.is_none() {
            return Ok(0);
        }
        drop(seen);
        self.db
            .write(LANE, Sight::Installation, AT_ONCE as usize, DOING, move |transaction| {
                Box::pin(async move {
                    let rows = finished_call::Entity::find()
                        .order_by_asc(finished_call::Column::NumberId)
                        .order_by_asc(finished_call::Column::At)
                        .limit(AT_ONCE)
                        // Two nodes share the work.
                        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
                        .all(transaction)
                        .await?;
                    let moved = rows.len();
                    let zones = zones_of(transaction, &rows).await?;
                    finished_call::Entity::delete_many()
                        .filter(finished_call::Column::CallId.is_in(rows.iter().map(|row| row.call_id)))
                        .exec(transaction)
                        .await?;
                    let (months, hours) = summed(&rows, &zones);
                    if !months.is_empty() {
                        usage_month::Entity::insert_many(months)
                            .on_conflict(more_of_a_month())
                            .exec_without_returning(transaction)
                            .await?;
                    }
                    if !hours.is_empty() {
                        pickup_hour::Entity::insert_many(hours)
                            .on_conflict(more_of_an_hour())
                            .exec_without_returning(transaction)
                            .await?;
                    }
                    Ok(moved)
                })
            })
            .await
    }
}

/// One row for each number and month, and for each number and hour, in the order of their keys: two who add up at once
/// cannot stand in each other's way.
fn summed(
    rows: &[finished_call::Model],
    zones: &HashMap<Uuid, Zone>,
) -> (Vec<usage_month::ActiveModel>, Vec<pickup_hour::ActiveModel>) {
    let mut months: BTreeMap<_, (i64, i64, i64)> = BTreeMap::new();
    let mut hours: BTreeMap<_, (i64, i64)> = BTreeMap::new();
    for row in rows {
        if row.accepted
            && let Some(zone) = zones.get(&row.number_id)
        {
            let month = key_of(Month::of(timestamp(row.at), zone));
            let sums = months.entry((row.number_id, month, row.tenant_id)).or_default();
            *sums = (sums.0 + 1, sums.1 + row.seconds, sums.2 + row.minutes);
        }
        if row.pickable {
            let sums =
                hours.entry((row.number_id, hour_of(row.at), row.incoming, row.tenant_id)).or_default();
            *sums = (sums.0 + 1, sums.1 + i64::from(row.accepted));
        }
    }
    let months = months.into_iter().map(|((number, month, tenant), (calls, seconds, minutes))| {
        usage_month::ActiveModel {
            number_id: Set(number),
            month: Set(month),
            tenant_id: Set(tenant),
            calls: Set(calls),
            seconds: Set(seconds),
            minutes: Set(minutes),
        }
    });
    let hours = hours.into_iter().map(|((number, hour, incoming, tenant), (offered, answered))| {
        pickup_hour::ActiveModel {
            number_id: Set(number),
            hour: Set(hour),
            incoming: Set(incoming),
            tenant_id: Set(tenant),
            offered: Set(offered),
            answered: Set(answered),
        }
    });
    (months.collect(), hours.collect())
}

/// The zone of each number: that of its hours, or UTC.
async fn zones_of(
    transaction: &DatabaseTransaction,
    rows: &[finished_call::Model],
) -> Result<HashMap<Uuid, Zone>, Failure> {
    let numbers: BTreeSet<Uuid> = rows.iter().map(|row| row.number_id).collect();
    let hours = number_hours::Entity::find()
        .filter(number_hours::Column::NumberId.is_in(numbers.iter().copied()))
        .order_by_asc(number_hours::Column::NumberId)
        .limit(AT_ONCE)
        .all(transaction)
        .await?;
    let mut zones: HashMap<Uuid, Zone> =
        numbers.into_iter().filter_map(|number| Some((number, Zone::new("UTC").ok()?))).collect();
    for hours in hours {
        if let Ok(zone) = Zone::new(&hours.zone) {
            zones.insert(hours.number_id, zone);
        }
    }
    Ok(zones)
}

/// The month as it is kept. Its first moment lies within a day of the same month in UTC, its middle well inside.
fn key_of(month: Month) -> i32 {
    let middle = moment(month.from.plus(Duration::from_secs(15 * 24 * 60 * 60)));
    middle.year() * 12 + middle.month0().cast_signed()
}

/// The name behind which the values of a refused insert stand.
fn more<C: ColumnTrait>(column: C) -> (C, SimpleExpr) {
    let new = Expr::col(("excluded", column));
    (column, Expr::col((C::EntityName::default(), column)).add(new))
}

fn more_of_a_month() -> OnConflict {
    OnConflict::columns([usage_month::Column::NumberId, usage_month::Column::Month])
        .values([
            more(usage_month::Column::Calls),
            more(usage_month::Column::Seconds),
            more(usage_month::Column::Minutes),
        ])
        .to_owned()
}

fn more_of_an_hour() -> OnConflict {
    OnConflict::columns([
        pickup_hour::Column::NumberId,
        pickup_hour::Column::Hour,
        pickup_hour::Column::Incoming,
    ])
    .values([more(pickup_hour::Column::Offered), more(pickup_hour::Column::Answered)])
    .to_owned()
}

/// Sums are whole numbers on both databases, and nothing is zero.
fn sum(column: impl IntoIden) -> SimpleExpr {
    let sum = SimpleExpr::from(Func::sum(Expr::col(column.into_iden())));
    SimpleExpr::from(Func::coalesce([sum, Expr::val(0_i64)])).cast_as("bigint")
}

fn hour_of(at: DateTime<Utc>) -> DateTime<Utc> {
    let seconds = i64::try_from(HOUR.as_secs()).unwrap_or(1);
    DateTime::from_timestamp(at.timestamp().div_euclid(seconds) * seconds, 0).unwrap_or(at)
}

pub(super) async fn sweep(db: &Db, now: Timestamp, doing: &'static str) -> Result<bool, StoreError> {
    let seen = db.see(Sight::Installation, doing).await?;
    let missed: Vec<Uuid> = seen
        .read(
            missed_call::Entity::find()
                .select_only()
                .column(missed_call::Column::CallId)
                .filter(missed_call::Column::At.lt(moment(now.minus(MISSED_IS_KEPT))))
                .order_by_asc(missed_call::Column::At)
                .limit(AT_ONCE)
                .into_tuple()
                .all(seen.connection()),
        )
        .await?;
    let hours = seen
        .read(
            pickup_hour::Entity::find()
                .filter(pickup_hour::Column::Hour.lt(moment(now.minus(PICKUP_IS_KEPT))))
                .order_by_asc(pickup_hour::Column::Hour)
                .limit(1)
                .all(seen.connection()),
        )
        .await?;
    drop(seen);
    let before = moment(now.minus(PICKUP_IS_KEPT));
    let more = delete_together(db, missed.len(), doing, move |transaction| {
        Box::pin(async move {
            missed_call::Entity::delete_many()
                .filter(missed_call::Column::CallId.is_in(missed))
                .exec(transaction)
                .await?;
            Ok(())
        })
    })
    .await?;
    // A row for each number and hour: few, and deleted by the hour.
    delete_together(db, hours.len(), doing, move |transaction| {
        Box::pin(async move {
            pickup_hour::Entity::delete_many()
                .filter(pickup_hour::Column::Hour.lt(before))
                .exec(transaction)
                .await?;
            Ok(())
        })
    })
    .await?;
    Ok(more)
}
