//! Who did what; invitations and reset links; what a key may reach; what a business decides about its people.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [audit_entries(), invitations(), password_resets()] {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        // One column per statement: SQLite knows no other way.
        let tenants = [
            ColumnDef::new("mask_numbers_for").text().not_null().default("none").to_owned(),
            ColumnDef::new("calls_without_branch_visible").boolean().not_null().default(true).to_owned(),
            ColumnDef::new("invitation_valid_s").integer().not_null().default(72 * 3_600).to_owned(),
            ColumnDef::new("password_reset_valid_s").integer().not_null().default(3_600).to_owned(),
        ];
        for column in tenants {
            manager.alter_table(Table::alter().table("tenants").add_column(column).to_owned()).await?;
        }
        let api_keys = [
            // Words with commas; empty: only what the role allows.
            ColumnDef::new("scopes").text().not_null().default("").to_owned(),
            // Ids; none: every branch.
            ColumnDef::new("branch_ids").json_binary().to_owned(),
            ColumnDef::new("made_by").uuid().to_owned(),
        ];
        for column in api_keys {
            manager.alter_table(Table::alter().table("api_keys").add_column(column).to_owned()).await?;
        }
        Ok(())
    }
}

/// Names are kept as they were: an entry tells of its moment, whatever was renamed or removed since.
fn audit_entries() -> TableCreateStatement {
    Table::create()
        .table("audit_entries")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(ColumnDef::new("tenant_id").uuid().not_null())
        .col(ColumnDef::new("at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("actor").text().not_null())
        .col(ColumnDef::new("actor_id").uuid())
        .col(ColumnDef::new("actor_name").text())
        .col(ColumnDef::new("what").text().not_null())
        .col(ColumnDef::new("subject_kind").text().not_null())
        .col(ColumnDef::new("subject_id").text().not_null())
        .col(ColumnDef::new("subject_name").text())
        .col(ColumnDef::new("detail").json_binary().not_null())
        .col(ColumnDef::new("address").text())
        .foreign_key(&mut of_tenant("audit_entries"))
        .to_owned()
}

fn invitations() -> TableCreateStatement {
    Table::create()
        .table("invitations")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(ColumnDef::new("tenant_id").uuid().not_null())
        .col(ColumnDef::new("token_hash").text().not_null().unique_key())
        .col(ColumnDef::new("email").text().not_null())
        .col(ColumnDef::new("name").text().not_null())
        .col(ColumnDef::new("role").text().not_null())
        // None: every branch.
        .col(ColumnDef::new("branch_ids").json_binary())
        .col(ColumnDef::new("language").text().not_null())
        .col(ColumnDef::new("made_by_name").text())
        .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("expires_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("accepted_at").timestamp_with_time_zone())
        .col(ColumnDef::new("revoked_at").timestamp_with_time_zone())
        .foreign_key(&mut of_tenant("invitations"))
        .to_owned()
}

fn password_resets() -> TableCreateStatement {
    Table::create()
        .table("password_resets")
        // One per person: a newer one takes the place of the older.
        .col(ColumnDef::new("user_id").uuid().not_null().primary_key())
        .col(ColumnDef::new("tenant_id").uuid().not_null())
        .col(ColumnDef::new("token_hash").text().not_null().unique_key())
        .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("expires_at").timestamp_with_time_zone().not_null())
        .foreign_key(
            ForeignKey::create()
                .from_tbl("password_resets")
                .from_col("tenant_id")
                .from_col("user_id")
                .to_tbl("users")
                .to_col("tenant_id")
                .to_col("id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

fn of_tenant(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().from_tbl(table).from_col("tenant_id").to_tbl("tenants").to_col("id").to_owned()
}

fn indexes() -> [IndexCreateStatement; 3] {
    [
        Index::create()
            .name("audit_in_lists")
            .table("audit_entries")
            .col("tenant_id")
            .col("at")
            .col("id")
            .to_owned(),
        Index::create()
            .name("audit_by_what")
            .table("audit_entries")
            .col("tenant_id")
            .col("what")
            .col("at")
            .col("id")
            .to_owned(),
        Index::create().name("invitations_by_email").table("invitations").col("email").to_owned(),
    ]
}
