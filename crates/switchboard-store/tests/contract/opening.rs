//! Opening, closing, opening again.

use switchboard_store::{Store, StoreError, StoreOptions};

use super::harness::Database;
use super::world::{NOON, World, event};

/// One file each.
fn migrations() -> i64 {
    let files =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/migrations")).expect("the folder");
    i64::try_from(files.count()).expect("not that many")
}

async fn reopening_finds_everything_and_migrates_nothing_twice(database: Database) {
    let world = World::new(database).await;
    let call = world.kept_call().await;
    world.store.close().await;

    let world = World { store: world.database.open().await, ..world };
    let store = &world.store;
    assert_eq!(world.read(call.id).await, call);
    assert_eq!(store.calls().events_of(&world.ours, call.id).await.expect("a story").len(), 1);
    assert_eq!(store.tenants().default_tenant(NOON).await.expect("the tenant").id, world.ours.tenant);
    assert_eq!(world.database.raw().await.count("seaql_migrations").await, migrations());
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
            let (url, options) = database.options();
            tokio::spawn(async move { Store::open(&url, options).await.expect("it opens") })
        })
        .collect();
    for start in starts {
        start.await.expect("no panic").ping().await.expect("it answers");
    }
    assert_eq!(database.raw().await.count("seaql_migrations").await, migrations());
}

async fn a_dry_run_lists_what_is_to_come_and_makes_nothing(database: Database) {
    let (url, options) = database.options();
    for _ in 0..2 {
        let pending = Store::pending_migrations(&url, &options).await.expect("a plan");
        assert_eq!(i64::try_from(pending.len()).expect("few"), migrations());
        assert_eq!(pending[0].name, "m0001_people");
        assert!(pending.iter().all(|migration| !migration.what.is_empty()), "{pending:?}");
    }
    if let Some(path) = url.strip_prefix("sqlite:") {
        assert!(!std::path::Path::new(path).exists(), "looking made a file");
    }
    let store = database.open().await;
    let pending = Store::pending_migrations(&url, &options).await.expect("a plan, beside a running exchange");
    assert_eq!(pending, []);
    store.close().await;
}

async fn a_database_of_a_later_version_is_refused_by_name(database: Database) {
    database.open().await.close().await;
    let mut raw = database.raw().await;
    raw.execute("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_telepathy', 0)").await;
    drop(raw);
    let (url, options) = database.options();
    for refusal in [
        Store::open(&url, options.clone()).await.expect_err("not ours"),
        Store::pending_migrations(&url, &options).await.expect_err("not ours"),
    ] {
        assert!(matches!(refusal, StoreError::FromALaterVersion { .. }), "{refusal:?}");
        assert!(refusal.to_string().contains("m9999_telepathy"), "{refusal}");
    }
}

on_both_databases!(
    a_dry_run_lists_what_is_to_come_and_makes_nothing,
    a_database_of_a_later_version_is_refused_by_name,
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
