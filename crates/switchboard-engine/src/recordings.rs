//! The life of a recording: the media engine writes its pages, the store keeps them, and its end owes the
//! peaks.
//! Whatever fails here is told to the call and never harms it.

mod after;
mod announcement;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use switchboard_core::access::Scope;
use switchboard_core::call::input::CallInput;
use switchboard_core::ids::RecordingId;
use switchboard_core::time::Timestamp;
use switchboard_media::{MediaCommand, RecordingFault, RecordingOutput, RecordingSummary};
use switchboard_store::StoreError;
use switchboard_store::recordings::{Finished, NewRecording, Pause, RecordingError, RecordingSink};
use tokio::sync::mpsc;

use crate::Engine;
use crate::call_task::CallTask;
use crate::clock::fresh_uuid;

/// Pauses and resumptions that may wait to be written down; the sound itself does not wait for them.
const MARKS: usize = 64;
/// The call's own row may still be on its way into the database when the recording begins: so long and so often it is
/// waited for. The media engine holds a minute of sound meanwhile.
const ROW_LOOK_EVERY: Duration = Duration::from_millis(250);
const ROW_LOOKS: u32 = 80;

/// What all recordings of this node share.
#[derive(Debug, Default)]
pub(crate) struct Recordings {
    /// Recordings that are not closed yet.
    open: Arc<AtomicUsize>,
    uploads: announcement::Uploads,
}

impl Recordings {
    /// Is every recording closed?
    pub(crate) fn is_quiet(&self) -> bool {
        self.open() == 0
    }

    /// Recordings that are not closed yet.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }
}

/// The recording of a live call, as its task knows it.
#[derive(Debug)]
pub(crate) struct Recording {
    marks: mpsc::Sender<bool>,
}

/// Counts a recording as open as long as it lives.
struct Open(Arc<AtomicUsize>);

impl Open {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(count))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl CallTask {
    /// Sound is kept from this moment on; row and file follow.
    pub(crate) fn start_recording(&mut self, at: Timestamp) {
        let Some(output) = self.engine.media().start_recording(self.id) else {
            self.pending.push_back(CallInput::RecordingFailed { why: "media_unavailable" });
            return;
        };
        let (marks, marked) = mpsc::channel(MARKS);
        self.recording = Some(Recording { marks });
        let new = NewRecording {
            id: RecordingId::from_uuid(fresh_uuid()),
            call: self.id,
            tenant: self.number.tenant,
            branch: self.row.branch,
            number: self.number.id,
            node: self.engine.node(),
            at,
        };
        let keeper = Keeper {
            engine: self.engine.clone(),
            scope: Scope::of_the_exchange(self.number.tenant),
            new,
            results: self.results.clone(),
            _open: Open::new(&self.engine.recordings().open),
        };
        tokio::spawn(keeper.keep(output, marked));
    }

    pub(crate) fn pause_recording(&mut self, paused: bool) {
        let call = self.id;
        self.engine.media().command(if paused {
            MediaCommand::PauseRecording { call }
        } else {
            MediaCommand::ResumeRecording { call }
        });
        if let Some(recording) = &self.recording
            && recording.marks.try_send(paused).is_err()
        {
            // The file has its silence; only the row says the wrong word until the next mark or the end.
            tracing::warn!(call.id = %call, "a pause of a recording is not shown in lists");
        }
    }

    pub(crate) fn stop_recording(&mut self) {
        self.recording = None;
        self.engine.media().command(MediaCommand::StopRecording { call: self.id });
    }
}

/// Brings the pages of one recording into its file.
struct Keeper {
    engine: Engine,
    scope: Scope,
    new: NewRecording,
    results: mpsc::Sender<CallInput>,
    _open: Open,
}

/// Why a recording could not be kept.
#[derive(Debug, thiserror::Error)]
enum NotKept {
    #[error(transparent)]
    Store(#[from] RecordingError),
    #[error(transparent)]
    Media(#[from] RecordingFault),
    #[error("the writer of recordings is gone")]
    WriterGone,
}

impl NotKept {
    /// The word in the call's story.
    const fn word(&self) -> &'static str {
        match self {
            Self::Store(RecordingError::DiskFull { .. }) => "disk_full",
            Self::Store(RecordingError::Store(_)) => "database",
            Self::Store(
                RecordingError::Disk { .. }
                | RecordingError::File { .. }
                | RecordingError::Damaged { .. }
                | RecordingError::NotReadable { .. },
            ) => "disk",
            Self::Media(RecordingFault::TooSlow) => "too_slow",
            Self::Media(RecordingFault::Abandoned | RecordingFault::Broken) | Self::WriterGone => "writer",
        }
    }
}

impl Keeper {
    async fn keep(self, output: RecordingOutput, marked: mpsc::Receiver<bool>) {
        let (id, call) = (self.new.id, self.new.call);
        match self.write(output, marked).await {
            Ok(summary) => {
                tracing::info!(
                    call.id = %call, recording.id = %id, duration_ms = summary.duration.as_millis() as u64,
                    lost_packets = summary.lost, "recording kept"
                );
            }
            Err(error) => {
                tracing::warn!(call.id = %call, recording.id = %id, error = %error, "a call is not recorded any more; it goes on");
                self.engine.media().command(MediaCommand::StopRecording { call });
                // The call may be gone by now; its recording's row says it as well.
                let _ = self.results.send(CallInput::RecordingFailed { why: error.word() }).await;
            }
        }
        self.engine.jobs_are_due();
    }

    async fn write(
        &self,
        mut output: RecordingOutput,
        mut marked: mpsc::Receiver<bool>,
    ) -> Result<RecordingSummary, NotKept> {
        let mut sink = self.begin().await?;
        let mut bytes_failed = None;
        let mut marks_come = true;
        loop {
            tokio::select! {
                biased;
                mark = marked.recv(), if marks_come => match mark {
                    Some(paused) => {
                        if let Err(error) = sink.pause(paused).await {
                            tracing::warn!(recording.id = %self.new.id, error = %error, "a pause is not shown in lists");
                        }
                    }
                    None => marks_come = false,
                },
                page = output.pages.recv() => match page {
                    Some(page) => if let Err(error) = sink.append(page).await {
                        bytes_failed = Some(error);
                        break;
                    },
                    None => break,
                },
            }
        }
        // Nothing more is taken: the media engine stops when it sees that.
        output.pages.close();
        let ended = output.ended.await;
        let summary = match &ended {
            Ok(Ok(summary)) => summary.clone(),
            Ok(Err(_)) | Err(_) => self.as_far_as_it_went(),
        };
        let finished = Finished {
            ended_at: self.new.at.plus(summary.duration),
            duration: summary.duration,
            pauses: summary.pauses.iter().map(|(from, to)| pause(*from, *to)).collect(),
        };
        let picture = self.engine.picture_of(self.new.tenant, self.new.id);
        let closed = sink.finish(finished, vec![picture]).await;
        match (bytes_failed, ended) {
            (Some(error), _) => return Err(error.into()),
            (None, Ok(Err(fault))) => return Err(fault.into()),
            (None, Err(_)) => return Err(NotKept::WriterGone),
            (None, Ok(Ok(_))) => {}
        }
        closed?;
        Ok(summary)
    }

    /// A broken recording is as long as it was tried; how much of that can be heard, its file says.
    fn as_far_as_it_went(&self) -> RecordingSummary {
        let duration = self.engine.clock().now().since(self.new.at);
        RecordingSummary { duration, pauses: Vec::new(), lost: 0 }
    }

    async fn begin(&self) -> Result<RecordingSink, RecordingError> {
        let mut looks = 0;
        loop {
            match self.engine.store().recordings().begin(&self.scope, self.new.clone()).await {
                Err(RecordingError::Store(StoreError::Dangling { .. })) if looks < ROW_LOOKS => looks += 1,
                begun => return begun,
            }
            tokio::time::sleep(ROW_LOOK_EVERY).await;
        }
    }
}

fn pause(from: Duration, to: Duration) -> Pause {
    let ms = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    Pause { from_ms: ms(from), to_ms: ms(to) }
}
