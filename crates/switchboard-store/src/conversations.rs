//! What one contact and one number have between them: until when the business may write freely, and whether a call was
//! offered.

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
};
use switchboard_core::access::Scope;
use switchboard_core::ids::{ContactId, MessageId, NumberId};
use switchboard_core::time::Timestamp;
use uuid::Uuid;

use crate::columns::{self, timestamp};
use crate::db::Db;
use crate::entities::conversation;
use crate::error::{Failure, StoreError};
use crate::{MAX_PAGE, scope};

/// What one contact and one number have between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// The contact.
    pub contact: ContactId,
    /// The number.
    pub number: NumberId,
    /// Until when the business may write freely; none: he never wrote or called.
    pub window_until: Option<Timestamp>,
    /// When he wrote or called last.
    pub last_inbound_at: Option<Timestamp>,
    /// When anything was written last.
    pub last_message_at: Option<Timestamp>,
    /// The offer of a call that waits for an answer, and since when.
    pub offer: Option<(MessageId, Timestamp)>,
}

impl Conversation {
    /// May the business write freely now?
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.window_until.is_some_and(|until| now < until)
    }
}

/// Questions about conversations.
#[derive(Debug, Clone, Copy)]
pub struct Conversations<'s> {
    pub(crate) db: &'s Db,
}

impl Conversations<'_> {
    /// The conversations of a contact that this scope sees, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of_contact(
        &self,
        scope: &Scope,
        contact: ContactId,
    ) -> Result<Vec<Conversation>, StoreError> {
        let seen = self.db.see(scope, format!("list the conversations of {contact}")).await?;
        let rows = scope::find::<conversation::Entity>(scope)
            .filter(conversation::Column::ContactId.eq(contact.uuid()))
            .order_by_desc(conversation::Column::Id)
            .limit(MAX_PAGE)
            .all(seen.connection());
        let mut conversations: Vec<_> = seen.read(rows).await?.into_iter().map(read).collect();
        conversations.sort_by_key(|conversation| std::cmp::Reverse(conversation.last_inbound_at));
        Ok(conversations)
    }

    /// The conversation of this pair.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of_pair(
        &self,
        scope: &Scope,
        contact: ContactId,
        number: NumberId,
    ) -> Result<Option<Conversation>, StoreError> {
        let seen = self.db.see(scope, format!("look up a conversation of {contact}")).await?;
        let row = scope::find::<conversation::Entity>(scope)
            .filter(conversation::Column::ContactId.eq(contact.uuid()))
            .filter(conversation::Column::NumberId.eq(number.uuid()))
            .one(seen.connection());
        Ok(seen.read(row).await?.map(read))
    }
}

/// The conversation of this pair, made when there is none, for a change.
pub(crate) async fn of(
    transaction: &DatabaseTransaction,
    scope: &Scope,
    contact: Uuid,
    number: NumberId,
) -> Result<conversation::Model, Failure> {
    let find = || {
        conversation::Entity::find()
            .filter(conversation::Column::TenantId.eq(scope.tenant.uuid()))
            .filter(conversation::Column::ContactId.eq(contact))
            .filter(conversation::Column::NumberId.eq(number.uuid()))
            .lock_exclusive()
    };
    if let Some(row) = find().one(transaction).await? {
        return Ok(row);
    }
    let new = conversation::Model {
        id: columns::fresh_uuid(),
        tenant_id: scope.tenant.uuid(),
        contact_id: contact,
        number_id: number.uuid(),
        window_until: None,
        last_inbound_at: None,
        last_message_at: None,
        offer_message_id: None,
        offered_at: None,
    };
    let made = conversation::Entity::insert(new.clone().into_active_model().reset_all())
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(transaction)
        .await?;
    if made > 0 {
        return Ok(new);
    }
    // Somebody was faster.
    let row = find().one(transaction).await?;
    row.ok_or_else(|| {
        StoreError::NotFound { doing: "look up a conversation that was just made".into() }.into()
    })
}

pub(crate) fn read(row: conversation::Model) -> Conversation {
    Conversation {
        contact: ContactId::from_uuid(row.contact_id),
        number: NumberId::from_uuid(row.number_id),
        window_until: row.window_until.map(timestamp),
        last_inbound_at: row.last_inbound_at.map(timestamp),
        last_message_at: row.last_message_at.map(timestamp),
        offer: row.offer_message_id.map(MessageId::from_uuid).zip(row.offered_at.map(timestamp)),
    }
}
