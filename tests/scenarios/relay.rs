//! Webhooks are passed on: as they came, in the order of each call, again and again, and over a crash.

use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;
use switchboard_simulator::{CallState, NewCall};

use crate::support::patience::{eventually, within};
use crate::support::process::Outside;
use crate::support::receiver::{Received, Receiver};
use crate::support::world::{APP_SECRET, Plan, World, account};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const RELAYS: &str = "/api/v1/webhook-relays";

fn signature(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(APP_SECRET.as_bytes()).expect("any length will do");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

async fn world() -> World {
    let settings = vec![("SWITCHBOARD_OUTBOUND_ALLOW", "127.0.0.0/8".to_owned())];
    World::start(Plan { destination: "echo", settings, ..Plan::default() }).await
}

async fn add(world: &World, body: Value) -> (StatusCode, Value) {
    world.api_with(Method::POST, RELAYS, &body).await
}

async fn relay_to(world: &World, receiver: &Receiver) -> String {
    let (status, relay) = add(world, json!({ "url": receiver.url(), "secret": SECRET })).await;
    assert_eq!(status, StatusCode::CREATED, "{relay}");
    assert!(relay["has_secret"] == true && !relay.to_string().contains("whsec"), "{relay}");
    relay["id"].as_str().expect("an id").to_owned()
}

/// A call from its beginning to its end.
async fn whole_call(world: &World) -> String {
    let call = world.call(NewCall::default());
    world.customer_is(&call.id, CallState::Accepted).await;
    world.simulator.hang_up(&call.id);
    world.ended(&call.wacid).await;
    call.wacid
}

async fn taken(receiver: &Receiver, count: usize) -> Vec<Received> {
    within(std::time::Duration::from_secs(40), &format!("{count} webhooks are passed on"), || async {
        Some(receiver.taken()).filter(|taken| taken.len() >= count)
    })
    .await
}

async fn deliveries(world: &World, state: &str) -> Vec<Value> {
    let (_, page) = world.api(Method::GET, &format!("/api/v1/deliveries?state={state}")).await;
    page["items"].as_array().expect("a list").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_are_passed_on_byte_for_byte_with_both_signatures() {
    let (world, receiver) = (world().await, Receiver::start().await);
    relay_to(&world, &receiver).await;
    let wacid = whole_call(&world).await;
    let taken = taken(&receiver, 2).await;
    assert_eq!(taken.iter().map(Received::event).collect::<Vec<_>>(), ["connect", "terminate"]);
    let verifier = standardwebhooks::Webhook::new(SECRET).expect("a secret");
    for webhook in &taken {
        assert_eq!(webhook.call(), wacid);
        assert_eq!(
            webhook.header("x-hub-signature-256"),
            signature(&webhook.body),
            "the bytes are Meta's own"
        );
        assert!(webhook.header("content-type").starts_with("application/json"));
        assert!(webhook.header("webhook-id").starts_with("job_"));
        verifier.verify(&webhook.body, &webhook.headers).expect("our own signature fits, too");
    }
    eventually("nothing is on its way any more", || async {
        let done = deliveries(&world, "done").await;
        (done.len() == 2 && deliveries(&world, "waiting").await.is_empty()).then_some(())
    })
    .await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_webhook_fails_keeps_its_order_and_lets_others_pass() {
    let (world, receiver) = (world().await, Receiver::start().await);
    receiver.answer(&[500], 200);
    relay_to(&world, &receiver).await;
    let first = whole_call(&world).await;
    let second = whole_call(&world).await;
    let taken = taken(&receiver, 4).await;
    let order: Vec<_> = taken.iter().map(|webhook| (webhook.call(), webhook.event())).collect();
    let place = |call: &str, event: &str| {
        order.iter().position(|(id, what)| id == call && what == event).expect("it was passed on")
    };
    assert!(place(&first, "connect") < place(&first, "terminate"), "{order:?}");
    assert!(place(&second, "connect") < place(&second, "terminate"), "{order:?}");
    assert!(
        place(&second, "terminate") < place(&first, "connect"),
        "the second call did not wait: {order:?}"
    );
    let ids: std::collections::HashSet<_> =
        receiver.received().iter().map(|webhook| webhook.header("webhook-id").to_owned()).collect();
    assert_eq!((receiver.received().len(), ids.len()), (5, 4), "the one that failed came again under its id");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_is_seen_and_can_be_tried_again_or_discarded() {
    let (world, receiver) = (world().await, Receiver::start().await);
    receiver.answer(&[410, 410], 200);
    let relay = relay_to(&world, &receiver).await;
    whole_call(&world).await;
    let dead = eventually("two dead deliveries", || async {
        Some(deliveries(&world, "dead").await).filter(|dead| dead.len() == 2)
    })
    .await;
    assert_eq!(
        (dead[0]["relay_id"].as_str(), dead[0]["target"].as_str()),
        (Some(&*relay), Some(&*receiver.url()))
    );
    assert!(dead[0]["last_error"].as_str().is_some_and(|why| why.contains("410")), "{}", dead[0]);
    let path = |delivery: &Value, verb: &str| {
        format!("/api/v1/deliveries/{}/{verb}", delivery["id"].as_str().expect("an id"))
    };
    let (status, again) = world.api(Method::POST, &path(&dead[0], "retry")).await;
    assert_eq!((status, &again["state"]), (StatusCode::OK, &json!("waiting")));
    taken(&receiver, 1).await;
    let (status, problem) = world.api(Method::POST, &path(&dead[0], "retry")).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("not_given_up")));
    assert_eq!(world.api(Method::POST, &path(&dead[1], "discard")).await.0, StatusCode::NO_CONTENT);
    assert_eq!(world.api(Method::POST, &path(&dead[1], "discard")).await.0, StatusCode::CONFLICT);
    assert_eq!(deliveries(&world, "discarded").await.len(), 1);
    let job = path(&dead[1], "retry").replace("deliveries", "jobs");
    assert_eq!(world.api(Method::POST, &job).await.0, StatusCode::NOT_FOUND, "a delivery is no job");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_with_somebody_elses_number_is_kept_and_goes_to_nobody() {
    let (world, receiver) = (world().await, Receiver::start().await);
    relay_to(&world, &receiver).await;
    let change = |number: &str, call: &str| {
        json!({ "field": "calls", "value": { "metadata": { "phone_number_id": number },
            "calls": [{ "id": call, "event": "terminate", "direction": "USER_INITIATED", "timestamp": "1760000045" }] } })
    };
    let ours = account().numbers[0].id.clone();
    let post = |changes: Vec<Value>| {
        let body =
            json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": changes }] });
        let body = body.to_string().into_bytes();
        let request = world.client().post(world.url("/api/whatsapp/calling"));
        request.header("x-hub-signature-256", signature(&body)).body(body).send()
    };
    let mixed = post(vec![change(&ours, "wacid.mixed"), change("999999", "wacid.theirs")]).await;
    assert_eq!(mixed.expect("an answer").status(), StatusCode::OK);
    for _ in 0..2 {
        let again = post(vec![change(&ours, "wacid.one"), change(&ours, "wacid.two")]).await;
        assert_eq!(again.expect("an answer").status(), StatusCode::OK);
    }
    let taken = taken(&receiver, 1).await;
    assert_eq!(taken[0].call(), "wacid.one");
    let all = deliveries(&world, "done").await.len() + deliveries(&world, "waiting").await.len();
    assert!(all <= 1, "what came twice is owed once, the mixed body to nobody");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_hangs_does_not_slow_the_answer_to_meta() {
    let (world, receiver) = (world().await, Receiver::start().await);
    receiver.hang();
    relay_to(&world, &receiver).await;
    for n in 0..50 {
        let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [
            { "field": "calls", "value": { "metadata": { "phone_number_id": account().numbers[0].id },
              "calls": [{ "id": format!("wacid.{n}"), "event": "levitated" }] } }] }] });
        let body = body.to_string().into_bytes();
        let request = world.client().post(world.url("/api/whatsapp/calling"));
        let answer = request.header("x-hub-signature-256", signature(&body)).body(body).send();
        // Far below the time the hanging place is given.
        let answer = tokio::time::timeout(std::time::Duration::from_secs(5), answer).await;
        assert_eq!(answer.expect("at once").expect("an answer").status(), StatusCode::OK);
    }
    eventually("the place was asked", || async { (!receiver.received().is_empty()).then_some(()) }).await;
    assert!(receiver.received().len() <= 8, "one host takes a few hands only");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_is_tried_out_changed_and_removed() {
    let (world, receiver) = (world().await, Receiver::start().await);
    let relay = relay_to(&world, &receiver).await;
    let path = format!("{RELAYS}/{relay}");
    receiver.answer(&[200, 503], 200);
    let (_, trial) = world.api(Method::POST, &format!("{path}/test")).await;
    assert_eq!((&trial["delivered"], &trial["status"]), (&json!(true), &json!(200)), "{trial}");
    let tried = &receiver.received()[0];
    assert_eq!(tried.header("x-hub-signature-256"), signature(&tried.body));
    let (_, trial) = world.api(Method::POST, &format!("{path}/test")).await;
    assert_eq!((&trial["delivered"], &trial["status"]), (&json!(false), &json!(503)), "{trial}");

    let (status, relay) =
        world.api_with(Method::PATCH, &path, &json!({ "enabled": false, "secret": null })).await;
    assert_eq!(
        (status, &relay["enabled"], &relay["has_secret"]),
        (StatusCode::OK, &json!(false), &json!(false))
    );
    assert_eq!(relay["url"].as_str(), Some(&*receiver.url()), "what is left out stays");
    whole_call(&world).await;
    assert!(deliveries(&world, "waiting").await.is_empty() && receiver.received().len() == 2);
    assert_eq!(world.api(Method::DELETE, &path).await.0, StatusCode::NO_CONTENT);
    assert_eq!(world.api(Method::DELETE, &path).await.0, StatusCode::NOT_FOUND);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_lead_inside_and_secrets_that_cannot_sign_are_refused_in_words() {
    let world = World::with_destination("echo").await;
    for url in
        ["http://127.0.0.1/", "https://[::1]/", "https://169.254.169.254/x", "http://example.com/", "x"]
    {
        let (status, problem) = add(&world, json!({ "url": url })).await;
        assert_eq!((status.as_u16(), &problem["code"]), (422, &json!("address_refused")), "{url}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.len() > 40), "{problem}");
    }
    let good = "https://crm.example.com/";
    for (body, code) in [
        (json!({ "url": good, "secret": "short" }), "invalid_secret"),
        (json!({ "url": good, "number_id": "num_1" }), "unknown_number"),
        (json!({ "url": good, "number_id": format!("num_{:032x}", 7) }), "unknown_number"),
    ] {
        let (status, problem) = add(&world, body).await;
        assert_eq!((status.as_u16(), &problem["code"]), (422, &json!(code)));
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_owed_when_the_server_was_killed_is_delivered_after_the_next_start() {
    let mut outside = Outside::new("echo", 64).await;
    let receiver = Receiver::start().await;
    receiver.answer(&[], 503);
    outside.set("SWITCHBOARD_OUTBOUND_ALLOW", "127.0.0.0/8");
    let mut process = outside.start().await;
    let (status, _) = outside.api(Method::POST, RELAYS, Some(json!({ "url": receiver.url() }))).await;
    assert_eq!(status, StatusCode::CREATED);
    for _ in 0..5 {
        outside.simulator.place_call(&NewCall::default()).expect("the call is placed");
    }
    eventually("the place was asked five times in vain", || async {
        (receiver.received().len() >= 5).then_some(())
    })
    .await;
    process.kill();
    receiver.answer(&[], 200);
    let _again = outside.start().await;
    let connects = within(std::time::Duration::from_secs(40), "all five are passed on", || async {
        let connects: std::collections::HashSet<String> = receiver
            .taken()
            .iter()
            .filter(|webhook| webhook.event() == "connect")
            .map(Received::call)
            .collect();
        (connects.len() == 5).then_some(connects)
    })
    .await;
    assert_eq!(connects.len(), 5);
}
