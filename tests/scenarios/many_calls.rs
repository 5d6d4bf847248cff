//! A thousand calls on a bad day: webhooks twice, late, reordered and lost, stale offers, slow answers of Graph,
//! customers who connect without a word or not at all. Every call ends once, and as its facts demand.

use std::time::Duration;

use switchboard_core::call::state::{EndReason, Outcome, ProviderState};
use switchboard_simulator::{CallReport, CallState, Faults, Limits, NewCall, Sound};
use switchboard_store::calls::CallRow;

use crate::support::patience::within;
use crate::support::world::{Plan, World};

/// Calls in all; `SWITCHBOARD_CALLS` changes it.
const CALLS: usize = 1_000;
/// Calls of the simulator that are not over yet, at the most.
const AT_ONCE: usize = 100;

fn bad_day() -> Faults {
    Faults {
        duplicate: 0.3,
        reorder: 0.15,
        delay_ms: Some((0, 250)),
        drop_connect: 0.03,
        drop_terminate: 0.03,
        stale: 0.03,
        terminate_before_connect: 0.08,
        graph_delay_ms: 15,
        graph_error: None,
        seed: std::env::var("SWITCHBOARD_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_one_of_a_thousand_calls_ends_once_and_as_its_facts_demand() {
    let calls = std::env::var("SWITCHBOARD_CALLS").ok().and_then(|calls| calls.parse().ok()).unwrap_or(CALLS);
    let limits = Limits {
        ring_time: Duration::from_secs(8),
        silence_at_start: Duration::from_secs(6),
        ..Limits::default()
    };
    let world = World::start(Plan { destination: "echo", limits, ports: 400, settings: Vec::new() }).await;
    world.simulator.set_faults(bad_day());

    let mut placed: Vec<CallReport> = Vec::with_capacity(calls);
    for index in 0..calls {
        within(Duration::from_secs(60), "room for another call", || async {
            let open = world.simulator.calls().iter().filter(|call| call.state != CallState::Ended).count();
            (open < AT_ONCE).then_some(())
        })
        .await;
        let sound = if index % 10 == 0 { Sound::Dead(true) } else { Sound::None(true) };
        let hang_up_after_ms = Some(100 + (index as u64 * 37) % 900);
        placed.push(world.call(NewCall { sound, hang_up_after_ms, ..NewCall::default() }));
    }

    let mut wrong = Vec::new();
    for call in &placed {
        let report = world.customer_is(&call.id, CallState::Ended).await;
        let dropped = |what: &str| report.mishaps.contains(&what);
        if dropped("connect_dropped") && dropped("terminate_dropped") {
            continue;
        }
        let row = within(Duration::from_secs(60), "the call is over and both webhooks are known", || async {
            let row = world.row(&call.wacid).await?;
            let facts = row.facts();
            let all_known = facts.offered || dropped("connect_dropped");
            (facts.ending.is_some() && all_known).then_some(row)
        })
        .await;
        let story = world.story(&row).await;
        let ends = ["call.terminated", "call.rejected", "call.missed", "call.failed", "call.cancelled"];
        let ended = story.iter().filter(|event| ends.contains(&event.kind.as_str())).count();
        if ended != 1 {
            wrong.push(format!("{}: {ended} ends in its story", row.id));
        }
        if let Some(why) = not_as_it_should(&report, &row) {
            wrong.push(format!("{}: {why} ({:?}, {:?})", row.id, report.mishaps, row.facts().ending));
        }
    }
    assert!(wrong.is_empty(), "{} of {calls} calls are wrong:\n{}", wrong.len(), wrong.join("\n"));
    let capacity = world.exchange().engine.capacity();
    assert_eq!(capacity.active_calls, 0, "a call stayed active");
}

/// An independent reading of what must have become of a call, from what the simulator saw of it.
fn not_as_it_should(report: &CallReport, row: &CallRow) -> Option<String> {
    let facts = row.facts();
    let ending = facts.ending.clone()?;
    let mishap = |what: &str| report.mishaps.contains(&what);
    let is = (facts.state, ending.outcome, ending.reason);
    let allowed: Vec<(ProviderState, Outcome, EndReason)> = if mishap("connect_dropped") {
        vec![(ProviderState::Cancelled, Outcome::Missed, EndReason::OfferNeverCame)]
    } else if mishap("stale") {
        vec![
            (ProviderState::Missed, Outcome::Missed, EndReason::StaleOffer),
            (ProviderState::Missed, Outcome::Missed, EndReason::NoAnswer),
        ]
    } else if report.accepted && mishap("terminate_dropped") {
        // Nobody told us: the silence of the leg did.
        vec![
            (ProviderState::Terminated, Outcome::SelfService, EndReason::MediaFailed),
            (ProviderState::Terminated, Outcome::SelfService, EndReason::CustomerSilent),
            (ProviderState::Terminated, Outcome::Failed, EndReason::MediaFailed),
            (ProviderState::Terminated, Outcome::Failed, EndReason::CustomerSilent),
            (ProviderState::Failed, Outcome::Failed, EndReason::MediaFailed),
        ]
    } else if report.accepted {
        vec![
            (ProviderState::Terminated, Outcome::SelfService, EndReason::CustomerHungUp),
            // The customer hung up between his accept and our learning of it.
            (ProviderState::Cancelled, Outcome::Missed, EndReason::CustomerHungUp),
        ]
    } else if mishap("terminate_dropped") {
        vec![
            (ProviderState::Failed, Outcome::Failed, EndReason::MediaFailed),
            (ProviderState::Failed, Outcome::Failed, EndReason::AcceptRefused),
            (ProviderState::Failed, Outcome::Failed, EndReason::PreAcceptRefused),
            (ProviderState::Missed, Outcome::Missed, EndReason::NoAnswer),
        ]
    } else {
        vec![
            (ProviderState::Cancelled, Outcome::Missed, EndReason::CustomerHungUp),
            // Our request met a call that was over already, before its terminate was delivered.
            (ProviderState::Failed, Outcome::Failed, EndReason::AcceptRefused),
            (ProviderState::Failed, Outcome::Failed, EndReason::PreAcceptRefused),
        ]
    };
    (!allowed.contains(&is)).then(|| format!("{is:?} is none of {allowed:?}"))
}
