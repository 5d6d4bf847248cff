//! Opening, closing, opening again.

use switchboard_store::{Store, StoreError, StoreOptions};

use super::harness::Database;
use super::world::{NOON, World, event};

async fn reopening_finds_everything_and_migrates_nothing_twice(database: Database) {
    let world = World::new(database).await;
    let call = world.kept_call().await;
    world.store.close().await;

    let store = world.database.open().await;
    assert_eq!(store.calls().by_id(&world.ours, call.id).await.expect("an answer"), Some(call.clone()));
    assert_eq!(store.calls().events_of(&world.ours, call.id).await.expect("a story").len(), 1);
    assert_eq!(store.tenants().default_tenant(NOON).await.expect("the tenant").id, world.ours.tenant);
    assert_eq!(world.database.raw().await.count("seaql_migrations").await, 4);
}

async fn a_closed_store_says_so(database: Database) {
    let world = World::new(database).await;
    world.store.ping().await.expect("it answers");
    world.store.close().await;
    let refusal = world.store.ping().await;
    assert!(matches!(refusal, Err(StoreError::Stopped { .. })), "{refusal:?}");
    let refusal = world.store.calls().create(&world.ours, &world.call(), &[]).await;
    assert!(matches!(refusal, Err(StoreError::Stopped { .. })), "{refusal:?}");
    world.store.close().await;
}

async fn what_was_accepted_before_closing_is_kept(database: Database) {
    let world = World::new(database).await;
    let writers: Vec<_> = (0..50)
        .map(|_| {
            let (store, scope, call) = (world.store.clone(), world.ours.clone(), world.call());
            tokio::spawn(async move { store.calls().create(&scope, &call, &[event(&call, 1, "x")]).await })
        })
        .collect();
    world.store.close().await;
    let mut kept = 0;
    for writer in writers {
        match writer.await.expect("no panic") {
            Ok(()) => kept += 1,
            Err(refusal) => assert!(matches!(refusal, StoreError::Stopped { .. }), "{refusal:?}"),
        }
    }
    assert_eq!(world.database.raw().await.count("calls").await, kept);
}

async fn nodes_that_start_together_migrate_once(database: Database) {
    let starts: Vec<_> = (0..4)
        .map(|_| {
            let url = database.url.clone();
            tokio::spawn(async move { Store::open(&url, StoreOptions::default()).await.expect("it opens") })
        })
        .collect();
    for start in starts {
        start.await.expect("no panic").ping().await.expect("it answers");
    }
    assert_eq!(database.raw().await.count("seaql_migrations").await, 4);
}

on_both_databases!(
    reopening_finds_everything_and_migrates_nothing_twice,
    a_closed_store_says_so,
    what_was_accepted_before_closing_is_kept,
    nodes_that_start_together_migrate_once,
);

#[tokio::test]
async fn a_url_that_will_not_do_is_explained() {
    for (url, word) in [
        ("mysql://root@localhost/x", "mysql"),
        ("switchboard.db", "not a database URL"),
        ("sqlite::memory:", "file"),
        ("sqlite:", "file"),
        ("sqlite:x.db?mode=ro", "?"),
        ("sqlite:/nowhere/at/all/x.db", "folder"),
        ("postgres://user:pass word@host:notaport/x", "postgres"),
    ] {
        let error = Store::open(url, StoreOptions::default()).await.expect_err("it will not do");
        assert!(matches!(error, StoreError::DatabaseUrl { .. }), "{url}: {error:?}");
        assert!(error.to_string().contains(word), "{url}: {error}");
        assert!(!error.to_string().contains("pass word"), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let error =
        Store::open("postgres://u:secret@127.0.0.1:1/x", StoreOptions::default()).await.expect_err("nobody");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    assert!(!format!("{error:?}").contains("secret"));
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let database = Database::sqlite();
    let _store = database.open().await;
    let path = database.url.strip_prefix("sqlite:").expect("our own URL");
    for suffix in ["", "-wal", "-shm"] {
        let file = std::fs::metadata(format!("{path}{suffix}")).expect("the file");
        assert_eq!(file.permissions().mode() & 0o777, 0o600, "{suffix}");
    }
}
