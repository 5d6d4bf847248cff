//! Calls of the business: it dials, the customer's phone rings, and somebody picks up or not.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::mpsc;

use super::living::Deadlines;
use super::placing::{MOST_LETTERS, STALE};
use super::{Exchange, PlaceError, voice_of};
use crate::account::BusinessNumber;
use crate::call::{Beginning, Call, Step, Wish};
use crate::clock::now;
use crate::customer::{CallState, Customer, Direction, EndedBy, Session};
use crate::locked;
use crate::media::leg::{Begins, Leg, LegFacts, LegNews, Numbers, Parts, SilenceRule, Terms, Voice};
use crate::media::sdp::business::{AnswerFacts, Offered, answer, read_offer};
use crate::people::{OnCall, Person};
use crate::permissions::CallRefused;
use crate::rules::Refusal;
use crate::webhooks::body;

/// What the business sends with `connect`.
#[derive(Debug)]
pub(crate) struct Dial {
    pub(crate) to: Option<String>,
    pub(crate) recipient: Option<String>,
    pub(crate) session: Option<Session>,
    pub(crate) callback_data: Option<String>,
}

/// Among so many of the newest calls one that rings is looked for.
const MOST_LOOKED_AT: usize = 1_000;
/// The answer waits at most so long for the connect webhook that should come before it.
const WAIT_FOR_CONNECT: Duration = Duration::from_secs(5);

impl Exchange {
    /// Who is meant by `to` or `recipient`; with both, `to` wins (business-initiated calls, 2026).
    pub(crate) fn recipient(&self, to: Option<&str>, recipient: Option<&str>) -> Result<Person, Refusal> {
        let filled =
            |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        match (filled(to), filled(recipient)) {
            (Some(to), _) => self
                .people(|people| people.with_phone(&to))
                .ok_or_else(|| Refusal::parameter("The parameter to is not a phone number")),
            (None, Some(user)) => {
                self.people(|people| people.with_user_id(&user)).ok_or_else(Refusal::uncallable)
            }
            (None, None) => Err(Refusal::parameter("One of the parameters to and recipient is required")),
        }
    }

    /// `connect`: everything Meta looks at before it rings a customer. Gives the call's id.
    pub(crate) fn dial(self: &Arc<Self>, number: &BusinessNumber, dial: Dial) -> Result<String, Refusal> {
        let at = self.clock.unix_seconds();
        let person = self.recipient(dial.to.as_deref(), dial.recipient.as_deref())?;
        let offered = self.read_session(&number.id, dial.session.as_ref())?;
        let rules = self.rules(&number.id);
        self.number(&number.id, |standing| {
            standing.may_use_business_calling(number, &self.limits, at)?;
            standing.may_reach(person.phone.as_deref())
        })?;
        if person.behaviour.call == OnCall::Uncallable {
            return Err(Refusal::uncallable());
        }
        let pair = self.pairs(|pairs| pairs.read(&number.id, &person.user_id));
        match pair.book.may_call(at, &rules) {
            Ok(()) => {}
            Err(CallRefused::NoPermission) => return Err(Refusal::no_permission()),
            Err(CallRefused::Limit { until }) => return Err(Refusal::connected_limit(until)),
        }

        let voice = voice_of(&person.behaviour.sound).map_err(|_| Refusal::connection())?;
        let dead = voice.is_none();
        let (news, news_inbox) = mpsc::channel(16);
        let (wishes, wish_inbox) = mpsc::channel(64);
        let (letters, letter_inbox) = mpsc::channel(MOST_LETTERS);
        let facts = LegFacts::new(!person.behaviour.counts_only);
        // Media of the business may come up before the pick-up; it is no violation here.
        facts.gate_open.store(true, Ordering::Release);
        let (leg, sdp) =
            self.called_media(&offered, voice, &facts, news).map_err(|_| Refusal::connection())?;

        let parties = self.parties_of(number, &person, Direction::BusinessInitiated);
        let callee = parties.from.as_deref().unwrap_or(&parties.user_id);
        let wacid = body::call_id(callee, &parties.display_phone, Direction::BusinessInitiated);
        let placed = {
            let mut book = locked(&self.book);
            let going = book.calls.values().any(|call| {
                call.customer.state() != CallState::Ended
                    && call.parties.number_id == number.id
                    && call.parties.user_id == person.user_id
            });
            let refused = match self.may_call(&book, &number.id, None) {
                _ if going => Some(Refusal::duplicate_call()),
                Err(PlaceError::TooManyCalls) => Some(Refusal::too_many_calls(self.limits.concurrent_calls)),
                Err(_) => Some(Refusal::connection()),
                Ok(()) => self.number(&number.id, |standing| standing.dials(&self.limits, at)).err(),
            };
            match refused {
                Some(refused) => Err(refused),
                None => {
                    book.next += 1;
                    let ordinal = book.next;
                    let mut plan = book.faults.plan(ordinal - book.faults_since);
                    // Only customers who call can give up before their call is known.
                    plan.terminate_first = false;
                    let mut call = Call::new(Beginning {
                        ordinal,
                        wacid: wacid.clone(),
                        parties,
                        customer: Customer::called(now(), dial.callback_data),
                        plan,
                        faults: None,
                        in_batches: false,
                        remembers: true,
                        facts: Arc::clone(&facts),
                        wishes,
                        letters,
                    });
                    call.leg = Some(leg);
                    call.dead = dead;
                    self.send_answer(&mut call, &sdp);
                    book.by_wacid.insert(wacid.clone(), ordinal);
                    book.calls.insert(ordinal, call);
                    book.forget_old();
                    Ok(ordinal)
                }
            }
        };
        let ordinal = placed.inspect_err(|_| self.media.remove(leg))?;
        // A dead customer's end never learns the offer: its port stays silent to every check.
        if !dead {
            self.media.answered(leg, offered.business);
        }
        self.note(ordinal, "the business calls");
        self.tasks.spawn(Arc::clone(self).deliver(ordinal, letter_inbox));
        self.tasks.spawn(Arc::clone(self).live_called(ordinal, wish_inbox, news_inbox));
        Ok(wacid)
    }

    fn read_session(&self, number: &str, session: Option<&Session>) -> Result<Offered, Refusal> {
        let Some(session) = session else {
            return Err(Refusal::parameter("The parameter session is required"));
        };
        match session.sdp_type.as_deref() {
            Some("offer") => {}
            Some(_) => return Err(Refusal::parameter("session.sdp_type must be offer")),
            None => return Err(Refusal::parameter("The parameter session.sdp_type is required")),
        }
        let Some(text) = &session.sdp else {
            return Err(Refusal::parameter("The parameter session.sdp is required"));
        };
        let (sdes, laws) = self.number(number, |standing| (standing.is_sdes(), standing.laws()));
        read_offer(text, sdes, &laws).map_err(|problem| Refusal::sdp(&problem, self.sdp_refusal))
    }

    fn called_media(
        &self,
        offered: &Offered,
        voice: Option<Voice>,
        facts: &Arc<LegFacts>,
        news: mpsc::Sender<LegNews>,
    ) -> Result<(u64, String), crate::media::leg::LegError> {
        let switches = self.switches();
        let numbers = Numbers { opus: offered.opus, events: offered.events, says: None };
        let terms = Terms {
            sdes: matches!(offered.business, crate::media::sdp::Answer::Sdes { .. }),
            numbers,
            laws: &offered.laws,
            mid: &offered.mid,
            dtls_client: switches.answer_setup.is_client(),
            waits_for_pick_up: true,
        };
        let silence =
            SilenceRule { at_start: self.limits.silence_at_start, later: self.limits.silence_later };
        let (leg, credentials) =
            Leg::customer(self.media_ip, now(), &terms, |rtc, socket, local, ssrc| Parts {
                rtc,
                socket,
                local,
                mid: offered.mid.as_str().into(),
                ssrc,
                numbers,
                voice: voice.unwrap_or(Voice::Nothing),
                begins: Begins::Accepted(self.limits.speaks_after),
                silence: Some(silence),
                facts: Arc::clone(facts),
                news,
            })?;
        let sdp = answer(&AnswerFacts {
            offered,
            shape: switches.answer_shape,
            setup: switches.answer_setup,
            address: credentials.address,
            ufrag: &credentials.ufrag,
            password: &credentials.password,
            fingerprint: &credentials.fingerprint,
            key: credentials.key.as_ref(),
            ssrc: credentials.ssrc,
        });
        Ok((self.media.add(leg), sdp))
    }

    /// The connect webhook with Meta's answer, in its turn.
    fn send_answer(&self, call: &mut Call, sdp: &str) {
        let age = if call.plan.stale { STALE } else { 0 };
        let at = self.clock.unix_seconds() - age;
        let data = call.customer.callback_data.as_deref();
        let legacy = self.switches().legacy_connection;
        let connect = body::connected(&call.parties, &call.wacid, at, sdp, data, legacy);
        call.connect_bytes = body::bytes(&connect);
        if call.plan.drop_connect {
            call.note("the connect webhook is lost");
        } else {
            let bytes = call.connect_bytes.clone();
            self.in_turn(call, Step::Connect, "connect", bytes);
        }
    }

    fn in_turn(&self, call: &mut Call, step: Step, what: &'static str, bytes: Vec<u8>) {
        let copies = if call.plan.duplicate_connect { 2 } else { 1 };
        let delay = call.plan.connect_delay;
        for (what, bytes) in call.in_turn(step, what, bytes) {
            for _ in 0..copies {
                call.write(what, bytes.clone(), delay);
            }
        }
    }

    fn status(&self, ordinal: u64, step: Step, status: &'static str) {
        let at = self.clock.unix_seconds();
        let _ = self.with_call(ordinal, |call| {
            if call.plan.drop_status {
                call.note(format!("the status {status} is lost"));
                return;
            }
            let data = call.customer.callback_data.as_deref();
            let webhook = body::call_status(&call.parties, &call.wacid, at, status, data);
            self.in_turn(call, step, status, body::bytes(&webhook));
        });
    }

    /// The life of a call of the business.
    async fn live_called(
        self: Arc<Self>,
        ordinal: u64,
        mut wishes: mpsc::Receiver<Wish>,
        mut news: mpsc::Receiver<LegNews>,
    ) {
        let began = now();
        let mut deadlines = Deadlines {
            began,
            ring_out: None,
            hang_up: None,
            hang_up_after_answer: None,
            rings: Some(began + self.limits.rings_after),
            takes: None,
            declines: None,
        };
        while self.step(ordinal, &mut deadlines, &mut wishes, &mut news).await {}
    }

    /// The call reaches the customer's phone; false when it is over with that.
    pub(super) fn reaches_the_phone(&self, ordinal: u64, deadlines: &mut Deadlines) -> bool {
        deadlines.rings = None;
        let Some(user) = self.with_call(ordinal, |call| call.parties.user_id.clone()) else { return false };
        let behaviour = self.people(|people| people.with_user_id(&user)).map(|person| person.behaviour);
        let behaviour = behaviour.unwrap_or_default();
        // Where a person plays the customer, the person decides.
        let does = if self.is_played(&user) { OnCall::LetsItRing } else { behaviour.call };
        match does {
            OnCall::SetupFails | OnCall::Uncallable => {
                self.finish(ordinal, EndedBy::SetupFailed);
                return false;
            }
            OnCall::Busy => {
                self.decline(ordinal);
                return false;
            }
            OnCall::AnswersAfterMs(_)
            | OnCall::DeclinesAfterMs(_)
            | OnCall::LetsItRing
            | OnCall::RelayUnreachable => {}
        }
        let moment = now();
        if self.with_call(ordinal, |call| call.customer.ring(moment)) != Some(true) {
            return false;
        }
        self.status(ordinal, Step::Ringing, "RINGING");
        self.note(ordinal, "the customer's phone rings");
        self.tell_pages();
        deadlines.ring_out = Some(moment + self.limits.business_ring_time);
        deadlines.hang_up_after_answer = behaviour.hang_up_after_answer_ms.map(Duration::from_millis);
        match does {
            OnCall::AnswersAfterMs(after) => deadlines.takes = Some(moment + Duration::from_millis(after)),
            OnCall::DeclinesAfterMs(after) => {
                deadlines.declines = Some(moment + Duration::from_millis(after))
            }
            OnCall::RelayUnreachable => {
                self.finish(ordinal, EndedBy::RelayUnreachable);
                return false;
            }
            OnCall::LetsItRing | OnCall::Busy | OnCall::Uncallable | OnCall::SetupFails => {}
        }
        true
    }

    /// The call of the business that rings a customer, and the number it comes from.
    pub(crate) fn ringing(&self, user: &str) -> Option<(String, String)> {
        let book = locked(&self.book);
        let rings =
            |call: &&Call| call.customer.state() == CallState::Ringing && call.parties.user_id == user;
        let newest = book.calls.values().rev().take(MOST_LOOKED_AT);
        newest.filter(rings).map(|call| (call.id(), call.parties.number_id.clone())).next()
    }

    /// The customer picks up; nothing happens when the phone does not ring (any more).
    pub(crate) fn pick_up(&self, ordinal: u64) -> bool {
        let (moment, at) = (now(), self.clock.unix_seconds());
        let picked_up = self.with_call(ordinal, |call| {
            let picked_up = call.customer.pick_up(moment, at);
            if picked_up {
                if let Some(leg) = call.leg {
                    self.media.accepted(leg);
                }
                let _ = call.wishes.try_send(Wish::Accepted);
            }
            picked_up
        });
        if picked_up != Some(true) {
            return false;
        }
        self.connected(ordinal);
        self.status(ordinal, Step::Answered, "ACCEPTED");
        self.note(ordinal, "the customer picks up");
        self.tell_pages();
        true
    }

    /// The customer declines; false when there is nothing to decline.
    pub(crate) fn decline(&self, ordinal: u64) -> bool {
        let declined = self.with_call(ordinal, |call| match call.customer.state() {
            CallState::Offered | CallState::Ringing => {
                // Who declines has seen the call: it counts as not taken.
                call.customer.rang_at.get_or_insert(now());
                call.customer.end(EndedBy::Declined)
            }
            CallState::PreAccepted | CallState::Accepted | CallState::Ended => false,
        });
        if declined != Some(true) {
            return false;
        }
        self.status(ordinal, Step::Answered, "REJECTED");
        self.ended(ordinal, EndedBy::Declined);
        let _ = self.with_call(ordinal, |call| call.wishes.try_send(Wish::Over));
        true
    }

    /// With the mishap "connect before the answer" the answer of the request waits for the webhook.
    pub(crate) async fn after_connect(&self, wacid: &str) {
        let Some(ordinal) = self.ordinal(wacid) else { return };
        let watching =
            self.with_call(ordinal, |call| call.plan.connect_before_answer.then(|| call.changes.subscribe()));
        let Some(mut changes) = watching.flatten() else { return };
        let told = async {
            while self.with_call(ordinal, |call| call.connect_took.is_none()).unwrap_or(false) {
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        // A business that never takes the webhook gets its answer all the same.
        let _ = tokio::time::timeout(WAIT_FOR_CONNECT, told).await;
    }
}
