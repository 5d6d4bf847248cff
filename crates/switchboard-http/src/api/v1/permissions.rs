//! What customers allow: looking it up, asking for it.

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use switchboard_core::ids::{ContactId, NumberId};
use switchboard_core::permission::PermissionStatus;
use switchboard_engine::events::{ContactView, MessageView, PermissionView};
use switchboard_engine::{Ask, MAX_BODY, Whom, message_view};
use switchboard_store::permissions::{WalletCursor, WalletFilter};
use utoipa::{IntoParams, ToSchema};

use crate::api::v1::contacts::invalid_phone;
use crate::api::v1::contacts::messages::{TemplateBody, template};
use crate::auth::actor::SignedIn;
use crate::error::{Answer, Code, Problem, ProblemBody};
use crate::input::{Body, Query};
use crate::pagination;
use crate::state::AppState;

/// Which permissions.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    /// `ct_…`
    contact_id: Option<String>,
    /// `num_…`
    number_id: Option<String>,
    /// `none`, `requested`, `temporary`, `permanent`, `denied`, `revoked`, `expired`.
    status: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200, default 50.
    limit: Option<u32>,
}

/// A page of permissions.
#[derive(Serialize, ToSchema)]
pub(crate) struct PermissionPage {
    /// Those that changed last first; without their histories.
    items: Vec<PermissionView>,
    /// Where the next page begins; none on the last.
    next_cursor: Option<String>,
}

/// Whom to ask, and how. Inside the window it is asked in free words, else with a template.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskBody {
    /// `ct_…`: whom; or his number.
    contact_id: Option<String>,
    /// His number, in any form people write.
    phone: Option<String>,
    /// `num_…`; may be left out where there is only one.
    number_id: Option<String>,
    /// In these words, up to 1,024 characters; left out: the business' own.
    text: Option<String>,
    /// With this template; left out: the business' own, when the window is closed.
    template: Option<TemplateBody>,
}

/// He was asked.
#[derive(Serialize, ToSchema)]
pub(crate) struct AskedView {
    /// The request; `unclear` when the provider did not answer, and then it counts.
    message: MessageView,
    /// Whom.
    contact: ContactView,
    /// How the permission stands now.
    permission: PermissionView,
}

/// A pair.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PairBody {
    /// `ct_…`
    contact_id: String,
    /// `num_…`
    number_id: String,
}

/// What customers allow numbers, those that changed last first.
#[utoipa::path(
    get, operation_id = "list_permissions", path = "/api/v1/permissions", tag = "permissions", params(Filter),
    responses(
        (status = 200, body = PermissionPage),
        (status = 400, description = "`invalid_query`", body = ProblemBody),
        (status = 401, body = ProblemBody),
    )
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Query(filter): Query<Filter>,
) -> Answer<PermissionPage> {
    let limit = pagination::limit(filter.limit)?;
    let cursor = filter.cursor.as_deref().map(pagination::decode::<WalletCursor>).transpose()?;
    let wrong = |name: &'static str| {
        Problem::new(Code::InvalidQuery, format!("{name} has a value that does not exist."))
            .with("path", name)
    };
    let wanted = WalletFilter {
        contact: filter.contact_id.map(|id| id.parse().map_err(|_| wrong("contact_id"))).transpose()?,
        number: filter.number_id.map(|id| id.parse().map_err(|_| wrong("number_id"))).transpose()?,
        status: filter
            .status
            .map(|word| PermissionStatus::from_word(&word).ok_or_else(|| wrong("status")))
            .transpose()?,
    };
    let scope = &signed_in.actor.scope;
    let page = state.store().permissions().list(scope, &wanted, cursor, limit.into()).await?;
    let items = state.engine().view_permissions(scope, &page.items).await?;
    Ok(Json(PermissionPage { items, next_cursor: page.next.as_ref().map(pagination::encode) }))
}

/// What one customer allows one number, with all that happened.
#[utoipa::path(
    get, operation_id = "get_permission", path = "/api/v1/permissions/{id}/{number_id}", tag = "permissions",
    params(("id" = String, Path, description = "`ct_…`"), ("number_id" = String, Path, description = "`num_…`")),
    responses((status = 200, body = PermissionView), (status = 401, body = ProblemBody), (status = 404, body = ProblemBody))
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Path((contact, number)): Path<(String, String)>,
) -> Answer<PermissionView> {
    let contact: ContactId = contact.parse().map_err(|_| Problem::not_found())?;
    let number: NumberId = number.parse().map_err(|_| Problem::not_found())?;
    let found = state.engine().permission(&signed_in.actor.scope, contact, number).await?;
    Ok(Json(found.ok_or_else(Problem::not_found)?))
}

/// Asks a customer for the permission to call. He may be asked once in 24 hours and twice in seven days; a connected
/// call begins that anew.
#[utoipa::path(
    post, operation_id = "request_permission", path = "/api/v1/permissions/request", tag = "permissions",
    request_body = AskBody,
    responses(
        (status = 201, body = AskedView),
        (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 409, description = "`permission_limit` (with `why` and `next_at`), `not_eligible` (the number may ask nobody; with `reason` and `until`), `opted_out`, `no_template`, `number_not_connected`, `provider_refused` (with `provider_code` and `remedy`)", body = ProblemBody),
        (status = 422, description = "`invalid_phone`, `invalid_caller`, `invalid_message`, `number_needed` (with `numbers`), `unknown_number`", body = ProblemBody),
    )
)]
pub(crate) async fn request(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Body(body): Body<AskBody>,
) -> Result<(StatusCode, Json<AskedView>), Problem> {
    let scope = &signed_in.actor.scope;
    let whom = match (&body.contact_id, &body.phone) {
        (Some(id), None) => Whom::Contact(id.parse().map_err(|_| Problem::not_found())?),
        (None, Some(text)) => {
            Whom::Phone(state.engine().read_phone(scope, text).map_err(|why| invalid_phone("phone", &why))?)
        }
        (None, None) | (Some(_), Some(_)) => return Err(Problem::field(Code::InvalidCaller, "phone")),
    };
    let number = body
        .number_id
        .map(|id| id.parse().map_err(|_| Problem::field(Code::UnknownNumber, "number_id")))
        .transpose()?;
    let text = body.text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    if text.as_ref().is_some_and(|text| text.chars().count() > MAX_BODY) {
        return Err(Problem::field(Code::InvalidMessage, "text"));
    }
    let template = body.template.map(|body| template(body, "template")).transpose()?;
    let ask = Ask { whom, number, text, template };
    let asked = state.engine().request_permission(scope, &signed_in.author(&state), ask).await?;
    let view = AskedView {
        message: message_view(scope, &asked.message, &asked.contact),
        contact: state.engine().view_contact(scope, &asked.contact).await?,
        permission: asked.permission,
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// Asks the provider how a pair stands; his counts win over ours.
#[utoipa::path(
    post, operation_id = "refresh_permission", path = "/api/v1/permissions/refresh", tag = "permissions",
    request_body = PairBody,
    responses(
        (status = 200, body = PermissionView),
        (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 409, description = "`number_not_connected`, `provider_refused` (with `provider_code` and `remedy`)", body = ProblemBody),
    )
)]
pub(crate) async fn refresh(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Body(body): Body<PairBody>,
) -> Answer<PermissionView> {
    let contact: ContactId = body.contact_id.parse().map_err(|_| Problem::not_found())?;
    let number: NumberId = body.number_id.parse().map_err(|_| Problem::not_found())?;
    Ok(Json(state.engine().refresh_permission(&signed_in.actor.scope, contact, number).await?))
}
