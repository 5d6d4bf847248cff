//! The server is to stop: new calls get their number's answer, live calls go on until they end or their time is over.

use std::time::Duration;

use switchboard_core::call::input::CallInput;
use switchboard_core::time::Timestamp;

use crate::Engine;
use crate::call_registry::CallMessage;
use crate::clock::rfc3339;
use crate::events::ServerMessage;

/// Between two looks whether every call has ended.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// The last words: a spoken notice, then the provider is told and the end is written.
const LAST_WORDS: Duration = Duration::from_secs(30);

impl Engine {
    /// Is the server being stopped?
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.drain_ends_at().is_some()
    }

    /// When the last calls are ended, if the server is being stopped.
    #[must_use]
    pub fn drain_ends_at(&self) -> Option<Timestamp> {
        *self.draining().borrow()
    }

    /// Stops taking new calls and waits for the live ones: until the last one has ended by itself, or, when their
    /// time is over, until each has heard why and the provider was told. Nothing else stops: webhooks are stored.
    pub async fn drain(&self) {
        let for_how_long = self.settings().drain_timeout;
        let ends_at = self.clock().now().plus(for_how_long);
        self.draining().send_replace(Some(ends_at));
        let live = self.registry().live();
        tracing::info!(calls = live, "draining: no new calls are taken, live ones go on");
        self.agents().tell_all(&ServerMessage::Draining { ends_at: rfc3339(ends_at) });
        if tokio::time::timeout(for_how_long, self.quiet()).await.is_ok() {
            tracing::info!("drained: no call is live");
            return;
        }
        tracing::warn!(
            calls = self.registry().live(),
            "the time to drain is over; live calls hear a notice and end"
        );
        for call in self.registry().all() {
            if self.registry().send(call, CallMessage::Happened(CallInput::DrainTimeout)).is_err() {
                tracing::warn!(call.id = %call, "a call did not hear that it must end");
            }
        }
        if tokio::time::timeout(LAST_WORDS, self.quiet()).await.is_err() {
            tracing::warn!(calls = self.registry().live(), "some calls did not end in time");
        }
    }

    /// The server stops now: live calls are ended with a reason and the provider is told, as far as `within` allows.
    /// What is not done by then is done at the next start.
    pub async fn end_all_calls(&self, within: Duration) {
        for call in self.registry().all() {
            let restarted = CallMessage::Happened(CallInput::NodeRestarted);
            if self.registry().send(call, restarted).is_err() {
                tracing::warn!(call.id = %call, "a call could not be ended; it is at the next start");
            }
        }
        if tokio::time::timeout(within, self.quiet()).await.is_err() {
            tracing::warn!("some calls were not ended in time; they are at the next start");
        }
    }

    /// Every call has ended, is written, the provider has been told, and recordings are closed.
    async fn quiet(&self) {
        while !self.registry().is_quiet() || !self.recordings().is_quiet() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}
