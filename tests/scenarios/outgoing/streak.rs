//! Calls nobody takes: the customer is warned after the second in a row, and the fourth costs the permission. It is said
//! before, and only who says that he knows places that call (P4).

use super::*;

/// Calls, is declined, and waits until so many in a row are counted.
async fn is_declined(world: &World, agent: &SimulatedAgent, body: Value, in_a_row: u32) {
    let (status, call) = agent.place(body).await.expect("an answer");
    assert_eq!(status, 201, "{call}");
    let id: CallId = call["id"].as_str().expect("an id").parse().expect("our id");
    assert_eq!(ended(world, id).await.2, EndReason::DeclinedByCustomer);
    free_again(agent).await;
    eventually(&format!("{in_a_row} in a row are counted"), || async {
        let (_, page) = world.api(Method::GET, "/api/v1/permissions").await;
        (page["items"][0]["unanswered_in_row"] == in_a_row).then_some(())
    })
    .await;
}

async fn dry_run(world: &World) -> Value {
    world.api(Method::GET, &format!("/api/v1/eligibility?phone=%2B{CUSTOMER}")).await.1
}

#[tokio::test(flavor = "multi_thread")]
async fn the_call_that_may_cost_the_permission_is_placed_by_who_says_so_and_it_is_kept() {
    let world = world_where(OnCall::DeclinesAfterMs(50)).await;
    let (agent, user) = world.agent("ana@example.com").await;
    let plain = json!({ "phone": CUSTOMER });
    assert_eq!(dry_run(&world).await["warnings"], json!([]));
    is_declined(&world, &agent, plain.clone(), 1).await;
    let warned = dry_run(&world).await;
    assert_eq!(warned["allowed"], true, "{warned}");
    assert_eq!(warned["warnings"][0]["code"], "unanswered_before_limit", "before the second: {warned}");
    is_declined(&world, &agent, plain.clone(), 2).await;
    is_declined(&world, &agent, plain.clone(), 3).await;

    let (status, problem) = agent.place(plain).await.expect("an answer");
    assert_eq!((status, &problem["code"]), (409, &json!("not_eligible")), "{problem}");
    assert_eq!(problem["reasons"].as_array().map(Vec::len), Some(1), "{problem}");
    let reason = &problem["reasons"][0];
    assert_eq!((&reason["code"], &reason["overridable"]), (&json!("unanswered_streak"), &json!("confirm")));
    // "Urgent" is no word for this, and not his.
    let urgent = json!({ "phone": CUSTOMER, "override": { "hours": true } });
    assert_eq!(agent.place(urgent).await.expect("an answer").0, 403);
    let knows = json!({ "phone": CUSTOMER, "override": { "confirm": true } });
    let (status, call) = agent.place(knows.clone()).await.expect("an answer");
    assert_eq!(status, 201, "{call}");
    let (_, log) = world.api(Method::GET, "/api/v1/audit?what=call.overridden").await;
    assert_eq!(log["items"].as_array().map(Vec::len), Some(1), "{log}");
    let entry = &log["items"][0];
    assert_eq!((&entry["who"]["id"], &entry["subject"]["id"]), (&json!(user.to_string()), &call["id"]));
    assert_eq!(entry["detail"]["reasons"], json!(["unanswered_streak"]));

    // It was the fourth: Meta takes the permission away, and nobody passes over that.
    eventually("the permission is gone", || async {
        let (_, page) = world.api(Method::GET, "/api/v1/permissions").await;
        let gone = &page["items"][0];
        (gone["status"] == "revoked" && gone["source"] == "automatic").then_some(())
    })
    .await;
    free_again(&agent).await;
    let (status, problem) = agent.place(knows).await.expect("an answer");
    assert_eq!((status, &problem["reasons"][0]["code"]), (409, &json!("permission_revoked")), "{problem}");
    assert_eq!(world.simulator.calls().len(), 4);
    world.stop().await;
}
