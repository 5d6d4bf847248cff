//! A fresh, empty database for each story.

use std::io::Write;
use std::path::PathBuf;

use sqlx::{Connection, Executor};
use switchboard_store::recordings::RecordingsPlace;
use switchboard_store::{Store, StoreOptions};
use tempfile::TempDir;
use uuid::Uuid;

const POSTGRES_URL: &str = "SWITCHBOARD_TEST_POSTGRES_URL";
/// The same database as a role that owns nothing: the exchange works as this one, as the guide recommends.
const POSTGRES_APP_URL: &str = "SWITCHBOARD_TEST_POSTGRES_APP_URL";

/// A database that is gone when this is dropped.
pub struct Database {
    pub url: String,
    /// Data keys, recordings, and the file of SQLite.
    pub folder: TempDir,
    kind: Kind,
}

enum Kind {
    Sqlite,
    Postgres { server: String, schema: String, app_url: Option<String> },
}

impl Database {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite:{}", folder.path().join("store.db").display());
        Self { url, folder, kind: Kind::Sqlite }
    }

    /// A schema of its own per story, so that stories run at the same time.
    pub async fn postgres() -> Option<Self> {
        let server = std::env::var(POSTGRES_URL).ok()?;
        let schema = format!("story_{}", Uuid::from_u128(fresh()).simple());
        let mut connection = sqlx::PgConnection::connect(&server).await.expect("PostgreSQL answers");
        connection.execute(sqlx::AssertSqlSafe(format!("CREATE SCHEMA {schema}"))).await.expect("a schema");
        let in_schema = |server: &str| {
            let separator = if server.contains('?') { '&' } else { '?' };
            format!("{server}{separator}options=-csearch_path%3D{schema}")
        };
        let app_url = std::env::var(POSTGRES_APP_URL).ok().map(|app| in_schema(&app));
        let url = in_schema(&server);
        Some(Self {
            url,
            folder: tempfile::tempdir().expect("a temporary folder"),
            kind: Kind::Postgres { server, schema, app_url },
        })
    }

    pub async fn open(&self) -> Store {
        let (url, options) = self.options();
        Store::open(&url, options).await.expect("the database opens")
    }

    /// What the exchange opens it with.
    pub fn options(&self) -> (String, StoreOptions) {
        let mut options = StoreOptions::default();
        options.data_key_file = Some(self.key_file());
        options.recordings = Some(RecordingsPlace::folder(self.folder.path().join("recordings")));
        if let Kind::Postgres { app_url: Some(app_url), .. } = &self.kind {
            options.postgres_owner_url = Some(self.url.clone().into());
            return (app_url.clone(), options);
        }
        (self.url.clone(), options)
    }

    pub fn key_file(&self) -> PathBuf {
        self.folder.path().join("keys")
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self.kind, Kind::Postgres { .. })
    }

    /// Past the store, for what the store refuses to do.
    pub async fn raw(&self) -> Raw {
        match &self.kind {
            Kind::Sqlite => {
                let path = self.url.strip_prefix("sqlite:").expect("our own URL");
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
                Raw::Sqlite(
                    sqlx::SqliteConnection::connect_with(&options).await.expect("a second connection"),
                )
            }
            Kind::Postgres { .. } => {
                let mut raw = sqlx::PgConnection::connect(&self.url).await.expect("a second connection");
                // Even the owner of the tables sees rows only with a setting.
                raw.execute("SET switchboard.installation = 'on'").await.expect("the setting");
                Raw::Postgres(raw)
            }
        }
    }

    /// As the exchange signs in, and without any setting of ours; none on SQLite.
    pub async fn bare(&self) -> Option<sqlx::PgConnection> {
        match &self.kind {
            Kind::Sqlite => None,
            Kind::Postgres { app_url, .. } => {
                let url = app_url.as_ref().unwrap_or(&self.url);
                Some(sqlx::PgConnection::connect(url).await.expect("a second connection"))
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

    pub async fn text(&mut self, sql: &str) -> String {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(connection) => sqlx::query_scalar(sql).fetch_one(connection).await,
            Self::Postgres(connection) => sqlx::query_scalar(sql).fetch_one(connection).await,
        }
        .expect("a text")
    }

    pub async fn release(mut self) {
        self.execute("ROLLBACK").await;
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Kind::Postgres { server, schema, .. } = &self.kind {
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
