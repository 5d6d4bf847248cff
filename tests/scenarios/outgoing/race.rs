//! Fifty people click Call in one moment: as many calls are placed as the number's limit leaves, and not one more (S1).

use futures_util::future::join_all;
use secrecy::SecretString;
use switchboard_core::access::{Branches, Role};
use switchboard_simulator::agent::{AgentHabits, AgentLogin};
use switchboard_store::users::NewUser;

use super::*;
use crate::support::postgres::Schema;
use crate::support::world::PASSWORD;

const PEOPLE: usize = 50;
const LIMIT: usize = 5;

/// Fifty sign in from one machine and ask at once: each from an address of its own, none held up.
fn an_office() -> Vec<(&'static str, String)> {
    let mut settings = may_call();
    settings.push(("SWITCHBOARD_TRUSTED_PROXIES", "127.0.0.1".to_owned()));
    let unhurried = ["SWITCHBOARD_REQUESTS_PER_ADDRESS", "SWITCHBOARD_REQUESTS_PER_CREDENTIAL"];
    settings.extend(unhurried.map(|name| (name, "2000".to_owned())));
    settings
}

fn customer(place: usize) -> String {
    format!("155502{place:05}")
}

/// Fifty people with an account, a page and a line each.
async fn people(world: &World) -> Vec<SimulatedAgent> {
    let engine = &world.exchange().engine;
    let scope = Scope::of_the_exchange(world.number().await.tenant);
    let password = SecretString::from(PASSWORD.to_owned());
    let password_hash = switchboard_http::hash_password(&password).expect("a good password");
    let mut people = Vec::new();
    for place in 0..PEOPLE {
        let email = format!("person{place}@example.com");
        let new = NewUser {
            email: email.clone(),
            name: format!("Person {place}"),
            role: Role::Agent,
            branches: Branches::All,
            password_hash: password_hash.clone(),
            language: "en".to_owned(),
            created_at: engine.clock().now(),
        };
        engine.store().users().create(&scope, new).await.expect("an account");
        let login = AgentLogin {
            base_url: world.url("/").parse().expect("a URL"),
            email: email.clone(),
            password: switchboard_simulator::Secret::new(PASSWORD),
        };
        let body = json!({ "email": email, "password": PASSWORD });
        let request = world.client().post(world.url("/api/v1/login")).json(&body);
        let request = request.header("x-forwarded-for", format!("192.0.2.{}", place + 1));
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        let cookie = answer.headers()["set-cookie"].to_str().expect("text");
        let cookie = cookie.split(';').next().expect("a pair").to_owned();
        let habits = AgentHabits { sound: Sound::None(true), counts_only: true, ..AgentHabits::default() };
        let agent = SimulatedAgent::with_session(&world.simulator, login, cookie, habits).await;
        people.push(agent.expect("a page with a line"));
    }
    people
}

/// Fifty customers who have written and allow calls for good.
async fn customers(world: &World) {
    for place in 0..PEOPLE {
        let customer = customer(place);
        world.simulator.write(&*customer, "Good morning").expect("written");
        world.simulator.set_in_profile(&*customer, Answer::Permanent).expect("allowed");
        let behaviour = Behaviour { call: OnCall::LetsItRing, counts_only: true, ..Behaviour::default() };
        world.simulator.behave(&customer, behaviour).expect("a customer");
    }
    let number = world.number().await.id;
    let path = format!("/api/v1/permissions?number_id={number}&status=permanent&limit=200");
    eventually("all of them allow calls", || async {
        let (_, page) = world.api(Method::GET, &path).await;
        (page["items"].as_array()?.len() == PEOPLE).then_some(())
    })
    .await;
}

async fn fifty_at_once_are_five(world: &World) {
    let (people, ()) = tokio::join!(people(world), customers(world));
    let clicks = people.iter().enumerate().map(|(place, agent)| async move {
        let body = json!({ "phone": format!("+{}", customer(place)) });
        agent.place(body).await.expect("an answer")
    });
    let answers = join_all(clicks).await;
    let (placed, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(status, _)| *status == 201);
    for (status, problem) in &refused {
        assert_eq!((*status, &problem["code"]), (409, &json!("not_eligible")), "{problem}");
        let reasons = problem["reasons"].as_array().expect("reasons");
        let codes: Vec<_> = reasons.iter().map(|reason| &reason["code"]).collect();
        assert_eq!(codes, [&json!("rate_limit_minute")], "nothing else is in the way: {problem}");
        assert!(reasons[0]["until"].is_string(), "it says until when: {problem}");
    }
    assert_eq!((placed.len(), refused.len()), (LIMIT, PEOPLE - LIMIT));
    // What was placed rings, so that nothing is on its way to the provider any more.
    for (_, call) in &placed {
        let id: CallId = call["id"].as_str().expect("an id").parse().expect("our id");
        facts_until(world, id, "it rings", |facts| facts.rang_at.is_some()).await;
    }
    assert_eq!(world.simulator.calls().len(), LIMIT, "the provider was asked for so many");
    let path = format!("/api/v1/numbers/{}/safeguards", world.number().await.id);
    let (_, shown) = world.api(Method::GET, &path).await;
    assert_eq!(shown["state"]["dials_minute"]["used"], LIMIT, "{shown}");
    // Nobody who was refused is left busy, and no customer is left claimed.
    let (_, page) = world.api(Method::GET, "/api/v1/calls?limit=200").await;
    assert_eq!(page["items"].as_array().expect("a list").len(), LIMIT, "no other call was written");
    let again = people.iter().enumerate().map(|(place, agent)| async move {
        let body = json!({ "phone": format!("+{}", customer(place)) });
        agent.place(body).await.expect("an answer").1["code"].clone()
    });
    let again = join_all(again).await;
    assert_eq!(again.iter().filter(|code| **code == "not_eligible").count(), PEOPLE, "{again:?}");
    assert_eq!(world.simulator.calls().len(), LIMIT);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_who_call_at_once_against_a_limit_of_five_place_five_calls() {
    let world = World::start(Plan { settings: an_office(), ..Plan::default() }).await;
    Box::pin(fifty_at_once_are_five(&world)).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_who_call_at_once_against_a_limit_of_five_place_five_calls_on_postgresql() {
    let Some(schema) = Schema::make().await else { return };
    let mut settings = an_office();
    settings.push(("SWITCHBOARD_DATABASE_URL", schema.url()));
    let world = World::start(Plan { settings, ..Plan::default() }).await;
    Box::pin(fifty_at_once_are_five(&world)).await;
    world.stop().await;
    schema.drop().await;
}
