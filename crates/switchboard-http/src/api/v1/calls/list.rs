//! The list of calls, newest first.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use switchboard_core::access::Scope;
use switchboard_core::call::input::Direction;
use switchboard_core::call::state::Status;
use switchboard_core::ids::ContactId;
use switchboard_engine::events::CallView;
use switchboard_store::calls::{CallCursor, CallFilter, Customer};
use utoipa::{IntoParams, ToSchema};

use crate::auth::actor::SignedIn;
use crate::error::{Answer, Code, Problem, ProblemBody};
use crate::input::Query;
use crate::pagination;
use crate::state::AppState;

/// Nobody searches for a novel.
const MAX_SEARCH_CHARS: usize = 100;

/// Which calls.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// 1 to 200; 50 when left out.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// `incoming` or `outgoing`.
    direction: Option<String>,
    /// One or more, with commas: `offered`, `ringing`, `answered`, `ended`, `missed`, `rejected`, `failed`.
    #[param(example = "missed,ended")]
    status: Option<String>,
    /// `num_…`
    number_id: Option<String>,
    /// `ct_…`: calls of this contact, in both directions.
    contact_id: Option<String>,
    /// Part of a name, a username or a number; accents and case do not matter.
    search: Option<String>,
    /// Not before (RFC 3339).
    from: Option<String>,
    /// Before (RFC 3339).
    to: Option<String>,
}

/// A page of calls.
#[derive(Serialize, ToSchema)]
pub(crate) struct CallPage {
    /// Newest first.
    items: Vec<CallView>,
    /// For the next page; none: this was the last.
    next_cursor: Option<String>,
}

/// Calls I may see, newest first.
#[utoipa::path(
    get, operation_id = "list_calls", path = "/api/v1/calls", tag = "calls", params(Filter),
    responses(
        (status = 200, body = CallPage),
        (status = 400, description = "`invalid_query`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 404, description = "The contact is not there, or not yours to see.", body = ProblemBody),
    )
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Query(filter): Query<Filter>,
) -> Answer<CallPage> {
    let limit = pagination::limit(filter.limit)?;
    let cursor = filter.cursor.as_deref().map(pagination::decode::<CallCursor>).transpose()?;
    let scope = &signed_in.actor.scope;
    let customer = match filter.contact_id.as_deref() {
        Some(id) => Some(customer(&state, scope, id).await?),
        None => None,
    };
    let wanted = CallFilter { customer, ..wanted(filter)? };
    let page = state.store().calls().list(scope, &wanted, cursor, limit.into()).await?;
    let items = state.engine().view_calls(scope, &page.items).await?;
    Ok(Json(CallPage { items, next_cursor: page.next.as_ref().map(pagination::encode) }))
}

async fn customer(state: &AppState, scope: &Scope, id: &str) -> Result<Customer, Problem> {
    let id: ContactId = one_of("contact_id", id, |id| id.parse().ok())?;
    let contact = state.store().contacts().by_id(scope, id).await?.ok_or_else(Problem::not_found)?;
    Ok(Customer { phone: contact.phone, user_id: contact.user_id })
}

fn wanted(filter: Filter) -> Result<CallFilter, Problem> {
    Ok(CallFilter {
        direction: filter
            .direction
            .as_deref()
            .map(|word| one_of("direction", word, Direction::from_word))
            .transpose()?,
        statuses: filter
            .status
            .iter()
            .flat_map(|words| words.split(','))
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .map(|word| one_of("status", word, Status::from_word))
            .collect::<Result<_, _>>()?,
        number: filter
            .number_id
            .as_deref()
            .map(|id| one_of("number_id", id, |id| id.parse().ok()))
            .transpose()?,
        from: filter.from.as_deref().map(|text| pagination::moment("from", text)).transpose()?,
        to: filter.to.as_deref().map(|text| pagination::moment("to", text)).transpose()?,
        search: filter
            .search
            .as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(searchable)
            .transpose()?,
        customer: None,
    })
}

fn one_of<T>(name: &'static str, word: &str, read: impl Fn(&str) -> Option<T>) -> Result<T, Problem> {
    read(word).ok_or_else(|| {
        Problem::new(Code::InvalidQuery, format!("{name} has a value that does not exist."))
            .with("path", name)
    })
}

fn searchable(text: &str) -> Result<String, Problem> {
    if text.chars().count() <= MAX_SEARCH_CHARS {
        return Ok(text.to_owned());
    }
    Err(Problem::new(Code::InvalidQuery, format!("search may have {MAX_SEARCH_CHARS} characters."))
        .with("path", "search"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(query: &str) -> Result<CallFilter, Problem> {
        let uri = format!("/?{query}").parse().expect("an address");
        let filter = axum::extract::Query::<Filter>::try_from_uri(&uri).expect("parameters").0;
        wanted(filter)
    }

    #[test]
    fn several_statuses_are_any_of_them() {
        let wanted = filter("status=missed,ended&direction=incoming&search=%20ana%20").expect("a filter");
        assert_eq!(wanted.statuses, [Status::Missed, Status::Ended]);
        assert_eq!(wanted.direction, Some(Direction::Incoming));
        assert_eq!(wanted.search.as_deref(), Some("ana"));
    }

    #[test]
    fn a_word_that_does_not_exist_is_refused_and_named() {
        for (query, name) in [
            ("status=missed,lost", "status"),
            ("direction=sideways", "direction"),
            ("number_id=call_1", "number_id"),
            ("from=yesterday", "from"),
            ("to=2026", "to"),
        ] {
            let problem = filter(query).expect_err(query);
            assert!(format!("{problem:?}").contains(name), "{query}");
        }
        assert!(filter(&format!("search={}", "x".repeat(MAX_SEARCH_CHARS + 1))).is_err());
    }
}
