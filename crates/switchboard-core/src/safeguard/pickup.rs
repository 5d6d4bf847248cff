//! The share of calls that is taken, in both directions. Meta restricts a number whose calls nobody takes ("low pickup
//! rate", since September 2025) and does not say from where on; so we watch it long before.

use std::time::Duration;

use crate::call::state::words;

/// Calls of one direction over the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pickup {
    /// Taken.
    pub answered: u32,
    /// All that could have been taken: without those that were cancelled before anybody could.
    pub total: u32,
}

words! {
    /// How it looks.
    PickupState {
        /// As it should, or too few calls to tell.
        Good = "good",
        /// Worth a look.
        Watch = "watch",
        /// Meta may act.
        Low = "low",
    }
}

/// When it is worth a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PickupRules {
    /// Calls of so long count.
    pub window: Duration,
    /// Fewer say nothing.
    pub least_calls: u32,
    /// Below so many in a hundred it is watched.
    pub watch_below_percent: u32,
    /// Below so many in a hundred it is low.
    pub low_below_percent: u32,
}

impl PickupRules {
    /// What holds unless a number's settings say otherwise.
    pub const STANDARD: Self = Self {
        window: Duration::from_secs(7 * 24 * 3_600),
        least_calls: 20,
        watch_below_percent: 70,
        low_below_percent: 50,
    };
}

impl Default for PickupRules {
    fn default() -> Self {
        Self::STANDARD
    }
}

impl Pickup {
    /// How many in a hundred are taken, rounded down; none without calls.
    #[must_use]
    pub const fn percent(&self) -> Option<u32> {
        if self.total == 0 {
            return None;
        }
        let answered = if self.answered < self.total { self.answered } else { self.total };
        Some((answered as u64 * 100 / self.total as u64) as u32)
    }

    /// How it looks.
    #[must_use]
    pub fn state(&self, rules: &PickupRules) -> PickupState {
        match self.percent() {
            Some(percent) if self.total >= rules.least_calls => {
                if percent < rules.low_below_percent {
                    PickupState::Low
                } else if percent < rules.watch_below_percent {
                    PickupState::Watch
                } else {
                    PickupState::Good
                }
            }
            Some(_) | None => PickupState::Good,
        }
    }
}
