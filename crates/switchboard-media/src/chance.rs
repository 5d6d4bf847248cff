//! The one source of chance of this crate: ICE credentials, SSRCs, where sequence numbers start.
#![expect(clippy::disallowed_methods, reason = "the one source of chance of this crate")]

use rand::RngExt;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// An SSRC, a session id, a start.
pub(crate) fn word() -> u32 {
    rand::random()
}

/// A key or whatever else must be unguessable.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    rand::random()
}

/// `len` characters of ICE (RFC 8839 `ice-char`), six bits of chance each, from a cryptographic generator.
pub(crate) fn ice_text(len: usize) -> String {
    let mut chance = rand::rng();
    (0..len).map(|_| char::from(ALPHABET[usize::from(chance.random::<u8>() & 63)])).collect()
}
