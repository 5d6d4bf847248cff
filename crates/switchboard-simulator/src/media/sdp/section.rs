//! What offers and answers of the business have in common: one sound, by WebRTC or with keys in the SDP.

use std::net::{IpAddr, SocketAddr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Answer, AnswerProblem, SUITE};
use crate::media::srtp::MASTER;

/// An SDP with exactly one sound in it.
pub(super) struct Section<'t> {
    /// All lines.
    pub(super) lines: Vec<&'t str>,
    /// The numbers of `m=`.
    pub(super) payloads: Vec<&'t str>,
    port: Option<u16>,
}

impl<'t> Section<'t> {
    /// FAQ (Nov 2025): LF-only SDP is refused or mis-parsed, it must end with CRLF; one m=audio only: video, data channels
    /// and a second audio are not supported.
    pub(super) fn read(text: &'t str, sdes: bool) -> Result<Self, AnswerProblem> {
        if !text.ends_with("\r\n") || text.replace("\r\n", "").contains(['\r', '\n']) {
            return Err(AnswerProblem::LineEnds);
        }
        let lines: Vec<&str> = text.split("\r\n").collect();
        if lines.first() != Some(&"v=0") {
            return Err(AnswerProblem::NotSdp);
        }
        let sections: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("m=")).collect();
        let [section] = sections.as_slice() else {
            return Err(AnswerProblem::Sections(sections.len()));
        };
        let mut words = section.split(' ');
        if words.next() != Some("audio") {
            return Err(AnswerProblem::NotAudio);
        }
        let port = words.next().and_then(|port| port.parse().ok());
        if words.next() != Some(if sdes { "RTP/SAVP" } else { "UDP/TLS/RTP/SAVPF" }) {
            return Err(AnswerProblem::Protocol);
        }
        let payloads = words.collect();
        Ok(Self { lines, payloads, port })
    }

    /// What follows a prefix, in the order of the lines.
    pub(super) fn values(&self, prefix: &str) -> Vec<&'t str> {
        self.lines.iter().filter_map(|line| line.strip_prefix(prefix)).collect()
    }

    /// ICE and DTLS, whose `a=setup` must be this one.
    pub(super) fn webrtc(&self, setup: &str, otherwise: AnswerProblem) -> Result<Answer, AnswerProblem> {
        // FAQ: exactly one fingerprint line, sha-256; the case of the hash name does not matter.
        let fingerprints = self.values("a=fingerprint:");
        let [fingerprint] = fingerprints.as_slice() else {
            return Err(match fingerprints.len() {
                0 => AnswerProblem::NoFingerprint,
                several => AnswerProblem::Fingerprints(several),
            });
        };
        let (hash, octets) = fingerprint.split_once(' ').ok_or(AnswerProblem::NotSha256)?;
        let octets: Option<Vec<u8>> =
            octets.trim().split(':').map(|octet| u8::from_str_radix(octet, 16).ok()).collect();
        let fingerprint = octets
            .filter(|octets| hash.eq_ignore_ascii_case("sha-256") && octets.len() == 32)
            .ok_or(AnswerProblem::NotSha256)?;
        if self.values("a=setup:") != [setup] {
            return Err(otherwise);
        }
        // RFC 8839: 4 to 256 and 22 to 256 characters.
        match (self.values("a=ice-ufrag:").first(), self.values("a=ice-pwd:").first()) {
            (Some(ufrag), Some(password))
                if (4..=256).contains(&ufrag.len()) && (22..=256).contains(&password.len()) =>
            {
                Ok(Answer::Webrtc {
                    ufrag: (*ufrag).to_owned(),
                    password: (*password).to_owned(),
                    fingerprint,
                })
            }
            _ => Err(AnswerProblem::Ice),
        }
    }

    /// One crypto line, the address of `c=` and `m=`, and nothing of ICE or DTLS; gives the tag of the line, too.
    pub(super) fn sdes(&self) -> Result<(Answer, &'t str), AnswerProblem> {
        for never in ["a=ice-ufrag", "a=ice-pwd", "a=ice-lite", "a=candidate", "a=fingerprint", "a=setup"] {
            if !self.values(never).is_empty() {
                return Err(AnswerProblem::NotSdes(never));
            }
        }
        let cryptos = self.values("a=crypto:");
        let [crypto] = cryptos.as_slice() else { return Err(AnswerProblem::Cryptos(cryptos.len())) };
        let words: Vec<&str> = crypto.split(' ').collect();
        let [tag, SUITE, key] = words.as_slice() else { return Err(AnswerProblem::Crypto) };
        let key = key.strip_prefix("inline:").and_then(|key| STANDARD.decode(key).ok());
        let key: [u8; MASTER] = key.and_then(|key| key.try_into().ok()).ok_or(AnswerProblem::Crypto)?;
        let ip: Option<IpAddr> =
            self.values("c=").first().and_then(|line| line.split(' ').nth(2)?.parse().ok());
        match (ip, self.port) {
            (Some(ip), Some(port)) if port > 0 && !ip.is_unspecified() => {
                Ok((Answer::Sdes { address: SocketAddr::new(ip, port), key }, tag))
            }
            _ => Err(AnswerProblem::NoAddress),
        }
    }
}
