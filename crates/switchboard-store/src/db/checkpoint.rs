//! Moves SQLite's write-ahead log into the file, off the writer's connection: a checkpoint waits for the disk, and
//! whoever commits must not wait for it.

use std::time::Duration;

use sea_orm::sqlx::{self, SqlitePool};
use tokio::task::AbortHandle;
use tokio::time::MissedTickBehavior;

/// How often. A second of writes is a few megabytes of log at the most.
const EVERY: Duration = Duration::from_secs(1);

/// Runs until aborted. PASSIVE never waits for readers or the writer.
pub(super) fn start(pool: SqlitePool) -> AbortHandle {
    let task = tokio::spawn(async move {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failing = false;
        loop {
            tick.tick().await;
            match sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&pool).await {
                Ok(_) => failing = false,
                // Once, not once a second for as long as the disk is full.
                Err(error) if !std::mem::replace(&mut failing, true) => {
                    tracing::warn!(%error, "move SQLite's log into its file");
                }
                Err(_) => {}
            }
        }
    });
    task.abort_handle()
}
