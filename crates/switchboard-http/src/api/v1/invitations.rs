//! Inviting people: the administrator names address and role, the invited person chooses the password.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use switchboard_core::access::Role;
use switchboard_core::ids::InvitationId;
use switchboard_engine::clock;
use switchboard_engine::mail::{Letter, Mail};
use switchboard_store::StoreError;
use switchboard_store::invitations::{self, Acceptance, NewInvitation};
use switchboard_store::jobs::NewJob;
use tower_sessions::Session;
use utoipa::ToSchema;

use crate::api::v1::branches;
use crate::api::v1::me::{Me, known_language};
use crate::auth::actor::SignedIn;
use crate::auth::links::{self, FreshLink, LinkTo};
use crate::auth::login::{count_attempt, start_session};
use crate::auth::setup::{checked_email, checked_name};
use crate::error::{Answer, Code, Problem, ProblemBody, no_content};
use crate::input::{Body, Id, secret};
use crate::middleware::client_address::ClientAddress;
use crate::state::AppState;

/// An open invitation.
#[derive(Serialize, ToSchema)]
pub(crate) struct Invitation {
    /// `inv_…`
    id: String,
    /// Who is invited.
    email: String,
    /// The person's name.
    name: String,
    /// `agent`, `supervisor`, `admin`, `operator`.
    role: &'static str,
    /// `br_…`; null: all branches.
    branch_ids: Option<Vec<String>>,
    /// `en`, `es`, `pt-BR`.
    language: String,
    /// Who invited.
    invited_by: Option<String>,
    /// When.
    created_at: String,
    /// From then on the link opens nothing.
    expires_at: String,
    /// It is too late to follow it.
    expired: bool,
}

/// Open invitations.
#[derive(Serialize, ToSchema)]
pub(crate) struct Invitations {
    /// Newest first.
    items: Vec<Invitation>,
}

/// Somebody to be invited.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvitationWanted {
    /// E-mail address; one account each.
    #[schema(example = "bruno@example.com")]
    email: String,
    /// Name.
    #[schema(example = "Bruno Reis")]
    name: String,
    /// `agent`, `supervisor`, `admin`, `operator`; not above one's own.
    #[schema(example = "agent")]
    role: String,
    /// `br_…`; null or left out: all branches.
    branch_ids: Option<Vec<String>>,
    /// `en`, `es`, `pt-BR`.
    #[schema(example = "pt-BR")]
    language: String,
}

/// An invitation that was just made.
#[derive(Serialize, ToSchema)]
pub(crate) struct FreshInvitation {
    /// `inv_…`
    id: String,
    /// Whoever has it can make the account: it is shown this once.
    link: String,
    /// It was sent by e-mail.
    mailed: bool,
    /// From then on the link opens nothing.
    expires_at: String,
}

/// What an invitation says to the invited.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvitationLetter {
    /// The business.
    tenant: String,
    /// E-mail address of the account.
    email: String,
    /// The name the inviter wrote.
    name: String,
    /// `agent`, `supervisor`, `admin`, `operator`.
    role: &'static str,
    /// `en`, `es`, `pt-BR`.
    language: String,
    /// Who invited.
    invited_by: Option<String>,
}

/// What the invited person answers.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvitationAnswer {
    /// The last part of the link.
    #[schema(value_type = String)]
    #[serde(deserialize_with = "secret")]
    token: SecretString,
    /// Name.
    #[schema(example = "Bruno Reis")]
    name: String,
    /// At least 12 characters.
    #[schema(value_type = String, format = Password)]
    #[serde(deserialize_with = "secret")]
    password: SecretString,
    /// `en`, `es`, `pt-BR`.
    #[schema(example = "pt-BR")]
    language: String,
}

/// Open invitations.
#[utoipa::path(
    get, operation_id = "list_invitations", path = "/api/v1/invitations", tag = "users",
    responses((status = 200, body = Invitations), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody))
)]
pub(crate) async fn list(State(state): State<AppState>, signed_in: SignedIn) -> Answer<Invitations> {
    let now = state.engine().clock().now();
    let rows = state.store().invitations().open(&signed_in.actor.scope).await?;
    let items = rows.into_iter().map(|row| shown(row, now)).collect();
    Ok(Json(Invitations { items }))
}

/// Invites somebody. An earlier invitation to the same address opens nothing any more.
#[utoipa::path(
    post, operation_id = "create_invitation", path = "/api/v1/invitations", tag = "users",
    request_body = InvitationWanted,
    responses(
        (status = 201, body = FreshInvitation),
        (status = 401, body = ProblemBody),
        (status = 403, description = "`forbidden`: the role is above one's own", body = ProblemBody),
        (status = 409, description = "`email_taken`", body = ProblemBody),
        (status = 422, description = "`invalid_email`, `invalid_name`, `unknown_role`, `unknown_language`, `unknown_branch`, `needs_all_branches`", body = ProblemBody),
    )
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Body(wanted): Body<InvitationWanted>,
) -> Result<(StatusCode, Json<FreshInvitation>), Problem> {
    let scope = &signed_in.actor.scope;
    let role = Role::from_word(&wanted.role).ok_or_else(|| Problem::field(Code::UnknownRole, "role"))?;
    if role > scope.role {
        return Err(Problem::new(Code::Forbidden, "Nobody can give a role above his own."));
    }
    let branches = branches::named(wanted.branch_ids.as_deref())?;
    if !branches.fit(role) {
        return Err(Problem::field(Code::NeedsAllBranches, "branch_ids"));
    }
    if let switchboard_core::access::Branches::Only(named) = &branches {
        let known = state.store().tenants().branches(scope).await?;
        if !named.iter().all(|id| known.iter().any(|branch| branch.id == *id)) {
            return Err(branches::unknown());
        }
    }
    let author = signed_in.author(&state);
    let settings = state.store().tenants().settings(scope).await?;
    let link = FreshLink::make(&state.config().public_url, LinkTo::Invitation);
    let new = NewInvitation {
        token_hash: link.token_hash.clone(),
        email: checked_email(&wanted.email)?,
        name: checked_name(&wanted.name)?,
        role,
        branches,
        language: known_language(&wanted.language)?.to_owned(),
        expires_at: author.at.plus(settings.invitation_valid),
    };
    let letter = letter(&state, &signed_in, &new, (&link, settings.invitation_valid)).await?;
    let mailed = letter.is_some();
    let owed = letter.into_iter().collect();
    let made = match state.store().invitations().create_owing(scope, new, owed, &author).await {
        Ok(made) => made,
        Err(StoreError::AlreadyThere { .. }) => return Err(Problem::field(Code::EmailTaken, "email")),
        Err(error) => return Err(branches::refused(error)),
    };
    state.engine().jobs_are_due();
    let fresh = FreshInvitation {
        id: made.id.to_string(),
        link: link.url,
        mailed,
        expires_at: clock::rfc3339(made.expires_at),
    };
    Ok((StatusCode::CREATED, Json(fresh)))
}

/// The letter an invitation owes; none where no mail is sent.
async fn letter(
    state: &AppState,
    signed_in: &SignedIn,
    new: &NewInvitation,
    (link, valid): (&FreshLink, Duration),
) -> Result<Option<NewJob>, Problem> {
    let scope = &signed_in.actor.scope;
    let letter = Letter::Invitation {
        from: signed_in.actor.name.clone(),
        business: state.store().tenants().current(scope).await?.name,
        link: link.url.clone(),
        hours: in_units(valid, 3_600),
    };
    let mail = Mail {
        to: new.email.clone(),
        name: new.name.clone(),
        language: new.language.clone(),
        good_until: Some(new.expires_at.seconds()),
        letter,
    };
    Ok(state.engine().mail(scope.tenant, mail))
}

/// How many whole units of so many seconds a link is good for, as a person reads it.
pub(crate) fn in_units(valid: Duration, seconds: u64) -> u32 {
    u32::try_from(valid.as_secs() / seconds).unwrap_or(u32::MAX).max(1)
}

/// Takes an invitation back.
#[utoipa::path(
    delete, operation_id = "delete_invitation", path = "/api/v1/invitations/{id}", tag = "users",
    params(("id" = String, Path, description = "`inv_…`")),
    responses(
        (status = 204, description = "Taken back."),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
    )
)]
pub(crate) async fn delete(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<InvitationId>,
) -> Result<Response, Problem> {
    state.store().invitations().revoke(&signed_in.actor.scope, id, &signed_in.author(&state)).await?;
    Ok(no_content())
}

/// What an invitation says, for the page its link opens.
#[utoipa::path(
    get, operation_id = "read_invitation", path = "/api/v1/invitations/by-token/{token}", tag = "sign-in",
    params(("token" = String, Path, description = "The last part of the link.")),
    responses(
        (status = 200, body = InvitationLetter),
        (status = 410, description = "`link_not_valid`", body = ProblemBody),
        (status = 429, description = "`too_many_attempts`", body = ProblemBody),
    )
)]
pub(crate) async fn read(
    State(state): State<AppState>,
    address: ClientAddress,
    Path(token): Path<String>,
) -> Answer<InvitationLetter> {
    count_attempt(&state, address, None)?;
    let now = state.engine().clock().now();
    let found = state.store().invitations().by_token(&links::hash(&token), now).await?;
    let (invited, tenant) = found.ok_or_else(not_valid)?;
    Ok(Json(InvitationLetter {
        tenant,
        email: invited.email,
        name: invited.name,
        role: invited.role.as_str(),
        language: invited.language,
        invited_by: invited.made_by,
    }))
}

/// Makes the account of an invitation and signs it in.
#[utoipa::path(
    post, operation_id = "accept_invitation", path = "/api/v1/invitations/accept", tag = "sign-in",
    request_body = InvitationAnswer,
    responses(
        (status = 201, description = "Made and signed in.", body = Me),
        (status = 409, description = "`email_taken`", body = ProblemBody),
        (status = 410, description = "`link_not_valid`", body = ProblemBody),
        (status = 422, description = "`password_too_short`, `password_too_long`, `invalid_name`, `unknown_language`", body = ProblemBody),
        (status = 429, description = "`too_many_attempts`", body = ProblemBody),
    )
)]
pub(crate) async fn accept(
    State(state): State<AppState>,
    address: ClientAddress,
    session: Session,
    Body(answer): Body<InvitationAnswer>,
) -> Result<(StatusCode, Json<Me>), Problem> {
    count_attempt(&state, address, None)?;
    let (name, language) = (checked_name(&answer.name)?, known_language(&answer.language)?.to_owned());
    let token_hash = links::hash(secrecy::ExposeSecret::expose_secret(&answer.token));
    let now = state.engine().clock().now();
    // Looked at first: a password is worth hashing only for somebody who was invited.
    state.store().invitations().by_token(&token_hash, now).await?.ok_or_else(not_valid)?;
    let acceptance =
        Acceptance { name, password_hash: state.passwords().hash(answer.password).await?, language };
    let user = match state.store().invitations().accept(&token_hash, acceptance, Some(address.0), now).await {
        Ok(user) => user.ok_or_else(not_valid)?,
        Err(StoreError::AlreadyThere { .. }) => {
            return Err(Problem::new(
                Code::EmailTaken,
                "There is an account with this address. Sign in instead.",
            ));
        }
        // A branch it names is gone: who invited must do it again.
        Err(StoreError::Dangling { .. }) => return Err(not_valid()),
        Err(error) => return Err(error.into()),
    };
    tracing::info!(user.id = %user.id, "an invitation was followed");
    start_session(&state, &session, &user).await?;
    Ok((StatusCode::CREATED, Json(Me::of(&state, &user).await?)))
}

pub(crate) fn not_valid() -> Problem {
    Problem::new(
        Code::LinkNotValid,
        "The link was used, taken back, replaced by a newer one, or is too old. Ask for a new one.",
    )
}

fn shown(row: invitations::Invitation, now: switchboard_core::time::Timestamp) -> Invitation {
    Invitation {
        branch_ids: branches::words(&row.branches),
        id: row.id.to_string(),
        email: row.email,
        name: row.name,
        role: row.role.as_str(),
        language: row.language,
        invited_by: row.made_by,
        created_at: clock::rfc3339(row.created_at),
        expires_at: clock::rfc3339(row.expires_at),
        expired: row.expires_at <= now,
    }
}
