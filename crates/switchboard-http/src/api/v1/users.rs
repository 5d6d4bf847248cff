//! The people of a business: who signs in, and who may not any more.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use switchboard_core::access::{Branches, Role};
use switchboard_core::ids::UserId;
use switchboard_engine::SignOut;
use switchboard_store::StoreError;
use switchboard_store::users;
use utoipa::ToSchema;

use crate::api::v1::me::known_language;
use crate::auth::actor::SignedIn;
use crate::auth::setup::{checked_email, checked_name};
use crate::error::{Answer, Code, Problem, ProblemBody};
use crate::input::{Body, Id, secret};
use crate::state::AppState;

/// A person with an account.
#[derive(Serialize, ToSchema)]
pub(crate) struct User {
    /// `user_…`
    id: String,
    /// Name.
    name: String,
    /// E-mail address.
    email: String,
    /// `agent`, `supervisor`, `admin`, `operator`.
    role: &'static str,
    /// May not sign in.
    disabled: bool,
}

/// All people I may see.
#[derive(Serialize, ToSchema)]
pub(crate) struct Users {
    /// By name.
    items: Vec<User>,
}

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUser {
    /// Name.
    #[schema(example = "Bruno Reis")]
    name: String,
    /// E-mail address; one account each.
    #[schema(example = "bruno@example.com")]
    email: String,
    /// At least 12 characters.
    #[schema(value_type = String, format = Password)]
    #[serde(deserialize_with = "secret")]
    password: SecretString,
    /// `agent`, `supervisor`, `admin`; not above one's own.
    #[schema(example = "agent")]
    role: String,
    /// `en`, `es`, `pt-BR`.
    #[schema(example = "pt-BR")]
    language: String,
}

/// What may be changed of an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserChange {
    /// True: all sessions, live streams, lines and offers of the person end at once.
    disabled: bool,
}

impl From<users::User> for User {
    fn from(user: users::User) -> Self {
        Self {
            id: user.id.to_string(),
            name: user.name,
            email: user.email,
            role: user.role.as_str(),
            disabled: user.disabled_at.is_some(),
        }
    }
}

/// The people I may see.
#[utoipa::path(
    get, operation_id = "list_users", path = "/api/v1/users", tag = "users",
    responses((status = 200, body = Users), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody))
)]
pub(crate) async fn list(State(state): State<AppState>, signed_in: SignedIn) -> Answer<Users> {
    let people = state.store().users().list(&signed_in.actor.scope).await?;
    Ok(Json(Users { items: people.into_iter().map(User::from).collect() }))
}

/// Makes an account.
#[utoipa::path(
    post, path = "/api/v1/users", tag = "users", request_body = NewUser,
    responses(
        (status = 201, body = User),
        (status = 401, body = ProblemBody),
        (status = 403, description = "`forbidden`: the role is above one's own", body = ProblemBody),
        (status = 409, description = "`email_taken`", body = ProblemBody),
        (status = 422, description = "`password_too_short`, `invalid_email`, `invalid_name`, `unknown_role`, `unknown_language`", body = ProblemBody),
    )
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Body(new): Body<NewUser>,
) -> Result<(StatusCode, Json<User>), Problem> {
    let scope = &signed_in.actor.scope;
    let role = Role::from_word(&new.role).ok_or_else(|| Problem::field(Code::UnknownRole, "role"))?;
    if role > scope.role {
        return Err(Problem::new(Code::Forbidden, "Nobody can give a role above his own."));
    }
    let (name, email) = (checked_name(&new.name)?, checked_email(&new.email)?);
    let language = known_language(&new.language)?.to_owned();
    let password_hash = state.passwords().hash(new.password).await?;
    let created_at = state.engine().clock().now();
    let new =
        users::NewUser { email, name, role, branches: Branches::All, password_hash, language, created_at };
    match state.store().users().create(scope, new).await {
        Ok(user) => Ok((StatusCode::CREATED, Json(user.into()))),
        Err(StoreError::AlreadyThere { .. }) => Err(Problem::field(Code::EmailTaken, "email")),
        Err(error) => Err(error.into()),
    }
}

/// Shuts a person out, or lets him in again.
#[utoipa::path(
    patch, path = "/api/v1/users/{id}", tag = "users", request_body = UserChange,
    params(("id" = String, Path, description = "`user_…`")),
    responses(
        (status = 200, body = User),
        (status = 401, body = ProblemBody),
        (status = 403, description = "`forbidden`: oneself, or a role above one's own", body = ProblemBody),
        (status = 404, body = ProblemBody),
    )
)]
pub(crate) async fn change(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<UserId>,
    Body(change): Body<UserChange>,
) -> Answer<User> {
    let scope = &signed_in.actor.scope;
    let user = state.store().users().by_id(scope, id).await?.ok_or_else(Problem::not_found)?;
    if user.id == signed_in.actor.user || user.role > scope.role {
        return Err(Problem::new(Code::Forbidden, "Not yourself, and nobody whose role is above yours."));
    }
    let disabled_at = change.disabled.then(|| state.engine().clock().now());
    state.store().users().set_disabled(scope, id, disabled_at).await?;
    if change.disabled {
        state.engine().sign_out_user(id, SignOut::Disabled);
    }
    Ok(Json(User::from(users::User { disabled_at, ..user })))
}
