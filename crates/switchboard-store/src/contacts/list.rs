//! Lists of contacts: those who did something last come first.

use std::fmt;

use sea_orm::prelude::DateTimeUtc;
use sea_orm::sea_query::Query;
use sea_orm::{ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect, Select};
use switchboard_core::access::Scope;
use switchboard_core::ids::ContactId;
use switchboard_core::phone::PhoneNumber;
use uuid::Uuid;

use super::{Contact, Contacts, read};
use crate::columns::{moment, text, timestamp};
use crate::cursor::Cursor;
use crate::entities::{contact, contact_tag};
use crate::error::StoreError;
use crate::{MAX_PAGE, scope, search_text};

/// Contacts that one page of a search looks through; the next page goes on behind them.
const LOOKED_THROUGH: u64 = 20_000;
/// Digits that may be a whole number.
const WHOLE_NUMBER: usize = 8;

/// Which contacts. Empty = all.
#[derive(Clone, Default)]
pub struct ContactFilter {
    /// Words of name, number, user name, tags or lead reference; accents and case do not matter.
    pub search: Option<String>,
    /// With this word; accents and case do not matter.
    pub tag: Option<String>,
}

impl fmt::Debug for ContactFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContactFilter(masked)")
    }
}

/// Where a page of contacts ended.
pub type ContactCursor = Cursor<ContactId>;

/// Some contacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactPage {
    /// Who did something last comes first.
    pub items: Vec<Contact>,
    /// Where the next page begins; none on the last. A search may have found less than a page before it, or nothing.
    pub next: Option<ContactCursor>,
}

impl Contacts<'_> {
    /// A page of the contacts of this scope.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        &self,
        scope: &Scope,
        filter: &ContactFilter,
        after: Option<ContactCursor>,
        limit: u64,
    ) -> Result<ContactPage, StoreError> {
        let limit = limit.clamp(1, MAX_PAGE);
        let seen = self.db.see(scope, "list contacts").await?;
        let tagged = filter.tag.as_deref().map(|tag| tagged(scope, tag));
        if after.is_none()
            && let Some(whole) = filter.search.as_deref().and_then(whole_number)
        {
            let rows = in_order(scope).filter(whole).filter(Condition::all().add_option(tagged.clone()));
            let rows = seen.read(rows.limit(limit).all(seen.connection())).await?;
            if !rows.is_empty() {
                let items = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
                return Ok(ContactPage { items, next: None });
            }
        }
        // Words are looked for in one row after the other: a search that finds little would read all of them.
        let last_looked_at = match &filter.search {
            Some(_) => {
                let end = in_order(scope)
                    .filter(Condition::all().add_option(after.map(ContactCursor::behind)))
                    .select_only()
                    .columns([contact::Column::ListedAt, contact::Column::Id])
                    .offset(LOOKED_THROUGH - 1)
                    .limit(1)
                    .into_tuple::<(DateTimeUtc, Uuid)>()
                    .one(seen.connection());
                let end = seen.read(end).await?;
                end.map(|(at, id)| ContactCursor { at: timestamp(at), id: ContactId::from_uuid(id) })
            }
            None => None,
        };
        let conditions = Condition::all()
            .add_option(filter.search.as_deref().map(|query| searched_by(scope, query)))
            .add_option(tagged)
            .add_option(after.map(ContactCursor::behind))
            .add_option(last_looked_at.map(|last| last.behind().not()));
        let rows = in_order(scope).filter(conditions).limit(limit + 1).all(seen.connection());
        let mut rows = seen.read(rows).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let items = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let last = items.last().filter(|_| more);
        let next = last.map(|contact| ContactCursor { at: contact.listed_at, id: contact.id });
        Ok(ContactPage { items, next: next.or(last_looked_at) })
    }
}

impl ContactCursor {
    /// What comes after it in a list.
    fn behind(self) -> Condition {
        let at = moment(self.at);
        let same_moment = Condition::all()
            .add(contact::Column::ListedAt.eq(at))
            .add(contact::Column::Id.lt(self.id.uuid()));
        Condition::any().add(contact::Column::ListedAt.lt(at)).add(same_moment)
    }
}

/// Who did something last comes first.
fn in_order(scope: &Scope) -> Select<contact::Entity> {
    scope::find::<contact::Entity>(scope)
        .order_by_desc(contact::Column::ListedAt)
        .order_by_desc(contact::Column::Id)
}

/// What may be a whole number is looked up by its index first, in any of its spellings; what other systems call somebody
/// may look like one.
fn whole_number(query: &str) -> Option<Condition> {
    if query.chars().filter(char::is_ascii_digit).count() < WHOLE_NUMBER {
        return None;
    }
    let phone: PhoneNumber = query.parse().ok()?;
    let reference = contact::Column::LeadReference.eq(text(query.trim()));
    Some(Condition::any().add(contact::Column::PhoneKey.eq(phone.key())).add(reference))
}

/// Words are looked for in the search text.
fn searched_by(scope: &Scope, query: &str) -> Condition {
    if scope.masks_numbers {
        return search_text::matches_without_numbers(
            contact::Column::SearchText,
            contact::Column::Phone,
            query,
        );
    }
    search_text::matches(contact::Column::SearchText, query)
}

fn tagged(scope: &Scope, tag: &str) -> Condition {
    let with_it = Query::select()
        .column(contact_tag::Column::ContactId)
        .from(contact_tag::Entity)
        .and_where(contact_tag::Column::TenantId.eq(scope.tenant.uuid()))
        .and_where(contact_tag::Column::Tag.eq(search_text::folded(tag)))
        .to_owned();
    Condition::all().add(contact::Column::Id.in_subquery(with_it))
}
