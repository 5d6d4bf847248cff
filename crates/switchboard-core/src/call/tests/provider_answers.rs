//! Refused and ambiguous answers of the provider ("Settled").

use super::*;

#[test]
fn an_unclear_pre_accept_is_repeated_once_within_its_time_and_then_counts_as_sent() {
    let mut story = Story::rings(&[ANA]);
    story.so(150, CallInput::MediaPrepared);
    assert_eq!(story.so(3_000, CallInput::PreAcceptAnswered(unknown())), ["pre_accept until 5150"]);
    assert_eq!(story.so(5_000, CallInput::PreAcceptAnswered(unknown())), NOTHING);
    assert_eq!(story.call.facts().state, ProviderState::PreAccepted);
    assert!(story.log.contains(&CallEventKind::PreAccepted { presumed: true }));
}

#[test]
fn a_pre_accept_without_any_answer_counts_as_sent_when_its_time_is_over() {
    let mut story = Story::rings(&[ANA]);
    story.so(150, CallInput::MediaPrepared);
    assert_eq!(story.wait_until(5_150), NOTHING);
    assert!(story.log.contains(&CallEventKind::PreAccepted { presumed: true }));
    assert_eq!(story.call.facts().pre_accepted_at, Some(at(5_150)));
}

#[test]
fn a_refused_pre_accept_fails_the_call_with_the_providers_words() {
    let mut story = Story::rings(&[ANA]);
    story.so(150, CallInput::MediaPrepared);
    assert_eq!(
        story.so(200, CallInput::PreAcceptAnswered(ProviderAnswer::Refused(fault()))),
        ["stop Ana: ended", "reject", "release media"]
    );
    story.ended(ProviderState::Failed, Outcome::Failed, EndReason::PreAcceptRefused);
    assert_eq!(story.call.facts().ending.as_ref().and_then(|end| end.fault.clone()), Some(fault()));
}

#[test]
fn a_refusal_after_pre_accept_was_presumed_still_counts_until_an_accept_has_left() {
    let mut story = Story::rings(&[ANA]);
    story.so(150, CallInput::MediaPrepared);
    story.wait_until(5_150);
    story.so(5_200, CallInput::PreAcceptAnswered(ProviderAnswer::Refused(fault())));
    story.ended(ProviderState::Failed, Outcome::Failed, EndReason::PreAcceptRefused);
}

#[test]
fn a_refused_accept_fails_the_call_and_is_certain_so_it_is_rejected() {
    let mut story = Story::warm(&[ANA]);
    story.so(5_000, CallInput::Answer { by: ANA });
    assert_eq!(
        story.so(5_100, CallInput::AcceptAnswered(ProviderAnswer::Refused(fault()))),
        ["reject", "release media"]
    );
    story.ended(ProviderState::Failed, Outcome::Failed, EndReason::AcceptRefused);
    assert_eq!(story.call.facts().answered_at, None);
}

#[test]
fn an_unclear_accept_is_not_repeated_and_sound_proves_it() {
    let mut story = Story::warm(&[ANA]);
    story.so(5_000, CallInput::Answer { by: ANA });
    assert_eq!(story.so(8_000, CallInput::AcceptAnswered(unknown())), NOTHING);
    assert_eq!(story.so(9_000, CallInput::CustomerHeard), ["open gate"]);
    assert!(story.log.contains(&CallEventKind::Accepted { presumed: true }));
    assert_eq!(story.call.facts().answered_by, Some(ANA));
}

#[test]
fn sound_that_came_while_the_accept_was_on_its_way_proves_it_too() {
    let mut story = Story::warm(&[ANA]);
    story.so(5_000, CallInput::Answer { by: ANA });
    assert_eq!(story.so(5_100, CallInput::CustomerHeard), NOTHING);
    assert_eq!(story.so(8_000, CallInput::AcceptAnswered(unknown())), ["open gate"]);
}

#[test]
fn sound_before_the_accept_proves_nothing() {
    let mut story = Story::warm(&[ANA]);
    story.so(4_000, CallInput::CustomerHeard);
    story.so(5_000, CallInput::Answer { by: ANA });
    assert_eq!(story.so(8_000, CallInput::AcceptAnswered(unknown())), NOTHING);
    assert_eq!(story.wait_until(11_000), ["terminate", "release media"]);
    story.ended(ProviderState::Failed, Outcome::Failed, EndReason::AcceptUnknown);
}

#[test]
fn an_accept_without_any_answer_is_decided_three_seconds_after_its_time() {
    let mut story = Story::warm(&[ANA]);
    story.so(5_000, CallInput::Answer { by: ANA });
    assert_eq!(story.call.poll_timeout(), Some(at(28_000)));
    assert_eq!(story.wait_until(30_999), NOTHING);
    assert_eq!(story.wait_until(31_000), ["terminate", "release media"]);
    story.ended(ProviderState::Failed, Outcome::Failed, EndReason::AcceptUnknown);
}

#[test]
fn the_providers_end_tells_that_an_unclear_accept_had_worked() {
    let mut story = Story::warm(&[ANA]);
    story.so(5_000, CallInput::Answer { by: ANA });
    story.so(8_000, CallInput::AcceptAnswered(unknown()));
    let picked_up = ProviderEnded { started_at: Some(at(5_000)), ended_at: Some(at(9_000)), ..an_end(9_000) };
    assert_eq!(story.so(9_500, CallInput::ProviderEnded(picked_up)), ["release media"]);
    story.ended(ProviderState::Terminated, Outcome::Answered, EndReason::CustomerHungUp);
    assert_eq!(story.call.facts().answered_by, Some(ANA));
}

#[test]
fn the_providers_end_tells_that_an_unclear_accept_had_not_worked() {
    let mut story = Story::warm(&[ANA]);
    story.so(5_000, CallInput::Answer { by: ANA });
    story.so(8_000, CallInput::AcceptAnswered(unknown()));
    story.so(9_500, end(9_000));
    story.ended(ProviderState::Cancelled, Outcome::Missed, EndReason::CustomerHungUp);
}

#[test]
fn an_answer_after_the_end_is_noted_and_revives_nothing() {
    let mut story = Story::warm(&[ANA]);
    story.so(5_000, CallInput::Answer { by: ANA });
    story.so(5_050, end(5_000));
    assert_eq!(story.so(5_100, CallInput::AcceptAnswered(ProviderAnswer::Done)), NOTHING);
    story.ended(ProviderState::Cancelled, Outcome::Missed, EndReason::CustomerHungUp);
    assert_eq!(story.names().last(), Some(&"input.refused"));
}

#[test]
fn what_became_of_the_last_request_is_noted() {
    let mut story = Story::warm(&[ANA]);
    story.so(1_000, CallInput::Reject { by: ANA });
    story.so(1_100, CallInput::RejectAnswered(ProviderAnswer::Refused(fault())));
    assert_eq!(story.names().last(), Some(&"provider.refused"));
    story.so(1_200, CallInput::RejectAnswered(ProviderAnswer::Done));
    story.ended(ProviderState::Rejected, Outcome::Rejected, EndReason::RejectedByAgent);
}
