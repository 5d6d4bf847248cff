//! What somebody should look at, and when numbers were last heard of.

use std::collections::HashMap;

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Value, json};
use switchboard_core::access::Scope;
use switchboard_core::alert::{About, AlertKind};
use switchboard_core::audit::{AuditKind, AuditWhat};
use switchboard_core::ids::{AlertId, NodeId, NumberId, TenantId};
use switchboard_core::time::Timestamp;

use crate::audit::{self, AuditSubject, Author};
use crate::columns::{self, Cell, moment, timestamp};
use crate::db::{Db, Lane, Sight};
use crate::entities::{alert, number_signal};
use crate::error::StoreError;
use crate::jobs::{NewJob, Owed, owe};

/// Alerts of one list.
const MAX_ALERTS: u64 = 500;
/// Numbers of one installation, at the most.
const MAX_NUMBERS: u64 = 10_000;

/// Something somebody should look at, or should have.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// What is wrong.
    pub kind: AlertKind,
    /// With what.
    pub about: About,
    /// What belongs to it.
    pub data: Value,
    /// Since when.
    pub since: Timestamp,
    /// Somebody has seen it.
    pub acknowledged_at: Option<Timestamp>,
    /// It is over.
    pub resolved_at: Option<Timestamp>,
}

impl Alert {
    /// Whose it is; none: the machine's.
    #[must_use]
    pub const fn tenant(&self) -> Option<TenantId> {
        match self.about {
            About::Number(tenant, _) | About::Tenant(tenant) => Some(tenant),
            About::Node(_) => None,
        }
    }

    /// Its number.
    #[must_use]
    pub const fn number(&self) -> Option<NumberId> {
        match self.about {
            About::Number(_, number) => Some(number),
            About::Tenant(_) | About::Node(_) => None,
        }
    }
}

/// Questions about alerts. The exchange asks for everybody.
#[derive(Debug, Clone, Copy)]
pub struct Alerts<'s> {
    pub(crate) db: &'s Db,
}

impl Alerts<'_> {
    /// Raises an alert with the mails it owes; none when the same is open already, and then nothing is owed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn raise(
        &self,
        kind: AlertKind,
        about: About,
        data: Value,
        at: Timestamp,
        owed: Vec<NewJob>,
    ) -> Result<Option<Alert>, StoreError> {
        let (tenant, number) = match about {
            About::Number(tenant, number) => (Some(tenant), Some(number)),
            About::Tenant(tenant) => (Some(tenant), None),
            About::Node(_) => (None, None),
        };
        let row = alert::ActiveModel {
            id: Set(columns::fresh_uuid()),
            tenant_id: Set(tenant.map(TenantId::uuid)),
            number_id: Set(number.map(NumberId::uuid)),
            kind: Set(kind.as_str().to_owned()),
            subject: Set(subject(about)),
            data: Set(columns::json(&data)),
            since: Set(moment(at)),
            acknowledged_at: Set(None),
            resolved_at: Set(None),
        };
        let owed = Owed::new(owed, self.db.keys());
        let rows = self
            .db
            .write(
                Lane::Settings,
                Sight::Installation,
                1 + owed.len(),
                "raise an alert",
                move |transaction| {
                    Box::pin(async move {
                        let raised = alert::Entity::insert_many([row])
                            .on_conflict(OnConflict::new().do_nothing().to_owned())
                            .exec_with_returning(transaction)
                            .await?;
                        if !raised.is_empty() {
                            owe(transaction, owed).await?;
                        }
                        Ok(raised)
                    })
                },
            )
            .await?;
        rows.into_iter().next().map(from_columns).transpose()
    }

    /// It is over, with the mails that are owed for that; none when it was not open.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn resolve(
        &self,
        kind: AlertKind,
        about: About,
        at: Timestamp,
        owed: Vec<NewJob>,
    ) -> Result<Option<Alert>, StoreError> {
        let change = alert::Entity::update_many()
            .col_expr(alert::Column::ResolvedAt, Expr::val(moment(at)))
            .filter(alert::Column::Kind.eq(kind.as_str()))
            .filter(alert::Column::Subject.eq(subject(about)))
            .filter(alert::Column::ResolvedAt.is_null());
        let owed = Owed::new(owed, self.db.keys());
        let rows = self
            .db
            .write(Lane::Settings, Sight::Installation, 1 + owed.len(), "end an alert", move |transaction| {
                Box::pin(async move {
                    let ended = change.exec_with_returning(transaction).await?;
                    if !ended.is_empty() {
                        owe(transaction, owed).await?;
                    }
                    Ok(ended)
                })
            })
            .await?;
        rows.into_iter().next().map(from_columns).transpose()
    }

    /// What is open, of everybody, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open(&self) -> Result<Vec<Alert>, StoreError> {
        let seen = self.db.see(Sight::Installation, "list open alerts").await?;
        let rows = alert::Entity::find()
            .filter(alert::Column::ResolvedAt.is_null())
            .order_by_asc(alert::Column::Since)
            .order_by_asc(alert::Column::Id)
            .limit(MAX_ALERTS)
            .all(seen.connection());
        seen.read(rows).await?.into_iter().map(from_columns).collect()
    }

    /// Of a business, and when wanted of the machines, newest first: what is open, and what was.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self, tenant: TenantId, machines: bool) -> Result<Vec<Alert>, StoreError> {
        let seen = self.db.see(Sight::Installation, "list alerts").await?;
        let mut whose = Condition::any().add(alert::Column::TenantId.eq(tenant.uuid()));
        if machines {
            whose = whose.add(alert::Column::TenantId.is_null());
        }
        let rows = alert::Entity::find()
            .filter(whose)
            .order_by_desc(alert::Column::Since)
            .order_by_desc(alert::Column::Id)
            .limit(MAX_ALERTS)
            .all(seen.connection());
        seen.read(rows).await?.into_iter().map(from_columns).collect()
    }

    /// Somebody has seen it. Seeing it twice is seeing it once.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when this business (or, when wanted, the machines) has no such alert, or when the
    /// database fails.
    pub async fn acknowledge(
        &self,
        scope: &Scope,
        machines: bool,
        id: AlertId,
        author: &Author,
    ) -> Result<Alert, StoreError> {
        let doing = format!("acknowledge {id}");
        let mut whose = Condition::any().add(alert::Column::TenantId.eq(scope.tenant.uuid()));
        if machines {
            whose = whose.add(alert::Column::TenantId.is_null());
        }
        let seen = Expr::col(alert::Column::AcknowledgedAt);
        let change = alert::Entity::update_many()
            .col_expr(
                alert::Column::AcknowledgedAt,
                sea_orm::sea_query::Func::coalesce([seen, Expr::val(moment(author.at))]).into(),
            )
            .filter(alert::Column::Id.eq(id.uuid()))
            .filter(whose);
        let missing = StoreError::NotFound { doing: doing.clone().into() };
        let (of_scope, author) = (scope.clone(), author.clone());
        let row = self
            .db
            .write(Lane::Settings, Sight::Installation, 2, doing, move |transaction| {
                Box::pin(async move {
                    let mut rows = change.exec_with_returning(transaction).await?;
                    let Some(row) = rows.pop() else { return Err(missing.into()) };
                    let subject = AuditSubject::new(AuditKind::Alert, id);
                    let entry =
                        author.did(AuditWhat::AlertAcknowledged, subject, json!({ "kind": row.kind }));
                    audit::append(transaction, Some(audit::row(&of_scope, entry))).await?;
                    Ok(row)
                })
            })
            .await?;
        from_columns(row)
    }

    /// Numbers were heard of.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn heard_of(&self, numbers: Vec<(TenantId, NumberId, Timestamp)>) -> Result<(), StoreError> {
        if numbers.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = numbers
            .into_iter()
            .map(|(tenant, number, at)| number_signal::ActiveModel {
                number_id: Set(number.uuid()),
                tenant_id: Set(tenant.uuid()),
                last_webhook_at: Set(moment(at)),
            })
            .collect();
        let newest = OnConflict::column(number_signal::Column::NumberId)
            .update_column(number_signal::Column::LastWebhookAt)
            .to_owned();
        self.db
            .write(
                Lane::Settings,
                Sight::Installation,
                rows.len(),
                "note that numbers were heard of",
                move |transaction| {
                    Box::pin(async move {
                        number_signal::Entity::insert_many(rows)
                            .on_conflict(newest)
                            .exec_without_returning(transaction)
                            .await?;
                        Ok(())
                    })
                },
            )
            .await
    }

    /// When numbers were last heard of.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn last_heard_of(&self) -> Result<HashMap<NumberId, Timestamp>, StoreError> {
        let seen = self.db.see(Sight::Installation, "look up when numbers were last heard of").await?;
        let rows = number_signal::Entity::find()
            .order_by_asc(number_signal::Column::NumberId)
            .limit(MAX_NUMBERS)
            .all(seen.connection());
        let rows = seen.read(rows).await?;
        let heard =
            |row: number_signal::Model| (NumberId::from_uuid(row.number_id), timestamp(row.last_webhook_at));
        Ok(rows.into_iter().map(heard).collect())
    }
}

fn subject(about: About) -> String {
    match about {
        About::Number(_, number) => number.to_string(),
        About::Tenant(tenant) => tenant.to_string(),
        About::Node(node) => node.to_string(),
    }
}

fn from_columns(row: alert::Model) -> Result<Alert, StoreError> {
    let cell = |column| Cell { table: "alerts", column, id: row.id };
    let kind = cell("kind").word(&row.kind, AlertKind::from_word)?;
    let about = match (row.tenant_id, row.number_id) {
        (Some(tenant), Some(number)) => {
            About::Number(TenantId::from_uuid(tenant), NumberId::from_uuid(number))
        }
        (Some(tenant), None) => About::Tenant(TenantId::from_uuid(tenant)),
        (None, _) => {
            let node: NodeId =
                row.subject.parse().map_err(|_| cell("subject").unreadable("it names no machine"))?;
            About::Node(node)
        }
    };
    Ok(Alert {
        id: AlertId::from_uuid(row.id),
        kind,
        about,
        data: row.data,
        since: timestamp(row.since),
        acknowledged_at: row.acknowledged_at.map(timestamp),
        resolved_at: row.resolved_at.map(timestamp),
    })
}
