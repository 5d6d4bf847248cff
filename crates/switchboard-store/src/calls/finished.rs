//! What the end of a call adds to the books of its number, in the transaction that writes the end: once, however often
//! the call is written afterwards.

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::LockType;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};
use switchboard_core::call::input::Direction;
use uuid::Uuid;

use super::row::CallRow;
use crate::columns::moment;
use crate::entities::{call, finished_call, missed_call};
use crate::error::Failure;

/// The rows of one call's end.
pub(super) struct Finished {
    call: Uuid,
    finished: finished_call::ActiveModel,
    missed: Option<missed_call::ActiveModel>,
}

impl Finished {
    /// None: the call is not over.
    pub(super) fn of(call: &CallRow) -> Option<Self> {
        let ending = call.facts.ending.as_ref()?;
        let incoming = call.direction == Direction::Incoming;
        let at = moment(ending.at);
        let talked = call.facts.accepted_at.map_or(0, |accepted| ending.at.since(accepted).as_secs());
        let (id, tenant, number) = (call.id.uuid(), call.tenant.uuid(), call.number.uuid());
        let counts = call.facts.offered && incoming && ending.counts_as_missed();
        Some(Self {
            call: id,
            finished: finished_call::ActiveModel {
                call_id: Set(id),
                tenant_id: Set(tenant),
                number_id: Set(number),
                at: Set(at),
                incoming: Set(incoming),
                pickable: Set(call.facts.offered && ending.could_have_been_taken()),
                accepted: Set(call.facts.accepted_at.is_some()),
                seconds: Set(i64::try_from(talked).unwrap_or(i64::MAX)),
                // Begun minutes count (U5): 45 seconds are one.
                minutes: Set(i64::try_from(talked.div_ceil(60)).unwrap_or(i64::MAX)),
            },
            missed: counts.then_some(missed_call::ActiveModel {
                call_id: Set(id),
                tenant_id: Set(tenant),
                number_id: Set(number),
                at: Set(at),
            }),
        })
    }

    /// Is this the write with which the call ends? Asked before it is written; from then on nobody else is told yes.
    pub(super) async fn is_news(&self, transaction: &DatabaseTransaction) -> Result<bool, Failure> {
        let still_live = call::Entity::find_by_id(self.call)
            .select_only()
            .column(call::Column::Id)
            .filter(call::Column::Outcome.is_null())
            // SQLite leaves this out: its transaction has the only lock there is.
            .lock(LockType::NoKeyUpdate)
            .into_tuple::<Uuid>()
            .one(transaction);
        Ok(still_live.await?.is_some())
    }

    /// Adds it to the books.
    pub(super) async fn enter(self, transaction: &DatabaseTransaction) -> Result<(), Failure> {
        finished_call::Entity::insert(self.finished).exec_without_returning(transaction).await?;
        if let Some(missed) = self.missed {
            missed_call::Entity::insert(missed).exec_without_returning(transaction).await?;
        }
        Ok(())
    }
}
