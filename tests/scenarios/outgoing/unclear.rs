//! Nobody knows what became of our request: it is never repeated.

use switchboard_core::call::state::{EndReason, ProviderState};
use switchboard_simulator::{CallState, EndedBy as TheirWord, Faults, GraphFault, OnCall};

use super::*;

fn broken_connect(carried_out: bool) -> Faults {
    Faults {
        graph_error: Some(GraphFault {
            code: 2,
            http_status: 503,
            action: Some("connect".to_owned()),
            probability: 1.0,
            carried_out,
        }),
        ..Faults::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_broke_and_was_carried_out_is_found_by_what_the_provider_says_of_it() {
    let world = world_where(OnCall::AnswersAfterMs(300)).await;
    world.simulator.set_faults(broken_connect(true));
    both_hear_each_other(&world).await;
    assert_eq!(world.simulator.calls().len(), 1, "it was not repeated");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_broke_and_was_not_carried_out_fails_after_a_while() {
    let world = world_where(OnCall::AnswersAfterMs(300)).await;
    world.simulator.set_faults(broken_connect(false));
    let (agent, _) = world.agent("ana@example.com").await;
    let id = calls(&agent).await;
    let (state, _, reason, _) = ended(&world, id).await;
    assert_eq!((state, reason), (ProviderState::Failed, EndReason::DialUnknown));
    assert!(world.simulator.calls().is_empty(), "it was not repeated");
    free_again(&agent).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging_up_before_the_provider_has_answered_stops_the_phone_all_the_same() {
    let world = world_where(OnCall::LetsItRing).await;
    world.simulator.set_faults(Faults { graph_delay_ms: 600, ..Faults::default() });
    let (agent, _) = world.agent("ana@example.com").await;
    let id = calls(&agent).await;
    assert_eq!(agent.hang_up(&id.to_string()).await.expect("an answer"), 200);
    let call = world.customer_is(&theirs(&world).await.id, CallState::Ended).await;
    assert_eq!(call.ended_by, Some(TheirWord::Business));
    assert_eq!(ended(&world, id).await.2, EndReason::AgentHungUp);
    world.stop().await;
}
