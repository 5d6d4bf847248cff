//! Edge 2: a call outlives the browser.

use super::*;

fn lost_at_10_s() -> Story {
    let mut story = Story::talks();
    assert_eq!(story.so(10_000, CallInput::LineLost(ANA)), NOTHING);
    story
}

#[test]
fn a_reload_within_two_seconds_is_not_heard_as_music() {
    let mut story = lost_at_10_s();
    assert_eq!(story.so(11_900, CallInput::LineBack(ANA)), ["bridge Ana"]);
    assert_eq!(story.wait_until(100_000), NOTHING);
    assert_eq!(story.names()[story.names().len() - 2..], ["agent.line_lost", "agent.line_back"]);
}

#[test]
fn the_customer_hears_music_until_the_agent_takes_the_call_back() {
    let mut story = lost_at_10_s();
    assert_eq!(story.wait_until(12_000), ["bridge music"]);
    assert_eq!(story.so(39_000, CallInput::LineBack(ANA)), ["bridge Ana"]);
    assert_eq!(story.call.taken_by(), Some(ANA));
    assert_eq!(story.wait_until(100_000), NOTHING);
}

#[test]
fn after_thirty_seconds_it_is_offered_to_everybody_and_the_next_one_is_put_through() {
    let mut story = lost_at_10_s();
    story.wait_until(12_000);
    assert_eq!(story.wait_until(40_000), ["ring Ben until 70000"]);
    assert_eq!(story.call.taken_by(), None);
    assert_eq!(story.so(45_000, CallInput::AgentAvailable(ANA)), ["ring Ana until 70000"]);
    assert_eq!(
        story.so(50_000, CallInput::Answer { by: BEN }),
        ["stop Ben: answered", "stop Ana: taken by Ben", "bridge Ben"]
    );
    let facts = story.call.facts();
    assert_eq!((facts.answered_by, facts.answered_at), (Some(BEN), Some(at(5_100))));
    story.refuses(50_001, CallInput::Answer { by: ANA }, Refusal::AlreadyTaken { by: BEN });
    // The talk goes on; Ana's line coming back does not take it from Ben.
    assert_eq!(story.so(51_000, CallInput::LineBack(ANA)), NOTHING);
    assert_eq!(story.wait_until(200_000), NOTHING);
}

#[test]
fn only_those_who_can_be_rung_now_are_offered_a_lost_call() {
    let mut story = lost_at_10_s();
    story.wait_until(12_000);
    // Ben, who rang at the beginning, is in a call of his own by now; the whole list is told anew.
    assert_eq!(story.so(12_001, CallInput::AgentsAvailable(vec![])), NOTHING);
    assert_eq!(story.wait_until(40_000), NOTHING);
    assert_eq!(story.so(41_000, CallInput::AgentsAvailable(vec![ANA])), ["ring Ana until 70000"]);
    assert_eq!(
        story.so(42_000, CallInput::AgentsAvailable(vec![BEN])),
        ["stop Ana: unavailable", "ring Ben until 70000"]
    );
}

#[test]
fn when_nobody_takes_it_the_customer_is_told_so_before_we_hang_up() {
    let mut story = lost_at_10_s();
    story.wait_until(40_000);
    assert_eq!(story.wait_until(70_000), ["stop Ben: timed out", "bridge notice that nobody is left"]);
    assert_eq!(story.so(75_500, CallInput::NoticePlayed), ["terminate", "release media"]);
    story.ended(ProviderState::Terminated, Outcome::Answered, EndReason::AgentLost);
}

#[test]
fn a_notice_whose_end_is_not_reported_does_not_hold_the_call() {
    let mut story = lost_at_10_s();
    story.wait_until(77_999);
    assert_eq!(story.call.facts().ending, None);
    assert_eq!(story.wait_until(78_000), ["terminate", "release media"]);
    story.ended(ProviderState::Terminated, Outcome::Answered, EndReason::AgentLost);
}

#[test]
fn who_declined_the_new_call_is_asked_again_for_the_orphaned_one() {
    let mut story = Story::warm(&[ANA, BEN]);
    story.so(1_000, CallInput::Decline { by: BEN });
    story.so(5_000, CallInput::Answer { by: ANA });
    story.so(5_000, CallInput::AgentUnavailable(ANA));
    story.so(5_100, CallInput::AcceptAnswered(ProviderAnswer::Done));
    story.so(10_000, CallInput::LineLost(ANA));
    story.wait_until(39_999);
    assert_eq!(story.wait_until(40_000), ["ring Ben until 70000"]);
}

#[test]
fn declining_the_orphaned_call_as_the_last_one_brings_the_notice_at_once() {
    for verb in [CallInput::Decline { by: BEN }, CallInput::Reject { by: BEN }] {
        let mut story = lost_at_10_s();
        story.wait_until(40_000);
        assert_eq!(story.so(41_000, verb), ["stop Ben: declined", "bridge notice that nobody is left"]);
        story.wait_until(49_000);
        story.ended(ProviderState::Terminated, Outcome::Answered, EndReason::AgentLost);
    }
}

#[test]
fn a_clock_that_comes_minutes_late_does_it_all_in_order() {
    let mut story = lost_at_10_s();
    assert_eq!(
        story.so(500_000, CallInput::TimePassed),
        [
            "bridge music",
            "ring Ben until 70000",
            "stop Ben: timed out",
            "bridge notice that nobody is left",
            "terminate",
            "release media"
        ]
    );
    story.ended(ProviderState::Terminated, Outcome::Answered, EndReason::AgentLost);
    assert_eq!(story.call.facts().ending.as_ref().map(|ending| ending.at), Some(at(78_000)));
}

#[test]
fn a_line_lost_between_click_and_accept_is_taken_back_after_the_accept() {
    let mut story = Story::warm(&[ANA]);
    story.so(5_000, CallInput::Answer { by: ANA });
    story.so(5_050, CallInput::LineLost(ANA));
    assert_eq!(story.so(5_100, CallInput::AcceptAnswered(ProviderAnswer::Done)), ["open gate"]);
    assert_eq!(story.call.facts().answered_at, None);
    assert_eq!(story.wait_until(7_050), ["bridge music"]);
    assert_eq!(story.so(8_000, CallInput::LineBack(ANA)), ["bridge Ana"]);
    let facts = story.call.facts();
    assert_eq!((facts.answered_by, facts.answered_at), (Some(ANA), Some(at(8_000))));
}

#[test]
fn a_customer_whom_nobody_ever_reached_has_been_abandoned() {
    let mut story = Story::warm(&[ANA]);
    story.so(5_000, CallInput::Answer { by: ANA });
    story.so(5_050, CallInput::LineLost(ANA));
    story.so(5_100, CallInput::AcceptAnswered(ProviderAnswer::Done));
    story.so(9_000, end(9_000));
    story.ended(ProviderState::Terminated, Outcome::Abandoned, EndReason::CustomerHungUp);
}

#[test]
fn a_line_that_came_back_before_the_accept_is_bridged_anew() {
    let mut story = Story::warm(&[ANA]);
    story.so(5_000, CallInput::Answer { by: ANA });
    story.so(5_020, CallInput::LineLost(ANA));
    assert_eq!(story.so(5_050, CallInput::LineBack(ANA)), ["bridge Ana"]);
    story.so(5_100, CallInput::AcceptAnswered(ProviderAnswer::Done));
    assert_eq!(story.call.facts().answered_by, Some(ANA));
}

#[test]
fn a_replaced_line_is_bridged_although_its_loss_was_never_noticed() {
    let mut story = Story::talks();
    assert_eq!(story.so(9_000, CallInput::LineBack(ANA)), ["bridge Ana"]);
}

#[test]
fn the_line_of_somebody_else_is_no_matter() {
    let mut story = Story::talks();
    assert_eq!(story.so(9_000, CallInput::LineLost(BEN)), NOTHING);
    assert_eq!(story.wait_until(100_000), NOTHING);
}

#[test]
fn the_customer_may_hang_up_while_he_hears_music() {
    let mut story = lost_at_10_s();
    story.wait_until(12_000);
    assert_eq!(story.so(20_000, end(20_000)), ["release media"]);
    story.ended(ProviderState::Terminated, Outcome::Answered, EndReason::CustomerHungUp);
}
