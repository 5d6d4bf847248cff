//! Reading offers of both of Meta's generations (captured 2025-26, documents 2024) and of browsers.

use std::net::{IpAddr, SocketAddr};

use switchboard_core::media_terms::{AdditionalCodec, AdditionalCodecs, MediaTerms, SrtpKeyExchange};

use super::{Audio, Codec, Crypto, CustomerOffer, Keys, LineOffer, LineSection, OfferRefusal, Peer};

/// Longer offers are refused unread: Meta's are 1.2 kB, a browser's with three audio lines 8 kB.
const MAX_OFFER: usize = 64 * 1024;
/// Candidates beyond these are not tried.
const MAX_CANDIDATES: usize = 16;
/// Further ears of an agent (supervision).
const MAX_EXTRAS: usize = 2;

/// Reads a provider's offer, as far as this number takes it.
///
/// Keys in the SDP are taken only where the number is set to SDES: they pass through a webhook's body, which is for the
/// operator to choose. DTLS is taken everywhere, also when the number is set to SDES: it is never the weaker one, and
/// Meta falls back to it by itself (an update of SIP servers resets the setting, reference §3.1).
pub(crate) fn read_customer_offer(text: &str, terms: MediaTerms) -> Result<CustomerOffer, OfferRefusal> {
    Ok(read_customer(text, terms)?.0)
}

/// What both a provider's offer and his answer tell, and the DTLS role it names.
pub(super) fn read_customer(
    text: &str,
    terms: MediaTerms,
) -> Result<(CustomerOffer, Option<String>), OfferRefusal> {
    let offer = Description::read(text)?;
    let audio = offer.media.iter().find(|media| media.kind == "audio" && media.port != 0);
    let media = audio.ok_or(OfferRefusal::NoAudio)?;
    let setup = media.value("setup").or_else(|| offer.session.value("setup")).map(str::to_ascii_lowercase);
    let keys = offer.keys(media, terms.key_exchange)?;
    let audio = media.audio(terms.additional_codecs)?;
    let mut candidates = match &keys {
        Keys::Dtls(_) => media.candidates(),
        Keys::Sdes(_) => Vec::new(),
    };
    if candidates.is_empty() {
        candidates.extend(media.default_address.or(offer.session.default_address).and_then(|ip| {
            let usable = !ip.is_unspecified() && !ip.is_multicast() && media.port > 9;
            usable.then(|| SocketAddr::new(ip, media.port))
        }));
    }
    if candidates.is_empty() {
        return Err(OfferRefusal::NoAddress);
    }
    let milliseconds = |name| media.value(name).and_then(|value| value.parse().ok()).unwrap_or(20);
    let offer = CustomerOffer {
        mid: media.value("mid").unwrap_or("0").to_owned(),
        rtcp_mux: matches!(keys, Keys::Dtls(_)) || media.value("rtcp-mux").is_some(),
        protocol: media.protocol.to_owned(),
        keys,
        candidates,
        audio,
        ptime: milliseconds("ptime"),
        maxptime: milliseconds("maxptime"),
    };
    Ok((offer, setup))
}

pub(crate) fn read_line_offer(text: &str) -> Result<LineOffer, OfferRefusal> {
    let offer = Description::read(text)?;
    let main = offer
        .media
        .iter()
        .position(|media| {
            media.kind == "audio" && media.port != 0 && media.direction != Direction::ReceiveOnly
        })
        .ok_or(OfferRefusal::NoAudio)?;
    let main_media = &offer.media[main];
    let peer = offer.peer(main_media)?;
    let audio = main_media.audio(AdditionalCodecs::NONE)?;
    let bundled: Vec<&str> = offer
        .session
        .value("group")
        .and_then(|group| group.strip_prefix("BUNDLE"))
        .map(|mids| mids.split_whitespace().collect())
        .unwrap_or_default();
    let mut extras = 0;
    let sections = offer.media.iter().enumerate().map(|(at, media)| {
        let mid = media.value("mid").map(str::to_owned);
        if at == main {
            return LineSection::Main { mid: mid.unwrap_or_else(|| "0".to_owned()) };
        }
        let in_bundle = mid.as_deref().is_some_and(|mid| bundled.contains(&mid));
        if let (true, Some(mid), Ok(audio)) = (
            in_bundle && media.is_extra_ear() && extras < MAX_EXTRAS,
            &mid,
            media.audio(AdditionalCodecs::NONE),
        ) {
            extras += 1;
            return LineSection::Extra { mid: mid.clone(), audio };
        }
        let format = media.formats.first().copied().unwrap_or("0").to_owned();
        LineSection::Refused { mid, kind: media.kind.to_owned(), protocol: media.protocol.to_owned(), format }
    });
    let sections = sections.collect();
    Ok(LineOffer { peer, sections, audio })
}

/// An SDP text, cut into its lines.
struct Description<'a> {
    session: Section<'a>,
    media: Vec<Section<'a>>,
}

/// The session part or one m-line with what follows it.
#[derive(Default)]
struct Section<'a> {
    kind: &'a str,
    port: u16,
    protocol: &'a str,
    formats: Vec<&'a str>,
    attributes: Vec<(&'a str, &'a str)>,
    default_address: Option<IpAddr>,
    direction: Direction,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Direction {
    #[default]
    Both,
    SendOnly,
    ReceiveOnly,
    Inactive,
}

impl<'a> Description<'a> {
    fn read(text: &'a str) -> Result<Self, OfferRefusal> {
        if text.len() > MAX_OFFER || !text.trim_start().starts_with("v=0") {
            return Err(OfferRefusal::NotSdp);
        }
        let mut description = Self { session: Section::default(), media: Vec::new() };
        for line in text.split(['\r', '\n']).map(str::trim) {
            let Some((kind, value)) = line.split_once('=') else { continue };
            if kind == "m" {
                description.media.push(Section::begin(value).ok_or(OfferRefusal::NotSdp)?);
                continue;
            }
            let section = description.media.last_mut().unwrap_or(&mut description.session);
            match kind {
                "a" => section.attribute(value),
                "c" => {
                    section.default_address = value.split_whitespace().nth(2).and_then(|ip| ip.parse().ok())
                }
                _ => {}
            }
        }
        Ok(description)
    }

    fn keys(&self, media: &Section<'a>, set: SrtpKeyExchange) -> Result<Keys, OfferRefusal> {
        let value = |name| media.value(name).or_else(|| self.session.value(name));
        let sdes = !media.protocol.contains("TLS") && media.value("crypto").is_some();
        if !sdes || value("fingerprint").is_some() {
            return self.peer(media).map(Keys::Dtls);
        }
        if set == SrtpKeyExchange::Dtls {
            return Err(OfferRefusal::Sdes);
        }
        if !matches!(media.protocol, "RTP/SAVP" | "RTP/SAVPF") {
            return Err(OfferRefusal::SdesProtocol { protocol: media.protocol.chars().take(32).collect() });
        }
        Crypto::choose(media.values("crypto")).map(Keys::Sdes)
    }

    /// ICE and fingerprint may stand in the m-line or above all m-lines.
    fn peer(&self, media: &Section<'a>) -> Result<Peer, OfferRefusal> {
        let value = |name| media.value(name).or_else(|| self.session.value(name));
        let mut prints = media.values("fingerprint").chain(self.session.values("fingerprint")).peekable();
        if prints.peek().is_none() {
            return Err(OfferRefusal::NoFingerprint);
        }
        let fingerprint = prints.find_map(sha256_fingerprint).ok_or(OfferRefusal::NoSha256)?;
        match (value("ice-ufrag"), value("ice-pwd")) {
            (Some(ufrag), Some(password)) if !ufrag.is_empty() && !password.is_empty() => {
                Ok(Peer { ufrag: ufrag.to_owned(), password: password.to_owned(), fingerprint })
            }
            _ => Err(OfferRefusal::NoIce),
        }
    }
}

impl<'a> Section<'a> {
    fn begin(value: &'a str) -> Option<Self> {
        let mut words = value.split_whitespace();
        let kind = words.next()?;
        let port = words.next()?.split('/').next()?.parse().ok()?;
        let protocol = words.next()?;
        Some(Self { kind, port, protocol, formats: words.collect(), ..Self::default() })
    }

    fn attribute(&mut self, text: &'a str) {
        let (name, value) = text.split_once(':').unwrap_or((text, ""));
        match name {
            "sendrecv" => self.direction = Direction::Both,
            "sendonly" => self.direction = Direction::SendOnly,
            "recvonly" => self.direction = Direction::ReceiveOnly,
            "inactive" => self.direction = Direction::Inactive,
            _ => self.attributes.push((name, value.trim())),
        }
    }

    fn value(&self, name: &str) -> Option<&'a str> {
        self.values(name).next()
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.attributes
            .iter()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| *value)
    }

    fn is_extra_ear(&self) -> bool {
        self.kind == "audio" && matches!(self.direction, Direction::ReceiveOnly)
    }

    fn audio(&self, additional: AdditionalCodecs) -> Result<Audio, OfferRefusal> {
        let codecs: Vec<(u8, &str)> = self
            .values("rtpmap")
            .filter_map(|map| {
                let (number, codec) = map.split_once(' ')?;
                self.formats.contains(&number).then_some(())?;
                Some((number.parse().ok().filter(|number| *number < 128)?, codec.trim()))
            })
            .collect();
        let find = |wanted: &str| {
            codecs.iter().find(|(_, codec)| codec.eq_ignore_ascii_case(wanted)).map(|(number, _)| *number)
        };
        // In the order of the offer; 0 and 8 need no rtpmap (RFC 3551 §6).
        let g711 = self.formats.iter().filter_map(|format| {
            let number: u8 = format.parse().ok().filter(|number| *number < 128)?;
            let mapped = codecs.iter().find(|(mapped, _)| *mapped == number).map(|(_, codec)| *codec);
            g711_of(number, mapped).map(|codec| (number, codec))
        });
        let (taken, refused): (Vec<_>, Vec<_>) = g711.partition(|(_, codec)| additional.has(*codec));
        let mut taken = taken.into_iter().map(|(number, codec)| (number, Codec::G711(codec)));
        let opus = find("opus/48000/2").map(|number| (number, Codec::Opus));
        let spoken = opus.or_else(|| taken.next()).ok_or_else(|| match refused.first() {
            Some((_, codec)) => OfferRefusal::NotTaken { codec: name_of(*codec), word: codec.as_str() },
            None => OfferRefusal::NoOpus {
                offered: match codecs.is_empty() {
                    true => "nothing".to_owned(),
                    false => codecs.iter().map(|(_, codec)| *codec).take(8).collect::<Vec<_>>().join(", "),
                },
            },
        })?;
        let opus_fmtp = self.values("fmtp").find_map(|fmtp| {
            let (number, parameters) = fmtp.split_once(' ')?;
            (opus.is_some_and(|(opus, _)| number.parse() == Ok(opus))).then(|| parameters.trim().to_owned())
        });
        Ok(Audio {
            spoken,
            also: taken.collect(),
            opus_fmtp,
            dtmf: find("telephone-event/8000").or_else(|| find("telephone-event/8000/1")),
        })
    }

    /// UDP candidates of RTP. Names (`….local`) are left out: we cannot look them up, and as ICE-lite need not.
    fn candidates(&self) -> Vec<SocketAddr> {
        let mut found = Vec::new();
        for candidate in self.values("candidate") {
            let words: Vec<&str> = candidate.split_whitespace().collect();
            let [_, "1", transport, _, ip, port, ..] = words.as_slice() else { continue };
            if !transport.eq_ignore_ascii_case("udp") {
                continue;
            }
            if let (Ok(ip), Ok(port)) = (ip.parse::<IpAddr>(), port.parse())
                && port != 0
                && !ip.is_unspecified()
                && !ip.is_multicast()
                && found.len() < MAX_CANDIDATES
            {
                found.push(SocketAddr::new(ip, port));
            }
        }
        found
    }
}

/// Is this payload type G.711? `mapped`: what its rtpmap says.
fn g711_of(number: u8, mapped: Option<&str>) -> Option<AdditionalCodec> {
    let mapped = mapped.map(|codec| codec.strip_suffix("/1").unwrap_or(codec));
    match (number, mapped) {
        (0, None) => Some(AdditionalCodec::Pcmu),
        (8, None) => Some(AdditionalCodec::Pcma),
        (_, Some(codec)) if codec.eq_ignore_ascii_case("PCMU/8000") => Some(AdditionalCodec::Pcmu),
        (_, Some(codec)) if codec.eq_ignore_ascii_case("PCMA/8000") => Some(AdditionalCodec::Pcma),
        (_, None | Some(_)) => None,
    }
}

/// The name in SDP.
pub(super) const fn name_of(codec: AdditionalCodec) -> &'static str {
    match codec {
        AdditionalCodec::Pcmu => "PCMU",
        AdditionalCodec::Pcma => "PCMA",
    }
}

/// `sha-256 AB:CD:…`; the case of the name does not matter (uppercase was seen).
fn sha256_fingerprint(value: &str) -> Option<[u8; 32]> {
    let (name, digits) = value.split_once(' ')?;
    name.eq_ignore_ascii_case("sha-256").then_some(())?;
    let bytes: Vec<u8> =
        digits.trim().split(':').map(|pair| u8::from_str_radix(pair, 16)).collect::<Result<_, _>>().ok()?;
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As a number that is set to nothing in particular reads it.
    fn read_customer_offer(text: &str) -> Result<CustomerOffer, OfferRefusal> {
        super::read_customer_offer(text, MediaTerms::default())
    }

    fn peer(offer: &CustomerOffer) -> &Peer {
        match &offer.keys {
            Keys::Dtls(peer) => peer,
            Keys::Sdes(_) => panic!("DTLS was offered"),
        }
    }

    const CAPTURED: &str = include_str!("../../fixtures/meta-offer-captured-2025-26.sdp");
    const DOCS_2024: &str = include_str!("../../fixtures/meta-offer-docs-2024.sdp");
    const SDES: &str = include_str!("../../fixtures/meta-offer-sdes.sdp");

    const BUSINESS_ANSWER_SDES: &str = include_str!("../../fixtures/business-answer-sdes.sdp");
    const BUSINESS_OFFER_DOCS: &str =
        include_str!("../../fixtures/business-offer-business-initiated-docs.sdp");
    const BUSINESS_OFFER: &str =
        include_str!("../../fixtures/business-offer-business-initiated-recommended.sdp");
    const META_ANSWER_DOCS: &str = include_str!("../../fixtures/meta-answer-business-initiated-docs.sdp");
    const META_ANSWER: &str =
        include_str!("../../fixtures/meta-answer-business-initiated-modern-inferred.sdp");

    fn refusal(offer: &str) -> String {
        read_customer_offer(offer).expect_err("a refusal").to_string()
    }

    #[test]
    fn the_captured_offer_of_2025_26_is_read_with_its_padded_password() {
        let offer = read_customer_offer(CAPTURED).expect("reads");
        assert_eq!(offer.mid, "audio");
        assert_eq!(peer(&offer).ufrag, "SaMpLeUfRaGaBcDe");
        assert_eq!(peer(&offer).password, "F6/jj+L0/8/Dzluc0IoZEQ==");
        assert_eq!(offer.candidates.len(), 2);
        assert_eq!(offer.candidates[0].to_string(), "57.144.215.49:3484");
        assert!(offer.candidates[1].is_ipv6());
        assert_eq!((offer.audio.spoken, offer.audio.dtmf), ((111, Codec::Opus), Some(126)));
        assert!(offer.audio.opus_fmtp.expect("fmtp").starts_with("maxaveragebitrate=20000;"));
        assert_eq!((offer.ptime, offer.maxptime), (20, 20));
    }

    #[test]
    fn the_documents_offer_of_2024_is_read() {
        let offer = read_customer_offer(DOCS_2024).expect("reads");
        assert_eq!(peer(&offer).ufrag, "6k2qP1R6kBfI/2");
        assert_eq!(offer.candidates[0].port(), 40_012);
        assert_eq!(offer.audio.opus_fmtp.as_deref(), Some("minptime=10;useinbandfec=1"));
    }

    #[test]
    fn descriptions_of_calls_we_place_are_read_or_refused_in_words() {
        for (theirs, ufrag, first, opus, dtmf) in [
            (META_ANSWER_DOCS, "JHqAXFH4HcAY/8", "31.13.65.130:3482", 111, 126),
            (META_ANSWER, "SaMpLeUfRaGaBcDe", "57.144.215.49:3484", 111, 126),
            (BUSINESS_OFFER, "bizU", "192.0.2.10:40000", 111, 126),
        ] {
            let read = read_customer_offer(theirs).expect("reads");
            assert_eq!(peer(&read).ufrag, ufrag);
            assert_eq!(read.candidates[0].to_string(), first, "{ufrag}");
            assert_eq!((read.audio.spoken.0, read.audio.dtmf), (opus, Some(dtmf)), "{ufrag}");
        }
        // A browser's trickled offer, without a candidate: no customer can be reached, a line brings its address itself.
        assert_eq!(refusal(BUSINESS_OFFER_DOCS), "it has no UDP address we can reach");
        let line = read_line_offer(BUSINESS_OFFER_DOCS).expect("reads");
        assert_eq!(
            (line.peer.ufrag.as_str(), line.audio.spoken.0, line.audio.dtmf),
            ("4g1c", 111, Some(126))
        );
        assert!(refusal(BUSINESS_ANSWER_SDES).starts_with("it uses SDES keys"));
        assert_eq!(read_line_offer(BUSINESS_ANSWER_SDES), Err(OfferRefusal::NoFingerprint));
    }

    #[test]
    fn every_fixture_of_the_wire_keeps_its_line_ends() {
        let ours = [BUSINESS_ANSWER_SDES, BUSINESS_OFFER_DOCS, BUSINESS_OFFER];
        for text in [CAPTURED, DOCS_2024, SDES, META_ANSWER_DOCS, META_ANSWER].into_iter().chain(ours) {
            assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
        }
    }

    #[test]
    fn bare_line_feeds_are_accepted_from_others() {
        assert_eq!(read_customer_offer(&CAPTURED.replace("\r\n", "\n")), read_customer_offer(CAPTURED));
    }

    #[test]
    fn an_upper_case_hash_name_and_further_fingerprints_are_accepted() {
        let shouted =
            CAPTURED.replace("a=fingerprint:sha-256", "a=fingerprint:sha-512 00:11\r\na=fingerprint:SHA-256");
        assert_eq!(peer(&read_customer_offer(&shouted).expect("reads")).fingerprint[0], 0xA0);
    }

    #[test]
    fn refusals_say_what_is_wrong() {
        assert_eq!(refusal("hello"), "it is not SDP");
        assert_eq!(refusal(&CAPTURED.replace("m=audio", "m=video")), "it has no audio");
        assert_eq!(refusal(&CAPTURED.replace("m=audio 3484", "m=audio 0")), "it has no audio");
        let no_print = CAPTURED.replace("a=fingerprint", "a=x-fingerprint");
        assert_eq!(refusal(&no_print), "it has no fingerprint, so the other end could not be recognised");
        assert_eq!(refusal(&CAPTURED.replace("sha-256", "sha-1")), "it has no SHA-256 fingerprint");
        let isac = CAPTURED.replace("111 opus/48000/2", "111 ISAC/16000");
        assert_eq!(refusal(&isac), "it does not offer Opus (offered: ISAC/16000, telephone-event/8000)");
        assert!(refusal(SDES).starts_with("it uses SDES keys"));
        assert_eq!(refusal(&CAPTURED.replace("a=ice-ufrag", "a=x")), "it has no ICE user name and password");
        let nowhere = CAPTURED.replace("a=candidate", "a=x").replace("IP4 57.144.215.49", "IP4 0.0.0.0");
        assert_eq!(refusal(&nowhere), "it has no UDP address we can reach");
    }

    fn sdes(text: &str) -> Result<CustomerOffer, OfferRefusal> {
        super::read_customer_offer(
            text,
            MediaTerms { key_exchange: SrtpKeyExchange::Sdes, ..MediaTerms::default() },
        )
    }

    #[test]
    fn an_sdes_offer_is_read_where_the_number_is_set_to_it() {
        let offer = sdes(SDES).expect("reads");
        let Keys::Sdes(crypto) = &offer.keys else { panic!("SDES was offered") };
        assert_eq!((crypto.tag, crypto.key.0[1]), (1, 1));
        assert_eq!(offer.candidates, ["157.240.19.130:3480".parse().expect("address")]);
        assert_eq!(
            (offer.protocol.as_str(), offer.rtcp_mux, offer.mid.as_str()),
            ("RTP/SAVP", true, "audio")
        );
        assert!(!format!("{offer:?}").contains("AAEC"));
        assert_eq!(sdes(&SDES.replace("RTP/SAVP", "RTP/SAVPF")).expect("reads").protocol, "RTP/SAVPF");
        let v6 = SDES.replace("IP4 157.240.19.130", "IP6 2001:db8::7");
        assert_eq!(sdes(&v6).expect("reads").candidates, ["[2001:db8::7]:3480".parse().expect("address")]);
        assert!(!sdes(&SDES.replace("a=rtcp-mux\r\n", "")).expect("reads").rtcp_mux);
        // DTLS is taken also there.
        assert!(matches!(sdes(CAPTURED).expect("reads").keys, Keys::Dtls(_)));
    }

    #[test]
    fn an_sdes_offer_that_cannot_be_used_is_refused_in_words() {
        let refusal = |text: &str| sdes(text).expect_err("a refusal").to_string();
        assert!(self::refusal(SDES).contains("srtp_key_exchange to sdes"), "names the setting");
        for (from, to, why) in [
            ("RTP/SAVP", "RTP/AVP", "it uses SDES keys over RTP/AVP"),
            ("m=audio 3480", "m=audio 0", "it has no audio"),
            ("m=audio 3480", "m=audio 99999", "it is not SDP"),
            ("157.240.19.130", "0.0.0.0", "it has no UDP address"),
            ("157.240.19.130", "239.1.1.1", "it has no UDP address"),
            ("157.240.19.130", "media.example.com", "it has no UDP address"),
            ("SHA1_80", "SHA1_32", "it offers no SDES suite we know"),
            ("a=crypto", "a=x-crypto", "it has no fingerprint"),
            ("inline:AAEC", "inline:A", "its SDES key cannot be used"),
        ] {
            assert!(SDES.contains(from), "{from}");
            assert!(
                refusal(&SDES.replace(from, to)).starts_with(why),
                "{from}: {}",
                refusal(&SDES.replace(from, to))
            );
        }
        let two = format!("{SDES}m=audio 3482 RTP/SAVP 111\r\na=rtpmap:111 opus/48000/2\r\n");
        assert_eq!(sdes(&two).expect("the first is taken").candidates[0].port(), 3480);
    }

    #[test]
    fn g711_is_taken_where_the_number_takes_it_and_opus_goes_first() {
        let with = |text: &str, words: &str| {
            let additional_codecs = AdditionalCodecs::from_words(words).expect("words");
            super::read_customer_offer(text, MediaTerms { additional_codecs, ..MediaTerms::default() })
        };
        let (mu, a) = (Codec::G711(AdditionalCodec::Pcmu), Codec::G711(AdditionalCodec::Pcma));
        let both = CAPTURED.replace("SAVPF 111 126", "SAVPF 8 0 111 126");
        let read = with(&both, "pcmu,pcma").expect("reads").audio;
        assert_eq!((read.spoken, read.also), ((111, Codec::Opus), vec![(8, a), (0, mu)]));
        assert_eq!(with(&both, "pcmu").expect("reads").audio.also, [(0, mu)]);
        assert_eq!(with(&both, "").expect("reads").audio.also, []);
        let only = both.replace("111 opus/48000/2", "111 G722/8000");
        assert_eq!(with(&only, "pcmu,pcma").expect("reads").audio.spoken, (8, a));
        assert_eq!(with(&only, "pcmu").expect("reads").audio.spoken, (0, mu));
        let refused = with(&only, "").expect_err("not taken").to_string();
        assert!(
            refused.contains("PCMA") && refused.contains("add pcma to the number's additional_codecs"),
            "{refused}"
        );
        let named = CAPTURED.replace("111 opus/48000/2", "111 PCMU/8000/1");
        assert_eq!(with(&named, "pcmu").expect("reads").audio.spoken, (111, mu));
        // Zero that is called something else is not G.711.
        let other = CAPTURED.replace("SAVPF 111 126", "SAVPF 0").replace("111 opus/48000/2", "0 ISAC/16000");
        assert!(with(&other, "pcmu").expect_err("no codec").to_string().contains("ISAC"));
    }

    #[test]
    fn without_candidates_the_connection_line_is_the_address() {
        let offer = read_customer_offer(&CAPTURED.replace("a=candidate", "a=x")).expect("reads");
        assert_eq!(offer.candidates, ["57.144.215.49:3484".parse().expect("address")]);
    }

    #[test]
    fn a_browser_may_bring_two_further_ears_and_nothing_else() {
        let main = "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 126\r\na=mid:0\r\na=sendrecv\r\na=rtpmap:111 opus/48000/2\r\n\
                    a=rtpmap:63 red/48000/2\r\na=rtpmap:126 telephone-event/8000\r\n";
        let ear = |mid: u8| main.replace("mid:0", &format!("mid:{mid}")).replace("sendrecv", "recvonly");
        let head = "v=0\r\na=group:BUNDLE 0 1 2 3 4\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n\
                    a=fingerprint:sha-256 A0:A1:A2:A3:A4:A5:A6:A7:A8:A9:AA:AB:AC:AD:AE:AF:B0:B1:B2:B3:B4:B5:B6:B7:B8:B9:\
                    BA:BB:BC:BD:BE:BF\r\n";
        let data = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:4\r\n";
        let offer =
            read_line_offer(&format!("{head}{main}{}{}{}{data}", ear(1), ear(2), ear(3))).expect("reads");
        assert_eq!(offer.audio.dtmf, Some(126));
        assert_eq!(offer.sections[0], LineSection::Main { mid: "0".into() });
        assert!(matches!(&offer.sections[1], LineSection::Extra { mid, .. } if mid == "1"));
        assert!(matches!(&offer.sections[2], LineSection::Extra { mid, .. } if mid == "2"));
        assert!(matches!(&offer.sections[3], LineSection::Refused { kind, .. } if kind == "audio"));
        assert!(matches!(&offer.sections[4], LineSection::Refused { kind, .. } if kind == "application"));
        assert_eq!(read_line_offer(&format!("{head}{}", ear(1))), Err(OfferRefusal::NoAudio));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{0,200}", cut in 0_usize..1_200, junk in "[a-z=: 0-9\r\n]{0,40}") {
            let _ = read_customer_offer(&text);
            let _ = read_line_offer(&text);
            let mut mangled = CAPTURED.to_owned();
            let sdes = MediaTerms { key_exchange: SrtpKeyExchange::Sdes, ..MediaTerms::default() };
            let mut keyed = SDES.to_owned();
            keyed.replace_range(cut.min(SDES.len())..(cut + 10).min(SDES.len()), &junk);
            let _ = super::read_customer_offer(&keyed, sdes);
            mangled.replace_range(cut.min(CAPTURED.len())..(cut + 10).min(CAPTURED.len()), &junk);
            let _ = read_customer_offer(&mangled);
            let _ = read_line_offer(&mangled);
        }
    }
}
