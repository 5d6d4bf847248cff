//! Keys of programs: a prefix people recognize, and the SHA-256 of the whole key. The key itself is never kept.

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;
use switchboard_core::access::{Branches, KeyScope, Role, Scope};
use switchboard_core::audit::{AuditKind, AuditWhat};
use switchboard_core::ids::{ApiKeyId, TenantId};
use switchboard_core::time::Timestamp;

use crate::MAX_PAGE;
use crate::audit::{self, AuditBy, AuditSubject, Author};
use crate::columns::{self, Cell, moment, timestamp};
use crate::db::{Db, Lane, Sight};
use crate::entities::api_key;
use crate::error::StoreError;
use crate::scope;
use crate::users::account::{self, branch_words};

/// Bytes of the hash by which the row is found. What the database compares in its own time says nothing about the rest.
const HASH_START: usize = 8;
/// Rows that share the same start of a hash: one, short of a collision somebody worked for.
const MAX_CANDIDATES: u64 = 8;

/// SHA-256 of a key.
pub type KeyHash = [u8; 32];

/// A key as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// The business.
    pub tenant: TenantId,
    /// What it is for.
    pub name: String,
    /// Its first characters, to recognize it by.
    pub prefix: String,
    /// What it may do.
    pub role: Role,
    /// What it may do instead, when there is anything.
    pub scopes: Vec<KeyScope>,
    /// Which branches it reaches.
    pub branches: Branches,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl ApiKey {
    /// What this key may see and do.
    #[must_use]
    pub fn scope(&self) -> Scope {
        Scope::new(self.tenant, self.branches.clone(), self.role)
    }
}

/// A key to be kept in the tenant of the scope.
#[derive(Clone)]
pub struct NewApiKey {
    /// Its first characters.
    pub prefix: String,
    /// SHA-256 of the whole key.
    pub hash: KeyHash,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// What it may do instead, when there is anything.
    pub scopes: Vec<KeyScope>,
    /// Which branches it reaches.
    pub branches: Branches,
    /// Now.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for NewApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewApiKey")
            .field("name", &self.name)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// Questions about API keys.
#[derive(Debug, Clone, Copy)]
pub struct ApiKeys<'s> {
    pub(crate) db: &'s Db,
}

impl ApiKeys<'_> {
    /// Keeps a key, which reaches nothing its maker does not.
    ///
    /// # Errors
    /// [`StoreError::OutOfScope`], [`StoreError::AlreadyThere`] for the same key twice, or when the database fails.
    pub async fn create(&self, scope: &Scope, new: NewApiKey) -> Result<ApiKey, StoreError> {
        let author = Author::exchange(new.created_at);
        self.create_by(scope, new, &author).await
    }

    /// The same, on behalf of somebody.
    ///
    /// # Errors
    /// Like [`Self::create`].
    pub async fn create_by(
        &self,
        scope: &Scope,
        new: NewApiKey,
        author: &Author,
    ) -> Result<ApiKey, StoreError> {
        const DOING: &str = "keep an API key";
        account::reaches(scope, &new.branches, DOING)?;
        let key = ApiKey {
            id: ApiKeyId::from_uuid(columns::fresh_uuid()),
            tenant: scope.tenant,
            name: columns::text(&new.name),
            prefix: columns::text(&new.prefix),
            role: new.role,
            scopes: new.scopes,
            branches: new.branches,
            last_used_at: None,
            created_at: timestamp(moment(new.created_at)),
        };
        let row = api_key::ActiveModel {
            id: Set(key.id.uuid()),
            tenant_id: Set(key.tenant.uuid()),
            name: Set(key.name.clone()),
            prefix: Set(key.prefix.clone()),
            hash_start: Set(hex::encode(&new.hash[..HASH_START])),
            hash: Set(hex::encode(new.hash)),
            role: Set(key.role.as_str().to_owned()),
            last_used_at: Set(None),
            created_at: Set(moment(key.created_at)),
            scopes: Set(words(&key.scopes).join(",")),
            branch_ids: Set(branch_words(&key.branches).map(Value::from)),
            made_by: Set(match &author.who {
                AuditBy::Person { id, .. } => Some(id.uuid()),
                AuditBy::Key { .. } | AuditBy::CommandLine | AuditBy::Exchange | AuditBy::Nobody => None,
            }),
        };
        let detail = json!({
            "role": key.role.as_str(), "scopes": words(&key.scopes), "branch_ids": branch_words(&key.branches),
        });
        let entry = audit::row(scope, author.did(AuditWhat::ApiKeyMade, subject(&key), detail));
        self.db
            .write(Lane::Settings, scope, 2, DOING, move |transaction| {
                Box::pin(async move {
                    api_key::Entity::insert(row).exec_without_returning(transaction).await?;
                    audit::append(transaction, Some(entry)).await
                })
            })
            .await?;
        Ok(key)
    }

    /// The keys of this scope by name, [`MAX_PAGE`] at the most. Only for a scope that reaches the whole tenant.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self, scope: &Scope) -> Result<Vec<ApiKey>, StoreError> {
        let seen = self.db.see(scope, "list API keys").await?;
        let rows = scope::find::<api_key::Entity>(scope)
            .order_by_asc(api_key::Column::Name)
            .order_by_asc(api_key::Column::Id)
            .limit(MAX_PAGE)
            .all(seen.connection());
        seen.read(rows).await?.into_iter().map(api_key).collect()
    }

    /// One key of this scope.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_id(&self, scope: &Scope, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        let seen = self.db.see(scope, format!("look up {id}")).await?;
        let row = scope::find::<api_key::Entity>(scope)
            .filter(api_key::Column::Id.eq(id.uuid()))
            .one(seen.connection());
        seen.read(row).await?.map(api_key).transpose()
    }

    /// Withdraws a key: from the commit on it opens nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or when the database fails.
    pub async fn revoke(&self, scope: &Scope, key: &ApiKey, author: &Author) -> Result<(), StoreError> {
        let id = key.id;
        let mine = scope::ids::<api_key::Entity>(scope, api_key::Column::Id, id.uuid());
        let deletion = api_key::Entity::delete_many().filter(api_key::Column::Id.in_subquery(mine));
        let detail = json!({"role": key.role.as_str(), "prefix": key.prefix});
        let entry = audit::row(scope, author.did(AuditWhat::ApiKeyRevoked, subject(key), detail));
        let doing = format!("withdraw {id}");
        let not_found = StoreError::NotFound { doing: doing.clone().into() };
        self.db
            .write(Lane::Settings, scope, 2, doing, move |transaction| {
                Box::pin(async move {
                    if deletion.exec(transaction).await?.rows_affected == 0 {
                        return Err(not_found.into());
                    }
                    audit::append(transaction, Some(entry)).await
                })
            })
            .await
    }

    /// Whose key is this? Before any scope exists. The hashes are compared in constant time.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_hash(&self, hash: &KeyHash) -> Result<Option<ApiKey>, StoreError> {
        let seen = self.db.see(Sight::Installation, "look up an API key").await?;
        let rows = api_key::Entity::find()
            .filter(api_key::Column::HashStart.eq(hex::encode(&hash[..HASH_START])))
            .order_by_asc(api_key::Column::Id)
            .limit(MAX_CANDIDATES)
            .all(seen.connection());
        let rows = seen.read(rows).await?;
        let wanted = hex::encode(hash);
        // Every candidate is compared, wherever the right one stands.
        let mut found = None;
        for row in rows {
            if bool::from(row.hash.as_bytes().ct_eq(wanted.as_bytes())) {
                found = Some(row);
            }
        }
        found.map(api_key).transpose()
    }

    /// Notes that a key was used.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn touch(&self, scope: &Scope, id: ApiKeyId, at: Timestamp) -> Result<(), StoreError> {
        let change = scope::update::<api_key::Entity>(scope)
            .col_expr(api_key::Column::LastUsedAt, Expr::val(moment(at)))
            .filter(api_key::Column::Id.eq(id.uuid()));
        self.db
            .write(Lane::Settings, scope, 1, format!("note the use of {id}"), move |transaction| {
                Box::pin(async move {
                    change.exec(transaction).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Is there any key at all? Before any scope exists.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn any(&self) -> Result<bool, StoreError> {
        let seen = self.db.see(Sight::Installation, "look for an API key").await?;
        let row = api_key::Entity::find().order_by_asc(api_key::Column::Id).limit(1).one(seen.connection());
        Ok(seen.read(row).await?.is_some())
    }
}

fn words(scopes: &[KeyScope]) -> Vec<&'static str> {
    scopes.iter().map(|scope| scope.as_str()).collect()
}

fn subject(key: &ApiKey) -> AuditSubject {
    AuditSubject::new(AuditKind::ApiKey, key.id).named(key.name.clone())
}

fn api_key(row: api_key::Model) -> Result<ApiKey, StoreError> {
    let cell = |column| Cell { table: "api_keys", column, id: row.id };
    let scopes = row.scopes.split(',').filter(|word| !word.is_empty());
    Ok(ApiKey {
        role: cell("role").word(&row.role, Role::from_word)?,
        scopes: scopes
            .map(|word| cell("scopes").word(word, KeyScope::from_word))
            .collect::<Result<_, _>>()?,
        branches: columns::branches(row.branch_ids.as_ref())
            .ok_or_else(|| cell("branch_ids").unreadable("not a list of branches"))?,
        id: ApiKeyId::from_uuid(row.id),
        tenant: TenantId::from_uuid(row.tenant_id),
        name: row.name,
        prefix: row.prefix,
        last_used_at: row.last_used_at.map(timestamp),
        created_at: timestamp(row.created_at),
    })
}
