//! Whether and how the calls of a number are recorded, and the business' own announcement.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // One column at a time: SQLite adds no two in one statement.
        let columns = [
            ColumnDef::new("recording_mode").text().not_null().default("off").to_owned(),
            ColumnDef::new("recording_announcement").text().not_null().default("en").to_owned(),
            // The length of the own announcement; none: there is none.
            ColumnDef::new("own_announcement_ms").integer().to_owned(),
            ColumnDef::new("recording_waived_by").uuid().to_owned(),
            ColumnDef::new("recording_waived_at").timestamp_with_time_zone().to_owned(),
            ColumnDef::new("record_echo").boolean().not_null().default(false).to_owned(),
            ColumnDef::new("notice_language").text().not_null().default("en").to_owned(),
        ];
        for column in columns {
            manager.alter_table(Table::alter().table("numbers").add_column(column).to_owned()).await?;
        }
        let announcements = Table::create()
            .table("number_announcements")
            .col(ColumnDef::new("number_id").uuid().not_null().primary_key())
            .col(ColumnDef::new("tenant_id").uuid().not_null())
            // Ogg Opus as it is sent.
            .col(ColumnDef::new("sound").blob().not_null())
            .col(ColumnDef::new("updated_at").timestamp_with_time_zone().not_null())
            .foreign_key(
                ForeignKey::create()
                    .from_tbl("number_announcements")
                    .from_col("tenant_id")
                    .from_col("number_id")
                    .to_tbl("numbers")
                    .to_col("tenant_id")
                    .to_col("id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(announcements).await
    }
}
