//! Passwords: argon2id, off the async threads, a few at a time.

use std::sync::Arc;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::error::{Code, Problem};

/// Characters a password needs.
pub const MIN_PASSWORD_CHARS: usize = 12;
/// Bytes a password may have; hashing longer ones would be work for nothing.
const MAX_PASSWORD_BYTES: usize = 1_024;
/// Hashes computed at once: each takes 19 MiB and a core for some 30 ms, and calls come first.
const HASHES_AT_ONCE: usize = 2;
/// How long a sign-in waits for its turn.
const TURN_WAIT: Duration = Duration::from_secs(5);

/// Verified when there is no such account, so that the answer takes as long as for a wrong password. Nobody knows
/// a password for it: the hash bytes are made up. Its cost must be that of [`Argon2::default`] (a test compares).
const NOBODYS_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c3dpdGNoYm9hcmRub2JvZHk$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefused {
    /// Fewer than [`MIN_PASSWORD_CHARS`] characters.
    #[error("a password needs at least {MIN_PASSWORD_CHARS} characters")]
    TooShort,
    /// More than 1,024 bytes.
    #[error("a password has at most 1,024 bytes")]
    TooLong,
    /// The operating system gave no random salt.
    #[error("the password could not be hashed")]
    NotHashed,
}

impl From<PasswordRefused> for Problem {
    fn from(refused: PasswordRefused) -> Self {
        match refused {
            PasswordRefused::TooShort => Self::field(Code::PasswordTooShort, "password"),
            PasswordRefused::TooLong => Self::field(Code::PasswordTooLong, "password"),
            PasswordRefused::NotHashed => Self::new(Code::Internal, "The password could not be hashed."),
        }
    }
}

/// Checks a new password and hashes it (argon2id, PHC text). Takes some 30 ms of a core: not for async threads.
///
/// # Errors
/// When the password is too short or too long.
pub fn hash_password(password: &SecretString) -> Result<SecretString, PasswordRefused> {
    let password = password.expose_secret();
    if password.chars().count() < MIN_PASSWORD_CHARS {
        return Err(PasswordRefused::TooShort);
    }
    if password.len() > MAX_PASSWORD_BYTES {
        return Err(PasswordRefused::TooLong);
    }
    let hash =
        Argon2::default().hash_password(password.as_bytes()).map_err(|_| PasswordRefused::NotHashed)?;
    Ok(SecretString::from(hash.to_string()))
}

/// Hashes and verifies for the handlers, a few at a time.
#[derive(Debug, Clone)]
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        Self { turns: Arc::new(Semaphore::new(HASHES_AT_ONCE)) }
    }

    /// Hashes a new password.
    pub(crate) async fn hash(&self, password: SecretString) -> Result<SecretString, Problem> {
        self.off_thread(move || hash_password(&password)).await?.map_err(Problem::from)
    }

    /// Is it the password of this hash? `None` (no such account) costs the same and is never right.
    pub(crate) async fn verify(
        &self,
        password: SecretString,
        hash: Option<SecretString>,
    ) -> Result<bool, Problem> {
        self.off_thread(move || {
            let known = hash.is_some();
            let hash = hash.as_ref().map_or(NOBODYS_HASH, |hash| hash.expose_secret());
            let password = password.expose_secret();
            let password = if password.len() > MAX_PASSWORD_BYTES { "" } else { password };
            let right = Argon2::default().verify_password(password.as_bytes(), hash).is_ok();
            known && right
        })
        .await
    }

    async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let busy = || {
            Problem::new(Code::Busy, "Too many people sign in at this moment. Try again.")
                .retry_after(TURN_WAIT)
        };
        let turn = tokio::time::timeout(TURN_WAIT, Arc::clone(&self.turns).acquire_owned())
            .await
            .map_err(|_| busy())?
            .map_err(|_| busy())?;
        // The turn goes into the thread: a client that hangs up must not free it while the work goes on.
        tokio::task::spawn_blocking(move || {
            let result = work();
            drop(turn);
            result
        })
        .await
        .map_err(|_| Problem::new(Code::Internal, "The password could not be checked."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    #[tokio::test]
    async fn the_right_password_opens_and_a_wrong_one_does_not() {
        let passwords = Passwords::new();
        let hash = passwords.hash(secret("correct horse battery")).await.expect("hashed");
        assert!(hash.expose_secret().starts_with("$argon2id$"));
        assert!(
            passwords.verify(secret("correct horse battery"), Some(hash.clone())).await.expect("verified")
        );
        assert!(!passwords.verify(secret("correct horse batterx"), Some(hash)).await.expect("verified"));
        assert!(!passwords.verify(secret("correct horse battery"), None).await.expect("verified"));
    }

    #[test]
    fn the_hash_of_nobody_costs_what_a_real_one_costs() {
        let real = hash_password(&secret("correct horse battery")).expect("hashed");
        let cost = |hash: &str| hash.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(cost(real.expose_secret()), cost(NOBODYS_HASH));
        let verdict = Argon2::default().verify_password(b"x", NOBODYS_HASH);
        assert_eq!(
            verdict,
            Err(argon2::password_hash::Error::PasswordInvalid),
            "it is computed, not refused as malformed"
        );
    }

    #[test]
    fn short_and_endless_passwords_are_refused() {
        assert_eq!(hash_password(&secret("elf letters")).err(), Some(PasswordRefused::TooShort));
        assert_eq!(hash_password(&secret(&"x".repeat(1_025))).err(), Some(PasswordRefused::TooLong));
        assert!(hash_password(&secret("ñandú señorí")).is_ok(), "characters count, not bytes");
    }
}
