//! Links that open once: a token of 256 random bits in the address, its SHA-256 in the database.
//!
//! The token stands in the path and in nothing else: the log names routes by their pattern, the pages that open it
//! send no `Referer`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use url::Url;

use crate::chance;

/// Random bytes of a token.
const TOKEN_BYTES: usize = 32;
/// Characters of what could be a token; longer ones are not hashed.
const MAX_TOKEN_CHARS: usize = 128;

/// Where a link leads to in the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkTo {
    /// Making an account.
    Invitation,
    /// Setting a new password.
    PasswordReset,
}

/// A link, and what the database keeps of it.
#[derive(Clone)]
pub struct FreshLink {
    /// To be sent to the person; whoever has it may use it.
    pub url: String,
    /// Of its token.
    pub token_hash: String,
}

impl std::fmt::Debug for FreshLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FreshLink(masked)")
    }
}

impl FreshLink {
    /// A link below this public address.
    #[must_use]
    pub fn make(public_url: &Url, to: LinkTo) -> Self {
        let token = URL_SAFE_NO_PAD.encode(chance::bytes::<TOKEN_BYTES>());
        let page = match to {
            LinkTo::Invitation => "invite",
            LinkTo::PasswordReset => "reset",
        };
        let base = public_url.as_str().trim_end_matches('/');
        Self { url: format!("{base}/{page}/{token}"), token_hash: hash(&token) }
    }
}

/// What the database knows a token by.
pub(crate) fn hash(token: &str) -> String {
    let token: String = token.trim().chars().take(MAX_TOKEN_CHARS).collect();
    hex::encode(Sha256::digest(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_below_the_public_address_and_the_database_never_sees_its_token() {
        let base = Url::parse("https://calls.example.com/").expect("a URL");
        let link = FreshLink::make(&base, LinkTo::Invitation);
        let token = link.url.strip_prefix("https://calls.example.com/invite/").expect("its page");
        assert_eq!(token.len(), 43);
        assert_eq!(hash(token), link.token_hash);
        assert!(!link.token_hash.contains(token));
        assert_ne!(FreshLink::make(&base, LinkTo::Invitation).url, link.url);
        assert!(FreshLink::make(&base, LinkTo::PasswordReset).url.contains("/reset/"));
        assert!(!format!("{link:?}").contains(token));
    }
}
