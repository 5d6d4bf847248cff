//! M5: recorded with the customer's knowledge, or not at all.

use super::*;
use crate::call::recording::{RecordingFacts, RecordingState};
use crate::recording::RecordingMode;

const ANNOUNCED: RecordingPolicy =
    RecordingPolicy { mode: RecordingMode::On, announcement: Some(Duration::from_secs(3)), echo: false };
const WAIVED: RecordingPolicy = RecordingPolicy { announcement: None, ..ANNOUNCED };
const BY_BUTTON: RecordingPolicy = RecordingPolicy { mode: RecordingMode::Agent, ..ANNOUNCED };

/// Ana has clicked at 5 s; the accept goes through at 5.1 s.
fn accepted(recording: RecordingPolicy) -> (Story, Vec<String>) {
    let mut story = Story::new();
    let mut offered = an_offer(&[ANA, BEN]);
    offered.policy.recording = recording;
    story.so(100, CallInput::Offered(offered));
    story.so(150, CallInput::MediaPrepared);
    story.so(200, CallInput::PreAcceptAnswered(ProviderAnswer::Done));
    story.so(300, CallInput::CustomerConnected);
    story.so(5_000, CallInput::Answer { by: ANA });
    story.so(5_000, CallInput::AgentUnavailable(ANA));
    let acts = story.so(5_100, CallInput::AcceptAnswered(ProviderAnswer::Done));
    (story, acts)
}

fn recorded() -> Story {
    let (mut story, _) = accepted(ANNOUNCED);
    story.so(8_500, CallInput::AnnouncementPlayed);
    story
}

fn state(story: &Story) -> Option<RecordingState> {
    story.call.recording().map(|facts| facts.state)
}

#[test]
fn the_customer_is_told_before_anybody_hears_him_and_before_anything_is_kept() {
    let (mut story, acts) = accepted(ANNOUNCED);
    assert_eq!(acts, ["bridge announcement", "open gate"]);
    assert_eq!((state(&story), story.call.facts().answered_at), (Some(RecordingState::Announcing), None));
    assert_eq!(story.so(8_500, CallInput::AnnouncementPlayed), ["bridge Ana", "start recording"]);
    assert_eq!(
        (state(&story), story.call.facts().answered_at),
        (Some(RecordingState::Recording), Some(at(8_500)))
    );
    assert_eq!(story.so(60_000, end(60_000)), ["stop recording", "release media"]);
    for once in ["recording.announced", "recording.started", "recording.stopped", "agent.put_through"] {
        assert_eq!(story.times_recorded(once), 1, "{once}");
    }
}

#[test]
fn a_waived_announcement_is_not_played_and_the_recording_begins_at_once() {
    let (story, acts) = accepted(WAIVED);
    assert_eq!(acts, ["open gate", "start recording"]);
    assert_eq!(story.times_recorded("recording.announced"), 0);
}

#[test]
fn a_number_that_does_not_record_has_nothing_to_steer() {
    let (mut story, acts) = accepted(RecordingPolicy::OFF);
    assert_eq!(acts, ["open gate"]);
    assert_eq!(story.call.recording(), None);
    story.refuses(6_000, CallInput::StartRecording { by: ANA }, Refusal::RecordingOff);
}

#[test]
fn a_customer_who_leaves_during_the_announcement_is_not_recorded_and_has_spoken_with_nobody() {
    let (mut story, _) = accepted(ANNOUNCED);
    assert_eq!(story.so(6_000, end(6_000)), ["release media"]);
    story.ended(ProviderState::Terminated, Outcome::Abandoned, EndReason::CustomerHungUp);
    assert_eq!(story.so(8_500, CallInput::AnnouncementPlayed), NOTHING);
}

#[test]
fn an_announcement_nobody_says_was_heard_is_no_consent_and_the_talk_goes_on() {
    let (mut story, _) = accepted(ANNOUNCED);
    assert_eq!(story.wait_until(10_100), ["bridge Ana"]);
    assert_eq!(state(&story), Some(RecordingState::Failed));
    assert_eq!(story.call.facts().answered_at, Some(at(10_100)));
    assert_eq!(story.so(10_200, CallInput::AnnouncementPlayed), NOTHING);
    assert_eq!(state(&story), Some(RecordingState::Failed));
}

#[test]
fn the_button_tells_the_customer_first_and_then_records() {
    let (mut story, acts) = accepted(BY_BUTTON);
    assert_eq!(acts, ["open gate"]);
    let can = RecordingFacts { state: RecordingState::Off, can_start: true, can_pause: false };
    assert_eq!(story.call.recording(), Some(can));
    assert_eq!(story.so(20_000, CallInput::StartRecording { by: ANA }), ["bridge announcement"]);
    assert_eq!(story.so(20_100, CallInput::StartRecording { by: ANA }), NOTHING);
    assert_eq!(story.so(23_500, CallInput::AnnouncementPlayed), ["bridge Ana", "start recording"]);
    assert_eq!(story.times_recorded("agent.put_through"), 1);
    assert_eq!(story.so(24_000, CallInput::StartRecording { by: ANA }), NOTHING);
    // The end of a tone is not the end of an announcement, nor the other way round.
    assert_eq!(story.so(25_000, CallInput::AnnouncementPlayed), NOTHING);
}

#[test]
fn a_wish_to_record_before_anybody_talks_is_refused() {
    let mut story = Story::new();
    let mut offered = an_offer(&[ANA]);
    offered.policy.recording = BY_BUTTON;
    story.so(100, CallInput::Offered(offered));
    story.refuses(1_000, CallInput::StartRecording { by: ANA }, Refusal::NotAnswered);
}

#[test]
fn pausing_twice_is_one_pause_and_stopping_ends_it_for_good() {
    let mut story = recorded();
    assert_eq!(story.so(10_000, CallInput::PauseRecording { by: ANA }), ["pause recording"]);
    assert_eq!(story.so(10_100, CallInput::PauseRecording { by: BEN }), NOTHING);
    assert_eq!(state(&story), Some(RecordingState::Paused));
    assert_eq!(story.so(15_000, CallInput::ResumeRecording { by: ANA }), ["resume recording"]);
    assert_eq!(story.so(15_100, CallInput::ResumeRecording { by: ANA }), NOTHING);
    assert_eq!(story.so(20_000, CallInput::StopRecording { by: ANA }), ["stop recording"]);
    story.refuses(21_000, CallInput::PauseRecording { by: ANA }, Refusal::NotRecorded);
    story.refuses(21_000, CallInput::ResumeRecording { by: ANA }, Refusal::NotRecorded);
    story.refuses(21_000, CallInput::StopRecording { by: ANA }, Refusal::NotRecorded);
    assert_eq!(story.so(60_000, end(60_000)), ["release media"]);
    let over = Refusal::Over { status: Status::Ended };
    story.refuses(61_000, CallInput::StartRecording { by: ANA }, over);
    story.refuses(61_000, CallInput::PauseRecording { by: ANA }, over);
}

#[test]
fn stopping_during_the_announcement_puts_through_and_records_nothing() {
    let (mut story, _) = accepted(ANNOUNCED);
    assert_eq!(story.so(6_000, CallInput::StopRecording { by: ANA }), ["bridge Ana"]);
    assert_eq!(story.so(8_500, CallInput::AnnouncementPlayed), NOTHING);
    assert_eq!(state(&story), Some(RecordingState::Off));
}

#[test]
fn one_recording_outlives_a_lost_line_music_and_another_agent() {
    let mut story = recorded();
    story.so(10_000, CallInput::LineLost(ANA));
    assert_eq!(story.wait_until(12_000), ["bridge music"]);
    story.wait_until(40_000);
    story.so(45_000, CallInput::Answer { by: BEN });
    assert_eq!(state(&story), Some(RecordingState::Recording));
    story.so(60_000, CallInput::HangUp { by: BEN });
    assert_eq!(
        (story.times_recorded("recording.started"), story.times_recorded("recording.stopped")),
        (1, 1)
    );
}

#[test]
fn who_lost_his_line_during_the_announcement_takes_the_call_back_after_it() {
    let (mut story, _) = accepted(ANNOUNCED);
    story.so(6_000, CallInput::LineLost(ANA));
    assert_eq!(story.so(7_000, CallInput::LineBack(ANA)), NOTHING);
    assert_eq!(story.so(8_500, CallInput::AnnouncementPlayed), ["bridge Ana", "start recording"]);
    assert_eq!(story.call.facts().answered_at, Some(at(8_500)));
}

#[test]
fn the_tone_before_the_end_waits_for_the_announcement() {
    let (mut story, _) = accepted(BY_BUTTON);
    let tone = 5_100 + 4 * 3_600_000 - 10_000;
    story.so(tone - 1_000, CallInput::StartRecording { by: ANA });
    assert_eq!(story.wait_until(tone + 1_000), NOTHING);
    assert_eq!(
        story.so(tone + 2_500, CallInput::AnnouncementPlayed),
        ["bridge Ana", "start recording", "bridge tone"]
    );
}

#[test]
fn a_recording_that_cannot_be_kept_does_not_harm_the_call() {
    let mut story = recorded();
    let failed = CallInput::RecordingFailed { why: "disk full" };
    assert_eq!(story.so(10_000, failed.clone()), ["stop recording"]);
    assert_eq!(story.so(10_100, failed.clone()), NOTHING);
    assert_eq!(state(&story), Some(RecordingState::Failed));
    assert_eq!(story.times_recorded("recording.failed"), 1);
    assert_eq!(story.so(60_000, end(60_000)), ["release media"]);
    story.ended(ProviderState::Terminated, Outcome::Answered, EndReason::CustomerHungUp);
}

#[test]
fn the_echo_is_recorded_only_when_asked() {
    for (echo, expected) in
        [(false, vec!["open gate", "bridge echo"]), (true, vec!["bridge announcement", "open gate"])]
    {
        let mut story = Story::new();
        let mut offered = an_offer(&[]);
        offered.policy.destination = Destination::Echo;
        offered.policy.recording = RecordingPolicy { echo, ..ANNOUNCED };
        story.so(100, CallInput::Offered(offered));
        story.so(150, CallInput::MediaPrepared);
        story.so(200, CallInput::PreAcceptAnswered(ProviderAnswer::Done));
        story.so(300, CallInput::CustomerConnected);
        assert_eq!(story.so(400, CallInput::AcceptAnswered(ProviderAnswer::Done)), expected);
        if echo {
            assert_eq!(story.so(3_800, CallInput::AnnouncementPlayed), ["bridge echo", "start recording"]);
        }
    }
}

#[test]
fn a_restarted_exchange_does_not_go_on_recording() {
    let story = recorded();
    let mut call = Call::restore(story.call.facts().clone());
    assert_eq!(call.handle(at(20_000), CallInput::NodeRestarted), Ok(()));
    let mut acts = Vec::new();
    while let Some(effect) = call.poll_effect() {
        acts.push(in_words(&effect));
    }
    assert!(!acts.iter().any(|act| act.contains("recording")), "{acts:?}");
}
