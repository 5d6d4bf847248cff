//! What Meta's `call_hours` can hold ("Configure call settings", June 2026).
//!
//! At most two ranges a day and twenty holidays, no week without any hours, times as `HHMM`. An entry of a holiday
//! names the hours that are *open* on that day instead of the weekly ones, so that a closed holiday cannot be said.

use crate::call::state::words;
use crate::hours::ranges::clock;
use crate::hours::{DAYS, Date, Holiday, Hours, HoursRefusal, MIDNIGHT, Range};
use crate::time::Timestamp;

/// A range as Meta has it: `"0900"` to `"1730"`, here as minutes of the day; `2359` is the end of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MetaRange {
    /// Opens, 0 to 1439.
    pub open_min: u16,
    /// Closes, 1 to 1439.
    pub close_min: u16,
}

/// One entry of `weekly_operating_hours`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MetaDay {
    /// Monday is 0.
    pub day: u8,
    /// Its hours.
    pub range: MetaRange,
}

/// One entry of `holiday_schedule`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MetaHoliday {
    /// The day.
    pub date: Date,
    /// The hours that are open on it.
    pub range: MetaRange,
}

/// Meta's `call_hours`, to be written or as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetaHours {
    /// `status`: if not, Meta lets customers call day and night.
    pub enabled: bool,
    /// `timezone_id`.
    pub zone: String,
    /// `weekly_operating_hours`, in order.
    pub weekly: Vec<MetaDay>,
    /// `holiday_schedule`, in order.
    pub holidays: Vec<MetaHoliday>,
}

words! {
    /// What is written for a holiday on which we are closed.
    ClosedHolidays {
        /// Nothing: the hours are refused, and the refusal says why.
        Refuse = "refuse",
        /// One minute, 00:00 to 00:01: the least Meta can hold. Our own hours stay closed.
        OneMinute = "one_minute",
    }
}

words! {
    /// Why Meta cannot hold our hours.
    MetaCannotHoldWhy {
        /// More than two ranges on a day.
        ThreeRanges = "three_ranges",
        /// More than twenty holidays.
        TooManyHolidays = "too_many_holidays",
        /// A week without any hours.
        EmptyWeek = "empty_week",
        /// A holiday that is closed all day.
        ClosedHoliday = "closed_holiday",
        /// Only the last minute of a day, which Meta has no words for.
        LastMinute = "last_minute",
    }
}

/// Meta cannot hold our hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {}", .why.as_str())]
pub struct MetaCannotHold {
    /// The field of ours.
    pub field: String,
    /// Why.
    pub why: MetaCannotHoldWhy,
}

/// At most so many ranges on a day.
const RANGES_A_DAY: usize = 2;
/// At most so many entries of holidays.
const HOLIDAYS: usize = 20;
/// Meta's end of the day: its own samples close a whole day with `2359`. The minute after it is lost, which nobody
/// notices but a drift that would be shown for ever; so `2359` and our 24:00 are the same here.
const END_OF_DAY: u16 = MIDNIGHT - 1;
/// What stands for a holiday on which we are closed.
const ONE_MINUTE: MetaRange = MetaRange { open_min: 0, close_min: 1 };

impl MetaRange {
    fn of(range: Range) -> Option<Self> {
        let range = Self { open_min: range.from_min, close_min: range.to_min.min(END_OF_DAY) };
        (range.open_min < range.close_min).then_some(range)
    }

    fn ours(self) -> Range {
        let to_min = if self.close_min >= END_OF_DAY { MIDNIGHT } else { self.close_min };
        Range { from_min: self.open_min, to_min }
    }

    /// `open_time`.
    #[must_use]
    pub fn open_time(&self) -> String {
        hhmm(self.open_min)
    }

    /// `close_time`.
    #[must_use]
    pub fn close_time(&self) -> String {
        hhmm(self.close_min)
    }
}

/// A minute of the day as Meta writes it.
#[must_use]
pub fn hhmm(minute: u16) -> String {
    clock(minute).replace(':', "")
}

/// Reads `"0900"`, `"09:00"` and what is left of them as a number, `"900"`; the end of the day may be `2400`.
#[must_use]
pub fn read_hhmm(text: &str) -> Option<u16> {
    let digits: String = text.trim().chars().filter(|character| *character != ':').collect();
    let all_digits = (1..=4).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: u16 = if all_digits { digits.parse().ok()? } else { return None };
    let minute = number / 100 * 60 + number % 100;
    (number % 100 < 60 && minute <= MIDNIGHT).then_some(minute.min(END_OF_DAY))
}

impl Hours {
    /// These hours as Meta can hold them; holidays that are over are left out, since Meta refuses them.
    ///
    /// # Errors
    /// What Meta cannot hold, and in which field.
    pub fn for_meta(&self, today: Date, closed: ClosedHolidays) -> Result<MetaHours, MetaCannotHold> {
        let mut weekly = Vec::new();
        for (day, ranges) in (0..).zip(self.weekly()) {
            let field = || format!("weekly.{}", DAYS[usize::from(day)]);
            weekly.extend(for_day(ranges, field)?.into_iter().map(|range| MetaDay { day, range }));
        }
        if weekly.is_empty() {
            return Err(MetaCannotHold { field: "weekly".into(), why: MetaCannotHoldWhy::EmptyWeek });
        }
        let mut holidays = Vec::new();
        for Holiday { date, ranges, .. } in self.holidays().iter().filter(|holiday| today <= holiday.date) {
            let field = || format!("holidays.{date}");
            let ranges = if !ranges.is_empty() {
                for_day(ranges, field)?
            } else if closed == ClosedHolidays::OneMinute {
                vec![ONE_MINUTE]
            } else {
                return Err(MetaCannotHold { field: field(), why: MetaCannotHoldWhy::ClosedHoliday });
            };
            holidays.extend(ranges.into_iter().map(|range| MetaHoliday { date: *date, range }));
        }
        if holidays.len() > HOLIDAYS {
            return Err(MetaCannotHold { field: "holidays".into(), why: MetaCannotHoldWhy::TooManyHolidays });
        }
        // Day and night is what Meta calls no hours at all; said so, not a minute of a day is lost.
        let always = self.weekly().iter().all(|day| joined(day) == [Range::WHOLE_DAY]) && holidays.is_empty();
        Ok(MetaHours { enabled: !always, zone: self.zone().name().to_owned(), weekly, holidays })
    }

    /// Meta's hours as ours.
    ///
    /// # Errors
    /// If they hold what hours of ours cannot: an unknown zone, ranges over each other.
    pub fn from_meta(theirs: &MetaHours) -> Result<Self, HoursRefusal> {
        let mut weekly: [Vec<Range>; 7] = Default::default();
        if !theirs.enabled {
            return Self::new(&theirs.zone, weekly.map(|_| vec![Range::WHOLE_DAY]), Vec::new());
        }
        for entry in &theirs.weekly {
            if let Some(day) = weekly.get_mut(usize::from(entry.day)) {
                day.push(entry.range.ours());
            }
        }
        let mut holidays: Vec<Holiday> = Vec::new();
        for MetaHoliday { date, range } in &theirs.holidays {
            let place = holidays.iter().position(|holiday| holiday.date == *date).unwrap_or_else(|| {
                holidays.push(Holiday { date: *date, ranges: Vec::new(), name: String::new() });
                holidays.len() - 1
            });
            if *range != ONE_MINUTE {
                holidays[place].ranges.push(range.ours());
            }
        }
        Self::new(&theirs.zone, weekly, holidays)
    }
}

impl Hours {
    /// Meta's hours in place of ours. Holidays that are over stay behind, and a day we have a name for keeps it.
    ///
    /// # Errors
    /// As [`from_meta`](Self::from_meta).
    pub fn taken_over(theirs: &MetaHours, ours: Option<&Self>, now: Timestamp) -> Result<Self, HoursRefusal> {
        let Self { zone, weekly, mut holidays } = Self::from_meta(theirs)?;
        let today = zone.local(now).date();
        holidays.retain(|holiday| today <= holiday.date);
        let named = ours.map(Self::holidays).unwrap_or_default();
        for holiday in &mut holidays {
            if let Some(known) = named.iter().find(|known| known.date == holiday.date) {
                holiday.name.clone_from(&known.name);
            }
        }
        Ok(Self { zone, weekly, holidays })
    }
}

/// Ranges that touch are one to Meta, and to customers.
fn joined(ranges: &[Range]) -> Vec<Range> {
    let mut joined: Vec<Range> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match joined.last_mut() {
            Some(last) if last.to_min == range.from_min => last.to_min = range.to_min,
            Some(_) | None => joined.push(*range),
        }
    }
    joined
}

fn for_day(ranges: &[Range], field: impl Fn() -> String) -> Result<Vec<MetaRange>, MetaCannotHold> {
    let joined = joined(ranges);
    if joined.len() > RANGES_A_DAY {
        return Err(MetaCannotHold { field: field(), why: MetaCannotHoldWhy::ThreeRanges });
    }
    let ranges = joined.into_iter().map(MetaRange::of).collect::<Option<Vec<MetaRange>>>();
    ranges.ok_or_else(|| MetaCannotHold { field: field(), why: MetaCannotHoldWhy::LastMinute })
}
