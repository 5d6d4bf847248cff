//! Messages of customers and to them. Texts are sealed. One of ours is written before it is sent, so that what a crash
//! interrupts is known; the provider's id of it comes with his answer, or with the first status.

use std::fmt;

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;
use switchboard_core::access::Scope;
use switchboard_core::call::input::Direction;
use switchboard_core::ids::{ContactId, MessageId, NumberId, ProviderMessageId, TenantId};
use switchboard_core::time::Timestamp;
use uuid::Uuid;

use crate::columns::{Cell, moment, timestamp};
use crate::cursor::Cursor;
use crate::db::{Db, Sight};
use crate::entities::message;
use crate::error::StoreError;
use crate::sealing::keyring::Keyring;
use crate::{MAX_PAGE, scope};

/// How far a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MessageStatus {
    /// A customer's.
    Received,
    /// Ours, about to be sent.
    Pending,
    /// Nobody knows whether the provider has it.
    Unclear,
    /// The provider has it.
    Sent,
    /// It is on the customer's phone.
    Delivered,
    /// It was seen.
    Read,
    /// It was played.
    Played,
    /// It will not arrive.
    Failed,
}

impl MessageStatus {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Received,
        Self::Pending,
        Self::Unclear,
        Self::Sent,
        Self::Delivered,
        Self::Read,
        Self::Played,
        Self::Failed,
    ];

    /// The word in database and API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Pending => "pending",
            Self::Unclear => "unclear",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
            Self::Failed => "failed",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Is this news after that? Statuses come twice and in any order; a message does not go back.
    #[must_use]
    pub fn follows(self, before: Self) -> bool {
        before != Self::Received && before != Self::Failed && self > before
    }
}

/// A message.
#[derive(Clone, PartialEq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The business.
    pub tenant: TenantId,
    /// Of or to whom.
    pub contact: ContactId,
    /// On which number.
    pub number: NumberId,
    /// Who writes to whom.
    pub direction: Direction,
    /// `text`, `template`, `call_permission_request`, `voice_call`, `audio` … in the provider's words.
    pub kind: String,
    /// How far it came.
    pub status: MessageStatus,
    /// What is written in it; none, too, when the sealed value was changed or its key is gone (that is logged).
    pub text: Option<String>,
    /// The provider's id.
    pub provider_id: Option<ProviderMessageId>,
    /// The message it answers, by the provider's id.
    pub answers: Option<String>,
    /// Why it will not arrive.
    pub error: Option<(i64, String)>,
    /// It offers a call: a yes within the hour is a consent.
    pub offers_call: bool,
    /// A template's name and language, a button's payload.
    pub detail: Value,
    /// Who sent it: `user_…`, `key_…`, with the name then.
    pub sent_by: Option<(String, String)>,
    /// When.
    pub at: Timestamp,
    /// Since when it stands as it does.
    pub status_at: Timestamp,
}

impl fmt::Debug for Message {
    /// No words of anybody.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("id", &self.id)
            .field("contact", &self.contact)
            .field("direction", &self.direction)
            .field("kind", &self.kind)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// A message that was being sent when its sender was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftPending {
    /// Its id.
    pub id: MessageId,
    /// The business.
    pub tenant: TenantId,
    /// From which number.
    pub number: NumberId,
}

/// Where a page of messages ended.
pub type MessageCursor = Cursor<MessageId>;

/// Some messages, the newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct MessagePage {
    /// The messages.
    pub items: Vec<Message>,
    /// Where the next page begins; none on the last.
    pub next: Option<MessageCursor>,
}

/// Questions about messages.
#[derive(Debug, Clone, Copy)]
pub struct Messages<'s> {
    pub(crate) db: &'s Db,
}

impl Messages<'_> {
    /// A page of the messages of a contact that this scope sees.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of_contact(
        &self,
        scope: &Scope,
        contact: ContactId,
        after: Option<MessageCursor>,
        limit: u64,
    ) -> Result<MessagePage, StoreError> {
        let limit = limit.clamp(1, MAX_PAGE);
        let seen = self.db.see(scope, format!("list the messages of {contact}")).await?;
        let after = after.map(|MessageCursor { at, id }| {
            let at = moment(at);
            let same_moment =
                Condition::all().add(message::Column::At.eq(at)).add(message::Column::Id.lt(id.uuid()));
            Condition::any().add(message::Column::At.lt(at)).add(same_moment)
        });
        let rows = scope::find::<message::Entity>(scope)
            .filter(message::Column::ContactId.eq(contact.uuid()))
            .filter(Condition::all().add_option(after))
            .order_by_desc(message::Column::At)
            .order_by_desc(message::Column::Id)
            .limit(limit + 1)
            .all(seen.connection());
        let mut rows = seen.read(rows).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let items = rows.into_iter().map(|row| read(row, self.db.keys())).collect::<Result<Vec<_>, _>>()?;
        let last = items.last().filter(|_| more);
        let next = last.map(|message| MessageCursor { at: message.at, id: message.id });
        Ok(MessagePage { items, next })
    }

    /// Messages of ours that were about to be sent at this moment or before, and of which nobody heard since: their
    /// sender was stopped. Of every tenant, in the order of their ids, `after` this one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn left_pending(
        &self,
        before: Timestamp,
        after: Option<MessageId>,
        limit: u64,
    ) -> Result<Vec<LeftPending>, StoreError> {
        let seen = self.db.see(Sight::Installation, "look for messages that were being sent").await?;
        let rows = message::Entity::find()
            .select_only()
            .columns([message::Column::Id, message::Column::TenantId, message::Column::NumberId])
            // The word stands in the statement, so that the databases find the index of such messages.
            .filter(message::Column::Status.into_expr().eq(Expr::cust("'pending'")))
            .filter(message::Column::At.lte(moment(before)))
            .filter(Condition::all().add_option(after.map(|id| message::Column::Id.gt(id.uuid()))))
            .order_by_asc(message::Column::Id)
            .limit(limit.clamp(1, MAX_PAGE))
            .into_tuple::<(Uuid, Uuid, Uuid)>()
            .all(seen.connection());
        let left = |(id, tenant, number)| LeftPending {
            id: MessageId::from_uuid(id),
            tenant: TenantId::from_uuid(tenant),
            number: NumberId::from_uuid(number),
        };
        Ok(seen.read(rows).await?.into_iter().map(left).collect())
    }
}

pub(crate) fn text_of(id: Uuid) -> Cell {
    Cell { table: "messages", column: "text", id }
}

pub(crate) fn read(row: message::Model, keys: &Keyring) -> Result<Message, StoreError> {
    let cell = |column| Cell { table: "messages", column, id: row.id };
    let text = row.text.as_deref().map(|text| keys.open(text_of(row.id), text)).transpose();
    let text = text.unwrap_or_else(|error| {
        tracing::error!(message.id = %row.id, %error, "the text of a message cannot be opened");
        None
    });
    Ok(Message {
        id: MessageId::from_uuid(row.id),
        tenant: TenantId::from_uuid(row.tenant_id),
        contact: ContactId::from_uuid(row.contact_id),
        number: NumberId::from_uuid(row.number_id),
        direction: cell("direction").word(&row.direction, Direction::from_word)?,
        status: cell("status").word(&row.status, MessageStatus::from_word)?,
        text,
        provider_id: row.provider_message_id.map(ProviderMessageId::new),
        answers: row.answers,
        error: row.error_code.map(|code| (code, row.error_message.unwrap_or_default())),
        offers_call: row.offers_call,
        detail: row.detail,
        sent_by: row.sent_by.zip(row.sent_by_name),
        kind: row.kind,
        at: timestamp(row.at),
        status_at: timestamp(row.status_at),
    })
}
