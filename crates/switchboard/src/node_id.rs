//! The persistent id of this node: made once, kept in the data folder; and who runs on that folder, which is one only.

use std::fs::{File, TryLockError};
use std::path::Path;

use switchboard_core::ids::NodeId;

/// The file of the id.
const FILE: &str = "node-id";

/// The id cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the node id in {path} cannot be read or written")]
pub struct NodeIdError {
    path: String,
    #[source]
    source: std::io::Error,
}

/// Reads the id of this data folder, or makes one.
///
/// # Errors
/// When the folder cannot be used, or the file in it holds something else.
pub fn node_id(data_dir: &Path) -> Result<NodeId, NodeIdError> {
    let path = data_dir.join(FILE);
    let wrong = |source| NodeIdError { path: path.display().to_string(), source };
    match std::fs::read_to_string(&path) {
        Ok(text) => text
            .trim()
            .parse()
            .map_err(|error| wrong(std::io::Error::new(std::io::ErrorKind::InvalidData, error))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let id = NodeId::from_uuid(fresh());
            std::fs::create_dir_all(data_dir).map_err(wrong)?;
            std::fs::write(&path, id.to_string()).map_err(wrong)?;
            Ok(id)
        }
        Err(error) => Err(wrong(error)),
    }
}

/// Somebody runs on this data folder already.
#[derive(Debug, thiserror::Error)]
#[error(
    "another exchange runs on the data folder {0}: it would end the calls of this one, and this one those of it"
)]
pub struct FolderInUse(String);

/// Takes the data folder for this process until what is returned is dropped; a process that dies gives it back. Where the
/// file system knows no locks nobody is kept out.
///
/// # Errors
/// [`FolderInUse`] when another one has it.
pub fn hold(data_dir: &Path) -> Result<Option<File>, FolderInUse> {
    let Ok(file) = File::open(data_dir.join(FILE)) else { return Ok(None) };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(FolderInUse(data_dir.display().to_string())),
        Err(TryLockError::Error(error)) => {
            tracing::warn!(%error, "the data folder cannot be locked; start no second exchange on it");
            Ok(None)
        }
    }
}

/// Does an exchange run on this data folder?
pub(crate) fn is_held(data_dir: &Path) -> bool {
    hold(data_dir).is_err()
}

#[expect(clippy::disallowed_methods, reason = "the dice of this crate")]
fn fresh() -> uuid::Uuid {
    uuid::Uuid::now_v7()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_keeps_its_id_over_restarts() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = node_id(folder.path()).expect("made");
        assert_eq!(node_id(folder.path()).expect("read"), first);
    }

    #[test]
    fn a_data_folder_is_one_exchanges_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(!is_held(folder.path()), "nothing is there yet");
        node_id(folder.path()).expect("made");
        let held = hold(folder.path()).expect("ours").expect("a lock");
        assert!(hold(folder.path()).is_err() && is_held(folder.path()));
        drop(held);
        assert!(hold(folder.path()).expect("free again").is_some());
    }

    #[test]
    fn a_broken_id_is_not_replaced_in_silence() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("node-id"), "nonsense").expect("written");
        assert!(node_id(folder.path()).is_err());
    }
}
