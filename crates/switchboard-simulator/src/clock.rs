//! The only place of this crate that reads a clock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The monotonic clock, for spans and deadlines.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the monotonic clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Milliseconds since 1970, as Meta writes them into the session line of its offers.
pub(crate) fn unix_millis() -> u128 {
    since_1970().as_millis()
}

/// The wall clock of the pretend Meta. It can be put forward: permissions and limits expire by it, webhooks and the
/// `Date` of answers show it. What rings or is silent is measured by the monotonic clock, which nobody moves.
#[derive(Debug, Default)]
pub(crate) struct WallClock {
    ahead: AtomicI64,
}

impl WallClock {
    /// Whole seconds since 1970, as Meta writes them into webhooks.
    pub(crate) fn unix_seconds(&self) -> i64 {
        let true_time = i64::try_from(since_1970().as_secs()).unwrap_or(i64::MAX);
        true_time.saturating_add(self.ahead())
    }

    /// How far it was put forward, in seconds.
    pub(crate) fn ahead(&self) -> i64 {
        self.ahead.load(Ordering::Acquire)
    }

    /// Puts it forward; it never goes back.
    pub(crate) fn advance(&self, by: Duration) {
        let seconds = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
        let _ = self
            .ahead
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |ahead| Some(ahead.saturating_add(seconds)));
    }
}

/// A span in milliseconds with three decimals, as reports show it.
pub(crate) fn millis(span: Duration) -> f64 {
    (span.as_secs_f64() * 1e6).round() / 1e3
}
