//! Connections: on SQLite one writer and N readers, on PostgreSQL a small pool for each.
//!
//! A pool of SQLite writers would only wait for its own lock (worst case seen: 1.3 s for an insert, against 8 ms
//! with one writer), so everything that writes goes through the [`lane`]s.

mod checkpoint;
mod connect;
mod lane;
mod sight;

pub(crate) use connect::folder_of;

use std::future::Future;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseExecutor, DatabaseTransaction, DbBackend, DbErr, EntityTrait,
};
use secrecy::SecretString;
use switchboard_core::ids::CallId;

use crate::dialect;
use crate::entities::node;
use crate::error::{Doing, Failure, StoreError};
use crate::recordings::{RecordingFiles, RecordingsPlace};
use crate::sealing::keyring::Keyring;
use crate::stopwatch::Stopwatch;

pub(crate) use connect::to_look_at;
use lane::Urgency;
pub(crate) use sight::Sight;

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
    /// PostgreSQL: who makes and owns the tables, when that is not who the exchange signs in as. The tables are then
    /// lent to the latter, who may read and write rows and nothing else.
    pub postgres_owner_url: Option<SecretString>,
    /// SQLite does not wait for the disk at each commit (`synchronous = NORMAL`). Faster; a power cut may lose
    /// the last commits although the provider was told 200. A crash of the process alone loses nothing.
    pub power_cut_may_lose_last_commits: bool,
    /// The file of data keys. None: `keys` beside the SQLite file; PostgreSQL needs it named.
    pub data_key_file: Option<PathBuf>,
    /// Where recordings are kept. None: the folder `recordings` beside the SQLite file, or below the working folder.
    pub recordings: Option<RecordingsPlace>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            readers: 4,
            postgres_writers: 4,
            acquire_timeout: Duration::from_secs(3),
            postgres_owner_url: None,
            power_cut_may_lose_last_commits: false,
            data_key_file: None,
            recordings: None,
        }
    }
}

/// How full the queue of one lane is. For metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteQueue {
    /// `inbox`, or `calls` for everything else.
    pub name: &'static str,
    /// Writes that wait.
    pub waiting: usize,
    /// Writes that may wait.
    pub limit: usize,
}

/// Which queue a write waits in. Writes of one call stay in one lane: they keep their order and cannot block each other.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lane {
    /// What came, and is answered when it is on disk.
    Inbox,
    /// What of it is dealt with; nobody outside waits for that.
    Marks,
    Call(CallId),
    Settings,
}

/// An open database.
pub(crate) struct Db {
    reader: DatabaseConnection,
    writer: DatabaseConnection,
    owner: Option<DatabaseConnection>,
    lanes: lane::Lanes,
    checkpointer: Option<tokio::task::AbortHandle>,
    keys: OnceLock<Keyring>,
    key_watch: OnceLock<tokio::task::AbortHandle>,
    recordings: RecordingFiles,
    /// What was to be written last did not get through.
    not_writing: AtomicBool,
}

impl Db {
    pub(crate) async fn open(url: &str, options: StoreOptions) -> Result<Self, StoreError> {
        let connected = connect::connect(url, &options).await?;
        let owner = connect::owner(&options).await?;
        let folder = connect::folder_of(url);
        let place = options
            .recordings
            .unwrap_or_else(|| RecordingsPlace::folder(folder.unwrap_or_default().join("recordings")));
        let checkpointer = connected.sqlite.as_ref().map(|pool| checkpoint::start(pool.clone()));
        Ok(Self {
            lanes: lane::Lanes::start(&connected.writer, connected.writers),
            reader: connected.reader,
            writer: connected.writer,
            owner,
            checkpointer,
            keys: OnceLock::new(),
            key_watch: OnceLock::new(),
            recordings: RecordingFiles::new(place),
            not_writing: AtomicBool::new(false),
        })
    }

    /// Once, before anybody is given this database.
    pub(crate) fn set_keys(&self, keys: Keyring) {
        let _ = self.key_watch.set(keys.watch());
        let _ = self.keys.set(keys);
    }

    /// What seals and opens.
    pub(crate) fn keys(&self) -> &Keyring {
        // `Store::open` sets them before it hands out the store, and nothing reads or writes rows before.
        self.keys.get().expect("an open store has its keys")
    }

    /// Where the sound of recordings is.
    pub(crate) fn recordings(&self) -> &RecordingFiles {
        &self.recordings
    }

    /// The whole file of SQLite's log moves into the database, so that nothing old is left in it.
    pub(crate) async fn empty_the_log(&self) -> Result<(), DbErr> {
        if self.checkpointer.is_some() {
            self.writer.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        }
        Ok(())
    }

    pub(crate) fn backend(&self) -> DbBackend {
        self.reader.get_database_backend()
    }

    /// For migrations, before anything else runs.
    pub(crate) fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// Who owns the tables, when somebody else works with them. Given away: nobody needs him after the migrations.
    pub(crate) fn take_owner(&mut self) -> Option<DatabaseConnection> {
        self.owner.take()
    }

    /// Where queries run that change nothing, and see the rows of this scope.
    pub(crate) async fn see(
        &self,
        sight: impl Into<Sight>,
        doing: impl Into<Doing>,
    ) -> Result<Seeing<'_>, StoreError> {
        let doing = doing.into();
        let executor = within(doing.clone(), dialect::READ_TIMEOUT, sight.into().open(&self.reader)).await?;
        Ok(Seeing { executor, doing })
    }

    /// Runs work in a transaction that it may share with others, and returns when that is committed. When the work
    /// fails only its own changes are undone. After `TimedOut` it may still be committed later.
    pub(crate) async fn write<T, W>(
        &self,
        lane: Lane,
        sight: impl Into<Sight>,
        rows: usize,
        doing: impl Into<Doing>,
        work: W,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c DatabaseTransaction) -> BoxFuture<'c, Result<T, Failure>> + Send + 'static,
    {
        let (subject, lane, urgency, limit) = match lane {
            Lane::Inbox => ("inbox", self.lanes.inbox(), Urgency::Urgent, INBOX_TIMEOUT),
            Lane::Marks => ("inbox", self.lanes.settings(), Urgency::Ordinary, WRITE_TIMEOUT),
            Lane::Call(call) => ("calls", self.lanes.of_call(call), Urgency::Ordinary, WRITE_TIMEOUT),
            Lane::Settings => ("settings", self.lanes.settings(), Urgency::Ordinary, WRITE_TIMEOUT),
        };
        let stopwatch = Stopwatch::start();
        let result = queue_and_wait((lane, urgency), limit, sight.into(), rows, doing.into(), work).await;
        let word = result.as_ref().err().map_or("committed", StoreError::result_word);
        metrics::counter!("switchboard_database_writes_total", "subject" => subject, "result" => word)
            .increment(1);
        metrics::histogram!("switchboard_database_write_seconds", "subject" => subject)
            .record(stopwatch.seconds());
        // A statement that is refused says nothing about the database.
        match &result {
            Ok(_) => self.not_writing.store(false, Ordering::Relaxed),
            Err(StoreError::Unavailable { .. } | StoreError::TimedOut { .. }) => {
                self.not_writing.store(true, Ordering::Relaxed);
            }
            Err(_) => {}
        }
        result
    }

    /// Does what is written get through? After a failure it is tried, so that the answer is of now.
    pub(crate) async fn writes_get_through(&self) -> bool {
        if !self.not_writing.load(Ordering::Relaxed) {
            return true;
        }
        // Writing the same value again is a write of its own, for disk and locks alike.
        let again =
            node::Entity::update_many().col_expr(node::Column::StartedAt, Expr::col(node::Column::StartedAt));
        let doing = "try whether writes get through";
        let trial = self.write(Lane::Settings, Sight::Installation, 1, doing, move |transaction| {
            Box::pin(async move {
                again.exec(transaction).await?;
                Ok(())
            })
        });
        tokio::time::timeout(PING_TIMEOUT, trial).await.is_ok_and(|result| result.is_ok())
    }

    /// How many writes wait, by lane.
    pub(crate) fn queues(&self) -> Vec<WriteQueue> {
        self.lanes.queues()
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
        for task in self.checkpointer.iter().chain(self.key_watch.get()) {
            task.abort();
        }
        for (name, connection) in [("reader", &self.reader), ("writer", &self.writer)] {
            if let Err(error) = connection.close_by_ref().await {
                tracing::warn!(%error, connection = name, "close the database");
            }
        }
    }
}

/// A place to read from: the rows of one sight, and on PostgreSQL one snapshot, until it is dropped.
pub(crate) struct Seeing<'d> {
    executor: DatabaseExecutor<'d>,
    doing: Doing,
}

impl<'d> Seeing<'d> {
    /// What a query is given to run on.
    pub(crate) fn connection(&self) -> &DatabaseExecutor<'d> {
        &self.executor
    }

    /// Runs a query within the time limit of reads.
    pub(crate) async fn read<T>(
        &self,
        query: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, StoreError> {
        within(self.doing.clone(), dialect::READ_TIMEOUT, query).await
    }
}

async fn queue_and_wait<T, W>(
    (lane, urgency): (&lane::LaneHandle, Urgency),
    limit: Duration,
    sight: Sight,
    rows: usize,
    doing: Doing,
    work: W,
) -> Result<T, StoreError>
where
    T: Send + 'static,
    W: for<'c> FnOnce(&'c DatabaseTransaction) -> BoxFuture<'c, Result<T, Failure>> + Send + 'static,
{
    let committed = lane.submit(urgency, sight, rows, doing.clone(), work)?;
    match tokio::time::timeout(limit, committed).await {
        Ok(Ok(result)) => result,
        Ok(Err(_gone)) => Err(StoreError::Stopped { doing }),
        Err(_elapsed) => Err(StoreError::TimedOut { doing, after: limit }),
    }
}

impl Drop for Db {
    fn drop(&mut self) {
        for task in self.checkpointer.iter().chain(self.key_watch.get()) {
            task.abort();
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
