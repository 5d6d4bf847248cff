//! What the provider sent. A webhook is answered 200 only after its events are committed here; an event that
//! comes again is recognized by its key.

use std::collections::{HashMap, HashSet};

use sea_orm::prelude::DateTimeUtc;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use switchboard_core::ids::{NumberId, TenantId};
use switchboard_core::time::Timestamp;
use uuid::Uuid;

use crate::MAX_PAGE;
use crate::columns::{self, Cell, moment, timestamp};
use crate::db::{Db, Lane, Sight};
use crate::entities::inbox;
use crate::error::{Failure, StoreError};
use crate::relays::{Outgoing, Relayed, owe_webhook};
use crate::sealing::keyring::Keyring;

/// Rows in one statement.
const MAX_ROWS_AT_ONCE: usize = 500;
/// Kinds that are counted apart.
const MAX_KINDS: u64 = 1_000;

/// An event to be kept.
#[derive(Clone)]
pub struct NewInboxRow {
    /// The business, when the number is ours.
    pub tenant: Option<TenantId>,
    /// The number, when it is ours.
    pub number: Option<NumberId>,
    /// Who sent it: `meta`.
    pub provider: String,
    /// By this it is recognized when it comes again.
    pub dedupe_key: String,
    /// The call it speaks of.
    pub provider_call_id: Option<String>,
    /// `connect`, `terminate`, `unknown` …
    pub kind: String,
    /// For a number this secret does not vouch for: kept, counted, ignored.
    pub foreign: bool,
    /// The event as it came.
    pub payload: String,
    /// When it came.
    pub received_at: Timestamp,
}

impl std::fmt::Debug for NewInboxRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewInboxRow")
            .field("provider", &self.provider)
            .field("kind", &self.kind)
            .field("number", &self.number)
            .field("foreign", &self.foreign)
            .finish_non_exhaustive()
    }
}

/// What became of an event that was to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// The row that holds it.
    pub id: Uuid,
    /// It came for the first time.
    pub new: bool,
    /// It was dealt with before. An event may be neither new nor processed: its first sender was refused (or we were
    /// killed) between the commit and the answer.
    pub processed: bool,
}

/// An event that was kept.
#[derive(Clone)]
pub struct InboxRow {
    /// Its row; ordered by arrival.
    pub id: Uuid,
    /// The business, when the number is ours.
    pub tenant: Option<TenantId>,
    /// The number, when it is ours.
    pub number: Option<NumberId>,
    /// Who sent it.
    pub provider: String,
    /// By this it is recognized.
    pub dedupe_key: String,
    /// The call it speaks of.
    pub provider_call_id: Option<String>,
    /// `connect`, `terminate`, `unknown` …
    pub kind: String,
    /// For a number the secret does not vouch for.
    pub foreign: bool,
    /// The event as it came; an error when the sealed value was changed or its key is gone.
    pub payload: Result<String, StoreError>,
    /// When it came.
    pub received_at: Timestamp,
}

impl std::fmt::Debug for InboxRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InboxRow")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("number", &self.number)
            .field("foreign", &self.foreign)
            .finish_non_exhaustive()
    }
}

/// How many events of a kind came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxCount {
    /// `connect`, `terminate`, `unknown` …
    pub kind: String,
    /// For numbers the secret does not vouch for.
    pub foreign: bool,
    /// How many.
    pub rows: u64,
}

/// What is waiting in the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// Entries that nobody has dealt with.
    pub rows: u64,
    /// When the oldest of them came.
    pub oldest: Option<Timestamp>,
}

/// Questions about the inbox. They are asked before any scope exists.
#[derive(Debug, Clone, Copy)]
pub struct Inbox<'s> {
    pub(crate) db: &'s Db,
}

impl Inbox<'_> {
    /// Keeps events and returns when they are on disk, in the order given. Concurrent callers share a commit.
    ///
    /// # Errors
    /// [`StoreError::Overloaded`] at once when too many wait, [`StoreError::TimedOut`], [`StoreError::Stopped`],
    /// [`StoreError::Unavailable`]: answer 503, the provider repeats.
    pub async fn keep(&self, rows: Vec<NewInboxRow>) -> Result<Vec<Kept>, StoreError> {
        self.keep_owing(rows, None).await
    }

    /// The same, and who is owed the webhook, in one transaction. A webhook that brings nothing new is owed to nobody;
    /// one of more rows than a transaction takes is owed with the first that brings something new, once.
    ///
    /// # Errors
    /// As [`keep`](Self::keep).
    pub async fn keep_owing(
        &self,
        rows: Vec<NewInboxRow>,
        relayed: Option<Relayed>,
    ) -> Result<Vec<Kept>, StoreError> {
        let mut kept: Vec<Kept> = Vec::with_capacity(rows.len());
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let some: Vec<_> =
                rows.by_ref().take(MAX_ROWS_AT_ONCE).map(|row| arrival(row, self.db.keys())).collect();
            let owed_already = kept.iter().any(|kept| kept.new);
            let outgoing = relayed
                .as_ref()
                .filter(|_| !owed_already)
                .map(|relayed| Outgoing::new(relayed.clone(), self.db.keys()));
            let doing = format!("keep {} events of the provider", some.len());
            let count = some.len() + outgoing.as_ref().map_or(0, Outgoing::rows);
            let some = self
                .db
                .write(Lane::Inbox, Sight::Installation, count, doing, move |transaction| {
                    Box::pin(async move {
                        let kept = keep(transaction, some).await?;
                        if let Some(outgoing) = outgoing.filter(|_| kept.iter().any(|kept| kept.new)) {
                            owe_webhook(transaction, outgoing).await?;
                        }
                        Ok(kept)
                    })
                })
                .await?;
            kept.extend(some);
        }
        Ok(kept)
    }

    /// Events of ours that nobody has dealt with, oldest first; [`MAX_PAGE`] at the most, those after `after`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unprocessed(&self, after: Option<Uuid>, limit: u64) -> Result<Vec<InboxRow>, StoreError> {
        let seen = self.db.see(Sight::Installation, "list unprocessed events of the provider").await?;
        let mut rows = inbox::Entity::find()
            .filter(inbox::Column::ProcessedAt.is_null())
            .order_by_asc(inbox::Column::Id)
            .limit(limit.clamp(1, MAX_PAGE));
        if let Some(after) = after {
            rows = rows.filter(inbox::Column::Id.gt(after));
        }
        let rows = seen.read(rows.all(seen.connection())).await?;
        Ok(rows.into_iter().map(|row| inbox_row(row, self.db.keys())).collect())
    }

    /// How many events of ours nobody has dealt with, and when the oldest of them came. For metrics.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn backlog(&self) -> Result<Backlog, StoreError> {
        let seen = self.db.see(Sight::Installation, "count unprocessed events of the provider").await?;
        let row = inbox::Entity::find()
            .select_only()
            .column_as(inbox::Column::Id.count(), "rows")
            .column_as(inbox::Column::ReceivedAt.min(), "oldest")
            .filter(inbox::Column::ProcessedAt.is_null())
            .into_tuple::<(i64, Option<DateTimeUtc>)>()
            .one(seen.connection());
        let row = seen.read(row).await?;
        let (rows, oldest) = row.unwrap_or((0, None));
        Ok(Backlog { rows: u64::try_from(rows).unwrap_or(0), oldest: oldest.map(timestamp) })
    }

    /// Notes that events were dealt with; says how many of them had not been before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn mark_processed(&self, ids: &[Uuid], at: Timestamp) -> Result<u64, StoreError> {
        let mut marked = 0;
        for some in ids.chunks(MAX_ROWS_AT_ONCE) {
            let change = inbox::Entity::update_many()
                .col_expr(inbox::Column::ProcessedAt, Expr::val(moment(at)))
                .filter(inbox::Column::Id.is_in(some.iter().copied()))
                .filter(inbox::Column::ProcessedAt.is_null());
            marked += self
                .db
                .write(
                    Lane::Marks,
                    Sight::Installation,
                    some.len(),
                    "mark events of the provider as processed",
                    move |transaction| {
                        Box::pin(async move { Ok(change.exec(transaction).await?.rows_affected) })
                    },
                )
                .await?;
        }
        Ok(marked)
    }

    /// How many came, by kind. For metrics.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn counts(&self) -> Result<Vec<InboxCount>, StoreError> {
        let seen = self.db.see(Sight::Installation, "count events of the provider").await?;
        let rows = inbox::Entity::find()
            .select_only()
            .column(inbox::Column::Kind)
            .column(inbox::Column::ForeignNumber)
            .column_as(inbox::Column::Id.count(), "rows")
            .group_by(inbox::Column::Kind)
            .group_by(inbox::Column::ForeignNumber)
            .order_by_asc(inbox::Column::Kind)
            .order_by_asc(inbox::Column::ForeignNumber)
            .limit(MAX_KINDS)
            .into_tuple::<(String, bool, i64)>()
            .all(seen.connection());
        let rows = seen.read(rows).await?;
        let count =
            |(kind, foreign, rows)| InboxCount { kind, foreign, rows: u64::try_from(rows).unwrap_or(0) };
        Ok(rows.into_iter().map(count).collect())
    }
}

async fn keep(transaction: &DatabaseTransaction, arrivals: Vec<Arrival>) -> Result<Vec<Kept>, Failure> {
    let (keys, rows): (Vec<_>, Vec<_>) =
        arrivals.into_iter().map(|it| ((it.id, it.dedupe_key), it.row)).unzip();
    let inserted = inbox::Entity::insert_many(rows)
        .on_conflict(OnConflict::column(inbox::Column::DedupeKey).do_nothing().to_owned())
        .exec_with_returning_keys(transaction)
        .await?;
    let inserted: HashSet<Uuid> = inserted.into_iter().collect();
    let seen_before: Vec<&str> =
        keys.iter().filter(|(id, _)| !inserted.contains(id)).map(|(_, key)| key.as_str()).collect();
    let mut known = HashMap::new();
    if !seen_before.is_empty() {
        let rows = inbox::Entity::find()
            .select_only()
            .column(inbox::Column::DedupeKey)
            .column(inbox::Column::Id)
            .column_as(inbox::Column::ProcessedAt.is_not_null(), "processed")
            .filter(inbox::Column::DedupeKey.is_in(seen_before))
            .order_by_asc(inbox::Column::Id)
            .limit(MAX_ROWS_AT_ONCE as u64)
            .into_tuple::<(String, Uuid, bool)>()
            .all(transaction)
            .await?;
        known.extend(rows.into_iter().map(|(key, id, processed)| (key, (id, processed))));
    }
    keys.into_iter()
        .map(|(id, key)| {
            if inserted.contains(&id) {
                return Ok(Kept { id, new: true, processed: false });
            }
            match known.get(&key) {
                Some(&(id, processed)) => Ok(Kept { id, new: false, processed }),
                // The row we ran into is gone again: retention took it this very moment. The provider repeats.
                None => Err(StoreError::NotFound { doing: "look up an event seen before".into() }.into()),
            }
        })
        .collect()
}

struct Arrival {
    id: Uuid,
    dedupe_key: String,
    row: inbox::ActiveModel,
}

fn arrival(row: NewInboxRow, keys: &Keyring) -> Arrival {
    let id = columns::fresh_uuid();
    let dedupe_key = columns::text(&row.dedupe_key);
    let row = inbox::ActiveModel {
        id: Set(id),
        tenant_id: Set(row.tenant.map(TenantId::uuid)),
        number_id: Set(row.number.map(NumberId::uuid)),
        provider: Set(row.provider),
        dedupe_key: Set(dedupe_key.clone()),
        provider_call_id: Set(row.provider_call_id.as_deref().map(columns::text)),
        kind: Set(columns::text(&row.kind)),
        foreign_number: Set(row.foreign),
        payload: Set(keys.seal(payload_of(id), &row.payload)),
        received_at: Set(moment(row.received_at)),
        processed_at: Set(None),
    };
    Arrival { id, dedupe_key, row }
}

fn payload_of(id: Uuid) -> Cell {
    Cell { table: "inbox", column: "payload", id }
}

fn inbox_row(row: inbox::Model, keys: &Keyring) -> InboxRow {
    InboxRow {
        id: row.id,
        tenant: row.tenant_id.map(TenantId::from_uuid),
        number: row.number_id.map(NumberId::from_uuid),
        provider: row.provider,
        dedupe_key: row.dedupe_key,
        provider_call_id: row.provider_call_id,
        kind: row.kind,
        foreign: row.foreign_number,
        payload: keys.open(payload_of(row.id), &row.payload),
        received_at: timestamp(row.received_at),
    }
}
