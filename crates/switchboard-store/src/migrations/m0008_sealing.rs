//! Which data keys values are sealed with, how far the passes over them have come, and recordings.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let data_keys = Table::create()
            .table("data_keys")
            .col(ColumnDef::new("id").text().not_null().primary_key())
            // A known word sealed with the key: shows whether a file holds the same key.
            .col(ColumnDef::new("proof").text().not_null())
            .to_owned();
        let sealing_passes = Table::create()
            .table("sealing_passes")
            .col(ColumnDef::new("sealed_column").text().not_null())
            // "plain", or the key everything is to be sealed with.
            .col(ColumnDef::new("goal").text().not_null())
            .col(ColumnDef::new("after").uuid())
            .col(ColumnDef::new("done").boolean().not_null())
            .primary_key(Index::create().col("sealed_column").col("goal"))
            .to_owned();
        for table in [data_keys, sealing_passes, recordings()] {
            manager.create_table(table).await?;
        }
        let indexes = [
            Index::create().name("recordings_of_call").col("call_id").col("started_at").to_owned(),
            Index::create()
                .name("recordings_in_lists")
                .col("tenant_id")
                .col("started_at")
                .col("id")
                .to_owned(),
        ];
        for mut index in indexes {
            manager.create_index(index.table("recordings").to_owned()).await?;
        }
        for index in [
            "CREATE INDEX recordings_live ON recordings (node_id) WHERE state IN ('recording', 'paused')",
            "CREATE INDEX recordings_errands ON recordings (errand_at) WHERE errand_at IS NOT NULL",
        ] {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }
}

fn recordings() -> TableCreateStatement {
    let mut table = Table::create();
    table.table("recordings").col(ColumnDef::new("id").uuid().not_null().primary_key());
    for id in ["tenant_id", "call_id", "number_id", "node_id"] {
        table.col(ColumnDef::new(id).uuid().not_null());
    }
    table
        .col(ColumnDef::new("state").text().not_null())
        .col(ColumnDef::new("started_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("ended_at").timestamp_with_time_zone())
        .col(ColumnDef::new("duration_ms").big_integer())
        .col(ColumnDef::new("size_bytes").big_integer())
        // The file has no closing chunk: it ended with a crash or a full disk.
        .col(ColumnDef::new("cut").boolean().not_null())
        .col(ColumnDef::new("pauses").json_binary().not_null())
        .col(ColumnDef::new("peaks").blob())
        .col(ColumnDef::new("peaks_interval_ms").integer())
        .col(ColumnDef::new("failure").text())
        // "disk" or "bucket"; none: there is no file (any more).
        .col(ColumnDef::new("place").text())
        // Gone with a deletion: without it whatever is left of the file is noise.
        .col(ColumnDef::new("wrapped_key").text())
        // When its file is to be brought to the bucket, or away.
        .col(ColumnDef::new("errand_at").timestamp_with_time_zone())
        .col(ColumnDef::new("errand_attempts").integer().not_null())
        .col(ColumnDef::new("deleted_at").timestamp_with_time_zone())
        // A user or an API key.
        .col(ColumnDef::new("deleted_by").uuid())
        .foreign_key(
            ForeignKey::create().from_tbl("recordings").from_col("call_id").to_tbl("calls").to_col("id"),
        )
        .foreign_key(
            ForeignKey::create().from_tbl("recordings").from_col("tenant_id").to_tbl("tenants").to_col("id"),
        );
    // A recording's number is of the recording's own tenant, whatever the code above does.
    table.foreign_key(
        ForeignKey::create()
            .from_tbl("recordings")
            .from_col("tenant_id")
            .from_col("number_id")
            .to_tbl("numbers")
            .to_col("tenant_id")
            .to_col("id"),
    );
    table
}
