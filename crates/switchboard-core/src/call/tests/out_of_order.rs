//! Webhooks come twice, late and in the wrong order: the end result is the same (C3).

use super::*;

/// Delivers the webhooks in this order, a tenth of a second apart, beginning at this moment.
fn delivered(from_ms: u64, inputs: &[CallInput]) -> Story {
    let mut story = Story::new();
    for (nth, input) in (0..).zip(inputs) {
        story.so(from_ms + nth * 100, input.clone());
    }
    story.wait_until(200_000);
    story
}

#[track_caller]
fn same_in_any_order(from_ms: u64, end: CallInput, state: ProviderState, reason: EndReason) {
    let connect = offer(&[ANA]);
    for order in [
        vec![connect.clone(), end.clone()],
        vec![end.clone(), connect.clone()],
        vec![end.clone(), end.clone(), connect.clone()],
        vec![end.clone(), connect.clone(), connect.clone(), end.clone()],
        vec![connect.clone(), end.clone(), connect, end],
    ] {
        delivered(from_ms, &order).ended(state, Outcome::Missed, reason);
    }
}

#[test]
fn a_customer_who_gives_up_at_once_has_given_up_in_any_order() {
    same_in_any_order(2_000, end(1_000), ProviderState::Cancelled, EndReason::CustomerHungUp);
}

#[test]
fn a_customer_who_gave_up_before_a_stale_offer_came_has_given_up_in_any_order() {
    same_in_any_order(40_000, end(20_000), ProviderState::Cancelled, EndReason::CustomerHungUp);
}

#[test]
fn a_customer_who_waited_to_the_end_was_missed_by_a_stale_offer_in_any_order() {
    same_in_any_order(40_000, end(30_000), ProviderState::Missed, EndReason::StaleOffer);
}

#[test]
fn a_call_the_provider_broke_before_anybody_answered_is_broken_in_any_order() {
    let broken = ProviderEnded { failed: true, error: Some(fault()), ..an_end(1_000) };
    let broken = CallInput::ProviderEnded(broken);
    same_in_any_order(2_000, broken.clone(), ProviderState::Failed, EndReason::ProviderFailed);
    same_in_any_order(40_000, broken, ProviderState::Failed, EndReason::ProviderFailed);
}

#[test]
fn an_end_without_an_offer_is_kept_and_the_late_offer_is_not_answered() {
    let mut story = Story::new();
    assert_eq!(story.so(500, end(400)), NOTHING);
    story.ended(ProviderState::Cancelled, Outcome::Missed, EndReason::OfferNeverCame);
    assert_eq!(story.names(), ["provider.ended_before_offer", "call.cancelled"]);
    // The row was written and the process restarted meanwhile.
    story.call = Call::restore(story.call.facts().clone());
    assert_eq!(story.so(1_000, offer(&[ANA])), NOTHING);
    story.ended(ProviderState::Cancelled, Outcome::Missed, EndReason::CustomerHungUp);
    let facts = story.call.facts();
    assert_eq!((facts.offered_at, facts.answer_by), (Some(at(0)), Some(at(28_000))));
    assert_eq!(story.names()[2..], ["provider.offered_after_end", "call.end_refined"]);
}

#[test]
fn our_own_reject_makes_the_provider_send_an_end_and_the_call_stays_unanswered() {
    let mut story = Story::warm(&[ANA]);
    story.wait_until(25_000);
    story.so(25_300, end(25_000));
    story.ended(ProviderState::Missed, Outcome::Missed, EndReason::NoAnswer);
}

#[test]
fn a_customer_who_gave_up_before_our_deadline_is_believed_later() {
    let mut story = Story::warm(&[ANA]);
    story.wait_until(25_000);
    story.so(40_000, end(20_000));
    story.so(41_000, end(20_000));
    story.ended(ProviderState::Cancelled, Outcome::Missed, EndReason::CustomerHungUp);
    assert_eq!(story.times_recorded("call.end_refined"), 1);
    assert_eq!(story.so(42_000, CallInput::TimePassed), NOTHING);
}

#[test]
fn an_end_stamped_after_the_window_means_that_nobody_answered() {
    let mut story = Story::warm(&[ANA]);
    story.so(9_000, end(28_000));
    story.ended(ProviderState::Missed, Outcome::Missed, EndReason::NoAnswer);
}

#[test]
fn the_providers_own_times_are_filled_in_once() {
    let mut story = Story::talks();
    story.so(20_000, CallInput::HangUp { by: ANA });
    let ended = ProviderEnded {
        started_at: Some(at(5_000)),
        ended_at: Some(at(20_000)),
        duration: Some(Duration::from_secs(15)),
        ..an_end(20_000)
    };
    for _ in 0..3 {
        assert_eq!(story.so(20_500, CallInput::ProviderEnded(ended.clone())), NOTHING);
    }
    story.ended(ProviderState::Terminated, Outcome::Answered, EndReason::AgentHungUp);
    assert_eq!(story.times_recorded("provider.times"), 1);
    assert_eq!(story.call.facts().provider_started_at, Some(at(5_000)));
}

#[test]
fn a_pick_up_we_never_asked_for_is_not_ours() {
    let mut story = Story::warm(&[ANA]);
    story.so(9_100, CallInput::ProviderEnded(ProviderEnded { started_at: Some(at(5_000)), ..an_end(9_000) }));
    story.ended(ProviderState::Cancelled, Outcome::Missed, EndReason::CustomerHungUp);
}

#[test]
fn a_clock_that_was_set_back_does_not_undo_a_deadline() {
    let mut story = Story::warm(&[ANA]);
    story.wait_until(25_000);
    story.refuses(3_000, CallInput::Answer { by: ANA }, Refusal::Over { status: Status::Missed });
}
