//! The wallet of one pair as a pure machine: `handle` takes what happened and gives what changed, `poll_timeout` says
//! when to come back with `TimePassed` although nothing happened: Meta sends nothing when a permission runs out.
//!
//! Whatever is fed in twice changes nothing the second time. What comes late is placed by Meta's timestamps, so that
//! the same facts give the same wallet in (almost) every order; `reply` names the exception.

use crate::ids::ProviderMessageId;
use crate::permission::{
    Answers, DAY, PermissionSource, PermissionStatus, REQUEST_OPEN_FOR, ReplyVerdict, Report, ReportedLimit,
    RequestState, SentRequest, TEMPORARY_FOR, WEEK, WalletFacts,
};
use crate::time::Timestamp;

/// More connected calls in a day than Meta allows need not be counted.
const CONNECTED_KEPT: usize = 200;
/// More calls in a row that nobody took than Meta allows anybody, sandbox included.
const NOT_TAKEN_KEPT: usize = 32;
/// More requests in a week than Meta allows anybody, sandbox included.
const REQUESTS_KEPT: usize = 200;

/// The permission of one pair of business number and customer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wallet {
    pub(super) facts: WalletFacts,
}

/// Everything that can happen to a wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WalletInput {
    /// Meta took a request of ours.
    RequestSent {
        /// When its response had come.
        at: Timestamp,
        /// Its id.
        message_id: ProviderMessageId,
    },
    /// Meta could not deliver a request that it had taken (a `failed` status).
    RequestFailed {
        /// Its id.
        message_id: ProviderMessageId,
    },
    /// The customer, or Meta in his place, has decided.
    Replied {
        /// Meta's timestamp.
        at: Timestamp,
        /// What was decided.
        verdict: ReplyVerdict,
        /// `response_source: automatic`: nobody tapped anything.
        automatic: bool,
        /// What it answers.
        answers: Answers,
    },
    /// Meta was asked and answered.
    LookedUp {
        /// When we asked.
        at: Timestamp,
        /// How the pair stands.
        found: Found,
        /// May a request be sent?
        can_request: Option<bool>,
        /// May a call be made?
        can_call: Option<bool>,
        /// Meta's counts.
        limits: Vec<ReportedLimit>,
    },
    /// A call with this customer was connected.
    CallConnected {
        /// When it was picked up.
        at: Timestamp,
        /// We called; else the customer did.
        business_initiated: bool,
    },
    /// A call of ours was rejected or not answered.
    CallNotTaken {
        /// When it was over.
        at: Timestamp,
    },
    /// Time has passed.
    TimePassed,
}

/// What Meta says of a pair when it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// `no_permission`; also said of customers who cannot be called at all.
    NoPermission,
    /// `temporary`.
    Temporary {
        /// Its end.
        until: Option<Timestamp>,
    },
    /// `permanent`.
    Permanent,
}

/// What has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WalletEvent {
    /// A request is on its way.
    Requested,
    /// A request could not be delivered.
    RequestFailed,
    /// A request was not answered in its seven days.
    RequestExpired,
    /// Calls are allowed.
    Granted {
        /// From where.
        source: PermissionSource,
        /// Until when; none = for good.
        until: Option<Timestamp>,
    },
    /// The customer said no to a request.
    Denied,
    /// The permission is gone before its time.
    Revoked {
        /// Who took it.
        source: PermissionSource,
    },
    /// The permission has run out.
    Expired,
    /// A reply older than what is known: written down, and nothing changes. If it grants what we do not have, it is
    /// worth asking Meta again.
    ReplyTooOld,
    /// A reply to a request that is not known (any more). It counts all the same: the permission is Meta's word, the
    /// request is only bookkeeping.
    ReplyUnknown,
    /// Nobody took a call of ours.
    NotTaken {
        /// So many in a row now.
        in_row: u32,
    },
    /// A connected call set the counters of requests and of calls nobody took back.
    CountersReset,
}

impl Wallet {
    /// A wallet as it was kept.
    #[must_use]
    pub const fn restore(facts: WalletFacts) -> Self {
        Self { facts }
    }

    /// What is to be kept.
    #[must_use]
    pub const fn facts(&self) -> &WalletFacts {
        &self.facts
    }

    /// Something happened. First what time has ended, then the input; the answer is what changed, in order.
    pub fn handle(&mut self, now: Timestamp, input: WalletInput) -> Vec<WalletEvent> {
        let mut events = Vec::new();
        self.pass_time(now, &mut events);
        match input {
            // Told more than a week late it counts no more, and nobody can answer it.
            WalletInput::RequestSent { at, .. } if at.plus(WEEK) <= now => {}
            WalletInput::RequestSent { at, message_id } => self.request_sent(at, message_id, &mut events),
            WalletInput::RequestFailed { message_id } => self.request_failed(now, message_id, &mut events),
            WalletInput::Replied { at, verdict, automatic, answers } => {
                self.replied(at, verdict, automatic, &answers, &mut events);
            }
            WalletInput::LookedUp { at, found, can_request, can_call, limits } => {
                self.looked_up(Report { at, found, can_request, can_call, limits }, &mut events);
            }
            WalletInput::CallConnected { at, business_initiated } => {
                self.connected(at, business_initiated, &mut events);
            }
            WalletInput::CallNotTaken { at } => self.not_taken(at, &mut events),
            WalletInput::TimePassed => {}
        }
        self.pass_time(now, &mut events);
        events
    }

    /// When something ends by itself.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        match self.facts.status {
            PermissionStatus::Temporary => self.facts.expires_at,
            PermissionStatus::Requested => self.open_until(),
            PermissionStatus::None
            | PermissionStatus::Permanent
            | PermissionStatus::Denied
            | PermissionStatus::Revoked
            | PermissionStatus::Expired => None,
        }
    }

    /// How the pair stands at this moment, whether or not anybody said that time has passed.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> PermissionStatus {
        let mut then = self.clone();
        then.pass_time(now, &mut Vec::new());
        then.facts.status
    }

    fn pass_time(&mut self, now: Timestamp, events: &mut Vec<WalletEvent>) {
        let facts = &mut self.facts;
        if facts.status == PermissionStatus::Temporary && facts.expires_at.is_none_or(|at| at <= now) {
            events.push(WalletEvent::Expired);
            self.settle(PermissionStatus::Expired);
            if self.open_until().is_some_and(|until| now < until) {
                self.facts.status = PermissionStatus::Requested;
            }
        }
        if self.facts.status == PermissionStatus::Requested
            && self.open_until().is_none_or(|until| until <= now)
        {
            events.push(WalletEvent::RequestExpired);
            self.facts.status = self.facts.before_request;
        }
        self.facts.requests.retain(|request| now < request.at.plus(WEEK));
        self.facts.connected.retain(|at| now < at.plus(DAY));
    }

    /// The end of the newest request that nobody has answered.
    fn open_until(&self) -> Option<Timestamp> {
        let open = self.facts.requests.iter().filter(|request| request.state == RequestState::Open);
        open.map(|request| request.at.plus(REQUEST_OPEN_FOR)).max()
    }

    /// How the pair stands apart from a request that is on its way.
    pub(super) const fn settled(&self) -> PermissionStatus {
        self.facts.before_request
    }

    pub(super) const fn settle(&mut self, status: PermissionStatus) {
        self.facts.status = status;
        self.facts.before_request = status;
    }

    pub(super) fn request(&mut self, id: &ProviderMessageId) -> Option<&mut SentRequest> {
        self.facts.requests.iter_mut().find(|request| request.message_id == *id)
    }

    pub(super) fn keep_request(&mut self, at: Timestamp, message_id: ProviderMessageId, state: RequestState) {
        let requests = &mut self.facts.requests;
        let place = requests.partition_point(|request| request.at <= at);
        requests.insert(place, SentRequest { at, message_id, state });
        if requests.len() > REQUESTS_KEPT {
            requests.remove(0);
        }
    }

    fn request_sent(&mut self, at: Timestamp, id: ProviderMessageId, events: &mut Vec<WalletEvent>) {
        match self.request(&id) {
            Some(known) => {
                // Its answer was faster than the response to our own request.
                if known.state != RequestState::Unknown {
                    return;
                }
                known.state = RequestState::Answered;
                known.at = at;
                self.facts.requests.sort_by_key(|request| request.at);
            }
            None => {
                self.keep_request(at, id, RequestState::Open);
                if !self.facts.status.is_granted() {
                    self.facts.status = PermissionStatus::Requested;
                }
            }
        }
        events.push(WalletEvent::Requested);
    }

    fn request_failed(&mut self, now: Timestamp, id: ProviderMessageId, events: &mut Vec<WalletEvent>) {
        match self.request(&id) {
            Some(known) if known.state == RequestState::Open => known.state = RequestState::Failed,
            Some(_) => return,
            // The news of the failure may be faster than the response, too.
            None => self.keep_request(now, id, RequestState::Failed),
        }
        self.stop_waiting();
        events.push(WalletEvent::RequestFailed);
    }

    /// Nobody is left who could answer.
    pub(super) fn stop_waiting(&mut self) {
        if self.facts.status == PermissionStatus::Requested && self.open_until().is_none() {
            self.facts.status = self.facts.before_request;
        }
    }

    fn looked_up(&mut self, report: Report, events: &mut Vec<WalletEvent>) {
        if self.facts.reported.as_ref().is_some_and(|known| report.at < known.at || report == *known) {
            return;
        }
        let (at, found) = (report.at, report.found);
        self.facts.reported = Some(report);
        // Meta's timestamps of replies are whole seconds: within the second of one, only a stricter answer is believed.
        let since = self.facts.newest_change_at.map_or(i64::MAX, |newest| at.micros() - newest.micros());
        if since >= 1_000_000 || (since >= 0 && found == Found::NoPermission) {
            self.believe(at, found, events);
        }
    }

    fn believe(&mut self, at: Timestamp, found: Found, events: &mut Vec<WalletEvent>) {
        let settled = self.settled();
        match found {
            Found::Temporary { until: Some(until) } if until <= at => {
                self.believe(at, Found::NoPermission, events);
            }
            Found::NoPermission => {
                if settled.is_granted() {
                    self.settle(PermissionStatus::Revoked);
                    self.facts.source = Some(PermissionSource::Lookup);
                    self.facts.expires_at = None;
                    events.push(WalletEvent::Revoked { source: PermissionSource::Lookup });
                }
            }
            Found::Permanent => {
                if settled != PermissionStatus::Permanent {
                    self.grant(at, None, PermissionSource::Lookup, events);
                }
            }
            Found::Temporary { until } => {
                let known = self.facts.expires_at.filter(|_| settled == PermissionStatus::Temporary);
                // An end that Meta does not name is not far, or it is the one we know.
                let until = until.or(known).unwrap_or_else(|| at.plus(DAY));
                if known != Some(until) {
                    let granted_at =
                        self.facts.granted_at.filter(|_| known.is_some_and(|known| until <= known));
                    let granted_at = granted_at.unwrap_or_else(|| until.minus(TEMPORARY_FOR).min(at));
                    self.grant(granted_at, Some(until), PermissionSource::Lookup, events);
                }
            }
        }
    }

    pub(super) fn grant(
        &mut self,
        at: Timestamp,
        until: Option<Timestamp>,
        source: PermissionSource,
        events: &mut Vec<WalletEvent>,
    ) {
        self.settle(match until {
            Some(_) => PermissionStatus::Temporary,
            None => PermissionStatus::Permanent,
        });
        self.facts.source = Some(source);
        self.facts.granted_at = Some(at);
        self.facts.expires_at = until;
        events.push(WalletEvent::Granted { source, until });
    }

    fn connected(&mut self, at: Timestamp, business_initiated: bool, events: &mut Vec<WalletEvent>) {
        let facts = &mut self.facts;
        if business_initiated {
            insert_once(&mut facts.connected, at, CONNECTED_KEPT);
        }
        let before = facts.counters_reset_at;
        if before.is_none_or(|known| known < at) {
            // A customer who calls and whom nobody ever asked or called in vain has nothing that could be set back.
            let asked = facts.requests.iter().any(|request| before < Some(request.at) && request.at <= at);
            let counted = asked || !facts.not_taken.is_empty() || facts.reported.is_some();
            facts.counters_reset_at = Some(at);
            facts.not_taken.retain(|not_taken| at <= *not_taken);
            if business_initiated || counted {
                events.push(WalletEvent::CountersReset);
            }
        }
    }

    fn not_taken(&mut self, at: Timestamp, events: &mut Vec<WalletEvent>) {
        if self.facts.counters_reset_at.is_some_and(|reset| at < reset) {
            return;
        }
        // One call at a time between two parties: the same moment is the same call.
        if insert_once(&mut self.facts.not_taken, at, NOT_TAKEN_KEPT) {
            events.push(WalletEvent::NotTaken { in_row: self.not_taken_in_row() });
        }
    }

    /// How many calls of ours nobody took, one after the other. When Meta has taken the permission away for it, the
    /// next permission begins anew.
    #[must_use]
    pub fn not_taken_in_row(&self) -> u32 {
        let used_up = self.facts.revoked_by_meta_at;
        let counted = self.facts.not_taken.iter().filter(|at| used_up.is_none_or(|used_up| used_up < **at));
        counted.count() as u32
    }
}

/// Puts a moment in its place, unless it is there; of too many the oldest goes.
fn insert_once(moments: &mut Vec<Timestamp>, at: Timestamp, most: usize) -> bool {
    let Err(place) = moments.binary_search(&at) else { return false };
    moments.insert(place, at);
    if moments.len() > most {
        moments.remove(0);
    }
    true
}
