//! What the environment makes while the database is still empty: the number, the first user, the operator key.
//!
//! Afterwards the database wins for settings; where it differs from the environment the log says so. Secrets are not
//! kept in the database: they come from the environment at every start, so that a restart rotates them.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use switchboard_core::access::{Branches, Role, Scope};
use switchboard_core::time::Timestamp;
use switchboard_store::api_keys::NewApiKey;
use switchboard_store::audit::Author;
use switchboard_store::numbers::NumberFromEnvironment as StoredNumber;
use switchboard_store::tenants::{Outreach, TemplateName};
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

/// Makes what is missing. True: the first user was made now.
///
/// # Errors
/// When the database refuses or the first user's password is too weak.
pub async fn prepare(store: &Store, config: &Config, now: Timestamp) -> Result<bool, FirstStartError> {
    let tenant = store.tenants().default_tenant(now).await?.id;
    let scope = Scope::of_the_exchange(tenant);
    if let Some(number) = &config.number {
        prepare_number(store, &scope, number, config.is_sandbox(), now).await?;
    }
    if let Some(template) = config.permission_template.clone() {
        prepare_template(store, &scope, template, now).await?;
    }
    let mut made_user = false;
    if let Some(first) = &config.first_user
        && !store.users().any().await?
    {
        create_first_user(store, &scope, first, now).await?;
        made_user = true;
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
            scopes: Vec::new(),
            branches: Branches::All,
            created_at: now,
        };
        store.api_keys().create(&scope, new).await?;
        tracing::info!("the operator key was taken from SWITCHBOARD_API_KEY");
    }
    Ok(made_user)
}

/// What customers are asked with; once the business has said something else, that counts.
async fn prepare_template(
    store: &Store,
    scope: &Scope,
    template: TemplateName,
    now: Timestamp,
) -> Result<(), StoreError> {
    match store.tenants().outreach(scope).await?.request_template {
        Some(known) if known != template => {
            tracing::warn!(
                "WHATSAPP_CALL_PERMISSION_TEMPLATE differs from the setting in the database; the database wins"
            );
        }
        Some(_) => {}
        None => {
            let set = move |outreach: &mut Outreach| outreach.request_template = Some(template);
            store.tenants().change_outreach(scope, set, &Author::exchange(now)).await?;
        }
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

/// Setting `SWITCHBOARD_DESTINATION` is the explicit act that switches calling on: when the number is made, or later
/// while calling is still off. Once it is on, the database decides where its calls go.
async fn prepare_number(
    store: &Store,
    scope: &Scope,
    number: &NumberFromEnvironment,
    sandbox: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let known = store.numbers().by_provider_number_id(scope, "meta", &number.phone_number_id).await?;
    let is_new = known.is_none();
    let may_set = known.as_ref().is_none_or(|known| !known.calling_enabled);
    if let Some(known) = &known
        && !may_set
        && number.destination.is_some_and(|wanted| wanted != known.destination)
    {
        tracing::warn!(
            number.id = %known.id,
            "SWITCHBOARD_DESTINATION differs from the number's setting in the database; the database wins"
        );
    }
    if let Some(known) = &known {
        let other_keys = number.srtp_key_exchange.is_some_and(|wanted| wanted != known.srtp_key_exchange);
        let other_codecs = number.additional_codecs.is_some_and(|wanted| wanted != known.additional_codecs);
        if number.business_calls_enabled.is_some_and(|wanted| wanted != known.business_calls_enabled) {
            tracing::warn!(
                number.id = %known.id,
                "WHATSAPP_BUSINESS_CALLS_ENABLED differs from the number's setting in the database; the database wins"
            );
        }
        if other_keys || other_codecs {
            tracing::warn!(
                number.id = %known.id,
                "SWITCHBOARD_SRTP_KEY_EXCHANGE or SWITCHBOARD_ADDITIONAL_CODECS differs from the number's setting in the database; the database wins"
            );
        }
    }
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
                calling_enabled: may_set.then_some(number.destination.is_some()),
                business_calls_enabled: number.business_calls_enabled.filter(|_| is_new),
                destination: number.destination.filter(|_| may_set),
                srtp_key_exchange: number.srtp_key_exchange.filter(|_| is_new),
                additional_codecs: number.additional_codecs.filter(|_| is_new),
                sandbox,
                at: now,
            },
        )
        .await?;
    if !kept.calling_enabled {
        tracing::warn!(
            number.id = %kept.id,
            "calling is off for this number: its calls are rejected; set SWITCHBOARD_DESTINATION (agents or echo) to switch it on"
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;
    use switchboard_core::call::input::Destination;
    use switchboard_store::numbers::Number;

    async fn start(folder: &std::path::Path, destination: &str) -> Number {
        let mut settings = Settings::from_pairs(&[
            ("PHONE_NUMBER_ID", "100000000000001"),
            ("META_ACCESS_TOKEN", "token"),
            ("META_APP_SECRET", "secret"),
        ]);
        settings.set("SWITCHBOARD_DATA_DIR", folder.display().to_string());
        settings.set("SWITCHBOARD_DESTINATION", destination);
        let config = Config::read(&settings).expect("good settings");
        let store =
            Store::open(config.database_url.expose_secret(), config.store_options()).await.expect("opens");
        prepare(&store, &config, Timestamp::from_seconds(1_760_000_000)).await.expect("prepared");
        let number = store.numbers().of_the_installation().await.expect("read").remove(0);
        store.close().await;
        number
    }

    #[tokio::test]
    async fn the_destination_switches_calling_on_at_the_first_start_or_later_and_then_the_database_decides() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(!start(folder.path(), "").await.calling_enabled);
        let on = start(folder.path(), "echo").await;
        assert_eq!((on.calling_enabled, on.destination), (true, Destination::Echo));
        let kept = start(folder.path(), "agents").await;
        assert_eq!((kept.calling_enabled, kept.destination), (true, Destination::Echo));
        assert!(start(folder.path(), "").await.calling_enabled);
    }
}
