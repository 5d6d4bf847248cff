//! Puts an archive in place. It is unpacked beside what is there, every byte is checked, and only then anything moves.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Component, Path, PathBuf};

use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use switchboard_core::time::Timestamp;
use switchboard_engine::clock::rfc3339;
use switchboard_store::backup as database;

use super::archive::{Hashing, hexadecimal};
use super::{
    ASIDE, BackupError, DATABASE, Entry, FORMAT, KEYS, MANIFEST, Manifest, Progress, RECORDINGS, for_names,
};
use crate::config::Config;

/// Inside the data folder, so that moving is renaming even where the folder is a mounted volume.
const STAGING: &str = ".restoring";
/// The longest list that is read: some 300,000 recordings.
const MAX_MANIFEST: u64 = 64 * 1024 * 1024;

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What the archive says of itself.
    pub manifest: Manifest,
    /// Where what was there before is now.
    pub put_aside: Option<PathBuf>,
    /// The file of data keys is in place.
    pub has_keys: bool,
}

/// Restores an archive into the folders of this configuration. The exchange must not run.
///
/// # Errors
/// See [`BackupError`]. Until everything was checked nothing of what is there is touched.
pub async fn restore(
    config: &Config,
    archive: &Path,
    keys: Option<&Path>,
    force: bool,
    now: Timestamp,
    progress: impl FnMut(Progress) + Send + 'static,
) -> Result<Restored, BackupError> {
    let folder = config.data_dir.clone();
    fs::create_dir_all(&folder).map_err(BackupError::file("make", &folder))?;
    if crate::node_id::is_held(&folder) {
        return Err(BackupError::Running { folder: folder.display().to_string() });
    }
    let there = what_is_in(&folder)?;
    if !force && !there.is_empty() {
        return Err(BackupError::NotEmpty { folder: folder.display().to_string() });
    }
    let staging = folder.join(STAGING);
    if staging.exists() {
        fs::remove_dir_all(&staging).map_err(BackupError::file("remove", &staging))?;
    }
    let unpacked = unpack_and_check(archive, &staging, progress).await;
    let manifest = match unpacked {
        Ok(manifest) => manifest,
        Err(error) => {
            let _ = fs::remove_dir_all(&staging);
            return Err(error);
        }
    };
    let aside = folder.join(format!("{ASIDE}{}", for_names(&rfc3339(now))));
    if let Some(keys) = keys {
        take_keys(keys, &staging.join(KEYS))?;
    }
    let put_aside = put_aside(config, &there, &aside, &staging.join(KEYS))?;
    put_in_place(config, &staging)?;
    Ok(Restored { manifest, put_aside, has_keys: config.data_key_file.exists() })
}

fn what_is_in(folder: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let entries = fs::read_dir(folder).map_err(BackupError::file("look into", folder))?;
    let paths: Result<Vec<_>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(BackupError::file("look into", folder))?;
    // The first is ours, the second belongs to the file system.
    paths.retain(|path| !path.ends_with(STAGING) && !path.ends_with("lost+found"));
    Ok(paths)
}

async fn unpack_and_check(
    archive: &Path,
    staging: &Path,
    progress: impl FnMut(Progress) + Send + 'static,
) -> Result<Manifest, BackupError> {
    let manifest = {
        let (archive, staging) = (archive.to_owned(), staging.to_owned());
        let unpacked = tokio::task::spawn_blocking(move || unpack(&archive, &staging, progress));
        unpacked.await.map_err(|error| damaged(Path::new("the archive"), error.to_string()))??
    };
    if manifest.database == "sqlite" {
        let problems = match database::problems_of_sqlite(&staging.join(DATABASE)).await {
            Ok(problems) => problems,
            Err(error) => vec![error.to_string()],
        };
        if !problems.is_empty() {
            return Err(damaged(archive, format!("its database is damaged: {}", problems.join("; "))));
        }
    }
    Ok(manifest)
}

fn damaged(archive: &Path, why: impl Into<String>) -> BackupError {
    BackupError::Damaged { archive: archive.display().to_string(), why: why.into() }
}

fn unpack(
    archive: &Path,
    staging: &Path,
    mut progress: impl FnMut(Progress),
) -> Result<Manifest, BackupError> {
    let file = File::open(archive).map_err(BackupError::file("read", archive))?;
    let of = file.metadata().map_err(BackupError::file("read", archive))?.len();
    let mut found = BTreeMap::new();
    let mut list = None;
    let mut done = 0;
    let mut tar = tar::Archive::new(BufReader::new(file));
    let unreadable = |error: io::Error| damaged(archive, format!("it is no whole tar file ({error})"));
    for entry in tar.entries().map_err(unreadable)? {
        let mut entry = entry.map_err(unreadable)?;
        let name = entry.path().map_err(unreadable)?.to_string_lossy().into_owned();
        let size = entry.header().size().map_err(unreadable)?;
        if name == MANIFEST {
            let mut text = String::new();
            entry.take(MAX_MANIFEST).read_to_string(&mut text).map_err(unreadable)?;
            list = Some(text);
            continue;
        }
        let inside = Path::new(&name).components().all(|part| matches!(part, Component::Normal(_)));
        if !inside || entry.header().entry_type() != tar::EntryType::Regular {
            return Err(damaged(archive, format!("{name:?} has no place in it")));
        }
        let path = staging.join(&name);
        let sha256 = write_out(&mut entry, &path).map_err(BackupError::file("write", &path))?;
        found.insert(name.clone(), Entry { path: name, size, sha256 });
        done += size;
        progress(Progress { done, of });
    }
    let list = list.ok_or_else(|| damaged(archive, "its list of files is missing: it was cut off"))?;
    let manifest: Manifest =
        serde_json::from_str(&list).map_err(|_| damaged(archive, "its list of files cannot be read"))?;
    if manifest.format != FORMAT {
        return Err(damaged(archive, format!("its form {} is of another version", manifest.format)));
    }
    for expected in &manifest.files {
        match found.remove(&expected.path) {
            Some(entry) if entry == *expected => {}
            Some(_) => return Err(damaged(archive, format!("{} is not as it was written", expected.path))),
            None => return Err(damaged(archive, format!("{} is missing", expected.path))),
        }
    }
    if let Some(name) = found.keys().next() {
        return Err(damaged(archive, format!("{name} is not on its list")));
    }
    if manifest.database == "sqlite" && !staging.join(DATABASE).exists() {
        return Err(damaged(archive, "its database is missing"));
    }
    Ok(manifest)
}

fn write_out(entry: &mut impl Read, path: &Path) -> io::Result<String> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let mut hashing = Hashing { inner: entry, hash: Sha256::new() };
    io::copy(&mut hashing, &mut file)?;
    file.sync_all()?;
    Ok(hexadecimal(&hashing.hash.finalize()))
}

/// With `--force`: nothing is removed, it only makes room.
fn put_aside(
    config: &Config,
    there: &[PathBuf],
    aside: &Path,
    new_keys: &Path,
) -> Result<Option<PathBuf>, BackupError> {
    let elsewhere = database_file(config).into_iter().flat_map(|file| {
        ["", "-wal", "-shm"].map(|suffix| PathBuf::from(format!("{}{suffix}", file.display())))
    });
    // The keys stay, since without them the restored database cannot be read either, unless others take their place:
    // what is put aside is sealed with them.
    let replaced = new_keys.exists()
        && config.data_key_file.exists()
        && fs::read(new_keys).ok() != fs::read(&config.data_key_file).ok();
    let moving: Vec<PathBuf> = there
        .iter()
        .filter(|path| !path.file_name().unwrap_or_default().to_string_lossy().starts_with(ASIDE))
        .cloned()
        .chain(elsewhere.filter(|path| path.exists() && !there.contains(path)))
        .filter(|path| *path != config.data_key_file)
        .chain(replaced.then(|| config.data_key_file.clone()))
        .collect();
    if moving.is_empty() {
        return Ok(None);
    }
    fs::create_dir_all(aside).map_err(BackupError::file("make", aside))?;
    for path in moving {
        shift(&path, &aside.join(path.file_name().unwrap_or_default()))?;
    }
    Ok(Some(aside.to_owned()))
}

fn database_file(config: &Config) -> Option<PathBuf> {
    database::sqlite_file(config.database_url.expose_secret()).map(Path::to_path_buf)
}

/// The copy somebody kept, for its owner only, whatever the copy was.
fn take_keys(keys: &Path, to: &Path) -> Result<(), BackupError> {
    let text = fs::read(keys).map_err(BackupError::file("read", keys))?;
    if to.exists() {
        fs::remove_file(to).map_err(BackupError::file("remove", to))?;
    }
    write_out(&mut text.as_slice(), to).map_err(BackupError::file("write", to)).map(|_| ())
}

fn put_in_place(config: &Config, staging: &Path) -> Result<(), BackupError> {
    let given = staging.join(KEYS);
    if given.exists() {
        if let Some(folder) = config.data_key_file.parent() {
            fs::create_dir_all(folder).map_err(BackupError::file("make", folder))?;
        }
        shift(&given, &config.data_key_file)?;
    }
    if let Some(file) = database_file(config).filter(|_| staging.join(DATABASE).exists()) {
        shift(&staging.join(DATABASE), &file)?;
    }
    let recordings = config.recordings.local_folder();
    if staging.join(RECORDINGS).exists() && recordings != config.data_dir.join(RECORDINGS) {
        for month in what_is_in(&staging.join(RECORDINGS))? {
            shift(&month, &recordings.join(month.file_name().unwrap_or_default()))?;
        }
        fs::remove_dir(staging.join(RECORDINGS)).map_err(BackupError::file("remove", staging))?;
    }
    for path in what_is_in(staging)? {
        shift(&path, &config.data_dir.join(path.file_name().unwrap_or_default()))?;
    }
    fs::remove_dir(staging).map_err(BackupError::file("remove", staging))
}

/// Renames, or copies where that is another disk; a folder goes into one that is there.
fn shift(from: &Path, to: &Path) -> Result<(), BackupError> {
    let failed = |error| BackupError::file("move", from)(error);
    if from.is_dir() && to.is_dir() {
        for path in what_is_in(from)? {
            shift(&path, &to.join(path.file_name().unwrap_or_default()))?;
        }
        return fs::remove_dir(from).map_err(failed);
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(BackupError::file("make", folder))?;
    }
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {}
        done => return done.map_err(failed),
    }
    if from.is_dir() {
        fs::create_dir_all(to).map_err(BackupError::file("make", to))?;
        return shift(from, to);
    }
    fs::copy(from, to).map_err(failed)?;
    fs::remove_file(from).map_err(BackupError::file("remove", from))
}
