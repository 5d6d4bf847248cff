//! One peer connection of the pretend world: the customer at Meta's relay, the phone page's browser, or an
//! agent's browser. All are plain str0m in RTP mode; none knows the product's own media code.

mod listening;
mod speaking;

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use mio::net::UdpSocket;
use str0m::config::{DtlsCert, Fingerprint};
use str0m::format::{Codec, CodecConfig, FormatParams};
use str0m::ice::IceCreds;
use str0m::media::{Frequency, MediaKind, Mid};
use str0m::{Candidate, Input, Rtc, RtcConfig, RtcError};
use tokio::sync::mpsc;

use crate::chance;
use crate::media::audio::{FRAME, Frames};
use crate::media::g711::Law;
use crate::media::hearing::Hearing;
use crate::media::sdp::{Answer, EVENTS, OPUS};
use crate::media::srtp::{MASTER, OneWay};

/// Largest datagram that is read.
pub(crate) const DATAGRAM: usize = 2_048;

/// What a leg says once it may speak.
#[derive(Debug, Clone)]
pub(crate) enum Voice {
    /// These frames, over and over.
    Frames(Arc<Frames>),
    /// Whatever its partner leg hears.
    Partner,
    /// Nothing: ICE and DTLS without RTP.
    Nothing,
}

/// When a leg begins to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begins {
    /// As soon as it is connected: a browser.
    Connected,
    /// This long after `accept` was processed: a customer.
    Accepted(Duration),
    /// When the first packet of the business arrives: "WhatsApp may not send the first RTP packet" (M-FAQ).
    FirstPacket,
}

/// The rule about silence: without media of the business the user's app hangs up (138021, M-ERR Jun 2026).
#[derive(Debug, Clone, Copy)]
pub(crate) struct SilenceRule {
    /// From `accept` to the first packet.
    pub(crate) at_start: Duration,
    /// Between two packets later.
    pub(crate) later: Duration,
}

/// What a leg tells the call it belongs to.
#[derive(Debug, Clone)]
pub(crate) enum LegNews {
    /// ICE and DTLS are done.
    Connected,
    /// The first packet of the other side was heard.
    Heard,
    /// Silence for too long.
    TooSilent,
    /// The connection broke.
    Failed(String),
}

/// Facts about a leg that others read while it runs.
#[derive(Debug, Default)]
pub(crate) struct LegFacts {
    /// `accept` was processed: from here on media is welcome.
    pub(crate) gate_open: AtomicBool,
    /// RTP or RTCP that came before.
    pub(crate) early_packets: AtomicU32,
    /// RTP packets sent.
    pub(crate) sent: AtomicU64,
    /// RTP datagrams that arrived, also those that were refused.
    pub(crate) datagrams: AtomicU64,
    /// What was heard.
    pub(crate) hearing: Mutex<Hearing>,
    /// When ICE and DTLS were done.
    pub(crate) connected_at: OnceLock<Instant>,
}

impl LegFacts {
    pub(crate) fn new(listens: bool) -> Arc<Self> {
        Arc::new(Self { hearing: Mutex::new(Hearing::new(listens)), ..Self::default() })
    }
}

/// One certificate for all legs of a process: making one costs more than a call.
pub(crate) fn certificate() -> Option<DtlsCert> {
    static CERTIFICATE: OnceLock<Option<DtlsCert>> = OnceLock::new();
    CERTIFICATE
        .get_or_init(|| str0m::crypto::from_feature_flags().dtls_provider.generate_certificate())
        .clone()
}

/// The settings all legs share: RTP mode, Opus 111 and telephone events 126; customers may speak G.711, too.
pub(crate) fn rtc_config(laws: &[Law]) -> RtcConfig {
    rtc_config_of(Numbers::META, laws)
}

/// The same with numbers the business chose.
fn rtc_config_of(numbers: Numbers, laws: &[Law]) -> RtcConfig {
    let mut codecs = CodecConfig::empty();
    codecs.add_config(
        numbers.opus.into(),
        None,
        Codec::Opus,
        Frequency::FORTY_EIGHT_KHZ,
        Some(2),
        FormatParams { min_p_time: Some(20), use_inband_fec: Some(true), ..FormatParams::default() },
    );
    let events = numbers.events.into();
    codecs.add_config(events, None, Codec::Tele, Frequency::EIGHT_KHZ, None, FormatParams::default());
    for law in laws {
        let codec = match law {
            Law::Pcmu => Codec::PCMU,
            Law::Pcma => Codec::PCMA,
        };
        let number = law.number().into();
        codecs.add_config(number, None, codec, Frequency::EIGHT_KHZ, None, FormatParams::default());
    }
    let mut config = RtcConfig::new().set_rtp_mode(true).set_stats_interval(None);
    *config.codec_config() = codecs;
    match certificate() {
        Some(certificate) => config.set_dtls_cert(certificate),
        None => config,
    }
}

/// A datagram socket on a free port of this address.
pub(crate) fn socket(ip: IpAddr) -> io::Result<(UdpSocket, SocketAddr)> {
    let socket = std::net::UdpSocket::bind((ip, 0))?;
    socket.set_nonblocking(true)?;
    let local = socket.local_addr()?;
    Ok((UdpSocket::from_std(socket), local))
}

/// Keys of the SDP in place of ICE and DTLS.
#[derive(Debug)]
struct Keyed {
    ours: OneWay,
    /// Known with the answer.
    theirs: Option<(SocketAddr, OneWay)>,
}

/// A key that is being typed.
#[derive(Debug)]
struct Key {
    code: u8,
    frames: u16,
    timestamp: u32,
}

/// One leg. It is driven by the media thread only.
pub(crate) struct Leg {
    rtc: Rtc,
    keyed: Option<Box<Keyed>>,
    pub(crate) socket: UdpSocket,
    local: SocketAddr,
    mid: Mid,
    /// The one SSRC we send with, and the next packet's numbers.
    ssrc: u32,
    sequence: u64,
    timestamp: u32,
    numbers: Numbers,
    voice: Voice,
    position: usize,
    muted: bool,
    begins: Begins,
    next_frame: Option<Instant>,
    keys: VecDeque<u8>,
    key: Option<Key>,
    pause: u16,
    /// Difference between a partner's clock and ours, learnt from its first packet.
    partner_clock: Option<u32>,
    /// Answers STUN: false until the business's SDP is known.
    reachable: bool,
    is_dtls_client: bool,
    /// The business calls: nobody is at this end before the pick-up, so nothing is heard.
    waits_for_pick_up: bool,
    connected: bool,
    silence: Option<SilenceRule>,
    accepted_at: Option<Instant>,
    last_media: Option<Instant>,
    known_ssrcs: Vec<u32>,
    rtc_due: Instant,
    pub(crate) scheduled: Option<Instant>,
    pub(crate) partner: Option<u64>,
    pub(crate) facts: Arc<LegFacts>,
    news: mpsc::Sender<LegNews>,
}

impl std::fmt::Debug for Leg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Leg").field("connected", &self.connected).finish_non_exhaustive()
    }
}

/// Why a leg could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LegError {
    #[error("open a media port")]
    Port(#[source] io::Error),
    #[error("set up the peer connection: {0}")]
    Peer(String),
}

impl From<RtcError> for LegError {
    fn from(error: RtcError) -> Self {
        Self::Peer(error.to_string())
    }
}

/// A sound packet on its way to the partner leg.
#[derive(Debug)]
pub(crate) struct Passed {
    pub(crate) to: u64,
    payload: Arc<[u8]>,
    is_key: bool,
    timestamp: u32,
    marker: bool,
}

/// Payload numbers as this peer's SDP gives them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbers {
    pub(crate) opus: u8,
    pub(crate) events: u8,
    /// The sound we say is G.711; `opus` is then its number.
    pub(crate) says: Option<Law>,
}

impl Numbers {
    /// Those of Meta's offers.
    pub(crate) const META: Self = Self { opus: OPUS, events: EVENTS, says: None };

    /// A customer who says G.711.
    pub(crate) const fn g711(law: Law) -> Self {
        Self { opus: law.number(), events: EVENTS, says: Some(law) }
    }

    /// 20 ms in the units of the sound.
    pub(crate) const fn step(self) -> u32 {
        match self.says {
            None => FRAME as u32,
            Some(_) => 160,
        }
    }

    /// Those an SDP answer settled on; Meta's where it names none.
    pub(crate) fn of(sdp: &str) -> Self {
        let number = |codec: &str| {
            let maps = sdp.lines().filter_map(|line| line.strip_prefix("a=rtpmap:"));
            maps.filter_map(|map| map.trim_end().split_once(' '))
                .find(|(_, name)| name.eq_ignore_ascii_case(codec))
        };
        let parsed = |found: Option<(&str, &str)>| found.and_then(|(number, _)| number.parse().ok());
        Self {
            opus: parsed(number("opus/48000/2")).unwrap_or(OPUS),
            events: parsed(number("telephone-event/8000")).unwrap_or(EVENTS),
            says: None,
        }
    }
}

/// The parts a leg is made of.
pub(crate) struct Parts {
    pub(crate) rtc: Rtc,
    pub(crate) socket: UdpSocket,
    pub(crate) local: SocketAddr,
    pub(crate) mid: Mid,
    pub(crate) ssrc: u32,
    pub(crate) numbers: Numbers,
    pub(crate) voice: Voice,
    pub(crate) begins: Begins,
    pub(crate) silence: Option<SilenceRule>,
    pub(crate) facts: Arc<LegFacts>,
    pub(crate) news: mpsc::Sender<LegNews>,
}

/// What was settled, or will be, about a customer's leg.
pub(crate) struct Terms<'a> {
    pub(crate) sdes: bool,
    pub(crate) numbers: Numbers,
    pub(crate) laws: &'a [Law],
    pub(crate) mid: &'a str,
    /// Passive in calls of customers, active in calls of the business (2025 and 2026).
    pub(crate) dtls_client: bool,
    pub(crate) waits_for_pick_up: bool,
}

/// What the SDP of a customer's end says about its leg.
pub(crate) struct Credentials {
    pub(crate) address: SocketAddr,
    pub(crate) ufrag: String,
    pub(crate) password: String,
    pub(crate) fingerprint: String,
    /// With SDES.
    pub(crate) key: Option<[u8; MASTER]>,
    pub(crate) ssrc: u32,
}

impl Leg {
    /// The customer's end at Meta's relay: ICE-lite, controlled, deaf until the business's SDP is known.
    pub(crate) fn customer(
        ip: IpAddr,
        now: Instant,
        terms: &Terms<'_>,
        make: impl FnOnce(Rtc, UdpSocket, SocketAddr, u32) -> Parts,
    ) -> Result<(Self, Credentials), LegError> {
        let (socket, local) = socket(ip).map_err(LegError::Port)?;
        let creds = IceCreds { ufrag: chance::letters::<16>(), pass: chance::padded_password() };
        let config = rtc_config_of(terms.numbers, terms.laws).set_ice_lite(true);
        let mut rtc = config.set_local_ice_credentials(creds.clone()).build(now);
        let candidate = Candidate::host(local, "udp").map_err(|error| LegError::Peer(error.to_string()))?;
        rtc.add_local_candidate(candidate);
        let ssrc = chance::number();
        let mid = Mid::from(terms.mid);
        let mut direct = rtc.direct_api();
        direct.set_ice_controlling(false);
        direct.declare_media(mid, MediaKind::Audio);
        direct.declare_stream_tx(ssrc.into(), None, mid, None);
        let fingerprint = direct.local_dtls_fingerprint().to_string();
        let key: Option<[u8; MASTER]> = terms.sdes.then(chance::bytes);
        let credentials =
            Credentials { address: local, ufrag: creds.ufrag, password: creds.pass, fingerprint, key, ssrc };
        let mut leg = Self::new(make(rtc, socket, local, ssrc), now);
        leg.reachable = false;
        leg.is_dtls_client = terms.dtls_client;
        leg.waits_for_pick_up = terms.waits_for_pick_up;
        if let Some(key) = key {
            let ours = OneWay::new(&key).ok_or_else(|| LegError::Peer("no keys".into()))?;
            leg.keyed = Some(Box::new(Keyed { ours, theirs: None }));
        }
        Ok((leg, credentials))
    }

    /// A leg whose SDP is already settled.
    pub(crate) fn new(parts: Parts, now: Instant) -> Self {
        Self {
            rtc: parts.rtc,
            keyed: None,
            socket: parts.socket,
            local: parts.local,
            mid: parts.mid,
            ssrc: parts.ssrc,
            sequence: u64::from(chance::number() & 0x3fff),
            timestamp: chance::number(),
            numbers: parts.numbers,
            voice: parts.voice,
            position: 0,
            muted: false,
            begins: parts.begins,
            next_frame: None,
            keys: VecDeque::new(),
            key: None,
            pause: 0,
            partner_clock: None,
            reachable: true,
            is_dtls_client: false,
            waits_for_pick_up: false,
            connected: false,
            silence: parts.silence,
            accepted_at: None,
            last_media: None,
            known_ssrcs: Vec::new(),
            rtc_due: now,
            scheduled: None,
            partner: None,
            facts: parts.facts,
            news: parts.news,
        }
    }

    /// The business's answer arrived: checks are answered from now on.
    pub(crate) fn answered(&mut self, now: Instant, answer: &Answer) -> Result<(), RtcError> {
        match answer {
            Answer::Webrtc { ufrag, password, fingerprint } => {
                let mut direct = self.rtc.direct_api();
                direct.set_remote_ice_credentials(IceCreds { ufrag: ufrag.clone(), pass: password.clone() });
                direct.set_remote_fingerprint(Fingerprint {
                    hash_func: "sha-256".into(),
                    bytes: fingerprint.clone(),
                });
                direct.start_dtls(self.is_dtls_client)?;
            }
            // Nothing to shake hands about: both keys are known.
            Answer::Sdes { address, key } => {
                let (Some(keyed), Some(theirs)) = (&mut self.keyed, OneWay::new(key)) else { return Ok(()) };
                keyed.theirs = Some((*address, theirs));
                self.is_connected(now);
            }
        }
        self.reachable = true;
        Ok(())
    }

    /// `accept` was processed, or the customer picked up.
    pub(crate) fn accepted(&mut self, now: Instant) {
        self.accepted_at = Some(now);
        if self.waits_for_pick_up {
            // What came before was not for the customer's ears; the rule about silence begins now.
            self.last_media = None;
        }
        self.begin(now);
    }

    pub(crate) fn set_voice(&mut self, voice: Voice) {
        self.voice = voice;
        self.position = 0;
    }

    pub(crate) fn set_muted(&mut self, muted: bool) {
        self.muted = muted;
    }

    /// Keys to type, as RFC 4733 events.
    pub(crate) fn type_keys(&mut self, keys: &str) {
        const KEYS: &str = "0123456789*#ABCD";
        self.keys.extend(
            keys.chars().filter_map(|key| KEYS.find(key.to_ascii_uppercase())).map(|code| code as u8),
        );
    }

    fn begin(&mut self, now: Instant) {
        if self.next_frame.is_some() || !self.connected {
            return;
        }
        self.next_frame = match (self.begins, self.accepted_at) {
            (Begins::Connected, _) => Some(now),
            (Begins::Accepted(after), Some(accepted)) => Some(now.max(accepted + after)),
            (Begins::FirstPacket, Some(_)) if self.last_media.is_some() => Some(now),
            (Begins::Accepted(_) | Begins::FirstPacket, _) => None,
        };
    }

    /// Does what is due: str0m's timers, the next frame, the rule about silence.
    pub(crate) fn on_time(&mut self, now: Instant, passed: &mut Vec<Passed>) {
        if self.next_frame.is_some_and(|due| due <= now) {
            self.speak(now);
        }
        self.flush(now, passed);
        if let (Some(rule), Some(accepted)) = (self.silence, self.accepted_at)
            && now >= self.silent_until(rule, accepted)
        {
            self.silence = None;
            self.tell(LegNews::TooSilent);
        }
    }

    fn silent_until(&self, rule: SilenceRule, accepted: Instant) -> Instant {
        self.last_media.map_or(accepted + rule.at_start, |last| last.max(accepted) + rule.later)
    }

    /// When this leg wants to be called again.
    pub(crate) fn due(&self) -> Instant {
        let silence =
            self.silence.zip(self.accepted_at).map(|(rule, accepted)| self.silent_until(rule, accepted));
        [self.next_frame, silence].into_iter().flatten().fold(self.rtc_due, Instant::min)
    }

    fn is_connected(&mut self, now: Instant) {
        self.connected = true;
        let _ = self.facts.connected_at.set(now);
        self.begin(now);
        self.tell(LegNews::Connected);
    }

    fn flush(&mut self, now: Instant, passed: &mut Vec<Passed>) {
        if self.keyed.is_some() {
            // There is no peer connection to keep going.
            self.rtc_due = now + Duration::from_secs(3_600);
            return;
        }
        if let Err(error) = self.rtc.handle_input(Input::Timeout(now)) {
            self.tell(LegNews::Failed(error.to_string()));
        }
        self.drain(now, passed);
    }

    /// Full news is dropped when the call does not listen: a call that is over needs none.
    fn tell(&self, news: LegNews) {
        let _ = self.news.try_send(news);
    }
}
