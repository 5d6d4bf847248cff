//! From a URL to open pools, with an explanation when the URL will not do.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sea_orm::sqlx::{self, ConnectOptions, Connection, SqlitePool};
use sea_orm::{DatabaseConnection, DbErr, RuntimeErr, SqlxPostgresConnector, SqlxSqliteConnector};

use secrecy::ExposeSecret;

use super::StoreOptions;
use crate::dialect::{BUSY_TIMEOUT, STATEMENT_TIMEOUT};
use crate::error::StoreError;

/// The writer moves the log into the file itself only when the checkpointer falls this far behind (64 MiB).
const PAGES_BEFORE_THE_WRITER_HELPS: &str = "16384";

/// Statements a connection keeps prepared: more than the exchange has. With the drivers' 100 they would be prepared anew
/// by turns.
const STATEMENTS: usize = 512;

/// SQLite's code for "database is locked".
const SQLITE_BUSY: &str = "5";
/// Between two attempts to open a file that another process is just making.
const LOCKED_RETRY: Duration = Duration::from_millis(25);

const HINT: &str = "Use sqlite:path/to/switchboard.db or postgres://user:password@host/database";

pub(super) struct Connected {
    pub(super) reader: DatabaseConnection,
    pub(super) writer: DatabaseConnection,
    /// How many transactions may write at once.
    pub(super) writers: u32,
    /// A connection for checkpoints.
    pub(super) sqlite: Option<SqlitePool>,
}

pub(super) async fn connect(url: &str, options: &StoreOptions) -> Result<Connected, StoreError> {
    match url.split_once(':') {
        Some(("sqlite", rest)) => sqlite(rest.strip_prefix("//").unwrap_or(rest), options).await,
        Some(("postgres" | "postgresql", _)) => postgres(url, options).await,
        Some((scheme, _)) if scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+') => {
            Err(refused(format!("{scheme:?} databases are not supported"), HINT))
        }
        _ => Err(refused("this is not a database URL", HINT)),
    }
}

/// The folder of a SQLite file.
pub(crate) fn folder_of(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    Path::new(path.strip_prefix("//").unwrap_or(path)).parent().map(Path::to_path_buf)
}

async fn sqlite(path: &str, options: &StoreOptions) -> Result<Connected, StoreError> {
    if path.is_empty() || path.contains(":memory:") {
        return Err(refused("SQLite needs a file; what is kept in memory is lost at the end", HINT));
    }
    if path.contains('?') {
        return Err(refused("options after ? are not supported for SQLite", HINT));
    }
    prepare_file(Path::new(path))?;

    let synchronous = if options.power_cut_may_lose_last_commits {
        SqliteSynchronous::Normal
    } else {
        SqliteSynchronous::Full
    };
    let connection = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        // What is deleted or replaced is overwritten: freed pages would keep it readable.
        .pragma("secure_delete", "ON")
        .pragma("wal_autocheckpoint", PAGES_BEFORE_THE_WRITER_HELPS)
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging();
    let pool = |connections: u32| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(options.acquire_timeout)
            .idle_timeout(None)
            .max_lifetime(None)
            // It was tried when it was given back; a file does not go away like a network.
            .test_before_acquire(false)
            // On a full disk SQLite may have ended a transaction by itself, or refuse to end one, and the driver then
            // counts one too many. The next "commit" on such a connection would only end a savepoint: nothing would be
            // on disk, and the lock would stay. So a connection that is not between transactions is thrown away.
            .before_acquire(|connection, _| {
                let is_idle = !connection.is_in_transaction();
                Box::pin(async move { Ok(is_idle) })
            })
    };
    let failed = |error| unavailable("open the SQLite file", error);
    // The writer comes first: it makes the file and its log, which the readers then find.
    let writer = first_connection(|| pool(1).connect_with(connection.clone())).await.map_err(failed)?;
    let reader = connection.clone().pragma("query_only", "ON");
    let readers =
        pool(options.readers.max(1)).min_connections(1).connect_with(reader).await.map_err(failed)?;
    let checkpoints = pool(1).connect_lazy_with(connection);
    Ok(Connected {
        reader: SqlxSqliteConnector::from_sqlx_sqlite_pool(readers),
        writer: SqlxSqliteConnector::from_sqlx_sqlite_pool(writer),
        writers: 1,
        sqlite: Some(checkpoints),
    })
}

/// Connects, and again while another process is just switching the new file to its write-ahead log: SQLite answers
/// "database is locked" to that at once, whatever the busy time-out is.
async fn first_connection<F>(connect: impl Fn() -> F) -> Result<SqlitePool, sqlx::Error>
where
    F: Future<Output = Result<SqlitePool, sqlx::Error>>,
{
    let mut waited = Duration::ZERO;
    loop {
        match connect().await {
            Err(sqlx::Error::Database(error))
                if error.code().as_deref() == Some(SQLITE_BUSY) && waited < BUSY_TIMEOUT =>
            {
                tokio::time::sleep(LOCKED_RETRY).await;
                waited += LOCKED_RETRY;
            }
            done => return done,
        }
    }
}

/// Makes the file readable for its owner only: it holds numbers, names and password hashes.
fn prepare_file(path: &Path) -> Result<(), StoreError> {
    let mut file = std::fs::OpenOptions::new();
    file.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    match file.open(path) {
        Ok(_) => Ok(()),
        Err(error) => Err(refused(
            format!("{} cannot be written: {error}", path.display()),
            "Does its folder exist, and may this user write there?",
        )),
    }
}

async fn postgres(url: &str, options: &StoreOptions) -> Result<Connected, StoreError> {
    let connection = PgConnectOptions::from_str(url)
        .map_err(|_| {
            refused("the postgres:// URL cannot be read", "Percent-encode special characters of the password")
        })?
        .application_name("switchboard")
        .statement_cache_capacity(STATEMENTS)
        .options([
            ("statement_timeout", STATEMENT_TIMEOUT.as_millis().to_string()),
            // A node that hangs in the middle of a transaction must not hold locks for ever.
            ("idle_in_transaction_session_timeout", "10000".to_owned()),
        ])
        .disable_statement_logging();
    let writers = options.postgres_writers.max(1) + 1;
    let pool = |connections: u32| {
        PgPoolOptions::new().max_connections(connections).acquire_timeout(options.acquire_timeout)
    };
    let failed = |error| unavailable("connect to PostgreSQL", error);
    let writer = pool(writers).connect_with(connection.clone()).await.map_err(failed)?;
    let reader = pool(options.readers.max(1)).connect_lazy_with(connection);
    Ok(Connected {
        reader: SqlxPostgresConnector::from_sqlx_postgres_pool(reader),
        writer: SqlxPostgresConnector::from_sqlx_postgres_pool(writer),
        writers,
        sqlite: None,
    })
}

/// A connection for the owner of the tables, when he is somebody else.
pub(super) async fn owner(options: &StoreOptions) -> Result<Option<DatabaseConnection>, StoreError> {
    let Some(url) = &options.postgres_owner_url else { return Ok(None) };
    let connection = PgConnectOptions::from_str(url.expose_secret())
        .map_err(|_| {
            refused(
                "the URL of the owner of the tables cannot be read",
                "It has the form of the database's URL",
            )
        })?
        .application_name("switchboard migrations")
        .disable_statement_logging();
    let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(options.acquire_timeout);
    let pool = pool
        .connect_with(connection)
        .await
        .map_err(|error| unavailable("connect to PostgreSQL as the owner of the tables", error))?;
    Ok(Some(SqlxPostgresConnector::from_sqlx_postgres_pool(pool)))
}

/// One connection that only looks, as the owner of the tables where there is one. None: SQLite has no file yet.
pub(crate) async fn to_look_at(
    url: &str,
    options: &StoreOptions,
) -> Result<Option<DatabaseConnection>, StoreError> {
    if let Some(owner) = owner(options).await? {
        return Ok(Some(owner));
    }
    let Some(("sqlite", path)) = url.split_once(':') else {
        // Nothing is written over the writer's connections either, unless somebody asks for it.
        let connected = connect(url, options).await?;
        return Ok(Some(connected.reader));
    };
    let path = path.strip_prefix("//").unwrap_or(path);
    if !Path::new(path).exists() {
        return Ok(None);
    }
    let connection = SqliteConnectOptions::new().filename(path).read_only(true).disable_statement_logging();
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(connection).await;
    let pool = pool.map_err(|error| unavailable("open the SQLite file", error))?;
    Ok(Some(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool)))
}

fn refused(reason: impl Into<String>, hint: &str) -> StoreError {
    StoreError::DatabaseUrl { reason: reason.into(), hint: hint.to_owned() }
}

fn unavailable(doing: &'static str, error: sqlx::Error) -> StoreError {
    StoreError::Unavailable {
        doing: doing.into(),
        source: std::sync::Arc::new(DbErr::Conn(RuntimeErr::SqlxError(error.into()))),
    }
}
