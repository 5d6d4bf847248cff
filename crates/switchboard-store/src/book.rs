//! What one customer and one number have between them, changed as a whole: contact, conversation, wallet, messages,
//! consents and the entries of the event log, in one transaction. What is changed is decided by whoever asks, from what
//! stands there; nobody else changes the same page meanwhile, so that limits are exact whoever else is asking.

use std::fmt;

use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};
use serde_json::Value;
use switchboard_core::access::Scope;
use switchboard_core::call::input::Direction;
use switchboard_core::ids::{BranchId, CallId, ContactId, MessageId, NodeId, NumberId, ProviderMessageId};
use switchboard_core::permission::Wallet;
use switchboard_core::time::Timestamp;

use crate::audit::Author;
use crate::calls::{CallRow, ToCount};
use crate::columns::{self, moment};
use crate::consents::{self, NewConsent};
use crate::contacts::{self, Contact, Heard, Identity, identify};
use crate::conversations::{self, Conversation};
use crate::db::{Db, Lane};
use crate::entities::{call, contact, message};
use crate::error::{Failure, StoreError};
use crate::log::{self, About, NewEntry};
use crate::messages::{self, Message, MessageStatus};
use crate::sealing::keyring::Keyring;
use crate::{changes, permissions, scope};

/// Whose page, and what must not be there yet.
#[derive(Clone)]
pub enum Page {
    /// Somebody who was heard of; he is made when he is not known.
    Somebody {
        /// Who.
        who: Identity,
        /// The branch of the number.
        branch: Option<BranchId>,
    },
    /// The same, with a message of his that is taken in once.
    MessageOf {
        /// Who.
        who: Identity,
        /// The branch of the number.
        branch: Option<BranchId>,
        /// The provider's id of the message.
        message: ProviderMessageId,
    },
    /// The same, with a call whose end is counted once.
    EndOf {
        /// Who.
        who: Identity,
        /// The branch of the number.
        branch: Option<BranchId>,
        /// The call.
        call: CallId,
    },
    /// A contact of the scope.
    Contact(ContactId),
    /// Whom a message of ours went to, by our id of it.
    Sent(MessageId),
    /// The same by the provider's id, or else by ours, which he sends along.
    SentAs {
        /// The provider's id.
        provider_id: ProviderMessageId,
        /// Ours.
        ours: Option<MessageId>,
    },
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Somebody { .. } => "Somebody",
            Self::MessageOf { .. } => "MessageOf",
            Self::EndOf { .. } => "EndOf",
            Self::Contact(_) => "Contact",
            Self::Sent(_) => "Sent",
            Self::SentAs { .. } => "SentAs",
        })
    }
}

/// What stands on the page.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The customer.
    pub contact: Contact,
    /// What was said.
    pub conversation: Conversation,
    /// What he allows.
    pub wallet: Wallet,
    /// The message that was asked for.
    pub message: Option<Message>,
    /// The call, as it ended.
    pub call: Option<CallRow>,
}

/// A message to be written.
#[derive(Clone, PartialEq)]
pub struct NewMessage {
    /// Its id.
    pub id: MessageId,
    /// Who writes to whom.
    pub direction: Direction,
    /// In the provider's words.
    pub kind: String,
    /// How far it came.
    pub status: MessageStatus,
    /// What is written in it.
    pub text: Option<String>,
    /// The provider's id.
    pub provider_id: Option<ProviderMessageId>,
    /// What it answers.
    pub answers: Option<String>,
    /// It offers a call.
    pub offers_call: bool,
    /// A template's name and language, a button's payload.
    pub detail: Value,
    /// When.
    pub at: Timestamp,
}

impl fmt::Debug for NewMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewMessage").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// How a message of ours stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageNews {
    /// How far it came; what is older than what is known changes nothing.
    pub status: MessageStatus,
    /// The provider's id, when it is new.
    pub provider_id: Option<ProviderMessageId>,
    /// Why it will not arrive.
    pub error: Option<(i64, String)>,
}

/// What is to be changed.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// What he allows now.
    pub wallet: Option<Wallet>,
    /// He wrote or called at this moment: until when the business may write freely.
    pub heard: Option<(Timestamp, Timestamp)>,
    /// The provider says that the business may not write freely any more.
    pub window_closed: bool,
    /// A call with him was at this moment.
    pub called_at: Option<Timestamp>,
    /// The offer of a call that waits for an answer; `Some(None)`: none does any more.
    pub offer: Option<Option<(MessageId, Timestamp)>>,
    /// A message to be written.
    pub message: Option<NewMessage>,
    /// News of the message that was asked for.
    pub news: Option<MessageNews>,
    /// What he said about being called.
    pub consents: Vec<NewConsent>,
    /// The provider says that he cannot be reached (true), or he was reached.
    pub uncallable: Option<bool>,
    /// What the event log says of it.
    pub log: Vec<NewEntry>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Written<T> {
    /// The customer as he stands now.
    pub contact: Contact,
    /// The conversation as it stands now.
    pub conversation: Conversation,
    /// The message that was written, or of which there were news.
    pub message: Option<Message>,
    /// What whoever asked wants to know.
    pub answer: T,
}

/// The pages.
#[derive(Debug, Clone, Copy)]
pub struct Book<'s> {
    pub(crate) db: &'s Db,
}

impl Book<'_> {
    /// Changes a page. None: there is none (no such contact or message in this scope), or what is to happen once has
    /// happened before.
    ///
    /// # Errors
    /// When the database fails; nothing is written then.
    pub async fn write<T: Send + 'static>(
        &self,
        scope: &Scope,
        page: Page,
        number: NumberId,
        author: &Author,
        decide: impl FnOnce(&Standing) -> (Change, T) + Send + 'static,
    ) -> Result<Option<Written<T>>, StoreError> {
        let doing = format!("write into the book of a customer ({page:?})");
        let (of_scope, author, keys) = (scope.clone(), author.clone(), self.db.keys().clone());
        self.db
            .write(Lane::Settings, scope, 8, doing, move |transaction| {
                Box::pin(async move {
                    let writer =
                        Writer { transaction, scope: &of_scope, number, author: &author, keys: &keys };
                    writer.write(page, decide).await
                })
            })
            .await
    }

    /// Calls of this node whose end is in nobody's book yet, and those another node has left lying since `left_since`;
    /// the oldest first, `after` this one. One that cannot be read keeps back no other.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn calls_to_count(
        &self,
        node: NodeId,
        left_since: Timestamp,
        after: Option<CallId>,
        limit: u64,
    ) -> Result<Vec<ToCount>, StoreError> {
        crate::calls::to_count(self.db, node, left_since, after, limit).await
    }

    /// A call nobody can be found for: its end is in no book, and will not be.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn leave_out(&self, scope: &Scope, call: CallId, at: Timestamp) -> Result<(), StoreError> {
        let change = scope::update::<call::Entity>(scope)
            .col_expr(call::Column::CountedAt, Expr::val(moment(at)))
            .filter(call::Column::Id.eq(call.uuid()))
            .filter(call::Column::CountedAt.is_null());
        self.db
            .write(Lane::Settings, scope, 1, format!("leave {call} out of the books"), move |transaction| {
                Box::pin(async move {
                    change.exec(transaction).await?;
                    Ok(())
                })
            })
            .await
    }
}

struct Writer<'w> {
    transaction: &'w DatabaseTransaction,
    scope: &'w Scope,
    number: NumberId,
    author: &'w Author,
    keys: &'w Keyring,
}

/// Whose page it is, with what was asked for along with it.
struct Opened {
    contact: contact::Model,
    message: Option<message::Model>,
    call: Option<CallRow>,
}

impl Writer<'_> {
    async fn write<T>(
        &self,
        page: Page,
        decide: impl FnOnce(&Standing) -> (Change, T),
    ) -> Result<Option<Written<T>>, Failure> {
        let Some(opened) = self.open(page).await? else { return Ok(None) };
        let at = self.author.at;
        let contact_id = opened.contact.id;
        let kept = permissions::of(self.transaction, self.scope, contact_id, self.number, at).await?;
        let conversation = conversations::of(self.transaction, self.scope, contact_id, self.number).await?;
        let wallet = permissions::wallet(&kept)?;
        let message = opened.message.clone().map(|row| messages::read(row, self.keys)).transpose()?;
        let standing = Standing {
            contact: contacts::read(opened.contact.clone())?,
            conversation: conversations::read(conversation.clone()),
            wallet,
            message,
            call: opened.call,
        };
        let (change, answer) = decide(&standing);
        if let Some(wallet) = change.wallet.as_ref().filter(|wallet| **wallet != standing.wallet) {
            permissions::save(self.transaction, kept, wallet, at).await?;
        }
        let conversation = self.talked(conversation, &change).await?;
        let contact = self.heard(opened.contact, &change).await?;
        let told = self.message(contact_id, opened.message, &change).await?;
        let says_something = !change.consents.is_empty();
        for new in change.consents {
            consents::insert(self.transaction, self.scope, self.keys, contact_id, new, self.author).await?;
        }
        if says_something {
            consents::keep_flag(self.transaction, contact_id, at).await?;
        }
        let about = About { contact: Some(contact_id), number: Some(self.number.uuid()) };
        log::append(self.transaction, self.scope, about, change.log).await?;
        let contact = if says_something {
            let again = contact::Entity::find_by_id(contact_id).one(self.transaction).await?;
            again.unwrap_or(contact)
        } else {
            contact
        };
        Ok(Some(Written {
            contact: contacts::read(contact)?,
            conversation: conversations::read(conversation),
            message: told.map(|row| messages::read(row, self.keys)).transpose()?,
            answer,
        }))
    }

    async fn open(&self, page: Page) -> Result<Option<Opened>, Failure> {
        match page {
            Page::Somebody { who, branch } => self.somebody(who, branch).await.map(Some),
            Page::MessageOf { who, branch, message } => {
                if self.by_provider_id(&message).await?.is_some() {
                    return Ok(None);
                }
                self.somebody(who, branch).await.map(Some)
            }
            Page::EndOf { who, branch, call } => {
                let Some(row) = self.to_count(call).await? else { return Ok(None) };
                let mut opened = self.somebody(who, branch).await?;
                call::Entity::update_many()
                    .col_expr(call::Column::CountedAt, Expr::val(moment(self.author.at)))
                    .col_expr(call::Column::ContactId, Expr::val(opened.contact.id))
                    .filter(call::Column::Id.eq(call.uuid()))
                    .exec(self.transaction)
                    .await?;
                opened.call = Some(row);
                Ok(Some(opened))
            }
            Page::Contact(id) => {
                let row = scope::find::<contact::Entity>(self.scope)
                    .filter(contact::Column::Id.eq(id.uuid()))
                    .lock_exclusive()
                    .one(self.transaction)
                    .await?;
                Ok(row.map(|contact| Opened { contact, message: None, call: None }))
            }
            Page::Sent(id) => {
                let row = self.by_our_id(id).await?;
                self.recipient(row).await
            }
            Page::SentAs { provider_id, ours } => {
                let row = match (self.by_provider_id(&provider_id).await?, ours) {
                    (Some(row), _) => Some(row),
                    (None, Some(ours)) => self.by_our_id(ours).await?,
                    (None, None) => None,
                };
                self.recipient(row).await
            }
        }
    }

    async fn somebody(&self, who: Identity, branch: Option<BranchId>) -> Result<Opened, Failure> {
        let heard = Heard { branch, at: self.author.at };
        let contact = identify(self.transaction, self.scope, &who, heard).await?;
        Ok(Opened { contact, message: None, call: None })
    }

    /// A call whose end is counted now, by nobody else; none: it was before.
    async fn to_count(&self, id: CallId) -> Result<Option<CallRow>, Failure> {
        let row = call::Entity::find_by_id(id.uuid())
            .filter(call::Column::TenantId.eq(self.scope.tenant.uuid()))
            .filter(call::Column::CountedAt.is_null())
            .filter(call::Column::Outcome.is_not_null())
            .lock(LockType::NoKeyUpdate)
            .one(self.transaction)
            .await?;
        Ok(row.map(crate::calls::read).transpose()?)
    }

    async fn by_provider_id(&self, id: &ProviderMessageId) -> Result<Option<message::Model>, Failure> {
        let row = message::Entity::find()
            .filter(message::Column::NumberId.eq(self.number.uuid()))
            .filter(message::Column::ProviderMessageId.eq(columns::text(id.as_str())))
            .lock_exclusive()
            .one(self.transaction)
            .await?;
        Ok(row)
    }

    async fn by_our_id(&self, id: MessageId) -> Result<Option<message::Model>, Failure> {
        let row = scope::find::<message::Entity>(self.scope)
            .filter(message::Column::Id.eq(id.uuid()))
            .filter(message::Column::NumberId.eq(self.number.uuid()))
            .lock_exclusive()
            .one(self.transaction)
            .await?;
        Ok(row)
    }

    async fn recipient(&self, row: Option<message::Model>) -> Result<Option<Opened>, Failure> {
        let Some(row) = row else { return Ok(None) };
        let contact =
            contact::Entity::find_by_id(row.contact_id).lock_exclusive().one(self.transaction).await?;
        Ok(contact.map(|contact| Opened { contact, message: Some(row), call: None }))
    }

    async fn talked(
        &self,
        mut row: crate::entities::conversation::Model,
        change: &Change,
    ) -> Result<crate::entities::conversation::Model, Failure> {
        let before = row.clone();
        if let Some((at, until)) = change.heard {
            row.last_inbound_at = row.last_inbound_at.max(Some(moment(at)));
            row.window_until = row.window_until.max(Some(moment(until)));
        }
        if change.window_closed {
            row.window_until = row.window_until.min(Some(moment(self.author.at)));
        }
        if let Some(message) = &change.message {
            row.last_message_at = row.last_message_at.max(Some(moment(message.at)));
        }
        if let Some(offer) = change.offer {
            row.offer_message_id = offer.map(|(id, _)| id.uuid());
            row.offered_at = offer.map(|(_, at)| moment(at));
        }
        changes::save(self.transaction, &before, &row).await?;
        Ok(row)
    }

    async fn heard(&self, mut row: contact::Model, change: &Change) -> Result<contact::Model, Failure> {
        let before = row.clone();
        if let Some(message) = &change.message {
            row.last_message_at = row.last_message_at.max(Some(moment(message.at)));
            row.listed_at = row.listed_at.max(moment(message.at));
        }
        if let Some(at) = change.called_at {
            row.last_call_at = row.last_call_at.max(Some(moment(at)));
            row.listed_at = row.listed_at.max(moment(at));
        }
        match change.uncallable {
            Some(true) => row.uncallable_at = Some(moment(self.author.at)),
            Some(false) => row.uncallable_at = None,
            None => {}
        }
        if row != before {
            row.updated_at = moment(self.author.at);
            changes::save(self.transaction, &before, &row).await?;
        }
        Ok(row)
    }

    async fn message(
        &self,
        contact: uuid::Uuid,
        known: Option<message::Model>,
        change: &Change,
    ) -> Result<Option<message::Model>, Failure> {
        if let Some(new) = &change.message {
            let id = new.id.uuid();
            let sent_by = (new.direction == Direction::Outgoing).then(|| consents::words(&self.author.who));
            let (by, name) = sent_by.unzip();
            let row = message::ActiveModel {
                id: Set(id),
                tenant_id: Set(self.scope.tenant.uuid()),
                contact_id: Set(contact),
                number_id: Set(self.number.uuid()),
                direction: Set(new.direction.as_str().to_owned()),
                kind: Set(columns::text(&new.kind)),
                status: Set(new.status.as_str().to_owned()),
                text: Set(new.text.as_deref().map(|text| self.keys.seal(messages::text_of(id), text))),
                provider_message_id: Set(new.provider_id.as_ref().map(|id| columns::text(id.as_str()))),
                answers: Set(new.answers.as_deref().map(columns::text)),
                error_code: Set(None),
                error_message: Set(None),
                sent_by: Set(by),
                sent_by_name: Set(name.as_deref().map(columns::text)),
                offers_call: Set(new.offers_call),
                detail: Set(columns::json(&new.detail)),
                at: Set(moment(new.at)),
                status_at: Set(moment(new.at)),
            };
            return Ok(Some(message::Entity::insert(row).exec_with_returning(self.transaction).await?));
        }
        let (Some(known), Some(news)) = (&known, &change.news) else { return Ok(known) };
        let mut row = known.clone();
        let before = MessageStatus::from_word(&row.status).unwrap_or(MessageStatus::Pending);
        if news.status.follows(before) {
            row.status = news.status.as_str().to_owned();
            row.status_at = moment(self.author.at);
        }
        if row.provider_message_id.is_none() {
            row.provider_message_id = news.provider_id.as_ref().map(|id| columns::text(id.as_str()));
        }
        if let Some((code, text)) = &news.error {
            row.error_code = Some(*code);
            row.error_message = Some(columns::text(text));
        }
        changes::save(self.transaction, known, &row).await?;
        Ok(Some(row))
    }
}
