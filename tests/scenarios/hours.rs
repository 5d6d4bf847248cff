//! When a number is open: at the door, told to people, told to Meta.

mod taking;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use switchboard_core::call::state::{EndReason, Outcome};
use switchboard_simulator::{CallState, NewCall};

use crate::support::cli::switchboard;
use crate::support::patience::eventually;
use crate::support::world::World;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Every day from and to these minutes, UTC.
fn every_day(ranges: &[(u32, u32)]) -> Value {
    let written = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
    let day: Vec<_> = ranges.iter().map(|(from, to)| json!([written(*from), written(*to)])).collect();
    let weekly: serde_json::Map<_, _> = DAYS.iter().map(|name| ((*name).to_owned(), json!(day))).collect();
    json!({ "zone": "UTC", "weekly": weekly })
}

/// A whole day but an hour around now: closed, by the clock of the exchange.
pub(super) fn closed_now(world: &World) -> Value {
    let second = world.exchange().engine.clock().now().seconds().rem_euclid(86_400);
    let minute = u32::try_from(second / 60).expect("a minute of the day");
    let before = (minute > 30).then(|| (0, minute - 30));
    let after = (minute < 1_440 - 60).then(|| (minute + 60, 1_440));
    let ranges: Vec<_> = before.into_iter().chain(after).collect();
    every_day(&ranges)
}

async fn path(world: &World) -> String {
    format!("/api/v1/numbers/{}/hours", world.number().await.id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_number_rejects_who_calls_and_an_open_one_rings() {
    let world = World::with_destination("echo").await;
    let path = path(&world).await;
    let (status, unset) = world.api(Method::GET, &path).await;
    assert_eq!((status, &unset["set"]), (StatusCode::OK, &json!(false)), "{unset}");
    let (status, set) = world.api_with(Method::PUT, &path, &closed_now(&world)).await;
    assert_eq!((status, &set["set"]), (StatusCode::OK, &json!(true)), "{set}");
    let (_, open) = world.api(Method::GET, &format!("{path}/status")).await;
    assert_eq!((&open["open"], &open["closes_at"]), (&json!(false), &Value::Null), "{open}");
    assert!(open["opens_at"].is_string(), "{open}");
    let call = world.call(NewCall::default());
    let row = world.ended(&call.wacid).await;
    let ending = row.facts().ending.expect("it is over");
    assert_eq!((ending.outcome, ending.reason), (Outcome::Rejected, EndReason::OutsideHours));

    let (_, at) = world
        .api(Method::GET, &format!("{path}/status?at={}", open["opens_at"].as_str().expect("a moment")))
        .await;
    assert_eq!(at["open"], true, "it opens when it says so: {at}");
    let (status, _) = world.api_with(Method::PUT, &path, &every_day(&[(0, 1_440)])).await;
    assert_eq!(status, StatusCode::OK);
    let call = world.call(NewCall::default());
    world.customer_is(&call.id, CallState::Accepted).await;
    world.simulator.hang_up(&call.id);
    world.ended(&call.wacid).await;
    let engine = &world.exchange().engine;
    let mut blocked = closed_now(&world);
    blocked["outbound_blocked"] = json!(true);
    world.api_with(Method::PUT, &path, &blocked).await;
    let facts = engine.number_facts(&world.number().await, engine.clock().now()).await.expect("facts");
    assert!(!facts.hours.open && facts.hours.outbound_blocked && facts.hours.opens_at.is_some(), "{facts:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_calls_a_closed_number_is_written_to_once() {
    let world = World::with_destination("agents").await;
    let mut hours = closed_now(&world);
    hours["out_of_hours"] =
        json!({"action": "message", "text": "We are closed. We open again tomorrow at nine."});
    assert_eq!(world.api_with(Method::PUT, &path(&world).await, &hours).await.0, StatusCode::OK);
    let call = world.call(NewCall { from: Some("5511982114477".to_owned()), ..NewCall::default() });
    world.ended(&call.wacid).await;
    let contact = eventually("he is a contact", || async {
        let (_, contacts) = world.api(Method::GET, "/api/v1/contacts").await;
        contacts["items"].as_array()?.first().cloned()
    })
    .await;
    let messages = format!("/api/v1/contacts/{}/messages", contact["id"].as_str().expect("an id"));
    let written = eventually("the message", || async {
        let (_, messages) = world.api(Method::GET, &messages).await;
        let all = messages["items"].as_array()?.clone();
        all.first().is_some_and(|one| one["status"] != "sending").then_some(all)
    })
    .await;
    assert_eq!(written.len(), 1, "{written:?}");
    assert_eq!(written[0]["text"], "We are closed. We open again tomorrow at nine.");
    assert!(written[0]["error"].is_null(), "{written:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_that_cannot_be_kept_are_refused_naming_the_field() {
    let world = World::with_destination("agents").await;
    let path = path(&world).await;
    let with = |name: &str, value: Value| {
        let mut hours = every_day(&[(540, 1_080)]);
        hours[name] = value;
        hours
    };
    let mon = |ranges: Value| with("weekly", json!({ "mon": ranges }));
    for (hours, field, why) in [
        (with("zone", json!("Mars/Olympus")), "zone", "unknown_zone"),
        (with("weekly", json!({"monday": []})), "weekly.monday", "not_a_day"),
        (mon(json!([["9", "10:00"]])), "weekly.mon[0]", "not_a_time"),
        (mon(json!([["18:00", "09:00"]])), "weekly.mon[0]", "inverted"),
        (mon(json!([["09:00", "13:00"], ["12:00", "18:00"]])), "weekly.mon[1]", "overlap"),
        (with("holidays", json!([{"date": "2020-12-25"}])), "holidays[0].date", "past"),
        (with("holidays", json!([{"date": "Christmas"}])), "holidays[0].date", "not_a_day"),
    ] {
        let (status, problem) = world.api_with(Method::PUT, &path, &hours).await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("invalid_hours")),
            "{problem}"
        );
        assert_eq!((&problem["path"], &problem["why"]), (&json!(field), &json!(why)), "{problem}");
    }
    let silent = with("out_of_hours", json!({"action": "message", "text": " "}));
    let (_, problem) = world.api_with(Method::PUT, &path, &silent).await;
    assert_eq!((&problem["code"], &problem["path"]), (&json!("invalid_text"), &json!("out_of_hours.text")));
    assert_eq!(world.api(Method::GET, &path).await.1["set"], false, "nothing of it was kept");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn meta_is_told_our_hours_shown_where_it_differs_and_told_nothing_it_cannot_hold() {
    let world = World::with_destination("agents").await;
    let path = path(&world).await;
    let (status, problem) = world.api(Method::POST, &format!("{path}/push")).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("no_hours")), "{problem}");
    let mut hours = every_day(&[(540, 780), (900, 1_440)]);
    hours["holidays"] = json!([{"date": "2035-12-25", "name": "Christmas"}]);
    assert_eq!(world.api_with(Method::PUT, &path, &hours).await.0, StatusCode::OK);
    let (status, refused) = world.api(Method::POST, &format!("{path}/push?closed_holidays=refuse")).await;
    assert_eq!((status, &refused["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("meta_cannot_hold")));
    assert_eq!(refused["why"], "closed_holiday", "{refused}");
    let (status, pushed) = world.api(Method::POST, &format!("{path}/push")).await;
    assert_eq!((status, &pushed["drift"]), (StatusCode::OK, &json!([])), "{pushed}");
    assert_eq!(pushed["meta"]["weekly"].as_array().map(Vec::len), Some(14), "{pushed}");

    let wanted = every_day(&[(540, 600), (660, 720), (780, 840)]);
    assert_eq!(
        world.api_with(Method::PUT, &path, &wanted).await.0,
        StatusCode::OK,
        "we can hold what Meta cannot"
    );
    let (status, refused) = world.api(Method::POST, &format!("{path}/push")).await;
    assert_eq!(
        (status, &refused["why"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("three_ranges")),
        "{refused}"
    );
    let (_, beside) = world.api(Method::GET, &format!("{path}/meta")).await;
    assert_eq!(beside["cannot_hold"]["field"], "weekly.mon", "{beside}");
    let wanted = every_day(&[(600, 1_080)]);
    assert_eq!(world.api_with(Method::PUT, &path, &wanted).await.0, StatusCode::OK);
    let (_, beside) = world.api(Method::GET, &format!("{path}/meta")).await;
    assert!(
        beside["drift"].as_array().is_some_and(|all| all.iter().any(|one| one["field"] == "weekly.mon")),
        "{beside}"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_are_set_shown_and_checked_from_the_command_line() {
    let world = World::with_destination("agents").await;
    let set = [
        "hours",
        "set",
        "--zone",
        "America/Sao_Paulo",
        "--open",
        "mon-fri=09:00-13:00,15:00-18:00",
        "--open",
        "sat=10:00-14:00",
        "--outbound-blocked",
        "true",
        "--push",
    ];
    let set = switchboard(&world, &set).await;
    assert!(set.well && set.out.contains("09:00-13:00, 15:00-18:00"), "{set:?}");
    assert!(set.out.contains("Meta has the same"), "{set:?}");
    let shown = switchboard(&world, &["hours", "show", "--json"]).await.json();
    assert_eq!(shown["hours"]["weekly"]["sun"], json!([]));
    assert_eq!(
        (&shown["hours"]["zone"], &shown["at_meta"]["drift"]),
        (&json!("America/Sao_Paulo"), &json!([]))
    );
    // A Sunday at noon: closed until Monday at nine, three hours behind UTC.
    let check = switchboard(&world, &["hours", "check", "--at", "2026-11-22T12:00:00-03:00"]).await;
    assert!(check.well && check.out.starts_with("Closed; opens at 2026-11-23T12:00:00"), "{check:?}");
    let wrong = switchboard(&world, &["hours", "set", "--open", "mon=18:00-09:00"]).await;
    assert!(!wrong.well && wrong.err.contains("weekly.mon[0]"), "{wrong:?}");
    world.stop().await;
}
