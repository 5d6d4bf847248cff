//! A recording in our types.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use switchboard_core::ids::{BranchId, CallId, NodeId, NumberId, RecordingId, TenantId};
use switchboard_core::time::Timestamp;

use crate::columns::{Cell, timestamp};
use crate::entities::recording;
use crate::error::StoreError;

/// A recording that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecording {
    /// Its id.
    pub id: RecordingId,
    /// The call.
    pub call: CallId,
    /// The call's tenant.
    pub tenant: TenantId,
    /// The call's branch.
    pub branch: Option<BranchId>,
    /// The call's number.
    pub number: NumberId,
    /// The node on whose disk it is written.
    pub node: NodeId,
    /// When it begins.
    pub at: Timestamp,
}

/// How a recording ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// When.
    pub ended_at: Timestamp,
    /// Its length, pauses included: they are silence of true length.
    pub duration: Duration,
    /// When nothing was kept.
    pub pauses: Vec<Pause>,
}

/// A span in which nothing was kept, from the beginning of the recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Where it begins.
    pub from_ms: u64,
    /// Where it ends.
    pub to_ms: u64,
}

/// Where a recording stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordingState {
    /// It is being written.
    Recording,
    /// It is being written, and nothing is kept just now.
    Paused,
    /// Its sound is whole; its peaks are being computed.
    Processing,
    /// It can be listened to.
    Ready,
    /// It broke; what was kept until then can be listened to.
    Failed,
    /// Its sound is gone; who did it and when is kept.
    Deleted,
}

impl RecordingState {
    const ALL: [Self; 6] =
        [Self::Recording, Self::Paused, Self::Processing, Self::Ready, Self::Failed, Self::Deleted];

    /// The word in database and API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recording => "recording",
            Self::Paused => "paused",
            Self::Processing => "processing",
            Self::Ready => "ready",
            Self::Failed => "failed",
            Self::Deleted => "deleted",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Can its sound be read?
    #[must_use]
    pub const fn is_over(self) -> bool {
        match self {
            Self::Processing | Self::Ready | Self::Failed => true,
            Self::Recording | Self::Paused | Self::Deleted => false,
        }
    }
}

/// Where the file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// On this machine.
    Disk,
    /// In the bucket.
    Bucket,
}

impl Place {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Bucket => "bucket",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        [Self::Disk, Self::Bucket].into_iter().find(|place| place.as_str() == word)
    }
}

/// What is kept of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingRow {
    /// Its id.
    pub id: RecordingId,
    /// The business.
    pub tenant: TenantId,
    /// The call.
    pub call: CallId,
    /// The call's number.
    pub number: NumberId,
    /// Where it stands.
    pub state: RecordingState,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Its length, pauses included.
    pub duration: Option<Duration>,
    /// Bytes of sound, once it is over.
    pub size_bytes: Option<u64>,
    /// When nothing was kept.
    pub pauses: Vec<Pause>,
    /// Its peaks are known.
    pub has_peaks: bool,
    /// What broke.
    pub failure: Option<String>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
}

/// How loud it is, for a drawing: one value for each span of time and side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peaks {
    /// The span.
    pub interval_ms: u32,
    /// The customer.
    pub left: Vec<u8>,
    /// What the customer heard.
    pub right: Vec<u8>,
}

pub(super) fn cell(id: uuid::Uuid, column: &'static str) -> Cell {
    Cell { table: "recordings", column, id }
}

pub(super) fn from_columns(row: recording::Model) -> Result<RecordingRow, StoreError> {
    let pauses = serde_json::from_value(row.pauses)
        .map_err(|_| cell(row.id, "pauses").unreadable("not a list of pauses"))?;
    let unsigned = |column, value: i64| {
        u64::try_from(value).map_err(|_| cell(row.id, column).unreadable("a negative number"))
    };
    Ok(RecordingRow {
        id: RecordingId::from_uuid(row.id),
        tenant: TenantId::from_uuid(row.tenant_id),
        call: CallId::from_uuid(row.call_id),
        number: NumberId::from_uuid(row.number_id),
        state: cell(row.id, "state").word(&row.state, RecordingState::from_word)?,
        started_at: timestamp(row.started_at),
        ended_at: row.ended_at.map(timestamp),
        duration: row
            .duration_ms
            .map(|ms| unsigned("duration_ms", ms))
            .transpose()?
            .map(Duration::from_millis),
        size_bytes: row.size_bytes.map(|size| unsigned("size_bytes", size)).transpose()?,
        pauses,
        has_peaks: row.peaks.is_some(),
        failure: row.failure,
        deleted_at: row.deleted_at.map(timestamp),
    })
}
