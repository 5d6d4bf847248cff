//! After a restart: calls that were live on this node have lost their media. Each is ended with a reason and the
//! provider is told; then the inbox entries that nobody had taken in are delivered.

use std::sync::Arc;
use std::time::Duration;

use switchboard_core::access::Scope;
use switchboard_store::StoreError;

use crate::Engine;
use crate::call_registry::LiveCall;
use crate::call_task::CallTask;

impl Engine {
    pub(crate) async fn recover(&self) -> Result<(), StoreError> {
        let rows = self.store().calls().live_of_node(self.node()).await?;
        let count = rows.len();
        for row in rows {
            let scope = Scope::of_the_exchange(row.tenant);
            let Some(number) = self.store().numbers().by_id(&scope, row.number).await? else {
                tracing::error!(call.id = %row.id, "a live call belongs to a number that is gone");
                continue;
            };
            let live = LiveCall::new(row.tenant, row.branch);
            // Being loaded is enough: a live row whose media are gone is ended by its task.
            if let Some(birth) = self.registry().adopt(number.id, &row.provider_call_id, row.id, live) {
                CallTask::start(self.clone(), Arc::new(number), row.provider_call_id, birth);
            }
        }
        if count > 0 {
            tracing::warn!(calls = count, "calls that were live when this node stopped are being ended");
        }
        // Entries stay unprocessed until their call is written; what one look does not reach, the sweeper does.
        let delivered = self.sweep(Duration::ZERO).await?;
        if delivered > 0 {
            tracing::info!(entries = delivered, "webhook entries from before the restart were delivered");
        }
        Ok(())
    }
}
