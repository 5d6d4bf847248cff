//! Brings the tables up to date, all or nothing, one process at a time.

use std::sync::Arc;

use sea_orm::DbErr;
use sea_orm_migration::MigratorTrait;

use crate::db::Db;
use crate::dialect;
use crate::error::StoreError;
use crate::migrations::Migrations;

/// Runs what has not run yet. Both databases can undo table changes, so a failing migration leaves nothing behind.
pub(crate) async fn to_latest(db: &Db) -> Result<(), StoreError> {
    migrate(db).await.map_err(|error| StoreError::Migrate(Arc::new(error)))
}

async fn migrate(db: &Db) -> Result<(), DbErr> {
    let transaction = dialect::begin(db.writer()).await?;
    dialect::lock_migrations(&transaction).await?;
    Migrations::up(&transaction, None).await?;
    transaction.commit().await
}
