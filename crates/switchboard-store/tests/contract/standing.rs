//! Hours of numbers, and what the provider says of them.

use serde_json::json;
use switchboard_core::admission::OutOfHours;
use switchboard_core::audit::{AuditKind, AuditWhat};
use switchboard_core::hours::{Holiday, Hours, Range};
use switchboard_store::StoreError;
use switchboard_store::audit::{AuditSubject, Author};
use switchboard_store::hours::NumberHours;
use switchboard_store::number_states::{NumberState, Said};
use switchboard_store::numbers::NumberChange;

use super::harness::Database;
use super::world::{NOON, World};

fn range(from_min: u16, to_min: u16) -> Range {
    Range { from_min, to_min }
}

fn siesta() -> NumberHours {
    let day = vec![range(540, 780), range(900, 1_440)];
    let mut weekly: [Vec<Range>; 7] = std::array::from_fn(|_| day.clone());
    weekly[6] = Vec::new();
    let holiday = |date: &str, name: &str, ranges| Holiday {
        date: date.parse().expect("a date"),
        name: name.to_owned(),
        ranges,
    };
    let holidays = vec![
        // Over long ago: what is kept stays readable.
        holiday("2020-01-01", "New Year", Vec::new()),
        holiday("2026-12-24", "Christmas Eve \0", vec![range(540, 720)]),
    ];
    NumberHours {
        hours: Hours::new("America/Sao_Paulo", weekly, holidays).expect("hours"),
        out_of_hours: OutOfHours::CallbackOffer,
        out_of_hours_text: "We are closed.\0".to_owned(),
        outbound_blocked: true,
    }
}

async fn hours_are_read_back_as_they_were_set_and_only_by_their_business(database: Database) {
    let world = World::new(database).await;
    let store = world.store.hours();
    assert_eq!(store.of(&world.ours, world.number.id).await.expect("an answer"), None);
    let set = |scope, hours: NumberHours| {
        let subject = AuditSubject::new(AuditKind::Number, world.number.id);
        let entry = Author::exchange(NOON).did(AuditWhat::NumberChanged, subject, json!({}));
        store.set(scope, world.number.id, hours, entry, NOON)
    };
    assert!(matches!(set(&world.theirs, siesta()).await, Err(StoreError::NotFound { .. })));
    set(&world.ours, siesta()).await.expect("set");
    let read = store.of(&world.ours, world.number.id).await.expect("an answer").expect("hours");
    assert_eq!(read.hours.weekly(), siesta().hours.weekly());
    assert_eq!(
        (read.hours.zone().name(), read.out_of_hours),
        ("America/Sao_Paulo", OutOfHours::CallbackOffer)
    );
    assert_eq!((read.out_of_hours_text.as_str(), read.outbound_blocked), ("We are closed.", true));
    assert_eq!(read.hours.holidays()[1].name, "Christmas Eve ");
    assert_eq!(store.of(&world.theirs, world.number.id).await.expect("an answer"), None);
    let changed = NumberHours { out_of_hours: OutOfHours::Reject, ..read };
    set(&world.ours, changed.clone()).await.expect("set again");
    let all = store.of_the_installation().await.expect("an answer");
    assert_eq!(all.get(&world.number.id), Some(&changed));
}

async fn hours_that_several_change_at_once_lose_nothing_and_each_knows_what_was(database: Database) {
    let world = World::new(database).await;
    let store = world.store.hours();
    let adds = |minute: u16| {
        let subject = AuditSubject::new(AuditKind::Number, world.number.id);
        store.change(&world.ours, world.number.id, NOON, move |known| {
            let mut weekly = known.as_ref().map(|known| known.hours.weekly().clone()).unwrap_or_default();
            let before = weekly[0].len();
            weekly[0].push(range(minute, minute + 1));
            weekly[0].sort_by_key(|range| range.from_min);
            let hours = Hours::new("UTC", weekly, Vec::new()).expect("hours");
            let entry = Author::exchange(NOON).did(AuditWhat::NumberChanged, subject, json!({}));
            let base = known.unwrap_or_else(siesta);
            (Some((NumberHours { hours, ..base }, entry)), before)
        })
    };
    let seen = futures_util::future::join_all((0..6).map(|n| adds(n * 10))).await;
    let mut seen: Vec<_> = seen.into_iter().map(|before| before.expect("changed")).collect();
    seen.sort_unstable();
    assert_eq!(seen, [0, 1, 2, 3, 4, 5]);
    let kept = store.of(&world.ours, world.number.id).await.expect("an answer").expect("hours");
    assert_eq!((kept.hours.weekly()[0].len(), kept.outbound_blocked), (6, true));
    let looks = store.change(&world.ours, world.number.id, NOON, |known| (None, known));
    assert_eq!(looks.await.expect("an answer"), Some(kept));
    let foreign = store.change(&world.theirs, world.number.id, NOON, |known| (None, known)).await;
    assert!(matches!(foreign, Err(StoreError::NotFound { .. })), "{foreign:?}");
}

async fn what_the_provider_says_is_kept_and_two_who_change_it_lose_nothing(database: Database) {
    let world = World::new(database).await;
    let store = world.store.number_states();
    assert_eq!(store.of(&world.ours, world.number.id).await.expect("an answer"), NumberState::default());
    let said = |n: u32| Said { what: json!({"n": n}), at: NOON };
    let one = store.change(&world.ours, world.number.id, NOON, move |state| state.settings = Some(said(1)));
    let other = store.change(&world.ours, world.number.id, NOON, move |state| state.fields = Some(said(2)));
    let (one, other) = tokio::join!(one, other);
    one.and(other).expect("kept");
    let trouble = Some(("Graph did not answer".to_owned(), NOON));
    let now = store
        .change(&world.ours, world.number.id, NOON, move |state| {
            state.trouble = trouble;
            state.restrictions = json!([{"kind": "X"}]);
        })
        .await
        .expect("kept");
    assert_eq!((now.settings.clone(), now.fields.clone()), (Some(said(1)), Some(said(2))));
    assert_eq!(store.of(&world.ours, world.number.id).await.expect("an answer"), now);
    assert_eq!(store.of(&world.theirs, world.number.id).await.expect("an answer"), NumberState::default());
    assert_eq!(store.of_the_installation().await.expect("an answer").get(&world.number.id), Some(&now));
    let foreign = store.change(&world.theirs, world.number.id, NOON, |_| {}).await;
    assert!(matches!(foreign, Err(StoreError::NotFound { .. })), "{foreign:?}");
}

async fn what_nobody_has_set_of_a_number_is_as_the_provider_has_it(database: Database) {
    let world = World::new(database).await;
    let number = &world.number;
    assert_eq!(
        (number.icon_shown, number.icon_countries.clone(), number.callback_permission, number.test_number),
        (None, None, None, false)
    );
    let wanted = NumberChange {
        icon_shown: Some(false),
        icon_countries: Some(vec!["BR".to_owned(), "PT".to_owned()]),
        callback_permission: Some(true),
        test_number: Some(true),
        ..NumberChange::default()
    };
    let changed = world.store.numbers().update(&world.ours, number.id, wanted, NOON).await.expect("changed");
    assert_eq!((changed.icon_shown, changed.callback_permission), (Some(false), Some(true)));
    assert_eq!(changed.icon_countries, Some(vec!["BR".to_owned(), "PT".to_owned()]));
    assert!(changed.test_number);
    let back = NumberChange { icon_countries: Some(Vec::new()), ..NumberChange::default() };
    let changed = world.store.numbers().update(&world.ours, number.id, back, NOON).await.expect("changed");
    assert_eq!(changed.icon_countries, Some(Vec::new()));
}

on_both_databases!(
    hours_are_read_back_as_they_were_set_and_only_by_their_business,
    hours_that_several_change_at_once_lose_nothing_and_each_knows_what_was,
    what_the_provider_says_is_kept_and_two_who_change_it_lose_nothing,
    what_nobody_has_set_of_a_number_is_as_the_provider_has_it,
);
