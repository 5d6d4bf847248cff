//! How often someone may guess: per address and per account, on this node.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use sha2::{Digest, Sha256};

/// Attempts between two clean-ups of the limiters' memory.
const CLEAN_UP_EVERY: u32 = 1_024;

/// So many at once, then one per `refill`.
#[derive(Debug, Clone, Copy)]
pub struct Attempts {
    /// At once.
    pub burst: NonZeroU32,
    /// One more after this.
    pub refill: Duration,
}

/// The limits for signing in and for the first-run set-up.
#[derive(Debug, Clone, Copy)]
pub struct AttemptLimits {
    /// Of one network address (of one /64 with IPv6).
    pub per_address: Attempts,
    /// On one account, from wherever.
    pub per_account: Attempts,
}

impl Default for AttemptLimits {
    /// An office behind one address signs in on Monday morning without trouble; a guesser gets at most 2,880
    /// passwords a day on an account, which is nothing against twelve characters.
    fn default() -> Self {
        const THIRTY: NonZeroU32 = NonZeroU32::new(30).expect("not zero");
        const TWENTY: NonZeroU32 = NonZeroU32::new(20).expect("not zero");
        Self {
            per_address: Attempts { burst: THIRTY, refill: Duration::from_secs(10) },
            per_account: Attempts { burst: TWENTY, refill: Duration::from_secs(30) },
        }
    }
}

/// Counts attempts.
pub(crate) struct AttemptCounter {
    by_address: DefaultKeyedRateLimiter<IpAddr>,
    by_account: DefaultKeyedRateLimiter<[u8; 32]>,
    clock: DefaultClock,
    since_clean_up: AtomicU32,
}

impl AttemptCounter {
    pub(crate) fn new(limits: AttemptLimits) -> Self {
        Self {
            by_address: RateLimiter::keyed(quota(limits.per_address)),
            by_account: RateLimiter::keyed(quota(limits.per_account)),
            clock: DefaultClock::default(),
            since_clean_up: AtomicU32::new(0),
        }
    }

    /// Counts one attempt; refused, it says how long to wait.
    pub(crate) fn count(&self, address: IpAddr, account: Option<&str>) -> Result<(), Duration> {
        self.clean_up();
        let now = self.clock.now();
        self.by_address.check_key(&network_of(address)).map_err(|until| until.wait_time_from(now))?;
        if let Some(account) = account {
            // A hash, so that a key has one size whatever is sent as an e-mail address.
            let key = Sha256::digest(account.trim().to_lowercase().as_bytes()).into();
            self.by_account.check_key(&key).map_err(|until| until.wait_time_from(now))?;
        }
        Ok(())
    }

    /// Forgets who has not tried for long enough to have all attempts back.
    fn clean_up(&self) {
        if self.since_clean_up.fetch_add(1, Ordering::Relaxed) >= CLEAN_UP_EVERY {
            self.since_clean_up.store(0, Ordering::Relaxed);
            self.by_address.retain_recent();
            self.by_account.retain_recent();
        }
    }
}

fn quota(attempts: Attempts) -> Quota {
    Quota::with_period(attempts.refill)
        .unwrap_or_else(|| Quota::per_second(attempts.burst))
        .allow_burst(attempts.burst)
}

/// One household has a whole /64 of IPv6 addresses to guess from; it counts as one.
pub(crate) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counter(address: u32, account: u32) -> AttemptCounter {
        let hour = Duration::from_secs(3_600);
        AttemptCounter::new(AttemptLimits {
            per_address: Attempts { burst: NonZeroU32::new(address).expect("not zero"), refill: hour },
            per_account: Attempts { burst: NonZeroU32::new(account).expect("not zero"), refill: hour },
        })
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn the_attempt_after_the_last_allowed_one_is_told_how_long_to_wait() {
        let counter = counter(2, 10);
        assert!(counter.count(ip("198.51.100.7"), None).is_ok());
        assert!(counter.count(ip("198.51.100.7"), None).is_ok());
        let wait = counter.count(ip("198.51.100.7"), None).expect_err("the third");
        assert!(wait > Duration::from_secs(3_000) && wait <= Duration::from_secs(3_600), "{wait:?}");
        assert!(counter.count(ip("198.51.100.8"), None).is_ok(), "another address is not punished");
    }

    #[test]
    fn an_account_is_protected_against_many_addresses() {
        let counter = counter(10, 2);
        assert!(counter.count(ip("198.51.100.1"), Some("ana@example.com")).is_ok());
        assert!(counter.count(ip("198.51.100.2"), Some(" ANA@example.com")).is_ok());
        assert!(counter.count(ip("198.51.100.3"), Some("ana@example.com")).is_err());
        assert!(counter.count(ip("198.51.100.3"), Some("bo@example.com")).is_ok());
    }

    #[test]
    fn a_whole_ipv6_network_counts_as_one_and_a_mapped_address_as_its_v4() {
        let counter = counter(1, 10);
        assert!(counter.count(ip("2001:db8:1:2::1"), None).is_ok());
        assert!(counter.count(ip("2001:db8:1:2:ffff::9"), None).is_err());
        assert!(counter.count(ip("2001:db8:1:3::1"), None).is_ok());
        assert!(counter.count(ip("203.0.113.4"), None).is_ok());
        assert!(counter.count(ip("::ffff:203.0.113.4"), None).is_err());
    }
}
