//! Callers a business does not want.

use std::time::Duration;

use switchboard_core::admission::Block;
use switchboard_core::ids::{BlockId, UserId};
use switchboard_core::phone::PhoneNumber;
use switchboard_store::StoreError;
use switchboard_store::audit::{AuditBy, AuditFilter};
use switchboard_store::blocked_callers::{Blocked, NewBlock};
use uuid::Uuid;

use super::harness::Database;
use super::world::{NOON, World};

fn ana() -> AuditBy {
    AuditBy::Person { id: UserId::from_uuid(Uuid::from_u128(7)), name: "Ana".to_owned() }
}

fn phone(digits: &str) -> Block {
    let phone: PhoneNumber = digits.parse().expect("digits");
    Block { number: None, phone: Some(phone), user_id: None, until: None }
}

fn new(block: Block) -> NewBlock {
    NewBlock {
        block,
        caller_name: Some("Mr. Rude\0".to_owned()),
        reason: "insults".to_owned(),
        who: ana(),
        address: None,
        at: NOON,
    }
}

async fn a_caller_is_blocked_and_let_in_again_and_the_log_knows_who_did_it(database: Database) {
    let world = World::new(database).await;
    let blocks = world.store.blocked_callers();
    let Blocked::Made(entry) =
        blocks.create(&world.ours, new(phone("5511982114477"))).await.expect("blocked")
    else {
        panic!("it is the first entry")
    };
    assert_eq!((entry.caller_name.as_deref(), entry.created_by_name.as_str()), (Some("Mr. Rude"), "Ana"));
    assert_eq!(blocks.list(&world.ours, None, 50).await.expect("a list"), std::slice::from_ref(&entry));
    assert_eq!(blocks.list(&world.theirs, None, 50).await.expect("a list"), []);
    assert_eq!(blocks.of_the_installation(NOON).await.expect("all"), std::slice::from_ref(&entry));

    assert_eq!(blocks.delete(&world.theirs, entry.id, ana(), None, NOON).await.expect("an answer"), None);
    let gone = blocks.delete(&world.ours, entry.id, ana(), None, NOON).await.expect("an answer");
    assert_eq!(gone.as_ref(), Some(&entry));
    assert_eq!(blocks.delete(&world.ours, entry.id, ana(), None, NOON).await.expect("an answer"), None);
    assert_eq!(blocks.of_the_installation(NOON).await.expect("all"), []);

    let log =
        world.store.audit().list(&world.ours, &AuditFilter::default(), None, 50).await.expect("the log");
    let what: Vec<_> = log.items.iter().map(|row| row.entry.what.as_str()).collect();
    let what: Vec<_> = what.into_iter().filter(|what| what.starts_with("blocked_caller.")).collect();
    assert_eq!(what, ["blocked_caller.removed", "blocked_caller.added"]);
    assert!(log.items.iter().all(|row| !format!("{:?}", row.entry.detail).contains("5511")));
}

async fn who_is_blocked_already_is_not_blocked_twice_unless_it_is_for_more(database: Database) {
    let world = World::new(database).await;
    let blocks = world.store.blocked_callers();
    let hour = NOON.plus(Duration::from_secs(3_600));
    let on_one = Block { number: Some(world.number.id), until: Some(hour), ..phone("5511982114477") };
    let make = async |block| blocks.create(&world.ours, new(block)).await.expect("an answer");
    let Blocked::Made(first) = make(on_one.clone()).await else { panic!("the first") };
    assert_eq!(make(on_one.clone()).await, Blocked::Before(first));
    // Longer, and wider, is more.
    let Blocked::Made(_) = make(Block { until: None, ..on_one.clone() }).await else { panic!("for ever") };
    let Blocked::Made(wide) = make(phone("5511982114477")).await else { panic!("on all numbers") };
    assert!(matches!(make(on_one).await, Blocked::Before(_)));
    assert_eq!(make(phone("5511982114477")).await, Blocked::Before(wide));
    let by_id = Block { phone: None, user_id: Some("US.1".to_owned()), ..phone("1234567") };
    assert!(matches!(make(by_id).await, Blocked::Made(_)), "somebody else");

    let after = NOON.plus(Duration::from_secs(7_200));
    assert_eq!(blocks.of_the_installation(NOON).await.expect("all").len(), 4);
    assert_eq!(blocks.of_the_installation(after).await.expect("all").len(), 3, "what is over is not read");
}

async fn who_sees_one_branch_blocks_on_its_numbers_and_not_on_all(database: Database) {
    let world = World::new(database).await;
    let blocks = world.store.blocked_callers();
    let north = world.only(world.north);
    let refusal = blocks.create(&north, new(phone("5511982114477"))).await;
    assert!(matches!(refusal, Err(StoreError::OutOfScope { .. })), "{refusal:?}");
    let on_theirs = Block { number: Some(world.their_number.id), ..phone("5511982114477") };
    let refusal = blocks.create(&world.ours, new(on_theirs)).await;
    assert!(matches!(refusal, Err(StoreError::Dangling { .. })), "{refusal:?}");

    let on_ours = Block { number: Some(world.number.id), ..phone("5511982114477") };
    let Blocked::Made(mine) = blocks.create(&north, new(on_ours)).await.expect("blocked") else {
        panic!("the first")
    };
    let Blocked::Made(wide) = blocks.create(&world.ours, new(phone("222333444"))).await.expect("blocked")
    else {
        panic!("the first")
    };
    let seen: Vec<BlockId> =
        blocks.list(&north, None, 50).await.expect("a list").iter().map(|entry| entry.id).collect();
    assert_eq!(seen, [wide.id, mine.id], "what is on all numbers concerns this branch, too");
    let refusal = blocks.delete(&north, wide.id, ana(), None, NOON).await;
    assert!(matches!(refusal, Err(StoreError::OutOfScope { .. })), "{refusal:?}");
    assert!(blocks.delete(&north, mine.id, ana(), None, NOON).await.expect("an answer").is_some());
}

async fn the_list_is_read_page_by_page_newest_first(database: Database) {
    let world = World::new(database).await;
    let blocks = world.store.blocked_callers();
    for n in 0..5 {
        blocks.create(&world.ours, new(phone(&format!("551198211447{n}")))).await.expect("blocked");
    }
    let first = blocks.list(&world.ours, None, 3).await.expect("a page");
    let rest = blocks.list(&world.ours, first.last().map(|entry| entry.id), 3).await.expect("a page");
    assert_eq!((first.len(), rest.len()), (3, 2));
    assert!(first.iter().chain(&rest).map(|entry| entry.id).is_sorted_by(|one, other| one > other));
}

on_both_databases!(
    a_caller_is_blocked_and_let_in_again_and_the_log_knows_who_did_it,
    who_is_blocked_already_is_not_blocked_twice_unless_it_is_for_more,
    who_sees_one_branch_blocks_on_its_numbers_and_not_on_all,
    the_list_is_read_page_by_page_newest_first,
);
