//! The story of a call: what is kept in the event log and shown in the flight record.

use crate::call::effect::{Notice, StopRinging};
use crate::call::input::{MediaRefusal, ProviderFault};
use crate::call::state::{EndReason, Ending};
use crate::ids::UserId;
use crate::time::Timestamp;

/// One entry of the story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallEvent {
    /// When we knew it.
    pub at: Timestamp,
    /// What it was.
    pub what: CallEventKind,
}

/// What can stand in the story of a call. The first ten are the public catalogue of C5, the rest is the flight record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallEventKind {
    /// A customer's call came in.
    Received,
    /// A person calls a customer.
    Initiated(UserId),
    /// The customer's phone rings.
    CustomerRings,
    /// `pre_accept` went through (or counts as sent).
    PreAccepted {
        /// The answer was ambiguous twice; we go on as if it had gone through.
        presumed: bool,
    },
    /// `accept` went through, or the customer picked up.
    Accepted {
        /// No 200 (no status) came, sound or the provider's own times proved it.
        presumed: bool,
    },
    /// Over after it was accepted.
    Terminated(Ending),
    /// Refused by us, or by the customer we called.
    Rejected(Ending),
    /// Never accepted.
    Missed(Ending),
    /// Broken.
    Failed(Ending),
    /// Who called gave up before anybody accepted.
    Cancelled(Ending),

    /// A provider's `terminate` came for a call we have not been offered (yet).
    EndedBeforeOffer,
    /// A `connect` came for a call that was over already; it was not answered.
    OfferedAfterEnd,
    /// The provider told its own times after we knew the end.
    ProviderTimes,
    /// The caller gave up before our own deadline passed: the end is corrected from missed to cancelled or back.
    EndRefined(Ending),

    /// `connect` leaves.
    DialSent,
    /// The provider has our call.
    Dialled,
    /// The customer's media answer came.
    AnswerCame,
    /// The provider came to speak of a call that we had ended without knowing that he has it.
    AppearedLate,

    /// The customer leg is ready and our SDP answer or offer is written.
    MediaPrepared,
    /// The customer leg could not be made.
    MediaRefused(MediaRefusal),
    /// `pre_accept` leaves.
    PreAcceptSent {
        /// First or second attempt.
        attempt: u8,
    },
    /// `accept` leaves.
    AcceptSent,
    /// `reject` leaves.
    RejectSent,
    /// `terminate` leaves.
    TerminateSent,
    /// The provider refused a request.
    ProviderRefused {
        /// `connect`, `pre_accept`, `accept`, `reject` or `terminate`.
        action: &'static str,
        /// What it said.
        fault: ProviderFault,
    },
    /// Nobody knows whether a request went through.
    ProviderUnclear {
        /// `connect`, `pre_accept`, `accept`, `reject` or `terminate`.
        action: &'static str,
        /// What we saw.
        detail: String,
    },
    /// ICE and DTLS of the customer leg are up.
    CustomerConnected,
    /// First sound from the customer.
    CustomerHeard,
    /// An agent is rung.
    Rung(UserId),
    /// An agent is not rung any more.
    RingStopped {
        /// Who.
        agent: UserId,
        /// Why.
        why: StopRinging,
    },
    /// A person pressed Answer and won.
    AnswerClicked(UserId),
    /// The customer is put through to an agent.
    PutThrough(UserId),
    /// The agent's line is gone.
    LineLost(UserId),
    /// The agent took the call back.
    LineBack(UserId),
    /// The customer hears music.
    MusicStarted,
    /// The call is offered again, because its agent did not come back.
    OfferedAgain,
    /// The customer hears a notice.
    NoticeStarted(Notice),
    /// The customer is told that the call will be recorded, by a person's wish or by the number's setting.
    RecordingAnnounced(Option<UserId>),
    /// The recording begins here.
    RecordingStarted(Option<UserId>),
    /// Silence is recorded from here on.
    RecordingPaused(UserId),
    /// Sound is recorded again.
    RecordingResumed(UserId),
    /// The recording ends here: by a person's word, or with the call.
    RecordingStopped(Option<UserId>),
    /// There is no recording, or only the part before this; the call itself is unharmed.
    RecordingFailed(&'static str),
    /// An input that could not be applied here was refused (C3: never half applied).
    InputRefused {
        /// Which input.
        input: &'static str,
        /// Why not.
        why: &'static str,
    },
    /// A deadline passed; what follows comes from it.
    DeadlinePassed(EndReason),
}

impl CallEventKind {
    /// The name in database, API and log (`call.…` for the public catalogue, `media.…`, `ring.…` … for the flight record).
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Received => "call.received",
            Self::Initiated(_) => "call.initiated",
            Self::CustomerRings => "call.ringing",
            Self::PreAccepted { .. } => "call.pre_accepted",
            Self::Accepted { .. } => "call.accepted",
            Self::Terminated(_) => "call.terminated",
            Self::Rejected(_) => "call.rejected",
            Self::Missed(_) => "call.missed",
            Self::Failed(_) => "call.failed",
            Self::Cancelled(_) => "call.cancelled",
            Self::EndedBeforeOffer => "provider.ended_before_offer",
            Self::OfferedAfterEnd => "provider.offered_after_end",
            Self::ProviderTimes => "provider.times",
            Self::EndRefined(_) => "call.end_refined",
            Self::DialSent => "provider.connect_sent",
            Self::Dialled => "provider.dialled",
            Self::AnswerCame => "provider.answer_came",
            Self::AppearedLate => "provider.appeared_late",
            Self::MediaPrepared => "media.prepared",
            Self::MediaRefused(_) => "media.refused",
            Self::PreAcceptSent { .. } => "provider.pre_accept_sent",
            Self::AcceptSent => "provider.accept_sent",
            Self::RejectSent => "provider.reject_sent",
            Self::TerminateSent => "provider.terminate_sent",
            Self::ProviderRefused { .. } => "provider.refused",
            Self::ProviderUnclear { .. } => "provider.unclear",
            Self::CustomerConnected => "media.customer_connected",
            Self::CustomerHeard => "media.customer_heard",
            Self::Rung(_) => "ring.started",
            Self::RingStopped { .. } => "ring.stopped",
            Self::AnswerClicked(_) => "ring.answered",
            Self::PutThrough(_) => "agent.put_through",
            Self::LineLost(_) => "agent.line_lost",
            Self::LineBack(_) => "agent.line_back",
            Self::MusicStarted => "media.music_started",
            Self::OfferedAgain => "ring.offered_again",
            Self::NoticeStarted(_) => "media.notice_started",
            Self::RecordingAnnounced(_) => "recording.announced",
            Self::RecordingStarted(_) => "recording.started",
            Self::RecordingPaused(_) => "recording.paused",
            Self::RecordingResumed(_) => "recording.resumed",
            Self::RecordingStopped(_) => "recording.stopped",
            Self::RecordingFailed(_) => "recording.failed",
            Self::InputRefused { .. } => "input.refused",
            Self::DeadlinePassed(_) => "deadline.passed",
        }
    }
}
