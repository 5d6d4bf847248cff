//! The one place of this crate that reads the clock and throws dice.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use switchboard_core::time::Timestamp;
use uuid::Uuid;

/// Skew below this is the network's, not the clock's (C1).
const SKEW_THAT_MATTERS: Duration = Duration::from_secs(2);

/// This machine's clock, and how far it stands from the provider's.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// Provider's clock minus ours, µs; zero while within [`SKEW_THAT_MATTERS`].
    skew_micros: Arc<AtomicI64>,
}

impl Clock {
    /// What time it is here.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the clock of this crate; everybody else is handed the time"
    )]
    pub fn now(&self) -> Timestamp {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX))
    }

    /// Learns the provider's time from the `Date` header of an answer that just arrived.
    pub fn provider_said(&self, provider_time: Timestamp) {
        // The header counts whole seconds, so on average it is half a second behind.
        let micros = provider_time.micros() + 500_000 - self.now().micros();
        let skew = if micros.unsigned_abs() > SKEW_THAT_MATTERS.as_micros() as u64 { micros } else { 0 };
        let before = self.skew_micros.swap(skew, Ordering::Relaxed);
        if skew != 0 && (skew - before).unsigned_abs() > 1_000_000 {
            tracing::warn!(
                skew_ms = skew / 1_000,
                "this machine's clock differs from the provider's; deadlines are corrected, set the clock (NTP)"
            );
        }
    }

    /// One of the provider's time stamps, by our clock.
    #[must_use]
    pub fn correct(&self, provider_time: Timestamp) -> Timestamp {
        Timestamp::from_micros(provider_time.micros() - self.skew_micros.load(Ordering::Relaxed))
    }
}

/// A fresh identifier; time-ordered.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the dice of this crate: identifiers are made here")]
pub(crate) fn fresh_uuid() -> Uuid {
    Uuid::now_v7()
}

/// RFC 3339 in UTC with milliseconds, as the API writes moments.
#[must_use]
pub fn rfc3339(at: Timestamp) -> String {
    chrono::DateTime::from_timestamp_micros(at.micros())
        .unwrap_or_default()
        .to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// The instant at which `at` will have come, for timers.
pub(crate) fn instant_of(clock: &Clock, at: Timestamp) -> tokio::time::Instant {
    #[expect(
        clippy::disallowed_methods,
        reason = "timers need the monotonic clock; still this crate's one place"
    )]
    let now = tokio::time::Instant::now();
    now + at.since(clock.now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_of_network_is_not_skew() {
        let clock = Clock::default();
        clock.provider_said(clock.now().minus(Duration::from_secs(1)));
        let at = Timestamp::from_seconds(1_000);
        assert_eq!(clock.correct(at), at);
    }

    #[test]
    fn a_clock_a_minute_off_is_corrected() {
        let clock = Clock::default();
        clock.provider_said(clock.now().plus(Duration::from_secs(60)));
        let corrected = clock.correct(Timestamp::from_seconds(1_000));
        let off = Timestamp::from_seconds(1_000).since(corrected);
        assert!((59..=61).contains(&off.as_secs()), "{off:?}");
    }
}
