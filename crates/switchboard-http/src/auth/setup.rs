//! The first account of a fresh installation.
//!
//! Until it exists anybody who reaches the page could make it, so it takes a code that the server printed at start:
//! who reads the server's output is its owner.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use switchboard_core::access::{Branches, Role, Scope};
use switchboard_store::StoreError;
use switchboard_store::users::NewUser;
use tower_sessions::Session;
use utoipa::ToSchema;

use crate::api::v1::me::{Me, known_language};
use crate::auth::login::{count_attempt, start_session};
use crate::error::{Code, Problem, ProblemBody};
use crate::input::{Body, secret};
use crate::middleware::client_address::ClientAddress;
use crate::state::AppState;

/// The first account.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Setup {
    /// What the server printed at start.
    #[schema(value_type = String)]
    #[serde(deserialize_with = "secret")]
    code: SecretString,
    /// The person's name.
    #[schema(example = "Ana Lima")]
    name: String,
    /// His e-mail address.
    #[schema(example = "ana@example.com")]
    email: String,
    /// At least 12 characters.
    #[schema(value_type = String, format = Password)]
    #[serde(deserialize_with = "secret")]
    password: SecretString,
    /// `en`, `es` or `pt-BR`.
    #[schema(example = "en")]
    language: String,
}

/// Makes the first account (an administrator) and signs it in. Works while there is no account.
#[utoipa::path(
    post, path = "/api/v1/setup", tag = "sign-in", request_body = Setup,
    responses(
        (status = 201, description = "Made and signed in.", body = Me),
        (status = 403, description = "`wrong_code`", body = ProblemBody),
        (status = 409, description = "`already_set_up`", body = ProblemBody),
        (status = 422, description = "`password_too_short`, `invalid_email`, `invalid_name`, `unknown_language`", body = ProblemBody),
        (status = 429, description = "`too_many_attempts`", body = ProblemBody),
    )
)]
pub(crate) async fn setup(
    State(state): State<AppState>,
    address: ClientAddress,
    session: Session,
    Body(setup): Body<Setup>,
) -> Result<(StatusCode, Json<Me>), Problem> {
    count_attempt(&state, address, None)?;
    let already = || Problem::new(Code::AlreadySetUp, "The first account exists. Sign in instead.");
    if state.store().users().any().await? {
        return Err(already());
    }
    if !code_is_right(state.config().setup_code.as_ref(), &setup.code) {
        return Err(Problem::new(Code::SetupRefused, "The server printed the code when it started."));
    }
    let name = checked_name(&setup.name)?;
    let email = checked_email(&setup.email)?;
    let language = known_language(&setup.language)?;
    let password_hash = state.passwords().hash(setup.password).await?;

    let now = state.engine().clock().now();
    let tenant = state.store().tenants().default_tenant(now).await?;
    let new = NewUser {
        email,
        name,
        role: Role::Admin,
        branches: Branches::All,
        password_hash,
        language: language.to_owned(),
        created_at: now,
    };
    // Two who both saw an empty table: the store lets one of them be the first.
    let user = match state.store().users().create_first(&Scope::of_the_exchange(tenant.id), new).await {
        Ok(user) => user,
        Err(StoreError::AlreadyThere { .. }) => return Err(already()),
        Err(error) => return Err(error.into()),
    };
    tracing::info!(user.id = %user.id, "the first account was made");
    start_session(&state, &session, &user).await?;
    Ok((StatusCode::CREATED, Json(Me::of(&state, &user).await?)))
}

/// Compares in constant time; hashes first, so that the length tells nothing either.
fn code_is_right(expected: Option<&SecretString>, given: &SecretString) -> bool {
    let Some(expected) = expected else { return false };
    let digest = |code: &SecretString| Sha256::digest(code.expose_secret().trim().as_bytes());
    digest(expected).ct_eq(&digest(given)).into()
}

pub(crate) fn checked_name(name: &str) -> Result<String, Problem> {
    let name = name.trim();
    let usable = (1..=100).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if usable { Ok(name.to_owned()) } else { Err(Problem::field(Code::InvalidName, "name")) }
}

/// The mail server decides what an address is; we only catch the slip of the finger.
pub(crate) fn checked_email(email: &str) -> Result<String, Problem> {
    let email = email.trim();
    let usable = email.len() <= 254
        && !email.chars().any(|c| c.is_whitespace() || c.is_control())
        && email.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    if usable { Ok(email.to_owned()) } else { Err(Problem::field(Code::InvalidEmail, "email")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    #[test]
    fn only_the_printed_code_opens_and_without_one_nothing_does() {
        assert!(code_is_right(Some(&secret("BLUE-TRAM-42")), &secret(" BLUE-TRAM-42 ")));
        assert!(!code_is_right(Some(&secret("BLUE-TRAM-42")), &secret("BLUE-TRAM-4")));
        assert!(!code_is_right(Some(&secret("BLUE-TRAM-42")), &secret("")));
        assert!(!code_is_right(None, &secret("")));
    }

    #[test]
    fn slips_of_the_finger_in_an_address_are_caught() {
        for email in ["", "ana", "@example.com", "ana@", "a na@example.com", "ana@example.com\n\u{7}x"] {
            assert!(checked_email(email).is_err(), "{email:?}");
        }
        assert_eq!(checked_email(" ana@example.com ").expect("usable"), "ana@example.com");
    }

    #[test]
    fn a_name_is_not_empty_and_not_a_novel() {
        assert!(checked_name("  ").is_err());
        assert!(checked_name(&"x".repeat(101)).is_err());
        assert_eq!(checked_name(" Ana ").expect("usable"), "Ana");
    }
}
