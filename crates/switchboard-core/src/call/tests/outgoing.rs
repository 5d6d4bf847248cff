//! Ana calls a customer. She clicks at 0; our offer is ready and the request leaves at 10 ms; his phone may ring until
//! 60 s after that.

use super::*;
use crate::call::clearance::Clearance;
use crate::call::input::{DialAnswer, DialRefusal, MediaRefusal, Placed};
use crate::eligibility::Verdict;
use crate::recording::RecordingMode;

fn placed() -> Placed {
    let verdict = Verdict { allowed: true, reasons: Vec::new(), warnings: Vec::new() };
    Placed {
        by: ANA,
        policy: CallPolicy {
            destination: Destination::Agents,
            answer_window: Duration::from_secs(60),
            max_call_duration: Duration::from_secs(4 * 3_600),
            recording: RecordingPolicy::OFF,
        },
        clearance: Clearance::of(&verdict).expect("allowed"),
    }
}

fn refused() -> CallInput {
    CallInput::DialAnswered(DialAnswer::Refused { why: DialRefusal::NoPermission, fault: fault() })
}

fn unclear() -> CallInput {
    CallInput::DialAnswered(DialAnswer::Unknown { detail: String::from("time-out") })
}

const PLACED: CallInput = CallInput::DialAnswered(DialAnswer::Placed);

/// Dialled at 10 ms.
fn dials() -> Story {
    let mut story = Story::new();
    assert_eq!(story.so(0, CallInput::Placed(placed())), ["prepare offer"]);
    assert_eq!(story.so(10, CallInput::MediaPrepared), ["bridge Ana", "dial until 10010"]);
    story
}

/// His phone rings since 1.2 s, the path to him is up.
fn rings() -> Story {
    let mut story = dials();
    assert_eq!(story.so(500, PLACED), NOTHING);
    assert_eq!(story.so(1_000, CallInput::AnswerCame), ["apply answer"]);
    assert_eq!(story.so(1_100, CallInput::CustomerConnected), NOTHING);
    assert_eq!(story.so(1_200, CallInput::CustomerRings), ["ringback"]);
    story
}

fn talks() -> Story {
    let mut story = rings();
    assert_eq!(story.so(8_000, CallInput::CustomerAccepted), ["open gate"]);
    story
}

#[test]
fn the_one_who_calls_is_put_through_before_the_customer_picks_up() {
    let mut story = talks();
    let facts = story.call.facts();
    assert_eq!((facts.state, facts.status()), (ProviderState::Accepted, Status::Answered));
    assert_eq!((facts.answered_by, facts.answered_at), (Some(ANA), Some(at(8_000))));
    assert_eq!((facts.dialled_at, facts.rang_at), (Some(at(10)), Some(at(1_200))));
    assert_eq!(
        story.names(),
        [
            "call.initiated",
            "media.prepared",
            "provider.connect_sent",
            "provider.dialled",
            "provider.answer_came",
            "media.customer_connected",
            "call.ringing",
            "call.accepted",
            "agent.put_through"
        ]
    );
    // His first sound and a late RINGING change nothing any more.
    assert_eq!(story.so(8_100, CallInput::CustomerHeard), NOTHING);
    assert_eq!(story.so(8_200, CallInput::CustomerRings), NOTHING);
    assert_eq!(story.so(9_000, CallInput::CustomerAccepted), NOTHING);
    let end = ProviderEnded { started_at: Some(at(8_000)), ..an_end(20_000) };
    assert_eq!(story.so(20_100, CallInput::ProviderEnded(end)), ["release media"]);
    story.ended(ProviderState::Terminated, Outcome::Answered, EndReason::CustomerHungUp);
}

#[test]
fn what_lists_show_follows_the_customers_phone() {
    let mut story = dials();
    assert_eq!(story.call.facts().status(), Status::Offered);
    assert_eq!(story.call.taken_by(), Some(ANA), "she is not rung for another call");
    story.so(1_200, CallInput::CustomerRings);
    assert_eq!(story.call.facts().status(), Status::Ringing);
    assert_eq!(story.call.ring_until(), None, "nobody here is rung");
}

#[test]
fn who_is_heard_has_picked_up_although_no_status_came() {
    let mut story = rings();
    assert_eq!(story.so(8_000, CallInput::CustomerHeard), ["open gate"]);
    assert!(story.log.contains(&CallEventKind::Accepted { presumed: true }));
    assert_eq!(story.so(8_300, CallInput::CustomerAccepted), NOTHING);
}

/// Every order of the provider's first words gives the same call.
#[test]
fn the_providers_words_come_in_any_order_and_before_the_answer_to_our_request() {
    let words = [PLACED, CallInput::AnswerCame, CallInput::CustomerRings, CallInput::CustomerAccepted];
    let mut orders: Vec<Vec<usize>> = vec![vec![]];
    for n in 0..words.len() {
        orders = orders
            .into_iter()
            .flat_map(|order| (0..=n).map(move |at| [&order[..at], &[n], &order[at..]].concat()))
            .collect();
    }
    assert_eq!(orders.len(), 24);
    for order in orders {
        let mut story = dials();
        let mut acts = Vec::new();
        for (step, word) in order.iter().enumerate() {
            acts.extend(story.so(1_000 + step as u64, words[*word].clone()));
            // Each of them once more.
            acts.extend(story.so(1_000 + step as u64, words[*word].clone()));
        }
        acts.sort_unstable();
        acts.retain(|act| act != "ringback");
        assert_eq!(acts, ["apply answer", "open gate"], "{order:?}");
        let facts = story.call.facts();
        assert_eq!((facts.state, facts.reached), (ProviderState::Accepted, true), "{order:?}");
        assert!(facts.rang_at.is_some(), "{order:?}");
        assert_eq!(story.times_recorded("provider.dialled"), 1, "{order:?}");
    }
}

#[test]
fn a_customer_who_declines_ends_it_whichever_word_comes_first() {
    let mut story = rings();
    assert_eq!(story.so(5_000, CallInput::CustomerDeclined), ["release media"]);
    story.ended(ProviderState::Rejected, Outcome::Rejected, EndReason::DeclinedByCustomer);
    assert_eq!(story.so(5_100, end(5_000)), NOTHING);
    story.ended(ProviderState::Rejected, Outcome::Rejected, EndReason::DeclinedByCustomer);

    let mut story = rings();
    assert_eq!(story.so(5_100, end(5_000)), ["release media"]);
    story.ended(ProviderState::Missed, Outcome::Missed, EndReason::NoAnswer);
    assert_eq!(story.so(5_200, CallInput::CustomerDeclined), NOTHING);
    story.ended(ProviderState::Rejected, Outcome::Rejected, EndReason::DeclinedByCustomer);
}

#[test]
fn nobody_picks_up_until_our_own_time_is_over() {
    let mut story = rings();
    assert_eq!(story.wait_until(60_009), NOTHING);
    assert_eq!(story.wait_until(60_010), ["terminate", "release media"]);
    story.ended(ProviderState::Missed, Outcome::Missed, EndReason::NoAnswer);
    assert_eq!(story.so(60_400, end(60_000)), NOTHING, "our terminate comes back as an end");
}

#[test]
fn a_call_that_fails_at_the_customers_end_says_with_what() {
    let mut story = rings();
    let broken = ProviderEnded { failed: true, error: Some(fault()), ..an_end(3_000) };
    story.so(3_100, CallInput::ProviderEnded(broken));
    story.ended(ProviderState::Failed, Outcome::Failed, EndReason::ProviderFailed);
    assert_eq!(story.call.facts().ending.clone().expect("over").fault, Some(fault()));
}

#[test]
fn an_end_that_overtakes_the_pick_up_knows_from_its_times_that_there_was_one() {
    let mut story = rings();
    let end = ProviderEnded { started_at: Some(at(6_000)), ..an_end(9_000) };
    assert_eq!(story.so(9_100, CallInput::ProviderEnded(end)), ["release media"]);
    story.ended(ProviderState::Terminated, Outcome::Answered, EndReason::CustomerHungUp);
    assert_eq!(story.call.facts().answered_by, Some(ANA));
    assert_eq!(story.so(9_200, CallInput::CustomerAccepted), NOTHING);
}

#[test]
fn hanging_up_while_it_rings_cancels_the_call() {
    let mut story = rings();
    assert_eq!(story.so(4_000, CallInput::HangUp { by: ANA }), ["terminate", "release media"]);
    story.ended(ProviderState::Cancelled, Outcome::Cancelled, EndReason::AgentHungUp);
    // He declined at the same moment: what a person ended stays ended by him.
    story.so(4_050, CallInput::CustomerDeclined);
    story.ended(ProviderState::Cancelled, Outcome::Cancelled, EndReason::AgentHungUp);
}

#[test]
fn hanging_up_before_the_provider_named_the_call_is_told_to_him_when_he_does() {
    let mut story = dials();
    assert_eq!(story.so(300, CallInput::HangUp { by: ANA }), ["release media"]);
    story.ended(ProviderState::Cancelled, Outcome::Cancelled, EndReason::AgentHungUp);
    assert_eq!(story.call.facts().rang_in_vain(), None, "it may never have reached him");
    assert_eq!(story.so(500, PLACED), ["terminate"]);
    assert!(story.call.facts().rang_in_vain().is_some());
    assert_eq!(story.so(600, CallInput::AnswerCame), NOTHING, "once");
    assert_eq!(story.so(700, CallInput::CustomerRings), NOTHING);
    assert_eq!(story.times_recorded("provider.appeared_late"), 1);
}

#[test]
fn a_refused_call_says_why_and_is_not_repeated() {
    for (why, reason) in [
        (DialRefusal::NoPermission, EndReason::NoCallPermission),
        (DialRefusal::Uncallable, EndReason::CustomerUncallable),
        (DialRefusal::AlreadyInCall, EndReason::AlreadyInCall),
        (DialRefusal::Limit, EndReason::CallLimit),
        (DialRefusal::Restricted, EndReason::Restricted),
        (DialRefusal::Country, EndReason::CountryNotOffered),
        (DialRefusal::NotSetUp, EndReason::NumberNotSetUp),
        (DialRefusal::Other, EndReason::DialRefused),
    ] {
        let mut story = dials();
        let refused = CallInput::DialAnswered(DialAnswer::Refused { why, fault: fault() });
        assert_eq!(story.so(400, refused), ["release media"]);
        story.ended(ProviderState::Failed, Outcome::Failed, reason);
        assert_eq!(story.call.facts().ending.clone().expect("over").fault, Some(fault()));
        assert_eq!(story.wait_until(300_000), NOTHING);
    }
}

#[test]
fn an_ambiguous_request_waits_for_a_word_about_the_call() {
    let mut story = dials();
    assert_eq!(story.so(3_000, unclear()), NOTHING);
    assert_eq!(story.so(9_000, CallInput::CustomerRings), ["ringback"]);
    assert_eq!(story.wait_until(60_000), NOTHING, "it rings like any other");
    assert_eq!(story.so(60_001, CallInput::CustomerAccepted), ["open gate"]);
}

#[test]
fn without_a_word_it_has_failed_and_is_ended_when_it_appears_after_all() {
    let mut story = dials();
    assert_eq!(story.wait_until(10_010), NOTHING, "no answer in its time is an ambiguous one");
    assert_eq!(story.wait_until(20_010), ["release media"]);
    story.ended(ProviderState::Failed, Outcome::Failed, EndReason::DialUnknown);
    assert_eq!(story.call.facts().rang_in_vain(), None, "nobody heard of it");
    assert_eq!(story.so(25_000, CallInput::AnswerCame), ["terminate"]);
    assert_eq!(story.call.facts().rang_in_vain(), None);
    assert_eq!(story.so(25_100, CallInput::CustomerRings), NOTHING);
    assert!(story.call.facts().rang_in_vain().is_some(), "his phone rang, and he did not take it");
    assert_eq!(story.so(25_200, PLACED), NOTHING);
}

#[test]
fn a_customer_who_declines_the_call_that_appeared_late_is_believed() {
    let mut story = dials();
    story.wait_until(20_010);
    assert_eq!(story.so(25_000, CallInput::CustomerDeclined), NOTHING, "it is over at his end, too");
    story.ended(ProviderState::Rejected, Outcome::Rejected, EndReason::DeclinedByCustomer);
}

#[test]
fn a_refusal_after_the_provider_spoke_of_the_call_is_not_believed() {
    let mut story = dials();
    story.so(300, CallInput::AnswerCame);
    assert_eq!(story.so(400, refused()), NOTHING);
    assert_eq!(story.so(500, unclear()), NOTHING);
    assert_eq!(story.times_recorded("input.refused"), 2);
    assert!(story.call.facts().ending.is_none());
}

#[test]
fn a_leg_that_cannot_be_made_calls_nobody() {
    for (refusal, reason) in [
        (MediaRefusal::NoPorts, EndReason::NoRtpPorts),
        (MediaRefusal::Flooded, EndReason::Flooded),
        (MediaRefusal::Unavailable, EndReason::MediaUnavailable),
    ] {
        let mut story = Story::new();
        story.so(0, CallInput::Placed(placed()));
        assert_eq!(story.so(5, CallInput::MediaRefused(refusal)), ["release media"]);
        story.ended(ProviderState::Failed, Outcome::Failed, reason);
    }
    let mut story = Story::new();
    story.so(0, CallInput::Placed(placed()));
    assert_eq!(story.wait_until(60_000), ["release media"], "nothing was ever heard of it");
    story.ended(ProviderState::Failed, Outcome::Failed, EndReason::MediaUnavailable);
}

#[test]
fn an_answer_that_cannot_be_used_ends_it_at_both_ends() {
    let mut story = dials();
    story.so(300, CallInput::AnswerCame);
    let refusal = MediaRefusal::BadOffer(String::from("no audio"));
    assert_eq!(story.so(310, CallInput::MediaRefused(refusal)), ["terminate", "release media"]);
    story.ended(ProviderState::Failed, Outcome::Failed, EndReason::BadOffer);
}

#[test]
fn a_path_that_does_not_come_up_ends_it_before_and_after_the_pick_up() {
    let mut story = dials();
    story.so(300, CallInput::AnswerCame);
    assert_eq!(story.so(30_300, CallInput::CustomerLegFailed), ["terminate", "release media"]);
    story.ended(ProviderState::Failed, Outcome::Failed, EndReason::MediaFailed);

    // He picked up, and his media answer was lost for good.
    let mut story = dials();
    story.so(300, CallInput::CustomerAccepted);
    assert_eq!(story.wait_until(20_299), NOTHING);
    assert_eq!(story.wait_until(20_300), ["terminate", "release media"]);
    story.ended(ProviderState::Failed, Outcome::Failed, EndReason::MediaFailed);
}

#[test]
fn her_line_may_be_lost_and_come_back_while_it_rings() {
    let mut story = rings();
    assert_eq!(story.so(2_000, CallInput::LineLost(ANA)), NOTHING);
    assert_eq!(story.so(9_000, CallInput::LineBack(ANA)), ["bridge Ana"]);
    assert_eq!(story.so(12_000, CallInput::CustomerAccepted), ["open gate"]);
    assert_eq!(story.call.facts().answered_by, Some(ANA));
}

#[test]
fn a_customer_who_picks_up_without_her_hears_music_and_is_offered_to_others() {
    let mut story = rings();
    story.so(2_000, CallInput::LineLost(ANA));
    assert_eq!(story.so(5_000, CallInput::CustomerAccepted), ["open gate", "bridge music"]);
    assert_eq!(story.call.facts().answered_by, None);
    assert_eq!(story.so(6_000, CallInput::AgentsAvailable(vec![BEN])), NOTHING);
    assert_eq!(story.wait_until(32_000), ["ring Ben until 62000"]);
}

#[test]
fn nobody_is_rung_for_somebody_who_is_gone() {
    let mut story = rings();
    story.so(2_000, CallInput::LineLost(ANA));
    assert_eq!(story.wait_until(32_000), ["terminate", "release media"]);
    story.ended(ProviderState::Cancelled, Outcome::Cancelled, EndReason::AgentLost);
    // Lost before anything was dialled: nothing is.
    let mut story = Story::new();
    story.so(0, CallInput::Placed(placed()));
    assert_eq!(story.so(5, CallInput::LineLost(ANA)), ["release media"]);
    story.ended(ProviderState::Cancelled, Outcome::Cancelled, EndReason::AgentLost);
    assert_eq!(story.so(10, CallInput::MediaPrepared), NOTHING);
}

#[test]
fn a_recorded_call_tells_the_customer_before_he_hears_anybody() {
    let mut story = Story::new();
    let mut placed = placed();
    let announcement = Some(Duration::from_secs(4));
    placed.policy.recording = RecordingPolicy { mode: RecordingMode::On, announcement, echo: false };
    story.so(0, CallInput::Placed(placed));
    story.so(10, CallInput::MediaPrepared);
    story.so(1_000, CallInput::AnswerCame);
    assert_eq!(story.so(8_000, CallInput::CustomerAccepted), ["bridge announcement", "open gate"]);
    assert_eq!(story.call.facts().answered_at, None);
    assert_eq!(story.so(12_000, CallInput::AnnouncementPlayed), ["bridge Ana", "start recording"]);
    assert_eq!(story.call.facts().answered_at, Some(at(12_000)));
}

#[test]
fn silence_counts_from_the_pick_up_on() {
    let mut story = rings();
    assert_eq!(story.so(31_000, CallInput::CustomerSilent), NOTHING);
    let mut story = talks();
    assert_eq!(story.so(38_000, CallInput::CustomerSilent), ["terminate", "release media"]);
    story.ended(ProviderState::Terminated, Outcome::Answered, EndReason::CustomerSilent);
}

#[test]
fn a_server_that_stops_gives_up_what_rings_and_lets_a_talk_end_with_a_word() {
    let mut story = rings();
    assert_eq!(story.so(3_000, CallInput::DrainTimeout), ["terminate", "release media"]);
    story.ended(ProviderState::Cancelled, Outcome::Cancelled, EndReason::Draining);
    let mut story = talks();
    assert_eq!(story.so(9_000, CallInput::DrainTimeout), ["bridge notice of maintenance"]);
}

#[test]
fn after_a_restart_the_customer_is_let_go_whatever_he_was_doing() {
    // It rang, and the provider is known to have it.
    let mut story = rings();
    story.call = Call::restore(story.call.facts().clone());
    assert_eq!(story.so(5_000, CallInput::NodeRestarted), ["terminate"]);
    story.ended(ProviderState::Failed, Outcome::Failed, EndReason::NodeRestarted);
    // They talked.
    let mut story = talks();
    story.call = Call::restore(story.call.facts().clone());
    assert_eq!(story.so(9_000, CallInput::NodeRestarted), ["terminate"]);
    story.ended(ProviderState::Terminated, Outcome::Answered, EndReason::NodeRestarted);
    // The process died between the request and its answer: he is told when he comes to speak of it.
    let mut story = dials();
    story.call = Call::restore(story.call.facts().clone());
    assert_eq!(story.so(5_000, CallInput::NodeRestarted), NOTHING);
    story.ended(ProviderState::Failed, Outcome::Failed, EndReason::NodeRestarted);
    story.call = Call::restore(story.call.facts().clone());
    assert_eq!(story.so(6_000, CallInput::CustomerRings), ["terminate"]);
    story.call = Call::restore(story.call.facts().clone());
    assert_eq!(story.so(7_000, CallInput::CustomerAccepted), NOTHING);
}

/// The process died between the request and the writing of it: the row does not know that it left.
#[test]
fn a_phone_that_rings_for_a_call_whose_row_lost_the_request_is_stopped() {
    for word in [CallInput::AnswerCame, CallInput::CustomerRings, CallInput::CustomerAccepted] {
        let mut story = Story::new();
        story.so(0, CallInput::Placed(placed()));
        story.call = Call::restore(story.call.facts().clone());
        assert_eq!(story.so(5_000, CallInput::NodeRestarted), NOTHING);
        story.ended(ProviderState::Failed, Outcome::Failed, EndReason::NodeRestarted);
        story.call = Call::restore(story.call.facts().clone());
        assert_eq!(story.so(6_000, word), ["terminate"]);
        assert_eq!(story.so(6_100, CallInput::CustomerRings), NOTHING, "once");
    }
}

#[test]
fn a_phone_that_is_heard_to_ring_after_the_end_has_rung() {
    let mut story = dials();
    story.so(500, unclear());
    story.so(11_000, CallInput::TimePassed);
    story.ended(ProviderState::Failed, Outcome::Failed, EndReason::DialUnknown);
    assert_eq!(story.so(12_000, CallInput::CustomerRings), ["terminate"]);
    let facts = story.call.facts();
    assert!(facts.reached && facts.rang_at == Some(at(12_000)));
}

#[test]
fn words_of_a_call_that_was_not_dialled_change_nothing() {
    let mut story = Story::new();
    story.so(0, CallInput::Placed(placed()));
    let words = [PLACED, CallInput::AnswerCame, CallInput::CustomerRings, CallInput::CustomerAccepted];
    for word in words.into_iter().chain([CallInput::CustomerDeclined, CallInput::CustomerHeard]) {
        assert_eq!(story.so(1, word), NOTHING);
    }
    assert_eq!(story.times_recorded("input.refused"), 6);
    // Nor do they belong to a customer's call.
    let mut story = Story::warm(&[ANA]);
    for word in [PLACED, CallInput::AnswerCame, CallInput::CustomerRings, CallInput::CustomerAccepted] {
        assert_eq!(story.so(300, word), NOTHING);
    }
    assert_eq!(story.so(301, CallInput::Placed(placed())), NOTHING);
    assert_eq!(story.times_recorded("input.refused"), 5);
}

#[test]
fn other_peoples_verbs_do_not_fit() {
    let mut story = rings();
    story.refuses(2_000, CallInput::Answer { by: BEN }, Refusal::AlreadyTaken { by: ANA });
    story.refuses(2_000, CallInput::Reject { by: ANA }, Refusal::AlreadyTaken { by: ANA });
    story.refuses(2_000, CallInput::StartRecording { by: ANA }, Refusal::RecordingOff);
    assert_eq!(story.so(2_100, CallInput::Answer { by: ANA }), NOTHING, "it is hers already");
}
