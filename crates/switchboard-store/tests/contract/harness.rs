//! A fresh, empty database for each story.

use std::io::Write;

use sqlx::{Connection, Executor};
use switchboard_store::{Store, StoreOptions};
use tempfile::TempDir;
use uuid::Uuid;

const POSTGRES_URL: &str = "SWITCHBOARD_TEST_POSTGRES_URL";

/// A database that is gone when this is dropped.
pub struct Database {
    pub url: String,
    kind: Kind,
}

enum Kind {
    Sqlite { _folder: TempDir },
    Postgres { server: String, schema: String },
}

impl Database {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite:{}", folder.path().join("store.db").display());
        Self { url, kind: Kind::Sqlite { _folder: folder } }
    }

    /// A schema of its own per story, so that stories run at the same time.
    pub async fn postgres() -> Option<Self> {
        let server = std::env::var(POSTGRES_URL).ok()?;
        let schema = format!("story_{}", Uuid::from_u128(fresh()).simple());
        let mut connection = sqlx::PgConnection::connect(&server).await.expect("PostgreSQL answers");
        connection.execute(sqlx::AssertSqlSafe(format!("CREATE SCHEMA {schema}"))).await.expect("a schema");
        let separator = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{separator}options=-csearch_path%3D{schema}");
        Some(Self { url, kind: Kind::Postgres { server, schema } })
    }

    pub async fn open(&self) -> Store {
        Store::open(&self.url, StoreOptions::default()).await.expect("the database opens")
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self.kind, Kind::Postgres { .. })
    }

    /// Past the store, for what the store refuses to do.
    pub async fn raw(&self) -> Raw {
        match &self.kind {
            Kind::Sqlite { .. } => {
                let path = self.url.strip_prefix("sqlite:").expect("our own URL");
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
                Raw::Sqlite(
                    sqlx::SqliteConnection::connect_with(&options).await.expect("a second connection"),
                )
            }
            Kind::Postgres { .. } => {
                Raw::Postgres(sqlx::PgConnection::connect(&self.url).await.expect("a second connection"))
            }
        }
    }

    /// Until the guard is released nobody writes to this table.
    pub async fn hold(&self, table: &str) -> Raw {
        let mut raw = self.raw().await;
        if self.is_postgres() {
            raw.execute(&format!("BEGIN; LOCK TABLE {table} IN EXCLUSIVE MODE")).await;
        } else {
            raw.execute("BEGIN IMMEDIATE").await;
        }
        raw
    }

    /// An id as this database writes it.
    pub fn quoted(&self, id: Uuid) -> String {
        if self.is_postgres() { format!("'{id}'") } else { format!("X'{}'", id.simple()) }
    }
}

pub enum Raw {
    Sqlite(sqlx::SqliteConnection),
    Postgres(sqlx::PgConnection),
}

impl Raw {
    pub async fn execute(&mut self, sql: &str) {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(connection) => connection.execute(sql).await.map(|_| ()),
            Self::Postgres(connection) => connection.execute(sql).await.map(|_| ()),
        }
        .expect("the statement runs");
    }

    pub async fn count(&mut self, table: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        match self {
            Self::Sqlite(connection) => sqlx::query_scalar(sql).fetch_one(connection).await,
            Self::Postgres(connection) => sqlx::query_scalar(sql).fetch_one(connection).await,
        }
        .expect("a count")
    }

    pub async fn release(mut self) {
        self.execute("ROLLBACK").await;
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Kind::Postgres { server, schema } = &self.kind {
            let (server, schema) = (server.clone(), schema.clone());
            let tidy = std::thread::spawn(move || {
                let runtime =
                    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                runtime.block_on(async {
                    let mut connection =
                        sqlx::PgConnection::connect(&server).await.expect("PostgreSQL answers");
                    let drop = sqlx::AssertSqlSafe(format!("DROP SCHEMA {schema} CASCADE"));
                    // A story that failed may still hold locks; what is left goes with the throw-away cluster.
                    let _ = tokio::time::timeout(std::time::Duration::from_secs(5), connection.execute(drop))
                        .await;
                });
            });
            let _ = tidy.join();
        }
    }
}

/// Ids need only be different.
#[expect(clippy::disallowed_methods, reason = "the one source of chance of these tests")]
pub fn fresh() -> u128 {
    Uuid::now_v7().as_u128()
}

#[test]
fn postgresql_is_tested_or_it_is_said_that_it_is_not() {
    if std::env::var(POSTGRES_URL).is_err() {
        // Straight to the terminal: what a passing test prints is captured.
        let _ = writeln!(std::io::stderr(), "PostgreSQL not tested: {POSTGRES_URL} is not set");
    }
}
