//! The sound of a recording that is over, from any byte to any other, never more than a few chunks of it in memory.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, stream};
use switchboard_core::ids::RecordingId;
use tokio::runtime::Handle;

use super::Recordings;
use super::error::RecordingError;
use super::files::FileName;
use super::format::{CHUNK, Chunks, Layout};
use super::row::{Place, RecordingRow, cell, from_columns};
use crate::db::Db;
use crate::entities::recording;

/// Chunks read and opened at once: 512 KiB of a stream are in memory, however long the recording is.
const CHUNKS_AT_ONCE: u64 = 32;

/// The sound, ready to be read.
#[derive(Clone)]
pub struct RecordingAudio {
    db: Arc<Db>,
    row: RecordingRow,
    name: FileName,
    place: Place,
    layout: Layout,
    chunks: Arc<Chunks>,
}

impl std::fmt::Debug for RecordingAudio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordingAudio")
            .field("id", &self.row.id)
            .field("layout", &self.layout)
            .finish_non_exhaustive()
    }
}

pub(super) async fn open(
    recordings: &Recordings<'_>,
    model: recording::Model,
) -> Result<RecordingAudio, RecordingError> {
    let row = from_columns(model.clone())?;
    let id = row.id;
    let place = model.place.as_deref();
    let (true, Some(place), Some(size)) = (row.state.is_over(), place, row.size_bytes) else {
        return Err(RecordingError::NotReadable { id, state: row.state });
    };
    let place = cell(model.id, "place").word(place, Place::from_word)?;
    let audio = RecordingAudio {
        db: Arc::clone(recordings.db),
        name: FileName::of(model.id, model.started_at),
        place,
        layout: Layout { size, cut: model.cut },
        chunks: Arc::new(recordings.chunks_of(&model)?),
        row,
    };
    let doing = || format!("open the file of {id}");
    let files = recordings.db.recordings();
    let found = match files.length(place, &audio.name).await {
        Err(object_store::Error::NotFound { .. }) if place == Place::Disk && files.has_bucket() => {
            files.length(Place::Bucket, &audio.name).await
        }
        found => found,
    };
    let length = match found {
        Ok(length) => length,
        Err(object_store::Error::NotFound { .. }) => {
            return Err(RecordingError::Damaged { id, what: "it is not there".to_owned() });
        }
        Err(error) => return Err(RecordingError::file(doing(), error)),
    };
    let expected = audio.layout.file_length();
    if length < expected {
        let what = format!("{length} of its {expected} bytes are there");
        return Err(RecordingError::Damaged { id, what });
    }
    Ok(audio)
}

impl RecordingAudio {
    /// What is known of it.
    #[must_use]
    pub const fn row(&self) -> &RecordingRow {
        &self.row
    }

    /// Which recording it is.
    #[must_use]
    pub const fn id(&self) -> RecordingId {
        self.row.id
    }

    /// Bytes of sound.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.layout.size
    }

    /// These bytes, cut to what there is. For parts that fit into memory.
    ///
    /// # Errors
    /// [`RecordingError::Damaged`] or [`RecordingError::File`].
    pub async fn read(&self, bytes: Range<u64>) -> Result<Bytes, RecordingError> {
        let wanted = bytes.start.min(self.size())..bytes.end.min(self.size());
        if wanted.is_empty() {
            return Ok(Bytes::new());
        }
        let chunks = self.layout.chunks_of(&wanted);
        let place = self.layout.place_of(&chunks);
        let files = self.db.recordings();
        let sealed = match files.read(self.place, &self.name, place.clone()).await {
            // It was brought into the bucket while it was being listened to.
            Err(object_store::Error::NotFound { .. }) if self.place == Place::Disk && files.has_bucket() => {
                files.read(Place::Bucket, &self.name, place).await
            }
            found => found,
        };
        let id = self.id();
        let sealed = sealed.map_err(|error| RecordingError::file(format!("read the file of {id}"), error))?;
        self.layout.open(&self.chunks, &chunks, &sealed, &wanted).ok_or_else(|| RecordingError::Damaged {
            id,
            what: format!("a chunk of {} to {} is not as it was written", chunks.start, chunks.end),
        })
    }

    /// These bytes, piece by piece, as fast as they are taken.
    pub fn stream(
        &self,
        bytes: Range<u64>,
    ) -> impl Stream<Item = Result<Bytes, RecordingError>> + Send + use<> {
        let audio = self.clone();
        let end = bytes.end.min(self.size());
        stream::try_unfold(bytes.start, move |from| {
            let audio = audio.clone();
            async move {
                if from >= end {
                    return Ok(None);
                }
                let piece = (from / CHUNK as u64 + CHUNKS_AT_ONCE) * CHUNK as u64;
                let to = piece.min(end);
                Ok(Some((audio.read(from..to).await?, to)))
            }
        })
    }

    /// For code that reads as from a file, on a thread that may wait (`spawn_blocking`).
    #[must_use]
    pub fn blocking(self, runtime: Handle) -> AudioReader {
        AudioReader { audio: self, runtime, at: 0, piece: Bytes::new() }
    }
}

/// See [`RecordingAudio::blocking`].
#[derive(Debug)]
pub struct AudioReader {
    audio: RecordingAudio,
    runtime: Handle,
    at: u64,
    piece: Bytes,
}

impl io::Read for AudioReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.piece.is_empty() {
            let to = self.at + CHUNKS_AT_ONCE * CHUNK as u64;
            self.piece = self.runtime.block_on(self.audio.read(self.at..to)).map_err(io::Error::other)?;
            self.at += self.piece.len() as u64;
        }
        let piece = self.piece.split_to(into.len().min(self.piece.len()));
        into[..piece.len()].copy_from_slice(&piece);
        Ok(piece.len())
    }
}
