//! From a request's credentials to who acts.

use std::time::Duration;

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::request::Parts;
use secrecy::SecretString;
use switchboard_core::access::Scope;
use switchboard_core::ids::UserId;
use switchboard_engine::{Actor, SignOut};
use switchboard_store::api_keys::KeyHash;
use switchboard_store::users::User;
use tower_sessions::Session;

use crate::auth::{api_key, session_store};
use crate::error::{Code, Problem};
use crate::state::AppState;

/// How exactly it is kept when a key was used last: a busy program must not write a row per request.
const KEY_USE_NOTED_EVERY: Duration = Duration::from_secs(10 * 60);

/// Who is signed in; put beside the request by the guard.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn {
    /// The actor as the engine knows him.
    pub(crate) actor: Actor,
    /// What he showed.
    pub(crate) credential: Credential,
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
) -> Result<SignedIn, Problem> {
    match api_key::bearer(headers) {
        Some(Some(key)) => by_key(state, &key).await,
        Some(None) => Err(Problem::new(Code::WrongApiKey, "Send the key as \"Authorization: Bearer …\".")),
        None => by_session(state, session).await,
    }
}

async fn by_key(state: &AppState, key: &SecretString) -> Result<SignedIn, Problem> {
    let hash = api_key::hash_api_key(key);
    let found = state.store().api_keys().by_hash(&hash).await?;
    let Some(row) = found else {
        return Err(Problem::new(Code::WrongApiKey, "This API key is not known, or it was withdrawn."));
    };
    let scope = row.scope();
    let now = state.engine().clock().now();
    if row.last_used_at.is_none_or(|used| now.since(used) >= KEY_USE_NOTED_EVERY) {
        state.store().api_keys().touch(&scope, row.id, now).await?;
    }
    let actor = Actor { user: UserId::from_uuid(row.id.uuid()), name: row.name, scope, is_person: false };
    Ok(SignedIn { actor, credential: Credential::Key { hash } })
}

async fn by_session(state: &AppState, session: &Session) -> Result<SignedIn, Problem> {
    let now = state.engine().clock().now();
    let user = session_store::user_of(session, now).await?;
    let (Some((tenant, user)), Some(id)) = (user, session.id()) else { return Err(Problem::not_signed_in()) };
    let row = state.store().users().by_id(&Scope::of_the_exchange(tenant), user).await?;
    let Some(row) = row.filter(|row| row.disabled_at.is_none()) else {
        // Whoever disabled the account may have done it in the database: lines and sockets go at once.
        state.engine().sign_out_user(user, SignOut::Disabled);
        return Err(Problem::new(Code::NotSignedIn, "This account was disabled. Ask your administrator."));
    };
    Ok(SignedIn {
        actor: actor_of(&row),
        credential: Credential::Session { hash: session_store::hash_of(id) },
    })
}

/// Is what a live stream was opened with still good? If not, the word for the goodbye. A database that does not
/// answer signs nobody out: whoever speaks with a customer goes on.
pub(crate) async fn still_good(state: &AppState, signed_in: &SignedIn) -> Result<(), &'static str> {
    let user = signed_in.actor.user;
    let verdict = match &signed_in.credential {
        Credential::Key { hash } => state.store().api_keys().by_hash(hash).await.map(|row| match row {
            Some(_) => Ok(()),
            None => Err("logout"),
        }),
        Credential::Session { hash } => {
            match state.store().users().by_id(&whole_tenant(signed_in), user).await {
                Ok(Some(row)) if row.disabled_at.is_none() => session_store::keep_alive(state, hash)
                    .await
                    .map(|alive| if alive { Ok(()) } else { Err("logout") }),
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

fn actor_of(user: &User) -> Actor {
    Actor { user: user.id, name: user.name.clone(), scope: user.scope(), is_person: true }
}
