//! Recordings in a bucket. With a real service that speaks S3 when `SWITCHBOARD_TEST_S3_URL` names a bucket in it (and
//! `AWS_ENDPOINT_URL` and the others say where and who); what happens when it does not answer is tested always.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use switchboard_core::audit::{AuditKind, AuditWhat};
use switchboard_core::ids::RecordingId;
use switchboard_store::Store;
use switchboard_store::audit::{AuditBy, AuditEntry, AuditSubject};
use switchboard_store::recordings::{Finished, Hears, NewRecording, RecordingError, RecordingsPlace};
use url::Url;
use uuid::Uuid;

use super::harness::{Database, fresh};
use super::world::{NODE, NOON, World};

const S3_URL: &str = "SWITCHBOARD_TEST_S3_URL";
const NAMES: &[&str] =
    &["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_ALLOW_HTTP"];

async fn world_with(bucket: &str, options: Vec<(String, String)>) -> World {
    let world = World::new(Database::sqlite()).await;
    world.store.close().await;
    let (url, mut store) = world.database.options();
    let folder = world.database.folder.path().join("recordings");
    let place =
        RecordingsPlace::bucket(folder, &Url::parse(bucket).expect("a URL"), options).expect("a bucket");
    store.recordings = Some(place);
    World { store: Store::open(&url, store).await.expect("it opens"), ..world }
}

async fn recorded(world: &World, size: usize) -> RecordingId {
    let call = world.kept_call().await;
    let new = NewRecording {
        id: RecordingId::from_uuid(Uuid::from_u128(fresh())),
        call: call.id,
        tenant: call.tenant,
        branch: call.branch,
        number: call.number,
        node: NODE,
        at: NOON,
    };
    let mut sink = world.store.recordings().begin(&world.ours, new).await.expect("it begins");
    let id = sink.id();
    sink.append(Bytes::from(vec![7; size])).await.expect("taken");
    let finished = Finished { ended_at: NOON, duration: Duration::from_secs(1), pauses: Vec::new() };
    sink.finish(finished, Vec::new()).await.expect("finished");
    id
}

fn files_below(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries
        .map(|entry| entry.expect("it").path())
        .map(|path| if path.is_dir() { files_below(&path) } else { 1 })
        .sum()
}

fn deletion(id: RecordingId) -> AuditEntry {
    AuditEntry {
        who: AuditBy::CommandLine,
        what: AuditWhat::RecordingDeleted,
        subject: AuditSubject::new(AuditKind::Recording, id),
        detail: serde_json::json!({}),
        address: None,
        at: NOON,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_goes_into_the_bucket_is_played_from_there_and_goes_away() {
    let Ok(bucket) = std::env::var(S3_URL) else {
        // Straight to the terminal: what a passing test prints is captured.
        let _ = writeln!(std::io::stderr(), "no bucket was tested: {S3_URL} is not set");
        return;
    };
    let options = std::env::vars()
        .filter(|(name, _)| NAMES.contains(&name.as_str()))
        .map(|(name, value)| (name.to_lowercase(), value))
        .collect();
    let world = world_with(&bucket, options).await;
    let recordings = world.store.recordings();
    let folder = world.database.folder.path().join("recordings");
    // One part, and several.
    for size in [50_000, 20_000_000] {
        let id = recorded(&world, size).await;
        assert_eq!(recordings.errands_due(NODE, NOON, 10).await.expect("a list"), [id]);
        let before = recordings.audio(&world.ours, Hears::All, id).await.expect("opens").expect("there");
        recordings.run_errand(id, NOON).await.expect("it is brought there");
        assert_eq!(files_below(&folder), 0, "the local file is gone");
        assert!(recordings.errands_due(NODE, NOON, 10).await.expect("a list").is_empty());
        let after = recordings.audio(&world.ours, Hears::All, id).await.expect("opens").expect("there");
        // Also for who began to listen before.
        for audio in [before, after] {
            let end = size as u64;
            assert_eq!(audio.read(end - 20_000..end).await.expect("it reads"), vec![7; 20_000]);
        }
        assert!(recordings.delete(&world.ours, id, deletion(id)).await.expect("deleted"));
        assert!(
            recordings.errands_due(NODE, NOON, 10).await.expect("a list").is_empty(),
            "the object is gone"
        );
        let gone = recordings.audio(&world.ours, Hears::All, id).await;
        assert!(matches!(gone, Err(RecordingError::NotReadable { .. })), "{gone:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_does_not_answer_loses_nothing_and_is_asked_again_later() {
    let options = [
        ("aws_region", "eu-west-1"),
        ("aws_endpoint_url", "http://127.0.0.1:1"),
        ("aws_allow_http", "true"),
        ("aws_access_key_id", "id"),
        ("aws_secret_access_key", "secret-of-a-bucket"),
    ];
    let options = options.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let world = world_with("s3://recordings/here", options).await;
    let recordings = world.store.recordings();
    let id = recorded(&world, 50_000).await;
    let error = recordings.run_errand(id, NOON).await.expect_err("nobody there");
    assert!(
        matches!(error, RecordingError::File { .. }) && !format!("{error:?}").contains("secret-of-a-bucket")
    );
    assert!(recordings.errands_due(NODE, NOON, 10).await.expect("a list").is_empty(), "not at once");
    let later = NOON.plus(Duration::from_secs(10));
    assert_eq!(recordings.errands_due(NODE, later, 10).await.expect("a list"), [id]);
    let audio = recordings.audio(&world.ours, Hears::All, id).await.expect("opens").expect("there");
    assert_eq!(audio.read(0..50_000).await.expect("it reads").len(), 50_000);
    assert!(recordings.delete(&world.ours, id, deletion(id)).await.expect("deleted"));
    assert_eq!(files_below(&world.database.folder.path().join("recordings")), 0);
}
