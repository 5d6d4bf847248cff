//! One side of a recording on a grid of 20 ms. A packet's place comes from its own RTP time, tied to the wall clock by
//! the first one: so jitter does not tear what belongs together, and what is missing leaves a gap of its true length.

use std::collections::VecDeque;
use std::time::Duration;

use super::frames::{self, Frame, Packet, SAMPLES, Transcoder};
use crate::leg::SILENCE;

/// So long a place waits for its packet: 300 ms.
pub(super) const HOLD: u64 = 15;
/// Places that are kept: what waits, and what runs ahead of the clock.
const PLACES: u64 = 64;
/// Further ahead of the clock than this, a sender's clock runs too fast: a frame is left out.
const AHEAD: i64 = 20;
/// Further away than this (a second) is a new start of the sender.
const LEAP: i64 = 50;
/// So many missing frames in a row are concealed by the player; after them it is silence.
const CONCEALED: u32 = 5;

/// One side.
pub(super) struct Track {
    /// The place that is written next.
    next: u64,
    places: VecDeque<Option<Frame>>,
    /// An RTP time and its place.
    anchor: Option<(u32, i64)>,
    /// Description of the newest frame, for the ones that are missing.
    toc: u8,
    missing: u32,
    transcoder: Option<Box<Transcoder>>,
    /// Packets that came too late or were no Opus.
    pub(super) lost: u64,
}

impl Track {
    pub(super) fn new() -> Self {
        Self {
            next: 0,
            places: VecDeque::new(),
            anchor: None,
            toc: SILENCE[0],
            missing: CONCEALED,
            transcoder: None,
            lost: 0,
        }
    }

    /// A packet that came `since` the beginning of the recording.
    pub(super) fn take(&mut self, since: Duration, timestamp: u32, packet: &[u8]) {
        match frames::read(packet) {
            Packet::Frames(frames) => {
                if let Some(transcoder) = &mut self.transcoder {
                    transcoder.forget();
                }
                if let Some(place) = self.place_of(since, timestamp) {
                    self.put(place, frames);
                }
            }
            Packet::Odd(_) => self.take_odd(since, timestamp, packet),
            Packet::Broken => self.lost += 1,
        }
    }

    fn take_odd(&mut self, since: Duration, timestamp: u32, packet: &[u8]) {
        if self.transcoder.is_none() {
            self.transcoder = Transcoder::new().map(Box::new);
        }
        let Some(transcoder) = &mut self.transcoder else { return };
        let begins = timestamp.wrapping_sub(transcoder.waiting() as u32);
        let frames = transcoder.take(packet);
        if !frames.is_empty()
            && let Some(place) = self.place_of(since, begins)
        {
            self.put(place, frames);
        }
    }

    fn put(&mut self, place: u64, frames: Vec<Frame>) {
        for (place, frame) in (place..).zip(frames) {
            let Some(at) = place.checked_sub(self.next).and_then(|at| usize::try_from(at).ok()) else {
                self.lost += 1;
                continue;
            };
            if at as u64 >= PLACES {
                self.lost += 1;
                continue;
            }
            while self.places.len() <= at {
                self.places.push_back(None);
            }
            // The second of two copies, and the frame a fast clock has too many.
            self.places[at].get_or_insert(frame);
        }
    }

    fn place_of(&mut self, since: Duration, timestamp: u32) -> Option<u64> {
        let now = i64::try_from(since.as_millis() / 20).unwrap_or(i64::MAX);
        let expected = self.anchor.map(|(then, place)| {
            let samples = i64::from(timestamp.wrapping_sub(then).cast_signed());
            place + (samples + SAMPLES as i64 / 2).div_euclid(SAMPLES as i64)
        });
        let mut place = match expected {
            Some(expected) if (expected - now).abs() <= LEAP => expected,
            // The first one, or a new start of the sender.
            Some(_) | None => {
                self.anchor = Some((timestamp, now));
                now
            }
        };
        let next = i64::try_from(self.next).unwrap_or(i64::MAX);
        let correction = if place < next {
            1
        } else if place - now > AHEAD {
            -1
        } else {
            0
        };
        if correction != 0
            && let Some((_, anchored)) = &mut self.anchor
        {
            *anchored += correction;
            place += correction;
        }
        u64::try_from(place).ok().filter(|place| *place >= self.next).or_else(|| {
            self.lost += 1;
            None
        })
    }

    /// The frame of the next place. In a pause it is silence, whatever there is.
    pub(super) fn next(&mut self, silent: bool) -> Frame {
        self.next += 1;
        let frame = self.places.pop_front().flatten();
        if silent {
            self.missing = CONCEALED;
            return SILENCE.into();
        }
        match frame {
            Some(frame) => {
                self.missing = 0;
                self.toc = frame.first().copied().unwrap_or(SILENCE[0]);
                frame
            }
            None if self.missing < CONCEALED => {
                self.missing += 1;
                frames::missing(self.toc)
            }
            None => SILENCE.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: u32 = SAMPLES as u32;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn frame(n: u8) -> [u8; 2] {
        [0xF8, n]
    }

    fn written(track: &mut Track, count: usize) -> Vec<u8> {
        (0..count)
            .map(|_| match &*track.next(false) {
                [_, n] => *n,
                [_] => b'-',
                _ => b'_',
            })
            .collect()
    }

    #[test]
    fn jitter_disorder_and_copies_do_not_tear_what_belongs_together() {
        let mut track = Track::new();
        for (at, n) in [(3, 0_u8), (45, 2), (46, 1), (61, 3), (62, 3), (140, 4), (141, 5)] {
            track.take(ms(at), 1_000 + u32::from(n) * FRAME, &frame(n));
        }
        assert_eq!(written(&mut track, 7), [0, 1, 2, 3, 4, 5, b'-']);
        assert_eq!(track.lost, 0);
    }

    #[test]
    fn what_is_missing_is_concealed_for_100_ms_and_silence_then() {
        let mut track = Track::new();
        track.take(ms(0), 0, &frame(1));
        track.take(ms(200), 10 * FRAME, &frame(2));
        assert_eq!(written(&mut track, 11), *b"\x01-----____\x02");
    }

    #[test]
    fn nothing_at_the_beginning_is_silence() {
        let mut track = Track::new();
        track.take(ms(60), 77, &frame(1));
        assert_eq!(written(&mut track, 4), *b"___\x01");
    }

    #[test]
    fn what_comes_too_late_is_lost_and_the_next_ones_have_more_time() {
        let mut track = Track::new();
        track.take(ms(0), 0, &frame(0));
        written(&mut track, 3);
        track.take(ms(60), FRAME, &frame(1));
        assert_eq!(track.lost, 1);
        track.take(ms(61), 3 * FRAME, &frame(3));
        assert_eq!(written(&mut track, 2), *b"-\x03");
    }

    #[test]
    fn a_new_start_of_the_sender_begins_where_the_clock_is() {
        let mut track = Track::new();
        track.take(ms(0), 0, &frame(0));
        track.take(ms(20), 4_000_000_000, &frame(1));
        track.take(ms(40), 4_000_000_000_u32.wrapping_add(FRAME), &frame(2));
        assert_eq!(written(&mut track, 3), [0, 1, 2]);
    }

    #[test]
    fn a_clock_that_runs_fast_or_slow_does_not_change_the_length() {
        for (speed, least) in [(1_010_u64, 900), (990, 900)] {
            let mut track = Track::new();
            let (mut sound, mut places) = (0, 0_u64);
            for n in 0..1_000_u64 {
                let since = ms(n * 20 * 1_000 / speed);
                track.take(since, n as u32 * FRAME, &frame(7));
                while places + HOLD <= since.as_millis() as u64 / 20 {
                    sound += usize::from(track.next(false).len() == 2);
                    places += 1;
                }
            }
            assert!(
                sound as u64 + 2 * HOLD > least && track.lost < 60,
                "{sound} of 1000, {} lost",
                track.lost
            );
        }
    }

    #[test]
    fn a_pause_is_silence_whatever_comes() {
        let mut track = Track::new();
        for n in 0..4_u8 {
            track.take(ms(u64::from(n) * 20), u32::from(n) * FRAME, &frame(n));
        }
        assert_eq!(track.next(false)[1], 0);
        assert_eq!(&*track.next(true), SILENCE);
        assert_eq!(&*track.next(true), SILENCE);
        assert_eq!(track.next(false)[1], 3);
    }

    #[test]
    fn several_frames_in_one_packet_have_their_places() {
        let mut track = Track::new();
        track.take(ms(0), 0, &[0xFB, 3, 1, 2, 3]);
        track.take(ms(60), 3 * FRAME, &frame(4));
        assert_eq!(written(&mut track, 4), [1, 2, 3, 4]);
    }
}
