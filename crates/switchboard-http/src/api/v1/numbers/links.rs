//! Links and templates of a number: how customers are brought to call, and what may be sent to them at any time.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use qrcode::QrCode;
use qrcode::render::svg;
use serde::{Deserialize, Serialize};
use switchboard_core::ids::NumberId;
use switchboard_core::phone::PhoneNumber;
use utoipa::{IntoParams, ToSchema};

use crate::auth::actor::SignedIn;
use crate::error::{Answer, Code, Problem, ProblemBody};
use crate::input::{Id, Query};
use crate::state::AppState;

/// Characters of a payload (Call button messages and deep links, 2025).
const MAX_PAYLOAD: usize = 512;
/// The side of the picture, in pixels of the page.
const SIDE: u32 = 320;

/// What the link carries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Carried {
    /// Comes back with the call as `deeplink_payload`; up to 512 characters.
    payload: Option<String>,
}

/// A link that calls a number from WhatsApp on a phone.
#[derive(Serialize, ToSchema)]
pub(crate) struct CallLink {
    /// The link.
    #[schema(example = "https://wa.me/call/15550100001?biz_payload=poster-7")]
    url: String,
}

/// A template that may be sent at any time.
#[derive(Serialize, ToSchema)]
pub(crate) struct Template {
    /// Its name.
    name: String,
    /// Its language, as the provider writes it.
    language: String,
    /// `MARKETING`, `UTILITY` …
    category: String,
    /// The text of its body, with `{{1}}` where something is filled in.
    body: Option<String>,
    /// How many values are filled into its body.
    parameters: u32,
    /// It asks for the permission to call.
    asks_permission: bool,
    /// The place of its call button among its buttons; null: it has none.
    voice_call_index: Option<u8>,
}

/// The approved templates.
#[derive(Serialize, ToSchema)]
pub(crate) struct Templates {
    /// By name.
    items: Vec<Template>,
}

/// The link that calls the number.
#[utoipa::path(
    get, operation_id = "get_call_link", path = "/api/v1/numbers/{id}/call-link", tag = "numbers",
    params(("id" = String, Path, description = "`num_…`"), Carried),
    responses(
        (status = 200, body = CallLink),
        (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 409, description = "`no_display_number`: nobody has said which phone number it is", body = ProblemBody),
        (status = 422, description = "`invalid_message`: the payload is too long", body = ProblemBody),
    )
)]
pub(crate) async fn link(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<NumberId>,
    Query(carried): Query<Carried>,
) -> Answer<CallLink> {
    Ok(Json(CallLink { url: url(&state, &signed_in, id, carried).await? }))
}

/// The same as a picture to be printed: a QR code.
#[utoipa::path(
    get, operation_id = "get_call_link_picture", path = "/api/v1/numbers/{id}/call-link.svg", tag = "numbers",
    params(("id" = String, Path, description = "`num_…`"), Carried),
    responses(
        (status = 200, content_type = "image/svg+xml", body = String),
        (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 409, description = "`no_display_number`", body = ProblemBody),
        (status = 422, description = "`invalid_message`: the payload is too long", body = ProblemBody),
    )
)]
pub(crate) async fn picture(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<NumberId>,
    Query(carried): Query<Carried>,
) -> Result<Response, Problem> {
    let url = url(&state, &signed_in, id, carried).await?;
    let code = QrCode::new(url.as_bytes()).map_err(|_| too_long())?;
    let svg = code.render::<svg::Color<'_>>().min_dimensions(SIDE, SIDE).build();
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"))], svg).into_response())
}

/// The templates the provider has approved for the number's account; read from him each time.
#[utoipa::path(
    get, operation_id = "list_templates", path = "/api/v1/numbers/{id}/templates", tag = "numbers",
    params(("id" = String, Path, description = "`num_…`")),
    responses(
        (status = 200, body = Templates),
        (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 409, description = "`number_not_connected`: no token or no business account; `provider_refused`", body = ProblemBody),
    )
)]
pub(crate) async fn templates(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<NumberId>,
) -> Answer<Templates> {
    let scope = &signed_in.actor.scope;
    state.store().numbers().by_id(scope, id).await?.ok_or_else(Problem::not_found)?;
    let templates = state.engine().templates(scope, id).await?;
    let items = templates
        .into_iter()
        .map(|template| Template {
            name: template.name,
            language: template.language,
            category: template.category,
            body: template.body,
            parameters: template.parameters,
            asks_permission: template.asks_permission,
            voice_call_index: template.voice_call,
        })
        .collect();
    Ok(Json(Templates { items }))
}

async fn url(
    state: &AppState,
    signed_in: &SignedIn,
    id: NumberId,
    carried: Carried,
) -> Result<String, Problem> {
    let number = state.store().numbers().by_id(&signed_in.actor.scope, id).await?;
    let number = number.ok_or_else(Problem::not_found)?;
    let phone: PhoneNumber = number
        .display_phone
        .parse()
        .map_err(|_| Problem::new(Code::NoDisplayNumber, "Nobody has said which phone number this is."))?;
    let payload = carried.payload.filter(|payload| !payload.is_empty());
    if payload.as_ref().is_some_and(|payload| payload.chars().count() > MAX_PAYLOAD) {
        return Err(too_long());
    }
    call_link(&phone, payload.as_deref()).ok_or_else(too_long)
}

/// `https://wa.me/call/<digits>?biz_payload=<text>`.
fn call_link(phone: &PhoneNumber, payload: Option<&str>) -> Option<String> {
    let mut url = url::Url::parse(&format!("https://wa.me/call/{}", phone.digits())).ok()?;
    if let Some(payload) = payload {
        url.query_pairs_mut().append_pair("biz_payload", payload);
    }
    Some(url.into())
}

fn too_long() -> Problem {
    Problem::field(Code::InvalidMessage, "payload")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_the_number_and_carries_anything() {
        let phone: PhoneNumber = "+1 555 010 0001".parse().expect("a number");
        assert_eq!(call_link(&phone, None).as_deref(), Some("https://wa.me/call/15550100001"));
        assert_eq!(
            call_link(&phone, Some("order 42&x=ñ")).as_deref(),
            Some("https://wa.me/call/15550100001?biz_payload=order+42%26x%3D%C3%B1")
        );
    }
}
