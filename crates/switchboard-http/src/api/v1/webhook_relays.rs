//! Where webhooks are passed on to.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};
use switchboard_core::access::Scope;
use switchboard_core::ids::{NumberId, RelayTargetId};
use switchboard_engine::clock::rfc3339;
use switchboard_engine::relay::check_secret;
use switchboard_store::StoreError;
use switchboard_store::relays::{RelaySettings, RelayTarget, SecretChange};
use url::Url;
use utoipa::ToSchema;

use crate::auth::actor::SignedIn;
use crate::error::{Answer, Code, Problem, ProblemBody, no_content};
use crate::input::{Body, Id, secret};
use crate::state::AppState;

/// Places of one business.
const MAX_RELAYS: usize = 20;
/// Longer addresses are no addresses.
const MAX_URL: usize = 2_000;

/// A place webhooks are passed on to.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookRelay {
    /// `relay_…`
    id: String,
    /// Where to.
    url: String,
    /// `num_…`: only webhooks in which this number stands; none: all of the business.
    number_id: Option<String>,
    /// Off: nothing is owed.
    enabled: bool,
    /// A signature of our own goes with it.
    has_secret: bool,
    /// Since when.
    created_at: String,
    /// When it was last changed.
    updated_at: String,
}

/// All places.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookRelays {
    /// Oldest first.
    items: Vec<WebhookRelay>,
}

/// A new place.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWebhookRelay {
    /// `https://…`
    #[schema(example = "https://crm.example.com/whatsapp")]
    url: String,
    /// `num_…`
    #[serde(default)]
    number_id: Option<String>,
    /// On unless told otherwise.
    #[serde(default = "yes")]
    enabled: bool,
    /// `whsec_…`, or a text of 16 to 256 bytes: signs what goes there as Standard Webhooks, besides Meta's signature.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password)]
    secret: Option<Secret>,
}

/// What is to be changed; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookRelayChange {
    /// `https://…`
    url: Option<String>,
    /// `num_…`, or null for all numbers.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    number_id: Option<Option<String>>,
    /// Off: nothing more is owed.
    enabled: Option<bool>,
    /// A new secret, or null for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = Password)]
    secret: Option<Option<Secret>>,
}

/// What came of trying a place out.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookRelayTrial {
    /// It answered with 2xx.
    delivered: bool,
    /// The HTTP status, when there was an answer.
    status: Option<u16>,
    /// How long it took.
    duration_ms: u64,
    /// What happened and what to do; null when it was delivered.
    detail: Option<String>,
}

/// A text that must not be shown by accident.
struct Secret(SecretString);

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        secret(from).map(Self)
    }
}

const fn yes() -> bool {
    true
}

/// Tells null from nothing.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

impl From<RelayTarget> for WebhookRelay {
    fn from(row: RelayTarget) -> Self {
        Self {
            id: row.id.to_string(),
            url: row.url,
            number_id: row.number.map(|number| number.to_string()),
            enabled: row.enabled,
            // One that does not open any more is there all the same.
            has_secret: !matches!(row.secret, Ok(None)),
            created_at: rfc3339(row.created_at),
            updated_at: rfc3339(row.updated_at),
        }
    }
}

/// The places of this business.
#[utoipa::path(
    get, operation_id = "list_webhook_relays", path = "/api/v1/webhook-relays", tag = "webhook-relays",
    responses((status = 200, body = WebhookRelays), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody))
)]
pub(crate) async fn list(State(state): State<AppState>, signed_in: SignedIn) -> Answer<WebhookRelays> {
    let rows = state.store().relays().list(&signed_in.actor.scope).await?;
    Ok(Json(WebhookRelays { items: rows.into_iter().map(WebhookRelay::from).collect() }))
}

/// One more place.
#[utoipa::path(
    post, operation_id = "create_webhook_relay", path = "/api/v1/webhook-relays", tag = "webhook-relays",
    request_body = NewWebhookRelay,
    responses(
        (status = 201, body = WebhookRelay),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
        (status = 409, description = "`too_many_relays`", body = ProblemBody),
        (status = 422, description = "`address_refused`, `invalid_secret`, `unknown_number`", body = ProblemBody),
    )
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Body(new): Body<NewWebhookRelay>,
) -> Result<(StatusCode, Json<WebhookRelay>), Problem> {
    let scope = &signed_in.actor.scope;
    let relays = state.store().relays();
    if relays.list(scope).await?.len() >= MAX_RELAYS {
        return Err(Problem::new(
            Code::TooManyRelays,
            format!("A business has at most {MAX_RELAYS} webhook relays. Remove one first."),
        ));
    }
    let secret = new.secret.map(checked_secret).transpose()?;
    let number = checked_number(&state, scope, new.number_id.as_deref()).await?;
    let settings = RelaySettings { url: checked_url(&state, &new.url)?, number, enabled: new.enabled };
    let author = signed_in.author(&state);
    let row = relays.create(scope, settings, secret, &author).await.map_err(unknown_number)?;
    state.engine().reload_relays().await?;
    Ok((StatusCode::CREATED, Json(row.into())))
}

/// Changes a place.
#[utoipa::path(
    patch, operation_id = "change_webhook_relay", path = "/api/v1/webhook-relays/{id}", tag = "webhook-relays",
    request_body = WebhookRelayChange, params(("id" = String, Path, description = "`relay_…`")),
    responses(
        (status = 200, body = WebhookRelay),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 422, description = "`address_refused`, `invalid_secret`, `unknown_number`", body = ProblemBody),
    )
)]
pub(crate) async fn change(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<RelayTargetId>,
    Body(change): Body<WebhookRelayChange>,
) -> Answer<WebhookRelay> {
    let scope = &signed_in.actor.scope;
    let relays = state.store().relays();
    let row = relays.by_id(scope, id).await?.ok_or_else(Problem::not_found)?;
    let settings = RelaySettings {
        url: match change.url {
            Some(url) => checked_url(&state, &url)?,
            None => row.url,
        },
        number: match change.number_id {
            Some(number) => checked_number(&state, scope, number.as_deref()).await?,
            None => row.number,
        },
        enabled: change.enabled.unwrap_or(row.enabled),
    };
    let secret = match change.secret {
        None => SecretChange::Keep,
        Some(None) => SecretChange::Remove,
        Some(Some(secret)) => SecretChange::Set(checked_secret(secret)?),
    };
    let author = signed_in.author(&state);
    let row = relays.change(scope, id, settings, secret, &author).await.map_err(unknown_number)?;
    state.engine().reload_relays().await?;
    Ok(Json(row.into()))
}

/// Removes a place; what it is still owed is discarded.
#[utoipa::path(
    delete, operation_id = "delete_webhook_relay", path = "/api/v1/webhook-relays/{id}", tag = "webhook-relays",
    params(("id" = String, Path, description = "`relay_…`")),
    responses((status = 204), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody))
)]
pub(crate) async fn delete(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<RelayTargetId>,
) -> Result<axum::response::Response, Problem> {
    state.store().relays().delete(&signed_in.actor.scope, id, &signed_in.author(&state)).await?;
    state.engine().reload_relays().await?;
    Ok(no_content())
}

/// Sends a webhook without news there, at once and once, and says what happened.
#[utoipa::path(
    post, operation_id = "try_webhook_relay", path = "/api/v1/webhook-relays/{id}/test", tag = "webhook-relays",
    params(("id" = String, Path, description = "`relay_…`")),
    responses((status = 200, body = WebhookRelayTrial), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody))
)]
pub(crate) async fn test(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<RelayTargetId>,
) -> Answer<WebhookRelayTrial> {
    let row = state.store().relays().by_id(&signed_in.actor.scope, id).await?;
    let trial = state.engine().try_relay(&row.ok_or_else(Problem::not_found)?).await;
    Ok(Json(WebhookRelayTrial {
        delivered: trial.delivered,
        status: trial.status,
        duration_ms: u64::try_from(trial.took.as_millis()).unwrap_or(u64::MAX),
        detail: trial.detail,
    }))
}

fn checked_url(state: &AppState, text: &str) -> Result<String, Problem> {
    let refuse = |why: String| {
        Problem::new(Code::AddressRefused, format!("This address cannot be used: {why}.")).with("path", "url")
    };
    let text = text.trim();
    if text.len() > MAX_URL {
        return Err(refuse(format!("it has more than {MAX_URL} characters")));
    }
    let mut url =
        Url::parse(text).map_err(|_| refuse("it is not a URL with https:// and a host".to_owned()))?;
    url.set_fragment(None);
    state.engine().outbound().check(&url).map_err(|refusal| refuse(refusal.to_string()))?;
    Ok(url.into())
}

fn checked_secret(Secret(secret): Secret) -> Result<SecretString, Problem> {
    check_secret(&secret).map_err(|_| Problem::field(Code::InvalidSecret, "secret"))?;
    Ok(secret)
}

async fn checked_number(
    state: &AppState,
    scope: &Scope,
    text: Option<&str>,
) -> Result<Option<NumberId>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let refused = || Problem::field(Code::UnknownNumber, "number_id");
    let id: NumberId = text.parse().map_err(|_| refused())?;
    let number = state.store().numbers().by_id(scope, id).await?;
    number.map(|number| Some(number.id)).ok_or_else(refused)
}

/// The number went away between the look and the write.
fn unknown_number(error: StoreError) -> Problem {
    if matches!(error, StoreError::Dangling { .. }) {
        return Problem::field(Code::UnknownNumber, "number_id");
    }
    error.into()
}
