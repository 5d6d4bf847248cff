//! Every way a call ends.

use super::super::input::MediaRefusal;
use super::*;

#[track_caller]
fn media_refused(refusal: MediaRefusal, state: ProviderState, outcome: Outcome, reason: EndReason) {
    let mut story = Story::rings(&[ANA]);
    let acts = story.so(150, CallInput::MediaRefused(refusal));
    assert_eq!(acts, ["stop Ana: ended", "reject", "release media"]);
    story.ended(state, outcome, reason);
}

#[test]
fn a_leg_that_cannot_be_made_rejects_the_call_and_says_why() {
    let bad = MediaRefusal::BadOffer(String::from("no audio"));
    media_refused(MediaRefusal::NoPorts, ProviderState::Rejected, Outcome::Rejected, EndReason::NoRtpPorts);
    media_refused(bad, ProviderState::Failed, Outcome::Failed, EndReason::BadOffer);
    let gone = MediaRefusal::Unavailable;
    media_refused(gone, ProviderState::Failed, Outcome::Failed, EndReason::MediaUnavailable);
}

#[test]
fn the_agent_hangs_up() {
    let mut story = Story::talks();
    assert_eq!(story.so(65_100, CallInput::HangUp { by: ANA }), ["terminate", "release media"]);
    story.ended(ProviderState::Terminated, Outcome::Answered, EndReason::AgentHungUp);
    assert_eq!(story.call.facts().talk_time(), Some(Duration::from_secs(60)));
    story.refuses(65_200, CallInput::HangUp { by: ANA }, Refusal::Over { status: Status::Ended });
}

#[test]
fn the_customer_hangs_up_while_agents_ring() {
    let mut story = Story::warm(&[ANA, BEN]);
    assert_eq!(story.so(9_400, end(9_000)), ["stop Ana: ended", "stop Ben: ended", "release media"]);
    story.ended(ProviderState::Cancelled, Outcome::Missed, EndReason::CustomerHungUp);
    story.refuses(9_500, CallInput::Answer { by: ANA }, Refusal::Over { status: Status::Missed });
}

#[test]
fn the_customer_hangs_up_in_the_talk() {
    let mut story = Story::talks();
    let ended = ProviderEnded {
        started_at: Some(at(5_000)),
        ended_at: Some(at(30_000)),
        duration: Some(Duration::from_secs(25)),
        ..an_end(30_000)
    };
    assert_eq!(story.so(30_200, CallInput::ProviderEnded(ended)), ["release media"]);
    story.ended(ProviderState::Terminated, Outcome::Answered, EndReason::CustomerHungUp);
    assert_eq!(story.call.facts().provider_duration, Some(Duration::from_secs(25)));
}

#[test]
fn the_provider_breaks_a_talk_and_the_talk_still_counts_as_answered() {
    let mut story = Story::talks();
    let ended = ProviderEnded { failed: true, error: Some(fault()), ..an_end(30_000) };
    story.so(30_200, CallInput::ProviderEnded(ended));
    story.ended(ProviderState::Failed, Outcome::Answered, EndReason::ProviderFailed);
    assert_eq!(story.call.facts().ending.as_ref().and_then(|end| end.fault.clone()), Some(fault()));
}

#[test]
fn an_error_the_provider_does_not_call_a_failure_is_a_hang_up() {
    let mut story = Story::talks();
    let ended = ProviderEnded { error: Some(fault()), ..an_end(30_000) };
    story.so(30_200, CallInput::ProviderEnded(ended));
    story.ended(ProviderState::Terminated, Outcome::Answered, EndReason::CustomerHungUp);
}

#[test]
fn who_clicked_may_hang_up_before_the_accept_left_and_the_call_is_rejected() {
    let mut story = Story::rings(&[ANA]);
    story.so(120, CallInput::Answer { by: ANA });
    assert_eq!(story.so(140, CallInput::HangUp { by: ANA }), ["reject", "release media"]);
    story.ended(ProviderState::Rejected, Outcome::Rejected, EndReason::AgentHungUp);
}

#[test]
fn once_an_accept_has_left_only_terminate_is_sure_to_end_it() {
    let mut story = Story::warm(&[ANA]);
    story.so(5_000, CallInput::Answer { by: ANA });
    assert_eq!(story.so(5_050, CallInput::HangUp { by: ANA }), ["terminate", "release media"]);
    story.ended(ProviderState::Rejected, Outcome::Rejected, EndReason::AgentHungUp);
}

#[test]
fn a_customer_of_whom_nothing_arrives_is_hung_up_on() {
    let mut story = Story::talks();
    assert_eq!(story.so(40_000, CallInput::CustomerSilent), ["terminate", "release media"]);
    story.ended(ProviderState::Terminated, Outcome::Answered, EndReason::CustomerSilent);
}

#[test]
fn silence_before_the_accept_is_no_reason() {
    let mut story = Story::warm(&[ANA]);
    assert_eq!(story.so(20_000, CallInput::CustomerSilent), NOTHING);
    assert_eq!(story.call.facts().ending, None);
}

#[test]
fn a_leg_that_breaks_while_it_rings_fails_the_call() {
    let mut story = Story::warm(&[ANA]);
    let acts = story.so(1_000, CallInput::CustomerLegFailed);
    assert_eq!(acts, ["stop Ana: ended", "reject", "release media"]);
    story.ended(ProviderState::Failed, Outcome::Failed, EndReason::MediaFailed);
}

#[test]
fn a_leg_that_breaks_in_the_talk_ends_an_answered_call() {
    let mut story = Story::talks();
    assert_eq!(story.so(9_000, CallInput::CustomerLegFailed), ["terminate", "release media"]);
    story.ended(ProviderState::Terminated, Outcome::Answered, EndReason::MediaFailed);
}

#[test]
fn a_very_long_call_is_warned_and_ended() {
    let mut story = Story::talks();
    let accepted = 5_100;
    let longest = 4 * 3_600 * 1_000;
    let ends = accepted + longest;
    assert_eq!(story.wait_until(ends - 10_000), ["bridge tone"]);
    // Ana is cut off for as long as the tone is, a second at most.
    assert_eq!(story.wait_until(ends - 9_000), ["bridge Ana"]);
    assert_eq!(story.so(ends - 8_900, CallInput::NoticePlayed), NOTHING);
    assert_eq!(story.wait_until(ends), ["terminate", "release media"]);
    story.ended(ProviderState::Terminated, Outcome::Answered, EndReason::TooLong);
}

#[test]
fn the_agent_is_back_as_soon_as_the_tone_is_over() {
    let mut story = Story::talks();
    let ends = 5_100 + 4 * 3_600 * 1_000;
    story.wait_until(ends - 10_000);
    assert_eq!(story.so(ends - 9_600, CallInput::NoticePlayed), ["bridge Ana"]);
    assert_eq!(story.wait_until(ends - 1), NOTHING);
}

#[test]
fn a_restart_in_the_talk_terminates_and_in_the_ringing_rejects() {
    let mut story = Story::talks();
    story.call = Call::restore(story.call.facts().clone());
    assert_eq!(story.so(9_000, CallInput::NodeRestarted), ["terminate"]);
    story.ended(ProviderState::Terminated, Outcome::Answered, EndReason::NodeRestarted);

    let mut story = Story::warm(&[ANA]);
    story.call = Call::restore(story.call.facts().clone());
    assert_eq!(story.so(9_000, CallInput::NodeRestarted), ["stop Ana: ended", "reject"]);
    story.ended(ProviderState::Failed, Outcome::Failed, EndReason::NodeRestarted);
    assert_eq!(story.so(9_001, CallInput::NodeRestarted), NOTHING);
}

#[test]
fn a_reject_that_comes_too_late_because_the_accept_had_gone_through_unseen_becomes_a_terminate() {
    let mut story = Story::warm(&[ANA]);
    story.call = Call::restore(story.call.facts().clone());
    assert_eq!(story.so(9_000, CallInput::NodeRestarted), ["stop Ana: ended", "reject"]);
    let refused = || CallInput::RejectAnswered(ProviderAnswer::Refused(fault()));
    assert_eq!(story.so(9_100, refused()), ["terminate"]);
    assert_eq!(story.so(9_200, refused()), NOTHING, "once is enough");
    story.ended(ProviderState::Failed, Outcome::Failed, EndReason::NodeRestarted);
}

#[test]
fn a_customer_who_hung_up_while_we_restarted_just_hung_up() {
    let mut story = Story::talks();
    story.call = Call::restore(story.call.facts().clone());
    assert_eq!(story.so(9_000, end(8_000)), NOTHING);
    story.ended(ProviderState::Terminated, Outcome::Answered, EndReason::CustomerHungUp);
}
