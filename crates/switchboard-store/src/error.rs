//! What can go wrong while remembering: what we were doing, with what, and what kind of trouble it is.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::DbErr;

use crate::dialect::{self, Trouble};

/// What we were doing, in words: "save call call_01…".
pub(crate) type Doing = Cow<'static, str>;

/// A refusal or failure of the store.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The database URL cannot be used.
    #[error("open the database: {reason}. {hint}")]
    DatabaseUrl {
        /// What is wrong with it; never contains a password.
        reason: String,
        /// What to do.
        hint: String,
    },
    /// The data keys are missing, unreadable or those of another database.
    #[error("open the data keys: {reason}. {hint}")]
    DataKeys {
        /// What is wrong; names the file, never a key.
        reason: String,
        /// What to do.
        hint: String,
    },
    /// The tables could not be brought up to date.
    #[error("bring the tables of the database up to date")]
    Migrate(#[source] Arc<DbErr>),
    /// A later version has changed the tables.
    #[error(
        "the database was written by a later version of Switchboard: it has {unknown}, which this version does not know. \
         Install that version again, or restore the backup from before the upgrade"
    )]
    FromALaterVersion {
        /// The migrations this version does not know.
        unknown: String,
    },
    /// The database does not answer, is full, or lost the connection. Trying again later may help.
    #[error("{doing}: the database is not available")]
    Unavailable {
        /// What we were doing.
        doing: Doing,
        /// What the driver says.
        #[source]
        source: Arc<DbErr>,
    },
    /// The database did not finish in time. A write may still get through.
    #[error("{doing}: not done within {after:?}")]
    TimedOut {
        /// What we were doing.
        doing: Doing,
        /// The limit.
        after: Duration,
    },
    /// More writes are waiting than the queue holds.
    #[error("{doing}: {limit} writes are waiting already")]
    Overloaded {
        /// What we were doing.
        doing: Doing,
        /// The length of the queue.
        limit: usize,
    },
    /// The store was closed.
    #[error("{doing}: the store is closed")]
    Stopped {
        /// What we were doing.
        doing: Doing,
    },
    /// The call is not ours (any more): another node, or a later start of this one, owns it, or it is not there.
    #[error("{doing}: somebody else owns it now")]
    Fenced {
        /// What we were doing.
        doing: Doing,
    },
    /// It exists already; something unique would be there twice.
    #[error("{doing}: it exists already")]
    AlreadyThere {
        /// What we were doing.
        doing: Doing,
    },
    /// There is no such thing in this scope.
    #[error("{doing}: there is no such thing")]
    NotFound {
        /// What we were doing.
        doing: Doing,
    },
    /// It names something that does not exist in this tenant (a number, a branch, a call).
    #[error("{doing}: it names something that does not exist in this tenant")]
    Dangling {
        /// What we were doing.
        doing: Doing,
    },
    /// It belongs to another tenant or branch than the scope it was asked with.
    #[error("{doing}: it belongs to another tenant or branch")]
    OutOfScope {
        /// What we were doing.
        doing: Doing,
    },
    /// A row holds what this version cannot read: written by a later version, or by hand.
    #[error("read {table}.{column} of {id}: {what}")]
    Unreadable {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// Which row.
        id: String,
        /// What is wrong with it.
        what: String,
    },
    /// The database refused a statement.
    #[error("{doing}: the database refused the statement")]
    Query {
        /// What we were doing.
        doing: Doing,
        /// What it says.
        #[source]
        source: Arc<DbErr>,
    },
}

impl StoreError {
    /// Is the database itself away, slow or closed, so that the next question would fail the same way? Otherwise it is
    /// about what was asked for, and whoever works through a list goes on with the next.
    #[must_use]
    pub const fn is_of_the_database(&self) -> bool {
        match self {
            Self::DatabaseUrl { .. }
            | Self::DataKeys { .. }
            | Self::Migrate(_)
            | Self::FromALaterVersion { .. }
            | Self::Unavailable { .. }
            | Self::TimedOut { .. }
            | Self::Overloaded { .. }
            | Self::Stopped { .. } => true,
            Self::Fenced { .. }
            | Self::AlreadyThere { .. }
            | Self::NotFound { .. }
            | Self::Dangling { .. }
            | Self::OutOfScope { .. }
            | Self::Unreadable { .. }
            | Self::Query { .. } => false,
        }
    }

    /// Sorts what the driver says into the kinds a caller can act on.
    pub(crate) fn from_db(doing: Doing, error: DbErr) -> Self {
        match dialect::trouble(&error) {
            Trouble::Unique => Self::AlreadyThere { doing },
            Trouble::ForeignKey => Self::Dangling { doing },
            Trouble::StatementTimeout => Self::TimedOut { doing, after: dialect::STATEMENT_TIMEOUT },
            Trouble::Closed => Self::Stopped { doing },
            Trouble::Unavailable => Self::Unavailable { doing, source: Arc::new(error) },
            Trouble::Other => Self::Query { doing, source: Arc::new(error) },
        }
    }
}

impl StoreError {
    /// What became of a write, in a word for metrics.
    pub(crate) const fn result_word(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => "unavailable",
            Self::TimedOut { .. } => "timed_out",
            Self::Overloaded { .. } => "overloaded",
            Self::Stopped { .. } => "stopped",
            Self::Fenced { .. } => "fenced",
            Self::DatabaseUrl { .. }
            | Self::DataKeys { .. }
            | Self::Migrate(_)
            | Self::FromALaterVersion { .. }
            | Self::AlreadyThere { .. }
            | Self::NotFound { .. }
            | Self::Dangling { .. }
            | Self::OutOfScope { .. }
            | Self::Unreadable { .. }
            | Self::Query { .. } => "refused",
        }
    }
}

/// How a piece of work inside a transaction fails: what it was doing is added by whoever runs it.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The database says no.
    Db(DbErr),
    /// We say no.
    Refused(StoreError),
}

impl From<DbErr> for Failure {
    fn from(error: DbErr) -> Self {
        Self::Db(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl Failure {
    pub(crate) fn while_doing(self, doing: Doing) -> StoreError {
        match self {
            Self::Db(error) => StoreError::from_db(doing, error),
            Self::Refused(error) => error,
        }
    }
}
