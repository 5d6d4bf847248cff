//! Many writers at once: nobody is locked out, nobody pays for a neighbour.

use std::time::Duration;

use serde_json::json;
use switchboard_core::ids::{TenantId, UserId};
use switchboard_store::StoreError;
use switchboard_store::sessions::SessionRow;
use uuid::Uuid;

use super::harness::Database;
use super::world::{FENCE, NOON, World, event};

fn session(id_hash: &str) -> SessionRow {
    SessionRow {
        id_hash: id_hash.to_owned(),
        user: None,
        tenant: None,
        data: json!({}),
        expires_at: NOON.plus(Duration::from_secs(60)),
        created_at: NOON,
    }
}

async fn a_failing_write_does_not_take_its_neighbours_along(database: Database) {
    let world = World::new(database).await;
    // While the table is held, all of these gather for one commit.
    let held = world.database.hold("sessions").await;
    let writers: Vec<_> = (0..40_u128)
        .map(|n| {
            let mut row = session(&format!("session {n}"));
            if n % 10 == 3 {
                row.user = Some(UserId::from_uuid(Uuid::from_u128(n)));
                row.tenant = Some(TenantId::from_uuid(Uuid::from_u128(n)));
            }
            let store = world.store.clone();
            tokio::spawn(async move { (n % 10 == 3, store.sessions().save(&row).await) })
        })
        .collect();
    tokio::task::yield_now().await;
    held.release().await;
    for writer in writers {
        match writer.await.expect("no panic") {
            (false, result) => result.expect("saved"),
            (true, result) => assert!(matches!(result, Err(StoreError::Dangling { .. })), "{result:?}"),
        }
    }
    assert_eq!(world.database.raw().await.count("sessions").await, 36);
}

async fn fifty_calls_write_their_stories_at_once(database: Database) {
    let world = World::new(database).await;
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let (store, scope, mut call) = (world.store.clone(), world.ours.clone(), world.call());
            tokio::spawn(async move {
                store.calls().create(&scope, &call, &[event(&call, 1, "call.received")]).await.expect("kept");
                for seq in 2..=8 {
                    call.metadata = json!({"seq": seq});
                    store.calls().save(&scope, &call, &[event(&call, seq, "x")], FENCE).await.expect("saved");
                    // Told only after the commit: it is there for every reader.
                    let read =
                        store.calls().by_id(&scope, call.id).await.expect("an answer").expect("the call");
                    assert_eq!(read.metadata, json!({"seq": seq}));
                }
            })
        })
        .collect();
    for call in calls {
        call.await.expect("no panic");
    }
    assert_eq!(world.database.raw().await.count("call_events").await, 400);
}

on_both_databases!(
    a_failing_write_does_not_take_its_neighbours_along,
    fifty_calls_write_their_stories_at_once
);
