//! The live stream: who may open it, and what ends it.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::person::{Person, Stream, code_of, login, stream_request};
use crate::support::world::{API_KEY, PASSWORD, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_opens_for_our_own_pages_and_for_keys_only() {
    let world = World::with_destination("agents").await;
    let person = Person::sign_in(&world).await;
    let ours = world.url("");
    let cookie = person.cookie.as_str();
    for (headers, refused) in [
        (vec![("origin", ours.as_str())], 401),
        (vec![("cookie", cookie)], 403),
        (vec![("cookie", cookie), ("origin", "https://evil.example")], 403),
        (vec![("cookie", cookie), ("origin", "null")], 403),
    ] {
        assert_eq!(Stream::open(stream_request(&world, &headers)).await.err(), Some(refused), "{headers:?}");
    }
    let bearer = format!("Bearer {API_KEY}");
    let mut program =
        Stream::open(stream_request(&world, &[("authorization", &bearer)])).await.expect("it opens");
    assert_eq!(program.next().await.expect("hello")["type"], "hello");
    let mut page = person.open_stream().await;
    page.say(r#"{"type":"ping"}"#).await;
    page.next_of("pong").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_closes_every_stream_of_the_session_and_no_other() {
    let world = World::with_destination("agents").await;
    let (leaving, staying) = (Person::sign_in(&world).await, Person::sign_in(&world).await);
    let (mut one, mut two, mut other) =
        (leaving.open_stream().await, leaving.open_stream().await, staying.open_stream().await);
    assert_eq!(leaving.send(Method::POST, "/api/v1/logout").await.status(), StatusCode::NO_CONTENT);
    for stream in [&mut one, &mut two] {
        assert_eq!(stream.next_of("bye").await["why"], "logout");
        assert_eq!(stream.next().await, None);
    }
    other.say(r#"{"type":"ping"}"#).await;
    other.next_of("pong").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_answered_and_endless_nonsense_ends_the_stream() {
    let world = World::with_destination("agents").await;
    let mut stream = Person::sign_in(&world).await.open_stream().await;
    stream.say("{").await;
    assert_eq!(stream.next_of("error").await["code"], "malformed");
    stream.say(r#"{"type":"ping"}"#).await;
    stream.next_of("pong").await;
    for _ in 0..9 {
        stream.say(r#"{"type":"sudo"}"#).await;
    }
    assert_eq!(stream.next_of("bye").await["why"], "too_many_mistakes");
    assert_eq!(stream.next().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_account_is_out_at_once_with_its_streams_and_cannot_come_back() {
    let world = World::with_destination("agents").await;
    let new = json!({
        "name": "Bruno Reis", "email": "bruno@example.com", "password": PASSWORD, "role": "agent", "language": "pt-BR",
    });
    let made = world.client().post(world.url("/api/v1/users")).bearer_auth(API_KEY).json(&new);
    let made = made.send().await.expect("an answer");
    assert_eq!(made.status(), StatusCode::CREATED);
    let id = made.json::<Value>().await.expect("JSON")["id"].as_str().expect("an id").to_owned();
    let twice = world.client().post(world.url("/api/v1/users")).bearer_auth(API_KEY).json(&new);
    assert_eq!(code_of(twice.send().await.expect("an answer")).await, "email_taken");

    let agent = Person::sign_in_as(&world, "bruno@example.com").await;
    assert_eq!(agent.send(Method::GET, "/api/v1/users").await.status(), StatusCode::FORBIDDEN);
    let mut stream = agent.open_stream().await;
    let out = world.client().patch(world.url(&format!("/api/v1/users/{id}"))).bearer_auth(API_KEY);
    let out = out.json(&json!({"disabled": true})).send().await.expect("an answer");
    assert_eq!(out.status(), StatusCode::OK);
    assert_eq!(stream.next_of("bye").await["why"], "disabled");
    assert_eq!(stream.next().await, None);
    assert_eq!(agent.send(Method::GET, "/api/v1/calls").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(code_of(login(&world, "bruno@example.com", PASSWORD).await).await, "wrong_credentials");
}
