//! How often a number may dial (S1). Rolling windows, exact: a dial counts until exactly one window after it.

use std::time::Duration;

use crate::safeguard::SafeguardRules;
use crate::time::Timestamp;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// The span over which dials must be known: the longest window.
pub const DIALS_KEPT_FOR: Duration = HOUR;

/// One window and how full it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateWindow {
    /// Dials in it.
    pub used: u32,
    /// So many are allowed.
    pub max: u32,
    /// If it is full: when there is room again; none of a full one: never, nothing is allowed.
    pub until: Option<Timestamp>,
}

impl RateWindow {
    /// Is there no room?
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.used >= self.max
    }

    fn of(now: Timestamp, dials: &[Timestamp], span: Duration, max: u32) -> Self {
        // A dial from a moment that has not come (a clock that was set back) counts: better one call too few.
        let mut ends: Vec<Timestamp> =
            dials.iter().map(|dial| dial.plus(span)).filter(|end| now < *end).collect();
        ends.sort_unstable();
        let used = ends.len() as u32;
        let until = if max == 0 || used < max { None } else { ends.get((used - max) as usize).copied() };
        Self { used, max, until }
    }
}

/// May a number dial once more?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// The last minute.
    pub minute: RateWindow,
    /// The last hour.
    pub hour: RateWindow,
}

impl RateLimit {
    /// Out of the dials of the last hour, in any order. Older ones do no harm.
    #[must_use]
    pub fn of(now: Timestamp, dials: &[Timestamp], rules: &SafeguardRules) -> Self {
        Self {
            minute: RateWindow::of(now, dials, MINUTE, rules.per_minute),
            hour: RateWindow::of(now, dials, HOUR, rules.per_hour),
        }
    }

    /// Is there room in both?
    #[must_use]
    pub const fn allowed(&self) -> bool {
        !self.minute.is_full() && !self.hour.is_full()
    }
}
