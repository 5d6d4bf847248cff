//! What may be changed of an account, with what follows from it in the same transaction.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use switchboard_core::access::{Branches, Role, Scope};
use switchboard_core::audit::AuditWhat;
use switchboard_core::ids::UserId;

use super::account::{self, branch_words, branches_of, subject};
use super::{User, Users, found};
use crate::audit::{self, Author};
use crate::columns::{self, moment};
use crate::db::Lane;
use crate::entities::{password_reset, session, user, user_branch};
use crate::error::{Failure, StoreError};
use crate::{dialect, scope};

/// What is to be changed; none leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    /// As colleagues read it.
    pub name: Option<String>,
    /// What the person may do.
    pub role: Option<Role>,
    /// Which branches the person works for.
    pub branches: Option<Branches>,
    /// Of the console.
    pub language: Option<String>,
    /// True: shut out, with all sessions; false: let in again.
    pub disabled: Option<bool>,
}

/// What came of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one at a time, on its way to an answer")]
pub enum UserChanged {
    /// It is written.
    Done {
        /// The account before.
        before: User,
        /// The account now.
        after: User,
    },
    /// Nobody would be left to administer the business; nothing is written.
    LastAdmin,
}

/// A new password.
#[derive(Debug, Clone)]
pub struct PasswordSet {
    /// In PHC format.
    pub hash: SecretString,
    /// The session that goes on, by the hash of its id; every other ends.
    pub keep_session: Option<String>,
    /// The word in the log.
    pub what: AuditWhat,
}

impl Users<'_> {
    /// Changes an account. Its sessions end when it is shut out.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::OutOfScope`] or [`StoreError::Dangling`] for branches that are not theirs,
    /// or when the database fails.
    pub async fn change(
        &self,
        scope: &Scope,
        id: UserId,
        change: UserChange,
        author: &Author,
    ) -> Result<UserChanged, StoreError> {
        if let Some(branches) = &change.branches {
            account::reaches(scope, branches, "change a user")?;
        }
        let (of_scope, author) = (scope.clone(), author.clone());
        self.db
            .write(Lane::Settings, scope, 4, format!("change {id}"), move |transaction| {
                Box::pin(async move { apply(transaction, &of_scope, id, change, &author).await })
            })
            .await
    }

    /// Sets a new password and ends the sessions the old one opened.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or when the database fails.
    pub async fn set_password(
        &self,
        scope: &Scope,
        id: UserId,
        set: PasswordSet,
        author: &Author,
    ) -> Result<(), StoreError> {
        let (of_scope, author) = (scope.clone(), author.clone());
        self.db
            .write(Lane::Settings, scope, 3, format!("set the password of {id}"), move |transaction| {
                Box::pin(async move {
                    let user = one(transaction, &of_scope, id).await?;
                    replace_password(transaction, id, &set.hash, set.keep_session.as_deref()).await?;
                    let entry = author.did(set.what, subject(&user), json!({}));
                    audit::append(transaction, Some(audit::row(&of_scope, entry))).await
                })
            })
            .await
    }
}

/// The password itself, the sessions it had opened, and a link that is not needed any more.
pub(crate) async fn replace_password(
    transaction: &DatabaseTransaction,
    id: UserId,
    hash: &SecretString,
    keep_session: Option<&str>,
) -> Result<(), Failure> {
    let change = user::Entity::update_many()
        .col_expr(user::Column::PasswordHash, Expr::val(hash.expose_secret()))
        .filter(user::Column::Id.eq(id.uuid()));
    found(change.exec(transaction).await?.rows_affected, id)?;
    let mut sessions = session::Entity::delete_many().filter(session::Column::UserId.eq(id.uuid()));
    if let Some(keep) = keep_session {
        sessions = sessions.filter(session::Column::IdHash.ne(keep));
    }
    sessions.exec(transaction).await?;
    password_reset::Entity::delete_many()
        .filter(password_reset::Column::UserId.eq(id.uuid()))
        .exec(transaction)
        .await?;
    Ok(())
}

async fn one(transaction: &DatabaseTransaction, scope: &Scope, id: UserId) -> Result<User, Failure> {
    let row =
        scope::find::<user::Entity>(scope).filter(user::Column::Id.eq(id.uuid())).one(transaction).await?;
    let rows: Vec<_> = row.into_iter().collect();
    let links = branches_of(transaction, &rows).await?;
    let user = account::assemble(rows, links)?.into_iter().next();
    user.ok_or_else(|| StoreError::NotFound { doing: format!("look up {id}").into() }.into())
}

async fn apply(
    transaction: &DatabaseTransaction,
    scope: &Scope,
    id: UserId,
    change: UserChange,
    author: &Author,
) -> Result<UserChanged, Failure> {
    // Two administrators who demote each other at the same moment would leave nobody.
    dialect::lock_users(transaction).await?;
    let before = one(transaction, scope, id).await?;
    let after = User {
        name: change.name.as_deref().map_or_else(|| before.name.clone(), columns::text),
        role: change.role.unwrap_or(before.role),
        branches: change.branches.clone().unwrap_or_else(|| before.branches.clone()),
        language: change.language.clone().unwrap_or_else(|| before.language.clone()),
        disabled_at: match change.disabled {
            Some(true) => before.disabled_at.or(Some(author.at)),
            Some(false) => None,
            None => before.disabled_at,
        },
        ..before.clone()
    };
    if administers(&before) && !administers(&after) && !another_admin(transaction, scope, id).await? {
        return Ok(UserChanged::LastAdmin);
    }
    user::Entity::update_many()
        .col_expr(user::Column::Name, Expr::val(after.name.clone()))
        .col_expr(user::Column::Role, Expr::val(after.role.as_str()))
        .col_expr(user::Column::AllBranches, Expr::val(after.branches == Branches::All))
        .col_expr(user::Column::Language, Expr::val(after.language.clone()))
        .col_expr(user::Column::DisabledAt, Expr::val(after.disabled_at.map(moment)))
        .filter(user::Column::Id.eq(id.uuid()))
        .exec(transaction)
        .await?;
    if after.branches != before.branches {
        user_branch::Entity::delete_many()
            .filter(user_branch::Column::UserId.eq(id.uuid()))
            .exec(transaction)
            .await?;
        account::link(transaction, &after, account::links(&after.branches)).await?;
    }
    if after.disabled_at.is_some() {
        session::Entity::delete_many()
            .filter(session::Column::UserId.eq(id.uuid()))
            .exec(transaction)
            .await?;
        password_reset::Entity::delete_many()
            .filter(password_reset::Column::UserId.eq(id.uuid()))
            .exec(transaction)
            .await?;
    }
    for (what, detail) in told(&before, &after) {
        let entry = author.did(what, subject(&after), detail);
        audit::append(transaction, Some(audit::row(scope, entry))).await?;
    }
    Ok(UserChanged::Done { before, after })
}

fn administers(user: &User) -> bool {
    user.role >= Role::Admin && user.disabled_at.is_none()
}

async fn another_admin(
    transaction: &DatabaseTransaction,
    scope: &Scope,
    besides: UserId,
) -> Result<bool, Failure> {
    let count = user::Entity::find()
        .filter(user::Column::TenantId.eq(scope.tenant.uuid()))
        .filter(user::Column::Role.is_in([Role::Admin.as_str(), Role::Operator.as_str()]))
        .filter(user::Column::DisabledAt.is_null())
        .filter(user::Column::Id.ne(besides.uuid()))
        .count(transaction)
        .await?;
    Ok(count > 0)
}

/// What the log says of the difference.
fn told(before: &User, after: &User) -> Vec<(AuditWhat, Value)> {
    let mut told = Vec::new();
    let mut changed = Map::new();
    let mut from_to = |what: &str, from: Value, to: Value| {
        if from != to {
            changed.insert(what.to_owned(), json!({"from": from, "to": to}));
        }
    };
    from_to("name", json!(before.name), json!(after.name));
    from_to("role", json!(before.role.as_str()), json!(after.role.as_str()));
    from_to("branch_ids", json!(branch_words(&before.branches)), json!(branch_words(&after.branches)));
    from_to("language", json!(before.language), json!(after.language));
    if !changed.is_empty() {
        told.push((AuditWhat::UserChanged, Value::Object(changed)));
    }
    match (before.disabled_at, after.disabled_at) {
        (None, Some(_)) => told.push((AuditWhat::UserDisabled, json!({}))),
        (Some(_), None) => told.push((AuditWhat::UserEnabled, json!({}))),
        (None, None) | (Some(_), Some(_)) => {}
    }
    told
}
