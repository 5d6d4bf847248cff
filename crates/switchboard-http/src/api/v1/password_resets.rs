//! Passwords: forgotten ones by a link, known ones by their owner.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use switchboard_core::access::Scope;
use switchboard_core::audit::AuditWhat;
use switchboard_core::ids::UserId;
use switchboard_engine::mail::{Letter, Mail};
use switchboard_engine::{SignOut, clock};
use switchboard_store::StoreError;
use switchboard_store::audit::{AuditBy, Author};
use switchboard_store::users::{PasswordSet, User};
use utoipa::ToSchema;

use crate::api::v1::invitations::{in_units, not_valid};
use crate::auth::actor::{SignedIn, account};
use crate::auth::links::{self, FreshLink, LinkTo};
use crate::auth::login::count_attempt;
use crate::auth::setup::checked_email;
use crate::error::{Code, Problem, ProblemBody, no_content};
use crate::input::{Body, Id, secret};
use crate::middleware::client_address::ClientAddress;
use crate::state::AppState;

/// Who has forgotten the password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Forgotten {
    /// E-mail address of the account.
    #[schema(example = "ana@example.com")]
    email: String,
}

/// A link to set a new password.
#[derive(Serialize, ToSchema)]
pub(crate) struct ResetLink {
    /// Whoever has it can set the password: it is shown this once.
    link: String,
    /// It was sent by e-mail.
    mailed: bool,
    /// From then on it opens nothing.
    expires_at: String,
}

/// The new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    /// The last part of the link.
    #[schema(value_type = String)]
    #[serde(deserialize_with = "secret")]
    token: SecretString,
    /// At least 12 characters.
    #[schema(value_type = String, format = Password)]
    #[serde(deserialize_with = "secret")]
    password: SecretString,
}

/// My old password and the new one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordChange {
    /// The one that counts now.
    #[schema(value_type = String, format = Password)]
    #[serde(deserialize_with = "secret")]
    old: SecretString,
    /// At least 12 characters.
    #[schema(value_type = String, format = Password)]
    #[serde(deserialize_with = "secret")]
    new: SecretString,
}

/// Asks for a link to set a new password. The answer is the same whether there is such an account or not; the link
/// comes by e-mail, or an administrator makes one.
#[utoipa::path(
    post, operation_id = "ask_for_password_reset", path = "/api/v1/password-resets", tag = "sign-in",
    request_body = Forgotten,
    responses(
        (status = 202, description = "If there is such an account, its owner gets a link."),
        (status = 422, description = "`invalid_email`", body = ProblemBody),
        (status = 429, description = "`too_many_attempts`", body = ProblemBody),
    )
)]
pub(crate) async fn ask(
    State(state): State<AppState>,
    address: ClientAddress,
    Body(forgotten): Body<Forgotten>,
) -> Result<StatusCode, Problem> {
    let email = checked_email(&forgotten.email)?;
    count_attempt(&state, address, Some(&email))?;
    // Beside the answer, which must take as long for an address nobody has.
    tokio::spawn(async move {
        if let Err(error) = send_link(&state, address, &email).await {
            tracing::warn!(error = %crate::error::chain(&error), "a link to reset a password could not be made");
        }
    });
    Ok(StatusCode::ACCEPTED)
}

async fn send_link(state: &AppState, address: ClientAddress, email: &str) -> Result<(), StoreError> {
    let Some(found) = state.store().users().by_email(email).await? else { return Ok(()) };
    let user = found.user;
    if user.disabled_at.is_some() {
        return Ok(());
    }
    if !state.engine().sends_mail() {
        // Nobody would get the link, and an older one would stop working; the administrator's own way is open.
        tracing::info!(
            user.id = %user.id, address = %address.0,
            "a person asked for a new password; no mail is set up, an administrator can make the link"
        );
        return Ok(());
    }
    let at = state.engine().clock().now();
    let author = Author { who: AuditBy::Nobody, address: Some(address.0), at };
    make(state, &user, &author).await.map(|_| ())
}

/// Makes a link for a person to set a new password; an earlier one opens nothing any more.
#[utoipa::path(
    post, operation_id = "create_password_reset", path = "/api/v1/users/{id}/password-reset", tag = "users",
    params(("id" = String, Path, description = "`user_…`")),
    responses(
        (status = 201, body = ResetLink),
        (status = 401, body = ProblemBody),
        (status = 403, description = "`forbidden`: a role above one's own", body = ProblemBody),
        (status = 404, body = ProblemBody),
    )
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<UserId>,
) -> Result<(StatusCode, Json<ResetLink>), Problem> {
    let scope = &signed_in.actor.scope;
    let user = state.store().users().by_id(scope, id).await?.ok_or_else(Problem::not_found)?;
    if user.role > scope.role {
        return Err(Problem::new(Code::Forbidden, "Nobody whose role is above yours."));
    }
    let link = make(&state, &user, &signed_in.author(&state)).await?;
    Ok((StatusCode::CREATED, Json(link)))
}

async fn make(state: &AppState, user: &User, author: &Author) -> Result<ResetLink, StoreError> {
    let scope = Scope::of_the_exchange(user.tenant);
    let valid = state.store().tenants().settings(&scope).await?.password_reset_valid;
    let expires_at = author.at.plus(valid);
    let link = FreshLink::make(&state.config().public_url, LinkTo::PasswordReset);
    let mail = Mail {
        to: user.email.clone(),
        name: user.name.clone(),
        language: user.language.clone(),
        good_until: Some(expires_at.seconds()),
        letter: Letter::PasswordReset { link: link.url.clone(), minutes: in_units(valid, 60) },
    };
    let letter = state.engine().mail(user.tenant, mail);
    let mailed = letter.is_some();
    let resets = state.store().password_resets();
    let owed = letter.into_iter().collect();
    resets.create_owing(&scope, user.id, link.token_hash, expires_at, owed, author).await?;
    state.engine().jobs_are_due();
    Ok(ResetLink { link: link.url, mailed, expires_at: clock::rfc3339(expires_at) })
}

/// Sets a new password with a link. Every session of the person ends.
#[utoipa::path(
    post, operation_id = "complete_password_reset", path = "/api/v1/password-resets/complete", tag = "sign-in",
    request_body = NewPassword,
    responses(
        (status = 204, description = "Set. Sign in with it."),
        (status = 410, description = "`link_not_valid`", body = ProblemBody),
        (status = 422, description = "`password_too_short`, `password_too_long`", body = ProblemBody),
        (status = 429, description = "`too_many_attempts`", body = ProblemBody),
    )
)]
pub(crate) async fn complete(
    State(state): State<AppState>,
    address: ClientAddress,
    Body(new): Body<NewPassword>,
) -> Result<Response, Problem> {
    count_attempt(&state, address, None)?;
    let token_hash = links::hash(new.token.expose_secret());
    let now = state.engine().clock().now();
    let resets = state.store().password_resets();
    if !resets.is_open(&token_hash, now).await? {
        return Err(not_valid());
    }
    let hash = state.passwords().hash(new.password).await?;
    let user = resets.complete(&token_hash, hash, Some(address.0), now).await?.ok_or_else(not_valid)?;
    state.engine().sign_out_user(user, SignOut::Logout);
    tracing::info!(user.id = %user, "a password was reset by a link");
    Ok(no_content())
}

/// Changes my password. My other sessions end; this one goes on.
#[utoipa::path(
    post, operation_id = "change_password", path = "/api/v1/me/password", tag = "me", request_body = PasswordChange,
    responses(
        (status = 204, description = "Changed."),
        (status = 401, body = ProblemBody),
        (status = 403, description = "`wrong_password`", body = ProblemBody),
        (status = 422, description = "`password_too_short`, `password_too_long`", body = ProblemBody),
        (status = 429, description = "`too_many_attempts`", body = ProblemBody),
    )
)]
pub(crate) async fn change(
    State(state): State<AppState>,
    address: ClientAddress,
    signed_in: SignedIn,
    Body(change): Body<PasswordChange>,
) -> Result<Response, Problem> {
    let user = account(&state, &signed_in).await?;
    count_attempt(&state, address, Some(&user.email))?;
    let known = state.store().users().by_email(&user.email).await?.map(|found| found.password_hash);
    if !state.passwords().verify(change.old, known).await? {
        return Err(Problem::new(Code::WrongPassword, "The old password is wrong."));
    }
    let session = signed_in.session_hash();
    let set = PasswordSet {
        hash: state.passwords().hash(change.new).await?,
        keep_session: session.clone(),
        what: AuditWhat::PasswordChanged,
    };
    let author =
        Author { who: AuditBy::Person { id: user.id, name: user.name.clone() }, ..signed_in.author(&state) };
    let scope = Scope::of_the_exchange(user.tenant);
    state.store().users().set_password(&scope, user.id, set, &author).await?;
    state.engine().sign_out_other_sessions(user.id, session.as_deref());
    Ok(no_content())
}
