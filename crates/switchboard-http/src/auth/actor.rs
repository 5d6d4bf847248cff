//! From a request's credentials to who acts.

use std::net::IpAddr;
use std::time::Duration;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use secrecy::SecretString;
use switchboard_core::access::{Branches, KeyScope, Role, Scope};
use switchboard_core::ids::{ApiKeyId, TenantId, UserId};
use switchboard_engine::{Actor, SignOut};
use switchboard_store::StoreError;
use switchboard_store::api_keys::{ApiKey, KeyHash};
use switchboard_store::audit::{AuditBy, Author};
use switchboard_store::users::User;
use tower_sessions::Session;

use crate::auth::{api_key, session_store};
use crate::error::{Code, Problem};
use crate::middleware::client_address::ClientAddress;
use crate::state::AppState;

/// How exactly it is kept when a key was used last: a busy program must not write a row per request.
const KEY_USE_NOTED_EVERY: Duration = Duration::from_secs(10 * 60);

/// For which business an operator acts.
const TENANT_HEADER: HeaderName = HeaderName::from_static("switchboard-tenant");

/// Who is signed in; put beside the request by the guard.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn {
    /// The actor as the engine knows him.
    pub(crate) actor: Actor,
    /// What he showed.
    pub(crate) credential: Credential,
    /// From where.
    pub(crate) address: IpAddr,
    /// An operator acts for a business that is not his own.
    pub(crate) acts_for_another: bool,
}

/// What a request showed; hashes only.
#[derive(Debug, Clone)]
pub(crate) enum Credential {
    /// The session of a browser.
    Session {
        /// Of the session's id.
        hash: String,
    },
    /// An API key.
    Key {
        /// Of the key.
        hash: KeyHash,
    },
}

impl SignedIn {
    /// Who changes something now, for the log of what was done.
    pub(crate) fn author(&self, state: &AppState) -> Author {
        let (id, name) = (self.actor.user, self.actor.name.clone());
        let who = if self.actor.is_person {
            AuditBy::Person { id, name }
        } else {
            AuditBy::Key { id: ApiKeyId::from_uuid(id.uuid()), name }
        };
        Author { who, address: Some(self.address), at: state.engine().clock().now() }
    }

    /// The session, by the name the engine closes it by; none for keys.
    pub(crate) fn session_hash(&self) -> Option<String> {
        match &self.credential {
            Credential::Session { hash } => Some(hash.clone()),
            Credential::Key { .. } => None,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::not_signed_in)
    }
}

/// Finds out who sends this. A key goes before a cookie: who sends one means it.
pub(crate) async fn identify(
    state: &AppState,
    headers: &HeaderMap,
    session: &Session,
    address: ClientAddress,
) -> Result<SignedIn, Problem> {
    match api_key::bearer(headers) {
        Some(Some(key)) => by_key(state, &key, address).await,
        Some(None) => Err(Problem::new(Code::WrongApiKey, "Send the key as \"Authorization: Bearer …\".")),
        None => by_session(state, session, address).await,
    }
}

/// May this key do what is not for every key of its role?
pub(crate) async fn key_may(state: &AppState, key: &SecretString, what: KeyScope) -> Result<bool, Problem> {
    let (row, _) = known_key(state, key).await?;
    Ok(row.scopes.contains(&what) || (row.scopes.is_empty() && row.role >= Role::Operator))
}

async fn known_key(state: &AppState, key: &SecretString) -> Result<(ApiKey, KeyHash), Problem> {
    let hash = api_key::hash_api_key(key);
    let found = state.store().api_keys().by_hash(&hash).await?;
    let Some(row) = found else {
        return Err(Problem::new(Code::WrongApiKey, "This API key is not known, or it was withdrawn."));
    };
    let now = state.engine().clock().now();
    if row.last_used_at.is_none_or(|used| now.since(used) >= KEY_USE_NOTED_EVERY) {
        state.store().api_keys().touch(&row.scope(), row.id, now).await?;
    }
    Ok((row, hash))
}

async fn by_key(state: &AppState, key: &SecretString, address: ClientAddress) -> Result<SignedIn, Problem> {
    let (row, hash) = known_key(state, key).await?;
    if !row.scopes.is_empty() {
        return Err(Problem::new(Code::Forbidden, "This key is for its scopes only, not for the API."));
    }
    let scope = narrowed(state, row.scope()).await?;
    let actor = Actor { user: UserId::from_uuid(row.id.uuid()), name: row.name, scope, is_person: false };
    let credential = Credential::Key { hash };
    Ok(SignedIn { actor, credential, address: address.0, acts_for_another: false })
}

/// With what the business hides from him.
async fn narrowed(state: &AppState, scope: Scope) -> Result<Scope, StoreError> {
    if scope.role >= Role::Admin && scope.branches == Branches::All {
        return Ok(scope);
    }
    let settings = state.store().tenants().settings(&scope).await?;
    Ok(settings.narrow(scope))
}

/// An operator names the business he acts for. To everybody else another business does not exist.
pub(crate) async fn act_for_tenant(
    state: &AppState,
    headers: &HeaderMap,
    signed_in: &mut SignedIn,
) -> Result<(), Problem> {
    let Some(named) = headers.get(&TENANT_HEADER) else { return Ok(()) };
    let named: Option<TenantId> = named.to_str().ok().and_then(|text| text.trim().parse().ok());
    let named = named.ok_or_else(Problem::not_found)?;
    if named == signed_in.actor.scope.tenant {
        return Ok(());
    }
    if signed_in.actor.scope.role < Role::Operator {
        return Err(Problem::not_found());
    }
    let scope = Scope::of_the_exchange(named);
    state.store().tenants().current(&scope).await?;
    signed_in.actor.scope = scope;
    signed_in.acts_for_another = true;
    Ok(())
}

async fn by_session(
    state: &AppState,
    session: &Session,
    address: ClientAddress,
) -> Result<SignedIn, Problem> {
    let now = state.engine().clock().now();
    let user = session_store::user_of(session, now).await?;
    let (Some((tenant, user)), Some(id)) = (user, session.id()) else { return Err(Problem::not_signed_in()) };
    let row = state.store().users().by_id(&Scope::of_the_exchange(tenant), user).await?;
    let Some(row) = row.filter(|row| row.disabled_at.is_none()) else {
        // Whoever disabled the account may have done it in the database: lines and sockets go at once.
        state.engine().sign_out_user(user, SignOut::Disabled);
        return Err(Problem::new(Code::NotSignedIn, "This account was disabled. Ask your administrator."));
    };
    let scope = narrowed(state, row.scope()).await?;
    Ok(SignedIn {
        actor: Actor { user: row.id, name: row.name, scope, is_person: true },
        credential: Credential::Session { hash: session_store::hash_of(id) },
        address: address.0,
        acts_for_another: false,
    })
}

/// Is what a live stream was opened with still good? If not, the word for the goodbye. A database that does not
/// answer signs nobody out: whoever speaks with a customer goes on.
pub(crate) async fn still_good(state: &AppState, signed_in: &SignedIn) -> Result<(), &'static str> {
    let user = signed_in.actor.user;
    let verdict = match &signed_in.credential {
        Credential::Key { hash } => match state.store().api_keys().by_hash(hash).await {
            Ok(Some(row)) => same_rights(state, signed_in, row.scope()).await,
            Ok(None) => Ok(Err("logout")),
            Err(error) => Err(error),
        },
        Credential::Session { hash } => {
            match state.store().users().by_id(&whole_tenant(signed_in), user).await {
                Ok(Some(row)) if row.disabled_at.is_none() => {
                    match session_store::keep_alive(state, hash).await {
                        Ok(true) => same_rights(state, signed_in, row.scope()).await,
                        Ok(false) => Ok(Err("logout")),
                        Err(error) => Err(error),
                    }
                }
                Ok(_) => {
                    state.engine().sign_out_user(user, SignOut::Disabled);
                    Ok(Err("disabled"))
                }
                Err(error) => Err(error),
            }
        }
    };
    verdict.unwrap_or_else(|error| {
        tracing::warn!(error = %crate::error::chain(&error), "a live stream's session could not be checked");
        Ok(())
    })
}

/// Rights may have been changed where nobody told us: on another node, or between the handshake and this moment.
async fn same_rights(
    state: &AppState,
    signed_in: &SignedIn,
    now: Scope,
) -> Result<Result<(), &'static str>, StoreError> {
    let same = narrowed(state, now).await? == signed_in.actor.scope;
    Ok(if same { Ok(()) } else { Err("rights_changed") })
}

/// The account itself is looked up beyond its branches.
fn whole_tenant(signed_in: &SignedIn) -> Scope {
    Scope::of_the_exchange(signed_in.actor.scope.tenant)
}

/// The row of the person who is signed in.
pub(crate) async fn account(state: &AppState, signed_in: &SignedIn) -> Result<User, Problem> {
    state
        .store()
        .users()
        .by_id(&whole_tenant(signed_in), signed_in.actor.user)
        .await?
        .ok_or_else(Problem::not_signed_in)
}
