//! CARRY: the sound of a call. Commands go in, reports come out; everything between runs on a plain thread of its own.
//!
//! A *customer leg* is our end of one WhatsApp call: its own UDP port, full ICE (controlling), DTLS client.
//! A *line* is our end of one agent's browser tab: ICE-lite on the one port all browsers share.
//! A customer leg is put through to a *seat*: a line, an echo, music, a notice or nobody.
//!
//! In the order of a packet: `worker` (sockets, timers, who is meant) → `leg` (ICE, DTLS, SRTP of one
//! peer) → `session` (what flows where) → `rebase` (one SSRC and one clock towards each receiver) → `worker`.

pub mod command;
pub mod engine;
pub mod recording;
pub mod report;

mod chance;
mod clock;
mod g711;
mod leg;
mod playback;
mod quality;
mod rebase;
mod reporter;
mod rtcp;
mod rtp;
mod sdp;
mod session;
mod sound;
mod srtp;
#[cfg(test)]
mod testing;
mod transcode;
mod worker;

pub use command::{Announcement, MediaCommand, MediaSeat};
pub use engine::{LineRefusal, MediaConfig, MediaEngine, MediaError, PortUsage};
pub use playback::shipped_announcement;
pub use recording::{Peaks, PeaksError, RecordingFault, RecordingOutput, RecordingSummary, peaks};
pub use report::{CustomerFailure, LegQuality, LineFailure, MediaReport};
pub use sound::{ConvertedSound, LONGEST_SOUND, Sound, SoundRefusal, convert_sound};
pub use srtp::SrtpProfile;
