//! The offers Meta writes and the answers it reads. Written and read here with nothing of the product's own SDP code.

pub(crate) mod business;
mod section;

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use self::section::Section;
use crate::chance;
use crate::clock;
use crate::media::g711::Law;
use crate::media::srtp::MASTER;

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
    /// Of a number set to SDES at Meta: keys in the SDP, neither ICE nor DTLS.
    Sdes,
    /// SDES with a suite nobody knows before the true one.
    SdesTwoSuites,
    /// Broken: SDES with a key that is too short.
    SdesShortKey,
    /// Of a number with both additional codecs: Opus, then G.711.
    OpusAndG711,
    /// G.711 µ-law is the only codec.
    PcmuOnly,
    /// G.711 A-law is the only codec.
    PcmaOnly,
    /// SDES, and G.711 A-law is the only codec.
    SdesPcmaOnly,
}

impl OfferShape {
    /// Are the keys in the SDP?
    pub(crate) const fn is_sdes(self) -> bool {
        match self {
            Self::Sdes | Self::SdesTwoSuites | Self::SdesShortKey | Self::SdesPcmaOnly => true,
            Self::Modern
            | Self::Docs2024
            | Self::NoAudio
            | Self::NoFingerprint
            | Self::IsacOnly
            | Self::OpusAndG711
            | Self::PcmuOnly
            | Self::PcmaOnly => false,
        }
    }

    /// Is Opus offered?
    pub(crate) const fn has_opus(self) -> bool {
        match self {
            Self::Modern
            | Self::Docs2024
            | Self::NoFingerprint
            | Self::Sdes
            | Self::SdesTwoSuites
            | Self::SdesShortKey
            | Self::OpusAndG711 => true,
            Self::NoAudio | Self::IsacOnly | Self::PcmuOnly | Self::PcmaOnly | Self::SdesPcmaOnly => false,
        }
    }

    /// The G.711 codecs that are offered.
    pub(crate) const fn laws(self) -> &'static [Law] {
        match self {
            Self::OpusAndG711 => &[Law::Pcmu, Law::Pcma],
            Self::PcmuOnly => &[Law::Pcmu],
            Self::PcmaOnly | Self::SdesPcmaOnly => &[Law::Pcma],
            Self::Modern
            | Self::Docs2024
            | Self::NoAudio
            | Self::NoFingerprint
            | Self::IsacOnly
            | Self::Sdes
            | Self::SdesTwoSuites
            | Self::SdesShortKey => &[],
        }
    }
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
    /// With SDES.
    pub(crate) key: Option<&'a [u8; MASTER]>,
    pub(crate) ssrc: u32,
}

/// The offer, line by line in the order of the captures, CRLF after every line.
pub(crate) fn offer(facts: &OfferFacts<'_>) -> String {
    let stream = chance::uuid();
    let OfferFacts { shape, address, second, ufrag, password, fingerprint, key, ssrc } = facts;
    let sdes = shape.is_sdes();
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
    ];
    if !sdes {
        lines.push("a=ice-lite".to_owned());
    }
    match shape {
        OfferShape::NoAudio => lines.push(format!("m=video {port} UDP/TLS/RTP/SAVPF 96")),
        OfferShape::IsacOnly => lines.push(format!("m=audio {port} UDP/TLS/RTP/SAVPF 103")),
        OfferShape::Modern
        | OfferShape::Docs2024
        | OfferShape::NoFingerprint
        | OfferShape::Sdes
        | OfferShape::SdesTwoSuites
        | OfferShape::SdesShortKey
        | OfferShape::OpusAndG711
        | OfferShape::PcmuOnly
        | OfferShape::PcmaOnly
        | OfferShape::SdesPcmaOnly => {
            let protocol = if sdes { "RTP/SAVP" } else { "UDP/TLS/RTP/SAVPF" };
            let opus = shape.has_opus().then_some(OPUS).into_iter();
            let numbers = opus.chain(shape.laws().iter().map(|law| law.number())).chain([EVENTS]);
            let numbers = numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(" ");
            lines.push(format!("m=audio {port} {protocol} {numbers}"));
        }
    }
    lines.push(format!("c=IN {family} {ip}"));
    lines.push("a=rtcp:9 IN IP4 0.0.0.0".to_owned());
    let (first_priority, second_priority) =
        if docs { (2_113_937_151, 2_113_939_711) } else { (2_122_260_223, 2_122_262_783) };
    if !sdes {
        lines.push(format!(
        "a=candidate:3935165743 1 udp {first_priority} {ip} {port} typ host generation 0 network-cost 50{inside}"
        ));
    }
    if let Some(second) = second.filter(|_| !sdes) {
        lines.push(format!(
            "a=candidate:2617197009 1 udp {second_priority} {second} {port} typ host generation 0 network-cost 50{inside}"
        ));
    }
    if !sdes {
        lines.push(format!("a=ice-ufrag:{ufrag}"));
        lines.push(format!("a=ice-pwd:{password}"));
        if *shape != OfferShape::NoFingerprint {
            lines.push(format!("a=fingerprint:{fingerprint}"));
        }
        lines.push("a=setup:actpass".to_owned());
    }
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
    if let Some(key) = key {
        let key = STANDARD.encode(key);
        match shape {
            OfferShape::SdesShortKey => lines.push(format!("a=crypto:1 {SUITE} inline:{}", &key[..36])),
            OfferShape::SdesTwoSuites => {
                lines.push(format!("a=crypto:1 AEAD_AES_512_GCM inline:{key}{key}"));
                lines.push(format!("a=crypto:2 {SUITE} inline:{key}"));
            }
            OfferShape::Modern
            | OfferShape::Docs2024
            | OfferShape::NoAudio
            | OfferShape::NoFingerprint
            | OfferShape::IsacOnly
            | OfferShape::Sdes
            | OfferShape::OpusAndG711
            | OfferShape::PcmuOnly
            | OfferShape::PcmaOnly
            | OfferShape::SdesPcmaOnly => lines.push(format!("a=crypto:1 {SUITE} inline:{key}")),
        }
    }
    match shape {
        OfferShape::NoAudio => lines.push("a=rtpmap:96 VP8/90000".to_owned()),
        OfferShape::IsacOnly => lines.push("a=rtpmap:103 ISAC/16000".to_owned()),
        OfferShape::PcmuOnly | OfferShape::PcmaOnly | OfferShape::SdesPcmaOnly => {
            lines.extend(rtpmaps(*shape));
            lines.push(format!("a=rtpmap:{EVENTS} telephone-event/8000"));
        }
        OfferShape::Modern
        | OfferShape::Docs2024
        | OfferShape::NoFingerprint
        | OfferShape::Sdes
        | OfferShape::SdesTwoSuites
        | OfferShape::SdesShortKey
        | OfferShape::OpusAndG711 => {
            lines.push(format!("a=rtpmap:{OPUS} opus/48000/2"));
            if !sdes {
                lines.push(format!("a=rtcp-fb:{OPUS} transport-cc"));
            }
            lines.push(if docs {
                format!("a=fmtp:{OPUS} minptime=10;useinbandfec=1")
            } else {
                format!(
                    "a=fmtp:{OPUS} maxaveragebitrate=20000;maxplaybackrate=16000;minptime=20;\
                     sprop-maxcapturerate=16000;useinbandfec=1"
                )
            });
            lines.extend(rtpmaps(*shape));
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

/// The suite of Meta's offers, and of every answer.
const SUITE: &str = "AES_CM_128_HMAC_SHA1_80";

fn rtpmaps(shape: OfferShape) -> impl Iterator<Item = String> {
    shape.laws().iter().map(|law| format!("a=rtpmap:{} {}", law.number(), law.name()))
}

/// What the peer needs of the business's answer.
#[derive(Clone)]
pub(crate) enum Answer {
    /// ICE and DTLS.
    Webrtc { ufrag: String, password: String, fingerprint: Vec<u8> },
    /// The address and the key of what the business sends.
    Sdes { address: SocketAddr, key: [u8; MASTER] },
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answer(…)")
    }
}

/// What Meta finds wrong with an answer or an offer. The texts are ours; only "No fingerprint found in SDP" was seen.
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
    #[error("a=setup must be actpass in the offer")]
    OfferSetup,
    #[error("Opus (opus/48000/2) is missing")]
    OpusMissing,
    #[error("the media section must be sendrecv")]
    OneWay,
    #[error("ice-ufrag or ice-pwd is missing or has a wrong length")]
    Ice,
    #[error("the media section must have the protocol of the offer")]
    Protocol,
    #[error("the codec {0} was not offered")]
    NotOffered(String),
    #[error("the answer takes none of the codecs that were offered")]
    NoCodec,
    #[error("SDP must hold exactly one crypto line; found {0}")]
    Cryptos(usize),
    #[error(
        "the crypto line must repeat the number and suite of the offer and hold a key of 30 bytes, nothing else"
    )]
    Crypto,
    #[error("ICE and DTLS have no place in an answer with SDES: {0}")]
    NotSdes(&'static str),
    #[error("the answer names no address to send to")]
    NoAddress,
}

/// Reads the answer of the business the way the documents say Meta does.
pub(crate) fn read_answer(text: &str, shape: OfferShape) -> Result<Answer, AnswerProblem> {
    let section = Section::read(text, shape.is_sdes())?;
    codecs_are_offered(&section.payloads, &section.values("a=rtpmap:"), shape)?;
    if shape.is_sdes() {
        let (answer, tag) = section.sdes()?;
        return if ["1", "2"].contains(&tag) { Ok(answer) } else { Err(AnswerProblem::Crypto) };
    }
    // M-UIC (Nov 2025): Meta offers actpass, the business answers active.
    section.webrtc("active", AnswerProblem::Setup)
}

/// "List only supported codecs" (2026): what was offered, by its number, and Opus wherever it was offered.
fn codecs_are_offered(payloads: &[&str], maps: &[&str], shape: OfferShape) -> Result<(), AnswerProblem> {
    let opus = format!("{OPUS} opus/48000/2");
    let events = format!("{EVENTS} telephone-event/8000");
    let mapped = maps.iter().any(|map| map.eq_ignore_ascii_case(&opus));
    if shape.has_opus() && (!mapped || !payloads.contains(&OPUS.to_string().as_str())) {
        return Err(AnswerProblem::NoOpus);
    }
    let known = |map: &str| {
        let law = shape.laws().iter().any(|law| map == format!("{} {}", law.number(), law.name()));
        law || map == events || (shape.has_opus() && map.eq_ignore_ascii_case(&opus))
    };
    if let Some(other) = maps.iter().find(|map| !known(map)) {
        return Err(AnswerProblem::NotOffered((*other).to_owned()));
    }
    let sound = payloads.iter().any(|number| {
        (shape.has_opus() && *number == OPUS.to_string())
            || shape.laws().iter().any(|law| *number == law.number().to_string())
    });
    if sound { Ok(()) } else { Err(AnswerProblem::NoCodec) }
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
            key: shape.is_sdes().then_some(&[7; MASTER]),
            ssrc: 1,
        })
    }

    #[test]
    fn offers_have_the_lines_of_the_captures_in_their_order() {
        assert_eq!(keys(&written(OfferShape::Modern)), keys(CAPTURED));
        assert_eq!(keys(&written(OfferShape::Docs2024)), keys(PRINTED));
        let sdes = include_str!("../../tests/samples/meta-offer-sdes.sdp");
        assert_eq!(keys(&written(OfferShape::Sdes)), keys(sdes));
    }

    #[test]
    fn both_good_answers_are_read() {
        let Answer::Webrtc { ufrag, fingerprint, .. } =
            read_answer(RECOMMENDED, OfferShape::Modern).expect("an answer")
        else {
            panic!("DTLS was offered")
        };
        assert_eq!((ufrag.as_str(), fingerprint.len()), ("bizU", 32));
        let docs = include_str!("../../tests/samples/business-answer-user-initiated-docs.sdp");
        assert!(read_answer(docs, OfferShape::Modern).is_ok());
    }

    #[test]
    fn every_bad_answer_is_refused_with_its_reason() {
        let changed = |from: &str, to: &str| {
            assert!(RECOMMENDED.contains(from), "{from}");
            read_answer(&RECOMMENDED.replacen(from, to, 1), OfferShape::Modern).expect_err("a refusal")
        };
        let fingerprint =
            RECOMMENDED.split("\r\n").find(|line| line.starts_with("a=fingerprint")).expect("a line");
        assert_eq!(
            read_answer(&RECOMMENDED.replace("\r\n", "\n"), OfferShape::Modern).err(),
            Some(AnswerProblem::LineEnds)
        );
        assert_eq!(
            read_answer(RECOMMENDED.trim_end(), OfferShape::Modern).err(),
            Some(AnswerProblem::LineEnds)
        );
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

    #[test]
    fn an_answer_with_sdes_has_one_key_and_neither_ice_nor_dtls() {
        const SDES: &str = include_str!("../../tests/samples/business-answer-sdes.sdp");
        let read = |text: &str| read_answer(text, OfferShape::Sdes);
        let Ok(Answer::Sdes { address, key }) = read(SDES) else { panic!("it is the reference's own") };
        assert_eq!((address.to_string().as_str(), key[0]), ("192.0.2.10:15822", 29));
        let crypto = SDES.split("\r\n").find(|line| line.starts_with("a=crypto")).expect("a line");
        for (from, to, problem) in [
            (crypto, format!("{crypto}\r\n{crypto}"), AnswerProblem::Cryptos(2)),
            ("a=crypto", "a=x".to_owned(), AnswerProblem::Cryptos(0)),
            ("inline:HRwb", "inline:".to_owned(), AnswerProblem::Crypto),
            (crypto, format!("{crypto}|2^20"), AnswerProblem::Crypto),
            ("a=ptime:20", "a=ice-ufrag:abcd".to_owned(), AnswerProblem::NotSdes("a=ice-ufrag")),
            ("a=ptime:20", "a=setup:active".to_owned(), AnswerProblem::NotSdes("a=setup")),
            ("c=IN IP4 192.0.2.10", "c=IN IP4 0.0.0.0".to_owned(), AnswerProblem::NoAddress),
            ("RTP/SAVP", "RTP/SAVPF".to_owned(), AnswerProblem::Protocol),
        ] {
            assert!(SDES.contains(from), "{from}");
            assert_eq!(read(&SDES.replacen(from, &to, 1)).err(), Some(problem), "{from}");
        }
    }

    #[test]
    fn an_answer_lists_only_what_was_offered_and_opus_wherever_it_was() {
        let listed = RECOMMENDED.replacen("a=rtpmap:111", "a=rtpmap:0 PCMU/8000\r\na=rtpmap:111", 1);
        assert!(read_answer(&listed, OfferShape::OpusAndG711).is_ok());
        assert_eq!(
            read_answer(&listed, OfferShape::Modern).err(),
            Some(AnswerProblem::NotOffered("0 PCMU/8000".to_owned()))
        );
        let only = RECOMMENDED.replace("111 opus/48000/2", "0 PCMU/8000").replace(" 111 126", " 0 126");
        assert!(read_answer(&only, OfferShape::PcmuOnly).is_ok());
        assert_eq!(read_answer(&only, OfferShape::OpusAndG711).err(), Some(AnswerProblem::NoOpus));
    }
}
