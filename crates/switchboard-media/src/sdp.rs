//! Offers in, answers out. Reading is lenient (Meta's real `ice-pwd` ends in `==`, which RFC 8839 forbids); writing
//! is our own template, because Meta refuses what general WebRTC stacks write: several fingerprints, LF line ends.

mod answer;
mod offer;

use std::fmt;
use std::net::SocketAddr;

pub(crate) use self::answer::{CustomerAnswer, LineAnswer, Local};
pub(crate) use self::offer::{read_customer_offer, read_line_offer};

/// What we need of a provider's offer.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct CustomerOffer {
    pub(crate) mid: String,
    pub(crate) peer: Peer,
    pub(crate) candidates: Vec<SocketAddr>,
    pub(crate) audio: Audio,
    pub(crate) ptime: u16,
    pub(crate) maxptime: u16,
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

/// The payload types we take from an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Audio {
    pub(crate) opus: u8,
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
    #[error("it uses SDES keys, and this number is not set to SDES: set srtp_key_exchange_protocol to DTLS")]
    Sdes,
    #[error("it has no fingerprint, so the other end could not be recognised")]
    NoFingerprint,
    #[error("it has no SHA-256 fingerprint")]
    NoSha256,
    #[error("it has no ICE user name and password")]
    NoIce,
    #[error("it has no UDP address we can reach")]
    NoAddress,
    #[error("it does not offer Opus (offered: {offered})")]
    NoOpus { offered: String },
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Peer(masked)")
    }
}

impl fmt::Debug for CustomerOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerOffer")
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
