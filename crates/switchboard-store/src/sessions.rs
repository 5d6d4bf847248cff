//! Browsers that are signed in. The caller hashes the session id: a stolen database signs nobody in.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::Value;
use switchboard_core::access::Scope;
use switchboard_core::ids::{TenantId, UserId};
use switchboard_core::time::Timestamp;

use crate::columns::{self, moment, timestamp};
use crate::db::{Db, Lane, Sight};
use crate::entities::{session, user};
use crate::error::StoreError;
use crate::scope;

/// One session.
#[derive(Clone, PartialEq)]
pub struct SessionRow {
    /// Hash of the session's id.
    pub id_hash: String,
    /// Who is signed in.
    pub user: Option<UserId>,
    /// In which business.
    pub tenant: Option<TenantId>,
    /// What the session layer keeps.
    pub data: Value,
    /// From then on it counts for nothing.
    pub expires_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for SessionRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionRow")
            .field("user", &self.user)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Questions about sessions. They are asked before any scope exists.
#[derive(Debug, Clone, Copy)]
pub struct Sessions<'s> {
    pub(crate) db: &'s Db,
}

impl Sessions<'_> {
    /// Keeps a session, new or changed.
    ///
    /// # Errors
    /// [`StoreError::Dangling`] when there is no such user in that tenant, or when the database fails.
    pub async fn save(&self, session: &SessionRow) -> Result<(), StoreError> {
        let row = session::ActiveModel {
            id_hash: Set(session.id_hash.clone()),
            user_id: Set(session.user.map(UserId::uuid)),
            tenant_id: Set(session.tenant.map(TenantId::uuid)),
            data: Set(columns::json(&session.data)),
            expires_at: Set(moment(session.expires_at)),
            created_at: Set(moment(session.created_at)),
        };
        self.db
            .write(Lane::Settings, Sight::Installation, 1, "save a session", move |transaction| {
                Box::pin(async move {
                    let replaced = [
                        session::Column::UserId,
                        session::Column::TenantId,
                        session::Column::Data,
                        session::Column::ExpiresAt,
                    ];
                    session::Entity::insert(row)
                        .on_conflict(
                            OnConflict::column(session::Column::IdHash).update_columns(replaced).to_owned(),
                        )
                        .exec_without_returning(transaction)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// The session, unless it has expired.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(&self, id_hash: &str, now: Timestamp) -> Result<Option<SessionRow>, StoreError> {
        let seen = self.db.see(Sight::Installation, "load a session").await?;
        let row = session::Entity::find_by_id(id_hash.to_owned())
            .filter(session::Column::ExpiresAt.gt(moment(now)))
            .one(seen.connection());
        let row = seen.read(row).await?;
        Ok(row.map(|row| SessionRow {
            id_hash: row.id_hash,
            user: row.user_id.map(UserId::from_uuid),
            tenant: row.tenant_id.map(TenantId::from_uuid),
            data: row.data,
            expires_at: timestamp(row.expires_at),
            created_at: timestamp(row.created_at),
        }))
    }

    /// Signs one browser out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete(&self, id_hash: &str) -> Result<(), StoreError> {
        let deletion = session::Entity::delete_many().filter(session::Column::IdHash.eq(id_hash));
        self.delete_rows(Sight::Installation, "end a session", deletion).await.map(|_| ())
    }

    /// Signs a person of this scope out everywhere; says of how many browsers.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete_of_user(&self, scope: &Scope, user: UserId) -> Result<u64, StoreError> {
        let theirs = scope::ids::<user::Entity>(scope, user::Column::Id, user.uuid());
        let deletion = session::Entity::delete_many().filter(session::Column::UserId.in_subquery(theirs));
        self.delete_rows(scope.into(), "end the sessions of a user", deletion).await
    }

    /// Forgets what has expired; says how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn purge_expired(&self, now: Timestamp) -> Result<u64, StoreError> {
        let deletion = session::Entity::delete_many().filter(session::Column::ExpiresAt.lte(moment(now)));
        self.delete_rows(Sight::Installation, "forget expired sessions", deletion).await
    }

    async fn delete_rows(
        &self,
        sight: Sight,
        doing: &'static str,
        deletion: sea_orm::DeleteMany<session::Entity>,
    ) -> Result<u64, StoreError> {
        self.db
            .write(Lane::Settings, sight, 1, doing, move |transaction| {
                Box::pin(async move { Ok(deletion.exec(transaction).await?.rows_affected) })
            })
            .await
    }
}
