use std::sync::Arc;
use std::time::Duration;

use switchboard_simulator::Faults;
use switchboard_simulator::load::{LoadPlan, LoadSound, run_load};

use crate::business::Business;

#[tokio::test(flavor = "multi_thread")]
async fn a_small_load_run_reports_every_call() {
    let business = Arc::new(Business::open().await);
    let answering = Arc::clone(&business);
    tokio::spawn(async move {
        loop {
            let arrived = answering.next().await;
            if arrived.event() == "connect" {
                let business = Arc::clone(&answering);
                tokio::spawn(async move {
                    let line = business.answer(&arrived, Some(880)).await;
                    // The line stays until the test ends.
                    std::future::pending::<()>().await;
                    drop(line);
                });
            }
        }
    });
    let mut plan = LoadPlan::new(6);
    plan.concurrent = 3;
    plan.talk = Duration::from_millis(1_500);
    plan.server_pid = Some(std::process::id());
    plan.with_floor = true;
    let report = run_load(&business.simulator, plan).await.unwrap();
    assert_eq!((report.calls, report.accepted, report.ended), (6, 6, 6));
    assert_eq!(report.ended_by["Customer"], 6);
    assert_eq!((report.customers_lost, report.early_packets, report.customers_with_several_ssrcs), (0, 0, 0));
    assert!(report.customers_heard > 6 * 40, "{}", report.customers_heard);
    assert_eq!(report.webhook_to_200.count, 6);
    assert_eq!(report.webhook_to_pre_accept.count, 6);
    assert_eq!(report.accept_to_sound.count, 6);
    assert!(report.to_string().contains("webhook → pre_accept"));
    assert!(serde_json::to_value(&report).unwrap()["webhook_to_200"]["p99_ms"].is_number());
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_nobody_answers_end_when_their_customers_lose_patience() {
    let business = Business::open().await;
    let mut plan = LoadPlan::new(20);
    plan.rate_per_s = 200.0;
    plan.patience = Duration::from_millis(200);
    plan.sound = LoadSound::Dead;
    plan.faults = Faults { duplicate: 0.5, reorder: 0.5, drop_terminate: 0.2, seed: 3, ..Faults::default() };
    let report = run_load(&business.simulator, plan).await.unwrap();
    assert_eq!((report.calls, report.accepted, report.ended), (20, 0, 20));
}
