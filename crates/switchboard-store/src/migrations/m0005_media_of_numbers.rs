//! What a number has agreed with its provider about sound.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // One column at a time: SQLite adds no two in one statement.
        let key_exchange = Table::alter()
            .table("numbers")
            .add_column(ColumnDef::new("srtp_key_exchange").text().not_null().default("dtls"))
            .to_owned();
        // Words, comma-separated.
        let additional_codecs = Table::alter()
            .table("numbers")
            .add_column(ColumnDef::new("additional_codecs").text().not_null().default(""))
            .to_owned();
        manager.alter_table(key_exchange).await?;
        manager.alter_table(additional_codecs).await
    }
}
