//! What protects a number's standing: its limits, the dials they count, missed calls and the rest that follows from too
//! many, and what was used in a month.

mod dials;
mod limits;
mod suspensions;
mod usage;

use sea_orm::sea_query::LockType;
use sea_orm::{ColumnTrait, DatabaseTransaction, QueryFilter, QuerySelect};
use switchboard_core::access::Scope;
use switchboard_core::ids::NumberId;
use switchboard_core::time::Timestamp;

pub use dials::Dial;
pub use limits::{NumberLimits, NumberLimitsChange};
pub use suspensions::SuspensionRow;
pub use usage::{Pickups, Used};

use crate::db::{Db, Lane, Sight};
use crate::entities::number;
use crate::error::{Failure, StoreError};
use crate::scope;

/// Numbers of one installation, at the most.
const MAX_NUMBERS: u64 = 10_000;
/// Rows taken away or added up in one transaction.
const AT_ONCE: u64 = 500;

/// Questions about safeguards.
#[derive(Debug, Clone, Copy)]
pub struct Safeguards<'s> {
    pub(crate) db: &'s Db,
}

impl Safeguards<'_> {
    /// Takes away what does not count any more. True: there is more of it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep(&self, now: Timestamp) -> Result<bool, StoreError> {
        const DOING: &str = "take away what does not count any more";
        let more = [
            dials::sweep(self.db, now, DOING).await?,
            suspensions::sweep(self.db, now, DOING).await?,
            usage::sweep(self.db, now, DOING).await?,
        ];
        Ok(more.contains(&true))
    }
}

/// Nobody else changes what is counted of this number until the transaction is over. SQLite's write lock sees to it by
/// itself; on PostgreSQL it is the row of the number. Also tells whether the number is in this scope.
pub(crate) async fn alone_with(
    transaction: &DatabaseTransaction,
    scope: &Scope,
    number: NumberId,
    doing: &str,
) -> Result<(), Failure> {
    let found = scope::find::<number::Entity>(scope)
        .filter(number::Column::Id.eq(number.uuid()))
        // Calls that begin meanwhile refer to the number and need not wait: its key does not change.
        .lock(LockType::NoKeyUpdate)
        .one(transaction)
        .await?;
    match found {
        Some(_) => Ok(()),
        None => Err(StoreError::NotFound { doing: doing.to_owned().into() }.into()),
    }
}

/// Where all of this is written.
const LANE: Lane = Lane::Settings;

/// Deletes what a query finds by its key.
async fn delete_together<F>(db: &Db, found: usize, doing: &'static str, work: F) -> Result<bool, StoreError>
where
    F: for<'c> FnOnce(&'c DatabaseTransaction) -> futures_util::future::BoxFuture<'c, Result<(), Failure>>
        + Send
        + 'static,
{
    if found == 0 {
        return Ok(false);
    }
    db.write(LANE, Sight::Installation, found, doing, work).await?;
    Ok(found as u64 == AT_ONCE)
}
