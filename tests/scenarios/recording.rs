//! Recordings through the whole exchange: the customer is told first, each side has its tone, what fails harms no call.

mod listening;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use switchboard_core::access::Scope;
use switchboard_core::call::state::Outcome;
use switchboard_simulator::{CallState, NewCall, Sound};
use switchboard_store::calls::CallRow;
use switchboard_store::recordings::{Hears, RecordingRow, RecordingState};

use self::listening::{Listened, listen, listen_with_ffmpeg};
use super::people::rings;
use crate::support::patience::eventually;
use crate::support::world::{API_KEY, World};

async fn set(world: &World, wanted: Value) {
    let path = format!("/api/v1/numbers/{}", world.number().await.id);
    let request = world.client().patch(world.url(&path)).bearer_auth(API_KEY).json(&wanted);
    let answer = request.send().await.expect("the exchange answers");
    assert_eq!(answer.status(), StatusCode::OK, "{:?}", answer.text().await);
}

async fn steer(world: &World, call: &str, verb: &str) -> (StatusCode, Value) {
    world.api(Method::POST, &format!("/api/v1/calls/{call}/recording/{verb}")).await
}

async fn stands(world: &World, call: &str, state: &str) {
    eventually(&format!("its recording is {state}"), || async {
        let (_, shown) = world.api(Method::GET, &format!("/api/v1/calls/{call}")).await;
        let call = shown.get("call").unwrap_or(&shown);
        (call["recording"]["state"] == json!(state)).then_some(())
    })
    .await;
}

/// So many seconds of sound reach the customer.
async fn seconds_pass(world: &World, call: &str, seconds: u64) {
    let packets = world.simulator.call(call).expect("the call").heard.packets;
    world.customer_until(call, "seconds of sound", |call| call.heard.packets >= packets + 50 * seconds).await;
}

async fn recordings(world: &World, row: &CallRow) -> Vec<RecordingRow> {
    let scope = Scope::of_the_exchange(row.tenant);
    let recordings = world.exchange().engine.store().recordings();
    recordings.of_call(&scope, Hears::All, row.id).await.expect("the database answers")
}

/// The only recording of a call that is over, when it can be listened to.
async fn ready(world: &World, wacid: &str) -> (CallRow, RecordingRow, Listened) {
    let (row, recording, bytes) = ready_bytes(world, wacid).await;
    (row, recording, listen(&bytes))
}

async fn ready_bytes(world: &World, wacid: &str) -> (CallRow, RecordingRow, bytes::Bytes) {
    let row = world.ended(wacid).await;
    let recording = eventually("the recording is ready", || async {
        recordings(world, &row).await.pop().filter(|one| one.state == RecordingState::Ready)
    })
    .await;
    let scope = Scope::of_the_exchange(row.tenant);
    let store = world.exchange().engine.store().recordings();
    let audio = store.audio(&scope, Hears::All, recording.id).await.expect("readable").expect("there");
    let bytes = audio.read(0..audio.size()).await.expect("the sound");
    (row, recording, bytes)
}

async fn story(world: &World, row: &CallRow) -> Vec<String> {
    world.story(row).await.into_iter().map(|event| event.kind).collect()
}

#[track_caller]
fn in_order(story: &[String], expected: &[&str]) {
    let mut at = story.iter();
    for kind in expected {
        assert!(at.any(|entry| entry == kind), "{kind} is missing, or too early, in {story:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_customer_is_told_before_anybody_hears_him_and_each_side_has_its_tone() {
    let world = World::with_destination("agents").await;
    set(&world, json!({"recording_mode": "on", "recording_announcement": "es"})).await;
    let (agent, _) = world.agent("ana@example.com").await;
    let call = world.call(NewCall { sound: Sound::ToneHz(440), ..NewCall::default() });
    let id = rings(&agent).await;
    assert_eq!(agent.answer(&id).await.expect("an answer"), 200);
    stands(&world, &id, "announcing").await;
    let told = world.customer_until(&call.id, "the words reach him", |call| call.heard.packets > 30).await;
    assert_ne!(told.heard.dominant_hz, Some(880), "the agent spoke before the announcement was over");
    assert_eq!(agent.heard().dominant_hz, None, "the agent heard the customer before he was told");

    stands(&world, &id, "recording").await;
    seconds_pass(&world, &call.id, 2).await;
    assert_eq!(steer(&world, &id, "pause").await.0, StatusCode::OK);
    stands(&world, &id, "paused").await;
    seconds_pass(&world, &call.id, 2).await;
    assert_eq!(steer(&world, &id, "resume").await.0, StatusCode::OK);
    seconds_pass(&world, &call.id, 2).await;
    world.simulator.hang_up(&call.id);

    let (row, recording, bytes) = ready_bytes(&world, &call.wacid).await;
    in_order(
        &story(&world, &row).await,
        &[
            "recording.announced",
            "agent.put_through",
            "recording.started",
            "recording.paused",
            "recording.resumed",
            "recording.stopped",
            "recording.ready",
        ],
    );
    let [pause] = recording.pauses[..] else { panic!("one pause: {:?}", recording.pauses) };
    let length = recording.duration.expect("known").as_millis() as u64;
    assert!((1_500..4_000).contains(&(pause.to_ms - pause.from_ms)), "{pause:?}");
    for heard in std::iter::once(listen(&bytes)).chain(listen_with_ffmpeg(&bytes)) {
        assert_eq!(heard.length_ms(), length, "the file is as long as its row says");
        for (from, to) in [(500, pause.from_ms - 100), (pause.to_ms + 200, length - 200)] {
            heard.is_tone(0, 440, from, to);
            heard.is_tone(1, 880, from, to);
        }
        // The codec fades for a moment after the last frame of sound.
        heard.is_silent(pause.from_ms + 100, pause.to_ms);
    }
    assert!(recording.has_peaks);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_the_button_it_is_announced_then_recorded_until_it_is_stopped() {
    let world = World::with_destination("agents").await;
    set(&world, json!({"recording_mode": "agent"})).await;
    let (agent, _) = world.agent("ana@example.com").await;
    let call = world.call(NewCall { sound: Sound::ToneHz(440), ..NewCall::default() });
    let id = rings(&agent).await;
    let (status, problem) = steer(&world, &id, "start").await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("not_answered")));
    assert_eq!(agent.answer(&id).await.expect("an answer"), 200);
    world.row_until(&call.wacid, "he is put through", |row| row.facts().answered_at.is_some()).await;
    stands(&world, &id, "off").await;
    let (status, problem) = steer(&world, &id, "pause").await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("not_recorded")));
    assert_eq!(steer(&world, &id, "start").await.1["recording"]["state"], json!("announcing"));
    stands(&world, &id, "recording").await;
    seconds_pass(&world, &call.id, 2).await;
    assert_eq!(steer(&world, &id, "stop").await.0, StatusCode::OK);
    stands(&world, &id, "off").await;
    seconds_pass(&world, &call.id, 1).await;
    assert_eq!(agent.hang_up(&id).await.expect("an answer"), 200);
    let (_, recording, heard) = ready(&world, &call.wacid).await;
    let length = recording.duration.expect("known").as_millis() as u64;
    assert!((1_500..5_000).contains(&length), "only what lies between the clicks: {length} ms");
    heard.is_tone(0, 440, 500, length - 200);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waived_announcement_is_not_played_and_the_echo_is_not_recorded_unasked() {
    let world = World::with_destination("agents").await;
    set(&world, json!({"recording_mode": "on", "recording_waiver": true, "confirm": true})).await;
    let (agent, _) = world.agent("ana@example.com").await;
    let call = world.call(NewCall { sound: Sound::ToneHz(440), ..NewCall::default() });
    let id = rings(&agent).await;
    assert_eq!(agent.answer(&id).await.expect("an answer"), 200);
    stands(&world, &id, "recording").await;
    seconds_pass(&world, &call.id, 1).await;
    world.simulator.hang_up(&call.id);
    let (row, _, heard) = ready(&world, &call.wacid).await;
    assert!(!story(&world, &row).await.contains(&"recording.announced".to_owned()));
    heard.is_tone(0, 440, 300, heard.length_ms() - 200);

    set(&world, json!({"destination": "echo"})).await;
    let call = world.call(NewCall::default());
    world.customer_is(&call.id, CallState::Accepted).await;
    seconds_pass(&world, &call.id, 1).await;
    world.simulator.hang_up(&call.id);
    let row = world.ended(&call.wacid).await;
    assert_eq!(recordings(&world, &row).await, []);
    assert!(!story(&world, &row).await.iter().any(|kind| kind.starts_with("recording.")));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_takes_nothing_does_not_harm_the_call() {
    let world = World::with_destination("agents").await;
    set(&world, json!({"recording_mode": "on"})).await;
    // Where the folder should be is a file.
    let folder = world.folder().join("recordings");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::write(&folder, b"no folder").expect("written");
    let (agent, _) = world.agent("ana@example.com").await;
    let call = world.call(NewCall { sound: Sound::ToneHz(440), ..NewCall::default() });
    let id = rings(&agent).await;
    assert_eq!(agent.answer(&id).await.expect("an answer"), 200);
    stands(&world, &id, "failed").await;
    world
        .customer_until(&call.id, "he hears the agent", |call| {
            call.heard.dominant_hz.is_some_and(|hertz| hertz.abs_diff(880) <= 10)
        })
        .await;
    seconds_pass(&world, &call.id, 1).await;
    assert_eq!(agent.hang_up(&id).await.expect("an answer"), 200);
    let row = world.ended(&call.wacid).await;
    assert_eq!(row.facts().ending.expect("over").outcome, Outcome::Answered);
    in_order(&story(&world, &row).await, &["recording.started", "recording.failed", "call.terminated"]);
    assert_eq!(recordings(&world, &row).await, []);
    world.stop().await;
}
