//! Calls of the business: who placed them and when, and which numbers may.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // One column at a time: SQLite adds no two in one statement.
        let of_calls = [
            ColumnDef::new("placed_by").uuid().to_owned(),
            ColumnDef::new("dialled_at").timestamp_with_time_zone().to_owned(),
            ColumnDef::new("rang_at").timestamp_with_time_zone().to_owned(),
            // What the one who asked for the call sent along, so that asking twice calls once.
            ColumnDef::new("idempotency_key").text().to_owned(),
        ];
        for column in of_calls {
            manager.alter_table(Table::alter().table("calls").add_column(column).to_owned()).await?;
        }
        let of_numbers = [
            ColumnDef::new("business_calls_enabled").boolean().not_null().default(false).to_owned(),
            ColumnDef::new("outgoing_ring_s").integer().not_null().default(60).to_owned(),
        ];
        for column in of_numbers {
            manager.alter_table(Table::alter().table("numbers").add_column(column).to_owned()).await?;
        }
        manager
            .get_connection()
            .execute_unprepared(
                "CREATE UNIQUE INDEX calls_by_idempotency_key ON calls (tenant_id, idempotency_key) \
                 WHERE idempotency_key IS NOT NULL",
            )
            .await?;
        Ok(())
    }
}
