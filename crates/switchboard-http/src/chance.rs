//! The one place of this crate that throws dice.

use rand::Rng as _;
use uuid::Uuid;

/// A fresh identifier; time-ordered.
#[expect(clippy::disallowed_methods, reason = "the dice of this crate: request ids are made here")]
pub(crate) fn fresh_uuid() -> Uuid {
    Uuid::now_v7()
}

/// So many random bytes, for tokens and keys nobody may guess.
#[expect(clippy::disallowed_methods, reason = "the dice of this crate: tokens and keys are made here")]
pub(crate) fn bytes<const COUNT: usize>() -> [u8; COUNT] {
    let mut bytes = [0; COUNT];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}
