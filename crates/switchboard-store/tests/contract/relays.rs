//! Webhooks on their way to others, and alerts.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use switchboard_core::alert::{About, AlertKind};
use switchboard_core::audit::AuditWhat;
use switchboard_core::ids::JobId;
use switchboard_store::StoreError;
use switchboard_store::audit::Author;
use switchboard_store::inbox::NewInboxRow;
use switchboard_store::jobs::{Claimer, Delivery, Job, NewJob, Next};
use switchboard_store::relays::{RelaySettings, RelayTarget, Relayed, SecretChange};
use uuid::Uuid;

use super::harness::{Database, fresh};
use super::world::{NODE, NOON, World, done_to};

const BODY: &[u8] = b"{\"entry\":[],\"phone\":\"5511982114477\"}";

async fn place(world: &World) -> RelayTarget {
    let settings = RelaySettings { url: "https://crm.example.com/".to_owned(), number: None, enabled: true };
    let secret = Some(SecretString::from("sixteen letters!".to_owned()));
    world
        .store
        .relays()
        .create(&world.ours, settings, secret, &Author::exchange(NOON))
        .await
        .expect("a place")
}

fn relayed(world: &World, places: &[&RelayTarget]) -> Relayed {
    let outbox = Uuid::from_u128(fresh());
    let delivery = |place: &&RelayTarget| NewJob {
        id: JobId::from_uuid(Uuid::from_u128(fresh())),
        tenant: Some(world.ours.tenant),
        kind: "relay",
        payload: "{}".to_owned(),
        order_keys: vec![format!("{} a call", place.id)],
        once_key: None,
        delivery: Some(Delivery { target: place.id, outbox }),
        run_at: NOON,
        created_at: NOON,
    };
    Relayed {
        outbox,
        tenant: world.ours.tenant,
        content_type: Some("application/json".to_owned()),
        signature: "sha256=00".to_owned(),
        body: BODY.to_vec(),
        at: NOON,
        deliveries: places.iter().map(delivery).collect(),
    }
}

fn arrivals(world: &World, keys: std::ops::Range<u32>) -> Vec<NewInboxRow> {
    keys.map(|key| NewInboxRow {
        tenant: Some(world.ours.tenant),
        number: Some(world.number.id),
        provider: "meta".to_owned(),
        dedupe_key: key.to_string(),
        provider_call_id: None,
        kind: "connect".to_owned(),
        foreign: false,
        payload: "{}".to_owned(),
        received_at: NOON,
    })
    .collect()
}

async fn due(world: &World) -> Vec<Job> {
    let who = Claimer { node: NODE, epoch: 1, now: NOON, lease: Duration::from_secs(60) };
    world.store.jobs().claim(who, &["relay"], 100).await.expect("claimed")
}

async fn a_webhook_is_owed_with_its_arrival_and_kept_while_it_is_owed(database: Database) {
    let world = World::new(database).await;
    let (one, other) = (place(&world).await, place(&world).await);
    let webhook = relayed(&world, &[&one, &other]);
    let inbox = world.store.inbox();
    inbox.keep_owing(arrivals(&world, 0..2), Some(webhook.clone())).await.expect("kept");
    inbox.keep_owing(arrivals(&world, 0..2), Some(relayed(&world, &[&one, &other]))).await.expect("kept");
    let jobs = due(&world).await;
    assert_eq!(jobs.len(), 2, "what came before is owed to nobody again");
    let body =
        async || world.store.relays().body(world.ours.tenant, webhook.outbox).await.expect("an answer");
    let kept = body().await.expect("the body");
    assert_eq!((kept.body.as_slice(), kept.signature.as_str()), (BODY, "sha256=00"));
    let foreign = world.store.relays().body(world.theirs.tenant, webhook.outbox).await;
    assert!(foreign.expect("an answer").is_none(), "it is nobody else's");

    world.store.jobs().done(&jobs[0], NOON).await.expect("done");
    world.store.jobs().failed(&jobs[1], Next::Dead, "410", NOON).await.expect("given up");
    assert!(body().await.is_some(), "somebody may try the dead one again");
    world.store.jobs().discard(&world.ours, jobs[1].id, &Author::exchange(NOON)).await.expect("discarded");
    assert!(body().await.is_none());
}

async fn a_webhook_of_more_rows_than_a_transaction_takes_is_owed_once(database: Database) {
    let world = World::new(database).await;
    let one = place(&world).await;
    let webhook = relayed(&world, &[&one]);
    world.store.inbox().keep_owing(arrivals(&world, 0..1_203), Some(webhook)).await.expect("kept");
    assert_eq!(due(&world).await.len(), 1);
    assert_eq!(world.database.raw().await.count("outbox").await, 1);
}

async fn a_place_is_seen_changed_and_removed_by_its_own_business_only(database: Database) {
    let world = World::new(database).await;
    let place = place(&world).await;
    let (relays, author) = (world.store.relays(), Author::exchange(NOON));
    assert!(relays.list(&world.theirs).await.expect("a list").is_empty());
    let settings =
        || RelaySettings { url: "https://b.example.com/".to_owned(), number: None, enabled: false };
    let foreign = relays.change(&world.theirs, place.id, settings(), SecretChange::Keep, &author).await;
    assert!(matches!(foreign, Err(StoreError::NotFound { .. })), "{foreign:?}");
    let foreign = relays.delete(&world.theirs, place.id, &author).await;
    assert!(matches!(foreign, Err(StoreError::NotFound { .. })), "{foreign:?}");
    let theirs = RelaySettings { number: Some(world.their_number.id), ..settings() };
    let dangling = relays.change(&world.ours, place.id, theirs, SecretChange::Keep, &author).await;
    assert!(matches!(dangling, Err(StoreError::Dangling { .. })), "{dangling:?}");

    let changed = relays.change(&world.ours, place.id, settings(), SecretChange::Keep, &author).await;
    let secret = changed.expect("changed").secret.expect("it opens").expect("it stays");
    assert_eq!(secret.expose_secret(), "sixteen letters!");
    assert!(relays.enabled().await.expect("a list").is_empty());
    world.store.jobs().add(relayed(&world, &[&place]).deliveries).await.expect("owed");
    relays.delete(&world.ours, place.id, &author).await.expect("removed");
    assert!(due(&world).await.is_empty(), "what it was owed is discarded");
    // Each change has its entry, a refused one has none.
    let deeds = [AuditWhat::RelayMade, AuditWhat::RelayChanged, AuditWhat::RelayDeleted];
    assert_eq!(done_to(&world, &place.id.to_string()).await, deeds);
}

async fn an_alert_is_raised_once_and_can_come_again_when_it_is_over(database: Database) {
    let world = World::new(database).await;
    let alerts = world.store.alerts();
    let about = About::Number(world.ours.tenant, world.number.id);
    let raise = async || {
        let raised = alerts.raise(AlertKind::NoWebhook, about, json!({"hours": 25}), NOON, Vec::new()).await;
        raised.expect("an answer")
    };
    let first = raise().await.expect("raised");
    assert_eq!(
        (first.about, first.kind, first.number()),
        (about, AlertKind::NoWebhook, Some(world.number.id))
    );
    assert_eq!(raise().await, None, "it is open already");
    let foreign = alerts.acknowledge(&world.theirs, true, first.id, &Author::exchange(NOON)).await;
    assert!(matches!(foreign, Err(StoreError::NotFound { .. })), "{foreign:?}");
    let seen = alerts.acknowledge(&world.ours, false, first.id, &Author::exchange(NOON)).await.expect("seen");
    assert_eq!((seen.acknowledged_at, seen.resolved_at), (Some(NOON), None));
    assert_eq!(done_to(&world, &first.id.to_string()).await, [AuditWhat::AlertAcknowledged]);
    let over = alerts.resolve(AlertKind::NoWebhook, about, NOON, Vec::new()).await.expect("an answer");
    assert_eq!(over.map(|alert| alert.id), Some(first.id));
    assert_eq!(alerts.resolve(AlertKind::NoWebhook, about, NOON, Vec::new()).await.expect("an answer"), None);
    assert!(raise().await.is_some_and(|again| again.id != first.id));
    let machine = alerts.raise(AlertKind::DiskLow, About::Node(NODE), json!({}), NOON, Vec::new()).await;
    assert!(machine.expect("an answer").is_some());
    let list = async |machines| alerts.list(world.ours.tenant, machines).await.expect("a list").len();
    assert_eq!((list(false).await, list(true).await), (2, 3));
    assert!(alerts.list(world.theirs.tenant, false).await.expect("a list").is_empty());
    assert_eq!(alerts.open().await.expect("a list").len(), 2);
}

async fn numbers_are_heard_of_and_the_newest_time_stays(database: Database) {
    let world = World::new(database).await;
    let alerts = world.store.alerts();
    let later = NOON.plus(Duration::from_secs(60));
    for at in [NOON, later] {
        alerts.heard_of(vec![(world.ours.tenant, world.number.id, at)]).await.expect("noted");
    }
    let heard = alerts.last_heard_of().await.expect("an answer");
    assert_eq!((heard.len(), heard.get(&world.number.id).copied()), (1, Some(later)));
}

on_both_databases!(
    a_webhook_is_owed_with_its_arrival_and_kept_while_it_is_owed,
    a_webhook_of_more_rows_than_a_transaction_takes_is_owed_once,
    a_place_is_seen_changed_and_removed_by_its_own_business_only,
    an_alert_is_raised_once_and_can_come_again_when_it_is_over,
    numbers_are_heard_of_and_the_newest_time_stays,
);
