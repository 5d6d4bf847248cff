//! Business numbers and the nodes that serve them.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let numbers = Table::create()
            .table("numbers")
            .col(ColumnDef::new("id").uuid().not_null().primary_key())
            .col(ColumnDef::new("tenant_id").uuid().not_null())
            .col(ColumnDef::new("branch_id").uuid())
            .col(ColumnDef::new("provider").text().not_null())
            .col(ColumnDef::new("provider_number_id").text().not_null())
            .col(ColumnDef::new("waba_id").text())
            .col(ColumnDef::new("name").text().not_null())
            .col(ColumnDef::new("display_phone").text().not_null())
            .col(ColumnDef::new("calling_enabled").boolean().not_null())
            .col(ColumnDef::new("destination").text().not_null())
            .col(ColumnDef::new("answer_window_s").integer().not_null())
            .col(ColumnDef::new("max_concurrent_calls").integer().not_null())
            .col(ColumnDef::new("max_call_duration_s").integer().not_null())
            .col(ColumnDef::new("sandbox").boolean().not_null())
            .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
            .col(ColumnDef::new("updated_at").timestamp_with_time_zone().not_null())
            .index(Index::create().unique().name("numbers_of_tenant").col("tenant_id").col("id"))
            .index(
                Index::create()
                    .unique()
                    .name("numbers_of_provider")
                    .col("provider")
                    .col("provider_number_id"),
            )
            .foreign_key(
                ForeignKey::create().from_tbl("numbers").from_col("tenant_id").to_tbl("tenants").to_col("id"),
            )
            .foreign_key(
                ForeignKey::create()
                    .from_tbl("numbers")
                    .from_col("tenant_id")
                    .from_col("branch_id")
                    .to_tbl("branches")
                    .to_col("tenant_id")
                    .to_col("id"),
            )
            .to_owned();
        let nodes = Table::create()
            .table("nodes")
            .col(ColumnDef::new("id").uuid().not_null().primary_key())
            // Counts the starts of this node.
            .col(ColumnDef::new("epoch").big_integer().not_null())
            .col(ColumnDef::new("started_at").timestamp_with_time_zone().not_null())
            .to_owned();
        manager.create_table(numbers).await?;
        manager.create_table(nodes).await
    }
}
