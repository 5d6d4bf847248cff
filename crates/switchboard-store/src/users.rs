//! People who sign in.

use std::collections::HashMap;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use secrecy::{ExposeSecret, SecretString};
use switchboard_core::access::{Branches, Role, Scope};
use switchboard_core::ids::{BranchId, TenantId, UserId};
use switchboard_core::time::Timestamp;
use uuid::Uuid;

use crate::columns::{self, Cell, moment, timestamp};
use crate::db::{Db, Lane};
use crate::entities::{session, user, user_branch};
use crate::error::{Failure, StoreError};
use crate::{MAX_PAGE, dialect, scope};

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
        Scope { tenant: self.tenant, branches: self.branches.clone(), role: self.role }
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
        self.insert(scope, new, false).await
    }

    /// Makes the first account of the installation; of two at once only one wins.
    ///
    /// # Errors
    /// [`StoreError::AlreadyThere`] when there is any user already; else like [`Self::create`].
    pub async fn create_first(&self, scope: &Scope, new: NewUser) -> Result<User, StoreError> {
        self.insert(scope, new, true).await
    }

    async fn insert(&self, scope: &Scope, new: NewUser, only_as_first: bool) -> Result<User, StoreError> {
        const DOING: &str = "make a user";
        let branches = match &new.branches {
            Branches::All => {
                if scope.branches != Branches::All {
                    return Err(StoreError::OutOfScope { doing: DOING.into() });
                }
                Vec::new()
            }
            Branches::Only(branches) => branches.clone(),
        };
        for branch in &branches {
            scope::check(scope, scope.tenant, Some(*branch), || DOING.into())?;
        }
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
        let (id, tenant) = (user.id.uuid(), user.tenant.uuid());
        self.db
            .write(Lane::Settings, 1 + branches.len(), DOING, move |transaction| {
                Box::pin(async move {
                    if only_as_first {
                        dialect::lock_users(transaction).await?;
                        if is_any_there(transaction).await? {
                            return Err(
                                StoreError::AlreadyThere { doing: "make the first user".into() }.into()
                            );
                        }
                    }
                    user::Entity::insert(row).exec_without_returning(transaction).await?;
                    for branch in branches {
                        let row = user_branch::ActiveModel {
                            user_id: Set(id),
                            branch_id: Set(branch.uuid()),
                            tenant_id: Set(tenant),
                        };
                        user_branch::Entity::insert(row).exec_without_returning(transaction).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        Ok(user)
    }

    /// Is there any user at all? Before any scope exists.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn any(&self) -> Result<bool, StoreError> {
        self.db.read("look for a user", is_any_there(self.db.reader())).await
    }

    /// Who signs in with this e-mail, disabled or not? Before any scope exists.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_email(&self, email: &str) -> Result<Option<UserWithPassword>, StoreError> {
        const DOING: &str = "look up a user by e-mail";
        let row =
            user::Entity::find().filter(user::Column::Email.eq(normal_email(email))).one(self.db.reader());
        let Some(row) = self.db.read(DOING, row).await? else { return Ok(None) };
        let password_hash = SecretString::from(row.password_hash.clone());
        let users = self.with_branches(vec![row]).await?;
        Ok(users.into_iter().next().map(|user| UserWithPassword { user, password_hash }))
    }

    /// One user of this scope.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_id(&self, scope: &Scope, id: UserId) -> Result<Option<User>, StoreError> {
        let row =
            scope::find::<user::Entity>(scope).filter(user::Column::Id.eq(id.uuid())).one(self.db.reader());
        let row = self.db.read(format!("look up {id}"), row).await?;
        Ok(self.with_branches(row.into_iter().collect()).await?.into_iter().next())
    }

    /// The users of this scope by name, [`MAX_PAGE`] at the most.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self, scope: &Scope) -> Result<Vec<User>, StoreError> {
        let rows = scope::find::<user::Entity>(scope)
            .order_by_asc(user::Column::Name)
            .order_by_asc(user::Column::Id)
            .limit(MAX_PAGE)
            .all(self.db.reader());
        let rows = self.db.read("list users", rows).await?;
        self.with_branches(rows).await
    }

    /// How these people of this scope are called; [`MAX_PAGE`] of them at the most.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn names(&self, scope: &Scope, ids: &[UserId]) -> Result<HashMap<UserId, String>, StoreError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = scope::find::<user::Entity>(scope)
            .select_only()
            .column(user::Column::Id)
            .column(user::Column::Name)
            .filter(user::Column::Id.is_in(ids.iter().take(MAX_PAGE as usize).map(|id| id.uuid())))
            .order_by_asc(user::Column::Id)
            .limit(MAX_PAGE)
            .into_tuple::<(Uuid, String)>()
            .all(self.db.reader());
        let rows = self.db.read("look up names", rows).await?;
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
            .write(Lane::Settings, 1, format!("disable or enable {id}"), move |transaction| {
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
            .write(Lane::Settings, 1, format!("change the language of {id}"), move |transaction| {
                Box::pin(async move {
                    found(change.exec(transaction).await?.rows_affected, id)?;
                    Ok(())
                })
            })
            .await
    }

    async fn with_branches(&self, rows: Vec<user::Model>) -> Result<Vec<User>, StoreError> {
        let narrowed: Vec<Uuid> = rows.iter().filter(|row| !row.all_branches).map(|row| row.id).collect();
        let mut branches: HashMap<Uuid, Vec<BranchId>> = HashMap::new();
        if !narrowed.is_empty() {
            let links = user_branch::Entity::find()
                .filter(user_branch::Column::UserId.is_in(narrowed))
                .order_by_asc(user_branch::Column::UserId)
                .order_by_asc(user_branch::Column::BranchId)
                .all(self.db.reader());
            for link in self.db.read("look up the branches of users", links).await? {
                branches.entry(link.user_id).or_default().push(BranchId::from_uuid(link.branch_id));
            }
        }
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
}

/// One spelling per mailbox.
fn normal_email(email: &str) -> String {
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
