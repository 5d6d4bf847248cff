//! The block list in memory: asked at every call, changed by people, effective from the next call on.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{PoisonError, RwLock};

use switchboard_core::access::Scope;
use switchboard_core::admission::Block;
use switchboard_core::ids::{BlockId, TenantId};
use switchboard_store::StoreError;
use switchboard_store::audit::AuditBy;
use switchboard_store::blocked_callers::{Blocked, BlockedCaller, NewBlock};
use switchboard_store::calls::Caller;
use switchboard_store::numbers::Number;

use crate::Engine;

/// The entries of every tenant.
#[derive(Debug, Default)]
pub(crate) struct BlockLists(RwLock<HashMap<TenantId, Vec<(BlockId, Block)>>>);

impl BlockLists {
    fn replace(&self, all: Vec<BlockedCaller>) {
        let mut lists: HashMap<TenantId, Vec<(BlockId, Block)>> = HashMap::new();
        for entry in all {
            lists.entry(entry.tenant).or_default().push((entry.id, entry.block));
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = lists;
    }

    fn add(&self, entry: &BlockedCaller) {
        let mut lists = self.0.write().unwrap_or_else(PoisonError::into_inner);
        lists.entry(entry.tenant).or_default().push((entry.id, entry.block.clone()));
    }

    fn remove(&self, tenant: TenantId, id: BlockId) {
        let mut lists = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(list) = lists.get_mut(&tenant) {
            list.retain(|(known, _)| *known != id);
        }
    }
}

impl Engine {
    pub(crate) async fn load_block_lists(&self) -> Result<(), StoreError> {
        let all = self.store().blocked_callers().of_the_installation(self.clock().now()).await?;
        self.block_lists().replace(all);
        Ok(())
    }

    /// Does the business not want this caller on this number?
    pub(crate) fn is_blocked(&self, number: &Number, caller: &Caller) -> bool {
        let now = self.clock().now();
        let lists = self.block_lists().0.read().unwrap_or_else(PoisonError::into_inner);
        lists.get(&number.tenant).is_some_and(|list| {
            list.iter().any(|(_, block)| {
                block.applies(now, number.id, caller.phone.as_ref(), caller.user_id.as_deref())
            })
        })
    }

    /// Blocks a caller, from his next call on.
    ///
    /// # Errors
    /// See [`switchboard_store::blocked_callers::BlockedCallers::create`].
    pub async fn block_caller(&self, scope: &Scope, new: NewBlock) -> Result<Blocked, StoreError> {
        let blocked = self.store().blocked_callers().create(scope, new).await?;
        if let Blocked::Made(entry) = &blocked {
            self.block_lists().add(entry);
        }
        Ok(blocked)
    }

    /// Lets a caller in again. None: there is no such entry in this scope.
    ///
    /// # Errors
    /// See [`switchboard_store::blocked_callers::BlockedCallers::delete`].
    pub async fn unblock_caller(
        &self,
        scope: &Scope,
        id: BlockId,
        who: AuditBy,
        address: Option<IpAddr>,
    ) -> Result<Option<BlockedCaller>, StoreError> {
        let now = self.clock().now();
        let gone = self.store().blocked_callers().delete(scope, id, who, address, now).await?;
        if let Some(entry) = &gone {
            self.block_lists().remove(entry.tenant, id);
        }
        Ok(gone)
    }
}
