//! Rights: changed at once and written down; links that open once; branches; what a business hides.

use std::time::Duration;

use switchboard_core::access::{Branches, KeyScope, MaskNumbersFor, Role, Scope};
use switchboard_core::audit::AuditWhat;
use switchboard_core::time::Timestamp;
use switchboard_store::StoreError;
use switchboard_store::api_keys::NewApiKey;
use switchboard_store::audit::{AuditFilter, Author};
use switchboard_store::calls::CallFilter;
use switchboard_store::invitations::{Acceptance, NewInvitation};
use switchboard_store::sessions::SessionRow;
use switchboard_store::tenants::{BranchDeleted, Outreach, TenantSettings};
use switchboard_store::users::{NewUser, PasswordSet, User, UserChange, UserChanged};

use super::harness::Database;
use super::world::{NOON, World};

const HOUR: Duration = Duration::from_secs(3_600);

fn author() -> Author {
    Author::exchange(NOON)
}

async fn person(world: &World, email: &str, role: Role) -> User {
    let new = NewUser {
        email: email.to_owned(),
        name: email.to_owned(),
        role,
        branches: Branches::All,
        password_hash: "$".into(),
        language: "en".to_owned(),
        created_at: NOON,
    };
    world.store.users().create(&world.ours, new).await.expect("made")
}

async fn signed_in(world: &World, user: &User, hash: &str) {
    let session = SessionRow {
        id_hash: hash.to_owned(),
        user: Some(user.id),
        tenant: Some(user.tenant),
        data: serde_json::json!({}),
        expires_at: NOON.plus(HOUR),
        created_at: NOON,
    };
    world.store.sessions().save(&session).await.expect("saved");
}

async fn is_signed_in(world: &World, hash: &str) -> bool {
    world.store.sessions().load(hash, NOON).await.expect("an answer").is_some()
}

async fn log_of(world: &World, what: AuditWhat) -> usize {
    let filter = AuditFilter { what: vec![what], ..AuditFilter::default() };
    world.store.audit().list(&world.ours, &filter, None, 100).await.expect("a page").items.len()
}

fn invitation(token_hash: &str, email: &str, expires_at: Timestamp) -> NewInvitation {
    NewInvitation {
        token_hash: token_hash.to_owned(),
        email: email.to_owned(),
        name: "Bruno".to_owned(),
        role: Role::Agent,
        branches: Branches::All,
        language: "es".to_owned(),
        expires_at,
    }
}

fn acceptance() -> Acceptance {
    Acceptance { name: "Bruno Reis".to_owned(), password_hash: "$new".into(), language: "pt-BR".to_owned() }
}

async fn a_change_of_rights_is_written_with_what_it_was_before(database: Database) {
    let world = World::new(database).await;
    person(&world, "boss@example.com", Role::Admin).await;
    let ana = person(&world, "a@example.com", Role::Agent).await;
    signed_in(&world, &ana, "s").await;
    let change = UserChange {
        role: Some(Role::Supervisor),
        branches: Some(Branches::Only(vec![world.south, world.north, world.south])),
        ..UserChange::default()
    };
    let changed = world.store.users().change(&world.ours, ana.id, change, &author()).await.expect("changed");
    let UserChanged::Done { before, after } = changed else { panic!("{changed:?}") };
    assert_eq!(before, ana);
    assert_eq!(after.role, Role::Supervisor);
    let read = world.store.users().by_id(&world.ours, ana.id).await.expect("an answer").expect("Ana");
    assert_eq!(read.role, Role::Supervisor);
    assert!(matches!(&read.branches, Branches::Only(branches) if branches.len() == 2));
    assert!(is_signed_in(&world, "s").await, "other rights are no reason to sign in again");
    let filter = AuditFilter { what: vec![AuditWhat::UserChanged], ..AuditFilter::default() };
    let page = world.store.audit().list(&world.ours, &filter, None, 5).await.expect("a page");
    assert_eq!(page.items[0].entry.detail["role"], serde_json::json!({"from": "agent", "to": "supervisor"}));

    let theirs = world.store.users().change(&world.theirs, ana.id, UserChange::default(), &author()).await;
    assert!(matches!(theirs, Err(StoreError::NotFound { .. })), "{theirs:?}");
}

async fn the_last_administrator_stays_one(database: Database) {
    let world = World::new(database).await;
    let boss = person(&world, "boss@example.com", Role::Admin).await;
    let users = world.store.users();
    for change in [
        UserChange { role: Some(Role::Agent), ..UserChange::default() },
        UserChange { disabled: Some(true), ..UserChange::default() },
    ] {
        let refused = users.change(&world.ours, boss.id, change, &author()).await.expect("an answer");
        assert_eq!(refused, UserChanged::LastAdmin);
    }
    assert_eq!(users.by_id(&world.ours, boss.id).await.expect("an answer"), Some(boss.clone()));
    let second = person(&world, "second@example.com", Role::Admin).await;
    // Two who demote each other at once: one of them stays.
    let demote = || UserChange { role: Some(Role::Agent), ..UserChange::default() };
    let (one, other) = tokio::join!(
        async { users.change(&world.ours, boss.id, demote(), &author()).await.expect("an answer") },
        async { users.change(&world.ours, second.id, demote(), &author()).await.expect("an answer") },
    );
    let refused = [one, other].iter().filter(|changed| **changed == UserChanged::LastAdmin).count();
    assert_eq!(refused, 1);
}

async fn a_new_password_ends_the_sessions_of_the_old_one(database: Database) {
    let world = World::new(database).await;
    let ana = person(&world, "a@example.com", Role::Agent).await;
    signed_in(&world, &ana, "this").await;
    signed_in(&world, &ana, "that").await;
    let set = PasswordSet {
        hash: "$new".into(),
        keep_session: Some("this".to_owned()),
        what: AuditWhat::PasswordChanged,
    };
    world.store.users().set_password(&world.ours, ana.id, set, &author()).await.expect("set");
    assert!(is_signed_in(&world, "this").await && !is_signed_in(&world, "that").await);
    assert_eq!(log_of(&world, AuditWhat::PasswordChanged).await, 1);
}

async fn an_invitation_opens_once_and_a_newer_one_closes_it(database: Database) {
    let world = World::new(database).await;
    let invitations = world.store.invitations();
    let later = NOON.plus(HOUR);
    invitations
        .create(&world.ours, invitation("one", "B@example.com", later), &author())
        .await
        .expect("made");
    let second = invitation("two", "b@example.com", later);
    let made = invitations.create(&world.ours, second, &author()).await.expect("made");
    assert_eq!(invitations.open(&world.ours).await.expect("a list"), std::slice::from_ref(&made));
    assert!(invitations.open(&world.theirs).await.expect("a list").is_empty());
    assert_eq!(invitations.by_token("one", NOON).await.expect("an answer"), None);
    assert_eq!(invitations.by_token("two", later).await.expect("an answer"), None, "too late");
    assert!(invitations.by_token("two", NOON).await.expect("an answer").is_some());
    let both = tokio::join!(
        invitations.accept("two", acceptance(), None, NOON),
        invitations.accept("two", acceptance(), None, NOON),
    );
    let made: Vec<_> = [both.0, both.1].into_iter().filter_map(|answer| answer.expect("an answer")).collect();
    assert_eq!(made.len(), 1, "two followed the link at once and one account was made");
    assert_eq!((made[0].email.as_str(), made[0].language.as_str()), ("b@example.com", "pt-BR"));
    assert_eq!(log_of(&world, AuditWhat::InvitationAccepted).await, 1);
    let refusal =
        invitations.create(&world.theirs, invitation("three", "b@example.com", later), &author()).await;
    assert!(matches!(refusal, Err(StoreError::AlreadyThere { .. })), "{refusal:?}");
}

async fn an_invitation_taken_back_opens_nothing(database: Database) {
    let world = World::new(database).await;
    let invitations = world.store.invitations();
    let new = invitation("one", "b@example.com", NOON.plus(HOUR));
    let made = invitations.create(&world.ours, new, &author()).await.expect("made");
    let refusal = invitations.revoke(&world.theirs, made.id, &author()).await;
    assert!(matches!(refusal, Err(StoreError::NotFound { .. })), "{refusal:?}");
    invitations.revoke(&world.ours, made.id, &author()).await.expect("taken back");
    let twice = invitations.revoke(&world.ours, made.id, &author()).await;
    assert!(matches!(twice, Err(StoreError::NotFound { .. })), "{twice:?}");
    assert_eq!(invitations.accept("one", acceptance(), None, NOON).await.expect("an answer"), None);
}

async fn a_reset_link_opens_once_and_signs_out_everywhere(database: Database) {
    let world = World::new(database).await;
    let ana = person(&world, "a@example.com", Role::Agent).await;
    signed_in(&world, &ana, "s").await;
    let resets = world.store.password_resets();
    let later = NOON.plus(HOUR);
    let make = async |hash: &str| resets.create(&world.ours, ana.id, hash.to_owned(), later, &author()).await;
    make("one").await.expect("made");
    make("two").await.expect("made");
    assert!(!resets.is_open("one", NOON).await.expect("an answer"), "a newer one took its place");
    assert!(resets.is_open("two", NOON).await.expect("an answer"));
    assert_eq!(resets.complete("two", "$x".into(), None, later).await.expect("an answer"), None, "too late");
    assert_eq!(resets.complete("two", "$new".into(), None, NOON).await.expect("an answer"), Some(ana.id));
    assert_eq!(resets.complete("two", "$again".into(), None, NOON).await.expect("an answer"), None);
    assert!(!is_signed_in(&world, "s").await);
    let refusal = resets.create(&world.theirs, ana.id, "three".to_owned(), later, &author()).await;
    assert!(matches!(refusal, Err(StoreError::NotFound { .. })), "{refusal:?}");
    person(&world, "boss@example.com", Role::Admin).await;
    make("four").await.expect("made");
    let out = UserChange { disabled: Some(true), ..UserChange::default() };
    world.store.users().change(&world.ours, ana.id, out, &author()).await.expect("shut out");
    assert!(!resets.is_open("four", NOON).await.expect("an answer"));
    assert!(matches!(make("five").await, Err(StoreError::NotFound { .. })));
}

async fn a_branch_that_is_used_stays(database: Database) {
    let world = World::new(database).await;
    let tenants = world.store.tenants();
    let ana = person(&world, "a@example.com", Role::Agent).await;
    let change = |branches| UserChange { branches: Some(branches), ..UserChange::default() };
    let users = world.store.users();
    users
        .change(&world.ours, ana.id, change(Branches::Only(vec![world.north])), &author())
        .await
        .expect("moved");
    let mut call = world.call();
    call.branch = Some(world.north);
    world.store.calls().create(&world.ours, &call, &[]).await.expect("kept");
    let BranchDeleted::InUse(uses) =
        tenants.delete_branch(&world.ours, world.north, &author()).await.expect("an answer")
    else {
        panic!("a branch with people and calls was removed")
    };
    assert_eq!((uses.users, uses.calls, uses.numbers), (1, 1, 0));
    let renamed = tenants.rename_branch(&world.ours, world.north, "Porto", &author()).await.expect("renamed");
    assert_eq!(renamed.name, "Porto");
    let foreign = tenants.delete_branch(&world.theirs, world.south, &author()).await;
    assert!(matches!(foreign, Err(StoreError::NotFound { .. })), "{foreign:?}");
    let gone = tenants.delete_branch(&world.ours, world.south, &author()).await.expect("an answer");
    assert_eq!(gone, BranchDeleted::Done);
    assert_eq!(tenants.branches(&world.ours).await.expect("a list").len(), 1);
}

async fn a_business_decides_what_it_hides(database: Database) {
    let world = World::new(database).await;
    let tenants = world.store.tenants();
    assert_eq!(tenants.settings(&world.ours).await.expect("settings"), TenantSettings::default());
    let change = |settings: &mut TenantSettings| {
        settings.mask_numbers_for = MaskNumbersFor::Agent;
        settings.calls_without_branch_visible = false;
    };
    let settings = tenants.change_settings(&world.ours, change, &author()).await.expect("changed");
    assert_eq!(tenants.settings(&world.ours).await.expect("settings"), settings);
    assert_eq!(tenants.settings(&world.theirs).await.expect("settings"), TenantSettings::default());
    assert_eq!(log_of(&world, AuditWhat::SettingsChanged).await, 1);

    let shared = world.kept_call().await;
    let agent = settings.narrow(world.only(world.north));
    assert!(agent.masks_numbers && agent.hides_unbranched_calls);
    assert_eq!(world.store.calls().by_id(&agent, shared.id).await.expect("an answer"), None);
    let everywhere = settings.narrow(Scope::new(world.ours.tenant, Branches::All, Role::Agent));
    let found = async |search: &str| {
        let filter = CallFilter { search: Some(search.to_owned()), ..CallFilter::default() };
        world.store.calls().list(&everywhere, &filter, None, 5).await.expect("a page").items.len()
    };
    assert_eq!(found("jose avila").await, 1);
    assert_eq!(found("+55 11 98211-4477").await, 1, "the whole number finds its call");
    for part in ["98211", "4477", "55119821447", "jose 4", "5511982114470"] {
        assert_eq!(found(part).await, 0, "{part} tries digits out");
    }
}

async fn fifty_who_change_settings_at_once_lose_nothing(database: Database) {
    let world = World::new(database).await;
    let changes: Vec<_> = (0..50)
        .map(|n| {
            let (store, scope) = (world.store.clone(), world.ours.clone());
            tokio::spawn(async move {
                let outreach = move |outreach: &mut Outreach| outreach.call_phrases.push(format!("ring {n}"));
                let settings = |settings: &mut TenantSettings| settings.invitation_valid += HOUR;
                let tenants = store.tenants();
                tenants
                    .change_settings_and_outreach(&scope, settings, outreach, &author())
                    .await
                    .expect("changed");
            })
        })
        .collect();
    for change in changes {
        change.await.expect("it ran");
    }
    let tenants = world.store.tenants();
    assert_eq!(tenants.outreach(&world.ours).await.expect("an answer").call_phrases.len(), 50);
    let valid = tenants.settings(&world.ours).await.expect("settings").invitation_valid;
    assert_eq!(valid, TenantSettings::default().invitation_valid + HOUR * 50);
    assert_eq!(tenants.outreach(&world.theirs).await.expect("an answer"), Outreach::default());
}

async fn a_key_reaches_no_more_than_it_was_given(database: Database) {
    let world = World::new(database).await;
    let keys = world.store.api_keys();
    let new = NewApiKey {
        prefix: "swk_ab".to_owned(),
        hash: [9; 32],
        name: "Till".to_owned(),
        role: Role::Agent,
        scopes: vec![KeyScope::Metrics],
        branches: Branches::Only(vec![world.north]),
        created_at: NOON,
    };
    let key = keys.create(&world.ours, new).await.expect("made");
    assert_eq!(keys.by_hash(&[9; 32]).await.expect("an answer"), Some(key.clone()));
    assert_eq!(keys.list(&world.ours).await.expect("a list"), std::slice::from_ref(&key));
    assert!(keys.list(&world.theirs).await.expect("a list").is_empty());
    assert_eq!(key.scope(), world.only(world.north));
    let foreign = keys.revoke(&world.theirs, &key, &author()).await;
    assert!(matches!(foreign, Err(StoreError::NotFound { .. })), "{foreign:?}");
    keys.revoke(&world.ours, &key, &author()).await.expect("withdrawn");
    assert_eq!(keys.by_hash(&[9; 32]).await.expect("an answer"), None);
    assert_eq!(log_of(&world, AuditWhat::ApiKeyRevoked).await, 1);
}

async fn a_business_is_made_and_renamed(database: Database) {
    let world = World::new(database).await;
    let tenants = world.store.tenants();
    let made = tenants.create("Padaria", &author()).await.expect("made");
    let scope = Scope::of_the_exchange(made.id);
    assert_eq!(
        tenants.rename(&scope, "Padaria Lima", &author()).await.expect("renamed").name,
        "Padaria Lima"
    );
    assert_eq!(tenants.current(&scope).await.expect("it").name, "Padaria Lima");
    assert!(tenants.of_the_installation().await.expect("a list").iter().any(|tenant| tenant.id == made.id));
    let log = world.store.audit().list(&scope, &AuditFilter::default(), None, 5).await.expect("a page");
    assert_eq!(log.items.len(), 2);
}

on_both_databases!(
    a_change_of_rights_is_written_with_what_it_was_before,
    the_last_administrator_stays_one,
    a_new_password_ends_the_sessions_of_the_old_one,
    an_invitation_opens_once_and_a_newer_one_closes_it,
    an_invitation_taken_back_opens_nothing,
    a_reset_link_opens_once_and_signs_out_everywhere,
    a_branch_that_is_used_stays,
    a_business_decides_what_it_hides,
    fifty_who_change_settings_at_once_lose_nothing,
    a_key_reaches_no_more_than_it_was_given,
    a_business_is_made_and_renamed,
);
