//! Our offer of a call of ours, and the provider's answer to it.

use switchboard_core::media_terms::{AdditionalCodec, MediaTerms, SrtpKeyExchange};

use super::answer::{DTLS, Sdp};
use super::offer::read_customer;
use super::{Audio, Codec, Crypto, CustomerOffer, Keys, Local, MasterKey, OfferRefusal};

/// The numbers Meta itself uses in its offers; he repeats those of ours.
const OPUS: u8 = 111;
const DTMF: u8 = 126;
/// RFC 3551 §6.
const PCMU: u8 = 0;
const PCMA: u8 = 8;
/// What Meta offers for Opus (captured 2025-26): 20 kbit/s, 16 kHz, 20 ms.
const OPUS_FMTP: &str =
    "maxaveragebitrate=20000;maxplaybackrate=16000;minptime=20;sprop-maxcapturerate=16000;useinbandfec=1";
/// The mid of the one audio line, as in Meta's own offers.
const MID: &str = "audio";

/// What we offer: Opus, the codecs the number takes beside it, telephone events.
pub(crate) fn offered_audio(terms: MediaTerms) -> Audio {
    let number = |codec| match codec {
        AdditionalCodec::Pcmu => PCMU,
        AdditionalCodec::Pcma => PCMA,
    };
    Audio {
        spoken: (OPUS, Codec::Opus),
        also: terms.additional_codecs.iter().map(|codec| (number(codec), Codec::G711(codec))).collect(),
        opus_fmtp: Some(OPUS_FMTP.to_owned()),
        dtmf: Some(DTMF),
    }
}

/// An offer of ours: one audio line, both ways, exactly one fingerprint (several get error 138008), one host candidate
/// for each address. No feedback is announced that we do not give.
pub(crate) struct DialOffer<'a> {
    pub(crate) local: Local<'a>,
    pub(crate) audio: &'a Audio,
    /// The key of what we send, with SDES.
    pub(crate) key: Option<&'a MasterKey>,
    pub(crate) ssrc: u32,
    pub(crate) cname: &'a str,
}

impl DialOffer<'_> {
    pub(crate) fn write(&self) -> String {
        let mut sdp = Sdp::begin(&self.local);
        match self.key {
            None => {
                sdp.line(format_args!("a=group:BUNDLE {MID}"));
                sdp.line(format_args!("a=msid-semantic:WMS *"));
                sdp.audio_line(&self.local, DTLS, self.audio);
                sdp.line(format_args!("a=rtcp:9 IN IP4 0.0.0.0"));
                sdp.transport(&self.local, "actpass");
                sdp.candidates(&self.local);
                sdp.line(format_args!("a=mid:{MID}"));
                sdp.line(format_args!("a=sendrecv"));
                sdp.line(format_args!("a=msid:switchboard audio"));
                sdp.line(format_args!("a=rtcp-mux"));
            }
            // No ICE, no candidate, no fingerprint: the address is that of the two lines above.
            Some(key) => {
                sdp.audio_line(&self.local, "RTP/SAVP", self.audio);
                sdp.line(format_args!("a=crypto:{}", Crypto::offered(key)));
                sdp.line(format_args!("a=mid:{MID}"));
                sdp.line(format_args!("a=sendrecv"));
                sdp.line(format_args!("a=rtcp-mux"));
            }
        }
        sdp.codecs(self.audio, self.audio.opus_fmtp.as_deref());
        sdp.line(format_args!("a=ptime:20"));
        sdp.line(format_args!("a=maxptime:20"));
        sdp.line(format_args!("a=ssrc:{} cname:{}", self.ssrc, self.cname));
        sdp.0
    }
}

/// The provider's answer to our offer.
#[derive(Debug)]
pub(crate) struct CustomerAnswered {
    pub(crate) answer: CustomerOffer,
    /// We begin the DTLS handshake.
    pub(crate) we_are_client: bool,
}

/// Reads the answer to an offer of these terms. Meta's documents answer `active`, his relays were seen to answer
/// `actpass`, which an answer may not (RFC 5763 §5): then he begins, too. Only who answers `passive` waits for us.
pub(crate) fn read_customer_answer(text: &str, terms: MediaTerms) -> Result<CustomerAnswered, OfferRefusal> {
    let (answer, setup) = read_customer(text, terms)?;
    match (&answer.keys, terms.key_exchange) {
        (Keys::Dtls(_), SrtpKeyExchange::Dtls) => {}
        (Keys::Sdes(crypto), SrtpKeyExchange::Sdes) if crypto.answers_ours() => {}
        (Keys::Dtls(_), SrtpKeyExchange::Sdes) | (Keys::Sdes(_), _) => return Err(OfferRefusal::OtherKeys),
    }
    Ok(CustomerAnswered { answer, we_are_client: setup.as_deref() == Some("passive") })
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use switchboard_core::media_terms::AdditionalCodecs;

    use super::*;
    use crate::sdp::read_customer_offer;

    const RECOMMENDED: &str =
        include_str!("../../fixtures/business-offer-business-initiated-recommended.sdp");
    const ANSWER_2024: &str = include_str!("../../fixtures/meta-answer-business-initiated-docs.sdp");
    const ANSWER_2026: &str =
        include_str!("../../fixtures/meta-answer-business-initiated-modern-inferred.sdp");
    const ANSWER_SDES: &str = include_str!("../../fixtures/business-answer-sdes.sdp");

    fn offer(terms: MediaTerms, key: Option<&MasterKey>) -> String {
        let addresses: [IpAddr; 2] = ["192.0.2.10".parse().expect("ip"), "2001:db8::10".parse().expect("ip")];
        let local = Local {
            ufrag: "bizU",
            password: "bizPasswordAtLeast22Chars",
            fingerprint: [0xC0; 32],
            addresses: &addresses,
            port: 50_000,
            session: 7,
        };
        let audio = offered_audio(terms);
        DialOffer { local, audio: &audio, key, ssrc: 2_222, cname: "c" }.write()
    }

    #[test]
    fn our_offer_says_what_the_recommended_one_says() {
        let offer = offer(MediaTerms::default(), None);
        assert!(offer.ends_with("\r\n"));
        assert_eq!(offer.matches('\n').count(), offer.matches("\r\n").count());
        let lines: Vec<&str> = offer.lines().collect();
        for wanted in [
            "m=audio 50000 UDP/TLS/RTP/SAVPF 111 126",
            "c=IN IP4 192.0.2.10",
            "a=candidate:1 1 udp 2130706431 192.0.2.10 50000 typ host",
            "a=candidate:2 1 udp 2130706175 2001:db8::10 50000 typ host",
            "a=setup:actpass",
            "a=sendrecv",
            "a=rtcp-mux",
            "a=ptime:20",
        ] {
            assert!(lines.contains(&wanted), "{wanted} is missing in\n{offer}");
        }
        assert_eq!(offer.matches("a=fingerprint:sha-256 ").count(), 1);
        assert_eq!(offer.matches("m=").count(), 1);
        // Who reads both finds the same; only feedback that we do not give is not announced.
        let ours = read_customer_offer(&offer, MediaTerms::default()).expect("reads");
        let recommended = read_customer_offer(RECOMMENDED, MediaTerms::default()).expect("reads");
        assert_eq!(ours.audio.spoken, recommended.audio.spoken);
        assert_eq!(ours.audio.dtmf, recommended.audio.dtmf);
        assert_eq!((ours.mid, ours.ptime, ours.maxptime), (recommended.mid, 20, 20));
    }

    #[test]
    fn g711_is_offered_where_the_number_takes_it() {
        let additional_codecs = AdditionalCodecs { pcmu: true, pcma: true };
        let offer = offer(MediaTerms { additional_codecs, ..MediaTerms::default() }, None);
        assert!(offer.contains("m=audio 50000 UDP/TLS/RTP/SAVPF 111 0 8 126"), "{offer}");
        assert!(offer.contains("a=rtpmap:8 PCMA/8000"), "{offer}");
    }

    #[test]
    fn keys_in_the_sdp_are_offered_without_ice_and_dtls() {
        let terms = MediaTerms { key_exchange: SrtpKeyExchange::Sdes, ..MediaTerms::default() };
        let offer = offer(terms, Some(&MasterKey([7; 30])));
        assert!(offer.contains("m=audio 50000 RTP/SAVP 111 126"), "{offer}");
        assert_eq!(offer.matches("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:").count(), 1);
        for nothing in ["a=candidate", "a=ice-", "a=fingerprint", "a=setup"] {
            assert!(!offer.contains(nothing), "{offer}");
        }
    }

    #[test]
    fn answers_of_both_generations_are_read_and_who_begins_is_known() {
        for (text, setup, we_are_client) in [
            (ANSWER_2024, "active", false),
            (ANSWER_2026, "active", false),
            (ANSWER_2026, "actpass", false),
            (ANSWER_2026, "passive", true),
        ] {
            let text = text.replace("a=setup:active", &format!("a=setup:{setup}"));
            let read = read_customer_answer(&text, MediaTerms::default()).expect(setup);
            assert_eq!(read.we_are_client, we_are_client, "{setup}");
            assert_eq!(read.answer.audio.spoken, (111, Codec::Opus));
            assert_eq!(read.answer.audio.dtmf, Some(126));
            assert_eq!(read.answer.candidates.len(), 2);
        }
    }

    #[test]
    fn an_answer_with_other_keys_or_without_audio_is_refused() {
        let sdes = MediaTerms { key_exchange: SrtpKeyExchange::Sdes, ..MediaTerms::default() };
        assert!(read_customer_answer(ANSWER_SDES, sdes).is_ok());
        assert!(read_customer_answer(ANSWER_SDES, MediaTerms::default()).is_err());
        assert_eq!(read_customer_answer(ANSWER_2026, sdes).err(), Some(OfferRefusal::OtherKeys));
        let other_line = ANSWER_SDES.replace("a=crypto:1 ", "a=crypto:2 ");
        assert_eq!(read_customer_answer(&other_line, sdes).err(), Some(OfferRefusal::OtherKeys));
        let declined = ANSWER_2026.replace("m=audio 3484", "m=audio 0");
        assert_eq!(read_customer_answer(&declined, MediaTerms::default()).err(), Some(OfferRefusal::NoAudio));
    }
}
