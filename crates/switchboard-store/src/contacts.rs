//! Contacts: who talks with the business. A customer has a phone number, the provider's id of him for this business, or
//! both; each names one contact of a business. Who is meant by a webhook is decided in `identify`.

mod change;
mod identify;
mod import;
mod list;

use std::fmt;

use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use switchboard_core::access::Scope;
use switchboard_core::eligibility::AutomationState;
use switchboard_core::ids::{BranchId, ContactId, TenantId, UserId};
use switchboard_core::phone::PhoneNumber;
use switchboard_core::time::Timestamp;

pub use change::{ContactChange, ContactRemoved, NewContact};
pub use identify::Identity;
pub(crate) use identify::{Heard, identify, save_search};
pub use import::{Import, ImportLine, OptIn, Refused};
pub use list::{ContactCursor, ContactFilter, ContactPage};

use crate::columns::{Cell, timestamp};
use crate::db::Db;
use crate::entities::{contact, conversation};
use crate::error::StoreError;
use crate::{MAX_PAGE, scope, search_text};

/// Tags of one contact.
pub const MAX_TAGS: usize = 20;

/// A contact.
#[derive(Clone, PartialEq, Eq)]
pub struct Contact {
    /// Its id.
    pub id: ContactId,
    /// The business.
    pub tenant: TenantId,
    /// The branch that sees him; none = all of them.
    pub branch: Option<BranchId>,
    /// Whose customer he is.
    pub owner: Option<UserId>,
    /// The phone number as we first knew it.
    pub phone: Option<PhoneNumber>,
    /// The provider's id of him for this business.
    pub user_id: Option<String>,
    /// The WhatsApp user name.
    pub username: Option<String>,
    /// What people of the business call him.
    pub name: Option<String>,
    /// What he calls himself on WhatsApp.
    pub profile_name: Option<String>,
    /// ISO 3166 country of his number.
    pub country: Option<String>,
    /// What other systems call him.
    pub lead_reference: Option<String>,
    /// Words he is found by.
    pub tags: Vec<String>,
    /// Who talks with him now.
    pub automation: AutomationState,
    /// He is not to be called, whatever else was said.
    pub do_not_call: bool,
    /// When he wrote, or was written to.
    pub last_message_at: Option<Timestamp>,
    /// When he called, or was called.
    pub last_call_at: Option<Timestamp>,
    /// When the provider last said that he cannot be reached; none since he did something.
    pub uncallable_at: Option<Timestamp>,
    /// Since when he is known.
    pub created_at: Timestamp,
    /// When anything about him changed.
    pub updated_at: Timestamp,
    /// When he last did anything: lists are sorted by it.
    pub listed_at: Timestamp,
}

impl Contact {
    /// What he is called.
    #[must_use]
    pub fn shown_name(&self) -> Option<&str> {
        self.name.as_deref().or(self.profile_name.as_deref()).or(self.username.as_deref())
    }
}

impl fmt::Debug for Contact {
    /// No names and numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contact")
            .field("id", &self.id)
            .field("branch", &self.branch)
            .field("automation", &self.automation)
            .field("do_not_call", &self.do_not_call)
            .finish_non_exhaustive()
    }
}

/// Questions about contacts.
#[derive(Debug, Clone, Copy)]
pub struct Contacts<'s> {
    pub(crate) db: &'s Db,
}

impl Contacts<'_> {
    /// One contact of this scope.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_id(&self, scope: &Scope, id: ContactId) -> Result<Option<Contact>, StoreError> {
        let seen = self.db.see(scope, format!("look up {id}")).await?;
        let row = scope::find::<contact::Entity>(scope)
            .filter(contact::Column::Id.eq(id.uuid()))
            .one(seen.connection());
        seen.read(row).await?.map(read).transpose()
    }

    /// Whose number this is, in any of its spellings.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_phone(&self, scope: &Scope, phone: &PhoneNumber) -> Result<Option<Contact>, StoreError> {
        let seen = self.db.see(scope, "look up a contact by the number").await?;
        let row = scope::find::<contact::Entity>(scope)
            .filter(contact::Column::PhoneKey.eq(phone.key()))
            .one(seen.connection());
        seen.read(row).await?.map(read).transpose()
    }

    /// Until when each of these may be written to freely, on the number that is open longest; [`MAX_PAGE`] contacts.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn windows(
        &self,
        scope: &Scope,
        contacts: &[ContactId],
    ) -> Result<Vec<(ContactId, Timestamp)>, StoreError> {
        let seen = self.db.see(scope, "look up the windows of contacts").await?;
        let ids = contacts.iter().take(MAX_PAGE as usize).map(|id| id.uuid());
        let rows = scope::find::<conversation::Entity>(scope)
            .select_only()
            .column(conversation::Column::ContactId)
            .column_as(conversation::Column::WindowUntil.max(), "until")
            .filter(conversation::Column::ContactId.is_in(ids))
            .filter(conversation::Column::WindowUntil.is_not_null())
            .group_by(conversation::Column::ContactId)
            .order_by_asc(conversation::Column::ContactId)
            .limit(MAX_PAGE)
            .into_tuple::<(uuid::Uuid, sea_orm::prelude::DateTimeUtc)>()
            .all(seen.connection());
        let rows = seen.read(rows).await?;
        Ok(rows.into_iter().map(|(id, until)| (ContactId::from_uuid(id), timestamp(until))).collect())
    }
}

/// What a contact is searched by.
fn searched(row: &contact::Model) -> String {
    let tags = tags(row);
    let words = [
        row.name.as_deref(),
        row.profile_name.as_deref(),
        row.username.as_deref(),
        row.phone.as_deref(),
        row.phone_key.as_deref().filter(|key| row.phone.as_deref() != Some(key)),
        row.lead_reference.as_deref(),
    ];
    search_text::of(words.into_iter().chain(tags.iter().map(|tag| Some(tag.as_str()))))
}

fn tags(row: &contact::Model) -> Vec<String> {
    let tags = row.tags.as_array().into_iter().flatten();
    tags.filter_map(|tag| tag.as_str().map(str::to_owned)).collect()
}

/// A row as others read it; nothing in it is sealed.
pub(crate) fn read(row: contact::Model) -> Result<Contact, StoreError> {
    let cell = |column| Cell { table: "contacts", column, id: row.id };
    let phone = row.phone.as_deref().map(str::parse::<PhoneNumber>).transpose();
    Ok(Contact {
        id: ContactId::from_uuid(row.id),
        tenant: TenantId::from_uuid(row.tenant_id),
        branch: row.branch_id.map(BranchId::from_uuid),
        owner: row.owner_user_id.map(UserId::from_uuid),
        phone: phone.map_err(|_| cell("phone").unreadable("no phone number"))?,
        tags: tags(&row),
        automation: cell("automation_state").word(&row.automation_state, AutomationState::from_word)?,
        do_not_call: row.do_not_call,
        last_message_at: row.last_message_at.map(timestamp),
        last_call_at: row.last_call_at.map(timestamp),
        uncallable_at: row.uncallable_at.map(timestamp),
        created_at: timestamp(row.created_at),
        updated_at: timestamp(row.updated_at),
        listed_at: timestamp(row.listed_at),
        user_id: row.user_id,
        username: row.username,
        name: row.name,
        profile_name: row.profile_name,
        country: row.country,
        lead_reference: row.lead_reference,
    })
}
