//! The zone of a number.

use std::fmt;
use std::sync::LazyLock;

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};

use crate::hours::{Date, HoursRefusal, HoursRefusalWhy};
use crate::time::Timestamp;

/// The copy inside the program: the same hours on every machine.
static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A time zone that is known, by its IANA name.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone {
    name: String,
    pub(super) rules: TimeZone,
}

impl Zone {
    /// The zone of this name, in any case; kept as the database writes it.
    ///
    /// # Errors
    /// If there is none.
    pub fn new(name: &str) -> Result<Self, HoursRefusal> {
        let unknown = || HoursRefusal { field: "zone".into(), why: HoursRefusalWhy::UnknownZone };
        let rules = DATABASE.get(name.trim()).map_err(|_| unknown())?;
        let name = rules.iana_name().ok_or_else(unknown)?.to_owned();
        Ok(Self { name, rules })
    }

    /// What the clock on the wall shows at a moment.
    #[must_use]
    pub fn local(&self, at: Timestamp) -> DateTime {
        self.rules.to_datetime(instant(at))
    }

    /// The offset at a moment, and until when it stays.
    pub(super) fn steady(&self, at: Timestamp) -> (Offset, Option<Timestamp>) {
        let at = instant(at);
        let until = self.rules.following(at).next();
        let until = until.map(|change| Timestamp::from_micros(change.timestamp().as_microsecond()));
        (self.rules.to_offset(at), until)
    }

    /// The first moment of a day: not always 00:00.
    #[must_use]
    pub fn start_of(&self, date: Date) -> Timestamp {
        let first = self.rules.to_ambiguous_timestamp(date.to_datetime(jiff::civil::Time::midnight()));
        first
            .compatible()
            .map_or(Timestamp::from_micros(i64::MAX), |at| Timestamp::from_micros(at.as_microsecond()))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A moment for the library; one beyond the years it knows becomes the last it knows.
pub(super) fn instant(at: Timestamp) -> jiff::Timestamp {
    let last = if at.micros() < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    jiff::Timestamp::from_microsecond(at.micros()).unwrap_or(last)
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name)
    }
}
