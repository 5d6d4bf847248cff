//! Calls and their story.

use sea_orm_migration::prelude::*;

use crate::dialect::{self, HandWritten};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(calls()).await?;
        let backend = manager.get_database_backend();
        let (position, tx) = dialect::event_log_order(backend);
        let connection = manager.get_connection();
        connection
            .execute_unprepared(&format!(
                "CREATE TABLE call_events ({position}, {tx}, id {uuid} NOT NULL UNIQUE, call_id {uuid} NOT NULL \
                 REFERENCES calls (id), seq INTEGER NOT NULL, at {moment} NOT NULL, kind TEXT NOT NULL, \
                 data {json} NOT NULL)",
                uuid = dialect::column_type(backend, HandWritten::Uuid),
                moment = dialect::column_type(backend, HandWritten::Moment),
                json = dialect::column_type(backend, HandWritten::Json),
            ))
            .await?;
        let indexes = [
            Index::create()
                .unique()
                .name("calls_of_provider")
                .col("number_id")
                .col("provider_call_id")
                .to_owned(),
            Index::create().name("calls_in_lists").col("tenant_id").col("listed_at").col("id").to_owned(),
            Index::create().name("calls_by_number").col("number_id").col("listed_at").col("id").to_owned(),
            Index::create()
                .name("calls_by_status")
                .col("tenant_id")
                .col("status")
                .col("listed_at")
                .col("id")
                .to_owned(),
        ];
        for mut index in indexes {
            manager.create_index(index.table("calls").to_owned()).await?;
        }
        for index in [
            "CREATE INDEX calls_live ON calls (owner_node) WHERE outcome IS NULL",
            "CREATE UNIQUE INDEX call_events_of_call ON call_events (call_id, seq)",
            "CREATE INDEX call_events_log ON call_events (tx, position)",
        ] {
            connection.execute_unprepared(index).await?;
        }
        Ok(())
    }
}

fn calls() -> TableCreateStatement {
    let mut table = Table::create();
    table.table("calls").col(ColumnDef::new("id").uuid().not_null().primary_key());
    for id in ["tenant_id", "number_id", "owner_node"] {
        table.col(ColumnDef::new(id).uuid().not_null());
    }
    for id in ["branch_id", "answered_by", "ended_by_user"] {
        table.col(ColumnDef::new(id).uuid());
    }
    for word in ["provider_call_id", "direction", "state", "status", "search_text"] {
        table.col(ColumnDef::new(word).text().not_null());
    }
    for word in [
        "caller_name",
        "caller_phone",
        "caller_user_id",
        "caller_parent_user_id",
        "caller_username",
        "caller_country",
        "called_phone",
        "cta_payload",
        "deeplink_payload",
        "sdp_offer",
        "sdp_answer",
        "destination",
        "outcome",
        "end_reason",
        "ended_by",
        "error_message",
    ] {
        table.col(ColumnDef::new(word).text());
    }
    for moment in ["listed_at", "created_at", "updated_at"] {
        table.col(ColumnDef::new(moment).timestamp_with_time_zone().not_null());
    }
    for moment in [
        "offered_at",
        "answer_by",
        "pre_accepted_at",
        "accepted_at",
        "answered_at",
        "ended_at",
        "provider_started_at",
        "provider_ended_at",
    ] {
        table.col(ColumnDef::new(moment).timestamp_with_time_zone());
    }
    for number in
        ["answer_window_ms", "max_call_duration_ms", "provider_duration_ms", "talk_seconds", "error_code"]
    {
        table.col(ColumnDef::new(number).big_integer());
    }
    table
        .col(ColumnDef::new("owner_epoch").big_integer().not_null())
        .col(ColumnDef::new("offered").boolean().not_null())
        .col(ColumnDef::new("ringing").json_binary().not_null())
        .col(ColumnDef::new("metadata").json_binary().not_null())
        .col(ColumnDef::new("quality").json_binary());
    // Composite keys: a call's number and branch are of the call's own tenant, whatever the code above does.
    for (column, other) in [("number_id", "numbers"), ("branch_id", "branches")] {
        table.foreign_key(
            ForeignKey::create()
                .from_tbl("calls")
                .from_col("tenant_id")
                .from_col(column)
                .to_tbl(other)
                .to_col("tenant_id")
                .to_col("id"),
        );
    }
    table
}
