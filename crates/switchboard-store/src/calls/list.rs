//! Lists of calls: filters, and pages by key instead of by count, so that what arrives meanwhile moves nothing.

use std::fmt;

use sea_orm::{ColumnTrait, Condition, QueryFilter, QueryOrder, Select};
use switchboard_core::access::Scope;
use switchboard_core::call::input::Direction;
use switchboard_core::call::state::Status;
use switchboard_core::ids::{CallId, NumberId};
use switchboard_core::phone::PhoneNumber;
use switchboard_core::time::Timestamp;

use super::columns::from_columns;
use super::row::CallRow;
use crate::columns::moment;
use crate::cursor::Cursor;
use crate::entities::call;
use crate::error::StoreError;
use crate::{scope, search_text};

/// Which calls. Empty = all.
#[derive(Clone, Default)]
pub struct CallFilter {
    /// Who calls whom.
    pub direction: Option<Direction>,
    /// Any of these.
    pub statuses: Vec<Status>,
    /// Of this business number.
    pub number: Option<NumberId>,
    /// Offered at this moment or later.
    pub from: Option<Timestamp>,
    /// Offered before this moment.
    pub to: Option<Timestamp>,
    /// Words of the caller's name, user name or phone number; accents and case do not matter.
    pub search: Option<String>,
    /// Of this customer, whoever called.
    pub customer: Option<Customer>,
}

/// One customer, by his number in every form it has had, or by the provider's id of him.
#[derive(Clone, Default)]
pub struct Customer {
    /// His number.
    pub phone: Option<PhoneNumber>,
    /// The provider's id of him.
    pub user_id: Option<String>,
}

impl Customer {
    fn condition(&self) -> Condition {
        // Of nobody there are no calls: without any part the condition would be none at all.
        let phones = self.phone.as_ref().map(PhoneNumber::spellings).unwrap_or_default();
        let user_id = self.user_id.as_ref().map(|id| call::Column::CallerUserId.eq(id));
        Condition::any().add(call::Column::CallerPhone.is_in(phones)).add_option(user_id)
    }
}

impl fmt::Debug for CallFilter {
    /// The search is somebody's name or number, and so is the customer.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallFilter")
            .field("direction", &self.direction)
            .field("statuses", &self.statuses)
            .field("number", &self.number)
            .field("from", &self.from)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}

/// Where a page of calls ended.
pub type CallCursor = Cursor<CallId>;

/// Some rows of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins; none on the last.
    pub next: Option<CallCursor>,
}

pub(super) fn query(scope: &Scope, filter: &CallFilter, after: Option<CallCursor>) -> Select<call::Entity> {
    let after = after.map(|CallCursor { at, id }| {
        let at = moment(at);
        let same_moment =
            Condition::all().add(call::Column::ListedAt.eq(at)).add(call::Column::Id.lt(id.uuid()));
        Condition::any().add(call::Column::ListedAt.lt(at)).add(same_moment)
    });
    let statuses = filter.statuses.iter().map(|status| status.as_str());
    let conditions = Condition::all()
        .add_option(filter.direction.map(|direction| call::Column::Direction.eq(direction.as_str())))
        .add_option((!filter.statuses.is_empty()).then(|| call::Column::Status.is_in(statuses)))
        .add_option(filter.number.map(|number| call::Column::NumberId.eq(number.uuid())))
        .add_option(filter.from.map(|from| call::Column::ListedAt.gte(moment(from))))
        .add_option(filter.to.map(|to| call::Column::ListedAt.lt(moment(to))))
        .add_option(filter.search.as_deref().map(|query| {
            if scope.masks_numbers {
                search_text::matches_without_numbers(
                    call::Column::SearchText,
                    call::Column::CallerPhone,
                    query,
                )
            } else {
                search_text::matches(call::Column::SearchText, query)
            }
        }))
        .add_option(filter.customer.as_ref().map(Customer::condition))
        .add_option(after);
    scope::find::<call::Entity>(scope)
        .filter(conditions)
        .order_by_desc(call::Column::ListedAt)
        .order_by_desc(call::Column::Id)
}

/// `rows` holds one more than the page when there is a next one.
pub(super) fn page(mut rows: Vec<call::Model>, limit: u64) -> Result<Page<CallRow>, StoreError> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let items = rows.into_iter().map(from_columns).collect::<Result<Vec<_>, _>>()?;
    let last = items.last().filter(|_| more);
    let next = last.map(|call| CallCursor { at: call.listed_at(), id: call.id });
    Ok(Page { items, next })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cursor::NotACursor;

    #[test]
    fn a_cursor_reads_back_and_nonsense_is_refused() {
        let cursor =
            CallCursor { at: Timestamp::from_micros(-5), id: CallId::from_uuid(uuid::Uuid::from_u128(7)) };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        assert_eq!("12".parse::<CallCursor>(), Err(NotACursor));
        assert_eq!("x~call_1".parse::<CallCursor>(), Err(NotACursor));
    }
}
