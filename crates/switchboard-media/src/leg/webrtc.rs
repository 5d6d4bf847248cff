//! ICE and DTLS of one peer. Sans-IO: datagrams and time go in, datagrams and steps come out. After every change the
//! caller drains with [`Webrtc::pump`] until nothing is left.
//!
//! The ICE agent is str0m's, the DTLS is the one inside str0m, driven directly: so the SRTP keys arrive here and not in
//! a media stack that would then handle every packet (14 µs instead of 5), and the first retransmission is ours to set.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::digest;
use dimpl::{Dtls, DtlsCertificate, Output};
use str0m::ice::{IceAgent, IceAgentEvent, IceCreds, StunMessage, StunPacket};
use str0m::net::Protocol;
use str0m::{Candidate, IceConnectionState};

use super::transport::{Failure, Step};
use crate::chance;
use crate::sdp::Peer;
use crate::srtp::{Srtp, SrtpProfile};

/// Meta answers our checks only once it has read our answer, so until then we ask often: the first repetition after
/// 100 ms, then every 400 ms, for as long as the leg may take.
const CONNECTING_FIRST_RETRY: Duration = Duration::from_millis(100);
const CONNECTING_RETRY: Duration = Duration::from_millis(400);
/// RFC 7675 asks for a consent check every 5 s at least.
const CONSENT_RETRY: Duration = Duration::from_millis(2_500);
const CONSENT_RETRIES: usize = 9;
/// The integrity of a check does not cover where it came from: one that was recorded can be sent again from anywhere,
/// and the ICE agent keeps every address it is told. A laptop meets far fewer in a day.
const SOURCES_OF_A_LINE: usize = 256;
/// A browser checks its path every 2.5 s; one that was silent for longer has moved when it nominates another.
const BROWSER_SILENT: Duration = Duration::from_secs(4);
/// Seconds of silence at the start of a call come from the usual 1, 2, 4 s of DTLS.
const DTLS_FIRST_RETRY: Duration = Duration::from_millis(250);
const DTLS_RETRIES: usize = 7;
/// The largest DTLS record we may be handed.
const RECORD: usize = 4_096;

/// Our certificate and what is shared by all legs.
#[derive(Debug)]
pub(crate) struct Identity {
    certificate: DtlsCertificate,
    pub(crate) fingerprint: [u8; 32],
    dtls: Arc<dimpl::Config>,
    connect_limit: Duration,
    assume_profile: Option<SrtpProfile>,
}

impl Identity {
    /// Makes an ECDSA P-256 certificate: the handshake stays small, nothing is fragmented.
    pub(crate) fn make(connect_limit: Duration, assume_profile: Option<SrtpProfile>) -> Result<Self, String> {
        let certificate =
            dimpl::certificate::generate_self_signed_certificate().map_err(|error| error.to_string())?;
        let fingerprint = sha256(&certificate.certificate);
        let dtls = dimpl::Config::builder()
            .flight_start_rto(DTLS_FIRST_RETRY)
            .flight_retries(DTLS_RETRIES)
            .handshake_timeout(connect_limit)
            // ICE has already shown that the peer is where it says.
            .use_server_cookie(false)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { certificate, fingerprint, dtls: Arc::new(dtls), connect_limit, assume_profile })
    }
}

/// Which end we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Full ICE, controlling.
    Customer,
    /// ICE-lite, controlled.
    Line,
}

/// Who begins the DTLS handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// We do.
    Client,
    /// The peer does.
    Server,
}

/// A name and a password nobody knows yet: 128 bits and more (RFC 8445 §5.3).
pub(crate) fn fresh_credentials() -> IceCreds {
    IceCreds { ufrag: chance::ice_text(12), pass: chance::ice_text(24) }
}

/// ICE and DTLS of one peer.
pub(crate) struct Webrtc {
    side: Side,
    role: Role,
    ice: IceAgent,
    dtls: Dtls,
    peer_fingerprint: [u8; 32],
    peer_known: bool,
    material: Option<(Vec<u8>, SrtpProfile)>,
    assume_profile: Option<SrtpProfile>,
    local: Vec<SocketAddr>,
    nominated: Option<SocketAddr>,
    /// Every address this browser's checks have come from.
    sources: Vec<SocketAddr>,
    /// When the nominated address last sent an authentic STUN message.
    nominated_seen_at: Instant,
    dtls_from: Option<SocketAddr>,
    dtls_due: Option<Instant>,
    handshake_done: bool,
    connected: bool,
    failed: bool,
    give_up_at: Instant,
}

impl Webrtc {
    /// Full ICE, controlling whatever the offer says: Meta is ICE-lite and always controlled; starting controlled
    /// gives role conflicts and no DTLS. Against a full agent the tie-breaker makes us win.
    pub(crate) fn customer(
        now: Instant,
        identity: &Identity,
        peer: &Peer,
        candidates: &[SocketAddr],
        advertise: &[IpAddr],
        port: u16,
        (role, ours): (Role, IceCreds),
    ) -> Self {
        let mut transport = Self::new(now, identity, peer, advertise, port, (Side::Customer, role), ours);
        transport.ice.set_controlling(true);
        transport.ice.set_control_tie_breaker(u64::MAX);
        transport.ice.set_timing_advance(Duration::from_millis(10));
        transport.ice.set_initial_stun_rto(CONNECTING_FIRST_RETRY);
        transport.ice.set_max_stun_rto(CONNECTING_RETRY);
        let retries = identity.connect_limit.as_millis() / CONNECTING_RETRY.as_millis() + 4;
        transport.ice.set_max_stun_retransmits(usize::try_from(retries).unwrap_or(100));
        // One family, so that one pair can be nominated once: Meta offers an address of each, and asks not to be switched
        // from one to the other (Meta, Calling API FAQ; see docs/reference/configuration.md, VOIP_SERVER_IP).
        let over_v4 = candidates.iter().any(SocketAddr::is_ipv4) && advertise.iter().any(IpAddr::is_ipv4);
        for candidate in candidates.iter().filter(|candidate| candidate.is_ipv4() == over_v4) {
            if let Ok(candidate) = Candidate::host(*candidate, Protocol::Udp) {
                transport.ice.add_remote_candidate(candidate);
            }
        }
        transport.ice.handle_timeout(now);
        transport
    }

    /// ICE-lite: the browser checks, we answer.
    pub(crate) fn line(
        now: Instant,
        identity: &Identity,
        peer: &Peer,
        advertise: &[IpAddr],
        port: u16,
    ) -> Self {
        let ours = fresh_credentials();
        let mut transport = Self::new(now, identity, peer, advertise, port, (Side::Line, Role::Server), ours);
        transport.ice.set_ice_lite(true);
        transport.ice.handle_timeout(now);
        transport
    }

    fn new(
        now: Instant,
        identity: &Identity,
        peer: &Peer,
        advertise: &[IpAddr],
        port: u16,
        (side, role): (Side, Role),
        ours: IceCreds,
    ) -> Self {
        let mut ice = IceAgent::with_hmac(ours, str0m::crypto::from_feature_flags().sha1_hmac_provider);
        ice.set_remote_credentials(IceCreds { ufrag: peer.ufrag.clone(), pass: peer.password.clone() });
        let mut local = Vec::new();
        // One per family: a wildcard socket does not tell at which of our addresses a datagram arrived.
        for v4 in [true, false] {
            let Some(ip) = advertise.iter().find(|ip| ip.is_ipv4() == v4) else { continue };
            let address = SocketAddr::new(*ip, port);
            if let Ok(candidate) = Candidate::host(address, Protocol::Udp) {
                ice.add_local_candidate(candidate);
                local.push(address);
            }
        }
        let mut dtls = Dtls::new_12(Arc::clone(&identity.dtls), identity.certificate.clone(), now);
        dtls.set_active(role == Role::Client);
        Self {
            side,
            role,
            ice,
            dtls,
            peer_fingerprint: peer.fingerprint,
            peer_known: false,
            material: None,
            assume_profile: identity.assume_profile,
            local,
            nominated: None,
            sources: Vec::new(),
            nominated_seen_at: now,
            dtls_from: None,
            dtls_due: None,
            handshake_done: false,
            connected: false,
            failed: false,
            give_up_at: now + identity.connect_limit,
        }
    }

    pub(crate) fn credentials(&self) -> &IceCreds {
        self.ice.local_credentials()
    }

    /// Where to send.
    pub(crate) fn peer_address(&self) -> Option<SocketAddr> {
        self.nominated
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.connected && !self.failed
    }

    /// A STUN message. True only if its MESSAGE-INTEGRITY is right; otherwise nothing was answered, learnt or kept.
    pub(crate) fn stun(&mut self, now: Instant, from: SocketAddr, message: StunMessage<'_>) -> bool {
        let Some(destination) = self.local.iter().copied().find(|local| local.is_ipv4() == from.is_ipv4())
        else {
            return false;
        };
        let is_new = self.side == Side::Line && !self.sources.contains(&from);
        if is_new && self.sources.len() >= SOURCES_OF_A_LINE {
            return false;
        }
        let wants_this_path = message.use_candidate();
        let packet = StunPacket { proto: Protocol::Udp, source: from, destination, message };
        let authentic = self.ice.handle_packet(now, packet);
        if authentic && is_new {
            self.sources.push(from);
        }
        if authentic && !self.connected {
            self.ice.handle_timeout(now);
        }
        if authentic && self.side == Side::Line {
            self.follow_browser(now, from, wants_this_path);
        }
        authentic
    }

    /// A browser whose address has changed (NAT, Wi-Fi to mobile) nominates its new path at once; the ICE agent below
    /// would hold on to the old one for 15 s. The old one must have been silent, so that a check that was recorded and
    /// sent again from elsewhere takes nothing from a live browser.
    fn follow_browser(&mut self, now: Instant, from: SocketAddr, wants_this_path: bool) {
        if self.nominated == Some(from) {
            self.nominated_seen_at = now;
        } else if self.nominated.is_some()
            && wants_this_path
            && now.saturating_duration_since(self.nominated_seen_at) >= BROWSER_SILENT
        {
            self.nominated = Some(from);
            self.nominated_seen_at = now;
        }
    }

    /// A DTLS record from an address that STUN has vouched for.
    pub(crate) fn dtls(&mut self, now: Instant, from: SocketAddr, record: &[u8]) -> Option<Step> {
        if self.failed || (self.side == Side::Customer && self.nominated != Some(from)) {
            return None;
        }
        self.dtls_from = Some(from);
        if self.dtls.handle_timeout(now).and_then(|()| self.dtls.handle_packet(record)).is_err() {
            return self.fail(Failure::DtlsFailed);
        }
        None
    }

    /// The moment named by [`Self::due`] has come.
    pub(crate) fn time(&mut self, now: Instant) -> Option<Step> {
        if self.failed {
            return None;
        }
        self.ice.handle_timeout(now);
        if self.dtls_due.is_some_and(|due| due <= now) && self.dtls.handle_timeout(now).is_err() {
            return self.fail(Failure::DtlsFailed);
        }
        if !self.connected && now >= self.give_up_at {
            return match self.nominated {
                None => self.fail(Failure::IceNeverConnected),
                Some(_) => self.fail(Failure::DtlsFailed),
            };
        }
        None
    }

    /// When [`Self::time`] wants to be called.
    pub(crate) fn due(&mut self) -> Option<Instant> {
        if self.failed {
            return None;
        }
        let give_up = (!self.connected).then_some(self.give_up_at);
        [self.ice.poll_timeout(), self.dtls_due, give_up].into_iter().flatten().min()
    }

    /// Says goodbye; pump once more to send it.
    pub(crate) fn close(&mut self, now: Instant) {
        if self.connected && !self.failed {
            // An error only means that there is nobody to say goodbye to.
            let _ = self.dtls.handle_timeout(now).and_then(|()| self.dtls.close());
        }
    }

    /// Sends what is to be sent and tells the next step. Call until `None`.
    pub(crate) fn pump(&mut self, now: Instant, send: &mut dyn FnMut(SocketAddr, &[u8])) -> Option<Step> {
        while let Some(transmit) = self.ice.poll_transmit() {
            send(transmit.destination, &transmit.contents);
        }
        while let Some(event) = self.ice.poll_event() {
            match event {
                IceAgentEvent::NominatedSend { destination, .. } => {
                    self.nominated_seen_at = now;
                    if self.nominated.replace(destination).is_none() {
                        // The client speaks first.
                        if self.role == Role::Client && self.dtls.handle_timeout(now).is_err() {
                            return self.fail(Failure::DtlsFailed);
                        }
                        return Some(Step::PathFound);
                    }
                }
                IceAgentEvent::IceConnectionStateChange(IceConnectionState::Disconnected)
                    if self.side == Side::Customer =>
                {
                    let lost =
                        if self.nominated.is_some() { Failure::IceLost } else { Failure::IceNeverConnected };
                    return self.fail(lost);
                }
                IceAgentEvent::IceConnectionStateChange(_)
                | IceAgentEvent::IceRestart(_)
                | IceAgentEvent::DiscoveredRecv { .. } => {}
            }
        }
        self.pump_dtls(send)
    }

    fn pump_dtls(&mut self, send: &mut dyn FnMut(SocketAddr, &[u8])) -> Option<Step> {
        let to = match self.side {
            Side::Customer => self.nominated,
            Side::Line => self.nominated.or(self.dtls_from),
        }?;
        let mut record = [0_u8; RECORD];
        loop {
            match self.dtls.poll_output(&mut record) {
                Output::Packet(packet) => send(to, packet),
                Output::Timeout(due) => {
                    self.dtls_due = Some(due);
                    let just_done = self.handshake_done && !self.connected;
                    return if just_done { self.connect() } else { None };
                }
                Output::PeerCert(certificate) => {
                    self.peer_known = sha256(certificate) == self.peer_fingerprint;
                    if !self.peer_known {
                        return self.fail(Failure::FingerprintMismatch);
                    }
                }
                Output::KeyingMaterial(material, profile) => {
                    let profile = match profile {
                        dimpl::SrtpProfile::AEAD_AES_256_GCM => SrtpProfile::Aes256Gcm,
                        dimpl::SrtpProfile::AEAD_AES_128_GCM => SrtpProfile::Aes128Gcm,
                        dimpl::SrtpProfile::AES128_CM_SHA1_80 => SrtpProfile::AesCm128HmacSha1,
                        // Foreign and open-ended: whatever comes later was not offered by us.
                        _ => return self.fail(Failure::NoSrtpKeys),
                    };
                    self.material = Some((material.to_vec(), self.assume_profile.unwrap_or(profile)));
                }
                Output::Connected => self.handshake_done = true,
                Output::CloseNotify => return self.fail(Failure::ClosedByPeer),
                Output::ApplicationData(_) => {}
                Output::BufferTooSmall { .. } => return self.fail(Failure::DtlsFailed),
                // Foreign and open-ended.
                _ => {}
            }
        }
    }

    fn connect(&mut self) -> Option<Step> {
        if !self.peer_known {
            return self.fail(Failure::FingerprintMismatch);
        }
        let keys = self.material.take().and_then(|(material, profile)| {
            Some((Srtp::new(profile, &material, self.role == Role::Client)?, profile))
        });
        let Some((srtp, profile)) = keys else { return self.fail(Failure::NoSrtpKeys) };
        self.connected = true;
        if self.side == Side::Customer {
            self.ice.set_timing_advance(Duration::from_millis(50));
            self.ice.set_initial_stun_rto(2 * CONNECTING_FIRST_RETRY);
            self.ice.set_max_stun_rto(CONSENT_RETRY);
            self.ice.set_max_stun_retransmits(CONSENT_RETRIES);
        }
        Some(Step::Connected(Box::new(srtp), profile))
    }

    fn fail(&mut self, failure: Failure) -> Option<Step> {
        if self.failed {
            return None;
        }
        self.failed = true;
        Some(Step::Failed(failure))
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}
