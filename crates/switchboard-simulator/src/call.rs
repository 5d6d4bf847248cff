//! A call in the book: what was asked for, what happened, and the report the control API gives.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};

use crate::clock::{millis, now};
use crate::customer::{CallState, Customer, Direction, EndedBy};
use crate::faults::{Faults, Plan};
use crate::locked;
use crate::media::g711::Law;
use crate::media::hearing::Heard;
use crate::media::leg::{LegFacts, LegNews};
use crate::media::sdp::OfferShape;
use crate::webhooks::body::Parties;

/// Lines kept per call.
const MOST_LINES: usize = 200;

/// What the customer says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sound {
    /// A tone of so many hertz.
    ToneHz(u32),
    /// A WAV or Ogg Opus file on the simulator's machine.
    File(String),
    /// Encoded silence.
    Silence(bool),
    /// An invented voice.
    Voice(bool),
    /// ICE and DTLS, but no RTP.
    None(bool),
    /// Not even ICE.
    Dead(bool),
}

impl Default for Sound {
    fn default() -> Self {
        Self::ToneHz(440)
    }
}

/// Which SRTP profile the customer's end should choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// AEAD_AES_256_GCM.
    Gcm256,
    /// AEAD_AES_128_GCM.
    Gcm128,
    /// AES_CM_128_HMAC_SHA1_80.
    Sha1_80,
}

/// A call to place.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewCall {
    /// Node id of the number that is called; the first when absent.
    pub number: Option<String>,
    /// The customer's number; one is invented when absent, none is shown when only a username is given.
    pub from: Option<String>,
    /// Profile name.
    pub name: Option<String>,
    /// WhatsApp username.
    pub username: Option<String>,
    /// Payload of a call button.
    pub cta_payload: Option<String>,
    /// Payload of a call link.
    pub deeplink_payload: Option<String>,
    /// What the customer says.
    pub sound: Sound,
    /// The customer hangs up this long after the call began.
    pub hang_up_after_ms: Option<u64>,
    /// The customer hangs up this long after `accept`.
    pub hang_up_after_answer_ms: Option<u64>,
    /// The connect webhook claims to be this old.
    pub connect_age_s: Option<i64>,
    /// Which offer.
    pub sdp: OfferShape,
    /// The customer says G.711, whatever else was agreed; when absent Opus wherever it is offered.
    pub says: Option<Law>,
    /// Which SRTP profile; only what this build can force.
    pub profile: Option<Profile>,
    /// Mishaps of this call; those of the simulator when absent.
    pub faults: Option<Faults>,
    /// The customer's end sends nothing until it hears something.
    pub waits_for_first_packet: bool,
    /// What is heard is only counted, not decoded: for load.
    pub counts_only: bool,
    /// The offer lists an IPv6 candidate too.
    pub ipv6_candidate: bool,
    /// The webhooks of the call carry no `contacts`.
    pub without_contacts: bool,
    /// The webhooks of the call arrive in batches with others.
    pub in_batches: bool,
}

/// What is asked of a running call.
#[derive(Debug)]
pub(crate) enum Wish {
    Leg(LegNews),
    HangUp(EndedBy),
    /// The phone of a called customer begins to ring.
    Rings,
    PickUp,
    Decline,
    Accepted,
    Over,
}

/// A line of a call's log.
#[derive(Debug, Clone, Serialize)]
pub struct LogLine {
    /// Milliseconds since the call began.
    pub at_ms: f64,
    /// What happened.
    pub what: String,
}

/// The spans of a call in milliseconds.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Timings {
    /// Connect webhook until its 200.
    pub connect_to_200_ms: Option<f64>,
    /// Connect webhook until `pre_accept` arrived.
    pub connect_to_pre_accept_ms: Option<f64>,
    /// Connect webhook until `accept` arrived.
    pub connect_to_accept_ms: Option<f64>,
    /// Connect webhook until ICE and DTLS were done.
    pub connect_to_media_ms: Option<f64>,
    /// `accept` until the first packet with sound in it.
    pub accept_to_first_audio_ms: Option<f64>,
    /// Beginning of a call of the business until the customer's phone rang.
    pub connect_to_ringing_ms: Option<f64>,
    /// From beginning to end.
    pub length_ms: Option<f64>,
}

/// What was sent.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Sent {
    /// RTP packets.
    pub packets: u64,
}

/// A call as the control API tells it.
#[derive(Debug, Clone, Serialize)]
pub struct CallReport {
    /// The simulator's own id.
    pub id: String,
    /// Meta's id of the call.
    pub wacid: String,
    /// Who calls.
    pub direction: Direction,
    /// Node id of the number.
    pub number: String,
    /// The customer's id.
    pub user_id: String,
    /// The customer's number.
    pub from: Option<String>,
    /// The customer's name.
    pub name: String,
    /// Where it stands.
    pub state: CallState,
    /// Who ended it.
    pub ended_by: Option<EndedBy>,
    /// Whether it was ever accepted.
    pub accepted: bool,
    /// What happened.
    pub log: Vec<LogLine>,
    /// What the customer heard.
    pub heard: Heard,
    /// What the customer said.
    pub sent: Sent,
    /// Spans.
    pub timings: Timings,
    /// RTP or RTCP of the business before `accept`: a violation when not zero.
    pub early_packets: u32,
    /// RTP that arrived but was a copy or did not pass authentication.
    pub discarded_packets: u64,
    /// Attempts to deliver the webhooks of this call, and how many did not get a 200.
    pub webhooks: Webhooks,
    /// The mishaps planned for it.
    pub mishaps: Vec<&'static str>,
}

/// Deliveries of a call.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Webhooks {
    /// Attempts.
    pub attempts: u32,
    /// Attempts without a 200.
    pub failures: u32,
    /// Terminate webhooks that got a 200.
    pub terminates_delivered: u32,
}

/// A webhook on its way, in the order of the call.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) what: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) delay: Duration,
}

/// A call in the book.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) ordinal: u64,
    pub(crate) wacid: String,
    pub(crate) parties: Parties,
    pub(crate) customer: Customer,
    pub(crate) plan: Plan,
    pub(crate) faults: Option<Faults>,
    pub(crate) in_batches: bool,
    /// The call leaves traces between the customer and the number; load runs want none.
    pub(crate) remembers: bool,
    /// Connect, RINGING and ACCEPTED that wait for those before them in this call's order.
    held: [Option<(&'static str, Vec<u8>)>; 3],
    /// How many of the three were sent.
    statuses_sent: usize,
    pub(crate) leg: Option<u64>,
    pub(crate) dead: bool,
    pub(crate) facts: Arc<LegFacts>,
    pub(crate) wishes: mpsc::Sender<Wish>,
    pub(crate) letters: mpsc::Sender<Letter>,
    /// The connect webhook as sent, to be sent again after the end.
    pub(crate) connect_bytes: Vec<u8>,
    pub(crate) connect_sent_at: Option<Instant>,
    pub(crate) connect_took: Option<Duration>,
    pub(crate) ended_at: Option<Instant>,
    pub(crate) graph_requests: u64,
    pub(crate) webhooks: Webhooks,
    /// Counts the lines of the log, so that the phone page can wait for the next one.
    pub(crate) changes: watch::Sender<u64>,
    log: VecDeque<LogLine>,
}

/// The parts of a new call that the book does not fill in.
pub(crate) struct Beginning {
    pub(crate) ordinal: u64,
    pub(crate) wacid: String,
    pub(crate) parties: Parties,
    pub(crate) customer: Customer,
    pub(crate) plan: Plan,
    pub(crate) faults: Option<Faults>,
    pub(crate) in_batches: bool,
    pub(crate) remembers: bool,
    pub(crate) facts: Arc<LegFacts>,
    pub(crate) wishes: mpsc::Sender<Wish>,
    pub(crate) letters: mpsc::Sender<Letter>,
}

impl Call {
    pub(crate) fn new(beginning: Beginning) -> Self {
        Self {
            ordinal: beginning.ordinal,
            wacid: beginning.wacid,
            parties: beginning.parties,
            customer: beginning.customer,
            plan: beginning.plan,
            faults: beginning.faults,
            in_batches: beginning.in_batches,
            remembers: beginning.remembers,
            held: [None, None, None],
            statuses_sent: 0,
            leg: None,
            dead: false,
            facts: beginning.facts,
            wishes: beginning.wishes,
            letters: beginning.letters,
            connect_bytes: Vec::new(),
            connect_sent_at: None,
            connect_took: None,
            ended_at: None,
            graph_requests: 0,
            webhooks: Webhooks::default(),
            changes: watch::Sender::new(0),
            log: VecDeque::new(),
        }
    }

    pub(crate) fn id(&self) -> String {
        format!("sim_{}", self.ordinal)
    }

    pub(crate) fn note(&mut self, what: impl Into<String>) -> LogLine {
        let line = LogLine {
            at_ms: millis(now().saturating_duration_since(self.customer.offered_at)),
            what: what.into(),
        };
        if self.log.len() == MOST_LINES {
            self.log.pop_front();
        }
        self.log.push_back(line.clone());
        self.changes.send_modify(|lines| *lines += 1);
        line
    }

    pub(crate) fn report(&self) -> CallReport {
        let customer = &self.customer;
        let hearing = locked(&self.facts.hearing);
        let since = |from: Option<Instant>, to: Option<Instant>| {
            from.zip(to).map(|(from, to)| millis(to.saturating_duration_since(from)))
        };
        let connect = self.connect_sent_at.or(Some(customer.offered_at));
        CallReport {
            id: self.id(),
            wacid: self.wacid.clone(),
            direction: customer.direction(),
            number: self.parties.number_id.clone(),
            user_id: self.parties.user_id.clone(),
            from: self.parties.from.clone(),
            name: self.parties.name.clone(),
            state: customer.state(),
            ended_by: customer.ended_by(),
            accepted: customer.accepted_at.is_some(),
            log: self.log.iter().cloned().collect(),
            heard: hearing.heard(customer.accepted_at),
            sent: Sent { packets: self.facts.sent.load(Ordering::Relaxed) },
            timings: Timings {
                connect_to_200_ms: self.connect_took.map(millis),
                connect_to_pre_accept_ms: since(connect, customer.pre_accepted_at),
                connect_to_accept_ms: since(connect, customer.accepted_at),
                connect_to_media_ms: since(connect, self.facts.connected_at.get().copied()),
                accept_to_first_audio_ms: since(customer.accepted_at, hearing.first_sound_at()),
                connect_to_ringing_ms: since(connect, customer.rang_at),
                length_ms: since(Some(customer.offered_at), self.ended_at),
            },
            early_packets: self.facts.early_packets.load(Ordering::Relaxed),
            discarded_packets: self.facts.datagrams.load(Ordering::Relaxed).saturating_sub(hearing.packets()),
            webhooks: self.webhooks,
            mishaps: self.plan.names(),
        }
    }
}

/// The webhooks of a call of the business that come in no certain order.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    Connect,
    Ringing,
    /// ACCEPTED or REJECTED.
    Answered,
}

/// The six orders of three.
const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

impl Call {
    /// Keeps one of the three until its turn in the order of this call, and gives those whose turn it is.
    pub(crate) fn in_turn(
        &mut self,
        step: Step,
        what: &'static str,
        bytes: Vec<u8>,
    ) -> Vec<(&'static str, Vec<u8>)> {
        self.held[step as usize] = Some((what, bytes));
        let order = ORDERS[self.plan.order % ORDERS.len()];
        let mut due = Vec::new();
        while let Some(next) = order.get(self.statuses_sent).and_then(|slot| self.held[*slot].take()) {
            due.push(next);
            self.statuses_sent += 1;
        }
        due
    }

    /// At the end what was held back goes out in its order, whether all came or not.
    pub(crate) fn all_held(&mut self) -> Vec<(&'static str, Vec<u8>)> {
        let order = ORDERS[self.plan.order % ORDERS.len()];
        order.iter().filter_map(|slot| self.held[*slot].take()).collect()
    }
}

impl Plan {
    fn names(&self) -> Vec<&'static str> {
        [
            (self.duplicate_connect, "duplicate_connect"),
            (self.duplicate_terminate, "duplicate_terminate"),
            (self.connect_again_after_terminate, "connect_again_after_terminate"),
            (!self.connect_delay.is_zero(), "connect_delayed"),
            (!self.terminate_delay.is_zero(), "terminate_delayed"),
            (self.drop_connect, "connect_dropped"),
            (self.drop_terminate, "terminate_dropped"),
            (self.stale, "stale"),
            (self.terminate_first, "terminate_before_connect"),
            (self.order != 0, "shuffled"),
            (self.connect_before_answer, "connect_before_answer"),
            (self.drop_status, "statuses_dropped"),
        ]
        .into_iter()
        .filter_map(|(planned, name)| planned.then_some(name))
        .collect()
    }
}
