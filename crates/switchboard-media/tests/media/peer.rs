//! The other end of a leg, on plain str0m: Meta's relay (ICE-lite, controlled, DTLS server) or a browser (full ICE,
//! controlling, DTLS client). Each runs on a thread of its own and tells what it saw.

use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};

use str0m::crypto::Fingerprint;
use str0m::format::{Codec, CodecConfig, FormatParams};
use str0m::ice::IceCreds;
use str0m::media::{Frequency, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{RtpWrite, Ssrc};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};
use switchboard_core::ids::{CallId, LineId};
use switchboard_core::media_terms::MediaTerms;
use switchboard_media::{MediaConfig, MediaEngine, MediaReport, SrtpProfile};
use tokio::sync::mpsc;

/// How long any single thing may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
pub(crate) const OPUS: u8 = 111;
pub(crate) const KEYS: u8 = 126;

/// An engine on loopback with free ports.
pub(crate) fn config(ports: std::ops::RangeInclusive<u16>) -> MediaConfig {
    MediaConfig { agent_port: 0, ports, report_every: Duration::from_millis(500), ..MediaConfig::default() }
}

/// An engine with its reports.
pub(crate) struct Exchange {
    pub(crate) engine: MediaEngine,
    reports: mpsc::Receiver<MediaReport>,
}

impl Exchange {
    pub(crate) fn start(config: MediaConfig) -> Self {
        let (engine, reports) = MediaEngine::start(config).expect("the engine starts");
        Self { engine, reports }
    }

    /// Waits for a report; others are passed over.
    pub(crate) async fn wait(&mut self, wanted: impl Fn(&MediaReport) -> bool) -> MediaReport {
        let search = async {
            loop {
                let report = self.reports.recv().await.expect("the engine lives");
                if wanted(&report) {
                    return report;
                }
            }
        };
        tokio::time::timeout(PATIENCE, search).await.expect("the report comes")
    }

    /// Everything reported so far.
    pub(crate) fn so_far(&mut self) -> Vec<MediaReport> {
        std::iter::from_fn(|| self.reports.try_recv().ok()).collect()
    }

    /// A connected customer.
    pub(crate) async fn customer(&mut self, call: CallId, profile: SrtpProfile) -> Peer {
        let peer = Peer::meta(profile);
        let answer =
            self.engine.open_customer(call, &peer.offer, MediaTerms::default()).await.expect("an answer");
        peer.answer(&answer);
        self.wait(|report| matches!(report, MediaReport::CustomerConnected { call: c, .. } if *c == call))
            .await;
        peer
    }

    /// A connected line.
    pub(crate) async fn line(&mut self, line: LineId) -> Peer {
        let peer = Peer::browser();
        let answer = self.engine.open_line(line, &peer.offer).await.expect("an answer");
        peer.answer(&answer);
        self.wait(|report| matches!(report, MediaReport::LineConnected { line: l } if *l == line)).await;
        peer
    }
}

pub(crate) fn call(number: u128) -> CallId {
    CallId::from_uuid(uuid::Uuid::from_u128(number))
}

pub(crate) fn line(number: u128) -> LineId {
    LineId::from_uuid(uuid::Uuid::from_u128(number))
}

/// A packet the peer decrypted.
#[derive(Debug, Clone)]
pub(crate) struct Packet {
    pub(crate) payload_type: u8,
    pub(crate) sequence: u64,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    pub(crate) ssrc: u32,
    pub(crate) payload: Vec<u8>,
    pub(crate) at: Instant,
}

/// What a peer saw.
#[derive(Debug, Clone)]
pub(crate) enum Saw {
    Connected,
    /// A datagram that is RTP, before decryption.
    RtpDatagram,
    /// A datagram that is RTCP, before decryption.
    RtcpDatagram,
    Packet(Packet),
}

enum Do {
    Answer(String),
    Send { payload_type: u8, sequence: u64, timestamp: u32, payload: Vec<u8> },
    Replay,
    Mute,
    HangUp,
}

/// The handle of a peer's thread; the thread ends with it.
pub(crate) struct Peer {
    pub(crate) offer: String,
    orders: Sender<Do>,
    seen: Receiver<Saw>,
    sent: std::cell::Cell<u64>,
}

impl Peer {
    pub(crate) fn meta(profile: SrtpProfile) -> Self {
        Self::start(true, Some(profile))
    }

    pub(crate) fn browser() -> Self {
        Self::start(false, None)
    }

    fn start(lite: bool, profile: Option<SrtpProfile>) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let local = socket.local_addr().expect("an address");
        let creds =
            IceCreds { ufrag: format!("peer{}", local.port()), pass: "F6/jj+L0/8/Dzluc0IoZEQ==".into() };
        let mut codecs = CodecConfig::empty();
        codecs.add_config(
            OPUS.into(),
            None,
            Codec::Opus,
            Frequency::FORTY_EIGHT_KHZ,
            Some(2),
            FormatParams::default(),
        );
        codecs.add_config(
            KEYS.into(),
            None,
            Codec::Tele,
            Frequency::EIGHT_KHZ,
            None,
            FormatParams::default(),
        );
        let mut config =
            RtcConfig::new().set_rtp_mode(true).set_ice_lite(lite).set_local_ice_credentials(creds.clone());
        *config.codec_config() = codecs;
        if let Some(profile) = profile {
            config = config.set_crypto_provider(crate::profile::forced(profile));
        }
        let mut rtc = config.build(Instant::now());
        rtc.add_local_candidate(Candidate::host(local, "udp").expect("a candidate"));
        let mid = Mid::from("audio");
        let ssrc = u32::from(local.port());
        let mut direct = rtc.direct_api();
        direct.set_ice_controlling(!lite);
        direct.declare_media(mid, MediaKind::Audio);
        direct.declare_stream_tx(ssrc.into(), None, mid, None);
        let fingerprint = direct.local_dtls_fingerprint().to_string();
        let fingerprint = fingerprint.trim_start_matches("sha-256 ");
        let offer = include_str!("../../fixtures/meta-offer-captured-2025-26.sdp")
            .lines()
            .filter(|line| !line.contains("2a03:2880") && (lite || !line.contains("ice-lite")))
            .map(|line| {
                if line.starts_with("a=fingerprint") {
                    format!("a=fingerprint:sha-256 {fingerprint}\r\n")
                } else {
                    format!("{line}\r\n")
                }
            })
            .collect::<String>()
            .replace("57.144.215.49 3484", &format!("127.0.0.1 {}", local.port()))
            .replace("57.144.215.49", "127.0.0.1")
            .replace("SaMpLeUfRaGaBcDe", &creds.ufrag)
            .replace("1047224411", &ssrc.to_string());
        let (orders, to_do) = channel_of_orders();
        let (saw, seen) = sync_channel(100_000);
        let driver = Driver {
            rtc,
            socket,
            local,
            mid,
            ssrc,
            lite,
            known: Vec::new(),
            last: Vec::new(),
            mute: false,
            saw,
        };
        std::thread::spawn(move || driver.run(&to_do));
        Self { offer, orders, seen, sent: std::cell::Cell::new(0) }
    }

    pub(crate) fn answer(&self, answer: &str) {
        self.orders.send(Do::Answer(answer.to_owned())).expect("the peer lives");
    }

    /// The next 20 ms of sound, numbered as a sender does.
    pub(crate) fn send(&self, payload: &[u8]) {
        let n = self.sent.get();
        self.sent.set(n + 1);
        self.send_as(OPUS, n, n as u32 * 960, payload);
    }

    pub(crate) fn send_as(&self, payload_type: u8, n: u64, timestamp: u32, payload: &[u8]) {
        let (sequence, payload) = (65_530 + n, payload.to_vec());
        self.orders.send(Do::Send { payload_type, sequence, timestamp, payload }).expect("the peer lives");
    }

    /// Sends the last datagram of sound once more, bit by bit.
    pub(crate) fn replay(&self) {
        self.orders.send(Do::Replay).expect("the peer lives");
    }

    /// From now on nothing is answered: the laptop sleeps.
    pub(crate) fn fall_asleep(&self) {
        self.orders.send(Do::Mute).expect("the peer lives");
    }

    /// Closes DTLS and is gone.
    pub(crate) fn hang_up(&self) {
        self.orders.send(Do::HangUp).expect("the peer lives");
    }

    /// The next packet heard.
    pub(crate) fn hears(&self) -> Packet {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.next(end.saturating_duration_since(Instant::now())) {
                Some(Saw::Packet(packet)) => return packet,
                Some(Saw::Connected | Saw::RtpDatagram | Saw::RtcpDatagram) => {}
                None => panic!("nothing was heard"),
            }
        }
    }

    /// Packets until one has this payload; that one is the last.
    pub(crate) fn hears_until(&self, payload: &[u8]) -> Vec<Packet> {
        let mut heard = vec![self.hears()];
        while heard.last().is_none_or(|packet| packet.payload != payload) {
            heard.push(self.hears());
        }
        heard
    }

    /// What it sees within this time.
    pub(crate) fn sees_for(&self, span: Duration) -> Vec<Saw> {
        let end = Instant::now() + span;
        std::iter::from_fn(|| self.next(end.saturating_duration_since(Instant::now()))).collect()
    }

    fn next(&self, patience: Duration) -> Option<Saw> {
        self.seen.recv_timeout(patience).ok()
    }
}

#[expect(clippy::disallowed_methods, reason = "a test's orders to its own peer")]
fn channel_of_orders() -> (Sender<Do>, Receiver<Do>) {
    channel()
}

/// One value of an SDP text.
pub(crate) fn value<'a>(sdp: &'a str, name: &str) -> &'a str {
    sdp.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name} in\n{sdp}")).trim()
}

struct Driver {
    rtc: Rtc,
    socket: UdpSocket,
    local: SocketAddr,
    mid: Mid,
    ssrc: u32,
    lite: bool,
    known: Vec<u32>,
    last: Vec<(SocketAddr, Vec<u8>)>,
    mute: bool,
    saw: SyncSender<Saw>,
}

impl Driver {
    fn run(mut self, orders: &Receiver<Do>) {
        let mut buf = [0_u8; 2_000];
        loop {
            loop {
                match orders.try_recv() {
                    Ok(order) => self.obey(order),
                    Err(std::sync::mpsc::TryRecvError::Empty) => break,
                    Err(std::sync::mpsc::TryRecvError::Disconnected) => return,
                }
            }
            let due = self.drain();
            let wait = due
                .saturating_duration_since(Instant::now())
                .clamp(Duration::from_micros(100), Duration::from_millis(3));
            self.socket.set_read_timeout(Some(wait)).expect("a timeout");
            if let Ok((len, from)) = self.socket.recv_from(&mut buf)
                && !self.mute
            {
                self.datagram(from, &buf[..len]);
            }
            let _ = self.rtc.handle_input(Input::Timeout(Instant::now()));
        }
    }

    fn datagram(&mut self, from: SocketAddr, datagram: &[u8]) {
        if datagram.len() > 12 && (128..192).contains(&datagram[0]) {
            if (192..224).contains(&datagram[1]) {
                let _ = self.saw.try_send(Saw::RtcpDatagram);
            } else {
                let _ = self.saw.try_send(Saw::RtpDatagram);
                let ssrc = u32::from_be_bytes(datagram[8..12].try_into().unwrap());
                if !self.known.contains(&ssrc) {
                    self.known.push(ssrc);
                    let mut direct = self.rtc.direct_api();
                    direct.expect_stream_rx(Ssrc::from(ssrc), None, self.mid, None).suppress_nack(true);
                }
            }
        }
        if let Ok(receive) = Receive::new(Protocol::Udp, from, self.local, datagram) {
            let _ = self.rtc.handle_input(Input::Receive(Instant::now(), receive));
        }
    }

    fn obey(&mut self, order: Do) {
        match order {
            Do::Answer(answer) => {
                let bytes = value(&answer, "a=fingerprint:sha-256 ");
                let bytes = bytes.split(':').map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
                let creds = IceCreds {
                    ufrag: value(&answer, "a=ice-ufrag:").into(),
                    pass: value(&answer, "a=ice-pwd:").into(),
                };
                let candidate = Candidate::from_sdp_string(value(&answer, "a=candidate:")).or_else(|_| {
                    Candidate::from_sdp_string(&format!("candidate:{}", value(&answer, "a=candidate:")))
                });
                let mut direct = self.rtc.direct_api();
                direct.set_remote_ice_credentials(creds);
                direct.set_remote_fingerprint(Fingerprint { hash_func: "sha-256".into(), bytes });
                direct.start_dtls(!self.lite).expect("DTLS starts");
                if !self.lite {
                    self.rtc.add_remote_candidate(candidate.expect("a candidate"));
                }
            }
            Do::Send { payload_type, sequence, timestamp, payload } => {
                let now = Instant::now();
                let mut direct = self.rtc.direct_api();
                let stream = direct.stream_tx(&self.ssrc.into()).expect("a stream");
                stream.write_rtp(RtpWrite::new(
                    payload_type.into(),
                    sequence.into(),
                    timestamp,
                    now,
                    payload,
                ));
                let _ = self.rtc.handle_input(Input::Timeout(now));
                self.drain();
            }
            Do::Replay => {
                for (to, datagram) in &self.last {
                    self.socket.send_to(datagram, to).expect("sends");
                }
            }
            Do::Mute => self.mute = true,
            Do::HangUp => {
                self.rtc.close().expect("closes");
                self.drain();
                self.mute = true;
            }
        }
    }

    fn drain(&mut self) -> Instant {
        loop {
            match self.rtc.poll_output().expect("str0m") {
                Output::Timeout(due) => return due,
                Output::Transmit(transmit) => {
                    if self.mute {
                        continue;
                    }
                    let contents: &[u8] = &transmit.contents;
                    if (128..192).contains(&contents[0]) && !(192..224).contains(&contents[1]) {
                        self.last = vec![(transmit.destination, contents.to_vec())];
                    }
                    let _ = self.socket.send_to(contents, transmit.destination);
                }
                Output::Event(Event::Connected) => {
                    let _ = self.saw.try_send(Saw::Connected);
                }
                Output::Event(Event::RtpPacket(packet)) => {
                    let _ = self.saw.try_send(Saw::Packet(Packet {
                        payload_type: *packet.header.payload_type,
                        sequence: *packet.seq_no,
                        timestamp: packet.header.timestamp,
                        marker: packet.header.marker,
                        ssrc: *packet.header.ssrc,
                        payload: packet.payload.to_vec(),
                        at: Instant::now(),
                    }));
                }
                Output::Event(_) => {}
            }
        }
    }
}
