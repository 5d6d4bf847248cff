//! The one place of this crate that throws dice.

use uuid::Uuid;

/// A fresh identifier; time-ordered.
#[expect(clippy::disallowed_methods, reason = "the dice of this crate: request ids are made here")]
pub(crate) fn fresh_uuid() -> Uuid {
    Uuid::now_v7()
}
