//! People who sign in.

pub(crate) mod account;
mod change;

use std::collections::HashMap;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use secrecy::SecretString;
use switchboard_core::access::{Branches, Role, Scope};
use switchboard_core::ids::{TenantId, UserId};
use switchboard_core::time::Timestamp;
use uuid::Uuid;

use crate::audit::Author;
use crate::columns::{self, moment};
use crate::db::{Db, Lane, Seeing, Sight};
use crate::entities::{session, user};
use crate::error::{Failure, StoreError};
use crate::{MAX_PAGE, dialect, scope};

pub(crate) use change::replace_password;
pub use change::{PasswordSet, UserChange, UserChanged};

/// A person who signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// The business.
    pub tenant: TenantId,
    /// What the person may do.
    pub role: Role,
    /// Which branches the person works for.
    pub branches: Branches,
    /// Lower-case.
    pub email: String,
    /// As colleagues read it.
    pub name: String,
    /// Of the console: `en`, `es`, `pt-BR`.
    pub language: String,
    /// Since when the person may not sign in any more.
    pub disabled_at: Option<Timestamp>,
    /// When the account was made.
    pub created_at: Timestamp,
}

impl User {
    /// What this person may see and do.
    #[must_use]
    pub fn scope(&self) -> Scope {
        Scope::new(self.tenant, self.branches.clone(), self.role)
    }
}

/// A user with what proves it.
#[derive(Debug, Clone)]
pub struct UserWithPassword {
    /// Who.
    pub user: User,
    /// The password hash in PHC format.
    pub password_hash: SecretString,
}

/// An account to be made in the tenant of the scope.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Kept lower-case; unique in this installation.
    pub email: String,
    /// As colleagues read it.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// Which branches the person works for.
    pub branches: Branches,
    /// The password hash in PHC format.
    pub password_hash: SecretString,
    /// Of the console.
    pub language: String,
    /// Now.
    pub created_at: Timestamp,
}

/// Questions about users.
#[derive(Debug, Clone, Copy)]
pub struct Users<'s> {
    pub(crate) db: &'s Db,
}

impl Users<'_> {
    /// Makes an account.
    ///
    /// # Errors
    /// [`StoreError::AlreadyThere`] when the e-mail is taken, [`StoreError::OutOfScope`] for branches the scope does not
    /// reach, [`StoreError::Dangling`] for branches of another tenant, or when the database fails.
    pub async fn create(&self, scope: &Scope, new: NewUser) -> Result<User, StoreError> {
        let author = Author::exchange(new.created_at);
        self.insert(scope, new, &author, false).await
    }

    /// The same, on behalf of somebody.
    ///
    /// # Errors
    /// Like [`Self::create`].
    pub async fn create_by(&self, scope: &Scope, new: NewUser, author: &Author) -> Result<User, StoreError> {
        self.insert(scope, new, author, false).await
    }

    /// Makes the first account of the installation; of two at once only one wins.
    ///
    /// # Errors
    /// [`StoreError::AlreadyThere`] when there is any user already; else like [`Self::create`].
    pub async fn create_first(&self, scope: &Scope, new: NewUser) -> Result<User, StoreError> {
        let author = Author::exchange(new.created_at);
        self.insert(scope, new, &author, true).await
    }

    async fn insert(
        &self,
        scope: &Scope,
        new: NewUser,
        author: &Author,
        only_as_first: bool,
    ) -> Result<User, StoreError> {
        let new = account::prepare(scope, new, author)?;
        // Whether it is the first is a question about every tenant.
        let sight = if only_as_first { Sight::Installation } else { Sight::from(scope) };
        self.db
            .write(Lane::Settings, sight, new.rows(), "make a user", move |transaction| {
                Box::pin(async move {
                    if only_as_first {
                        dialect::lock_users(transaction).await?;
                        if is_any_there(transaction).await? {
                            return Err(
                                StoreError::AlreadyThere { doing: "make the first user".into() }.into()
                            );
                        }
                    }
                    account::insert(transaction, new).await
                })
            })
            .await
    }

    /// Is there any user at all? Before any scope exists.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn any(&self) -> Result<bool, StoreError> {
        let seen = self.db.see(Sight::Installation, "look for a user").await?;
        seen.read(is_any_there(seen.connection())).await
    }

    /// Who signs in with this e-mail, disabled or not? Before any scope exists.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_email(&self, email: &str) -> Result<Option<UserWithPassword>, StoreError> {
        const DOING: &str = "look up a user by e-mail";
        let seen = self.db.see(Sight::Installation, DOING).await?;
        let row =
            user::Entity::find().filter(user::Column::Email.eq(normal_email(email))).one(seen.connection());
        let Some(row) = seen.read(row).await? else { return Ok(None) };
        let password_hash = SecretString::from(row.password_hash.clone());
        let users = with_branches(&seen, vec![row]).await?;
        Ok(users.into_iter().next().map(|user| UserWithPassword { user, password_hash }))
    }

    /// One user of this scope.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_id(&self, scope: &Scope, id: UserId) -> Result<Option<User>, StoreError> {
        let seen = self.db.see(scope, format!("look up {id}")).await?;
        let row =
            scope::find::<user::Entity>(scope).filter(user::Column::Id.eq(id.uuid())).one(seen.connection());
        let row = seen.read(row).await?;
        Ok(with_branches(&seen, row.into_iter().collect()).await?.into_iter().next())
    }

    /// The users of this scope by name, [`MAX_PAGE`] at the most.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self, scope: &Scope) -> Result<Vec<User>, StoreError> {
        let seen = self.db.see(scope, "list users").await?;
        let rows = scope::find::<user::Entity>(scope)
            .order_by_asc(user::Column::Name)
            .order_by_asc(user::Column::Id)
            .limit(MAX_PAGE)
            .all(seen.connection());
        let rows = seen.read(rows).await?;
        with_branches(&seen, rows).await
    }

    /// How these people of this scope are called; [`MAX_PAGE`] of them at the most.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn names(&self, scope: &Scope, ids: &[UserId]) -> Result<HashMap<UserId, String>, StoreError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let seen = self.db.see(scope, "look up names").await?;
        let rows = scope::find::<user::Entity>(scope)
            .select_only()
            .column(user::Column::Id)
            .column(user::Column::Name)
            .filter(user::Column::Id.is_in(ids.iter().take(MAX_PAGE as usize).map(|id| id.uuid())))
            .order_by_asc(user::Column::Id)
            .limit(MAX_PAGE)
            .into_tuple::<(Uuid, String)>()
            .all(seen.connection());
        let rows = seen.read(rows).await?;
        Ok(rows.into_iter().map(|(id, name)| (UserId::from_uuid(id), name)).collect())
    }

    /// Shuts a person out (and ends all sessions in the same moment), or lets the person in again.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or when the database fails.
    pub async fn set_disabled(
        &self,
        scope: &Scope,
        id: UserId,
        disabled_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let change = scope::update::<user::Entity>(scope)
            .col_expr(user::Column::DisabledAt, Expr::val(disabled_at.map(moment)))
            .filter(user::Column::Id.eq(id.uuid()));
        self.db
            .write(Lane::Settings, scope, 1, format!("disable or enable {id}"), move |transaction| {
                Box::pin(async move {
                    found(change.exec(transaction).await?.rows_affected, id)?;
                    if disabled_at.is_some() {
                        session::Entity::delete_many()
                            .filter(session::Column::UserId.eq(id.uuid()))
                            .exec(transaction)
                            .await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Changes the language of a person's console.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or when the database fails.
    pub async fn set_language(&self, scope: &Scope, id: UserId, language: &str) -> Result<(), StoreError> {
        let change = scope::update::<user::Entity>(scope)
            .col_expr(user::Column::Language, Expr::val(columns::text(language)))
            .filter(user::Column::Id.eq(id.uuid()));
        self.db
            .write(Lane::Settings, scope, 1, format!("change the language of {id}"), move |transaction| {
                Box::pin(async move {
                    found(change.exec(transaction).await?.rows_affected, id)?;
                    Ok(())
                })
            })
            .await
    }
}

async fn with_branches(seen: &Seeing<'_>, rows: Vec<user::Model>) -> Result<Vec<User>, StoreError> {
    let links = seen.read(account::branches_of(seen.connection(), &rows)).await?;
    account::assemble(rows, links)
}

/// One spelling per mailbox.
pub(crate) fn normal_email(email: &str) -> String {
    columns::text(email.trim()).to_lowercase()
}

async fn is_any_there(connection: &impl ConnectionTrait) -> Result<bool, DbErr> {
    let row =
        user::Entity::find().select_only().column(user::Column::Id).order_by_asc(user::Column::Id).limit(1);
    Ok(row.into_tuple::<Uuid>().one(connection).await?.is_some())
}

fn found(rows: u64, id: UserId) -> Result<(), Failure> {
    if rows == 0 { Err(StoreError::NotFound { doing: format!("change {id}").into() }.into()) } else { Ok(()) }
}
