//! An account and its branches, written in one transaction and read back together.

use std::collections::HashMap;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter,
    QueryOrder,
};
use secrecy::ExposeSecret;
use serde_json::json;
use switchboard_core::access::{Branches, Role, Scope};
use switchboard_core::audit::{AuditKind, AuditWhat};
use switchboard_core::ids::{BranchId, TenantId, UserId};
use uuid::Uuid;

use super::{NewUser, User, normal_email};
use crate::audit::{self, AuditSubject, Author};
use crate::columns::{self, Cell, moment, timestamp};
use crate::entities::{audit_entry, user, user_branch};
use crate::error::{Failure, StoreError};
use crate::scope;

/// An account that may be written.
pub(crate) struct Prepared {
    user: User,
    row: user::ActiveModel,
    branches: Vec<BranchId>,
    entry: audit_entry::ActiveModel,
}

impl Prepared {
    pub(super) fn rows(&self) -> usize {
        2 + self.branches.len()
    }

    /// The entry of the log says something else than that an account was made.
    pub(crate) fn told_as(self, entry: audit_entry::ActiveModel) -> Self {
        Self { entry, ..self }
    }

    pub(crate) fn user(&self) -> &User {
        &self.user
    }
}

/// Checks that who makes the account reaches what it will reach.
pub(crate) fn prepare(scope: &Scope, new: NewUser, author: &Author) -> Result<Prepared, StoreError> {
    const DOING: &str = "make a user";
    reaches(scope, &new.branches, DOING)?;
    let user = User {
        id: UserId::from_uuid(columns::fresh_uuid()),
        tenant: scope.tenant,
        role: new.role,
        branches: new.branches,
        email: normal_email(&new.email),
        name: columns::text(&new.name),
        language: new.language,
        disabled_at: None,
        created_at: timestamp(moment(new.created_at)),
    };
    let row = user::ActiveModel {
        id: Set(user.id.uuid()),
        tenant_id: Set(user.tenant.uuid()),
        email: Set(user.email.clone()),
        name: Set(user.name.clone()),
        role: Set(user.role.as_str().to_owned()),
        all_branches: Set(user.branches == Branches::All),
        password_hash: Set(new.password_hash.expose_secret().to_owned()),
        language: Set(user.language.clone()),
        disabled_at: Set(None),
        created_at: Set(moment(user.created_at)),
    };
    let detail = json!({"role": user.role.as_str(), "branch_ids": branch_words(&user.branches)});
    let entry = author.did(AuditWhat::UserCreated, subject(&user), detail);
    Ok(Prepared { branches: links(&user.branches), entry: audit::row(scope, entry), user, row })
}

/// Writes it, with its branches and its entry in the log.
pub(crate) async fn insert(transaction: &DatabaseTransaction, new: Prepared) -> Result<User, Failure> {
    user::Entity::insert(new.row).exec_without_returning(transaction).await?;
    link(transaction, &new.user, new.branches).await?;
    audit::append(transaction, Some(new.entry)).await?;
    Ok(new.user)
}

/// Writes for which branches a person works.
pub(super) async fn link(
    transaction: &DatabaseTransaction,
    user: &User,
    branches: Vec<BranchId>,
) -> Result<(), Failure> {
    let rows: Vec<_> = branches
        .into_iter()
        .map(|branch| user_branch::ActiveModel {
            user_id: Set(user.id.uuid()),
            branch_id: Set(branch.uuid()),
            tenant_id: Set(user.tenant.uuid()),
        })
        .collect();
    if !rows.is_empty() {
        user_branch::Entity::insert_many(rows).exec_without_returning(transaction).await?;
    }
    Ok(())
}

/// Each branch once.
pub(super) fn links(branches: &Branches) -> Vec<BranchId> {
    match branches {
        Branches::All => Vec::new(),
        Branches::Only(branches) => {
            let mut branches = branches.clone();
            branches.sort_unstable();
            branches.dedup();
            branches
        }
    }
}

/// Nobody gives away branches he does not reach himself.
pub(crate) fn reaches(scope: &Scope, branches: &Branches, doing: &'static str) -> Result<(), StoreError> {
    match branches {
        Branches::All if scope.branches != Branches::All => {
            Err(StoreError::OutOfScope { doing: doing.into() })
        }
        Branches::All => Ok(()),
        Branches::Only(branches) => branches
            .iter()
            .try_for_each(|branch| scope::check(scope, scope.tenant, Some(*branch), || doing.into())),
    }
}

/// As the log of what was done names a person.
pub(crate) fn subject(user: &User) -> AuditSubject {
    AuditSubject::new(AuditKind::User, user.id).named(user.name.clone())
}

/// `null` for all of them.
pub(crate) fn branch_words(branches: &Branches) -> Option<Vec<String>> {
    match branches {
        Branches::All => None,
        Branches::Only(branches) => Some(branches.iter().map(ToString::to_string).collect()),
    }
}

/// For which branches these people work, as far as they do not work for all.
pub(super) async fn branches_of(
    connection: &impl ConnectionTrait,
    rows: &[user::Model],
) -> Result<HashMap<Uuid, Vec<BranchId>>, DbErr> {
    let narrowed: Vec<Uuid> = rows.iter().filter(|row| !row.all_branches).map(|row| row.id).collect();
    let mut branches: HashMap<Uuid, Vec<BranchId>> = HashMap::new();
    if !narrowed.is_empty() {
        let links = user_branch::Entity::find()
            .filter(user_branch::Column::UserId.is_in(narrowed))
            .order_by_asc(user_branch::Column::UserId)
            .order_by_asc(user_branch::Column::BranchId)
            .all(connection)
            .await?;
        for link in links {
            branches.entry(link.user_id).or_default().push(BranchId::from_uuid(link.branch_id));
        }
    }
    Ok(branches)
}

pub(super) fn assemble(
    rows: Vec<user::Model>,
    mut branches: HashMap<Uuid, Vec<BranchId>>,
) -> Result<Vec<User>, StoreError> {
    rows.into_iter()
        .map(|row| {
            let cell = Cell { table: "users", column: "role", id: row.id };
            Ok(User {
                role: cell.word(&row.role, Role::from_word)?,
                branches: if row.all_branches {
                    Branches::All
                } else {
                    Branches::Only(branches.remove(&row.id).unwrap_or_default())
                },
                id: UserId::from_uuid(row.id),
                tenant: TenantId::from_uuid(row.tenant_id),
                email: row.email,
                name: row.name,
                language: row.language,
                disabled_at: row.disabled_at.map(timestamp),
                created_at: timestamp(row.created_at),
            })
        })
        .collect()
}
