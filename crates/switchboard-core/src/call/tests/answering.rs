//! From the click to the first word.

use super::*;

#[test]
fn the_click_accepts_and_sound_flows_when_the_provider_says_yes() {
    let mut story = Story::new();
    story.so(100, offer(&[ANA, BEN]));
    assert_eq!(story.so(150, CallInput::MediaPrepared), ["pre_accept until 5150"]);
    assert_eq!(story.so(200, CallInput::PreAcceptAnswered(ProviderAnswer::Done)), NOTHING);
    assert_eq!(story.so(300, CallInput::CustomerConnected), NOTHING);
    assert_eq!(
        story.so(5_000, CallInput::Answer { by: ANA }),
        ["stop Ana: answered", "stop Ben: taken by Ana", "bridge Ana", "accept until 28000"]
    );
    assert_eq!(story.call.facts().state, ProviderState::PreAccepted);
    assert_eq!(story.call.taken_by(), Some(ANA));
    assert_eq!(story.so(5_100, CallInput::AcceptAnswered(ProviderAnswer::Done)), ["open gate"]);
    story.so(5_150, CallInput::CustomerHeard);
    assert_eq!(
        story.names(),
        [
            "call.received",
            "ring.started",
            "ring.started",
            "media.prepared",
            "provider.pre_accept_sent",
            "call.pre_accepted",
            "media.customer_connected",
            "ring.answered",
            "ring.stopped",
            "ring.stopped",
            "provider.accept_sent",
            "call.accepted",
            "agent.put_through",
            "media.customer_heard",
        ]
    );
    let facts = story.call.facts();
    assert_eq!((facts.state, facts.status()), (ProviderState::Accepted, Status::Answered));
    assert_eq!((facts.answered_by, facts.answered_at), (Some(ANA), Some(at(5_100))));
    assert_eq!((facts.pre_accepted_at, facts.accepted_at), (Some(at(200)), Some(at(5_100))));
}

#[test]
fn exactly_one_wins_and_the_second_learns_who_it_was() {
    let mut story = Story::warm(&[ANA, BEN]);
    story.so(5_000, CallInput::Answer { by: BEN });
    story.refuses(5_000, CallInput::Answer { by: ANA }, Refusal::AlreadyTaken { by: BEN });
    story.refuses(5_001, CallInput::Decline { by: ANA }, Refusal::AlreadyTaken { by: BEN });
    story.refuses(5_001, CallInput::Reject { by: ANA }, Refusal::AlreadyTaken { by: BEN });
    story.refuses(5_001, CallInput::HangUp { by: ANA }, Refusal::NotYours { by: BEN });
    // A double click of the winner.
    assert_eq!(story.so(5_002, CallInput::Answer { by: BEN }), NOTHING);
    story.so(5_100, CallInput::AcceptAnswered(ProviderAnswer::Done));
    story.refuses(6_000, CallInput::Answer { by: ANA }, Refusal::AlreadyTaken { by: BEN });
    story.refuses(6_000, CallInput::Reject { by: ANA }, Refusal::AlreadyTaken { by: BEN });
}

#[test]
fn a_click_before_pre_accept_is_through_is_remembered() {
    let mut story = Story::rings(&[ANA]);
    assert_eq!(story.so(120, CallInput::Answer { by: ANA }), ["stop Ana: answered"]);
    assert_eq!(story.so(150, CallInput::MediaPrepared), ["bridge Ana", "pre_accept until 5150"]);
    assert_eq!(story.so(170, CallInput::CustomerConnected), NOTHING);
    assert_eq!(story.so(200, CallInput::PreAcceptAnswered(ProviderAnswer::Done)), ["accept until 28000"]);
}

#[test]
fn an_accept_waits_two_seconds_for_the_customers_media_and_no_longer() {
    let mut story = Story::rings(&[ANA]);
    story.so(150, CallInput::MediaPrepared);
    story.so(200, CallInput::PreAcceptAnswered(ProviderAnswer::Done));
    assert_eq!(story.so(500, CallInput::Answer { by: ANA }), ["stop Ana: answered", "bridge Ana"]);
    assert_eq!(story.call.poll_timeout(), Some(at(2_200)));
    assert_eq!(story.wait_until(2_200), ["accept until 28000"]);
    assert_eq!(story.so(2_300, CallInput::CustomerConnected), NOTHING);
}

#[test]
fn an_accept_that_could_not_leave_in_time_does_not_leave() {
    let mut story = Story::rings(&[ANA]);
    story.so(24_000, CallInput::MediaPrepared);
    story.so(24_900, CallInput::Answer { by: ANA });
    // pre_accept is through at 26.4 s, the media are not up: 26.5 s comes before the two seconds are over.
    story.so(26_400, CallInput::PreAcceptAnswered(ProviderAnswer::Done));
    assert_eq!(story.call.poll_timeout(), Some(at(26_500)));
    assert_eq!(story.wait_until(26_500), ["reject", "release media"]);
    story.ended(ProviderState::Missed, Outcome::Missed, EndReason::NoAnswer);
}

#[test]
fn a_machine_that_slept_over_the_moment_does_not_accept_afterwards() {
    let mut story = Story::rings(&[ANA]);
    story.so(24_000, CallInput::MediaPrepared);
    story.so(24_400, CallInput::PreAcceptAnswered(ProviderAnswer::Done));
    story.so(24_900, CallInput::Answer { by: ANA });
    // The two seconds are over at 26.4 s, noticed at 27 s: an accept must have left before 26.5 s.
    assert_eq!(story.so(27_000, CallInput::TimePassed), ["reject", "release media"]);
    story.ended(ProviderState::Missed, Outcome::Missed, EndReason::NoAnswer);
}

#[test]
fn pre_accept_is_given_up_in_time_for_an_accept() {
    let mut story = Story::rings(&[ANA]);
    assert_eq!(story.so(23_000, CallInput::MediaPrepared), ["pre_accept until 26500"]);
}

#[test]
fn with_a_long_window_an_accept_is_given_up_thirty_seconds_after_pre_accept() {
    let mut offered = an_offer(&[ANA]);
    offered.policy.answer_window = Duration::from_secs(55);
    let mut story = Story::new();
    story.so(100, CallInput::Offered(offered));
    story.so(150, CallInput::MediaPrepared);
    story.so(200, CallInput::PreAcceptAnswered(ProviderAnswer::Done));
    story.so(300, CallInput::CustomerConnected);
    let acts = story.so(27_000, CallInput::Answer { by: ANA });
    assert_eq!(acts.last().map(String::as_str), Some("accept until 30200"));
}

#[test]
fn the_echo_is_accepted_by_itself_and_nobody_is_rung() {
    let mut story = Story::new();
    assert_eq!(story.so(100, echo_offer()), ["prepare media"]);
    story.so(150, CallInput::MediaPrepared);
    story.so(200, CallInput::PreAcceptAnswered(ProviderAnswer::Done));
    assert_eq!(story.so(300, CallInput::CustomerConnected), ["accept until 28000"]);
    assert_eq!(story.so(350, CallInput::AcceptAnswered(ProviderAnswer::Done)), ["open gate", "bridge echo"]);
    assert_eq!(story.so(9_000, end(9_000)), ["release media"]);
    story.ended(ProviderState::Terminated, Outcome::SelfService, EndReason::CustomerHungUp);
    assert_eq!(story.call.facts().answered_at, None);
}

#[test]
fn an_echo_whose_pre_accept_never_comes_through_in_time_is_missed() {
    let mut story = Story::new();
    story.so(100, echo_offer());
    assert_eq!(story.wait_until(60_000), ["reject", "release media"]);
    story.ended(ProviderState::Missed, Outcome::Missed, EndReason::NoAnswer);
}

#[test]
fn second_arrivals_of_media_and_answers_change_nothing() {
    let mut story = Story::talks();
    let before = story.call.facts().clone();
    for input in [
        offer(&[EVA]),
        CallInput::MediaPrepared,
        CallInput::CustomerConnected,
        CallInput::CustomerHeard,
        CallInput::PreAcceptAnswered(ProviderAnswer::Done),
        CallInput::PreAcceptAnswered(ProviderAnswer::Refused(fault())),
        CallInput::AcceptAnswered(ProviderAnswer::Done),
        CallInput::AcceptAnswered(ProviderAnswer::Refused(fault())),
        CallInput::RejectAnswered(ProviderAnswer::Done),
        CallInput::TimePassed,
    ] {
        assert_eq!(story.so(6_000, input), NOTHING);
        assert_eq!(story.call.facts(), &before);
    }
}

#[test]
fn repetitions_do_not_fill_the_story_for_ever() {
    let mut story = Story::talks();
    for _ in 0..1_000 {
        story.so(6_000, offer(&[EVA]));
    }
    assert_eq!(story.times_recorded("input.refused"), 16);
}
