//! The one place of this crate that reads the clock and throws dice.

mod timeline;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use switchboard_core::time::Timestamp;
use uuid::Uuid;

use timeline::{Look, Timeline};

/// Skew below this is the network's, not the clock's (C1).
const SKEW_THAT_MATTERS: Duration = Duration::from_secs(2);
/// How often the wall clock is looked at, at the most.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Our time, and how far it stands from the provider's. It runs evenly, also when somebody sets the machine's clock.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Mutex<Reading>>);

#[derive(Debug)]
struct Reading {
    /// Where the even clock counts from.
    start: Instant,
    timeline: Timeline,
    looked: Duration,
    /// Provider's clock minus ours, µs; zero while within [`SKEW_THAT_MATTERS`].
    skew_micros: i64,
}

impl Default for Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the clock of this crate; everybody else is handed the time"
    )]
    fn default() -> Self {
        let timeline = Timeline::new(wall_clock(), Duration::ZERO);
        Self(Arc::new(Mutex::new(Reading {
            start: Instant::now(),
            timeline,
            looked: Duration::ZERO,
            skew_micros: 0,
        })))
    }
}

#[expect(clippy::disallowed_methods, reason = "the clock of this crate; everybody else is handed the time")]
fn wall_clock() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX))
}

impl Reading {
    #[expect(
        clippy::disallowed_methods,
        reason = "the clock of this crate; everybody else is handed the time"
    )]
    fn even(&self) -> Duration {
        Instant::now().saturating_duration_since(self.start)
    }

    fn look(&mut self, even: Duration) {
        self.looked = even;
        match self.timeline.look(wall_clock(), even) {
            Look::Agrees | Look::StillOff => {}
            Look::Jumped(micros) => {
                metrics::counter!("switchboard_clock_jumps_total").increment(1);
                metrics::gauge!("switchboard_clock_off_seconds").set(micros as f64 / 1e6);
                tracing::warn!(
                    off_ms = micros / 1_000,
                    "this machine's clock was set or stood still; time runs on as before until the provider's time agrees with it"
                );
            }
            Look::Back => {
                metrics::gauge!("switchboard_clock_off_seconds").set(0.0);
                tracing::info!("this machine's clock is back where it was");
            }
        }
    }
}

impl Clock {
    fn reading<T>(&self, read: impl FnOnce(&mut Reading, Duration) -> T) -> T {
        // Nothing panics while this is held; if it ever did, the numbers are still whole.
        let mut reading = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let even = reading.even();
        read(&mut reading, even)
    }

    /// What time it is here.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.reading(|reading, even| {
            if even.saturating_sub(reading.looked) >= LOOK_EVERY {
                reading.look(even);
            }
            reading.timeline.now(even)
        })
    }

    /// Learns the provider's time from the `Date` header of an answer that just arrived.
    pub fn provider_said(&self, provider_time: Timestamp) {
        // The header counts whole seconds, so on average it is half a second behind.
        let provider = provider_time.plus(Duration::from_millis(500));
        let (skew, before) = self.reading(|reading, even| {
            reading.look(even);
            if reading.timeline.provider_agrees(provider, wall_clock(), even) {
                metrics::gauge!("switchboard_clock_off_seconds").set(0.0);
                tracing::warn!("the provider agrees with this machine's clock; it is believed again");
            }
            let off = provider.micros() - reading.timeline.now(even).micros();
            let skew = if off.unsigned_abs() > SKEW_THAT_MATTERS.as_micros() as u64 { off } else { 0 };
            (skew, std::mem::replace(&mut reading.skew_micros, skew))
        });
        if skew != 0 && (skew - before).unsigned_abs() > 1_000_000 {
            tracing::warn!(
                skew_ms = skew / 1_000,
                "this machine's clock differs from the provider's; deadlines are corrected, set the clock (NTP)"
            );
        }
    }

    /// How far this machine's clock stands from the provider's; zero while that does not matter.
    #[must_use]
    pub fn skew(&self) -> Duration {
        self.reading(|reading, _| {
            // A clock that was set stands off as well, also before the provider has said so.
            let off = reading.timeline.off().unsigned_abs().max(reading.skew_micros.unsigned_abs());
            Duration::from_micros(off)
        })
    }

    /// One of the provider's time stamps, by our clock.
    #[must_use]
    pub fn correct(&self, provider_time: Timestamp) -> Timestamp {
        let skew = self.reading(|reading, _| reading.skew_micros);
        Timestamp::from_micros(provider_time.micros().saturating_sub(skew))
    }

    /// A time for one call, from now on.
    #[must_use]
    pub(crate) fn for_one_call(&self) -> CallClock {
        CallClock { clock: self.clone(), began_at: self.now(), began: instant() }
    }
}

/// The time of one call: counted evenly from its beginning, whatever happens to all clocks. All its deadlines are in it.
#[derive(Debug, Clone)]
pub(crate) struct CallClock {
    clock: Clock,
    began_at: Timestamp,
    began: tokio::time::Instant,
}

impl CallClock {
    /// What time it is for this call.
    pub(crate) fn now(&self) -> Timestamp {
        self.began_at.plus(instant().saturating_duration_since(self.began))
    }

    /// One of the provider's time stamps, by this call's time.
    pub(crate) fn correct(&self, provider_time: Timestamp) -> Timestamp {
        // Since the call began the clock of all may have been moved; this call's was not.
        let moved = self.clock.now().micros().saturating_sub(self.now().micros());
        Timestamp::from_micros(self.clock.correct(provider_time).micros().saturating_sub(moved))
    }

    /// The instant at which `at` will have come, for timers.
    pub(crate) fn instant_of(&self, at: Timestamp) -> tokio::time::Instant {
        self.began + at.since(self.began_at)
    }
}

/// Measures how long something took.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// From now.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "spans need the monotonic clock; still this crate's one place"
    )]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// Until now, s.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}

/// A fresh identifier; time-ordered.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the dice of this crate: identifiers are made here")]
pub(crate) fn fresh_uuid() -> Uuid {
    Uuid::now_v7()
}

/// A number nobody can foretell, for waits that should differ.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the dice of this crate: chance is handed to the core from here"
)]
pub(crate) fn chance() -> u16 {
    rand::random()
}

/// RFC 3339 in UTC with milliseconds, as the API writes moments.
#[must_use]
pub fn rfc3339(at: Timestamp) -> String {
    chrono::DateTime::from_timestamp_micros(at.micros())
        .unwrap_or_default()
        .to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// The monotonic clock, for measuring how long something took.
#[expect(
    clippy::disallowed_methods,
    reason = "measuring needs the monotonic clock; still this crate's one place"
)]
pub(crate) fn instant() -> tokio::time::Instant {
    tokio::time::Instant::now()
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
    fn a_call_counts_its_own_time_and_corrects_what_the_provider_says_by_it() {
        let clock = Clock::default();
        let call = clock.for_one_call();
        let soon = call.now().plus(Duration::from_secs(60));
        let wait = call.instant_of(soon).saturating_duration_since(instant());
        assert!((59..=60).contains(&wait.as_secs()), "{wait:?}");
        assert!(call.instant_of(call.now().minus(Duration::from_secs(9))) <= instant(), "it has come");

        // The clock of all is an hour ahead of the one the call began with.
        clock.reading(|reading, even| {
            reading.timeline = Timeline::new(call.now().plus(Duration::from_secs(3_600)), even);
        });
        let stamp = clock.now();
        let own = call.correct(stamp);
        assert!(own.since(call.now()) < Duration::from_millis(100), "the same moment, in this call's time");
        assert!(call.now().since(own) < Duration::from_millis(100), "the same moment, in this call's time");
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
