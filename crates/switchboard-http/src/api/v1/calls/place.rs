//! A person calls a customer.

use axum::Json;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use switchboard_core::eligibility::Overrides;
use switchboard_core::ids::UserId;
use switchboard_engine::events::CallView;
use switchboard_engine::{NewOutgoingCall, PlaceRefused};
use utoipa::ToSchema;

use crate::api::v1::eligibility::{Named, number_id, whom};
use crate::auth::actor::SignedIn;
use crate::error::{Code, Problem, ProblemBody};
use crate::input::Body;
use crate::reasons::{reader_language, reasons, sentence};
use crate::state::AppState;

/// Characters of a payload: what Meta carries through call buttons.
const LONGEST_PAYLOAD: usize = 512;
/// Bytes of an idempotency key.
const LONGEST_KEY: usize = 200;

/// A call to a customer: whom, and from where.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCall {
    /// `ct_…`: the customer; or his number, or the provider's id of him.
    contact_id: Option<String>,
    /// The customer's number, in any way people write numbers; without its country it is one of the business' own.
    #[schema(example = "+55 11 98211-4477")]
    phone: Option<String>,
    /// The provider's id of the customer; enough alone for one who shows no number.
    user_id: Option<String>,
    /// `num_…`; may be left out when there is one number only, or one of my branch.
    number_id: Option<String>,
    /// `user_…`: who speaks. May be left out by who speaks himself; naming another takes a supervisor or a key.
    agent_id: Option<String>,
    /// What is passed over.
    #[serde(rename = "override")]
    overridden: Option<NewCallOverride>,
    /// Kept with the call; up to 512 characters.
    payload: Option<String>,
}

/// What is passed over, where it may be.
#[derive(Deserialize, ToSchema, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NewCallOverride {
    /// Urgent: although the number's hours are over. Supervisors.
    hours: bool,
    /// Although it may cost the customer's permission.
    confirm: bool,
}

/// Calls a customer. The answer comes when the call is written down and his phone is about to ring; what becomes of it is
/// told by the live stream. `Idempotency-Key`: asking twice with the same key calls once, and the second answer is a 200.
#[utoipa::path(
    post, operation_id = "place_call", path = "/api/v1/calls", tag = "calls",
    request_body = NewCall,
    params(("Idempotency-Key" = Option<String>, Header, description = "Up to 200 bytes, never used again for another call.")),
    responses(
        (status = 200, description = "The call that was placed with this key before.", body = CallView),
        (status = 201, description = "The call.", body = CallView),
        (status = 401, body = ProblemBody),
        (status = 403, description = "`needs_a_person`, `forbidden`", body = ProblemBody),
        (status = 409, description = "`not_eligible` with `reasons` and `warnings`, `in_another_call`, `no_line`, `idempotency_key_taken`", body = ProblemBody),
        (status = 404, description = "There is no such contact.", body = ProblemBody),
        (status = 422, description = "`invalid_phone`, `invalid_caller`, `number_needed` with `numbers`, `unknown_number`, `unknown_agent`, `invalid_payload`, `invalid_idempotency_key`, `idempotency_key_reused`", body = ProblemBody),
        (status = 503, description = "`at_capacity`, `draining`, `unavailable`", body = ProblemBody),
    )
)]
pub(crate) async fn place(
    State(state): State<AppState>,
    signed_in: SignedIn,
    headers: HeaderMap,
    Body(new): Body<NewCall>,
) -> Result<(StatusCode, Json<CallView>), Problem> {
    let overridden = new.overridden.unwrap_or_default();
    let named = Named {
        contact: new.contact_id.as_deref(),
        phone: new.phone.as_deref(),
        user_id: new.user_id.as_deref(),
    };
    let wanted = NewOutgoingCall {
        number: number_id(new.number_id.as_deref())?,
        whom: whom(named, |text| state.engine().read_phone(&signed_in.actor.scope, text))?,
        agent: new.agent_id.as_deref().map(agent_id).transpose()?,
        payload: new.payload.map(checked_payload).transpose()?,
        overrides: Overrides { hours: overridden.hours, confirm: overridden.confirm },
        author: Some(signed_in.author(&state)),
        idempotency_key: idempotency_key(&headers)?,
    };
    match state.engine().place_call(&signed_in.actor, wanted).await {
        Ok(placed) => {
            let status = if placed.new { StatusCode::CREATED } else { StatusCode::OK };
            Ok((status, Json(placed.call)))
        }
        Err(PlaceRefused::NotEligible(verdict)) => {
            let language = reader_language(&headers);
            let first = verdict.reasons.first().map(|reason| sentence(language, reason));
            let detail = first.unwrap_or_else(|| "The customer may not be called now.".to_owned());
            Err(Problem::new(Code::NotEligible, detail)
                .with("reasons", json(&reasons(language, &verdict.reasons)))
                .with("warnings", json(&reasons(language, &verdict.warnings))))
        }
        Err(refused) => Err(refused.into()),
    }
}

fn json(value: &impl serde::Serialize) -> serde_json::Value {
    // Words, texts and numbers: nothing in it can fail to be written.
    serde_json::to_value(value).unwrap_or_default()
}

fn agent_id(text: &str) -> Result<UserId, Problem> {
    text.parse().map_err(|_| Problem::field(Code::UnknownAgent, "agent_id"))
}

fn checked_payload(payload: String) -> Result<String, Problem> {
    if payload.chars().count() > LONGEST_PAYLOAD {
        return Err(Problem::field(Code::InvalidPayload, "payload"));
    }
    Ok(payload)
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let key = key.to_str().ok().filter(|key| (1..=LONGEST_KEY).contains(&key.len()));
    match key {
        Some(key) => Ok(Some(key.to_owned())),
        None => Err(Problem::new(
            Code::InvalidIdempotencyKey,
            format!("An Idempotency-Key has 1 to {LONGEST_KEY} visible ASCII characters."),
        )),
    }
}
