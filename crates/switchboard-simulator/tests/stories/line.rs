//! The business's end of the media: a full ICE agent, controlling, DTLS client, plain str0m on its own thread.

use std::f32::consts::TAU;
use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ropus::{Application, Bitrate, Channels, DecodeMode, Decoder, Encoder};
use str0m::change::SdpOffer;
use str0m::format::{Codec, CodecConfig, FormatParams};
use str0m::media::{Direction, Frequency, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

#[derive(Debug, Default, Clone)]
pub(crate) struct State {
    pub(crate) connected: bool,
    pub(crate) packets: u64,
    pub(crate) ssrcs: Vec<u32>,
    pub(crate) keys: Vec<u8>,
    pub(crate) sound: Vec<i16>,
}

impl State {
    /// How much of the last 300 ms is this tone (0 to 1).
    pub(crate) fn share_of(&self, hertz: f32) -> f32 {
        let window = &self.sound[self.sound.len().saturating_sub(14_400)..];
        if window.len() < 14_400 {
            return 0.0;
        }
        let (mut cosine, mut sine, mut power) = (0.0, 0.0, 0.0);
        for (n, sample) in window.iter().enumerate() {
            let sample = f32::from(*sample);
            let angle = TAU * hertz * n as f32 / 48_000.0;
            cosine += sample * angle.cos();
            sine += sample * angle.sin();
            power += sample * sample;
        }
        2.0 * (cosine * cosine + sine * sine) / (window.len() as f32 * power.max(1.0))
    }
}

enum Wish {
    Speak(u32),
    Accept(String),
    Stop,
}

/// A peer connection on a thread of its own.
pub(crate) struct Line {
    /// What we answered (or offered).
    pub(crate) answer: String,
    state: Arc<Mutex<State>>,
    wishes: SyncSender<Wish>,
}

fn rtc_config() -> RtcConfig {
    let mut codecs = CodecConfig::empty();
    let params = FormatParams { use_inband_fec: Some(true), ..FormatParams::default() };
    codecs.add_config(111.into(), None, Codec::Opus, Frequency::FORTY_EIGHT_KHZ, Some(2), params);
    codecs.add_config(126.into(), None, Codec::Tele, Frequency::EIGHT_KHZ, None, FormatParams::default());
    let mut config = RtcConfig::new().set_rtp_mode(true);
    *config.codec_config() = codecs;
    config
}

fn bound() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
    (socket, address)
}

impl Line {
    /// Answers an offer of Meta the way the documents want it.
    pub(crate) fn answer(offer: &str) -> Self {
        let mut rtc = rtc_config().build(Instant::now());
        let (socket, address) = bound();
        rtc.add_local_candidate(Candidate::host(address, "udp").unwrap());
        // str0m 0.25 overlooks candidates in which `ufrag` stands after `network-cost`, as in Meta's documents.
        let line = |line: &str| line.split(" ufrag ").next().unwrap_or_default().to_owned() + "\r\n";
        let offer: String = offer.split_terminator("\r\n").map(line).collect();
        let offer = offer.replace("a=setup:actpass", "a=setup:passive");
        rtc.sdp_api().accept_offer(SdpOffer::from_sdp_string(&offer).unwrap()).unwrap();
        let name = offer.lines().find_map(|line| line.strip_prefix("a=mid:")).unwrap().trim();
        let mid = Mid::from(name);
        let mut direct = rtc.direct_api();
        // str0m made a stream for its own answer: a second one of the same section would never be sent.
        let ssrc = *direct.stream_tx_by_mid(mid, None).unwrap().ssrc();
        let creds = direct.local_ice_credentials();
        let fingerprint = direct.local_dtls_fingerprint().to_string();
        let (ip, port) = (address.ip(), address.port());
        let lines = [
            "v=0".to_owned(),
            "o=- 1 1 IN IP4 127.0.0.1".to_owned(),
            "s=-".to_owned(),
            "t=0 0".to_owned(),
            format!("a=group:BUNDLE {name}"),
            format!("m=audio {port} UDP/TLS/RTP/SAVPF 111 126"),
            format!("c=IN IP4 {ip}"),
            format!("a=candidate:1 1 udp 2130706431 {ip} {port} typ host"),
            format!("a=ice-ufrag:{}", creds.ufrag),
            format!("a=ice-pwd:{}", creds.pass),
            format!("a=fingerprint:{fingerprint}"),
            "a=setup:active".to_owned(),
            format!("a=mid:{name}"),
            "a=sendrecv".to_owned(),
            "a=rtcp-mux".to_owned(),
            "a=rtpmap:111 opus/48000/2".to_owned(),
            "a=rtpmap:126 telephone-event/8000".to_owned(),
            "a=ptime:20".to_owned(),
            format!("a=ssrc:{ssrc} cname:business"),
        ];
        let answer = lines.iter().map(|line| format!("{line}\r\n")).collect();
        Self::run(rtc, socket, address, mid, ssrc, answer, None)
    }

    /// Offers as a browser would; the answer is handed in with `accept`.
    pub(crate) fn offer() -> Self {
        let mut rtc = rtc_config().build(Instant::now());
        let (socket, address) = bound();
        rtc.add_local_candidate(Candidate::host(address, "udp").unwrap());
        let mut changes = rtc.sdp_api();
        let mid = changes.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None);
        let (offer, pending) = changes.apply().unwrap();
        Self::run(rtc, socket, address, mid, 0, offer.to_sdp_string(), Some(pending))
    }

    fn run(
        rtc: Rtc,
        socket: UdpSocket,
        address: SocketAddr,
        mid: Mid,
        ssrc: u32,
        answer: String,
        pending: Option<str0m::change::SdpPendingOffer>,
    ) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let (wishes, inbox) = sync_channel(16);
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            Worker { rtc, socket, address, mid, ssrc, shared, inbox, pending }.run();
        });
        Self { answer, state, wishes }
    }

    pub(crate) fn accept(&self, answer: &str) {
        self.wishes.send(Wish::Accept(answer.to_owned())).unwrap();
    }

    pub(crate) fn speak(&self, hertz: u32) {
        self.wishes.send(Wish::Speak(hertz)).unwrap();
    }

    pub(crate) fn state(&self) -> State {
        self.state.lock().unwrap().clone()
    }

    pub(crate) async fn wait_until(&self, what: &str, true_of: impl Fn(&State) -> bool) -> State {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        let mut tick = tokio::time::interval(Duration::from_millis(10));
        loop {
            tick.tick().await;
            let state = self.state();
            if true_of(&state) {
                return state;
            }
            assert!(tokio::time::Instant::now() < deadline, "{what} did not happen");
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let _ = self.wishes.try_send(Wish::Stop);
    }
}

struct Worker {
    rtc: Rtc,
    socket: UdpSocket,
    address: SocketAddr,
    mid: Mid,
    ssrc: u32,
    shared: Arc<Mutex<State>>,
    inbox: Receiver<Wish>,
    pending: Option<str0m::change::SdpPendingOffer>,
}

impl Worker {
    fn run(mut self) {
        let mut decoder = Decoder::new(48_000, Channels::Mono).unwrap();
        let mut encoder = Encoder::builder(48_000, Channels::Mono, Application::Voip)
            .bitrate(Bitrate::Bits(20_000))
            .build()
            .unwrap();
        let mut hertz = None;
        let mut next = Instant::now();
        let (mut sequence, mut position) = (1_u64, 0_u32);
        let mut buffer = [0; 2_048];
        loop {
            match self.inbox.try_recv() {
                Ok(Wish::Stop) => return,
                Ok(Wish::Speak(tone)) => {
                    hertz = Some(tone);
                    next = Instant::now();
                }
                Ok(Wish::Accept(answer)) => {
                    let answer = str0m::change::SdpAnswer::from_sdp_string(&answer).unwrap();
                    self.rtc.sdp_api().accept_answer(self.pending.take().unwrap(), answer).unwrap();
                    self.ssrc = *self.rtc.direct_api().stream_tx_by_mid(self.mid, None).unwrap().ssrc();
                }
                Err(_) => {}
            }
            if let (Some(tone), true) = (hertz, next <= Instant::now()) {
                next += Duration::from_millis(20);
                let frame: Vec<i16> = (0..960)
                    .map(|n| ((TAU * tone as f32 * (position + n) as f32 / 48_000.0).sin() * 9_000.0) as i16)
                    .collect();
                let mut packet = [0; 1_275];
                let length = encoder.encode(&frame, &mut packet).unwrap();
                let write = RtpWrite::new(
                    111.into(),
                    sequence.into(),
                    position,
                    Instant::now(),
                    packet[..length].to_vec(),
                );
                let mut direct = self.rtc.direct_api();
                if let Some(stream) = direct.stream_tx(&self.ssrc.into()) {
                    stream.write_rtp(write);
                }
                sequence += 1;
                position = position.wrapping_add(960);
            }
            self.rtc.handle_input(Input::Timeout(Instant::now())).unwrap();
            self.drain(&mut decoder);
            if let Ok((length, source)) = self.socket.recv_from(&mut buffer) {
                if (128..192).contains(&buffer[0]) && !(192..224).contains(&buffer[1]) {
                    let ssrc = u32::from_be_bytes(buffer[8..12].try_into().unwrap());
                    self.rtc
                        .direct_api()
                        .expect_stream_rx(ssrc.into(), None, self.mid, None)
                        .suppress_nack(true);
                }
                if let Ok(receive) = Receive::new(Protocol::Udp, source, self.address, &buffer[..length]) {
                    self.rtc.handle_input(Input::Receive(Instant::now(), receive)).unwrap();
                    self.drain(&mut decoder);
                }
            }
        }
    }

    fn drain(&mut self, decoder: &mut Decoder) {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(_) => return,
                Output::Transmit(datagram) => {
                    let _ = self.socket.send_to(&datagram.contents, datagram.destination);
                }
                Output::Event(Event::Connected) => self.shared.lock().unwrap().connected = true,
                Output::Event(Event::RtpPacket(packet)) => {
                    let mut state = self.shared.lock().unwrap();
                    state.packets += 1;
                    let ssrc = *packet.header.ssrc;
                    if !state.ssrcs.contains(&ssrc) {
                        state.ssrcs.push(ssrc);
                    }
                    if *packet.header.payload_type == 126 {
                        // A key is over when its end bit comes for the first time.
                        if packet.header.marker {
                            state.keys.push(packet.payload[0]);
                        }
                        continue;
                    }
                    let mut pcm = [0; 5_760];
                    let count = decoder.decode(&packet.payload, &mut pcm, DecodeMode::Normal).unwrap();
                    state.sound.extend_from_slice(&pcm[..count]);
                }
                Output::Event(_) => {}
            }
        }
    }
}
