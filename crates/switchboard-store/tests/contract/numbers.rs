//! Tenants, branches, numbers, nodes.

use std::time::Duration;

use switchboard_core::audit::{AuditKind, AuditWhat};
use switchboard_core::call::input::{Destination, DrainAnswer};
use switchboard_core::ids::{BranchId, NodeId, NumberId, UserId};
use switchboard_core::language::Language;
use switchboard_core::media_terms::{AdditionalCodecs, MediaTerms, SrtpKeyExchange};
use switchboard_core::recording::{AnnouncementChoice, RecordingMode, RecordingPolicy};
use switchboard_store::StoreError;
use switchboard_store::audit::{AuditBy, AuditEntry, AuditFilter, AuditSubject};
use switchboard_store::numbers::{NumberChange, NumberFromEnvironment, OwnAnnouncement, Waiver};
use uuid::Uuid;

use super::harness::Database;
use super::world::{NOON, World, number};

async fn the_first_tenant_is_made_once(database: Database) {
    let store = database.open().await;
    let starts: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.tenants().default_tenant(NOON).await.expect("a tenant").id })
        })
        .collect();
    let mut ids = Vec::new();
    for start in starts {
        ids.push(start.await.expect("no panic"));
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    let scope = switchboard_core::access::Scope::of_the_exchange(ids[0]);
    assert_eq!(store.tenants().current(&scope).await.expect("the tenant").id, ids[0]);
}

async fn the_environment_sets_up_a_number_and_leaves_what_it_does_not_name(database: Database) {
    let world = World::new(database).await;
    let numbers = world.store.numbers();
    let new = &world.number;
    assert!(!new.calling_enabled, "calling is off until someone switches it on");
    assert_eq!(
        (new.destination, new.answer_window_s, new.max_concurrent_calls, new.max_call_duration_s),
        (Destination::Agents, 28, 1_000, 14_400)
    );
    let policy = new.policy();
    assert_eq!((policy.answer_window, policy.max_call_duration.as_secs()), (Duration::from_secs(28), 14_400));

    let explicit = NumberFromEnvironment {
        calling_enabled: Some(true),
        destination: Some(Destination::Echo),
        ..number("100")
    };
    let on = numbers.upsert_from_environment(&world.ours, explicit).await.expect("changed");
    assert_eq!((on.id, on.calling_enabled, on.destination), (new.id, true, Destination::Echo));

    let silent = NumberFromEnvironment {
        name: "Other name".to_owned(),
        display_phone: None,
        waba_id: None,
        at: NOON.plus(Duration::from_secs(1)),
        ..number("100")
    };
    let same = numbers.upsert_from_environment(&world.ours, silent).await.expect("unchanged");
    assert_eq!(same.name, "Number 100");
    assert_eq!((same.calling_enabled, same.destination), (true, Destination::Echo));
    assert_eq!((&same.display_phone, &same.waba_id), (&new.display_phone, &new.waba_id));
    assert_eq!((same.created_at, same.updated_at), (NOON, NOON.plus(Duration::from_secs(1))));

    assert_eq!(numbers.by_id(&world.ours, new.id).await.expect("an answer"), Some(same.clone()));
    let by_provider = async |scope, provider| {
        numbers.by_provider_number_id(scope, provider, "100").await.expect("an answer")
    };
    assert_eq!(by_provider(&world.ours, "meta").await, Some(same.clone()));
    assert_eq!(by_provider(&world.ours, "ycloud").await, None);
    assert_eq!(by_provider(&world.theirs, "meta").await, None);
    let all = numbers.of_the_installation().await.expect("a list");
    assert_eq!(all, [same.clone(), world.their_number.clone()]);
    assert_eq!(numbers.list(&world.ours).await.expect("a list"), [same]);
}

async fn settings_of_a_number_change_within_its_tenant(database: Database) {
    let world = World::new(database).await;
    let settings = NumberChange {
        name: Some("Front desk".to_owned()),
        branch: Some(Some(world.north)),
        calling_enabled: Some(true),
        destination: Some(Destination::Echo),
        answer_window_s: Some(40),
        max_concurrent_calls: Some(7),
        max_call_duration_s: Some(60),
        srtp_key_exchange: Some(SrtpKeyExchange::Sdes),
        additional_codecs: Some(AdditionalCodecs { pcmu: true, pcma: true }),
        drain_answer: Some(DrainAnswer::Ignore),
        ..NumberChange::default()
    };
    let numbers = world.store.numbers();
    assert_eq!(world.number.media_terms(), MediaTerms::default());
    let changed =
        numbers.update(&world.ours, world.number.id, settings.clone(), NOON).await.expect("changed");
    assert_eq!(
        (changed.name.as_str(), changed.branch, changed.max_concurrent_calls, changed.drain_answer),
        ("Front desk", Some(world.north), 7, DrainAnswer::Ignore)
    );
    let both = AdditionalCodecs { pcmu: true, pcma: true };
    assert_eq!(
        changed.media_terms(),
        MediaTerms { key_exchange: SrtpKeyExchange::Sdes, additional_codecs: both }
    );
    assert_eq!(numbers.by_id(&world.ours, world.number.id).await.expect("an answer"), Some(changed.clone()));
    let one = NumberChange {
        branch: Some(None),
        additional_codecs: Some(AdditionalCodecs::NONE),
        ..NumberChange::default()
    };
    let one = numbers.update(&world.ours, world.number.id, one, NOON).await.expect("changed");
    let expected = switchboard_store::numbers::Number {
        branch: None,
        additional_codecs: AdditionalCodecs::NONE,
        ..changed
    };
    assert_eq!(one, expected, "what is not named stays");

    let nowhere = NumberChange {
        branch: Some(Some(BranchId::from_uuid(Uuid::from_u128(1)))),
        ..NumberChange::default()
    };
    let refusal = numbers.update(&world.ours, world.number.id, nowhere, NOON).await;
    assert!(matches!(refusal, Err(StoreError::Dangling { .. })), "{refusal:?}");
    let unknown = NumberId::from_uuid(Uuid::from_u128(1));
    let refusal = numbers.update(&world.ours, unknown, settings, NOON).await;
    assert!(matches!(refusal, Err(StoreError::NotFound { .. })), "{refusal:?}");
}

async fn recording_is_off_until_somebody_switches_it_on_and_own_words_come_and_go(database: Database) {
    let world = World::new(database).await;
    let numbers = world.store.numbers();
    assert_eq!(world.number.policy().recording.mode, RecordingMode::Off);
    let admin = UserId::from_uuid(Uuid::from_u128(1));
    let waiver = Waiver { by: Some(admin), at: NOON };
    let wanted = NumberChange {
        recording_mode: Some(RecordingMode::On),
        recording_announcement: Some(AnnouncementChoice::Own),
        recording_waiver: Some(Some(waiver)),
        record_echo: Some(true),
        notice_language: Some(Language::Portuguese),
        ..NumberChange::default()
    };
    let entry = |what| AuditEntry {
        who: AuditBy::Exchange,
        what,
        subject: AuditSubject::new(AuditKind::Number, world.number.id),
        detail: serde_json::json!({}),
        address: None,
        at: NOON,
    };
    let written = vec![entry(AuditWhat::RecordingWaiverSet)];
    let changed = numbers.update_audited(&world.ours, world.number.id, wanted, written, NOON).await;
    let changed = changed.expect("changed");
    assert_eq!((changed.recording_waiver, changed.notice_language), (Some(waiver), Language::Portuguese));
    let waived = RecordingPolicy { mode: RecordingMode::On, announcement: None, echo: true };
    assert_eq!(changed.policy().recording, waived);

    let taken_back = NumberChange { recording_waiver: Some(None), ..NumberChange::default() };
    let changed = numbers.update(&world.ours, world.number.id, taken_back, NOON).await.expect("changed");
    assert_eq!(changed.policy().recording, RecordingPolicy::OFF, "own words are wanted and not there");

    let length = Duration::from_millis(7_020);
    for sound in [vec![1, 2, 3], vec![4]] {
        let own = Some((sound.clone(), length));
        let entry = entry(AuditWhat::NumberChanged);
        let kept = numbers.set_own_announcement(&world.ours, world.number.id, own, entry, NOON).await;
        assert_eq!(kept.expect("kept").policy().recording.announcement, Some(length));
        let all = numbers.own_announcements().await.expect("a list");
        assert_eq!(all, [OwnAnnouncement { number: world.number.id, sound }]);
    }
    let stranger = numbers
        .set_own_announcement(&world.theirs, world.number.id, None, entry(AuditWhat::NumberChanged), NOON)
        .await;
    assert!(matches!(stranger, Err(StoreError::NotFound { .. })), "{stranger:?}");
    let gone = numbers
        .set_own_announcement(&world.ours, world.number.id, None, entry(AuditWhat::NumberChanged), NOON)
        .await;
    assert_eq!(gone.expect("gone").recording.own, None);
    assert_eq!(numbers.own_announcements().await.expect("a list"), []);
    let log = world.store.audit().list(&world.ours, &AuditFilter::default(), None, 50).await.expect("a page");
    let of_numbers = log.items.iter().filter(|row| row.entry.subject.kind == AuditKind::Number).count();
    assert_eq!(of_numbers, 4, "a refused change leaves no entry");
}

async fn four_hundred_starts_at_once_are_counted_exactly(database: Database) {
    let store = database.open().await;
    let node = NodeId::from_uuid(Uuid::from_u128(5));
    let starts: Vec<_> = (0..400)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.nodes().register(node, NOON).await.expect("registered") })
        })
        .collect();
    let mut epochs = Vec::new();
    for start in starts {
        epochs.push(start.await.expect("no panic"));
    }
    epochs.sort_unstable();
    assert_eq!(epochs, (1..=400).collect::<Vec<i64>>());
    let other = NodeId::from_uuid(Uuid::from_u128(6));
    assert_eq!(store.nodes().register(other, NOON).await.expect("registered"), 1);
}

on_both_databases!(
    the_first_tenant_is_made_once,
    the_environment_sets_up_a_number_and_leaves_what_it_does_not_name,
    settings_of_a_number_change_within_its_tenant,
    recording_is_off_until_somebody_switches_it_on_and_own_words_come_and_go,
    four_hundred_starts_at_once_are_counted_exactly,
);
