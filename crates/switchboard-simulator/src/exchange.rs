//! Meta's switchboard: the book of calls. What customers do is in `placing`, what follows in `living`, what the
//! business does in `acting`.

mod acting;
mod dialling;
mod living;
mod meaning;
mod messaging;
mod permitting;
mod placing;
mod posting;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use self::acting::Action;
pub(crate) use self::dialling::Dial;
pub use self::meaning::Between;
pub(crate) use self::meaning::LONGEST_TEXT;
pub(crate) use self::messaging::Letterhead;
pub use self::permitting::PermitError;
pub use self::placing::PlaceError;
pub(crate) use self::placing::voice_of;
use self::posting::Lanes;
use crate::account::Account;
use crate::call::{Call, CallReport, Letter, LogLine};
use crate::clock::WallClock;
use crate::customer::CallState;
use crate::faults::Faults;
use crate::locked;
use crate::media::Media;
use crate::media::sdp::business::{AnswerSetup, AnswerShape};
use crate::pairs::Pairs;
use crate::people::People;
use crate::rules::{Limits, SdpRefusal, WindowRefusal};
use crate::standing::NumberStanding;
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

/// What Meta does one way or the other; tests and people throw these over while the simulator runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// What stands as `a=setup` in Meta's answers.
    pub answer_setup: AnswerSetup,
    /// Which generation of answers.
    pub answer_shape: AnswerShape,
    /// The connect webhook of a call of the business carries `connection` beside `session`, as in 2024.
    pub legacy_connection: bool,
    /// How free messages outside the window are refused.
    pub outside_window: WindowRefusal,
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
    pub(crate) clock: WallClock,
    numbers: Mutex<HashMap<String, NumberStanding>>,
    people: Mutex<People>,
    pairs: Mutex<Pairs>,
    switches: Mutex<Switches>,
    /// Customers a person plays on the phone page, and on how many pages.
    played: Mutex<HashMap<String, usize>>,
    /// Counts what happened to pairs, so that phone pages can wait for the next thing.
    pub(crate) happened: watch::Sender<u64>,
    lookups: Mutex<VecDeque<std::time::Instant>>,
    lanes: Lanes,
    sdp_refusal: SdpRefusal,
    book: Mutex<Book>,
    log: Mutex<VecDeque<Note>>,
}

#[derive(Debug, Default)]
struct Book {
    next: u64,
    calls: BTreeMap<u64, Call>,
    by_wacid: HashMap<String, u64>,
    /// Requests about no call in particular: the dice of their faults count them.
    requests: u64,
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
    pub(crate) switches: Switches,
}

impl Exchange {
    pub(crate) fn open(opening: Opening) -> Arc<Self> {
        let lanes = Lanes::open(&opening.postman, &opening.tasks, &opening.stop);
        let people = Mutex::new(People::of(&opening.account.customers));
        Arc::new(Self {
            account: opening.account,
            limits: opening.limits,
            media: opening.media,
            media_ip: opening.media_ip,
            phone_ip: opening.phone_ip,
            postman: opening.postman,
            tasks: opening.tasks,
            stop: opening.stop,
            clock: WallClock::default(),
            numbers: Mutex::default(),
            people,
            pairs: Mutex::default(),
            switches: Mutex::new(opening.switches),
            played: Mutex::default(),
            happened: watch::Sender::new(0),
            lookups: Mutex::default(),
            lanes,
            sdp_refusal: opening.sdp_refusal,
            book: Mutex::new(Book { faults: opening.faults, ..Book::default() }),
            log: Mutex::default(),
        })
    }

    /// Reads or changes how a number stands.
    pub(crate) fn number<Out>(&self, id: &str, work: impl FnOnce(&mut NumberStanding) -> Out) -> Out {
        work(locked(&self.numbers).entry(id.to_owned()).or_default())
    }

    pub(crate) fn switches(&self) -> Switches {
        locked(&self.switches).clone()
    }

    pub(crate) fn set_switches(&self, switches: Switches) {
        *locked(&self.switches) = switches;
    }

    pub(crate) fn people<Out>(&self, work: impl FnOnce(&mut People) -> Out) -> Out {
        work(&mut locked(&self.people))
    }

    pub(crate) fn pairs<Out>(&self, work: impl FnOnce(&mut Pairs) -> Out) -> Out {
        work(&mut locked(&self.pairs))
    }

    /// A page begins or stops to play a customer.
    pub(crate) fn play(&self, user: &str, begins: bool) {
        let mut played = locked(&self.played);
        let pages = played.entry(user.to_owned()).or_default();
        *pages = if begins { *pages + 1 } else { pages.saturating_sub(1) };
        if *pages == 0 {
            played.remove(user);
        }
    }

    pub(crate) fn is_played(&self, user: &str) -> bool {
        locked(&self.played).contains_key(user)
    }

    /// Something happened that a phone page may show.
    pub(crate) fn tell_pages(&self) {
        self.happened.send_modify(|count| *count += 1);
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
    pub(crate) fn write(&mut self, what: &'static str, bytes: Vec<u8>, delay: Duration) {
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
