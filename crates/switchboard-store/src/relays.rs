//! Where webhooks are passed on to, and the bodies on their way there.

use std::fmt;

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use switchboard_core::access::Scope;
use switchboard_core::audit::{AuditKind, AuditWhat};
use switchboard_core::ids::{NumberId, RelayTargetId, TenantId};
use switchboard_core::time::Timestamp;
use uuid::Uuid;

use crate::audit::{self, AuditSubject, Author};
use crate::columns::{self, Cell, moment, timestamp};
use crate::db::{Db, Lane, Sight};
use crate::entities::{job, outbox, relay_target};
use crate::error::{Failure, StoreError};
use crate::jobs::{JobState, NewJob, Owed, owe};
use crate::scope;
use crate::sealing::keyring::Keyring;

/// Places of one installation, at the most.
const MAX_TARGETS: u64 = 1_000;

/// A place webhooks are passed on to.
#[derive(Clone)]
pub struct RelayTarget {
    /// Its id.
    pub id: RelayTargetId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Only what is about this number.
    pub number: Option<NumberId>,
    /// Where to.
    pub url: String,
    /// Signs what goes there, besides the provider's own signature. An error when its key is gone.
    pub secret: Result<Option<SecretString>, StoreError>,
    /// Off: nothing is owed.
    pub enabled: bool,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl fmt::Debug for RelayTarget {
    /// The address may carry a secret in its path.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelayTarget")
            .field("id", &self.id)
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}

/// What people choose.
#[derive(Clone)]
pub struct RelaySettings {
    /// Where to.
    pub url: String,
    /// Only what is about this number.
    pub number: Option<NumberId>,
    /// Off: nothing is owed.
    pub enabled: bool,
}

impl fmt::Debug for RelaySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelaySettings").field("enabled", &self.enabled).finish_non_exhaustive()
    }
}

/// What becomes of the secret.
#[derive(Debug, Clone)]
pub enum SecretChange {
    /// It stays.
    Keep,
    /// There is none any more.
    Remove,
    /// This one.
    Set(SecretString),
}

/// A webhook as it came, and who is owed it.
#[derive(Clone)]
pub struct Relayed {
    /// Its id.
    pub outbox: Uuid,
    /// Whose numbers it is about; all of them.
    pub tenant: TenantId,
    /// The content type as it came.
    pub content_type: Option<String>,
    /// The provider's signature as it came.
    pub signature: String,
    /// The bytes that were signed.
    pub body: Vec<u8>,
    /// When it came.
    pub at: Timestamp,
    /// One delivery for each place.
    pub deliveries: Vec<NewJob>,
}

impl fmt::Debug for Relayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relayed")
            .field("bytes", &self.body.len())
            .field("deliveries", &self.deliveries.len())
            .finish_non_exhaustive()
    }
}

/// A body on its way out.
#[derive(Clone)]
pub struct OutgoingBody {
    /// The content type as it came.
    pub content_type: Option<String>,
    /// The provider's signature as it came.
    pub signature: String,
    /// The bytes that were signed.
    pub body: Vec<u8>,
}

impl fmt::Debug for OutgoingBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutgoingBody").field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// Questions about places and bodies.
#[derive(Debug, Clone, Copy)]
pub struct Relays<'s> {
    pub(crate) db: &'s Db,
}

impl Relays<'_> {
    /// One more place.
    ///
    /// # Errors
    /// [`StoreError::Dangling`] when the number is not of this tenant, or when the database fails.
    pub async fn create(
        &self,
        scope: &Scope,
        new: RelaySettings,
        secret: Option<SecretString>,
        author: &Author,
    ) -> Result<RelayTarget, StoreError> {
        let id = columns::fresh_uuid();
        let row = relay_target::ActiveModel {
            id: Set(id),
            tenant_id: Set(scope.tenant.uuid()),
            number_id: Set(new.number.map(NumberId::uuid)),
            url: Set(columns::text(&new.url)),
            secret: Set(secret.map(|secret| self.db.keys().seal(secret_of(id), secret.expose_secret()))),
            enabled: Set(new.enabled),
            created_at: Set(moment(author.at)),
            updated_at: Set(moment(author.at)),
        };
        let entry = author.did(AuditWhat::RelayMade, subject(id), json!({ "enabled": new.enabled }));
        let entry = audit::row(scope, entry);
        let row = self
            .db
            .write(Lane::Settings, scope, 2, "add a webhook relay", move |transaction| {
                Box::pin(async move {
                    let row = relay_target::Entity::insert(row).exec_with_returning(transaction).await?;
                    audit::append(transaction, Some(entry)).await?;
                    Ok(row)
                })
            })
            .await?;
        Ok(target(row, self.db.keys()))
    }

    /// The places of this tenant, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self, scope: &Scope) -> Result<Vec<RelayTarget>, StoreError> {
        let seen = self.db.see(scope, "list webhook relays").await?;
        let rows = scope::find::<relay_target::Entity>(scope)
            .order_by_asc(relay_target::Column::Id)
            .limit(MAX_TARGETS)
            .all(seen.connection());
        let rows = seen.read(rows).await?;
        Ok(rows.into_iter().map(|row| target(row, self.db.keys())).collect())
    }

    /// The places of everybody that are switched on. The exchange asks, to know whom it owes a webhook.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn enabled(&self) -> Result<Vec<RelayTarget>, StoreError> {
        let seen = self.db.see(Sight::Installation, "list webhook relays of everybody").await?;
        let rows = relay_target::Entity::find()
            .filter(relay_target::Column::Enabled.eq(true))
            .order_by_asc(relay_target::Column::Id)
            .limit(MAX_TARGETS)
            .all(seen.connection());
        let rows = seen.read(rows).await?;
        Ok(rows.into_iter().map(|row| target(row, self.db.keys())).collect())
    }

    /// One place of this scope.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_id(&self, scope: &Scope, id: RelayTargetId) -> Result<Option<RelayTarget>, StoreError> {
        let seen = self.db.see(scope, format!("look up {id}")).await?;
        let row = scope::find::<relay_target::Entity>(scope)
            .filter(relay_target::Column::Id.eq(id.uuid()))
            .one(seen.connection());
        Ok(seen.read(row).await?.map(|row| target(row, self.db.keys())))
    }

    /// Changes a place.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Dangling`] when the number is not of this tenant, or when the database
    /// fails.
    pub async fn change(
        &self,
        scope: &Scope,
        id: RelayTargetId,
        new: RelaySettings,
        secret: SecretChange,
        author: &Author,
    ) -> Result<RelayTarget, StoreError> {
        let doing = format!("change {id}");
        let mut change = scope::update::<relay_target::Entity>(scope)
            .col_expr(relay_target::Column::Url, Expr::val(columns::text(&new.url)))
            .col_expr(relay_target::Column::NumberId, Expr::val(new.number.map(NumberId::uuid)))
            .col_expr(relay_target::Column::Enabled, Expr::val(new.enabled))
            .col_expr(relay_target::Column::UpdatedAt, Expr::val(moment(author.at)))
            .filter(relay_target::Column::Id.eq(id.uuid()));
        let what = match secret {
            SecretChange::Keep => AuditWhat::RelayChanged,
            SecretChange::Remove | SecretChange::Set(_) => AuditWhat::SecretChanged,
        };
        let entry = author.did(what, subject(id.uuid()), json!({ "enabled": new.enabled }));
        let entry = audit::row(scope, entry);
        change = match secret {
            SecretChange::Keep => change,
            SecretChange::Remove => {
                change.col_expr(relay_target::Column::Secret, Expr::val(Option::<String>::None))
            }
            SecretChange::Set(secret) => {
                let sealed = self.db.keys().seal(secret_of(id.uuid()), secret.expose_secret());
                change.col_expr(relay_target::Column::Secret, Expr::val(sealed))
            }
        };
        let missing = StoreError::NotFound { doing: doing.clone().into() };
        let row = self
            .db
            .write(Lane::Settings, scope, 2, doing, move |transaction| {
                Box::pin(async move {
                    let mut rows = change.exec_with_returning(transaction).await?;
                    let Some(row) = rows.pop() else { return Err(missing.into()) };
                    audit::append(transaction, Some(entry)).await?;
                    Ok(row)
                })
            })
            .await?;
        Ok(target(row, self.db.keys()))
    }

    /// Removes a place; what it is still owed is discarded.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or when the database fails.
    pub async fn delete(&self, scope: &Scope, id: RelayTargetId, author: &Author) -> Result<(), StoreError> {
        let at = author.at;
        let entry = audit::row(scope, author.did(AuditWhat::RelayDeleted, subject(id.uuid()), json!({})));
        let doing = format!("remove {id}");
        let missing = StoreError::NotFound { doing: doing.clone().into() };
        let gone = scope::ids::<relay_target::Entity>(scope, relay_target::Column::Id, id.uuid());
        // Bodies and places in order are taken away by the next tidying.
        let owed = scope::update::<job::Entity>(scope)
            .col_expr(job::Column::State, Expr::val(JobState::Discarded.as_str()))
            .col_expr(job::Column::FinishedAt, Expr::val(moment(at)))
            .filter(job::Column::TargetId.eq(id.uuid()))
            .filter(job::Column::State.is_in([JobState::Waiting.as_str(), JobState::Dead.as_str()]));
        self.db
            .write(Lane::Settings, scope, 2, doing, move |transaction| {
                Box::pin(async move {
                    let removed = relay_target::Entity::delete_many()
                        .filter(relay_target::Column::Id.in_subquery(gone))
                        .exec(transaction)
                        .await?;
                    if removed.rows_affected == 0 {
                        return Err(missing.into());
                    }
                    owed.exec(transaction).await?;
                    audit::append(transaction, Some(entry)).await
                })
            })
            .await
    }

    /// A body on its way out; none: nobody is owed it any more.
    ///
    /// # Errors
    /// When the database fails, or the sealed body does not open.
    pub async fn body(&self, tenant: TenantId, id: Uuid) -> Result<Option<OutgoingBody>, StoreError> {
        let scope = Scope::of_the_exchange(tenant);
        let seen = self.db.see(&scope, "read a body on its way out").await?;
        let row = outbox::Entity::find()
            .filter(outbox::Column::Id.eq(id))
            .filter(outbox::Column::TenantId.eq(tenant.uuid()))
            .one(seen.connection());
        let Some(row) = seen.read(row).await? else { return Ok(None) };
        Ok(Some(OutgoingBody {
            content_type: row.content_type,
            signature: row.signature,
            body: self.db.keys().open_bytes(body_of(id), &row.body)?,
        }))
    }
}

/// A body and its deliveries as rows, sealed: made before the transaction begins.
pub(crate) struct Outgoing {
    body: outbox::ActiveModel,
    owed: Owed,
}

impl Outgoing {
    pub(crate) fn new(relayed: Relayed, keys: &Keyring) -> Self {
        let body = outbox::ActiveModel {
            id: Set(relayed.outbox),
            tenant_id: Set(relayed.tenant.uuid()),
            content_type: Set(relayed.content_type.as_deref().map(columns::text)),
            signature: Set(columns::text(&relayed.signature)),
            body: Set(keys.seal(body_of(relayed.outbox), &relayed.body)),
            created_at: Set(moment(relayed.at)),
        };
        Self { body, owed: Owed::new(relayed.deliveries, keys) }
    }

    pub(crate) fn rows(&self) -> usize {
        1 + self.owed.len()
    }
}

/// Writes down who is owed a webhook, in the transaction that keeps it.
pub(crate) async fn owe_webhook(
    transaction: &DatabaseTransaction,
    outgoing: Outgoing,
) -> Result<(), Failure> {
    outbox::Entity::insert(outgoing.body).exec_without_returning(transaction).await?;
    owe(transaction, outgoing.owed).await
}

fn target(row: relay_target::Model, keys: &Keyring) -> RelayTarget {
    let secret = row.secret.map(|sealed| keys.open(secret_of(row.id), &sealed)).transpose();
    RelayTarget {
        id: RelayTargetId::from_uuid(row.id),
        tenant: TenantId::from_uuid(row.tenant_id),
        number: row.number_id.map(NumberId::from_uuid),
        url: row.url,
        secret: secret.map(|secret| secret.map(SecretString::from)),
        enabled: row.enabled,
        created_at: timestamp(row.created_at),
        updated_at: timestamp(row.updated_at),
    }
}

fn subject(id: Uuid) -> AuditSubject {
    AuditSubject::new(AuditKind::Relay, RelayTargetId::from_uuid(id))
}

fn secret_of(id: Uuid) -> Cell {
    Cell { table: "relay_targets", column: "secret", id }
}

fn body_of(id: Uuid) -> Cell {
    Cell { table: "outbox", column: "body", id }
}
