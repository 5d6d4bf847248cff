//! A recording that is being written. Its file grows by whole chunks, so whatever stops the writer, what was written
//! before can be listened to.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use sea_orm::{ActiveValue::Set, ColumnTrait, QueryFilter};
use switchboard_core::access::Scope;
use switchboard_core::ids::RecordingId;

use super::error::RecordingError;
use super::format::{CHUNK, Chunks, Layout, header};
use super::row::{Finished, RecordingState};
use super::{change, live, update};
use crate::columns::moment;
use crate::db::{Db, Lane};
use crate::entities::recording;
use crate::error::StoreError;
use crate::jobs::{NewJob, Owed, owe};

/// Takes the sound of one call. Hand it on by [`finish`](Self::finish), also after an error: the row is closed then.
/// None of its functions may be dropped half-way: await them.
#[derive(Debug)]
pub struct RecordingSink {
    db: Arc<Db>,
    scope: Scope,
    id: RecordingId,
    writer: Writer,
    /// Nothing more is taken.
    broken: Option<RecordingError>,
}

impl RecordingSink {
    pub(super) fn new(db: Arc<Db>, scope: Scope, id: RecordingId, writer: Writer) -> Self {
        Self { db, scope, id, writer, broken: None }
    }

    /// Which recording this is.
    #[must_use]
    pub const fn id(&self) -> RecordingId {
        self.id
    }

    /// Bytes of sound taken so far.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.writer.taken
    }

    /// Takes some more. At the most 16 KiB are in memory and not on disk afterwards.
    ///
    /// # Errors
    /// [`RecordingError::DiskFull`] or [`RecordingError::Disk`], then and for ever: the row says so, and what was
    /// written before can be listened to.
    pub async fn append(&mut self, sound: Bytes) -> Result<(), RecordingError> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        match self.writer.take(&sound).await {
            Ok(()) => Ok(()),
            Err(error) => {
                let error = RecordingError::disk(format!("write {}", self.id), error);
                self.broken = Some(error.clone());
                self.note_failure(&error).await;
                Err(error)
            }
        }
    }

    async fn note_failure(&self, error: &RecordingError) {
        let failed = recording::ActiveModel {
            state: Set(RecordingState::Failed.as_str().to_owned()),
            failure: Set(Some(error.word().to_owned())),
            size_bytes: Set(Some(self.writer.whole().size.cast_signed())),
            cut: Set(true),
            ..Default::default()
        };
        let noted = change(&self.db, &self.scope, self.id, failed, Some(live())).await;
        if let Err(error) = noted {
            // A full disk may stop the database as well: `finish`, or the next start, writes it down.
            tracing::warn!(recording.id = %self.id, error = %error, "a broken recording could not be noted");
        }
    }

    /// Nothing is kept for a while, or is again: the row says so. What stands in the file is the caller's.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pause(&self, paused: bool) -> Result<(), StoreError> {
        let state = if paused { RecordingState::Paused } else { RecordingState::Recording };
        let row = recording::ActiveModel { state: Set(state.as_str().to_owned()), ..Default::default() };
        change(&self.db, &self.scope, self.id, row, Some(live())).await.map(|_| ())
    }

    /// Closes file and row. The recording is `processing` from here on and owes what it is given, or `failed` if it
    /// broke, and then nothing is owed.
    ///
    /// # Errors
    /// When disk or database fail. The row is then closed by the next start of this node.
    pub async fn finish(mut self, finished: Finished, owed: Vec<NewJob>) -> Result<(), RecordingError> {
        if self.broken.is_none()
            && let Err(error) = self.writer.close().await
        {
            self.broken = Some(RecordingError::disk(format!("close the file of {}", self.id), error));
        }
        let layout = match &self.broken {
            None => Layout { size: self.writer.taken, cut: false },
            Some(_) => self.writer.whole(),
        };
        let state = if self.broken.is_none() { RecordingState::Processing } else { RecordingState::Failed };
        let bound_for_bucket = self.db.recordings().has_bucket() && layout.size > 0;
        let row = recording::ActiveModel {
            state: Set(state.as_str().to_owned()),
            ended_at: Set(Some(moment(finished.ended_at))),
            duration_ms: Set(Some(i64::try_from(finished.duration.as_millis()).unwrap_or(i64::MAX))),
            size_bytes: Set(Some(layout.size.cast_signed())),
            cut: Set(layout.cut),
            pauses: Set(serde_json::to_value(&finished.pauses).unwrap_or_default()),
            failure: Set(self.broken.as_ref().map(|error| error.word().to_owned())),
            errand_at: Set(bound_for_bucket.then(|| moment(finished.ended_at))),
            ..Default::default()
        };
        // A recording that broke has left the states of a live one already.
        let statement = update(&self.scope, self.id, row).filter(recording::Column::EndedAt.is_null());
        let owed = if self.broken.is_none() { owed } else { Vec::new() };
        let owed = Owed::new(owed, self.db.keys());
        let doing = format!("finish {}", self.id);
        self.db
            .write(Lane::Settings, &self.scope, 1 + owed.len(), doing, move |transaction| {
                Box::pin(async move {
                    if statement.exec(transaction).await?.rows_affected > 0 {
                        owe(transaction, owed).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        Ok(())
    }
}

/// The file.
pub(super) struct Writer {
    file: Arc<File>,
    chunks: Arc<Chunks>,
    index: u64,
    waiting: Vec<u8>,
    /// Bytes of sound.
    taken: u64,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("taken", &self.taken).finish_non_exhaustive()
    }
}

impl Writer {
    /// Makes the file. It is an error when it is there already.
    pub(super) async fn create(path: PathBuf, chunks: Chunks) -> io::Result<Self> {
        let header = header(chunks.id());
        let file = blocking(move || {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            let mut options = fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&path)?;
            if let Err(error) = file.write_all(&header) {
                let _ = fs::remove_file(&path);
                return Err(error);
            }
            Ok(file)
        })
        .await?;
        Ok(Self::onto(file, chunks))
    }

    pub(super) fn onto(file: File, chunks: Chunks) -> Self {
        Self {
            file: Arc::new(file),
            chunks: Arc::new(chunks),
            index: 0,
            waiting: Vec::with_capacity(CHUNK),
            taken: 0,
        }
    }

    async fn take(&mut self, mut sound: &[u8]) -> io::Result<()> {
        while !sound.is_empty() {
            let fits = sound.len().min(CHUNK - self.waiting.len());
            let (now, later) = sound.split_at(fits);
            self.waiting.extend_from_slice(now);
            sound = later;
            if self.waiting.len() == CHUNK {
                let sealed = self.chunks.seal(self.index, false, &self.waiting);
                self.write(sealed).await?;
                self.waiting.clear();
                self.index += 1;
                self.taken = self.index * CHUNK as u64;
            }
        }
        self.taken = self.index * CHUNK as u64 + self.waiting.len() as u64;
        Ok(())
    }

    async fn close(&mut self) -> io::Result<()> {
        let sealed = self.chunks.seal(self.index, true, &self.waiting);
        self.write(sealed).await?;
        let file = Arc::clone(&self.file);
        blocking(move || file.sync_all()).await
    }

    /// What can be listened to when nothing more is written.
    fn whole(&self) -> Layout {
        Layout { size: self.index * CHUNK as u64, cut: true }
    }

    /// Off the threads that carry calls: a disk may take its time.
    async fn write(&self, sealed: Vec<u8>) -> io::Result<()> {
        let file = Arc::clone(&self.file);
        let whole = self.whole().file_length();
        blocking(move || {
            (&*file).write_all(&sealed).inspect_err(|_| {
                // Half a chunk is noise; the room it takes may be what another file needs.
                let _ = file.set_len(whole);
            })
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sealing::key_from;

    #[tokio::test]
    async fn a_full_disk_is_told_apart_and_counts_no_byte_that_is_not_there() {
        let file = fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
        let mut writer = Writer::onto(file, Chunks::new(uuid::Uuid::nil(), key_from(&[1; 32])));
        writer.take(&[0; CHUNK - 1]).await.expect("waits in memory");
        let error = writer.take(&[0; 1]).await.expect_err("no room");
        let error = RecordingError::disk("write".to_owned(), error);
        assert!(matches!(error, RecordingError::DiskFull { .. }), "{error:?}");
        assert_eq!(writer.whole().size, 0);
    }
}
