//! Everything a call can ask for. Closed: a new kind makes the compiler show every place that must act.

use crate::call::event::CallEvent;
use crate::ids::UserId;
use crate::time::Timestamp;

/// One thing to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallEffect {
    /// Append to the story of the call. All `Record`s of one `handle` and the call's row are one transaction.
    Record(CallEvent),
    /// Make the customer leg from the offer and write our SDP answer, when its turn has come; give up (and report
    /// `Flooded`) at this moment.
    PrepareMedia {
        /// From here on a leg would be ready too late to be of use.
        give_up_at: Timestamp,
    },
    /// Make the customer leg of a call of ours and write our offer, when its turn has come; give up (and report
    /// `Flooded`) at this moment.
    PrepareOffer {
        /// From here on a leg would be ready too late to be of use.
        give_up_at: Timestamp,
    },
    /// Send `connect` with our offer, once; give up (and report `Unknown`) at this moment.
    Dial {
        /// The last moment an answer is of use.
        give_up_at: Timestamp,
    },
    /// Hand the customer's media answer to his leg: ICE and DTLS begin.
    ApplyAnswer,
    /// The customer's phone rings: whoever is put through to him hears it, until he picks up.
    Ringback,
    /// Send `pre_accept` with our answer; give up (and report `Unknown`) at this moment.
    PreAccept {
        /// The last moment an answer is of use.
        give_up_at: Timestamp,
    },
    /// Send `accept` with the same answer; give up (and report `Unknown`) at this moment.
    Accept {
        /// The last moment an answer is of use.
        give_up_at: Timestamp,
    },
    /// Send `reject`. Safe to repeat.
    Reject,
    /// Send `terminate`. Safe to repeat.
    Terminate,
    /// Let media flow to the customer: `accept` has its 200, or he picked up. Before this no RTP and no RTCP leaves for
    /// him.
    OpenGate,
    /// Put the customer through to someone or something; replaces what was there.
    Bridge(Seat),
    /// Keep what the customer says and hears from now on.
    StartRecording,
    /// Keep silence of true length from now on.
    PauseRecording,
    /// Keep sound again.
    ResumeRecording,
    /// Finish the recording: what was kept stays.
    StopRecording,
    /// Close the customer leg and give its port back.
    ReleaseMedia,
    /// Offer the call to an agent.
    Ring {
        /// Whom.
        agent: UserId,
        /// Until when he can take it.
        until: Timestamp,
    },
    /// Take the offer back.
    StopRinging {
        /// From whom.
        agent: UserId,
        /// What his card says before it goes.
        why: StopRinging,
    },
}

/// Who or what the customer is put through to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seat {
    /// An agent's line.
    Agent(UserId),
    /// Himself.
    Echo,
    /// Hold music.
    Music,
    /// A spoken notice; `NoticePlayed` follows.
    Notice(Notice),
    /// The words that tell him that the call is recorded; `AnnouncementPlayed` follows.
    Announcement,
    /// Nobody: the silence guard alone keeps the leg alive.
    Nobody,
}

/// Spoken notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Notice {
    /// "We lost the connection to our colleague. Please call again." Played before we hang up.
    NobodyLeft,
    /// The tone that says the call will end soon (C11).
    EndsSoon,
    /// "We must interrupt this call for maintenance. Please call again in a few minutes."
    Maintenance,
}

/// Why an offer is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopRinging {
    /// Somebody else was faster.
    Taken {
        /// Who.
        by: UserId,
    },
    /// He took it himself.
    Answered,
    /// He declined.
    Declined,
    /// The call is over.
    Ended,
    /// He cannot be rung any more.
    Unavailable,
    /// Nobody answered in time.
    TimedOut,
}
