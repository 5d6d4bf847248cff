//! Is this really Meta? The signature of a webhook body, and the handshake when its URL is saved.
//!
//! The hash is over the bytes as they arrived: Meta escapes `/` and everything beyond ASCII, so hashing
//! JSON that was parsed and written again gives another result (Meta, Webhooks > Getting started).

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use url::form_urlencoded;

use crate::secret::{AppSecret, VerifyToken};

/// The header that carries the signature.
pub const HEADER: &str = "x-hub-signature-256";

/// Why a body is not taken as Meta's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureRefusal {
    /// There is no signature header.
    #[error("the webhook carries no X-Hub-Signature-256")]
    Missing,
    /// The header is not `sha256=` and 64 hexadecimal digits.
    #[error("the webhook's X-Hub-Signature-256 is malformed")]
    Malformed,
    /// The signature belongs to another body or another secret.
    #[error("the webhook's signature does not match its body")]
    Wrong,
    /// We were given no app secret, so nothing can be vouched for.
    #[error("no app secret is configured")]
    NoSecret,
}

/// Why a handshake is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeRefusal {
    /// `hub.mode` is not `subscribe`.
    #[error("hub.mode is not subscribe")]
    NotSubscribe,
    /// `hub.verify_token` is missing or not ours, or we have none.
    #[error("hub.verify_token is not the configured one")]
    WrongToken,
    /// There is no challenge to echo, or it is longer than any of Meta's.
    #[error("hub.challenge is missing or too long")]
    NoChallenge,
}

/// Meta's challenges are ten digits; more than this is somebody else.
pub const MAX_CHALLENGE_BYTES: usize = 1024;

/// Signs a body as Meta would, for whoever wants to see that he verifies it rightly. None without a secret.
#[must_use]
pub fn sign(secret: &AppSecret, raw: &[u8]) -> Option<String> {
    if secret.is_empty() {
        return None;
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).ok()?;
    mac.update(raw);
    Some(format!("sha256={}", hex::encode(mac.finalize().into_bytes())))
}

/// Takes a body as Meta's, or says why not. Constant time in the secret and in the signature.
pub fn verify(secret: &AppSecret, raw: &[u8], header: Option<&str>) -> Result<(), SignatureRefusal> {
    // HMAC takes an empty key gladly, and then everybody could sign.
    if secret.is_empty() {
        return Err(SignatureRefusal::NoSecret);
    }
    let header = header.ok_or(SignatureRefusal::Missing)?;
    let digits = header.trim().strip_prefix("sha256=").ok_or(SignatureRefusal::Malformed)?;
    let mut signature = [0_u8; 32];
    hex::decode_to_slice(digits, &mut signature).map_err(|_| SignatureRefusal::Malformed)?;
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).map_err(|_| SignatureRefusal::NoSecret)?;
    mac.update(raw);
    mac.verify_slice(&signature).map_err(|_| SignatureRefusal::Wrong)
}

/// Answers the GET that Meta sends when a webhook URL is saved: gives back the challenge, byte for byte.
///
/// `query` is the query string as it stands in the URL.
pub fn handshake(token: &VerifyToken, query: &str) -> Result<String, HandshakeRefusal> {
    let find = |name: &str| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    if find("hub.mode").as_deref() != Some("subscribe") {
        return Err(HandshakeRefusal::NotSubscribe);
    }
    let given = find("hub.verify_token").ok_or(HandshakeRefusal::WrongToken)?;
    // Comparing digests keeps even the length of the token to ourselves.
    let same = Sha256::digest(given.as_bytes()).ct_eq(&Sha256::digest(token.expose().as_bytes()));
    if token.is_empty() || !bool::from(same) {
        return Err(HandshakeRefusal::WrongToken);
    }
    find("hub.challenge")
        .filter(|challenge| !challenge.is_empty() && challenge.len() <= MAX_CHALLENGE_BYTES)
        .ok_or(HandshakeRefusal::NoChallenge)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Vector {
        secret: AppSecret,
        body: String,
        header: String,
        reserialised: String,
        reserialised_hash: String,
    }

    fn vector() -> Vector {
        let file: serde_json::Value =
            serde_json::from_str(include_str!("../../fixtures/signature-vectors.json")).expect("JSON");
        let vector = &file["meta_x_hub_signature_256"];
        let text = |value: &serde_json::Value| value.as_str().expect("a string").to_owned();
        Vector {
            secret: AppSecret::from(text(&vector["app_secret"])),
            body: text(&vector["raw_body"]),
            header: text(&vector["header"]).replace("X-Hub-Signature-256: ", ""),
            reserialised: text(&vector["must_not_match"]["reserialised_body"]),
            reserialised_hash: text(&vector["must_not_match"]["hash"]),
        }
    }

    #[test]
    fn the_published_vector_is_taken() {
        let v = vector();
        assert_eq!(verify(&v.secret, v.body.as_bytes(), Some(&v.header)), Ok(()));
    }

    #[test]
    fn json_written_again_has_another_signature() {
        let v = vector();
        assert_eq!(
            verify(&v.secret, v.reserialised.as_bytes(), Some(&v.header)),
            Err(SignatureRefusal::Wrong)
        );
        let header = format!("sha256={}", v.reserialised_hash);
        assert_eq!(verify(&v.secret, v.body.as_bytes(), Some(&header)), Err(SignatureRefusal::Wrong));
        assert_eq!(verify(&v.secret, v.reserialised.as_bytes(), Some(&header)), Ok(()));
    }

    #[test]
    fn a_missing_malformed_or_foreign_signature_is_refused() {
        let v = vector();
        let body = v.body.as_bytes();
        assert_eq!(verify(&v.secret, body, None), Err(SignatureRefusal::Missing));
        let digits = v.header.trim_start_matches("sha256=");
        let sha1 = format!("sha1={digits}");
        let short = &v.header[..v.header.len() - 2];
        let long = format!("{}00", v.header);
        let not_hex = v.header.replace('a', "g");
        for malformed in ["", "sha256=", digits, &sha1, short, &long, &not_hex, "sha256=é"] {
            assert_eq!(
                verify(&v.secret, body, Some(malformed)),
                Err(SignatureRefusal::Malformed),
                "{malformed}"
            );
        }
        let other = AppSecret::from("another secret");
        assert_eq!(verify(&other, body, Some(&v.header)), Err(SignatureRefusal::Wrong));
        assert_eq!(verify(&v.secret, &body[..body.len() - 1], Some(&v.header)), Err(SignatureRefusal::Wrong));
    }

    #[test]
    fn an_empty_secret_vouches_for_nothing() {
        let mut mac = Hmac::<Sha256>::new_from_slice(b"").expect("any length");
        mac.update(b"{}");
        let header = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        assert_eq!(verify(&AppSecret::from(""), b"{}", Some(&header)), Err(SignatureRefusal::NoSecret));
    }

    #[test]
    fn the_challenge_comes_back_byte_for_byte() {
        let token = VerifyToken::from("my token");
        let query = "hub.mode=subscribe&hub.challenge=0158201444&hub.verify_token=my%20token";
        assert_eq!(handshake(&token, query).as_deref(), Ok("0158201444"));
    }

    #[test]
    fn a_handshake_with_another_token_is_refused() {
        let token = VerifyToken::from("my token");
        let ask = |query: &str| handshake(&token, query);
        assert_eq!(
            ask("hub.mode=subscribe&hub.challenge=1&hub.verify_token=other"),
            Err(HandshakeRefusal::WrongToken)
        );
        assert_eq!(ask("hub.mode=subscribe&hub.challenge=1"), Err(HandshakeRefusal::WrongToken));
        assert_eq!(
            ask("hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=my+token"),
            Err(HandshakeRefusal::NotSubscribe)
        );
        assert_eq!(ask("hub.mode=subscribe&hub.verify_token=my+token"), Err(HandshakeRefusal::NoChallenge));
        assert_eq!(ask(""), Err(HandshakeRefusal::NotSubscribe));
    }

    #[test]
    fn an_empty_token_opens_nothing() {
        let query = "hub.mode=subscribe&hub.challenge=1&hub.verify_token=";
        assert_eq!(handshake(&VerifyToken::from(""), query), Err(HandshakeRefusal::WrongToken));
    }

    proptest! {
        #[test]
        fn no_header_and_no_body_makes_it_panic(body: Vec<u8>, header: Option<String>, query: String) {
            let secret = AppSecret::from("secret");
            prop_assert!(verify(&secret, &body, header.as_deref()).is_err());
            prop_assert!(handshake(&VerifyToken::from("token"), &query).is_err());
        }
    }
}
