//! People and their calls: rung, answered by exactly one, heard on both sides, lost and taken back.

use switchboard_core::access::{Branches, Role, Scope};
use switchboard_core::call::state::{EndReason, EndedBy, Outcome, ProviderState};
use switchboard_core::ids::UserId;
use switchboard_engine::{Actor, CallRefused, SignOut};
use switchboard_simulator::agent::{Shown, SimulatedAgent};
use switchboard_simulator::{CallState, EndedBy as TheirWord, NewCall, Sound};

use crate::support::patience::eventually;
use crate::support::world::World;

pub(super) async fn rings(agent: &SimulatedAgent) -> String {
    eventually("a card on the page", || async { agent.shown().borrow().ringing.keys().next().cloned() }).await
}

async fn shows(agent: &SimulatedAgent, what: &str, is: impl Fn(&Shown) -> bool) {
    eventually(what, || async { is(&agent.shown().borrow()).then_some(()) }).await;
}

async fn stops_ringing(agent: &SimulatedAgent) {
    shows(agent, "no card on the page", |shown| shown.ringing.is_empty()).await;
}

pub(super) async fn hears(agent: &SimulatedAgent, hertz: u32) {
    eventually(&format!("the agent hears {hertz} Hz"), || async {
        agent.heard().dominant_hz.filter(|heard| heard.abs_diff(hertz) <= 10)
    })
    .await;
}

async fn actor(world: &World, user: UserId) -> Actor {
    let number = world.number().await;
    let scope = Scope::new(number.tenant, Branches::All, Role::Agent);
    Actor { user, name: "Somebody".to_owned(), scope, is_person: true }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_calls_an_agent_answers_and_both_hear_each_other() {
    both_hear_each_other(&World::with_destination("agents").await).await;
}

/// The story, in any world.
pub(super) async fn both_hear_each_other(world: &World) {
    let (agent, user) = world.agent("ana@example.com").await;
    let call = world.call(NewCall { sound: Sound::ToneHz(440), ..NewCall::default() });

    let id = rings(&agent).await;
    assert_eq!(agent.answer(&id).await.expect("an answer"), 200);
    world
        .customer_until(&call.id, "the customer hears the agent's 880 Hz", |call| {
            call.heard.dominant_hz.is_some_and(|hertz| hertz.abs_diff(880) <= 10)
        })
        .await;
    hears(&agent, 440).await;

    assert_eq!(agent.hang_up(&id).await.expect("an answer"), 200);
    let ended = world.customer_is(&call.id, CallState::Ended).await;
    assert_eq!(ended.ended_by, Some(TheirWord::Business));
    assert_eq!(ended.early_packets, 0);
    assert_eq!(ended.heard.ssrcs.len(), 1);
    let facts = world.ended(&call.wacid).await.facts();
    let ending = facts.ending.clone().expect("over");
    assert_eq!(
        (facts.state, ending.outcome, ending.reason),
        (ProviderState::Terminated, Outcome::Answered, EndReason::AgentHungUp)
    );
    assert_eq!((ending.by, ending.by_user, facts.answered_by), (EndedBy::Agent, Some(user), Some(user)));
    assert!(facts.talk_time().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_agents_exactly_one_wins_and_the_other_is_told_who() {
    let world = World::with_destination("agents").await;
    let (ana, ana_id) = world.agent("ana@example.com").await;
    let (bea, bea_id) = world.agent("bea@example.com").await;
    let call = world.call(NewCall::default());
    let id = rings(&ana).await;
    assert_eq!(rings(&bea).await, id);

    let (one, other) = tokio::join!(ana.answer(&id), bea.answer(&id));
    let mut statuses = [one.expect("an answer"), other.expect("an answer")];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    stops_ringing(&ana).await;
    stops_ringing(&bea).await;

    let row =
        world.row_until(&call.wacid, "somebody answered", |row| row.facts().answered_by.is_some()).await;
    let winner = row.facts().answered_by.expect("a winner");
    let loser = if winner == ana_id { bea_id } else { ana_id };
    let late = world.exchange().engine.answer(actor(&world, loser).await, row.id).await;
    assert!(matches!(late, Err(CallRefused::AlreadyTaken { .. })), "{late:?}");
    world.simulator.hang_up(&call.id);
    let story = {
        let row = world.ended(&call.wacid).await;
        world.story(&row).await
    };
    let puts_through = story.iter().filter(|event| event.kind == "agent.put_through").count();
    assert_eq!(puts_through, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn declining_silences_one_and_the_last_decline_rejects() {
    let world = World::with_destination("agents").await;
    let (ana, ana_id) = world.agent("ana@example.com").await;
    let (bea, bea_id) = world.agent("bea@example.com").await;
    let call = world.call(NewCall::default());
    rings(&ana).await;
    rings(&bea).await;
    let row = world.row_until(&call.wacid, "the call is written", |_| true).await;
    let engine = &world.exchange().engine;

    engine.decline(actor(&world, ana_id).await, row.id).await.expect("declined");
    stops_ringing(&ana).await;
    assert!(!bea.shown().borrow().ringing.is_empty(), "the other still rings");
    engine.decline(actor(&world, bea_id).await, row.id).await.expect("declined");

    let facts = world.ended(&call.wacid).await.facts();
    let ending = facts.ending.expect("over");
    assert_eq!(
        (facts.state, ending.outcome, ending.reason),
        (ProviderState::Rejected, Outcome::Rejected, EndReason::Declined)
    );
    assert_eq!(world.customer_is(&call.id, CallState::Ended).await.ended_by, Some(TheirWord::Rejected));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_hangs_up_while_it_rings_is_a_missed_call() {
    let world = World::with_destination("agents").await;
    let (ana, _) = world.agent("ana@example.com").await;
    let call = world.call(NewCall::default());
    rings(&ana).await;
    world.simulator.hang_up(&call.id);
    stops_ringing(&ana).await;
    let facts = world.ended(&call.wacid).await.facts();
    let ending = facts.ending.expect("over");
    assert_eq!(
        (facts.state, ending.outcome, ending.reason),
        (ProviderState::Cancelled, Outcome::Missed, EndReason::CustomerHungUp)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_answers_in_time_and_the_call_is_missed() {
    let world = World::with_destination("agents").await;
    let (ana, _) = world.agent("ana@example.com").await;
    // The offer is 20 s old already, so the ringing ends in a few seconds instead of 25.
    let call = world.call(NewCall { connect_age_s: Some(20), ..NewCall::default() });
    rings(&ana).await;
    let facts = world.ended(&call.wacid).await.facts();
    let ending = facts.ending.expect("over");
    assert_eq!(
        (facts.state, ending.outcome, ending.reason),
        (ProviderState::Missed, Outcome::Missed, EndReason::NoAnswer)
    );
    stops_ringing(&ana).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_who_comes_online_while_it_rings_is_rung_too() {
    let world = World::with_destination("agents").await;
    let call = world.call(NewCall::default());
    world.row_until(&call.wacid, "the call waits", |row| row.facts().offered).await;
    let (ana, _) = world.agent("ana@example.com").await;
    let id = rings(&ana).await;
    assert_eq!(ana.answer(&id).await.expect("an answer"), 200);
    world.customer_is(&call.id, CallState::Accepted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_outlives_the_page_and_comes_back_to_the_next_one() {
    let world = World::with_destination("agents").await;
    let (ana, _) = world.agent("ana@example.com").await;
    let call = world.call(NewCall { sound: Sound::ToneHz(440), ..NewCall::default() });
    let id = rings(&ana).await;
    assert_eq!(ana.answer(&id).await.expect("an answer"), 200);
    hears(&ana, 440).await;

    ana.close();
    let again = world.agent_again("ana@example.com", Sound::ToneHz(660)).await;
    shows(&again, "the call on the new page", |shown| shown.my_call.is_some()).await;
    hears(&again, 440).await;
    world
        .customer_until(&call.id, "the customer hears the new page's 660 Hz", |call| {
            call.heard.dominant_hz.is_some_and(|hertz| hertz.abs_diff(660) <= 10)
        })
        .await;
    let customer = world.simulator.call(&call.id).expect("the call");
    assert_eq!(customer.state, CallState::Accepted);
    assert_eq!(customer.heard.ssrcs.len(), 1, "the customer's side never saw another source");
    world.simulator.hang_up(&call.id);
    world.ended(&call.wacid).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_line_means_music_for_the_customer_until_the_agent_is_back() {
    let world = World::with_destination("agents").await;
    let (ana, _) = world.agent("ana@example.com").await;
    let call = world.call(NewCall::default());
    let id = rings(&ana).await;
    assert_eq!(ana.answer(&id).await.expect("an answer"), 200);
    world.customer_is(&call.id, CallState::Accepted).await;
    hears(&ana, 440).await;
    ana.close();
    let row = world.row_until(&call.wacid, "the call is written", |_| true).await;
    eventually("the customer hears music", || async {
        world.story(&row).await.into_iter().find(|event| event.kind == "media.music_started")
    })
    .await;
    let again = world.agent_again("ana@example.com", Sound::ToneHz(880)).await;
    hears(&again, 440).await;
    let story = world.story(&row).await;
    assert!(story.iter().any(|event| event.kind == "agent.line_lost"));
    assert!(story.iter().any(|event| event.kind == "agent.line_back"));
    world.simulator.hang_up(&call.id);
    world.ended(&call.wacid).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_takes_page_line_and_offer_at_once() {
    let world = World::with_destination("agents").await;
    let (ana, ana_id) = world.agent("ana@example.com").await;
    let call = world.call(NewCall::default());
    rings(&ana).await;
    world.exchange().engine.sign_out_user(ana_id, SignOut::Disabled);
    shows(&ana, "the stream ended with a word", |shown| shown.over.is_some()).await;
    world.row_until(&call.wacid, "nobody is rung", |row| row.facts().ringing.is_empty()).await;
}
