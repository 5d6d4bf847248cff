//! What the provider sent, kept before it is answered.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // No foreign keys: an event for a number we do not know is kept as well.
        let inbox = Table::create()
            .table("inbox")
            .col(ColumnDef::new("id").uuid().not_null().primary_key())
            .col(ColumnDef::new("tenant_id").uuid())
            .col(ColumnDef::new("number_id").uuid())
            .col(ColumnDef::new("provider").text().not_null())
            .col(ColumnDef::new("dedupe_key").text().not_null().unique_key())
            .col(ColumnDef::new("provider_call_id").text())
            .col(ColumnDef::new("kind").text().not_null())
            .col(ColumnDef::new("foreign_number").boolean().not_null())
            .col(ColumnDef::new("payload").text().not_null())
            .col(ColumnDef::new("received_at").timestamp_with_time_zone().not_null())
            .col(ColumnDef::new("processed_at").timestamp_with_time_zone())
            .to_owned();
        manager.create_table(inbox).await?;
        manager
            .create_index(
                Index::create()
                    .name("inbox_by_kind")
                    .table("inbox")
                    .col("kind")
                    .col("foreign_number")
                    .to_owned(),
            )
            .await?;
        // sea-query's builder has no WHERE for an index that both databases understand alike.
        manager
            .get_connection()
            .execute_unprepared("CREATE INDEX inbox_unprocessed ON inbox (id) WHERE processed_at IS NULL")
            .await?;
        Ok(())
    }
}
