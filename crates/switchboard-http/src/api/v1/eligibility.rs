//! May this customer be called? The dry run of the rules that every call passes, with each reason and its way out.

use axum::Json;
use axum::extract::State;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use switchboard_core::ids::NumberId;
use switchboard_core::phone::{PhoneNumber, PhoneRefusal};
use switchboard_engine::clock::rfc3339;
use switchboard_engine::events::NumberName;
use switchboard_engine::{PlaceRefused, Whom};
use utoipa::{IntoParams, ToSchema};

use crate::api::v1::contacts::invalid_phone;
use crate::auth::actor::SignedIn;
use crate::error::{Answer, Code, Problem, ProblemBody};
use crate::input::Query;
use crate::reasons::{EligibilityReason, reader_language, reasons};
use crate::state::AppState;

/// Characters of the provider's id of a customer; what Meta sends is below 150.
const LONGEST_USER_ID: usize = 256;

/// Whom, and from where.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct EligibilityQuestion {
    /// `ct_…`: the customer; or his number, or the provider's id of him.
    contact_id: Option<String>,
    /// The customer's number, in any way people write numbers; without its country it is one of the business' own.
    #[param(example = "+55 11 98211-4477")]
    phone: Option<String>,
    /// The provider's id of the customer.
    user_id: Option<String>,
    /// `num_…`; may be left out when there is one number only, or one of my branch.
    number: Option<String>,
}

/// May the customer be called now?
#[derive(Serialize, ToSchema)]
pub(crate) struct EligibilityView {
    /// Nothing is in the way.
    allowed: bool,
    /// The number that would call.
    number: NumberName,
    /// What is in the way, the weightiest first.
    reasons: Vec<EligibilityReason>,
    /// What should be known.
    warnings: Vec<EligibilityReason>,
    /// When it was asked.
    checked_at: String,
}

/// May this customer be called now, from this number, by me? Nothing is counted and nobody is called.
#[utoipa::path(
    get, operation_id = "check_eligibility", path = "/api/v1/eligibility", tag = "calls",
    params(EligibilityQuestion),
    responses(
        (status = 200, body = EligibilityView),
        (status = 400, description = "`invalid_query`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 404, description = "There is no such contact.", body = ProblemBody),
        (status = 422, description = "`invalid_phone`, `invalid_caller`, `number_needed` with `numbers`, `unknown_number`", body = ProblemBody),
    )
)]
pub(crate) async fn check(
    State(state): State<AppState>,
    signed_in: SignedIn,
    headers: HeaderMap,
    Query(question): Query<EligibilityQuestion>,
) -> Answer<EligibilityView> {
    let named = Named {
        contact: question.contact_id.as_deref(),
        phone: question.phone.as_deref(),
        user_id: question.user_id.as_deref(),
    };
    let whom = whom(named, |text| state.engine().read_phone(&signed_in.actor.scope, text))?;
    let number = number_id(question.number.as_deref())?;
    let answer = state.engine().eligibility(&signed_in.actor, &whom, number).await?;
    let language = reader_language(&headers);
    Ok(Json(EligibilityView {
        allowed: answer.verdict.allowed,
        number: answer.number,
        reasons: reasons(language, &answer.verdict.reasons),
        warnings: reasons(language, &answer.verdict.warnings),
        checked_at: rfc3339(answer.checked_at),
    }))
}

/// How somebody is named in a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named<'n> {
    pub(crate) contact: Option<&'n str>,
    pub(crate) phone: Option<&'n str>,
    pub(crate) user_id: Option<&'n str>,
}

/// Who is meant: a contact, or somebody by his number, by the provider's id of him, or by both. A number without its
/// country is one of the business' own country.
pub(crate) fn whom(
    named: Named<'_>,
    read: impl FnOnce(&str) -> Result<PhoneNumber, PhoneRefusal>,
) -> Result<Whom, Problem> {
    let user_id = named.user_id.map(str::trim).filter(|id| !id.is_empty());
    if let Some(contact) = named.contact {
        if named.phone.is_some() || user_id.is_some() {
            return Err(Problem::field(Code::InvalidCaller, "contact_id"));
        }
        return contact.parse().map(Whom::Contact).map_err(|_| Problem::not_found());
    }
    let phone = named.phone.map(|text| read(text).map_err(|why| invalid_phone("phone", &why))).transpose()?;
    if user_id.is_some_and(|id| id.chars().count() > LONGEST_USER_ID) {
        return Err(Problem::field(Code::InvalidCaller, "user_id"));
    }
    match (phone, user_id) {
        (Some(phone), None) => Ok(Whom::Phone(phone)),
        (None, Some(id)) => Ok(Whom::UserId(id.to_owned())),
        (Some(phone), Some(id)) => Ok(Whom::Both(phone, id.to_owned())),
        (None, None) => {
            let nobody = "Name the customer by contact_id, phone or user_id.";
            Err(Problem::new(Code::InvalidPhone, nobody).with("path", "phone"))
        }
    }
}

/// A number of the business.
pub(crate) fn number_id(text: Option<&str>) -> Result<Option<NumberId>, Problem> {
    let unknown = |_| Problem::field(Code::UnknownNumber, "number_id");
    text.map(str::parse).transpose().map_err(unknown)
}

impl From<PlaceRefused> for Problem {
    fn from(refused: PlaceRefused) -> Self {
        match refused {
            // Told with its reasons where the reader's language is known.
            PlaceRefused::NotEligible(_) => {
                Self::new(Code::NotEligible, "The customer may not be called now.")
            }
            PlaceRefused::NumberNeeded(numbers) => {
                let numbers = serde_json::to_value(&numbers).unwrap_or_default();
                Self::new(Code::NumberNeeded, "Several numbers could call: name one with number_id.")
                    .with("path", "number_id")
                    .with("numbers", numbers)
            }
            PlaceRefused::UnknownNumber => Self::field(Code::UnknownNumber, "number_id"),
            PlaceRefused::UnknownContact => Self::not_found(),
            PlaceRefused::NeedsAPerson => Self::new(
                Code::NeedsAPerson,
                "An API key has no line: name the person who speaks with agent_id.",
            ),
            PlaceRefused::NotUrgent => {
                Self::new(Code::Forbidden, "Only a supervisor may call although the hours are over.")
            }
            PlaceRefused::KeyReused => Self::field(Code::IdempotencyKeyReused, "Idempotency-Key"),
            PlaceRefused::KeyTaken => Self::new(
                Code::IdempotencyKeyTaken,
                "A call was placed with this Idempotency-Key that you do not see. Use another one.",
            ),
            PlaceRefused::NotYours => {
                Self::new(Code::Forbidden, "Only a supervisor may place a call that somebody else speaks in.")
            }
            PlaceRefused::UnknownAgent => Self::field(Code::UnknownAgent, "agent_id"),
            PlaceRefused::InAnotherCall => {
                Self::new(Code::InAnotherCall, "Who is to speak is in another call. End it first.")
            }
            PlaceRefused::NoLine => Self::new(
                Code::NoLine,
                "The line of who is to speak is not connected. Open the console, allow the microphone, and try again.",
            ),
            PlaceRefused::AtCapacity => {
                Self::new(Code::AtCapacity, "As many calls as allowed are live. Try again in a moment.")
                    .retry_after(std::time::Duration::from_secs(5))
            }
            PlaceRefused::Draining => {
                Self::new(Code::Draining, "The server is being stopped and places no new calls.")
                    .retry_after(std::time::Duration::from_secs(30))
            }
            PlaceRefused::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(phone: Option<&str>, user_id: Option<&str>) -> Result<Whom, Problem> {
        let named = Named { contact: None, phone, user_id };
        whom(named, |text| PhoneNumber::read(text, Some("GB")))
    }

    #[test]
    fn somebody_must_be_named_and_readably() {
        assert!(named(None, None).is_err());
        assert!(named(Some("call me"), None).is_err());
        assert!(named(None, Some("  ")).is_err());
        let both = named(Some("+55 (11) 98211-4477"), Some("BR.1")).expect("both");
        let phone = "5511982114477".parse().expect("a number");
        assert_eq!(both, Whom::Both(phone, "BR.1".to_owned()));
    }

    #[test]
    fn a_number_without_its_country_is_one_of_the_business_own() {
        let london = named(Some("020 7946 0958"), None).expect("a number");
        assert_eq!(london, Whom::Phone("442079460958".parse().expect("a number")));
    }

    #[test]
    fn a_contact_is_named_alone() {
        let contact = Some("ct_0199aaaabbbb7ccc8dddeeeeffff0001");
        let named = Named { contact, phone: Some("+55 11 98211-4477"), user_id: None };
        assert!(whom(named, |text| PhoneNumber::read(text, None)).is_err());
    }
}
