//! When something owed that did not work is tried again, and when it is given up.

use std::time::Duration;

use crate::time::Timestamp;

/// How patient we are with one kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPlan {
    /// The wait after the first failure; each one after it waits twice as long.
    pub first_wait: Duration,
    /// No wait is longer.
    pub longest_wait: Duration,
    /// It is begun this often at the most.
    pub most_attempts: u32,
    /// It is not begun again when it has been owed longer than this.
    pub longest_owed: Duration,
}

/// What has happened to it so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failed {
    /// Now.
    pub now: Timestamp,
    /// Since when it is owed.
    pub owed_since: Timestamp,
    /// How often it was begun, this time included.
    pub attempts: u32,
    /// The other side said how long to wait.
    pub asked_to_wait: Option<Duration>,
    /// A throw of the dice: 0 to `u16::MAX`.
    pub chance: u16,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFailure {
    /// It is tried again at this moment.
    Again(Timestamp),
    /// It is given up until somebody decides.
    GiveUp,
}

impl RetryPlan {
    /// What follows from a failure. The wait doubles, and by chance it is up to a quarter shorter, so that what failed
    /// together does not come back together.
    #[must_use]
    pub fn after(&self, failed: Failed) -> AfterFailure {
        if failed.attempts >= self.most_attempts {
            return AfterFailure::GiveUp;
        }
        let doublings = failed.attempts.saturating_sub(1).min(31);
        let wait = self.first_wait.saturating_mul(1 << doublings).min(self.longest_wait);
        let shorter = wait.mul_f64(f64::from(failed.chance) / f64::from(u16::MAX) / 4.0);
        let wait =
            wait.saturating_sub(shorter).max(failed.asked_to_wait.unwrap_or_default().min(self.longest_wait));
        let at = failed.now.plus(wait);
        if at.since(failed.owed_since) > self.longest_owed {
            return AfterFailure::GiveUp;
        }
        AfterFailure::Again(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: RetryPlan = RetryPlan {
        first_wait: Duration::from_secs(4),
        longest_wait: Duration::from_secs(60),
        most_attempts: 8,
        longest_owed: Duration::from_secs(3_600),
    };
    const NOW: Timestamp = Timestamp::from_seconds(10_000);

    fn failed(attempts: u32, chance: u16) -> Failed {
        Failed { now: NOW, owed_since: NOW, attempts, asked_to_wait: None, chance }
    }

    fn wait(failed: Failed) -> f64 {
        match PLAN.after(failed) {
            AfterFailure::Again(at) => at.since(NOW).as_secs_f64(),
            AfterFailure::GiveUp => panic!("given up"),
        }
    }

    #[test]
    fn the_wait_doubles_up_to_the_longest() {
        let waits: Vec<f64> = (1..8).map(|attempts| wait(failed(attempts, 0))).collect();
        assert_eq!(waits, [4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]);
    }

    #[test]
    fn chance_takes_up_to_a_quarter_off() {
        assert_eq!(wait(failed(3, u16::MAX)), 12.0);
        let half = wait(failed(3, u16::MAX / 2));
        assert!((13.9..14.1).contains(&half), "{half}");
    }

    #[test]
    fn who_asks_for_more_time_gets_it_up_to_the_longest_wait() {
        let asked = |seconds| Failed { asked_to_wait: Some(Duration::from_secs(seconds)), ..failed(1, 0) };
        assert_eq!(wait(asked(1)), 4.0);
        assert_eq!(wait(asked(30)), 30.0);
        assert_eq!(wait(asked(7_200)), 60.0);
    }

    #[test]
    fn after_the_last_attempt_or_after_too_long_it_is_given_up() {
        assert_eq!(PLAN.after(failed(8, 0)), AfterFailure::GiveUp);
        assert_eq!(PLAN.after(failed(u32::MAX, 0)), AfterFailure::GiveUp);
        let old = Failed { owed_since: NOW.minus(Duration::from_secs(3_598)), ..failed(1, 0) };
        assert_eq!(PLAN.after(old), AfterFailure::GiveUp);
    }

    #[test]
    fn no_plan_overflows() {
        let plan = RetryPlan { first_wait: Duration::MAX, longest_wait: Duration::MAX, ..PLAN };
        assert_eq!(plan.after(failed(7, u16::MAX)), AfterFailure::GiveUp);
    }
}
