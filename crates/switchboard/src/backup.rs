//! `switchboard backup` and `switchboard restore`: everything an exchange keeps on its machine, in one tar file with a
//! list of what is in it, taken beside a running exchange.

mod archive;
mod restore;

use std::io;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use switchboard_core::time::Timestamp;
use switchboard_engine::clock::rfc3339;
use switchboard_store::{StoreError, backup as database};

pub use restore::{Restored, restore};

use crate::config::Config;
use archive::Archive;

/// The form of the archive; another one in a later release is told apart by it.
const FORMAT: u32 = 1;
/// The list of what is in the archive, its last entry.
const MANIFEST: &str = "manifest.json";
/// The copy of the SQLite file.
const DATABASE: &str = "switchboard.db";
/// The folder of recordings.
const RECORDINGS: &str = "recordings";
/// The data keys, where they were asked for.
const KEYS: &str = "keys";
/// Begins the names of what a restore works with or keeps; never part of a backup.
const ASIDE: &str = "before-restore-";
/// Begins the names of backups that were not given one.
const OF_OURS: &str = "switchboard-";

/// What is in an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Form of the archive.
    pub format: u32,
    /// The version that made it.
    pub switchboard: String,
    /// When, RFC 3339.
    pub made_at: String,
    /// `sqlite`, or `postgres`: then the database is not in it.
    pub database: String,
    /// The data keys are in it.
    pub with_keys: bool,
    /// Finished recordings were in a bucket, and are not in it.
    pub bucket: bool,
    /// Every file, in order.
    pub files: Vec<Entry>,
}

/// One file of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name in the archive.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
}

/// How far it is, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Done.
    pub done: u64,
    /// Of so many.
    pub of: u64,
}

/// It could not be done.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file.
    #[error("{doing} {path}")]
    File {
        /// What we were doing.
        doing: &'static str,
        /// With which file.
        path: String,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The database.
    #[error(transparent)]
    Database(#[from] StoreError),
    /// There is a file of that name.
    #[error("{0} is there already; a backup never replaces another")]
    AlreadyThere(String),
    /// The archive is not whole, or no archive of ours.
    #[error("{archive} cannot be restored: {why}")]
    Damaged {
        /// The archive.
        archive: String,
        /// What is wrong.
        why: String,
    },
    /// Files would be taken from under it.
    #[error("an exchange runs on {folder}: stop it first")]
    Running {
        /// The data folder.
        folder: String,
    },
    /// Something would be overwritten.
    #[error("{folder} is not empty: nothing is overwritten without --force")]
    NotEmpty {
        /// The data folder.
        folder: String,
    },
}

impl BackupError {
    fn file(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.display().to_string();
        move |source| Self::File { doing, path, source }
    }
}

/// Makes a backup, beside a running exchange or without one. `to` is a file, or a folder that is there. Returns the
/// file and what is in it.
///
/// # Errors
/// See [`BackupError`]; no half backup is left behind.
pub async fn make(
    config: &Config,
    to: &Path,
    with_keys: bool,
    now: Timestamp,
    progress: impl FnMut(Progress) + Send + 'static,
) -> Result<(PathBuf, Manifest), BackupError> {
    let made_at = rfc3339(now);
    let target =
        if to.is_dir() { to.join(format!("{OF_OURS}{}.tar", for_names(&made_at))) } else { to.to_owned() };
    if target.exists() {
        return Err(BackupError::AlreadyThere(target.display().to_string()));
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Ours alone, beside the target: what is in it is renamed, never copied once more.
    let work = tempfile::Builder::new()
        .prefix(".switchboard-backup-")
        .tempdir_in(folder)
        .map_err(BackupError::file("make a folder in", folder))?;

    let sqlite = database::sqlite_file(config.database_url.expose_secret()).map(Path::to_path_buf);
    let copy = work.path().join(DATABASE);
    if let Some(sqlite) = &sqlite {
        // First: whatever a row of the copy speaks of is on disk by now.
        database::copy_sqlite(sqlite, &copy).await?;
    }
    let files = archive::what_to_keep(config, sqlite.as_ref().map(|_| copy.as_path()), with_keys)?;
    let manifest = Manifest {
        format: FORMAT,
        switchboard: env!("CARGO_PKG_VERSION").to_owned(),
        made_at,
        database: if sqlite.is_some() { "sqlite" } else { "postgres" }.to_owned(),
        with_keys,
        bucket: config.recordings.has_bucket(),
        files: Vec::new(),
    };
    let draft = work.path().join("archive.tar");
    let written = tokio::task::spawn_blocking(move || {
        let manifest = Archive::create(&draft, manifest)?.fill(files, progress)?;
        Ok::<_, BackupError>((draft, manifest))
    });
    let (draft, manifest) = written.await.map_err(|error| BackupError::File {
        doing: "write",
        path: target.display().to_string(),
        source: io::Error::other(error),
    })??;
    std::fs::rename(&draft, &target).map_err(BackupError::file("put in place", &target))?;
    Ok((target, manifest))
}

/// A moment without what file names had better not have.
fn for_names(rfc3339: &str) -> String {
    rfc3339.chars().take(19).filter(char::is_ascii_alphanumeric).collect()
}
