//! Brings the files of finished recordings into the bucket, and those of deleted ones away. What is to be done stands
//! in their rows, so nothing is forgotten by a restart; the store says when a failed errand is due again.

use std::time::Duration;

use crate::Engine;

/// Between two looks. A recording may lie on the local disk that much longer.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Errands of one look, one after the other: an upload must not take the line from live calls.
const AT_ONCE: u64 = 20;

impl Engine {
    pub(crate) fn spawn_recording_errands(&self) {
        let engine = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(LOOK_EVERY).await;
                engine.run_recording_errands().await;
            }
        });
    }

    async fn run_recording_errands(&self) {
        let recordings = self.store().recordings();
        let due = match recordings.errands_due(self.node(), self.clock().now(), AT_ONCE).await {
            Ok(due) => due,
            Err(switchboard_store::StoreError::Stopped { .. }) => return,
            Err(error) => {
                tracing::warn!(error = %error, "the files of recordings could not be looked after");
                return;
            }
        };
        for id in due {
            match recordings.run_errand(id, self.clock().now()).await {
                Ok(()) => tracing::debug!(recording.id = %id, "the file of a recording is where it belongs"),
                Err(error) => {
                    let cause =
                        std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                    tracing::warn!(recording.id = %id, error = %error, cause, "the file of a recording could not be moved; it is tried again");
                }
            }
        }
    }
}
