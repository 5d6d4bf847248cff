//! What can go wrong with the sound of a recording.

use std::io;
use std::sync::Arc;

use switchboard_core::ids::RecordingId;

use super::row::RecordingState;
use crate::error::StoreError;

/// A refusal or failure.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RecordingError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no room on the disk. What was written before can be listened to.
    #[error("{doing}: the disk is full")]
    DiskFull {
        /// What we were doing.
        doing: String,
    },
    /// The disk.
    #[error("{doing}: the disk does not do it")]
    Disk {
        /// What we were doing.
        doing: String,
        /// What the system says.
        #[source]
        source: Arc<io::Error>,
    },
    /// The file cannot be reached, on disk or in the bucket.
    #[error("{doing}: the file cannot be reached")]
    File {
        /// What we were doing.
        doing: String,
        /// What disk or bucket say.
        #[source]
        source: Arc<object_store::Error>,
    },
    /// The file is not as it was written: cut off, changed, or another one.
    #[error("the file of {id} is damaged: {what}")]
    Damaged {
        /// Which recording.
        id: RecordingId,
        /// How that was noticed.
        what: String,
    },
    /// There is no sound to be read: it is still being written, or it was deleted.
    #[error("{id} cannot be listened to: it is {}", state.as_str())]
    NotReadable {
        /// Which recording.
        id: RecordingId,
        /// Where it stands.
        state: RecordingState,
    },
}

impl RecordingError {
    pub(super) fn disk(doing: String, error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::StorageFull || error.kind() == io::ErrorKind::QuotaExceeded {
            Self::DiskFull { doing }
        } else {
            Self::Disk { doing, source: Arc::new(error) }
        }
    }

    pub(super) fn file(doing: String, error: object_store::Error) -> Self {
        Self::File { doing, source: Arc::new(error) }
    }

    /// The word that stays with the recording.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::DiskFull { .. } => "disk_full",
            Self::Disk { .. } | Self::File { .. } => "disk_failed",
            Self::Store(_) => "database_failed",
            Self::Damaged { .. } => "damaged",
            Self::NotReadable { .. } => "not_readable",
        }
    }
}
