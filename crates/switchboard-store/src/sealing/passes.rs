//! Goes through the sealed columns and seals anew what is not sealed as it should be: values from before there were
//! keys, and at a rotation those of older keys. In small transactions with room between them, beside running calls; how
//! far it has come is kept with each of them, so that one that was stopped goes on where it was.

use std::time::Duration;

use sea_orm::sea_query::{Alias, Expr, ExprTrait, OnConflict, Order, Query};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
};
use uuid::Uuid;

use super::keyring::KeyId;
use super::{COLUMNS, SealedColumn, key_of};
use crate::columns::Cell;
use crate::db::{Db, Lane, Sight};
use crate::entities::sealing_pass;
use crate::error::{Doing, Failure, StoreError};

/// Values written in one transaction at the most: with some kilobytes each that stays under 20 ms, also on a busy
/// machine (a hundred took 40 ms on one with ten times the work it could do).
const BATCH: usize = 25;
/// Values read at once.
const LOOKED_AT: u64 = 500;
/// Between two transactions others get their turn: SQLite's lock is not fair, and what rings must not wait.
const PAUSE: Duration = Duration::from_millis(10);

/// What every value is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    /// Sealed, with whatever key.
    NoPlainValue,
    /// Sealed with this key, which is the newest.
    With(KeyId),
}

impl Goal {
    fn word(self) -> String {
        match self {
            Self::NoPlainValue => "plain".to_owned(),
            Self::With(id) => id.to_string(),
        }
    }

    fn is_met_by(self, stored: &str) -> bool {
        match (self, key_of(stored)) {
            (_, None) => false,
            (Self::NoPlainValue, Some(_)) => true,
            (Self::With(wanted), Some(id)) => wanted == id,
        }
    }
}

/// What a pass did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Values looked at.
    pub seen: u64,
    /// Values sealed anew.
    pub sealed: u64,
    /// Those that did not open and stay as they are, in words; the first hundred.
    pub unreadable: Vec<String>,
}

/// Explanations kept of what did not open.
const MAX_EXPLAINED: usize = 100;

/// One value that is to be replaced.
struct Change {
    id: Uuid,
    before: String,
    after: String,
}

/// Goes through all columns. Those that a pass with this goal has finished before are left out unless `again`.
pub(crate) async fn run(
    db: &Db,
    goal: Goal,
    again: bool,
    mut progress: impl FnMut(&Resealed),
) -> Result<Resealed, StoreError> {
    let mut done = Resealed::default();
    for column in COLUMNS {
        let before = if again { None } else { place_of(db, *column, goal).await? };
        if before.as_ref().is_some_and(|pass| pass.done) {
            continue;
        }
        let mut after = before.and_then(|pass| pass.after);
        // What is written from now on is sealed as it should be: a pass that followed it would never end.
        let until = newest(db, *column).await?;
        loop {
            let values = values_after(db, *column, after, LOOKED_AT).await?;
            done.seen += values.len() as u64;
            let last = values.last().map(|(id, _)| *id);
            let is_done = (values.len() as u64) < LOOKED_AT || last >= until;
            let mut changes: Vec<Change> = values
                .into_iter()
                .filter(|(_, stored)| !goal.is_met_by(stored))
                .filter_map(|(id, before)| resealed(db, *column, id, before, &mut done.unreadable))
                .collect();
            while changes.len() > BATCH {
                let few = changes.drain(..BATCH).collect();
                done.sealed += write(db, *column, goal, few, after, false).await?;
                progress(&done);
                tokio::time::sleep(PAUSE).await;
            }
            after = last.or(after);
            done.sealed += write(db, *column, goal, changes, after, is_done).await?;
            progress(&done);
            if is_done {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    if done.sealed > 0
        && let Err(error) = db.empty_the_log().await
    {
        tracing::warn!(%error, "what was sealed now may still stand in the clear in SQLite's log for a while");
    }
    Ok(done)
}

/// Has a pass with this goal gone through all columns?
pub(crate) async fn is_through(db: &Db, goal: Goal) -> Result<bool, StoreError> {
    for column in COLUMNS {
        if !place_of(db, *column, goal).await?.is_some_and(|pass| pass.done) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// How many values there are, for a progress bar.
pub(crate) async fn count(db: &Db) -> Result<u64, StoreError> {
    let mut all = 0;
    for SealedColumn { table, column } in COLUMNS {
        let seen = db.see(Sight::Installation, format!("count {table}.{column}")).await?;
        let query = Query::select()
            .expr_as(Expr::col(Alias::new("id")).count(), Alias::new("values"))
            .from(Alias::new(*table))
            .and_where(Expr::col(Alias::new(*column)).is_not_null())
            .to_owned();
        let row = seen.read(seen.connection().query_one(&query)).await?;
        let values: i64 = row.map_or(Ok(0), |row| row.try_get("", "values")).map_err(unexpected(table))?;
        all += u64::try_from(values).unwrap_or(0);
    }
    Ok(all)
}

/// How many values are sealed with this key still. Looks at every value.
pub(crate) async fn uses_of(db: &Db, id: KeyId) -> Result<u64, StoreError> {
    let mut uses = 0;
    for column in COLUMNS {
        let mut after = None;
        loop {
            let values = values_after(db, *column, after, LOOKED_AT).await?;
            uses += values.iter().filter(|(_, stored)| key_of(stored) == Some(id)).count() as u64;
            after = values.last().map(|(id, _)| *id).or(after);
            if (values.len() as u64) < LOOKED_AT {
                break;
            }
        }
    }
    Ok(uses)
}

fn resealed(
    db: &Db,
    SealedColumn { table, column }: SealedColumn,
    id: Uuid,
    before: String,
    unreadable: &mut Vec<String>,
) -> Option<Change> {
    let cell = Cell { table, column, id };
    match db.keys().open_bytes(cell, &before) {
        Ok(plain) => Some(Change { id, after: db.keys().seal(cell, plain), before }),
        Err(error) => {
            if unreadable.len() < MAX_EXPLAINED {
                unreadable.push(error.to_string());
            }
            None
        }
    }
}

async fn values_after(
    db: &Db,
    SealedColumn { table, column }: SealedColumn,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<(Uuid, String)>, StoreError> {
    let (id, value) = (Alias::new("id"), Alias::new(column));
    let mut query = Query::select();
    query
        .column(id.clone())
        .column(value.clone())
        .from(Alias::new(table))
        .and_where(Expr::col(value).is_not_null())
        .order_by(id.clone(), Order::Asc)
        .limit(limit);
    if let Some(after) = after {
        query.and_where(Expr::col(id).gt(after));
    }
    let seen = db.see(Sight::Installation, format!("read {table}.{column}")).await?;
    let rows = seen.read(seen.connection().query_all(&query)).await?;
    rows.iter()
        .map(|row| Ok((row.try_get("", "id")?, row.try_get("", column)?)))
        .collect::<Result<_, sea_orm::DbErr>>()
        .map_err(unexpected(table))
}

/// The last id there is a value for.
async fn newest(db: &Db, SealedColumn { table, column }: SealedColumn) -> Result<Option<Uuid>, StoreError> {
    let id = Alias::new("id");
    let query = Query::select()
        .column(id.clone())
        .from(Alias::new(table))
        .and_where(Expr::col(Alias::new(column)).is_not_null())
        .order_by(id, Order::Desc)
        .limit(1)
        .to_owned();
    let seen = db.see(Sight::Installation, format!("look for the last value of {table}.{column}")).await?;
    let row = seen.read(seen.connection().query_one(&query)).await?;
    row.map(|row| row.try_get("", "id")).transpose().map_err(unexpected(table))
}

fn unexpected(table: &'static str) -> impl FnOnce(sea_orm::DbErr) -> StoreError {
    move |error| StoreError::from_db(Doing::from(format!("read {table}")), error)
}

/// Replaces the values that are still what they were read as, and notes how far the pass is. Says how many.
async fn write(
    db: &Db,
    column: SealedColumn,
    goal: Goal,
    changes: Vec<Change>,
    after: Option<Uuid>,
    done: bool,
) -> Result<u64, StoreError> {
    let doing = format!("seal {} values of {}.{}", changes.len(), column.table, column.column);
    let pass = sealing_pass::ActiveModel {
        sealed_column: Set(name_of(column)),
        goal: Set(goal.word()),
        after: Set(after),
        done: Set(done),
    };
    db.write(Lane::Settings, Sight::Installation, 1 + changes.len(), doing, move |transaction| {
        Box::pin(async move {
            let mut sealed = 0;
            for change in changes {
                sealed += replace(transaction, column, change).await?;
            }
            let same = [sealing_pass::Column::SealedColumn, sealing_pass::Column::Goal];
            let further = [sealing_pass::Column::After, sealing_pass::Column::Done];
            sealing_pass::Entity::insert(pass)
                .on_conflict(OnConflict::columns(same).update_columns(further).to_owned())
                .exec_without_returning(transaction)
                .await?;
            Ok(sealed)
        })
    })
    .await
}

async fn replace(
    transaction: &DatabaseTransaction,
    SealedColumn { table, column }: SealedColumn,
    Change { id, before, after }: Change,
) -> Result<u64, Failure> {
    let value = Alias::new(column);
    let statement = Query::update()
        .table(Alias::new(table))
        .value(value.clone(), after)
        .and_where(Expr::col(Alias::new("id")).eq(id))
        // Whoever wrote it meanwhile sealed it with the newest key himself.
        .and_where(Expr::col(value).eq(before))
        .to_owned();
    Ok(transaction.execute(&statement).await?.rows_affected())
}

fn name_of(SealedColumn { table, column }: SealedColumn) -> String {
    format!("{table}.{column}")
}

async fn place_of(
    db: &Db,
    column: SealedColumn,
    goal: Goal,
) -> Result<Option<sealing_pass::Model>, StoreError> {
    let seen = db.see(Sight::Installation, "look how far a sealing pass is").await?;
    let row = sealing_pass::Entity::find()
        .filter(sealing_pass::Column::SealedColumn.eq(name_of(column)))
        .filter(sealing_pass::Column::Goal.eq(goal.word()))
        .one(seen.connection());
    seen.read(row).await
}
