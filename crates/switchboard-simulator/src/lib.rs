//! PRETEND: Meta and its customers, in a box.
//!
//! A Graph API, signed webhooks and a real media peer on a port of their own, driven by a control API and by a
//! phone page. It judges the product by Meta's documents and shares no parser and no media code with it: only
//! how a phone number is written (`ids`). Media is plain str0m with str0m's own SRTP.

mod account;
pub mod agent;
mod call;
mod calling_settings;
mod chance;
mod clock;
mod control;
mod customer;
mod exchange;
mod faults;
mod graph_api;
pub mod ids;
mod letters;
pub mod load;
mod media;
mod pairs;
mod people;
pub mod permissions;
mod phone;
mod rules;
mod standing;
mod webhooks;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

pub use crate::account::{Account, BusinessNumber, CustomerCard, Secret, Template};
pub use crate::call::{CallReport, LogLine, NewCall, Profile, Sent, Sound, Timings, Webhooks};
pub use crate::customer::{CallState, Direction, EndedBy};
pub use crate::exchange::{Between, PermitError, PlaceError, Switches};
pub use crate::faults::{Faults, GraphFault};
pub use crate::media::audio::SoundError;
pub use crate::media::g711::Law;
pub use crate::media::hearing::Heard;
pub use crate::media::sdp::OfferShape;
pub use crate::media::sdp::business::{AnswerSetup, AnswerShape};
pub use crate::pairs::{Message, PairReport, Writer};
pub use crate::people::{Behaviour, OnCall, OnMessage};
pub use crate::rules::{Limits, SdpRefusal, WindowRefusal};
pub use crate::standing::{NumberChange, Restriction};

use crate::exchange::{Exchange, Opening};
use crate::media::Media;
use crate::permissions::{Answer, Standing};
use crate::webhooks::Postman;

/// How a simulator is set up.
#[derive(Debug, Clone)]
pub struct SimulatorConfig {
    /// Where the Graph API, the control API and the phone page listen. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Allows addresses other than loopback: everybody who reaches the port can then make customers call.
    pub expose: bool,
    /// Where webhooks go.
    pub webhook_url: Url,
    /// The business account.
    pub account: Account,
    /// The address of the customers' media.
    pub media_ip: IpAddr,
    /// The address the phone page's browser sends its sound to.
    pub phone_ip: IpAddr,
    /// Meta's limits; tests shorten them.
    pub limits: Limits,
    /// The code bad SDP is refused with.
    pub sdp_refusal: SdpRefusal,
    /// Mishaps from the beginning.
    pub faults: Faults,
    /// What Meta does one way or the other, from the beginning.
    pub switches: Switches,
}

impl SimulatorConfig {
    /// The demo account on 127.0.0.1:8090, with webhooks to this address.
    #[must_use]
    pub fn new(webhook_url: Url) -> Self {
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Self {
            listen: SocketAddr::new(loopback, 8090),
            expose: false,
            webhook_url,
            account: Account::demo(),
            media_ip: loopback,
            phone_ip: loopback,
            limits: Limits::default(),
            sdp_refusal: SdpRefusal::default(),
            faults: Faults::default(),
            switches: Switches::default(),
        }
    }
}

/// Why a simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Not a loopback address, and not told to expose itself.
    #[error("{0} is not a loopback address: the simulator listens there only when told to expose itself")]
    NotLoopback(IpAddr),
    /// The port could not be opened.
    #[error("listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The media thread did not start.
    #[error("start the media thread")]
    Media(#[source] io::Error),
    /// The HTTP client for webhooks could not be made.
    #[error("prepare to send webhooks")]
    Webhooks(#[source] reqwest::Error),
}

/// A running simulator. Dropping it leaves it running; `shutdown` ends it.
#[derive(Debug, Clone)]
pub struct Simulator {
    exchange: Arc<Exchange>,
    address: SocketAddr,
}

impl Simulator {
    /// Starts listening. `pages` are the assets of the phone page, served where no API route matches.
    pub async fn start(config: SimulatorConfig, pages: Option<Router>) -> Result<Self, StartError> {
        let addresses = [config.listen.ip(), config.media_ip, config.phone_ip];
        if let Some(open) = addresses.iter().find(|ip| !config.expose && !ip.is_loopback()) {
            return Err(StartError::NotLoopback(*open));
        }
        let listen = config.listen;
        let listening = |source| StartError::Listen { address: listen, source };
        let listener = TcpListener::bind(listen).await.map_err(listening)?;
        let address = listener.local_addr().map_err(listening)?;
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let limits = Arc::new(config.limits);
        let postman = Postman::new(
            config.webhook_url,
            config.account.app_secret.clone(),
            Arc::clone(&limits),
            tasks.clone(),
            stop.clone(),
        )
        .map_err(StartError::Webhooks)?;
        let exchange = Exchange::open(Opening {
            account: config.account,
            limits,
            media: Media::start().map_err(StartError::Media)?,
            media_ip: config.media_ip,
            phone_ip: config.phone_ip,
            postman,
            tasks: tasks.clone(),
            stop: stop.clone(),
            sdp_refusal: config.sdp_refusal,
            faults: config.faults,
            switches: config.switches,
        });
        let mut router =
            Router::new().merge(graph_api::routes()).merge(control::routes()).merge(phone::routes());
        if let Some(pages) = pages {
            router = router.fallback_service(pages);
        }
        let router = router.with_state(Arc::clone(&exchange));
        tasks.spawn(async move {
            use axum::serve::ListenerExt;
            // Two small writes per answer would otherwise wait 40 ms for each other.
            let listener = listener.tap_io(|stream| {
                let _ = stream.set_nodelay(true);
            });
            let served =
                axum::serve(listener, router).with_graceful_shutdown(async move { stop.cancelled().await });
            if let Err(error) = served.await {
                tracing::error!(%error, "serve the simulator");
            }
        });
        Ok(Self { exchange, address })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base of its addresses, `http://127.0.0.1:8090`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A customer calls.
    pub fn place_call(&self, call: &NewCall) -> Result<CallReport, PlaceError> {
        self.exchange.place(call)
    }

    /// A call by its simulator id or its wacid.
    #[must_use]
    pub fn call(&self, id: &str) -> Option<CallReport> {
        self.exchange.ordinal(id).and_then(|ordinal| self.exchange.with_call(ordinal, |call| call.report()))
    }

    /// All calls in the book, the newest first.
    #[must_use]
    pub fn calls(&self) -> Vec<CallReport> {
        self.exchange.reports(usize::MAX)
    }

    /// When a call began: a customer's at his click, one of the business when its `connect` was here.
    #[must_use]
    pub fn begun_at(&self, id: &str) -> Option<Instant> {
        let ordinal = self.exchange.ordinal(id)?;
        self.exchange.with_call(ordinal, |call| call.customer.offered_at)
    }

    /// The customer hangs up.
    pub fn hang_up(&self, id: &str) {
        if let Some(ordinal) = self.exchange.ordinal(id) {
            self.exchange.hang_up(ordinal);
        }
    }

    /// From now on the longest gap of a call is counted anew: what was before a trial is not its result.
    pub fn listen_anew(&self, id: &str) {
        if let Some(ordinal) = self.exchange.ordinal(id) {
            self.exchange.with_call(ordinal, |call| locked(&call.facts.hearing).listen_anew());
        }
    }

    /// Sets the mishaps of the calls to come.
    pub fn set_faults(&self, faults: Faults) {
        self.exchange.set_faults(faults);
    }

    /// The simulator's wall clock, seconds since 1970: what expires, expires by it.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.exchange.clock.unix_seconds()
    }

    /// Puts that clock forward. What rings or is silent at this moment does not notice.
    pub fn advance(&self, by: Duration) {
        self.exchange.advance(by);
    }

    /// From now on a customer behaves like this.
    pub fn behave(&self, customer: &str, behaviour: Behaviour) -> Result<(), PermitError> {
        let (_, person) = self.exchange.meant(customer.into())?;
        self.exchange.people(|people| people.behave(&person.user_id, behaviour));
        Ok(())
    }

    /// What is granted and written between a number and a customer.
    pub fn pair<'a>(&self, pair: impl Into<Between<'a>>) -> Result<PairReport, PermitError> {
        let (number, person) = self.exchange.meant(pair.into())?;
        Ok(self.exchange.pair_report(&number.id, &person.user_id))
    }

    /// Puts a permission there, without a webhook.
    pub fn set_permission<'a>(
        &self,
        pair: impl Into<Between<'a>>,
        standing: Standing,
    ) -> Result<(), PermitError> {
        self.exchange.put_permission(pair.into(), standing, 0).map(|_| ())
    }

    /// The customer answers the newest permission request.
    pub fn reply<'a>(&self, pair: impl Into<Between<'a>>, answer: Answer) -> Result<Standing, PermitError> {
        let (number, person) = self.exchange.meant(pair.into())?;
        self.exchange.reply(&number, &person, None, answer)
    }

    /// The customer sets the permission in the profile of the business, or takes it back there.
    pub fn set_in_profile<'a>(
        &self,
        pair: impl Into<Between<'a>>,
        answer: Answer,
    ) -> Result<Standing, PermitError> {
        let (number, person) = self.exchange.meant(pair.into())?;
        self.exchange.set_in_profile(&number, &person, answer)
    }

    /// The customer writes; gives the message's id.
    pub fn write<'a>(&self, pair: impl Into<Between<'a>>, text: &str) -> Result<String, PermitError> {
        let (number, person) = self.exchange.meant(pair.into())?;
        self.exchange.customer_writes(&number, &person, text, None, 0)
    }

    /// The customer picks up; false when his phone does not ring.
    pub fn pick_up(&self, id: &str) -> bool {
        self.exchange.ordinal(id).is_some_and(|ordinal| self.exchange.pick_up(ordinal))
    }

    /// The customer declines; false when there is nothing to decline.
    pub fn decline(&self, id: &str) -> bool {
        self.exchange.ordinal(id).is_some_and(|ordinal| self.exchange.decline(ordinal))
    }

    /// Changes how a number stands with Meta; restrictions and quality are told by webhooks.
    pub fn change_number(&self, number: &str, change: NumberChange) -> Result<(), PermitError> {
        self.exchange.change_number(number, change)
    }

    /// Meta warns about a number, for example with `USER_INITIATED_CALLS_LOW_PICKUP_RATE`.
    pub fn warn(&self, number: &str, violation: &str) -> Result<(), PermitError> {
        self.exchange.warn(number, violation, None)
    }

    /// Throws over what Meta does one way or the other.
    pub fn set_switches(&self, switches: Switches) {
        self.exchange.set_switches(switches);
    }

    /// Does the webhook handshake; true when the business answered with the challenge.
    pub async fn handshake(&self) -> bool {
        self.exchange.postman.handshake(&self.exchange.account.verify_token).await
    }

    /// Ends all calls (with their terminate webhooks), then everything else.
    pub async fn shutdown(self) {
        self.exchange.stop.cancel();
        self.exchange.tasks.close();
        self.exchange.tasks.wait().await;
    }
}

/// Locks; a panic of another thread left the data as usable as it was.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
