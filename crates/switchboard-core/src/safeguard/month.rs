//! The minutes of a calendar month, in the zone of the business.

use crate::hours::Zone;
use crate::time::Timestamp;

/// Minutes of a month against their limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthlyMinutes {
    /// Minutes of finished calls, each call rounded up.
    pub used: u32,
    /// So many are allowed; none = no limit.
    pub max: Option<u32>,
}

impl MonthlyMinutes {
    /// Is nothing left?
    #[must_use]
    pub fn is_used_up(&self) -> bool {
        self.max.is_some_and(|max| max <= self.used)
    }
}

/// A calendar month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment of the next.
    pub to: Timestamp,
}

impl Month {
    /// The month of a moment.
    #[must_use]
    pub fn of(now: Timestamp, zone: &Zone) -> Self {
        let today = zone.local(now).date();
        let first = today.first_of_month();
        let next = today.last_of_month().tomorrow().unwrap_or(jiff::civil::Date::MAX);
        Self { from: zone.start_of(first), to: zone.start_of(next) }
    }
}
