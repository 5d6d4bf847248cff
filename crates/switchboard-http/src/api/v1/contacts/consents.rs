//! What customers said about being called.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use switchboard_core::consent::{ConsentKind, ConsentRules};
use switchboard_core::ids::{ConsentId, ContactId};
use switchboard_core::masking;
use switchboard_engine::clock::rfc3339;
use switchboard_engine::events::Person;
use switchboard_engine::recorded_by;
use switchboard_store::consents::{Consent as Entry, ConsentSource, NewConsent};
use switchboard_store::contacts::Contact;
use utoipa::ToSchema;

use crate::auth::actor::SignedIn;
use crate::error::{Answer, Code, Problem, ProblemBody, no_content};
use crate::input::{Body, Id};
use crate::pagination;
use crate::state::AppState;

/// Characters of an evidence.
const MAX_EVIDENCE: usize = 2_000;
/// Characters of a message's id.
const MAX_MESSAGE_ID: usize = 512;

/// What a customer said about being called.
#[derive(Serialize, ToSchema)]
pub(crate) struct Consent {
    /// `cons_…`
    id: String,
    /// `call_request`, `offer_accepted`, `offer_declined`, `offer_unclear`, `opt_in`, `opt_out`, `do_not_call`.
    kind: &'static str,
    /// Where it comes from: `message`, `person`, `import`.
    source: &'static str,
    /// What was said, word for word, or where it is written.
    evidence_text: Option<String>,
    /// The message it was said in.
    message_id: Option<String>,
    /// When it was said.
    at: String,
    /// Until when it is good; null: until somebody takes it out.
    valid_until: Option<String>,
    /// Who wrote it down.
    recorded_by: Person,
    /// When it was written down.
    recorded_at: String,
    /// When it was taken out.
    revoked_at: Option<String>,
    /// Who took it out.
    revoked_by: Option<Person>,
}

/// All a customer said, the newest first; 200 entries at the most.
#[derive(Serialize, ToSchema)]
pub(crate) struct Consents {
    /// The entries, those that were taken out included.
    items: Vec<Consent>,
    /// Always null: there is one page.
    next_cursor: Option<String>,
}

/// Something to be written down.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewConsentBody {
    /// `call_request`, `offer_accepted`, `offer_declined`, `opt_in`, `opt_out`, `do_not_call`.
    kind: String,
    /// What was said, word for word, or where it is written; up to 2,000 characters.
    evidence_text: String,
    /// The message it was said in.
    message_id: Option<String>,
    /// It ends then; it can only shorten what the kind gives.
    valid_until: Option<String>,
}

impl Consent {
    fn shown(entry: Entry, contact: &Contact, in_part: bool) -> Self {
        let ends = ConsentRules::default().ends(entry.kind, entry.at);
        let valid_until = match (ends, entry.valid_until) {
            (Some(end), Some(own)) => Some(end.min(own)),
            (end, own) => end.or(own),
        };
        let known = contact.phone.as_ref();
        Self {
            id: entry.id.to_string(),
            kind: entry.kind.as_str(),
            source: entry.source.as_str(),
            evidence_text: entry
                .evidence
                .map(|text| if in_part { masking::known_in(&text, known) } else { text }),
            // The provider's ids of messages contain the number.
            message_id: entry.message_id.filter(|_| !in_part),
            at: rfc3339(entry.at),
            valid_until: valid_until.map(rfc3339),
            recorded_by: recorded_by(&entry.recorded_by),
            recorded_at: rfc3339(entry.recorded_at),
            revoked_at: entry.revoked.as_ref().map(|(at, ..)| rfc3339(*at)),
            revoked_by: entry.revoked.map(|(_, id, name)| Person { id, name }),
        }
    }
}

/// What a customer said about being called, with its evidence.
#[utoipa::path(
    get, operation_id = "list_consents", path = "/api/v1/contacts/{id}/consents", tag = "contacts",
    params(("id" = String, Path, description = "`ct_…`")),
    responses((status = 200, body = Consents), (status = 401, body = ProblemBody), (status = 404, body = ProblemBody))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<ContactId>,
) -> Answer<Consents> {
    let scope = &signed_in.actor.scope;
    let contact = state.store().contacts().by_id(scope, id).await?.ok_or_else(Problem::not_found)?;
    let entries = state.store().consents().of_contact(scope, id).await?;
    let items =
        entries.into_iter().map(|entry| Consent::shown(entry, &contact, scope.masks_numbers)).collect();
    Ok(Json(Consents { items, next_cursor: None }))
}

/// Writes down what a customer said. An opt-out and a do-not-call win over everything until they are taken out.
#[utoipa::path(
    post, operation_id = "add_consent", path = "/api/v1/contacts/{id}/consents", tag = "contacts",
    params(("id" = String, Path, description = "`ct_…`")), request_body = NewConsentBody,
    responses(
        (status = 201, body = Consent),
        (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 422, description = "`unknown_word`, `invalid_evidence`, `invalid_moment`", body = ProblemBody),
    )
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<ContactId>,
    Body(new): Body<NewConsentBody>,
) -> Result<(StatusCode, Json<Consent>), Problem> {
    let scope = &signed_in.actor.scope;
    let contact = state.store().contacts().by_id(scope, id).await?.ok_or_else(Problem::not_found)?;
    let words: Vec<&str> = ConsentKind::ALL
        .iter()
        .filter(|kind| **kind != ConsentKind::OfferUnclear)
        .map(|kind| kind.as_str())
        .collect();
    let kind = ConsentKind::from_word(&new.kind)
        .filter(|kind| *kind != ConsentKind::OfferUnclear)
        .ok_or_else(|| Problem::unknown_word("kind", &words))?;
    let evidence = new.evidence_text.trim();
    if evidence.is_empty() || evidence.chars().count() > MAX_EVIDENCE {
        return Err(Problem::field(Code::InvalidEvidence, "evidence_text"));
    }
    if new.message_id.as_ref().is_some_and(|id| id.chars().count() > MAX_MESSAGE_ID) {
        return Err(Problem::field(Code::InvalidEvidence, "message_id"));
    }
    let now = state.engine().clock().now();
    let valid_until = new
        .valid_until
        .as_deref()
        .map(|text| pagination::moment("valid_until", text).ok().filter(|until| *until > now))
        .map(|until| until.ok_or_else(|| Problem::field(Code::InvalidMoment, "valid_until")))
        .transpose()?;
    let new = NewConsent {
        kind,
        source: ConsentSource::Person,
        evidence: Some(evidence.to_owned()),
        message_id: new.message_id,
        at: now,
        valid_until,
    };
    let entry = state.store().consents().add(scope, id, new, &signed_in.author(&state)).await?;
    let entry = entry.ok_or_else(Problem::not_found)?;
    Ok((StatusCode::CREATED, Json(Consent::shown(entry, &contact, scope.masks_numbers))))
}

/// Takes an entry out; it stays readable with the name of who did.
#[utoipa::path(
    delete, operation_id = "remove_consent", path = "/api/v1/consents/{id}", tag = "contacts",
    params(("id" = String, Path, description = "`cons_…`")),
    responses(
        (status = 204, description = "It does not count any more."),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
    )
)]
pub(crate) async fn remove(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<ConsentId>,
) -> Result<Response, Problem> {
    let author = signed_in.author(&state);
    let revoked = state.store().consents().revoke(&signed_in.actor.scope, id, &author).await?;
    revoked.map(|_| no_content()).ok_or_else(Problem::not_found)
}
