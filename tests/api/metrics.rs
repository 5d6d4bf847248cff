//! What Prometheus reads, and who else may not.

use std::collections::BTreeMap;

use reqwest::StatusCode;
use switchboard_simulator::{CallState, NewCall};

use super::person::code_of;
use crate::support::patience::eventually;
use crate::support::world::{API_KEY, World};

async fn scrape(world: &World) -> String {
    let answer = world.client().get(world.url("/metrics")).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    let kind = answer.headers()["content-type"].to_str().expect("a text").to_owned();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    answer.text().await.expect("a text")
}

/// Every series by its name and labels.
fn series(text: &str) -> BTreeMap<&str, f64> {
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').expect("a name and a value");
            (name, value.parse().expect("a number"))
        })
        .collect()
}

fn sum(text: &str, name: &str) -> f64 {
    series(text).iter().filter(|(key, _)| key.split('{').next() == Some(name)).map(|(_, value)| value).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_leaves_its_marks_in_the_metrics() {
    let world = World::with_destination("echo").await;
    let before = scrape(&world).await;
    let call = world.call(NewCall::default());
    world.customer_is(&call.id, CallState::Accepted).await;
    // He is accepted a moment before the exchange hears it.
    eventually("the call counts as answered", || async {
        let during = scrape(&world).await;
        let live = series(&during).get("switchboard_calls_live{status=\"answered\"}").copied();
        live.filter(|live| *live >= 1.0)
    })
    .await;
    world.simulator.hang_up(&call.id);
    world.ended(&call.wacid).await;
    let after = scrape(&world).await;
    for name in [
        "switchboard_calls_received_total",
        "switchboard_calls_ended_total",
        "switchboard_webhooks_total",
        "switchboard_graph_requests_total",
        "switchboard_database_writes_total",
        "switchboard_call_pre_accept_seconds_count",
        "switchboard_call_customer_connect_seconds_count",
        "switchboard_http_requests_total",
    ] {
        assert!(sum(&after, name) > sum(&before, name), "{name} did not grow:\n{after}");
    }
    assert!(after.contains("switchboard_ready{part=\"database\"} 1"), "{after}");
    // What nobody is owed is told as nothing, not left out.
    let series = series(&after);
    for name in [
        "switchboard_jobs{kind=\"relay\",state=\"waiting\"}",
        "switchboard_jobs{kind=\"mail\",state=\"dead\"}",
        "switchboard_outbox_bodies",
        "switchboard_recordings_open",
        "switchboard_recording_errands",
    ] {
        assert_eq!(series.get(name), Some(&0.0), "{name}:\n{after}");
    }
    assert!(series.contains_key("switchboard_jobs_late_seconds"), "{after}");
    assert!(after.contains("process_resident_memory_bytes"), "{after}");
    assert!(after.contains("# HELP switchboard_calls_live Calls going on"), "{after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_label_names_a_person_a_number_or_a_call() {
    let world = World::with_destination("echo").await;
    let call = world.call(NewCall::default());
    world.customer_is(&call.id, CallState::Accepted).await;
    let row = world.row(&call.wacid).await.expect("a row");
    let asked = format!("/api/v1/calls/{}", row.id);
    world.api(reqwest::Method::GET, &asked).await;
    world.client().get(world.url("/no/such/page/5511999990000")).send().await.expect("an answer");
    let text = scrape(&world).await;
    let phone = row.caller.phone.as_ref().expect("a number").international();
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    for secret in [call.wacid.as_str(), &row.id.to_string(), &digits, "5511999990000", "switchboard_call_id"]
    {
        assert!(!text.contains(secret), "{secret} stands in the metrics:\n{text}");
    }
    assert!(text.contains("route=\"/api/v1/calls/{id}\""), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_through_a_proxy_needs_a_key() {
    let world = World::with_destination("agents").await;
    let through_a_proxy =
        || world.client().get(world.url("/metrics")).header("x-forwarded-for", "198.51.100.7");
    let refused = through_a_proxy().send().await.expect("an answer");
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(code_of(refused).await, "not_signed_in");
    let wrong = through_a_proxy().bearer_auth("x".repeat(43)).send().await.expect("an answer");
    assert_eq!(code_of(wrong).await, "wrong_api_key");
    let allowed = through_a_proxy().bearer_auth(API_KEY).send().await.expect("an answer");
    assert_eq!(allowed.status(), StatusCode::OK);
}
