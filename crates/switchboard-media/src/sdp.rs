//! Offers in, answers out. Reading is lenient (Meta's real `ice-pwd` ends in `==`, which RFC 8839 forbids); writing
//! is our own template, because Meta refuses what general WebRTC stacks write: several fingerprints, LF line ends.

mod answer;
mod dial;
mod offer;
mod sdes;

use std::fmt;
use std::net::SocketAddr;

use switchboard_core::media_terms::AdditionalCodec;

pub(crate) use self::answer::{CustomerAnswer, LineAnswer, Local};
pub(crate) use self::dial::{CustomerAnswered, DialOffer, offered_audio, read_customer_answer};
pub(crate) use self::offer::{read_customer_offer, read_line_offer};
pub(crate) use self::sdes::{Crypto, MasterKey};

/// What we need of a provider's offer, or of his answer to ours.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct CustomerOffer {
    pub(crate) mid: String,
    pub(crate) keys: Keys,
    /// With SDES the one address of `c=` and `m=`.
    pub(crate) candidates: Vec<SocketAddr>,
    /// RTCP on the port of RTP; always so with DTLS.
    pub(crate) rtcp_mux: bool,
    /// `UDP/TLS/RTP/SAVPF`, `RTP/SAVP` or `RTP/SAVPF`.
    pub(crate) protocol: String,
    pub(crate) audio: Audio,
    pub(crate) ptime: u16,
    pub(crate) maxptime: u16,
}

/// How the keys of the audio are agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Keys {
    /// By ICE and a DTLS handshake with this peer.
    Dtls(Peer),
    /// They stand in the SDP.
    Sdes(Crypto),
}

/// What we need of a browser's offer.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct LineOffer {
    pub(crate) peer: Peer,
    /// Every m-line in its order, because an answer has as many.
    pub(crate) sections: Vec<LineSection>,
    pub(crate) audio: Audio,
}

/// What one m-line of a browser's offer is to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LineSection {
    /// The agent's voice and ear.
    Main { mid: String },
    /// A further ear of the agent, for supervision.
    Extra { mid: String, audio: Audio },
    /// Refused with port 0; the first line is repeated as it was.
    Refused { mid: Option<String>, kind: String, protocol: String, format: String },
}

/// How the other end is recognised.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) ufrag: String,
    pub(crate) password: String,
    /// SHA-256 of the certificate.
    pub(crate) fingerprint: [u8; 32],
}

/// What a stream of sound is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codec {
    Opus,
    G711(AdditionalCodec),
}

/// The payload types we take from an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Audio {
    /// What we send: Opus wherever it is offered.
    pub(crate) spoken: (u8, Codec),
    /// What we understand beside it.
    pub(crate) also: Vec<(u8, Codec)>,
    pub(crate) opus_fmtp: Option<String>,
    /// telephone-event/8000.
    pub(crate) dtmf: Option<u8>,
}

/// Why an offer cannot be used, in words for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OfferRefusal {
    #[error("it is not SDP")]
    NotSdp,
    #[error("it has no audio")]
    NoAudio,
    #[error(
        "it uses SDES keys, and this number is set to DTLS: set the number's srtp_key_exchange to sdes, or \
         srtp_key_exchange_protocol at Meta to DTLS"
    )]
    Sdes,
    #[error("its SDES key cannot be used: {0}")]
    SdesKey(&'static str),
    #[error("it offers no SDES suite we know (AES_CM_128_HMAC_SHA1_80; offered: {offered})")]
    SdesSuite { offered: String },
    #[error("it uses SDES keys over {protocol}, which is not RTP/SAVP or RTP/SAVPF")]
    SdesProtocol { protocol: String },
    #[error("it answers with other keys than were offered")]
    OtherKeys,
    #[error("it has no fingerprint, so the other end could not be recognised")]
    NoFingerprint,
    #[error("it has no SHA-256 fingerprint")]
    NoSha256,
    #[error("it has no ICE user name and password")]
    NoIce,
    #[error("it has no UDP address we can reach")]
    NoAddress,
    #[error(
        "it offers no codec but {codec}, and this number does not take that: add {word} to the number's \
         additional_codecs, or take it out of audio.additional_codecs at Meta"
    )]
    NotTaken { codec: &'static str, word: &'static str },
    #[error("it does not offer Opus (offered: {offered})")]
    NoOpus { offered: String },
}

impl Audio {
    /// What a payload type carries.
    pub(crate) fn codec(&self, payload_type: u8) -> Option<Codec> {
        if self.spoken.0 == payload_type {
            return Some(self.spoken.1);
        }
        self.also.iter().find(|(number, _)| *number == payload_type).map(|(_, codec)| *codec)
    }

    /// Everything taken, what we send first.
    pub(crate) fn codecs(&self) -> impl Iterator<Item = (u8, Codec)> {
        std::iter::once(self.spoken).chain(self.also.iter().copied())
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Peer(masked)")
    }
}

impl fmt::Debug for CustomerOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerOffer")
            .field("keys", &self.keys)
            .field("candidates", &self.candidates.len())
            .field("audio", &self.audio)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for LineOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineOffer").field("sections", &self.sections.len()).finish_non_exhaustive()
    }
}
