//! What can be asked of the media engine once a leg exists. Closed.

use switchboard_core::call::effect::Notice;
use switchboard_core::ids::{CallId, LineId};
use switchboard_core::language::Language;

use crate::sound::Sound;

/// One order. None of them fails: an order for a leg that is gone is ignored, because the leg may have
/// closed while the order was on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaCommand {
    /// `accept` has its 200, or the customer picked up: RTP and RTCP may leave for him from now on.
    OpenGate {
        /// Whose customer.
        call: CallId,
    },
    /// The customer's phone rings: the line of the seat hears it until the gate opens or the customer is heard.
    Ringback {
        /// Whose customer.
        call: CallId,
    },
    /// Put the customer through to a seat; replaces the one before.
    Bridge {
        /// Whose customer.
        call: CallId,
        /// To whom or what.
        seat: MediaSeat,
    },
    /// Keep silence of true length from now on.
    PauseRecording {
        /// Whose recording.
        call: CallId,
    },
    /// Keep sound again.
    ResumeRecording {
        /// Whose recording.
        call: CallId,
    },
    /// Finish the recording.
    StopRecording {
        /// Whose recording.
        call: CallId,
    },
    /// Close the customer leg and give its port back.
    CloseCustomer {
        /// Whose customer.
        call: CallId,
    },
    /// Close an agent's line.
    CloseLine {
        /// Which.
        line: LineId,
    },
}

/// What a customer leg is put through to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaSeat {
    /// An agent's line, both ways. A line serves one call at a time: the last bridge wins. A line that is not
    /// there yet may be named; sound flows as soon as it is connected.
    Line(LineId),
    /// The customer hears himself.
    Echo,
    /// Hold music, in a loop.
    Music,
    /// A spoken notice, once; `MediaReport::NoticePlayed` follows.
    Notice(Notice, Language),
    /// "This call is recorded", once; `MediaReport::NoticePlayed` follows.
    Announcement(Announcement),
    /// Nobody: silence keeps the leg alive.
    Nobody,
}

/// How a customer is told that the call is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Announcement {
    /// With the sentence that is part of the program.
    Shipped(Language),
    /// With the business' own words.
    Own(Sound),
}
