//! Callers the business does not want. A blocked caller's call is rejected at once and rings nobody; it stays in the list.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use switchboard_core::access::Scope;
use switchboard_core::admission::Block;
use switchboard_core::ids::{BlockId, CallId, NumberId};
use switchboard_core::masking;
use switchboard_core::phone::PhoneNumber;
use switchboard_engine::clock::rfc3339;
use switchboard_store::StoreError;
use switchboard_store::audit::AuditBy;
use switchboard_store::blocked_callers::{Blocked, BlockedCaller as Entry, NewBlock};
use utoipa::{IntoParams, ToSchema};

use crate::auth::actor::{Credential, SignedIn};
use crate::error::{Answer, Code, Problem, ProblemBody, no_content};
use crate::input::{Body, Id, Query};
use crate::middleware::client_address::ClientAddress;
use crate::pagination;
use crate::state::AppState;

/// Characters of a reason.
const LONGEST_REASON: usize = 500;
/// Characters of the provider's id of a customer; what Meta sends is below 150.
const LONGEST_USER_ID: usize = 256;

/// A blocked caller.
#[derive(Serialize, ToSchema)]
pub(crate) struct BlockedCaller {
    /// `blk_…`
    #[schema(example = "blk_0199aaaabbbb7ccc8ddd000000000001")]
    id: String,
    /// The number in international form; none when the caller showed none.
    phone: Option<String>,
    /// The provider's id of the caller.
    user_id: Option<String>,
    /// What he was called when he was blocked.
    name: Option<String>,
    /// Why.
    reason: String,
    /// Until when; none: for ever.
    until: Option<String>,
    /// `num_…`; none: on all numbers.
    number_id: Option<String>,
    /// Who blocked him: `user_…` or `key_…`, and the name then.
    created_by: Blocker,
    /// When.
    created_at: String,
}

/// Who blocked.
#[derive(Serialize, ToSchema)]
pub(crate) struct Blocker {
    /// `user_…` or `key_…`.
    id: String,
    /// The name then.
    name: String,
}

/// A page of the block list, the newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct BlockedCallers {
    /// The entries.
    items: Vec<BlockedCaller>,
    /// Where the next page begins; none on the last.
    next_cursor: Option<String>,
}

/// Which page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paging {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200, default 50.
    limit: Option<u32>,
}

/// Whom to block: by number, by the provider's id, or as the caller of a call.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewBlockedCaller {
    /// The caller's number.
    #[schema(example = "+55 11 98211-4477")]
    phone: Option<String>,
    /// The provider's id of the caller.
    user_id: Option<String>,
    /// `call_…`: whoever called there, also when he shows no number.
    call_id: Option<String>,
    /// Why; up to 500 characters.
    #[serde(default)]
    #[schema(example = "Insults our staff")]
    reason: String,
    /// Until when; none: for ever.
    until: Option<String>,
    /// `num_…`; none: on all numbers.
    number_id: Option<String>,
}

impl BlockedCaller {
    /// As this reader may see it.
    fn shown(entry: Entry, reader: &Scope) -> Self {
        let phone = entry.block.phone.as_ref();
        let in_part = reader.masks_numbers;
        Self {
            id: entry.id.to_string(),
            phone: phone.map(|phone| if in_part { masking::phone(phone) } else { phone.international() }),
            name: entry.caller_name.map(|name| if in_part { masking::text(&name, phone) } else { name }),
            user_id: entry.block.user_id,
            reason: entry.reason,
            until: entry.block.until.map(rfc3339),
            number_id: entry.block.number.map(|number| number.to_string()),
            created_by: Blocker { id: entry.created_by, name: entry.created_by_name },
            created_at: rfc3339(entry.created_at),
        }
    }
}

/// Who is blocked.
#[utoipa::path(
    get, operation_id = "list_blocked_callers", path = "/api/v1/blocked-callers", tag = "blocked callers",
    params(Paging),
    responses(
        (status = 200, body = BlockedCallers),
        (status = 400, description = "`invalid_query`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
    )
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Query(paging): Query<Paging>,
) -> Answer<BlockedCallers> {
    let limit = pagination::limit(paging.limit)?;
    let before = paging.cursor.as_deref().map(pagination::decode::<BlockId>).transpose()?;
    let entries =
        state.store().blocked_callers().list(&signed_in.actor.scope, before, u64::from(limit)).await?;
    let is_full = entries.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
    let next_cursor = entries.last().filter(|_| is_full).map(|last| pagination::encode(&last.id));
    let scope = &signed_in.actor.scope;
    let items = entries.into_iter().map(|entry| BlockedCaller::shown(entry, scope)).collect();
    Ok(Json(BlockedCallers { items, next_cursor }))
}

/// Blocks a caller, from his next call on.
#[utoipa::path(
    post, operation_id = "block_caller", path = "/api/v1/blocked-callers", tag = "blocked callers",
    request_body = NewBlockedCaller,
    responses(
        (status = 201, body = BlockedCaller),
        (status = 401, body = ProblemBody),
        (status = 403, description = "`forbidden`: all numbers, by somebody who sees only some branches", body = ProblemBody),
        (status = 404, description = "The number or the call is not there, or not for you.", body = ProblemBody),
        (status = 409, description = "`already_blocked`, `block_list_full`", body = ProblemBody),
        (status = 422, description = "`invalid_caller`, `invalid_reason`, `invalid_moment`", body = ProblemBody),
    )
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    signed_in: SignedIn,
    ClientAddress(address): ClientAddress,
    Body(new): Body<NewBlockedCaller>,
) -> Result<(StatusCode, Json<BlockedCaller>), Problem> {
    let scope = &signed_in.actor.scope;
    let now = state.engine().clock().now();
    let number = match &new.number_id {
        Some(id) => {
            let id: NumberId = id.parse().map_err(|_| Problem::not_found())?;
            Some(state.store().numbers().by_id(scope, id).await?.ok_or_else(Problem::not_found)?.id)
        }
        None => None,
    };
    if new.reason.chars().count() > LONGEST_REASON {
        return Err(Problem::field(Code::InvalidReason, "reason"));
    }
    let until = new
        .until
        .as_deref()
        .map(|text| pagination::moment("until", text).ok().filter(|until| *until > now))
        .map(|until| until.ok_or_else(|| Problem::field(Code::InvalidMoment, "until")))
        .transpose()?;
    let (phone, user_id, caller_name) = whom(&state, &signed_in, &new).await?;
    let new = NewBlock {
        block: Block { number, phone, user_id, until },
        caller_name,
        reason: new.reason,
        who: by(&signed_in),
        address: Some(address),
        at: now,
    };
    match state.engine().block_caller(scope, new).await {
        Ok(Blocked::Made(entry)) => {
            tracing::info!(block.id = %entry.id, tenant.id = %entry.tenant, "a caller was blocked");
            Ok((StatusCode::CREATED, Json(BlockedCaller::shown(entry, scope))))
        }
        Ok(Blocked::Before(entry)) => {
            Err(Problem::new(Code::AlreadyBlocked, "This caller is blocked already, at least as widely.")
                .with("blocked_caller_id", entry.id.to_string()))
        }
        Ok(Blocked::Full) => Err(Problem::new(
            Code::BlockListFull,
            "The block list is full. Remove entries nobody needs any more.",
        )),
        Err(StoreError::OutOfScope { .. }) => Err(too_wide()),
        Err(error) => Err(error.into()),
    }
}

/// Lets a caller in again.
#[utoipa::path(
    delete, operation_id = "unblock_caller", path = "/api/v1/blocked-callers/{id}", tag = "blocked callers",
    params(("id" = String, Path, description = "`blk_…`")),
    responses(
        (status = 204, description = "He is let in from his next call on."),
        (status = 401, body = ProblemBody),
        (status = 403, description = "`forbidden`: all numbers, by somebody who sees only some branches", body = ProblemBody),
        (status = 404, body = ProblemBody),
    )
)]
pub(crate) async fn remove(
    State(state): State<AppState>,
    signed_in: SignedIn,
    ClientAddress(address): ClientAddress,
    Id(id): Id<BlockId>,
) -> Result<Response, Problem> {
    let scope = &signed_in.actor.scope;
    match state.engine().unblock_caller(scope, id, by(&signed_in), Some(address)).await {
        Ok(Some(entry)) => {
            tracing::info!(block.id = %entry.id, tenant.id = %entry.tenant, "a caller is let in again");
            Ok(no_content())
        }
        Ok(None) => Err(Problem::not_found()),
        Err(StoreError::OutOfScope { .. }) => Err(too_wide()),
        Err(error) => Err(error.into()),
    }
}

type Caller = (Option<PhoneNumber>, Option<String>, Option<String>);

/// Exactly one way to say who is meant. Of a call's caller every name is taken: he may show only one of them next time.
async fn whom(state: &AppState, signed_in: &SignedIn, new: &NewBlockedCaller) -> Result<Caller, Problem> {
    let nobody = |path| Problem::field(Code::InvalidCaller, path);
    match (&new.phone, &new.user_id, &new.call_id) {
        (Some(phone), None, None) => Ok((Some(phone.parse().map_err(|_| nobody("phone"))?), None, None)),
        (None, Some(user_id), None) => {
            let user_id = user_id.trim();
            if user_id.is_empty() || user_id.chars().count() > LONGEST_USER_ID {
                return Err(nobody("user_id"));
            }
            Ok((None, Some(user_id.to_owned()), None))
        }
        (None, None, Some(call)) => {
            let call: CallId = call.parse().map_err(|_| Problem::not_found())?;
            let row = state.store().calls().by_id(&signed_in.actor.scope, call).await?;
            let caller = row.ok_or_else(Problem::not_found)?.caller;
            if caller.phone.is_none() && caller.user_id.is_none() {
                return Err(nobody("call_id"));
            }
            Ok((caller.phone, caller.user_id, caller.name.or(caller.username)))
        }
        _ => Err(nobody("phone")),
    }
}

fn by(signed_in: &SignedIn) -> AuditBy {
    let (user, name) = (signed_in.actor.user, signed_in.actor.name.clone());
    match &signed_in.credential {
        Credential::Session { .. } => AuditBy::Person { id: user, name },
        Credential::Key { .. } => {
            AuditBy::Key { id: switchboard_core::ids::ApiKeyId::from_uuid(user.uuid()), name }
        }
    }
}

fn too_wide() -> Problem {
    Problem::new(Code::Forbidden, "This concerns all branches. Name a number of yours in number_id.")
}
