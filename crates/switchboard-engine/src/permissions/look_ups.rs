//! Who looks at a customer at the same time asks the provider once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use switchboard_core::ids::{ContactId, NumberId};
use tokio::sync::OwnedMutexGuard;

/// Pairs remembered before those nobody asks about are forgotten.
const REMEMBERED: usize = 256;

type Turns = HashMap<(ContactId, NumberId), Arc<tokio::sync::Mutex<()>>>;

/// Turns to ask the provider, by pair.
#[derive(Debug, Default)]
pub(crate) struct LookUps(Mutex<Turns>);

impl LookUps {
    /// Waits until nobody else asks about this pair; none when that takes too long: then he is asked all the same.
    pub(super) async fn turn(
        &self,
        contact: ContactId,
        number: NumberId,
        within: Duration,
    ) -> Option<OwnedMutexGuard<()>> {
        let turn = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if turns.len() >= REMEMBERED {
                turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            }
            Arc::clone(turns.entry((contact, number)).or_default())
        };
        tokio::time::timeout(within, turn.lock_owned()).await.ok()
    }
}
