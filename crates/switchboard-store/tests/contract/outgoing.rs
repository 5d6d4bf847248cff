//! Calls of the business: who placed them, how the provider names them a little later, and asking twice.

use std::time::Duration;

use switchboard_core::call::input::Direction;
use switchboard_core::call::state::ProviderState;
use switchboard_core::ids::{ProviderCallId, UserId};
use switchboard_store::StoreError;
use switchboard_store::calls::CallRow;
use uuid::Uuid;

use super::harness::Database;
use super::world::{FENCE, NOON, World, event};

const ANA: UserId = UserId::from_uuid(Uuid::from_u128(0xA));

fn placed(world: &World) -> CallRow {
    let mut call = world.call();
    call.direction = Direction::Outgoing;
    call.provider_call_id = None;
    call.facts.direction = Direction::Outgoing;
    call.facts.state = ProviderState::Dialled;
    call.facts.placed_by = Some(ANA);
    call
}

async fn the_provider_names_a_call_of_ours_later_and_it_is_found_by_both_names(database: Database) {
    let world = World::new(database).await;
    let mut call = placed(&world);
    world.store.calls().create(&world.ours, &call, &[event(&call, 1, "call.initiated")]).await.expect("kept");
    let read = world.read(call.id).await;
    assert_eq!((&read.provider_call_id, read.facts.reached), (&None, false));
    assert_eq!(read, call);

    let named = ProviderCallId::new("wacid.of-ours".to_owned());
    call.provider_call_id = Some(named.clone());
    call.facts.reached = true;
    call.facts.state = ProviderState::Ringing;
    call.facts.dialled_at = Some(NOON.plus(Duration::from_millis(12)));
    call.facts.rang_at = Some(NOON.plus(Duration::from_secs(2)));
    world.store.calls().save(&world.ours, &call, &[], FENCE).await.expect("saved");
    assert_eq!(world.read(call.id).await, call);
    let found = world.store.calls().by_provider_call(&world.ours, call.number, &named).await;
    assert_eq!(found.expect("an answer").expect("found").id, call.id);
    // Our own id is no name of the provider's.
    let ours = ProviderCallId::new(call.id.to_string());
    let found = world.store.calls().by_provider_call(&world.ours, call.number, &ours).await;
    assert_eq!(found.expect("an answer"), None);
}

async fn calls_that_are_not_named_yet_do_not_get_in_each_others_way(database: Database) {
    let world = World::new(database).await;
    let calls = [placed(&world), placed(&world), placed(&world)];
    for call in &calls {
        world.store.calls().create(&world.ours, call, &[]).await.expect("kept");
    }
    let live = world.store.calls().live_of_node(calls[0].owner_node).await.expect("a list");
    assert_eq!(live.len(), calls.len());
    // A name that another call has is refused, and nothing is written.
    let named = ProviderCallId::new("wacid.twice".to_owned());
    let first = CallRow { provider_call_id: Some(named.clone()), ..calls[0].clone() };
    world.store.calls().save(&world.ours, &first, &[], FENCE).await.expect("saved");
    let second = CallRow { provider_call_id: Some(named), ..calls[1].clone() };
    let refusal = world.store.calls().save(&world.ours, &second, &[], FENCE).await;
    assert!(matches!(refusal, Err(StoreError::AlreadyThere { .. })), "{refusal:?}");
    assert_eq!(world.read(calls[1].id).await.provider_call_id, None);
}

async fn asking_twice_with_one_key_keeps_one_call_in_each_business(database: Database) {
    let world = World::new(database).await;
    let with_key = |key: &str| CallRow { idempotency_key: Some(key.to_owned()), ..placed(&world) };
    let first = with_key("order-7");
    world.store.calls().create(&world.ours, &first, &[]).await.expect("kept");
    let refusal = world.store.calls().create(&world.ours, &with_key("order-7"), &[]).await;
    assert!(matches!(refusal, Err(StoreError::AlreadyThere { .. })), "{refusal:?}");
    world.store.calls().create(&world.ours, &with_key("order-8"), &[]).await.expect("another key");
    for _ in 0..2 {
        world.store.calls().create(&world.ours, &placed(&world), &[]).await.expect("without a key");
    }
    let found = world.store.calls().by_idempotency_key(&world.ours, "order-7").await.expect("an answer");
    assert_eq!(found.expect("found").id, first.id);
    let theirs = world.store.calls().by_idempotency_key(&world.theirs, "order-7").await;
    assert_eq!(theirs.expect("an answer"), None);
}

on_both_databases!(
    the_provider_names_a_call_of_ours_later_and_it_is_found_by_both_names,
    calls_that_are_not_named_yet_do_not_get_in_each_others_way,
    asking_twice_with_one_key_keeps_one_call_in_each_business,
);
