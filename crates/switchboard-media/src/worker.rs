//! The media thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;

use crossbeam_channel::Receiver;
use switchboard_core::call::input::MediaRefusal;
use switchboard_core::ids::{CallId, LineId};
use tokio::sync::{mpsc, oneshot};

use crate::command::MediaCommand;
use crate::engine::{LineRefusal, MediaConfig, MediaError, PortUsage};
use crate::report::MediaReport;
use crate::sdp::{CustomerOffer, LineOffer};

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

/// The port pool's counters, written by the thread.
#[derive(Debug, Default)]
pub(crate) struct PortCounters {
    pub(crate) total: AtomicU32,
    pub(crate) in_use: AtomicU32,
    pub(crate) held_by_others: AtomicU32,
}

impl PortCounters {
    pub(crate) fn read(&self) -> PortUsage {
        PortUsage {
            total: self.total.load(Ordering::Relaxed),
            in_use: self.in_use.load(Ordering::Relaxed),
            held_by_others: self.held_by_others.load(Ordering::Relaxed),
        }
    }
}

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
    let poll = mio::Poll::new().map_err(|error| MediaError::Start(error.to_string()))?;
    let wake = mio::Waker::new(poll.registry(), mio::Token(0)).map_err(|error| MediaError::Start(error.to_string()))?;
    let thread = std::thread::Builder::new()
        .name("media-0".into())
        .spawn(move || {
            let _reports = reports;
            while orders.recv().is_ok() {}
        })
        .map_err(|error| MediaError::Start(error.to_string()))?;
    Ok(Started { wake: Wake(Arc::new(wake)), ports: Arc::default(), agent_port: config.agent_port, thread })
}
