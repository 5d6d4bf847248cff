//! The data keys and what is sealed with them: which there are, a new one for everything, an old one taken away.

use std::path::Path;
use std::time::Duration;

use crate::db::Db;
use crate::error::StoreError;
use crate::sealing::keyring::LOOKED_AT_EVERY;
use crate::sealing::passes::{self, Goal};
use crate::sealing::proofs;

pub use crate::sealing::keyring::{KeyId, NotAKeyId};
pub use crate::sealing::passes::Resealed;

/// A running exchange looks at the file of keys every second; what it sealed with the key before is written by now.
const OTHERS_HAVE_SEEN_IT: Duration = LOOKED_AT_EVERY.saturating_mul(3);
/// Looks for values that were sealed with an older key while the others were being changed.
const LAST_LOOKS: u32 = 5;

/// A data key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataKey {
    /// Its name.
    pub id: KeyId,
    /// New values are sealed with it.
    pub seals: bool,
    /// So many values are sealed with it.
    pub uses: u64,
}

/// A rotation that is through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// What everything is sealed with now.
    pub key: KeyId,
    /// A rotation that was stopped before was finished: no new key was made.
    pub resumed: bool,
    /// What was done.
    pub values: Resealed,
}

/// Why a key is not taken away.
#[derive(Debug, thiserror::Error)]
pub enum NotRetired {
    /// The one that seals.
    #[error("key {0} seals what is written now: rotate first")]
    Seals(KeyId),
    /// Something would be lost.
    #[error("{uses} values are sealed with key {key}: rotate first")]
    InUse {
        /// Which key.
        key: KeyId,
        /// How many values.
        uses: u64,
    },
    /// There is no such key.
    #[error("there is no key {0}")]
    Unknown(KeyId),
    /// Database or file.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Questions about the data keys.
#[derive(Debug, Clone, Copy)]
pub struct Secrets<'s> {
    pub(crate) db: &'s Db,
}

impl Secrets<'_> {
    /// The file of keys.
    #[must_use]
    pub fn file(&self) -> &Path {
        self.db.keys().file()
    }

    /// All keys, newest first, with what they are used for. Looks at every sealed value.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self) -> Result<Vec<DataKey>, StoreError> {
        let newest = self.db.keys().newest().0;
        let mut keys = Vec::new();
        for id in self.db.keys().ids() {
            keys.push(DataKey { id, seals: id == newest, uses: passes::uses_of(self.db, id).await? });
        }
        Ok(keys)
    }

    /// How many sealed values there are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count(&self) -> Result<u64, StoreError> {
        passes::count(self.db).await
    }

    /// Seals what stands in the clear from before there were keys. Once it is through it costs nothing.
    ///
    /// # Errors
    /// When the database fails; it goes on where it was the next time.
    pub async fn seal_plain_values(&self) -> Result<Resealed, StoreError> {
        passes::run(self.db, Goal::NoPlainValue, false, |_| {}).await
    }

    /// Makes a new key and seals everything with it, beside a running exchange. The old keys stay until they are
    /// [retired](Self::retire). One that was stopped is finished first, without another key.
    ///
    /// # Errors
    /// When database or file fail; the next one goes on where it was.
    pub async fn rotate(&self, mut progress: impl FnMut(&Resealed)) -> Result<Rotated, StoreError> {
        let newest = self.db.keys().newest().0;
        let mut older_in_use = false;
        for id in self.db.keys().ids().into_iter().skip(1) {
            older_in_use |= passes::uses_of(self.db, id).await? > 0;
        }
        // A value that does not open is left with its old key for ever: it must not keep us from making a new one.
        let stopped = older_in_use && !passes::is_through(self.db, Goal::With(newest)).await?;
        let key = if stopped { newest } else { self.db.keys().add()? };
        proofs::note(self.db, key).await?;
        tokio::time::sleep(OTHERS_HAVE_SEEN_IT).await;
        let mut values = passes::run(self.db, Goal::With(key), false, &mut progress).await?;
        for _ in 0..LAST_LOOKS {
            let last = passes::run(self.db, Goal::With(key), true, |_| {}).await?;
            values.sealed += last.sealed;
            values.unreadable = last.unreadable;
            if last.sealed == 0 {
                break;
            }
        }
        Ok(Rotated { key, resumed: stopped, values })
    }

    /// Takes a key out of the file for good, once nothing is sealed with it.
    ///
    /// # Errors
    /// See [`NotRetired`].
    pub async fn retire(&self, id: KeyId) -> Result<(), NotRetired> {
        let keys = self.db.keys();
        if !keys.ids().contains(&id) {
            return Err(NotRetired::Unknown(id));
        }
        if keys.newest().0 == id {
            return Err(NotRetired::Seals(id));
        }
        let uses = passes::uses_of(self.db, id).await?;
        if uses > 0 {
            return Err(NotRetired::InUse { key: id, uses });
        }
        proofs::forget(self.db, id).await?;
        Ok(keys.remove(id)?)
    }
}
