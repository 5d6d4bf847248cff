//! The handle the rest of the exchange holds: it reads offers, places legs on the media thread and passes orders on.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Sender, TrySendError};
use switchboard_core::call::input::MediaRefusal;
use switchboard_core::ids::{CallId, LineId};
use switchboard_core::media_terms::MediaTerms;
use tokio::sync::{mpsc, oneshot};

use crate::clock::Clock;
use crate::command::MediaCommand;
use crate::recording::RecordingOutput;
use crate::recording::writer::Writer;
use crate::report::MediaReport;
use crate::sdp;
use crate::srtp::SrtpProfile;
use crate::worker::{self, Order, PortCounters, Wake};

/// Orders waiting for the media thread. It empties the queue every turn (microseconds); a full queue means
/// that the thread hangs.
const ORDER_QUEUE: usize = 4_096;
/// Reports waiting for the engine, before the media thread keeps them itself.
const REPORT_QUEUE: usize = 8_192;
/// How long a caller waits for the media thread to make a leg.
const OPEN_TIMEOUT: Duration = Duration::from_secs(2);
/// How long `command` may block when the queue is full.
const COMMAND_PATIENCE: Duration = Duration::from_millis(100);

/// How the media engine is set up.
#[derive(Debug, Clone)]
pub struct MediaConfig {
    /// Where sockets are bound: the wildcard of IPv4, or of IPv6 (which then serves both).
    pub bind: IpAddr,
    /// The addresses we tell peers, in order of preference; the first is also the `c=` line. Never bound.
    pub advertise: Vec<IpAddr>,
    /// The UDP ports of customer legs, one each.
    pub ports: RangeInclusive<u16>,
    /// The one UDP port of all agent lines. 0 takes any free one ([`MediaEngine::agent_port`] tells which).
    pub agent_port: u16,
    /// Customer legs and lines together that may exist at once.
    pub max_legs: usize,
    /// How long a freed port rests, so that late packets of the old call do not reach a new one.
    pub port_quarantine: Duration,
    /// How long ICE and DTLS of a leg may take together.
    pub connect_limit: Duration,
    /// A connected line without a sign of life for this long is lost (RFC 7675 consent, checked by the browser's
    /// own checks every 2.5 s or so).
    pub consent_limit: Duration,
    /// C11: no authentic RTP or RTCP from the customer for this long after the gate opened.
    pub silence_limit: Duration,
    /// M8: a leg to which nothing was sent for this long gets a frame of silence. Meta hangs up after 20 s without
    /// media at the start of a call and after 30 s later (error 138021).
    pub keep_alive: Duration,
    /// How often RTCP reports leave and quality is reported.
    pub report_every: Duration,
    /// Only for tests of both ends of this process: takes the DTLS keying material as if this SRTP profile had been
    /// agreed. The exporter's shorter output is a prefix of the longer one (RFC 5246 §5), and our DTLS library always
    /// agrees with itself on AES-256-GCM, so this is how the other two profiles meet a peer in tests.
    #[doc(hidden)]
    pub assume_profile: Option<SrtpProfile>,
}

impl Default for MediaConfig {
    fn default() -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            advertise: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
            ports: 50_000..=51_999,
            agent_port: 40_000,
            max_legs: 4_096,
            port_quarantine: Duration::from_secs(5),
            connect_limit: Duration::from_secs(30),
            consent_limit: Duration::from_secs(5),
            silence_limit: Duration::from_secs(30),
            keep_alive: Duration::from_secs(5),
            report_every: Duration::from_secs(5),
            assume_profile: None,
        }
    }
}

/// Why the engine could not start.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// Nothing to tell peers.
    #[error("no address to advertise: set VOIP_SERVER_IP")]
    NoAddress,
    /// An advertised address cannot be reached by anybody.
    #[error("{0} cannot be advertised: it is not the address of one host")]
    BadAddress(IpAddr),
    /// The shared port of the agent lines is taken.
    #[error("bind the shared agent port {port}/udp")]
    AgentPort {
        /// Which port.
        port: u16,
        /// What the system said.
        source: std::io::Error,
    },
    /// The system gave us no thread, no poller or no certificate.
    #[error("start the media thread: {0}")]
    Start(String),
}

/// Why a line could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineRefusal {
    /// The browser's offer is unusable; the text is for the operator.
    #[error("the browser's offer cannot be used: {0}")]
    BadOffer(String),
    /// As many legs as allowed exist already.
    #[error("no room for another line")]
    Full,
    /// The media engine is gone or did not answer in time.
    #[error("the media engine does not answer")]
    Unavailable,
}

/// How the port pool of the customer legs stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortUsage {
    /// Ports in the pool.
    pub total: u32,
    /// In use by customer legs (resting ones not counted).
    pub in_use: u32,
    /// Found held by another process when we last tried them.
    pub held_by_others: u32,
}

/// The media engine. Cheap to clone; the thread ends when the last clone is gone.
#[derive(Debug, Clone)]
pub struct MediaEngine {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    orders: Sender<Order>,
    wake: Wake,
    ports: Arc<PortCounters>,
    agent_port: u16,
    thread: Option<JoinHandle<()>>,
    recordings: Writer,
}

impl MediaEngine {
    /// Binds the shared port and starts the media thread.
    ///
    /// # Errors
    /// When no usable address is configured, the shared port is taken, or the system refuses a thread.
    pub fn start(config: MediaConfig) -> Result<(Self, mpsc::Receiver<MediaReport>), MediaError> {
        if config.advertise.is_empty() {
            return Err(MediaError::NoAddress);
        }
        if let Some(bad) = config.advertise.iter().find(|ip| ip.is_unspecified() || ip.is_multicast()) {
            return Err(MediaError::BadAddress(*bad));
        }
        let (orders, order_queue) = crossbeam_channel::bounded(ORDER_QUEUE);
        let (reports, report_queue) = mpsc::channel(REPORT_QUEUE);
        let recordings =
            Writer::start(Clock::start()).map_err(|error| MediaError::Start(error.to_string()))?;
        let started = worker::start(config, order_queue, reports)?;
        let inner = Inner {
            orders,
            wake: started.wake,
            ports: started.ports,
            agent_port: started.agent_port,
            thread: Some(started.thread),
            recordings,
        };
        Ok((Self { inner: Arc::new(inner) }, report_queue))
    }

    /// Makes the customer leg of a call from the provider's offer, as far as the number's terms take it; ICE and DTLS
    /// start at once. Nothing but STUN and DTLS leaves before [`MediaCommand::OpenGate`].
    ///
    /// # Errors
    /// `BadOffer` with a text for the operator, `NoPorts` when the pool is used up, `Unavailable` when the thread
    /// does not answer.
    pub async fn open_customer(
        &self,
        call: CallId,
        offer: &str,
        terms: MediaTerms,
    ) -> Result<String, MediaRefusal> {
        let offer = sdp::read_customer_offer(offer, terms)
            .map_err(|refusal| MediaRefusal::BadOffer(refusal.to_string()))?;
        let (reply, answer) = oneshot::channel();
        self.place(Order::OpenCustomer { call, offer: Box::new(offer), reply })
            .ok_or(MediaRefusal::Unavailable)?;
        match tokio::time::timeout(OPEN_TIMEOUT, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => {
                self.command(MediaCommand::CloseCustomer { call });
                Err(MediaRefusal::Unavailable)
            }
        }
    }

    /// Makes the customer leg of a call of ours and gives the offer for it. Nothing leaves before the customer's side
    /// has answered.
    ///
    /// # Errors
    /// `NoPorts` when the pool is used up, `Unavailable` when the thread does not answer.
    pub async fn offer_customer(&self, call: CallId, terms: MediaTerms) -> Result<String, MediaRefusal> {
        let (reply, answer) = oneshot::channel();
        self.place(Order::OfferCustomer { call, terms, reply }).ok_or(MediaRefusal::Unavailable)?;
        match tokio::time::timeout(OPEN_TIMEOUT, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => {
                self.command(MediaCommand::CloseCustomer { call });
                Err(MediaRefusal::Unavailable)
            }
        }
    }

    /// Hands in the answer to that offer, made with the same terms; ICE and DTLS start at once. Nothing but STUN and
    /// DTLS leaves before [`MediaCommand::OpenGate`].
    ///
    /// # Errors
    /// `BadOffer` with a text for the operator, `Unavailable` when the thread does not answer.
    pub async fn customer_answered(
        &self,
        call: CallId,
        answer: &str,
        terms: MediaTerms,
    ) -> Result<(), MediaRefusal> {
        let answer = sdp::read_customer_answer(answer, terms)
            .map_err(|refusal| MediaRefusal::BadOffer(format!("the answer to our offer: {refusal}")))?;
        let (reply, done) = oneshot::channel();
        self.place(Order::AnswerCustomer { call, answer: Box::new(answer), reply })
            .ok_or(MediaRefusal::Unavailable)?;
        match tokio::time::timeout(OPEN_TIMEOUT, done).await {
            Ok(Ok(done)) => done,
            Ok(Err(_)) | Err(_) => Err(MediaRefusal::Unavailable),
        }
    }

    /// Makes a line from the browser's offer; the browser connects to the shared port.
    ///
    /// # Errors
    /// `BadOffer` with a text for the operator, `Full`, or `Unavailable` when the thread does not answer.
    pub async fn open_line(&self, line: LineId, offer: &str) -> Result<String, LineRefusal> {
        let offer =
            sdp::read_line_offer(offer).map_err(|refusal| LineRefusal::BadOffer(refusal.to_string()))?;
        let (reply, answer) = oneshot::channel();
        self.place(Order::OpenLine { line, offer: Box::new(offer), reply })
            .ok_or(LineRefusal::Unavailable)?;
        match tokio::time::timeout(OPEN_TIMEOUT, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => {
                self.command(MediaCommand::CloseLine { line });
                Err(LineRefusal::Unavailable)
            }
        }
    }

    /// Keeps what the customer of this call says and hears from now on, until `StopRecording` or the end of his leg.
    /// None: the thread that writes recordings is gone or hangs.
    #[must_use]
    pub fn start_recording(&self, call: CallId) -> Option<RecordingOutput> {
        let (tap, output) = self.inner.recordings.begin()?;
        self.place(Order::StartRecording { call, tap })?;
        Some(output)
    }

    /// Passes an order on. Blocks for 100 ms at most, and only when the media thread hangs; an order lost then is an
    /// ERROR in the log.
    pub fn command(&self, command: MediaCommand) {
        if self.place(Order::Command(command.clone())).is_none() {
            tracing::error!(?command, "the media thread takes no orders; one is lost");
        }
    }

    /// Is the media thread still running? `/readyz` asks.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.inner.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// The shared port of all agent lines.
    #[must_use]
    pub fn agent_port(&self) -> u16 {
        self.inner.agent_port
    }

    /// How the port pool stands. Never waits.
    #[must_use]
    pub fn ports(&self) -> PortUsage {
        self.inner.ports.read()
    }

    fn place(&self, order: Order) -> Option<()> {
        match self.inner.orders.try_send(order) {
            Ok(()) => {}
            Err(TrySendError::Full(order)) => {
                self.inner.wake.wake();
                self.inner.orders.send_timeout(order, COMMAND_PATIENCE).ok()?;
            }
            Err(TrySendError::Disconnected(_)) => return None,
        }
        self.inner.wake.wake();
        Some(())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The thread ends when the queue has no sender left.
        let (nobody, _) = crossbeam_channel::bounded(0);
        self.orders = nobody;
        self.wake.wake();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the media thread had panicked");
        }
    }
}
