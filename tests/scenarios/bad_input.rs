//! What arrives broken, late or too much: a defined end, a visible reason, live calls unharmed.

use std::time::Duration;

use switchboard_core::call::state::{EndReason, Outcome, ProviderState};
use switchboard_simulator::{CallState, EndedBy, Faults, GraphFault, NewCall, OfferShape, Sound};

use crate::support::world::{Plan, World};

/// Graph answers this request with this status and code, whether or not it does what was asked.
fn graph_answers(action: &str, http_status: u16, code: i64, carried_out: bool) -> Faults {
    let fault =
        GraphFault { code, http_status, action: Some(action.to_owned()), probability: 1.0, carried_out };
    Faults { graph_error: Some(fault), ..Faults::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_that_cannot_be_served_fails_with_a_reason_and_is_rejected() {
    let world = World::with_destination("echo").await;
    for sdp in [OfferShape::NoAudio, OfferShape::NoFingerprint, OfferShape::IsacOnly] {
        let call = world.call(NewCall { sdp, ..NewCall::default() });
        let row = world.ended(&call.wacid).await;
        let facts = row.facts();
        let ending = facts.ending.expect("over");
        assert_eq!(
            (facts.state, ending.outcome, ending.reason),
            (ProviderState::Failed, Outcome::Failed, EndReason::BadOffer),
            "{sdp:?}"
        );
        let told = world.customer_is(&call.id, CallState::Ended).await;
        assert_eq!(told.ended_by, Some(EndedBy::Rejected), "{sdp:?}");
        let story = world.story(&row).await;
        let refused =
            story.iter().find(|event| event.kind == "media.refused").expect("the reason is in the story");
        assert!(refused.data["detail"].as_str().is_some_and(|text| !text.is_empty()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_offer_is_not_answered_and_recorded_as_missed() {
    let world = World::with_destination("echo").await;
    let call = world.call(NewCall { connect_age_s: Some(90), ..NewCall::default() });
    let row = world.ended(&call.wacid).await;
    let facts = row.facts();
    assert_eq!(facts.state, ProviderState::Missed);
    assert_eq!(facts.ending.expect("over").reason, EndReason::StaleOffer);
    let call = world.simulator.call(&call.id).expect("the call");
    assert!(
        !call.log.iter().any(|line| line.what.contains("pre_accept") || line.what.contains("reject")),
        "{:?}",
        call.log
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_graph_ends_the_call_with_its_code() {
    let world = World::with_destination("echo").await;
    for (action, reason) in
        [("pre_accept", EndReason::PreAcceptRefused), ("accept", EndReason::AcceptRefused)]
    {
        let faults = graph_answers(action, 400, 138_008, false);
        let call = world.call(NewCall { faults: Some(faults), ..NewCall::default() });
        let row = world.ended(&call.wacid).await;
        let facts = row.facts();
        let ending = facts.ending.expect("over");
        assert_eq!((ending.outcome, ending.reason), (Outcome::Failed, reason), "{action}");
        assert_eq!(ending.fault.expect("Meta's words are kept").code, 138_008);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pre_accept_nobody_knows_about_is_repeated_and_the_call_goes_on() {
    let world = World::with_destination("echo").await;
    let faults = graph_answers("pre_accept", 503, 2, true);
    let call = world.call(NewCall { faults: Some(faults), ..NewCall::default() });
    world
        .customer_until(&call.id, "the customer hears himself", |call| call.heard.dominant_hz.is_some())
        .await;
    world.simulator.hang_up(&call.id);
    let row = world.ended(&call.wacid).await;
    let sent =
        world.story(&row).await.iter().filter(|event| event.kind == "provider.pre_accept_sent").count();
    assert_eq!(sent, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accept_nobody_knows_about_is_proved_by_sound() {
    let world = World::with_destination("echo").await;
    let faults = graph_answers("accept", 503, 2, true);
    let call = world.call(NewCall { faults: Some(faults), ..NewCall::default() });
    let row =
        world.row_until(&call.wacid, "the call is accepted", |row| row.facts().accepted_at.is_some()).await;
    assert_eq!(row.facts().state, ProviderState::Accepted);
    world.simulator.hang_up(&call.id);
    world.ended(&call.wacid).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accept_that_nothing_proves_ends_the_call() {
    let world = World::with_destination("echo").await;
    let faults = graph_answers("accept", 503, 2, false);
    let call = world.call(NewCall { faults: Some(faults), ..NewCall::default() });
    let row = world.ended(&call.wacid).await;
    assert_eq!(row.facts().ending.expect("over").reason, EndReason::AcceptUnknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_port_left_means_a_clean_refusal_and_an_unharmed_call() {
    let world = World::start(Plan { destination: "echo", ports: 1, ..Plan::default() }).await;
    let first = world.call(NewCall::default());
    world
        .customer_until(&first.id, "the first call has sound", |call| call.heard.dominant_hz.is_some())
        .await;
    let second = world.call(NewCall::default());
    let row = world.ended(&second.wacid).await;
    let facts = row.facts();
    assert_eq!(
        (facts.state, facts.ending.expect("over").reason),
        (ProviderState::Rejected, EndReason::NoRtpPorts)
    );
    let before = world.simulator.call(&first.id).expect("the first call").heard.packets;
    world
        .customer_until(&first.id, "the first call still has sound", |call| call.heard.packets > before + 25)
        .await;
    world.simulator.hang_up(&first.id);
    world.ended(&first.wacid).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_capacity_a_call_is_rejected() {
    let world = World::start(Plan {
        destination: "echo",
        settings: vec![("SWITCHBOARD_MAX_CALLS", "1".into())],
        ..Plan::default()
    })
    .await;
    let first = world.call(NewCall::default());
    world.customer_is(&first.id, CallState::Accepted).await;
    let second = world.call(NewCall::default());
    let facts = world.ended(&second.wacid).await.facts();
    assert_eq!(
        (facts.state, facts.ending.expect("over").reason),
        (ProviderState::Rejected, EndReason::AtCapacity)
    );
    world.simulator.hang_up(&first.id);
    world.ended(&first.wacid).await;
    let third = world.call(NewCall::default());
    world.customer_is(&third.id, CallState::Accepted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_calling_is_off_calls_are_rejected_and_nobody_rings() {
    let world = World::start(Plan {
        destination: "echo",
        settings: vec![("WHATSAPP_CALLING_ENABLED", "false".into())],
        ..Plan::default()
    })
    .await;
    let call = world.call(NewCall::default());
    let facts = world.ended(&call.wacid).await.facts();
    assert_eq!(
        (facts.state, facts.ending.expect("over").reason),
        (ProviderState::Rejected, EndReason::CallingDisabled)
    );
    assert_eq!(world.customer_is(&call.id, CallState::Ended).await.ended_by, Some(EndedBy::Rejected));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_never_connects_is_given_up() {
    let world = World::with_destination("echo").await;
    let call = world.call(NewCall { sound: Sound::Dead(true), ..NewCall::default() });
    let row = crate::support::patience::within(Duration::from_secs(60), "the call is given up", || async {
        world.row(&call.wacid).await.filter(|row| row.facts().ending.is_some())
    })
    .await;
    assert!(matches!(
        row.facts().ending.expect("over").outcome,
        Outcome::SelfService | Outcome::Failed | Outcome::Missed
    ));
}
