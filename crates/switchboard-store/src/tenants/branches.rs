//! Parts of a business. One that is used is not removed: its calls would be seen by everybody, or by nobody.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde_json::json;
use switchboard_core::access::Scope;
use switchboard_core::audit::{AuditKind, AuditWhat};
use switchboard_core::ids::BranchId;
use switchboard_core::time::Timestamp;

use super::Tenants;
use crate::MAX_PAGE;
use crate::audit::{self, AuditSubject, Author};
use crate::columns::{self, moment};
use crate::db::Lane;
use crate::entities::{api_key, branch, call, invitation, number, user_branch};
use crate::error::{Failure, StoreError};
use crate::scope;

/// Keys and open invitations that are looked through for a branch.
const MAX_LOOKED_THROUGH: u64 = 5_000;

/// A part of a business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Its id.
    pub id: BranchId,
    /// Its name.
    pub name: String,
}

/// What a branch is used by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BranchUses {
    /// People who work for it.
    pub users: u64,
    /// Numbers that belong to it.
    pub numbers: u64,
    /// Its calls, past ones too.
    pub calls: u64,
    /// Keys that reach it and open invitations for it.
    pub keys_and_invitations: u64,
}

/// What came of removing a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BranchDeleted {
    /// It is gone.
    Done,
    /// It is used; nothing was removed.
    InUse(BranchUses),
}

impl Tenants<'_> {
    /// The branches of this scope by name, [`MAX_PAGE`] at the most.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn branches(&self, scope: &Scope) -> Result<Vec<Branch>, StoreError> {
        let seen = self.db.see(scope, "list branches").await?;
        let rows = scope::find::<branch::Entity>(scope)
            .order_by_asc(branch::Column::Name)
            .order_by_asc(branch::Column::Id)
            .limit(MAX_PAGE)
            .all(seen.connection());
        Ok(seen.read(rows).await?.into_iter().map(Into::into).collect())
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
        self.create_branch_by(scope, name, &Author::exchange(at)).await
    }

    /// The same, on behalf of somebody.
    ///
    /// # Errors
    /// Like [`Self::create_branch`].
    pub async fn create_branch_by(
        &self,
        scope: &Scope,
        name: &str,
        author: &Author,
    ) -> Result<Branch, StoreError> {
        const DOING: &str = "add a branch";
        let id = BranchId::from_uuid(columns::fresh_uuid());
        scope::check(scope, scope.tenant, Some(id), || DOING.into())?;
        let branch = Branch { id, name: columns::text(name) };
        let new = branch::ActiveModel {
            id: Set(id.uuid()),
            tenant_id: Set(scope.tenant.uuid()),
            name: Set(branch.name.clone()),
            created_at: Set(moment(author.at)),
        };
        let entry = audit::row(scope, author.did(AuditWhat::BranchMade, subject(&branch), json!({})));
        self.db
            .write(Lane::Settings, scope, 2, DOING, move |transaction| {
                Box::pin(async move {
                    branch::Entity::insert(new).exec_without_returning(transaction).await?;
                    audit::append(transaction, Some(entry)).await
                })
            })
            .await?;
        Ok(branch)
    }

    /// Gives a branch another name.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or when the database fails.
    pub async fn rename_branch(
        &self,
        scope: &Scope,
        id: BranchId,
        name: &str,
        author: &Author,
    ) -> Result<Branch, StoreError> {
        let renamed = Branch { id, name: columns::text(name) };
        let detail = json!({"name": renamed.name});
        let entry = audit::row(scope, author.did(AuditWhat::BranchChanged, subject(&renamed), detail));
        let change = scope::update::<branch::Entity>(scope)
            .col_expr(branch::Column::Name, Expr::val(renamed.name.clone()))
            .filter(branch::Column::Id.eq(id.uuid()));
        let doing = format!("rename {id}");
        let not_found = StoreError::NotFound { doing: doing.clone().into() };
        self.db
            .write(Lane::Settings, scope, 2, doing, move |transaction| {
                Box::pin(async move {
                    if change.exec(transaction).await?.rows_affected == 0 {
                        return Err(not_found.into());
                    }
                    audit::append(transaction, Some(entry)).await
                })
            })
            .await?;
        Ok(renamed)
    }

    /// Removes a branch nobody and nothing uses.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or when the database fails.
    pub async fn delete_branch(
        &self,
        scope: &Scope,
        id: BranchId,
        author: &Author,
    ) -> Result<BranchDeleted, StoreError> {
        let (of_scope, author) = (scope.clone(), author.clone());
        let doing = format!("remove {id}");
        let not_found = StoreError::NotFound { doing: doing.clone().into() };
        self.db
            .write(Lane::Settings, scope, 2, doing, move |transaction| {
                Box::pin(async move {
                    let row = scope::find::<branch::Entity>(&of_scope)
                        .filter(branch::Column::Id.eq(id.uuid()))
                        .one(transaction)
                        .await?;
                    let Some(row) = row else { return Err(not_found.into()) };
                    let uses = uses(transaction, &of_scope, id).await?;
                    if uses != BranchUses::default() {
                        return Ok(BranchDeleted::InUse(uses));
                    }
                    // What came between the counting and this line is held by the foreign keys.
                    branch::Entity::delete_by_id(row.id).exec(transaction).await?;
                    let entry = author.did(AuditWhat::BranchDeleted, subject(&row.into()), json!({}));
                    audit::append(transaction, Some(audit::row(&of_scope, entry))).await?;
                    Ok(BranchDeleted::Done)
                })
            })
            .await
    }
}

async fn uses(transaction: &DatabaseTransaction, scope: &Scope, id: BranchId) -> Result<BranchUses, Failure> {
    let branch = id.uuid();
    let word = id.to_string();
    let names = |ids: Option<serde_json::Value>| {
        ids.as_ref()
            .and_then(|ids| ids.as_array())
            .is_some_and(|ids| ids.iter().any(|id| id.as_str() == Some(word.as_str())))
    };
    let keys = api_key::Entity::find()
        .filter(api_key::Column::TenantId.eq(scope.tenant.uuid()))
        .order_by_asc(api_key::Column::Id)
        .limit(MAX_LOOKED_THROUGH)
        .all(transaction)
        .await?;
    let invitations = invitation::Entity::find()
        .filter(invitation::Column::TenantId.eq(scope.tenant.uuid()))
        .filter(invitation::Column::AcceptedAt.is_null())
        .filter(invitation::Column::RevokedAt.is_null())
        .order_by_asc(invitation::Column::Id)
        .limit(MAX_LOOKED_THROUGH)
        .all(transaction)
        .await?;
    let named =
        keys.into_iter().map(|key| key.branch_ids).chain(invitations.into_iter().map(|it| it.branch_ids));
    Ok(BranchUses {
        users: user_branch::Entity::find()
            .filter(user_branch::Column::BranchId.eq(branch))
            .count(transaction)
            .await?,
        numbers: number::Entity::find()
            .filter(number::Column::BranchId.eq(branch))
            .count(transaction)
            .await?,
        calls: call::Entity::find()
            .filter(call::Column::TenantId.eq(scope.tenant.uuid()))
            .filter(call::Column::BranchId.eq(branch))
            .count(transaction)
            .await?,
        keys_and_invitations: named.filter(|ids| names(ids.clone())).count() as u64,
    })
}

fn subject(branch: &Branch) -> AuditSubject {
    AuditSubject::new(AuditKind::Branch, branch.id).named(branch.name.clone())
}

impl From<branch::Model> for Branch {
    fn from(row: branch::Model) -> Self {
        Self { id: BranchId::from_uuid(row.id), name: row.name }
    }
}
