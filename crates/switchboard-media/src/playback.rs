//! Hold music and notices: Opus made beforehand (20 ms, mono, at most 20 kbit/s, what Meta takes), sent as it is.
//! Reading the files happens once, at start; playing is a cursor.

use std::io::Cursor;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ogg::PacketReader;
use switchboard_core::call::effect::Notice;

/// One frame is 20 ms.
pub(crate) const FRAME: Duration = Duration::from_millis(20);
/// 300 ms of silence before a notice: the customer's side is often not ready for the first sound after `accept`.
const LEAD_IN_FRAMES: usize = 15;
/// 20 kbit/s of 20 ms frames are 50 bytes on average; a single frame may be larger.
const LARGEST_FRAME: usize = 400;

const HOLD_MUSIC: &[u8] = include_bytes!("../../../assets/hold-music.ogg");
const NOBODY_LEFT: &[u8] = include_bytes!("../../../assets/notice-nobody-left.ogg");
const ENDS_SOON: &[u8] = include_bytes!("../../../assets/notice-ends-soon.ogg");

/// Frames of one recording.
pub(crate) type Frames = Arc<[Box<[u8]>]>;

/// What can be played.
pub(crate) struct Library {
    music: Frames,
    nobody_left: Frames,
    ends_soon: Frames,
}

impl Library {
    /// Reads the recordings that are part of the program.
    pub(crate) fn load() -> Result<Self, String> {
        Ok(Self {
            music: read_ogg_opus(HOLD_MUSIC).map_err(|why| format!("hold-music.ogg: {why}"))?,
            nobody_left: read_ogg_opus(NOBODY_LEFT)
                .map_err(|why| format!("notice-nobody-left.ogg: {why}"))?,
            ends_soon: read_ogg_opus(ENDS_SOON).map_err(|why| format!("notice-ends-soon.ogg: {why}"))?,
        })
    }

    pub(crate) fn music(&self) -> Frames {
        Arc::clone(&self.music)
    }

    pub(crate) fn notice(&self, notice: Notice) -> Frames {
        match notice {
            Notice::NobodyLeft => Arc::clone(&self.nobody_left),
            Notice::EndsSoon => Arc::clone(&self.ends_soon),
        }
    }
}

/// Takes the Opus packets out of an Ogg file (RFC 7845): the first two packets are headers.
fn read_ogg_opus(file: &[u8]) -> Result<Frames, String> {
    let mut packets = PacketReader::new(Cursor::new(file));
    let mut frames = Vec::new();
    let mut at = 0;
    while let Some(packet) = packets.read_packet().map_err(|error| error.to_string())? {
        match at {
            0 if !packet.data.starts_with(b"OpusHead") => return Err("no Opus in it".into()),
            0 | 1 => {}
            _ => frames.push(check_frame(packet.data)?),
        }
        at += 1;
    }
    if frames.is_empty() { Err("no sound in it".into()) } else { Ok(frames.into()) }
}

/// The first byte of an Opus packet (RFC 6716 §3.1) tells duration, channels and frame count.
fn check_frame(packet: Vec<u8>) -> Result<Box<[u8]>, String> {
    let first = *packet.first().ok_or("an empty packet")?;
    let (config, stereo, code) = (first >> 3, first & 4 != 0, first & 3);
    let is_20_ms = match config {
        0..=11 => config % 4 == 1,
        12..=15 => config % 2 == 1,
        _ => config % 4 == 3,
    };
    if !is_20_ms || stereo || code != 0 {
        return Err("a packet that is not one 20 ms mono frame".into());
    }
    if packet.len() > LARGEST_FRAME {
        return Err("a frame far above 20 kbit/s".into());
    }
    Ok(packet.into_boxed_slice())
}

/// A recording being played to one leg.
pub(crate) struct Player {
    frames: Frames,
    at: usize,
    lead_in: usize,
    looped: bool,
    /// When the next frame is due.
    pub(crate) next_at: Instant,
}

/// What a player does at a beat.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Beat<'a> {
    Silence,
    Frame(&'a [u8]),
    End,
}

impl Player {
    pub(crate) fn new(frames: Frames, looped: bool, starts_at: Instant) -> Self {
        Self { frames, at: 0, lead_in: LEAD_IN_FRAMES, looped, next_at: starts_at }
    }

    /// The frame due now; moves on by one. A thread that woke up late by more than 200 ms skips what is past.
    pub(crate) fn beat(&mut self, now: Instant) -> Beat<'_> {
        self.next_at += FRAME;
        if now.saturating_duration_since(self.next_at) > 10 * FRAME {
            self.next_at = now + FRAME;
        }
        if self.lead_in > 0 {
            self.lead_in -= 1;
            return Beat::Silence;
        }
        if self.at == self.frames.len() {
            if !self.looped {
                return Beat::End;
            }
            self.at = 0;
        }
        self.at += 1;
        Beat::Frame(&self.frames[self.at - 1])
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a start for made-up times")]
mod tests {
    use super::*;

    #[test]
    fn every_recording_is_what_meta_takes() {
        let library = Library::load().expect("the recordings of the program");
        for (name, frames, at_least, at_most) in [
            ("music", library.music(), 1_000, 2_500),
            ("nobody left", library.notice(Notice::NobodyLeft), 100, 500),
            ("ends soon", library.notice(Notice::EndsSoon), 20, 200),
        ] {
            assert!((at_least..=at_most).contains(&frames.len()), "{name}: {} frames", frames.len());
            let bytes: usize = frames.iter().map(|frame| frame.len()).sum();
            let kbit_per_second = bytes as f64 * 8.0 / (frames.len() as f64 * 0.02) / 1_000.0;
            assert!(kbit_per_second <= 20.0, "{name}: {kbit_per_second:.1} kbit/s");
        }
    }

    #[test]
    fn a_notice_has_a_lead_in_and_an_end_and_music_goes_round() {
        let start = Instant::now();
        let frames: Frames = vec![vec![1_u8].into_boxed_slice(), vec![2_u8].into_boxed_slice()].into();
        let mut notice = Player::new(Arc::clone(&frames), false, start);
        let mut music = Player::new(frames, true, start);
        for _ in 0..LEAD_IN_FRAMES {
            assert_eq!(notice.beat(start), Beat::Silence);
            assert_eq!(music.beat(start), Beat::Silence);
        }
        for expected in [Beat::Frame(&[1]), Beat::Frame(&[2]), Beat::End] {
            assert_eq!(notice.beat(start), expected);
        }
        for expected in [Beat::Frame(&[1]), Beat::Frame(&[2]), Beat::Frame(&[1])] {
            assert_eq!(music.beat(start), expected);
        }
    }

    #[test]
    fn a_file_that_is_not_opus_is_refused() {
        assert!(read_ogg_opus(b"RIFF").is_err());
        assert!(check_frame(vec![0xFC, 1, 2]).is_err(), "stereo");
        assert!(check_frame(vec![]).is_err());
    }
}
