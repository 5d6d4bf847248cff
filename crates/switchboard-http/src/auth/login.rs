//! Signing in and out.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use secrecy::SecretString;
use serde::Deserialize;
use switchboard_core::access::Scope;
use switchboard_core::audit::{AuditKind, AuditWhat};
use switchboard_store::audit::{AuditBy, AuditSubject, Author};
use switchboard_store::users::User;
use tower_sessions::Session;
use utoipa::ToSchema;

use crate::api::v1::me::Me;
use crate::auth::actor::SignedIn;
use crate::auth::session_store;
use crate::error::{Answer, Code, Problem, ProblemBody, no_content};
use crate::input::{Body, secret};
use crate::middleware::client_address::ClientAddress;
use crate::state::AppState;

/// E-mail and password.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Login {
    /// Upper and lower case do not matter.
    #[schema(example = "ana@example.com")]
    email: String,
    /// The password.
    #[schema(value_type = String, format = Password)]
    #[serde(deserialize_with = "secret")]
    password: SecretString,
}

/// Signs a person in and sets the session cookie.
#[utoipa::path(
    post, path = "/api/v1/login", tag = "sign-in", request_body = Login,
    responses(
        (status = 200, description = "Signed in; the cookie `switchboard_session` is set.", body = Me),
        (status = 401, description = "`wrong_credentials`", body = ProblemBody),
        (status = 429, description = "`too_many_attempts`, with `Retry-After`", body = ProblemBody),
    )
)]
pub(crate) async fn login(
    State(state): State<AppState>,
    address: ClientAddress,
    session: Session,
    Body(login): Body<Login>,
) -> Answer<Me> {
    count_attempt(&state, address, Some(&login.email))?;
    let found = state.store().users().by_email(login.email.trim()).await?;
    let (found, hash) = found.map(|found| (found.user, found.password_hash)).unzip();
    let right = state.passwords().verify(login.password, hash).await?;
    if let Some(user) = &found {
        note(&state, user, address, right && user.disabled_at.is_none()).await;
    }
    // A disabled account reads like a wrong password: who does not work here any more learns nothing.
    let user = found.filter(|user| right && user.disabled_at.is_none());
    let Some(user) = user else {
        tracing::info!("a sign-in was refused");
        return Err(Problem::new(Code::WrongCredentials, "E-mail address or password is wrong."));
    };
    start_session(&state, &session, &user).await?;
    Me::of(&state, &user).await.map(Json)
}

/// Into the log of what was done. A sign-in is not refused because this could not be written.
async fn note(state: &AppState, user: &User, ClientAddress(address): ClientAddress, succeeded: bool) {
    let (who, what) = if succeeded {
        (AuditBy::Person { id: user.id, name: user.name.clone() }, AuditWhat::LoginSucceeded)
    } else {
        (AuditBy::Nobody, AuditWhat::LoginFailed)
    };
    let author = Author { who, address: Some(address), at: state.engine().clock().now() };
    let subject = AuditSubject::new(AuditKind::User, user.id).named(user.name.clone());
    let entry = author.did(what, subject, serde_json::json!({}));
    if let Err(error) = state.store().audit().write(&Scope::of_the_exchange(user.tenant), entry).await {
        tracing::warn!(error = %crate::error::chain(&error), "a sign-in was not written into the audit log");
    }
}

/// Signs out: the session, its live streams, the line and what it is rung for end at once.
#[utoipa::path(
    post, path = "/api/v1/logout", tag = "sign-in",
    responses((status = 204, description = "Signed out."), (status = 401, body = ProblemBody))
)]
pub(crate) async fn logout(
    State(state): State<AppState>,
    signed_in: SignedIn,
    session: Session,
) -> Result<Response, Problem> {
    session.flush().await.map_err(session_store::unavailable)?;
    if let Some(hash) = signed_in.session_hash() {
        state.engine().sign_out_session(&hash);
    }
    Ok(no_content())
}

/// Refuses who tries too often.
pub(crate) fn count_attempt(
    state: &AppState,
    ClientAddress(address): ClientAddress,
    account: Option<&str>,
) -> Result<(), Problem> {
    state.attempts().count(address, account).map_err(|wait| {
        tracing::warn!("sign-in attempts were refused: too many");
        Problem::new(Code::TooManyAttempts, "Too many attempts. Wait a moment and try again.")
            .retry_after(wait)
    })
}

/// Gives this browser a fresh session for this person.
pub(crate) async fn start_session(state: &AppState, session: &Session, user: &User) -> Result<(), Problem> {
    let now = state.engine().clock().now();
    let before = session.id().map(session_store::hash_of);
    session_store::start(session, user, now).await?;
    if let Some(before) = before {
        state.engine().sign_out_session(&before);
    }
    // Signing in is rare enough to carry the housekeeping of sessions nobody came back to.
    if let Err(error) = state.store().sessions().purge_expired(now).await {
        tracing::warn!(error = %crate::error::chain(&error), "expired sessions could not be removed");
    }
    tracing::info!(user.id = %user.id, "signed in");
    Ok(())
}
