use std::time::Duration;

use serde_json::json;
use switchboard_simulator::{CallState, EndedBy};

use crate::business::Business;

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_call_hears_the_business_and_is_heard() {
    let business = Business::open().await;
    let id =
        business.place(json!({ "from": "15550100002", "name": "Ana", "sound": { "tone_hz": 440 } })).await;
    let connect = business.expect("connect").await;
    let line = business.answer(&connect, Some(880)).await;

    let state = line.wait_until("the customer's 440 Hz", |state| state.share_of(440.0) > 0.8).await;
    assert_eq!(state.ssrcs.len(), 1, "the relay speaks with one SSRC");
    let report = business
        .until(&id, "880 Hz", |call| call.heard.dominant_hz.is_some_and(|hz| hz.abs_diff(880) <= 10))
        .await;
    assert_eq!(report.state, CallState::Accepted);
    assert_eq!(report.early_packets, 0);
    assert_eq!(report.heard.lost, 0);
    assert_eq!(report.heard.ssrcs.len(), 1);
    assert!(report.heard.level_dbfs.unwrap() > -25.0);
    assert!(
        report.timings.connect_to_pre_accept_ms.is_some()
            && report.timings.accept_to_first_audio_ms.is_some()
    );

    let wav = business.http.get(format!("{}/simulator/v1/calls/{id}/heard.wav", business.simulator.url()));
    let wav = wav.send().await.unwrap().bytes().await.unwrap();
    assert!(wav.starts_with(b"RIFF") && wav.len() > 5_000);

    assert_eq!(business.act("terminate", connect.id(), None).await.0, 200);
    let over = business.expect("terminate").await;
    assert_eq!(over.call()["status"], "COMPLETED");
    assert!(over.call()["start_time"].is_string() && over.call()["duration"].is_number());
    let report = business.until(&id, "the end", |call| call.state == CallState::Ended).await;
    assert_eq!(report.ended_by, Some(EndedBy::Business));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_hangs_up_ends_the_call_once() {
    let business = Business::open().await;
    let id = business.place(json!({})).await;
    let connect = business.expect("connect").await;
    let _line = business.answer(&connect, Some(880)).await;
    assert_eq!(business.control(&format!("calls/{id}/hang-up"), json!({})).await.0, 202);
    assert_eq!(business.control(&format!("calls/{id}/hang-up"), json!({})).await.0, 202);
    let over = business.expect("terminate").await;
    assert!(over.call()["start_time"].is_string());
    let report = business.until(&id, "delivered", |call| call.webhooks.terminates_delivered == 1).await;
    assert_eq!(report.ended_by, Some(EndedBy::Customer));
}

#[tokio::test(flavor = "multi_thread")]
async fn media_before_accept_is_counted_as_a_violation() {
    let business = Business::open().await;
    let id = business.place(json!({})).await;
    let connect = business.expect("connect").await;
    let line = crate::line::Line::answer(connect.offer());
    assert_eq!(business.act("pre_accept", connect.id(), Some(&line.answer)).await.0, 200);
    line.speak(880);
    business.until(&id, "early packets", |call| call.early_packets > 3).await;
    assert_eq!(line.state().packets, 0, "nothing comes from the customer before accept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_business_that_stays_silent_loses_the_call_with_138021() {
    let business =
        Business::open_with(|config| config.limits.silence_at_start = Duration::from_millis(400)).await;
    let id = business.place(json!({})).await;
    let connect = business.expect("connect").await;
    let _line = business.answer(&connect, None).await;
    let over = business.expect("terminate").await;
    assert_eq!(over.call()["status"], "FAILED");
    assert_eq!(over.call()["errors"][0]["code"], 138_021);
    assert_eq!(over.body["entry"][0]["changes"][0]["value"]["errors"][0]["code"], 138_021);
    let report = business.until(&id, "the end", |call| call.state == CallState::Ended).await;
    assert_eq!(report.ended_by, Some(EndedBy::MediaTimeout));
}

#[tokio::test(flavor = "multi_thread")]
async fn media_that_stops_later_loses_the_call_too() {
    let business =
        Business::open_with(|config| config.limits.silence_later = Duration::from_millis(500)).await;
    let id = business.place(json!({})).await;
    let connect = business.expect("connect").await;
    let line = business.answer(&connect, Some(880)).await;
    business.until(&id, "sound", |call| call.heard.packets > 5).await;
    drop(line);
    assert_eq!(business.expect("terminate").await.call()["errors"][0]["code"], 138_021);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_answers_and_the_call_ends_without_times() {
    let business = Business::open_with(|config| config.limits.ring_time = Duration::from_millis(150)).await;
    let id = business.place(json!({})).await;
    business.expect("connect").await;
    let over = business.expect("terminate").await;
    assert_eq!(over.call()["status"], "COMPLETED");
    assert!(over.call().get("start_time").is_none() && over.call().get("duration").is_none());
    let report = business.until(&id, "the end", |call| call.state == CallState::Ended).await;
    assert_eq!(report.ended_by, Some(EndedBy::RingTimeout));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_can_wait_for_the_first_packet() {
    let business = Business::open().await;
    let id = business.place(json!({ "waits_for_first_packet": true })).await;
    let connect = business.expect("connect").await;
    let line = business.answer(&connect, None).await;
    business.until(&id, "accepted", |call| call.state == CallState::Accepted).await;
    assert_eq!(line.state().packets, 0);
    line.speak(880);
    line.wait_until("the customer speaks", |state| state.packets > 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn typed_keys_arrive_as_telephone_events() {
    let business = Business::open().await;
    let id = business.place(json!({})).await;
    let connect = business.expect("connect").await;
    let line = business.answer(&connect, Some(880)).await;
    line.wait_until("sound", |state| state.packets > 3).await;
    assert_eq!(business.control(&format!("calls/{id}/keys"), json!({ "digits": "15#" })).await.0, 202);
    let state = line.wait_until("three keys", |state| state.keys.len() == 3).await;
    assert_eq!(state.keys, [1, 5, 11]);
    assert_eq!(state.ssrcs.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_generations_of_offers_connect() {
    let business = Business::open().await;
    for (sdp, ipv6) in [("docs2024", false), ("modern", true), ("modern", false)] {
        let id = business.place(json!({ "sdp": sdp, "ipv6_candidate": ipv6 })).await;
        let connect = business.expect("connect").await;
        assert_eq!(connect.offer().contains("2001:db8::1"), ipv6);
        let _line = business.answer(&connect, Some(880)).await;
        business.until(&id, "sound", |call| call.heard.packets > 3).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_and_mute_customers_stay_silent() {
    let business = Business::open().await;
    let dead = business.place(json!({ "sound": { "dead": true }, "hang_up_after_ms": 300 })).await;
    let connect = business.expect("connect").await;
    let line = crate::line::Line::answer(connect.offer());
    assert_eq!(business.act("pre_accept", connect.id(), Some(&line.answer)).await.0, 200);
    business.expect("terminate").await;
    assert!(!line.state().connected);
    business.until(&dead, "the end", |call| call.state == CallState::Ended).await;

    let mute = business.place(json!({ "sound": { "none": true } })).await;
    let connect = business.expect("connect").await;
    let line = business.answer(&connect, Some(880)).await;
    business.until(&mute, "sound", |call| call.heard.packets > 5).await;
    assert_eq!(line.state().packets, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_has_one_call_and_bad_wishes_are_explained() {
    let business = Business::open().await;
    business.place(json!({ "from": "+1 555 010 0002" })).await;
    let refused = |call| async { business.control("calls", call).await };
    assert_eq!(refused(json!({ "from": "15550100002" })).await.1["code"], "already_in_a_call");
    assert_eq!(refused(json!({ "from": "call me" })).await.1["code"], "not_a_number");
    assert_eq!(refused(json!({ "number": "7" })).await.1["code"], "no_such_number");
    assert_eq!(refused(json!({ "sound": { "file": "nowhere.wav" } })).await.1["code"], "sound");
    assert_eq!(refused(json!({ "profile": "sha1_80" })).await.1["code"], "profile_not_possible");
    assert_eq!(business.control("calls/sim_99/hang-up", json!({})).await.0, 404);
}
