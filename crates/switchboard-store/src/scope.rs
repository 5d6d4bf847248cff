//! The one place where a query learns whose rows it may touch (I5). Queries about rows that belong to a tenant
//! start here; a query that starts from the entity itself is a bug unless it runs before a scope exists.

use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait, Select, UpdateMany,
};
use switchboard_core::access::{Branches, Scope};
use switchboard_core::ids::{BranchId, TenantId};
use uuid::Uuid;

use crate::entities::{
    api_key, audit_entry, blocked_caller, branch, call, consent, contact, contact_import, conversation,
    invitation, job, message, number, permission_wallet, relay_target, user, user_branch,
};
use crate::error::{Doing, StoreError};

/// Rows that belong to a tenant, and some of them to branches.
pub(crate) trait Scoped: EntityTrait {
    /// The column that names the tenant.
    fn tenant() -> Self::Column;
    /// Which of the tenant's rows do these branches reach? What has no branch is seen by all (I5).
    fn reached_by(branches: &[Uuid]) -> SimpleExpr;
    /// The column of the branch, where a business may hide what has none (calls).
    fn branch_of_a_call() -> Option<Self::Column> {
        None
    }
}

/// Rows of this scope.
pub(crate) fn find<E: Scoped>(scope: &Scope) -> Select<E> {
    E::find().filter(within::<E>(scope))
}

/// Changes to rows of this scope.
pub(crate) fn update<E: Scoped>(scope: &Scope) -> UpdateMany<E> {
    E::update_many().filter(within::<E>(scope))
}

/// The id, if its row is in this scope: for changes to what hangs on it.
pub(crate) fn ids<E: Scoped>(scope: &Scope, column: E::Column, id: Uuid) -> SelectStatement {
    find::<E>(scope).select_only().column(column).filter(column.eq(id)).into_query()
}

/// The condition itself, for joins.
pub(crate) fn within<E: Scoped>(scope: &Scope) -> Condition {
    let tenant = Condition::all().add(E::tenant().eq(scope.tenant.uuid()));
    match &scope.branches {
        Branches::All => tenant,
        Branches::Only(mine) => {
            let mine: Vec<Uuid> = mine.iter().map(|branch| branch.uuid()).collect();
            let branch = E::branch_of_a_call().filter(|_| scope.hides_unbranched_calls);
            tenant.add(E::reached_by(&mine)).add_option(branch.map(|column| column.is_not_null()))
        }
    }
}

/// Refuses to write a row that its writer could not read back.
pub(crate) fn check(
    scope: &Scope,
    tenant: TenantId,
    branch: Option<BranchId>,
    doing: impl FnOnce() -> Doing,
) -> Result<(), StoreError> {
    if scope.tenant == tenant && scope.branches.reach(branch) {
        Ok(())
    } else {
        Err(StoreError::OutOfScope { doing: doing() })
    }
}

fn no_branch_or_one_of<C: ColumnTrait>(column: C, branches: &[Uuid]) -> SimpleExpr {
    column.is_null().or(column.is_in(branches.iter().copied()))
}

impl Scoped for call::Entity {
    fn tenant() -> call::Column {
        call::Column::TenantId
    }
    fn reached_by(branches: &[Uuid]) -> SimpleExpr {
        no_branch_or_one_of(call::Column::BranchId, branches)
    }
    fn branch_of_a_call() -> Option<call::Column> {
        Some(call::Column::BranchId)
    }
}

impl Scoped for number::Entity {
    fn tenant() -> number::Column {
        number::Column::TenantId
    }
    fn reached_by(branches: &[Uuid]) -> SimpleExpr {
        no_branch_or_one_of(number::Column::BranchId, branches)
    }
}

impl Scoped for branch::Entity {
    fn tenant() -> branch::Column {
        branch::Column::TenantId
    }
    fn reached_by(branches: &[Uuid]) -> SimpleExpr {
        branch::Column::Id.is_in(branches.iter().copied())
    }
}

impl Scoped for api_key::Entity {
    fn tenant() -> api_key::Column {
        api_key::Column::TenantId
    }
    /// A key belongs to the whole tenant.
    fn reached_by(_branches: &[Uuid]) -> SimpleExpr {
        Expr::val(true)
    }
}

impl Scoped for blocked_caller::Entity {
    fn tenant() -> blocked_caller::Column {
        blocked_caller::Column::TenantId
    }
    /// What is on all numbers concerns every branch; the rest is seen by those who see the number.
    fn reached_by(branches: &[Uuid]) -> SimpleExpr {
        let of_theirs = blocked_caller::Column::NumberId.in_subquery(numbers(branches));
        blocked_caller::Column::NumberId.is_null().or(of_theirs)
    }
}

impl Scoped for contact::Entity {
    fn tenant() -> contact::Column {
        contact::Column::TenantId
    }
    fn reached_by(branches: &[Uuid]) -> SimpleExpr {
        no_branch_or_one_of(contact::Column::BranchId, branches)
    }
}

impl Scoped for consent::Entity {
    fn tenant() -> consent::Column {
        consent::Column::TenantId
    }
    /// Seen by whoever sees the contact.
    fn reached_by(branches: &[Uuid]) -> SimpleExpr {
        consent::Column::ContactId.in_subquery(contacts(branches))
    }
}

/// What is between a contact and a number is seen by whoever sees both.
macro_rules! of_a_pair {
    ($($entity:ident),*) => {$(
        impl Scoped for $entity::Entity {
            fn tenant() -> $entity::Column {
                $entity::Column::TenantId
            }
            fn reached_by(branches: &[Uuid]) -> SimpleExpr {
                let contact = $entity::Column::ContactId.in_subquery(contacts(branches));
                contact.and($entity::Column::NumberId.in_subquery(numbers(branches)))
            }
        }
    )*};
}
of_a_pair!(conversation, message, permission_wallet);

fn contacts(branches: &[Uuid]) -> SelectStatement {
    Query::select()
        .column(contact::Column::Id)
        .from(contact::Entity)
        .and_where(no_branch_or_one_of(contact::Column::BranchId, branches))
        .to_owned()
}

fn numbers(branches: &[Uuid]) -> SelectStatement {
    Query::select()
        .column(number::Column::Id)
        .from(number::Entity)
        .and_where(no_branch_or_one_of(number::Column::BranchId, branches))
        .to_owned()
}

impl Scoped for contact_import::Entity {
    fn tenant() -> contact_import::Column {
        contact_import::Column::TenantId
    }
    /// It counts and names lines, never what is in them.
    fn reached_by(_branches: &[Uuid]) -> SimpleExpr {
        Expr::val(true)
    }
}

impl Scoped for audit_entry::Entity {
    fn tenant() -> audit_entry::Column {
        audit_entry::Column::TenantId
    }
    /// The log tells of the whole tenant: who sees a part of it sees none of the log.
    fn reached_by(_branches: &[Uuid]) -> SimpleExpr {
        Expr::val(false)
    }
}

impl Scoped for job::Entity {
    fn tenant() -> job::Column {
        job::Column::TenantId
    }
    /// What is owed is the whole tenant's.
    fn reached_by(_branches: &[Uuid]) -> SimpleExpr {
        Expr::val(true)
    }
}

impl Scoped for relay_target::Entity {
    fn tenant() -> relay_target::Column {
        relay_target::Column::TenantId
    }
    /// Where webhooks go is the whole tenant's.
    fn reached_by(_branches: &[Uuid]) -> SimpleExpr {
        Expr::val(true)
    }
}

impl Scoped for invitation::Entity {
    fn tenant() -> invitation::Column {
        invitation::Column::TenantId
    }
    /// Who invites administers the whole tenant.
    fn reached_by(_branches: &[Uuid]) -> SimpleExpr {
        Expr::val(false)
    }
}

impl Scoped for user::Entity {
    fn tenant() -> user::Column {
        user::Column::TenantId
    }
    /// People of no branch work for all of them.
    fn reached_by(branches: &[Uuid]) -> SimpleExpr {
        let theirs = || {
            let mut rows = Query::select();
            rows.expr(Expr::val(1)).from(user_branch::Entity).and_where(
                user_branch::Column::UserId.into_expr().equals((Alias::new("users"), Alias::new("id"))),
            );
            rows
        };
        let mut shared = theirs();
        shared.and_where(user_branch::Column::BranchId.is_in(branches.iter().copied()));
        Expr::exists(theirs()).not().or(Expr::exists(shared))
    }
}
