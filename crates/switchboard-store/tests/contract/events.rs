//! The story of a call, and the log of all of them.

use std::time::Duration;

use switchboard_core::ids::EventId;
use switchboard_store::StoreError;
use uuid::Uuid;

use super::harness::Database;
use super::world::{FENCE, World, event};

async fn a_story_is_read_in_its_order(database: Database) {
    let world = World::new(database).await;
    let mut call = world.kept_call().await;
    let events = [event(&call, 3, "call.accepted"), event(&call, 2, "call.pre_accepted")];
    world.store.calls().save(&world.ours, &call, &events, FENCE).await.expect("saved");
    let story = world.store.calls().events_of(&world.ours, call.id).await.expect("a story");
    let kinds: Vec<&str> = story.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["call.received", "call.pre_accepted", "call.accepted"]);
    assert_eq!(story[2], events[0]);

    // The branch stamped on the call covers what happened before.
    call.branch = Some(world.north);
    world.store.calls().save(&world.ours, &call, &[], FENCE).await.expect("saved");
    let story = world.store.calls().events_of(&world.ours, call.id).await.expect("a story");
    assert!(story.iter().all(|event| event.branch == Some(world.north)));
    assert!(
        world.store.calls().events_of(&world.only(world.south), call.id).await.expect("a story").is_empty()
    );
}

async fn the_log_is_read_page_by_page_without_gaps(database: Database) {
    let world = World::new(database).await;
    let writers: Vec<_> = (0..20)
        .map(|_| {
            let (store, scope, call) = (world.store.clone(), world.ours.clone(), world.call());
            tokio::spawn(async move {
                store.calls().create(&scope, &call, &[event(&call, 1, "call.received")]).await.expect("kept");
                for seq in 2..=6 {
                    store.calls().save(&scope, &call, &[event(&call, seq, "x")], FENCE).await.expect("saved");
                }
            })
        })
        .collect();
    // Read while others write: nothing may appear later before what was read already. On PostgreSQL an entry shows
    // when every transaction of the server that began before it is over, other stories' among them, so the last ones may
    // take a while.
    let mut read: Vec<EventId> = Vec::new();
    let reading = async {
        while read.len() < 120 {
            let page = world.store.log().after(&world.ours, read.last().copied(), 7).await.expect("a page");
            assert!(page.len() <= 7);
            read.extend(page.iter().map(|event| event.id));
        }
    };
    tokio::time::timeout(Duration::from_secs(180), reading).await.expect("all entries show up");
    for writer in writers {
        writer.await.expect("no panic");
    }
    let mut distinct = read.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!((read.len(), distinct.len()), (120, 120));
    assert!(world.store.log().after(&world.theirs, None, 200).await.expect("a page").is_empty());
}

async fn an_unknown_place_in_the_log_is_refused(database: Database) {
    let world = World::new(database).await;
    let call = world.kept_call().await;
    let nowhere = EventId::from_uuid(Uuid::from_u128(1));
    let refusal = world.store.log().after(&world.ours, Some(nowhere), 10).await;
    assert!(matches!(refusal, Err(StoreError::NotFound { .. })), "{refusal:?}");
    let foreign = world.store.calls().events_of(&world.ours, call.id).await.expect("a story")[0].id;
    let refusal = world.store.log().after(&world.theirs, Some(foreign), 10).await;
    assert!(matches!(refusal, Err(StoreError::NotFound { .. })), "{refusal:?}");
}

on_both_databases!(
    a_story_is_read_in_its_order,
    the_log_is_read_page_by_page_without_gaps,
    an_unknown_place_in_the_log_is_refused,
);
