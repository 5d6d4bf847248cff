//! Requests at once to one host: a place that hangs takes a few hands, not all of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Requests at once to one host.
const AT_ONCE: usize = 8;
/// Hosts remembered before those without a request are forgotten.
const REMEMBERED: usize = 256;

/// Turns, by host.
#[derive(Debug, Clone, Default)]
pub(super) struct Hosts(Arc<Mutex<HashMap<String, Arc<Semaphore>>>>);

impl Hosts {
    /// Waits for a turn; none when that takes too long.
    pub(super) async fn turn(&self, host: &str, within: Duration) -> Option<OwnedSemaphorePermit> {
        let turns = {
            let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if hosts.len() >= REMEMBERED {
                hosts.retain(|_, turns| turns.available_permits() < AT_ONCE);
            }
            Arc::clone(hosts.entry(host.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))))
        };
        tokio::time::timeout(within, turns.acquire_owned()).await.ok()?.ok()
    }
}
