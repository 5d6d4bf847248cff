//! Keys of programs: a prefix people recognize, and the SHA-256 of the whole key. The key itself is never kept.

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use subtle::ConstantTimeEq;
use switchboard_core::access::{Branches, Role, Scope};
use switchboard_core::ids::{ApiKeyId, TenantId};
use switchboard_core::time::Timestamp;

use crate::columns::{self, Cell, moment, timestamp};
use crate::db::{Db, Lane};
use crate::entities::api_key;
use crate::error::StoreError;
use crate::scope;

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
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl ApiKey {
    /// What this key may see and do.
    #[must_use]
    pub fn scope(&self) -> Scope {
        Scope { tenant: self.tenant, branches: Branches::All, role: self.role }
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
    /// Keeps a key. Only for a scope that reaches the whole tenant, as the key will.
    ///
    /// # Errors
    /// [`StoreError::OutOfScope`], [`StoreError::AlreadyThere`] for the same key twice, or when the database fails.
    pub async fn create(&self, scope: &Scope, new: NewApiKey) -> Result<ApiKey, StoreError> {
        const DOING: &str = "keep an API key";
        if scope.branches != Branches::All {
            return Err(StoreError::OutOfScope { doing: DOING.into() });
        }
        let key = ApiKey {
            id: ApiKeyId::from_uuid(columns::fresh_uuid()),
            tenant: scope.tenant,
            name: columns::text(&new.name),
            prefix: columns::text(&new.prefix),
            role: new.role,
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
        };
        self.db
            .write(Lane::Settings, 1, DOING, move |transaction| {
                Box::pin(async move {
                    api_key::Entity::insert(row).exec_without_returning(transaction).await?;
                    Ok(())
                })
            })
            .await?;
        Ok(key)
    }

    /// Whose key is this? Before any scope exists. The hashes are compared in constant time.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_hash(&self, hash: &KeyHash) -> Result<Option<ApiKey>, StoreError> {
        let rows = api_key::Entity::find()
            .filter(api_key::Column::HashStart.eq(hex::encode(&hash[..HASH_START])))
            .order_by_asc(api_key::Column::Id)
            .limit(MAX_CANDIDATES)
            .all(self.db.reader());
        let rows = self.db.read("look up an API key", rows).await?;
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
            .write(Lane::Settings, 1, format!("note the use of {id}"), move |transaction| {
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
        let row = api_key::Entity::find().order_by_asc(api_key::Column::Id).limit(1).one(self.db.reader());
        Ok(self.db.read("look for an API key", row).await?.is_some())
    }
}

fn api_key(row: api_key::Model) -> Result<ApiKey, StoreError> {
    let cell = Cell { table: "api_keys", column: "role", id: row.id };
    Ok(ApiKey {
        role: cell.word(&row.role, Role::from_word)?,
        id: ApiKeyId::from_uuid(row.id),
        tenant: TenantId::from_uuid(row.tenant_id),
        name: row.name,
        prefix: row.prefix,
        last_used_at: row.last_used_at.map(timestamp),
        created_at: timestamp(row.created_at),
    })
}
