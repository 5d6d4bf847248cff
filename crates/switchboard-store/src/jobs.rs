//! What is owed: a job is written in the transaction of the change that owes it, held by one worker at a time, and
//! tried until it is done or given up.
//!
//! A worker that dies gives its jobs back by itself: what it holds becomes due again when the lease is over, and at
//! once when its node starts anew. Jobs that share an order key go one after the other, in the order they were
//! committed; others pass them by. A job may therefore be carried out twice, never forgotten: whoever carries it out
//! expects that.

mod claim;
mod keep;
mod list;

use switchboard_core::ids::{JobId, NodeId, RelayTargetId, TenantId};
use switchboard_core::time::Timestamp;
use uuid::Uuid;

use crate::columns::{Cell, timestamp};
use crate::db::Db;
use crate::entities::job;
use crate::error::StoreError;
use crate::sealing::keyring::Keyring;

pub use claim::{Claimer, Next};
pub(crate) use keep::{Owed, owe};
pub use list::{DEAD_IS_KEPT, DONE_IS_KEPT, JobBacklog, JobCount, JobFilter, JobPage};

/// What came of a job so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobState {
    /// It is due, or will be.
    Waiting,
    /// A worker has it.
    Running,
    /// It is done.
    Done,
    /// It was tried as often or as long as it may be; somebody has to decide.
    Dead,
    /// Somebody decided that it need not be done.
    Discarded,
}

impl JobState {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Running, Self::Done, Self::Dead, Self::Discarded];

    /// The word in database and API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Discarded => "discarded",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// Something to be owed from now on.
#[derive(Clone, PartialEq, Eq)]
pub struct NewJob {
    /// Its id; writing it twice is writing it once.
    pub id: JobId,
    /// Whose it is; none: the machine's own.
    pub tenant: Option<TenantId>,
    /// Which kind, in the engine's words.
    pub kind: &'static str,
    /// What the worker needs to know. It is wiped when the job is over.
    pub payload: String,
    /// Jobs that share one of these go in order. No personal data: they are kept in the clear.
    pub order_keys: Vec<String>,
    /// While a job with this word is not over, another one is not written.
    pub once_key: Option<String>,
    /// A body to be passed on.
    pub delivery: Option<Delivery>,
    /// Not before.
    pub run_at: Timestamp,
    /// Now.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for NewJob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewJob").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Which body goes where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// To whom.
    pub target: RelayTargetId,
    /// What.
    pub outbox: Uuid,
}

/// A job as it is kept.
#[derive(Clone)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Its place in the order of commits.
    pub position: i64,
    /// Whose it is; none: the machine's own.
    pub tenant: Option<TenantId>,
    /// Which kind.
    pub kind: String,
    /// What the worker needs to know; an error when the sealed value was changed or its key is gone.
    pub payload: Result<String, StoreError>,
    /// A body to be passed on.
    pub delivery: Option<Delivery>,
    /// What came of it so far.
    pub state: JobState,
    /// How often it was begun.
    pub attempts: u32,
    /// When it is due; while a worker has it, when that one has to be done.
    pub run_at: Timestamp,
    /// Since when it is owed.
    pub created_at: Timestamp,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
    /// Why it did not work the last time.
    pub last_error: Option<String>,
    /// Who has it: with the attempts, what tells a worker that it still does.
    pub(crate) lease: Option<(NodeId, i64)>,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("state", &self.state)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// Questions about what is owed. Workers ask before any scope exists; people ask with theirs.
#[derive(Debug, Clone, Copy)]
pub struct Jobs<'s> {
    pub(crate) db: &'s Db,
}

fn payload_of(id: Uuid) -> Cell {
    Cell { table: "jobs", column: "payload", id }
}

fn from_columns(row: job::Model, keys: &Keyring) -> Result<Job, StoreError> {
    let cell = |column| Cell { table: "jobs", column, id: row.id };
    let state = cell("state").word(&row.state, JobState::from_word)?;
    let delivery = row
        .target_id
        .zip(row.outbox_id)
        .map(|(target, outbox)| Delivery { target: RelayTargetId::from_uuid(target), outbox });
    Ok(Job {
        id: JobId::from_uuid(row.id),
        position: row.position,
        tenant: row.tenant_id.map(TenantId::from_uuid),
        delivery,
        state,
        attempts: u32::try_from(row.attempts).unwrap_or(0),
        run_at: timestamp(row.run_at),
        created_at: timestamp(row.created_at),
        finished_at: row.finished_at.map(timestamp),
        last_error: row.last_error,
        lease: row.lease_node.map(NodeId::from_uuid).zip(row.lease_epoch),
        kind: row.kind,
        payload: keys.open(payload_of(row.id), &row.payload),
    })
}
