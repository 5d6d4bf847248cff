//! Calls that are live in the database and have no task here: after a restart, or when a task broke. Their media are
//! gone, so each is ended with a reason and the provider is told.
//!
//! This looks at what is, again and again, instead of doing something once at the start: whatever the database or the
//! provider did not take then is taken a little later.

use std::sync::Arc;
use std::time::Duration;

use switchboard_core::access::Scope;
use switchboard_store::StoreError;
use switchboard_store::calls::CallRow;

use crate::Engine;
use crate::call_registry::LiveCall;
use crate::call_task::{Begin, CallTask};
use crate::inbox::Swept;

/// How often calls without a task are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// The same after a look that failed.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

impl Engine {
    pub(crate) async fn recover(&self) {
        let wait = match self.take_up_calls().await {
            Ok(0) => LOOK_EVERY,
            Ok(count) => {
                tracing::warn!(calls = count, "calls that were live when this node stopped are being ended");
                LOOK_EVERY
            }
            Err(error) => {
                tracing::warn!(error = %error, "calls that were live when this node stopped cannot be read; it is tried again");
                LOOK_AGAIN
            }
        };
        // Entries stay unprocessed until their call is written; what one look does not reach, the sweeper does.
        match self.sweep(Duration::ZERO, None).await {
            Ok(Swept { delivered: 0, .. }) => {}
            Ok(Swept { delivered: entries, .. }) => {
                tracing::info!(entries, "webhook entries from before the restart were delivered");
            }
            Err(error) => {
                tracing::warn!(error = %error, "the inbox could not be looked through; it is tried again");
            }
        }
        let engine = self.clone();
        tokio::spawn(async move {
            let mut wait = wait;
            loop {
                tokio::time::sleep(wait).await;
                wait = match engine.take_up_calls().await {
                    Ok(0) => LOOK_EVERY,
                    Ok(count) => {
                        tracing::warn!(calls = count, "calls without a task are being ended");
                        LOOK_EVERY
                    }
                    Err(error) => {
                        tracing::warn!(error = %error, "calls without a task cannot be looked for");
                        LOOK_AGAIN
                    }
                };
            }
        });
    }

    /// Starts a task for every live call of this node that has none; says for how many.
    async fn take_up_calls(&self) -> Result<usize, StoreError> {
        let rows = self.store().calls().live_of_node(self.node()).await?;
        let mut taken = 0;
        for row in rows {
            taken += usize::from(self.take_up(row).await?);
        }
        Ok(taken)
    }

    async fn take_up(&self, row: CallRow) -> Result<bool, StoreError> {
        if self.registry().knows(row.id) {
            return Ok(false);
        }
        let scope = Scope::of_the_exchange(row.tenant);
        let Some(number) = self.store().numbers().by_id(&scope, row.number).await? else {
            tracing::error!(call.id = %row.id, "a live call belongs to a number that is gone");
            return Ok(false);
        };
        let live = LiveCall::new(row.tenant, row.branch);
        // Being loaded is enough: a live row whose media are gone is ended by its task. If it cannot be loaded, the
        // next look finds it again.
        let provider_call = row.provider_call_id.as_ref();
        let Some(birth) = self.registry().adopt(number.id, provider_call, row.id, live) else {
            return Ok(false);
        };
        CallTask::start(self.clone(), Arc::new(number), Begin::Kept(row.id), birth);
        Ok(true)
    }
}
