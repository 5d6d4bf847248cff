use std::collections::BTreeMap;

use serde_json::json;
use switchboard_simulator::{CallState, Faults, GraphFault};

use crate::business::Business;

fn storm(seed: u64) -> Faults {
    Faults {
        duplicate: 0.4,
        reorder: 0.3,
        drop_connect: 0.2,
        drop_terminate: 0.2,
        terminate_before_connect: 0.3,
        seed,
        ..Faults::default()
    }
}

/// Places twenty calls that hang up and gives their mishaps.
async fn mishaps(seed: u64) -> Vec<Vec<&'static str>> {
    let business = Business::open_with(|config| config.faults = storm(seed)).await;
    let mut all = BTreeMap::new();
    for number in 0..20 {
        let id = business.place(json!({ "sound": { "dead": true }, "hang_up_after_ms": 1 })).await;
        let report = business.until(&id, "the end", |call| call.state == CallState::Ended).await;
        all.insert(number, report.mishaps);
    }
    all.into_values().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_brings_the_same_mishaps() {
    let first = mishaps(11).await;
    assert_eq!(first, mishaps(11).await);
    assert_ne!(first, mishaps(12).await);
    assert!(first.iter().any(|each| each.contains(&"terminate_before_connect")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminate_can_overtake_its_connect() {
    let business = Business::open().await;
    business.place(json!({ "faults": { "terminate_before_connect": 1.0 } })).await;
    let terminate = business.expect("terminate").await;
    assert_eq!(business.expect("connect").await.id(), terminate.id());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_arrives_twice_and_a_late_copy_after_the_end() {
    let business = Business::open().await;
    business.place(json!({ "faults": { "duplicate": 1.0, "reorder": 1.0 }, "hang_up_after_ms": 50 })).await;
    for event in ["connect", "connect", "terminate", "terminate", "connect"] {
        business.expect(event).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_graph_api_refuses_on_demand_and_may_have_done_it_anyway() {
    let business = Business::open().await;
    let fault = GraphFault {
        code: 131_000,
        http_status: 500,
        action: Some("reject".into()),
        probability: 1.0,
        carried_out: true,
    };
    let url = format!("{}/simulator/v1/faults", business.simulator.url());
    let faults = Faults { graph_error: Some(fault), ..Faults::default() };
    assert_eq!(business.http.put(url).json(&faults).send().await.unwrap().status(), 200);
    business.place(json!({})).await;
    let connect = business.expect("connect").await;
    let (status, body) = business.act("reject", connect.id(), None).await;
    assert_eq!((status, body["error"]["code"].as_i64()), (500, Some(131_000)));
    business.expect("terminate").await;
}
