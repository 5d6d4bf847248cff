//! May we call you? From the question to the answer, to its end: asked, allowed, refused, taken back, run out.

mod unclear;

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;
use switchboard_simulator::permissions::{Answer, Standing};
use switchboard_simulator::{Behaviour, Faults, Limits, NewCall, NumberChange, OnMessage, Restriction};

use crate::support::patience::eventually;
use crate::support::world::{APP_SECRET, Plan, World, account};

/// A customer the simulator knows.
const CUSTOMER: &str = "15550100002";

pub(super) async fn contact_of(world: &World, phone: &str) -> Value {
    eventually("the customer is known", || async {
        let (_, page) = world.api(Method::GET, &format!("/api/v1/contacts?q={phone}")).await;
        page["items"].as_array()?.first().cloned()
    })
    .await
}

async fn permission(world: &World, phone: &str) -> Value {
    let contact = contact_of(world, phone).await;
    let number = world.number().await.id;
    let path = format!("/api/v1/permissions/{}/{number}", contact["id"].as_str().expect("an id"));
    world.api(Method::GET, &path).await.1
}

async fn stands(world: &World, phone: &str, status: &str) -> Value {
    eventually(&format!("the permission is {status}"), || async {
        Some(permission(world, phone).await).filter(|permission| permission["status"] == status)
    })
    .await
}

async fn ask(world: &World, body: Value) -> (StatusCode, Value) {
    world.api_with(Method::POST, "/api/v1/permissions/request", &body).await
}

fn events(permission: &Value) -> Vec<&str> {
    let history = permission["history"].as_array().map(Vec::as_slice).unwrap_or_default();
    history.iter().map(|entry| entry["event"].as_str().expect("a word")).collect()
}

pub(super) async fn post(world: &World, body: &Value) -> StatusCode {
    let body = body.to_string().into_bytes();
    let mut mac = Hmac::<Sha256>::new_from_slice(APP_SECRET.as_bytes()).expect("any length will do");
    mac.update(&body);
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    let request = world.client().post(world.url("/api/whatsapp/calling"));
    request.header("x-hub-signature-256", signature).body(body).send().await.expect("an answer").status()
}

/// A reply as Meta sends it.
fn reply(from: &str, id: &str, at: i64, context: Option<&str>, said: Value) -> Value {
    let mut message = json!({
        "from": from, "id": id, "timestamp": at.to_string(), "type": "interactive",
        "interactive": { "type": "call_permission_reply", "call_permission_reply": said },
    });
    if let Some(context) = context {
        message["context"] = json!({ "from": "15550100001", "id": context });
    }
    let number = &account().numbers[0];
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": account().waba_id, "changes": [{
        "field": "messages", "value": { "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "15550100001", "phone_number_id": number.id },
        "contacts": [{ "profile": { "name": "Somebody" }, "wa_id": from }], "messages": [message] } }] }] })
}

fn accepts_until(until: i64) -> Value {
    json!({ "response": "accept", "is_permanent": false, "expiration_timestamp": until.to_string(),
        "response_source": "user_action" })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_writes_is_asked_and_accepts_and_is_not_asked_again_today() {
    let world = World::with_destination("agents").await;
    world.simulator.write(CUSTOMER, "Hello").expect("written");
    let contact = contact_of(&world, CUSTOMER).await;
    assert!(contact["window_until"].is_string() && contact["phone"] == "+15550100002", "{contact}");

    let (status, asked) =
        ask(&world, json!({ "phone": "+1 (555) 010-0002", "text": "May we call you?" })).await;
    assert_eq!(status, StatusCode::CREATED, "{asked}");
    assert_eq!(asked["permission"]["status"], "requested");
    assert_eq!(asked["message"]["kind"], "call_permission_request");
    assert!(world.simulator.pair(CUSTOMER).expect("a pair").open_request.is_some());

    let (status, refused) = ask(&world, json!({ "phone": CUSTOMER })).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("permission_limit")), "{refused}");
    assert_eq!(refused["why"], "limit_day");
    assert!(refused["next_at"].is_string(), "{refused}");

    world.simulator.reply(CUSTOMER, Answer::Temporary).expect("answered");
    let granted = stands(&world, CUSTOMER, "temporary").await;
    assert_eq!((&granted["source"], &granted["allows_call"]), (&json!("request"), &json!(true)), "{granted}");
    assert_eq!(events(&granted), ["granted", "requested"]);
    // The house rule ends before Meta's week does.
    assert!(granted["call_until"].as_str() < granted["expires_at"].as_str(), "{granted}");

    // The provider's own books say the same.
    let number = world.number().await.id.to_string();
    let pair = json!({ "contact_id": contact["id"], "number_id": number });
    let (status, looked_up) = world.api_with(Method::POST, "/api/v1/permissions/refresh", &pair).await;
    assert_eq!(
        (status, &looked_up["requests"]["used_day"]),
        (StatusCode::OK, &json!(1)),
        "both books count one request: {looked_up}"
    );
    assert_eq!((&looked_up["status"], &looked_up["said_by"]), (&json!("temporary"), &json!("meta")));

    let (_, log) = world.api(Method::GET, "/api/v1/events?limit=200").await;
    let kinds: Vec<&str> = log["items"]
        .as_array()
        .expect("a log")
        .iter()
        .map(|entry| entry["kind"].as_str().expect("a word"))
        .collect();
    for kind in ["message.received", "permission.requested", "permission.granted"] {
        assert!(kinds.contains(&kind), "{kind} is not in {kinds:?}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_ask_at_once_send_one_request() {
    let world = World::with_destination("agents").await;
    world.simulator.write(CUSTOMER, "Hello").expect("written");
    contact_of(&world, CUSTOMER).await;
    let body = json!({ "phone": CUSTOMER });
    let asked = futures_util::future::join_all((0..5).map(|_| ask(&world, body.clone()))).await;
    let sent = asked.iter().filter(|(status, _)| *status == StatusCode::CREATED).count();
    assert_eq!(sent, 1, "{asked:?}");
    let messages = world.simulator.pair(CUSTOMER).expect("a pair").messages;
    assert_eq!(
        messages.iter().filter(|message| message.kind.contains("permission")).count(),
        1,
        "{messages:?}"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_never_wrote_is_asked_with_a_template_and_without_one_not_at_all() {
    let settings = vec![("WABA_ID", account().waba_id)];
    let world = World::start(Plan { settings, ..Plan::default() }).await;
    let (status, refused) = ask(&world, json!({ "phone": CUSTOMER })).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("no_template")), "{refused}");

    let number = world.number().await.id;
    let (status, templates) = world.api(Method::GET, &format!("/api/v1/numbers/{number}/templates")).await;
    assert_eq!(status, StatusCode::OK, "{templates}");
    let templates = templates["items"].as_array().expect("a list");
    let asking: Vec<&Value> =
        templates.iter().filter(|template| template["asks_permission"] == true).collect();
    let template = asking.iter().find(|template| template["language"] == "en").expect("one that asks");
    let parameters: Vec<&str> =
        (0..template["parameters"].as_u64().expect("a count")).map(|_| "order 1522").collect();
    let named = json!({ "name": template["name"], "language": "en", "parameters": parameters });
    let (status, asked) = ask(&world, json!({ "phone": CUSTOMER, "template": named })).await;
    assert_eq!(status, StatusCode::CREATED, "{asked}");
    assert_eq!(
        (&asked["message"]["kind"], &asked["permission"]["status"]),
        (&json!("template"), &json!("requested"))
    );

    world.simulator.reply(CUSTOMER, Answer::Decline).expect("answered");
    assert_eq!(stands(&world, CUSTOMER, "denied").await["source"], "request");
    // One who changes his mind on the same question. Meta's stamps are whole seconds.
    world.simulator.advance(Duration::from_secs(2));
    world.simulator.reply(CUSTOMER, Answer::Permanent).expect("answered");
    let granted = stands(&world, CUSTOMER, "permanent").await;
    assert!(granted["expires_at"].is_null(), "{granted}");
    let (status, refused) = ask(&world, json!({ "phone": CUSTOMER, "template": named })).await;
    assert_eq!((status, &refused["why"]), (StatusCode::CONFLICT, &json!("permanent")), "{refused}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_set_in_the_profile_and_what_meta_does_by_itself_is_heard() {
    let world = World::with_destination("agents").await;
    world.simulator.set_in_profile(CUSTOMER, Answer::Permanent).expect("set");
    assert_eq!(stands(&world, CUSTOMER, "permanent").await["source"], "profile");
    world.simulator.set_in_profile(CUSTOMER, Answer::Decline).expect("taken back");
    assert_eq!(stands(&world, CUSTOMER, "revoked").await["source"], "profile");

    // Taken away by Meta after calls nobody took: scenario F of the documents.
    let now = world.simulator.now();
    post(
        &world,
        &reply(
            "15550100077",
            "wamid.e",
            now - 5,
            Some("wacid.call"),
            json!({
        "response": "accept", "is_permanent": false, "expiration_timestamp": (now + 3_600).to_string(),
        "response_source": "automatic" }),
        ),
    )
    .await;
    assert_eq!(stands(&world, "15550100077", "temporary").await["source"], "callback");
    let taken = json!({ "response": "reject", "response_source": "automatic" });
    post(&world, &reply("15550100077", "wamid.f", now, None, taken)).await;
    let revoked = stands(&world, "15550100077", "revoked").await;
    assert_eq!(revoked["source"], "automatic");
    assert_eq!(events(&revoked), ["revoked", "granted"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_comes_twice_late_or_to_nothing_is_written_down_and_does_no_harm() {
    let world = World::with_destination("agents").await;
    let now = world.simulator.now();
    let from = "15550100078";
    let first = reply(from, "wamid.1", now - 60, Some("wamid.nobody-asked"), accepts_until(now + 3_600));
    for _ in 0..3 {
        assert_eq!(post(&world, &first).await, StatusCode::OK);
    }
    let granted = stands(&world, from, "temporary").await;
    let unmatched = events(&granted).iter().filter(|event| **event == "reply_unmatched").count();
    assert_eq!(unmatched, 1, "once, though it came three times: {granted}");

    // Decided earlier, heard later.
    let refused = json!({ "response": "reject", "response_source": "user_action" });
    post(&world, &reply(from, "wamid.0", now - 120, None, refused)).await;
    let still = eventually("the late one is written down", || async {
        let permission = permission(&world, from).await;
        events(&permission).contains(&"reply_ignored").then_some(permission)
    })
    .await;
    assert_eq!(still["status"], "temporary", "{still}");

    // Taken back, and then the old yes once more, under a name of its own.
    let refused = json!({ "response": "reject", "response_source": "user_action" });
    post(&world, &reply(from, "wamid.2", now, None, refused)).await;
    stands(&world, from, "revoked").await;
    post(&world, &reply(from, "wamid.3", now - 60, None, accepts_until(now + 3_600))).await;
    post(&world, &first).await;
    let revoked = eventually("the late one is written down, the other is known", || async {
        let permission = permission(&world, from).await;
        let late = events(&permission).iter().filter(|event| **event == "reply_ignored").count();
        (late == 2).then_some(permission)
    })
    .await;
    assert_eq!(
        (&revoked["status"], &revoked["allows_call"]),
        (&json!("revoked"), &json!(false)),
        "{revoked}"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_runs_out_by_itself_also_when_nobody_says_so() {
    let world = World::with_destination("agents").await;
    let now = world.simulator.now();
    post(&world, &reply("15550100079", "wamid.1", now, None, accepts_until(now + 3))).await;
    let granted = stands(&world, "15550100079", "temporary").await;
    assert_eq!(granted["allows_call"], true);
    let expired = eventually("it has run out", || async {
        let permission = permission(&world, "15550100079").await;
        events(&permission).contains(&"expired").then_some(permission)
    })
    .await;
    assert_eq!((&expired["status"], &expired["allows_call"]), (&json!("expired"), &json!(false)));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_provider_knows_better_wins_when_it_is_asked() {
    let world = World::with_destination("agents").await;
    world.simulator.write(CUSTOMER, "Hello").expect("written");
    let contact = contact_of(&world, CUSTOMER).await;
    world.simulator.set_permission(CUSTOMER, Standing::Permanent).expect("put there");
    let number = world.number().await.id.to_string();
    let pair = json!({ "contact_id": contact["id"], "number_id": number });
    // The provider says that there is nothing to ask, and his books say why.
    let (status, refused) = ask(&world, json!({ "phone": CUSTOMER })).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("provider_refused")), "{refused}");
    assert_eq!(refused["provider_code"], 138_017, "{refused}");
    let found = stands(&world, CUSTOMER, "permanent").await;
    assert_eq!(found["source"], "lookup");
    assert_eq!(found["requests"]["used_day"], 0, "what was refused does not count: {found}");
    let (_, again) = world.api_with(Method::POST, "/api/v1/permissions/refresh", &pair).await;
    assert_eq!(again["status"], "permanent", "{again}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_who_look_at_one_customer_at_once_ask_the_provider_once() {
    let limits = Limits { permission_lookups_per_second: 1, ..Limits::default() };
    let world = World::start(Plan { limits, ..Plan::default() }).await;
    world.simulator.write(CUSTOMER, "Hello").expect("written");
    let contact = contact_of(&world, CUSTOMER).await;
    let number = world.number().await.id.to_string();
    let pair = json!({ "contact_id": contact["id"], "number_id": number });
    // What is sent in this second makes all of them wait for its end.
    let (status, asked) = ask(&world, json!({ "phone": CUSTOMER })).await;
    assert_eq!(status, StatusCode::CREATED, "{asked}");
    let looks = (0..4).map(|_| world.api_with(Method::POST, "/api/v1/permissions/refresh", &pair));
    for (status, looked_up) in futures_util::future::join_all(looks).await {
        assert_eq!((status, &looked_up["said_by"]), (StatusCode::OK, &json!("meta")), "{looked_up}");
        assert_eq!(looked_up["requests"]["used_day"], 1, "{looked_up}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_to_a_phone_that_cannot_take_it_fails_and_is_told() {
    let world = World::with_destination("agents").await;
    world.simulator.write(CUSTOMER, "Hello").expect("written");
    contact_of(&world, CUSTOMER).await;
    let old = Behaviour { message: OnMessage::Reads, old_app: true, ..Behaviour::default() };
    world.simulator.behave(CUSTOMER, old).expect("set");
    let (status, asked) = ask(&world, json!({ "phone": CUSTOMER })).await;
    assert_eq!(status, StatusCode::CREATED, "{asked}");
    let failed = eventually("the status has come", || async {
        let permission = permission(&world, CUSTOMER).await;
        events(&permission).contains(&"request_failed").then_some(permission)
    })
    .await;
    assert_eq!(failed["status"], "none", "{failed}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_the_customer_opens_the_window_and_stands_in_his_book() {
    let world = World::with_destination("echo").await;
    let call = world.call(NewCall {
        from: Some(CUSTOMER.to_owned()),
        name: Some("Mary".to_owned()),
        hang_up_after_ms: Some(800),
        ..NewCall::default()
    });
    world.ended(&call.wacid).await;
    let contact = eventually("the call is in the book", || async {
        Some(contact_of(&world, CUSTOMER).await).filter(|contact| contact["last_call_at"].is_string())
    })
    .await;
    assert!(contact["window_until"].is_string(), "{contact}");
    let (status, asked) = ask(&world, json!({ "contact_id": contact["id"] })).await;
    assert_eq!(status, StatusCode::CREATED, "in free words: {asked}");
    assert_eq!(asked["message"]["kind"], "call_permission_request");
    tokio::time::timeout(Duration::from_secs(60), world.stop()).await.expect("it stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_restricted_number_nobody_is_asked_and_nothing_counts() {
    let world = World::with_destination("agents").await;
    world.simulator.write(CUSTOMER, "Hello").expect("written");
    contact_of(&world, CUSTOMER).await;
    let restriction = Restriction {
        kind: "RESTRICTED_BUSINESS_INITIATED_CALLING".to_owned(),
        reason: "Customers complained.".to_owned(),
        expiration: Some(world.simulator.now() + 8),
    };
    let number = &account().numbers[0].id;
    let change = NumberChange { restrictions: Some(vec![restriction]), ..NumberChange::default() };
    world.simulator.change_number(number, change).expect("a number");
    let path = format!("/api/v1/numbers/{}/calling", world.number().await.id);
    eventually("the restriction is known", || async {
        let (_, shown) = world.api(Method::GET, &path).await;
        (!shown["restrictions"].as_array()?.is_empty()).then_some(())
    })
    .await;
    let (status, refused) = ask(&world, json!({ "phone": CUSTOMER })).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("not_eligible")), "{refused}");
    assert_eq!(refused["reason"], "restricted_by_meta", "{refused}");
    assert!(refused["until"].is_string(), "{refused}");
    let permission = permission(&world, CUSTOMER).await;
    assert_eq!(permission["requests"]["used_day"], 0, "{permission}");

    eventually("it is over", || async {
        (ask(&world, json!({ "phone": CUSTOMER })).await.0 == StatusCode::CREATED).then_some(())
    })
    .await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_goes_away_while_he_asks_has_asked() {
    let world = World::with_destination("agents").await;
    world.simulator.write(CUSTOMER, "Hello").expect("written");
    contact_of(&world, CUSTOMER).await;
    // Meta takes its time.
    world.simulator.set_faults(Faults { graph_delay_ms: 1_500, ..Faults::default() });
    let asking = ask(&world, json!({ "phone": CUSTOMER }));
    let sent = eventually("the request stands in the book", || async {
        let permission = permission(&world, CUSTOMER).await;
        (permission["requests"]["used_day"] == 1).then_some(())
    });
    tokio::select! {
        answered = asking => panic!("it was answered at once: {answered:?}"),
        () = sent => {}
    }
    let asked = eventually("it was sent all the same", || async {
        Some(permission(&world, CUSTOMER).await).filter(|asked| events(asked).contains(&"requested"))
    })
    .await;
    assert_eq!(
        (&asked["status"], &asked["requests"]["used_day"]),
        (&json!("requested"), &json!(1)),
        "{asked}"
    );
    assert!(world.simulator.pair(CUSTOMER).expect("a pair").open_request.is_some());
    world.stop().await;
}
