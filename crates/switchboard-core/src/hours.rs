//! When a number takes and makes calls (H1–H3): weekly hours, holidays, time zones with their summer times.
//!
//! - [`ranges`]: a range of minutes of a day; what is refused, naming the field
//! - [`zone`]: the zone of a number, from the copy of the time zone database inside the program
//! - [`meta`]: what Meta's `call_hours` can hold of it, and what not
//! - [`mod@drift`]: where Meta's hours differ from ours
//!
//! Hours are what the clock on the wall says: an instant is open when the wall clock of the zone shows a time inside a
//! range of that day. So a range that falls into the hour a spring leaves out does not come, and one in the hour that
//! an autumn repeats comes twice.

pub mod drift;
pub mod meta;
pub mod ranges;
#[cfg(test)]
mod tests;
pub mod zone;

use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::Offset;

use crate::time::Timestamp;

pub use drift::{Difference, changes, drift};
pub use meta::{
    ClosedHolidays, MetaCannotHold, MetaCannotHoldWhy, MetaDay, MetaHoliday, MetaHours, MetaRange,
};
pub use ranges::{Holiday, HoursRefusal, HoursRefusalWhy, MIDNIGHT, Range};
pub use zone::Zone;

/// A day without its time.
pub type Date = jiff::civil::Date;

/// More holidays than a number may have.
pub const MOST_HOLIDAYS: usize = 100;
/// More ranges than a day may have.
pub const MOST_RANGES: usize = 12;

/// The names of the days in API and database, Monday first.
pub const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The hours of a number. What is in here has been checked: ranges in order, none over another, one entry per holiday.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    zone: Zone,
    weekly: [Vec<Range>; 7],
    holidays: Vec<Holiday>,
}

impl Hours {
    /// Hours out of their parts; what was kept is read back by it.
    ///
    /// # Errors
    /// Names the first field that is wrong, by its place in what was given.
    pub fn new(
        zone: &str,
        weekly: [Vec<Range>; 7],
        mut holidays: Vec<Holiday>,
    ) -> Result<Self, HoursRefusal> {
        let zone = Zone::new(zone)?;
        let mut weekly = weekly;
        for (day, ranges) in DAYS.iter().zip(&mut weekly) {
            ranges::check(&format!("weekly.{day}"), ranges)?;
        }
        ranges::check_holidays(&mut holidays)?;
        Ok(Self { zone, weekly, holidays })
    }

    /// Hours that somebody sets now: a holiday that is over is a mistake of the one who types it.
    ///
    /// # Errors
    /// As `new`, and for a holiday of the past.
    pub fn set(
        now: Timestamp,
        zone: &str,
        weekly: [Vec<Range>; 7],
        holidays: Vec<Holiday>,
    ) -> Result<Self, HoursRefusal> {
        let today = Zone::new(zone)?.local(now).date();
        let past = holidays.iter().position(|holiday| holiday.date < today);
        let hours = Self::new(zone, weekly, holidays)?;
        match past {
            Some(place) => {
                Err(HoursRefusal { field: format!("holidays[{place}].date"), why: HoursRefusalWhy::Past })
            }
            None => Ok(hours),
        }
    }

    /// The zone.
    #[must_use]
    pub const fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The hours of the week, Monday first.
    #[must_use]
    pub const fn weekly(&self) -> &[Vec<Range>; 7] {
        &self.weekly
    }

    /// The holidays, in order.
    #[must_use]
    pub fn holidays(&self) -> &[Holiday] {
        &self.holidays
    }

    /// Open at this moment?
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        let local = self.zone.local(at);
        let minute = i16::from(local.hour()) * 60 + i16::from(local.minute());
        ranges::hold(self.of_day(local.date()), minute.unsigned_abs())
    }

    /// The first moment from this one on that is open; none: none within `SEARCHED`.
    #[must_use]
    pub fn next_open(&self, at: Timestamp) -> Option<Timestamp> {
        if self.is_open(at) { Some(at) } else { self.next_change(at) }
    }

    /// The first moment after this one that is not open any more; none: it is not open, or does not close within
    /// `SEARCHED`.
    #[must_use]
    pub fn closes_at(&self, at: Timestamp) -> Option<Timestamp> {
        if self.is_open(at) { self.next_change(at) } else { None }
    }

    /// The ranges of a day.
    #[must_use]
    pub fn of_day(&self, date: Date) -> &[Range] {
        match self.holidays.binary_search_by_key(&date, |holiday| holiday.date) {
            Ok(place) => self.holidays.get(place).map_or(&[], |holiday| &holiday.ranges),
            Err(_) => {
                let day = usize::from(date.weekday().to_monday_zero_offset().unsigned_abs());
                self.weekly.get(day).map_or(&[], Vec::as_slice)
            }
        }
    }

    /// The first moment after this one at which open and closed change places.
    ///
    /// Between two changes of the zone the wall clock runs as time does, so the ranges of the days can be laid on it as
    /// they are; at a change itself it is looked at anew. Nothing here supposes that a day has 24 hours, begins at
    /// 00:00, or comes at all.
    fn next_change(&self, at: Timestamp) -> Option<Timestamp> {
        let open = self.is_open(at);
        let end = at.plus(SEARCHED);
        let mut from = at;
        while from < end {
            let (offset, until) = self.zone.steady(from);
            let limit = until.map_or(end, |until| until.min(end));
            if let Some(change) = self.change_within(from, limit, offset, open) {
                return Some(change);
            }
            if limit < end && self.is_open(limit) != open {
                return Some(limit);
            }
            from = limit;
        }
        None
    }

    /// The first change after `from` and before `limit`, while the clock keeps one offset.
    fn change_within(
        &self,
        from: Timestamp,
        limit: Timestamp,
        offset: Offset,
        open: bool,
    ) -> Option<Timestamp> {
        let mut date = offset.to_datetime(zone::instant(from)).date();
        loop {
            let midnight = offset.to_timestamp(date.to_datetime(Time::midnight())).ok()?;
            let midnight = Timestamp::from_micros(midnight.as_microsecond());
            if limit <= midnight {
                return None;
            }
            let ranges = self.of_day(date);
            let edges = ranges.iter().flat_map(|range| [range.from_min, range.to_min]);
            // Midnight is an edge, since the next day has other ranges; the end of a day is the next one's.
            for minute in [0].into_iter().chain(edges).filter(|minute| *minute < MIDNIGHT) {
                let moment = midnight.plus(Duration::from_secs(u64::from(minute) * 60));
                if from < moment && ranges::hold(ranges, minute) != open {
                    return (moment < limit).then_some(moment);
                }
            }
            date = date.tomorrow().ok()?;
        }
    }
}

/// How far ahead is looked for a change: past the longest row of holidays, and a year.
pub const SEARCHED: Duration = Duration::from_secs(480 * 24 * 3_600);
