//! A number whose callers hear themselves: accepted as soon as the customer's leg is connected.

use switchboard_core::call::state::{EndReason, EndedBy, Outcome, ProviderState};
use switchboard_simulator::{CallState, NewCall, OfferShape, Sound};

use crate::support::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn the_caller_hears_himself_and_hangs_up() {
    hears_himself_and_hangs_up(&World::with_destination("echo").await).await;
}

/// The story, in any world.
pub(super) async fn hears_himself_and_hangs_up(world: &World) {
    let call = world.call(NewCall { sound: Sound::ToneHz(440), ..NewCall::default() });

    let heard = world
        .customer_until(&call.id, "the customer hears 440 Hz", |call| {
            call.heard.dominant_hz.is_some_and(|hertz| hertz.abs_diff(440) <= 10)
        })
        .await;
    assert_eq!(heard.state, CallState::Accepted);
    assert_eq!(heard.early_packets, 0, "media left for the customer before accept was answered");
    assert_eq!(heard.heard.ssrcs.len(), 1, "Meta wants one SSRC");

    world.simulator.hang_up(&call.id);
    let row = world.ended(&call.wacid).await;
    let facts = row.facts();
    let ending = facts.ending.expect("over");
    assert_eq!(facts.state, ProviderState::Terminated);
    assert_eq!(ending.outcome, Outcome::SelfService);
    assert_eq!(ending.reason, EndReason::CustomerHungUp);
    assert_eq!(ending.by, EndedBy::Customer);
    assert_eq!(facts.answered_at, None, "nobody spoke with him");
    assert!(facts.accepted_at.is_some());
    assert!(facts.provider_duration.is_some(), "the provider's own count is kept beside ours");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_generations_of_metas_offers_are_served() {
    let world = World::with_destination("echo").await;
    for sdp in [OfferShape::Modern, OfferShape::Docs2024] {
        let call = world.call(NewCall { sdp, ..NewCall::default() });
        world
            .customer_until(&call.id, "the customer hears his tone", |call| call.heard.dominant_hz.is_some())
            .await;
        world.simulator.hang_up(&call.id);
        world.ended(&call.wacid).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_of_a_call_is_kept_in_order() {
    let world = World::with_destination("echo").await;
    let call = world.call(NewCall::default());
    world.customer_is(&call.id, CallState::Accepted).await;
    world.simulator.hang_up(&call.id);
    let row = world.ended(&call.wacid).await;
    let story: Vec<String> = world.story(&row).await.into_iter().map(|event| event.kind).collect();
    let position = |kind: &str| {
        story
            .iter()
            .position(|entry| entry == kind)
            .unwrap_or_else(|| panic!("{kind} is missing in {story:?}"))
    };
    let expected = [
        "call.received",
        "provider.pre_accept_sent",
        "call.pre_accepted",
        "provider.accept_sent",
        "call.accepted",
        "call.terminated",
    ];
    for pair in expected.windows(2) {
        assert!(position(pair[0]) < position(pair[1]), "{} before {} in {story:?}", pair[0], pair[1]);
    }
    assert!(story.contains(&"media.customer_connected".to_owned()));
}
