//! When numbers are open, and what a customer gets who calls when they are not.

use std::collections::HashMap;

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Value, json};
use switchboard_core::access::Scope;
use switchboard_core::admission::OutOfHours;
use switchboard_core::hours::{Holiday, Hours, Range};
use switchboard_core::ids::NumberId;
use switchboard_core::time::Timestamp;

use crate::audit::{self, AuditEntry};
use crate::columns::{self, Cell, moment};
use crate::db::{Db, Lane, Sight};
use crate::entities::{number, number_hours};
use crate::error::{Failure, StoreError};
use crate::{safeguards, scope};

/// Numbers of one installation, at the most.
const MAX_NUMBERS: u64 = 10_000;

/// The hours of a number.
#[derive(Clone, PartialEq, Eq)]
pub struct NumberHours {
    /// When it is open.
    pub hours: Hours,
    /// What a customer gets who calls when it is not.
    pub out_of_hours: OutOfHours,
    /// With which words.
    pub out_of_hours_text: String,
    /// No calls are placed when it is closed, unless they are urgent.
    pub outbound_blocked: bool,
}

impl std::fmt::Debug for NumberHours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NumberHours")
            .field("zone", self.hours.zone())
            .field("out_of_hours", &self.out_of_hours)
            .finish_non_exhaustive()
    }
}

/// Questions about the hours of numbers.
#[derive(Debug, Clone, Copy)]
pub struct NumbersHours<'s> {
    pub(crate) db: &'s Db,
}

impl NumbersHours<'_> {
    /// The hours of a number of this scope; none: it is always open.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of(&self, scope: &Scope, number: NumberId) -> Result<Option<NumberHours>, StoreError> {
        let seen = self.db.see(scope, format!("look up the hours of {number}")).await?;
        let mine = scope::ids::<number::Entity>(scope, number::Column::Id, number.uuid());
        let row = number_hours::Entity::find()
            .filter(number_hours::Column::NumberId.in_subquery(mine))
            .one(seen.connection());
        seen.read(row).await?.map(from_columns).transpose()
    }

    /// The same of every number that has some, for the exchange itself. Hours that cannot be read (a zone that is no
    /// more) keep back no others.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of_the_installation(&self) -> Result<HashMap<NumberId, NumberHours>, StoreError> {
        let seen = self.db.see(Sight::Installation, "read the hours of numbers").await?;
        let rows = number_hours::Entity::find()
            .order_by_asc(number_hours::Column::NumberId)
            .limit(MAX_NUMBERS)
            .all(seen.connection());
        let rows = seen.read(rows).await?;
        let known = rows.into_iter().filter_map(|row| {
            let id = NumberId::from_uuid(row.number_id);
            match from_columns(row) {
                Ok(hours) => Some((id, hours)),
                Err(error) => {
                    tracing::warn!(number.id = %id, %error, "the hours of a number cannot be read: it counts as always open");
                    None
                }
            }
        });
        Ok(known.collect())
    }

    /// Sets the hours of a number, and notes who did.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the number is not in this scope, or when the database fails.
    pub async fn set(
        &self,
        scope: &Scope,
        number: NumberId,
        hours: NumberHours,
        entry: AuditEntry,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let doing = format!("set the hours of {number}");
        let of_scope = scope.clone();
        self.db
            .write(Lane::Settings, scope, 2, doing.clone(), move |transaction| {
                Box::pin(async move {
                    safeguards::alone_with(transaction, &of_scope, number, &doing).await?;
                    put(transaction, &of_scope, row(&of_scope, number, &hours, at), entry).await
                })
            })
            .await
    }

    /// Changes the hours of a number by what they are; nobody else does meanwhile. `decide` gives the new ones with the
    /// entry about them, or none for no change, and an answer for the caller.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the number is not in this scope, or when the database fails.
    pub async fn change<A: Send + 'static>(
        &self,
        scope: &Scope,
        number: NumberId,
        at: Timestamp,
        decide: impl FnOnce(Option<NumberHours>) -> (Option<(NumberHours, AuditEntry)>, A) + Send + 'static,
    ) -> Result<A, StoreError> {
        let doing = format!("change the hours of {number}");
        let of_scope = scope.clone();
        self.db
            .write(Lane::Settings, scope, 2, doing.clone(), move |transaction| {
                Box::pin(async move {
                    safeguards::alone_with(transaction, &of_scope, number, &doing).await?;
                    let known = number_hours::Entity::find_by_id(number.uuid()).one(transaction).await?;
                    let (wanted, answer) = decide(known.map(from_columns).transpose()?);
                    if let Some((hours, entry)) = wanted {
                        put(transaction, &of_scope, row(&of_scope, number, &hours, at), entry).await?;
                    }
                    Ok(answer)
                })
            })
            .await
    }
}

async fn put(
    transaction: &DatabaseTransaction,
    scope: &Scope,
    row: number_hours::ActiveModel,
    entry: AuditEntry,
) -> Result<(), Failure> {
    let again = OnConflict::column(number_hours::Column::NumberId)
        .update_columns([
            number_hours::Column::Zone,
            number_hours::Column::Weekly,
            number_hours::Column::Holidays,
            number_hours::Column::OutOfHours,
            number_hours::Column::OutOfHoursText,
            number_hours::Column::OutboundBlocked,
            number_hours::Column::UpdatedAt,
        ])
        .to_owned();
    number_hours::Entity::insert(row).on_conflict(again).exec_without_returning(transaction).await?;
    audit::append(transaction, Some(audit::row(scope, entry))).await
}

fn row(scope: &Scope, number: NumberId, wanted: &NumberHours, at: Timestamp) -> number_hours::ActiveModel {
    let ranges = |ranges: &[Range]| -> Value {
        ranges.iter().map(|range| json!([range.from_min, range.to_min])).collect()
    };
    let hours = &wanted.hours;
    let holiday = |holiday: &Holiday| {
        json!({
            "date": holiday.date.to_string(),
            "name": columns::text(&holiday.name),
            "ranges": ranges(&holiday.ranges),
        })
    };
    number_hours::ActiveModel {
        number_id: Set(number.uuid()),
        tenant_id: Set(scope.tenant.uuid()),
        zone: Set(hours.zone().name().to_owned()),
        weekly: Set(hours.weekly().iter().map(|day| ranges(day)).collect()),
        holidays: Set(hours.holidays().iter().map(holiday).collect()),
        out_of_hours: Set(wanted.out_of_hours.as_str().to_owned()),
        out_of_hours_text: Set(columns::text(&wanted.out_of_hours_text)),
        outbound_blocked: Set(wanted.outbound_blocked),
        updated_at: Set(moment(at)),
    }
}

fn from_columns(row: number_hours::Model) -> Result<NumberHours, StoreError> {
    let cell = |column| Cell { table: "number_hours", column, id: row.number_id };
    let weekly = weekly(&row.weekly).ok_or_else(|| cell("weekly").unreadable("no hours of a week"))?;
    let holidays = holidays(&row.holidays).ok_or_else(|| cell("holidays").unreadable("no holidays"))?;
    let hours = Hours::new(&row.zone, weekly, holidays)
        .map_err(|refusal| cell("weekly").unreadable(refusal.to_string()))?;
    Ok(NumberHours {
        hours,
        out_of_hours: cell("out_of_hours").word(&row.out_of_hours, OutOfHours::from_word)?,
        out_of_hours_text: row.out_of_hours_text,
        outbound_blocked: row.outbound_blocked,
    })
}

fn weekly(column: &Value) -> Option<[Vec<Range>; 7]> {
    let days: Vec<Vec<Range>> = column.as_array()?.iter().map(ranges).collect::<Option<_>>()?;
    days.try_into().ok()
}

fn holidays(column: &Value) -> Option<Vec<Holiday>> {
    let holiday = |holiday: &Value| {
        Some(Holiday {
            date: holiday["date"].as_str()?.parse().ok()?,
            name: holiday["name"].as_str()?.to_owned(),
            ranges: ranges(&holiday["ranges"])?,
        })
    };
    column.as_array()?.iter().map(holiday).collect()
}

fn ranges(column: &Value) -> Option<Vec<Range>> {
    let minute = |value: &Value| u16::try_from(value.as_u64()?).ok();
    let range = |range: &Value| Some(Range { from_min: minute(&range[0])?, to_min: minute(&range[1])? });
    column.as_array()?.iter().map(range).collect()
}
