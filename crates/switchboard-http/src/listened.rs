//! A player asks for a recording in many pieces; that it was listened to is written down once in a while, not once for
//! each piece.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use switchboard_core::ids::{RecordingId, UserId};
use switchboard_core::time::Timestamp;

/// Whoever listens on within this time listens still.
const ONCE_IN: Duration = Duration::from_secs(10 * 60);
/// Listeners remembered. Beyond it some are written down a second time.
const REMEMBERED: usize = 10_000;

/// Who was noted to listen to what, and when.
#[derive(Debug, Default)]
pub(crate) struct Listened(Mutex<HashMap<(UserId, RecordingId), Timestamp>>);

impl Listened {
    /// Is this a new listening? Says so once.
    pub(crate) fn begins(&self, who: UserId, what: RecordingId, now: Timestamp) -> bool {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.get(&(who, what)).is_some_and(|at| now.since(*at) < ONCE_IN) {
            return false;
        }
        if noted.len() >= REMEMBERED {
            noted.retain(|_, at| now.since(*at) < ONCE_IN);
        }
        if noted.len() >= REMEMBERED {
            noted.clear();
        }
        noted.insert((who, what), now);
        true
    }

    /// It could not be written down: the next piece tries again.
    pub(crate) fn forget(&self, who: UserId, what: RecordingId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&(who, what));
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_listening_begins_once_in_ten_minutes_for_each_person_and_recording() {
        let listened = Listened::default();
        let (ana, ben) = (UserId::from_uuid(Uuid::from_u128(1)), UserId::from_uuid(Uuid::from_u128(2)));
        let (one, other) =
            (RecordingId::from_uuid(Uuid::from_u128(1)), RecordingId::from_uuid(Uuid::from_u128(2)));
        let noon = Timestamp::from_seconds(1_795_176_000);
        assert!(listened.begins(ana, one, noon));
        assert!(!listened.begins(ana, one, noon.plus(Duration::from_secs(599))));
        assert!(listened.begins(ben, one, noon) && listened.begins(ana, other, noon));
        assert!(listened.begins(ana, one, noon.plus(ONCE_IN)));
        listened.forget(ana, one);
        assert!(listened.begins(ana, one, noon.plus(ONCE_IN)));
    }
}
