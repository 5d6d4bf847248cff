//! One SSRC, one row of sequence numbers and one clock towards a receiver, whoever speaks: the Meta relay and
//! browsers take a change of any of them for a new or broken stream. A change of source carries the marker, goes on
//! with the next sequence number, and the clock moves on by the time that truly passed.

use std::time::Instant;

use crate::chance;
use crate::rtp::{CLOCK_RATE, FRAME};

/// Further ahead than this in one step is a new start of the source, not loss: the receiver's roll-over counter
/// would not follow for ever.
const MAX_JUMP: u64 = 3_000;
/// Our own frames are one row while the last one lies less than this many frames back.
pub(crate) const FRAMES_IN_A_ROW: u32 = 5;

/// Who speaks. Two different ones are never continued into each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A peer's sender.
    Peer { leg: u32, ssrc: u32 },
    /// The same sender in G.711, which has another clock.
    Translated { leg: u32, ssrc: u32 },
    /// The n-th thing we play on this leg.
    Player(u32),
    /// A frame of silence that keeps the leg alive.
    Silence,
}

/// A packet as it came in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Incoming {
    pub(crate) index: u64,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    /// Telephone events keep the time of the key's start, so they do not move the clock.
    pub(crate) moves_clock: bool,
}

/// Its place in the outgoing stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) index: u64,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
}

/// The outgoing stream of one leg.
#[derive(Debug)]
pub(crate) struct OutStream {
    pub(crate) ssrc: u32,
    source: Option<Source>,
    /// The next index never used. Indexes are never used twice: with AES-GCM that would give the key away.
    next_index: u64,
    /// The first index of the current source; late packets of it may not fall below.
    floor: u64,
    index_offset: i64,
    timestamp_offset: u32,
    clock: Option<(Instant, u32)>,
    first_timestamp: u32,
}

impl OutStream {
    pub(crate) fn new(ssrc: u32) -> Self {
        // The first sequence number stays below 2^15, so that a lost first packet cannot be taken for a roll-over
        // (RFC 3711 §3.3.1).
        Self::starting_at(ssrc, u64::from(chance::word() & 0x3FFF), chance::word())
    }

    /// A stream whose clock counts 8,000 a second on the wire. Ours goes on counting 48,000 and is divided there, so it
    /// begins low enough not to come round within the 24 hours of the longest call.
    pub(crate) fn narrow(ssrc: u32) -> Self {
        Self::starting_at(ssrc, u64::from(chance::word() & 0x3FFF), chance::word() & 0x07FF_FFFF)
    }

    fn starting_at(ssrc: u32, index: u64, timestamp: u32) -> Self {
        Self {
            ssrc,
            source: None,
            next_index: index,
            floor: index,
            index_offset: 0,
            timestamp_offset: 0,
            clock: None,
            first_timestamp: timestamp,
        }
    }

    /// The stream's time at `now`, for RTCP.
    pub(crate) fn timestamp_at(&self, now: Instant) -> Option<u32> {
        let (at, timestamp) = self.clock?;
        Some(timestamp.wrapping_add(samples(at, now)))
    }

    /// Places a packet of a peer. `None`: it belongs before the source took over, so its place is taken.
    pub(crate) fn relay(&mut self, now: Instant, source: Source, packet: Incoming) -> Option<Place> {
        let continued = self.source == Some(source)
            && packet
                .index
                .checked_add_signed(self.index_offset)
                .is_some_and(|index| index < self.next_index + MAX_JUMP);
        let mut marker = packet.marker;
        if !continued {
            let timestamp = self.take_over(now, source);
            self.index_offset = self.next_index.wrapping_sub(packet.index).cast_signed();
            self.timestamp_offset = timestamp.wrapping_sub(packet.timestamp);
            marker = true;
        }
        let index =
            packet.index.checked_add_signed(self.index_offset).filter(|index| *index >= self.floor)?;
        let timestamp = packet.timestamp.wrapping_add(self.timestamp_offset);
        if index >= self.next_index {
            self.next_index = index + 1;
            if packet.moves_clock || self.clock.is_none() {
                self.clock = Some((now, timestamp));
            }
        }
        Some(Place { index, timestamp, marker })
    }

    /// Places a 20 ms frame of our own.
    pub(crate) fn generate(&mut self, now: Instant, source: Source) -> Place {
        let (timestamp, marker) = match self.clock {
            // Within a row of frames the clock moves by whole frames, however late the thread woke up.
            Some((at, last)) if self.source == Some(source) && samples(at, now) < FRAMES_IN_A_ROW * FRAME => {
                (last.wrapping_add(FRAME), false)
            }
            Some(_) | None => (self.take_over(now, source), true),
        };
        let index = self.next_index;
        self.next_index += 1;
        self.clock = Some((now, timestamp));
        Place { index, timestamp, marker }
    }

    fn take_over(&mut self, now: Instant, source: Source) -> u32 {
        self.source = Some(source);
        self.floor = self.next_index;
        match self.clock {
            Some((at, last)) => last.wrapping_add(samples(at, now).max(FRAME)),
            None => self.first_timestamp,
        }
    }
}

/// Samples between two moments; calls do not last the 24 hours after which this wraps, and then it may.
fn samples(from: Instant, to: Instant) -> u32 {
    (to.saturating_duration_since(from).as_micros() * u128::from(CLOCK_RATE) / 1_000_000) as u32
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a start for made-up times")]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    const AGENT: Source = Source::Peer { leg: 1, ssrc: 10 };
    const OTHER: Source = Source::Peer { leg: 2, ssrc: 20 };

    fn incoming(index: u64, timestamp: u32) -> Incoming {
        Incoming { index, timestamp, marker: false, moves_clock: true }
    }

    fn ms(from: Instant, ms: u64) -> Instant {
        from + Duration::from_millis(ms)
    }

    #[test]
    fn one_source_is_shifted_as_a_whole_with_its_gaps_and_late_packets() {
        let start = Instant::now();
        let mut out = OutStream::starting_at(5, 100, 7_000);
        let first = out.relay(start, AGENT, incoming(40_000, 1)).expect("placed");
        assert_eq!(first, Place { index: 100, timestamp: 7_000, marker: true });
        let after_loss = out.relay(ms(start, 60), AGENT, incoming(40_003, 1 + 3 * FRAME)).expect("placed");
        assert_eq!(after_loss, Place { index: 103, timestamp: 7_000 + 3 * FRAME, marker: false });
        let late = out.relay(ms(start, 61), AGENT, incoming(40_002, 1 + 2 * FRAME)).expect("placed");
        assert_eq!(late, Place { index: 102, timestamp: 7_000 + 2 * FRAME, marker: false });
    }

    #[test]
    fn a_switch_goes_on_with_the_next_number_and_the_time_that_passed() {
        let start = Instant::now();
        let mut out = OutStream::starting_at(5, 100, 7_000);
        out.relay(start, AGENT, incoming(9, 50)).expect("placed");
        let music = out.generate(ms(start, 100), Source::Player(1));
        assert_eq!(music, Place { index: 101, timestamp: 7_000 + 4_800, marker: true });
        let next = out.generate(ms(start, 123), Source::Player(1));
        assert_eq!(next, Place { index: 102, timestamp: 7_000 + 4_800 + FRAME, marker: false });
        let other = out.relay(ms(start, 143), OTHER, incoming(60_000, 4_000_000_000)).expect("placed");
        assert_eq!(other, Place { index: 103, timestamp: 7_000 + 4_800 + 2 * FRAME, marker: true });
    }

    #[test]
    fn a_late_packet_from_before_a_switch_has_lost_its_place() {
        let start = Instant::now();
        let mut out = OutStream::starting_at(5, 100, 0);
        out.relay(start, AGENT, incoming(9, 0)).expect("placed");
        out.relay(ms(start, 20), OTHER, incoming(500, 0)).expect("placed");
        assert_eq!(out.relay(ms(start, 21), OTHER, incoming(499, 0)), None);
    }

    #[test]
    fn a_jump_of_the_source_is_a_new_start() {
        let start = Instant::now();
        let mut out = OutStream::starting_at(5, 100, 0);
        out.relay(start, AGENT, incoming(9, 0)).expect("placed");
        let jumped = out.relay(ms(start, 20), AGENT, incoming(90_000, 123_456)).expect("placed");
        assert_eq!(jumped, Place { index: 101, timestamp: FRAME, marker: true });
    }

    #[test]
    fn a_key_press_keeps_its_time_and_does_not_move_the_clock() {
        let start = Instant::now();
        let mut out = OutStream::starting_at(5, 0, 0);
        out.relay(start, AGENT, incoming(0, 0)).expect("placed");
        for n in 1..=10 {
            let key = Incoming { index: n, timestamp: FRAME, marker: n == 1, moves_clock: false };
            let place = out.relay(ms(start, 20 * n), AGENT, key).expect("placed");
            assert_eq!(place.timestamp, FRAME);
        }
        let silence = out.generate(ms(start, 220), Source::Silence);
        assert_eq!(silence.timestamp, 11 * FRAME);
    }

    proptest! {
        /// Whatever happens, no index is used twice.
        #[test]
        fn no_index_is_used_twice(steps in proptest::collection::vec((0_u8..4, 0_u64..50, 0_u64..60), 1..300)) {
            let start = Instant::now();
            let mut out = OutStream::starting_at(5, 77, 0);
            let mut used = BTreeSet::new();
            let mut taken = [BTreeSet::new(), BTreeSet::new()];
            let mut now = 0;
            for (who, index, pause) in steps {
                now += pause;
                let at = ms(start, now);
                let place = match who {
                    0 | 1 => {
                        // A peer's index comes once only: the replay window sees to that.
                        let index = 1_000 * u64::from(who) + index + now / 40;
                        if !taken[usize::from(who)].insert(index) {
                            continue;
                        }
                        let source = if who == 0 { AGENT } else { OTHER };
                        out.relay(at, source, incoming(index, (index as u32).wrapping_mul(FRAME)))
                    }
                    2 => Some(out.generate(at, Source::Player(1))),
                    _ => Some(out.generate(at, Source::Silence)),
                };
                if let Some(place) = place {
                    prop_assert!(used.insert(place.index), "{} twice", place.index);
                }
            }
        }
    }
}
