//! Businesses: their settings and branches.

mod branches;
mod outreach;

use std::time::Duration;

use sea_orm::sea_query::{Expr, LockType, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::{Map, Value, json};
use switchboard_core::access::{Branches, MaskNumbersFor, Scope};
use switchboard_core::audit::{AuditKind, AuditWhat};
use switchboard_core::ids::TenantId;
use switchboard_core::time::Timestamp;

pub use branches::{Branch, BranchDeleted, BranchUses};
pub use outreach::{Outreach, TemplateName};

use crate::MAX_PAGE;
use crate::audit::{self, AuditSubject, Author};
use crate::columns::{self, Cell, moment};
use crate::db::{Db, Lane, Sight};
use crate::entities::tenant;
use crate::error::{Failure, StoreError};

/// What the tenant of the first start is called by programs.
const DEFAULT_SLUG: &str = "default";
/// And by people, until they rename it.
const DEFAULT_NAME: &str = "My business";
/// How long an invitation's link opens something, unless the business says otherwise.
const INVITATION_VALID: Duration = Duration::from_secs(72 * 3_600);
/// The same for a link to set a new password.
const PASSWORD_RESET_VALID: Duration = Duration::from_secs(3_600);

/// A business with its users, numbers and calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its name.
    pub name: String,
}

/// What a business decides about its people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TenantSettings {
    /// Up to which role customers' numbers are shown in part only.
    pub mask_numbers_for: MaskNumbersFor,
    /// Calls without a branch are seen by all branches (I5).
    pub calls_without_branch_visible: bool,
    /// How long an invitation's link opens something.
    pub invitation_valid: Duration,
    /// The same for a link to set a new password.
    pub password_reset_valid: Duration,
}

impl Default for TenantSettings {
    fn default() -> Self {
        Self {
            mask_numbers_for: MaskNumbersFor::Nobody,
            calls_without_branch_visible: true,
            invitation_valid: INVITATION_VALID,
            password_reset_valid: PASSWORD_RESET_VALID,
        }
    }
}

impl TenantSettings {
    /// What the business hides from this scope.
    #[must_use]
    pub fn narrow(&self, scope: Scope) -> Scope {
        Scope {
            hides_unbranched_calls: !self.calls_without_branch_visible && scope.branches != Branches::All,
            masks_numbers: self.mask_numbers_for.masks(scope.role),
            ..scope
        }
    }
}

/// Questions about tenants.
#[derive(Debug, Clone, Copy)]
pub struct Tenants<'s> {
    pub(crate) db: &'s Db,
}

impl Tenants<'_> {
    /// The tenant everything belongs to until there are more; made at the first start. Before any scope exists.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn default_tenant(&self, at: Timestamp) -> Result<Tenant, StoreError> {
        const DOING: &str = "make the first tenant";
        let seen = self.db.see(Sight::Installation, DOING).await?;
        let found =
            tenant::Entity::find().filter(tenant::Column::Slug.eq(DEFAULT_SLUG)).one(seen.connection());
        if let Some(row) = seen.read(found).await? {
            return Ok(row.into());
        }
        drop(seen);
        let row = self
            .db
            .write(Lane::Settings, Sight::Installation, 1, DOING, move |transaction| {
                Box::pin(async move {
                    let new =
                        first_row(TenantId::from_uuid(columns::fresh_uuid()), DEFAULT_SLUG, DEFAULT_NAME, at);
                    // Two nodes may start at once: the second finds what the first made.
                    tenant::Entity::insert(new)
                        .on_conflict(OnConflict::column(tenant::Column::Slug).do_nothing().to_owned())
                        .exec_without_returning(transaction)
                        .await?;
                    let row = tenant::Entity::find()
                        .filter(tenant::Column::Slug.eq(DEFAULT_SLUG))
                        .one(transaction)
                        .await?;
                    row.ok_or_else(|| StoreError::NotFound { doing: DOING.into() }.into())
                })
            })
            .await?;
        Ok(row.into())
    }

    /// The tenant of this scope.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or when the database fails.
    pub async fn current(&self, scope: &Scope) -> Result<Tenant, StoreError> {
        self.row(scope, "look up the tenant").await.map(Into::into)
    }

    /// What the tenant of this scope decides about its people.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or when the database fails.
    pub async fn settings(&self, scope: &Scope) -> Result<TenantSettings, StoreError> {
        settings(&self.row(scope, "look up the settings of the tenant").await?)
    }

    async fn row(&self, scope: &Scope, doing: &'static str) -> Result<tenant::Model, StoreError> {
        let seen = self.db.see(scope, doing).await?;
        let row = tenant::Entity::find_by_id(scope.tenant.uuid()).one(seen.connection());
        seen.read(row).await?.ok_or(StoreError::NotFound { doing: doing.into() })
    }

    /// Every tenant by name, [`MAX_PAGE`] at the most: for operators.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of_the_installation(&self) -> Result<Vec<Tenant>, StoreError> {
        let seen = self.db.see(Sight::Installation, "list the tenants").await?;
        let rows = tenant::Entity::find()
            .order_by_asc(tenant::Column::Name)
            .order_by_asc(tenant::Column::Id)
            .limit(MAX_PAGE)
            .all(seen.connection());
        Ok(seen.read(rows).await?.into_iter().map(Into::into).collect())
    }

    /// Makes a tenant; the entry is written into its own log.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn create(&self, name: &str, author: &Author) -> Result<Tenant, StoreError> {
        let id = TenantId::from_uuid(columns::fresh_uuid());
        let made = Tenant { id, name: columns::text(name) };
        let row = first_row(id, &id.uuid().simple().to_string(), name, author.at);
        let scope = Scope::of_the_exchange(id);
        let entry = author.did(AuditWhat::TenantMade, subject(&made), json!({}));
        let entry = audit::row(&scope, entry);
        self.db
            .write(Lane::Settings, &scope, 2, "make a tenant", move |transaction| {
                Box::pin(async move {
                    tenant::Entity::insert(row).exec_without_returning(transaction).await?;
                    audit::append(transaction, Some(entry)).await
                })
            })
            .await?;
        Ok(made)
    }

    /// Gives the tenant of this scope another name.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or when the database fails.
    pub async fn rename(&self, scope: &Scope, name: &str, author: &Author) -> Result<Tenant, StoreError> {
        const DOING: &str = "rename the tenant";
        let renamed = Tenant { id: scope.tenant, name: columns::text(name) };
        let detail = json!({"name": renamed.name});
        let entry = audit::row(scope, author.did(AuditWhat::TenantChanged, subject(&renamed), detail));
        let change = tenant::Entity::update_many()
            .col_expr(tenant::Column::Name, Expr::val(renamed.name.clone()))
            .filter(tenant::Column::Id.eq(scope.tenant.uuid()));
        self.db
            .write(Lane::Settings, scope, 2, DOING, move |transaction| {
                Box::pin(async move {
                    if change.exec(transaction).await?.rows_affected == 0 {
                        return Err(StoreError::NotFound { doing: DOING.into() }.into());
                    }
                    audit::append(transaction, Some(entry)).await
                })
            })
            .await?;
        Ok(renamed)
    }

    /// Changes what the tenant of this scope decides about its people; says what it decides now.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or when the database fails.
    pub async fn change_settings(
        &self,
        scope: &Scope,
        change: impl FnOnce(&mut TenantSettings) + Send + 'static,
        author: &Author,
    ) -> Result<TenantSettings, StoreError> {
        let (of_scope, author) = (scope.clone(), author.clone());
        self.db
            .write(Lane::Settings, scope, 2, "change the settings of the tenant", move |transaction| {
                Box::pin(async move { apply(transaction, &of_scope, change, &author).await })
            })
            .await
    }
}

/// The row of the scope's tenant: nobody else changes it until the transaction is over. SQLite's write lock sees to it by
/// itself. Rows that refer to the tenant need not wait: its key does not change.
async fn locked(
    transaction: &DatabaseTransaction,
    scope: &Scope,
    doing: &'static str,
) -> Result<tenant::Model, Failure> {
    let row =
        tenant::Entity::find_by_id(scope.tenant.uuid()).lock(LockType::NoKeyUpdate).one(transaction).await?;
    Ok(row.ok_or(StoreError::NotFound { doing: doing.into() })?)
}

async fn apply(
    transaction: &DatabaseTransaction,
    scope: &Scope,
    change: impl FnOnce(&mut TenantSettings),
    author: &Author,
) -> Result<TenantSettings, Failure> {
    let row = locked(transaction, scope, "change the settings of the tenant").await?;
    let before = settings(&row)?;
    let mut after = before;
    change(&mut after);
    if after == before {
        return Ok(before);
    }
    tenant::Entity::update_many()
        .col_expr(tenant::Column::MaskNumbersFor, Expr::val(after.mask_numbers_for.as_str()))
        .col_expr(tenant::Column::CallsWithoutBranchVisible, Expr::val(after.calls_without_branch_visible))
        .col_expr(tenant::Column::InvitationValidS, Expr::val(seconds(after.invitation_valid)))
        .col_expr(tenant::Column::PasswordResetValidS, Expr::val(seconds(after.password_reset_valid)))
        .filter(tenant::Column::Id.eq(scope.tenant.uuid()))
        .exec(transaction)
        .await?;
    let subject = AuditSubject::new(AuditKind::Settings, scope.tenant);
    let entry = author.did(AuditWhat::SettingsChanged, subject, difference(&before, &after));
    audit::append(transaction, Some(audit::row(scope, entry))).await?;
    Ok(after)
}

fn difference(before: &TenantSettings, after: &TenantSettings) -> Value {
    let words = |settings: &TenantSettings| {
        [
            ("mask_numbers_for", json!(settings.mask_numbers_for.as_str())),
            ("calls_without_branch_visible", json!(settings.calls_without_branch_visible)),
            ("invitation_valid_s", json!(settings.invitation_valid.as_secs())),
            ("password_reset_valid_s", json!(settings.password_reset_valid.as_secs())),
        ]
    };
    let changed: Map<String, Value> = words(before)
        .into_iter()
        .zip(words(after))
        .filter(|((_, from), (_, to))| from != to)
        .map(|((name, from), (_, to))| (name.to_owned(), json!({"from": from, "to": to})))
        .collect();
    Value::Object(changed)
}

fn first_row(id: TenantId, slug: &str, name: &str, at: Timestamp) -> tenant::ActiveModel {
    let settings = TenantSettings::default();
    tenant::ActiveModel {
        id: Set(id.uuid()),
        slug: Set(slug.to_owned()),
        name: Set(columns::text(name)),
        created_at: Set(moment(at)),
        mask_numbers_for: Set(settings.mask_numbers_for.as_str().to_owned()),
        calls_without_branch_visible: Set(settings.calls_without_branch_visible),
        invitation_valid_s: Set(seconds(settings.invitation_valid)),
        password_reset_valid_s: Set(seconds(settings.password_reset_valid)),
        outreach: Set(json!({})),
    }
}

fn settings(row: &tenant::Model) -> Result<TenantSettings, StoreError> {
    let cell = |column| Cell { table: "tenants", column, id: row.id };
    let span = |seconds: i32| Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    Ok(TenantSettings {
        mask_numbers_for: cell("mask_numbers_for").word(&row.mask_numbers_for, MaskNumbersFor::from_word)?,
        calls_without_branch_visible: row.calls_without_branch_visible,
        invitation_valid: span(row.invitation_valid_s),
        password_reset_valid: span(row.password_reset_valid_s),
    })
}

fn seconds(span: Duration) -> i32 {
    i32::try_from(span.as_secs()).unwrap_or(i32::MAX)
}

fn subject(tenant: &Tenant) -> AuditSubject {
    AuditSubject::new(AuditKind::Tenant, tenant.id).named(tenant.name.clone())
}

impl From<tenant::Model> for Tenant {
    fn from(row: tenant::Model) -> Self {
        Self { id: TenantId::from_uuid(row.id), name: row.name }
    }
}
