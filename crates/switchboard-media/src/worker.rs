//! One media thread: sockets, timers, many sessions; the only loop. No locks, no async, no waiting but for the poller.
//! A call and its line live on one thread for life; a second thread would be a second [`Worker`] with its own ports.

mod demux;
mod ports;
mod socket;
mod table;

use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, TryRecvError};
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};
use str0m::ice::StunMessage;
use switchboard_core::call::input::MediaRefusal;
use switchboard_core::ids::{CallId, LineId};
use tokio::sync::{mpsc, oneshot};

use self::demux::Demux;
pub(crate) use self::ports::PortCounters;
use self::ports::PortPool;
use self::socket::{DATAGRAM, Outgoing, Received};
use self::table::Table;
use crate::chance;
use crate::clock::Clock;
use crate::command::{MediaCommand, MediaSeat};
use crate::engine::{LineRefusal, MediaConfig, MediaError};
use crate::leg::transport::{Failure, Identity, Step, Transport};
use crate::leg::{Leg, Progress, SILENCE};
use crate::playback::Library;
use crate::rebase::Source;
use crate::report::{CustomerFailure, LineFailure, MediaReport};
use crate::reporter::Reporter;
use crate::rtp::{Kind, kind_of};
use crate::sdp::{CustomerAnswer, CustomerOffer, LineAnswer, LineOffer, Local};
use crate::session::{Limits, Out, Session};

const WAKE: Token = Token(0);
const SHARED: Token = Token(1);
/// Customer sockets have the tokens from here on.
const FIRST_CUSTOMER: usize = 2;
/// Datagrams read from one customer socket before the others get their turn.
const TURN: usize = 32;
/// Timers are looked at no more often than this: a scan costs all legs.
const TIMER_GRAIN: Duration = Duration::from_millis(2);
/// The longest sleep when nothing is due.
const IDLE: Duration = Duration::from_secs(10);

/// What the handle sends to the thread.
pub(crate) enum Order {
    OpenCustomer {
        call: CallId,
        offer: Box<CustomerOffer>,
        reply: oneshot::Sender<Result<String, MediaRefusal>>,
    },
    OpenLine {
        line: LineId,
        offer: Box<LineOffer>,
        reply: oneshot::Sender<Result<String, LineRefusal>>,
    },
    Command(MediaCommand),
}

/// Wakes the thread.
#[derive(Debug, Clone)]
pub(crate) struct Wake(Arc<mio::Waker>);

impl Wake {
    pub(crate) fn wake(&self) {
        if let Err(error) = self.0.wake() {
            tracing::error!(%error, "the media thread cannot be woken");
        }
    }
}

/// A thread that runs.
pub(crate) struct Started {
    pub(crate) wake: Wake,
    pub(crate) ports: Arc<PortCounters>,
    pub(crate) agent_port: u16,
    pub(crate) thread: JoinHandle<()>,
}

pub(crate) fn start(
    config: MediaConfig,
    orders: Receiver<Order>,
    reports: mpsc::Sender<MediaReport>,
) -> Result<Started, MediaError> {
    let at_agent_port = |source| MediaError::AgentPort { port: config.agent_port, source };
    let failed = |error: std::io::Error| MediaError::Start(error.to_string());
    let mut shared = socket::bind_shared(config.bind, config.agent_port).map_err(at_agent_port)?;
    let agent_port = shared.local_addr().map_err(at_agent_port)?.port();
    let poll = Poll::new().map_err(failed)?;
    let wake = Wake(Arc::new(mio::Waker::new(poll.registry(), WAKE).map_err(failed)?));
    poll.registry().register(&mut shared, SHARED, Interest::READABLE).map_err(failed)?;
    let identity = Identity::make(config.connect_limit, config.assume_profile).map_err(MediaError::Start)?;
    let library = Library::load().map_err(MediaError::Start)?;
    let pool = PortPool::new(config.ports.clone(), config.port_quarantine);
    let ports = pool.counters();
    let socket_is_v6 = config.bind.is_ipv6();
    // Without an IPv6 socket an IPv6 address leads nowhere.
    let advertise: Vec<_> =
        config.advertise.iter().copied().filter(|ip| ip.is_ipv4() || socket_is_v6).collect();
    let for_browsers = socket::for_browsers(&advertise);
    let clock = Clock::start();
    let worker = Worker {
        tools: Tools {
            clock,
            library,
            shared: Shared { socket: shared, out: Outgoing::new(socket_is_v6) },
            reports: Reporter::new(reports),
            cname: format!("switchboard-{:08x}", chance::word()),
            buf: vec![0; DATAGRAM].into_boxed_slice(),
            socket_is_v6,
        },
        limits: Limits {
            silence: config.silence_limit,
            keep_alive: config.keep_alive,
            report_every: config.report_every,
        },
        config,
        advertise,
        for_browsers,
        agent_port,
        identity,
        pool,
        poll,
        orders,
        customers: Table::default(),
        lines: Table::default(),
        demux: Demux::default(),
        legs_made: 0,
        unfinished: Vec::new(),
        wake_at: None,
        next_scan: clock.now(),
        rx: vec![0; DATAGRAM].into_boxed_slice(),
    };
    let thread = std::thread::Builder::new()
        .name("media-0".into())
        .spawn(move || worker.run())
        .map_err(|error| MediaError::Start(error.to_string()))?;
    Ok(Started { wake, ports, agent_port, thread })
}

struct Worker {
    config: MediaConfig,
    advertise: Vec<IpAddr>,
    for_browsers: Vec<IpAddr>,
    agent_port: u16,
    identity: Identity,
    pool: PortPool,
    poll: Poll,
    orders: Receiver<Order>,
    limits: Limits,
    customers: Table<CallId, Customer>,
    lines: Table<LineId, Line>,
    demux: Demux,
    legs_made: u32,
    /// Customer sockets that had more to read than a turn.
    unfinished: Vec<usize>,
    wake_at: Option<Instant>,
    next_scan: Instant,
    rx: Box<[u8]>,
    tools: Tools,
}

/// What every handler needs beside the legs.
struct Tools {
    clock: Clock,
    library: Library,
    shared: Shared,
    reports: Reporter,
    cname: String,
    buf: Box<[u8]>,
    socket_is_v6: bool,
}

/// The port of all lines.
struct Shared {
    socket: UdpSocket,
    out: Outgoing,
}

impl Shared {
    fn send(&mut self, to: SocketAddr, datagram: &[u8]) {
        self.out.push(&self.socket, to, |buf| {
            buf.get_mut(..datagram.len())?.copy_from_slice(datagram);
            Some(datagram.len())
        });
    }
}

/// A customer leg with its socket.
struct Customer {
    session: Session,
    socket: UdpSocket,
    port: u16,
    /// The line it is put through to, when that is here.
    line: Option<usize>,
    due: Option<Instant>,
}

/// An agent's line.
struct Line {
    id: LineId,
    leg: Leg,
    ufrag: String,
    /// The customer it is put through to.
    customer: Option<usize>,
    due: Option<Instant>,
}

impl Customer {
    /// Lets the session work with somewhere to send and to report to.
    fn with<R>(
        &mut self,
        tools: &mut Tools,
        work: impl FnOnce(&mut Session, &Library, &mut Out<'_>) -> R,
    ) -> R {
        let Tools { library, reports, buf, socket_is_v6, .. } = tools;
        let (socket, socket_is_v6) = (&self.socket, *socket_is_v6);
        let mut out = Out {
            // A full socket buffer or a path that is down loses the datagram, as UDP may.
            send: &mut |to, datagram| drop(socket.send_to(datagram, socket::wire(to, socket_is_v6))),
            report: &mut |report| reports.tell(report),
            buf,
        };
        work(&mut self.session, library, &mut out)
    }

    fn plan(&mut self, wake_at: &mut Option<Instant>) {
        self.due = self.session.due();
        *wake_at = earliest(*wake_at, self.due);
    }
}

impl Line {
    /// Drives ICE and DTLS. True: it failed and is to be closed.
    fn pump(&mut self, now: Instant, first: Option<Step>, tools: &mut Tools) -> bool {
        let (id, mut failed) = (self.id, false);
        let Tools { shared, reports, .. } = tools;
        self.leg.pump(now, first, &mut |to, datagram| shared.send(to, datagram), &mut |progress| {
            match progress {
                Progress::PathFound => {}
                Progress::Connected(_) => reports.tell(MediaReport::LineConnected { line: id }),
                Progress::Failed(Failure::ClosedByPeer) => {
                    failed = true;
                    reports.tell(MediaReport::LineLost { line: id });
                }
                Progress::Failed(failure) => {
                    failed = true;
                    reports.tell(MediaReport::LineFailed { line: id, why: failure.into() });
                }
            }
        });
        failed
    }

    fn plan(&mut self, consent_limit: Duration, wake_at: &mut Option<Instant>) {
        self.due = self.leg.transport.due();
        if self.leg.is_connected() {
            self.due = earliest(self.due, Some(self.leg.sign_of_life + consent_limit));
        }
        *wake_at = earliest(*wake_at, self.due);
    }
}

impl From<Failure> for LineFailure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::IceNeverConnected | Failure::IceLost => Self::IceNeverConnected,
            Failure::DtlsFailed => Self::DtlsFailed,
            Failure::FingerprintMismatch => Self::FingerprintMismatch,
            Failure::NoSrtpKeys => Self::NoSrtpKeys,
            Failure::ClosedByPeer => Self::ClosedByPeer,
        }
    }
}

impl Worker {
    fn run(mut self) {
        let mut events = Events::with_capacity(1_024);
        let mut received = Received::new();
        loop {
            let now = self.tools.clock.now();
            let sleep = match self.wake_at {
                _ if !self.unfinished.is_empty() => Duration::ZERO,
                Some(at) => at.saturating_duration_since(now).clamp(TIMER_GRAIN, IDLE),
                None => IDLE,
            };
            if let Err(error) = self.poll.poll(&mut events, Some(sleep))
                && error.kind() != std::io::ErrorKind::Interrupted
            {
                tracing::error!(%error, "the media thread cannot wait for its sockets");
                return;
            }
            let now = self.tools.clock.now();
            if !self.take_orders(now) {
                return;
            }
            for customer in std::mem::take(&mut self.unfinished) {
                self.customer_readable(now, customer);
            }
            for event in &events {
                match event.token() {
                    WAKE => {}
                    SHARED => self.shared_readable(now, &mut received),
                    Token(token) => self.customer_readable(now, token - FIRST_CUSTOMER),
                }
            }
            if self.wake_at.is_some_and(|at| at <= now) && now >= self.next_scan {
                self.next_scan = now + TIMER_GRAIN;
                self.time(now);
            }
            self.tools.shared.out.flush(&self.tools.shared.socket);
            self.tools.reports.retry();
        }
    }

    /// False: the handle is gone, and so are we.
    fn take_orders(&mut self, now: Instant) -> bool {
        loop {
            match self.orders.try_recv() {
                Ok(Order::OpenCustomer { call, offer, reply }) => {
                    // Nobody waiting any more means that the leg is closed by the next order.
                    let _ = reply.send(self.open_customer(now, call, &offer));
                }
                Ok(Order::OpenLine { line, offer, reply }) => {
                    let _ = reply.send(self.open_line(now, line, &offer));
                }
                Ok(Order::Command(command)) => self.command(now, command),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => {
                    for customer in self.customers.places() {
                        self.close_customer(now, customer);
                    }
                    for line in self.lines.places() {
                        self.close_line(now, line);
                    }
                    self.tools.shared.out.flush(&self.tools.shared.socket);
                    return false;
                }
            }
        }
    }

    fn open_customer(
        &mut self,
        now: Instant,
        call: CallId,
        offer: &CustomerOffer,
    ) -> Result<String, MediaRefusal> {
        if self.customers.place_of(call).is_some() {
            return Err(MediaRefusal::BadOffer("the call has a customer leg already".into()));
        }
        let reachable =
            |candidate: &&SocketAddr| self.advertise.iter().any(|ip| ip.is_ipv4() == candidate.is_ipv4());
        let candidates: Vec<SocketAddr> = offer.candidates.iter().filter(reachable).copied().collect();
        if candidates.is_empty() {
            return Err(MediaRefusal::BadOffer(
                "it has no UDP address of a family this exchange serves".into(),
            ));
        }
        if self.customers.len() + self.lines.len() >= self.config.max_legs {
            return Err(MediaRefusal::NoPorts);
        }
        let bind = self.config.bind;
        let (port, mut socket) = match self.pool.take(now, |port| socket::bind(bind, port)) {
            Ok(Some(taken)) => taken,
            Ok(None) => return Err(MediaRefusal::NoPorts),
            Err(error) => {
                tracing::error!(%error, call.id = %call, "open a UDP port for a customer leg");
                return Err(MediaRefusal::Unavailable);
            }
        };
        let transport =
            Transport::customer(now, &self.identity, &offer.peer, &candidates, &self.advertise, port);
        let credentials = transport.credentials().clone();
        let ssrc = chance::word();
        self.legs_made += 1;
        let leg = Leg::new(now, self.legs_made, transport, offer.audio.clone(), ssrc);
        let place = self.customers.next_place();
        if let Err(error) =
            self.poll.registry().register(&mut socket, Token(FIRST_CUSTOMER + place), Interest::READABLE)
        {
            tracing::error!(%error, call.id = %call, "watch the UDP port of a customer leg");
            self.pool.give_back(now, port);
            return Err(MediaRefusal::Unavailable);
        }
        let mut customer = Customer {
            session: Session::new(now, call, leg, self.limits),
            socket,
            port,
            line: None,
            due: None,
        };
        customer.with(&mut self.tools, |session, library, out| session.pump(now, None, library, out));
        customer.plan(&mut self.wake_at);
        self.customers.insert(call, customer);
        let answer = CustomerAnswer {
            local: Local {
                ufrag: &credentials.ufrag,
                password: &credentials.pass,
                fingerprint: self.identity.fingerprint,
                addresses: &self.advertise,
                port,
                session: chance::word(),
            },
            offer,
            ssrc,
            cname: &self.tools.cname,
        };
        Ok(answer.write())
    }

    fn open_line(&mut self, now: Instant, id: LineId, offer: &LineOffer) -> Result<String, LineRefusal> {
        if self.lines.place_of(id).is_some() {
            return Err(LineRefusal::BadOffer("this line is open already".into()));
        }
        if self.customers.len() + self.lines.len() >= self.config.max_legs {
            return Err(LineRefusal::Full);
        }
        let transport =
            Transport::line(now, &self.identity, &offer.peer, &self.for_browsers, self.agent_port);
        let credentials = transport.credentials().clone();
        let ssrc = chance::word();
        self.legs_made += 1;
        let leg = Leg::new(now, self.legs_made, transport, offer.audio.clone(), ssrc);
        let mut line = Line { id, leg, ufrag: credentials.ufrag.clone(), customer: None, due: None };
        line.pump(now, None, &mut self.tools);
        line.plan(self.config.consent_limit, &mut self.wake_at);
        let place = self.lines.insert(id, line);
        self.demux.expect(&credentials.ufrag, place);
        // A call may have been put through to this line before it came.
        for customer in self.customers.places() {
            if self
                .customers
                .get(customer)
                .is_some_and(|customer| customer.session.seat == MediaSeat::Line(id))
            {
                self.attach(customer, place);
            }
        }
        let answer = LineAnswer {
            local: Local {
                ufrag: &credentials.ufrag,
                password: &credentials.pass,
                fingerprint: self.identity.fingerprint,
                addresses: &self.for_browsers,
                port: self.agent_port,
                session: chance::word(),
            },
            offer,
            ssrc,
            extra_ssrcs: &[chance::word(), chance::word()],
            cname: &self.tools.cname,
        };
        Ok(answer.write())
    }

    fn command(&mut self, now: Instant, command: MediaCommand) {
        match command {
            MediaCommand::OpenGate { call } => {
                let Some(customer) = self.customers.of(call) else { return };
                customer.with(&mut self.tools, |session, library, out| session.open_gate(now, library, out));
                customer.plan(&mut self.wake_at);
            }
            MediaCommand::Bridge { call, seat } => {
                let Some(place) = self.customers.place_of(call) else { return };
                self.detach(place);
                let Some(customer) = self.customers.get_mut(place) else { return };
                customer.with(&mut self.tools, |session, library, _| session.take_seat(now, seat, library));
                customer.plan(&mut self.wake_at);
                if let MediaSeat::Line(line) = seat
                    && let Some(line) = self.lines.place_of(line)
                {
                    self.attach(place, line);
                }
            }
            MediaCommand::CloseCustomer { call } => {
                if let Some(place) = self.customers.place_of(call) {
                    self.close_customer(now, place);
                }
            }
            MediaCommand::CloseLine { line } => {
                if let Some(place) = self.lines.place_of(line) {
                    self.close_line(now, place);
                }
            }
        }
    }

    /// A line serves one call: the last one put through wins.
    fn attach(&mut self, customer: usize, line: usize) {
        let Some(the_line) = self.lines.get_mut(line) else { return };
        if let Some(before) = the_line.customer.replace(customer)
            && before != customer
            && let Some(before) = self.customers.get_mut(before)
        {
            before.line = None;
        }
        if let Some(customer) = self.customers.get_mut(customer) {
            customer.line = Some(line);
        }
    }

    fn detach(&mut self, customer: usize) {
        if let Some(line) = self.customers.get_mut(customer).and_then(|customer| customer.line.take())
            && let Some(line) = self.lines.get_mut(line)
        {
            line.customer = None;
        }
    }

    fn close_customer(&mut self, now: Instant, place: usize) {
        self.detach(place);
        let Some(mut customer) = self.customers.remove(place) else { return };
        customer.session.leg.transport.close(now);
        customer.with(&mut self.tools, |session, library, out| session.say_goodbye(now, library, out));
        // The socket is closed by being dropped, which takes it out of the poller, too.
        let _ = self.poll.registry().deregister(&mut customer.socket);
        self.pool.give_back(now, customer.port);
    }

    fn close_line(&mut self, now: Instant, place: usize) {
        let Some(mut line) = self.lines.remove(place) else { return };
        self.demux.forget(&line.ufrag, place);
        if let Some(customer) = line.customer.and_then(|customer| self.customers.get_mut(customer)) {
            customer.line = None;
        }
        line.leg.transport.close(now);
        let shared = &mut self.tools.shared;
        line.leg.pump(now, None, &mut |to, datagram| shared.send(to, datagram), &mut |_| {});
    }

    fn customer_readable(&mut self, now: Instant, place: usize) {
        let handled = catch_unwind(AssertUnwindSafe(|| self.read_customer(now, place)));
        if handled.is_err()
            && let Some(call) = self.customers.get(place).map(|customer| customer.session.call)
        {
            tracing::error!(call.id = %call, "a packet made the media thread panic; the leg is given up");
            self.tools.reports.tell(MediaReport::CustomerFailed { call, why: CustomerFailure::DtlsFailed });
            self.detach(place);
            if let Some(customer) = self.customers.remove(place) {
                self.pool.give_back(now, customer.port);
            }
        }
    }

    fn read_customer(&mut self, now: Instant, place: usize) {
        for _ in 0..TURN {
            let Some(customer) = self.customers.get_mut(place) else { return };
            match customer.socket.recv_from(&mut self.rx) {
                Ok((len, from)) => self.customer_datagram(now, place, socket::plain(from), len),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                // An ICMP message about an earlier datagram of ours; ICE will find out what it means.
                Err(_) => {}
            }
        }
        self.unfinished.push(place);
    }

    fn customer_datagram(&mut self, now: Instant, place: usize, from: SocketAddr, len: usize) {
        let Self { customers, lines, tools, rx, wake_at, .. } = self;
        let Some(customer) = customers.get_mut(place) else { return };
        let packet = &mut rx[..len];
        match kind_of(packet) {
            Kind::Rtp => {
                let line = customer.line;
                let Some(heard) = customer.with(tools, |session, _, out| session.heard(now, packet, out))
                else {
                    return;
                };
                if let Some(line) = line.and_then(|line| lines.get_mut(line))
                    && let Some(to) = line.leg.transport.peer_address()
                {
                    let Shared { socket, out } = &mut tools.shared;
                    out.push(socket, to, |buf| {
                        line.leg.relay(now, &heard, &packet[heard.payload.clone()], buf)
                    });
                }
            }
            Kind::Rtcp => {
                customer.session.leg.receive_rtcp(now, tools.clock, packet);
            }
            Kind::Stun => {
                let Ok(message) = StunMessage::parse(packet) else { return };
                if customer.session.leg.transport.stun(now, from, message) {
                    customer.session.leg.sign_of_life = now;
                    customer.with(tools, |session, library, out| session.pump(now, None, library, out));
                    customer.plan(wake_at);
                }
            }
            Kind::Dtls => {
                let step = customer.session.leg.transport.dtls(now, from, packet);
                customer.with(tools, |session, library, out| session.pump(now, step, library, out));
                customer.plan(wake_at);
            }
            Kind::Other => {}
        }
    }

    fn shared_readable(&mut self, now: Instant, received: &mut Received) {
        loop {
            let more = match received.fill(&self.tools.shared.socket) {
                Ok(more) => more,
                Err(error) => {
                    tracing::warn!(%error, "read the shared agent port");
                    false
                }
            };
            for at in 0..received.count() {
                let Some((from, datagram)) = received.datagram(at) else { continue };
                let mut whose = None;
                let handled =
                    catch_unwind(AssertUnwindSafe(|| self.shared_datagram(now, from, datagram, &mut whose)));
                if handled.is_err()
                    && let Some(place) = whose
                    && let Some(line) = self.lines.get(place).map(|line| line.id)
                {
                    tracing::error!(line.id = %line, "a packet made the media thread panic; the line is given up");
                    self.tools.reports.tell(MediaReport::LineLost { line });
                    self.close_line(now, place);
                }
            }
            if !more {
                return;
            }
        }
    }

    fn shared_datagram(
        &mut self,
        now: Instant,
        from: SocketAddr,
        packet: &mut [u8],
        whose: &mut Option<usize>,
    ) {
        let kind = kind_of(packet);
        let Self { customers, lines, demux, tools, config, wake_at, .. } = self;
        let place = match kind {
            Kind::Stun => {
                let Ok(message) = StunMessage::parse(packet) else { return };
                // As ICE-lite we ask nobody, so nobody answers us.
                let place = message.is_binding_request().then(|| message.split_username()).flatten();
                let Some(place) = place.and_then(|(ours, _)| demux.named(ours)) else { return };
                *whose = Some(place);
                let Some(line) = lines.get_mut(place) else { return };
                if !line.leg.transport.stun(now, from, message) {
                    return;
                }
                demux.learn(from, place);
                place
            }
            Kind::Dtls | Kind::Rtp | Kind::Rtcp => {
                let Some(place) = demux.at(from) else { return };
                place
            }
            Kind::Other => return,
        };
        *whose = Some(place);
        let Some(line) = lines.get_mut(place) else { return };
        let step = match kind {
            Kind::Rtp => {
                let Some(heard) = line.leg.receive_rtp(now, packet) else { return };
                if let Some(customer) = line.customer.and_then(|customer| customers.get_mut(customer)) {
                    let payload = &packet[heard.payload.clone()];
                    customer.with(tools, |session, _, out| {
                        session.agent_speaks(now, line.id, &heard, payload, out)
                    });
                }
                return;
            }
            Kind::Rtcp => {
                line.leg.receive_rtcp(now, tools.clock, packet);
                return;
            }
            Kind::Dtls => line.leg.transport.dtls(now, from, packet),
            Kind::Stun | Kind::Other => None,
        };
        if kind == Kind::Stun {
            line.leg.sign_of_life = now;
        }
        let failed = line.pump(now, step, tools);
        line.plan(config.consent_limit, wake_at);
        if failed {
            self.close_line(now, place);
        }
    }

    /// Does everything that is due.
    fn time(&mut self, now: Instant) {
        self.wake_at = None;
        for place in 0..self.customers.places_end() {
            self.customer_time(now, place);
        }
        for place in 0..self.lines.places_end() {
            self.line_time(now, place);
        }
    }

    fn customer_time(&mut self, now: Instant, place: usize) {
        let Self { customers, lines, tools, limits, wake_at, .. } = self;
        let Some(customer) = customers.get_mut(place) else { return };
        if customer.due.is_none_or(|due| due > now) {
            *wake_at = earliest(*wake_at, customer.due);
            return;
        }
        customer.with(tools, |session, library, out| session.time(now, library, out));
        let line = customer.line.and_then(|line| lines.get_mut(line)).filter(|line| line.leg.is_connected());
        if customer.session.report_due(now) {
            report_quality(now, customer, line, tools);
        } else if let Some(line) = line
            && customer.session.is_live()
            && line.leg.is_silent_since(now, limits.keep_alive)
            && let Some(to) = line.leg.transport.peer_address()
        {
            let Shared { socket, out } = &mut tools.shared;
            out.push(socket, to, |buf| line.leg.generate(now, Source::Silence, SILENCE, buf));
        }
        customer.plan(wake_at);
    }

    fn line_time(&mut self, now: Instant, place: usize) {
        let consent_limit = self.config.consent_limit;
        let Some(line) = self.lines.get_mut(place) else { return };
        if line.due.is_none_or(|due| due > now) {
            self.wake_at = earliest(self.wake_at, line.due);
            return;
        }
        if line.leg.is_connected() && now.saturating_duration_since(line.leg.sign_of_life) >= consent_limit {
            self.tools.reports.tell(MediaReport::LineLost { line: line.id });
            self.close_line(now, place);
            return;
        }
        let step = line.leg.transport.time(now);
        let failed = line.pump(now, step, &mut self.tools);
        line.plan(consent_limit, &mut self.wake_at);
        if failed {
            self.close_line(now, place);
        }
    }
}

/// RTCP on both legs of a call, and the quality of both.
fn report_quality(now: Instant, customer: &mut Customer, line: Option<&mut Line>, tools: &mut Tools) {
    let (clock, cname) = (tools.clock, std::mem::take(&mut tools.cname));
    customer.with(tools, |session, _, out| session.send_report(now, clock, &cname, out));
    let mut agent = None;
    if let Some(line) = line {
        agent = line.leg.meter.quality();
        if let Some(to) = line.leg.transport.peer_address() {
            let Shared { socket, out } = &mut tools.shared;
            out.push(socket, to, |buf| line.leg.report(now, clock, &cname, buf));
        }
    }
    tools.cname = cname;
    if let Some(quality) = customer.session.leg.meter.quality() {
        tools.reports.tell(MediaReport::Quality { call: customer.session.call, customer: quality, agent });
    }
}

fn earliest(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    one.into_iter().chain(other).min()
}
