//! Moments and deadlines. The clock itself lives outside: whoever calls us says what time it is.

use std::time::Duration;

/// A moment in microseconds since 1970-01-01 UTC: what both databases keep without loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since 1970.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From whole seconds since 1970, as the provider's webhooks carry them. Saturates.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since 1970.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since 1970, rounded down.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Whole seconds since 1970, rounded down.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This moment plus a span. Saturates.
    #[must_use]
    pub const fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(micros(span)))
    }

    /// This moment minus a span. Saturates.
    #[must_use]
    pub const fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(micros(span)))
    }

    /// How long after `earlier` this is; zero if it is not after it.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        let micros = self.0.saturating_sub(earlier.0);
        if micros <= 0 { Duration::ZERO } else { Duration::from_micros(micros.unsigned_abs()) }
    }
}

const fn micros(span: Duration) -> i64 {
    let micros = span.as_micros();
    if micros > i64::MAX as u128 { i64::MAX } else { micros as i64 }
}

/// A moment at which something happens by itself, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline<Why> {
    /// When.
    pub at: Timestamp,
    /// What it means that the moment has come.
    pub why: Why,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_saturate_instead_of_wrapping() {
        let end = Timestamp::from_micros(i64::MAX);
        assert_eq!(end.plus(Duration::from_secs(1)), end);
        assert_eq!(Timestamp::from_seconds(10).since(Timestamp::from_seconds(12)), Duration::ZERO);
        assert_eq!(Timestamp::from_seconds(12).since(Timestamp::from_seconds(10)), Duration::from_secs(2));
    }
}
