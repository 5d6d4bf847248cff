//! Limits, dials, suspensions and what was used.

use std::time::Duration;

use serde_json::json;
use switchboard_core::audit::{AuditKind, AuditWhat};
use switchboard_core::call::state::{EndReason, Outcome};
use switchboard_core::hours::Zone;
use switchboard_core::safeguard::{Month, SafeguardRules};
use switchboard_core::time::Timestamp;
use switchboard_store::StoreError;
use switchboard_store::audit::{AuditEntry, AuditSubject, Author};
use switchboard_store::calls::CallRow;
use switchboard_store::safeguards::{Dial, NumberLimits, NumberLimitsChange, Used};

use super::harness::Database;
use super::world::{FENCE, NOON, World, event, hung_up};

fn entry(world: &World, what: AuditWhat, at: Timestamp) -> AuditEntry {
    Author::exchange(at).did(what, AuditSubject::new(AuditKind::Number, world.number.id), json!({}))
}

fn after(seconds: u64) -> Timestamp {
    NOON.plus(Duration::from_secs(seconds))
}

/// A call that comes in and is over at this moment.
async fn ended(world: &World, at: Timestamp, change: impl FnOnce(&mut CallRow)) -> CallRow {
    let mut call = world.kept_call().await;
    call.facts.ending = Some(hung_up(at));
    change(&mut call);
    world
        .store
        .calls()
        .save(&world.ours, &call, &[event(&call, 2, "call.missed")], FENCE)
        .await
        .expect("saved");
    call
}

async fn fifty_who_dial_at_once_share_what_the_limit_leaves(database: Database) {
    let world = World::new(database).await;
    let rules = SafeguardRules { per_minute: 5, ..SafeguardRules::default() };
    let dial = |at: Timestamp| {
        let (store, scope, number) = (world.store.clone(), world.ours.clone(), world.number.id);
        async move { store.safeguards().take_dial(&scope, number, at, &rules).await.expect("an answer") }
    };
    let together: Vec<_> = (0..50).map(|_| tokio::spawn(dial(NOON))).collect();
    let mut taken = 0;
    for one in together {
        match one.await.expect("it ran") {
            Dial::Taken => taken += 1,
            Dial::Refused(rate) => assert_eq!(rate.minute.until, Some(after(60))),
            Dial::Suspended(until) => panic!("it rests until {until:?}"),
        }
    }
    assert_eq!(taken, 5);
    assert!(matches!(dial(after(59)).await, Dial::Refused(_)), "a dial counts for a minute");
    assert_eq!(dial(after(60)).await, Dial::Taken);
    // A restart forgets nothing, and the hour has its own limit.
    let rules = SafeguardRules { per_minute: 100, per_hour: 7, ..rules };
    let World { store, database, ours, number, .. } = world;
    store.close().await;
    let store = database.open().await;
    assert_eq!(store.safeguards().dialled(&ours, number.id, after(61)).await.expect("a list").len(), 6);
    let safeguards = store.safeguards();
    let again = |at| safeguards.take_dial(&ours, number.id, at, &rules);
    assert_eq!(again(after(61)).await.expect("an answer"), Dial::Taken);
    let Dial::Refused(rate) = again(after(62)).await.expect("an answer") else { panic!("the hour is full") };
    assert_eq!((rate.hour.used, rate.hour.until), (7, Some(after(3_600))));
    assert_eq!(again(after(3_600)).await.expect("an answer"), Dial::Taken);
}

async fn two_nodes_that_dial_at_once_share_the_limit_too(database: Database) {
    let world = World::new(database).await;
    let other = world.database.open().await;
    let rules = SafeguardRules { per_minute: 5, ..SafeguardRules::default() };
    let mut together = Vec::new();
    for n in 0..50 {
        let store = if n % 2 == 0 { world.store.clone() } else { other.clone() };
        let (scope, number) = (world.ours.clone(), world.number.id);
        together.push(tokio::spawn(async move {
            store.safeguards().take_dial(&scope, number, NOON, &rules).await.expect("an answer")
        }));
    }
    let mut taken = 0;
    for one in together {
        taken += usize::from(one.await.expect("it ran") == Dial::Taken);
    }
    assert_eq!(taken, 5);
    other.close().await;
}

/// Whoever asks may know neither: another node has just written them.
async fn a_dial_is_judged_by_the_rest_and_the_limits_that_are_written(database: Database) {
    let world = World::new(database).await;
    let rules = SafeguardRules::default();
    let safeguards = world.store.safeguards();
    let dial = |at| safeguards.take_dial(&world.ours, world.number.id, at, &rules);
    assert_eq!(dial(NOON).await.expect("an answer"), Dial::Taken);
    let one = NumberLimitsChange { per_minute: Some(Some(1)), ..NumberLimitsChange::default() };
    let changed = entry(&world, AuditWhat::NumberChanged, NOON);
    safeguards.set_limits(&world.ours, world.number.id, one, changed, NOON).await.expect("changed");
    assert!(matches!(dial(after(1)).await.expect("an answer"), Dial::Refused(_)), "one a minute");
    for n in 0..5 {
        ended(&world, after(60 + n), |_| {}).await;
    }
    let due = safeguards.suspend_if_due(&world.ours, world.number.id, after(70), &rules);
    let rest = due.await.expect("an answer").expect("it rests");
    assert_eq!(dial(after(71)).await.expect("an answer"), Dial::Suspended(rest.until));
    assert_eq!(dial(rest.until).await.expect("an answer"), Dial::Taken, "it is over");
    assert_eq!(safeguards.dialled(&world.ours, world.number.id, rest.until).await.expect("a list").len(), 2);
}

async fn nobody_dials_from_a_number_of_another_business(database: Database) {
    let world = World::new(database).await;
    let rules = SafeguardRules::default();
    let foreign = world.store.safeguards().take_dial(&world.theirs, world.number.id, NOON, &rules).await;
    assert!(matches!(foreign, Err(StoreError::NotFound { .. })), "{foreign:?}");
    world.store.safeguards().take_dial(&world.ours, world.number.id, NOON, &rules).await.expect("taken");
    let seen = world.store.safeguards().dialled(&world.theirs, world.number.id, NOON).await.expect("a list");
    assert_eq!(seen, []);
}

async fn five_missed_calls_suspend_a_number_once_until_it_is_over_or_lifted(database: Database) {
    let world = World::new(database).await;
    let rules = SafeguardRules::default();
    let safeguards = world.store.safeguards();
    let due = |at| safeguards.suspend_if_due(&world.ours, world.number.id, at, &rules);
    for n in 0..4 {
        ended(&world, after(n * 60), |_| {}).await;
        assert_eq!(due(after(n * 60)).await.expect("an answer"), None);
    }
    // What nobody could have taken, and what was taken, does not count.
    for (outcome, reason) in [
        (Outcome::Rejected, EndReason::Suspended),
        (Outcome::Missed, EndReason::Draining),
        (Outcome::Answered, EndReason::CustomerHungUp),
    ] {
        ended(&world, after(300), |call| {
            let ending = call.facts.ending.as_mut().expect("it is over");
            (ending.outcome, ending.reason) = (outcome, reason);
        })
        .await;
    }
    assert_eq!(due(after(300)).await.expect("an answer"), None);
    ended(&world, after(400), |call| {
        call.facts.ending.as_mut().expect("it is over").outcome = Outcome::Abandoned;
    })
    .await;
    let rest = due(after(401)).await.expect("an answer").expect("it rests");
    assert_eq!((rest.missed, rest.since, rest.until), (5, after(401), after(401 + 900)));
    assert_eq!(due(after(402)).await.expect("an answer"), None, "asking twice is asking once");
    let now = world.store.safeguards().suspended_now(after(402)).await.expect("a list");
    assert_eq!(now, [rest]);

    let lift = |scope, at| {
        let entry = entry(&world, AuditWhat::SuspensionLifted, at);
        safeguards.lift(scope, world.number.id, "Ana".to_owned(), entry, at)
    };
    assert!(matches!(lift(&world.theirs, after(500)).await, Err(StoreError::NotFound { .. })));
    let lifted = lift(&world.ours, after(500)).await.expect("an answer").expect("it rested");
    assert_eq!((lifted.lifted_at, lifted.lifted_by.as_deref()), (Some(after(500)), Some("Ana")));
    assert_eq!(
        lift(&world.ours, after(501)).await.expect("an answer"),
        None,
        "lifting twice is lifting once"
    );
    assert_eq!(world.store.safeguards().suspended_now(after(501)).await.expect("a list"), []);
    let missed = async |since, at_least| {
        let numbers = world.store.safeguards().numbers_that_missed(since, at_least).await;
        numbers.expect("a list").contains(&world.number.id)
    };
    assert!(missed(NOON.minus(Duration::from_secs(1)), 5).await);
    assert!(!missed(NOON.minus(Duration::from_secs(1)), 6).await, "it missed no more");
    assert!(!missed(after(60), 5).await, "nor so many since then");
    // The calls that led to it have been seen; the count begins anew.
    for n in 0..4 {
        ended(&world, after(510 + n), |_| {}).await;
    }
    assert_eq!(due(after(520)).await.expect("an answer"), None);
    ended(&world, after(530), |_| {}).await;
    assert_eq!(due(after(531)).await.expect("an answer").expect("it rests").missed, 5);
    let rests = world.store.safeguards().suspensions(&world.ours, world.number.id, 10).await.expect("a list");
    assert_eq!(rests.len(), 2);
    assert_eq!(
        world.store.safeguards().suspensions(&world.theirs, world.number.id, 10).await.expect("a list"),
        []
    );
    let entries = world.store.audit().list(&world.ours, &Default::default(), None, 50).await.expect("a page");
    let lifts = entries.items.iter().filter(|row| row.entry.what == AuditWhat::SuspensionLifted).count();
    assert_eq!(lifts, 1, "what changed nothing is not written down");
}

async fn minutes_are_counted_once_whether_they_are_added_up_or_wait(database: Database) {
    let world = World::new(database).await;
    let month = Month::of(NOON, &Zone::new("UTC").expect("a zone"));
    let used = async |scope| {
        world.store.safeguards().used_by_number(scope, world.number.id, month).await.expect("an answer")
    };
    let talked = |seconds: u64| {
        move |call: &mut CallRow| {
            call.facts.accepted_at = Some(NOON);
            call.facts.ending = Some(hung_up(after(seconds)));
        }
    };
    let mut call = ended(&world, NOON, talked(330)).await;
    ended(&world, NOON, talked(45)).await;
    ended(&world, NOON, |_| {}).await;
    let both = Used { calls: 2, seconds: 375, minutes: 7 };
    assert_eq!(used(&world.ours).await, both, "5:30 are six minutes, 0:45 is one");
    // A call that is written again after its end, as when the provider's own times come late.
    call.facts.provider_duration = Some(Duration::from_secs(331));
    world.store.calls().save(&world.ours, &call, &[], FENCE).await.expect("saved");
    assert_eq!(used(&world.ours).await, both);
    assert_eq!(world.store.safeguards().add_up().await.expect("added up"), 3);
    assert_eq!((used(&world.ours).await, used(&world.theirs).await), (both, Used::default()));
    ended(&world, NOON, talked(60)).await;
    assert_eq!(used(&world.ours).await, Used { calls: 3, seconds: 435, minutes: 8 });
    assert_eq!(world.store.safeguards().add_up().await.expect("added up"), 1);
    assert_eq!(world.store.safeguards().add_up().await.expect("nothing is left"), 0);
    let of_tenant = world.store.safeguards().used_by_tenant(&world.ours, month).await.expect("an answer");
    assert_eq!(of_tenant, Used { calls: 3, seconds: 435, minutes: 8 });
    let next = Month::of(month.to, &Zone::new("UTC").expect("a zone"));
    let of_next = world.store.safeguards().used_by_number(&world.ours, world.number.id, next).await;
    assert_eq!(of_next.expect("an answer"), Used::default());
    let pickups =
        world.store.safeguards().pickups(&world.ours, world.number.id, NOON).await.expect("an answer");
    assert_eq!((pickups.incoming.answered, pickups.incoming.total, pickups.outgoing.total), (3, 4, 0));
}

async fn a_limit_of_its_own_holds_until_it_is_given_back(database: Database) {
    let world = World::new(database).await;
    let safeguards = world.store.safeguards();
    let set = |wanted| {
        let entry = entry(&world, AuditWhat::NumberChanged, NOON);
        safeguards.set_limits(&world.ours, world.number.id, wanted, entry, NOON)
    };
    let wanted = NumberLimitsChange {
        per_minute: Some(Some(2)),
        monthly_minutes: Some(Some(100)),
        ..NumberLimitsChange::default()
    };
    let own = set(wanted).await.expect("set");
    let expected =
        NumberLimits { per_minute: Some(2), monthly_minutes: Some(100), ..NumberLimits::default() };
    assert_eq!(own, expected);
    let back = NumberLimitsChange { per_minute: Some(None), ..NumberLimitsChange::default() };
    let expected = NumberLimits { per_minute: None, ..expected };
    assert_eq!(set(back).await.expect("set"), expected);
    let read = world.store.safeguards().limits(&world.ours, world.number.id).await.expect("an answer");
    assert_eq!(read, expected);
    let all = world.store.safeguards().limits_of_the_installation().await.expect("an answer");
    assert_eq!(all.get(&world.number.id), Some(&expected));
    let foreign = world.store.safeguards().limits(&world.theirs, world.number.id).await.expect("an answer");
    assert_eq!(foreign, NumberLimits::default());
}

async fn what_does_not_count_any_more_is_taken_away(database: Database) {
    let world = World::new(database).await;
    let rules = SafeguardRules { missed: 1, ..SafeguardRules::default() };
    world.store.safeguards().take_dial(&world.ours, world.number.id, NOON, &rules).await.expect("taken");
    ended(&world, NOON, |_| {}).await;
    world
        .store
        .safeguards()
        .suspend_if_due(&world.ours, world.number.id, after(1), &rules)
        .await
        .expect("an answer")
        .expect("it rests");
    world.store.safeguards().add_up().await.expect("added up");
    let much_later = after(2 * 365 * 24 * 3_600);
    world.store.safeguards().sweep(after(60)).await.expect("swept");
    let mut raw = world.database.raw().await;
    for table in ["dials", "missed_calls", "suspensions", "pickup_hours"] {
        assert_eq!(raw.count(table).await, 1, "{table} is kept while it may be asked for");
    }
    world.store.safeguards().sweep(much_later).await.expect("swept");
    for table in ["dials", "missed_calls", "suspensions", "pickup_hours", "finished_calls"] {
        assert_eq!(raw.count(table).await, 0, "{table}");
    }
}

on_both_databases!(
    fifty_who_dial_at_once_share_what_the_limit_leaves,
    two_nodes_that_dial_at_once_share_the_limit_too,
    a_dial_is_judged_by_the_rest_and_the_limits_that_are_written,
    nobody_dials_from_a_number_of_another_business,
    five_missed_calls_suspend_a_number_once_until_it_is_over_or_lifted,
    minutes_are_counted_once_whether_they_are_added_up_or_wait,
    a_limit_of_its_own_holds_until_it_is_given_back,
    what_does_not_count_any_more_is_taken_away,
);
