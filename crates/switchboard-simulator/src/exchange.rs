//! Meta's switchboard: the book of calls. What customers do is in `placing`, what follows in `living`, what the
//! business does in `acting`.

mod acting;
mod living;
mod placing;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use self::acting::Action;
pub use self::placing::PlaceError;
pub(crate) use self::placing::voice_of;
use crate::account::Account;
use crate::call::{Call, CallReport, Letter, LogLine};
use crate::customer::CallState;
use crate::faults::Faults;
use crate::locked;
use crate::media::Media;
use crate::rules::{Limits, SdpRefusal};
use crate::webhooks::Postman;

/// Calls kept in the book after their end.
const MOST_CALLS: usize = 20_000;
/// Lines kept of the general log.
const MOST_LINES: usize = 1_000;

/// A line of the general log.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Note {
    /// The call.
    pub call: String,
    /// Milliseconds since the call began, and what happened.
    #[serde(flatten)]
    pub line: LogLine,
}

/// Everything behind the pretend Graph API and the control API.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) account: Account,
    pub(crate) limits: Arc<Limits>,
    pub(crate) media: Media,
    pub(crate) media_ip: IpAddr,
    pub(crate) phone_ip: IpAddr,
    pub(crate) postman: Postman,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
    pub(crate) settings: Mutex<HashMap<String, serde_json::Value>>,
    sdp_refusal: SdpRefusal,
    book: Mutex<Book>,
    log: Mutex<VecDeque<Note>>,
}

#[derive(Debug, Default)]
struct Book {
    next: u64,
    calls: BTreeMap<u64, Call>,
    by_wacid: HashMap<String, u64>,
    faults: Faults,
    /// The ordinal at which the present faults were set: plans count from there, so that a seed can be replayed.
    faults_since: u64,
}

/// The parts of an exchange that come from outside.
pub(crate) struct Opening {
    pub(crate) account: Account,
    pub(crate) limits: Arc<Limits>,
    pub(crate) media: Media,
    pub(crate) media_ip: IpAddr,
    pub(crate) phone_ip: IpAddr,
    pub(crate) postman: Postman,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
    pub(crate) sdp_refusal: SdpRefusal,
    pub(crate) faults: Faults,
}

impl Exchange {
    pub(crate) fn open(opening: Opening) -> Arc<Self> {
        Arc::new(Self {
            account: opening.account,
            limits: opening.limits,
            media: opening.media,
            media_ip: opening.media_ip,
            phone_ip: opening.phone_ip,
            postman: opening.postman,
            tasks: opening.tasks,
            stop: opening.stop,
            settings: Mutex::default(),
            sdp_refusal: opening.sdp_refusal,
            book: Mutex::new(Book { faults: opening.faults, ..Book::default() }),
            log: Mutex::default(),
        })
    }

    fn find(&self, number: &str, wacid: &str) -> Option<u64> {
        let book = locked(&self.book);
        let ordinal = *book.by_wacid.get(wacid)?;
        book.calls.get(&ordinal).filter(|call| call.parties.number_id == number).map(|call| call.ordinal)
    }

    /// The ordinal behind `sim_7` or a wacid.
    pub(crate) fn ordinal(&self, id: &str) -> Option<u64> {
        let book = locked(&self.book);
        match id.strip_prefix("sim_") {
            Some(number) => number.parse().ok().filter(|ordinal| book.calls.contains_key(ordinal)),
            None => book.by_wacid.get(id).copied(),
        }
    }

    pub(crate) fn with_call<Out>(&self, ordinal: u64, work: impl FnOnce(&mut Call) -> Out) -> Option<Out> {
        locked(&self.book).calls.get_mut(&ordinal).map(work)
    }

    /// All calls, the newest first.
    pub(crate) fn reports(&self, limit: usize) -> Vec<CallReport> {
        locked(&self.book).calls.values().rev().take(limit).map(Call::report).collect()
    }

    pub(crate) fn faults(&self) -> Faults {
        locked(&self.book).faults.clone()
    }

    pub(crate) fn set_faults(&self, faults: Faults) {
        let mut book = locked(&self.book);
        book.faults_since = book.next;
        book.faults = faults;
    }

    pub(crate) fn note(&self, ordinal: u64, what: impl Into<String>) {
        let Some((call, line)) = self.with_call(ordinal, |call| (call.id(), call.note(what))) else { return };
        tracing::debug!(call = %call, what = %line.what, "simulated call");
        let mut log = locked(&self.log);
        if log.len() == MOST_LINES {
            log.pop_front();
        }
        log.push_back(Note { call, line });
    }

    pub(crate) fn log(&self) -> Vec<Note> {
        locked(&self.log).iter().cloned().collect()
    }
}

impl Call {
    /// Puts a webhook on its way, after those written before.
    fn write(&mut self, what: &'static str, bytes: Vec<u8>, delay: Duration) {
        if self.letters.try_send(Letter { what, bytes, delay }).is_err() {
            self.note(format!("webhook {what} could not be queued"));
        }
    }

    /// No more webhooks follow: the delivery task ends after the last one.
    fn close_letters(&mut self) {
        self.letters = mpsc::channel(1).0;
    }
}

impl CallReport {
    fn ordinal(&self) -> u64 {
        self.id.trim_start_matches("sim_").parse().unwrap_or_default()
    }
}

impl Book {
    fn forget_old(&mut self) {
        while self.calls.len() > MOST_CALLS {
            let oldest = self.calls.values().find(|call| call.customer.state() == CallState::Ended);
            let Some((ordinal, wacid)) = oldest.map(|call| (call.ordinal, call.wacid.clone())) else {
                return;
            };
            self.calls.remove(&ordinal);
            self.by_wacid.remove(&wacid);
        }
    }
}
