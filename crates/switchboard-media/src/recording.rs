//! What the customer says and hears, kept as one stereo Ogg Opus file without transcoding: left what came from him,
//! right exactly what was sent to him.
//!
//! In the order of a packet: `tap` (on the media thread: a copy into a bounded ring, never waiting) → `writer` (a
//! thread of its own: all recordings, ten times a second) → `track` (one side on a grid of 20 ms by the wall clock) →
//! `frames` (any Opus packet as 20 ms frames) → `file` (Ogg pages) → a bounded channel of [`Bytes`]. Files, keys and
//! rows are somebody else's.

mod file;
mod frames;
mod peaks;
pub(crate) mod tap;
mod track;
pub(crate) mod writer;

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

pub use peaks::{Peaks, PeaksError, peaks};

/// The grid of a recording.
pub(crate) const FRAME: Duration = Duration::from_millis(20);
/// Pages that may wait for whoever keeps them: one a second, so a disk may stand still for a minute.
const PAGES_WAITING: usize = 64;

/// A recording that runs.
#[derive(Debug)]
pub struct RecordingOutput {
    /// Finished Ogg pages, in order, one a second. Closed when the recording is over. Whoever drops it ends the
    /// recording.
    pub pages: mpsc::Receiver<Bytes>,
    /// How it ended; comes after the last page.
    pub ended: oneshot::Receiver<Result<RecordingSummary, RecordingFault>>,
}

/// A recording that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingSummary {
    /// Its length: the time that passed, pauses included, in whole frames.
    pub duration: Duration,
    /// Where nothing was kept, from the beginning of the recording.
    pub pauses: Vec<(Duration, Duration)>,
    /// Packets that found no place: the ring was full, or they came too late. Each is silence.
    pub lost: u64,
}

/// Why a recording broke off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordingFault {
    /// Whoever keeps the pages does not keep up.
    #[error("the pages were not taken for a minute")]
    TooSlow,
    /// Nobody takes the pages any more.
    #[error("nobody takes the pages any more")]
    Abandoned,
    /// A bug: writing panicked.
    #[error("writing the recording broke")]
    Broken,
}
