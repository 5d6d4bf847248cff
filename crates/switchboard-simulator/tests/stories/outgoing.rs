use std::time::Duration;

use serde_json::{Value, json};
use switchboard_simulator::permissions::Standing;
use switchboard_simulator::{
    AnswerSetup, Behaviour, CallState, Direction, EndedBy, Faults, GraphFault, NumberChange, OnCall,
    Restriction, Sound, Switches,
};

use crate::business::{Arrived, Business, NUMBER};
use crate::line::Line;

const ANA: &str = "5511982114477";

/// A business that may call Ana for good, who behaves like this.
async fn allowed(call: OnCall) -> Business {
    allowed_with(call, |_| {}).await
}

async fn allowed_with(
    call: OnCall,
    change: impl FnOnce(&mut switchboard_simulator::SimulatorConfig),
) -> Business {
    let business = Business::open_with(change).await;
    business.simulator.set_permission(ANA, Standing::Permanent).unwrap();
    business.simulator.behave(ANA, Behaviour { call, ..Behaviour::default() }).unwrap();
    business
}

fn code((status, body): &(u16, Value)) -> (u16, i64) {
    (*status, body["error"]["code"].as_i64().unwrap_or_default())
}

fn sdp(connect: &Arrived) -> &str {
    connect.call()["session"]["sdp"].as_str().expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_picks_up_and_both_hear_each_other() {
    let business = allowed(OnCall::AnswersAfterMs(300)).await;
    let line = Line::offer();
    let (status, answer) = business.connect("+55 (11) 98211-4477", &line.answer).await;
    assert_eq!(status, 200, "{answer}");
    let wacid = answer["calls"][0]["id"].as_str().unwrap();
    let connect = business.hears("connect").await;
    assert_eq!(connect.id(), wacid);
    assert_eq!(connect.call()["direction"], "BUSINESS_INITIATED");
    assert_eq!((&connect.call()["to"], &connect.call()["from"]), (&json!(ANA), &json!("447700900001")));
    assert_eq!(connect.call()["session"]["sdp_type"], "answer");
    assert!(connect.call().get("connection").is_none());
    assert!(sdp(&connect).contains("a=setup:active\r\n"));
    line.accept(sdp(&connect));
    line.speak(880);
    let ringing = business.hears("RINGING").await;
    let status = &ringing.value("calls").unwrap()["statuses"][0];
    assert_eq!(status["recipient_id"], ANA);
    assert_eq!(status["biz_opaque_callback_data"], "job-77");
    line.wait_until("connected while it rings", |state| state.connected).await;
    assert_eq!(line.state().packets, 0, "nobody speaks before the pick-up");
    business.hears("ACCEPTED").await;
    line.wait_until("the customer's 440 Hz", |state| state.share_of(440.0) > 0.8).await;
    let report = business
        .until(wacid, "880 Hz", |call| call.heard.dominant_hz.is_some_and(|hz| hz.abs_diff(880) <= 10))
        .await;
    assert_eq!((report.direction, report.state), (Direction::BusinessInitiated, CallState::Accepted));
    assert_eq!(report.early_packets, 0);
    assert_eq!(business.act("terminate", wacid, None).await.0, 200);
    let over = business.hears("terminate").await;
    assert!(over.call()["start_time"].is_string() && over.call()["duration"].is_number());
    assert_eq!(over.call()["status"], "COMPLETED");
    assert_eq!(over.call()["biz_opaque_callback_data"], "job-77");
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_setup_meta_answers_with_media_comes_up() {
    for (setup, text) in [(AnswerSetup::Actpass, "actpass"), (AnswerSetup::Passive, "passive")] {
        let switches = Switches { answer_setup: setup, legacy_connection: true, ..Switches::default() };
        let business =
            allowed_with(OnCall::AnswersAfterMs(10), |config| config.switches = switches.clone()).await;
        let line = Line::offer();
        assert_eq!(business.connect(ANA, &line.answer).await.0, 200);
        let connect = business.hears("connect").await;
        assert!(sdp(&connect).contains(&format!("a=setup:{text}\r\n")));
        let legacy = connect.call()["connection"]["webrtc"]["sdp"].as_str().expect("the form of 2024");
        let legacy: Value = serde_json::from_str(legacy).expect("JSON inside");
        assert_eq!((&legacy["sdp"], &legacy["type"]), (&json!(sdp(&connect)), &json!("answer")));
        // What no answer may say is read as active (reference, business-initiated calls).
        line.accept(&sdp(&connect).replace("a=setup:actpass", "a=setup:active"));
        line.wait_until("connected", |state| state.connected).await;
        line.wait_until("sound", |state| state.packets > 10).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_declined_is_rejected_and_over_without_times() {
    let business = allowed(OnCall::DeclinesAfterMs(50)).await;
    assert_eq!(business.connect(ANA, &Line::offer().answer).await.0, 200);
    assert_eq!(business.words(3).await, ["connect", "RINGING", "REJECTED"]);
    let over = business.hears("terminate").await;
    assert!(over.call().get("start_time").is_none() && over.call().get("duration").is_none());
    assert_eq!(over.call()["status"], "COMPLETED");
    assert_eq!(business.simulator.pair(ANA).unwrap().not_taken_in_a_row, 1);
    let report = business.simulator.call(over.id()).unwrap();
    assert_eq!(report.ended_by, Some(EndedBy::Declined));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_talks_to_somebody_else_rejects_without_ringing() {
    let business = allowed(OnCall::Busy).await;
    assert_eq!(business.connect(ANA, &Line::offer().answer).await.0, 200);
    assert_eq!(business.words(3).await, ["connect", "REJECTED", "terminate"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fourth_call_in_a_row_that_rings_out_takes_the_permission_away() {
    let business = allowed_with(OnCall::LetsItRing, |config| {
        config.limits.business_ring_time = Duration::from_millis(100);
    })
    .await;
    let mut revoked = None;
    for call in 0..4 {
        assert_eq!(business.connect(ANA, &Line::offer().answer).await.0, 200);
        assert_eq!(business.words(2).await, ["connect", "RINGING"]);
        // Nothing orders the end of the call and the news about the permission.
        for _ in 0..if call == 3 { 2 } else { 1 } {
            let next = business.next().await;
            if next.word() == "terminate" {
                assert!(next.call().get("start_time").is_none());
            } else {
                revoked = Some(next);
            }
        }
    }
    let revoked = revoked.expect("the news that the permission is gone");
    assert_eq!(revoked.reply(), &json!({ "response": "reject", "response_source": "automatic" }));
    assert!(revoked.value("messages").unwrap()["messages"][0].get("context").is_none());
    assert_eq!(business.simulator.pair(ANA).unwrap().permission, Standing::None);
    let words: Vec<String> = business
        .simulator
        .pair(ANA)
        .unwrap()
        .messages
        .into_iter()
        .filter(|message| message.kind == "system")
        .map(|message| message.text)
        .collect();
    assert_eq!(words, ["nudge", "revoked"]);
    assert_eq!(code(&business.connect(ANA, &Line::offer().answer).await), (401, 138_006));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_business_takes_its_call_back_while_it_rings() {
    let business = allowed(OnCall::LetsItRing).await;
    let (_, answer) = business.connect(ANA, &Line::offer().answer).await;
    let wacid = answer["calls"][0]["id"].as_str().unwrap();
    assert_eq!(business.words(2).await, ["connect", "RINGING"]);
    let again = business.connect(ANA, &Line::offer().answer).await;
    assert_eq!(code(&again), (400, 138_003), "one call per pair");
    assert_eq!(code(&business.act("accept", wacid, None).await), (400, 100), "nobody accepts his own call");
    assert_eq!(business.act("terminate", wacid, None).await.0, 200);
    let over = business.hears("terminate").await;
    assert!(over.call().get("start_time").is_none());
    assert!(!business.simulator.pick_up(wacid), "too late");
    assert_eq!(business.act("terminate", wacid, None).await.0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_cannot_be_reached_fails_the_call() {
    let business = allowed(OnCall::SetupFails).await;
    assert_eq!(business.connect(ANA, &Line::offer().answer).await.0, 200);
    business.hears("connect").await;
    let over = business.hears("terminate").await;
    assert_eq!(
        (&over.call()["status"], &over.call()["errors"][0]["code"]),
        (&json!("FAILED"), &json!(138_019))
    );
    business
        .simulator
        .behave(ANA, Behaviour { call: OnCall::RelayUnreachable, ..Behaviour::default() })
        .unwrap();
    assert_eq!(business.connect(ANA, &Line::offer().answer).await.0, 200);
    assert_eq!(business.words(2).await, ["connect", "RINGING"]);
    assert_eq!(business.hears("terminate").await.call()["errors"][0]["code"], 138_020);
    business.simulator.behave(ANA, Behaviour { call: OnCall::Uncallable, ..Behaviour::default() }).unwrap();
    assert_eq!(code(&business.connect(ANA, &Line::offer().answer).await), (400, 138_001));
}

#[tokio::test(flavor = "multi_thread")]
async fn connect_ringing_and_accepted_come_in_any_order_and_before_the_answer() {
    let business = allowed(OnCall::AnswersAfterMs(10)).await;
    let mut orders = std::collections::HashSet::new();
    for seed in 0..12 {
        let faults = Faults { shuffle: 1.0, connect_before_answer: 1.0, seed, ..Faults::default() };
        business.simulator.set_faults(faults);
        let (status, answer) = business.connect(ANA, &Line::offer().answer).await;
        assert_eq!(status, 200);
        let words = business.words(3).await;
        let mut sorted = words.clone();
        sorted.sort();
        assert_eq!(sorted, ["ACCEPTED", "RINGING", "connect"]);
        orders.insert(words);
        let wacid = answer["calls"][0]["id"].as_str().unwrap();
        assert!(business.simulator.call(wacid).unwrap().timings.connect_to_200_ms.is_some());
        assert_eq!(business.act("terminate", wacid, None).await.0, 200);
        business.hears("terminate").await;
    }
    assert!(orders.len() > 2, "{orders:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_meta_refuses_is_refused() {
    let business = allowed(OnCall::AnswersAfterMs(0)).await;
    let offer = Line::offer().answer.clone();
    assert_eq!(code(&business.connect("34655501234", &offer).await), (401, 138_006), "no permission");
    assert_eq!(code(&business.connect("nobody", &offer).await), (400, 100));
    for bad in [offer.replace("\r\n", "\n"), offer.replace("a=setup:actpass", "a=setup:active")] {
        assert_eq!(code(&business.connect(ANA, &bad).await), (400, 100));
    }
    let answer_type = json!({ "messaging_product": "whatsapp", "to": ANA, "action": "connect",
        "session": { "sdp_type": "answer", "sdp": offer } });
    assert_eq!(code(&business.graph(answer_type).await), (400, 100));
    let nobody = json!({ "messaging_product": "whatsapp", "action": "connect",
        "session": { "sdp_type": "offer", "sdp": offer } });
    assert_eq!(code(&business.graph(nobody).await), (400, 100));

    let restriction = Restriction {
        kind: "RESTRICTED_BUSINESS_INITIATED_CALLING".into(),
        reason: String::new(),
        expiration: Some(business.simulator.now() + 604_800),
    };
    let change = NumberChange { restrictions: Some(vec![restriction]), ..NumberChange::default() };
    business.simulator.change_number(NUMBER, change).unwrap();
    let told = business.hears("account_update").await;
    assert_eq!(told.body["entry"][0]["id"], "0");
    assert_eq!(
        told.value("account_update").unwrap()["restriction_info"][0]["restriction_type"],
        "RESTRICTED_BUSINESS_INITIATED_CALLING"
    );
    assert_eq!(code(&business.connect(ANA, &offer).await), (400, 138_014));
    business.simulator.advance(Duration::from_secs(604_801));
    assert_eq!(business.connect(ANA, &offer).await.0, 200, "restrictions end by the clock");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_set_to_sdes_takes_keys_in_the_offer_and_answers_with_its_own() {
    let business = allowed(OnCall::AnswersAfterMs(0)).await;
    let sdes = json!({ "calling": { "srtp_key_exchange_protocol": "SDES" } });
    assert_eq!(business.ask(&format!("{NUMBER}/settings"), Some(sdes)).await.0, 200);
    business.hears("account_settings_update").await;
    assert_eq!(code(&business.connect(ANA, &Line::offer().answer).await), (400, 100), "no DTLS here");
    let offer = include_str!("../samples/business-answer-sdes.sdp");
    assert_eq!(business.connect(ANA, offer).await.0, 200);
    let connect = business.hears("connect").await;
    let answer = sdp(&connect);
    assert!(answer.contains(" RTP/SAVP 111 126\r\n"), "{answer}");
    assert!(answer.contains("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"), "{answer}");
    assert!(!answer.contains("a=ice") && !answer.contains("a=fingerprint"), "{answer}");
    assert_eq!(business.words(2).await, ["RINGING", "ACCEPTED"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_to_call_can_fail_although_the_customer_is_called() {
    let business = allowed(OnCall::LetsItRing).await;
    let fault = GraphFault {
        code: 138_004,
        http_status: 500,
        action: Some("connect".into()),
        probability: 1.0,
        carried_out: false,
    };
    let faults = |fault| Faults { graph_error: Some(fault), ..Faults::default() };
    business.simulator.set_faults(faults(fault.clone()));
    assert_eq!(code(&business.connect(ANA, &Line::offer().answer).await), (500, 138_004));
    assert!(business.simulator.calls().is_empty(), "nobody was called");
    business.simulator.set_faults(faults(GraphFault { carried_out: true, ..fault }));
    assert_eq!(code(&business.connect(ANA, &Line::offer().answer).await), (500, 138_004));
    assert_eq!(business.words(2).await, ["connect", "RINGING"], "the answer was lost, not the call");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_american_number_calls_nobody_and_one_for_tests_whom_it_has_on_its_list() {
    let american = |config: &mut switchboard_simulator::SimulatorConfig| {
        config.account.numbers[0].display_phone = "15550100001".into();
    };
    let business = allowed_with(OnCall::AnswersAfterMs(0), american).await;
    let offer = Line::offer().answer.clone();
    assert_eq!(code(&business.connect(ANA, &offer).await), (400, 138_013));
    let test = || NumberChange { test_number: Some(true), ..NumberChange::default() };
    business.simulator.change_number(NUMBER, test()).unwrap();
    assert_eq!(code(&business.connect(ANA, &offer).await), (400, 138_013), "a test number, too");
    let business = allowed(OnCall::AnswersAfterMs(0)).await;
    business.simulator.change_number(NUMBER, test()).unwrap();
    assert_eq!(code(&business.connect(ANA, &offer).await), (400, 131_030));
    let listed = NumberChange { allowed_recipients: Some(vec![ANA.into()]), ..NumberChange::default() };
    business.simulator.change_number(NUMBER, listed).unwrap();
    assert_eq!(business.connect(ANA, &offer).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_of_calls_are_kept() {
    let business = allowed_with(OnCall::AnswersAfterMs(0), |config| {
        config.limits.permissions.connected_per_day = 1;
        config.limits.new_calls_per_day = 2;
    })
    .await;
    let offer = Line::offer().answer.clone();
    let (_, answer) = business.connect(ANA, &offer).await;
    assert_eq!(business.words(3).await, ["connect", "RINGING", "ACCEPTED"]);
    business.act("terminate", answer["calls"][0]["id"].as_str().unwrap(), None).await;
    business.hears("terminate").await;
    let refused = business.connect(ANA, &offer).await;
    assert_eq!(code(&refused), (400, 138_012));
    assert!(refused.1["error"]["error_data"]["details"].as_str().unwrap().contains("Z"), "{refused:?}");
    for (customer, expected) in [("34655501234", 200), ("4915550100003", 429)] {
        business.simulator.set_permission(customer, Standing::Permanent).unwrap();
        assert_eq!(business.connect(customer, &offer).await.0, expected);
    }
    business.simulator.advance(Duration::from_secs(86_400));
    assert_eq!(business.connect(ANA, &offer).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_hears_nothing_after_the_pick_up_gives_up() {
    let business = allowed_with(OnCall::AnswersAfterMs(0), |config| {
        config.limits.silence_at_start = Duration::from_millis(300);
    })
    .await;
    business
        .simulator
        .behave(
            ANA,
            Behaviour {
                call: OnCall::AnswersAfterMs(0),
                sound: Sound::Silence(true),
                ..Behaviour::default()
            },
        )
        .unwrap();
    let line = Line::offer();
    assert_eq!(business.connect(ANA, &line.answer).await.0, 200);
    let connect = business.hears("connect").await;
    line.accept(sdp(&connect));
    assert_eq!(business.words(2).await, ["RINGING", "ACCEPTED"]);
    let over = business.hears("terminate").await;
    assert_eq!(over.call()["errors"][0]["code"], 138_021);
    assert!(over.call()["start_time"].is_string());
}
