//! What people see of jobs and decide about them, and what time takes away.

use std::time::Duration;

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    Select,
};
use serde_json::json;
use switchboard_core::access::Scope;
use switchboard_core::audit::{AuditKind, AuditWhat};
use switchboard_core::ids::{JobId, RelayTargetId, TenantId};
use switchboard_core::time::Timestamp;
use uuid::Uuid;

use super::claim::{after_the_end, over};
use super::{Job, JobState, Jobs, from_columns};
use crate::audit::{self, AuditEntry, AuditSubject, Author};
use crate::columns::{moment, timestamp};
use crate::db::{Lane, Sight};
use crate::entities::{job, job_key, outbox};
use crate::error::StoreError;
use crate::{MAX_PAGE, scope};

/// How long it can be seen that a job was done.
pub const DONE_IS_KEPT: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// How long somebody has to decide about a dead one.
pub const DEAD_IS_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Rows taken away in one transaction.
const SWEEP: u64 = 500;
/// Kinds that are counted apart.
const MAX_KINDS: u64 = 200;
/// The same by business.
const MAX_TENANTS_AND_KINDS: u64 = 10_000;

/// Which jobs. Empty = all of this tenant.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// What came of them.
    pub state: Option<JobState>,
    /// Only bodies passed on, or only everything else.
    pub deliveries: Option<bool>,
    /// To this place.
    pub target: Option<RelayTargetId>,
}

/// Some jobs, newest first.
#[derive(Debug)]
pub struct JobPage {
    /// The jobs.
    pub items: Vec<Job>,
    /// Where the next page begins.
    pub next: Option<i64>,
}

/// How many jobs there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobCount {
    /// The kind.
    pub kind: String,
    /// What came of them.
    pub state: JobState,
    /// How many.
    pub rows: u64,
}

/// What is owed at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobBacklog {
    /// Jobs that are not over.
    pub open: Vec<JobCount>,
    /// When the first of those that wait is or was due.
    pub first_due: Option<Timestamp>,
    /// Bodies of webhooks on their way out.
    pub bodies: u64,
}

impl Jobs<'_> {
    /// One page of the jobs of this tenant, newest first. The machine's own are an operator's.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        &self,
        scope: &Scope,
        filter: &JobFilter,
        before: Option<i64>,
        limit: u64,
    ) -> Result<JobPage, StoreError> {
        let limit = limit.clamp(1, MAX_PAGE);
        let mut query = scope::find::<job::Entity>(scope);
        if let Some(state) = filter.state {
            query = query.filter(job::Column::State.eq(state.as_str()));
        }
        if let Some(deliveries) = filter.deliveries {
            let is_one = job::Column::OutboxId.is_not_null();
            query = query.filter(if deliveries { is_one } else { job::Column::OutboxId.is_null() });
        }
        if let Some(target) = filter.target {
            query = query.filter(job::Column::TargetId.eq(target.uuid()));
        }
        if let Some(before) = before {
            query = query.filter(job::Column::Position.lt(before));
        }
        let seen = self.db.see(scope, "list jobs").await?;
        let rows = query.order_by_desc(job::Column::Position).limit(limit + 1).all(seen.connection());
        let mut rows = seen.read(rows).await?;
        let more = rows.len() as u64 > limit;
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let next = rows.last().filter(|_| more).map(|row| row.position);
        let items =
            rows.into_iter().map(|row| from_columns(row, self.db.keys())).collect::<Result<_, _>>()?;
        Ok(JobPage { items, next })
    }

    /// One job of this scope.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_id(&self, scope: &Scope, id: JobId) -> Result<Option<Job>, StoreError> {
        let seen = self.db.see(scope, format!("look up {id}")).await?;
        let row = seen.read(in_scope(scope, id).one(seen.connection())).await?;
        row.map(|row| from_columns(row, self.db.keys())).transpose()
    }

    /// Tries a dead job again, with its attempts counted anew. It keeps no order: what came after it has gone.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such dead job in this scope, or when the database fails.
    pub async fn retry(&self, scope: &Scope, id: JobId, author: &Author) -> Result<Job, StoreError> {
        let doing = format!("try {id} again");
        let at = author.at;
        let change = scope::update::<job::Entity>(scope)
            .col_expr(job::Column::State, Expr::val(JobState::Waiting.as_str()))
            .col_expr(job::Column::Attempts, Expr::val(0))
            .col_expr(job::Column::RunAt, Expr::val(moment(at)))
            .col_expr(job::Column::CreatedAt, Expr::val(moment(at)))
            .col_expr(job::Column::FinishedAt, Expr::val(Option::<chrono::DateTime<chrono::Utc>>::None))
            .filter(job::Column::Id.eq(id.uuid()))
            .filter(job::Column::State.eq(JobState::Dead.as_str()));
        let missing = StoreError::NotFound { doing: doing.clone().into() };
        let (of_scope, author) = (scope.clone(), author.clone());
        let row = self
            .db
            .write(Lane::Settings, scope, 2, doing, move |transaction| {
                Box::pin(async move {
                    let mut rows = change.exec_with_returning(transaction).await?;
                    let Some(row) = rows.pop() else { return Err(missing.into()) };
                    let entry = decided(&author, &row, AuditWhat::DeliveryRetried, AuditWhat::JobRetried);
                    audit::append(transaction, Some(audit::row(&of_scope, entry))).await?;
                    Ok(row)
                })
            })
            .await?;
        from_columns(row, self.db.keys())
    }

    /// Nobody needs this one: dead or waiting, it is over.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such job in this scope that waits or is dead, or when the database
    /// fails.
    pub async fn discard(&self, scope: &Scope, id: JobId, author: &Author) -> Result<(), StoreError> {
        let doing = format!("discard {id}");
        let query = in_scope(scope, id);
        let (of_scope, author, at) = (scope.clone(), author.clone(), author.at);
        let missing = StoreError::NotFound { doing: doing.clone().into() };
        self.db
            .write(Lane::Settings, scope, 2, doing, move |transaction| {
                Box::pin(async move {
                    let Some(row) = query.one(transaction).await? else { return Err(missing.into()) };
                    let which = Condition::all()
                        .add(job::Column::Position.eq(row.position))
                        .add(job::Column::State.is_in([JobState::Waiting.as_str(), JobState::Dead.as_str()]));
                    if over(transaction, which, JobState::Discarded, None, at).await? == 0 {
                        return Err(missing.into());
                    }
                    after_the_end(transaction, row.position, row.outbox_id, at).await?;
                    let entry = decided(&author, &row, AuditWhat::DeliveryDiscarded, AuditWhat::JobDiscarded);
                    audit::append(transaction, Some(audit::row(&of_scope, entry))).await
                })
            })
            .await
    }

    /// What is owed and not over, of all tenants: for metrics.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn backlog(&self) -> Result<JobBacklog, StoreError> {
        let seen = self.db.see(Sight::Installation, "count what is owed").await?;
        let rows = job::Entity::find()
            .select_only()
            .column(job::Column::Kind)
            .column(job::Column::State)
            .column_as(job::Column::Position.count(), "rows")
            .column_as(job::Column::RunAt.min(), "due")
            .filter(job::Column::FinishedAt.is_null())
            .group_by(job::Column::Kind)
            .group_by(job::Column::State)
            .order_by_asc(job::Column::Kind)
            .order_by_asc(job::Column::State)
            .limit(MAX_KINDS)
            .into_tuple::<(String, String, i64, Option<chrono::DateTime<chrono::Utc>>)>()
            .all(seen.connection());
        let rows = seen.read(rows).await?;
        let bodies = seen.read(outbox::Entity::find().count(seen.connection())).await?;
        let waiting = JobState::Waiting.as_str();
        Ok(JobBacklog {
            first_due: rows
                .iter()
                .filter(|(_, state, ..)| state == waiting)
                .filter_map(|(.., due)| *due)
                .map(timestamp)
                .min(),
            open: rows
                .into_iter()
                .filter_map(|(kind, state, rows, _)| {
                    let state = JobState::from_word(&state)?;
                    Some(JobCount { kind, state, rows: u64::try_from(rows).unwrap_or(0) })
                })
                .collect(),
            bodies,
        })
    }

    /// How many jobs were given up, by business and kind.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn dead(&self) -> Result<Vec<(TenantId, String, u64)>, StoreError> {
        let seen = self.db.see(Sight::Installation, "count jobs given up").await?;
        let rows = job::Entity::find()
            .select_only()
            .column(job::Column::TenantId)
            .column(job::Column::Kind)
            .column_as(job::Column::Position.count(), "rows")
            .filter(job::Column::State.eq(JobState::Dead.as_str()))
            .filter(job::Column::TenantId.is_not_null())
            .group_by(job::Column::TenantId)
            .group_by(job::Column::Kind)
            .order_by_asc(job::Column::TenantId)
            .order_by_asc(job::Column::Kind)
            .limit(MAX_TENANTS_AND_KINDS)
            .into_tuple::<(Uuid, String, i64)>()
            .all(seen.connection());
        let rows = seen.read(rows).await?;
        let count =
            |(tenant, kind, rows)| (TenantId::from_uuid(tenant), kind, u64::try_from(rows).unwrap_or(0));
        Ok(rows.into_iter().map(count).collect())
    }

    /// Takes away what was over long enough, and bodies nobody is owed; at the most a batch of each. True: there may
    /// be more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep(&self, now: Timestamp) -> Result<bool, StoreError> {
        let old = Condition::any().add(job::Column::FinishedAt.lt(moment(now.minus(DEAD_IS_KEPT)))).add(
            Condition::all()
                .add(job::Column::FinishedAt.lt(moment(now.minus(DONE_IS_KEPT))))
                .add(job::Column::State.ne(JobState::Dead.as_str())),
        );
        let old = positions(job::Entity::find().filter(job::Column::FinishedAt.is_not_null()).filter(old));
        let seen = self.db.see(Sight::Installation, "find what is over").await?;
        let old = seen.read(old.all(seen.connection())).await?;
        let wanted = job::Entity::find()
            .select_only()
            .column(job::Column::Position)
            .filter(
                Expr::col((job::Entity, job::Column::OutboxId)).equals((outbox::Entity, outbox::Column::Id)),
            )
            .filter(
                Condition::any()
                    .add(job::Column::FinishedAt.is_null())
                    .add(job::Column::State.eq(JobState::Dead.as_str())),
            )
            .into_query();
        let bodies = outbox::Entity::find()
            .select_only()
            .column(outbox::Column::Id)
            .filter(Expr::exists(wanted).not())
            .order_by_asc(outbox::Column::Id)
            .limit(SWEEP)
            .into_tuple::<Uuid>();
        let bodies = seen.read(bodies.all(seen.connection())).await?;
        drop(seen);
        let more = old.len() as u64 == SWEEP || bodies.len() as u64 == SWEEP;
        if old.is_empty() && bodies.is_empty() {
            return Ok(false);
        }
        self.db
            .write(
                Lane::Settings,
                Sight::Installation,
                old.len() + bodies.len(),
                "take away what is over",
                move |transaction| {
                    Box::pin(async move {
                        job_key::Entity::delete_many()
                            .filter(job_key::Column::Position.is_in(old.iter().copied()))
                            .exec(transaction)
                            .await?;
                        job::Entity::delete_many()
                            .filter(job::Column::Position.is_in(old))
                            .exec(transaction)
                            .await?;
                        outbox::Entity::delete_many()
                            .filter(outbox::Column::Id.is_in(bodies))
                            .exec(transaction)
                            .await?;
                        Ok(())
                    })
                },
            )
            .await?;
        Ok(more)
    }
}

/// What somebody decided about a job: one word when it passes a body on, another when not.
fn decided(author: &Author, row: &job::Model, of_delivery: AuditWhat, of_job: AuditWhat) -> AuditEntry {
    let (what, kind) = match row.outbox_id {
        Some(_) => (of_delivery, AuditKind::Delivery),
        None => (of_job, AuditKind::Job),
    };
    let subject = AuditSubject::new(kind, JobId::from_uuid(row.id));
    author.did(what, subject, json!({ "kind": row.kind }))
}

fn in_scope(scope: &Scope, id: JobId) -> Select<job::Entity> {
    scope::find::<job::Entity>(scope).filter(job::Column::Id.eq(id.uuid()))
}

fn positions(query: Select<job::Entity>) -> sea_orm::Selector<sea_orm::SelectGetableTuple<i64>> {
    query
        .select_only()
        .column(job::Column::Position)
        .order_by_asc(job::Column::Position)
        .limit(SWEEP)
        .into_tuple::<i64>()
}
