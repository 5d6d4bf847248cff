//! Connections: on SQLite one writer and N readers, on PostgreSQL a small pool for each.
//!
//! A pool of SQLite writers would only wait for its own lock (worst case seen: 1.3 s for an insert, against 8 ms
//! with one writer), so everything that writes goes through the [`lane`]s.

mod checkpoint;
mod connect;
mod lane;

use std::future::Future;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr};
use switchboard_core::ids::CallId;

use crate::dialect;
use crate::error::{Doing, Failure, StoreError};

/// The longest a caller waits for its write to be committed.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// The same for a webhook: its sender repeats it, so a quick refusal is worth more than a late success.
const INBOX_TIMEOUT: Duration = Duration::from_secs(3);
/// The longest `/readyz` waits.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// How to connect.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StoreOptions {
    /// Connections for reading.
    pub readers: u32,
    /// Concurrent writing transactions on PostgreSQL (one more is for the inbox). SQLite has one writer.
    pub postgres_writers: u32,
    /// The longest we wait for a free connection.
    pub acquire_timeout: Duration,
    /// SQLite does not wait for the disk at each commit (`synchronous = NORMAL`). Faster; a power cut may lose
    /// the last commits although the provider was told 200. A crash of the process alone loses nothing.
    pub power_cut_may_lose_last_commits: bool,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            readers: 4,
            postgres_writers: 4,
            acquire_timeout: Duration::from_secs(3),
            power_cut_may_lose_last_commits: false,
        }
    }
}

/// Which queue a write waits in. Writes of one call stay in one lane: they keep their order and cannot block each other.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lane {
    Inbox,
    Call(CallId),
    Settings,
}

/// An open database.
pub(crate) struct Db {
    reader: DatabaseConnection,
    writer: DatabaseConnection,
    lanes: lane::Lanes,
    checkpointer: Option<tokio::task::AbortHandle>,
}

impl Db {
    pub(crate) async fn open(url: &str, options: StoreOptions) -> Result<Self, StoreError> {
        let connected = connect::connect(url, &options).await?;
        let checkpointer = connected.sqlite.as_ref().map(|pool| checkpoint::start(pool.clone()));
        Ok(Self {
            lanes: lane::Lanes::start(&connected.writer, connected.writers),
            reader: connected.reader,
            writer: connected.writer,
            checkpointer,
        })
    }

    pub(crate) fn backend(&self) -> DbBackend {
        self.reader.get_database_backend()
    }

    /// For migrations, before anything else runs.
    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// Where queries run that change nothing.
    pub(crate) fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// Runs a query within the time limit of reads.
    pub(crate) async fn read<T>(
        &self,
        doing: impl Into<Doing>,
        query: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, StoreError> {
        within(doing.into(), dialect::READ_TIMEOUT, query).await
    }

    /// Runs work in a transaction that it may share with others, and returns when that is committed. When the work
    /// fails only its own changes are undone. After `TimedOut` it may still be committed later.
    pub(crate) async fn write<T, W>(
        &self,
        lane: Lane,
        rows: usize,
        doing: impl Into<Doing>,
        work: W,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c DatabaseTransaction) -> BoxFuture<'c, Result<T, Failure>> + Send + 'static,
    {
        let (lane, limit) = match lane {
            Lane::Inbox => (self.lanes.inbox(), INBOX_TIMEOUT),
            Lane::Call(call) => (self.lanes.of_call(call), WRITE_TIMEOUT),
            Lane::Settings => (self.lanes.settings(), WRITE_TIMEOUT),
        };
        let doing = doing.into();
        let committed = lane.submit(rows, doing.clone(), work)?;
        match tokio::time::timeout(limit, committed).await {
            Ok(Ok(result)) => result,
            Ok(Err(_gone)) => Err(StoreError::Stopped { doing }),
            Err(_elapsed) => Err(StoreError::TimedOut { doing, after: limit }),
        }
    }

    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        let doing = Doing::from("ask whether the database answers");
        if !self.lanes.are_open() {
            return Err(StoreError::Stopped { doing });
        }
        within(doing, PING_TIMEOUT, self.reader.execute_unprepared("SELECT 1")).await.map(|_| ())
    }

    pub(crate) async fn close(&self) {
        self.lanes.close().await;
        if let Some(checkpointer) = &self.checkpointer {
            checkpointer.abort();
        }
        for (name, connection) in [("reader", &self.reader), ("writer", &self.writer)] {
            if let Err(error) = connection.close_by_ref().await {
                tracing::warn!(%error, connection = name, "close the database");
            }
        }
    }
}

impl Drop for Db {
    fn drop(&mut self) {
        if let Some(checkpointer) = &self.checkpointer {
            checkpointer.abort();
        }
    }
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db").field("backend", &self.backend()).finish_non_exhaustive()
    }
}

async fn within<T>(
    doing: Doing,
    limit: Duration,
    query: impl Future<Output = Result<T, DbErr>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(limit, query).await {
        Ok(result) => result.map_err(|error| StoreError::from_db(doing, error)),
        Err(_elapsed) => Err(StoreError::TimedOut { doing, after: limit }),
    }
}
