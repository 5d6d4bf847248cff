//! Recordings as the exchange leaves them, without waiting for a call to be spoken.

use std::time::Duration;

use bytes::Bytes;
use switchboard_core::access::Scope;
use switchboard_core::ids::RecordingId;
use switchboard_engine::Engine;
use switchboard_store::calls::CallRow;
use switchboard_store::recordings::{Finished, NewRecording, RecordingSink};
use uuid::Uuid;

/// Recognizable sound of this length.
pub(crate) fn sound(size: usize) -> Vec<u8> {
    b"OggS, some sound. ".iter().copied().cycle().take(size).collect()
}

/// A recording that begins.
pub(crate) async fn begin(engine: &Engine, call: &CallRow) -> RecordingSink {
    let new = NewRecording {
        id: RecordingId::from_uuid(fresh()),
        call: call.id,
        tenant: call.tenant,
        branch: call.branch,
        number: call.number,
        node: engine.settings().node,
        at: engine.clock().now(),
    };
    let scope = Scope::of_the_exchange(call.tenant);
    engine.store().recordings().begin(&scope, new).await.expect("it begins")
}

/// A recording that is over.
pub(crate) async fn recorded(engine: &Engine, call: &CallRow, size: usize) -> RecordingId {
    let mut sink = begin(engine, call).await;
    let id = sink.id();
    for page in sound(size).chunks(5_000) {
        sink.append(Bytes::copy_from_slice(page)).await.expect("taken");
    }
    let finished =
        Finished { ended_at: engine.clock().now(), duration: Duration::from_secs(9), pauses: Vec::new() };
    sink.finish(finished, Vec::new()).await.expect("finished");
    id
}

#[expect(clippy::disallowed_methods, reason = "the one source of chance of these tests")]
pub(crate) fn fresh() -> Uuid {
    Uuid::now_v7()
}
