//! The audit log: written once, read by the page, seen by nobody else.

use std::time::Duration;

use serde_json::json;
use switchboard_core::audit::{AuditKind, AuditWhat};
use switchboard_core::ids::{ApiKeyId, UserId};
use switchboard_store::StoreError;
use switchboard_store::audit::{AuditBy, AuditCursor, AuditEntry, AuditFilter, AuditSubject};
use uuid::Uuid;

use super::harness::Database;
use super::world::{NOON, World};

fn ana() -> AuditBy {
    AuditBy::Person { id: UserId::from_uuid(Uuid::from_u128(1)), name: "Ana\0".to_owned() }
}

/// The world itself has left entries of its own: its branches were made.
fn of_recordings() -> AuditFilter {
    let what = vec![AuditWhat::RecordingListened, AuditWhat::RecordingDeleted];
    AuditFilter { what, ..AuditFilter::default() }
}

fn entry(second: u64, who: AuditBy, what: AuditWhat) -> AuditEntry {
    AuditEntry {
        who,
        what,
        subject: AuditSubject::new(AuditKind::Recording, format!("rec_{second}")).named("A recording"),
        detail: json!({"n": second}),
        address: "2001:db8::7".parse().ok(),
        at: NOON.plus(Duration::from_secs(second)),
    }
}

async fn what_was_done_is_read_back_page_by_page_newest_first(database: Database) {
    let world = World::new(database).await;
    let audit = world.store.audit();
    let key = AuditBy::Key { id: ApiKeyId::from_uuid(Uuid::from_u128(2)), name: "CRM".to_owned() };
    let whos = [ana(), key, AuditBy::CommandLine, AuditBy::Exchange, AuditBy::Nobody];
    for (n, who) in (0..).zip(whos.into_iter().cycle().take(7)) {
        audit.write(&world.ours, entry(n, who, AuditWhat::RecordingListened)).await.expect("written");
    }
    let mut seen = Vec::new();
    let mut after: Option<AuditCursor> = None;
    loop {
        let page = audit.list(&world.ours, &of_recordings(), after, 3).await.expect("a page");
        seen.extend(page.items);
        let Some(next) = page.next else { break };
        after = Some(next.to_string().parse().expect("our own cursor"));
    }
    let numbers: Vec<_> = seen.iter().map(|row| row.entry.detail["n"].as_u64().expect("a number")).collect();
    assert_eq!(numbers, [6, 5, 4, 3, 2, 1, 0]);
    let first = &seen[6].entry;
    let ana = AuditBy::Person { id: UserId::from_uuid(Uuid::from_u128(1)), name: "Ana".to_owned() };
    assert_eq!(first, &entry(0, ana, AuditWhat::RecordingListened));
}

async fn the_log_is_narrowed_by_who_what_and_when(database: Database) {
    let world = World::new(database).await;
    let audit = world.store.audit();
    audit.write(&world.ours, entry(0, ana(), AuditWhat::RecordingListened)).await.expect("written");
    audit
        .write(&world.ours, entry(1, AuditBy::Exchange, AuditWhat::RecordingDeleted))
        .await
        .expect("written");
    let found = async |filter: AuditFilter| -> Vec<u64> {
        let page = audit.list(&world.ours, &filter, None, 50).await.expect("a page");
        page.items.iter().map(|row| row.entry.detail["n"].as_u64().expect("a number")).collect()
    };
    let all = of_recordings;
    assert_eq!(
        found(AuditFilter { person: Some(UserId::from_uuid(Uuid::from_u128(1))), ..all() }).await,
        [0]
    );
    assert!(
        found(AuditFilter { key: Some(ApiKeyId::from_uuid(Uuid::from_u128(1))), ..all() }).await.is_empty()
    );
    assert_eq!(found(AuditFilter { what: vec![AuditWhat::RecordingDeleted], ..all() }).await, [1]);
    assert_eq!(found(AuditFilter { subject: Some("rec_0".to_owned()), ..all() }).await, [0]);
    assert_eq!(found(AuditFilter { from: Some(NOON.plus(Duration::from_micros(1))), ..all() }).await, [1]);
    assert_eq!(found(AuditFilter { to: Some(NOON.plus(Duration::from_secs(1))), ..all() }).await, [0]);
}

async fn the_log_is_seen_by_the_whole_business_only(database: Database) {
    let world = World::new(database).await;
    let audit = world.store.audit();
    audit.write(&world.ours, entry(0, ana(), AuditWhat::RecordingListened)).await.expect("written");
    let theirs = audit.list(&world.theirs, &AuditFilter::default(), None, 50).await.expect("a page");
    assert!(theirs.items.is_empty());
    let refusal = audit.list(&world.only(world.north), &AuditFilter::default(), None, 50).await;
    assert!(matches!(refusal, Err(StoreError::OutOfScope { .. })), "{refusal:?}");
}

on_both_databases!(
    what_was_done_is_read_back_page_by_page_newest_first,
    the_log_is_narrowed_by_who_what_and_when,
    the_log_is_seen_by_the_whole_business_only,
);
