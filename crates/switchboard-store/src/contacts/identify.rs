//! Whom a webhook, a file or a person means. A customer is known by his number, by the provider's id of him, or by both;
//! who names both tells us that two contacts of ours are one person: they are joined in the same transaction.
//!
//! The provider's id is the person's, a number may pass to somebody else: where the two contradict what we know, the
//! number moves and nobody is joined.

use std::fmt;

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::json;
use switchboard_core::access::Scope;
use switchboard_core::audit::{AuditKind, AuditWhat};
use switchboard_core::eligibility::AutomationState;
use switchboard_core::ids::{BranchId, ContactId};
use switchboard_core::permission::Wallet;
use switchboard_core::phone::PhoneNumber;
use switchboard_core::time::Timestamp;
use uuid::Uuid;

use super::searched;
use crate::MAX_PAGE;
use crate::audit::{self, AuditSubject, Author};
use crate::columns::{self, moment};
use crate::entities::{
    call, call_event, consent, contact, contact_tag, conversation, message, permission_wallet,
};
use crate::error::{Failure, StoreError};
use crate::{changes, permissions};

/// Who somebody is, as far as it is said.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The phone number.
    pub phone: Option<PhoneNumber>,
    /// The provider's id of him for this business.
    pub user_id: Option<String>,
    /// The WhatsApp user name.
    pub username: Option<String>,
    /// What he calls himself on WhatsApp.
    pub profile_name: Option<String>,
}

impl Identity {
    /// Is it anybody at all?
    #[must_use]
    pub fn is_somebody(&self) -> bool {
        self.phone.is_some() || self.user_id.is_some()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("phone", &self.phone)
            .field("user_id", &self.user_id.is_some())
            .finish_non_exhaustive()
    }
}

/// Where and when somebody was heard of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard {
    /// The branch of the number; none: of all.
    pub(crate) branch: Option<BranchId>,
    /// Now.
    pub(crate) at: Timestamp,
}

/// The contact that is meant; made when there is none, and joined when there are two.
pub(crate) async fn identify(
    transaction: &DatabaseTransaction,
    scope: &Scope,
    who: &Identity,
    heard: Heard,
) -> Result<contact::Model, Failure> {
    let by_phone = match &who.phone {
        Some(phone) => found(transaction, scope, contact::Column::PhoneKey.eq(phone.key())).await?,
        None => None,
    };
    let by_user = match &who.user_id {
        Some(user_id) => {
            found(transaction, scope, contact::Column::UserId.eq(columns::text(user_id))).await?
        }
        None => None,
    };
    let known = match (by_phone, by_user) {
        (None, None) => return insert(transaction, scope, who, heard).await,
        (Some(one), Some(other)) if one.id == other.id => one,
        (Some(one), None) if one.user_id.is_some() && who.user_id.is_some() => {
            // The number has passed to somebody else.
            give_up_number(transaction, one, heard.at).await?;
            return insert(transaction, scope, who, heard).await;
        }
        (Some(one), None) | (None, Some(one)) => one,
        (Some(by_phone), Some(by_user)) if by_phone.user_id.is_some() => {
            give_up_number(transaction, by_phone, heard.at).await?;
            by_user
        }
        (Some(by_phone), Some(by_user)) => join(transaction, scope, by_phone, by_user, heard.at).await?,
    };
    learn(transaction, known, who, heard).await
}

async fn found(
    transaction: &DatabaseTransaction,
    scope: &Scope,
    which: sea_orm::sea_query::SimpleExpr,
) -> Result<Option<contact::Model>, Failure> {
    let row = contact::Entity::find()
        .filter(contact::Column::TenantId.eq(scope.tenant.uuid()))
        .filter(which)
        // SQLite leaves this out: its transaction has the only lock there is.
        .lock_exclusive()
        .one(transaction)
        .await?;
    Ok(row)
}

async fn insert(
    transaction: &DatabaseTransaction,
    scope: &Scope,
    who: &Identity,
    heard: Heard,
) -> Result<contact::Model, Failure> {
    let id = columns::fresh_uuid();
    let at = moment(heard.at);
    let words = |words: &Option<String>| words.as_deref().map(columns::text);
    let mut row = contact::Model {
        id,
        tenant_id: scope.tenant.uuid(),
        branch_id: heard.branch.map(BranchId::uuid),
        branch_by_hand: false,
        owner_user_id: None,
        phone: who.phone.as_ref().map(|phone| phone.digits().to_owned()),
        phone_key: who.phone.as_ref().map(PhoneNumber::key),
        user_id: words(&who.user_id),
        username: words(&who.username),
        name: None,
        profile_name: words(&who.profile_name),
        country: who.phone.as_ref().and_then(PhoneNumber::country),
        lead_reference: None,
        tags: json!([]),
        automation_state: AutomationState::None.as_str().to_owned(),
        do_not_call: false,
        search_text: String::new(),
        last_message_at: None,
        last_call_at: None,
        uncallable_at: None,
        listed_at: at,
        created_at: at,
        updated_at: at,
    };
    row.search_text = searched(&row);
    let all_set = row.clone().into_active_model().reset_all();
    let made = contact::Entity::insert(all_set)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(transaction)
        .await?;
    if made > 0 {
        return Ok(row);
    }
    // Another node has made him at the same moment.
    let same = match (&row.phone_key, &row.user_id) {
        (Some(key), _) => contact::Column::PhoneKey.eq(key.clone()),
        (None, Some(user_id)) => contact::Column::UserId.eq(user_id.clone()),
        (None, None) => contact::Column::Id.eq(id),
    };
    let row = found(transaction, scope, same).await?;
    row.ok_or_else(|| StoreError::NotFound { doing: "look up a contact that was just made".into() }.into())
}

/// What is new about a contact that is known.
async fn learn(
    transaction: &DatabaseTransaction,
    mut row: contact::Model,
    who: &Identity,
    heard: Heard,
) -> Result<contact::Model, Failure> {
    let before = row.clone();
    if let Some(phone) = &who.phone
        && row.phone_key.as_deref() != Some(phone.key().as_str())
    {
        row.phone = Some(phone.digits().to_owned());
        row.phone_key = Some(phone.key());
        row.country = phone.country();
    }
    for (known, said) in [
        (&mut row.user_id, &who.user_id),
        (&mut row.username, &who.username),
        (&mut row.profile_name, &who.profile_name),
    ] {
        if let Some(said) = said.as_deref().map(columns::text).filter(|said| !said.is_empty()) {
            *known = Some(said);
        }
    }
    // Who turns to several branches is everybody's, unless somebody has decided otherwise.
    if !row.branch_by_hand && row.branch_id.is_some() && row.branch_id != heard.branch.map(BranchId::uuid) {
        row.branch_id = None;
    }
    if row != before {
        row.updated_at = moment(heard.at);
        row.search_text = searched(&row);
        changes::save(transaction, &before, &row).await?;
    }
    Ok(row)
}

async fn give_up_number(
    transaction: &DatabaseTransaction,
    mut row: contact::Model,
    at: Timestamp,
) -> Result<(), Failure> {
    row.phone = None;
    row.phone_key = None;
    row.updated_at = moment(at);
    row.search_text = searched(&row);
    contact::Entity::update(row.into_active_model().reset_all()).exec(transaction).await?;
    Ok(())
}

/// Two contacts are one person: the older one stays, and gets everything of the other.
async fn join(
    transaction: &DatabaseTransaction,
    scope: &Scope,
    one: contact::Model,
    other: contact::Model,
    at: Timestamp,
) -> Result<contact::Model, Failure> {
    let (mut kept, gone) = if one.id <= other.id { (one, other) } else { (other, one) };
    conversations(transaction, kept.id, gone.id).await?;
    wallets(transaction, kept.id, gone.id, at).await?;
    for change in [
        message::Entity::update_many()
            .col_expr(message::Column::ContactId, Expr::val(kept.id))
            .filter(message::Column::ContactId.eq(gone.id))
            .exec(transaction)
            .await?,
        consent::Entity::update_many()
            .col_expr(consent::Column::ContactId, Expr::val(kept.id))
            .filter(consent::Column::ContactId.eq(gone.id))
            .exec(transaction)
            .await?,
        call_event::Entity::update_many()
            .col_expr(call_event::Column::ContactId, Expr::val(kept.id))
            .filter(call_event::Column::ContactId.eq(gone.id))
            .exec(transaction)
            .await?,
        call::Entity::update_many()
            .col_expr(call::Column::ContactId, Expr::val(kept.id))
            .filter(call::Column::ContactId.eq(gone.id))
            .exec(transaction)
            .await?,
    ] {
        tracing::trace!(rows = change.rows_affected, "rows of a joined contact");
    }
    contact::Entity::delete_by_id(gone.id).exec(transaction).await?;
    // The number and the id that brought the two together are written by `learn`; the rest fills what is empty.
    kept.user_id = kept.user_id.or(gone.user_id);
    kept.username = kept.username.or(gone.username);
    kept.name = kept.name.or(gone.name);
    kept.profile_name = kept.profile_name.or(gone.profile_name);
    kept.lead_reference = kept.lead_reference.or(gone.lead_reference);
    kept.owner_user_id = kept.owner_user_id.or(gone.owner_user_id);
    if kept.phone.is_none() {
        (kept.phone, kept.phone_key, kept.country) = (gone.phone, gone.phone_key, gone.country);
    }
    if kept.branch_id != gone.branch_id {
        match (kept.branch_by_hand, gone.branch_by_hand) {
            (true, _) => {}
            (false, true) => (kept.branch_id, kept.branch_by_hand) = (gone.branch_id, true),
            (false, false) => kept.branch_id = None,
        }
    }
    let mut tags: Vec<String> = super::tags(&contact::Model { tags: kept.tags.clone(), ..kept.clone() });
    let more = gone.tags.as_array().into_iter().flatten().filter_map(|tag| tag.as_str().map(str::to_owned));
    tags.extend(more.collect::<Vec<_>>().into_iter().filter(|tag| !tags.contains(tag)).collect::<Vec<_>>());
    tags.truncate(super::MAX_TAGS);
    kept.tags = json!(tags);
    // What keeps him from calls more stays.
    let weight = |word: &str| AutomationState::from_word(word).map_or(0, |state| state as u8);
    if weight(&gone.automation_state) > weight(&kept.automation_state) {
        kept.automation_state = gone.automation_state;
    }
    kept.do_not_call |= gone.do_not_call;
    kept.last_message_at = kept.last_message_at.max(gone.last_message_at);
    kept.last_call_at = kept.last_call_at.max(gone.last_call_at);
    kept.listed_at = kept.listed_at.max(gone.listed_at);
    kept.created_at = kept.created_at.min(gone.created_at);
    kept.updated_at = moment(at);
    kept.search_text = searched(&kept);
    contact::Entity::update(kept.clone().into_active_model().reset_all()).exec(transaction).await?;
    save_search(transaction, &kept).await?;
    let subject = AuditSubject::new(AuditKind::Contact, ContactId::from_uuid(kept.id));
    let detail = json!({ "joined": ContactId::from_uuid(gone.id).to_string() });
    let entry = Author::exchange(at).did(AuditWhat::ContactsJoined, subject, detail);
    audit::append(transaction, Some(audit::row(scope, entry))).await?;
    Ok(kept)
}

async fn conversations(transaction: &DatabaseTransaction, kept: Uuid, gone: Uuid) -> Result<(), Failure> {
    let theirs = conversation::Entity::find()
        .filter(conversation::Column::ContactId.eq(gone))
        .order_by_asc(conversation::Column::Id)
        .limit(MAX_PAGE)
        .all(transaction)
        .await?;
    for mut row in theirs {
        let same = conversation::Entity::find()
            .filter(conversation::Column::ContactId.eq(kept))
            .filter(conversation::Column::NumberId.eq(row.number_id))
            .one(transaction)
            .await?;
        if let Some(same) = same {
            conversation::Entity::delete_by_id(same.id).exec(transaction).await?;
            row.window_until = row.window_until.max(same.window_until);
            row.last_inbound_at = row.last_inbound_at.max(same.last_inbound_at);
            row.last_message_at = row.last_message_at.max(same.last_message_at);
            if same.offered_at > row.offered_at {
                (row.offered_at, row.offer_message_id) = (same.offered_at, same.offer_message_id);
            }
        }
        row.contact_id = kept;
        conversation::Entity::update(row.into_active_model().reset_all()).exec(transaction).await?;
    }
    Ok(())
}

async fn wallets(
    transaction: &DatabaseTransaction,
    kept: Uuid,
    gone: Uuid,
    at: Timestamp,
) -> Result<(), Failure> {
    let theirs = permission_wallet::Entity::find()
        .filter(permission_wallet::Column::ContactId.eq(gone))
        .order_by_asc(permission_wallet::Column::Id)
        .limit(MAX_PAGE)
        .lock_exclusive()
        .all(transaction)
        .await?;
    for row in theirs {
        let same = permission_wallet::Entity::find()
            .filter(permission_wallet::Column::ContactId.eq(kept))
            .filter(permission_wallet::Column::NumberId.eq(row.number_id))
            .lock_exclusive()
            .one(transaction)
            .await?;
        let Some(same) = same else {
            let moved = permission_wallet::ActiveModel {
                id: Set(row.id),
                contact_id: Set(kept),
                ..Default::default()
            };
            permission_wallet::Entity::update(moved).exec(transaction).await?;
            continue;
        };
        let joined = Wallet::joined(permissions::wallet(&same)?, permissions::wallet(&row)?);
        permission_wallet::Entity::delete_by_id(row.id).exec(transaction).await?;
        permissions::save(transaction, same, &joined, at).await?;
    }
    Ok(())
}

/// The words a contact is found by, as they are now.
pub(crate) async fn save_search(
    transaction: &DatabaseTransaction,
    row: &contact::Model,
) -> Result<(), Failure> {
    contact_tag::Entity::delete_many()
        .filter(contact_tag::Column::ContactId.eq(row.id))
        .exec(transaction)
        .await?;
    let mut folded: Vec<String> =
        super::tags(row).iter().map(|tag| crate::search_text::folded(tag)).collect();
    folded.sort_unstable();
    folded.dedup();
    if folded.is_empty() {
        return Ok(());
    }
    let rows = folded.into_iter().map(|tag| contact_tag::ActiveModel {
        tenant_id: Set(row.tenant_id),
        tag: Set(tag),
        contact_id: Set(row.id),
    });
    contact_tag::Entity::insert_many(rows).exec_without_returning(transaction).await?;
    Ok(())
}
