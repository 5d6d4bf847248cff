//! Meta's switchboard: the book of calls, the actions of the business on them, and what customers do.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::account::{self, Account};
use crate::call::{Beginning, Call, CallReport, Letter, LogLine, NewCall, Profile, Sound, Wish};
use crate::chance;
use crate::clock::{now, unix_seconds};
use crate::customer::{CallState, Customer, EndedBy, Session};
use crate::faults::Faults;
use crate::locked;
use crate::media::audio::{self, SoundError};
use crate::media::leg::{Begins, Leg, LegFacts, LegNews, Numbers, Parts, SilenceRule, Voice};
use crate::media::{Media, sdp};
use crate::rules::{Limits, Refusal, SdpRefusal};
use crate::webhooks::body::{self, EndFacts, Parties};
use crate::webhooks::{Delivery, Postman};

/// Calls kept in the book after their end.
const MOST_CALLS: usize = 20_000;
/// Lines kept of the general log.
const MOST_LINES: usize = 1_000;
/// Webhooks of one call that may wait.
const MOST_LETTERS: usize = 16;
/// A stale connect is this old unless told otherwise.
const STALE: i64 = 3_600;
/// What the user's app says when it hears nothing (real capture, Oct 2025).
const NO_MEDIA: (i64, &str) = (
    138_021,
    "WhatsApp client terminated the call due to not receiving any media for a long time. Please try again",
);

/// A line of the general log.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Note {
    /// The call.
    pub call: String,
    /// Milliseconds since the call began, and what happened.
    #[serde(flatten)]
    pub line: LogLine,
}

/// Why a call could not be placed.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// No such number.
    #[error("no number with this id")]
    NoSuchNumber,
    /// The caller's number is none.
    #[error("the caller's number needs 5 to 20 digits")]
    NotANumber,
    /// Meta's limit of calls at the same time: the user sees a generic message, no webhook is sent.
    #[error("the number has as many calls as Meta allows at the same time")]
    TooManyCalls,
    /// One call per customer and number at a time (138003, Jun 2026).
    #[error("this customer is already in a call with this number")]
    AlreadyInACall,
    /// The DTLS server of str0m takes the strongest profile a client offers; no weaker one can be forced.
    #[error("only profile gcm256 can be chosen: the customer's DTLS takes the strongest profile offered")]
    Profile,
    /// The sound cannot be played.
    #[error("the customer's sound")]
    Sound(#[from] SoundError),
    /// No media could be set up.
    #[error("{0}")]
    Media(String),
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

/// What an action of the business needs to know about the answer it gets.
pub(crate) enum Action {
    PreAccept,
    Accept,
    Reject,
    Terminate,
}

impl Action {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::PreAccept => "pre_accept",
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Terminate => "terminate",
        }
    }
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

    // ---- what customers do

    /// Places a call: sets up the customer's media and sends the connect webhook.
    pub(crate) fn place(self: &Arc<Self>, wanted: &NewCall) -> Result<CallReport, PlaceError> {
        let voice = voice_of(&wanted.sound)?;
        self.place_with_voice(wanted, voice)
    }

    /// As `place`, with a voice that is made elsewhere (the phone page).
    pub(crate) fn place_with_voice(
        self: &Arc<Self>,
        wanted: &NewCall,
        voice: Option<Voice>,
    ) -> Result<CallReport, PlaceError> {
        let number = self.account.number(wanted.number.as_deref()).ok_or(PlaceError::NoSuchNumber)?;
        if wanted.profile.is_some_and(|profile| profile != Profile::Gcm256) {
            return Err(PlaceError::Profile);
        }
        let from =
            wanted.from.as_deref().map(account::digits).map(|digits| digits.ok_or(PlaceError::NotANumber));
        let from = from.transpose()?;

        let (wishes, wish_inbox) = mpsc::channel(64);
        let (letters, letter_inbox) = mpsc::channel(MOST_LETTERS);
        let (news, news_inbox) = mpsc::channel(16);
        let facts = LegFacts::new(!wanted.counts_only);
        let dead = voice.is_none();
        let (leg, sdp_offer) = self.set_up_media(wanted, voice, &facts, news)?;

        let placed = {
            let mut book = locked(&self.book);
            let ordinal = book.next + 1;
            let from = match (from, &wanted.username) {
                (Some(from), _) => Some(from),
                (None, Some(_)) => None,
                // Never the number of somebody else in the book: one call per pair at a time.
                (None, None) => Some(format!("1555{:07}", 1_000_000 + ordinal)),
            };
            if let Err(refused) = self.may_call(&book, &number.id, from.as_deref()) {
                drop(book);
                self.media.remove(leg);
                return Err(refused);
            }
            book.next = ordinal;
            let faults = wanted.faults.clone();
            let plan = match &faults {
                Some(own) => own.plan(1),
                None => book.faults.plan(ordinal - book.faults_since),
            };
            let parties =
                self.parties(wanted, number.id.clone(), number.display_phone.clone(), from, ordinal);
            let caller = parties.from.as_deref().unwrap_or(&parties.user_id);
            let wacid = body::call_id(caller, &parties.display_phone);
            let mut call = Call::new(Beginning {
                ordinal,
                wacid,
                parties,
                customer: Customer::new(now(), self.sdp_refusal),
                plan,
                faults,
                in_batches: wanted.in_batches,
                facts: Arc::clone(&facts),
                wishes,
                letters,
            });
            call.leg = Some(leg);
            call.dead = dead;
            self.send_connect(&mut call, wanted, &sdp_offer);
            let report = call.report();
            book.by_wacid.insert(call.wacid.clone(), ordinal);
            book.calls.insert(ordinal, call);
            book.forget_old();
            report
        };
        let ordinal = placed.ordinal();
        self.note(ordinal, "the customer calls");
        self.tasks.spawn(Arc::clone(self).deliver(ordinal, letter_inbox));
        self.tasks.spawn(Arc::clone(self).live(ordinal, wanted.clone(), wish_inbox, news_inbox));
        Ok(placed)
    }

    fn may_call(&self, book: &Book, number: &str, from: Option<&str>) -> Result<(), PlaceError> {
        let live = || {
            let calls = book.calls.values().filter(|call| call.customer.state() != CallState::Ended);
            calls.filter(|call| call.parties.number_id == number)
        };
        if live().count() >= self.limits.concurrent_calls {
            return Err(PlaceError::TooManyCalls);
        }
        if from.is_some() && live().any(|call| call.parties.from.as_deref() == from) {
            return Err(PlaceError::AlreadyInACall);
        }
        Ok(())
    }

    fn set_up_media(
        &self,
        wanted: &NewCall,
        voice: Option<Voice>,
        facts: &Arc<LegFacts>,
        news: mpsc::Sender<LegNews>,
    ) -> Result<(u64, String), PlaceError> {
        let begins = if wanted.waits_for_first_packet {
            Begins::FirstPacket
        } else {
            Begins::Accepted(self.limits.speaks_after)
        };
        let silence =
            SilenceRule { at_start: self.limits.silence_at_start, later: self.limits.silence_later };
        let facts = Arc::clone(facts);
        let (leg, credentials) = Leg::customer(self.media_ip, now(), |rtc, socket, local, ssrc| Parts {
            rtc,
            socket,
            local,
            mid: "audio".into(),
            ssrc,
            numbers: Numbers::META,
            voice: voice.unwrap_or(Voice::Nothing),
            begins,
            silence: Some(silence),
            facts,
            news,
        })
        .map_err(|error| PlaceError::Media(error.to_string()))?;
        let offer = sdp::offer(&sdp::OfferFacts {
            shape: wanted.sdp,
            address: credentials.address,
            // A documentation address (RFC 3849): listed like Meta's IPv6 relay, never reachable.
            second: wanted.ipv6_candidate.then(|| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1])),
            ufrag: &credentials.ufrag,
            password: &credentials.password,
            fingerprint: &credentials.fingerprint,
            ssrc: credentials.ssrc,
        });
        Ok((self.media.add(leg), offer))
    }

    fn parties(
        &self,
        wanted: &NewCall,
        number_id: String,
        display_phone: String,
        from: Option<String>,
        ordinal: u64,
    ) -> Parties {
        let name = wanted
            .name
            .clone()
            .or_else(|| wanted.username.clone())
            .unwrap_or_else(|| format!("Caller {ordinal}"));
        Parties {
            waba_id: self.account.waba_id.clone(),
            number_id,
            display_phone,
            name,
            user_id: match &from {
                Some(digits) => format!("US.{digits:0>20}"),
                None => format!("US.9{ordinal:0>19}"),
            },
            from,
            parent_user_id: None,
            username: wanted.username.clone(),
            cta_payload: wanted.cta_payload.clone(),
            deeplink_payload: wanted.deeplink_payload.clone(),
            with_contacts: !wanted.without_contacts,
        }
    }

    fn send_connect(&self, call: &mut Call, wanted: &NewCall, offer: &str) {
        let age = wanted.connect_age_s.unwrap_or(if call.plan.stale { STALE } else { 0 });
        let connect = body::connect(&call.parties, &call.wacid, unix_seconds() - age, offer);
        let connect = if call.in_batches { body::in_a_batch(connect, &call.parties) } else { connect };
        call.connect_bytes = body::bytes(&connect);
        if call.plan.drop_connect {
            call.note("the connect webhook is lost");
            return;
        }
        // A plan in which terminate comes first keeps connect back until the end.
        if call.plan.terminate_first {
            return;
        }
        let copies = if call.plan.duplicate_connect { 2 } else { 1 };
        for _ in 0..copies {
            let delay = call.plan.connect_delay;
            call.write("connect", call.connect_bytes.clone(), delay);
        }
    }

    /// Delivers the webhooks of a call in their order; repeats do not hold up the next one.
    async fn deliver(self: Arc<Self>, ordinal: u64, mut letters: mpsc::Receiver<Letter>) {
        while let Some(letter) = letters.recv().await {
            if !letter.delay.is_zero() {
                tokio::time::sleep(letter.delay).await;
            }
            let delivery = self.postman.attempt(&letter.bytes).await;
            self.delivered(ordinal, letter.what, 1, delivery);
            if delivery.status != Some(200) {
                let exchange = Arc::clone(&self);
                let what = letter.what;
                self.postman.retry(letter.bytes, move |attempt, delivery| {
                    exchange.delivered(ordinal, what, attempt, delivery);
                });
            }
        }
    }

    fn delivered(&self, ordinal: u64, what: &'static str, attempt: u32, delivery: Delivery) {
        let ok = delivery.status == Some(200);
        let _ = self.with_call(ordinal, |call| {
            call.webhooks.attempts += 1;
            call.webhooks.failures += u32::from(!ok);
            call.webhooks.terminates_delivered += u32::from(ok && what == "terminate");
            if what == "connect" && call.connect_took.is_none() && ok {
                call.connect_sent_at = Some(delivery.sent_at);
                call.connect_took = Some(delivery.took);
            }
        });
        let answer = delivery.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        let again = if attempt > 1 { format!(" (attempt {attempt})") } else { String::new() };
        self.note(ordinal, format!("webhook {what}{again}: {answer} after {} ms", delivery.took.as_millis()));
    }

    /// A call's life: news of its media, wishes of the control API, and deadlines.
    async fn live(
        self: Arc<Self>,
        ordinal: u64,
        wanted: NewCall,
        mut wishes: mpsc::Receiver<Wish>,
        mut news: mpsc::Receiver<LegNews>,
    ) {
        let began = now();
        let after = |millis: Option<u64>| millis.map(Duration::from_millis);
        let mut ring_out: Option<Instant> = Some(began + self.limits.ring_time);
        let mut hang_up = after(wanted.hang_up_after_ms).map(|span| began + span);
        if self.with_call(ordinal, |call| call.plan.terminate_first).unwrap_or(false) {
            hang_up = Some(began);
        }
        loop {
            let far = began + Duration::from_secs(86_400);
            let wish = tokio::select! {
                () = self.stop.cancelled() => Wish::HangUp(EndedBy::Shutdown),
                () = sleep_until(ring_out.unwrap_or(far)) => Wish::HangUp(EndedBy::RingTimeout),
                () = sleep_until(hang_up.unwrap_or(far)) => Wish::HangUp(EndedBy::Customer),
                Some(wish) = wishes.recv() => wish,
                Some(news) = news.recv() => Wish::Leg(news),
            };
            match wish {
                Wish::HangUp(by) => {
                    self.finish(ordinal, by);
                    return;
                }
                Wish::Over => return,
                Wish::Accepted => {
                    ring_out = None;
                    if let Some(span) = after(wanted.hang_up_after_answer_ms) {
                        hang_up = Some(hang_up.unwrap_or(far).min(now() + span));
                    }
                }
                Wish::Leg(LegNews::TooSilent) => {
                    self.note(ordinal, "the customer's app heard nothing for too long");
                    self.finish(ordinal, EndedBy::MediaTimeout);
                    return;
                }
                Wish::Leg(LegNews::Connected) => self.note(ordinal, "media connected (ICE and DTLS)"),
                Wish::Leg(LegNews::Heard) => self.note(ordinal, "first packet heard"),
                Wish::Leg(LegNews::Failed(why)) => self.note(ordinal, format!("media: {why}")),
            }
        }
    }

    /// Ends a call from the customer's side, once.
    fn finish(&self, ordinal: u64, by: EndedBy) {
        if self.with_call(ordinal, |call| call.customer.end(by)) == Some(true) {
            self.ended(ordinal, by);
        }
    }

    /// What follows every end: the media goes, the terminate webhook is sent.
    fn ended(&self, ordinal: u64, by: EndedBy) {
        let _ = self.with_call(ordinal, |call| {
            call.ended_at = Some(now());
            if let Some(leg) = call.leg.take() {
                self.media.remove(leg);
            }
            let error = (by == EndedBy::MediaTimeout).then_some(NO_MEDIA);
            let end = EndFacts {
                at: unix_seconds(),
                started: call.customer.started,
                error,
                callback_data: call.customer.callback_data.clone(),
            };
            let terminate = body::terminate(&call.parties, &call.wacid, &end);
            let terminate =
                if call.in_batches { body::in_a_batch(terminate, &call.parties) } else { terminate };
            let bytes = body::bytes(&terminate);
            if call.plan.drop_terminate {
                call.note("the terminate webhook is lost");
            } else {
                for _ in 0..if call.plan.duplicate_terminate { 2 } else { 1 } {
                    let delay = call.plan.terminate_delay;
                    call.write("terminate", bytes.clone(), delay);
                }
            }
            if (call.plan.connect_again_after_terminate || call.plan.terminate_first)
                && !call.plan.drop_connect
            {
                let delay = call.plan.connect_delay;
                call.write("connect", call.connect_bytes.clone(), delay);
            }
            call.close_letters();
        });
        self.note(ordinal, format!("over: {}", name_of(by)));
    }

    // ---- what the business does

    /// An action of the business on a call, as `POST /{number}/calls` carries it.
    pub(crate) fn act(
        &self,
        number: &str,
        wacid: &str,
        action: &Action,
        session: Option<&Session>,
        callback_data: Option<String>,
    ) -> Result<(), Refusal> {
        let ordinal = self.find(number, wacid).ok_or_else(|| Refusal::call("Unknown call_id"))?;
        let moment = now();
        let done = self.with_call(ordinal, |call| {
            let customer = &mut call.customer;
            let answer = match action {
                Action::PreAccept => customer.pre_accept(moment, session)?,
                Action::Accept => {
                    let answer = customer.accept(moment, unix_seconds(), session)?;
                    if callback_data.is_some() {
                        customer.callback_data = callback_data;
                    }
                    answer
                }
                Action::Reject => {
                    customer.reject()?;
                    None
                }
                Action::Terminate => {
                    customer.terminate()?;
                    None
                }
            };
            let accepted = matches!(action, Action::Accept);
            if accepted {
                call.facts.gate_open.store(true, Ordering::Release);
            }
            if let Some(leg) = call.leg {
                // A dead customer never learns the answer: its port stays silent to every check.
                if let Some(answer) = answer.filter(|_| !call.dead) {
                    self.media.answered(leg, answer);
                }
                if accepted {
                    self.media.accepted(leg);
                }
            }
            let over = call.customer.state() == CallState::Ended;
            if accepted {
                let _ = call.wishes.try_send(Wish::Accepted);
            }
            if over {
                let _ = call.wishes.try_send(Wish::Over);
            }
            Ok(over)
        });
        let result = done.unwrap_or_else(|| Err(Refusal::call("Unknown call_id")));
        self.note(
            ordinal,
            match &result {
                Ok(_) => format!("{} taken", action.name()),
                Err(refusal) => format!("{} refused with {}", action.name(), refusal.code),
            },
        );
        if result? {
            let by = if matches!(action, Action::Reject) { EndedBy::Rejected } else { EndedBy::Business };
            self.ended(ordinal, by);
        }
        Ok(())
    }

    /// The delay and refusal the faults hold for this request.
    pub(crate) fn graph_mishap(
        &self,
        wacid: Option<&str>,
        action: &str,
    ) -> (Duration, Option<crate::faults::GraphFault>) {
        let mut book = locked(&self.book);
        let ordinal = wacid.and_then(|wacid| book.by_wacid.get(wacid).copied()).unwrap_or(0);
        let since = book.faults_since;
        let mut own = None;
        let mut attempt = 0;
        if let Some(call) = book.calls.get_mut(&ordinal) {
            attempt = call.graph_requests;
            call.graph_requests += 1;
            own = call.faults.clone();
        }
        let (faults, number) = match &own {
            Some(own) => (own, 1),
            None => (&book.faults, ordinal.saturating_sub(since)),
        };
        let delay = Duration::from_millis(faults.graph_delay_ms);
        (delay, faults.graph_fault(number, action, attempt).cloned())
    }

    // ---- the book

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

fn name_of(by: EndedBy) -> &'static str {
    match by {
        EndedBy::Customer => "the customer hung up",
        EndedBy::Business => "the business hung up",
        EndedBy::Rejected => "the business rejected",
        EndedBy::RingTimeout => "nobody answered",
        EndedBy::MediaTimeout => "no media (138021)",
        EndedBy::Shutdown => "the simulator stops",
    }
}

/// The voice behind a sound; nothing for a dead customer.
pub(crate) fn voice_of(sound: &Sound) -> Result<Option<Voice>, SoundError> {
    Ok(match sound {
        Sound::ToneHz(hertz) => Some(Voice::Frames(audio::tone((*hertz).clamp(50, 7_500))?)),
        Sound::File(path) => Some(Voice::Frames(audio::file(Path::new(path))?)),
        Sound::Silence(_) => Some(Voice::Frames(audio::silence()?)),
        Sound::Voice(_) => Some(Voice::Frames(audio::voice()?)),
        Sound::None(_) => Some(Voice::Nothing),
        Sound::Dead(_) => None,
    })
}

async fn sleep_until(moment: Instant) {
    tokio::time::sleep_until(tokio::time::Instant::from_std(moment)).await;
}

/// An id of the kind Graph answers carry in their headers.
pub(crate) fn trace_id() -> String {
    format!("A{}", chance::letters::<22>())
}
