//! Writing answers. CRLF at every line end, also the last.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::offer::name_of;
use super::{Audio, Codec, CustomerOffer, Keys, LineOffer, LineSection, MasterKey};

/// How we are recognised and reached.
pub(crate) struct Local<'a> {
    pub(crate) ufrag: &'a str,
    pub(crate) password: &'a str,
    /// SHA-256 of our certificate.
    pub(crate) fingerprint: [u8; 32],
    /// In order of preference.
    pub(crate) addresses: &'a [IpAddr],
    pub(crate) port: u16,
    pub(crate) session: u32,
}

/// The protocol of audio whose keys DTLS agrees.
pub(super) const DTLS: &str = "UDP/TLS/RTP/SAVPF";

/// The answer to a provider's offer: mid, payload types, fmtp and ptime as offered, `setup:active`, exactly one
/// fingerprint (several get error 138008).
pub(crate) struct CustomerAnswer<'a> {
    pub(crate) local: Local<'a>,
    pub(crate) offer: &'a CustomerOffer,
    /// The key of what we send, with SDES.
    pub(crate) key: Option<&'a MasterKey>,
    pub(crate) ssrc: u32,
    pub(crate) cname: &'a str,
}

impl CustomerAnswer<'_> {
    pub(crate) fn write(&self) -> String {
        let CustomerOffer { mid, keys, audio, ptime, maxptime, rtcp_mux, protocol, .. } = self.offer;
        let mut sdp = Sdp::begin(&self.local);
        sdp.line(format_args!("a=group:BUNDLE {mid}"));
        sdp.line(format_args!("a=msid-semantic:WMS *"));
        match keys {
            Keys::Dtls(_) => {
                sdp.audio_line(&self.local, DTLS, audio);
                sdp.line(format_args!("a=rtcp:9 IN IP4 0.0.0.0"));
                sdp.transport(&self.local, "active");
                sdp.candidates(&self.local);
            }
            // No ICE, no candidate, no fingerprint: the address is that of the two lines above.
            Keys::Sdes(crypto) => {
                sdp.audio_line(&self.local, protocol, audio);
                if let Some(key) = self.key {
                    sdp.line(format_args!("a=crypto:{}", crypto.answered(key)));
                }
            }
        }
        sdp.line(format_args!("a=mid:{mid}"));
        sdp.line(format_args!("a=sendrecv"));
        sdp.line(format_args!("a=msid:switchboard audio"));
        if *rtcp_mux {
            sdp.line(format_args!("a=rtcp-mux"));
        }
        sdp.codecs(audio, audio.opus_fmtp.as_deref());
        sdp.line(format_args!("a=ptime:{ptime}"));
        sdp.line(format_args!("a=maxptime:{maxptime}"));
        sdp.line(format_args!("a=ssrc:{} cname:{}", self.ssrc, self.cname));
        sdp.0
    }
}

/// The answer to a browser's offer: we are ICE-lite and the DTLS server. The browser's encoder is told to stay within
/// what Meta takes, because its packets are forwarded as they are.
pub(crate) struct LineAnswer<'a> {
    pub(crate) local: Local<'a>,
    pub(crate) offer: &'a LineOffer,
    pub(crate) ssrc: u32,
    pub(crate) extra_ssrcs: &'a [u32],
    pub(crate) cname: &'a str,
}

/// Meta's limits for Opus (calls guide, read 2026): 20 kbit/s, 16 kHz, mono, 20 ms.
const BROWSER_OPUS: &str = "maxaveragebitrate=20000;maxplaybackrate=16000;minptime=20;sprop-maxcapturerate=16000;stereo=0;useinbandfec=1";

impl LineAnswer<'_> {
    pub(crate) fn write(&self) -> String {
        let mut sdp = Sdp::begin(&self.local);
        let mids = self.offer.sections.iter().filter_map(|section| match section {
            LineSection::Main { mid } | LineSection::Extra { mid, .. } => Some(mid.as_str()),
            LineSection::Refused { .. } => None,
        });
        let mids = mids.collect::<Vec<_>>().join(" ");
        sdp.line(format_args!("a=group:BUNDLE {mids}"));
        sdp.line(format_args!("a=ice-lite"));
        sdp.line(format_args!("a=msid-semantic:WMS *"));
        let mut extra_ssrcs = self.extra_ssrcs.iter();
        for section in &self.offer.sections {
            match section {
                LineSection::Main { mid } => {
                    self.accepted(&mut sdp, mid, &self.offer.audio, "sendrecv", "customer", Some(&self.ssrc));
                }
                LineSection::Extra { mid, audio } => {
                    self.accepted(&mut sdp, mid, audio, "sendonly", "further", extra_ssrcs.next());
                }
                LineSection::Refused { mid, kind, protocol, format } => {
                    sdp.line(format_args!("m={kind} 0 {protocol} {format}"));
                    sdp.line(format_args!("c=IN IP4 0.0.0.0"));
                    sdp.line(format_args!("a=inactive"));
                    if let Some(mid) = mid {
                        sdp.line(format_args!("a=mid:{mid}"));
                    }
                }
            }
        }
        sdp.0
    }

    fn accepted(
        &self,
        sdp: &mut Sdp,
        mid: &str,
        audio: &Audio,
        direction: &str,
        stream: &str,
        ssrc: Option<&u32>,
    ) {
        sdp.audio_line(&self.local, DTLS, audio);
        sdp.line(format_args!("a=rtcp:9 IN IP4 0.0.0.0"));
        sdp.transport(&self.local, "passive");
        sdp.candidates(&self.local);
        sdp.line(format_args!("a=mid:{mid}"));
        sdp.line(format_args!("a={direction}"));
        sdp.line(format_args!("a=msid:{stream} {stream}-{mid}"));
        sdp.line(format_args!("a=rtcp-mux"));
        sdp.codecs(audio, Some(BROWSER_OPUS));
        sdp.line(format_args!("a=ptime:20"));
        sdp.line(format_args!("a=maxptime:20"));
        if let Some(ssrc) = ssrc {
            sdp.line(format_args!("a=ssrc:{ssrc} cname:{}", self.cname));
        }
    }
}

pub(super) struct Sdp(pub(super) String);

impl Sdp {
    pub(super) fn begin(local: &Local<'_>) -> Self {
        let mut sdp = Self(String::with_capacity(1_500));
        sdp.line(format_args!("v=0"));
        sdp.line(format_args!("o=- {} 2 IN IP4 127.0.0.1", local.session));
        sdp.line(format_args!("s=-"));
        sdp.line(format_args!("t=0 0"));
        sdp
    }

    pub(super) fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing into a String cannot fail.
        let _ = self.0.write_fmt(line);
        self.0.push_str("\r\n");
    }

    pub(super) fn audio_line(&mut self, local: &Local<'_>, protocol: &str, audio: &Audio) {
        let numbers = audio.codecs().map(|(number, _)| number).chain(audio.dtmf);
        let numbers = numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(" ");
        self.line(format_args!("m=audio {} {protocol} {numbers}", local.port));
        if let Some(address) = local.addresses.first() {
            self.line(format_args!("c=IN {} {address}", if address.is_ipv4() { "IP4" } else { "IP6" }));
        }
    }

    pub(super) fn transport(&mut self, local: &Local<'_>, setup: &str) {
        self.line(format_args!("a=ice-ufrag:{}", local.ufrag));
        self.line(format_args!("a=ice-pwd:{}", local.password));
        let digits: Vec<String> = local.fingerprint.iter().map(|byte| format!("{byte:02X}")).collect();
        self.line(format_args!("a=fingerprint:sha-256 {}", digits.join(":")));
        self.line(format_args!("a=setup:{setup}"));
    }

    /// Host candidates of component 1 (RFC 8445 §5.1.2.1: type preference 126).
    pub(super) fn candidates(&mut self, local: &Local<'_>) {
        for (at, address) in local.addresses.iter().enumerate() {
            let priority = (126_u32 << 24) + ((65_535 - at as u32) << 8) + 255;
            self.line(format_args!(
                "a=candidate:{} 1 udp {priority} {address} {} typ host",
                at + 1,
                local.port
            ));
        }
        self.line(format_args!("a=end-of-candidates"));
    }

    pub(super) fn codecs(&mut self, audio: &Audio, opus_fmtp: Option<&str>) {
        for (number, codec) in audio.codecs() {
            match codec {
                Codec::Opus => {
                    self.line(format_args!("a=rtpmap:{number} opus/48000/2"));
                    if let Some(fmtp) = opus_fmtp {
                        self.line(format_args!("a=fmtp:{number} {fmtp}"));
                    }
                }
                Codec::G711(codec) => self.line(format_args!("a=rtpmap:{number} {}/8000", name_of(codec))),
            }
        }
        if let Some(dtmf) = audio.dtmf {
            self.line(format_args!("a=rtpmap:{dtmf} telephone-event/8000"));
            self.line(format_args!("a=fmtp:{dtmf} 0-16"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchboard_core::media_terms::{AdditionalCodecs, MediaTerms, SrtpKeyExchange};

    use crate::sdp::{read_customer_offer, read_line_offer};

    const CAPTURED: &str = include_str!("../../fixtures/meta-offer-captured-2025-26.sdp");

    fn local<'a>(addresses: &'a [IpAddr]) -> Local<'a> {
        Local {
            ufrag: "bizU",
            password: "bizPassword",
            fingerprint: [0xC0; 32],
            addresses,
            port: 50_000,
            session: 7,
        }
    }

    #[test]
    fn metas_offer_gets_one_audio_line_with_everything_mirrored() {
        let offer = read_customer_offer(CAPTURED, MediaTerms::default()).expect("reads");
        let addresses = ["192.0.2.10".parse().expect("ip"), "2001:db8::10".parse().expect("ip")];
        let answer =
            CustomerAnswer { local: local(&addresses), offer: &offer, key: None, ssrc: 2_222, cname: "c" }
                .write();
        assert!(answer.ends_with("\r\n"));
        assert_eq!(answer.matches('\n').count(), answer.matches("\r\n").count());
        let lines: Vec<&str> = answer.lines().collect();
        for wanted in [
            "a=group:BUNDLE audio",
            "m=audio 50000 UDP/TLS/RTP/SAVPF 111 126",
            "c=IN IP4 192.0.2.10",
            "a=candidate:1 1 udp 2130706431 192.0.2.10 50000 typ host",
            "a=candidate:2 1 udp 2130706175 2001:db8::10 50000 typ host",
            "a=setup:active",
            "a=mid:audio",
            "a=sendrecv",
            "a=rtcp-mux",
            "a=rtpmap:111 opus/48000/2",
            "a=fmtp:111 maxaveragebitrate=20000;maxplaybackrate=16000;minptime=20;sprop-maxcapturerate=16000;\
             useinbandfec=1",
            "a=rtpmap:126 telephone-event/8000",
            "a=ptime:20",
            "a=maxptime:20",
            "a=ssrc:2222 cname:c",
        ] {
            assert!(lines.contains(&wanted), "{wanted} is missing in\n{answer}");
        }
        assert_eq!(answer.matches("a=fingerprint").count(), 1);
        assert_eq!(answer.matches("m=").count(), 1);
        assert!(!answer.contains("a=ice-lite"));
    }

    #[test]
    fn an_sdes_offer_gets_one_key_of_ours_and_neither_ice_nor_dtls() {
        let terms = MediaTerms { key_exchange: SrtpKeyExchange::Sdes, ..MediaTerms::default() };
        let offer =
            read_customer_offer(include_str!("../../fixtures/meta-offer-sdes.sdp"), terms).expect("reads");
        let addresses = ["192.0.2.10".parse().expect("ip")];
        let key = MasterKey([0xFF; 30]);
        let answer =
            CustomerAnswer { local: local(&addresses), offer: &offer, key: Some(&key), ssrc: 1, cname: "c" }
                .write();
        let lines: Vec<&str> = answer.lines().collect();
        // Each line of the reference's answer, but its own name, address, port and key.
        let reference = include_str!("../../fixtures/business-answer-sdes.sdp");
        for wanted in
            reference.lines().filter(|line| !line.starts_with("o=") && !line.starts_with("a=fmtp:111"))
        {
            let wanted = wanted
                .replace("15822", "50000")
                .replace("HRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA", &"/".repeat(40));
            assert!(lines.contains(&wanted.as_str()), "{wanted} is missing in\n{answer}");
        }
        assert_eq!(answer.matches("a=crypto:").count(), 1);
        for never in ["ice", "candidate", "fingerprint", "setup", "a=rtcp:"] {
            assert!(!answer.contains(never), "{never} in\n{answer}");
        }
    }

    #[test]
    fn codecs_beside_opus_are_listed_after_it_and_only_those_the_number_takes() {
        let text = CAPTURED.replace("SAVPF 111 126", "SAVPF 0 8 111 126");
        let additional_codecs = AdditionalCodecs { pcmu: false, pcma: true };
        let offer = read_customer_offer(&text, MediaTerms { additional_codecs, ..MediaTerms::default() })
            .expect("reads");
        let addresses = ["192.0.2.10".parse().expect("ip")];
        let answer =
            CustomerAnswer { local: local(&addresses), offer: &offer, key: None, ssrc: 1, cname: "c" }
                .write();
        assert!(answer.contains("m=audio 50000 UDP/TLS/RTP/SAVPF 111 8 126\r\n"), "{answer}");
        assert!(answer.contains("a=rtpmap:8 PCMA/8000\r\n") && !answer.contains("PCMU"), "{answer}");
    }

    #[test]
    fn a_browser_gets_as_many_m_lines_as_it_offered() {
        let offer = "v=0\na=group:BUNDLE 0 1 2\na=ice-ufrag:abcd\na=ice-pwd:0123456789012345678901\n\
             a=fingerprint:sha-256 A0:A1:A2:A3:A4:A5:A6:A7:A8:A9:AA:AB:AC:AD:AE:AF:B0:B1:B2:B3:B4:B5:B6:B7:B8:B9:BA:BB:\
             BC:BD:BE:BF\nm=audio 9 UDP/TLS/RTP/SAVPF 111\na=mid:0\na=rtpmap:111 opus/48000/2\n\
             m=audio 9 UDP/TLS/RTP/SAVPF 111\na=mid:1\na=recvonly\na=rtpmap:111 opus/48000/2\n\
             m=video 9 UDP/TLS/RTP/SAVPF 96\na=mid:2\n";
        let offer = read_line_offer(offer).expect("reads");
        let addresses = ["192.0.2.10".parse().expect("ip")];
        let answer =
            LineAnswer { local: local(&addresses), offer: &offer, ssrc: 1, extra_ssrcs: &[2, 3], cname: "c" }
                .write();
        assert_eq!(answer.matches("m=audio 50000").count(), 2, "{answer}");
        assert_eq!(answer.matches("m=video 0 UDP/TLS/RTP/SAVPF 96").count(), 1);
        assert!(answer.contains("a=group:BUNDLE 0 1\r\n"));
        assert!(answer.contains("a=ice-lite\r\n"));
        assert_eq!(answer.matches("a=setup:passive").count(), 2);
        assert!(answer.contains("a=ssrc:2 cname:c"));
    }
}
