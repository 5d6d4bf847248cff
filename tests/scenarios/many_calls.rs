//! A thousand calls on a bad day: webhooks twice, late, reordered and lost, stale offers, slow and failing answers of
//! Graph, customers who connect without a word or not at all. Every call ends once, and as its facts demand.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use switchboard_core::call::state::{EndReason, Outcome, ProviderState};
use switchboard_simulator::{CallReport, CallState, Faults, GraphFault, Limits, NewCall, Sound};
use switchboard_store::calls::{CallRow, EventRow};

use crate::support::patience::within;
use crate::support::world::{Plan, World};

/// Calls in all; `SWITCHBOARD_CALLS` changes it.
const CALLS: usize = 1_000;
/// Calls of the simulator that are not over yet, at the most.
const AT_ONCE: usize = 100;

fn seed() -> u64 {
    std::env::var("SWITCHBOARD_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7)
}

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
        seed: seed(),
        ..Faults::default()
    }
}

/// What Graph does to every request of one kind about one call, besides the bad day of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// Answers late.
    Slow,
    /// A 400: certain, nothing was done.
    Refuses(&'static str),
    /// A 503: nobody can tell whether it was done.
    Breaks { action: &'static str, done: bool },
}

impl Trouble {
    const ALL: [Self; 7] = [
        Self::Slow,
        Self::Refuses("pre_accept"),
        Self::Refuses("accept"),
        Self::Breaks { action: "pre_accept", done: true },
        Self::Breaks { action: "pre_accept", done: false },
        Self::Breaks { action: "accept", done: true },
        Self::Breaks { action: "accept", done: false },
    ];

    /// One call in ten meets one of them.
    fn of(index: usize) -> Option<Self> {
        let mut dice = StdRng::seed_from_u64(own_seed(index));
        dice.random_bool(0.1).then(|| Self::ALL[dice.random_range(0..Self::ALL.len())])
    }

    fn faults(self, index: usize) -> Faults {
        let fault = |code, http_status, action: &str, carried_out| GraphFault {
            code,
            http_status,
            action: Some(action.to_owned()),
            probability: 1.0,
            carried_out,
        };
        let (graph_delay_ms, graph_error) = match self {
            Self::Slow => (400, None),
            Self::Refuses(action) => (15, Some(fault(138_008, 400, action, false))),
            Self::Breaks { action, done } => (15, Some(fault(2, 503, action, done))),
        };
        // The plan of a call with faults of its own follows from its own seed alone.
        Faults { graph_delay_ms, graph_error, seed: own_seed(index), ..bad_day() }
    }
}

fn own_seed(index: usize) -> u64 {
    seed().wrapping_mul(1_000_003).wrapping_add(index as u64)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_one_of_a_thousand_calls_ends_once_and_as_its_facts_demand() {
    let calls = std::env::var("SWITCHBOARD_CALLS").ok().and_then(|calls| calls.parse().ok()).unwrap_or(CALLS);
    let limits = Limits {
        ring_time: Duration::from_secs(8),
        silence_at_start: Duration::from_secs(6),
        ..Limits::default()
    };
    // What is tested is what calls do to each other, not the pace at which they are let in.
    let settings = vec![("SWITCHBOARD_SET_UPS_PER_SECOND", "1000".to_owned())];
    let world = World::start(Plan { destination: "echo", limits, ports: 400, settings }).await;
    world.simulator.set_faults(bad_day());

    let mut placed: Vec<(CallReport, Option<Trouble>)> = Vec::with_capacity(calls);
    for index in 0..calls {
        within(Duration::from_secs(60), "room for another call", || async {
            let open = world.simulator.calls().iter().filter(|call| call.state != CallState::Ended).count();
            (open < AT_ONCE).then_some(())
        })
        .await;
        let sound = if index % 10 == 0 { Sound::Dead(true) } else { Sound::None(true) };
        let hang_up_after_ms = Some(100 + (index as u64 * 37) % 900);
        let trouble = Trouble::of(index);
        let faults = trouble.map(|trouble| trouble.faults(index));
        let call = world.call(NewCall { sound, hang_up_after_ms, faults, ..NewCall::default() });
        placed.push((call, trouble));
    }

    let mut wrong = Vec::new();
    let mut met = [0_usize; Trouble::ALL.len()];
    for (call, trouble) in &placed {
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
        for why in [not_as_it_should(&report, &row, *trouble), untold(&report, &story, *trouble)] {
            let Some(why) = why else { continue };
            let facts = row.facts();
            wrong.push(format!("{}: {why} ({:?}, {trouble:?}, {:?})", row.id, report.mishaps, facts.ending));
        }
        let kind = trouble.and_then(|trouble| Trouble::ALL.iter().position(|kind| *kind == trouble));
        if let Some(kind) = kind.filter(|_| *trouble == Some(Trouble::Slow) || was_met(&report)) {
            met[kind] += 1;
        }
    }
    if calls == CALLS {
        assert!(met.iter().all(|met| *met > 0), "a trouble was never met: {met:?} of {:?}", Trouble::ALL);
    }
    assert!(wrong.is_empty(), "{} of {calls} calls are wrong:\n{}", wrong.len(), wrong.join("\n"));
    let capacity = world.exchange().engine.capacity();
    assert_eq!(capacity.active_calls, 0, "a call stayed active");
}

/// The simulator refused a request of this call on purpose.
fn was_met(report: &CallReport) -> bool {
    report.log.iter().any(|line| line.what.contains("answered with a simulated"))
}

/// A request that Graph spoiled stands in the story, with the action and in words.
fn untold(report: &CallReport, story: &[EventRow], trouble: Option<Trouble>) -> Option<String> {
    let (kind, action) = match trouble? {
        Trouble::Slow => return None,
        Trouble::Refuses(action) => ("provider.refused", action),
        Trouble::Breaks { action, .. } => ("provider.unclear", action),
    };
    let told = story.iter().any(|event| {
        // An answer that comes when the call is over already is only noted as such.
        (event.kind == kind && event.data["action"] == action)
            || (event.kind == "input.refused" && event.data["input"] == format!("{action}_answered"))
    });
    (was_met(report) && !told).then(|| format!("no {kind} of {action} in {story:?}"))
}

/// An independent reading of what must have become of a call, from what the simulator saw of it.
fn not_as_it_should(report: &CallReport, row: &CallRow, trouble: Option<Trouble>) -> Option<String> {
    let facts = row.facts();
    let ending = facts.ending.clone()?;
    let is = (facts.state, ending.outcome, ending.reason);
    let allowed = allowed(report, trouble.filter(|_| was_met(report)));
    (!allowed.contains(&is)).then(|| format!("{is:?} is none of {allowed:?}"))
}

type Is = (ProviderState, Outcome, EndReason);

const CUSTOMER_GAVE_UP: Is = (ProviderState::Cancelled, Outcome::Missed, EndReason::CustomerHungUp);
const SERVED: Is = (ProviderState::Terminated, Outcome::SelfService, EndReason::CustomerHungUp);

const fn failed(reason: EndReason) -> Is {
    (ProviderState::Failed, Outcome::Failed, reason)
}

/// `met` is the trouble that was really met.
fn allowed(report: &CallReport, met: Option<Trouble>) -> Vec<Is> {
    let mishap = |what: &str| report.mishaps.contains(&what);
    if mishap("connect_dropped") {
        return vec![(ProviderState::Cancelled, Outcome::Missed, EndReason::OfferNeverCame)];
    }
    if mishap("stale") {
        return vec![
            (ProviderState::Missed, Outcome::Missed, EndReason::StaleOffer),
            (ProviderState::Missed, Outcome::Missed, EndReason::NoAnswer),
        ];
    }
    let told_of_the_end = !mishap("terminate_dropped");
    match met {
        // Certain: the call is not accepted, and that is its end unless the customer was faster.
        Some(Trouble::Refuses(action)) if !report.accepted => {
            let refused = match action {
                "accept" => EndReason::AcceptRefused,
                _ => EndReason::PreAcceptRefused,
            };
            return match told_of_the_end {
                true => vec![failed(refused), CUSTOMER_GAVE_UP],
                false => vec![failed(refused)],
            };
        }
        // The customer says no word that could prove it: Meta's end tells whether it was done, or nobody does.
        Some(Trouble::Breaks { action: "accept", done }) if report.accepted == done => {
            return match (told_of_the_end, done) {
                (true, true) => vec![SERVED],
                (true, false) => vec![CUSTOMER_GAVE_UP],
                (false, _) => vec![failed(EndReason::AcceptUnknown)],
            };
        }
        // Refused, and accepted all the same; not done, and accepted: that cannot be.
        Some(Trouble::Refuses(_) | Trouble::Breaks { action: "accept", .. }) => return Vec::new(),
        // An unclear pre_accept is repeated and then counts as sent; slow answers only take time.
        Some(Trouble::Breaks { .. } | Trouble::Slow) | None => {}
    }
    match (report.accepted, told_of_the_end) {
        // Nobody told us: the silence of the leg did.
        (true, false) => vec![
            (ProviderState::Terminated, Outcome::SelfService, EndReason::MediaFailed),
            (ProviderState::Terminated, Outcome::SelfService, EndReason::CustomerSilent),
            (ProviderState::Terminated, Outcome::Failed, EndReason::MediaFailed),
            (ProviderState::Terminated, Outcome::Failed, EndReason::CustomerSilent),
            failed(EndReason::MediaFailed),
        ],
        // The second: the customer hung up between his accept and our learning of it.
        (true, true) => vec![SERVED, CUSTOMER_GAVE_UP],
        (false, false) => vec![
            failed(EndReason::MediaFailed),
            failed(EndReason::AcceptRefused),
            failed(EndReason::PreAcceptRefused),
            (ProviderState::Missed, Outcome::Missed, EndReason::NoAnswer),
        ],
        // The others: our request met a call that was over already, before its terminate was delivered.
        (false, true) => {
            vec![CUSTOMER_GAVE_UP, failed(EndReason::AcceptRefused), failed(EndReason::PreAcceptRefused)]
        }
    }
}
