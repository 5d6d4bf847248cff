//! Creating and saving calls: once, by their owner, all or nothing.

use switchboard_core::ids::{BranchId, NodeId, NumberId};
use switchboard_store::StoreError;
use switchboard_store::calls::OwnerFence;
use uuid::Uuid;

use super::harness::Database;
use super::world::{FENCE, NODE, NOON, World, event, hung_up};

async fn the_same_call_is_kept_once(database: Database) {
    let world = World::new(database).await;
    let call = world.kept_call().await;
    let mut again = world.call();
    again.provider_call_id = call.provider_call_id.clone();
    let refusal = world.store.calls().create(&world.ours, &again, &[event(&again, 1, "call.received")]).await;
    assert!(matches!(refusal, Err(StoreError::AlreadyThere { .. })), "{refusal:?}");
    assert_eq!(world.store.calls().by_id(&world.ours, again.id).await.expect("an answer"), None);
}

async fn a_call_for_a_number_or_branch_of_nobody_is_refused(database: Database) {
    let world = World::new(database).await;
    let nobody = Uuid::from_u128(0xDEAD);
    let mut strange_number = world.call();
    strange_number.number = NumberId::from_uuid(nobody);
    let mut strange_branch = world.call();
    strange_branch.branch = Some(BranchId::from_uuid(nobody));
    let mut number_of_another_tenant = world.call();
    number_of_another_tenant.number = world.their_number.id;
    for call in [strange_number, strange_branch, number_of_another_tenant] {
        let refusal = world.store.calls().create(&world.ours, &call, &[]).await;
        assert!(matches!(refusal, Err(StoreError::Dangling { .. })), "{refusal:?}");
    }
}

async fn a_refused_event_takes_the_row_back_with_it(database: Database) {
    let world = World::new(database).await;
    let mut call = world.kept_call().await;
    let before = call.clone();
    call.facts.ending = Some(hung_up(NOON));
    let events = [event(&call, 2, "media.prepared"), event(&call, 1, "call.missed")];
    let refusal = world.store.calls().save(&world.ours, &call, &events, FENCE).await;
    assert!(matches!(refusal, Err(StoreError::AlreadyThere { .. })), "{refusal:?}");
    assert_eq!(world.read(call.id).await, before);
    assert_eq!(world.store.calls().events_of(&world.ours, call.id).await.expect("a story").len(), 1);

    let new = world.call();
    let twice = [event(&new, 1, "call.received"), event(&new, 1, "call.received")];
    let refusal = world.store.calls().create(&world.ours, &new, &twice).await;
    assert!(matches!(refusal, Err(StoreError::AlreadyThere { .. })), "{refusal:?}");
    assert_eq!(world.store.calls().by_id(&world.ours, new.id).await.expect("an answer"), None);
}

async fn an_event_of_another_call_is_refused(database: Database) {
    let world = World::new(database).await;
    let (call, other) = (world.kept_call().await, world.kept_call().await);
    let refusal =
        world.store.calls().save(&world.ours, &call, &[event(&other, 2, "call.missed")], FENCE).await;
    assert!(matches!(refusal, Err(StoreError::Dangling { .. })), "{refusal:?}");
}

async fn an_owner_of_the_past_writes_nothing(database: Database) {
    let world = World::new(database).await;
    let mut call = world.kept_call().await;
    call.owner_epoch = 2;
    world.store.calls().save(&world.ours, &call, &[], FENCE).await.expect("the call is taken over");

    let mut late = call.clone();
    late.facts.ending = Some(hung_up(NOON));
    let other_node = OwnerFence { node: NodeId::from_uuid(Uuid::from_u128(0xB)), epoch: 2 };
    for fence in [FENCE, other_node] {
        let refusal =
            world.store.calls().save(&world.ours, &late, &[event(&late, 2, "call.missed")], fence).await;
        assert!(matches!(refusal, Err(StoreError::Fenced { .. })), "{refusal:?}");
    }
    assert_eq!(world.read(call.id).await, call);
    assert_eq!(world.store.calls().events_of(&world.ours, call.id).await.expect("a story").len(), 1);
    world.store.calls().save(&world.ours, &late, &[], late.owner()).await.expect("the owner writes");
}

async fn of_many_who_take_a_call_over_one_wins(database: Database) {
    let world = World::new(database).await;
    let call = world.kept_call().await;
    let takers = (0..16_u128).map(|n| {
        let (store, scope, mut call) = (world.store.clone(), world.ours.clone(), call.clone());
        tokio::spawn(async move {
            call.owner_node = NodeId::from_uuid(Uuid::from_u128(100 + n));
            let result =
                store.calls().save(&scope, &call, &[event(&call, 2, "call.taken_over")], FENCE).await;
            (call.owner_node, result)
        })
    });
    let mut winners = Vec::new();
    for taker in takers.collect::<Vec<_>>() {
        match taker.await.expect("no panic") {
            (node, Ok(())) => winners.push(node),
            (_, Err(refusal)) => assert!(matches!(refusal, StoreError::Fenced { .. }), "{refusal:?}"),
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(world.read(call.id).await.owner_node, winners[0]);
}

async fn after_a_restart_only_what_is_not_over_is_found(database: Database) {
    let world = World::new(database).await;
    let live = world.kept_call().await;
    let mut over = world.kept_call().await;
    over.facts.ending = Some(hung_up(NOON));
    world.store.calls().save(&world.ours, &over, &[], FENCE).await.expect("saved");
    let mut elsewhere = world.call();
    elsewhere.owner_node = NodeId::from_uuid(Uuid::from_u128(0xB));
    world.store.calls().create(&world.ours, &elsewhere, &[]).await.expect("kept");
    let found = world.store.calls().live_of_node(NODE).await.expect("a list");
    assert_eq!(found.iter().map(|call| call.id).collect::<Vec<_>>(), [live.id]);
}

on_both_databases!(
    the_same_call_is_kept_once,
    a_call_for_a_number_or_branch_of_nobody_is_refused,
    a_refused_event_takes_the_row_back_with_it,
    an_event_of_another_call_is_refused,
    an_owner_of_the_past_writes_nothing,
    of_many_who_take_a_call_over_one_wins,
    after_a_restart_only_what_is_not_over_is_found,
);
