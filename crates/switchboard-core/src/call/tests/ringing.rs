//! Who is rung, until when, and who is not.

use super::*;

#[test]
fn everybody_who_can_be_rung_is_rung_at_once_while_the_leg_is_made() {
    let mut story = Story::new();
    assert_eq!(
        story.so(100, offer(&[ANA, BEN, ANA])),
        ["prepare media", "ring Ana until 25000", "ring Ben until 25000"]
    );
    assert_eq!(story.names(), ["call.received", "ring.started", "ring.started"]);
    assert_eq!(story.call.facts().status(), Status::Ringing);
    assert_eq!(story.call.facts().answer_by, Some(at(28_000)));
    assert_eq!(story.call.ring_until(), Some(at(25_000)));
}

#[test]
fn ringing_leaves_time_for_an_accept_also_with_a_long_window() {
    let mut offered = an_offer(&[ANA]);
    offered.policy.answer_window = Duration::from_secs(55);
    let mut story = Story::new();
    // pre_accept cannot go through before 100 ms, so an accept is of use until 30.1 s at least.
    assert_eq!(story.so(100, CallInput::Offered(offered)), ["prepare media", "ring Ana until 27100"]);
}

#[test]
fn a_connect_as_old_as_the_window_is_missed_and_nothing_is_said_to_the_provider() {
    let mut story = Story::new();
    assert_eq!(story.so(28_000, offer(&[ANA])), NOTHING);
    story.ended(ProviderState::Missed, Outcome::Missed, EndReason::StaleOffer);
    assert_eq!(story.names(), ["call.received", "call.missed"]);
}

#[test]
fn a_connect_with_too_little_time_left_is_rejected_without_ringing_anybody() {
    let mut story = Story::new();
    assert_eq!(story.so(25_500, offer(&[ANA])), ["reject"]);
    story.ended(ProviderState::Missed, Outcome::Missed, EndReason::NoAnswer);
}

#[test]
fn while_calling_is_off_nobody_rings() {
    let mut story = Story::new();
    let offered = Offered { admission: Admission::CallingDisabled, ..an_offer(&[ANA]) };
    assert_eq!(story.so(100, CallInput::Offered(offered)), ["reject"]);
    story.ended(ProviderState::Rejected, Outcome::Rejected, EndReason::CallingDisabled);
    assert_eq!(story.call.facts().status(), Status::Rejected);
}

#[test]
fn a_call_beyond_capacity_is_rejected_cleanly() {
    let mut story = Story::new();
    let offered = Offered { admission: Admission::AtCapacity, ..an_offer(&[ANA]) };
    assert_eq!(story.so(100, CallInput::Offered(offered)), ["reject"]);
    story.ended(ProviderState::Rejected, Outcome::Rejected, EndReason::AtCapacity);
}

#[test]
fn with_nobody_there_the_call_waits_and_rings_whoever_comes() {
    let mut story = Story::rings(&[]);
    assert_eq!(story.call.facts().status(), Status::Offered);
    assert_eq!(story.so(9_000, CallInput::AgentAvailable(EVA)), ["ring Eva until 25000"]);
    assert_eq!(story.so(9_001, CallInput::AgentAvailable(EVA)), NOTHING);
    assert_eq!(story.so(9_500, CallInput::AgentUnavailable(EVA)), ["stop Eva: unavailable"]);
    assert_eq!(story.call.facts().status(), Status::Offered);
}

#[test]
fn nobody_answers_and_the_call_is_missed_three_seconds_before_it_is_too_late() {
    let mut story = Story::warm(&[ANA, BEN]);
    assert_eq!(story.call.poll_timeout(), Some(at(25_000)));
    assert_eq!(
        story.wait_until(60_000),
        ["stop Ana: timed out", "stop Ben: timed out", "reject", "release media"]
    );
    story.ended(ProviderState::Missed, Outcome::Missed, EndReason::NoAnswer);
    assert_eq!(story.call.facts().status(), Status::Missed);
}

#[test]
fn a_click_at_the_very_end_of_ringing_is_too_late_even_if_the_clock_was_not_heard() {
    let mut story = Story::warm(&[ANA]);
    let late = story.call.handle(at(25_000), CallInput::Answer { by: ANA });
    assert_eq!(late, Err(Refusal::Over { status: Status::Missed }));
    assert_eq!(story.acts(), ["stop Ana: timed out", "reject", "release media"]);
}

#[test]
fn time_passing_early_changes_nothing() {
    let mut story = Story::warm(&[ANA]);
    let before = story.call.facts().clone();
    assert_eq!(story.so(24_999, CallInput::TimePassed), NOTHING);
    assert_eq!(story.call.facts(), &before);
}

#[test]
fn who_declines_is_not_rung_again() {
    let mut story = Story::rings(&[ANA, BEN]);
    assert_eq!(story.so(1_000, CallInput::Decline { by: ANA }), ["stop Ana: declined"]);
    assert_eq!(story.so(1_010, CallInput::Decline { by: ANA }), NOTHING);
    story.so(2_000, CallInput::AgentUnavailable(ANA));
    assert_eq!(story.so(3_000, CallInput::AgentAvailable(ANA)), NOTHING);
    story.refuses(3_500, CallInput::Answer { by: ANA }, Refusal::NotRinging);
}

#[test]
fn when_the_last_one_declines_the_call_is_rejected_at_once() {
    let mut story = Story::warm(&[ANA, BEN]);
    story.so(1_000, CallInput::Decline { by: ANA });
    assert_eq!(
        story.so(2_000, CallInput::Decline { by: BEN }),
        ["stop Ben: declined", "reject", "release media"]
    );
    story.ended(ProviderState::Rejected, Outcome::Rejected, EndReason::Declined);
    assert_eq!(story.call.facts().ending.as_ref().and_then(|ending| ending.by_user), Some(BEN));
    story.refuses(2_010, CallInput::Decline { by: BEN }, Refusal::Over { status: Status::Rejected });
}

#[test]
fn rejecting_ends_it_for_everybody() {
    let mut story = Story::warm(&[ANA, BEN]);
    assert_eq!(
        story.so(1_000, CallInput::Reject { by: ANA }),
        ["stop Ana: ended", "stop Ben: ended", "reject", "release media"]
    );
    story.ended(ProviderState::Rejected, Outcome::Rejected, EndReason::RejectedByAgent);
    story.refuses(1_001, CallInput::Reject { by: BEN }, Refusal::Over { status: Status::Rejected });
}

#[test]
fn who_is_not_rung_cannot_decline_or_answer() {
    let mut story = Story::rings(&[ANA]);
    story.refuses(500, CallInput::Decline { by: BEN }, Refusal::NotRinging);
    story.refuses(500, CallInput::Answer { by: BEN }, Refusal::NotRinging);
    story.refuses(500, CallInput::HangUp { by: ANA }, Refusal::NotAnswered);
}

#[test]
fn a_call_nobody_knows_refuses_everybody() {
    let mut story = Story::new();
    story.refuses(0, CallInput::Answer { by: ANA }, Refusal::NotRinging);
    story.refuses(0, CallInput::Reject { by: ANA }, Refusal::NotRinging);
    story.refuses(0, CallInput::HangUp { by: ANA }, Refusal::NotAnswered);
}
