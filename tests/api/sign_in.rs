//! Signing in and out.

use reqwest::{Method, StatusCode, header};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::person::{Person, Stream, code_of, cookie_of, login, stream_request};
use crate::support::world::{EMAIL, PASSWORD, Plan, World};

#[tokio::test(flavor = "multi_thread")]
async fn the_right_password_opens_and_the_cookie_is_for_the_browser_only() {
    let world = World::with_destination("agents").await;
    let answer = login(&world, &format!(" {}", EMAIL.to_uppercase()), PASSWORD).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let cookie = answer.headers()[header::SET_COOKIE].to_str().expect("text").to_owned();
    assert!(cookie.starts_with("switchboard_session=") && cookie.contains("HttpOnly"), "{cookie}");
    assert!(cookie.contains("SameSite=Lax") && cookie.contains("Path=/"), "{cookie}");
    assert!(!cookie.contains("Secure"), "the public URL of the scenarios is plain http: {cookie}");
    let me: Value = answer.json().await.expect("JSON");
    assert_eq!((&me["email"], &me["role"]), (&Value::from(EMAIL), &Value::from("admin")));
    assert!(me["ice_servers"].is_array() && me["tenant"]["id"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_an_unknown_address_read_the_same_and_too_many_are_turned_away() {
    let world = World::with_destination("agents").await;
    let wrong = login(&world, EMAIL, "wrong horse battery staple").await;
    let unknown = login(&world, "nobody@example.com", PASSWORD).await;
    assert_eq!((wrong.status(), unknown.status()), (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED));
    assert!(wrong.headers().get(header::SET_COOKIE).is_none());
    assert_eq!(wrong.text().await.expect("text"), unknown.text().await.expect("text"));
    for attempt in 0.. {
        assert!(attempt < 40, "nobody was turned away");
        let answer = login(&world, EMAIL, "wrong horse battery staple").await;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            let wait: u64 =
                answer.headers()[header::RETRY_AFTER].to_str().expect("text").parse().expect("seconds");
            assert!((1..=60).contains(&wait), "{wait}");
            assert_eq!(code_of(answer).await, "too_many_attempts");
            break;
        }
    }
    let right = login(&world, EMAIL, PASSWORD).await;
    assert_eq!(right.status(), StatusCode::TOO_MANY_REQUESTS, "the right password waits too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_with_logout_and_with_the_next_sign_in_of_the_same_browser() {
    let world = World::with_destination("agents").await;
    let first = Person::sign_in(&world).await;
    assert_eq!(first.send(Method::GET, "/api/v1/me").await.status(), StatusCode::OK);
    let again = world
        .client()
        .post(world.url("/api/v1/login"))
        .header(header::COOKIE, &first.cookie)
        .json(&json!({"email": EMAIL, "password": PASSWORD}))
        .send()
        .await
        .expect("an answer");
    let second = cookie_of(&again);
    assert_ne!(second, first.cookie, "the id is new at every sign-in");
    assert_eq!(first.send(Method::GET, "/api/v1/me").await.status(), StatusCode::UNAUTHORIZED);

    let person = Person::sign_in(&world).await;
    assert_eq!(person.send(Method::POST, "/api/v1/logout").await.status(), StatusCode::NO_CONTENT);
    for path in ["/api/v1/me", "/api/v1/calls"] {
        assert_eq!(person.send(Method::GET, path).await.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    assert_eq!(person.send(Method::POST, "/api/v1/logout").await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_session_opens_nothing_and_a_new_sign_in_does() {
    let world = World::with_destination("agents").await;
    let person = Person::sign_in(&world).await;
    let engine = &world.exchange().engine;
    let now = engine.clock().now();
    let id = person.cookie.split_once('=').expect("a pair").1;
    let hash = hex::encode(Sha256::digest(id.as_bytes()));
    let sessions = engine.store().sessions();
    let mut row = sessions.load(&hash, now).await.expect("the database answers").expect("the session");
    row.expires_at = now;
    sessions.save(&row).await.expect("saved");

    for path in ["/api/v1/me", "/api/v1/calls"] {
        let refused = person.send(Method::GET, path).await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(code_of(refused).await, "not_signed_in", "{path}");
    }
    let (ours, cookie) = (world.url(""), person.cookie.as_str());
    let upgrade = stream_request(&world, &[("cookie", cookie), ("origin", ours.as_str())]);
    assert_eq!(Stream::open(upgrade).await.err(), Some(401));

    let again = Person::sign_in(&world).await;
    assert_eq!(again.send(Method::GET, "/api/v1/me").await.status(), StatusCode::OK);
    assert_eq!(person.send(Method::GET, "/api/v1/me").await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn writing_requests_of_other_sites_are_refused_whatever_cookie_they_carry() {
    let world = World::with_destination("agents").await;
    let person = Person::sign_in(&world).await;
    let answer = world
        .client()
        .post(world.url("/api/v1/logout"))
        .header(header::COOKIE, &person.cookie)
        .header(header::ORIGIN, "https://evil.example")
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert_eq!(code_of(answer).await, "foreign_origin");
    assert_eq!(person.send(Method::GET, "/api/v1/me").await.status(), StatusCode::OK, "still signed in");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_set_up_page_is_closed_once_there_is_an_account() {
    let world = World::with_destination("agents").await;
    let body = json!({"code": "x", "name": "Eve", "email": "eve@example.com", "password": PASSWORD, "language": "en"});
    let answer = world.client().post(world.url("/api/v1/setup")).json(&body).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    assert_eq!(code_of(answer).await, "already_set_up");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_account_takes_the_printed_code_and_is_made_once() {
    let nobody =
        vec![("SWITCHBOARD_ADMIN_EMAIL", String::new()), ("SWITCHBOARD_ADMIN_PASSWORD", String::new())];
    let world = World::start(Plan { settings: nobody, ..Plan::default() }).await;
    let printed = world.exchange().setup_code.as_ref().expect("a code is printed").expose_secret().to_owned();
    let server = async || -> Value {
        world
            .client()
            .get(world.url("/api/v1/server"))
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON")
    };
    assert_eq!(server().await["needs_setup"], true);
    let set_up = async |code: &str, password: &str| {
        let body = json!({"code": code, "name": "Ana", "email": "ana@example.com", "password": password, "language": "es"});
        world.client().post(world.url("/api/v1/setup")).json(&body).send().await.expect("an answer")
    };
    assert_eq!(code_of(set_up("guess", PASSWORD).await).await, "wrong_code");
    assert_eq!(code_of(set_up(&printed, "too short").await).await, "password_too_short");
    let (one, two) = tokio::join!(set_up(&printed, PASSWORD), set_up(&printed, PASSWORD));
    let mut statuses = [one.status(), two.status()];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::CREATED, StatusCode::CONFLICT], "of two at once one is the first");
    let first = if one.status() == StatusCode::CREATED { one } else { two };
    assert!(cookie_of(&first).starts_with("switchboard_session="));
    let me: Value = first.json().await.expect("JSON");
    assert_eq!((&me["role"], &me["language"]), (&Value::from("admin"), &Value::from("es")));
    assert_eq!(server().await["needs_setup"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_language_is_kept_and_an_unknown_one_refused() {
    let world = World::with_destination("agents").await;
    let person = Person::sign_in(&world).await;
    let patch = async |language: &str| {
        let request = world.client().patch(world.url("/api/v1/me")).header(header::COOKIE, &person.cookie);
        request.json(&json!({"language": language})).send().await.expect("an answer")
    };
    let me: Value = patch("pt-br").await.json().await.expect("JSON");
    assert_eq!(me["language"], "pt-BR");
    assert_eq!(code_of(patch("tlh").await).await, "unknown_language");
}
