//! Nobody sees or changes what belongs to another business or branch (I5): every function, one by one.

use switchboard_core::access::{Branches, Role, Scope};
use switchboard_core::ids::BranchId;
use switchboard_store::StoreError;
use switchboard_store::api_keys::NewApiKey;
use switchboard_store::calls::{CallFilter, CallRow};
use switchboard_store::numbers::NumberChange;
use switchboard_store::users::{NewUser, User};

use super::harness::Database;
use super::world::{FENCE, NOON, World, event, number};

fn person(email: &str, branches: Branches) -> NewUser {
    NewUser {
        email: email.to_owned(),
        name: email.to_owned(),
        role: Role::Agent,
        branches,
        password_hash: "$".into(),
        language: "en".to_owned(),
        created_at: NOON,
    }
}

/// A call, a number and a user of the north branch.
async fn of_the_north(world: &World) -> (CallRow, NumberChange, User) {
    let settings = NumberChange {
        name: Some("North".to_owned()),
        branch: Some(Some(world.north)),
        max_concurrent_calls: Some(10),
        ..NumberChange::default()
    };
    world
        .store
        .numbers()
        .update(&world.ours, world.number.id, settings.clone(), NOON)
        .await
        .expect("changed");
    let mut call = world.call();
    call.branch = Some(world.north);
    let events = [event(&call, 1, "call.received")];
    world.store.calls().create(&world.ours, &call, &events).await.expect("kept");
    let user = person("north@example.com", Branches::Only(vec![world.north]));
    let user = world.store.users().create(&world.ours, user).await.expect("made");
    (call, settings, user)
}

async fn sees_nothing(world: &World, stranger: &Scope, call: &CallRow, user: &User) {
    let calls = world.store.calls();
    assert_eq!(calls.by_id(stranger, call.id).await.expect("an answer"), None);
    assert_eq!(
        calls
            .by_provider_call(stranger, call.number, call.provider_call_id.as_ref().expect("named"))
            .await
            .expect("an answer"),
        None
    );
    assert!(calls.list(stranger, &CallFilter::default(), None, 50).await.expect("a page").items.is_empty());
    assert!(calls.events_of(stranger, call.id).await.expect("a story").is_empty());
    assert!(world.store.log().after(stranger, None, 50).await.expect("a page").is_empty());
    assert_eq!(world.store.numbers().by_id(stranger, world.number.id).await.expect("an answer"), None);
    assert!(
        !world.store.numbers().list(stranger).await.expect("a list").iter().any(|n| n.id == world.number.id)
    );
    assert_eq!(world.store.users().by_id(stranger, user.id).await.expect("an answer"), None);
    assert!(world.store.users().list(stranger).await.expect("a list").is_empty());
    assert!(world.store.users().names(stranger, &[user.id]).await.expect("names").is_empty());
    let branches = world.store.tenants().branches(stranger).await.expect("a list");
    assert!(!branches.iter().any(|branch| branch.id == world.north));
}

async fn changes_nothing(
    world: &World,
    stranger: &Scope,
    call: &CallRow,
    settings: NumberChange,
    user: &User,
) {
    let calls = world.store.calls();
    let refusal = calls.save(stranger, call, &[event(call, 2, "call.missed")], FENCE).await;
    assert!(matches!(refusal, Err(StoreError::OutOfScope { .. })), "{refusal:?}");
    let mut disguised = call.clone();
    disguised.tenant = stranger.tenant;
    disguised.branch = None;
    let refusal = calls.save(stranger, &disguised, &[], FENCE).await;
    assert!(matches!(refusal, Err(StoreError::Fenced { .. })), "{refusal:?}");
    let mut planted = world.call();
    planted.branch = Some(world.north);
    let refusal = calls.create(stranger, &planted, &[]).await;
    assert!(matches!(refusal, Err(StoreError::OutOfScope { .. })), "{refusal:?}");

    let unbranched = NumberChange { branch: Some(None), ..settings };
    let refusal = world.store.numbers().update(stranger, world.number.id, unbranched, NOON).await;
    assert!(matches!(refusal, Err(StoreError::NotFound { .. })), "{refusal:?}");
    let refusal = world.store.numbers().upsert_from_environment(stranger, number("100")).await;
    assert!(matches!(refusal, Err(StoreError::OutOfScope { .. })), "{refusal:?}");

    let users = world.store.users();
    assert!(matches!(
        users.set_disabled(stranger, user.id, Some(NOON)).await,
        Err(StoreError::NotFound { .. })
    ));
    assert!(matches!(users.set_language(stranger, user.id, "es").await, Err(StoreError::NotFound { .. })));
    let plant = person("planted@example.com", Branches::Only(vec![world.north]));
    let refusal = users.create(stranger, plant).await;
    assert!(
        matches!(refusal, Err(StoreError::OutOfScope { .. } | StoreError::Dangling { .. })),
        "{refusal:?}"
    );
    assert_eq!(world.store.sessions().delete_of_user(stranger, user.id).await.expect("an answer"), 0);
    assert_eq!(world.read(call.id).await, *call);
}

async fn another_business_sees_and_changes_nothing(database: Database) {
    let world = World::new(database).await;
    let (call, settings, user) = of_the_north(&world).await;
    sees_nothing(&world, &world.theirs, &call, &user).await;
    changes_nothing(&world, &world.theirs, &call, settings, &user).await;
}

async fn another_branch_sees_and_changes_nothing(database: Database) {
    let world = World::new(database).await;
    let (call, settings, user) = of_the_north(&world).await;
    let south = world.only(world.south);
    sees_nothing(&world, &south, &call, &user).await;
    changes_nothing(&world, &south, &call, settings.clone(), &user).await;
    let nowhere = Scope { branches: Branches::Only(vec![]), ..world.ours.clone() };
    sees_nothing(&world, &nowhere, &call, &user).await;
    changes_nothing(&world, &nowhere, &call, settings, &user).await;
}

async fn the_own_branch_and_what_has_none_are_seen(database: Database) {
    let world = World::new(database).await;
    let (call, _, user) = of_the_north(&world).await;
    let shared = world.kept_call().await;
    let boss = world
        .store
        .users()
        .create(&world.ours, person("boss@example.com", Branches::All))
        .await
        .expect("made");
    let north = world.only(world.north);
    let page = world.store.calls().list(&north, &CallFilter::default(), None, 50).await.expect("a page");
    assert_eq!(page.items.len(), 2);
    assert_eq!(
        world.store.calls().by_id(&north, call.id).await.expect("an answer").map(|call| call.id),
        Some(call.id)
    );
    assert_eq!(world.store.users().list(&north).await.expect("a list").len(), 2);
    let branches = world.store.tenants().branches(&north).await.expect("a list");
    assert_eq!(branches.iter().map(|branch| branch.id).collect::<Vec<BranchId>>(), [world.north]);

    let south = world.only(world.south);
    let page = world.store.calls().list(&south, &CallFilter::default(), None, 50).await.expect("a page");
    assert_eq!(page.items.iter().map(|call| call.id).collect::<Vec<_>>(), [shared.id]);
    let names = world.store.users().names(&south, &[user.id, boss.id]).await.expect("names");
    assert_eq!(names.into_keys().collect::<Vec<_>>(), [boss.id]);
}

async fn part_of_a_business_makes_nothing_for_the_whole(database: Database) {
    let world = World::new(database).await;
    let north = world.only(world.north);
    let refusal = world.store.users().create(&north, person("all@example.com", Branches::All)).await;
    assert!(matches!(refusal, Err(StoreError::OutOfScope { .. })), "{refusal:?}");
    let refusal = world.store.tenants().create_branch(&north, "West", NOON).await;
    assert!(matches!(refusal, Err(StoreError::OutOfScope { .. })), "{refusal:?}");
    let key = NewApiKey {
        prefix: "p".to_owned(),
        hash: [0; 32],
        name: "k".to_owned(),
        role: Role::Agent,
        scopes: Vec::new(),
        branches: Branches::All,
        created_at: NOON,
    };
    let refusal = world.store.api_keys().create(&north, key).await;
    assert!(matches!(refusal, Err(StoreError::OutOfScope { .. })), "{refusal:?}");
}

on_both_databases!(
    another_business_sees_and_changes_nothing,
    another_branch_sees_and_changes_nothing,
    the_own_branch_and_what_has_none_are_seen,
    part_of_a_business_makes_nothing_for_the_whole,
);
