//! What a stolen disk or a copied database tells (nothing), what happens when the keys are not the right ones, and that
//! keys can be changed while calls are being written.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use switchboard_store::inbox::NewInboxRow;
use switchboard_store::secrets::NotRetired;
use switchboard_store::{MAX_PAGE, Store, StoreError};

use super::harness::Database;
use super::world::{FENCE, NOON, World};

/// Stands in what is to be sealed, and nowhere else.
const MARK: &str = "marked-words-nobody-may-read";

fn webhook(key: &str) -> NewInboxRow {
    NewInboxRow {
        tenant: None,
        number: None,
        provider: "meta".to_owned(),
        dedupe_key: key.to_owned(),
        provider_call_id: None,
        kind: "connect".to_owned(),
        foreign: false,
        payload: format!("{{\"from\":\"5511982114477\",\"sdp\":\"{MARK} {key}\"}}"),
        received_at: NOON,
    }
}

/// Every byte of the database: the files of SQLite, everything PostgreSQL tells of the two tables.
async fn everything(database: &Database) -> Vec<u8> {
    if database.is_postgres() {
        let mut raw = database.raw().await;
        let mut all = raw.text("SELECT string_agg(t::text, ' ') FROM calls t").await;
        all.push_str(&raw.text("SELECT string_agg(t::text, ' ') FROM inbox t").await);
        return all.into_bytes();
    }
    let path = database.url.strip_prefix("sqlite:").expect("our own URL");
    ["", "-wal"]
        .iter()
        .flat_map(|suffix| std::fs::read(format!("{path}{suffix}")).unwrap_or_default())
        .collect()
}

fn tells(bytes: &[u8], words: &str) -> bool {
    bytes.windows(words.len()).any(|some| some == words.as_bytes())
}

async fn neither_sdp_nor_webhooks_can_be_read_from_the_database(database: Database) {
    let world = World::new(database).await;
    let mut call = world.call();
    call.sdp_offer = Some(format!("v=0 {MARK} offer"));
    world.store.calls().create(&world.ours, &call, &[]).await.expect("kept");
    call.sdp_answer = Some(format!("v=0 {MARK} answer"));
    world.store.calls().save(&world.ours, &call, &[], FENCE).await.expect("saved");
    world.store.inbox().keep(vec![webhook("one")]).await.expect("kept");

    let bytes = everything(&world.database).await;
    assert!(
        tells(&bytes, "sealed.1.") && tells(&bytes, call.provider_call_id.as_ref().expect("named").as_str()),
        "nothing was looked at"
    );
    assert!(!tells(&bytes, MARK), "sealed words can be read");
    assert_eq!(world.read(call.id).await, call);
    let kept = world.store.inbox().unprocessed(None, MAX_PAGE).await.expect("a list");
    assert_eq!(kept[0].payload.as_ref().expect("opens"), &webhook("one").payload);
    let debug = format!("{:?} {:?}", call, kept[0]);
    assert!(!debug.contains(MARK), "{debug}");
}

async fn what_stood_in_the_clear_is_read_and_then_sealed(database: Database) {
    let world = World::new(database).await;
    let call = world.kept_call().await;
    world.store.inbox().keep(vec![webhook("one")]).await.expect("kept");
    let mut raw = world.database.raw().await;
    raw.execute(&format!("UPDATE calls SET sdp_offer = 'v=0 {MARK}'")).await;
    raw.execute(&format!("UPDATE inbox SET payload = '{{\"old\":\"{MARK}\"}}'")).await;
    drop(raw);
    assert_eq!(world.read(call.id).await.sdp_offer, Some(format!("v=0 {MARK}")));

    let done = world.store.secrets().seal_plain_values().await.expect("sealed");
    assert_eq!((done.sealed, done.unreadable.len()), (2, 0));
    assert_eq!(world.read(call.id).await.sdp_offer, Some(format!("v=0 {MARK}")));
    assert!(!tells(&everything(&world.database).await, MARK), "what was replaced can still be read");
    let again = world.store.secrets().seal_plain_values().await.expect("nothing to do");
    assert_eq!(again.seen, 0, "a pass that is through looks at nothing");
}

async fn keys_are_changed_while_calls_are_written(database: Database) {
    let world = Arc::new(World::new(database).await);
    let first = world.store.secrets().list().await.expect("keys")[0].id;
    let before: Vec<_> = (0..150).map(|n| webhook(&format!("before {n}"))).collect();
    world.store.inbox().keep(before).await.expect("kept");
    // Another process on the same database and the same file of keys, as the running exchange is.
    let exchange = world.database.open().await;
    let stop = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn({
        let (world, stop, exchange) = (Arc::clone(&world), Arc::clone(&stop), exchange.clone());
        async move {
            let mut calls = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let call = world.call();
                exchange.calls().create(&world.ours, &call, &[]).await.expect("kept");
                exchange.inbox().keep(vec![webhook(&call.id.to_string())]).await.expect("kept");
                assert_eq!(
                    exchange.calls().sdp_of(&world.ours, call.id).await.expect("opens").expect("there").offer,
                    call.sdp_offer
                );
                calls.push(call.id);
            }
            calls
        }
    });
    let mut told = 0;
    let rotated = world.store.secrets().rotate(|done| told = done.seen).await.expect("rotated");
    stop.store(true, Ordering::Relaxed);
    let written = writer.await.expect("no panic");
    assert!(!written.is_empty() && told >= 150 && !rotated.resumed);
    assert_ne!(rotated.key, first);
    assert_eq!(rotated.values.unreadable, Vec::<String>::new());

    let keys = world.store.secrets().list().await.expect("keys");
    assert_eq!(
        keys.iter().map(|key| (key.id, key.uses > 0)).collect::<Vec<_>>(),
        [(rotated.key, true), (first, false)]
    );
    world.store.secrets().retire(first).await.expect("nothing uses it");
    // The exchange that ran all the time, and one that starts now, read all of it.
    let fresh = world.database.open().await;
    for store in [&exchange, &fresh] {
        for id in [written[0], written[written.len() - 1]] {
            let sdp = store.calls().sdp_of(&world.ours, id).await.expect("opens").expect("there");
            assert!(sdp.offer.is_some());
        }
        assert!(
            store
                .inbox()
                .unprocessed(None, MAX_PAGE)
                .await
                .expect("a list")
                .iter()
                .all(|row| row.payload.is_ok())
        );
    }
}

async fn a_rotation_that_was_stopped_is_finished_with_the_same_key(database: Database) {
    let world = World::new(database).await;
    let first = world.store.secrets().list().await.expect("keys")[0].id;
    let before: Vec<_> = (0..2_000).map(|n| webhook(&format!("before {n}"))).collect();
    world.store.inbox().keep(before).await.expect("kept");
    let (moved, mut moving) = tokio::sync::mpsc::channel(1);
    let task = tokio::spawn({
        let store = world.store.clone();
        async move {
            store
                .secrets()
                .rotate(|done| {
                    if done.sealed > 0 {
                        let _ = moved.try_send(());
                    }
                })
                .await
                .expect("runs")
        }
    });
    moving.recv().await.expect("some values are sealed anew");
    task.abort();
    let _ = task.await;
    let refusal = world.store.secrets().retire(first).await;
    assert!(matches!(refusal, Err(NotRetired::InUse { .. })), "{refusal:?}");
    let again = world.store.secrets().rotate(|_| {}).await.expect("rotated");
    assert!(again.resumed);
    let keys = world.store.secrets().list().await.expect("keys");
    assert_eq!((keys.len(), keys[0].id, keys[1].uses), (2, again.key, 0));
    let refusal = world.store.secrets().retire(again.key).await;
    assert!(matches!(refusal, Err(NotRetired::Seals(_))), "{refusal:?}");
    world.store.secrets().retire(first).await.expect("retired");
    assert!(matches!(world.store.secrets().retire(first).await, Err(NotRetired::Unknown(_))));
}

async fn a_start_without_the_right_keys_is_refused_by_name(database: Database) {
    let world = World::new(database).await;
    let key = world.store.secrets().list().await.expect("keys")[0].id.to_string();
    world.store.close().await;
    let (url, options) = world.database.options();
    let file = world.database.key_file();
    let copy = std::fs::read_to_string(&file).expect("the keys");

    let refused = async |says: &[&str]| {
        let error = Store::open(&url, options.clone()).await.expect_err("refused");
        assert!(matches!(error, StoreError::DataKeys { .. }), "{error:?}");
        for words in [&[file.to_str().expect("text"), &key], says].concat() {
            assert!(error.to_string().contains(words), "{error}");
        }
        assert!(
            !error.to_string().contains(copy.lines().last().expect("a key").split(' ').nth(1).expect("it"))
        );
    };
    std::fs::remove_file(&file).expect("removed");
    refused(&["does not exist"]).await;
    assert!(!Path::new(&file).exists(), "no new keys are made over a sealed database");
    // The keys of another installation.
    let stranger = Database::sqlite();
    drop(stranger.open().await);
    std::fs::copy(stranger.key_file(), &file).expect("copied");
    refused(&["it is not in"]).await;
    // A key of that name, and not that key.
    let secret = copy.lines().last().expect("a key").split(' ').nth(1).expect("it");
    let other = format!("{key} {}\n", secret.chars().rev().filter(|c| *c != '=').collect::<String>() + "=");
    std::fs::write(&file, other).expect("written");
    let error = Store::open(&url, options.clone()).await.expect_err("refused").to_string();
    assert!(error.contains("is another") || error.contains("base64"), "{error}");
    // The copy is put back.
    std::fs::write(&file, copy).expect("written");
    Store::open(&url, options.clone()).await.expect("it opens");
}

async fn a_value_that_was_changed_is_explained_and_harms_no_other(database: Database) {
    let world = World::new(database).await;
    let (broken, whole) = (world.kept_call().await, world.kept_call().await);
    let kept = world.store.inbox().keep(vec![webhook("broken"), webhook("whole")]).await.expect("kept");
    let mut raw = world.database.raw().await;
    let id = world.database.quoted(broken.id.uuid());
    let other = world.database.quoted(whole.id.uuid());
    raw.execute(&format!(
        "UPDATE calls SET sdp_offer = (SELECT sdp_offer FROM calls WHERE id = {other}) WHERE id = {id}"
    ))
    .await;
    let id = world.database.quoted(kept[0].id);
    raw.execute(&format!(
        "UPDATE inbox SET payload = substr(payload, 1, length(payload) - 8) || 'AAAAAAAA' WHERE id = {id}"
    ))
    .await;
    drop(raw);

    let error = world.store.calls().sdp_of(&world.ours, broken.id).await.expect_err("moved");
    assert!(
        error.to_string().contains("calls.sdp_offer") && error.to_string().contains("another row"),
        "{error}"
    );
    assert_eq!(world.read(whole.id).await, whole);
    let all = world.store.calls().list(&world.ours, &Default::default(), None, 10).await.expect("a list");
    assert_eq!(all.items.len(), 2, "the lists do not care");
    let mut late = broken.clone();
    (late.sdp_offer, late.cta_payload) = (None, None);
    world.store.calls().save(&world.ours, &late, &[], FENCE).await.expect("the call can still be ended");
    let rows = world.store.inbox().unprocessed(None, 10).await.expect("a list");
    let error = rows[0].payload.as_ref().expect_err("changed");
    assert!(error.to_string().contains("inbox.payload"), "{error}");
    assert!(rows[1].payload.is_ok());
    // A rotation says which, and goes on.
    let rotated = world.store.secrets().rotate(|_| {}).await.expect("rotated");
    assert_eq!(rotated.values.unreadable.len(), 2, "{:?}", rotated.values.unreadable);
    // What nobody can open keeps its old key in use; the next rotation makes a new one all the same.
    let next = world.store.secrets().rotate(|_| {}).await.expect("rotated");
    assert!(!next.resumed && next.key != rotated.key, "{next:?}");
    let keys = world.store.secrets().list().await.expect("keys");
    assert_eq!((keys.len(), keys[0].id), (3, next.key));
    assert_eq!(keys.iter().map(|key| key.uses).collect::<Vec<_>>()[1..], [0, 2], "{keys:?}");
}

on_both_databases!(
    neither_sdp_nor_webhooks_can_be_read_from_the_database,
    what_stood_in_the_clear_is_read_and_then_sealed,
    keys_are_changed_while_calls_are_written,
    a_rotation_that_was_stopped_is_finished_with_the_same_key,
    a_start_without_the_right_keys_is_refused_by_name,
    a_value_that_was_changed_is_explained_and_harms_no_other,
);
