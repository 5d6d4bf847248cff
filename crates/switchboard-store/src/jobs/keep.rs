//! Writing down what is owed, inside the transaction of the change that owes it.

use std::collections::HashMap;

use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::OnConflict;
use sea_orm::{DatabaseTransaction, EntityTrait};
use switchboard_core::ids::TenantId;
use uuid::Uuid;

use super::{JobState, Jobs, NewJob, payload_of};
use crate::columns::moment;
use crate::db::{Lane, Sight};
use crate::entities::{job, job_key};
use crate::error::{Failure, StoreError};
use crate::sealing::keyring::Keyring;

/// Jobs in one statement.
const MAX_JOBS_AT_ONCE: usize = 500;

impl Jobs<'_> {
    /// Owes something that no other change goes with.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add(&self, jobs: Vec<NewJob>) -> Result<(), StoreError> {
        let mut jobs = jobs.into_iter().peekable();
        while jobs.peek().is_some() {
            let owed = Owed::new(jobs.by_ref().take(MAX_JOBS_AT_ONCE).collect(), self.db.keys());
            let doing = format!("owe {} jobs", owed.len());
            self.db
                .write(Lane::Settings, Sight::Installation, owed.len(), doing, move |transaction| {
                    Box::pin(async move { owe(transaction, owed).await })
                })
                .await?;
        }
        Ok(())
    }
}

/// Jobs as rows, sealed: made before the transaction begins.
pub(crate) struct Owed {
    rows: Vec<job::ActiveModel>,
    keys: HashMap<Uuid, Vec<String>>,
}

impl Owed {
    pub(crate) fn new(jobs: Vec<NewJob>, keyring: &Keyring) -> Self {
        let mut keys = HashMap::new();
        let mut rows = Vec::with_capacity(jobs.len());
        for mut new in jobs {
            let mut order_keys = std::mem::take(&mut new.order_keys);
            order_keys.sort();
            order_keys.dedup();
            if !order_keys.is_empty() {
                keys.insert(new.id.uuid(), order_keys);
            }
            rows.push(row(new, keyring));
        }
        Self { rows, keys }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
}

/// For everybody who changes something and owes something for it. What is owed already stays as it is.
pub(crate) async fn owe(transaction: &DatabaseTransaction, owed: Owed) -> Result<(), Failure> {
    let Owed { rows, mut keys } = owed;
    if rows.is_empty() {
        return Ok(());
    }
    // Without naming the column: both the id and the word of "only once" may be there already.
    let inserted = job::Entity::insert_many(rows)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_with_returning(transaction)
        .await?;
    let places: Vec<_> = inserted
        .iter()
        .flat_map(|row| {
            let keys = keys.remove(&row.id).unwrap_or_default();
            keys.into_iter()
                .map(|key| job_key::ActiveModel { order_key: Set(key), position: Set(row.position) })
        })
        .collect();
    if !places.is_empty() {
        job_key::Entity::insert_many(places).exec_without_returning(transaction).await?;
    }
    Ok(())
}

fn row(new: NewJob, keyring: &Keyring) -> job::ActiveModel {
    job::ActiveModel {
        position: NotSet,
        id: Set(new.id.uuid()),
        tenant_id: Set(new.tenant.map(TenantId::uuid)),
        kind: Set(new.kind.to_owned()),
        payload: Set(keyring.seal(payload_of(new.id.uuid()), &new.payload)),
        target_id: Set(new.delivery.map(|delivery| delivery.target.uuid())),
        outbox_id: Set(new.delivery.map(|delivery| delivery.outbox)),
        once_key: Set(new.once_key),
        state: Set(JobState::Waiting.as_str().to_owned()),
        attempts: Set(0),
        run_at: Set(moment(new.run_at)),
        created_at: Set(moment(new.created_at)),
        finished_at: Set(None),
        lease_node: Set(None),
        lease_epoch: Set(None),
        last_error: Set(None),
    }
}
