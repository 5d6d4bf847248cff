//! Contacts that people make, change and remove.

use std::fmt;

use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel,
    QueryFilter, QuerySelect,
};
use serde_json::json;
use switchboard_core::access::Scope;
use switchboard_core::audit::{AuditKind, AuditWhat};
use switchboard_core::eligibility::AutomationState;
use switchboard_core::ids::{BranchId, ContactId, UserId};
use switchboard_core::phone::PhoneNumber;

use super::{Contact, Contacts, read, save_search, searched};
use crate::audit::{self, AuditSubject, Author};
use crate::columns::{self, moment};
use crate::db::Lane;
use crate::entities::{contact, user};
use crate::error::{Failure, StoreError};
use crate::scope;

/// A contact to be made. At least one of number and id is there.
#[derive(Clone, Default)]
pub struct NewContact {
    /// The number.
    pub phone: Option<PhoneNumber>,
    /// The provider's id of him for this business.
    pub user_id: Option<String>,
    /// The rest.
    pub change: ContactChange,
}

impl fmt::Debug for NewContact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewContact").field("phone", &self.phone).finish_non_exhaustive()
    }
}

/// What people may change; what is left out stays as it is.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ContactChange {
    /// What he is called; none = what he calls himself.
    pub name: Option<Option<String>>,
    /// Whose customer he is.
    pub owner: Option<Option<UserId>>,
    /// The branch that sees him.
    pub branch: Option<Option<BranchId>>,
    /// Words he is found by, all of them.
    pub tags: Option<Vec<String>>,
    /// Words he is found by besides those he has.
    pub more_tags: Vec<String>,
    /// What other systems call him.
    pub lead_reference: Option<Option<String>>,
    /// Who talks with him now.
    pub automation: Option<AutomationState>,
}

impl fmt::Debug for ContactChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContactChange").field("automation", &self.automation).finish_non_exhaustive()
    }
}

/// What came of removing a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactRemoved {
    /// He is gone, with his messages, permissions and consents.
    Done,
    /// He does not want to be called; who forgets him would forget that, too.
    SaidNo,
}

impl Contacts<'_> {
    /// Makes a contact.
    ///
    /// # Errors
    /// [`StoreError::AlreadyThere`] when number or id are somebody's, [`StoreError::OutOfScope`], [`StoreError::Dangling`]
    /// for a branch or an owner of another tenant, or when the database fails.
    pub async fn create(
        &self,
        scope: &Scope,
        new: NewContact,
        author: &Author,
    ) -> Result<Contact, StoreError> {
        const DOING: &str = "make a contact";
        let (of_scope, author) = (scope.clone(), author.clone());
        let row = self
            .db
            .write(Lane::Settings, scope, 3, DOING, move |transaction| {
                Box::pin(async move {
                    let row = contact::Model {
                        id: columns::fresh_uuid(),
                        tenant_id: of_scope.tenant.uuid(),
                        branch_id: None,
                        branch_by_hand: false,
                        owner_user_id: None,
                        phone: new.phone.as_ref().map(|phone| phone.digits().to_owned()),
                        phone_key: new.phone.as_ref().map(PhoneNumber::key),
                        user_id: new.user_id.as_deref().map(columns::text),
                        username: None,
                        name: None,
                        profile_name: None,
                        country: new.phone.as_ref().and_then(PhoneNumber::country),
                        lead_reference: None,
                        tags: json!([]),
                        automation_state: AutomationState::None.as_str().to_owned(),
                        do_not_call: false,
                        search_text: String::new(),
                        last_message_at: None,
                        last_call_at: None,
                        uncallable_at: None,
                        listed_at: moment(author.at),
                        created_at: moment(author.at),
                        updated_at: moment(author.at),
                    };
                    let row = changed(transaction, &of_scope, row, &new.change, &author, DOING).await?;
                    contact::Entity::insert(row.clone().into_active_model().reset_all())
                        .exec_without_returning(transaction)
                        .await?;
                    save_search(transaction, &row).await?;
                    Ok(row)
                })
            })
            .await?;
        read(row)
    }

    /// Changes a contact. None: there is none in this scope.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub async fn change(
        &self,
        scope: &Scope,
        id: ContactId,
        change: ContactChange,
        author: &Author,
    ) -> Result<Option<Contact>, StoreError> {
        let doing = format!("change {id}");
        let (of_scope, author) = (scope.clone(), author.clone());
        let row = self
            .db
            .write(Lane::Settings, scope, 3, doing.clone(), move |transaction| {
                Box::pin(async move {
                    let row = scope::find::<contact::Entity>(&of_scope)
                        .filter(contact::Column::Id.eq(id.uuid()))
                        .lock_exclusive()
                        .one(transaction)
                        .await?;
                    let Some(row) = row else { return Ok(None) };
                    let row = changed(transaction, &of_scope, row, &change, &author, &doing).await?;
                    contact::Entity::update(row.clone().into_active_model().reset_all())
                        .exec(transaction)
                        .await?;
                    save_search(transaction, &row).await?;
                    Ok(Some(row))
                })
            })
            .await?;
        row.map(read).transpose()
    }

    /// Forgets a contact with everything that hangs on him. None: there is none in this scope.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove(
        &self,
        scope: &Scope,
        id: ContactId,
        author: &Author,
    ) -> Result<Option<ContactRemoved>, StoreError> {
        let (of_scope, author) = (scope.clone(), author.clone());
        self.db
            .write(Lane::Settings, scope, 20, format!("remove {id}"), move |transaction| {
                Box::pin(async move {
                    let row = scope::find::<contact::Entity>(&of_scope)
                        .filter(contact::Column::Id.eq(id.uuid()))
                        .lock_exclusive()
                        .one(transaction)
                        .await?;
                    let Some(row) = row else { return Ok(None) };
                    if row.do_not_call {
                        return Ok(Some(ContactRemoved::SaidNo));
                    }
                    crate::entities::call::Entity::update_many()
                        .set(crate::entities::call::ActiveModel {
                            contact_id: Set(None),
                            ..Default::default()
                        })
                        .filter(crate::entities::call::Column::ContactId.eq(row.id))
                        .exec(transaction)
                        .await?;
                    contact::Entity::delete_by_id(row.id).exec(transaction).await?;
                    let subject = AuditSubject::new(AuditKind::Contact, id);
                    let entry = author.did(AuditWhat::ContactRemoved, subject, json!({}));
                    audit::append(transaction, Some(audit::row(&of_scope, entry))).await?;
                    Ok(Some(ContactRemoved::Done))
                })
            })
            .await
    }
}

/// The row with the change; what may be asked about later is written into the audit log.
pub(super) async fn changed(
    transaction: &DatabaseTransaction,
    scope: &Scope,
    mut row: contact::Model,
    change: &ContactChange,
    author: &Author,
    doing: &str,
) -> Result<contact::Model, Failure> {
    let words =
        |words: &Option<String>| words.as_deref().map(columns::text).filter(|words| !words.is_empty());
    if let Some(name) = &change.name {
        row.name = words(name);
    }
    if let Some(lead) = &change.lead_reference {
        row.lead_reference = words(lead);
    }
    if let Some(branch) = change.branch {
        scope::check(scope, scope.tenant, branch, || doing.to_owned().into())?;
        row.branch_id = branch.map(BranchId::uuid);
        row.branch_by_hand = true;
    }
    if let Some(owner) = change.owner {
        if let Some(owner) = owner {
            let theirs = user::Entity::find_by_id(owner.uuid())
                .filter(user::Column::TenantId.eq(scope.tenant.uuid()))
                .one(transaction)
                .await?;
            theirs.ok_or_else(|| StoreError::Dangling { doing: doing.to_owned().into() })?;
        }
        row.owner_user_id = owner.map(UserId::uuid);
    }
    let mut tags = match &change.tags {
        Some(tags) => tags.iter().map(|tag| columns::text(tag)).collect(),
        None => super::tags(&row),
    };
    for tag in change.more_tags.iter().map(|tag| columns::text(tag)) {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags.truncate(super::MAX_TAGS);
    row.tags = json!(tags);
    if let Some(automation) = change.automation.filter(|state| state.as_str() != row.automation_state) {
        let detail = json!({ "from": row.automation_state, "to": automation.as_str() });
        let subject = AuditSubject::new(AuditKind::Contact, ContactId::from_uuid(row.id));
        let entry = author.did(AuditWhat::ContactAutomationSet, subject, detail);
        audit::append(transaction, Some(audit::row(scope, entry))).await?;
        row.automation_state = automation.as_str().to_owned();
    }
    row.updated_at = moment(author.at);
    row.search_text = searched(&row);
    Ok(row)
}
