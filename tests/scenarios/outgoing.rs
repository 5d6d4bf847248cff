//! The business calls: an agent clicks Call, the customer's phone rings, and what becomes of it.

mod crash;
mod guards;
mod race;
mod rights;
mod streak;
mod unclear;

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use switchboard_core::access::Scope;
use switchboard_core::call::state::{CallFacts, EndReason, EndedBy, Outcome, ProviderState};
use switchboard_core::ids::CallId;
use switchboard_simulator::agent::SimulatedAgent;
use switchboard_simulator::permissions::{Answer, Standing};
use switchboard_simulator::{
    AnswerSetup, AnswerShape, Behaviour, CallReport, CallState, EndedBy as TheirWord, Faults, Limits, OnCall,
    Sound, Switches,
};
use switchboard_store::calls::CallRow;

use super::people::hears;
use crate::support::patience::eventually;
use crate::support::permission::has_allowed_calls;
use crate::support::world::{Plan, World};

/// The customer of these stories.
const CUSTOMER: &str = "15550100002";

/// The settings of an exchange that may call.
fn may_call() -> Vec<(&'static str, String)> {
    vec![
        ("WHATSAPP_BUSINESS_CALLS_ENABLED", "true".to_owned()),
        ("SWITCHBOARD_NUMBER_PHONE", "+44 7700 900001".to_owned()),
    ]
}

/// A world in which the business may call the customer, who then does this.
async fn world_where(on_call: OnCall) -> World {
    let world = World::start(Plan { settings: may_call(), ..Plan::default() }).await;
    allow(&world, Behaviour { call: on_call, ..Behaviour::default() }).await;
    world
}

async fn allow(world: &World, behaviour: Behaviour) {
    has_allowed_calls(world, CUSTOMER).await;
    world.simulator.behave(CUSTOMER, behaviour).expect("a customer");
}

/// Clicks Call; gives our id of the call.
async fn calls(agent: &SimulatedAgent) -> CallId {
    let (status, call) = agent.place(json!({ "phone": format!("+{CUSTOMER}") })).await.expect("an answer");
    assert_eq!(status, 201, "{call}");
    assert_eq!((&call["direction"], &call["state"]), (&json!("outgoing"), &json!("dialled")), "{call}");
    call["id"].as_str().expect("an id").parse().expect("our id")
}

/// The call at the simulator's end.
async fn theirs(world: &World) -> CallReport {
    eventually("the call is at the provider's", || async { world.simulator.calls().pop() }).await
}

async fn row(world: &World, id: CallId) -> CallRow {
    let scope = Scope::of_the_exchange(world.number().await.tenant);
    let calls = world.exchange().engine.store().calls();
    calls.by_id(&scope, id).await.expect("the database answers").expect("the call was written")
}

async fn facts_until(world: &World, id: CallId, what: &str, is: impl Fn(&CallFacts) -> bool) -> CallFacts {
    eventually(what, || async { Some(row(world, id).await.facts()).filter(|facts| is(facts)) }).await
}

async fn ended(world: &World, id: CallId) -> (ProviderState, Outcome, EndReason, EndedBy) {
    let facts = facts_until(world, id, "the call is over", |facts| facts.ending.is_some()).await;
    let ending = facts.ending.clone().expect("over");
    (facts.state, ending.outcome, ending.reason, ending.by)
}

async fn free_again(agent: &SimulatedAgent) {
    eventually("the line is free", || async { agent.shown().borrow().my_call.is_none().then_some(()) }).await;
}

async fn customer_hears(world: &World, id: &str, hertz: u32) {
    let near = |heard: u32| heard.abs_diff(hertz) <= 10;
    let what = format!("the customer hears {hertz} Hz");
    world.customer_until(id, &what, |call| call.heard.dominant_hz.is_some_and(near)).await;
}

/// Both hear each other from the pick-up on; the agent hangs up.
async fn both_hear_each_other(world: &World) -> CallFacts {
    let (agent, user) = world.agent("ana@example.com").await;
    let id = calls(&agent).await;
    let call = theirs(world).await;
    customer_hears(world, &call.id, 880).await;
    hears(&agent, 440).await;
    assert_eq!(agent.hang_up(&id.to_string()).await.expect("an answer"), 200);
    let call = world.customer_is(&call.id, CallState::Ended).await;
    assert_eq!(call.ended_by, Some(TheirWord::Business));
    assert_eq!(call.heard.ssrcs.len(), 1, "one stream");
    let (state, outcome, reason, by) = ended(world, id).await;
    assert_eq!(
        (state, outcome, reason, by),
        (ProviderState::Terminated, Outcome::Answered, EndReason::AgentHungUp, EndedBy::Agent)
    );
    let row = row(world, id).await;
    assert_eq!(row.provider_call_id.expect("named").as_str(), call.wacid);
    let facts = row.facts;
    assert_eq!((facts.placed_by, facts.answered_by), (Some(user), Some(user)));
    free_again(&agent).await;
    facts
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_calls_the_customer_answers_and_both_hear_each_other() {
    let world = world_where(OnCall::AnswersAfterMs(300)).await;
    let facts = both_hear_each_other(&world).await;
    assert!(facts.dialled_at < facts.rang_at && facts.rang_at <= facts.accepted_at, "{facts:?}");
    assert!(facts.talk_time().is_some());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_customers_phone_rings_the_agent_hears_it_and_the_customer_hears_nothing() {
    let world = world_where(OnCall::LetsItRing).await;
    let (agent, _) = world.agent("ana@example.com").await;
    let id = calls(&agent).await;
    facts_until(&world, id, "it rings", |facts| facts.state == ProviderState::Ringing).await;
    // The ringback tone.
    hears(&agent, 425).await;
    let call = theirs(&world).await;
    assert_eq!(
        call.heard.packets, 0,
        "the agent speaks, and not a packet reaches a customer who has not picked up"
    );
    assert!(world.simulator.pick_up(&call.id), "it rings at his end");
    hears(&agent, 440).await;
    customer_hears(&world, &call.id, 880).await;
    world.simulator.hang_up(&call.id);
    assert_eq!(
        ended(&world, id).await,
        (ProviderState::Terminated, Outcome::Answered, EndReason::CustomerHungUp, EndedBy::Customer)
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_declines_is_not_called_again_and_the_agent_is_free() {
    let world = world_where(OnCall::DeclinesAfterMs(200)).await;
    let (agent, _) = world.agent("ana@example.com").await;
    let id = calls(&agent).await;
    assert_eq!(
        ended(&world, id).await,
        (ProviderState::Rejected, Outcome::Rejected, EndReason::DeclinedByCustomer, EndedBy::Customer)
    );
    free_again(&agent).await;
    assert_eq!(world.simulator.calls().len(), 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_nobody_picks_up_rings_out_and_the_call_is_missed() {
    let limits = Limits { business_ring_time: Duration::from_secs(2), ..Limits::default() };
    let world = World::start(Plan { settings: may_call(), limits, ..Plan::default() }).await;
    allow(&world, Behaviour { call: OnCall::LetsItRing, ..Behaviour::default() }).await;
    let (agent, _) = world.agent("ana@example.com").await;
    let id = calls(&agent).await;
    assert_eq!(
        ended(&world, id).await,
        (ProviderState::Missed, Outcome::Missed, EndReason::NoAnswer, EndedBy::Provider)
    );
    free_again(&agent).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging_up_while_it_rings_stops_the_customers_phone() {
    let world = world_where(OnCall::LetsItRing).await;
    let (agent, _) = world.agent("ana@example.com").await;
    let id = calls(&agent).await;
    facts_until(&world, id, "it rings", |facts| facts.rang_at.is_some()).await;
    assert_eq!(agent.hang_up(&id.to_string()).await.expect("an answer"), 200);
    let call = world.customer_is(&theirs(&world).await.id, CallState::Ended).await;
    assert_eq!(call.ended_by, Some(TheirWord::Business));
    assert_eq!(
        ended(&world, id).await,
        (ProviderState::Cancelled, Outcome::Cancelled, EndReason::AgentHungUp, EndedBy::Agent)
    );
    free_again(&agent).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_fails_at_the_customers_end_says_with_which_code() {
    let world = world_where(OnCall::SetupFails).await;
    let (agent, _) = world.agent("ana@example.com").await;
    let id = calls(&agent).await;
    let (state, outcome, reason, _) = ended(&world, id).await;
    assert_eq!((state, outcome, reason), (ProviderState::Failed, Outcome::Failed, EndReason::ProviderFailed));
    let fault = row(&world, id).await.facts.ending.expect("over").fault.expect("a fault");
    assert_eq!(fault.code, 138_019);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_cannot_be_called_is_not_called() {
    let world = world_where(OnCall::Uncallable).await;
    let (agent, _) = world.agent("ana@example.com").await;
    let id = calls(&agent).await;
    let (state, _, reason, by) = ended(&world, id).await;
    assert_eq!(
        (state, reason, by),
        (ProviderState::Failed, EndReason::CustomerUncallable, EndedBy::Provider)
    );
    free_again(&agent).await;
    assert!(world.simulator.calls().is_empty());
    world.stop().await;
}

/// The codes of everything that is in the way of a call to the customer, by the dry run.
async fn in_the_way(world: &World) -> Vec<String> {
    let (status, dry) = world.api(Method::GET, &format!("/api/v1/eligibility?phone=%2B{CUSTOMER}")).await;
    assert_eq!(status, StatusCode::OK, "{dry}");
    let reasons = dry["reasons"].as_array().expect("reasons");
    reasons.iter().map(|reason| reason["code"].as_str().expect("a code").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_not_allowed_it_is_not_called_whatever_the_provider_would_say() {
    let world = World::start(Plan { settings: may_call(), ..Plan::default() }).await;
    let (agent, _) = world.agent("ana@example.com").await;
    let place = async || agent.place(json!({ "phone": format!("+{CUSTOMER}") })).await.expect("an answer");
    let refused_for = async |code: &str| {
        let (status, problem) = place().await;
        assert_eq!((status, &problem["code"]), (409, &json!("not_eligible")), "{problem}");
        let reasons = problem["reasons"].as_array().expect("reasons");
        assert!(reasons.iter().any(|reason| reason["code"] == code), "{code} is not in {problem}");
        assert!(in_the_way(&world).await.iter().any(|known| known == code), "the dry run says the same");
    };
    // Nobody has heard of him: no permission, and no conversation.
    refused_for("permission_missing").await;
    refused_for("no_conversation").await;
    has_allowed_calls(&world, CUSTOMER).await;
    assert_eq!(in_the_way(&world).await, Vec::<String>::new());
    // An assistant works on him.
    let (_, page) = world.api(Method::GET, &format!("/api/v1/contacts?q={CUSTOMER}")).await;
    let contact = page["items"][0]["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/contacts/{contact}");
    for (state, code) in [("ai", "automation_active"), ("blocked", "automation_blocked")] {
        world.api_with(Method::PATCH, &path, &json!({ "automation_state": state })).await;
        refused_for(code).await;
    }
    world.api_with(Method::PATCH, &path, &json!({ "automation_state": "none" })).await;
    // He does not want to be called: that wins over his permission.
    let consents = format!("/api/v1/contacts/{contact}/consents");
    let no = json!({ "kind": "opt_out", "evidence_text": "please do not call me" });
    let (status, said) = world.api_with(Method::POST, &consents, &no).await;
    assert_eq!(status, StatusCode::CREATED, "{said}");
    refused_for("opted_out").await;
    let entry = said["id"].as_str().expect("an id").to_owned();
    world.api(Method::DELETE, &format!("/api/v1/consents/{entry}")).await;
    // He takes the permission back.
    world.simulator.set_in_profile(CUSTOMER, Answer::Decline).expect("taken back");
    eventually("it is heard", || async {
        in_the_way(&world).await.iter().any(|code| code == "permission_revoked").then_some(())
    })
    .await;
    refused_for("permission_revoked").await;
    // By his contact it is the same, and a contact nobody knows is none.
    let (_, dry) = world.api(Method::GET, &format!("/api/v1/eligibility?contact_id={contact}")).await;
    assert_eq!(dry["reasons"][0]["code"], "permission_revoked", "{dry}");
    let nobody = "ct_0199aaaabbbb7ccc8dddeeeeffff0001";
    let (status, _) = world.api(Method::GET, &format!("/api/v1/eligibility?contact_id={nobody}")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(world.simulator.calls().is_empty());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_answer_our_offer_connects() {
    for (answer_setup, answer_shape, legacy_connection) in [
        (AnswerSetup::Active, AnswerShape::Docs2024, true),
        (AnswerSetup::Actpass, AnswerShape::Modern, false),
        (AnswerSetup::Passive, AnswerShape::Modern, false),
    ] {
        let world = world_where(OnCall::AnswersAfterMs(100)).await;
        world.simulator.set_switches(Switches {
            answer_setup,
            answer_shape,
            legacy_connection,
            ..Switches::default()
        });
        both_hear_each_other(&world).await;
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_in_the_sdp_carry_a_call_of_the_business() {
    let mut settings = may_call();
    settings.push(("SWITCHBOARD_SRTP_KEY_EXCHANGE", "sdes".to_owned()));
    let world = World::start(Plan { settings, ..Plan::default() }).await;
    allow(&world, Behaviour { call: OnCall::AnswersAfterMs(100), ..Behaviour::default() }).await;
    let (status, answer) = meta_is_set_to_sdes(&world).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    both_hear_each_other(&world).await;
    world.stop().await;
}

/// The number's setting at Meta, as an admin changes it there.
async fn meta_is_set_to_sdes(world: &World) -> (StatusCode, Value) {
    let account = crate::support::world::account();
    let url = format!("{}/v25.0/{}/settings", world.simulator.url(), account.numbers[0].id);
    let body = json!({ "calling": { "srtp_key_exchange_protocol": "SDES" } });
    let request = world.client().post(url).bearer_auth(crate::support::world::ACCESS_TOKEN).json(&body);
    let answer = request.send().await.expect("Graph answers");
    (answer.status(), answer.json().await.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_providers_words_come_in_any_order() {
    for seed in 0..3 {
        let world = world_where(OnCall::AnswersAfterMs(50)).await;
        world.simulator.set_faults(Faults { shuffle: 1.0, duplicate: 0.5, seed, ..Faults::default() });
        both_hear_each_other(&world).await;
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_connect_webhook_comes_before_the_answer_to_our_request() {
    let world = world_where(OnCall::AnswersAfterMs(50)).await;
    world.simulator.set_faults(Faults {
        connect_before_answer: 1.0,
        graph_delay_ms: 400,
        ..Faults::default()
    });
    both_hear_each_other(&world).await;
    world.stop().await;
}

/// No status says that he picked up: his voice does, and not a packet of it is lost.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_word_of_the_customer_is_not_clipped() {
    let limits = Limits { speaks_after: Duration::ZERO, ..Limits::default() };
    let world = World::start(Plan { settings: may_call(), limits, ..Plan::default() }).await;
    allow(
        &world,
        Behaviour {
            call: OnCall::AnswersAfterMs(700),
            sound: Sound::ToneHz(440),
            hang_up_after_answer_ms: Some(1_500),
            ..Behaviour::default()
        },
    )
    .await;
    world.simulator.set_faults(Faults { drop_status: 1.0, ..Faults::default() });
    let (agent, _) = world.agent("ana@example.com").await;
    let id = calls(&agent).await;
    assert_eq!(ended(&world, id).await.2, EndReason::CustomerHungUp);
    let call = world.customer_is(&theirs(&world).await.id, CallState::Ended).await;
    let heard = agent.heard();
    assert!(call.sent.packets > 50, "{:?}", call.sent);
    assert!(
        heard.packets >= call.sent.packets && heard.lost == 0,
        "of {} packets the agent heard {} and missed {}",
        call.sent.packets,
        heard.packets,
        heard.lost
    );
    assert!(row(&world, id).await.facts.answered_at.is_some());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_the_way_is_said_and_nobody_is_called() {
    // The switch of calls of the business is off unless somebody turns it.
    let world = World::with_destination("agents").await;
    let (agent, _) = world.agent("ana@example.com").await;
    let (status, problem) = agent.place(json!({ "phone": CUSTOMER })).await.expect("an answer");
    assert_eq!((status, &problem["code"]), (409, &json!("not_eligible")), "{problem}");
    assert_eq!(problem["reasons"][0]["code"], "business_calls_disabled", "{problem}");
    assert!(problem["reasons"][0]["sentence"].as_str().is_some_and(|text| text.len() > 20), "{problem}");
    let (_, dry) = world.api(Method::GET, "/api/v1/eligibility?phone=%2B15550100002").await;
    assert_eq!(
        (&dry["allowed"], &dry["reasons"][0]["code"]),
        (&json!(false), &json!("business_calls_disabled"))
    );
    for (body, code) in [
        (json!({ "phone": "call me" }), "invalid_phone"),
        (json!({}), "invalid_phone"),
        (json!({ "phone": CUSTOMER, "number_id": "num_x" }), "unknown_number"),
        (json!({ "phone": CUSTOMER, "payload": "x".repeat(513) }), "invalid_payload"),
        (json!({ "phone": CUSTOMER, "agent_id": "nobody" }), "unknown_agent"),
    ] {
        let (status, problem) = agent.place(body).await.expect("an answer");
        assert_eq!((status, &problem["code"]), (422, &json!(code)), "{problem}");
    }
    // A key has no line of its own.
    let number = world.number().await.id.to_string();
    let (status, _) = world
        .api_with(
            Method::PATCH,
            &format!("/api/v1/numbers/{number}"),
            &json!({ "business_calls_enabled": true }),
        )
        .await;
    assert_eq!(status, StatusCode::OK);
    let (status, problem) =
        world.api_with(Method::POST, "/api/v1/calls", &json!({ "phone": CUSTOMER })).await;
    assert_eq!((status.as_u16(), &problem["code"]), (403, &json!("needs_a_person")), "{problem}");
    assert!(world.simulator.calls().is_empty());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_twice_with_one_key_calls_once_and_another_person_can_be_named() {
    let world = world_where(OnCall::LetsItRing).await;
    has_allowed_calls(&world, "4915550100003").await;
    let (agent, user) = world.agent("ana@example.com").await;
    let body = json!({ "phone": CUSTOMER, "agent_id": user.to_string(), "payload": "order-7" });
    let place = || {
        let request = world.client().post(world.url("/api/v1/calls"));
        let request = request.bearer_auth(crate::support::world::API_KEY).header("Idempotency-Key", "k-1");
        request.json(&body).send()
    };
    let (one, other) = tokio::join!(place(), place());
    let mut answers = Vec::new();
    for answer in [one, other, place().await] {
        let answer = answer.expect("an answer");
        answers.push((answer.status().as_u16(), answer.json::<Value>().await.expect("JSON")));
    }
    let made = answers.iter().filter(|(status, _)| *status == 201).count();
    assert_eq!(made, 1, "{answers:?}");
    let id: CallId = answers[2].1["id"].as_str().expect("an id").parse().expect("our id");
    assert_eq!(answers[2].0, 200, "{answers:?}");
    // The key is that call's: it opens no other.
    let other = json!({ "phone": "4915550100003", "agent_id": user.to_string() });
    let request = world.client().post(world.url("/api/v1/calls")).json(&other);
    let request = request.bearer_auth(crate::support::world::API_KEY).header("Idempotency-Key", "k-1");
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 422);
    assert_eq!(answer.json::<Value>().await.expect("JSON")["code"], "idempotency_key_reused");
    eventually("it is on Ana's line", || async { agent.shown().borrow().my_call.clone() }).await;
    assert_eq!(row(&world, id).await.metadata["payload"], "order-7");
    facts_until(&world, id, "it rings", |facts| facts.rang_at.is_some()).await;
    assert_eq!(world.simulator.calls().len(), 1);
    // She is busy: another call of hers is refused.
    let (status, problem) = agent.place(json!({ "phone": "4915550100003" })).await.expect("an answer");
    assert_eq!((status, &problem["code"]), (409, &json!("in_another_call")), "{problem}");
    let (status, problem) = agent.place(json!({ "phone": CUSTOMER })).await.expect("an answer");
    assert_eq!((status, &problem["reasons"][0]["code"]), (409, &json!("call_in_progress")), "{problem}");
    world.stop().await;
}
