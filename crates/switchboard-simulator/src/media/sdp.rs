//! The offers Meta writes and the answers it reads. Written and read here with nothing of the product's own SDP code.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::chance;
use crate::clock;

/// Payload number of Opus in every offer of Meta that was seen.
pub(crate) const OPUS: u8 = 111;
/// Payload number of telephone events in every offer of Meta that was seen.
pub(crate) const EVENTS: u8 = 126;

/// Which offer a simulated customer brings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferShape {
    /// As captured from Oct 2025 to Oct 2026.
    #[default]
    Modern,
    /// As printed in Meta's documents since 2024.
    Docs2024,
    /// Broken: no `m=audio`.
    NoAudio,
    /// Broken: no fingerprint.
    NoFingerprint,
    /// Cannot be served: iSAC is the only codec.
    IsacOnly,
}

/// What one offer needs to be written.
pub(crate) struct OfferFacts<'a> {
    pub(crate) shape: OfferShape,
    pub(crate) address: SocketAddr,
    /// A second candidate, as Meta's offers list one of IPv6.
    pub(crate) second: Option<IpAddr>,
    pub(crate) ufrag: &'a str,
    pub(crate) password: &'a str,
    pub(crate) fingerprint: &'a str,
    pub(crate) ssrc: u32,
}

/// The offer, line by line in the order of the captures, CRLF after every line.
pub(crate) fn offer(facts: &OfferFacts<'_>) -> String {
    let stream = chance::uuid();
    let OfferFacts { shape, address, second, ufrag, password, fingerprint, ssrc } = facts;
    let docs = *shape == OfferShape::Docs2024;
    let (ip, port) = (address.ip(), address.port());
    let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
    let session = if docs {
        (u64::from(chance::number()) << 31 | u64::from(chance::number() >> 1)).to_string()
    } else {
        clock::unix_millis().to_string()
    };
    let inside = if docs { format!(" ufrag {ufrag}") } else { String::new() };
    let mut lines = vec![
        "v=0".to_owned(),
        format!("o=- {session} 2 IN IP4 127.0.0.1"),
        "s=-".to_owned(),
        "t=0 0".to_owned(),
        "a=group:BUNDLE audio".to_owned(),
        format!("a=msid-semantic: WMS {stream}"),
        "a=ice-lite".to_owned(),
    ];
    match shape {
        OfferShape::NoAudio => lines.push(format!("m=video {port} UDP/TLS/RTP/SAVPF 96")),
        OfferShape::IsacOnly => lines.push(format!("m=audio {port} UDP/TLS/RTP/SAVPF 103")),
        OfferShape::Modern | OfferShape::Docs2024 | OfferShape::NoFingerprint => {
            lines.push(format!("m=audio {port} UDP/TLS/RTP/SAVPF {OPUS} {EVENTS}"));
        }
    }
    lines.push(format!("c=IN {family} {ip}"));
    lines.push("a=rtcp:9 IN IP4 0.0.0.0".to_owned());
    let (first_priority, second_priority) =
        if docs { (2_113_937_151, 2_113_939_711) } else { (2_122_260_223, 2_122_262_783) };
    lines.push(format!(
        "a=candidate:3935165743 1 udp {first_priority} {ip} {port} typ host generation 0 network-cost 50{inside}"
    ));
    if let Some(second) = second {
        lines.push(format!(
            "a=candidate:2617197009 1 udp {second_priority} {second} {port} typ host generation 0 network-cost 50{inside}"
        ));
    }
    lines.push(format!("a=ice-ufrag:{ufrag}"));
    lines.push(format!("a=ice-pwd:{password}"));
    if *shape != OfferShape::NoFingerprint {
        lines.push(format!("a=fingerprint:{fingerprint}"));
    }
    lines.push("a=setup:actpass".to_owned());
    lines.push("a=mid:audio".to_owned());
    if docs {
        lines.push("a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level".to_owned());
        lines.push("a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time".to_owned());
        lines.push(
            "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01".to_owned(),
        );
    }
    lines.push("a=sendrecv".to_owned());
    if !docs {
        lines.push(format!("a=msid:{stream} WhatsAppTrack1"));
    }
    lines.push("a=rtcp-mux".to_owned());
    match shape {
        OfferShape::NoAudio => lines.push("a=rtpmap:96 VP8/90000".to_owned()),
        OfferShape::IsacOnly => lines.push("a=rtpmap:103 ISAC/16000".to_owned()),
        OfferShape::Modern | OfferShape::Docs2024 | OfferShape::NoFingerprint => {
            lines.push(format!("a=rtpmap:{OPUS} opus/48000/2"));
            lines.push(format!("a=rtcp-fb:{OPUS} transport-cc"));
            lines.push(if docs {
                format!("a=fmtp:{OPUS} minptime=10;useinbandfec=1")
            } else {
                format!(
                    "a=fmtp:{OPUS} maxaveragebitrate=20000;maxplaybackrate=16000;minptime=20;\
                     sprop-maxcapturerate=16000;useinbandfec=1"
                )
            });
            lines.push(format!("a=rtpmap:{EVENTS} telephone-event/8000"));
        }
    }
    if docs {
        let name = chance::letters::<16>();
        lines.push(format!("a=ssrc:{ssrc} cname:{name}"));
        lines.push(format!("a=ssrc:{ssrc} msid:{stream} audio#{}", chance::letters::<11>()));
        lines.push(format!("a=ssrc:{ssrc} mslabel:{stream}"));
        lines.push(format!("a=ssrc:{ssrc} label:audio#{}", chance::letters::<11>()));
    } else {
        lines.push("a=maxptime:20".to_owned());
        lines.push("a=ptime:20".to_owned());
        lines.push(format!("a=ssrc:{ssrc} cname:WhatsAppAudioStream1"));
    }
    lines.iter().fold(String::new(), |mut text, line| {
        let _ = write!(text, "{line}\r\n");
        text
    })
}

/// What the peer needs of the business's answer.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) ufrag: String,
    pub(crate) password: String,
    pub(crate) fingerprint: Vec<u8>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answer(…)")
    }
}

/// What Meta finds wrong with an answer. The texts are ours; only "No fingerprint found in SDP" was seen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AnswerProblem {
    #[error("SDP lines must end with CRLF")]
    LineEnds,
    #[error("SDP must begin with v=0")]
    NotSdp,
    #[error("SDP must hold exactly one media section, m=audio; found {0}")]
    Sections(usize),
    #[error("the media section must be audio")]
    NotAudio,
    #[error("No fingerprint found in SDP")]
    NoFingerprint,
    #[error("SDP must hold exactly one fingerprint; found {0}")]
    Fingerprints(usize),
    #[error("the fingerprint must be sha-256")]
    NotSha256,
    #[error("Opus (opus/48000/2) with payload {OPUS} is missing")]
    NoOpus,
    #[error("a=setup must be active in the answer")]
    Setup,
    #[error("ice-ufrag or ice-pwd is missing or has a wrong length")]
    Ice,
}

/// Reads the answer of the business the way the documents say Meta does.
pub(crate) fn read_answer(text: &str) -> Result<Answer, AnswerProblem> {
    // M-FAQ via public bridge code (2025-26): LF-only SDP is refused or mis-parsed; it must end with CRLF.
    if !text.ends_with("\r\n") || text.replace("\r\n", "").contains(['\r', '\n']) {
        return Err(AnswerProblem::LineEnds);
    }
    let lines: Vec<&str> = text.split("\r\n").collect();
    if lines.first() != Some(&"v=0") {
        return Err(AnswerProblem::NotSdp);
    }
    let values =
        |prefix: &str| -> Vec<&str> { lines.iter().filter_map(|line| line.strip_prefix(prefix)).collect() };
    // M-FAQ (Nov 2025): one m=audio only; video, data channels and a second audio are not supported.
    let sections = values("m=");
    let [section] = sections.as_slice() else {
        return Err(AnswerProblem::Sections(sections.len()));
    };
    let mut words = section.split(' ');
    if words.next() != Some("audio") {
        return Err(AnswerProblem::NotAudio);
    }
    let payloads: Vec<&str> = words.skip(2).collect();
    // M-FAQ: exactly one fingerprint line, sha-256; the case of the hash name does not matter.
    let fingerprints = values("a=fingerprint:");
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
    let opus = format!("{OPUS} opus/48000/2");
    let mapped = values("a=rtpmap:").iter().any(|map| map.eq_ignore_ascii_case(&opus));
    if !mapped || !payloads.contains(&OPUS.to_string().as_str()) {
        return Err(AnswerProblem::NoOpus);
    }
    // M-UIC (Nov 2025): Meta offers actpass, the business answers active.
    if values("a=setup:") != ["active"] {
        return Err(AnswerProblem::Setup);
    }
    // RFC 8839: 4 to 256 and 22 to 256 characters.
    let (ufrags, passwords) = (values("a=ice-ufrag:"), values("a=ice-pwd:"));
    match (ufrags.first(), passwords.first()) {
        (Some(ufrag), Some(password))
            if (4..=256).contains(&ufrag.len()) && (22..=256).contains(&password.len()) =>
        {
            Ok(Answer { ufrag: (*ufrag).to_owned(), password: (*password).to_owned(), fingerprint })
        }
        _ => Err(AnswerProblem::Ice),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECOMMENDED: &str =
        include_str!("../../tests/samples/business-answer-user-initiated-recommended.sdp");
    const CAPTURED: &str = include_str!("../../tests/samples/meta-offer-user-initiated-captured-2025-26.sdp");
    const PRINTED: &str = include_str!("../../tests/samples/meta-offer-user-initiated-docs-2024.sdp");

    fn keys(text: &str) -> Vec<String> {
        text.split("\r\n").map(|line| line.split([':', ' ']).next().unwrap_or_default().to_owned()).collect()
    }

    fn written(shape: OfferShape) -> String {
        let password = chance::padded_password();
        offer(&OfferFacts {
            shape,
            address: "57.144.215.49:3484".parse().expect("an address"),
            second: "2a03:2880::1".parse().ok(),
            ufrag: "SaMpLeUfRaGaBcDe",
            password: &password,
            fingerprint: "sha-256 A0",
            ssrc: 1,
        })
    }

    #[test]
    fn offers_have_the_lines_of_the_captures_in_their_order() {
        assert_eq!(keys(&written(OfferShape::Modern)), keys(CAPTURED));
        assert_eq!(keys(&written(OfferShape::Docs2024)), keys(PRINTED));
    }

    #[test]
    fn both_good_answers_are_read() {
        let answer = read_answer(RECOMMENDED).expect("an answer");
        assert_eq!((answer.ufrag.as_str(), answer.fingerprint.len()), ("bizU", 32));
        let docs = include_str!("../../tests/samples/business-answer-user-initiated-docs.sdp");
        assert!(read_answer(docs).is_ok());
    }

    #[test]
    fn every_bad_answer_is_refused_with_its_reason() {
        let changed = |from: &str, to: &str| {
            assert!(RECOMMENDED.contains(from), "{from}");
            read_answer(&RECOMMENDED.replacen(from, to, 1)).expect_err("a refusal")
        };
        let fingerprint =
            RECOMMENDED.split("\r\n").find(|line| line.starts_with("a=fingerprint")).expect("a line");
        assert_eq!(read_answer(&RECOMMENDED.replace("\r\n", "\n")).err(), Some(AnswerProblem::LineEnds));
        assert_eq!(read_answer(RECOMMENDED.trim_end()).err(), Some(AnswerProblem::LineEnds));
        assert_eq!(changed("v=0\r\n", ""), AnswerProblem::NotSdp);
        assert_eq!(changed("m=audio", "m=video"), AnswerProblem::NotAudio);
        assert_eq!(changed("a=mid", "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid"), AnswerProblem::Sections(2));
        assert_eq!(changed(&format!("{fingerprint}\r\n"), ""), AnswerProblem::NoFingerprint);
        assert_eq!(
            changed(fingerprint, &format!("{fingerprint}\r\n{fingerprint}")),
            AnswerProblem::Fingerprints(2)
        );
        assert_eq!(changed("sha-256", "sha-1"), AnswerProblem::NotSha256);
        assert_eq!(changed("opus/48000/2", "PCMU/8000"), AnswerProblem::NoOpus);
        assert_eq!(changed("setup:active", "setup:passive"), AnswerProblem::Setup);
        assert_eq!(changed("a=ice-ufrag:bizU\r\n", ""), AnswerProblem::Ice);
    }
}
