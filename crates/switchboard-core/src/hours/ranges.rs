//! Ranges of minutes in a day, and what is refused of them, naming the field.

use crate::call::state::words;
use crate::hours::{Date, MOST_HOLIDAYS, MOST_RANGES};

/// From one minute of a day to another, the second not included; midnight at the end is 1440.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    /// The first minute, 0 to 1439.
    pub from_min: u16,
    /// The minute after the last, 1 to 1440.
    pub to_min: u16,
}

/// The last minute of a day and one.
pub const MIDNIGHT: u16 = 24 * 60;

/// A day with hours of its own instead of its weekday's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holiday {
    /// The day.
    pub date: Date,
    /// Its hours; none = closed.
    pub ranges: Vec<Range>,
    /// What people call it.
    pub name: String,
}

words! {
    /// Why hours are refused.
    HoursRefusalWhy {
        /// No zone of this name.
        UnknownZone = "unknown_zone",
        /// No day of the week of this name, or no date.
        NotADay = "not_a_day",
        /// Not `HH:MM` between 00:00 and 24:00.
        NotATime = "not_a_time",
        /// Begins when it ends.
        Empty = "empty",
        /// Ends before it begins: hours over midnight are two ranges.
        Inverted = "inverted",
        /// Lies over another of the day.
        Overlap = "overlap",
        /// The day is over.
        Past = "past",
        /// The day is there twice.
        Twice = "twice",
        /// More than can be kept.
        TooMany = "too_many",
        /// Longer than can be kept.
        TooLong = "too_long",
    }
}

/// Hours were refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {}", .why.as_str())]
pub struct HoursRefusal {
    /// The field, as the API names it: `zone`, `weekly.mon[1]`, `holidays[3].date`.
    pub field: String,
    /// Why.
    pub why: HoursRefusalWhy,
}

impl HoursRefusal {
    fn new(field: impl Into<String>, why: HoursRefusalWhy) -> Self {
        Self { field: field.into(), why }
    }
}

/// Longer names of holidays are refused.
const NAME_CHARACTERS: usize = 100;

impl Range {
    /// All of a day.
    pub const WHOLE_DAY: Self = Self { from_min: 0, to_min: MIDNIGHT };

    /// A range as people write it, `09:00` and `17:30`; `field` is where it was read.
    ///
    /// # Errors
    /// If one of them is no time. Whether the two fit each other is seen when hours are made of them.
    pub fn read(field: &str, from: &str, to: &str) -> Result<Self, HoursRefusal> {
        let minute =
            |text| minute_of_day(text).ok_or_else(|| HoursRefusal::new(field, HoursRefusalWhy::NotATime));
        Ok(Self { from_min: minute(from)?, to_min: minute(to)? })
    }

    /// Its beginning, `09:00`.
    #[must_use]
    pub fn from_text(&self) -> String {
        clock(self.from_min)
    }

    /// Its end, `17:30`; the end of the day is `24:00`.
    #[must_use]
    pub fn to_text(&self) -> String {
        clock(self.to_min)
    }

    /// Is this minute of the day in it?
    #[must_use]
    pub const fn holds(&self, minute: u16) -> bool {
        self.from_min <= minute && minute < self.to_min
    }
}

/// A minute of the day as people write it.
#[must_use]
pub fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// Reads `09:00`, up to `24:00`.
#[must_use]
pub fn minute_of_day(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |digits: &str| {
        let all_digits = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        all_digits.then(|| digits.parse::<u16>().ok()).flatten()
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    let minute = hours * 60 + minutes;
    (minutes < 60 && minute <= MIDNIGHT).then_some(minute)
}

/// Reads `2026-12-25`; `field` is where it was read.
///
/// # Errors
/// If there is no such day.
pub fn read_date(field: &str, text: &str) -> Result<Date, HoursRefusal> {
    let refusal = || HoursRefusal::new(field, HoursRefusalWhy::NotADay);
    let digits = text.bytes().enumerate().all(|(place, byte)| match place {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    if text.len() != 10 || !digits {
        return Err(refusal());
    }
    text.parse().map_err(|_| refusal())
}

pub(super) fn hold(ranges: &[Range], minute: u16) -> bool {
    ranges.iter().any(|range| range.holds(minute))
}

/// Checks the ranges of a day and puts them in order.
pub(super) fn check(field: &str, ranges: &mut [Range]) -> Result<(), HoursRefusal> {
    if ranges.len() > MOST_RANGES {
        return Err(HoursRefusal::new(field, HoursRefusalWhy::TooMany));
    }
    for (place, range) in ranges.iter().enumerate() {
        let why = if range.from_min > MIDNIGHT || range.to_min > MIDNIGHT {
            HoursRefusalWhy::NotATime
        } else if range.from_min == range.to_min {
            HoursRefusalWhy::Empty
        } else if range.from_min > range.to_min {
            HoursRefusalWhy::Inverted
        } else if ranges.iter().take(place).any(|other| overlap(*range, *other)) {
            HoursRefusalWhy::Overlap
        } else {
            continue;
        };
        return Err(HoursRefusal::new(format!("{field}[{place}]"), why));
    }
    ranges.sort_unstable();
    Ok(())
}

const fn overlap(a: Range, b: Range) -> bool {
    a.from_min < b.to_min && b.from_min < a.to_min
}

/// Checks holidays and puts them in order.
pub(super) fn check_holidays(holidays: &mut [Holiday]) -> Result<(), HoursRefusal> {
    if holidays.len() > MOST_HOLIDAYS {
        return Err(HoursRefusal::new("holidays", HoursRefusalWhy::TooMany));
    }
    let mut dates = Vec::with_capacity(holidays.len());
    for (place, holiday) in holidays.iter_mut().enumerate() {
        if dates.contains(&holiday.date) {
            return Err(HoursRefusal::new(format!("holidays[{place}].date"), HoursRefusalWhy::Twice));
        }
        dates.push(holiday.date);
        if holiday.name.chars().count() > NAME_CHARACTERS {
            return Err(HoursRefusal::new(format!("holidays[{place}].name"), HoursRefusalWhy::TooLong));
        }
        check(&format!("holidays[{place}].ranges"), &mut holiday.ranges)?;
    }
    holidays.sort_by_key(|holiday| holiday.date);
    Ok(())
}
