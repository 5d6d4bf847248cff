//! A consistent copy of a SQLite file that is in use, and the examination of one. PostgreSQL has its own tools.

use std::path::Path;
use std::sync::Arc;

use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{self, ConnectOptions, Connection};
use sea_orm::{DbErr, RuntimeErr};

use crate::error::StoreError;

/// Problems that are told of one file.
const MAX_PROBLEMS: usize = 5;

/// The file of a SQLite URL; none for another database.
#[must_use]
pub fn sqlite_file(url: &str) -> Option<&Path> {
    let path = url.strip_prefix("sqlite:")?;
    Some(Path::new(path.strip_prefix("//").unwrap_or(path)))
}

/// Copies the database as it is at one moment; others may write meanwhile. The copy must not be there yet.
///
/// # Errors
/// [`StoreError::Unavailable`] when the file cannot be read or the copy cannot be written.
pub async fn copy_sqlite(from: &Path, to: &Path) -> Result<(), StoreError> {
    let failed = failed("copy the SQLite file");
    let mut connection = open(from).await.map_err(&failed)?;
    let copied = sqlx::query("VACUUM INTO ?").bind(to.to_string_lossy()).execute(&mut connection).await;
    let closed = connection.close().await;
    copied.map_err(&failed)?;
    closed.map_err(&failed)
}

/// Is the file a whole database? If not, what is wrong with it.
///
/// # Errors
/// [`StoreError::Unavailable`] when it cannot be read as a database at all.
pub async fn problems_of_sqlite(file: &Path) -> Result<Vec<String>, StoreError> {
    let failed = failed("examine the SQLite file");
    let mut connection = open(file).await.map_err(&failed)?;
    let found: Vec<String> =
        sqlx::query_scalar("PRAGMA integrity_check(5)").fetch_all(&mut connection).await.map_err(&failed)?;
    connection.close().await.map_err(&failed)?;
    Ok(found.into_iter().filter(|line| line != "ok").take(MAX_PROBLEMS).collect())
}

async fn open(file: &Path) -> Result<sqlx::SqliteConnection, sqlx::Error> {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(false)
        .disable_statement_logging()
        .connect()
        .await
}

fn failed(doing: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |error| StoreError::Unavailable {
        doing: doing.into(),
        source: Arc::new(DbErr::Conn(RuntimeErr::SqlxError(error.into()))),
    }
}
