//! What is owed: jobs in their order, bodies on their way out, who gets them, and what somebody should look at.

use sea_orm_migration::prelude::*;

use crate::dialect::{self, HandWritten};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        jobs(manager).await?;
        manager.create_table(outbox()).await?;
        manager.create_table(relay_targets()).await?;
        manager.create_table(alerts()).await?;
        manager.create_table(number_signals()).await?;
        let connection = manager.get_connection();
        for index in [
            "CREATE INDEX relay_targets_of_tenant ON relay_targets (tenant_id, id)",
            // One open alert of a kind about a thing, however often it is raised.
            "CREATE UNIQUE INDEX alerts_open ON alerts (kind, subject) WHERE resolved_at IS NULL",
            "CREATE INDEX alerts_in_lists ON alerts (tenant_id, since, id)",
        ] {
            connection.execute_unprepared(index).await?;
        }
        Ok(())
    }
}

/// `position` is given by the database, so that what was committed before has a lower one on every node. A job that
/// is not over has no `finished_at`; one that a worker holds has its `run_at` at the end of the lease.
async fn jobs(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let backend = manager.get_database_backend();
    let connection = manager.get_connection();
    connection
        .execute_unprepared(&format!(
            "CREATE TABLE jobs ({position}, id {uuid} NOT NULL UNIQUE, tenant_id {uuid}, kind TEXT NOT NULL, \
             payload TEXT NOT NULL, target_id {uuid}, outbox_id {uuid}, once_key TEXT, state TEXT NOT NULL, \
             attempts INTEGER NOT NULL, run_at {moment} NOT NULL, created_at {moment} NOT NULL, \
             finished_at {moment}, lease_node {uuid}, lease_epoch BIGINT, last_error TEXT)",
            position = dialect::position(backend),
            uuid = dialect::column_type(backend, HandWritten::Uuid),
            moment = dialect::column_type(backend, HandWritten::Moment),
        ))
        .await?;
    for statement in [
        "CREATE INDEX jobs_due ON jobs (run_at, position) WHERE finished_at IS NULL",
        "CREATE UNIQUE INDEX jobs_once ON jobs (once_key) WHERE finished_at IS NULL",
        "CREATE INDEX jobs_in_lists ON jobs (tenant_id, state, position)",
        "CREATE INDEX jobs_of_target ON jobs (target_id, state, position)",
        "CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL",
        "CREATE INDEX jobs_of_outbox ON jobs (outbox_id)",
        // What is to go out in order shares a key; a row here means that the job is not over.
        "CREATE TABLE job_keys (order_key TEXT NOT NULL, position BIGINT NOT NULL, PRIMARY KEY (order_key, position))",
        "CREATE INDEX job_keys_of_job ON job_keys (position)",
    ] {
        connection.execute_unprepared(statement).await?;
    }
    Ok(())
}

/// Bodies as they came, kept while somebody is owed them.
fn outbox() -> TableCreateStatement {
    Table::create()
        .table("outbox")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(ColumnDef::new("tenant_id").uuid().not_null())
        .col(ColumnDef::new("content_type").text())
        .col(ColumnDef::new("signature").text().not_null())
        .col(ColumnDef::new("body").text().not_null())
        .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
        .to_owned()
}

fn relay_targets() -> TableCreateStatement {
    Table::create()
        .table("relay_targets")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(ColumnDef::new("tenant_id").uuid().not_null())
        .col(ColumnDef::new("number_id").uuid())
        .col(ColumnDef::new("url").text().not_null())
        .col(ColumnDef::new("secret").text())
        .col(ColumnDef::new("enabled").boolean().not_null())
        .col(ColumnDef::new("created_at").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("updated_at").timestamp_with_time_zone().not_null())
        .foreign_key(
            ForeignKey::create()
                .from_tbl("relay_targets")
                .from_col("tenant_id")
                .to_tbl("tenants")
                .to_col("id"),
        )
        // Composite: the number is of the target's own tenant, whatever the code above does.
        .foreign_key(
            ForeignKey::create()
                .from_tbl("relay_targets")
                .from_col("tenant_id")
                .from_col("number_id")
                .to_tbl("numbers")
                .to_col("tenant_id")
                .to_col("id"),
        )
        .to_owned()
}

/// No tenant: about the machine itself.
fn alerts() -> TableCreateStatement {
    Table::create()
        .table("alerts")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(ColumnDef::new("tenant_id").uuid())
        .col(ColumnDef::new("number_id").uuid())
        .col(ColumnDef::new("kind").text().not_null())
        .col(ColumnDef::new("subject").text().not_null())
        .col(ColumnDef::new("data").json_binary().not_null())
        .col(ColumnDef::new("since").timestamp_with_time_zone().not_null())
        .col(ColumnDef::new("acknowledged_at").timestamp_with_time_zone())
        .col(ColumnDef::new("resolved_at").timestamp_with_time_zone())
        .to_owned()
}

/// When a number was last heard of, to the minute.
fn number_signals() -> TableCreateStatement {
    Table::create()
        .table("number_signals")
        .col(ColumnDef::new("number_id").uuid().not_null().primary_key())
        .col(ColumnDef::new("tenant_id").uuid().not_null())
        .col(ColumnDef::new("last_webhook_at").timestamp_with_time_zone().not_null())
        .to_owned()
}
