//! Events are kept before they are answered, and recognized when they come again.

use std::collections::HashSet;

use switchboard_store::inbox::{Backlog, InboxCount, NewInboxRow};
use switchboard_store::{MAX_PAGE, StoreError};

use super::harness::Database;
use super::world::{NOON, World};

fn arrival(key: &str) -> NewInboxRow {
    NewInboxRow {
        tenant: None,
        number: None,
        provider: "meta".to_owned(),
        dedupe_key: key.to_owned(),
        provider_call_id: Some("wacid.x".to_owned()),
        kind: "connect".to_owned(),
        foreign: false,
        payload: "{\"a\":\"\\u0000\"}".to_owned(),
        received_at: NOON,
    }
}

async fn an_event_that_comes_again_is_recognized(database: Database) {
    let world = World::new(database).await;
    let inbox = world.store.inbox();
    let first = inbox.keep(vec![arrival("a"), arrival("b")]).await.expect("kept");
    assert!(first.iter().all(|kept| kept.new && !kept.processed));

    let again = inbox.keep(vec![arrival("b"), arrival("c"), arrival("a"), arrival("c")]).await.expect("kept");
    assert_eq!(again.iter().map(|kept| kept.new).collect::<Vec<_>>(), [false, true, false, false]);
    assert_eq!((again[0].id, again[2].id), (first[1].id, first[0].id));
    assert_eq!(again[3].id, again[1].id);

    assert_eq!(inbox.mark_processed(&[first[0].id], NOON).await.expect("marked"), 1);
    assert_eq!(inbox.mark_processed(&[first[0].id, first[1].id], NOON).await.expect("marked"), 1);
    let third = inbox.keep(vec![arrival("a"), arrival("c")]).await.expect("kept");
    assert_eq!(
        third.iter().map(|kept| (kept.new, kept.processed)).collect::<Vec<_>>(),
        [(false, true), (false, false)]
    );
    assert_eq!(inbox.keep(Vec::new()).await.expect("nothing to keep"), []);
}

async fn what_was_not_dealt_with_is_found_in_the_order_of_arrival(database: Database) {
    let world = World::new(database).await;
    let inbox = world.store.inbox();
    let mut ours = arrival("ours");
    ours.tenant = Some(world.ours.tenant);
    ours.number = Some(world.number.id);
    inbox.keep(vec![arrival("1"), ours.clone()]).await.expect("kept");
    let last = inbox.keep(vec![arrival("3")]).await.expect("kept")[0].id;
    let found = inbox.unprocessed(None, MAX_PAGE).await.expect("a list");
    assert_eq!(found.iter().map(|row| row.dedupe_key.as_str()).collect::<Vec<_>>(), ["1", "ours", "3"]);
    assert_eq!((found[1].tenant, found[1].number), (ours.tenant, ours.number));
    assert_eq!((found[1].payload.as_ref().ok(), found[1].received_at), (Some(&ours.payload), NOON));
    assert_eq!(inbox.unprocessed(None, 2).await.expect("a list").len(), 2);
    // What nobody can deal with does not stand in the way of what came later.
    let later = inbox.unprocessed(Some(found[1].id), 2).await.expect("a list");
    assert_eq!(later.iter().map(|row| row.id).collect::<Vec<_>>(), [last]);
    inbox.mark_processed(&[found[0].id, found[1].id], NOON).await.expect("marked");
    assert_eq!(inbox.unprocessed(None, MAX_PAGE).await.expect("a list")[0].id, last);
}

async fn two_hundred_at_once_are_all_kept_and_each_key_once(database: Database) {
    let world = World::new(database).await;
    let callers: Vec<_> = (0..200)
        .map(|n| {
            let store = world.store.clone();
            // Every key comes twice, from two callers.
            tokio::spawn(async move { store.inbox().keep(vec![arrival(&format!("key {}", n / 2))]).await })
        })
        .collect();
    let (mut new, mut ids) = (0, HashSet::new());
    for caller in callers {
        let kept = caller.await.expect("no panic").expect("kept");
        new += usize::from(kept[0].new);
        ids.insert(kept[0].id);
    }
    assert_eq!((new, ids.len()), (100, 100));
    assert_eq!(world.database.raw().await.count("inbox").await, 100);
}

async fn more_events_than_one_statement_takes_are_kept(database: Database) {
    let world = World::new(database).await;
    let rows: Vec<_> = (0..1_203).map(|n| arrival(&n.to_string())).collect();
    let kept = world.store.inbox().keep(rows).await.expect("kept");
    assert_eq!(kept.iter().filter(|kept| kept.new).count(), 1_203);
    let ids: Vec<_> = kept.iter().map(|kept| kept.id).collect();
    assert_eq!(world.store.inbox().mark_processed(&ids, NOON).await.expect("marked"), 1_203);
}

async fn kinds_are_counted(database: Database) {
    let world = World::new(database).await;
    let strange = NewInboxRow { foreign: true, ..arrival("x") };
    let over = NewInboxRow { kind: "terminate".to_owned(), ..arrival("t") };
    world.store.inbox().keep(vec![arrival("1"), arrival("2"), strange, over]).await.expect("kept");
    let count = |kind: &str, foreign, rows| InboxCount { kind: kind.to_owned(), foreign, rows };
    assert_eq!(
        world.store.inbox().counts().await.expect("counts"),
        [count("connect", false, 2), count("connect", true, 1), count("terminate", false, 1)]
    );
}

async fn when_too_many_wait_the_next_is_refused_at_once(database: Database) {
    let world = World::new(database).await;
    let held = world.database.hold("inbox").await;
    let (refusals, mut refused) = tokio::sync::mpsc::channel(1);
    let waiting: Vec<_> = (0..2_200)
        .map(|n| {
            let (store, refusals) = (world.store.clone(), refusals.clone());
            tokio::spawn(async move {
                let result = store.inbox().keep(vec![arrival(&n.to_string())]).await;
                if let Err(StoreError::Overloaded { limit, .. }) = &result {
                    let _ = refusals.try_send(*limit);
                }
                result
            })
        })
        .collect();
    // Those who find the queue full are answered while the database still hangs.
    assert_eq!(refused.recv().await, Some(2_048));
    held.release().await;
    let (mut kept, mut refused) = (0, 0);
    for caller in waiting {
        match caller.await.expect("no panic") {
            Ok(_) => kept += 1,
            Err(StoreError::Overloaded { .. }) => refused += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(refused > 0, "nobody was refused");
    assert_eq!(kept + refused, 2_200);
    assert_eq!(world.database.raw().await.count("inbox").await, kept);
}

async fn a_hanging_database_is_reported_before_the_sender_gives_up(database: Database) {
    let world = World::new(database).await;
    let held = world.database.hold("inbox").await;
    let refusal = world.store.inbox().keep(vec![arrival("late")]).await;
    assert!(
        matches!(refusal, Err(StoreError::TimedOut { .. } | StoreError::Unavailable { .. })),
        "{refusal:?}"
    );
    held.release().await;
    // The provider repeats: whether the first attempt got through in the end or not, it is there once.
    let again = world.store.inbox().keep(vec![arrival("late")]).await.expect("kept");
    assert!(!again[0].processed);
    assert_eq!(world.database.raw().await.count("inbox").await, 1);
}

async fn the_backlog_is_counted_with_the_age_of_its_oldest(database: Database) {
    let world = World::new(database).await;
    let inbox = world.store.inbox();
    assert_eq!(inbox.backlog().await.expect("counted"), Backlog { rows: 0, oldest: None });
    let kept = inbox.keep(vec![arrival("one"), arrival("two")]).await.expect("kept");
    let oldest = inbox.unprocessed(None, 1).await.expect("read")[0].received_at;
    assert_eq!(inbox.backlog().await.expect("counted"), Backlog { rows: 2, oldest: Some(oldest) });
    let ids: Vec<_> = kept.iter().map(|kept| kept.id).collect();
    inbox.mark_processed(&ids, NOON).await.expect("marked");
    assert_eq!(inbox.backlog().await.expect("counted").rows, 0);
}

on_both_databases!(
    the_backlog_is_counted_with_the_age_of_its_oldest,
    an_event_that_comes_again_is_recognized,
    what_was_not_dealt_with_is_found_in_the_order_of_arrival,
    two_hundred_at_once_are_all_kept_and_each_key_once,
    more_events_than_one_statement_takes_are_kept,
    kinds_are_counted,
    when_too_many_wait_the_next_is_refused_at_once,
    a_hanging_database_is_reported_before_the_sender_gives_up,
);
