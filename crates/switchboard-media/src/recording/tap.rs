//! The media thread's end of a recording: a copy of each packet into a bounded ring. It never waits and never wakes
//! anybody; what does not fit is counted and becomes silence.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender};

/// Packets of both sides that may wait for the writer: two and a half seconds, and it comes ten times a second.
const RING: usize = 256;
/// So many places are left for begin, pause and end.
const KEPT_FREE: usize = 16;

/// Whose sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// What came from the customer.
    Left,
    /// What was sent to the customer.
    Right,
}

/// One entry of the ring.
#[derive(Debug)]
pub(crate) enum Tapped {
    Start(Instant),
    Sound {
        side: Side,
        at: Instant,
        /// RTP time of this side's own row.
        timestamp: u32,
        payload: Box<[u8]>,
    },
    Pause(Instant),
    Resume(Instant),
    Stop(Instant),
}

/// What both ends see.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// Packets that did not fit.
    pub(crate) overflow: AtomicU64,
    /// The writer has given up: copying is a waste.
    pub(crate) given_up: AtomicBool,
}

/// The media thread's end.
#[derive(Debug)]
pub(crate) struct Tap {
    ring: Sender<Tapped>,
    shared: Arc<Shared>,
    started: Option<Instant>,
    paused: bool,
}

pub(crate) fn pair() -> (Tap, Receiver<Tapped>, Arc<Shared>) {
    let (ring, tapped) = crossbeam_channel::bounded(RING);
    let shared = Arc::new(Shared::default());
    (Tap { ring, shared: Arc::clone(&shared), started: None, paused: false }, tapped, shared)
}

impl Tap {
    pub(crate) fn start(&mut self, now: Instant) {
        if self.started.replace(now).is_none() {
            self.mark(Tapped::Start(now));
        }
    }

    /// Samples at 48 kHz since the beginning: a time for sound that has none of its own.
    pub(crate) fn samples(&self, now: Instant) -> u32 {
        let since = self.started.map_or(0, |started| now.saturating_duration_since(started).as_micros());
        (since * 48 / 1_000) as u32
    }

    pub(crate) fn hear(&self, side: Side, at: Instant, timestamp: u32, payload: &[u8]) {
        if self.paused || self.shared.given_up.load(Ordering::Relaxed) {
            return;
        }
        if self.ring.len() + KEPT_FREE >= RING {
            self.shared.overflow.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.mark(Tapped::Sound { side, at, timestamp, payload: payload.into() });
    }

    pub(crate) fn pause(&mut self, now: Instant) {
        if !std::mem::replace(&mut self.paused, true) {
            self.mark(Tapped::Pause(now));
        }
    }

    pub(crate) fn resume(&mut self, now: Instant) {
        if std::mem::replace(&mut self.paused, false) {
            self.mark(Tapped::Resume(now));
        }
    }

    pub(crate) fn stop(self, now: Instant) {
        self.mark(Tapped::Stop(now));
    }

    fn mark(&self, what: Tapped) {
        // A full ring (the writer hangs) loses a mark as it loses sound; nothing is copied during a pause anyway.
        if self.ring.try_send(what).is_err() {
            self.shared.overflow.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a start for made-up times")]
mod tests {
    use super::*;

    #[test]
    fn a_writer_that_hangs_costs_sound_and_never_a_mark() {
        let now = Instant::now();
        let (mut tap, tapped, shared) = pair();
        tap.start(now);
        for timestamp in 0..1_000 {
            tap.hear(Side::Left, now, timestamp, &[1, 2, 3]);
        }
        tap.pause(now);
        tap.hear(Side::Left, now, 2_000, &[1]);
        tap.resume(now);
        tap.stop(now);
        let kept: Vec<_> = tapped.try_iter().collect();
        assert_eq!(kept.len(), RING - KEPT_FREE + 3);
        assert!(matches!(kept[kept.len() - 3..], [Tapped::Pause(_), Tapped::Resume(_), Tapped::Stop(_)]));
        assert_eq!(shared.overflow.load(Ordering::Relaxed), 1_001 - (RING - KEPT_FREE) as u64);
    }
}
