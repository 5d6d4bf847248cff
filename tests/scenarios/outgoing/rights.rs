//! Who may have a customer called, past what, from where, and what he reads of him.

use switchboard_core::access::{Branches, Role};
use switchboard_core::ids::{BranchId, UserId};
use switchboard_simulator::{NumberChange, Restriction};

use super::*;
use crate::scenarios::hours::closed_now;
use crate::support::world::{API_KEY, account};

/// Has never said anything.
const STRANGER: &str = "15550100099";

/// A key of somebody with this role.
async fn key(world: &World, role: &str, branches: Option<&BranchId>) -> String {
    let branches = branches.map(|branch| vec![branch.to_string()]);
    let wanted = json!({ "name": format!("Till of a {role}"), "role": role, "branch_ids": branches });
    let (status, made) = world.api_with(Method::POST, "/api/v1/api-keys", &wanted).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    made["key"].as_str().expect("a key").to_owned()
}

async fn branch(world: &World, name: &str) -> BranchId {
    let (_, made) = world.api_with(Method::POST, "/api/v1/branches", &json!({ "name": name })).await;
    made["id"].as_str().expect("an id").parse().expect("a branch")
}

/// Places a call with a key; `once` is its Idempotency-Key.
async fn place(world: &World, key: &str, once: Option<&str>, body: &Value) -> (u16, Value) {
    let mut request = world.client().post(world.url("/api/v1/calls")).bearer_auth(key).json(body);
    if let Some(once) = once {
        request = request.header("Idempotency-Key", once);
    }
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

fn codes(problem: &Value) -> Vec<&str> {
    let reasons = problem["reasons"].as_array().map(Vec::as_slice).unwrap_or_default();
    reasons.iter().map(|reason| reason["code"].as_str().expect("a code")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_one_call_opens_no_other_and_tells_nothing_of_another_branch() {
    let world = world_where(OnCall::LetsItRing).await;
    let (north, south) = (branch(&world, "North").await, branch(&world, "South").await);
    let path = format!("/api/v1/numbers/{}", world.number().await.id);
    let theirs = json!({ "branch_id": north.to_string() });
    assert_eq!(world.api_with(Method::PATCH, &path, &theirs).await.0, StatusCode::OK);
    let (agent, user) = world.person("ana@example.com", Role::Agent, Branches::Only(vec![north])).await;
    let northern = key(&world, "supervisor", Some(&north)).await;
    let body = json!({ "phone": CUSTOMER, "agent_id": user.to_string(), "payload": "order-7" });
    let (status, call) = place(&world, &northern, Some("k-1"), &body).await;
    assert_eq!(status, 201, "{call}");
    let (status, same) = place(&world, &northern, Some("k-1"), &body).await;
    assert_eq!((status, &same["id"]), (200, &call["id"]), "{same}");
    let id: CallId = call["id"].as_str().expect("an id").parse().expect("our id");
    facts_until(&world, id, "it rings", |facts| facts.rang_at.is_some()).await;
    // What is asked for with it is another call: another customer, another payload, none.
    for other in [
        json!({ "phone": STRANGER, "agent_id": user.to_string(), "payload": "order-7" }),
        json!({ "phone": CUSTOMER, "agent_id": user.to_string(), "payload": "order-8" }),
        json!({ "phone": CUSTOMER, "agent_id": user.to_string() }),
    ] {
        let (status, problem) = place(&world, &northern, Some("k-1"), &other).await;
        assert_eq!((status, &problem["code"]), (422, &json!("idempotency_key_reused")), "{other}: {problem}");
    }
    // Who does not see that call learns that the key is taken, and nothing of the call.
    let southern = key(&world, "supervisor", Some(&south)).await;
    let (status, problem) = place(&world, &southern, Some("k-1"), &body).await;
    assert_eq!((status, &problem["code"]), (409, &json!("idempotency_key_taken")), "{problem}");
    assert!(!problem.to_string().contains(&id.to_string()), "{problem}");
    // Also when the call is over, it is the same call.
    assert_eq!(agent.hang_up(&id.to_string()).await.expect("an answer"), 200);
    ended(&world, id).await;
    let (status, same) = place(&world, &northern, Some("k-1"), &body).await;
    assert_eq!((status, &same["id"], &same["state"]), (200, &call["id"], &json!("cancelled")), "{same}");
    assert_eq!(world.simulator.calls().len(), 1, "one phone rang, once");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_calls_outside_of_the_hours_and_it_is_written_who_what_and_why() {
    let world = world_where(OnCall::LetsItRing).await;
    let mut hours = closed_now(&world);
    hours["outbound_blocked"] = json!(true);
    let path = format!("/api/v1/numbers/{}/hours", world.number().await.id);
    assert_eq!(world.api_with(Method::PUT, &path, &hours).await.0, StatusCode::OK);
    let (agent, _) = world.agent("ana@example.com").await;
    let (boss, user) = world.person("sue@example.com", Role::Supervisor, Branches::All).await;
    let plain = json!({ "phone": CUSTOMER });
    let urgent = json!({ "phone": CUSTOMER, "override": { "hours": true } });
    let (status, problem) = boss.place(plain).await.expect("an answer");
    assert_eq!((status, codes(&problem)), (409, vec!["outside_hours"]), "{problem}");
    assert!(problem["reasons"][0]["until"].is_string(), "it says when it opens: {problem}");
    let (status, problem) = agent.place(urgent.clone()).await.expect("an answer");
    assert_eq!((status, &problem["code"]), (403, &json!("forbidden")), "{problem}");
    let audited = async || {
        let (_, log) = world.api(Method::GET, "/api/v1/audit?what=call.overridden").await;
        log["items"].as_array().expect("entries").clone()
    };
    assert_eq!(audited().await, Vec::<Value>::new(), "what was refused passed nothing over");

    let (status, call) = boss.place(urgent).await.expect("an answer");
    assert_eq!(status, 201, "{call}");
    let log = audited().await;
    assert_eq!(log.len(), 1, "{log:?}");
    assert_eq!((&log[0]["by"], &log[0]["who"]["id"]), (&json!("person"), &json!(user.to_string())));
    assert_eq!((&log[0]["subject"]["kind"], &log[0]["subject"]["id"]), (&json!("call"), &call["id"]));
    assert_eq!(log[0]["detail"]["reasons"], json!(["outside_hours"]), "{log:?}");
    let id: CallId = call["id"].as_str().expect("an id").parse().expect("our id");
    facts_until(&world, id, "it rings", |facts| facts.rang_at.is_some()).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_meta_forbids_nobody_passes_over() {
    let world = world_where(OnCall::LetsItRing).await;
    let mut hours = closed_now(&world);
    hours["outbound_blocked"] = json!(true);
    let number = world.number().await.id;
    let path = format!("/api/v1/numbers/{number}/hours");
    assert_eq!(world.api_with(Method::PUT, &path, &hours).await.0, StatusCode::OK);
    let (boss, _) = world.person("sue@example.com", Role::Admin, Branches::All).await;
    let every = json!({ "hours": true, "confirm": true });
    let refused_for = async |customer: &str, codes_of: &[&str]| {
        let body = json!({ "phone": customer, "override": every });
        let (status, problem) = boss.place(body).await.expect("an answer");
        assert_eq!((status, &problem["code"]), (409, &json!("not_eligible")), "{problem}");
        assert_eq!(codes(&problem), codes_of, "{problem}");
        assert!(
            problem["reasons"].as_array().expect("reasons").iter().all(|one| one["overridable"] == "never")
        );
    };
    refused_for(STRANGER, &["permission_missing", "no_conversation", "no_call_request"]).await;

    let meta = &account().numbers[0].id;
    let shown = async |what: &str, is: &dyn Fn(&Value) -> bool| {
        let path = format!("/api/v1/numbers/{number}/calling");
        eventually(what, || async { is(&world.api(Method::GET, &path).await.1).then_some(()) }).await;
    };
    let rated =
        |word: &str| NumberChange { quality_rating: Some(word.to_owned()), ..NumberChange::default() };
    world.simulator.change_number(meta, rated("RED")).expect("a number");
    shown("the rating is known", &|shown| shown["quality"] == "red").await;
    refused_for(CUSTOMER, &["quality_red"]).await;
    world.simulator.change_number(meta, rated("GREEN")).expect("a number");
    shown("it is better", &|shown| shown["quality"] == "green").await;

    let restriction = Restriction {
        kind: "RESTRICTED_BUSINESS_INITIATED_CALLING".to_owned(),
        reason: "Customers complained.".to_owned(),
        expiration: Some(world.simulator.now() + 600),
    };
    let change = NumberChange { restrictions: Some(vec![restriction]), ..NumberChange::default() };
    world.simulator.change_number(meta, change).expect("a number");
    shown("the restriction is known", &|shown| shown["restrictions"] != json!([])).await;
    refused_for(CUSTOMER, &["restricted_by_meta"]).await;
    assert!(world.simulator.calls().is_empty());
    let (_, log) = world.api(Method::GET, "/api/v1/audit?what=call.overridden").await;
    assert_eq!(log["items"], json!([]), "nothing was passed over");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_speaks_is_of_ones_own_branch_and_another_reads_like_nobody() {
    let world = world_where(OnCall::LetsItRing).await;
    let (north, south) = (branch(&world, "North").await, branch(&world, "South").await);
    let (_ben, southerner) = world.person("ben@example.com", Role::Agent, Branches::Only(vec![south])).await;
    let (ana, northerner) = world.person("ana@example.com", Role::Agent, Branches::Only(vec![north])).await;
    let (boss, _) = world.person("sue@example.com", Role::Supervisor, Branches::Only(vec![north])).await;
    let naming = |speaker: &str| json!({ "phone": CUSTOMER, "agent_id": speaker });
    let nobody: UserId = "user_0199aaaabbbb7ccc8dddeeeeffff0001".parse().expect("an id");
    let (status, unknown) = boss.place(naming(&nobody.to_string())).await.expect("an answer");
    assert_eq!((status, &unknown["code"]), (422, &json!("unknown_agent")), "{unknown}");
    let (status, foreign) = boss.place(naming(&southerner.to_string())).await.expect("an answer");
    assert_eq!((status, &foreign), (422, &unknown), "he reads like somebody who does not exist");
    // An agent lets nobody else call, whoever it is.
    for other in [southerner, nobody] {
        let (status, problem) = ana.place(naming(&other.to_string())).await.expect("an answer");
        assert_eq!((status, &problem["code"]), (403, &json!("forbidden")), "{problem}");
    }
    // From a number of the north nobody of the south speaks, whoever asks.
    let path = format!("/api/v1/numbers/{}", world.number().await.id);
    let theirs = json!({ "branch_id": north.to_string() });
    assert_eq!(world.api_with(Method::PATCH, &path, &theirs).await.0, StatusCode::OK);
    let (status, problem) = place(&world, API_KEY, None, &naming(&southerner.to_string())).await;
    assert_eq!((status, &problem["code"]), (422, &json!("unknown_agent")), "{problem}");
    assert!(world.simulator.calls().is_empty());
    let (status, call) = boss.place(naming(&northerner.to_string())).await.expect("an answer");
    assert_eq!((status, &call["direction"]), (201, &json!("outgoing")), "{call}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_numbers_in_part_finds_the_whole_one_nowhere() {
    const MARIA: &str = "5511982114477";
    let world = World::start(Plan { settings: may_call(), ..Plan::default() }).await;
    has_allowed_calls(&world, MARIA).await;
    world.simulator.write(MARIA, "My number is +55 11 98211-4477, please call me").expect("written");
    world
        .simulator
        .behave(MARIA, Behaviour { call: OnCall::LetsItRing, ..Behaviour::default() })
        .expect("one");
    let (_, page) = world.api(Method::GET, &format!("/api/v1/contacts?q={MARIA}")).await;
    let contact = page["items"][0]["id"].as_str().expect("an id").to_owned();
    let renamed = json!({ "name": "Maria 5511982114477", "tags": ["5511982114477"], "lead_reference": "+5511982114477" });
    let (status, _) = world.api_with(Method::PATCH, &format!("/api/v1/contacts/{contact}"), &renamed).await;
    assert_eq!(status, StatusCode::OK);
    eventually("her wish is kept", || async {
        let (_, list) = world.api(Method::GET, &format!("/api/v1/contacts/{contact}/consents")).await;
        (!list["items"].as_array()?.is_empty()).then_some(())
    })
    .await;
    let mask = json!({ "mask_numbers_for": "agent" });
    assert_eq!(world.api_with(Method::PATCH, "/api/v1/settings", &mask).await.0, StatusCode::OK);
    let (agents, supervisors) = (key(&world, "agent", None).await, key(&world, "supervisor", None).await);
    let number = world.number().await.id;
    let exits = [
        "/api/v1/contacts".to_owned(),
        format!("/api/v1/contacts?q={MARIA}"),
        format!("/api/v1/contacts/{contact}"),
        format!("/api/v1/contacts/{contact}/messages"),
        format!("/api/v1/contacts/{contact}/consents"),
        "/api/v1/permissions".to_owned(),
        format!("/api/v1/permissions/{contact}/{number}"),
        format!("/api/v1/eligibility?phone=%2B{MARIA}"),
        format!("/api/v1/eligibility?contact_id={contact}"),
        "/api/v1/events?limit=200".to_owned(),
    ];
    // The provider's id of her is none of her numbers, though the simulator makes it of one.
    let id = format!("US.{MARIA:0>20}");
    let is_whole = |text: &str| {
        let text = text.replace(&id, "");
        ["98211", "119821", "11 9821"].iter().any(|part| text.contains(part))
    };
    let read = async |key: &str, path: &str| {
        let answer = world.client().get(world.url(path)).bearer_auth(key).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.text().await.expect("text")
    };
    for path in &exits {
        let his = read(&agents, path).await;
        assert!(!is_whole(&his), "{path}: {his}");
    }
    for path in ["/api/v1/contacts", &format!("/api/v1/contacts/{contact}")] {
        let (his, hers) = (read(&agents, path).await, read(&supervisors, path).await);
        assert!(his.contains("4477") && his.contains("\"phone\":null"), "{path}: {his}");
        assert!(is_whole(&hers), "{path}: {hers}");
    }
    // His call: the answer, the list, the story, and what a refusal says.
    let (ana, _) = world.agent("ana@example.com").await;
    let (status, call) = ana.place(json!({ "contact_id": contact })).await.expect("an answer");
    assert_eq!(status, 201, "{call}");
    assert!(!is_whole(&call.to_string()) && call.to_string().contains("4477"), "{call}");
    let id: CallId = call["id"].as_str().expect("an id").parse().expect("our id");
    facts_until(&world, id, "it rings", |facts| facts.rang_at.is_some()).await;
    let (status, problem) = ana.place(json!({ "contact_id": contact })).await.expect("an answer");
    assert_eq!(status, 409, "{problem}");
    assert!(!is_whole(&problem.to_string()), "{problem}");
    for path in
        ["/api/v1/calls".to_owned(), format!("/api/v1/calls/{id}"), "/api/v1/events?limit=200".to_owned()]
    {
        let his = read(&agents, &path).await;
        assert!(!is_whole(&his), "{path}: {his}");
    }
    // Somebody is asked, and a file of him shown, without a word of his number.
    world.simulator.write("5511982114499", "Olá").expect("written");
    let asked = eventually("he is known, and asked", || async {
        let request = world.client().post(world.url("/api/v1/permissions/request")).bearer_auth(&agents);
        let answer = request.json(&json!({ "phone": "+55 11 98211-4499" })).send().await.expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("text");
        (status == StatusCode::CREATED).then_some(text)
    })
    .await;
    let asked = asked.replace("US.00000005511982114499", "");
    assert!(!is_whole(&asked) && asked.contains("4499"), "{asked}");
    // Asking her again is refused without a word of her number, too.
    let again = world.client().post(world.url("/api/v1/permissions/request")).bearer_auth(&agents);
    let again = again.json(&json!({ "contact_id": contact })).send().await.expect("an answer");
    assert_eq!(again.status(), StatusCode::CONFLICT);
    let again = again.text().await.expect("text");
    assert!(!is_whole(&again), "{again}");
    world.stop().await;
}
