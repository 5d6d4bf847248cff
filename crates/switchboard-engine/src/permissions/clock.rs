//! Permissions run out by themselves: the provider says nothing when they do (Obtain user call permissions, June 2026).
//! When each is due stands in its row, so that a restart forgets none.

use std::sync::Arc;
use std::time::Duration;

use switchboard_core::permission::WalletInput;
use switchboard_core::time::Timestamp;
use switchboard_store::StoreError;
use switchboard_store::book::{Page, Standing};
use switchboard_store::numbers::Number;
use switchboard_store::permissions::DueWallet;

use super::{Changed, changed};
use crate::Engine;

/// The longest wait: what another node wrote meanwhile is due then.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// The shortest, so that a database full of what is due is not asked without a pause.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// What cannot be told that time has passed is told again after this.
const PUT_OFF_FOR: Duration = Duration::from_secs(3_600);
/// Wallets of one look.
const AT_ONCE: u64 = 100;

impl Engine {
    pub(crate) fn spawn_permission_clock(&self) {
        let engine = self.clone();
        tokio::spawn(async move {
            let mut pending_due = engine.clock().now();
            loop {
                let now = engine.clock().now();
                if pending_due <= now {
                    pending_due = now.plus(LOOK_EVERY);
                    if let Err(error) = engine.settle_left_pending().await {
                        tracing::debug!(%error, "messages whose sender was stopped are looked at again soon");
                    }
                }
                match engine.pass_permission_time().await {
                    Ok(()) => {}
                    Err(StoreError::Stopped { .. }) => return,
                    Err(error) => {
                        tracing::warn!(error = %error, "permissions that ran out are looked at again soon");
                    }
                }
                let next = engine.store().permissions().next_due().await.ok().flatten();
                let wait = next.map_or(LOOK_EVERY, |at| at.since(engine.clock().now()));
                tokio::time::sleep(wait.clamp(LOOK_AGAIN, LOOK_EVERY)).await;
            }
        });
    }

    /// Tells every wallet that is due that time has passed. One that cannot be told waits, and keeps back no other.
    pub(crate) async fn pass_permission_time(&self) -> Result<(), StoreError> {
        let now = self.clock().now();
        for due in self.store().permissions().due(now, AT_ONCE).await? {
            let told = match self.known_number(due.number) {
                Some(number) => self.tell_time(&number, &due, now).await,
                None => Ok(None),
            };
            match told {
                Ok(Some(Changed { told: true, .. })) => continue,
                Ok(Some(_)) => {}
                Ok(None) => tracing::warn!(
                    contact.id = %due.contact, number.id = %due.number,
                    "a permission that ran out is of no number or customer we know"
                ),
                Err(error) if error.is_of_the_database() => return Err(error),
                Err(error) => tracing::warn!(
                    contact.id = %due.contact, number.id = %due.number, %error,
                    "a permission that ran out is looked at again later"
                ),
            }
            self.store().permissions().put_off(&due, now.plus(PUT_OFF_FOR)).await?;
        }
        Ok(())
    }

    async fn tell_time(
        &self,
        number: &Arc<Number>,
        due: &DueWallet,
        now: Timestamp,
    ) -> Result<Option<Changed>, StoreError> {
        let decide = move |standing: &Standing| {
            let mut wallet = standing.wallet.clone();
            let events = wallet.handle(now, WalletInput::TimePassed);
            changed(wallet, &events, now)
        };
        let told = self.change_permission(number, Page::Contact(due.contact), decide).await?;
        Ok(told.map(|(_, changed)| changed))
    }
}
