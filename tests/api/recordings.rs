//! Recordings over the API: who may hear which, by ranges, and what is written down about it.

use reqwest::{Method, StatusCode, header};
use secrecy::SecretString;
use serde_json::{Value, json};
use switchboard_core::access::{Branches, Role, Scope};
use switchboard_core::audit::AuditWhat;
use switchboard_core::ids::{JobId, UserId};
use switchboard_simulator::{CallState, NewCall};
use switchboard_store::audit::{AuditFilter, AuditRow};
use switchboard_store::calls::CallRow;
use switchboard_store::jobs::NewJob;
use switchboard_store::recordings::Peaks;
use switchboard_store::users::NewUser;

use super::person::{Person, code_of};
use crate::support::patience::eventually;
use crate::support::recording::{begin, fresh, recorded, sound};
use crate::support::world::{PASSWORD, World};

const SIZE: usize = 100_000;

/// A world with a call that is over.
async fn with_call() -> (World, CallRow) {
    let world = World::with_destination("echo").await;
    let call = world.call(NewCall::default());
    world.customer_is(&call.id, CallState::Accepted).await;
    world.simulator.hang_up(&call.id);
    let row = world.ended(&call.wacid).await;
    (world, row)
}

async fn account(world: &World, name: &str, role: Role, branches: Branches) -> UserId {
    let engine = &world.exchange().engine;
    let scope = Scope::of_the_exchange(world.number().await.tenant);
    let password = SecretString::from(PASSWORD.to_owned());
    let new = NewUser {
        email: format!("{name}@example.com"),
        name: name.to_owned(),
        role,
        branches,
        password_hash: switchboard_http::hash_password(&password).expect("a good password"),
        language: "en".to_owned(),
        created_at: engine.clock().now(),
    };
    engine.store().users().create(&scope, new).await.expect("a new account").id
}

async fn audited(world: &World, what: AuditWhat) -> Vec<AuditRow> {
    let scope = Scope::of_the_exchange(world.number().await.tenant);
    let filter = AuditFilter { what: vec![what], ..AuditFilter::default() };
    world.exchange().engine.store().audit().list(&scope, &filter, None, 50).await.expect("the log").items
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_is_played_by_ranges_as_it_was_kept() {
    let (world, call) = with_call().await;
    let id = recorded(&world.exchange().engine, &call, SIZE).await;
    let person = Person::sign_in(&world).await;
    let path = format!("/api/v1/recordings/{id}/audio");
    let ask = async |range: Option<&str>, more: &[(header::HeaderName, &str)]| {
        let mut request = world
            .client()
            .get(world.url(&path))
            .header(header::COOKIE, &person.cookie)
            .header(header::ACCEPT_ENCODING, "gzip, br");
        if let Some(range) = range {
            request = request.header(header::RANGE, range);
        }
        for (name, value) in more {
            request = request.header(name, *value);
        }
        request.send().await.expect("an answer")
    };
    let all = ask(None, &[]).await;
    assert_eq!(all.status(), StatusCode::OK);
    for (name, value) in [
        (header::CONTENT_TYPE, "audio/ogg"),
        (header::ACCEPT_RANGES, "bytes"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_LENGTH, "100000"),
    ] {
        assert_eq!(all.headers()[&name], value);
    }
    assert!(!all.headers().contains_key(header::CONTENT_ENCODING), "sound is not compressed again");
    assert!(!all.headers().contains_key(header::CONTENT_DISPOSITION));
    let etag = all.headers()[header::ETAG].to_str().expect("text").to_owned();
    assert_eq!(all.bytes().await.expect("the sound"), sound(SIZE));

    for (range, from, to) in
        [("bytes=0-", 0, SIZE), ("bytes=16380-16390", 16_380, 16_391), ("bytes=-7", SIZE - 7, SIZE)]
    {
        let part = ask(Some(range), &[(header::IF_RANGE, &etag)]).await;
        assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT, "{range}");
        let says = format!("bytes {from}-{}/{SIZE}", to - 1);
        assert_eq!(part.headers()[header::CONTENT_RANGE], says.as_str());
        assert_eq!(part.headers()[header::CONTENT_LENGTH], (to - from).to_string().as_str());
        assert_eq!(part.bytes().await.expect("the sound"), sound(SIZE)[from..to]);
    }
    let changed = ask(Some("bytes=5-9"), &[(header::IF_RANGE, "\"another\"")]).await;
    assert_eq!(changed.status(), StatusCode::OK);
    let beyond = ask(Some("bytes=100000-"), &[]).await;
    assert_eq!(beyond.headers()[header::CONTENT_RANGE], "bytes */100000");
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(code_of(beyond).await, "range_not_satisfiable");

    let download = person.send(Method::GET, &format!("{path}?download=1")).await;
    let named = format!("attachment; filename=\"{id}.ogg\"");
    assert_eq!(download.headers()[header::CONTENT_DISPOSITION], named.as_str());
    assert_eq!(download.bytes().await.expect("the sound"), sound(SIZE));
    let head = person.send(Method::HEAD, &path).await;
    assert_eq!(
        (head.status(), &head.headers()[header::CONTENT_LENGTH]),
        (StatusCode::OK, &"100000".parse().expect("text"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_listens_is_written_down_once_and_each_download_too() {
    let (world, call) = with_call().await;
    let id = recorded(&world.exchange().engine, &call, SIZE).await;
    let person = Person::sign_in(&world).await;
    let path = format!("/api/v1/recordings/{id}/audio");
    assert_eq!(person.send(Method::HEAD, &path).await.status(), StatusCode::OK);
    assert!(audited(&world, AuditWhat::RecordingListened).await.is_empty(), "nobody has heard anything");
    for _ in 0..3 {
        assert_eq!(person.send(Method::GET, &path).await.status(), StatusCode::OK);
    }
    let listened = audited(&world, AuditWhat::RecordingListened).await;
    assert_eq!(listened.len(), 1, "a player asks often");
    assert_eq!(listened[0].entry.subject.id, id.to_string());
    world.api(Method::GET, &path).await;
    assert_eq!(
        audited(&world, AuditWhat::RecordingListened).await.len(),
        2,
        "the operator's key listened, too"
    );
    for _ in 0..2 {
        person.send(Method::GET, &format!("{path}?download=1")).await;
    }
    assert_eq!(audited(&world, AuditWhat::RecordingDownloaded).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_heard_does_not_exist() {
    let (world, mut call) = with_call().await;
    let store = world.exchange().engine.store();
    let scope = Scope::of_the_exchange(call.tenant);
    let now = world.exchange().engine.clock().now();
    let north = store.tenants().create_branch(&scope, "North", now).await.expect("a branch").id;
    let south = store.tenants().create_branch(&scope, "South", now).await.expect("a branch").id;
    let answered = account(&world, "answered", Role::Agent, Branches::Only(vec![north])).await;
    account(&world, "colleague", Role::Agent, Branches::Only(vec![north])).await;
    account(&world, "supervisor", Role::Supervisor, Branches::Only(vec![north])).await;
    account(&world, "elsewhere", Role::Supervisor, Branches::Only(vec![south])).await;
    call.branch = Some(north);
    call.facts.answered_by = Some(answered);
    let fence = call.owner();
    store.calls().save(&scope, &call, &[], fence).await.expect("saved");
    let id = recorded(&world.exchange().engine, &call, 1_000).await;
    let peaks = Peaks { interval_ms: 100, left: vec![1, 2], right: vec![3, 4] };
    store.recordings().set_peaks(&scope, id, &peaks).await.expect("kept");

    for (name, hears, sees_call) in [
        ("answered", true, true),
        ("supervisor", true, true),
        ("colleague", false, true),
        ("elsewhere", false, false),
    ] {
        let person = Person::sign_in_as(&world, &format!("{name}@example.com")).await;
        let expected = if hears { StatusCode::OK } else { StatusCode::NOT_FOUND };
        for rest in ["", "/audio", "/audio?download=1", "/peaks"] {
            let answer = person.send(Method::GET, &format!("/api/v1/recordings/{id}{rest}")).await;
            assert_eq!(answer.status(), expected, "{name} {rest}");
        }
        let list: Value = person.send(Method::GET, "/api/v1/recordings").await.json().await.expect("JSON");
        assert_eq!(list["items"].as_array().expect("a list").len(), usize::from(hears), "{name}");
        let detail = person.send(Method::GET, &format!("/api/v1/calls/{}", call.id)).await;
        assert_eq!(detail.status() == StatusCode::OK, sees_call, "{name}");
        if sees_call {
            let detail: Value = detail.json().await.expect("JSON");
            assert_eq!(detail["recordings"].as_array().expect("a list").len(), usize::from(hears), "{name}");
        }
        let refused = person.send(Method::DELETE, &format!("/api/v1/recordings/{id}")).await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{name}");
    }
    assert_eq!(audited(&world, AuditWhat::RecordingListened).await.len(), 2, "refusals are no listening");
    let (_, peaks) = world.api(Method::GET, &format!("/api/v1/recordings/{id}/peaks")).await;
    assert_eq!(peaks, json!({"interval_ms": 100, "left": [1, 2], "right": [3, 4]}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_leaves_who_and_when_and_nothing_to_hear() {
    let (world, call) = with_call().await;
    let engine = &world.exchange().engine;
    let (id, live) = (recorded(engine, &call, SIZE).await, begin(engine, &call).await);
    let person = Person::sign_in(&world).await;
    let path = format!("/api/v1/recordings/{id}");
    for (method, rest) in [(Method::GET, "/audio"), (Method::DELETE, "")] {
        let answer = person.send(method, &format!("/api/v1/recordings/{}{rest}", live.id())).await;
        assert_eq!(answer.status(), StatusCode::CONFLICT);
        assert_eq!(code_of(answer).await, "still_recording");
    }
    assert_eq!(person.send(Method::DELETE, &path).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(person.send(Method::DELETE, &path).await.status(), StatusCode::NO_CONTENT, "a second time");
    let (_, left) = world.api(Method::GET, &path).await;
    assert_eq!(
        (&left["state"], &left["size_bytes"], &left["duration_ms"]),
        (&json!("deleted"), &Value::Null, &Value::Null)
    );
    let gone = person.send(Method::GET, &format!("{path}/audio")).await;
    assert_eq!(gone.status(), StatusCode::GONE);
    assert_eq!(code_of(gone).await, "recording_deleted");
    let log = audited(&world, AuditWhat::RecordingDeleted).await;
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].entry.subject.id, id.to_string());
    for (method, rest) in
        [(Method::GET, ""), (Method::GET, "/audio"), (Method::GET, "/peaks"), (Method::DELETE, "")]
    {
        let nothing = format!("/api/v1/recordings/rec_0199aaaabbbb7ccc8dddeeeeffff0001{rest}");
        assert_eq!(person.send(method, &nothing).await.status(), StatusCode::NOT_FOUND, "{rest}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_without_a_picture_can_be_heard_and_what_was_owed_is_given_up_visibly() {
    let (world, call) = with_call().await;
    let engine = &world.exchange().engine;
    // Its sound is none of ours: no attempt will ever draw it.
    let id = recorded(engine, &call, 1_000).await;
    let now = engine.clock().now();
    let picture = NewJob {
        id: JobId::from_uuid(fresh()),
        tenant: Some(call.tenant),
        kind: "peaks",
        payload: json!({"kind": "peaks", "recording": id.to_string()}).to_string(),
        order_keys: Vec::new(),
        once_key: None,
        delivery: None,
        run_at: now,
        created_at: now,
    };
    engine.owe(vec![picture]).await.expect("owed");
    let dead = async |attempts: u64| {
        eventually("the picture is given up", || async {
            let (_, jobs) = world.api(Method::GET, "/api/v1/jobs?state=dead").await;
            let found = jobs["items"].as_array()?.iter().find(|job| job["kind"] == "peaks").cloned();
            found.filter(|job| job["attempts"] == attempts)
        })
        .await
    };
    let given_up = dead(1).await;
    assert!(
        given_up["last_error"].as_str().is_some_and(|why| why.contains("no recording of ours")),
        "{given_up}"
    );
    let (_, shown) = world.api(Method::GET, &format!("/api/v1/recordings/{id}")).await;
    assert_eq!((&shown["state"], &shown["peaks"]), (&json!("ready"), &json!(false)), "{shown}");
    let path = format!("/api/v1/jobs/{}/retry", given_up["id"].as_str().expect("an id"));
    assert_eq!(world.api(Method::POST, &path).await.0, StatusCode::OK);
    dead(1).await;
    let said = world.story(&call).await.into_iter().filter(|event| event.kind == "recording.ready").count();
    assert_eq!(said, 1, "tried twice, told once");
    // Nobody draws what was deleted.
    let person = Person::sign_in(&world).await;
    let gone = person.send(Method::DELETE, &format!("/api/v1/recordings/{id}")).await;
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    assert_eq!(world.api(Method::POST, &path).await.0, StatusCode::OK);
    eventually("it is done with", || async {
        let (_, jobs) = world.api(Method::GET, "/api/v1/jobs?state=done").await;
        jobs["items"].as_array()?.iter().any(|job| job["kind"] == "peaks").then_some(())
    })
    .await;
}
