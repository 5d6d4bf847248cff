//! The two main stories on PostgreSQL. `SWITCHBOARD_TEST_POSTGRES_URL` names a database whose user may make schemas;
//! `cargo xtask test` brings one. Without it this says that nothing was tested.

use std::io::Write;

use sqlx::{Connection, Executor};
use url::Url;
use uuid::Uuid;

use super::{echo, people};
use crate::support::world::{Plan, World};

const POSTGRES_URL: &str = "SWITCHBOARD_TEST_POSTGRES_URL";

/// A schema of its own, so that stories run at the same time.
struct Schema {
    server: String,
    name: String,
}

impl Schema {
    async fn make() -> Option<Self> {
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

    fn url(&self) -> String {
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
    async fn calls(&self) -> i64 {
        let mut connection = sqlx::PgConnection::connect(&self.url()).await.expect("PostgreSQL answers");
        sqlx::query_scalar("SELECT COUNT(*) FROM calls").fetch_one(&mut connection).await.expect("a count")
    }

    async fn world(&self, destination: &'static str) -> World {
        let settings = vec![("SWITCHBOARD_DATABASE_URL", self.url())];
        World::start(Plan { destination, settings, ..Plan::default() }).await
    }

    /// What a failed story leaves goes with the throw-away cluster.
    async fn drop_after(self, world: World) {
        assert_eq!(self.calls().await, 1, "the call is in this database");
        world.stop().await;
        self.ask(format!("DROP SCHEMA {} CASCADE", self.name)).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "names of schemas need only be different")]
fn fresh() -> Uuid {
    Uuid::now_v7()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_caller_hears_himself_on_postgresql() {
    let Some(schema) = Schema::make().await else { return };
    let world = schema.world("echo").await;
    echo::hears_himself_and_hangs_up(&world).await;
    schema.drop_after(world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn customer_and_agent_hear_each_other_on_postgresql() {
    let Some(schema) = Schema::make().await else { return };
    let world = schema.world("agents").await;
    people::both_hear_each_other(&world).await;
    schema.drop_after(world).await;
}
