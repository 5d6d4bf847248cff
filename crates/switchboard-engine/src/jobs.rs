//! What is owed, and who sees to it.
//!
//! To owe something: make a [`NewJob`] with [`Engine::job`] and hand it to the store function that writes the change
//! (`calls().save_owing`, a call's saver, …), then call [`Engine::jobs_are_due`]; or, when no change goes with it,
//! [`Engine::owe`]. To carry out a new kind: a variant of [`Owed`] and [`JobKind`], and an arm in `worker::carry_out`.
//! It may be carried out twice (a crash between the deed and its mark): the second time must do no harm.

mod kind;
mod worker;

use switchboard_core::ids::{JobId, TenantId};
use switchboard_store::StoreError;
use switchboard_store::jobs::NewJob;
use tokio::sync::{Notify, watch};

use crate::Engine;
use crate::clock::fresh_uuid;

pub use kind::{JobKind, Owed};
pub(crate) use worker::{Attempt, Trouble};

/// What workers are told.
#[derive(Debug)]
pub(crate) struct Desk {
    /// Something may be due.
    due: Notify,
    /// No more work is taken.
    stop: watch::Sender<bool>,
}

impl Default for Desk {
    fn default() -> Self {
        Self { due: Notify::new(), stop: watch::Sender::new(false) }
    }
}

impl Engine {
    /// Something to be owed, due at once.
    #[must_use]
    pub fn job(&self, tenant: Option<TenantId>, owed: &Owed) -> NewJob {
        let now = self.clock().now();
        NewJob {
            id: JobId::from_uuid(fresh_uuid()),
            tenant,
            kind: owed.kind().as_str(),
            payload: owed.payload(),
            order_keys: Vec::new(),
            once_key: None,
            delivery: None,
            run_at: now,
            created_at: now,
        }
    }

    /// Owes something that no other change goes with.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn owe(&self, jobs: Vec<NewJob>) -> Result<(), StoreError> {
        self.store().jobs().add(jobs).await?;
        self.jobs_are_due();
        Ok(())
    }

    /// Jobs were written: workers look at once instead of at their next round.
    pub fn jobs_are_due(&self) {
        self.desk().due.notify_waiters();
    }
}
