//! What the outside may know: one set of types with three exits (WebSocket, outgoing webhook, event log).
//!
//! These are promises to other people. Fields are added, never renamed; ids are `prefix_…` texts, moments are
//! RFC 3339 in UTC, spans carry their unit at the end of the name.

mod customers;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use customers::{
    CallsUsed, ContactView, MessageError, MessageView, PermissionEntry, PermissionView, RequestsUsed,
};

/// A person, as others see him.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Person {
    /// `user_…`
    pub id: String,
    /// The name on his account.
    pub name: String,
}

/// A business number, as a call names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NumberName {
    /// `num_…`
    pub id: String,
    /// What the business calls it.
    pub name: String,
    /// The number in international form.
    pub display_phone: String,
}

/// The customer. Users with a username may share no number.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Caller {
    /// Profile name.
    pub name: Option<String>,
    /// Number in international form.
    pub phone: Option<String>,
    /// WhatsApp username, without `@`.
    pub username: Option<String>,
    /// ISO 3166 country of the number.
    pub country: Option<String>,
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Caller(masked)")
    }
}

/// An error as the provider worded it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CallError {
    /// The provider's code.
    pub code: i64,
    /// The provider's text.
    pub message: String,
}

/// How one side of a call sounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Quality {
    /// Estimated mean opinion score, 1 to 5.
    pub mos: f32,
    /// Packets lost, per cent.
    pub loss_percent: f32,
    /// Jitter, ms.
    pub jitter_ms: f32,
    /// Round-trip time, ms; absent until RTCP has measured it.
    pub rtt_ms: Option<f32>,
}

/// A call as lists, cards and pages show it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Call)]
pub struct CallView {
    /// `call_…`
    pub id: String,
    /// `incoming` or `outgoing`.
    pub direction: &'static str,
    /// What the provider knows: `dialled`, `ringing`, `pre_accepted`, `accepted`, `terminated`, `rejected`, `missed`,
    /// `failed`, `cancelled`. `dialled` is a call of the business whose customer's phone does not ring yet.
    pub state: &'static str,
    /// What agents read: `offered`, `ringing`, `answered`, `ended`, `missed`, `rejected`, `failed`.
    pub status: &'static str,
    /// What the business reads when it is over.
    pub outcome: Option<&'static str>,
    /// Why it ended.
    pub end_reason: Option<&'static str>,
    /// Who ended it: `customer`, `agent`, `exchange`, `provider`.
    pub ended_by: Option<&'static str>,
    /// The business number: the one that was called, or from which the business calls.
    pub number: NumberName,
    /// The customer, whoever called.
    pub caller: Caller,
    /// Payload of the call button that was pressed.
    pub cta_payload: Option<String>,
    /// Payload of the call link that was opened.
    pub deeplink_payload: Option<String>,
    /// `br_…`; none until an agent with a branch answers.
    pub branch_id: Option<String>,
    /// The provider's time stamp of the offer (of the end, when no offer came); when a call of the business was placed.
    pub offered_at: String,
    /// Until when it may be answered, or until when the customer's phone rings.
    pub answer_by: Option<String>,
    /// Who placed it, when the business calls.
    pub placed_by: Option<Person>,
    /// When the provider was asked to call the customer.
    pub dialled_at: Option<String>,
    /// When the customer's phone began to ring.
    pub rang_at: Option<String>,
    /// Until when it rings; none while nobody is rung.
    pub ring_until: Option<String>,
    /// When `pre_accept` went through.
    pub pre_accepted_at: Option<String>,
    /// When `accept` went through, or the customer picked up.
    pub accepted_at: Option<String>,
    /// When a person was put through.
    pub answered_at: Option<String>,
    /// Who answered.
    pub answered_by: Option<Person>,
    /// When it ended.
    pub ended_at: Option<String>,
    /// Who is rung at this moment; the first eight by name.
    pub ringing: Vec<Person>,
    /// How many are rung.
    pub ringing_count: usize,
    /// How long a person spoke with the customer, s.
    pub talk_seconds: Option<u64>,
    /// The provider's own count, s.
    pub duration_seconds: Option<u64>,
    /// The provider's error.
    pub error: Option<CallError>,
    /// Sound from and to the customer, the newest measure or, when over, the mean.
    pub quality: Option<Quality>,
    /// How its recording stands while it is live; null when calls of this number are not recorded, and when over.
    pub recording: Option<RecordingNow>,
}

/// How the recording of a live call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct RecordingNow {
    /// `off`, `announcing` (the customer is being told), `recording`, `paused`, `failed`.
    pub state: &'static str,
    /// Somebody who may can begin one now.
    pub can_start: bool,
    /// Somebody who may can pause it, or go on with it, now.
    pub can_pause: bool,
}

/// One entry of a call's story.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CallEventView {
    /// `evt_…`
    pub id: String,
    /// `call_…`
    pub call_id: String,
    /// Position in the call's story, from 1.
    pub seq: i32,
    /// When.
    pub at: String,
    /// What: `call.received`, `media.customer_connected` …
    pub kind: String,
    /// The facts that belong to it.
    pub data: serde_json::Value,
}

/// One entry of the event log: about a call, or about a contact, a number or both.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LogEntryView {
    /// `evt_…`
    pub id: String,
    /// `call_…`, of an entry about a call.
    pub call_id: Option<String>,
    /// `ct_…`, of an entry about a contact.
    pub contact_id: Option<String>,
    /// `num_…`, of an entry about a number.
    pub number_id: Option<String>,
    /// Position in the call's story, from 1.
    pub seq: Option<i32>,
    /// When.
    pub at: String,
    /// What: `call.received`, `permission.granted`, `message.received` …
    pub kind: String,
    /// The facts that belong to it.
    pub data: serde_json::Value,
}

/// An offer to one agent.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Offer {
    /// The call.
    pub call: CallView,
    /// Until when it can be taken.
    pub ring_until: String,
    /// Who else is rung; the first eight by name.
    pub others: Vec<Person>,
    /// How many others are rung.
    pub others_count: usize,
    /// I am the only one rung: declining rejects the call.
    pub last: bool,
}

/// Something somebody should look at.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Alert)]
pub struct AlertView {
    /// `alert_…`
    pub id: String,
    /// `token_invalid`, `number_restricted`, `number_suspended`, `quality_red`, `quality_yellow`, `pickup_low`,
    /// `no_webhook`, `deliveries_dead`, `clock_skew`, `disk_low`.
    pub kind: &'static str,
    /// `num_…`
    pub number_id: Option<String>,
    /// Since when.
    pub since: String,
    /// What belongs to it: `hours`, `count`, `skew_ms`, `percent_free`, `restrictions`, `until`, `missed`,
    /// `percent`.
    pub data: serde_json::Value,
    /// What is wrong and what to do, in English.
    pub sentence: String,
    /// Somebody has seen it.
    pub acknowledged_at: Option<String>,
    /// It is over.
    pub resolved_at: Option<String>,
}

/// How an agent can be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AgentPresence {
    /// `user_…`
    pub user_id: String,
    /// The name on his account.
    pub name: String,
    /// `offline`, `not_ready`, `available`, `ringing`, `busy`, `do_not_disturb`.
    pub state: &'static str,
}

/// What the live stream says to a client.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// First of all: the whole picture.
    Hello(Box<Hello>),
    /// A call I may see has changed.
    Call {
        /// The call as it is now.
        call: Box<CallView>,
        /// The newest entry of its story that caused this.
        event: EventMark,
    },
    /// A call I saw belongs to a branch that is not mine from now on.
    CallGone {
        /// `call_…`
        call_id: String,
    },
    /// I am rung (or who else is rung has changed).
    Offer {
        /// The offer.
        offer: Box<Offer>,
    },
    /// I am not rung any more.
    OfferGone {
        /// `call_…`
        call_id: String,
        /// `taken`, `answered`, `declined`, `ended`, `unavailable`, `timed_out`.
        why: &'static str,
        /// Who took it.
        by: Option<Person>,
    },
    /// The SDP answer to my `line_open`.
    LineAnswer {
        /// The client's own mark.
        request: String,
        /// `line_…`
        line_id: String,
        /// The answer.
        sdp: String,
    },
    /// What became of a line.
    Line {
        /// `line_…`
        line_id: String,
        /// `connected`, `lost`, `closed`, `replaced`, `failed`.
        state: &'static str,
    },
    /// The call my line is put through to.
    MyCall {
        /// The call; none: my line is free.
        call: Option<Box<CallView>>,
    },
    /// An agent's presence has changed.
    Presence(AgentPresence),
    /// The server is being stopped: no new calls come in, live ones may go on until then.
    Draining {
        /// When the last calls are ended.
        ends_at: String,
    },
    /// How my call sounds.
    Quality {
        /// `call_…`
        call_id: String,
        /// From the customer.
        customer: Option<Quality>,
        /// From the agent.
        agent: Option<Quality>,
    },
    /// A message came, or what became of one of ours.
    Message {
        /// The message as it is now.
        message: Box<MessageView>,
        /// What happened: `message.received`, `message.sent`, `message.status`.
        event: EventMark,
    },
    /// What a customer allows has changed.
    Permission {
        /// The permission as it is now, with its history.
        permission: Box<PermissionView>,
        /// What happened: `permission.requested`, `permission.granted` …
        event: EventMark,
    },
    /// What supervisors should look at has changed: everything that is open.
    Alerts {
        /// Oldest first.
        items: Vec<AlertView>,
    },
    /// Something of a number has changed: its settings, its hours, what Meta says of it, its safeguards.
    NumberChanged {
        /// `num_…`
        number_id: String,
    },
    /// A message of mine could not be followed.
    Error {
        /// The client's own mark.
        request: Option<String>,
        /// A code that stays.
        code: &'static str,
        /// What happened and what to do.
        detail: String,
    },
    /// Answer to `ping`.
    Pong,
    /// The server closes this stream.
    Bye {
        /// `logout`, `disabled`, `shutdown`, `too_slow`.
        why: &'static str,
    },
}

/// The newest entry of a call's story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EventMark {
    /// `call.received` …
    pub kind: String,
    /// When.
    pub at: String,
}

/// The whole picture a client starts from.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Hello {
    /// The server's clock; remaining ring times are counted against it.
    pub server_time: String,
    /// This stream.
    pub connection_id: String,
    /// Me.
    pub user: Person,
    /// Live calls I may see.
    pub calls: Vec<CallView>,
    /// What I am rung for.
    pub offers: Vec<Offer>,
    /// The call that is mine although my page was reloaded.
    pub my_call: Option<CallView>,
    /// `available` or `do_not_disturb`.
    pub my_status: &'static str,
    /// My colleagues.
    pub presence: Vec<AgentPresence>,
    /// The server is being stopped: when the last calls are ended.
    pub draining_ends_at: Option<String>,
}

/// What a client says on the live stream.
#[derive(Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// Opens my line, or replaces it.
    LineOpen {
        /// The client's own mark, comes back in the answer.
        request: String,
        /// The browser's SDP offer.
        sdp: String,
    },
    /// Closes my line.
    LineClose,
    /// What this page can do.
    Ready {
        /// Sound was unlocked by a click on this page.
        sound: bool,
        /// Permission for the microphone.
        microphone: MicrophonePermission,
    },
    /// What I want.
    Status {
        /// The choice.
        status: AgentStatus,
    },
    /// Keeps the stream alive.
    Ping,
}

impl std::fmt::Debug for ClientMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::LineOpen { .. } => "LineOpen",
            Self::LineClose => "LineClose",
            Self::Ready { .. } => "Ready",
            Self::Status { .. } => "Status",
            Self::Ping => "Ping",
        })
    }
}

/// The browser's permission for the microphone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MicrophonePermission {
    /// Allowed.
    Granted,
    /// The browser will ask.
    Prompt,
    /// Refused.
    Denied,
}

/// What an agent wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentStatus {
    /// Ring me.
    Available,
    /// Do not.
    DoNotDisturb,
}
