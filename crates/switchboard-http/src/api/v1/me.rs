//! Who I am and what I may do.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use switchboard_core::access::{Role, Scope};
use switchboard_store::users::User;
use utoipa::ToSchema;

use crate::auth::actor::{SignedIn, account};
use crate::error::{Answer, Code, Problem, ProblemBody};
use crate::input::Body;
use crate::state::{AppState, IceServer};

/// Languages of the console.
pub(crate) const LANGUAGES: &[&str] = &["en", "es", "pt-BR"];

/// The person who is signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    /// `user_…`
    id: String,
    /// Name.
    name: String,
    /// E-mail address.
    email: String,
    /// `agent`, `supervisor`, `admin`, `operator`.
    role: &'static str,
    /// `en`, `es`, `pt-BR`.
    language: String,
    /// The business.
    tenant: Tenant,
    /// For the browser's peer connection.
    ice_servers: Vec<IceServer>,
    /// What the console offers.
    can: Can,
}

/// A business.
#[derive(Serialize, ToSchema)]
pub(crate) struct Tenant {
    /// `ten_…`
    id: String,
    /// Name.
    name: String,
}

/// What the role allows. The server checks again.
#[derive(Serialize, ToSchema)]
pub(crate) struct Can {
    /// Take calls.
    take_calls: bool,
    /// See and help the agents of the branches.
    supervise: bool,
    /// Change numbers, people and rules.
    administer: bool,
    /// Run the machine.
    operate: bool,
}

/// What may be changed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MeChange {
    /// `en`, `es`, `pt-BR`.
    language: Option<String>,
}

impl Me {
    pub(crate) async fn of(state: &AppState, user: &User) -> Result<Self, Problem> {
        let tenant = state.store().tenants().current(&user.scope()).await?;
        Ok(Self {
            id: user.id.to_string(),
            name: user.name.clone(),
            email: user.email.clone(),
            role: user.role.as_str(),
            language: user.language.clone(),
            tenant: Tenant { id: tenant.id.to_string(), name: tenant.name },
            ice_servers: state.config().ice_servers.clone(),
            can: Can {
                take_calls: true,
                supervise: user.role >= Role::Supervisor,
                administer: user.role >= Role::Admin,
                operate: user.role >= Role::Operator,
            },
        })
    }
}

/// The person who is signed in.
#[utoipa::path(
    get, operation_id = "get_me", path = "/api/v1/me", tag = "me",
    responses((status = 200, body = Me), (status = 401, body = ProblemBody))
)]
pub(crate) async fn get(State(state): State<AppState>, signed_in: SignedIn) -> Answer<Me> {
    let user = account(&state, &signed_in).await?;
    Me::of(&state, &user).await.map(Json)
}

/// Changes my own settings.
#[utoipa::path(
    patch, path = "/api/v1/me", tag = "me", request_body = MeChange,
    responses(
        (status = 200, body = Me),
        (status = 401, body = ProblemBody),
        (status = 422, description = "`unknown_language`", body = ProblemBody),
    )
)]
pub(crate) async fn patch(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Body(change): Body<MeChange>,
) -> Answer<Me> {
    if let Some(language) = &change.language {
        let language = known_language(language)?;
        let everything = Scope::of_the_exchange(signed_in.actor.scope.tenant);
        state.store().users().set_language(&everything, signed_in.actor.user, language).await?;
    }
    let user = account(&state, &signed_in).await?;
    Me::of(&state, &user).await.map(Json)
}

/// The language in our spelling.
pub(crate) fn known_language(language: &str) -> Result<&'static str, Problem> {
    LANGUAGES
        .iter()
        .copied()
        .find(|known| known.eq_ignore_ascii_case(language))
        .ok_or_else(|| Problem::field(Code::UnknownLanguage, "language"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_one_of_ours_in_any_case() {
        assert_eq!(known_language("pt-br").expect("ours"), "pt-BR");
        assert_eq!(known_language("fr").expect_err("not ours").code(), Code::UnknownLanguage);
    }
}
