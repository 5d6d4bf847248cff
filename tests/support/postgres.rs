//! A schema of its own on PostgreSQL. `SWITCHBOARD_TEST_POSTGRES_URL` names a database whose user may make schemas;
//! `cargo xtask test` brings one. Without it this says that nothing was tested.

use std::io::Write;

use sqlx::{Connection, Executor};
use url::Url;
use uuid::Uuid;

const POSTGRES_URL: &str = "SWITCHBOARD_TEST_POSTGRES_URL";

/// A schema of its own, so that stories run at the same time.
pub(crate) struct Schema {
    pub(crate) server: String,
    name: String,
}

impl Schema {
    pub(crate) async fn make() -> Option<Self> {
        let Ok(server) = std::env::var(POSTGRES_URL) else {
            // Straight to the terminal: what a passing test prints is captured.
            let _ =
                writeln!(std::io::stderr(), "no scenario was run on PostgreSQL: {POSTGRES_URL} is not set");
            return None;
        };
        let name = format!("scenario_{}", fresh().simple());
        let schema = Self { server, name };
        schema.ask(format!("CREATE SCHEMA {}", schema.name)).await;
        Some(schema)
    }

    pub(crate) fn url(&self) -> String {
        let mut url = Url::parse(&self.server).expect("a URL");
        let query = format!("options=-csearch_path%3D{}", self.name);
        url.set_query(Some(&url.query().map_or(query.clone(), |before| format!("{before}&{query}"))));
        url.into()
    }

    async fn ask(&self, statement: String) {
        let mut connection = sqlx::PgConnection::connect(&self.server).await.expect("PostgreSQL answers");
        connection.execute(sqlx::AssertSqlSafe(statement)).await.expect("the statement runs");
    }

    /// How many rows the exchange wrote here.
    pub(crate) async fn calls(&self) -> i64 {
        let mut connection = sqlx::PgConnection::connect(&self.url()).await.expect("PostgreSQL answers");
        // Even the owner of the tables sees rows only with a setting.
        connection.execute("SET switchboard.installation = 'on'").await.expect("the setting");
        sqlx::query_scalar("SELECT COUNT(*) FROM calls").fetch_one(&mut connection).await.expect("a count")
    }

    /// Takes it away again.
    pub(crate) async fn drop(self) {
        self.ask(format!("DROP SCHEMA {} CASCADE", self.name)).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "names of schemas need only be different")]
fn fresh() -> Uuid {
    Uuid::now_v7()
}
