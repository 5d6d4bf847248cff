//! What the media engine tells. Closed.
//!
//! Reports are never lost, except [`MediaReport::Quality`], which is dropped when the listener is behind.

use std::fmt;

use switchboard_core::ids::{CallId, LineId};
use switchboard_core::media_terms::SrtpKeyExchange;

use crate::srtp::SrtpProfile;

/// One thing the media engine saw.
#[derive(Debug, Clone, PartialEq)]
pub enum MediaReport {
    /// ICE and DTLS of the customer leg are up, or there is no need of either (SDES).
    CustomerConnected {
        /// Whose customer.
        call: CallId,
        /// From the answer written to the first nominated pair.
        ice_ms: u32,
        /// From there to SRTP keys.
        dtls_ms: u32,
        /// What was agreed for SRTP.
        profile: SrtpProfile,
        /// How its keys were agreed: what the offer asked for, which need not be what the number is set to.
        key_exchange: SrtpKeyExchange,
    },
    /// The first audio packet of the customer arrived. Once per call.
    CustomerHeard {
        /// Whose customer.
        call: CallId,
    },
    /// No authentic RTP or RTCP arrived from the customer for the silence limit after the gate opened. STUN does not
    /// count: Meta's relay answers it although the phone behind it is gone. Once per call.
    CustomerSilent {
        /// Whose customer.
        call: CallId,
    },
    /// The customer leg broke for good. It stays until it is closed.
    CustomerFailed {
        /// Whose customer.
        call: CallId,
        /// What broke.
        why: CustomerFailure,
    },
    /// The announcement of a recording was played to its end. The seat is `Nobody` from here on.
    AnnouncementPlayed {
        /// Whose customer.
        call: CallId,
    },
    /// A notice was played to its end. The seat is `Nobody` from here on.
    NoticePlayed {
        /// Whose customer.
        call: CallId,
    },
    /// The first RTP packet left for the customer after the gate opened. Once per call.
    FirstSent {
        /// Whose customer.
        call: CallId,
    },
    /// ICE and DTLS of a line are up.
    LineConnected {
        /// Which.
        line: LineId,
    },
    /// A connected line gave no sign of life for the consent limit (5 s). It is closed by this.
    LineLost {
        /// Which.
        line: LineId,
    },
    /// A line never came up. It is closed by this.
    LineFailed {
        /// Which.
        line: LineId,
        /// What broke.
        why: LineFailure,
    },
    /// The first audio packet of this agent for this call arrived. Once per call and line.
    AgentHeard {
        /// Which call.
        call: CallId,
        /// Whose voice.
        line: LineId,
    },
    /// How well the legs of a call carry sound; every 5 s once media flows.
    Quality {
        /// Which call.
        call: CallId,
        /// The leg towards the customer.
        customer: LegQuality,
        /// The leg towards the agent, while one is bridged and media flows there.
        agent: Option<LegQuality>,
    },
}

/// Why a customer leg broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomerFailure {
    /// No address of the customer answered our checks in time.
    IceNeverConnected,
    /// It had been connected, then nothing answered any more.
    IceLost,
    /// The DTLS handshake broke or took too long.
    DtlsFailed,
    /// The certificate is not the one the offer announced.
    FingerprintMismatch,
    /// DTLS finished without SRTP keys: the peer agreed to no SRTP profile.
    NoSrtpKeys,
    /// The customer closed DTLS, and the provider said nothing of an end for 5 s.
    ClosedByPeer,
}

/// Why a line never came up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineFailure {
    /// The browser never reached us.
    IceNeverConnected,
    /// The DTLS handshake broke or took too long.
    DtlsFailed,
    /// The certificate is not the one the offer announced.
    FingerprintMismatch,
    /// DTLS finished without SRTP keys.
    NoSrtpKeys,
    /// The browser closed DTLS.
    ClosedByPeer,
}

impl fmt::Display for CustomerFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IceNeverConnected => "no address of the customer answered",
            Self::IceLost => "the path to the customer went silent",
            Self::DtlsFailed => "the DTLS handshake failed",
            Self::FingerprintMismatch => "the certificate does not match the offer",
            Self::NoSrtpKeys => "no SRTP profile was agreed",
            Self::ClosedByPeer => "the customer's side closed the connection",
        })
    }
}

impl fmt::Display for LineFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IceNeverConnected => "the browser did not reach the media port",
            Self::DtlsFailed => "the DTLS handshake failed",
            Self::FingerprintMismatch => "the certificate does not match the offer",
            Self::NoSrtpKeys => "no SRTP profile was agreed",
            Self::ClosedByPeer => "the browser closed the connection",
        })
    }
}

/// How well one leg carries sound, over the last interval. "Received" is what we hear, "sent" what they hear of us.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LegQuality {
    /// Estimated mean opinion score, 1.0 to 4.5, of the worse direction.
    pub mos: f32,
    /// Lost of what they sent to us, in percent.
    pub loss_percent: f32,
    /// Lost of what we sent to them, by their RTCP, in percent.
    pub sent_loss_percent: Option<f32>,
    /// Interarrival jitter (RFC 3550) of what they sent to us.
    pub jitter_ms: f32,
    /// Round trip by RTCP, when they answer it.
    pub rtt_ms: Option<f32>,
    /// Packets received since the leg came up.
    pub received_packets: u64,
    /// Packets sent since the leg came up.
    pub sent_packets: u64,
}
