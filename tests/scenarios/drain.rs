//! SIGTERM: live calls go on, new ones get the number's answer, webhooks are stored; then a spoken notice, then the end.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;
use switchboard_core::call::state::{EndReason, Outcome, ProviderState};
use switchboard_simulator::{CallReport, CallState, EndedBy, NewCall, Sound};

use crate::support::patience::{eventually, within};
use crate::support::process::Outside;

const LIVE: usize = 20;

async fn live_calls(outside: &Outside, count: usize) -> Vec<CallReport> {
    let quiet = NewCall { sound: Sound::Silence(true), ..NewCall::default() };
    let calls: Vec<_> =
        (0..count).map(|_| outside.simulator.place_call(&quiet).expect("the call is placed")).collect();
    for call in &calls {
        eventually("the call is live", || async {
            outside.simulator.call(&call.id).filter(|call| call.state == CallState::Accepted)
        })
        .await;
    }
    calls
}

async fn is_draining(outside: &Outside) {
    eventually("the exchange says that it drains", || async {
        let (status, body) = outside.try_get("/readyz").await?;
        (status == StatusCode::SERVICE_UNAVAILABLE && body["checks"]["draining"] == "draining").then_some(())
    })
    .await;
    let (_, server) = outside.api(Method::GET, "/api/v1/server", None).await;
    assert_eq!(server["draining"], true);
}

async fn end_of(outside: &Outside, call: &CallReport, limit: Duration) -> CallReport {
    within(limit, "the customer's call ends", || async {
        outside.simulator.call(&call.id).filter(|call| call.state == CallState::Ended)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_live_calls_go_on_until_the_time_is_over_and_then_hear_why() {
    let mut outside = Outside::new("echo", 64).await;
    outside.set("SWITCHBOARD_DRAIN_TIMEOUT", "6");
    let mut process = outside.start().await;
    let live = live_calls(&outside, LIVE).await;
    process.signal("TERM");
    is_draining(&outside).await;

    // New ones are rejected at once; other webhooks are kept as ever.
    for _ in 0..3 {
        let new = outside.simulator.place_call(&NewCall::default()).expect("the call is placed");
        assert_eq!(end_of(&outside, &new, Duration::from_secs(5)).await.ended_by, Some(EndedBy::Rejected));
    }
    assert_eq!(outside.send_message("during-drain").await, Some(StatusCode::OK));
    for call in &live {
        let now = outside.simulator.call(&call.id).expect("the call");
        assert_eq!(now.state, CallState::Accepted, "nobody is cut before the time is over");
    }
    // Their own silence comes back to them; a voice is the notice.
    let mut heard = 0;
    for call in &live {
        let call = within(Duration::from_secs(30), "the notice is heard", || async {
            let call = outside.simulator.call(&call.id)?;
            (call.heard.level_dbfs.is_some_and(|level| level > -45.0) || call.state == CallState::Ended)
                .then_some(call)
        })
        .await;
        heard += usize::from(call.heard.level_dbfs.is_some_and(|level| level > -45.0));
    }
    assert!(heard >= LIVE - 2, "{heard} of {LIVE} heard a voice");
    for call in &live {
        let call = end_of(&outside, call, Duration::from_secs(30)).await;
        assert_eq!(call.ended_by, Some(EndedBy::Business));
        assert!(call.timings.length_ms.is_some_and(|length| length > 6_000.0), "{:?}", call.timings);
    }
    let status = process.exit(Duration::from_secs(30)).await;
    assert!(status.success(), "{status}");

    let store = outside.store().await;
    for call in &live {
        let facts = outside.ended(&store, &call.wacid).await.facts();
        let ending = facts.ending.expect("over");
        assert_eq!(
            (facts.state, ending.outcome, ending.reason),
            (ProviderState::Terminated, Outcome::SelfService, EndReason::Draining)
        );
    }
    let log = process.log();
    assert!(!log.contains("ERROR"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_may_leave_new_calls_to_ring_and_the_process_ends_with_the_last_live_call() {
    let outside = Outside::new("echo", 32).await;
    let mut process = outside.start().await;
    let (_, numbers) = outside.api(Method::GET, "/api/v1/numbers", None).await;
    let path = format!("/api/v1/numbers/{}", numbers["items"][0]["id"].as_str().expect("a number"));
    let (status, body) = outside.api(Method::PATCH, &path, Some(json!({"drain_answer": "ignore"}))).await;
    assert_eq!((status, &body["drain_answer"]), (StatusCode::OK, &json!("ignore")));

    let live = live_calls(&outside, 1).await;
    process.signal("TERM");
    is_draining(&outside).await;
    let new = outside.simulator.place_call(&NewCall::default()).expect("the call is placed");
    let store = outside.store().await;
    let facts = outside.ended(&store, &new.wacid).await.facts();
    let ending = facts.ending.expect("over for us");
    assert_eq!(
        (facts.state, ending.outcome, ending.reason),
        (ProviderState::Missed, Outcome::Missed, EndReason::Draining)
    );
    let rings = outside.simulator.call(&new.id).expect("the call");
    assert_eq!(rings.state, CallState::Offered, "the customer's phone rings on");

    assert!(process.try_exit().is_none(), "somebody still talks");
    outside.simulator.hang_up(&live[0].id);
    let status = process.exit(Duration::from_secs(10)).await;
    assert!(status.success(), "{status}");
    let ending = outside.ended(&store, &live[0].wacid).await.facts().ending.expect("over");
    assert_eq!(ending.reason, EndReason::CustomerHungUp);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_live_calls_at_once_and_the_provider_is_told() {
    let outside = Outside::new("echo", 32).await;
    let mut process = outside.start().await;
    let live = live_calls(&outside, 3).await;
    process.signal("TERM");
    is_draining(&outside).await;
    process.signal("TERM");
    let status = process.exit(Duration::from_secs(10)).await;
    assert!(status.success(), "{status}");
    let store = outside.store().await;
    for call in &live {
        let call = end_of(&outside, call, Duration::from_secs(5)).await;
        assert_eq!(call.ended_by, Some(EndedBy::Business));
        let ending = outside.ended(&store, &call.wacid).await.facts().ending.expect("over");
        assert_eq!(ending.reason, EndReason::NodeRestarted);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_live_call_the_first_signal_is_enough() {
    let outside = Outside::new("echo", 16).await;
    let mut process = outside.start().await;
    process.signal("TERM");
    let status = process.exit(Duration::from_secs(10)).await;
    assert!(status.success(), "{status}");
    let log = process.log();
    assert!(!log.contains("ERROR") && !log.contains("could not be stored"), "{log}");
}
