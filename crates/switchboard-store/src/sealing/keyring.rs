//! The data keys, kept in one small file beside the database and never in it: one line for each key, newest first.
//! The first seals, all of them open.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use aws_lc_rs::aead::LessSafeKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::task::AbortHandle;
use tokio::time::MissedTickBehavior;

use super::{KEY, key_from, random};
use crate::columns;
use crate::error::StoreError;

/// The file is longer than any ring of keys: it is something else.
const MAX_FILE: u64 = 64 * 1024;
/// Keys in one ring. Whoever rotates this often retires old ones, too.
const MAX_KEYS: usize = 64;
/// How soon a running exchange sees that a key was added: a rotation waits a little longer than this.
pub(crate) const LOOKED_AT_EVERY: Duration = Duration::from_secs(1);

const HEADING: &str = "\
# The data keys of Switchboard, newest first. The first one seals, all of them open.
# Without this file nobody can read the recordings and the sealed columns of the database, you neither.
# Keep a copy in a safe place away from this machine, and apart from your backups of the database.
";

/// Names a key: the moment it was made, as twelve hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(u64);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012x}", self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that names no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a data key is named by twelve hexadecimal digits")]
pub struct NotAKeyId;

impl FromStr for KeyId {
    type Err = NotAKeyId;

    fn from_str(text: &str) -> Result<Self, NotAKeyId> {
        let is_hex = text.len() == 12 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !is_hex {
            return Err(NotAKeyId);
        }
        u64::from_str_radix(text, 16).map(Self).map_err(|_| NotAKeyId)
    }
}

impl KeyId {
    /// Of a key that is made now.
    fn fresh() -> Self {
        // The first 48 bits of a UUID v7 are the milliseconds since 1970.
        let bits = columns::fresh_uuid().as_u128() >> 80;
        Self(u64::try_from(bits).unwrap_or(u64::MAX))
    }
}

/// The keys of one installation. Cheap to clone; all clones are the same ring.
#[derive(Clone)]
pub(crate) struct Keyring(Arc<Inner>);

struct Inner {
    file: PathBuf,
    /// Newest first, never empty.
    ring: RwLock<Ring>,
}

struct Ring {
    keys: Vec<(KeyId, Arc<LessSafeKey>)>,
    stamp: Option<Stamp>,
}

/// Whether the file is still the one that was read.
type Stamp = (SystemTime, u64);

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("file", &self.0.file).finish_non_exhaustive()
    }
}

impl Keyring {
    /// Reads the keys; none when there is no file.
    ///
    /// # Errors
    /// [`StoreError::DataKeys`] when the file cannot be read or holds something else.
    pub(crate) fn read(file: &Path) -> Result<Option<Self>, StoreError> {
        let stamp = stamp_of(file);
        let text = match read_text(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(refused(
                    format!("{} cannot be read: {error}", file.display()),
                    "May this user read it?",
                ));
            }
        };
        warn_if_others_may_read(file);
        let keys = parse(file, &text)?;
        Ok(Some(Self(Arc::new(Inner { file: file.to_owned(), ring: RwLock::new(Ring { keys, stamp }) }))))
    }

    /// Makes the file with a first key. When another process was faster, its file is read.
    ///
    /// # Errors
    /// [`StoreError::DataKeys`] when it cannot be written.
    pub(crate) fn make(file: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(|error| unwritable(file, &error))?;
        }
        let draft = write_draft(file, &format!("{HEADING}{}\n", fresh_line(KeyId::fresh())))
            .map_err(|error| unwritable(file, &error))?;
        // A hard link refuses to replace what is there: of two first starts one wins.
        let made = fs::hard_link(&draft, file);
        let _ = fs::remove_file(&draft);
        match made {
            // Before anything is sealed: a key that a power cut took away would take everything with it.
            Ok(()) => sync_folder(file).map_err(|error| unwritable(file, &error))?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(unwritable(file, &error)),
        }
        Self::read(file)?.ok_or_else(|| {
            refused(format!("{} was made and is gone again", file.display()), "Who removes it?")
        })
    }

    /// The key that seals.
    pub(crate) fn newest(&self) -> (KeyId, Arc<LessSafeKey>) {
        let ring = self.0.ring.read().unwrap_or_else(PoisonError::into_inner);
        // `parse` refuses a file without a key, and nothing else fills the ring.
        let (id, key) = ring.keys.first().expect("a ring has a key");
        (*id, Arc::clone(key))
    }

    /// A key that opens. One that another process added a moment ago is found, too.
    pub(crate) fn key(&self, id: KeyId) -> Option<Arc<LessSafeKey>> {
        self.known(id).or_else(|| {
            self.look_again();
            self.known(id)
        })
    }

    fn known(&self, id: KeyId) -> Option<Arc<LessSafeKey>> {
        let ring = self.0.ring.read().unwrap_or_else(PoisonError::into_inner);
        ring.keys.iter().find(|(known, _)| *known == id).map(|(_, key)| Arc::clone(key))
    }

    /// All keys, newest first.
    pub(crate) fn ids(&self) -> Vec<KeyId> {
        let ring = self.0.ring.read().unwrap_or_else(PoisonError::into_inner);
        ring.keys.iter().map(|(id, _)| *id).collect()
    }

    /// The file, for people.
    pub(crate) fn place(&self) -> std::path::Display<'_> {
        self.0.file.display()
    }

    /// The file.
    pub(crate) fn file(&self) -> &Path {
        &self.0.file
    }

    /// Adds a key that seals from now on. The others stay and open.
    ///
    /// # Errors
    /// [`StoreError::DataKeys`] when the file cannot be written.
    pub(crate) fn add(&self) -> Result<KeyId, StoreError> {
        let id = KeyId::fresh();
        self.rewrite(|lines| {
            let first_key = lines.iter().position(|line| is_key(line)).unwrap_or(lines.len());
            lines.insert(first_key, fresh_line(id));
        })?;
        Ok(id)
    }

    /// Takes a key out of the file for good.
    ///
    /// # Errors
    /// [`StoreError::DataKeys`] when the file cannot be written.
    pub(crate) fn remove(&self, id: KeyId) -> Result<(), StoreError> {
        let name = id.to_string();
        self.rewrite(|lines| lines.retain(|line| line.split_whitespace().next() != Some(name.as_str())))
    }

    fn rewrite(&self, change: impl FnOnce(&mut Vec<String>)) -> Result<(), StoreError> {
        let file = &self.0.file;
        // Of two who change it at once neither may lose the other's key.
        let _turn = turn(file).map_err(|error| unwritable(file, &error))?;
        let rewritten = || -> io::Result<String> {
            let mut lines: Vec<String> = read_text(file)?.lines().map(str::to_owned).collect();
            change(&mut lines);
            Ok(lines.join("\n") + "\n")
        };
        let text = rewritten().map_err(|error| unwritable(file, &error))?;
        // What cannot be read back must never replace what can.
        parse(file, &text)?;
        let put = || -> io::Result<()> {
            let draft = write_draft(file, &text)?;
            fs::rename(&draft, file)?;
            sync_folder(file)
        };
        put().map_err(|error| unwritable(file, &error))?;
        self.look_again();
        Ok(())
    }

    /// Takes over what the file says now. A file that is gone or broken changes nothing: what runs goes on.
    fn look_again(&self) {
        let file = &self.0.file;
        let stamp = stamp_of(file);
        let read = read_text(file).map_err(|error| error.to_string());
        match read.and_then(|text| parse(file, &text).map_err(|error| error.to_string())) {
            Ok(keys) => {
                let mut ring = self.0.ring.write().unwrap_or_else(PoisonError::into_inner);
                *ring = Ring { keys, stamp };
            }
            Err(why) => {
                self.0.ring.write().unwrap_or_else(PoisonError::into_inner).stamp = stamp;
                tracing::warn!(file = %file.display(), why, "the data keys cannot be read again; those read before stay in use");
            }
        }
    }

    /// Looks at the file every second: a rotation by another process is followed without a restart.
    pub(crate) fn watch(&self) -> AbortHandle {
        let keys = self.clone();
        let task = tokio::spawn(async move {
            let mut tick = tokio::time::interval(LOOKED_AT_EVERY);
            tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tick.tick().await;
                let read = keys.0.ring.read().unwrap_or_else(PoisonError::into_inner).stamp;
                if stamp_of(&keys.0.file) != read {
                    keys.look_again();
                    tracing::info!(key = %keys.newest().0, "the file of data keys has changed and was read again");
                }
            }
        });
        task.abort_handle()
    }

    #[cfg(test)]
    pub(crate) fn of_one_key_for_tests() -> Self {
        let keys = vec![(KeyId(u64::from_be_bytes(random()) >> 16), Arc::new(key_from(&random())))];
        let file = PathBuf::from("keys of a test");
        Self(Arc::new(Inner { file, ring: RwLock::new(Ring { keys, stamp: None }) }))
    }
}

fn refused(reason: impl Into<String>, hint: &str) -> StoreError {
    StoreError::DataKeys { reason: reason.into(), hint: hint.to_owned() }
}

fn unwritable(file: &Path, error: &io::Error) -> StoreError {
    refused(format!("{} cannot be written: {error}", file.display()), "May this user write there?")
}

fn read_text(file: &Path) -> io::Result<String> {
    if fs::metadata(file)?.len() > MAX_FILE {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is too long to be a file of keys"));
    }
    fs::read_to_string(file)
}

fn stamp_of(file: &Path) -> Option<Stamp> {
    let about = fs::metadata(file).ok()?;
    Some((about.modified().ok()?, about.len()))
}

fn is_key(line: &str) -> bool {
    !line.trim().is_empty() && !line.trim_start().starts_with('#')
}

fn fresh_line(id: KeyId) -> String {
    format!("{id} {}", STANDARD.encode(random::<KEY>()))
}

/// Never quotes a line: it is a secret.
fn parse(file: &Path, text: &str) -> Result<Vec<(KeyId, Arc<LessSafeKey>)>, StoreError> {
    const HINT: &str = "Put back your copy of it";
    let wrong = |line: usize, what: &str| refused(format!("{}, line {line}: {what}", file.display()), HINT);
    let mut keys: Vec<(KeyId, Arc<LessSafeKey>)> = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| is_key(line)) {
        let number = index + 1;
        let mut words = line.split_whitespace();
        let (Some(id), Some(key), None) = (words.next(), words.next(), words.next()) else {
            return Err(wrong(number, "a line is the name of a key and the key"));
        };
        let id: KeyId = id.parse().map_err(|error: NotAKeyId| wrong(number, &error.to_string()))?;
        let bytes: [u8; KEY] = STANDARD
            .decode(key)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| wrong(number, "a key is 32 bytes in base64"))?;
        if keys.iter().any(|(known, _)| *known == id) {
            return Err(wrong(number, "this key stands here twice"));
        }
        keys.push((id, Arc::new(key_from(&bytes))));
    }
    if keys.is_empty() {
        return Err(refused(format!("{} holds no key", file.display()), HINT));
    }
    if keys.len() > MAX_KEYS {
        return Err(refused(
            format!("{} holds more than {MAX_KEYS} keys", file.display()),
            "Retire old ones",
        ));
    }
    Ok(keys)
}

/// A finished file beside the real one, on disk, readable for its owner only.
fn write_draft(file: &Path, text: &str) -> io::Result<PathBuf> {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let draft = file.with_file_name(format!(".{name}.{}", columns::fresh_uuid().simple()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut writing = options.open(&draft)?;
    writing.write_all(text.as_bytes())?;
    writing.sync_all()?;
    Ok(draft)
}

/// Waits until nobody else changes the file, and holds it until it is dropped. The file itself is replaced by each change,
/// so another one is held.
fn turn(file: &Path) -> io::Result<fs::File> {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut options = fs::OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let held = options.open(file.with_file_name(format!(".{name}.lock")))?;
    held.lock()?;
    Ok(held)
}

fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder)?.sync_all()
}

fn warn_if_others_may_read(file: &Path) {
    #[cfg(unix)]
    if let Ok(about) = fs::metadata(file) {
        let mode = std::os::unix::fs::PermissionsExt::mode(&about.permissions());
        if mode & 0o007 != 0 {
            tracing::warn!(file = %file.display(), mode = format!("{:o}", mode & 0o777), "everybody on this machine may read the data keys; chmod 600");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::Cell;

    const CELL: Cell = Cell { table: "calls", column: "sdp_offer", id: uuid::Uuid::nil() };

    #[test]
    fn a_ring_is_made_once_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("deep/keys");
        assert!(Keyring::read(&file).expect("no file is no error").is_none());
        let made = Keyring::make(&file).expect("made");
        assert_eq!(Keyring::make(&file).expect("there already").ids(), made.ids());
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).expect("a file").permissions());
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(file.parent().expect("a folder")).expect("a list").count(), 1);
    }

    #[test]
    fn an_added_key_seals_the_old_one_still_opens_and_both_are_seen_by_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("keys");
        let ours = Keyring::make(&file).expect("made");
        let theirs = Keyring::read(&file).expect("readable").expect("there");
        let before = ours.seal(CELL, "old words");
        std::thread::sleep(Duration::from_millis(2)); // names count milliseconds
        let new = ours.add().expect("added");
        let after = ours.seal(CELL, "new words");
        assert_eq!(super::super::key_of(&after), Some(new));
        assert_eq!(ours.open(CELL, &before).expect("opens"), "old words");
        // The other process meets a key it does not know and looks again.
        assert_eq!(theirs.open(CELL, &after).expect("opens"), "new words");
        assert_eq!(theirs.newest().0, new);
        ours.remove(ours.ids()[1]).expect("removed");
        assert_eq!(ours.ids(), [new]);
        assert!(fs::read_to_string(&file).expect("text").starts_with("# The data keys"));
    }

    #[test]
    fn of_two_who_add_keys_at_once_neither_loses_the_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("keys");
        let ring = Keyring::make(&file).expect("made");
        let added: Vec<KeyId> = std::thread::scope(|scope| {
            let add = |_| {
                let file = &file;
                scope.spawn(move || {
                    let theirs = Keyring::read(file).expect("readable").expect("there");
                    // Names count milliseconds: one that is taken is refused, and nothing is lost.
                    (0..4).filter_map(|_| theirs.add().ok()).collect::<Vec<_>>()
                })
            };
            let threads: Vec<_> = (0..6).map(add).collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
        });
        assert!(!added.is_empty());
        let kept = Keyring::read(&file).expect("readable").expect("there").ids();
        assert!(added.iter().all(|id| kept.contains(id)), "{added:?} {kept:?}");
        assert!(kept.contains(&ring.newest().0));
    }

    #[test]
    fn the_last_key_cannot_be_removed_and_a_broken_file_is_explained_without_its_secrets() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("keys");
        let keys = Keyring::make(&file).expect("made");
        assert!(keys.remove(keys.newest().0).is_err());
        for (text, says) in [
            ("", "holds no key"),
            ("# only words\n", "holds no key"),
            ("0123456789ab short\n", "line 1: a key is 32 bytes"),
            ("nonsense c2VjcmV0\n", "twelve hexadecimal digits"),
            ("0123456789ab\n", "the name of a key and the key"),
        ] {
            fs::write(&file, text).expect("written");
            let error = Keyring::read(&file).expect_err("refused").to_string();
            assert!(error.contains(says) && !error.contains("short") && !error.contains("c2Vj"), "{error}");
        }
    }
}
