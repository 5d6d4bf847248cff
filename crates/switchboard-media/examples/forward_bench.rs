//! What does it cost to carry a call? `N` bridged calls (two DTLS-SRTP legs, 50 packets a second each way and leg) in
//! one process with their peers; then the same packets through a forwarder without cryptography, in the same run.
//! Counted is the CPU time of the forwarding thread alone, as the kernel accounts it.
//!
//! ```text
//! cargo run --profile demo --example forward_bench -- [calls] [seconds] [1: record every call]
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement on the real clock"
)]

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use str0m::crypto::Fingerprint;
use str0m::ice::IceCreds;
use str0m::media::{MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};
use switchboard_core::ids::{CallId, LineId};
use switchboard_core::media_terms::MediaTerms;
use switchboard_media::{MediaCommand, MediaConfig, MediaEngine, MediaReport, MediaSeat};

const FRAME: Duration = Duration::from_millis(20);
const PAYLOAD: &[u8] = &[0xF8; 80];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let calls = arguments.next().unwrap_or(50_u128);
    let seconds = arguments.next().unwrap_or(10);
    let span = Duration::from_secs(u64::try_from(seconds).unwrap());
    let recorded = arguments.next().is_some_and(|yes| yes == 1);

    let memory_before = resident_kb();
    let config = MediaConfig {
        agent_port: 0,
        ports: 30_000..=31_999,
        report_every: Duration::from_secs(5),
        ..MediaConfig::default()
    };
    let (engine, mut reports) = MediaEngine::start(config).unwrap();
    let mut peers = Vec::new();
    for number in 0..calls {
        let (call, line) = (
            CallId::from_uuid(uuid::Uuid::from_u128(number)),
            LineId::from_uuid(uuid::Uuid::from_u128(number)),
        );
        let mut agent = Peer::new(false);
        let offer = agent.offer();
        agent.answer(&engine.open_line(line, &offer).await.unwrap());
        let mut customer = Peer::new(true);
        let offer = customer.offer();
        customer.answer(&engine.open_customer(call, &offer, MediaTerms::default()).await.unwrap());
        engine.command(MediaCommand::Bridge { call, seat: MediaSeat::Line(line) });
        engine.command(MediaCommand::OpenGate { call });
        peers.extend([agent, customer]);
    }
    let begin = Instant::now();
    while peers.iter().any(|peer| !peer.connected) {
        peers.iter_mut().for_each(Peer::turn);
        assert!(begin.elapsed() < Duration::from_secs(60), "the legs do not connect");
    }
    let set_up = begin.elapsed();
    // Nobody takes the pages: a minute of them may wait.
    let mut recordings = Vec::new();
    for number in (0..calls).filter(|_| recorded) {
        let call = CallId::from_uuid(uuid::Uuid::from_u128(number));
        recordings.push(engine.start_recording(call).expect("a recording"));
    }
    // The first packets settle SSRCs; they are not counted.
    drive(&mut peers, Duration::from_secs(1));
    peers.iter_mut().for_each(|peer| (peer.sent, peer.heard) = (0, 0));
    let before = thread_cpu("media-0");
    drive(&mut peers, span);
    let cpu = thread_cpu("media-0") - before;
    let writing = thread_cpu("recordings");
    drive_silent(&mut peers, Duration::from_millis(300));
    let (sent, heard) = peers.iter().fold((0, 0), |(s, h), peer| (s + peer.sent, h + peer.heard));
    let mut lost_quality = 0.0_f32;
    while let Ok(report) = reports.try_recv() {
        if let MediaReport::Quality { customer, .. } = report {
            lost_quality = lost_quality.max(customer.loss_percent);
        }
    }
    println!("calls {calls}, {} s, set up in {} ms", span.as_secs(), set_up.as_millis());
    println!("sent {sent}, heard {heard}, worst reported loss {lost_quality:.2} %");
    print_cost("bridge (SRTP both legs)", cpu, heard, span);
    if recorded {
        let kept: usize =
            recordings.iter_mut().map(|one| std::iter::from_fn(|| one.pages.try_recv().ok()).count()).sum();
        print_cost("the thread that writes recordings", writing, heard, span + Duration::from_secs(1));
        println!("pages {kept}, {:.1} of each call", kept as f64 / calls as f64);
    }
    println!(
        "memory of the whole process with its peers: {} KB per call",
        (resident_kb() - memory_before) / calls as u64
    );
    drop(engine);
    drop(peers);
    plain_forwarder(usize::try_from(calls).unwrap(), span);
}

fn print_cost(name: &str, cpu: Duration, packets: u64, span: Duration) {
    println!(
        "{name}: {:.2} us per packet, {:.1} % of a core",
        cpu.as_secs_f64() * 1e6 / packets.max(1) as f64,
        cpu.as_secs_f64() * 100.0 / span.as_secs_f64()
    );
}

/// Sends a frame from every peer each 20 ms, evenly spread, and reads all the while.
fn drive(peers: &mut [Peer], span: Duration) {
    let begin = Instant::now();
    let mut frame = 0;
    while begin.elapsed() < span {
        let count = peers.len();
        for at in 0..count {
            peers[at].speak();
            if at % 8 == 0 {
                let due = begin + FRAME * frame + FRAME.mul_f64(at as f64 / count as f64);
                let range = at..(at + 8).min(count);
                peers[range].iter_mut().for_each(Peer::turn);
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
            }
        }
        peers.iter_mut().for_each(Peer::turn);
        frame += 1;
        std::thread::sleep((begin + FRAME * frame).saturating_duration_since(Instant::now()));
    }
}

fn drive_silent(peers: &mut [Peer], span: Duration) {
    let begin = Instant::now();
    while begin.elapsed() < span {
        peers.iter_mut().for_each(Peer::turn);
    }
}

struct Peer {
    rtc: Rtc,
    socket: UdpSocket,
    local: SocketAddr,
    lite: bool,
    connected: bool,
    expected: bool,
    due: Instant,
    sequence: u64,
    sent: u64,
    heard: u64,
}

impl Peer {
    fn new(lite: bool) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let local = socket.local_addr().unwrap();
        let creds = IceCreds { ufrag: format!("p{}", local.port()), pass: "0123456789012345678901".into() };
        let config = RtcConfig::new().set_rtp_mode(true).set_ice_lite(lite).set_local_ice_credentials(creds);
        let mut rtc = config.clear_codecs().enable_opus(true, false).build(Instant::now());
        rtc.add_local_candidate(Candidate::host(local, "udp").unwrap());
        let mut direct = rtc.direct_api();
        direct.set_ice_controlling(!lite);
        direct.declare_media(Mid::from("0"), MediaKind::Audio);
        direct.declare_stream_tx(u32::from(local.port()).into(), None, Mid::from("0"), None);
        Self {
            rtc,
            socket,
            local,
            lite,
            connected: false,
            expected: false,
            due: Instant::now(),
            sequence: 0,
            sent: 0,
            heard: 0,
        }
    }

    fn offer(&mut self) -> String {
        let direct = self.rtc.direct_api();
        let (creds, print) = (direct.local_ice_credentials(), direct.local_dtls_fingerprint().to_string());
        let print = print.trim_start_matches("sha-256 ");
        format!(
            "v=0\r\na=group:BUNDLE 0\r\nm=audio {port} UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n\
             a=candidate:1 1 udp 1 127.0.0.1 {port} typ host\r\na=ice-ufrag:{}\r\na=ice-pwd:{}\r\n\
             a=fingerprint:sha-256 {print}\r\na=rtpmap:111 opus/48000/2\r\n",
            creds.ufrag,
            creds.pass,
            port = self.local.port(),
        )
    }

    fn answer(&mut self, answer: &str) {
        let value = |name: &str| answer.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        let bytes =
            value("a=fingerprint:sha-256 ").split(':').map(|pair| u8::from_str_radix(pair, 16).unwrap());
        let bytes = bytes.collect();
        let ssrc: u32 = value("a=ssrc:").split(' ').next().unwrap().parse().unwrap();
        let candidate = Candidate::from_sdp_string(&format!("candidate:{}", value("a=candidate:"))).unwrap();
        let mut direct = self.rtc.direct_api();
        direct.set_remote_ice_credentials(IceCreds {
            ufrag: value("a=ice-ufrag:").into(),
            pass: value("a=ice-pwd:").into(),
        });
        direct.set_remote_fingerprint(Fingerprint { hash_func: "sha-256".into(), bytes });
        direct.expect_stream_rx(ssrc.into(), None, Mid::from("0"), None).suppress_nack(true);
        direct.start_dtls(!self.lite).unwrap();
        if !self.lite {
            self.rtc.add_remote_candidate(candidate);
        }
        self.expected = true;
    }

    fn speak(&mut self) {
        let (sequence, ssrc) = (self.sequence, u32::from(self.local.port()));
        let mut direct = self.rtc.direct_api();
        let packet =
            RtpWrite::new(111.into(), sequence.into(), sequence as u32 * 960, Instant::now(), PAYLOAD);
        direct.stream_tx(&ssrc.into()).unwrap().write_rtp(packet);
        self.sequence += 1;
        self.sent += 1;
        let _ = self.rtc.handle_input(Input::Timeout(Instant::now()));
        self.drain();
    }

    fn turn(&mut self) {
        let mut buf = [0_u8; 1_500];
        while let Ok((len, from)) = self.socket.recv_from(&mut buf) {
            if let Ok(receive) = Receive::new(Protocol::Udp, from, self.local, &buf[..len]) {
                let _ = self.rtc.handle_input(Input::Receive(Instant::now(), receive));
                self.drain();
            }
        }
        if self.expected && self.due <= Instant::now() {
            let _ = self.rtc.handle_input(Input::Timeout(Instant::now()));
            self.drain();
        }
    }

    fn drain(&mut self) {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(due) => {
                    self.due = due;
                    return;
                }
                Output::Transmit(transmit) => {
                    let _ = self.socket.send_to(&transmit.contents, transmit.destination);
                }
                Output::Event(Event::Connected) => self.connected = true,
                Output::Event(Event::RtpPacket(packet)) if packet.payload.len() == PAYLOAD.len() => {
                    self.heard += 1
                }
                Output::Event(_) => {}
            }
        }
    }
}

/// The same sockets and packets, nothing opened and nothing closed.
fn plain_forwarder(calls: usize, span: Duration) {
    static OVER: AtomicBool = AtomicBool::new(false);
    let shared = UdpSocket::bind("127.0.0.1:0").unwrap();
    let shared_address = shared.local_addr().unwrap();
    let bind = || {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        socket
    };
    let ends: Vec<_> = (0..calls).map(|_| (bind(), bind(), bind())).collect();
    let routes: Vec<_> = ends
        .iter()
        .map(|(agent, customer, port)| {
            (agent.local_addr().unwrap(), customer.local_addr().unwrap(), port.try_clone().unwrap())
        })
        .collect();
    let thread = std::thread::Builder::new()
        .name("plain-0".into())
        .spawn(move || forward_plain(&shared, routes, &OVER));
    let (mut sent, mut heard, mut buf) = (0_u64, 0_u64, [0_u8; 1_500]);
    let packet = [0x80_u8; 108];
    let begin = Instant::now();
    let mut frame = 0;
    let mut before = None;
    while begin.elapsed() < span {
        for (at, (agent, customer, port)) in ends.iter().enumerate() {
            sent += u64::from(agent.send_to(&packet, shared_address).is_ok());
            sent += u64::from(customer.send_to(&packet, port.local_addr().unwrap()).is_ok());
            for socket in [agent, customer] {
                while socket.recv_from(&mut buf).is_ok() {
                    heard += 1;
                }
            }
            if at % 4 == 0 {
                let due = begin + FRAME * frame + FRAME.mul_f64(at as f64 / calls as f64);
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
            }
        }
        before.get_or_insert_with(|| thread_cpu("plain-0"));
        frame += 1;
        std::thread::sleep((begin + FRAME * frame).saturating_duration_since(Instant::now()));
    }
    let cpu = thread_cpu("plain-0") - before.unwrap_or_default();
    OVER.store(true, Ordering::Relaxed);
    thread.unwrap().join().unwrap();
    println!("sent {sent}, heard {heard}");
    print_cost("forwarder without cryptography", cpu, sent, span);
}

fn forward_plain(shared: &UdpSocket, routes: Vec<(SocketAddr, SocketAddr, UdpSocket)>, over: &AtomicBool) {
    use mio::{Events, Interest, Poll, Token};
    shared.set_nonblocking(true).unwrap();
    let mut poll = Poll::new().unwrap();
    let mut shared = mio::net::UdpSocket::from_std(shared.try_clone().unwrap());
    poll.registry().register(&mut shared, Token(usize::MAX - 1), Interest::READABLE).unwrap();
    let mut by_agent = HashMap::new();
    let mut ports = Vec::new();
    for (at, (agent, customer, port)) in routes.into_iter().enumerate() {
        let mut port = mio::net::UdpSocket::from_std(port);
        poll.registry().register(&mut port, Token(at), Interest::READABLE).unwrap();
        by_agent.insert(agent, at);
        ports.push((port, agent, customer));
    }
    let (mut events, mut buf) = (Events::with_capacity(1_024), [0_u8; 1_500]);
    while !over.load(Ordering::Relaxed) {
        let _ = poll.poll(&mut events, Some(Duration::from_millis(50)));
        for event in &events {
            if let Some((port, agent, _)) = ports.get(event.token().0) {
                while let Ok((len, _)) = port.recv_from(&mut buf) {
                    let _ = shared.send_to(&buf[..len], *agent);
                }
            } else {
                while let Ok((len, from)) = shared.recv_from(&mut buf) {
                    let (port, _, customer) = &ports[by_agent[&from]];
                    let _ = port.send_to(&buf[..len], *customer);
                }
            }
        }
    }
}

/// CPU time of a thread of ours by its name (`/proc/self/task/*/schedstat`, nanoseconds).
fn thread_cpu(name: &str) -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let task = tasks
        .flatten()
        .find(|task| std::fs::read_to_string(task.path().join("comm")).is_ok_and(|comm| comm.trim() == name));
    let schedstat = std::fs::read_to_string(task.unwrap().path().join("schedstat")).unwrap();
    Duration::from_nanos(schedstat.split(' ').next().unwrap().parse().unwrap())
}

fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
