//! The two facts of a call that are never mixed (C3): what the provider knows, and what the business reads.

use std::time::Duration;

use crate::call::input::{CallPolicy, Direction, ProviderFault};
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
        /// A call of ours: asked for, and the customer's phone does not ring yet.
        Dialled = "dialled",
        /// The customer's phone rings: he calls and waits for us, or we call and wait for him.
        Ringing = "ringing",
        /// Our `pre_accept` went through (or counts as sent): the media path may warm up.
        PreAccepted = "pre_accepted",
        /// Our `accept` went through, or the customer picked up: both sides may speak, his timer runs.
        Accepted = "accepted",
        /// Over after it was accepted.
        Terminated = "terminated",
        /// Refused by us (by a person, by a switch, by a limit), or a call of ours that the customer declined.
        Rejected = "rejected",
        /// Nobody accepted it in time.
        Missed = "missed",
        /// Something broke.
        Failed = "failed",
        /// Who called gave up before anybody accepted.
        Cancelled = "cancelled",
    }
}

impl ProviderState {
    /// Is the call over?
    #[must_use]
    pub const fn is_over(self) -> bool {
        match self {
            Self::Dialled | Self::Ringing | Self::PreAccepted | Self::Accepted => false,
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
        /// Refused by us, or declined by the customer we called.
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
        /// The caller stands in the block list.
        BlockedCaller = "blocked_caller",
        /// The exchange was being stopped (I10).
        Draining = "draining",
        /// The number was closed at this hour (H2).
        OutsideHours = "outside_hours",
        /// The number rested after too many missed calls (S2).
        Suspended = "suspended",
        /// More calls came at once than could be set up in time.
        Flooded = "flooded",
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
        /// The customer we called declined.
        DeclinedByCustomer = "declined_by_customer",
        /// Nobody knows whether the provider placed our call, and nothing came to prove it.
        DialUnknown = "dial_unknown",
        /// The provider: this customer has not allowed that we call him.
        NoCallPermission = "no_call_permission",
        /// The provider: this customer cannot be called.
        CustomerUncallable = "customer_uncallable",
        /// The provider: a call with this customer is live already.
        AlreadyInCall = "already_in_call",
        /// The provider: too many calls, with this customer, of this number, or at once.
        CallLimit = "call_limit",
        /// The provider has taken calling away from the number for a while.
        Restricted = "restricted",
        /// The provider does not offer calls of the business in the number's country.
        CountryNotOffered = "country_not_offered",
        /// Number, token or account must be put right at the provider before it can call.
        NumberNotSetUp = "number_not_set_up",
        /// The provider refused our call for another reason.
        DialRefused = "dial_refused",
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
        /// Here, and nobody is rung yet; or dialled, and the customer's phone does not ring yet.
        Offered = "offered",
        /// At least one agent is rung, or the customer's phone rings.
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

impl Ending {
    /// Is this a call that somebody should have taken (C3, S2)? Not one that came when nobody could: the number rested or
    /// was closed, the exchange was being stopped, the offer reached us after its time.
    #[must_use]
    pub const fn counts_as_missed(&self) -> bool {
        match self.outcome {
            Outcome::Missed | Outcome::Abandoned => !matches!(
                self.reason,
                EndReason::Draining | EndReason::StaleOffer | EndReason::OfferNeverCame
            ),
            Outcome::Answered
            | Outcome::Voicemail
            | Outcome::SelfService
            | Outcome::Rejected
            | Outcome::Failed
            | Outcome::Cancelled => false,
        }
    }

    /// Does it say something about how often calls are taken? One that we gave up ourselves before anybody could take it
    /// does not, nor one of somebody who is not wanted.
    #[must_use]
    pub const fn could_have_been_taken(&self) -> bool {
        !matches!(self.outcome, Outcome::Cancelled) && !matches!(self.reason, EndReason::BlockedCaller)
    }
}

/// Everything that is decided of a call at one moment: what its row keeps, and what it can be restored from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFacts {
    /// Who calls whom.
    pub direction: Direction,
    /// Who placed it, when it is a call of ours.
    pub placed_by: Option<UserId>,
    /// When our request for it left.
    pub dialled_at: Option<Timestamp>,
    /// When the customer's phone began to ring, as we heard of it.
    pub rang_at: Option<Timestamp>,
    /// The provider is known to have it: by his answer, or by a word about it. A call of ours that ended before that
    /// still has to be ended at the provider's, should he come to speak of it.
    pub reached: bool,
    /// What the provider knows.
    pub state: ProviderState,
    /// The provider's `connect` has been seen, or it is a call of ours.
    pub offered: bool,
    /// Policy at the moment of the offer (none while only a `terminate` was seen).
    pub policy: Option<CallPolicy>,
    /// The webhook's time stamp of the offer; of a call of ours, when it was placed.
    pub offered_at: Option<Timestamp>,
    /// Until when it may be answered; of a call of ours, until when the customer's phone rings.
    pub answer_by: Option<Timestamp>,
    /// When `pre_accept` went through.
    pub pre_accepted_at: Option<Timestamp>,
    /// When `accept` went through, or the customer picked up.
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
    /// A call of ours that was over before the customer took it, with the moment of its end. One that was given up is
    /// among them when the provider had it, for the customer has seen that we called; one that failed is when it is
    /// known to have rung.
    #[must_use]
    pub fn rang_in_vain(&self) -> Option<Timestamp> {
        let ours = self.direction == Direction::Outgoing && self.accepted_at.is_none();
        let ending = self.ending.as_ref().filter(|_| ours)?;
        let rang = match ending.outcome {
            Outcome::Missed | Outcome::Rejected => true,
            Outcome::Cancelled => self.reached,
            Outcome::Failed => self.reached && self.rang_at.is_some(),
            Outcome::Answered | Outcome::Abandoned | Outcome::Voicemail | Outcome::SelfService => false,
        };
        rang.then_some(ending.at)
    }

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
            (None, ProviderState::Dialled) => Status::Offered,
            (None, ProviderState::Ringing) if self.direction == Direction::Outgoing => Status::Ringing,
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
