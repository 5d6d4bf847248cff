//! Many writers at once: nobody is locked out, nobody pays for a neighbour.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use switchboard_core::ids::{TenantId, UserId};
use switchboard_store::StoreError;
use switchboard_store::inbox::NewInboxRow;
use switchboard_store::sessions::SessionRow;
use tokio::task::JoinHandle;
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

fn webhook(key: String) -> NewInboxRow {
    NewInboxRow {
        tenant: None,
        number: None,
        provider: "meta".to_owned(),
        dedupe_key: key,
        provider_call_id: None,
        kind: "connect".to_owned(),
        foreign: false,
        payload: "{}".to_owned(),
        received_at: NOON,
    }
}

/// Writes behind the scenes that wait for a table to be let go.
fn waiting(world: &World, saved: &Arc<AtomicUsize>) -> Vec<JoinHandle<()>> {
    let writers = (0..WAITING).map(|n| {
        let (store, saved) = (world.store.clone(), Arc::clone(saved));
        tokio::spawn(async move {
            store.sessions().save(&session(&format!("session {n}"))).await.expect("saved");
            saved.fetch_add(1, Ordering::Relaxed);
        })
    });
    writers.collect()
}

/// Until all of them but the one that is being written wait in their lane.
async fn queued(world: &World, lane: &str) {
    let waiting =
        || world.store.write_queues().iter().any(|queue| queue.name == lane && queue.waiting >= WAITING - 1);
    while !waiting() {
        tokio::task::yield_now().await;
    }
}

/// So many that they need several transactions.
const WAITING: usize = 1_500;

async fn a_webhook_goes_before_what_is_written_behind_the_scenes(database: Database) {
    let world = World::new(database).await;
    let held = world.database.hold("sessions").await;
    let saved = Arc::new(AtomicUsize::new(0));
    let writers = waiting(&world, &saved);
    queued(&world, "calls").await;
    let store = world.store.clone();
    let kept = tokio::spawn(async move { store.inbox().keep(vec![webhook("one".to_owned())]).await });
    if world.database.is_postgres() {
        // There it has a lane of its own: whoever holds a table of others does not hold it up.
        kept.await.expect("no panic").expect("kept");
        held.release().await;
    } else {
        held.release().await;
        kept.await.expect("no panic").expect("kept");
    }
    assert!(saved.load(Ordering::Relaxed) < WAITING, "it did not wait for all the others");
    for writer in writers {
        writer.await.expect("saved");
    }
}

async fn a_flood_of_webhooks_holds_nobody_up_for_ever(database: Database) {
    let world = World::new(database).await;
    let held = world.database.hold("inbox").await;
    let webhooks: Vec<_> = (0..WAITING)
        .map(|n| {
            let store = world.store.clone();
            tokio::spawn(async move { store.inbox().keep(vec![webhook(format!("key {n}"))]).await })
        })
        .collect();
    queued(&world, "inbox").await;
    let saved = Arc::new(AtomicUsize::new(0));
    let writers = waiting(&world, &saved);
    let one_is_saved = async || {
        while saved.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
    };
    if world.database.is_postgres() {
        // There they do not even share a lane.
        one_is_saved().await;
        held.release().await;
    } else {
        held.release().await;
        one_is_saved().await;
    }
    let still_waiting = webhooks.iter().filter(|webhook| !webhook.is_finished()).count();
    assert!(still_waiting > 0, "others had their turn among them");
    for webhook in webhooks {
        webhook.await.expect("no panic").expect("kept");
    }
    for writer in writers {
        writer.await.expect("saved");
    }
}

async fn whoever_waits_when_the_store_closes_is_still_written(database: Database) {
    let world = World::new(database).await;
    let held = world.database.hold("sessions").await;
    let saved = Arc::new(AtomicUsize::new(0));
    let writers = waiting(&world, &saved);
    queued(&world, "calls").await;
    let store = world.store.clone();
    let closed = tokio::spawn(async move { store.close().await });
    held.release().await;
    for writer in writers {
        writer.await.expect("saved");
    }
    closed.await.expect("closed");
    let refused = world.store.inbox().keep(vec![webhook("two".to_owned())]).await;
    assert!(matches!(refused, Err(StoreError::Stopped { .. })), "{refused:?}");
    assert_eq!(world.database.raw().await.count("sessions").await, WAITING as i64);
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
    a_webhook_goes_before_what_is_written_behind_the_scenes,
    a_flood_of_webhooks_holds_nobody_up_for_ever,
    whoever_waits_when_the_store_closes_is_still_written,
    fifty_calls_write_their_stories_at_once
);
