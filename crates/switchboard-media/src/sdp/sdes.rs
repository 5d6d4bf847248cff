//! Keys inside the SDP (RFC 4568), as far as Meta writes them: one suite, one key of 30 bytes, no lifetime, no MKI, no
//! parameters. Lines with other suites are passed over; our suite in a form we do not serve is refused in words.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::OfferRefusal;
use crate::chance;

/// The only suite Meta was seen to offer, and the one every SDES peer must know.
const SUITE: &str = "AES_CM_128_HMAC_SHA1_80";
/// The number of our crypto line.
const OFFERED_TAG: u32 = 1;
/// A master key of 16 bytes and a master salt of 14.
pub(crate) const MASTER: usize = 30;

/// Master key and salt of one direction.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct MasterKey(pub(crate) [u8; MASTER]);

/// The crypto line that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Crypto {
    /// Its number, repeated in the answer.
    pub(crate) tag: u32,
    pub(crate) key: MasterKey,
}

impl MasterKey {
    /// A key nobody knows yet.
    pub(crate) fn fresh() -> Self {
        Self(chance::bytes())
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(masked)")
    }
}

impl Crypto {
    /// Takes the first line of our suite.
    pub(crate) fn choose<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Self, OfferRefusal> {
        let mut others = Vec::new();
        for line in lines {
            let mut words = line.split_whitespace();
            let (Some(tag), Some(suite)) = (words.next(), words.next()) else { continue };
            if suite != SUITE {
                // Only what can be a name: the line could hold a key in the wrong place.
                if suite.len() <= 32
                    && suite
                        .bytes()
                        .all(|byte| byte.is_ascii_uppercase() || byte == b'_' || byte.is_ascii_digit())
                {
                    others.push(suite);
                }
                continue;
            }
            let tag = tag
                .parse()
                .ok()
                .filter(|tag| *tag <= 999_999_999)
                .ok_or(OfferRefusal::SdesKey("its number is none"))?;
            let key = words.next().and_then(|key| key.strip_prefix("inline:"));
            let key = key.ok_or(OfferRefusal::SdesKey("it is not given inline"))?;
            if words.next().is_some() {
                return Err(OfferRefusal::SdesKey("it has parameters, which this exchange does not serve"));
            }
            return Ok(Self { tag, key: read_key(key)? });
        }
        others.truncate(8);
        Err(OfferRefusal::SdesSuite {
            offered: if others.is_empty() { "none".to_owned() } else { others.join(", ") },
        })
    }

    /// The value of the only crypto line of an offer of ours.
    pub(crate) fn offered(key: &MasterKey) -> String {
        format!("{OFFERED_TAG} {SUITE} inline:{}", STANDARD.encode(key.0))
    }

    /// Does this line answer the one we offered?
    pub(crate) const fn answers_ours(&self) -> bool {
        self.tag == OFFERED_TAG
    }

    /// The value of the answer's crypto line.
    pub(crate) fn answered(&self, key: &MasterKey) -> String {
        format!("{} {SUITE} inline:{}", self.tag, STANDARD.encode(key.0))
    }
}

fn read_key(text: &str) -> Result<MasterKey, OfferRefusal> {
    if text.contains('|') {
        return Err(OfferRefusal::SdesKey("it has a lifetime or an MKI, which this exchange does not serve"));
    }
    if text.contains(';') {
        return Err(OfferRefusal::SdesKey("there are several on one line"));
    }
    let bytes = STANDARD.decode(text).map_err(|_| OfferRefusal::SdesKey("it is not base64"))?;
    let bytes = bytes.try_into().map_err(|_| OfferRefusal::SdesKey("it has not 30 bytes"))?;
    Ok(MasterKey(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd";

    fn choose(lines: &[&str]) -> Result<Crypto, String> {
        Crypto::choose(lines.iter().copied()).map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn lines_of_other_suites_are_passed_over_and_the_number_is_repeated() {
        let ours = format!("7 AES_CM_128_HMAC_SHA1_80 inline:{KEY}");
        let chosen =
            choose(&["1 AEAD_AES_256_GCM inline:xyz", "2", "", &ours, "9 AES_CM_128_HMAC_SHA1_80 inline:no"]);
        let chosen = chosen.expect("the third line");
        assert_eq!((chosen.tag, chosen.key.0[29]), (7, 29));
        let own = MasterKey([0xFF; MASTER]);
        assert_eq!(chosen.answered(&own), format!("7 AES_CM_128_HMAC_SHA1_80 inline:{}", "/".repeat(40)));
        assert_ne!(MasterKey::fresh(), MasterKey::fresh());
        assert!(!format!("{chosen:?}").contains("29"), "a key shows in Debug");
    }

    #[test]
    fn a_key_we_do_not_serve_is_refused_in_words_that_do_not_repeat_it() {
        for (line, why) in [
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{}", &KEY[..36]), "30 bytes"),
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}AAAA"), "30 bytes"),
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{}", KEY.replace('A', "*")), "base64"),
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20|1:4"), "MKI"),
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY};inline:{KEY}"), "several"),
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNENCRYPTED_SRTP"), "parameters"),
            (format!("1 AES_CM_128_HMAC_SHA1_80 {KEY}"), "inline"),
            (format!("x AES_CM_128_HMAC_SHA1_80 inline:{KEY}"), "number"),
            ("1 AES_CM_128_HMAC_SHA1_80".to_owned(), "inline"),
        ] {
            let refusal = choose(&[&line]).expect_err(&line);
            assert!(refusal.contains(why), "{line}: {refusal}");
            assert!(!refusal.contains("AAEC"), "{refusal}");
        }
        let refusal =
            choose(&["1 AES_CM_128_HMAC_SHA1_32 inline:x", &format!("2 {KEY} x")]).expect_err("no suite");
        assert!(refusal.contains("AES_CM_128_HMAC_SHA1_32") && !refusal.contains("AAEC"), "{refusal}");
        assert!(choose(&[]).is_err());
    }
}
