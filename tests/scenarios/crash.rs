//! `kill -9` in the middle of a busy minute: 20 people talk, 10 ring, webhooks keep coming. After the restart every call
//! has ended with a reason, Meta has been told what each needs, and nothing that was answered with 200 is lost.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use switchboard_core::call::state::{EndReason, ProviderState};
use switchboard_simulator::{CallReport, CallState, EndedBy, Faults, GraphFault, NewCall};

use crate::support::patience::eventually;
use crate::support::process::Outside;

const LIVE: usize = 20;
const RINGING: usize = 10;
/// Who sends webhooks at the same time.
const POSTMEN: usize = 4;

async fn placed(outside: &Outside, count: usize, state: CallState) -> Vec<CallReport> {
    let calls: Vec<_> = (0..count)
        .map(|_| outside.simulator.place_call(&NewCall::default()).expect("the call is placed"))
        .collect();
    for call in &calls {
        eventually(&format!("the call is {state:?}"), || async {
            outside.simulator.call(&call.id).filter(|call| call.state == state)
        })
        .await;
    }
    calls
}

/// How the customers' ends were ended.
async fn ends(outside: &Outside, calls: &[CallReport]) -> BTreeMap<String, usize> {
    let mut ends = BTreeMap::new();
    for call in calls {
        let call = eventually("the provider is told", || async {
            outside.simulator.call(&call.id).filter(|call| call.state == CallState::Ended)
        })
        .await;
        *ends.entry(format!("{:?}", call.ended_by)).or_default() += 1;
    }
    ends
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_during_twenty_live_and_ten_ringing_calls_loses_nothing() {
    let outside = Outside::new("echo", 96).await;
    let mut process = outside.start().await;
    let live = placed(&outside, LIVE, CallState::Accepted).await;
    outside.route_to("agents").await;
    let ringing = placed(&outside, RINGING, CallState::PreAccepted).await;

    // Webhooks arrive before, during and after the kill; each is sent until it has its 200, as Meta does.
    let (stop, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mail = async |postman: usize| {
        let mut mine = 0_usize;
        while !stop.load(Ordering::Relaxed) {
            if outside.send_message(&format!("{postman}.{mine}")).await.is_some_and(|status| status == 200) {
                mine += 1;
                answered.fetch_add(1, Ordering::Relaxed);
            } else {
                tokio::task::yield_now().await;
            }
        }
        mine
    };
    let crash = async {
        let many = |count| {
            let answered = &answered;
            eventually("webhooks are answered", move || async move {
                (answered.load(Ordering::Relaxed) >= count).then_some(())
            })
        };
        many(200).await;
        process.kill();
        let before = answered.load(Ordering::Relaxed);
        let again = outside.start().await;
        many(before + 50).await;
        stop.store(true, Ordering::Relaxed);
        again
    };
    let (sent, _again) =
        tokio::join!(async { futures_util::future::join_all((0..POSTMEN).map(mail)).await }, crash);

    let told = BTreeMap::from([(format!("{:?}", Some(EndedBy::Business)), LIVE)]);
    assert_eq!(ends(&outside, &live).await, told, "who talked is terminated");
    let told = BTreeMap::from([(format!("{:?}", Some(EndedBy::Rejected)), RINGING)]);
    assert_eq!(ends(&outside, &ringing).await, told, "who rang is rejected");
    let store = outside.store().await;
    for call in live.iter().chain(&ringing) {
        let ending = outside.ended(&store, &call.wacid).await.facts().ending.expect("over");
        assert_eq!(ending.reason, EndReason::NodeRestarted);
    }
    let kept = store.inbox().counts().await.expect("counts");
    let messages: u64 =
        kept.iter().filter(|count| count.kind.contains("message")).map(|count| count.rows).sum();
    let sent: usize = sent.into_iter().sum();
    assert!(messages >= sent as u64, "{messages} are kept of {sent} that were answered with 200: {kept:?}");
    assert_eq!(outside.try_get("/api/whatsapp/calling").await.expect("an answer").1["active_calls"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_fails_when_the_exchange_comes_back_is_told_as_soon_as_it_answers() {
    let outside = Outside::new("echo", 32).await;
    let mut process = outside.start().await;
    let live = placed(&outside, 3, CallState::Accepted).await;
    let store = outside.store().await;
    for call in &live {
        // The customer hears of the accept before the exchange has written it down; killed in between, it would try a
        // `reject` first.
        outside.written(&store, &call.wacid, |row| row.facts().state == ProviderState::Accepted).await;
    }
    process.kill();
    let fault =
        GraphFault { code: 131_000, http_status: 500, action: None, probability: 1.0, carried_out: false };
    outside.simulator.set_faults(Faults { graph_error: Some(fault), ..Faults::default() });
    let _again = outside.start().await;
    for call in &live {
        eventually("it was tried more than once", || async {
            let call = outside.simulator.call(&call.id)?;
            (call.log.iter().filter(|line| line.what.contains("terminate answered")).count() >= 3)
                .then_some(())
        })
        .await;
    }
    outside.simulator.set_faults(Faults::default());
    let told = BTreeMap::from([(format!("{:?}", Some(EndedBy::Business)), 3)]);
    assert_eq!(ends(&outside, &live).await, told);
}
