//! Recordings: what is written is read back from any byte, a crash keeps what was whole, and a deletion leaves only who
//! did it and when.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use serde_json::json;
use switchboard_core::audit::{AuditKind, AuditWhat};
use switchboard_core::ids::{JobId, RecordingId, UserId};
use switchboard_store::StoreError;
use switchboard_store::audit::{AuditBy, AuditEntry, AuditFilter, AuditSubject};
use switchboard_store::calls::CallRow;
use switchboard_store::jobs::NewJob;
use switchboard_store::recordings::{
    Finished, Hears, NewRecording, Pause, Peaks, RecordingError, RecordingRow, RecordingSink, RecordingState,
};
use uuid::Uuid;

use super::harness::{Database, fresh};
use super::world::{FENCE, NODE, NOON, World};

const ANA: UserId = UserId::from_uuid(Uuid::from_u128(77));

fn sound(size: usize) -> Vec<u8> {
    // Recognizable on disk, if it ever got there.
    b"OggS some sound ".iter().copied().cycle().take(size).collect()
}

async fn begin(world: &World, call: &CallRow) -> RecordingSink {
    let new = NewRecording {
        id: RecordingId::from_uuid(Uuid::from_u128(fresh())),
        call: call.id,
        tenant: call.tenant,
        branch: call.branch,
        number: call.number,
        node: NODE,
        at: NOON,
    };
    world.store.recordings().begin(&world.ours, new).await.expect("it begins")
}

async fn recorded(world: &World, call: &CallRow, size: usize) -> RecordingId {
    let mut sink = begin(world, call).await;
    let id = sink.id();
    for page in sound(size).chunks(4_000) {
        sink.append(Bytes::copy_from_slice(page)).await.expect("taken");
    }
    sink.finish(finished(), Vec::new()).await.expect("finished");
    id
}

fn finished() -> Finished {
    Finished {
        ended_at: NOON.plus(Duration::from_secs(60)),
        duration: Duration::from_millis(59_980),
        pauses: vec![Pause { from_ms: 1_000, to_ms: 2_000 }],
    }
}

fn deletion(id: RecordingId) -> AuditEntry {
    AuditEntry {
        who: AuditBy::Person { id: ANA, name: "Ana".to_owned() },
        what: AuditWhat::RecordingDeleted,
        subject: AuditSubject::new(AuditKind::Recording, id),
        detail: json!({}),
        address: None,
        at: NOON.plus(Duration::from_secs(90)),
    }
}

async fn row(world: &World, id: RecordingId) -> RecordingRow {
    world.store.recordings().get(&world.ours, Hears::All, id).await.expect("an answer").expect("a row")
}

fn files(world: &World) -> Vec<PathBuf> {
    fn below(folder: PathBuf) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        entries
            .map(|entry| entry.expect("readable").path())
            .flat_map(|path| if path.is_dir() { below(path) } else { vec![path] })
            .collect()
    }
    below(world.database.folder.path().join("recordings"))
}

async fn what_was_recorded_is_read_back_from_any_byte(database: Database) {
    let world = World::new(database).await;
    let call = world.kept_call().await;
    let size = 100_000;
    let id = recorded(&world, &call, size).await;
    let found = row(&world, id).await;
    assert_eq!((found.state, found.size_bytes), (RecordingState::Processing, Some(size as u64)));
    assert_eq!((found.duration, found.pauses), (Some(Duration::from_millis(59_980)), finished().pauses));

    let audio =
        world.store.recordings().audio(&world.ours, Hears::All, id).await.expect("opens").expect("there");
    assert_eq!(audio.size(), size as u64);
    for wanted in [0..100_000_u64, 0..1, 16_383..16_385, 99_999..100_000, 40_000..90_000, 99_000..200_000] {
        let pieces: Vec<Bytes> = audio.stream(wanted.clone()).try_collect().await.expect("it reads");
        let (from, to) = (wanted.start as usize, (wanted.end as usize).min(size));
        assert_eq!(pieces.concat(), sound(size)[from..to], "{wanted:?}");
    }
    let read = tokio::task::spawn_blocking({
        let mut reader = audio.clone().blocking(tokio::runtime::Handle::current());
        move || {
            let mut all = Vec::new();
            std::io::Read::read_to_end(&mut reader, &mut all).map(|_| all)
        }
    });
    assert_eq!(read.await.expect("no panic").expect("it reads"), sound(size));
    for file in files(&world) {
        let bytes = std::fs::read(&file).expect("the file");
        assert!(!bytes.windows(4).any(|word| word == b"OggS"), "sound in the clear in {}", file.display());
    }
}

async fn peaks_are_kept_and_it_becomes_ready_once(database: Database) {
    let world = World::new(database).await;
    let call = world.kept_call().await;
    let id = recorded(&world, &call, 10).await;
    let recordings = world.store.recordings();
    assert_eq!(recordings.peaks(&world.ours, Hears::All, id).await.expect("an answer"), None);
    let peaks = Peaks { interval_ms: 100, left: vec![1, 2, 250], right: vec![0, 9, 8] };
    recordings.set_peaks(&world.ours, id, &peaks).await.expect("kept");
    assert_eq!(recordings.peaks(&world.ours, Hears::All, id).await.expect("an answer"), Some(peaks));
    assert!(recordings.set_ready(&world.ours, id).await.expect("ready"));
    assert!(!recordings.set_ready(&world.ours, id).await.expect("an answer"), "it was before");
    let found = row(&world, id).await;
    assert_eq!((found.state, found.has_peaks), (RecordingState::Ready, true));
}

async fn the_end_of_a_recording_and_what_it_owes_are_written_together(database: Database) {
    let world = World::new(database).await;
    let call = world.kept_call().await;
    let owed = |n| NewJob {
        id: JobId::from_uuid(Uuid::from_u128(fresh())),
        tenant: Some(world.ours.tenant),
        kind: "picture",
        payload: format!("of {n}"),
        order_keys: Vec::new(),
        once_key: Some(format!("picture:{n}")),
        delivery: None,
        run_at: NOON,
        created_at: NOON,
    };
    let count = async || world.database.raw().await.count("jobs").await;
    let mut whole = begin(&world, &call).await;
    whole.append(Bytes::from(sound(100))).await.expect("taken");
    whole.finish(finished(), vec![owed(1)]).await.expect("finished");
    assert_eq!(count().await, 1);
    // Closed by somebody else meanwhile: its end is not ours, and nothing is owed a second time.
    let mut late = begin(&world, &call).await;
    late.append(Bytes::from(sound(100))).await.expect("taken");
    world.store.recordings().recover(NODE, NOON).await.expect("closed");
    late.finish(finished(), vec![owed(2)]).await.expect("nothing to finish");
    assert_eq!(count().await, 1);
}

async fn after_a_crash_whole_chunks_can_be_listened_to(database: Database) {
    let world = World::new(database).await;
    let call = world.kept_call().await;
    let mut sink = begin(&world, &call).await;
    let id = sink.id();
    sink.append(Bytes::from(sound(40_000))).await.expect("taken");
    sink.pause(true).await.expect("noted");
    assert_eq!(row(&world, id).await.state, RecordingState::Paused);
    let refusal = world.store.recordings().audio(&world.ours, Hears::All, id).await;
    assert!(matches!(refusal, Err(RecordingError::NotReadable { .. })), "{refusal:?}");
    // Killed: nobody finishes. A second one had written nothing yet, a third was closed and not noted.
    drop(sink);
    let empty = begin(&world, &call).await.id();

    let recovered = world.store.recordings().recover(NODE, NOON).await.expect("recovered");
    assert_eq!(recovered.iter().map(|row| row.id).collect::<Vec<_>>(), [id, empty]);
    assert_eq!(row(&world, empty).await.state, RecordingState::Failed);
    let found = row(&world, id).await;
    assert_eq!((found.state, found.failure.as_deref()), (RecordingState::Processing, Some("node_restarted")));
    assert_eq!((found.size_bytes, found.duration), (Some(32_768), None));
    let audio =
        world.store.recordings().audio(&world.ours, Hears::All, id).await.expect("opens").expect("there");
    assert_eq!(audio.read(0..40_000).await.expect("it reads"), sound(40_000)[..32_768]);
    assert!(world.store.recordings().recover(NODE, NOON).await.expect("nothing more").is_empty());
}

async fn a_deleted_recording_leaves_who_and_when(database: Database) {
    let world = World::new(database).await;
    let call = world.kept_call().await;
    let id = recorded(&world, &call, 50_000).await;
    let live = begin(&world, &call).await;
    let recordings = world.store.recordings();
    let refusal = recordings.delete(&world.ours, live.id(), deletion(live.id())).await;
    assert!(matches!(refusal, Err(RecordingError::NotReadable { .. })), "{refusal:?}");
    let stranger = recordings.delete(&world.theirs, id, deletion(id)).await;
    assert!(matches!(stranger, Err(RecordingError::Store(StoreError::NotFound { .. }))), "{stranger:?}");
    assert_eq!(files(&world).len(), 2);

    assert!(recordings.delete(&world.ours, id, deletion(id)).await.expect("deleted"));
    assert!(!recordings.delete(&world.ours, id, deletion(id)).await.expect("a second time"));
    let found = row(&world, id).await;
    assert_eq!((found.state, found.size_bytes, found.duration), (RecordingState::Deleted, None, None));
    assert_eq!(found.deleted_at, Some(deletion(id).at));
    assert_eq!(files(&world).len(), 1, "the file is gone");
    let refusal = recordings.audio(&world.ours, Hears::All, id).await;
    assert!(
        matches!(refusal, Err(RecordingError::NotReadable { state: RecordingState::Deleted, .. })),
        "{refusal:?}"
    );
    let log =
        world.store.audit().list(&world.ours, &AuditFilter::default(), None, 50).await.expect("the log");
    assert_eq!(log.items.iter().filter(|row| row.entry.what == AuditWhat::RecordingDeleted).count(), 1);
}

async fn a_recording_is_seen_by_whoever_sees_its_call(database: Database) {
    let world = World::new(database).await;
    let mut call = world.kept_call().await;
    let id = recorded(&world, &call, 10).await;
    // The branch is stamped on the call later, by whoever answers first.
    call.branch = Some(world.north);
    call.facts.answered_by = Some(ANA);
    world.store.calls().save(&world.ours, &call, &[], FENCE).await.expect("saved");
    let recordings = world.store.recordings();
    for (scope, hears, sees) in [
        (&world.ours, Hears::All, true),
        (&world.only(world.north), Hears::All, true),
        (&world.only(world.south), Hears::All, false),
        (&world.theirs, Hears::All, false),
        (&world.only(world.north), Hears::AnsweredBy(ANA), true),
        (&world.only(world.north), Hears::AnsweredBy(UserId::from_uuid(Uuid::from_u128(78))), false),
    ] {
        let rows = usize::from(sees);
        assert_eq!(recordings.get(scope, hears, id).await.expect("an answer").is_some(), sees, "{hears:?}");
        assert_eq!(recordings.of_call(scope, hears, call.id).await.expect("a list").len(), rows);
        let page = recordings.list(scope, hears, None, None, 10).await.expect("a list");
        assert_eq!(page.items.len(), rows);
        assert_eq!(recordings.audio(scope, hears, id).await.expect("an answer").is_some(), sees);
        assert_eq!(recordings.peaks(scope, hears, id).await.expect("an answer"), None);
    }
}

async fn a_list_goes_on_where_it_ended(database: Database) {
    let world = World::new(database).await;
    let (call, other) = (world.kept_call().await, world.kept_call().await);
    let mut all = Vec::new();
    for _ in 0..5 {
        all.insert(0, begin(&world, &call).await.id());
    }
    begin(&world, &other).await;
    let recordings = world.store.recordings();
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = recordings.list(&world.ours, Hears::All, Some(call.id), after, 2).await.expect("a page");
        seen.extend(page.items.iter().map(|row| row.id));
        after = page.next.map(|next| next.to_string().parse().expect("a cursor"));
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, all);
}

async fn a_damaged_file_is_explained_and_its_neighbours_are_unharmed(database: Database) {
    let world = World::new(database).await;
    let call = world.kept_call().await;
    let (cut, swapped, changed, whole) = (
        recorded(&world, &call, 40_000).await,
        recorded(&world, &call, 40_000).await,
        recorded(&world, &call, 40_000).await,
        recorded(&world, &call, 40_000).await,
    );
    let path = |id: RecordingId| {
        let named = id.to_string();
        files(&world).into_iter().find(|path| path.to_string_lossy().contains(&named)).expect("its file")
    };
    std::fs::OpenOptions::new().write(true).open(path(cut)).expect("open").set_len(30_000).expect("cut");
    std::fs::copy(path(whole), path(swapped)).expect("copied");
    let mut bytes = std::fs::read(path(changed)).expect("read");
    bytes[20_000] ^= 1;
    std::fs::write(path(changed), bytes).expect("written");

    let recordings = world.store.recordings();
    let refusal = recordings.audio(&world.ours, Hears::All, cut).await.expect_err("cut");
    assert!(refusal.to_string().contains("30000 of its"), "{refusal}");
    for id in [swapped, changed] {
        let audio = recordings.audio(&world.ours, Hears::All, id).await.expect("opens").expect("there");
        let refusal = audio.read(0..40_000).await.expect_err("not as it was written");
        assert!(matches!(refusal, RecordingError::Damaged { .. }), "{refusal}");
    }
    let audio = recordings.audio(&world.ours, Hears::All, whole).await.expect("opens").expect("there");
    assert_eq!(audio.read(0..40_000).await.expect("it reads").len(), 40_000);
    std::fs::remove_file(path(whole)).expect("removed");
    let refusal = recordings.audio(&world.ours, Hears::All, whole).await.expect_err("gone");
    assert!(refusal.to_string().contains("not there"), "{refusal}");
}

on_both_databases!(
    what_was_recorded_is_read_back_from_any_byte,
    peaks_are_kept_and_it_becomes_ready_once,
    the_end_of_a_recording_and_what_it_owes_are_written_together,
    after_a_crash_whole_chunks_can_be_listened_to,
    a_deleted_recording_leaves_who_and_when,
    a_recording_is_seen_by_whoever_sees_its_call,
    a_list_goes_on_where_it_ended,
    a_damaged_file_is_explained_and_its_neighbours_are_unharmed,
);
