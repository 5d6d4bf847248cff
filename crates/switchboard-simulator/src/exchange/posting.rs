//! Webhooks that belong to no call: replies, messages, statuses, news of the account. Those of one pair keep their
//! order; Meta promises none between pairs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Exchange;
use crate::call::Letter;
use crate::webhooks::{Postman, body};

/// Queues beside each other; a pair always uses the same one.
const LANES: u64 = 32;
/// Webhooks that may wait in a queue; more are lost, as the oldest are with Meta after some days.
const MOST_WAITING: usize = 4_096;

/// The queues.
#[derive(Debug)]
pub(super) struct Lanes {
    senders: Vec<mpsc::Sender<Letter>>,
    posted: AtomicU64,
}

impl Lanes {
    pub(super) fn open(postman: &Postman, tasks: &TaskTracker, stop: &CancellationToken) -> Self {
        let senders = (0..LANES).map(|_| {
            let (sender, letters) = mpsc::channel(MOST_WAITING);
            tasks.spawn(deliver(postman.clone(), letters, stop.clone()));
            sender
        });
        Self { senders: senders.collect(), posted: AtomicU64::new(0) }
    }
}

async fn deliver(postman: Postman, mut letters: mpsc::Receiver<Letter>, stop: CancellationToken) {
    loop {
        let letter = tokio::select! {
            biased;
            letter = letters.recv() => letter,
            () = stop.cancelled() => None,
        };
        let Some(letter) = letter else { return };
        if !letter.delay.is_zero() {
            tokio::time::sleep(letter.delay).await;
        }
        let delivery = postman.attempt(&letter.bytes).await;
        tracing::debug!(what = letter.what, status = ?delivery.status, "simulated webhook");
        if delivery.status != Some(200) {
            let what = letter.what;
            postman.retry(letter.bytes, move |attempt, delivery| {
                tracing::debug!(what, attempt, status = ?delivery.status, "simulated webhook again");
            });
        }
    }
}

impl Exchange {
    /// Puts a webhook into the queue of a pair (or of the account). The general mishaps hold for it, too.
    pub(crate) fn post(&self, lane: &str, what: &'static str, webhook: &Value) {
        let number = self.lanes.posted.fetch_add(1, Ordering::Relaxed);
        let (copies, delay) = self.faults().letter(number);
        // FNV-1a.
        let hash = lane.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let Some(queue) = self.lanes.senders.get(usize::try_from(hash % LANES).unwrap_or_default()) else {
            return;
        };
        let bytes = body::bytes(webhook);
        for copy in 0..copies {
            let delay = if copy == 0 { delay } else { Duration::ZERO };
            if queue.try_send(Letter { what, bytes: bytes.clone(), delay }).is_err() {
                tracing::warn!(what, "a simulated webhook is lost: too many wait");
            }
        }
    }
}
