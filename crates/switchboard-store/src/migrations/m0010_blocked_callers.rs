//! Callers a business does not want, and what a number answers while the exchange is being stopped.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let blocked_callers = Table::create()
            .table("blocked_callers")
            .col(ColumnDef::new("id").uuid().not_null().primary_key())
            .col(ColumnDef::new("tenant_id").uuid().not_null())
            // None: on all numbers of the business.
            .col(ColumnDef::new("number_id").uuid())
            // At least one of the two is there.
            .col(ColumnDef::new("phone").text())
            .col(ColumnDef::new("user_id").text())
            .col(ColumnDef::new("caller_name").text())
            .col(ColumnDef::new("reason").text().not_null())
            // None: for ever.
            .col(ColumnDef::new("until").timestamp_with_time_zone())
            .col(ColumnDef::new("created_by").text().not_null())
            .col(ColumnDef::new("created_by_name").text().not_null())
            .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
            .foreign_key(
                ForeignKey::create()
                    .from_tbl("blocked_callers")
                    .from_col("tenant_id")
                    .to_tbl("tenants")
                    .to_col("id"),
            )
            .foreign_key(
                ForeignKey::create()
                    .from_tbl("blocked_callers")
                    .from_col("tenant_id")
                    .from_col("number_id")
                    .to_tbl("numbers")
                    .to_col("tenant_id")
                    .to_col("id"),
            )
            .to_owned();
        manager.create_table(blocked_callers).await?;
        manager
            .create_index(
                Index::create()
                    .name("blocked_callers_of_tenant")
                    .table("blocked_callers")
                    .col("tenant_id")
                    .col("id")
                    .to_owned(),
            )
            .await?;
        manager
            .alter_table(
                Table::alter()
                    .table("numbers")
                    .add_column(ColumnDef::new("drain_answer").text().not_null().default("reject"))
                    .to_owned(),
            )
            .await
    }
}
