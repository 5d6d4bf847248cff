//! The persistent id of this node: made once, kept in the data folder.

use std::path::Path;

use switchboard_core::ids::NodeId;

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
    let path = data_dir.join("node-id");
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
    fn a_broken_id_is_not_replaced_in_silence() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("node-id"), "nonsense").expect("written");
        assert!(node_id(folder.path()).is_err());
    }
}
