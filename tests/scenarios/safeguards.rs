//! What protects a number's standing.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use switchboard_core::call::state::{EndReason, Outcome};
use switchboard_simulator::{CallState, NewCall};

use crate::support::patience::eventually;
use crate::support::world::World;

async fn path(world: &World) -> String {
    format!("/api/v1/numbers/{}/safeguards", world.number().await.id)
}

/// A customer calls and gives up.
async fn missed(world: &World) {
    let call = world.call(NewCall::default());
    world.row_until(&call.wacid, "the call is here", |_| true).await;
    world.simulator.hang_up(&call.id);
    let row = world.ended(&call.wacid).await;
    assert_eq!(row.facts().ending.map(|ending| ending.outcome), Some(Outcome::Missed));
}

async fn open_alerts(world: &World, kind: &str) -> Vec<Value> {
    let (_, alerts) = world.api(Method::GET, "/api/v1/alerts").await;
    let mut alerts = alerts["items"].as_array().cloned().unwrap_or_default();
    alerts.retain(|alert| alert["kind"] == kind && alert["resolved_at"].is_null());
    alerts
}

#[tokio::test(flavor = "multi_thread")]
async fn five_missed_calls_suspend_the_number_and_an_admin_lifts_it() {
    let world = World::with_destination("agents").await;
    let path = path(&world).await;
    world.api_with(Method::PATCH, &path, &json!({ "missed": 5 })).await;
    for _ in 0..4 {
        missed(&world).await;
    }
    let four = eventually("four are counted", || async {
        let (_, shown) = world.api(Method::GET, &path).await;
        (shown["state"]["missed"] == 4).then_some(shown)
    })
    .await;
    assert_eq!((&four["state"]["suspended_until"], &four["limits"]["missed"]), (&Value::Null, &json!(5)));
    missed(&world).await;
    let rests = eventually("it rests", || async {
        let (_, shown) = world.api(Method::GET, &path).await;
        shown["state"]["suspended_until"].is_string().then_some(shown)
    })
    .await;
    assert_eq!(
        (&rests["state"]["suspended_why"], &rests["state"]["suspensions"][0]["missed"]),
        (&json!("missed_calls"), &json!(5))
    );
    let alert =
        eventually("the alert", || async { open_alerts(&world, "number_suspended").await.pop() }).await;
    assert!(alert["sentence"].as_str().is_some_and(|text| text.contains("rests until")), "{alert}");
    let engine = &world.exchange().engine;
    let facts = engine.number_facts(&world.number().await, engine.clock().now()).await.expect("facts");
    assert!(facts.suspended_until.is_some());

    // Straight to the fallback, and no reason to go on resting.
    let call = world.call(NewCall::default());
    let row = world.ended(&call.wacid).await;
    let ending = row.facts().ending.expect("it is over");
    assert_eq!((ending.outcome, ending.reason), (Outcome::Rejected, EndReason::Suspended));

    let (status, lifted) = world.api(Method::POST, &format!("{path}/lift")).await;
    assert_eq!((status, &lifted["state"]["suspended_until"]), (StatusCode::OK, &Value::Null), "{lifted}");
    assert!(lifted["state"]["suspensions"][0]["lifted_by"].is_string(), "{lifted}");
    assert_eq!(lifted["state"]["missed"], 0, "missed calls are counted anew: {lifted}");
    eventually("the alert is over", || async {
        open_alerts(&world, "number_suspended").await.is_empty().then_some(())
    })
    .await;
    let (status, _) = world.api(Method::POST, &format!("{path}/lift")).await;
    assert_eq!(status, StatusCode::OK, "lifting twice is lifting once");
    let (_, audit) = world.api(Method::GET, "/api/v1/audit").await;
    let lifts = audit["items"].as_array().expect("entries").iter();
    assert_eq!(lifts.filter(|one| one["what"] == "number.suspension_lifted").count(), 1, "{audit}");
    missed(&world).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_settings_of_the_number_and_refused_outside_their_range() {
    let world = World::with_destination("echo").await;
    let path = path(&world).await;
    let (status, shown) = world.api(Method::GET, &path).await;
    assert_eq!((status, &shown["limits"]["per_minute"]), (StatusCode::OK, &json!(5)), "{shown}");
    assert_eq!(
        (&shown["limits"]["unanswered_warn"], &shown["limits"]["unanswered_block"]),
        (&json!(2), &json!(4))
    );
    let wanted = json!({"per_minute": 2, "monthly_minutes": 1});
    let (status, changed) = world.api_with(Method::PATCH, &path, &wanted).await;
    assert_eq!(
        (status, &changed["own"]),
        (StatusCode::OK, &json!(["per_minute", "monthly_minutes"])),
        "{changed}"
    );
    let (_, back) = world.api_with(Method::PATCH, &path, &json!({"per_minute": null})).await;
    assert_eq!((&back["limits"]["per_minute"], &back["own"]), (&json!(5), &json!(["monthly_minutes"])));
    let (status, problem) = world.api_with(Method::PATCH, &path, &json!({"per_hour": 10_001})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("out_of_range")));
    assert_eq!((&problem["path"], &problem["most"]), (&json!("per_hour"), &json!(10_000)));

    // A call of some seconds is a begun minute, and the month is used up with it.
    let call = world.call(NewCall::default());
    world.customer_is(&call.id, CallState::Accepted).await;
    world.row_until(&call.wacid, "accepted", |row| row.facts().accepted_at.is_some()).await;
    let at_least = world.row(&call.wacid).await.expect("a row").facts().accepted_at.expect("accepted");
    eventually("a second has passed", || async {
        let now = world.exchange().engine.clock().now();
        (now.since(at_least).as_secs() >= 1).then_some(())
    })
    .await;
    world.simulator.hang_up(&call.id);
    world.ended(&call.wacid).await;
    let (_, used) = world.api(Method::GET, &path).await;
    assert_eq!(
        (&used["state"]["minutes_used"], &used["state"]["pickup_rate"]["percent"]),
        (&json!(1), &json!(100)),
        "{used}"
    );
    let engine = &world.exchange().engine;
    let facts = engine.number_facts(&world.number().await, engine.clock().now()).await.expect("facts");
    assert!(facts.months[0].0.is_used_up(), "{facts:?}");
    assert_eq!(facts.months.len(), 1, "the business has no limit of its own");
    let (status, settings) =
        world.api_with(Method::PATCH, "/api/v1/settings", &json!({"monthly_minutes": 1})).await;
    assert_eq!((status, &settings["monthly_minutes"]), (StatusCode::OK, &json!(1)), "{settings}");
    assert_eq!(settings["minutes_used"], json!(1));
    let facts = engine.number_facts(&world.number().await, engine.clock().now()).await.expect("facts");
    assert_eq!(facts.months.iter().filter(|(minutes, _)| minutes.is_used_up()).count(), 2, "{facts:?}");
    let none = json!({"monthly_minutes": 0});
    let (_, settings) = world.api_with(Method::PATCH, "/api/v1/settings", &none).await;
    assert_eq!(settings["monthly_minutes"], json!(null));
    let too_much = json!({"monthly_minutes": 10_000_001});
    let (_, problem) = world.api_with(Method::PATCH, "/api/v1/settings", &too_much).await;
    assert_eq!((&problem["code"], &problem["path"]), (&json!("out_of_range"), &json!("monthly_minutes")));
    world.stop().await;
}
