//! What the environment makes while the database is still empty: the number, the first user, the operator key.
//!
//! Afterwards the database wins for settings; where it differs from the environment the log says so. Secrets are not
//! kept in the database: they come from the environment at every start, so that a restart rotates them.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use switchboard_core::access::{Branches, Role, Scope};
use switchboard_core::time::Timestamp;
use switchboard_store::api_keys::NewApiKey;
use switchboard_store::numbers::NumberFromEnvironment as StoredNumber;
use switchboard_store::users::NewUser;
use switchboard_store::{Store, StoreError};

use crate::config::{Config, FirstUser, NumberFromEnvironment};

/// Characters of a key that are kept readable, so that people can tell keys apart.
const KEY_PREFIX: usize = 6;
/// Random bytes of the code that opens the first-run page.
const SETUP_CODE_BYTES: usize = 16;

/// The first start could not be finished.
#[derive(Debug, thiserror::Error)]
pub enum FirstStartError {
    /// The database refused.
    #[error("the first start could not be written down")]
    Store(#[from] StoreError),
    /// The password cannot be used.
    #[error("SWITCHBOARD_ADMIN_PASSWORD cannot be used: {0}")]
    Password(String),
}

/// Makes what is missing.
///
/// # Errors
/// When the database refuses or the first user's password is too weak.
pub async fn prepare(store: &Store, config: &Config, now: Timestamp) -> Result<(), FirstStartError> {
    let tenant = store.tenants().default_tenant(now).await?.id;
    let scope = Scope { tenant, branches: Branches::All, role: Role::Operator };
    if let Some(number) = &config.number {
        prepare_number(store, &scope, number, config.is_sandbox(), now).await?;
    }
    if let Some(first) = &config.first_user
        && !store.users().any().await?
    {
        create_first_user(store, &scope, first, now).await?;
    }
    if let Some(key) = &config.api_key
        && !store.api_keys().any().await?
    {
        let key = key.expose_secret();
        let new = NewApiKey {
            prefix: key.chars().take(KEY_PREFIX).collect(),
            hash: Sha256::digest(key.as_bytes()).into(),
            name: "Operator key of the environment".to_owned(),
            role: Role::Operator,
            created_at: now,
        };
        store.api_keys().create(&scope, new).await?;
        tracing::info!("the operator key was taken from SWITCHBOARD_API_KEY");
    }
    Ok(())
}

async fn create_first_user(
    store: &Store,
    scope: &Scope,
    first: &FirstUser,
    now: Timestamp,
) -> Result<(), FirstStartError> {
    let password_hash = switchboard_http::hash_password(&first.password)
        .map_err(|error| FirstStartError::Password(error.to_string()))?;
    let new = NewUser {
        email: first.email.clone(),
        name: first.name.clone(),
        role: Role::Admin,
        branches: Branches::All,
        password_hash,
        language: "en".to_owned(),
        created_at: now,
    };
    store.users().create_first(scope, new).await?;
    tracing::info!("the first user was made from SWITCHBOARD_ADMIN_EMAIL");
    Ok(())
}

/// Setting `SWITCHBOARD_DESTINATION` is the explicit act that switches calling on, once, when the number is made.
async fn prepare_number(
    store: &Store,
    scope: &Scope,
    number: &NumberFromEnvironment,
    sandbox: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let known = store.numbers().by_provider_number_id(scope, "meta", &number.phone_number_id).await?;
    if let Some(known) = &known
        && number.destination.is_some_and(|wanted| wanted != known.destination)
    {
        tracing::warn!(
            number.id = %known.id,
            "SWITCHBOARD_DESTINATION differs from the number's setting in the database; the database wins"
        );
    }
    let is_new = known.is_none();
    let kept = store
        .numbers()
        .upsert_from_environment(
            scope,
            StoredNumber {
                provider: "meta".to_owned(),
                provider_number_id: number.phone_number_id.clone(),
                waba_id: number.waba_id.clone(),
                name: known.map_or_else(|| number.name.clone(), |known| known.name),
                display_phone: number.display_phone.clone(),
                calling_enabled: is_new.then_some(number.destination.is_some()),
                destination: number.destination.filter(|_| is_new),
                sandbox,
                at: now,
            },
        )
        .await?;
    if !kept.calling_enabled {
        tracing::warn!(
            number.id = %kept.id,
            "calling is off for this number: its calls are rejected; SWITCHBOARD_DESTINATION at the first start switches it on"
        );
    }
    Ok(())
}

/// The code of the first-run page, printed once: whoever reads this machine's terminal may make the first account.
#[must_use]
pub fn fresh_setup_code() -> SecretString {
    SecretString::from(fresh_secret(SETUP_CODE_BYTES))
}

/// So many random bytes as hexadecimal text.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the dice of this crate: secrets made at start")]
pub fn fresh_secret(bytes: usize) -> String {
    let mut random = vec![0_u8; bytes];
    rand::Rng::fill_bytes(&mut rand::rng(), &mut random);
    random.iter().map(|byte| format!("{byte:02x}")).collect()
}
