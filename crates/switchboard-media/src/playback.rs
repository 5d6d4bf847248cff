//! Hold music and notices: Opus made beforehand (20 ms, mono, at most 20 kbit/s, what Meta takes), sent as it is.
//! Reading the files happens once, at start; playing is a cursor.

use std::io::Cursor;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ogg::PacketReader;
use switchboard_core::call::effect::Notice;
use switchboard_core::language::Language;

/// One frame is 20 ms.
pub(crate) const FRAME: Duration = Duration::from_millis(20);
/// This late, the frame before lies as far back as makes [`crate::rebase`] move the clock by the time that passed.
const LATE: Duration = Duration::from_millis(20 * (crate::rebase::FRAMES_IN_A_ROW as u64 - 2));
/// 300 ms of silence before a notice: the customer's side is often not ready for the first sound after `accept`.
const LEAD_IN_FRAMES: usize = 15;
/// 20 kbit/s of 20 ms frames are 50 bytes on average; a single frame may be larger.
const LARGEST_FRAME: usize = 400;

const HOLD_MUSIC: &[u8] = include_bytes!("../../../assets/hold-music.ogg");
const RINGBACK: &[u8] = include_bytes!("../../../assets/ringback.ogg");
const ENDS_SOON: &[u8] = include_bytes!("../../../assets/notice-ends-soon.ogg");
const SPOKEN: [(Language, [&[u8]; 3]); 3] = [
    (
        Language::English,
        [
            include_bytes!("../../../assets/notice-nobody-left.en.ogg"),
            include_bytes!("../../../assets/notice-maintenance.en.ogg"),
            include_bytes!("../../../assets/announcement-recording.en.ogg"),
        ],
    ),
    (
        Language::Spanish,
        [
            include_bytes!("../../../assets/notice-nobody-left.es.ogg"),
            include_bytes!("../../../assets/notice-maintenance.es.ogg"),
            include_bytes!("../../../assets/announcement-recording.es.ogg"),
        ],
    ),
    (
        Language::Portuguese,
        [
            include_bytes!("../../../assets/notice-nobody-left.pt-BR.ogg"),
            include_bytes!("../../../assets/notice-maintenance.pt-BR.ogg"),
            include_bytes!("../../../assets/announcement-recording.pt-BR.ogg"),
        ],
    ),
];

/// The words that tell a customer of a recording, as they are shipped: Ogg Opus, to be listened to before they are chosen.
#[must_use]
pub fn shipped_announcement(language: Language) -> &'static [u8] {
    let [english, spanish, portuguese] = SPOKEN;
    let (_, [.., announcement]) = match language {
        Language::English => english,
        Language::Spanish => spanish,
        Language::Portuguese => portuguese,
    };
    announcement
}

/// Frames of one recording.
pub(crate) type Frames = Arc<[Box<[u8]>]>;

/// What can be played.
pub(crate) struct Library {
    music: Frames,
    ringback: Frames,
    ends_soon: Frames,
    english: Spoken,
    spanish: Spoken,
    portuguese: Spoken,
}

/// What is spoken in one language.
struct Spoken {
    nobody_left: Frames,
    maintenance: Frames,
    recorded: Frames,
}

impl Spoken {
    fn read(
        (language, [nobody_left, maintenance, recorded]): (Language, [&[u8]; 3]),
    ) -> Result<Self, String> {
        let language = language.as_str();
        Ok(Self {
            nobody_left: read(&format!("notice-nobody-left.{language}.ogg"), nobody_left)?,
            maintenance: read(&format!("notice-maintenance.{language}.ogg"), maintenance)?,
            recorded: read(&format!("announcement-recording.{language}.ogg"), recorded)?,
        })
    }
}

fn read(name: &str, file: &[u8]) -> Result<Frames, String> {
    read_ogg_opus(file).map_err(|why| format!("{name}: {why}"))
}

impl Library {
    /// Reads the recordings that are part of the program.
    pub(crate) fn load() -> Result<Self, String> {
        let [english, spanish, portuguese] = SPOKEN;
        Ok(Self {
            music: read("hold-music.ogg", HOLD_MUSIC)?,
            ringback: read("ringback.ogg", RINGBACK)?,
            ends_soon: read("notice-ends-soon.ogg", ENDS_SOON)?,
            english: Spoken::read(english)?,
            spanish: Spoken::read(spanish)?,
            portuguese: Spoken::read(portuguese)?,
        })
    }

    pub(crate) fn music(&self) -> Frames {
        Arc::clone(&self.music)
    }

    /// What an agent hears while the customer's phone rings.
    pub(crate) fn ringback(&self) -> Frames {
        Arc::clone(&self.ringback)
    }

    pub(crate) fn notice(&self, notice: Notice, language: Language) -> Frames {
        let spoken = self.spoken(language);
        Arc::clone(match notice {
            Notice::NobodyLeft => &spoken.nobody_left,
            Notice::EndsSoon => &self.ends_soon,
            Notice::Maintenance => &spoken.maintenance,
        })
    }

    /// "This call is recorded."
    pub(crate) fn recorded(&self, language: Language) -> Frames {
        Arc::clone(&self.spoken(language).recorded)
    }

    const fn spoken(&self, language: Language) -> &Spoken {
        match language {
            Language::English => &self.english,
            Language::Spanish => &self.spanish,
            Language::Portuguese => &self.portuguese,
        }
    }
}

/// Takes the Opus packets out of an Ogg file (RFC 7845): the first two packets are headers.
pub(crate) fn read_ogg_opus(file: &[u8]) -> Result<Frames, String> {
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

    /// The frame due now; moves on by one. What is past is skipped once the stream's clock would jump: frames that are
    /// caught up on after a jump would lie ahead of their time, and the receiver would stay that far behind.
    pub(crate) fn beat(&mut self, now: Instant) -> Beat<'_> {
        self.next_at += FRAME;
        if now.saturating_duration_since(self.next_at) >= LATE {
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
        let mut all = vec![
            ("music".to_owned(), library.music(), 1_000, 2_500),
            ("ringback".to_owned(), library.ringback(), 250, 251),
            ("ends soon".to_owned(), library.notice(Notice::EndsSoon, Language::English), 20, 200),
        ];
        for language in Language::ALL.iter().copied() {
            let named = |what: &str| format!("{what} in {}", language.as_str());
            // The call waits 8 s at the most for the end of its last notice, 300 ms of them before the first word.
            all.push((named("nobody left"), library.notice(Notice::NobodyLeft, language), 100, 380));
            all.push((named("maintenance"), library.notice(Notice::Maintenance, language), 100, 380));
            all.push((named("recorded"), library.recorded(language), 75, 250));
        }
        for (name, frames, at_least, at_most) in all {
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
