//! The tar file: what goes into it, and how it is written so that every byte of it can be checked.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{ASIDE, BackupError, DATABASE, Entry, KEYS, MANIFEST, Manifest, OF_OURS, Progress, RECORDINGS};
use crate::config::Config;

/// Written at once.
const BUFFER: usize = 256 * 1024;
/// Folders in folders of the data folder.
const MAX_DEPTH: usize = 8;

/// A file that goes into the archive.
pub(super) struct Kept {
    path: PathBuf,
    name: String,
}

/// Everything below the data folder but the database (its copy goes in), the keys (unless they are wanted), what a
/// restore has put aside and backups of before; and the recordings, wherever their folder is.
pub(super) fn what_to_keep(
    config: &Config,
    database: Option<&Path>,
    with_keys: bool,
) -> Result<Vec<Kept>, BackupError> {
    let mut files = Vec::new();
    files.extend(database.map(|copy| Kept { path: copy.to_owned(), name: DATABASE.to_owned() }));
    if with_keys {
        files.push(Kept { path: config.data_key_file.clone(), name: KEYS.to_owned() });
    }
    let recordings = config.recordings.local_folder();
    let live =
        switchboard_store::backup::sqlite_file(secrecy::ExposeSecret::expose_secret(&config.database_url));
    let left_out = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let of_database = live.is_some_and(|live| {
            path.parent() == live.parent()
                && live.file_name().is_some_and(|live| name.starts_with(&*live.to_string_lossy()))
        });
        of_database
            || path == config.data_key_file
            || path == recordings
            || name.starts_with(ASIDE)
            || name.starts_with('.')
            // Each backup would hold all those before it.
            || (name.starts_with(OF_OURS) && name.ends_with(".tar"))
    };
    below(&config.data_dir, "", MAX_DEPTH, &left_out, &mut files)?;
    below(recordings, &format!("{RECORDINGS}/"), MAX_DEPTH, &|_| false, &mut files)?;
    Ok(files)
}

fn below(
    folder: &Path,
    prefix: &str,
    depth: usize,
    left_out: &dyn Fn(&Path) -> bool,
    into: &mut Vec<Kept>,
) -> Result<(), BackupError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(BackupError::file("look into", folder)(error)),
    };
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(BackupError::file("look into", folder))?;
    paths.sort();
    for path in paths.into_iter().filter(|path| !left_out(path)) {
        let name = format!("{prefix}{}", path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() && depth > 0 {
            below(&path, &format!("{name}/"), depth - 1, left_out, into)?;
        } else if path.is_file() {
            into.push(Kept { path, name });
        }
    }
    Ok(())
}

/// An archive that is being written.
pub(super) struct Archive {
    tar: tar::Builder<BufWriter<File>>,
    path: PathBuf,
    manifest: Manifest,
}

impl Archive {
    pub(super) fn create(path: &Path, manifest: Manifest) -> Result<Self, BackupError> {
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(BackupError::file("write", path))?;
        let tar = tar::Builder::new(BufWriter::with_capacity(BUFFER, file));
        Ok(Self { tar, path: path.to_owned(), manifest })
    }

    pub(super) fn fill(
        mut self,
        files: Vec<Kept>,
        mut progress: impl FnMut(Progress),
    ) -> Result<Manifest, BackupError> {
        let of = files.iter().map(|kept| fs::metadata(&kept.path).map_or(0, |about| about.len())).sum();
        let mut done = 0;
        for kept in files {
            let size = self.add(&kept)?;
            done += size;
            progress(Progress { done, of });
        }
        let list = serde_json::to_vec_pretty(&self.manifest)
            .map_err(|error| BackupError::file("write", &self.path)(error.into()))?;
        self.append(MANIFEST, list.len() as u64, list.as_slice())
            .map_err(BackupError::file("write", &self.path))?;
        let finish = |tar: tar::Builder<BufWriter<File>>| -> io::Result<()> {
            let mut writer = tar.into_inner()?;
            writer.flush()?;
            writer.get_ref().sync_all()
        };
        finish(self.tar).map_err(BackupError::file("write", &self.path))?;
        Ok(self.manifest)
    }

    /// A file that grows meanwhile goes in as long as it was; one that is gone was removed, and is left out.
    fn add(&mut self, kept: &Kept) -> Result<u64, BackupError> {
        let file = match File::open(&kept.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound && kept.name != KEYS => return Ok(0),
            Err(error) => return Err(BackupError::file("read", &kept.path)(error)),
        };
        let size = file.metadata().map_err(BackupError::file("read", &kept.path))?.len();
        let mut hashing = Hashing { inner: file.take(size), hash: Sha256::new() };
        self.append(&kept.name, size, &mut hashing).map_err(BackupError::file("read", &kept.path))?;
        let sha256 = hexadecimal(&hashing.hash.finalize());
        self.manifest.files.push(Entry { path: kept.name.clone(), size, sha256 });
        Ok(size)
    }

    fn append(&mut self, name: &str, size: u64, content: impl Read) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(size);
        header.set_mode(0o600);
        header.set_entry_type(tar::EntryType::Regular);
        self.tar.append_data(&mut header, name, content)
    }
}

/// Hashes what is read through it.
pub(super) struct Hashing<R> {
    pub(super) inner: R,
    pub(super) hash: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.hash.update(&into[..count]);
        Ok(count)
    }
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
