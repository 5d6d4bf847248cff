//! Invitations to make an account. The link holds a token; only its hash is kept, and it opens once.

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use secrecy::SecretString;
use serde_json::{Value, json};
use switchboard_core::access::{Branches, Role, Scope};
use switchboard_core::audit::{AuditKind, AuditWhat};
use switchboard_core::ids::{InvitationId, TenantId};
use switchboard_core::time::Timestamp;

use crate::MAX_PAGE;
use crate::audit::{self, AuditBy, AuditSubject, Author};
use crate::columns::{self, Cell, moment, timestamp};
use crate::db::{Db, Lane, Sight};
use crate::entities::{invitation, tenant, user};
use crate::error::{Failure, StoreError};
use crate::jobs::{NewJob, Owed, owe};
use crate::scope;
use crate::users::account::{self, branch_words};
use crate::users::{NewUser, User, normal_email};

/// SHA-256 of a token, in hexadecimal.
pub type TokenHash = String;

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// The business.
    pub tenant: TenantId,
    /// Who is invited.
    pub email: String,
    /// As the inviter wrote it; the invited may write another.
    pub name: String,
    /// What the person will be allowed.
    pub role: Role,
    /// Which branches the person will work for.
    pub branches: Branches,
    /// Of mail and console.
    pub language: String,
    /// Who invited.
    pub made_by: Option<String>,
    /// When.
    pub created_at: Timestamp,
    /// From then on the link opens nothing.
    pub expires_at: Timestamp,
    /// When it was followed.
    pub accepted_at: Option<Timestamp>,
}

/// An invitation to be kept.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    /// Of the link's token.
    pub token_hash: TokenHash,
    /// Who is invited.
    pub email: String,
    /// The person's name.
    pub name: String,
    /// What the person will be allowed.
    pub role: Role,
    /// Which branches the person will work for.
    pub branches: Branches,
    /// Of mail and console.
    pub language: String,
    /// From then on the link opens nothing.
    pub expires_at: Timestamp,
}

/// What the invited adds.
#[derive(Debug, Clone)]
pub struct Acceptance {
    /// The person's name.
    pub name: String,
    /// In PHC format.
    pub password_hash: SecretString,
    /// Of the console.
    pub language: String,
}

/// Questions about invitations.
#[derive(Debug, Clone, Copy)]
pub struct Invitations<'s> {
    pub(crate) db: &'s Db,
}

impl Invitations<'_> {
    /// Keeps an invitation; an earlier one to the same address opens nothing any more.
    ///
    /// # Errors
    /// [`StoreError::AlreadyThere`] when the address has an account, [`StoreError::OutOfScope`] for branches the scope does
    /// not reach, or when the database fails.
    pub async fn create(
        &self,
        scope: &Scope,
        new: NewInvitation,
        author: &Author,
    ) -> Result<Invitation, StoreError> {
        self.create_owing(scope, new, Vec::new(), author).await
    }

    /// The same with the letter that is owed for it.
    ///
    /// # Errors
    /// See [`Self::create`]; nothing is owed then.
    pub async fn create_owing(
        &self,
        scope: &Scope,
        new: NewInvitation,
        owed: Vec<NewJob>,
        author: &Author,
    ) -> Result<Invitation, StoreError> {
        const DOING: &str = "invite somebody";
        account::reaches(scope, &new.branches, DOING)?;
        let made_by = match &author.who {
            AuditBy::Person { name, .. } | AuditBy::Key { name, .. } => Some(name.clone()),
            AuditBy::CommandLine | AuditBy::Exchange | AuditBy::Nobody => None,
        };
        let made = Invitation {
            id: InvitationId::from_uuid(columns::fresh_uuid()),
            tenant: scope.tenant,
            email: normal_email(&new.email),
            name: columns::text(&new.name),
            role: new.role,
            branches: new.branches,
            language: new.language,
            made_by,
            created_at: timestamp(moment(author.at)),
            expires_at: timestamp(moment(new.expires_at)),
            accepted_at: None,
        };
        let row = invitation::ActiveModel {
            id: Set(made.id.uuid()),
            tenant_id: Set(made.tenant.uuid()),
            token_hash: Set(new.token_hash),
            email: Set(made.email.clone()),
            name: Set(made.name.clone()),
            role: Set(made.role.as_str().to_owned()),
            branch_ids: Set(branch_words(&made.branches).map(Value::from)),
            language: Set(made.language.clone()),
            made_by_name: Set(made.made_by.as_deref().map(columns::text)),
            created_at: Set(moment(made.created_at)),
            expires_at: Set(moment(made.expires_at)),
            accepted_at: Set(None),
            revoked_at: Set(None),
        };
        let detail = json!({
            "email": made.email, "role": made.role.as_str(), "branch_ids": branch_words(&made.branches),
        });
        let entry = audit::row(scope, author.did(AuditWhat::InvitationMade, subject(&made), detail));
        let (email, now) = (made.email.clone(), moment(author.at));
        let tenant = scope.tenant.uuid();
        let owed = Owed::new(owed, self.db.keys());
        self.db
            // An address belongs to one person of the installation, so whether it is taken is asked of all of it.
            .write(Lane::Settings, Sight::Installation, 3 + owed.len(), DOING, move |transaction| {
                Box::pin(async move {
                    let taken = user::Entity::find()
                        .select_only()
                        .column(user::Column::Id)
                        .filter(user::Column::Email.eq(email.as_str()))
                        .into_tuple::<uuid::Uuid>()
                        .one(transaction)
                        .await?;
                    if taken.is_some() {
                        return Err(StoreError::AlreadyThere { doing: DOING.into() }.into());
                    }
                    invitation::Entity::update_many()
                        .col_expr(invitation::Column::RevokedAt, Expr::val(now))
                        .filter(invitation::Column::TenantId.eq(tenant))
                        .filter(invitation::Column::Email.eq(email.as_str()))
                        .filter(invitation::Column::AcceptedAt.is_null())
                        .filter(invitation::Column::RevokedAt.is_null())
                        .exec(transaction)
                        .await?;
                    invitation::Entity::insert(row).exec_without_returning(transaction).await?;
                    owe(transaction, owed).await?;
                    audit::append(transaction, Some(entry)).await
                })
            })
            .await?;
        Ok(made)
    }

    /// The invitations of this scope that were not followed or taken back, newest first, [`MAX_PAGE`] at the most.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open(&self, scope: &Scope) -> Result<Vec<Invitation>, StoreError> {
        let seen = self.db.see(scope, "list invitations").await?;
        let rows = scope::find::<invitation::Entity>(scope)
            .filter(invitation::Column::AcceptedAt.is_null())
            .filter(invitation::Column::RevokedAt.is_null())
            .order_by_desc(invitation::Column::CreatedAt)
            .order_by_desc(invitation::Column::Id)
            .limit(MAX_PAGE)
            .all(seen.connection());
        seen.read(rows).await?.into_iter().map(invitation).collect()
    }

    /// Takes an invitation back.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is not open, or when the database fails.
    pub async fn revoke(&self, scope: &Scope, id: InvitationId, author: &Author) -> Result<(), StoreError> {
        let change = scope::update::<invitation::Entity>(scope)
            .col_expr(invitation::Column::RevokedAt, Expr::val(moment(author.at)))
            .filter(invitation::Column::Id.eq(id.uuid()))
            .filter(invitation::Column::AcceptedAt.is_null())
            .filter(invitation::Column::RevokedAt.is_null());
        let subject = AuditSubject::new(AuditKind::Invitation, id);
        let (of_scope, author) = (scope.clone(), author.clone());
        let doing = format!("take back {id}");
        let not_found = StoreError::NotFound { doing: doing.clone().into() };
        self.db
            .write(Lane::Settings, scope, 2, doing, move |transaction| {
                Box::pin(async move {
                    let rows = change.exec_with_returning(transaction).await?;
                    let Some(row) = rows.into_iter().next() else { return Err(not_found.into()) };
                    let subject = subject.named(row.name.clone());
                    let entry =
                        author.did(AuditWhat::InvitationRevoked, subject, json!({"email": row.email}));
                    audit::append(transaction, Some(audit::row(&of_scope, entry))).await
                })
            })
            .await
    }

    /// The open invitation this token belongs to, with the name of the business. Before any scope exists.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_token(
        &self,
        token_hash: &str,
        now: Timestamp,
    ) -> Result<Option<(Invitation, String)>, StoreError> {
        let seen = self.db.see(Sight::Installation, "look up an invitation").await?;
        let row = open_at(token_hash, now).one(seen.connection());
        let Some(row) = seen.read(row).await? else { return Ok(None) };
        let tenant = tenant::Entity::find_by_id(row.tenant_id).one(seen.connection());
        let name = seen.read(tenant).await?.map(|tenant| tenant.name).unwrap_or_default();
        Ok(Some((invitation(row)?, name)))
    }

    /// Makes the account of an invitation; of two who follow the link at once only one does. None: it opens nothing
    /// (any more).
    ///
    /// # Errors
    /// [`StoreError::AlreadyThere`] when the address has an account meanwhile, [`StoreError::Dangling`] when a branch
    /// is gone, or when the database fails.
    pub async fn accept(
        &self,
        token_hash: &str,
        acceptance: Acceptance,
        address: Option<std::net::IpAddr>,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        let hash = token_hash.to_owned();
        self.db
            .write(Lane::Settings, Sight::Installation, 4, "follow an invitation", move |transaction| {
                Box::pin(async move {
                    let rows = invitation::Entity::update_many()
                        .col_expr(invitation::Column::AcceptedAt, Expr::val(moment(now)))
                        .filter(invitation::Column::TokenHash.eq(hash.as_str()))
                        .filter(invitation::Column::ExpiresAt.gt(moment(now)))
                        .filter(invitation::Column::AcceptedAt.is_null())
                        .filter(invitation::Column::RevokedAt.is_null())
                        .exec_with_returning(transaction)
                        .await?;
                    let Some(row) = rows.into_iter().next() else { return Ok(None) };
                    let invited = invitation(row)?;
                    make_account(transaction, invited, acceptance, address, now).await.map(Some)
                })
            })
            .await
    }
}

async fn make_account(
    transaction: &sea_orm::DatabaseTransaction,
    invited: Invitation,
    acceptance: Acceptance,
    address: Option<std::net::IpAddr>,
    now: Timestamp,
) -> Result<User, Failure> {
    let scope = Scope::of_the_exchange(invited.tenant);
    let new = NewUser {
        email: invited.email,
        name: acceptance.name,
        role: invited.role,
        branches: invited.branches,
        password_hash: acceptance.password_hash,
        language: acceptance.language,
        created_at: now,
    };
    let prepared = account::prepare(&scope, new, &Author::exchange(now))?;
    let user = prepared.user();
    let who = AuditBy::Person { id: user.id, name: user.name.clone() };
    let detail = json!({
        "invitation_id": invited.id.to_string(), "invited_by": invited.made_by,
        "role": user.role.as_str(), "branch_ids": branch_words(&user.branches),
    });
    let author = Author { who, address, at: now };
    let entry = author.did(AuditWhat::InvitationAccepted, account::subject(user), detail);
    account::insert(transaction, prepared.told_as(audit::row(&scope, entry))).await
}

fn open_at(token_hash: &str, now: Timestamp) -> sea_orm::Select<invitation::Entity> {
    invitation::Entity::find()
        .filter(invitation::Column::TokenHash.eq(token_hash))
        .filter(invitation::Column::ExpiresAt.gt(moment(now)))
        .filter(invitation::Column::AcceptedAt.is_null())
        .filter(invitation::Column::RevokedAt.is_null())
}

fn subject(invitation: &Invitation) -> AuditSubject {
    AuditSubject::new(AuditKind::Invitation, invitation.id).named(invitation.name.clone())
}

fn invitation(row: invitation::Model) -> Result<Invitation, StoreError> {
    let cell = |column| Cell { table: "invitations", column, id: row.id };
    Ok(Invitation {
        role: cell("role").word(&row.role, Role::from_word)?,
        branches: columns::branches(row.branch_ids.as_ref())
            .ok_or_else(|| cell("branch_ids").unreadable("not a list of branches"))?,
        id: InvitationId::from_uuid(row.id),
        tenant: TenantId::from_uuid(row.tenant_id),
        email: row.email,
        name: row.name,
        language: row.language,
        made_by: row.made_by_name,
        created_at: timestamp(row.created_at),
        expires_at: timestamp(row.expires_at),
        accepted_at: row.accepted_at.map(timestamp),
    })
}
