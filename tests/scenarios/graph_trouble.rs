//! Graph answers late, wrong or not at all: each step has a defined end, and the story says why.

use std::time::Duration;

use switchboard_core::call::state::{EndReason, Outcome, ProviderState};
use switchboard_simulator::{CallReport, CallState, EndedBy, Faults, GraphFault, NewCall};
use switchboard_store::calls::{CallRow, EventRow};

use crate::support::patience::{eventually, within};
use crate::support::world::{Plan, World};

use super::people::rings;

/// Later than any request waits for an answer.
const SILENCE: Faults = Faults {
    shuffle: 0.0,
    connect_before_answer: 0.0,
    drop_status: 0.0,
    graph_delay_ms: 20_000,
    duplicate: 0.0,
    reorder: 0.0,
    delay_ms: None,
    drop_connect: 0.0,
    drop_terminate: 0.0,
    stale: 0.0,
    terminate_before_connect: 0.0,
    graph_error: None,
    seed: 0,
};

fn broken(action: &str, http_status: u16, code: i64) -> Faults {
    let graph_error = GraphFault {
        code,
        http_status,
        action: Some(action.to_owned()),
        probability: 1.0,
        carried_out: false,
    };
    Faults { graph_error: Some(graph_error), ..Faults::default() }
}

/// The entry of the story that says what became of a request.
async fn told(world: &World, row: &CallRow, kind: &str, action: &str) -> EventRow {
    // Longer than an owed request is repeated.
    within(Duration::from_secs(60), &format!("{kind} of {action} in the story"), || async {
        let story = world.story(row).await;
        story.into_iter().find(|event| event.kind == kind && event.data["action"] == action)
    })
    .await
}

fn attempts(call: &CallReport, action: &str) -> usize {
    let refused = format!("{action} answered with a simulated");
    call.log.iter().filter(|line| line.what.starts_with(&refused)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pre_accept_without_an_answer_ends_as_missed_when_no_time_is_left() {
    let world = World::with_destination("echo").await;
    world.simulator.set_faults(SILENCE);
    // About five seconds of its window are left.
    let call = world.call(NewCall { connect_age_s: Some(25), ..NewCall::default() });
    let row = world.ended(&call.wacid).await;
    let facts = row.facts();
    let ending = facts.ending.expect("over");
    assert_eq!(
        (facts.state, ending.outcome, ending.reason),
        (ProviderState::Missed, Outcome::Missed, EndReason::NoAnswer)
    );
    assert_eq!(facts.accepted_at, None);
    let unclear = told(&world, &row, "provider.unclear", "pre_accept").await;
    assert!(unclear.data["detail"].as_str().is_some_and(|text| !text.is_empty()), "{}", unclear.data);
    // Graph is back: the customer is told.
    world.simulator.set_faults(Faults::default());
    assert_eq!(world.customer_is(&call.id, CallState::Ended).await.ended_by, Some(EndedBy::Rejected));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pre_accept_without_an_answer_is_given_up_after_five_seconds_and_the_call_goes_on() {
    let world = World::with_destination("echo").await;
    world.simulator.set_faults(SILENCE);
    let call = world.call(NewCall::default());
    let row = world
        .row_until(&call.wacid, "the pre-accept counts as sent", |row| row.facts().pre_accepted_at.is_some())
        .await;
    world.simulator.set_faults(Faults::default());
    told(&world, &row, "provider.unclear", "pre_accept").await;
    world
        .customer_until(&call.id, "the customer hears himself", |call| call.heard.dominant_hz.is_some())
        .await;
    world.simulator.hang_up(&call.id);
    let ending = world.ended(&call.wacid).await.facts().ending.expect("over");
    assert_eq!((ending.outcome, ending.reason), (Outcome::SelfService, EndReason::CustomerHungUp));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accept_without_an_answer_and_without_sound_ends_as_unknown_and_is_terminated() {
    let world = World::with_destination("agents").await;
    let (ana, _) = world.agent("ana@example.com").await;
    let call = world.call(NewCall { connect_age_s: Some(22), ..NewCall::default() });
    let id = rings(&ana).await;
    world.customer_is(&call.id, CallState::PreAccepted).await;
    world.simulator.set_faults(SILENCE);
    assert_eq!(ana.answer(&id).await.expect("an answer"), 200);
    let row = world.row_until(&call.wacid, "the call is written", |_| true).await;
    told(&world, &row, "provider.unclear", "accept").await;
    world.simulator.set_faults(Faults::default());

    let facts = world.ended(&call.wacid).await.facts();
    let ending = facts.ending.expect("over");
    assert_eq!(
        (facts.state, ending.outcome, ending.reason),
        (ProviderState::Failed, Outcome::Failed, EndReason::AcceptUnknown)
    );
    assert_eq!(facts.answered_at, None, "nobody spoke with him");
    assert_eq!(world.customer_is(&call.id, CallState::Ended).await.ended_by, Some(EndedBy::Business));
    let story = world.story(&row).await;
    let sent = story.iter().filter(|event| event.kind == "provider.accept_sent").count();
    assert_eq!(sent, 1, "an accept nobody answered for is not repeated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reject_that_fails_is_repeated_until_it_works() {
    let world = calling_is_off().await;
    world.simulator.set_faults(broken("reject", 500, 131_000));
    let call = world.call(NewCall::default());
    let ending = world.ended(&call.wacid).await.facts().ending.expect("over");
    assert_eq!(ending.reason, EndReason::CallingDisabled);
    let twice = world.customer_until(&call.id, "two attempts", |call| attempts(call, "reject") >= 2).await;
    assert_eq!(twice.state, CallState::Offered, "the customer's phone still rings");
    world.simulator.set_faults(Faults::default());
    assert_eq!(world.customer_is(&call.id, CallState::Ended).await.ended_by, Some(EndedBy::Rejected));
    let ending = world.row(&call.wacid).await.expect("the call").facts().ending.expect("over");
    assert_eq!(ending.reason, EndReason::CallingDisabled, "the end stays what it was");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reject_that_never_works_is_given_up_and_the_story_says_so() {
    let world = calling_is_off().await;
    world.simulator.set_faults(broken("reject", 500, 131_000));
    // Half a minute is left of the longest time a customer's phone rings.
    let unclear = world.call(NewCall { connect_age_s: Some(26), ..NewCall::default() });
    let row = world.ended(&unclear.wacid).await;
    let entry = told(&world, &row, "provider.unclear", "reject").await;
    assert!(entry.data["detail"].as_str().is_some_and(|text| text.contains("131000")), "{}", entry.data);
    assert!(attempts(&world.simulator.call(&unclear.id).expect("the call"), "reject") >= 6);

    world.simulator.set_faults(broken("reject", 400, 100));
    let refused = world.call(NewCall::default());
    let row = world.ended(&refused.wacid).await;
    told(&world, &row, "provider.refused", "reject").await;
    let call = world.simulator.call(&refused.id).expect("the call");
    assert_eq!(attempts(&call, "reject"), 1, "what is refused for certain is not repeated");
    for call in [unclear, refused] {
        let facts = world.row(&call.wacid).await.expect("the call").facts();
        let ending = facts.ending.expect("over");
        assert_eq!((facts.state, ending.reason), (ProviderState::Rejected, EndReason::CallingDisabled));
    }
    assert_eq!(world.exchange().engine.capacity().active_calls, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminate_that_fails_is_repeated_and_one_that_is_refused_stands_in_the_story() {
    let world = World::with_destination("agents").await;
    let (ana, _) = world.agent("ana@example.com").await;
    for http_status in [500, 400] {
        let call = world.call(NewCall::default());
        let id = rings(&ana).await;
        assert_eq!(ana.answer(&id).await.expect("an answer"), 200);
        world.customer_is(&call.id, CallState::Accepted).await;
        eventually("the call on the page", || async { ana.shown().borrow().my_call.is_some().then_some(()) })
            .await;

        let code = if http_status == 500 { 131_000 } else { 100 };
        world.simulator.set_faults(broken("terminate", http_status, code));
        assert_eq!(ana.hang_up(&id).await.expect("an answer"), 200);
        let row = world.ended(&call.wacid).await;
        let facts = row.facts();
        let ending = facts.ending.expect("over");
        assert_eq!(
            (facts.state, ending.outcome, ending.reason),
            (ProviderState::Terminated, Outcome::Answered, EndReason::AgentHungUp)
        );
        eventually("the agent is free", || async { ana.shown().borrow().my_call.is_none().then_some(()) })
            .await;
        if http_status == 500 {
            world.customer_until(&call.id, "two attempts", |call| attempts(call, "terminate") >= 2).await;
            world.simulator.set_faults(Faults::default());
            assert_eq!(world.customer_is(&call.id, CallState::Ended).await.ended_by, Some(EndedBy::Business));
        } else {
            told(&world, &row, "provider.refused", "terminate").await;
            let call = world.simulator.call(&call.id).expect("the call");
            assert_eq!(attempts(&call, "terminate"), 1);
            world.simulator.set_faults(Faults::default());
        }
    }
}

async fn calling_is_off() -> World {
    let settings = vec![("WHATSAPP_CALLING_ENABLED", "false".to_owned())];
    World::start(Plan { settings, ..Plan::default() }).await
}
