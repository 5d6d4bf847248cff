//! Keys of programs: made, listed, withdrawn. The key itself is shown once.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use switchboard_core::access::{KeyScope, Role};
use switchboard_core::ids::{ApiKeyId, UserId};
use switchboard_engine::{SignOut, clock};
use switchboard_store::api_keys::{self, NewApiKey};
use utoipa::ToSchema;

use crate::api::v1::branches;
use crate::auth::actor::SignedIn;
use crate::auth::api_key::hash_api_key;
use crate::auth::setup::checked_name;
use crate::chance;
use crate::error::{Answer, Code, Problem, ProblemBody, no_content};
use crate::input::{Body, Id};
use crate::state::AppState;

/// What every key of ours begins with, so that a leaked one is recognized.
const KEY_START: &str = "swk_";
/// Random bytes of a key.
const KEY_BYTES: usize = 32;
/// Characters of a key that stay readable, the beginning included.
const PREFIX_CHARS: usize = 10;

/// A key as it may be shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKey {
    /// `key_…`
    id: String,
    /// What it is for.
    name: String,
    /// Its first characters.
    prefix: String,
    /// `agent`, `supervisor`, `admin`, `operator`.
    role: &'static str,
    /// `metrics`: it reads `/metrics` and nothing else. None: what its role allows.
    scopes: Vec<&'static str>,
    /// `br_…`; null: all branches.
    branch_ids: Option<Vec<String>>,
    /// When it was last used, to ten minutes.
    last_used_at: Option<String>,
    /// When it was made.
    created_at: String,
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
pub(crate) struct FreshApiKey {
    #[serde(flatten)]
    about: ApiKey,
    /// The key. It is shown this once and kept nowhere.
    #[schema(example = "swk_…")]
    key: String,
}

/// The keys of the business.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiKeys {
    /// By name.
    items: Vec<ApiKey>,
}

/// A key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyWanted {
    /// What it is for; 1 to 100 characters.
    #[schema(example = "CRM")]
    name: String,
    /// `agent`, `supervisor`, `admin`, `operator`; not above one's own.
    #[schema(example = "supervisor")]
    role: String,
    /// `metrics` (operators only): the key may do this and nothing else.
    #[serde(default)]
    scopes: Vec<String>,
    /// `br_…`; null or left out: all branches.
    branch_ids: Option<Vec<String>>,
}

impl From<api_keys::ApiKey> for ApiKey {
    fn from(key: api_keys::ApiKey) -> Self {
        Self {
            branch_ids: branches::words(&key.branches),
            id: key.id.to_string(),
            name: key.name,
            prefix: key.prefix,
            role: key.role.as_str(),
            scopes: key.scopes.iter().map(|scope| scope.as_str()).collect(),
            last_used_at: key.last_used_at.map(clock::rfc3339),
            created_at: clock::rfc3339(key.created_at),
        }
    }
}

/// The keys of the business.
#[utoipa::path(
    get, operation_id = "list_api_keys", path = "/api/v1/api-keys", tag = "api-keys",
    responses((status = 200, body = ApiKeys), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody))
)]
pub(crate) async fn list(State(state): State<AppState>, signed_in: SignedIn) -> Answer<ApiKeys> {
    let rows = state.store().api_keys().list(&signed_in.actor.scope).await?;
    Ok(Json(ApiKeys { items: rows.into_iter().map(ApiKey::from).collect() }))
}

/// Makes a key and shows it once.
#[utoipa::path(
    post, operation_id = "create_api_key", path = "/api/v1/api-keys", tag = "api-keys", request_body = KeyWanted,
    responses(
        (status = 201, body = FreshApiKey),
        (status = 401, body = ProblemBody),
        (status = 403, description = "`forbidden`: a role above one's own, or a scope for operators", body = ProblemBody),
        (status = 422, description = "`invalid_name`, `unknown_role`, `unknown_word`, `unknown_branch`, `needs_all_branches`", body = ProblemBody),
    )
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Body(wanted): Body<KeyWanted>,
) -> Result<(StatusCode, Json<FreshApiKey>), Problem> {
    let scope = &signed_in.actor.scope;
    let name = checked_name(&wanted.name)?;
    let role = Role::from_word(&wanted.role).ok_or_else(|| Problem::field(Code::UnknownRole, "role"))?;
    let words = KeyScope::ALL.map(KeyScope::as_str);
    let mut scopes: Vec<KeyScope> = wanted
        .scopes
        .iter()
        .map(|word| KeyScope::from_word(word).ok_or_else(|| Problem::unknown_word("scopes", &words)))
        .collect::<Result<_, _>>()?;
    scopes.sort_unstable();
    scopes.dedup();
    if role > scope.role {
        return Err(Problem::new(Code::Forbidden, "Nobody can give a role above his own."));
    }
    if !scopes.is_empty() && scope.role < Role::Operator {
        return Err(Problem::new(
            Code::Forbidden,
            "The metrics are of the whole installation; its operator makes the key.",
        ));
    }
    let branches = branches::named(wanted.branch_ids.as_deref())?;
    if !branches.fit(role) {
        return Err(Problem::field(Code::NeedsAllBranches, "branch_ids"));
    }
    let key = format!("{KEY_START}{}", URL_SAFE_NO_PAD.encode(chance::bytes::<KEY_BYTES>()));
    let author = signed_in.author(&state);
    let new = NewApiKey {
        prefix: key.chars().take(PREFIX_CHARS).collect(),
        hash: hash_api_key(&SecretString::from(key.clone())),
        name,
        role,
        scopes,
        branches,
        created_at: author.at,
    };
    let made = state.store().api_keys().create_by(scope, new, &author).await.map_err(branches::refused)?;
    tracing::info!(key.id = %made.id, "an API key was made");
    Ok((StatusCode::CREATED, Json(FreshApiKey { about: made.into(), key })))
}

/// Withdraws a key. Its requests are refused and its live streams end at once.
#[utoipa::path(
    delete, operation_id = "delete_api_key", path = "/api/v1/api-keys/{id}", tag = "api-keys",
    params(("id" = String, Path, description = "`key_…`")),
    responses(
        (status = 204, description = "Withdrawn."),
        (status = 401, body = ProblemBody),
        (status = 403, description = "`forbidden`: a key with a role above one's own", body = ProblemBody),
        (status = 404, body = ProblemBody),
    )
)]
pub(crate) async fn delete(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<ApiKeyId>,
) -> Result<Response, Problem> {
    let scope = &signed_in.actor.scope;
    let key = state.store().api_keys().by_id(scope, id).await?.ok_or_else(Problem::not_found)?;
    if key.role > scope.role {
        return Err(Problem::new(Code::Forbidden, "This key's role is above yours."));
    }
    state.store().api_keys().revoke(scope, &key, &signed_in.author(&state)).await?;
    state.engine().sign_out_user(UserId::from_uuid(id.uuid()), SignOut::Logout);
    tracing::info!(key.id = %id, "an API key was withdrawn");
    Ok(no_content())
}
