//! The two main stories on PostgreSQL.

use super::{echo, people};
use crate::support::postgres::Schema;
use crate::support::world::{Plan, World};

async fn world(schema: &Schema, destination: &'static str) -> World {
    let settings = vec![("SWITCHBOARD_DATABASE_URL", schema.url())];
    World::start(Plan { destination, settings, ..Plan::default() }).await
}

/// What a failed story leaves goes with the throw-away cluster.
async fn drop_after(schema: Schema, world: World) {
    assert_eq!(schema.calls().await, 1, "the call is in this database");
    world.stop().await;
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_caller_hears_himself_on_postgresql() {
    let Some(schema) = Schema::make().await else { return };
    let world = world(&schema, "echo").await;
    echo::hears_himself_and_hangs_up(&world).await;
    drop_after(schema, world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn customer_and_agent_hear_each_other_on_postgresql() {
    let Some(schema) = Schema::make().await else { return };
    let world = world(&schema, "agents").await;
    people::both_hear_each_other(&world).await;
    drop_after(schema, world).await;
}
