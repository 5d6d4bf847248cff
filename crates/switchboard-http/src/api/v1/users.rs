//! The people of a business: who signs in, and who may not any more.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};
use switchboard_core::access::Role;
use switchboard_core::ids::UserId;
use switchboard_engine::SignOut;
use switchboard_store::StoreError;
use switchboard_store::users::{self, UserChanged};
use utoipa::ToSchema;

use crate::api::v1::branches;
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
    /// `br_…`; null: all branches.
    branch_ids: Option<Vec<String>>,
    /// `en`, `es`, `pt-BR`.
    language: String,
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
    /// `br_…`; null or left out: all branches.
    branch_ids: Option<Vec<String>>,
}

/// What may be changed of an account; what is left out stays as it is. Everything counts at once.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserChange {
    /// Name.
    name: Option<String>,
    /// `agent`, `supervisor`, `admin`, `operator`; not above one's own, and not one's own.
    #[schema(example = "supervisor")]
    role: Option<String>,
    /// `br_…`; null: all branches.
    #[serde(default, deserialize_with = "named")]
    #[schema(value_type = Option<Vec<String>>)]
    branch_ids: Option<Option<Vec<String>>>,
    /// `en`, `es`, `pt-BR`.
    language: Option<String>,
    /// True: all sessions, live streams, lines and offers of the person end at once.
    disabled: Option<bool>,
}

/// Tells a field that is null from one that is left out.
fn named<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<Vec<String>>>, D::Error> {
    Option::deserialize(from).map(Some)
}

impl From<users::User> for User {
    fn from(user: users::User) -> Self {
        Self {
            branch_ids: branches::words(&user.branches),
            language: user.language,
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
        (status = 422, description = "`password_too_short`, `invalid_email`, `invalid_name`, `unknown_role`, `unknown_language`, `unknown_branch`, `needs_all_branches`", body = ProblemBody),
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
    let branches = branches::named(new.branch_ids.as_deref())?;
    if !branches.fit(role) {
        return Err(Problem::field(Code::NeedsAllBranches, "branch_ids"));
    }
    let language = known_language(&new.language)?.to_owned();
    let password_hash = state.passwords().hash(new.password).await?;
    let author = signed_in.author(&state);
    let created_at = author.at;
    let new = users::NewUser { email, name, role, branches, password_hash, language, created_at };
    match state.store().users().create_by(scope, new, &author).await {
        Ok(user) => Ok((StatusCode::CREATED, Json(user.into()))),
        Err(StoreError::AlreadyThere { .. }) => Err(Problem::field(Code::EmailTaken, "email")),
        Err(error) => Err(branches::refused(error)),
    }
}

/// Changes name, role, branches or language of a person, shuts somebody out or lets him in again.
#[utoipa::path(
    patch, operation_id = "change_user", path = "/api/v1/users/{id}", tag = "users", request_body = UserChange,
    params(("id" = String, Path, description = "`user_…`")),
    responses(
        (status = 200, body = User),
        (status = 401, body = ProblemBody),
        (status = 403, description = "`forbidden`: one's own role, branches or door, or a role above one's own", body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 409, description = "`last_admin`", body = ProblemBody),
        (status = 422, description = "`invalid_name`, `unknown_role`, `unknown_language`, `unknown_branch`, `needs_all_branches`", body = ProblemBody),
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
    let rights = change.role.is_some() || change.branch_ids.is_some() || change.disabled.is_some();
    if user.role > scope.role || (rights && user.id == signed_in.actor.user) {
        return Err(Problem::new(Code::Forbidden, "Not yourself, and nobody whose role is above yours."));
    }
    let change = checked(change, &user, scope.role)?;
    let author = signed_in.author(&state);
    match state.store().users().change(scope, id, change, &author).await.map_err(branches::refused)? {
        UserChanged::Done { before, after } => {
            follow(&state, &before, &after).await?;
            Ok(Json(User::from(after)))
        }
        UserChanged::LastAdmin => Err(Problem::new(
            Code::LastAdmin,
            "This is the only administrator. Make somebody else one first.",
        )),
    }
}

fn checked(change: UserChange, user: &users::User, own: Role) -> Result<users::UserChange, Problem> {
    let role = change
        .role
        .map(|word| Role::from_word(&word).ok_or_else(|| Problem::field(Code::UnknownRole, "role")))
        .transpose()?;
    if role.is_some_and(|role| role > own) {
        return Err(Problem::new(Code::Forbidden, "Nobody can give a role above his own."));
    }
    let branches = change.branch_ids.map(|ids| branches::named(ids.as_deref())).transpose()?;
    if !branches.as_ref().unwrap_or(&user.branches).fit(role.unwrap_or(user.role)) {
        return Err(Problem::field(Code::NeedsAllBranches, "branch_ids"));
    }
    Ok(users::UserChange {
        name: change.name.as_deref().map(checked_name).transpose()?,
        role,
        branches,
        language: change.language.as_deref().map(known_language).transpose()?.map(str::to_owned),
        disabled: change.disabled,
    })
}

/// Open pages, offers and lines follow what was written.
async fn follow(state: &AppState, before: &users::User, after: &users::User) -> Result<(), Problem> {
    if after.disabled_at.is_some() {
        state.engine().sign_out_user(after.id, SignOut::Disabled);
    } else if before.scope() != after.scope() {
        let settings = state.store().tenants().settings(&after.scope()).await?;
        state.engine().rights_changed(after.id, &after.name, &settings.narrow(after.scope()));
    } else if before.name != after.name {
        state.engine().person_renamed(after.id, &after.name);
    }
    Ok(())
}
