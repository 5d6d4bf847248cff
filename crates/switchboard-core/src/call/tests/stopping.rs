//! The exchange is being stopped (I10), or too much comes at once: who gets in, and how live calls end.

use super::*;
use crate::call::input::{DrainAnswer, MediaRefusal};

fn turned_away(admission: Admission) -> Story {
    let mut story = Story::new();
    let offered = Offered { admission, ..an_offer(&[ANA]) };
    let acts = story.so(100, CallInput::Offered(offered));
    assert!(acts.iter().all(|act| act == "reject"), "nobody rings and nothing is made: {acts:?}");
    story
}

#[test]
fn a_blocked_caller_is_rejected_at_once_and_rings_nobody() {
    let story = turned_away(Admission::Blocked);
    story.ended(ProviderState::Rejected, Outcome::Rejected, EndReason::BlockedCaller);
    assert_eq!(story.names(), ["call.received", "provider.reject_sent", "call.rejected"]);
}

#[test]
fn a_call_outside_hours_or_to_a_number_that_rests_is_rejected_and_rings_nobody() {
    let story = turned_away(Admission::OutsideHours);
    story.ended(ProviderState::Rejected, Outcome::Rejected, EndReason::OutsideHours);
    let story = turned_away(Admission::Suspended);
    story.ended(ProviderState::Rejected, Outcome::Rejected, EndReason::Suspended);
}

#[test]
fn a_call_to_an_exchange_that_stops_is_rejected_or_left_to_ring() {
    let story = turned_away(Admission::Draining(DrainAnswer::Reject));
    story.ended(ProviderState::Rejected, Outcome::Rejected, EndReason::Draining);
    let story = turned_away(Admission::Draining(DrainAnswer::Ignore));
    story.ended(ProviderState::Missed, Outcome::Missed, EndReason::Draining);
    assert_eq!(story.names(), ["call.received", "call.missed"], "nothing is said to the provider");
}

#[test]
fn a_call_whose_turn_comes_too_late_is_rejected_as_flooded() {
    let mut story = Story::new();
    let acts = story.so(100, offer(&[ANA]));
    assert_eq!(acts, ["prepare media", "ring Ana until 25000"]);
    let refused = CallInput::MediaRefused(MediaRefusal::Flooded);
    assert_eq!(story.so(23_000, refused), ["stop Ana: ended", "reject", "release media"]);
    story.ended(ProviderState::Rejected, Outcome::Rejected, EndReason::Flooded);
}

#[test]
fn a_leg_is_not_begun_when_it_would_be_ready_too_late() {
    let mut call = Call::new();
    assert_eq!(call.handle(at(100), offer(&[])), Ok(()));
    let effects: Vec<_> = std::iter::from_fn(|| call.poll_effect()).collect();
    assert!(effects.contains(&CallEffect::PrepareMedia { give_up_at: at(23_000) }), "{effects:?}");
}

#[test]
fn who_talks_when_the_time_is_over_hears_why_before_the_call_ends() {
    let mut story = Story::talks();
    assert_eq!(story.so(10_000, CallInput::DrainTimeout), ["bridge notice of maintenance"]);
    assert_eq!(story.call.taken_by(), None, "the agent is free");
    assert_eq!(story.so(10_001, CallInput::LineBack(ANA)), NOTHING);
    assert_eq!(story.so(15_000, CallInput::NoticePlayed), ["terminate", "release media"]);
    story.ended(ProviderState::Terminated, Outcome::Answered, EndReason::Draining);
}

#[test]
fn a_notice_that_is_not_reported_as_played_does_not_hold_the_exchange() {
    let mut story = Story::talks();
    story.so(10_000, CallInput::DrainTimeout);
    assert_eq!(story.so(10_100, CallInput::DrainTimeout), NOTHING);
    story.wait_until(18_000);
    story.ended(ProviderState::Terminated, Outcome::Answered, EndReason::Draining);
}

#[test]
fn a_call_that_still_rings_when_the_time_is_over_is_rejected() {
    let mut story = Story::warm(&[ANA]);
    assert_eq!(story.so(5_000, CallInput::DrainTimeout), ["stop Ana: ended", "reject", "release media"]);
    story.ended(ProviderState::Rejected, Outcome::Rejected, EndReason::Draining);
}

#[test]
fn a_call_whose_accept_has_left_is_terminated() {
    let mut story = Story::warm(&[ANA]);
    story.so(5_000, CallInput::Answer { by: ANA });
    assert_eq!(story.so(5_050, CallInput::DrainTimeout), ["terminate", "release media"]);
    story.ended(ProviderState::Rejected, Outcome::Rejected, EndReason::Draining);
}

#[test]
fn a_call_that_is_offered_again_stops_ringing_and_hears_the_notice() {
    let mut story = Story::talks();
    story.so(10_000, CallInput::LineLost(ANA));
    story.wait_until(40_000);
    assert_eq!(
        story.so(41_000, CallInput::DrainTimeout),
        ["stop Ben: ended", "bridge notice of maintenance"]
    );
    story.wait_until(49_000);
    story.ended(ProviderState::Terminated, Outcome::Answered, EndReason::Draining);
}

#[test]
fn whoever_hears_that_nobody_is_left_is_not_interrupted_in_it() {
    let mut story = Story::talks();
    story.so(10_000, CallInput::LineLost(ANA));
    story.wait_until(70_000);
    assert_eq!(story.so(71_000, CallInput::DrainTimeout), NOTHING);
    story.wait_until(78_000);
    story.ended(ProviderState::Terminated, Outcome::Answered, EndReason::AgentLost);
}

#[test]
fn the_customer_may_hang_up_while_he_hears_of_the_maintenance() {
    let mut story = Story::talks();
    story.so(10_000, CallInput::DrainTimeout);
    assert_eq!(story.so(12_000, end(12_000)), ["release media"]);
    story.ended(ProviderState::Terminated, Outcome::Answered, EndReason::CustomerHungUp);
}

#[test]
fn an_end_of_the_time_for_a_call_that_is_over_changes_nothing() {
    let mut story = Story::warm(&[ANA]);
    story.so(5_000, CallInput::Reject { by: ANA });
    let before = story.call.facts().clone();
    assert_eq!(story.so(6_000, CallInput::DrainTimeout), NOTHING);
    assert_eq!(story.call.facts(), &before);
}
