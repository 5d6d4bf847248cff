//! The one clock of this crate: it measures how long something took, and decides nothing.

use std::time::{Duration, Instant};

/// Measures a span.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// From now.
    #[expect(clippy::disallowed_methods, reason = "the one clock of this crate")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Until now, s.
    pub(crate) fn seconds(self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }

    /// Is this span not over?
    pub(crate) fn is_within(self, span: Duration) -> bool {
        self.0.elapsed() < span
    }
}
