//! The two facts of a call that are never mixed (C3): what the provider knows, and what the business reads.

use std::time::Duration;

use crate::call::input::{CallPolicy, ProviderFault};
use crate::ids::UserId;
use crate::time::Timestamp;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word in database, API and log.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Reads the word back.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What the provider knows of the call.
    ProviderState {
        /// Offered to us; the customer's phone rings.
        Ringing = "ringing",
        /// Our `pre_accept` went through (or counts as sent): the media path may warm up.
        PreAccepted = "pre_accepted",
        /// Our `accept` went through: both sides may speak, the customer's timer runs.
        Accepted = "accepted",
        /// Over after it was accepted.
        Terminated = "terminated",
        /// Refused by us: by a person, by a switch, by a limit.
        Rejected = "rejected",
        /// Nobody accepted it in time.
        Missed = "missed",
        /// Something broke.
        Failed = "failed",
        /// The caller gave up before anybody accepted.
        Cancelled = "cancelled",
    }
}

impl ProviderState {
    /// Is the call over?
    #[must_use]
    pub const fn is_over(self) -> bool {
        match self {
            Self::Ringing | Self::PreAccepted | Self::Accepted => false,
            Self::Terminated | Self::Rejected | Self::Missed | Self::Failed | Self::Cancelled => true,
        }
    }
}

words! {
    /// What the business reads when the call is over.
    Outcome {
        /// A person (or an AI agent) spoke with the customer.
        Answered = "answered",
        /// Accepted by music, menu or queue; the customer left before anybody came.
        Abandoned = "abandoned",
        /// The customer left a message.
        Voicemail = "voicemail",
        /// Ended inside a flow by design (the echo is one).
        SelfService = "self_service",
        /// Never accepted.
        Missed = "missed",
        /// Refused by us.
        Rejected = "rejected",
        /// Something broke.
        Failed = "failed",
        /// We hung up an outgoing call before it was picked up.
        Cancelled = "cancelled",
    }
}

words! {
    /// Why a call ended, finer than its outcome. The operator reads a sentence made from it.
    EndReason {
        /// The customer hung up.
        CustomerHungUp = "customer_hung_up",
        /// The agent hung up.
        AgentHungUp = "agent_hung_up",
        /// Nobody answered within the window.
        NoAnswer = "no_answer",
        /// Everyone who was rung declined.
        Declined = "declined",
        /// A person rejected it for everyone.
        RejectedByAgent = "rejected_by_agent",
        /// The `connect` was older than the answer window when it came.
        StaleOffer = "stale_offer",
        /// Calling is switched off (C9).
        CallingDisabled = "calling_disabled",
        /// The limit of calls at once was reached (C8).
        AtCapacity = "at_capacity",
        /// The UDP pool is used up (M2).
        NoRtpPorts = "no_rtp_ports",
        /// The offer had no audio, no fingerprint or no codec we serve.
        BadOffer = "bad_offer",
        /// The media engine did not make the leg.
        MediaUnavailable = "media_unavailable",
        /// The customer leg broke (ICE or DTLS).
        MediaFailed = "media_failed",
        /// The provider refused our `pre_accept`.
        PreAcceptRefused = "pre_accept_refused",
        /// The provider refused our `accept`.
        AcceptRefused = "accept_refused",
        /// Nobody knows whether `accept` went through, and no sound came to prove it.
        AcceptUnknown = "accept_unknown",
        /// No packet from the customer for 30 s (C11).
        CustomerSilent = "customer_silent",
        /// `max_call_duration` was reached (C11).
        TooLong = "too_long",
        /// The agent's line was lost and nobody took the call over.
        AgentLost = "agent_lost",
        /// The provider ended it with an error.
        ProviderFailed = "provider_failed",
        /// The exchange was restarted while the call was live.
        NodeRestarted = "node_restarted",
        /// The provider's end came and its offer never did.
        OfferNeverCame = "offer_never_came",
    }
}

words! {
    /// Who ended a call.
    EndedBy {
        /// The customer.
        Customer = "customer",
        /// A person of the business.
        Agent = "agent",
        /// The exchange itself: a rule, a limit, a deadline, a fault.
        Exchange = "exchange",
        /// The provider.
        Provider = "provider",
    }
}

words! {
    /// What agents read in lists (C3).
    Status {
        /// Here, and nobody is rung yet.
        Offered = "offered",
        /// At least one agent is rung.
        Ringing = "ringing",
        /// Accepted and going on.
        Answered = "answered",
        /// Over after it was answered or served.
        Ended = "ended",
        /// Over, and nobody spoke with the customer.
        Missed = "missed",
        /// Refused by us.
        Rejected = "rejected",
        /// Broken.
        Failed = "failed",
    }
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// What the business reads.
    pub outcome: Outcome,
    /// Why.
    pub reason: EndReason,
    /// Who ended it.
    pub by: EndedBy,
    /// Which person, when it was one.
    pub by_user: Option<UserId>,
    /// When.
    pub at: Timestamp,
    /// The provider's error, when there is one.
    pub fault: Option<ProviderFault>,
}

/// Everything that is decided of a call at one moment: what its row keeps, and what it can be restored from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFacts {
    /// What the provider knows.
    pub state: ProviderState,
    /// The provider's `connect` has been seen.
    pub offered: bool,
    /// Policy at the moment of the offer (none while only a `terminate` was seen).
    pub policy: Option<CallPolicy>,
    /// The webhook's time stamp of the offer.
    pub offered_at: Option<Timestamp>,
    /// Until when it may be answered.
    pub answer_by: Option<Timestamp>,
    /// When `pre_accept` went through.
    pub pre_accepted_at: Option<Timestamp>,
    /// When `accept` went through.
    pub accepted_at: Option<Timestamp>,
    /// When a person was first put through; talk time counts from here.
    pub answered_at: Option<Timestamp>,
    /// Who answered (the last one who took it over).
    pub answered_by: Option<UserId>,
    /// Who is rung at this moment, in the order they were.
    pub ringing: Vec<UserId>,
    /// How it ended.
    pub ending: Option<Ending>,
    /// The provider's own times, when it told them.
    pub provider_started_at: Option<Timestamp>,
    /// See above.
    pub provider_ended_at: Option<Timestamp>,
    /// See above.
    pub provider_duration: Option<Duration>,
}

impl CallFacts {
    /// What agents read in lists.
    #[must_use]
    pub fn status(&self) -> Status {
        match (&self.ending, self.state) {
            (Some(ending), _) => match ending.outcome {
                Outcome::Answered | Outcome::SelfService | Outcome::Voicemail => Status::Ended,
                Outcome::Missed | Outcome::Abandoned => Status::Missed,
                Outcome::Rejected => Status::Rejected,
                Outcome::Failed => Status::Failed,
                Outcome::Cancelled => Status::Ended,
            },
            (None, ProviderState::Accepted) => Status::Answered,
            (
                None,
                ProviderState::Ringing
                | ProviderState::PreAccepted
                | ProviderState::Terminated
                | ProviderState::Rejected
                | ProviderState::Missed
                | ProviderState::Failed
                | ProviderState::Cancelled,
            ) => {
                if self.ringing.is_empty() {
                    Status::Offered
                } else {
                    Status::Ringing
                }
            }
        }
    }

    /// How long a person spoke with the customer; none while nobody has.
    #[must_use]
    pub fn talk_time(&self) -> Option<Duration> {
        Some(self.ending.as_ref()?.at.since(self.answered_at?))
    }
}
