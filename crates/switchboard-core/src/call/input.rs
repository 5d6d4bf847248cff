//! Everything that can happen to a call. Closed: a new kind makes the compiler show every place that must decide.

use std::time::Duration;

pub use crate::admission::{Admission, DrainAnswer};
use crate::call::clearance::Clearance;
use crate::call::state::{EndReason, words};
use crate::ids::UserId;
use crate::recording::RecordingPolicy;
use crate::time::Timestamp;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallInput {
    /// The provider offers a customer's call (webhook `connect`, user-initiated).
    Offered(Offered),
    /// The provider says the call is over (webhook `terminate`).
    ProviderEnded(ProviderEnded),
    /// A person calls a customer, and may.
    Placed(Placed),
    /// What became of our `connect`.
    DialAnswered(DialAnswer),
    /// The customer's media answer to a call of ours came (webhook `connect`, business-initiated). He has not picked up.
    AnswerCame,
    /// The customer's phone rings (status RINGING).
    CustomerRings,
    /// The customer picked up (status ACCEPTED).
    CustomerAccepted,
    /// The customer declined (status REJECTED).
    CustomerDeclined,
    /// What became of our `pre_accept`.
    PreAcceptAnswered(ProviderAnswer),
    /// What became of our `accept`.
    AcceptAnswered(ProviderAnswer),
    /// What became of our `reject`.
    RejectAnswered(ProviderAnswer),
    /// What became of our `terminate`.
    TerminateAnswered(ProviderAnswer),
    /// The customer leg exists and our SDP answer, or our offer, is written.
    MediaPrepared,
    /// The customer leg could not be made.
    MediaRefused(MediaRefusal),
    /// ICE and DTLS of the customer leg are up.
    CustomerConnected,
    /// The first audio packet from the customer arrived.
    CustomerHeard,
    /// Nothing at all arrived from the customer for the silence limit (C11: 30 s).
    CustomerSilent,
    /// The customer leg broke for good (DTLS failed, ICE never came up).
    CustomerLegFailed,
    /// A notice played to the customer has been heard to its end.
    NoticePlayed,
    /// The announcement that the call is recorded has been heard to its end.
    AnnouncementPlayed,
    /// The recording could not be begun or kept (disk full, writer gone).
    RecordingFailed {
        /// What stands in the story of the call.
        why: &'static str,
    },
    /// A person wants the call recorded.
    StartRecording {
        /// Who clicked.
        by: UserId,
    },
    /// A person wants silence recorded for a while.
    PauseRecording {
        /// Who clicked.
        by: UserId,
    },
    /// A person wants sound recorded again.
    ResumeRecording {
        /// Who clicked.
        by: UserId,
    },
    /// A person ends the recording, not the call.
    StopRecording {
        /// Who clicked.
        by: UserId,
    },
    /// A person took the call.
    Answer {
        /// Who clicked.
        by: UserId,
    },
    /// A person does not want to be rung for this call; others still ring.
    Decline {
        /// Who clicked.
        by: UserId,
    },
    /// A person ends the unanswered call for everyone.
    Reject {
        /// Who clicked.
        by: UserId,
    },
    /// A person ends the call.
    HangUp {
        /// Who clicked.
        by: UserId,
    },
    /// An agent became reachable while the call waits.
    AgentAvailable(UserId),
    /// The whole list of who can be rung at this moment; replaces what was known. Sent when a call begins to look
    /// for somebody again, because it hears of single changes only while it waits.
    AgentsAvailable(Vec<UserId>),
    /// An agent cannot be rung any more (offline, busy, do not disturb, line lost).
    AgentUnavailable(UserId),
    /// The line of the agent in the call is gone (laptop asleep, network, closed tab).
    LineLost(UserId),
    /// The agent in the call has a connected line again, from anywhere.
    LineBack(UserId),
    /// The exchange was restarted while this call was live: its media are gone.
    NodeRestarted,
    /// The exchange is being stopped and has waited for this call as long as it may (I10).
    DrainTimeout,
    /// The moment last returned by `poll_timeout` has come. Early or late calls are harmless.
    TimePassed,
}

/// A customer's call as it is offered to us, with the facts the engine looked up for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// The webhook's own time stamp, corrected for clock skew. All deadlines count from it.
    pub at: Timestamp,
    /// How this number wants its calls handled.
    pub policy: CallPolicy,
    /// May this call come in at all?
    pub admission: Admission,
    /// Agents who can be rung right now.
    pub available: Vec<UserId>,
}

/// How a number wants its calls handled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallPolicy {
    /// Where its calls go.
    pub destination: Destination,
    /// How long after the webhook's time stamp we may still answer (default 28 s, 15 to 55 s).
    pub answer_window: Duration,
    /// The longest a call may last (C11, default 4 h).
    pub max_call_duration: Duration,
    /// Whether it is recorded (M5).
    pub recording: RecordingPolicy,
}

/// A call of ours that may be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Whose call it is: his line is put through.
    pub by: UserId,
    /// Rules for it. Its `answer_window` is how long the customer's phone rings at the most.
    pub policy: CallPolicy,
    /// Every rule was asked (P7).
    pub clearance: Clearance,
}

/// What became of our request to call a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DialAnswer {
    /// The provider has it.
    Placed,
    /// It was refused for certain: nobody is called.
    Refused {
        /// What it means.
        why: DialRefusal,
        /// What the provider said.
        fault: ProviderFault,
    },
    /// Nobody knows: time-out, broken connection, 5xx. The customer may or may not be called; it is never repeated.
    Unknown {
        /// For the record: what we saw.
        detail: String,
    },
}

words! {
    /// Why a provider does not place a call, as far as it matters to people: each has another way out.
    DialRefusal {
        /// The customer has not allowed it: ask him.
        NoPermission = "no_permission",
        /// The customer cannot be called at all.
        Uncallable = "uncallable",
        /// A call with him is live: wait until it is over.
        AlreadyInCall = "already_in_call",
        /// Too many calls: wait.
        Limit = "limit",
        /// Calling was taken away for a while: wait, and mend the number's quality.
        Restricted = "restricted",
        /// Not offered in the country of the number: call from another one.
        Country = "country",
        /// Number, token or account: an admin has to put it right.
        NotSetUp = "not_set_up",
        /// Anything else.
        Other = "other",
    }
}

impl DialRefusal {
    /// Why a call ended by it.
    #[must_use]
    pub const fn reason(self) -> EndReason {
        match self {
            Self::NoPermission => EndReason::NoCallPermission,
            Self::Uncallable => EndReason::CustomerUncallable,
            Self::AlreadyInCall => EndReason::AlreadyInCall,
            Self::Limit => EndReason::CallLimit,
            Self::Restricted => EndReason::Restricted,
            Self::Country => EndReason::CountryNotOffered,
            Self::NotSetUp => EndReason::NumberNotSetUp,
            Self::Other => EndReason::DialRefused,
        }
    }
}

words! {
    /// Where the calls of a number go.
    Destination {
        /// All available agents ring; accepted on the click (`on_answer`).
        Agents = "agents",
        /// The caller hears himself; accepted as soon as the customer leg is connected (`on_enter`).
        Echo = "echo",
    }
}

words! {
    /// Who calls whom.
    Direction {
        /// A customer calls the business.
        Incoming = "incoming",
        /// The business calls a customer.
        Outgoing = "outgoing",
    }
}

/// The provider's word that a call is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderEnded {
    /// The webhook's own time stamp.
    pub at: Timestamp,
    /// Did the provider call it failed?
    pub failed: bool,
    /// When it was picked up, by the provider's clock. Present means: it was answered.
    pub started_at: Option<Timestamp>,
    /// When it ended, by the provider's clock.
    pub ended_at: Option<Timestamp>,
    /// The provider's own count.
    pub duration: Option<Duration>,
    /// What went wrong, in the provider's words.
    pub error: Option<ProviderFault>,
}

/// An error as the provider worded it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderFault {
    /// The provider's code (Graph `code`, webhook `errors[].code`).
    pub code: i64,
    /// The provider's text, quoted to the operator after our own explanation.
    pub message: String,
}

/// What became of a request to the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderAnswer {
    /// It was done.
    Done,
    /// It was refused for certain: nothing happened at the provider's end.
    Refused(ProviderFault),
    /// Nobody knows: time-out, broken connection, 5xx. It may or may not have been done.
    Unknown {
        /// For the record: what we saw.
        detail: String,
    },
}

/// Why the customer leg could not be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaRefusal {
    /// Every port of the pool is in use (M2: "no RTP ports available").
    NoPorts,
    /// More calls came at once than set-ups are admitted, and its turn would have come too late.
    Flooded,
    /// The offer is unusable; the text is for the operator.
    BadOffer(String),
    /// The media engine is gone or did not answer in time.
    Unavailable,
}
