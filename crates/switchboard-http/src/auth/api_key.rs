//! API keys: `Authorization: Bearer …` for programs.

use http::{HeaderMap, header};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use switchboard_store::api_keys::KeyHash;

/// Characters a key needs; ours have 43.
pub const MIN_API_KEY_CHARS: usize = 32;

/// What the database keeps of a key. A key has so many random bits that a plain hash is enough.
#[must_use]
pub fn hash_api_key(key: &SecretString) -> KeyHash {
    Sha256::digest(key.expose_secret().as_bytes()).into()
}

/// The key a request brings, if it brings one. `Some(None)`: there is an `Authorization` that is none of ours.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<Option<SecretString>> {
    let value = headers.get(header::AUTHORIZATION)?;
    let key = value.to_str().ok().and_then(|text| {
        let (scheme, key) = text.split_once(' ')?;
        let key = key.trim();
        (scheme.eq_ignore_ascii_case("bearer") && !key.is_empty()).then(|| SecretString::from(key.to_owned()))
    });
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str) -> Option<Option<String>> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, http::HeaderValue::from_static(text));
        bearer(&headers).map(|key| key.map(|key| key.expose_secret().to_owned()))
    }

    #[test]
    fn the_scheme_is_read_in_any_case_and_other_schemes_are_no_key() {
        assert_eq!(read("Bearer abc"), Some(Some("abc".to_owned())));
        assert_eq!(read("bearer  abc "), Some(Some("abc".to_owned())));
        assert_eq!(read("Basic YTpi"), Some(None));
        assert_eq!(read("Bearer "), Some(None));
        assert!(bearer(&HeaderMap::new()).is_none());
    }

    #[test]
    fn the_same_key_has_the_same_hash() {
        let key = SecretString::from("k".repeat(MIN_API_KEY_CHARS));
        assert_eq!(hash_api_key(&key), hash_api_key(&key.clone()));
        assert_ne!(hash_api_key(&key), hash_api_key(&SecretString::from("l".repeat(MIN_API_KEY_CHARS))));
    }
}
