//! Limits of a number that differ from those of the exchange.

use std::collections::HashMap;

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use switchboard_core::access::Scope;
use switchboard_core::ids::NumberId;
use switchboard_core::time::Timestamp;

use super::{LANE, MAX_NUMBERS, Safeguards, alone_with};
use crate::audit::{self, AuditEntry};
use crate::columns::{Cell, moment};
use crate::db::Sight;
use crate::entities::{number, number_safeguard};
use crate::error::{Failure, StoreError};
use crate::scope;

macro_rules! limits {
    ($($(#[$doc:meta])* $limit:ident / $column:ident,)*) => {
        /// What is none is as the exchange has it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct NumberLimits { $($(#[$doc])* pub $limit: Option<u32>,)* }

        /// What is to change: none leaves it as it is, none inside gives it back to the exchange.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct NumberLimitsChange { $($(#[$doc])* pub $limit: Option<Option<u32>>,)* }

        fn from_columns(row: &number_safeguard::Model) -> Result<NumberLimits, StoreError> {
            let read = |column, value: Option<i32>| {
                let cell = Cell { table: "number_safeguards", column, id: row.number_id };
                value.map(|value| u32::try_from(value).map_err(|_| cell.unreadable("a negative number"))).transpose()
            };
            Ok(NumberLimits { $($limit: read(stringify!($limit), row.$limit)?,)* })
        }

        fn change(row: &mut number_safeguard::ActiveModel, wanted: &NumberLimitsChange) {
            $(if let Some(limit) = wanted.$limit {
                row.$limit = Set(limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX)));
            })*
        }

        fn keep(row: &mut number_safeguard::ActiveModel, known: &number_safeguard::Model) {
            $(row.$limit = Set(known.$limit);)*
        }

        fn nothing(number: NumberId, scope: &Scope, at: Timestamp) -> number_safeguard::ActiveModel {
            number_safeguard::ActiveModel {
                number_id: Set(number.uuid()),
                tenant_id: Set(scope.tenant.uuid()),
                $($limit: Set(None),)*
                updated_at: Set(moment(at)),
            }
        }

        const COLUMNS: &[number_safeguard::Column] = &[
            $(number_safeguard::Column::$column,)* number_safeguard::Column::UpdatedAt,
        ];
    };
}

limits! {
    /// Calls placed in a minute.
    per_minute / PerMinute,
    /// Calls placed in an hour.
    per_hour / PerHour,
    /// So many missed calls …
    missed / Missed,
    /// … within this long …
    missed_within_s / MissedWithinS,
    /// … and the number rests for this long.
    suspend_for_s / SuspendForS,
    /// Calls in a row that a customer did not take, before we warn.
    unanswered_warn / UnansweredWarn,
    /// The same before we ask whether it is really meant.
    unanswered_block / UnansweredBlock,
    /// Minutes of a month; none: no limit.
    monthly_minutes / MonthlyMinutes,
    /// How often calls are taken is counted over this long.
    pickup_within_s / PickupWithinS,
    /// With fewer calls nothing is said.
    pickup_calls / PickupCalls,
    /// Below so many in a hundred it is watched.
    pickup_watch_percent / PickupWatchPercent,
    /// Below so many in a hundred it is low.
    pickup_low_percent / PickupLowPercent,
}

/// What a number has of its own, in a transaction.
pub(super) async fn own(
    transaction: &DatabaseTransaction,
    number: NumberId,
) -> Result<NumberLimits, Failure> {
    let row = number_safeguard::Entity::find_by_id(number.uuid()).one(transaction).await?;
    Ok(row.as_ref().map(from_columns).transpose()?.unwrap_or_default())
}

impl Safeguards<'_> {
    /// The limits of a number of this scope that differ.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn limits(&self, scope: &Scope, number: NumberId) -> Result<NumberLimits, StoreError> {
        let seen = self.db.see(scope, format!("look up the limits of {number}")).await?;
        let mine = scope::ids::<number::Entity>(scope, number::Column::Id, number.uuid());
        let row = number_safeguard::Entity::find()
            .filter(number_safeguard::Column::NumberId.in_subquery(mine))
            .one(seen.connection());
        Ok(seen.read(row).await?.as_ref().map(from_columns).transpose()?.unwrap_or_default())
    }

    /// The same of every number, for the exchange itself.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn limits_of_the_installation(&self) -> Result<HashMap<NumberId, NumberLimits>, StoreError> {
        let seen = self.db.see(Sight::Installation, "read the limits of numbers").await?;
        let rows = number_safeguard::Entity::find()
            .order_by_asc(number_safeguard::Column::NumberId)
            .limit(MAX_NUMBERS)
            .all(seen.connection());
        let rows = seen.read(rows).await?;
        let known = rows.iter().filter_map(|row| {
            let id = NumberId::from_uuid(row.number_id);
            match from_columns(row) {
                Ok(limits) => Some((id, limits)),
                Err(error) => {
                    tracing::warn!(number.id = %id, %error, "the limits of a number cannot be read: those of the exchange hold");
                    None
                }
            }
        });
        Ok(known.collect())
    }

    /// Changes what is named, and notes who did.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the number is not in this scope, or when the database fails.
    pub async fn set_limits(
        &self,
        scope: &Scope,
        number: NumberId,
        wanted: NumberLimitsChange,
        entry: AuditEntry,
        at: Timestamp,
    ) -> Result<NumberLimits, StoreError> {
        let doing = format!("change the limits of {number}");
        let of_scope = scope.clone();
        self.db
            .write(LANE, scope, 2, doing.clone(), move |transaction| {
                Box::pin(async move {
                    alone_with(transaction, &of_scope, number, &doing).await?;
                    let known = number_safeguard::Entity::find_by_id(number.uuid()).one(transaction).await?;
                    let mut row = nothing(number, &of_scope, at);
                    if let Some(known) = known {
                        keep(&mut row, &known);
                    }
                    change(&mut row, &wanted);
                    let again = OnConflict::column(number_safeguard::Column::NumberId)
                        .update_columns(COLUMNS.iter().copied())
                        .to_owned();
                    let row = number_safeguard::Entity::insert(row)
                        .on_conflict(again)
                        .exec_with_returning(transaction)
                        .await?;
                    audit::append(transaction, Some(audit::row(&of_scope, entry))).await?;
                    Ok(from_columns(&row)?)
                })
            })
            .await
    }
}
