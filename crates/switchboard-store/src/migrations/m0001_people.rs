//! Tenants and branches; users, their sessions; API keys.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tenants = Table::create()
            .table("tenants")
            .col(ColumnDef::new("id").uuid().not_null().primary_key())
            // A name for programs; "default" is the one made at the first start.
            .col(ColumnDef::new("slug").text().not_null().unique_key())
            .col(ColumnDef::new("name").text().not_null())
            .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
            .to_owned();
        let branches = Table::create()
            .table("branches")
            .col(ColumnDef::new("id").uuid().not_null().primary_key())
            .col(ColumnDef::new("tenant_id").uuid().not_null())
            .col(ColumnDef::new("name").text().not_null())
            .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
            .index(Index::create().unique().name("branches_of_tenant").col("tenant_id").col("id"))
            .foreign_key(
                ForeignKey::create()
                    .from_tbl("branches")
                    .from_col("tenant_id")
                    .to_tbl("tenants")
                    .to_col("id"),
            )
            .to_owned();
        let users = Table::create()
            .table("users")
            .col(ColumnDef::new("id").uuid().not_null().primary_key())
            .col(ColumnDef::new("tenant_id").uuid().not_null())
            .col(ColumnDef::new("email").text().not_null().unique_key())
            .col(ColumnDef::new("name").text().not_null())
            .col(ColumnDef::new("role").text().not_null())
            // Rows in user_branches narrow the user down only while this is false.
            .col(ColumnDef::new("all_branches").boolean().not_null())
            .col(ColumnDef::new("password_hash").text().not_null())
            .col(ColumnDef::new("language").text().not_null())
            .col(ColumnDef::new("disabled_at").timestamp_with_time_zone())
            .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
            .index(Index::create().unique().name("users_of_tenant").col("tenant_id").col("id"))
            .foreign_key(
                ForeignKey::create().from_tbl("users").from_col("tenant_id").to_tbl("tenants").to_col("id"),
            )
            .to_owned();
        // Composite keys: a user's branch is of the user's own tenant, whatever the code above does.
        let user_branches = Table::create()
            .table("user_branches")
            .col(ColumnDef::new("tenant_id").uuid().not_null())
            .col(ColumnDef::new("user_id").uuid().not_null())
            .col(ColumnDef::new("branch_id").uuid().not_null())
            .primary_key(Index::create().col("user_id").col("branch_id"))
            .foreign_key(
                ForeignKey::create()
                    .from_tbl("user_branches")
                    .from_col("tenant_id")
                    .from_col("user_id")
                    .to_tbl("users")
                    .to_col("tenant_id")
                    .to_col("id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .foreign_key(
                ForeignKey::create()
                    .from_tbl("user_branches")
                    .from_col("tenant_id")
                    .from_col("branch_id")
                    .to_tbl("branches")
                    .to_col("tenant_id")
                    .to_col("id"),
            )
            .to_owned();
        let sessions = Table::create()
            .table("sessions")
            .col(ColumnDef::new("id_hash").text().not_null().primary_key())
            .col(ColumnDef::new("user_id").uuid())
            .col(ColumnDef::new("tenant_id").uuid())
            .col(ColumnDef::new("data").json_binary().not_null())
            .col(ColumnDef::new("expires_at").timestamp_with_time_zone().not_null())
            .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
            .foreign_key(
                ForeignKey::create()
                    .from_tbl("sessions")
                    .from_col("tenant_id")
                    .from_col("user_id")
                    .to_tbl("users")
                    .to_col("tenant_id")
                    .to_col("id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        let api_keys = Table::create()
            .table("api_keys")
            .col(ColumnDef::new("id").uuid().not_null().primary_key())
            .col(ColumnDef::new("tenant_id").uuid().not_null())
            .col(ColumnDef::new("name").text().not_null())
            .col(ColumnDef::new("prefix").text().not_null())
            // The first bytes of the hash find the row, the whole hash is then compared in constant time.
            .col(ColumnDef::new("hash_start").text().not_null())
            .col(ColumnDef::new("hash").text().not_null().unique_key())
            .col(ColumnDef::new("role").text().not_null())
            .col(ColumnDef::new("last_used_at").timestamp_with_time_zone())
            .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
            .foreign_key(
                ForeignKey::create()
                    .from_tbl("api_keys")
                    .from_col("tenant_id")
                    .to_tbl("tenants")
                    .to_col("id"),
            )
            .to_owned();
        for table in [tenants, branches, users, user_branches, sessions, api_keys] {
            manager.create_table(table).await?;
        }
        let indexes = [
            Index::create()
                .name("user_branches_by_branch")
                .table("user_branches")
                .col("branch_id")
                .to_owned(),
            Index::create().name("sessions_by_user").table("sessions").col("user_id").to_owned(),
            Index::create().name("sessions_by_expiry").table("sessions").col("expires_at").to_owned(),
            Index::create().name("api_keys_by_hash_start").table("api_keys").col("hash_start").to_owned(),
        ];
        for index in indexes {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}
