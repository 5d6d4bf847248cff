//! What is owed after a recording: peaks for its picture, and the word in the call's story that it is ready. The end of
//! a recording and this job are written together. A recording whose picture cannot be made can be listened to all the
//! same.

use std::time::Duration;

use serde_json::json;
use switchboard_core::access::Scope;
use switchboard_core::ids::{CallId, EventId, RecordingId, TenantId};
use switchboard_media::PeaksError;
use switchboard_store::StoreError;
use switchboard_store::calls::{CallRow, EventRow, OwnerFence};
use switchboard_store::jobs::{Job, NewJob};
use switchboard_store::recordings::{Hears, Peaks, RecordingError, RecordingRow};
use tokio::runtime::Handle;

use crate::Engine;
use crate::call_registry::CallMessage;
use crate::clock::fresh_uuid;
use crate::jobs::{Attempt, Owed, Trouble};

/// How often a database that does not answer at the start is asked again.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// The word in the story.
const READY: &str = "recording.ready";

/// Why there are no peaks.
#[derive(Debug, thiserror::Error)]
enum NotDrawn {
    #[error(transparent)]
    Recording(#[from] RecordingError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Peaks(#[from] PeaksError),
    #[error("computing the peaks broke")]
    Broke,
}

impl NotDrawn {
    /// Trying again would find the same.
    const fn is_for_good(&self) -> bool {
        match self {
            Self::Recording(RecordingError::Damaged { .. }) | Self::Peaks(PeaksError::Foreign(_)) => true,
            Self::Recording(
                RecordingError::Store(_)
                | RecordingError::DiskFull { .. }
                | RecordingError::Disk { .. }
                | RecordingError::File { .. }
                | RecordingError::NotReadable { .. },
            )
            | Self::Store(_)
            | Self::Peaks(PeaksError::Read(_))
            | Self::Broke => false,
        }
    }
}

impl Engine {
    /// The picture a recording owes. Owed twice, it is owed once.
    pub(crate) fn picture_of(&self, tenant: TenantId, recording: RecordingId) -> NewJob {
        let owed = Owed::Peaks { recording: recording.to_string() };
        NewJob { once_key: Some(format!("peaks:{recording}")), ..self.job(Some(tenant), &owed) }
    }

    /// Closes what the last run left open, and owes the pictures of what nobody drew. Done once, when the database
    /// answers.
    pub(crate) fn spawn_recovery_of_recordings(&self) {
        let engine = self.clone();
        tokio::spawn(async move {
            loop {
                match engine.recover_recordings().await {
                    Ok(()) | Err(StoreError::Stopped { .. }) => return,
                    Err(error) => tracing::warn!(
                        error = %error, "recordings of the last run cannot be closed; it is tried again"
                    ),
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        });
    }

    async fn recover_recordings(&self) -> Result<(), StoreError> {
        let recordings = self.store().recordings();
        let closed = recordings.recover(self.node(), self.clock().now()).await?;
        if !closed.is_empty() {
            tracing::warn!(
                recordings = closed.len(),
                "recordings that were open when this node stopped were closed"
            );
        }
        let rows = recordings.unprocessed(self.node()).await?;
        let pictures: Vec<_> = rows.into_iter().map(|row| self.picture_of(row.tenant, row.id)).collect();
        if pictures.is_empty() { Ok(()) } else { self.owe(pictures).await }
    }

    /// Makes the picture of a recording. What fails leaves the recording ready without one.
    pub(crate) async fn draw_recording(&self, job: &Job, recording: &str) -> Attempt {
        let (Some(tenant), Ok(id)) = (job.tenant, recording.parse::<RecordingId>()) else {
            return Attempt::Hopeless("it names no recording".to_owned());
        };
        let scope = Scope::of_the_exchange(tenant);
        let row = match self.store().recordings().get(&scope, Hears::All, id).await {
            Ok(row) => row.filter(|row| row.state.is_over()),
            Err(error) => return error.into(),
        };
        // Deleted meanwhile: nobody needs the picture.
        let Some(row) = row else { return Attempt::Done };
        let drawn = self.draw(&scope, &row).await;
        if let Err(error) = self.now_ready(job, &scope, &row).await {
            return error.into();
        }
        match drawn {
            Ok(()) => Attempt::Done,
            Err(error) if error.is_for_good() => Attempt::Hopeless(error.to_string()),
            Err(error) => Attempt::Failed(Trouble { what: error.to_string(), wait: None }),
        }
    }

    async fn draw(&self, scope: &Scope, row: &RecordingRow) -> Result<(), NotDrawn> {
        let recordings = self.store().recordings();
        let audio = match recordings.audio(scope, Hears::All, row.id).await {
            Ok(Some(audio)) => audio,
            Ok(None) | Err(RecordingError::NotReadable { .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let reader = audio.blocking(Handle::current());
        let peaks = tokio::task::spawn_blocking(move || switchboard_media::peaks(reader)).await;
        let peaks = peaks.map_err(|_| NotDrawn::Broke)??;
        if row.duration.is_none() {
            recordings.set_duration(scope, row.id, peaks.duration).await?;
        }
        let kept = Peaks { interval_ms: peaks.interval_ms, left: peaks.left, right: peaks.right };
        match recordings.set_peaks(scope, row.id, &kept).await {
            Ok(()) | Err(StoreError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// It can be listened to from here on, and the story says so once.
    async fn now_ready(&self, job: &Job, scope: &Scope, row: &RecordingRow) -> Result<(), StoreError> {
        let is_news = self.store().recordings().set_ready(scope, row.id).await?;
        // A crash between the state and the word leaves the word to the next attempt.
        if !is_news && (job.attempts <= 1 || self.is_told(scope, row).await?) {
            return Ok(());
        }
        let data = json!({ "recording_id": row.id.to_string() });
        let note = CallMessage::Note { kind: READY, data: data.clone() };
        if self.registry().send(row.call, note).is_ok() {
            return Ok(());
        }
        self.add_to_story(scope, row.call, READY, data).await
    }

    async fn is_told(&self, scope: &Scope, row: &RecordingRow) -> Result<bool, StoreError> {
        let story = self.store().calls().events_of(scope, row.call).await?;
        let id = row.id.to_string();
        Ok(story.iter().any(|event| event.kind == READY && event.data["recording_id"] == id))
    }

    /// An entry for a call that has no task any more.
    async fn add_to_story(
        &self,
        scope: &Scope,
        call: CallId,
        kind: &str,
        data: serde_json::Value,
    ) -> Result<(), StoreError> {
        let calls = self.store().calls();
        let Some(row) = calls.by_id(scope, call).await? else { return Ok(()) };
        let last = calls.events_of(scope, call).await?.last().map_or(0, |event| event.seq);
        let entry = EventRow {
            id: EventId::from_uuid(fresh_uuid()),
            call,
            tenant: row.tenant,
            branch: row.branch,
            seq: last + 1,
            at: self.clock().now(),
            kind: kind.to_owned(),
            data,
        };
        let fence = OwnerFence { node: row.owner_node, epoch: row.owner_epoch };
        // The facts of the call are not ours: whoever owns it may be writing them at this moment.
        let touched = CallRow { updated_at: entry.at, ..row.clone() };
        calls.save_changes(scope, Some(&row), &touched, &[entry], Vec::new(), fence).await
    }
}
