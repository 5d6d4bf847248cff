//! What time it is, worked out from a clock that runs evenly and a clock that can be set. Pure: both are read elsewhere.
//!
//! The even one (monotonic) carries the time on; the one that can be set (the machine's wall clock) is looked at from
//! time to time. A small difference is drift, and the wall clock is believed. A large one is somebody who set the
//! clock, or a machine that slept: then our time runs on evenly as before, because deadlines, sessions and rows hang on
//! it, until the provider's own time says that the wall clock is right.

use std::time::Duration;

use switchboard_core::time::Timestamp;

/// A difference up to this is drift or NTP at work. What hangs on our time bears being moved by it.
const DRIFT: i64 = 2_000_000;

/// Our time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeline {
    /// What time it was …
    at: i64,
    /// … when the even clock showed this.
    even: Duration,
    /// The wall clock minus ours while they are too far apart, µs.
    jumped_by: Option<i64>,
}

/// What a look at the wall clock showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// They agree, as before.
    Agrees,
    /// It jumped just now; by so many µs it is before (−) or after (+) our time.
    Jumped(i64),
    /// It jumped before and stands where it did.
    StillOff,
    /// It had jumped and is back.
    Back,
}

impl Timeline {
    pub(super) fn new(wall: Timestamp, even: Duration) -> Self {
        Self { at: wall.micros(), even, jumped_by: None }
    }

    pub(super) fn now(&self, even: Duration) -> Timestamp {
        let passed = even.saturating_sub(self.even).as_micros();
        Timestamp::from_micros(self.at.saturating_add(i64::try_from(passed).unwrap_or(i64::MAX)))
    }

    /// Compares with the wall clock.
    pub(super) fn look(&mut self, wall: Timestamp, even: Duration) -> Look {
        let off = wall.micros().saturating_sub(self.now(even).micros());
        if off.abs() <= DRIFT {
            let was_off = self.jumped_by.is_some();
            *self = Self::new(wall, even);
            return if was_off { Look::Back } else { Look::Agrees };
        }
        match self.jumped_by.replace(off) {
            Some(before) if (before - off).abs() <= DRIFT => Look::StillOff,
            Some(_) | None => Look::Jumped(off),
        }
    }

    /// The provider said what time it is. True: the wall clock is right and we were not; it is believed from now on.
    pub(super) fn provider_agrees(&mut self, provider: Timestamp, wall: Timestamp, even: Duration) -> bool {
        let right = self.jumped_by.is_some()
            && provider.micros().saturating_sub(wall.micros()).abs() <= DRIFT
            && provider.micros().saturating_sub(self.now(even).micros()).abs() > DRIFT;
        if right {
            *self = Self::new(wall, even);
        }
        right
    }

    /// How far the wall clock stands from our time since it jumped, µs; 0 while they agree.
    pub(super) fn off(&self) -> i64 {
        self.jumped_by.unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_795_176_000;
    const HOUR: i64 = 3_600;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(START + seconds)
    }

    fn even(seconds: u64) -> Duration {
        Duration::from_secs(1_000 + seconds)
    }

    fn started() -> Timeline {
        Timeline::new(at(0), even(0))
    }

    #[test]
    fn between_two_looks_time_runs_evenly() {
        let timeline = started();
        assert_eq!(timeline.now(even(90)), at(90));
        assert_eq!(timeline.now(even(0) - Duration::from_secs(5)), at(0), "never backwards");
    }

    #[test]
    fn drift_is_followed() {
        let mut timeline = started();
        assert_eq!(timeline.look(at(61), even(60)), Look::Agrees);
        assert_eq!(timeline.now(even(60)), at(61));
        assert_eq!(
            timeline.look(at(118), even(120)),
            Look::Jumped(-3_000_000),
            "one second a minute is no drift"
        );
    }

    #[test]
    fn a_clock_set_forward_or_back_by_hours_moves_no_deadline() {
        for hours in [-12, -1, 1, 5, 12] {
            let mut timeline = started();
            let off = hours * HOUR;
            assert_eq!(timeline.look(at(60 + off), even(60)), Look::Jumped(off * 1_000_000));
            assert_eq!(timeline.now(even(60)), at(60), "{hours} hours");
            // It is said once, however often it is looked at.
            for minute in 2..200 {
                let second = minute * 60;
                let seen = timeline.look(at(i64::try_from(second).expect("small") + off), even(second));
                assert_eq!(seen, Look::StillOff);
                assert_eq!(timeline.now(even(second)), at(i64::try_from(second).expect("small")));
            }
            assert_eq!(timeline.look(at(12_000), even(12_000)), Look::Back);
            assert_eq!(timeline.off(), 0);
        }
    }

    #[test]
    fn a_second_jump_is_a_jump_of_its_own() {
        let mut timeline = started();
        assert_eq!(timeline.look(at(HOUR), even(0)), Look::Jumped(HOUR * 1_000_000));
        assert_eq!(timeline.look(at(-HOUR), even(0)), Look::Jumped(-HOUR * 1_000_000));
        assert_eq!(timeline.now(even(0)), at(0));
    }

    #[test]
    fn a_wall_clock_the_provider_agrees_with_is_believed_again() {
        // The machine slept for an hour: the even clock stood still, the wall clock is right.
        let mut timeline = started();
        timeline.look(at(HOUR), even(0));
        assert!(timeline.provider_agrees(at(HOUR), at(HOUR), even(0)));
        assert_eq!(timeline.now(even(1)), at(HOUR + 1));
        assert_eq!(timeline.off(), 0);
    }

    #[test]
    fn a_wall_clock_the_provider_does_not_agree_with_is_not() {
        let mut timeline = started();
        timeline.look(at(5 * HOUR), even(0));
        assert!(!timeline.provider_agrees(at(0), at(5 * HOUR), even(0)), "the provider agrees with us");
        assert!(!timeline.provider_agrees(at(9 * HOUR), at(5 * HOUR), even(0)), "with nobody");
        assert_eq!(timeline.now(even(10)), at(10));
        let mut steady = started();
        assert!(!steady.provider_agrees(at(60), at(60), even(0)), "nothing jumped: that is skew, not a jump");
    }
}
