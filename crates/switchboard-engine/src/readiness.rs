//! Can calls be taken? What `/readyz` answers, and what a look at the disk says.

use std::path::Path;

use crate::Engine;

/// With less room than this the database soon cannot keep webhooks any more.
const LEAST_ROOM: u64 = 64 * 1024 * 1024;

/// How the database does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseState {
    /// It answers, and what is written gets through.
    Fine,
    /// It answers, but what was to be written last did not get through, and neither does a trial now.
    NotWriting,
    /// It does not answer.
    Down,
}

/// What `/readyz` wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    /// How the database does.
    pub database: DatabaseState,
    /// The media thread lives.
    pub media: bool,
    /// There is room in the data folder.
    pub disk: bool,
    /// The server is being stopped.
    pub draining: bool,
}

impl Readiness {
    /// Can calls be taken?
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.database == DatabaseState::Fine && self.media && self.disk && !self.draining
    }
}

impl Engine {
    /// Can calls be taken?
    pub async fn readiness(&self) -> Readiness {
        let database = if self.store().ping().await.is_err() {
            DatabaseState::Down
        } else if self.store().writes_get_through().await {
            DatabaseState::Fine
        } else {
            DatabaseState::NotWriting
        };
        Readiness {
            database,
            media: self.media().is_alive(),
            disk: self.free_room().is_none_or(|room| room >= LEAST_ROOM),
            draining: self.is_draining(),
        }
    }

    /// Bytes left for this program where the data folder is; none when the system does not say.
    #[must_use]
    pub fn free_room(&self) -> Option<u64> {
        free_room(&self.settings().data_dir)
    }
}

fn free_room(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_room_and_one_that_is_not_there_has_no_answer() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(free_room(folder.path()).is_some_and(|room| room > 0));
        assert_eq!(free_room(&folder.path().join("nowhere")), None);
    }
}
