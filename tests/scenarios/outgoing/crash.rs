//! `kill -9` while the customer's phone rings, and in the talk: he is let go, and the call says why.

use switchboard_core::access::Scope;
use switchboard_core::call::state::{CallFacts, EndReason, ProviderState};
use switchboard_simulator::agent::{AgentHabits, AgentLogin, SimulatedAgent};
use switchboard_simulator::{Behaviour, CallState, EndedBy as TheirWord, OnCall};
use switchboard_store::Store;

use super::{CUSTOMER, calls, may_call};
use crate::support::patience::eventually;
use crate::support::permission::has_allowed_calls;
use crate::support::process::Outside;
use crate::support::world::{EMAIL, PASSWORD, number_in};

async fn facts(store: &Store, id: switchboard_core::ids::CallId) -> Option<CallFacts> {
    let scope = Scope::of_the_exchange(number_in(store).await.tenant);
    Some(store.calls().by_id(&scope, id).await.expect("read")?.facts())
}

async fn killed_when(on_call: OnCall, live: ProviderState, ended: ProviderState) {
    let mut outside = Outside::new("agents", 8).await;
    for (name, value) in may_call() {
        outside.set(name, value);
    }
    outside.simulator.behave(CUSTOMER, Behaviour { call: on_call, ..Behaviour::default() }).expect("one");
    let mut process = outside.start().await;
    has_allowed_calls(&outside, CUSTOMER).await;
    let login = AgentLogin {
        base_url: format!("http://{}/", outside.address).parse().expect("a URL"),
        email: EMAIL.to_owned(),
        password: switchboard_simulator::Secret::new(PASSWORD),
    };
    let agent = SimulatedAgent::sign_in(&outside.simulator, login, AgentHabits::default()).await.expect("in");
    let id = calls(&agent).await;
    let store = outside.store().await;
    eventually(&format!("the call is {live:?}"), || async {
        facts(&store, id).await.filter(|facts| facts.state == live && facts.reached)
    })
    .await;
    process.kill();
    let _process = outside.start().await;
    let call = eventually("the customer is let go", || async {
        outside.simulator.calls().pop().filter(|call| call.state == CallState::Ended)
    })
    .await;
    assert_eq!(call.ended_by, Some(TheirWord::Business));
    let over = eventually("the end is written", || async {
        facts(&store, id).await.filter(|facts| facts.ending.is_some())
    })
    .await;
    let ending = over.ending.clone().expect("over");
    assert_eq!((over.state, ending.reason), (ended, EndReason::NodeRestarted));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_while_it_rings_stops_the_customers_phone() {
    killed_when(OnCall::LetsItRing, ProviderState::Ringing, ProviderState::Failed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_the_talk_lets_the_customer_go() {
    killed_when(OnCall::AnswersAfterMs(100), ProviderState::Accepted, ProviderState::Terminated).await;
}
