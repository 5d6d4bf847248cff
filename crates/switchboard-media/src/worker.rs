//! One media thread: sockets, timers, many sessions; the only loop. No locks, no async, no waiting but for the poller.
//! A call and its line live on one thread for life; a second thread would be a second [`Worker`] with its own ports.

mod counted;
mod demux;
mod open;
mod peers;
mod ports;
mod receive;
mod socket;
mod table;
mod timers;

use std::net::IpAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, TryRecvError};
use mio::{Events, Interest, Poll, Token};
use switchboard_core::call::input::MediaRefusal;
use switchboard_core::ids::{CallId, LineId};
use switchboard_core::media_terms::MediaTerms;
use tokio::sync::{mpsc, oneshot};

use self::demux::Demux;
use self::peers::{Customer, Line, Shared, Tools};
pub(crate) use self::ports::PortCounters;
use self::ports::PortPool;
use self::socket::{DATAGRAM, Outgoing, Received};
use self::table::Table;
use crate::chance;
use crate::clock::Clock;
use crate::command::{MediaCommand, MediaSeat};
use crate::engine::{LineRefusal, MediaConfig, MediaError};
use crate::leg::transport::Identity;
use crate::playback::Library;
use crate::recording::tap::Tap;
use crate::report::{CustomerFailure, MediaReport};
use crate::reporter::Reporter;
use crate::sdp::{CustomerAnswered, CustomerOffer, LineOffer};
use crate::session::Limits;
use crate::transcode::Translators;

const WAKE: Token = Token(0);
const SHARED: Token = Token(1);
/// Customer sockets have the tokens from here on.
const FIRST_CUSTOMER: usize = 2;
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
    /// A call of ours: our offer is asked for.
    OfferCustomer {
        call: CallId,
        terms: MediaTerms,
        reply: oneshot::Sender<Result<String, MediaRefusal>>,
    },
    /// The answer to it.
    AnswerCustomer {
        call: CallId,
        answer: Box<CustomerAnswered>,
        reply: oneshot::Sender<Result<(), MediaRefusal>>,
    },
    OpenLine {
        line: LineId,
        offer: Box<LineOffer>,
        reply: oneshot::Sender<Result<String, LineRefusal>>,
    },
    /// Puts a tap onto a call.
    StartRecording {
        call: CallId,
        tap: Tap,
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
    let translators = Translators::start(clock, wake.clone()).map_err(failed)?;
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
        translators,
        pool,
        poll,
        orders,
        strangers: 0,
        customers: Table::default(),
        lines: Table::default(),
        demux: Demux::default(),
        legs_made: 0,
        unfinished: Vec::new(),
        shared_unfinished: false,
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
    translators: Translators,
    pool: PortPool,
    poll: Poll,
    orders: Receiver<Order>,
    limits: Limits,
    /// Datagrams of nobody since they were counted last.
    strangers: u64,
    customers: Table<CallId, Customer>,
    lines: Table<LineId, Line>,
    demux: Demux,
    legs_made: u32,
    /// Customer sockets that had more to read than a turn.
    unfinished: Vec<usize>,
    /// The shared port still had something when its turn was over.
    shared_unfinished: bool,
    wake_at: Option<Instant>,
    next_scan: Instant,
    rx: Box<[u8]>,
    tools: Tools,
}

impl Worker {
    fn run(mut self) {
        let mut events = Events::with_capacity(1_024);
        let mut received = Received::new();
        loop {
            let now = self.tools.clock.now();
            let sleep = match self.wake_at {
                _ if self.shared_unfinished || !self.unfinished.is_empty() => Duration::ZERO,
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
            self.take_translated(now);
            for customer in std::mem::take(&mut self.unfinished) {
                self.customer_readable(now, customer);
            }
            if std::mem::take(&mut self.shared_unfinished) {
                self.shared_readable(now, &mut received);
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
                Ok(Order::OfferCustomer { call, terms, reply }) => {
                    let _ = reply.send(self.offer_customer(now, call, terms));
                }
                Ok(Order::AnswerCustomer { call, answer, reply }) => {
                    let _ = reply.send(self.customer_answered(now, call, &answer));
                }
                Ok(Order::OpenLine { line, offer, reply }) => {
                    let _ = reply.send(self.open_line(now, line, &offer));
                }
                Ok(Order::StartRecording { call, tap }) => {
                    // Without its call the tap goes, and the recording is over before it began.
                    if let Some(customer) = self.customers.of(call) {
                        customer.session.start_recording(now, tap);
                    }
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

    fn command(&mut self, now: Instant, command: MediaCommand) {
        match command {
            MediaCommand::OpenGate { call } => {
                let Some(customer) = self.customers.of(call) else { return };
                customer.with(&mut self.tools, |session, library, out| session.open_gate(now, library, out));
                customer.plan(&mut self.wake_at);
            }
            MediaCommand::Ringback { call } => {
                let Some(customer) = self.customers.of(call) else { return };
                customer.with(&mut self.tools, |session, library, _| session.ring_back(now, library));
                customer.plan(&mut self.wake_at);
            }
            MediaCommand::Bridge { call, seat } => {
                let Some(place) = self.customers.place_of(call) else { return };
                self.detach(place);
                let Some(customer) = self.customers.get_mut(place) else { return };
                let line = if let MediaSeat::Line(line) = seat { Some(line) } else { None };
                customer.with(&mut self.tools, |session, library, _| session.take_seat(now, seat, library));
                customer.plan(&mut self.wake_at);
                if let Some(line) = line
                    && let Some(line) = self.lines.place_of(line)
                {
                    self.attach(place, line);
                }
            }
            MediaCommand::PauseRecording { call } => {
                if let Some(customer) = self.customers.of(call) {
                    customer.session.pause_recording(now);
                }
            }
            MediaCommand::ResumeRecording { call } => {
                if let Some(customer) = self.customers.of(call) {
                    customer.session.resume_recording(now);
                }
            }
            MediaCommand::StopRecording { call } => {
                if let Some(customer) = self.customers.of(call) {
                    customer.session.stop_recording(now);
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
        customer.session.stop_recording(now);
        customer.session.leg.transport.close(now);
        customer.with(&mut self.tools, |session, library, out| session.say_goodbye(now, library, out));
        // The socket is closed by being dropped, which takes it out of the poller, too.
        let _ = self.poll.registry().deregister(&mut customer.socket);
        self.pool.give_back(now, customer.port);
        counted::gather("customer", &mut customer.session.leg.meter);
        counted::legs("customer", self.customers.len());
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
        counted::gather("agent", &mut line.leg.meter);
        counted::legs("agent", self.lines.len());
    }

    /// Something of this leg made the thread panic: the call ends, the others go on. Its transport may be in any state
    /// and is not asked to say goodbye.
    fn give_up_customer(&mut self, now: Instant, place: usize) {
        self.detach(place);
        let Some(mut customer) = self.customers.remove(place) else { return };
        let call = customer.session.call;
        tracing::error!(call.id = %call, "a customer leg made the media thread panic; the leg is given up");
        self.tools.reports.tell(MediaReport::CustomerFailed { call, why: CustomerFailure::DtlsFailed });
        let _ = self.poll.registry().deregister(&mut customer.socket);
        self.pool.give_back(now, customer.port);
    }

    /// The same for an agent's line; the agent's page opens another one.
    fn give_up_line(&mut self, place: usize) {
        let Some(line) = self.lines.remove(place) else { return };
        tracing::error!(line.id = %line.id, "a line made the media thread panic; the line is given up");
        self.demux.forget(&line.ufrag, place);
        if let Some(customer) = line.customer.and_then(|customer| self.customers.get_mut(customer)) {
            customer.line = None;
        }
        self.tools.reports.tell(MediaReport::LineLost { line: line.id });
    }
}

fn earliest(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    one.into_iter().chain(other).min()
}
