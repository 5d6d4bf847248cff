//! How long a number may get no webhook before somebody is told.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // None: what the installation says; 0: nobody is told.
        let hours = Table::alter()
            .table("numbers")
            .add_column(ColumnDef::new("no_webhook_hours").integer())
            .to_owned();
        manager.alter_table(hours).await
    }
}
