//! Businesses and their branches.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait, QueryOrder, QuerySelect};
use sea_orm::{ColumnTrait, QueryFilter};
use switchboard_core::access::Scope;
use switchboard_core::ids::{BranchId, TenantId};
use switchboard_core::time::Timestamp;

use crate::MAX_PAGE;
use crate::columns::{self, moment};
use crate::db::{Db, Lane};
use crate::entities::{branch, tenant};
use crate::error::StoreError;
use crate::scope;

/// What the tenant of the first start is called by programs.
const DEFAULT_SLUG: &str = "default";
/// And by people, until they rename it.
const DEFAULT_NAME: &str = "My business";

/// A business with its users, numbers and calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its name.
    pub name: String,
}

/// A part of a business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Its id.
    pub id: BranchId,
    /// Its name.
    pub name: String,
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
        let found =
            tenant::Entity::find().filter(tenant::Column::Slug.eq(DEFAULT_SLUG)).one(self.db.reader());
        if let Some(row) = self.db.read(DOING, found).await? {
            return Ok(row.into());
        }
        let row = self
            .db
            .write(Lane::Settings, 1, DOING, move |transaction| {
                Box::pin(async move {
                    let new = tenant::ActiveModel {
                        id: Set(columns::fresh_uuid()),
                        slug: Set(DEFAULT_SLUG.to_owned()),
                        name: Set(DEFAULT_NAME.to_owned()),
                        created_at: Set(moment(at)),
                    };
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
        const DOING: &str = "look up the tenant";
        let row = tenant::Entity::find_by_id(scope.tenant.uuid()).one(self.db.reader());
        let row = self.db.read(DOING, row).await?;
        row.map(Into::into).ok_or(StoreError::NotFound { doing: DOING.into() })
    }

    /// The branches of this scope by name, [`MAX_PAGE`] at the most.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn branches(&self, scope: &Scope) -> Result<Vec<Branch>, StoreError> {
        let rows = scope::find::<branch::Entity>(scope)
            .order_by_asc(branch::Column::Name)
            .order_by_asc(branch::Column::Id)
            .limit(MAX_PAGE)
            .all(self.db.reader());
        let rows = self.db.read("list branches", rows).await?;
        Ok(rows.into_iter().map(|row| Branch { id: BranchId::from_uuid(row.id), name: row.name }).collect())
    }

    /// Adds a branch. Only a scope that reaches the whole tenant can: another could not see what it made.
    ///
    /// # Errors
    /// [`StoreError::OutOfScope`], [`StoreError::Dangling`] when there is no such tenant, or when the database fails.
    pub async fn create_branch(
        &self,
        scope: &Scope,
        name: &str,
        at: Timestamp,
    ) -> Result<Branch, StoreError> {
        const DOING: &str = "add a branch";
        let id = BranchId::from_uuid(columns::fresh_uuid());
        scope::check(scope, scope.tenant, Some(id), || DOING.into())?;
        let branch = Branch { id, name: columns::text(name) };
        let new = branch::ActiveModel {
            id: Set(id.uuid()),
            tenant_id: Set(scope.tenant.uuid()),
            name: Set(branch.name.clone()),
            created_at: Set(moment(at)),
        };
        self.db
            .write(Lane::Settings, 1, DOING, move |transaction| {
                Box::pin(async move {
                    branch::Entity::insert(new).exec_without_returning(transaction).await?;
                    Ok(())
                })
            })
            .await?;
        Ok(branch)
    }
}

impl From<tenant::Model> for Tenant {
    fn from(row: tenant::Model) -> Self {
        Self { id: TenantId::from_uuid(row.id), name: row.name }
    }
}
