//! Links with which a person sets a new password. One per person: a newer one takes the place of the older.

use std::net::IpAddr;

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use secrecy::SecretString;
use serde_json::json;
use switchboard_core::access::Scope;
use switchboard_core::audit::AuditWhat;
use switchboard_core::ids::{TenantId, UserId};
use switchboard_core::time::Timestamp;

use crate::audit::{self, AuditBy, AuditSubject, Author};
use crate::columns::moment;
use crate::db::{Db, Lane, Sight};
use crate::entities::{password_reset, user};
use crate::error::StoreError;
use crate::invitations::TokenHash;
use crate::jobs::{NewJob, Owed, owe};
use crate::scope;
use crate::users::replace_password;

/// Questions about such links.
#[derive(Debug, Clone, Copy)]
pub struct PasswordResets<'s> {
    pub(crate) db: &'s Db,
}

impl PasswordResets<'_> {
    /// Keeps a link for a person of this scope.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for somebody who is not there or is shut out, or when the database fails.
    pub async fn create(
        &self,
        scope: &Scope,
        id: UserId,
        token_hash: TokenHash,
        expires_at: Timestamp,
        author: &Author,
    ) -> Result<(), StoreError> {
        self.create_owing(scope, id, token_hash, expires_at, Vec::new(), author).await
    }

    /// The same with the letter that is owed for it.
    ///
    /// # Errors
    /// See [`Self::create`]; nothing is owed then.
    pub async fn create_owing(
        &self,
        scope: &Scope,
        id: UserId,
        token_hash: TokenHash,
        expires_at: Timestamp,
        owed: Vec<NewJob>,
        author: &Author,
    ) -> Result<(), StoreError> {
        let owed = Owed::new(owed, self.db.keys());
        let row = password_reset::ActiveModel {
            user_id: Set(id.uuid()),
            tenant_id: Set(scope.tenant.uuid()),
            token_hash: Set(token_hash),
            created_at: Set(moment(author.at)),
            expires_at: Set(moment(expires_at)),
        };
        let replaced = [
            password_reset::Column::TokenHash,
            password_reset::Column::CreatedAt,
            password_reset::Column::ExpiresAt,
        ];
        let person = scope::find::<user::Entity>(scope)
            .filter(user::Column::Id.eq(id.uuid()))
            .filter(user::Column::DisabledAt.is_null());
        let (of_scope, author) = (scope.clone(), author.clone());
        let doing = format!("make a link to reset the password of {id}");
        let not_found = StoreError::NotFound { doing: doing.clone().into() };
        self.db
            .write(Lane::Settings, scope, 2 + owed.len(), doing, move |transaction| {
                Box::pin(async move {
                    let Some(person) = person.one(transaction).await? else { return Err(not_found.into()) };
                    password_reset::Entity::insert(row)
                        .on_conflict(
                            OnConflict::column(password_reset::Column::UserId)
                                .update_columns(replaced)
                                .to_owned(),
                        )
                        .exec_without_returning(transaction)
                        .await?;
                    owe(transaction, owed).await?;
                    let subject = of(id).named(person.name);
                    let entry = author.did(AuditWhat::PasswordResetMade, subject, json!({}));
                    audit::append(transaction, Some(audit::row(&of_scope, entry))).await
                })
            })
            .await
    }

    /// Does this token open something?
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_open(&self, token_hash: &str, now: Timestamp) -> Result<bool, StoreError> {
        let seen = self.db.see(Sight::Installation, "look up a link to reset a password").await?;
        let row = password_reset::Entity::find()
            .filter(password_reset::Column::TokenHash.eq(token_hash))
            .filter(password_reset::Column::ExpiresAt.gt(moment(now)))
            .one(seen.connection());
        Ok(seen.read(row).await?.is_some())
    }

    /// Sets the password of the person the token was made for, and ends all sessions. None: it opens nothing (any more).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn complete(
        &self,
        token_hash: &str,
        password_hash: SecretString,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Option<UserId>, StoreError> {
        let hash = token_hash.to_owned();
        self.db
            .write(Lane::Settings, Sight::Installation, 4, "reset a password", move |transaction| {
                Box::pin(async move {
                    let used = password_reset::Entity::delete_many()
                        .filter(password_reset::Column::TokenHash.eq(hash.as_str()))
                        .filter(password_reset::Column::ExpiresAt.gt(moment(now)))
                        .exec_with_returning(transaction)
                        .await?;
                    let Some(used) = used.into_iter().next() else { return Ok(None) };
                    let person = user::Entity::find_by_id(used.user_id)
                        .filter(user::Column::DisabledAt.is_null())
                        .one(transaction)
                        .await?;
                    let Some(person) = person else { return Ok(None) };
                    let id = UserId::from_uuid(person.id);
                    replace_password(transaction, id, &password_hash, None).await?;
                    let who = AuditBy::Person { id, name: person.name.clone() };
                    let author = Author { who, address, at: now };
                    let subject = of(id).named(person.name);
                    let entry = author.did(AuditWhat::PasswordReset, subject, json!({}));
                    let scope = Scope::of_the_exchange(TenantId::from_uuid(person.tenant_id));
                    audit::append(transaction, Some(audit::row(&scope, entry))).await?;
                    Ok(Some(id))
                })
            })
            .await
    }
}

fn of(id: UserId) -> AuditSubject {
    AuditSubject::new(switchboard_core::audit::AuditKind::User, id)
}
