//! Lists of calls: filters, and pages by key instead of by count, so that what arrives meanwhile moves nothing.

use std::fmt;
use std::str::FromStr;

use sea_orm::{ColumnTrait, Condition, QueryFilter, QueryOrder, Select};
use switchboard_core::access::Scope;
use switchboard_core::call::input::Direction;
use switchboard_core::call::state::Status;
use switchboard_core::ids::{CallId, NumberId};
use switchboard_core::time::Timestamp;

use super::columns::from_columns;
use super::row::CallRow;
use crate::columns::moment;
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
}

impl fmt::Debug for CallFilter {
    /// The search is somebody's name or number.
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

/// Where a page ended. Opaque outside; reads back from its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    at: Timestamp,
    id: CallId,
}

/// A text that is not one of our cursors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a cursor of a list of calls")]
pub struct NotACursor;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}~{}", self.at.micros(), self.id)
    }
}

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let (at, id) = text.split_once('~').ok_or(NotACursor)?;
        Ok(Self {
            at: Timestamp::from_micros(at.parse().map_err(|_| NotACursor)?),
            id: id.parse().map_err(|_| NotACursor)?,
        })
    }
}

/// Some rows of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins; none on the last.
    pub next: Option<Cursor>,
}

pub(super) fn query(scope: &Scope, filter: &CallFilter, after: Option<Cursor>) -> Select<call::Entity> {
    let after = after.map(|Cursor { at, id }| {
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
        .add_option(
            filter.search.as_deref().map(|query| search_text::matches(call::Column::SearchText, query)),
        )
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
    let next = last.map(|call| Cursor { at: call.listed_at(), id: call.id });
    Ok(Page { items, next })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_nonsense_is_refused() {
        let cursor =
            Cursor { at: Timestamp::from_micros(-5), id: CallId::from_uuid(uuid::Uuid::from_u128(7)) };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        assert_eq!("12".parse::<Cursor>(), Err(NotACursor));
        assert_eq!("x~call_1".parse::<Cursor>(), Err(NotACursor));
    }
}
