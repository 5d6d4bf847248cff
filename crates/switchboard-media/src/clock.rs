//! The one clock of this crate.
#![expect(clippy::disallowed_methods, reason = "the one clock of this crate")]

use std::time::{Duration, Instant, SystemTime};

/// Seconds from 1900 (NTP) to 1970.
const NTP_TO_UNIX: u64 = 2_208_988_800;

/// Ties the monotonic clock to the wall once, so that NTP times in RTCP never jump.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    started: Instant,
    started_ntp: Duration,
}

impl Clock {
    pub(crate) fn start() -> Self {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { started: Instant::now(), started_ntp: since_1970 + Duration::from_secs(NTP_TO_UNIX) }
    }

    pub(crate) fn now(self) -> Instant {
        Instant::now()
    }

    /// 32 bits of seconds since 1900, 32 bits of fraction.
    pub(crate) fn ntp(self, at: Instant) -> u64 {
        let ntp = self.started_ntp + at.saturating_duration_since(self.started);
        let fraction = (u64::from(ntp.subsec_nanos()) << 32) / 1_000_000_000;
        ntp.as_secs() << 32 | fraction
    }
}
