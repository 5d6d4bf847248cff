//! Calls of the business: the offer it writes and the answer Meta writes. As little of the product's own SDP code is
//! in here as in the rest of this crate: none.

use std::fmt::Write as _;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::section::Section;
use super::{Answer, AnswerProblem, EVENTS, SUITE};
use crate::chance;
use crate::clock;
use crate::media::g711::Law;
use crate::media::srtp::MASTER;

/// What stands as `a=setup` in Meta's answer. The documents show `active` (Meta is the DTLS client); real traffic also
/// shows `actpass`, which no answer may say (2026); `passive` is what one project saw.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerSetup {
    /// Meta is the client.
    #[default]
    Active,
    /// Meta is the client, and says something else.
    Actpass,
    /// Meta is the server.
    Passive,
}

impl AnswerSetup {
    fn text(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Actpass => "actpass",
            Self::Passive => "passive",
        }
    }

    /// Is Meta the DTLS client?
    pub(crate) fn is_client(self) -> bool {
        match self {
            Self::Active | Self::Actpass => true,
            Self::Passive => false,
        }
    }
}

/// Which generation of answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerShape {
    /// As Meta's offers of 2025 and 2026 look; no answer of these years was captured.
    #[default]
    Modern,
    /// As printed in Meta's documents since 2024.
    Docs2024,
}

/// What the peer needs of the business's offer.
#[derive(Debug, Clone)]
pub(crate) struct Offered {
    /// Where the business is and how it is known.
    pub(crate) business: Answer,
    pub(crate) mid: String,
    /// Numbers of the payloads, chosen by the business.
    pub(crate) opus: u8,
    pub(crate) events: u8,
    /// G.711 that is offered and switched on for the number.
    pub(crate) laws: Vec<Law>,
    /// The tag of the crypto line, with SDES.
    tag: String,
}

/// Reads an offer the way the documents say Meta does. Codecs Meta does not know may stand in it (the documents' own
/// sample lists a browser's), telephone events may be missing.
pub(crate) fn read_offer(text: &str, sdes: bool, laws: &[Law]) -> Result<Offered, AnswerProblem> {
    let section = Section::read(text, sdes)?;
    let payloads: Vec<u8> = section.payloads.iter().filter_map(|number| number.parse().ok()).collect();
    let maps = section.values("a=rtpmap:");
    let number_of = |codec: &str| {
        let named = maps.iter().filter_map(|map| map.split_once(' '));
        let numbers = named.filter(|(_, name)| name.eq_ignore_ascii_case(codec));
        numbers.filter_map(|(number, _)| number.parse().ok()).find(|number| payloads.contains(number))
    };
    let opus: u8 = number_of("opus/48000/2").ok_or(AnswerProblem::OpusMissing)?;
    // Without events of 8,000 Hz in the offer Meta uses 126 all the same (user-initiated calls, 2025).
    let events = number_of("telephone-event/8000").unwrap_or(EVENTS);
    let laws = laws.iter().copied().filter(|law| payloads.contains(&law.number())).collect();
    // One SSRC per direction, one track, both directions (FAQ, 2026).
    if ["a=sendonly", "a=recvonly", "a=inactive"].iter().any(|never| section.lines.contains(never)) {
        return Err(AnswerProblem::OneWay);
    }
    let mid = section.values("a=mid:").first().map_or_else(|| "audio".to_owned(), |mid| (*mid).to_owned());
    // RFC 8842: who offers says actpass.
    let (business, tag) =
        if sdes { section.sdes()? } else { (section.webrtc("actpass", AnswerProblem::OfferSetup)?, "") };
    Ok(Offered { business, mid, opus, events, laws, tag: tag.to_owned() })
}

/// What one answer needs to be written.
pub(crate) struct AnswerFacts<'a> {
    pub(crate) offered: &'a Offered,
    pub(crate) shape: AnswerShape,
    pub(crate) setup: AnswerSetup,
    pub(crate) address: SocketAddr,
    pub(crate) ufrag: &'a str,
    pub(crate) password: &'a str,
    pub(crate) fingerprint: &'a str,
    /// With SDES.
    pub(crate) key: Option<&'a [u8; MASTER]>,
    pub(crate) ssrc: u32,
}

/// Meta's answer, CRLF after every line.
pub(crate) fn answer(facts: &AnswerFacts<'_>) -> String {
    let stream = chance::uuid();
    let AnswerFacts { offered, shape, setup, address, ufrag, password, fingerprint, key, ssrc } = facts;
    let docs = *shape == AnswerShape::Docs2024;
    let (ip, port) = (address.ip(), address.port());
    let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
    let (mid, opus, events) = (&offered.mid, offered.opus, offered.events);
    let session = clock::unix_millis();
    let mut lines = vec![
        "v=0".to_owned(),
        format!("o=- {session} 2 IN IP4 127.0.0.1"),
        "s=-".to_owned(),
        "t=0 0".to_owned(),
        format!("a=group:BUNDLE {mid}"),
    ];
    if docs {
        lines.push("a=extmap-allow-mixed".to_owned());
    }
    lines.push(format!("a=msid-semantic: WMS {stream}"));
    if key.is_none() {
        lines.push("a=ice-lite".to_owned());
    }
    let protocol = if key.is_some() { "RTP/SAVP" } else { "UDP/TLS/RTP/SAVPF" };
    let laws: String = offered.laws.iter().fold(String::new(), |mut text, law| {
        let _ = write!(text, " {}", law.number());
        text
    });
    lines.push(format!("m=audio {port} {protocol} {opus}{laws} {events}"));
    lines.push(format!("c=IN {family} {ip}"));
    lines.push("a=rtcp:9 IN IP4 0.0.0.0".to_owned());
    if key.is_none() {
        let (priority, inside) =
            if docs { (2_113_937_151, format!(" ufrag {ufrag}")) } else { (2_122_260_223, String::new()) };
        lines.push(format!(
            "a=candidate:3935165743 1 udp {priority} {ip} {port} typ host generation 0 network-cost 50{inside}"
        ));
        lines.push(format!("a=ice-ufrag:{ufrag}"));
        lines.push(format!("a=ice-pwd:{password}"));
        if docs {
            lines.push("a=ice-options:trickle".to_owned());
        }
        lines.push(format!("a=fingerprint:{fingerprint}"));
        lines.push(format!("a=setup:{}", setup.text()));
    }
    lines.push(format!("a=mid:{mid}"));
    lines.push("a=sendrecv".to_owned());
    if !docs {
        lines.push(format!("a=msid:{stream} WhatsAppTrack1"));
    }
    lines.push("a=rtcp-mux".to_owned());
    if let Some(key) = key {
        lines.push(format!("a=crypto:{} {SUITE} inline:{}", offered.tag, STANDARD.encode(key)));
    }
    lines.push(format!("a=rtpmap:{opus} opus/48000/2"));
    if key.is_none() {
        lines.push(format!("a=rtcp-fb:{opus} transport-cc"));
    }
    lines.push(if docs {
        format!("a=fmtp:{opus} minptime=10;useinbandfec=1")
    } else {
        format!(
            "a=fmtp:{opus} maxaveragebitrate=20000;maxplaybackrate=16000;minptime=20;\
             sprop-maxcapturerate=16000;useinbandfec=1"
        )
    });
    lines.extend(offered.laws.iter().map(|law| format!("a=rtpmap:{} {}", law.number(), law.name())));
    lines.push(format!("a=rtpmap:{events} telephone-event/8000"));
    if docs {
        lines.push(format!("a=ssrc:{ssrc} cname:{}", chance::letters::<16>()));
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

#[cfg(test)]
mod tests {
    use super::*;

    const RECOMMENDED: &str =
        include_str!("../../../tests/samples/business-offer-business-initiated-recommended.sdp");
    const PRINTED: &str = include_str!("../../../tests/samples/business-offer-business-initiated-docs.sdp");

    fn keys(text: &str) -> Vec<&str> {
        text.split("\r\n").map(|line| line.split([':', ' ']).next().unwrap_or_default()).collect()
    }

    #[test]
    fn both_good_offers_are_read() {
        let ours = read_offer(RECOMMENDED, false, &[]).expect("an offer");
        assert_eq!((ours.mid.as_str(), ours.opus, ours.events), ("audio", 111, 126));
        let browsers = read_offer(PRINTED, false, &[Law::Pcma]).expect("an offer");
        assert_eq!((browsers.mid.as_str(), browsers.laws.as_slice()), ("0", [Law::Pcma].as_slice()));
    }

    #[test]
    fn every_bad_offer_is_refused_with_its_reason() {
        let changed = |from: &str, to: &str| {
            assert!(RECOMMENDED.contains(from), "{from}");
            read_offer(&RECOMMENDED.replacen(from, to, 1), false, &[]).expect_err("a refusal")
        };
        let fingerprint =
            RECOMMENDED.split("\r\n").find(|line| line.starts_with("a=fingerprint")).expect("a line");
        assert_eq!(
            read_offer(&RECOMMENDED.replace("\r\n", "\n"), false, &[]).err(),
            Some(AnswerProblem::LineEnds)
        );
        assert_eq!(changed("v=0\r\n", ""), AnswerProblem::NotSdp);
        assert_eq!(changed("m=audio", "m=video"), AnswerProblem::NotAudio);
        assert_eq!(changed("a=mid", "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid"), AnswerProblem::Sections(2));
        assert_eq!(changed(&format!("{fingerprint}\r\n"), ""), AnswerProblem::NoFingerprint);
        assert_eq!(
            changed(fingerprint, &format!("{fingerprint}\r\n{fingerprint}")),
            AnswerProblem::Fingerprints(2)
        );
        assert_eq!(changed("opus/48000/2", "PCMU/8000"), AnswerProblem::OpusMissing);
        assert_eq!(changed("setup:actpass", "setup:active"), AnswerProblem::OfferSetup);
        assert_eq!(changed("a=sendrecv", "a=sendonly"), AnswerProblem::OneWay);
        assert_eq!(changed("UDP/TLS/RTP/SAVPF", "RTP/SAVP"), AnswerProblem::Protocol);
    }

    #[test]
    fn the_answer_has_the_lines_of_the_reference_and_the_numbers_of_the_offer() {
        let modern =
            include_str!("../../../tests/samples/meta-answer-business-initiated-modern-inferred.sdp");
        let offered = read_offer(&RECOMMENDED.replace("111", "107"), false, &[]).expect("an offer");
        let written = answer(&AnswerFacts {
            offered: &offered,
            shape: AnswerShape::Modern,
            setup: AnswerSetup::Active,
            address: "57.144.215.49:3484".parse().expect("an address"),
            ufrag: "SaMpLeUfRaGaBcDe",
            password: "F6/jj+L0/8/Dzluc0IoZEQ==",
            fingerprint: "sha-256 A0",
            key: None,
            ssrc: 1,
        });
        // The reference's second candidate is an IPv6 one.
        let mut expected = keys(modern);
        let second = expected.iter().rposition(|key| *key == "a=candidate").expect("two candidates");
        expected.remove(second);
        assert_eq!(keys(&written), expected);
        assert!(written.contains("m=audio 3484 UDP/TLS/RTP/SAVPF 107 126\r\n"));
    }
}
