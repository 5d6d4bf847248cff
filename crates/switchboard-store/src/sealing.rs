//! What must not be read from a stolen disk or a copied database is sealed before it becomes a row (I12): AES-256-GCM
//! under a data key of the [`keyring`], bound to its table, column and row, so that a value moved elsewhere does not
//! open. What a column held from before there were keys is still read, and is sealed by a [`passes`] in the background.
//!
//! A column that is to be sealed: write `keys.seal(cell, …)`, read `keys.open(cell, …)`, add a line to [`COLUMNS`].

pub(crate) mod keyring;
pub(crate) mod passes;
pub(crate) mod proofs;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::columns::Cell;
use crate::error::StoreError;
use keyring::{KeyId, Keyring};

/// How a sealed value begins. What does not begin so is from before there were keys.
const PREFIX: &str = "sealed.1.";
/// Random, in front of what it sealed.
const NONCE: usize = 12;
/// Bytes of a key.
pub(crate) const KEY: usize = 32;

/// A column whose values are sealed; its row has an `id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SealedColumn {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
}

/// All of them: what the background pass, the rotation and the search for a key's uses go through.
pub(crate) const COLUMNS: &[SealedColumn] = &[
    SealedColumn { table: "calls", column: "sdp_offer" },
    SealedColumn { table: "calls", column: "sdp_answer" },
    SealedColumn { table: "consents", column: "evidence" },
    SealedColumn { table: "contact_import_parts", column: "lines" },
    SealedColumn { table: "inbox", column: "payload" },
    SealedColumn { table: "jobs", column: "payload" },
    SealedColumn { table: "messages", column: "text" },
    SealedColumn { table: "outbox", column: "body" },
    SealedColumn { table: "recordings", column: "wrapped_key" },
    SealedColumn { table: "relay_targets", column: "secret" },
];

impl Keyring {
    /// A value as it goes into its column.
    pub(crate) fn seal(&self, cell: Cell, plain: impl AsRef<[u8]>) -> String {
        let (id, key) = self.newest();
        let sealed = seal_bytes(&key, bound_to(cell).as_bytes(), plain.as_ref());
        format!("{PREFIX}{id}.{}", STANDARD_NO_PAD.encode(sealed))
    }

    /// A text back from its column.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`]: its key is not there, or the value is not the one that was sealed here.
    pub(crate) fn open(&self, cell: Cell, stored: &str) -> Result<String, StoreError> {
        String::from_utf8(self.open_bytes(cell, stored)?).map_err(|_| cell.unreadable("it is not text"))
    }

    /// The same for bytes.
    ///
    /// # Errors
    /// See [`Keyring::open`].
    pub(crate) fn open_bytes(&self, cell: Cell, stored: &str) -> Result<Vec<u8>, StoreError> {
        let Some(rest) = stored.strip_prefix(PREFIX) else { return Ok(stored.as_bytes().to_vec()) };
        let torn = || cell.unreadable("the sealed value is torn");
        let (id, sealed) = rest.split_once('.').ok_or_else(torn)?;
        let id: KeyId = id.parse().map_err(|_| torn())?;
        let key = self.key(id).ok_or_else(|| {
            cell.unreadable(format!("it is sealed with the data key {id}, which is not in {}", self.place()))
        })?;
        let sealed = STANDARD_NO_PAD.decode(sealed).map_err(|_| torn())?;
        open_bytes(&key, bound_to(cell).as_bytes(), sealed).ok_or_else(|| {
            cell.unreadable(
                "the sealed value was changed, or it was sealed for another row or with another key",
            )
        })
    }
}

/// The key a stored value is sealed with; none when it is plain.
pub(crate) fn key_of(stored: &str) -> Option<KeyId> {
    stored.strip_prefix(PREFIX)?.split_once('.')?.0.parse().ok()
}

/// The place a value belongs to: elsewhere it does not open.
fn bound_to(cell: Cell) -> String {
    format!("switchboard {}.{} {}", cell.table, cell.column, cell.id.simple())
}

/// Nonce, ciphertext and tag.
pub(crate) fn seal_bytes(key: &LessSafeKey, bound_to: &[u8], plain: &[u8]) -> Vec<u8> {
    let nonce: [u8; NONCE] = random();
    let mut sealed = Vec::with_capacity(NONCE + plain.len() + AES_256_GCM.tag_len());
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plain);
    let tag = key
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(bound_to),
            &mut sealed[NONCE..],
        )
        // Refused only beyond 64 GB; the longest of our values are a few hundred kilobytes.
        .expect("AES-GCM seals what is shorter than 64 GB");
    sealed.extend_from_slice(tag.as_ref());
    sealed
}

/// What was sealed; none when anything about it is not as it was.
pub(crate) fn open_bytes(key: &LessSafeKey, bound_to: &[u8], mut sealed: Vec<u8>) -> Option<Vec<u8>> {
    let (nonce, rest) = sealed.split_first_chunk_mut::<NONCE>()?;
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let length = key.open_in_place(nonce, Aad::from(bound_to), rest).ok()?.len();
    sealed.drain(..NONCE);
    sealed.truncate(length);
    Some(sealed)
}

/// A key ready for use.
pub(crate) fn key_from(bytes: &[u8; KEY]) -> LessSafeKey {
    let key = UnboundKey::new(&AES_256_GCM, bytes).expect("AES-256 takes 32 bytes, and these are 32");
    LessSafeKey::new(key)
}

/// The dice of keys and nonces.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // AWS-LC asks the system; where that cannot answer it ends the process instead of returning.
    aws_lc_rs::rand::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const HERE: Cell = Cell { table: "calls", column: "sdp_offer", id: Uuid::from_u128(1) };

    #[test]
    fn a_sealed_value_opens_in_its_own_cell_only() {
        let keys = Keyring::of_one_key_for_tests();
        let sealed = keys.seal(HERE, "v=0");
        assert!(!sealed.contains("v=0") && sealed.starts_with(PREFIX));
        assert_eq!(keys.open(HERE, &sealed).expect("ours"), "v=0");
        for elsewhere in [
            Cell { id: Uuid::from_u128(2), ..HERE },
            Cell { column: "sdp_answer", ..HERE },
            Cell { table: "inbox", ..HERE },
        ] {
            let error = keys.open(elsewhere, &sealed).expect_err("another place");
            assert!(error.to_string().contains("another row"), "{error}");
        }
    }

    #[test]
    fn the_same_words_never_look_the_same_twice() {
        let keys = Keyring::of_one_key_for_tests();
        assert_ne!(keys.seal(HERE, "v=0"), keys.seal(HERE, "v=0"));
    }

    #[test]
    fn what_is_torn_or_changed_is_refused_and_what_is_plain_is_read() {
        let keys = Keyring::of_one_key_for_tests();
        let sealed = keys.seal(HERE, "v=0 some words");
        assert_eq!(keys.open(HERE, "v=0").expect("from before"), "v=0");
        for length in PREFIX.len()..sealed.len() {
            assert!(keys.open(HERE, &sealed[..length]).is_err(), "{length}");
        }
        let mut changed = sealed.clone().into_bytes();
        let at = changed.len() - 5;
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        assert!(keys.open(HERE, std::str::from_utf8(&changed).expect("text")).is_err());
    }

    #[test]
    fn a_value_of_a_key_that_is_gone_names_key_and_place() {
        let sealed = Keyring::of_one_key_for_tests().seal(HERE, "v=0");
        let error = Keyring::of_one_key_for_tests().open(HERE, &sealed).expect_err("another ring");
        let id = key_of(&sealed).expect("sealed").to_string();
        assert!(error.to_string().contains(&id), "{error}");
    }
}
