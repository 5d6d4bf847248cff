//! `kill -9` in the middle of calls: nothing that was answered with 200 is lost, no call stays active, the provider is
//! told, and a recording that was cut can be heard up to the cut. The exchange is the real binary here, so that it can
//! really be killed.

use std::path::{Path, PathBuf};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use switchboard_core::call::state::{EndReason, ProviderState};
use switchboard_simulator::{CallReport, CallState, EndedBy, NewCall, Sound};

use crate::support::patience::eventually;
use crate::support::process::Outside;

async fn is(outside: &Outside, call: &CallReport, state: CallState) -> CallReport {
    eventually(&format!("the call is {state:?}"), || async {
        outside.simulator.call(&call.id).filter(|call| call.state == state)
    })
    .await
}

async fn killed_in_mid_call(destination: &'static str, live: CallState, told: EndedBy, was: ProviderState) {
    let outside = Outside::new(destination, 64).await;
    let mut process = outside.start().await;
    let calls: Vec<_> = (0..5)
        .map(|_| outside.simulator.place_call(&NewCall::default()).expect("the call is placed"))
        .collect();
    for call in &calls {
        is(&outside, call, live).await;
    }
    process.kill();
    let _again = outside.start().await;

    for call in &calls {
        assert_eq!(is(&outside, call, CallState::Ended).await.ended_by, Some(told));
    }
    let store = outside.store().await;
    for call in &calls {
        let facts = outside.ended(&store, &call.wacid).await.facts();
        assert_eq!(facts.ending.expect("over").reason, EndReason::NodeRestarted);
        assert!(facts.state == was || facts.state == ProviderState::Failed, "{:?}", facts.state);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accepted_calls_are_terminated_after_a_kill() {
    killed_in_mid_call("echo", CallState::Accepted, EndedBy::Business, ProviderState::Terminated).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_calls_are_rejected_after_a_kill() {
    killed_in_mid_call("agents", CallState::PreAccepted, EndedBy::Rejected, ProviderState::Failed).await;
}

/// More than one sealed chunk of sound: what is on disk then survives.
const SOME_CHUNKS: u64 = 3 * 16_384;

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_cut_by_a_kill_is_finished_and_can_be_heard_up_to_the_cut() {
    let outside = Outside::new("echo", 16).await;
    let mut process = outside.start().await;
    let (_, numbers) = outside.api(Method::GET, "/api/v1/numbers", None).await;
    let path = format!("/api/v1/numbers/{}", numbers["items"][0]["id"].as_str().expect("a number"));
    let recorded =
        json!({"recording_mode": "on", "recording_waiver": true, "confirm": true, "record_echo": true});
    assert_eq!(outside.api(Method::PATCH, &path, Some(recorded)).await.0, StatusCode::OK);
    let new = NewCall { sound: Sound::ToneHz(440), ..NewCall::default() };
    let call = outside.simulator.place_call(&new).expect("the call is placed");
    is(&outside, &call, CallState::Accepted).await;
    eventually("some of it is on disk", || async {
        let sizes = files(outside.folder.path().join("recordings").as_path());
        sizes.iter().any(|file| file.metadata().is_ok_and(|file| file.len() > SOME_CHUNKS)).then_some(())
    })
    .await;
    process.kill();
    let _again = outside.start().await;

    let ready = eventually("it is ready", || async {
        let (_, list) = outside.api(Method::GET, "/api/v1/recordings", None).await;
        list["items"][0].as_object().filter(|row| row["state"] == "ready").map(|row| Value::from(row.clone()))
    })
    .await;
    assert_eq!((&ready["failure"], &ready["peaks"]), (&json!("node_restarted"), &json!(true)), "{ready}");
    let length = ready["duration_ms"].as_u64().expect("how long it is");
    assert!(length > 1_000, "{ready}");
    let path = format!("/api/v1/recordings/{}", ready["id"].as_str().expect("an id"));
    let (_, peaks) = outside.api(Method::GET, &format!("{path}/peaks"), None).await;
    for side in ["left", "right"] {
        let side = peaks[side].as_array().expect("points");
        assert!(side.iter().any(|point| point.as_u64() > Some(20)), "the tone is seen: {peaks}");
    }
    let sound = outside.bytes(&format!("{path}/audio")).await;
    assert!(sound.starts_with(b"OggS"));
    let heard = switchboard_media::peaks(std::io::Cursor::new(sound)).expect("it can be decoded");
    assert_eq!(u64::try_from(heard.duration.as_millis()).expect("short"), length);
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}
