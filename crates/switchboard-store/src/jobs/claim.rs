//! Taking jobs, each by one worker, and saying what came of them.

use std::time::Duration;

use sea_orm::sea_query::{
    Alias, Expr, ExprTrait, JoinType, LockBehavior, LockType, Query, SelectStatement, SimpleExpr,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};
use switchboard_core::ids::NodeId;
use switchboard_core::time::Timestamp;
use uuid::Uuid;

use super::{Job, JobState, Jobs, from_columns};
use crate::columns::{self, moment};
use crate::db::{Lane, Sight};
use crate::entities::{job, job_key, outbox};
use crate::error::{Failure, StoreError};

/// Jobs taken in one go, at the most: the transaction stays short.
pub(crate) const MAX_CLAIM: u64 = 100;
/// Characters of an error that are kept.
const MAX_ERROR: usize = 500;

/// Who takes jobs.
#[derive(Debug, Clone, Copy)]
pub struct Claimer {
    /// The node.
    pub node: NodeId,
    /// Its start: what an older one held is not held any more.
    pub epoch: i64,
    /// Now.
    pub now: Timestamp,
    /// How long it may keep them without a word.
    pub lease: Duration,
}

/// What is to become of a job that did not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Once more, at this moment.
    Again(Timestamp),
    /// It was not even begun: at this moment, and it does not count as an attempt.
    NotBegun(Timestamp),
    /// Never; somebody has to decide.
    Dead,
}

impl Jobs<'_> {
    /// Is anything due? Asked before taking it, since reading costs next to nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn any_due(&self, kinds: &[&'static str], now: Timestamp) -> Result<bool, StoreError> {
        let row = due(kinds, now).select_only().column(job::Column::Position).limit(1).into_tuple::<i64>();
        let seen = self.db.see(Sight::Installation, "look for due jobs").await?;
        Ok(seen.read(row.one(seen.connection())).await?.is_some())
    }

    /// Takes due jobs of these kinds, oldest first; nobody else gets them before the lease is over.
    ///
    /// # Errors
    /// When the database fails; nothing is taken then.
    pub async fn claim(
        &self,
        who: Claimer,
        kinds: &[&'static str],
        limit: u64,
    ) -> Result<Vec<Job>, StoreError> {
        let limit = limit.clamp(1, MAX_CLAIM);
        let chosen = due(kinds, who.now)
            .select_only()
            .column(job::Column::Position)
            .order_by_asc(job::Column::RunAt)
            .order_by_asc(job::Column::Position)
            .limit(limit)
            // SQLite leaves this out: its transaction has the only lock there is.
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .into_tuple::<i64>();
        let take = job::Entity::update_many()
            .col_expr(job::Column::State, Expr::val(JobState::Running.as_str()))
            .col_expr(job::Column::Attempts, Expr::col(job::Column::Attempts).add(1))
            .col_expr(job::Column::RunAt, Expr::val(moment(who.now.plus(who.lease))))
            .col_expr(job::Column::LeaseNode, Expr::val(who.node.uuid()))
            .col_expr(job::Column::LeaseEpoch, Expr::val(who.epoch))
            .filter(job::Column::FinishedAt.is_null())
            .filter(job::Column::RunAt.lte(moment(who.now)));
        let rows = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut taken = self
            .db
            .write(Lane::Settings, Sight::Installation, rows, "take due jobs", move |transaction| {
                Box::pin(async move {
                    // Two statements: as one, PostgreSQL may look for due jobs anew for every row of the table.
                    let chosen = chosen.all(transaction).await?;
                    let take = take.filter(job::Column::Position.is_in(chosen));
                    Ok(take.exec_with_returning(transaction).await?)
                })
            })
            .await?;
        taken.sort_by_key(|row| row.position);
        taken.into_iter().map(|row| from_columns(row, self.db.keys())).collect()
    }

    /// It is done: what it was about is forgotten, and what waited behind it is due.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when somebody else has it, or when the database fails.
    pub async fn done(&self, job: &Job, at: Timestamp) -> Result<(), StoreError> {
        self.finish(job, JobState::Done, None, at).await
    }

    /// It did not work.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when somebody else has it, or when the database fails.
    pub async fn failed(&self, job: &Job, next: Next, error: &str, at: Timestamp) -> Result<(), StoreError> {
        let (again, begun) = match next {
            Next::Dead => return self.finish(job, JobState::Dead, Some(error), at).await,
            Next::Again(again) => (again, true),
            Next::NotBegun(again) => (again, false),
        };
        let doing = format!("put {} off", job.id);
        let fenced = StoreError::Fenced { doing: doing.clone().into() };
        let mut change = job::Entity::update_many();
        change = if begun {
            change.col_expr(job::Column::LastError, Expr::val(cut(error)))
        } else {
            change.col_expr(job::Column::Attempts, Expr::col(job::Column::Attempts).sub(1))
        };
        let change = change
            .col_expr(job::Column::State, Expr::val(JobState::Waiting.as_str()))
            .col_expr(job::Column::RunAt, Expr::val(moment(again)))
            .col_expr(job::Column::LeaseNode, Expr::val(Option::<Uuid>::None))
            .col_expr(job::Column::LeaseEpoch, Expr::val(Option::<i64>::None))
            .filter(still_held(job));
        let position = job.position;
        self.db
            .write(Lane::Settings, Sight::Installation, 1, doing, move |transaction| {
                Box::pin(async move {
                    if change.exec(transaction).await?.rows_affected == 0 {
                        return Err(fenced.into());
                    }
                    // What waits behind it need not be looked at before: a place that is down for a day would make
                    // every look for due jobs slow.
                    followers_due_at(transaction, position, again).await
                })
            })
            .await
    }

    /// After a start: what earlier starts of this node held is due at once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn give_back(&self, node: NodeId, epoch: i64, now: Timestamp) -> Result<u64, StoreError> {
        let change = job::Entity::update_many()
            .col_expr(job::Column::State, Expr::val(JobState::Waiting.as_str()))
            .col_expr(job::Column::RunAt, Expr::val(moment(now)))
            .filter(job::Column::State.eq(JobState::Running.as_str()))
            .filter(job::Column::LeaseNode.eq(node.uuid()))
            .filter(job::Column::LeaseEpoch.lt(epoch));
        self.db
            .write(
                Lane::Settings,
                Sight::Installation,
                1,
                "give back jobs of an earlier start",
                move |transaction| Box::pin(async move { Ok(change.exec(transaction).await?.rows_affected) }),
            )
            .await
    }

    async fn finish(
        &self,
        job: &Job,
        state: JobState,
        error: Option<&str>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let doing = format!("finish {}", job.id);
        let fenced = StoreError::Fenced { doing: doing.clone().into() };
        let (held, position, outbox) =
            (still_held(job), job.position, job.delivery.map(|delivery| delivery.outbox));
        let error = error.map(cut);
        self.db
            .write(Lane::Settings, Sight::Installation, 1, doing, move |transaction| {
                Box::pin(async move {
                    if over(transaction, held, state, error, at).await? == 0 {
                        return Err(fenced.into());
                    }
                    after_the_end(transaction, position, outbox, at).await
                })
            })
            .await
    }
}

/// Ends jobs; says how many. What they were about is wiped unless it may be wanted again.
pub(super) async fn over(
    transaction: &DatabaseTransaction,
    which: Condition,
    state: JobState,
    error: Option<String>,
    at: Timestamp,
) -> Result<u64, Failure> {
    let mut change = job::Entity::update_many()
        .col_expr(job::Column::State, Expr::val(state.as_str()))
        .col_expr(job::Column::FinishedAt, Expr::val(moment(at)))
        .col_expr(job::Column::LeaseNode, Expr::val(Option::<Uuid>::None))
        .col_expr(job::Column::LeaseEpoch, Expr::val(Option::<i64>::None))
        .filter(which);
    if let Some(error) = error {
        change = change.col_expr(job::Column::LastError, Expr::val(error));
    }
    match state {
        JobState::Done | JobState::Discarded => {
            change = change.col_expr(job::Column::Payload, Expr::val(""));
        }
        JobState::Dead | JobState::Waiting | JobState::Running => {}
    }
    Ok(change.exec(transaction).await?.rows_affected)
}

/// Makes room for what waited behind a job that is over, and forgets its body when nobody else is owed it.
pub(super) async fn after_the_end(
    transaction: &DatabaseTransaction,
    position: i64,
    outbox: Option<Uuid>,
    at: Timestamp,
) -> Result<(), Failure> {
    followers_due_at(transaction, position, at).await?;
    job_key::Entity::delete_many().filter(job_key::Column::Position.eq(position)).exec(transaction).await?;
    if let Some(outbox) = outbox {
        outbox::Entity::delete_many()
            .filter(outbox::Column::Id.eq(outbox))
            .filter(Expr::exists(still_wanted(outbox)).not())
            .exec(transaction)
            .await?;
    }
    Ok(())
}

/// Jobs that may still want this body: those not over, and dead ones, which somebody may try again.
fn still_wanted(outbox: Uuid) -> SelectStatement {
    job::Entity::find()
        .select_only()
        .column(job::Column::Position)
        .filter(job::Column::OutboxId.eq(outbox))
        .filter(job::Column::FinishedAt.is_null().or(job::Column::State.eq(JobState::Dead.as_str())))
        .into_query()
}

async fn followers_due_at(
    transaction: &impl ConnectionTrait,
    position: i64,
    at: Timestamp,
) -> Result<(), Failure> {
    let (mine, behind) = (Alias::new("mine"), Alias::new("behind"));
    let mut followers = Query::select();
    followers
        .column((behind.clone(), job_key::Column::Position))
        .from_as(job_key::Entity, mine.clone())
        .join_as(
            JoinType::InnerJoin,
            job_key::Entity,
            behind.clone(),
            Condition::all()
                .add(
                    Expr::col((behind.clone(), job_key::Column::OrderKey))
                        .equals((mine.clone(), job_key::Column::OrderKey)),
                )
                .add(Expr::col((behind, job_key::Column::Position)).gt(position)),
        )
        .and_where(Expr::col((mine, job_key::Column::Position)).eq(position));
    job::Entity::update_many()
        .col_expr(job::Column::RunAt, Expr::val(moment(at)))
        .filter(job::Column::Position.in_subquery(followers))
        .filter(job::Column::State.eq(JobState::Waiting.as_str()))
        .exec(transaction)
        .await?;
    Ok(())
}

/// Due, and no earlier job that shares an order key is still open.
fn due(kinds: &[&'static str], now: Timestamp) -> sea_orm::Select<job::Entity> {
    job::Entity::find()
        .filter(job::Column::Kind.is_in(kinds.iter().copied()))
        .filter(job::Column::FinishedAt.is_null())
        .filter(job::Column::RunAt.lte(moment(now)))
        .filter(Expr::exists(earlier_with_the_same_key()).not())
}

fn earlier_with_the_same_key() -> SelectStatement {
    let (mine, before) = (Alias::new("mine"), Alias::new("before"));
    Query::select()
        .expr(Expr::val(1))
        .from_as(job_key::Entity, mine.clone())
        .join_as(
            JoinType::InnerJoin,
            job_key::Entity,
            before.clone(),
            Condition::all()
                .add(
                    Expr::col((before.clone(), job_key::Column::OrderKey))
                        .equals((mine.clone(), job_key::Column::OrderKey)),
                )
                .add(
                    Expr::col((before, job_key::Column::Position))
                        .lt(Expr::col((mine.clone(), job_key::Column::Position))),
                ),
        )
        .and_where(Expr::col((mine, job_key::Column::Position)).equals((job::Entity, job::Column::Position)))
        .to_owned()
}

/// The worker's word against what happened meanwhile: the lease is over and somebody else began.
fn still_held(job: &Job) -> Condition {
    let held: SimpleExpr = match job.lease {
        Some((node, epoch)) => job::Column::LeaseNode.eq(node.uuid()).and(job::Column::LeaseEpoch.eq(epoch)),
        None => Expr::val(false),
    };
    Condition::all()
        .add(job::Column::Position.eq(job.position))
        .add(job::Column::State.eq(JobState::Running.as_str()))
        .add(job::Column::Attempts.eq(i32::try_from(job.attempts).unwrap_or(i32::MAX)))
        .add(held)
}

fn cut(error: &str) -> String {
    columns::text(&error.chars().take(MAX_ERROR).collect::<String>())
}
