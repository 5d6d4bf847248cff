//! What a call must pass on its way, however many ask at once, and what a refusal teaches.

use switchboard_simulator::GraphFault;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_call_one_customer_at_once_one_does_and_one_dial_is_counted() {
    let world = world_where(OnCall::LetsItRing).await;
    let (ana, _) = world.agent("ana@example.com").await;
    let (ben, _) = world.agent("ben@example.com").await;
    let body = json!({ "phone": format!("+{CUSTOMER}") });
    let (one, other) = tokio::join!(ana.place(body.clone()), ben.place(body));
    let mut answers = [one.expect("an answer"), other.expect("an answer")];
    answers.sort_by_key(|(status, _)| *status);
    let [(made, call), (refused, problem)] = answers;
    assert_eq!((made, refused), (201, 409), "{call} {problem}");
    let reasons = problem["reasons"].as_array().expect("reasons");
    assert!(reasons.iter().any(|reason| reason["code"] == "call_in_progress"), "{problem}");
    let path = format!("/api/v1/numbers/{}/safeguards", world.number().await.id);
    let (_, safeguards) = world.api(Method::GET, &path).await;
    assert_eq!(safeguards["state"]["dials_minute"]["used"], 1, "{safeguards}");
    // Its story begins with the click, once, and was there with the row.
    let id: CallId = call["id"].as_str().expect("an id").parse().expect("our id");
    facts_until(&world, id, "it rings", |facts| facts.rang_at.is_some()).await;
    let story = world.story(&row(&world, id).await).await;
    let begins: Vec<_> =
        story.iter().filter(|event| event.kind == "call.initiated").map(|it| it.seq).collect();
    assert_eq!(begins, [1], "{story:?}");
    assert_eq!(world.simulator.calls().len(), 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_are_passed_over_by_those_who_supervise_only() {
    let world = world_where(OnCall::LetsItRing).await;
    let (agent, user) = world.agent("ana@example.com").await;
    let urgent = json!({ "hours": true });
    let body = json!({ "phone": format!("+{CUSTOMER}"), "override": urgent });
    let (status, problem) = agent.place(body).await.expect("an answer");
    assert_eq!((status, &problem["code"]), (403, &json!("forbidden")), "{problem}");
    let body = json!({ "phone": format!("+{CUSTOMER}"), "agent_id": user.to_string(), "override": urgent });
    let (status, call) = world.api_with(Method::POST, "/api/v1/calls", &body).await;
    assert_eq!(status, StatusCode::CREATED, "{call}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_refused_call_says_of_the_customer_is_kept() {
    let world = world_where(OnCall::Uncallable).await;
    let (agent, _) = world.agent("ana@example.com").await;
    let id = calls(&agent).await;
    assert_eq!(ended(&world, id).await.2, EndReason::CustomerUncallable);
    let known = |code: &'static str| {
        let world = &world;
        eventually("it is known", move || async move {
            in_the_way(world).await.iter().any(|known| known == code).then_some(())
        })
    };
    known("customer_uncallable").await;
    // He writes, so he is there; and has taken back his permission without our hearing of it.
    world.simulator.write(CUSTOMER, "I am back").expect("written");
    eventually("he may be called", || async { in_the_way(&world).await.is_empty().then_some(()) }).await;
    world.simulator.behave(CUSTOMER, Behaviour::default()).expect("a customer");
    world.simulator.set_permission(CUSTOMER, Standing::None).expect("taken back");
    let id = calls(&agent).await;
    assert_eq!(ended(&world, id).await.2, EndReason::NoCallPermission);
    assert_eq!(row(&world, id).await.facts.ending.expect("over").fault.expect("a fault").code, 138_006);
    eventually("his books were asked", || async {
        in_the_way(&world).await.iter().any(|code| code.starts_with("permission_")).then_some(())
    })
    .await;
    assert!(world.simulator.calls().is_empty());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_gives_no_customer_to_somebody_or_to_a_branch() {
    let world = World::with_destination("agents").await;
    let new = json!({ "name": "Till", "role": "agent" });
    let (status, made) = world.api_with(Method::POST, "/api/v1/api-keys", &new).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let key = made["key"].as_str().expect("a key").to_owned();
    let create = async |body: Value| {
        let request = world.client().post(world.url("/api/v1/contacts")).bearer_auth(&key).json(&body);
        request.send().await.expect("an answer").status()
    };
    for whose in ["owner_id", "branch_id"] {
        let body = json!({ "phone": "+15550100044", whose: "br_0199aaaabbbb7ccc8dddeeeeffff0001" });
        assert_eq!(create(body).await, StatusCode::FORBIDDEN);
    }
    assert_eq!(create(json!({ "phone": "+15550100044" })).await, StatusCode::CREATED);
    world.stop().await;
}

/// When the number was read at Meta last.
async fn read_at(world: &World) -> Option<String> {
    let path = format!("/api/v1/numbers/{}/calling", world.number().await.id);
    world.api(Method::GET, &path).await.1["read_at"].as_str().map(str::to_owned)
}

fn connect_refused(code: i64) -> Faults {
    let refused = GraphFault {
        code,
        http_status: 400,
        action: Some("connect".to_owned()),
        probability: 1.0,
        carried_out: false,
    };
    Faults { graph_error: Some(refused), ..Faults::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_refused_call_says_of_the_number_has_it_read_again() {
    let world = world_where(OnCall::LetsItRing).await;
    let (agent, _) = world.agent("ana@example.com").await;
    for (code, reason) in [
        (138_014, EndReason::Restricted),
        (138_013, EndReason::CountryNotOffered),
        (138_000, EndReason::NumberNotSetUp),
    ] {
        let before = eventually("it was read", || async { read_at(&world).await }).await;
        world.simulator.set_faults(connect_refused(code));
        let id = calls(&agent).await;
        let ended = ended(&world, id).await;
        assert_eq!((ended.0, ended.2), (ProviderState::Failed, reason), "{code}");
        let fault = row(&world, id).await.facts.ending.expect("over").fault.expect("a fault");
        assert_eq!(fault.code, code);
        world.simulator.set_faults(Faults::default());
        eventually("it is read again", || async { read_at(&world).await.filter(|now| *now > before) }).await;
        free_again(&agent).await;
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_refused_call_says_of_the_pairs_limit_has_its_books_asked() {
    let world = world_where(OnCall::LetsItRing).await;
    let (agent, _) = world.agent("ana@example.com").await;
    let asked_at = async || {
        let (_, page) = world.api(Method::GET, "/api/v1/permissions").await;
        page["items"][0]["looked_up_at"].as_str().map(str::to_owned)
    };
    assert_eq!(asked_at().await, None);
    world.simulator.set_faults(connect_refused(138_012));
    let id = calls(&agent).await;
    assert_eq!(ended(&world, id).await.2, EndReason::CallLimit);
    eventually("his books were asked", asked_at).await;
    assert!(world.simulator.calls().is_empty());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_a_test_number_may_not_call_is_known_from_then_on() {
    let world = world_where(OnCall::LetsItRing).await;
    let (agent, _) = world.agent("ana@example.com").await;
    world.simulator.set_faults(connect_refused(131_030));
    let id = calls(&agent).await;
    assert_eq!(ended(&world, id).await.2, EndReason::CustomerUncallable);
    eventually("it is known", || async {
        in_the_way(&world).await.iter().any(|code| code == "customer_uncallable").then_some(())
    })
    .await;
    let (status, problem) = agent.place(json!({ "phone": CUSTOMER })).await.expect("an answer");
    assert_eq!((status, &problem["code"]), (409, &json!("not_eligible")), "{problem}");
    assert!(world.simulator.calls().is_empty());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_node_has_heard_of_the_number_holds_for_the_next_call() {
    let world = world_where(OnCall::LetsItRing).await;
    let (agent, _) = world.agent("ana@example.com").await;
    let engine = &world.exchange().engine;
    let (number, now) = (world.number().await, engine.clock().now());
    let scope = Scope::of_the_exchange(number.tenant);
    // Written beside this process, as another node does that got the webhook.
    let restriction = json!([{
        "kind": "RESTRICTED_BUSINESS_INITIATED_CALLING", "reason": "Customers complained.",
        "since_us": now.micros(), "until_us": now.plus(Duration::from_secs(600)).micros(),
    }]);
    let learn =
        move |state: &mut switchboard_store::number_states::NumberState| state.restrictions = restriction;
    engine.store().number_states().change(&scope, number.id, now, learn).await.expect("written");
    let (status, problem) = agent.place(json!({ "phone": CUSTOMER })).await.expect("an answer");
    assert_eq!((status, &problem["reasons"][0]["code"]), (409, &json!("restricted_by_meta")), "{problem}");
    assert!(problem["reasons"][0]["until"].is_string(), "{problem}");
    assert!(world.simulator.calls().is_empty());
    world.stop().await;
}
