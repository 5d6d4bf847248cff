//! Users, their sessions, and the keys of programs.

use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::json;
use switchboard_core::access::{Branches, Role};
use switchboard_core::ids::{BranchId, UserId};
use switchboard_store::StoreError;
use switchboard_store::api_keys::NewApiKey;
use switchboard_store::sessions::SessionRow;
use switchboard_store::users::NewUser;
use uuid::Uuid;

use super::harness::Database;
use super::world::{NOON, World};

fn person(email: &str) -> NewUser {
    NewUser {
        email: email.to_owned(),
        name: format!("Person {email}"),
        role: Role::Agent,
        branches: Branches::All,
        password_hash: "$argon2id$hash".into(),
        language: "en".to_owned(),
        created_at: NOON,
    }
}

fn session(id_hash: &str, user: Option<&switchboard_store::users::User>) -> SessionRow {
    SessionRow {
        id_hash: id_hash.to_owned(),
        user: user.map(|user| user.id),
        tenant: user.map(|user| user.tenant),
        data: json!({"csrf": "x"}),
        expires_at: NOON.plus(Duration::from_secs(60)),
        created_at: NOON,
    }
}

async fn a_user_signs_in_by_e_mail_however_it_is_written(database: Database) {
    let world = World::new(database).await;
    let users = world.store.users();
    assert!(!users.any().await.expect("an answer"));
    let ana = users.create(&world.ours, person(" Ana.ÁVILA@Example.com ")).await.expect("made");
    assert!(users.any().await.expect("an answer"));
    let found = users.by_email("ana.ávila@EXAMPLE.COM").await.expect("an answer").expect("Ana");
    assert_eq!(found.user, ana);
    assert_eq!(found.password_hash.expose_secret(), "$argon2id$hash");
    assert!(!format!("{found:?}").contains("argon2"));
    assert!(users.by_email("nobody@example.com").await.expect("an answer").is_none());
    assert_eq!(users.by_id(&world.ours, ana.id).await.expect("an answer"), Some(ana));
}

async fn an_e_mail_belongs_to_one_person_of_the_installation(database: Database) {
    let world = World::new(database).await;
    world.store.users().create(&world.ours, person("a@example.com")).await.expect("made");
    for scope in [&world.ours, &world.theirs] {
        let refusal = world.store.users().create(scope, person("A@example.com")).await;
        assert!(matches!(refusal, Err(StoreError::AlreadyThere { .. })), "{refusal:?}");
    }
}

async fn every_role_and_every_choice_of_branches_reads_back(database: Database) {
    let world = World::new(database).await;
    let choices = [Branches::All, Branches::Only(vec![]), Branches::Only(vec![world.north, world.south])];
    let mut made = Vec::new();
    for (n, (role, branches)) in Role::ALL.into_iter().zip(choices.into_iter().cycle()).enumerate() {
        let new = NewUser { role, branches, ..person(&format!("{n}@example.com")) };
        made.push(world.store.users().create(&world.ours, new).await.expect("made"));
    }
    assert_eq!(world.store.users().list(&world.ours).await.expect("a list"), made);
    let ids: Vec<UserId> = made.iter().map(|user| user.id).collect();
    let names = world.store.users().names(&world.ours, &ids).await.expect("names");
    assert_eq!(names.len(), 4);
    assert_eq!(names[&ids[0]], made[0].name);
    assert!(world.store.users().names(&world.ours, &[]).await.expect("names").is_empty());
}

async fn a_user_of_a_branch_that_does_not_exist_is_not_made(database: Database) {
    let world = World::new(database).await;
    let nowhere = BranchId::from_uuid(Uuid::from_u128(0xDEAD));
    let new = NewUser { branches: Branches::Only(vec![world.north, nowhere]), ..person("a@example.com") };
    let refusal = world.store.users().create(&world.ours, new).await;
    assert!(matches!(refusal, Err(StoreError::Dangling { .. })), "{refusal:?}");
    assert!(!world.store.users().any().await.expect("an answer"), "half a user was left");
}

async fn of_many_first_users_one_is_made(database: Database) {
    let world = World::new(database).await;
    let attempts: Vec<_> = (0..8)
        .map(|n| {
            let (store, scope) = (world.store.clone(), world.ours.clone());
            tokio::spawn(async move {
                store.users().create_first(&scope, person(&format!("{n}@example.com"))).await
            })
        })
        .collect();
    let mut made = 0;
    for attempt in attempts {
        match attempt.await.expect("no panic") {
            Ok(_) => made += 1,
            Err(refusal) => assert!(matches!(refusal, StoreError::AlreadyThere { .. }), "{refusal:?}"),
        }
    }
    assert_eq!(made, 1);
    assert_eq!(world.database.raw().await.count("users").await, 1);
}

async fn who_is_disabled_is_signed_out_everywhere(database: Database) {
    let world = World::new(database).await;
    let (users, sessions) = (world.store.users(), world.store.sessions());
    let ana = users.create(&world.ours, person("a@example.com")).await.expect("made");
    sessions.save(&session("one", Some(&ana))).await.expect("saved");
    users.set_disabled(&world.ours, ana.id, Some(NOON)).await.expect("disabled");
    assert_eq!(sessions.load("one", NOON).await.expect("an answer"), None);
    assert_eq!(
        users.by_id(&world.ours, ana.id).await.expect("an answer").expect("Ana").disabled_at,
        Some(NOON)
    );
    users.set_disabled(&world.ours, ana.id, None).await.expect("enabled");
    users.set_language(&world.ours, ana.id, "pt-BR").await.expect("changed");
    let ana = users.by_id(&world.ours, ana.id).await.expect("an answer").expect("Ana");
    assert_eq!((ana.disabled_at, ana.language.as_str()), (None, "pt-BR"));
    let nobody = UserId::from_uuid(Uuid::from_u128(1));
    assert!(matches!(users.set_disabled(&world.ours, nobody, None).await, Err(StoreError::NotFound { .. })));
    assert!(matches!(users.set_language(&world.ours, nobody, "en").await, Err(StoreError::NotFound { .. })));
}

async fn a_session_counts_until_it_expires_or_ends(database: Database) {
    let world = World::new(database).await;
    let sessions = world.store.sessions();
    let ana = world.store.users().create(&world.ours, person("a@example.com")).await.expect("made");
    let mut row = session("one", None);
    sessions.save(&row).await.expect("saved");
    assert_eq!(sessions.load("one", NOON).await.expect("an answer"), Some(row.clone()));
    row.user = Some(ana.id);
    row.tenant = Some(ana.tenant);
    row.data = json!({"csrf": "y"});
    sessions.save(&row).await.expect("saved again");
    assert_eq!(sessions.load("one", NOON).await.expect("an answer"), Some(row.clone()));
    assert_eq!(sessions.load("one", row.expires_at).await.expect("an answer"), None);
    assert_eq!(sessions.load("two", NOON).await.expect("an answer"), None);

    let mut short = session("short", None);
    short.expires_at = NOON;
    sessions.save(&short).await.expect("saved");
    assert_eq!(sessions.purge_expired(NOON).await.expect("purged"), 1);
    assert_eq!(sessions.purge_expired(NOON).await.expect("purged"), 0);

    sessions.save(&session("another", Some(&ana))).await.expect("saved");
    assert_eq!(sessions.delete_of_user(&world.theirs, ana.id).await.expect("nothing"), 0);
    assert_eq!(sessions.delete_of_user(&world.ours, ana.id).await.expect("both"), 2);
    sessions.save(&session("last", None)).await.expect("saved");
    sessions.delete("last").await.expect("ended");
    sessions.delete("last").await.expect("twice does no harm");
    assert_eq!(sessions.load("last", NOON).await.expect("an answer"), None);

    let mut nobody = session("nobody", Some(&ana));
    nobody.user = Some(UserId::from_uuid(Uuid::from_u128(1)));
    let refusal = sessions.save(&nobody).await;
    assert!(matches!(refusal, Err(StoreError::Dangling { .. })), "{refusal:?}");
}

async fn a_key_is_found_by_its_hash_only(database: Database) {
    let world = World::new(database).await;
    let keys = world.store.api_keys();
    assert!(!keys.any().await.expect("an answer"));
    let new = |last: u8| {
        let mut hash = [7; 32];
        hash[31] = last;
        NewApiKey {
            prefix: "swk_ab".to_owned(),
            hash,
            name: "CRM".to_owned(),
            role: Role::Operator,
            scopes: Vec::new(),
            branches: Branches::All,
            created_at: NOON,
        }
    };
    let key = keys.create(&world.ours, new(1)).await.expect("kept");
    // The same first bytes find both rows; the whole hash decides.
    let other = keys.create(&world.theirs, new(2)).await.expect("kept");
    assert!(keys.any().await.expect("an answer"));
    assert_eq!(keys.by_hash(&new(1).hash).await.expect("an answer"), Some(key.clone()));
    assert_eq!(keys.by_hash(&new(2).hash).await.expect("an answer"), Some(other));
    assert_eq!(keys.by_hash(&new(3).hash).await.expect("an answer"), None);
    assert_eq!(key.scope(), world.ours);
    assert!(matches!(keys.create(&world.ours, new(1)).await, Err(StoreError::AlreadyThere { .. })));
    keys.touch(&world.theirs, key.id, NOON).await.expect("nothing happens");
    assert_eq!(keys.by_hash(&new(1).hash).await.expect("an answer").expect("it").last_used_at, None);
    keys.touch(&world.ours, key.id, NOON).await.expect("noted");
    assert_eq!(keys.by_hash(&new(1).hash).await.expect("an answer").expect("it").last_used_at, Some(NOON));
}

on_both_databases!(
    a_user_signs_in_by_e_mail_however_it_is_written,
    an_e_mail_belongs_to_one_person_of_the_installation,
    every_role_and_every_choice_of_branches_reads_back,
    a_user_of_a_branch_that_does_not_exist_is_not_made,
    of_many_first_users_one_is_made,
    who_is_disabled_is_signed_out_everywhere,
    a_session_counts_until_it_expires_or_ends,
    a_key_is_found_by_its_hash_only,
);
