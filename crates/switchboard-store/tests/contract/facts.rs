//! What is written of a call is read back equal.

use std::time::Duration;

use serde_json::json;
use switchboard_core::call::input::{CallPolicy, Destination, Direction, ProviderFault};
use switchboard_core::call::state::{CallFacts, EndReason, EndedBy, Ending, Outcome, ProviderState, Status};
use switchboard_core::ids::UserId;
use switchboard_core::recording::RecordingPolicy;
use switchboard_core::time::Timestamp;
use switchboard_store::StoreError;
use switchboard_store::calls::{CallRow, OwnerFence};
use uuid::Uuid;

use super::harness::Database;
use super::world::{FENCE, NOON, World, event, hung_up, offered};

async fn a_call_reads_back_as_it_was_written(database: Database) {
    let world = World::new(database).await;
    let mut call = world.kept_call().await;
    assert_eq!(world.read(call.id).await, call);

    call.branch = Some(world.north);
    call.sdp_answer = Some("v=0\r\na=fingerprint\r\n".to_owned());
    call.quality = Some(json!({"mos": 4.25, "loss_percent": 0.5}));
    call.metadata = json!({"nested": {"deep": [1, 2.5, null, true]}});
    call.caller.name = None;
    call.caller.phone = None;
    call.updated_at = NOON.plus(Duration::from_micros(123_457));
    world.store.calls().save(&world.ours, &call, &[], FENCE).await.expect("saved");
    assert_eq!(world.read(call.id).await, call);

    let named = call.provider_call_id.clone().expect("named");
    let by_provider = world.store.calls().by_provider_call(&world.ours, call.number, &named).await;
    let without_sdp = CallRow { sdp_offer: None, sdp_answer: None, ..call };
    assert_eq!(by_provider.expect("an answer"), Some(without_sdp));
}

async fn every_word_of_the_call_machine_reads_back(database: Database) {
    let world = World::new(database).await;
    let mut call = world.kept_call().await;
    // The same happens to a call of which only what is new is written.
    let mut twin = world.kept_call().await;
    let user = |n| UserId::from_uuid(Uuid::from_u128(n));
    let endings = {
        let outcomes = Outcome::ALL.iter().map(|outcome| Ending { outcome: *outcome, ..hung_up(NOON) });
        let reasons = EndReason::ALL.iter().map(|reason| Ending { reason: *reason, ..hung_up(NOON) });
        let by = EndedBy::ALL.iter().map(|by| Ending { by: *by, by_user: Some(user(9)), ..hung_up(NOON) });
        let fault =
            ProviderFault { code: -138_021, message: "Receiver is unable to receive calls".to_owned() };
        outcomes.chain(reasons).chain(by).chain([Ending { fault: Some(fault), ..hung_up(NOON) }])
    };
    let mut all: Vec<CallFacts> = endings
        .map(|ending| CallFacts { ending: Some(ending), answered_at: Some(NOON), ..offered() })
        .collect();
    all.extend(ProviderState::ALL.iter().map(|state| CallFacts { state: *state, ..offered() }));
    all.extend(Destination::ALL.iter().map(|destination| CallFacts {
        policy: Some(CallPolicy {
            destination: *destination,
            answer_window: Duration::from_millis(15_500),
            max_call_duration: Duration::ZERO,
            recording: RecordingPolicy::OFF,
        }),
        ..offered()
    }));
    all.push(CallFacts { ringing: vec![user(3), user(1), user(2)], ..offered() });
    all.push(CallFacts { offered: false, policy: None, offered_at: None, answer_by: None, ..offered() });
    let at = |micros| Some(Timestamp::from_micros(NOON.micros() + micros));
    all.push(CallFacts {
        offered_at: at(0),
        answer_by: at(1),
        pre_accepted_at: at(10),
        accepted_at: at(100),
        answered_at: at(1_000),
        answered_by: Some(user(5)),
        provider_started_at: at(999_999),
        provider_ended_at: at(-1),
        provider_duration: Some(Duration::from_secs(61)),
        ..offered()
    });
    for facts in all {
        call.set_facts(&facts);
        world.store.calls().save(&world.ours, &call, &[], FENCE).await.expect("saved");
        let read = world.read(call.id).await;
        assert_eq!(read.facts(), facts);
        assert_eq!(read.status(), facts.status());
        let before = twin.clone();
        twin.set_facts(&facts);
        let calls = world.store.calls();
        calls.save_changes(&world.ours, Some(&before), &twin, &[], vec![], FENCE).await.expect("saved");
        assert_eq!(world.read(twin.id).await, twin);
    }
}

async fn what_is_as_it_was_is_not_written_again(database: Database) {
    let world = World::new(database).await;
    let before = world.kept_call().await;
    world.database.raw().await.execute("UPDATE calls SET caller_username = 'somebody-else'").await;
    let sealed = async || {
        let sql =
            format!("SELECT sdp_offer FROM calls WHERE id = {}", world.database.quoted(before.id.uuid()));
        world.database.raw().await.text(&sql).await
    };
    let offer = sealed().await;
    let mut call = CallRow { sdp_answer: Some("v=0\r\na=fingerprint\r\n".to_owned()), ..before.clone() };
    call.set_facts(&CallFacts { answered_by: Some(UserId::from_uuid(Uuid::from_u128(7))), ..offered() });
    let calls = world.store.calls();
    calls.save_changes(&world.ours, Some(&before), &call, &[], vec![], FENCE).await.expect("saved");
    let read = world.read(before.id).await;
    assert_eq!(read.caller.username.as_deref(), Some("somebody-else"), "the column was left alone");
    assert_eq!((read.facts(), &read.sdp_answer), (call.facts(), &call.sdp_answer));
    assert_eq!(sealed().await, offer, "what is sealed is not sealed again");

    // Somebody read the call before that, and adds a word to its story.
    let word = event(&call, 2, "recording.ready");
    let touched = CallRow { updated_at: NOON.plus(Duration::from_secs(9)), ..before.clone() };
    calls.save_changes(&world.ours, Some(&before), &touched, &[word], vec![], FENCE).await.expect("saved");
    let read = world.read(before.id).await;
    assert_eq!((read.facts(), read.updated_at), (call.facts(), touched.updated_at), "the facts stay");

    let (before, nobody) = (call.clone(), OwnerFence { epoch: FENCE.epoch + 1, ..FENCE });
    let refused = calls.save_changes(&world.ours, Some(&before), &call, &[], vec![], nobody).await;
    assert!(matches!(refused, Err(StoreError::Fenced { .. })), "a write that changes nothing is fenced too");
}

async fn both_directions_read_back(database: Database) {
    let world = World::new(database).await;
    for direction in Direction::ALL {
        let mut call = world.call();
        call.direction = *direction;
        call.facts.direction = *direction;
        call.facts.reached = *direction == Direction::Outgoing;
        world.store.calls().create(&world.ours, &call, &[]).await.expect("kept");
        assert_eq!(world.read(call.id).await.direction, *direction);
    }
}

async fn characters_a_database_refuses_do_not_lose_a_call(database: Database) {
    let world = World::new(database).await;
    let mut call = world.call();
    call.caller.name = Some("Ma\0ria 😀 \u{1F468}\u{200D}".to_owned());
    call.metadata = json!({"text\0": "nul\0"});
    world.store.calls().create(&world.ours, &call, &[]).await.expect("kept");
    let read = world.read(call.id).await;
    assert_eq!(read.caller.name.as_deref(), Some("Maria 😀 \u{1F468}\u{200D}"));
    assert_eq!(read.metadata, json!({"text": "nul"}));
}

async fn a_row_of_a_later_version_is_named(database: Database) {
    let world = World::new(database).await;
    let call = world.kept_call().await;
    world.database.raw().await.execute("UPDATE calls SET state = 'teleported'").await;
    let error = world.store.calls().by_id(&world.ours, call.id).await.expect_err("unreadable");
    assert!(matches!(error, StoreError::Unreadable { table: "calls", column: "state", .. }), "{error}");
    assert!(error.to_string().contains("teleported"), "{error}");
}

async fn a_call_never_shows_who_called_when_it_is_printed(database: Database) {
    let world = World::new(database).await;
    let call = world.kept_call().await;
    let printed = format!("{call:?} {:?}", world.store.calls().events_of(&world.ours, call.id).await);
    for secret in ["José", "551198", "pepe", "order-7", "v=0", "wacid"] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
    assert_eq!(call.status(), Status::Offered);
}

on_both_databases!(
    a_call_reads_back_as_it_was_written,
    every_word_of_the_call_machine_reads_back,
    what_is_as_it_was_is_not_written_again,
    both_directions_read_back,
    characters_a_database_refuses_do_not_lose_a_call,
    a_row_of_a_later_version_is_named,
    a_call_never_shows_who_called_when_it_is_printed,
);
