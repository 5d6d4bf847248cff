//! What protects a number's standing with Meta (S1–S3): how often it dials, when it stops by itself, what its quality
//! and Meta's restrictions allow, and whether its calls are taken at all. Each is a pure rule over facts that outlive
//! the process; each says until when.
//!
//! - [`rate_limit`]: dials per minute and hour, exact over rolling windows
//! - [`suspension`]: too many missed calls suspend calling for a while
//! - [`restriction`]: what Meta has restricted, and its quality rating
//! - [`pickup`]: the share of calls that is taken, in both directions
//! - [`month`]: the minutes of a calendar month

pub mod month;
pub mod pickup;
pub mod rate_limit;
pub mod restriction;
pub mod suspension;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use month::{Month, MonthlyMinutes};
pub use pickup::{Pickup, PickupRules, PickupState};
pub use rate_limit::{RateLimit, RateWindow};
pub use restriction::{Quality, Restriction, RestrictionKind};
pub use suspension::{
    MissedCall, Suspension, SuspensionEvent, SuspensionFacts, SuspensionInput, SuspensionWhy,
};

/// The limits of a number; each is a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SafeguardRules {
    /// Calls of ours in a minute.
    pub per_minute: u32,
    /// Calls of ours in an hour.
    pub per_hour: u32,
    /// So many missed calls …
    pub missed: u32,
    /// … within this span …
    pub missed_within: Duration,
    /// … suspend calling for this long.
    pub suspend_for: Duration,
    /// When the share of calls that is taken is worth a word.
    pub pickup: PickupRules,
    /// Minutes of calls in a calendar month; none = no limit.
    pub monthly_minutes: Option<u32>,
}

impl SafeguardRules {
    /// What holds unless a number's settings say otherwise.
    pub const STANDARD: Self = Self {
        per_minute: 5,
        per_hour: 60,
        missed: 5,
        missed_within: Duration::from_secs(30 * 60),
        suspend_for: Duration::from_secs(15 * 60),
        pickup: PickupRules::STANDARD,
        monthly_minutes: None,
    };
}

impl Default for SafeguardRules {
    fn default() -> Self {
        Self::STANDARD
    }
}
