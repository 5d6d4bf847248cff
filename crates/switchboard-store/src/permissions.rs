//! What customers allow numbers: one wallet for each pair. What is decided about it is the core's; here it is kept, and
//! changed by one at a time (see [`book`](crate::book)).

mod facts;

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, ExprTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect,
};
use std::fmt;
use switchboard_core::access::Scope;
use switchboard_core::consent::ConsentEntry;
use switchboard_core::ids::{ContactId, NumberId, TenantId};
use switchboard_core::permission::{PermissionStatus, Wallet};
use switchboard_core::phone::PhoneNumber;
use switchboard_core::time::Timestamp;
use uuid::Uuid;

use crate::columns::{self, Cell, moment, timestamp};
use crate::contacts::{self, Contact};
use crate::conversations::{self, Conversation};
use crate::cursor::Cursor;
use crate::db::{Db, Lane, Seeing, Sight};
use crate::entities::{consent, contact, conversation, permission_wallet};
use crate::error::{Failure, StoreError};
use crate::{MAX_PAGE, changes, consents, scope};

/// A wallet of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletRow {
    /// Its id, for cursors.
    id: Uuid,
    /// The business.
    pub tenant: TenantId,
    /// The customer.
    pub contact: ContactId,
    /// The number.
    pub number: NumberId,
    /// What is in it.
    pub wallet: Wallet,
    /// When the provider was asked last.
    pub looked_up_at: Option<Timestamp>,
    /// Counts its changes.
    pub version: i64,
    /// When it changed last.
    pub updated_at: Timestamp,
}

/// A wallet to which something happens by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueWallet {
    /// The business.
    pub tenant: TenantId,
    /// The customer.
    pub contact: ContactId,
    /// The number.
    pub number: NumberId,
    /// Counts its changes.
    pub version: i64,
}

/// Which wallets. Empty = all.
#[derive(Debug, Clone, Default)]
pub struct WalletFilter {
    /// Of this customer.
    pub contact: Option<ContactId>,
    /// Of this number.
    pub number: Option<NumberId>,
    /// That stand so, as far as time was counted.
    pub status: Option<PermissionStatus>,
}

/// Where a page of wallets ended.
pub type WalletCursor = Cursor<Uuid>;

/// Some wallets, those that changed last first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletPage {
    /// The wallets.
    pub items: Vec<WalletRow>,
    /// Where the next page begins; none on the last.
    pub next: Option<WalletCursor>,
}

/// How a customer is named.
#[derive(Clone, PartialEq, Eq)]
pub enum Whom {
    /// By our id of him.
    Contact(ContactId),
    /// By his number.
    Phone(PhoneNumber),
    /// By the provider's id of him.
    UserId(String),
    /// By both.
    Both(PhoneNumber, String),
}

impl fmt::Debug for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contact(id) => write!(f, "{id}"),
            Self::Phone(phone) => write!(f, "{phone:?}"),
            Self::UserId(_) => f.write_str("UserId(masked)"),
            Self::Both(phone, _) => write!(f, "{phone:?}, UserId(masked)"),
        }
    }
}

/// Everything that is known of a customer and a number when somebody wants to call him.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomerBook {
    /// Who.
    pub contact: Contact,
    /// What was said between the two.
    pub conversation: Option<Conversation>,
    /// What he allows; an empty one when nobody ever asked.
    pub wallet: Wallet,
    /// When the provider was asked last.
    pub looked_up_at: Option<Timestamp>,
    /// What he said about being called.
    pub consents: Vec<ConsentEntry>,
}

impl CustomerBook {
    /// Two contacts who are named as one person, and will be joined when he is heard of: everything holds that either
    /// has said, and what works on either.
    fn joined(one: Self, other: Self) -> Self {
        let (mut kept, more) = if one.contact.phone.is_some() { (one, other) } else { (other, one) };
        // Where the id of the one with the number is another, the number is whose is called.
        if kept.contact.user_id.is_none() {
            kept.wallet = Wallet::joined(kept.wallet, more.wallet);
            kept.contact.user_id = more.contact.user_id;
            kept.looked_up_at = kept.looked_up_at.max(more.looked_up_at);
            kept.conversation = kept.conversation.or(more.conversation);
        }
        kept.contact.do_not_call |= more.contact.do_not_call;
        kept.contact.automation = kept.contact.automation.max(more.contact.automation);
        kept.contact.uncallable_at = kept.contact.uncallable_at.max(more.contact.uncallable_at);
        kept.consents.extend(more.consents);
        kept
    }
}

/// Questions about permissions.
#[derive(Debug, Clone, Copy)]
pub struct Permissions<'s> {
    pub(crate) db: &'s Db,
}

impl Permissions<'_> {
    /// All facts about a customer for one number. None: nobody of this scope is meant.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn book(
        &self,
        scope: &Scope,
        whom: &Whom,
        number: NumberId,
    ) -> Result<Option<CustomerBook>, StoreError> {
        let seen = self.db.see(scope, "read what a customer allows").await?;
        let by_phone = |phone: &PhoneNumber| contact::Column::PhoneKey.eq(phone.key());
        let by_user = |id: &str| contact::Column::UserId.eq(columns::text(id));
        let named = match whom {
            Whom::Contact(id) => contact::Column::Id.eq(id.uuid()),
            Whom::Phone(phone) => by_phone(phone),
            Whom::UserId(id) => by_user(id),
            Whom::Both(phone, id) => by_phone(phone).or(by_user(id)),
        };
        let rows = scope::find::<contact::Entity>(scope)
            .filter(named)
            .order_by_asc(contact::Column::Id)
            // One by the number, one by the id.
            .limit(2)
            .all(seen.connection());
        let mut known: Option<CustomerBook> = None;
        for row in seen.read(rows).await? {
            let book = Self::book_of(&seen, row, number).await?;
            known = Some(match known {
                Some(other) => CustomerBook::joined(other, book),
                None => book,
            });
        }
        Ok(known)
    }

    async fn book_of(
        seen: &Seeing<'_>,
        row: contact::Model,
        number: NumberId,
    ) -> Result<CustomerBook, StoreError> {
        let id = row.id;
        let wallet = permission_wallet::Entity::find()
            .filter(permission_wallet::Column::ContactId.eq(id))
            .filter(permission_wallet::Column::NumberId.eq(number.uuid()))
            .one(seen.connection());
        let kept = seen.read(wallet).await?;
        let conversation = conversation::Entity::find()
            .filter(conversation::Column::ContactId.eq(id))
            .filter(conversation::Column::NumberId.eq(number.uuid()))
            .one(seen.connection());
        let conversation = seen.read(conversation).await?.map(conversations::read);
        let said: Vec<consent::Model> = seen.read(consents::in_force(id).all(seen.connection())).await?;
        Ok(CustomerBook {
            contact: contacts::read(row)?,
            conversation,
            looked_up_at: kept.as_ref().and_then(|kept| kept.looked_up_at).map(timestamp),
            wallet: kept.as_ref().map(self::wallet).transpose()?.unwrap_or_default(),
            consents: said.iter().map(consents::entry).collect::<Result<_, _>>()?,
        })
    }

    /// A page of the wallets of this scope.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        &self,
        scope: &Scope,
        filter: &WalletFilter,
        after: Option<WalletCursor>,
        limit: u64,
    ) -> Result<WalletPage, StoreError> {
        let limit = limit.clamp(1, MAX_PAGE);
        let seen = self.db.see(scope, "list permissions").await?;
        let after = after.map(|WalletCursor { at, id }| {
            let at = moment(at);
            let same_moment = Condition::all()
                .add(permission_wallet::Column::UpdatedAt.eq(at))
                .add(permission_wallet::Column::Id.lt(id));
            Condition::any().add(permission_wallet::Column::UpdatedAt.lt(at)).add(same_moment)
        });
        let WalletFilter { contact, number, status } = filter;
        let conditions = Condition::all()
            .add_option(contact.map(|id| permission_wallet::Column::ContactId.eq(id.uuid())))
            .add_option(number.map(|id| permission_wallet::Column::NumberId.eq(id.uuid())))
            .add_option(status.map(|status| permission_wallet::Column::Status.eq(status.as_str())))
            .add_option(after);
        let rows = scope::find::<permission_wallet::Entity>(scope)
            .filter(conditions)
            .order_by_desc(permission_wallet::Column::UpdatedAt)
            .order_by_desc(permission_wallet::Column::Id)
            .limit(limit + 1)
            .all(seen.connection());
        let mut rows = seen.read(rows).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let items = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let last = items.last().filter(|_| more);
        let next = last.map(|row| WalletCursor { at: row.updated_at, id: row.id });
        Ok(WalletPage { items, next })
    }

    /// Wallets of every tenant to which something happens by itself at this moment or before, the oldest first. What is
    /// in them is not read here: one that cannot be read keeps back no other.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn due(&self, now: Timestamp, limit: u64) -> Result<Vec<DueWallet>, StoreError> {
        let seen = self.db.see(Sight::Installation, "look for permissions that ran out").await?;
        let rows = permission_wallet::Entity::find()
            .filter(permission_wallet::Column::PollAt.lte(moment(now)))
            .order_by_asc(permission_wallet::Column::PollAt)
            .order_by_asc(permission_wallet::Column::Id)
            .limit(limit.clamp(1, MAX_PAGE))
            .all(seen.connection());
        let due = |row: permission_wallet::Model| DueWallet {
            tenant: TenantId::from_uuid(row.tenant_id),
            contact: ContactId::from_uuid(row.contact_id),
            number: NumberId::from_uuid(row.number_id),
            version: row.version,
        };
        Ok(seen.read(rows).await?.into_iter().map(due).collect())
    }

    /// Nothing could be done about a wallet that was due: it is looked at again then. One that changed meanwhile stays
    /// as it is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_off(&self, due: &DueWallet, until: Timestamp) -> Result<(), StoreError> {
        let change = permission_wallet::Entity::update_many()
            .col_expr(permission_wallet::Column::PollAt, Expr::val(moment(until)))
            .filter(permission_wallet::Column::TenantId.eq(due.tenant.uuid()))
            .filter(permission_wallet::Column::ContactId.eq(due.contact.uuid()))
            .filter(permission_wallet::Column::NumberId.eq(due.number.uuid()))
            .filter(permission_wallet::Column::Version.eq(due.version));
        let scope = Scope::of_the_exchange(due.tenant);
        let doing = format!("put off the permission of {} for {}", due.contact, due.number);
        self.db
            .write(Lane::Settings, &scope, 1, doing, move |transaction| {
                Box::pin(async move {
                    change.exec(transaction).await?;
                    Ok(())
                })
            })
            .await
    }

    /// When something happens next to any wallet of any tenant.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let seen = self.db.see(Sight::Installation, "look when a permission runs out").await?;
        let row = permission_wallet::Entity::find()
            .filter(permission_wallet::Column::PollAt.is_not_null())
            .order_by_asc(permission_wallet::Column::PollAt)
            .limit(1)
            .one(seen.connection());
        Ok(seen.read(row).await?.and_then(|row| row.poll_at).map(timestamp))
    }
}

/// The wallet of this pair for a change, made when there is none. Whoever else wants to change it waits.
pub(crate) async fn of(
    transaction: &DatabaseTransaction,
    scope: &Scope,
    contact: Uuid,
    number: NumberId,
    at: Timestamp,
) -> Result<permission_wallet::Model, Failure> {
    let find = || {
        permission_wallet::Entity::find()
            .filter(permission_wallet::Column::TenantId.eq(scope.tenant.uuid()))
            .filter(permission_wallet::Column::ContactId.eq(contact))
            .filter(permission_wallet::Column::NumberId.eq(number.uuid()))
            .lock_exclusive()
    };
    if let Some(row) = find().one(transaction).await? {
        return Ok(row);
    }
    let empty = Wallet::default();
    let new = permission_wallet::Model {
        id: columns::fresh_uuid(),
        tenant_id: scope.tenant.uuid(),
        contact_id: contact,
        number_id: number.uuid(),
        status: empty.facts().status.as_str().to_owned(),
        expires_at: None,
        looked_up_at: None,
        poll_at: None,
        version: 0,
        facts: facts::to_json(empty.facts()),
        updated_at: moment(at),
    };
    let made = permission_wallet::Entity::insert(new.clone().into_active_model().reset_all())
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(transaction)
        .await?;
    if made > 0 {
        return Ok(new);
    }
    // Somebody was faster.
    let row = find().one(transaction).await?;
    row.ok_or_else(|| StoreError::NotFound { doing: "look up a permission that was just made".into() }.into())
}

/// Writes what a wallet holds now.
pub(crate) async fn save(
    transaction: &DatabaseTransaction,
    before: permission_wallet::Model,
    wallet: &Wallet,
    at: Timestamp,
) -> Result<(), Failure> {
    let mut row = before.clone();
    let kept = wallet.facts();
    row.status = kept.status.as_str().to_owned();
    row.expires_at = kept.expires_at.map(moment);
    row.looked_up_at = kept.reported.as_ref().map(|report| moment(report.at));
    row.poll_at = wallet.poll_timeout().map(moment);
    row.version += 1;
    row.facts = facts::to_json(kept);
    row.updated_at = moment(at);
    changes::save(transaction, &before, &row).await?;
    Ok(())
}

/// What a row holds.
pub(crate) fn wallet(row: &permission_wallet::Model) -> Result<Wallet, StoreError> {
    let cell = Cell { table: "permission_wallets", column: "facts", id: row.id };
    facts::from_json(&row.facts).map(Wallet::restore).map_err(|what| cell.unreadable(what))
}

fn read(row: &permission_wallet::Model) -> Result<WalletRow, StoreError> {
    Ok(WalletRow {
        id: row.id,
        tenant: TenantId::from_uuid(row.tenant_id),
        contact: ContactId::from_uuid(row.contact_id),
        number: NumberId::from_uuid(row.number_id),
        wallet: wallet(row)?,
        looked_up_at: row.looked_up_at.map(timestamp),
        version: row.version,
        updated_at: timestamp(row.updated_at),
    })
}
