//! Lists of calls: pages, filters, search.

use std::time::Duration;

use switchboard_core::call::input::Direction;
use switchboard_core::call::state::Status;
use switchboard_core::ids::CallId;
use switchboard_core::time::Timestamp;
use switchboard_store::calls::{CallCursor, CallFilter, Customer};

use super::harness::Database;
use super::world::{FENCE, NOON, World, hung_up};

async fn pages_show_each_call_once_newest_first(database: Database) {
    let world = World::new(database).await;
    let mut expected = Vec::new();
    for n in 0..25_i64 {
        let mut call = world.call();
        // Several at the same moment, and fractions of different length.
        let at =
            Timestamp::from_micros(NOON.micros() + [0, 500_000, 500_001, 1_000_000, 10][(n % 5) as usize]);
        call.facts.offered_at = (n % 7 != 0).then_some(at);
        call.created_at = at;
        world.store.calls().create(&world.ours, &call, &[]).await.expect("kept");
        expected.push((at, call.id));
    }
    expected.sort_unstable_by(|a, b| b.cmp(a));
    let expected: Vec<CallId> = expected.into_iter().map(|(_, id)| id).collect();

    let mut seen = Vec::new();
    let mut after: Option<CallCursor> = None;
    loop {
        let page =
            world.store.calls().list(&world.ours, &CallFilter::default(), after, 4).await.expect("a page");
        seen.extend(page.items.iter().map(|call| call.id));
        let Some(next) = page.next else { break };
        assert_eq!(page.items.len(), 4);
        after = Some(next.to_string().parse().expect("our own cursor"));
        // What comes in meanwhile moves nothing.
        let mut newer = world.call();
        newer.facts.offered_at = Some(NOON.plus(Duration::from_secs(60)));
        world.store.calls().create(&world.ours, &newer, &[]).await.expect("kept");
    }
    assert_eq!(seen, expected);
}

async fn a_page_has_a_largest_size(database: Database) {
    let world = World::new(database).await;
    for _ in 0..3 {
        world.kept_call().await;
    }
    let page = world.store.calls().list(&world.ours, &CallFilter::default(), None, 0).await.expect("a page");
    assert_eq!(page.items.len(), 1);
    let page =
        world.store.calls().list(&world.ours, &CallFilter::default(), None, u64::MAX).await.expect("a page");
    assert_eq!((page.items.len(), page.next), (3, None));
}

async fn filters_narrow_the_list(database: Database) {
    let world = World::new(database).await;
    let offered = world.kept_call().await;
    let mut missed = world.kept_call().await;
    missed.facts.ending = Some(hung_up(NOON));
    world.store.calls().save(&world.ours, &missed, &[], FENCE).await.expect("saved");
    let mut outgoing = world.call();
    outgoing.direction = Direction::Outgoing;
    outgoing.facts.offered_at = Some(NOON.plus(Duration::from_secs(100)));
    world.store.calls().create(&world.ours, &outgoing, &[]).await.expect("kept");

    let check = async |filter: CallFilter, mut expected: Vec<CallId>| {
        let page = world.store.calls().list(&world.ours, &filter, None, 50).await.expect("a page");
        let mut found: Vec<CallId> = page.items.iter().map(|call| call.id).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{filter:?}");
    };
    let all = CallFilter::default;
    check(CallFilter { statuses: vec![Status::Missed], ..all() }, vec![missed.id]).await;
    check(
        CallFilter { statuses: vec![Status::Missed, Status::Offered], ..all() },
        vec![missed.id, offered.id, outgoing.id],
    )
    .await;
    check(CallFilter { direction: Some(Direction::Outgoing), ..all() }, vec![outgoing.id]).await;
    check(CallFilter { number: Some(world.number.id), ..all() }, vec![missed.id, offered.id, outgoing.id])
        .await;
    check(CallFilter { number: Some(world.their_number.id), ..all() }, vec![]).await;
    check(CallFilter { from: Some(NOON.plus(Duration::from_micros(1))), ..all() }, vec![outgoing.id]).await;
    check(CallFilter { to: Some(NOON.plus(Duration::from_micros(1))), ..all() }, vec![missed.id, offered.id])
        .await;
    check(CallFilter { from: Some(NOON), to: Some(NOON), ..all() }, vec![]).await;
}

async fn the_calls_of_a_customer_are_found_by_every_form_of_his_number_and_by_his_id(database: Database) {
    let world = World::new(database).await;
    let mut stranger = world.call();
    stranger.caller.phone = Some("34655501234".parse().expect("a number"));
    stranger.caller.user_id = None;
    world.store.calls().create(&world.ours, &stranger, &[]).await.expect("kept");
    let mut old = world.call();
    old.caller.phone = Some("551182114477".parse().expect("a number"));
    old.caller.user_id = None;
    world.store.calls().create(&world.ours, &old, &[]).await.expect("kept");
    let mut hidden = world.call();
    hidden.caller.phone = None;
    hidden.caller.user_id = Some("BR.4711".to_owned());
    world.store.calls().create(&world.ours, &hidden, &[]).await.expect("kept");

    let check = async |customer: Customer, mut expected: Vec<CallId>| {
        let filter = CallFilter { customer: Some(customer), ..CallFilter::default() };
        let page = world.store.calls().list(&world.ours, &filter, None, 50).await.expect("a page");
        let mut found: Vec<CallId> = page.items.iter().map(|call| call.id).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
    };
    let phone = Some("5511982114477".parse().expect("a number"));
    let user_id = Some("BR.4711".to_owned());
    check(Customer { phone: phone.clone(), user_id: None }, vec![old.id]).await;
    check(Customer { phone: None, user_id: user_id.clone() }, vec![hidden.id]).await;
    check(Customer { phone, user_id }, vec![old.id, hidden.id]).await;
    // Of whom nothing is known, nothing is listed.
    check(Customer::default(), vec![]).await;
}

async fn a_search_ignores_accents_and_case_and_takes_wildcards_as_letters(database: Database) {
    let world = World::new(database).await;
    let jose = world.kept_call().await;
    let mut maria = world.call();
    maria.caller.name = Some("MARÍA".to_owned());
    maria.caller.phone = Some("491701234567".parse().expect("a number"));
    maria.caller.username = Some("maria!x".to_owned());
    world.store.calls().create(&world.ours, &maria, &[]).await.expect("kept");

    let check = async |search: &str, expected: &[CallId]| {
        let filter = CallFilter { search: Some(search.to_owned()), ..CallFilter::default() };
        let page = world.store.calls().list(&world.ours, &filter, None, 50).await.expect("a page");
        let mut found: Vec<CallId> = page.items.iter().map(|call| call.id).collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{search}");
    };
    check("avila", &[jose.id]).await;
    check("ÁVILA josé", &[jose.id]).await;
    check("nandu", &[jose.id]).await;
    check("maria", &[maria.id]).await;
    check("+55 11 98211-4477", &[jose.id]).await;
    check("170 123", &[maria.id]).await;
    check("100%", &[jose.id]).await;
    check("p_pe", &[]).await;
    check("m%a", &[]).await;
    check("a!x", &[maria.id]).await;
    check("\\", &[]).await;
    check("'; DROP TABLE calls; --", &[]).await;
    check("   ", &[jose.id, maria.id]).await;
}

on_both_databases!(
    pages_show_each_call_once_newest_first,
    a_page_has_a_largest_size,
    filters_narrow_the_list,
    a_search_ignores_accents_and_case_and_takes_wildcards_as_letters,
    the_calls_of_a_customer_are_found_by_every_form_of_his_number_and_by_his_id,
);
