//! How a peer is reached: by ICE and DTLS ([`Webrtc`]), or at the address its SDP names with the keys its SDP holds
//! ([`Direct`]). Sans-IO: datagrams and time go in, datagrams and steps come out.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use str0m::ice::{IceCreds, StunMessage};
use switchboard_core::media_terms::SrtpKeyExchange;

pub(crate) use super::webrtc::{Identity, Role, Webrtc, fresh_credentials};
use crate::sdp::MasterKey;
use crate::srtp::{Srtp, SrtpProfile};

/// A peer without ICE that was silent for longer has moved when authentic sound comes from elsewhere.
const PEER_SILENT: Duration = Duration::from_secs(4);

/// Something the peer's path went through.
#[derive(Debug)]
pub(crate) enum Step {
    /// The first path was nominated.
    PathFound,
    /// The peer is who the offer said, and here are the keys.
    Connected(Box<Srtp>, SrtpProfile),
    /// Over. Comes once.
    Failed(Failure),
}

/// What can go wrong for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    IceNeverConnected,
    IceLost,
    DtlsFailed,
    FingerprintMismatch,
    NoSrtpKeys,
    ClosedByPeer,
}

/// The way to one peer.
#[expect(clippy::large_enum_variant, reason = "kept in the leg; a box would cost a cache miss per packet")]
pub(crate) enum Transport {
    Webrtc(Webrtc),
    Direct(Direct),
    /// Offered by us, and the peer has not answered yet.
    Offered(Box<Offered>),
}

/// What our offer told the peer: it is needed again when the answer comes.
#[derive(Debug, Clone)]
pub(crate) struct Offered {
    /// Empty with SDES.
    pub(crate) credentials: IceCreds,
    /// With SDES.
    pub(crate) key: Option<MasterKey>,
}

impl Transport {
    pub(crate) fn key_exchange(&self) -> SrtpKeyExchange {
        match self {
            Self::Webrtc(_) => SrtpKeyExchange::Dtls,
            Self::Direct(_) => SrtpKeyExchange::Sdes,
            Self::Offered(offered) if offered.key.is_some() => SrtpKeyExchange::Sdes,
            Self::Offered(_) => SrtpKeyExchange::Dtls,
        }
    }

    /// Where to send.
    pub(crate) fn peer_address(&self) -> Option<SocketAddr> {
        match self {
            Self::Webrtc(webrtc) => webrtc.peer_address(),
            Self::Direct(direct) => Some(direct.to),
            Self::Offered(_) => None,
        }
    }

    pub(crate) fn is_connected(&self) -> bool {
        match self {
            Self::Webrtc(webrtc) => webrtc.is_connected(),
            Self::Direct(direct) => direct.told == Told::Connected,
            Self::Offered(_) => false,
        }
    }

    /// Authentic media came from this address.
    pub(crate) fn heard_from(&mut self, now: Instant, from: SocketAddr) {
        match self {
            Self::Webrtc(_) | Self::Offered(_) => {}
            Self::Direct(direct) => direct.heard_from(now, from),
        }
    }

    /// A STUN message. True only if its MESSAGE-INTEGRITY is right; otherwise nothing was answered, learnt or kept.
    pub(crate) fn stun(&mut self, now: Instant, from: SocketAddr, message: StunMessage<'_>) -> bool {
        match self {
            Self::Webrtc(webrtc) => webrtc.stun(now, from, message),
            Self::Direct(_) | Self::Offered(_) => false,
        }
    }

    /// A DTLS record.
    pub(crate) fn dtls(&mut self, now: Instant, from: SocketAddr, record: &[u8]) -> Option<Step> {
        match self {
            Self::Webrtc(webrtc) => webrtc.dtls(now, from, record),
            Self::Direct(_) | Self::Offered(_) => None,
        }
    }

    /// The moment named by [`Self::due`] has come.
    pub(crate) fn time(&mut self, now: Instant) -> Option<Step> {
        match self {
            Self::Webrtc(webrtc) => webrtc.time(now),
            Self::Direct(_) | Self::Offered(_) => None,
        }
    }

    /// When [`Self::time`] wants to be called.
    pub(crate) fn due(&mut self) -> Option<Instant> {
        match self {
            Self::Webrtc(webrtc) => webrtc.due(),
            Self::Direct(_) | Self::Offered(_) => None,
        }
    }

    /// Says goodbye; pump once more to send it.
    pub(crate) fn close(&mut self, now: Instant) {
        match self {
            Self::Webrtc(webrtc) => webrtc.close(now),
            Self::Direct(_) | Self::Offered(_) => {}
        }
    }

    /// Sends what is to be sent and tells the next step. Call until `None`.
    pub(crate) fn pump(&mut self, now: Instant, send: &mut dyn FnMut(SocketAddr, &[u8])) -> Option<Step> {
        match self {
            Self::Webrtc(webrtc) => webrtc.pump(now, send),
            Self::Direct(direct) => direct.next(),
            Self::Offered(_) => None,
        }
    }
}

/// A peer at the address of its SDP, with keys from both SDPs (RFC 4568). It is connected from the start: there is
/// nobody to shake hands with, and the business speaks first.
///
/// We send to the offered address. Sound from another address counts like any other, because the key vouches for it;
/// it also becomes the address we send to (symmetric RTP, RFC 4961), but only while nothing authentic comes from the
/// address we know. So whoever repeats a recorded packet from elsewhere takes nothing from a live call.
pub(crate) struct Direct {
    to: SocketAddr,
    heard_at: Option<Instant>,
    srtp: Option<Box<Srtp>>,
    told: Told,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    Path,
    Connected,
}

impl Direct {
    /// `None`: the keys cannot be expanded, which is not to be expected of 30 bytes.
    pub(crate) fn new(to: SocketAddr, ours: &MasterKey, theirs: &MasterKey) -> Option<Self> {
        // In the order of DTLS keying material, where we are the client: keys first, then salts.
        let (our_key, our_salt) = ours.0.split_at(16);
        let (their_key, their_salt) = theirs.0.split_at(16);
        let material = [our_key, their_key, our_salt, their_salt].concat();
        let srtp = Srtp::new(SrtpProfile::AesCm128HmacSha1, &material, true)?;
        Some(Self { to, heard_at: None, srtp: Some(Box::new(srtp)), told: Told::Nothing })
    }

    fn next(&mut self) -> Option<Step> {
        match self.told {
            Told::Nothing => {
                self.told = Told::Path;
                Some(Step::PathFound)
            }
            Told::Path => {
                self.told = Told::Connected;
                self.srtp.take().map(|srtp| Step::Connected(srtp, SrtpProfile::AesCm128HmacSha1))
            }
            Told::Connected => None,
        }
    }

    fn heard_from(&mut self, now: Instant, from: SocketAddr) {
        if from != self.to {
            let alive = |at: Instant| now.saturating_duration_since(at) < PEER_SILENT;
            if self.heard_at.is_some_and(alive) {
                return;
            }
            self.to = from;
        }
        self.heard_at = Some(now);
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a start for made-up times")]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    #[test]
    fn a_peer_with_keys_is_connected_at_once_and_says_so_once() {
        let mut direct =
            Direct::new(address(1), &MasterKey([1; 30]), &MasterKey([2; 30])).expect("keys expand");
        assert!(matches!(direct.next(), Some(Step::PathFound)));
        assert!(matches!(direct.next(), Some(Step::Connected(_, SrtpProfile::AesCm128HmacSha1))));
        assert!(direct.next().is_none());
    }

    #[test]
    fn the_address_moves_only_away_from_silence() {
        let start = Instant::now();
        let later = |seconds| start + Duration::from_secs(seconds);
        let mut direct =
            Direct::new(address(1), &MasterKey([1; 30]), &MasterKey([2; 30])).expect("keys expand");
        direct.heard_from(start, address(2));
        assert_eq!(direct.to, address(2), "nothing had come from the offered address");
        direct.heard_from(later(3), address(3));
        assert_eq!(direct.to, address(2), "the known one is alive");
        direct.heard_from(later(3), address(2));
        direct.heard_from(later(6), address(3));
        assert_eq!(direct.to, address(2));
        direct.heard_from(later(8), address(3));
        assert_eq!(direct.to, address(3), "silent for four seconds and more");
    }
}
