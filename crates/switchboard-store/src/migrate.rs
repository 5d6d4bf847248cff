//! Brings the tables up to date, all or nothing, one process at a time.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, Statement};
use sea_orm_migration::MigratorTrait;

use crate::db::{self, Db, Sight, StoreOptions};
use crate::error::StoreError;
use crate::migrations::{self, Migrations};
use crate::{dialect, row_security};

/// A change of the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// `m0001_people`
    pub name: String,
    /// What it does, in a sentence.
    pub what: &'static str,
}

impl Migration {
    fn of(name: &str) -> Self {
        Self { name: name.to_owned(), what: migrations::what(name) }
    }
}

/// What opening a database would do to its tables; changes nothing.
pub(crate) async fn pending(url: &str, options: &StoreOptions) -> Result<Vec<Migration>, StoreError> {
    let failed = |error| StoreError::Migrate(Arc::new(error));
    let Some(connection) = db::to_look_at(url, options).await? else {
        // There is no file yet.
        return Ok(missing(&[]));
    };
    let applied = dialect::applied_migrations(&connection).await.map_err(failed);
    let closed = connection.close().await.map_err(failed);
    let applied = applied?;
    closed?;
    refuse_later_ones(&applied)?;
    Ok(missing(&applied))
}

fn missing(applied: &[String]) -> Vec<Migration> {
    let all = Migrations::migrations();
    let names = all.iter().map(|migration| migration.name());
    names.filter(|name| !applied.iter().any(|it| it == name)).map(Migration::of).collect()
}

/// Tables that a later version has changed may mean something else now.
fn refuse_later_ones(applied: &[String]) -> Result<(), StoreError> {
    let known = Migrations::migrations();
    let unknown = applied.iter().filter(|name| !known.iter().any(|it| it.name() == name.as_str()));
    let unknown: Vec<&str> = unknown.map(String::as_str).collect();
    if unknown.is_empty() {
        Ok(())
    } else {
        Err(StoreError::FromALaterVersion { unknown: unknown.join(", ") })
    }
}

/// Runs what has not run yet. Both databases can undo table changes, so a failing migration leaves nothing behind.
pub(crate) async fn to_latest(db: &mut Db) -> Result<(), StoreError> {
    let failed = |error| StoreError::Migrate(Arc::new(error));
    match db.take_owner() {
        Some(owner) => {
            let user = user_of(db.writer()).await.map_err(failed)?;
            let done = migrate(&owner, Some(&user)).await;
            let closed = owner.close().await.map_err(failed);
            done.and(closed)?;
        }
        None => migrate(db.writer(), None).await?,
    }
    if db.backend() == DbBackend::Postgres && !row_security::binds(db.writer()).await.map_err(failed)? {
        tracing::warn!(
            "the role in SWITCHBOARD_DATABASE_URL is a superuser or bypasses row security: PostgreSQL does not keep \
             tenants apart by itself; see the guide to PostgreSQL"
        );
    }
    Ok(())
}

async fn migrate(connection: &DatabaseConnection, lend_to: Option<&str>) -> Result<(), StoreError> {
    let failed = |error| StoreError::Migrate(Arc::new(error));
    if connection.get_database_backend() == DbBackend::Sqlite {
        // With nothing to do no lock is asked for: whoever opens the database beside a busy exchange need not wait for it.
        let applied = dialect::applied_migrations(connection).await.map_err(failed)?;
        refuse_later_ones(&applied)?;
        if missing(&applied).is_empty() {
            return Ok(());
        }
    }
    let transaction = dialect::begin(connection).await.map_err(failed)?;
    dialect::lock_migrations(&transaction).await.map_err(failed)?;
    let applied = dialect::applied_migrations(&transaction).await.map_err(failed)?;
    refuse_later_ones(&applied)?;
    run(transaction, lend_to).await.map_err(failed)?;
    if applied.is_empty() {
        tracing::info!("the tables of the database were made");
    } else {
        for Migration { name, what } in missing(&applied) {
            tracing::info!(migration = name, "the tables of the database were changed: {what}");
        }
    }
    Ok(())
}

async fn run(transaction: DatabaseTransaction, lend_to: Option<&str>) -> Result<(), DbErr> {
    // The owner is bound by the policies too: without this a migration would change no row.
    Sight::Installation.apply_to_migration(&transaction).await?;
    Migrations::up(&transaction, None).await?;
    row_security::set_up(&transaction).await?;
    if let Some(user) = lend_to {
        row_security::grant(&transaction, user).await?;
    }
    transaction.commit().await
}

async fn user_of(connection: &DatabaseConnection) -> Result<String, DbErr> {
    let row = connection
        .query_one_raw(Statement::from_string(DbBackend::Postgres, "SELECT current_user::text AS name"))
        .await?;
    row.ok_or_else(|| DbErr::Custom("the database does not say who is signed in".to_owned()))?
        .try_get("", "name")
}
