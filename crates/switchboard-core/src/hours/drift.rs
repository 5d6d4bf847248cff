//! Where Meta's hours differ from ours.

use crate::hours::ranges::clock;
use crate::hours::{DAYS, Date, Holiday, Hours, MIDNIGHT, MetaHours, MetaRange, Range};

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The field of ours: `enabled`, `zone`, `weekly.mon`, `holidays.2026-12-25`.
    pub field: String,
    /// What we have; empty = nothing.
    pub ours: String,
    /// What Meta has; empty = nothing.
    pub theirs: String,
}

/// All differences, in the order of the week and of the dates. `ours` is what `for_meta` gave; holidays before `today`
/// do not count, Meta keeps them for a while.
#[must_use]
pub fn drift(ours: &MetaHours, theirs: &MetaHours, today: Date) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut compare = |field: String, ours: String, theirs: String| {
        if ours != theirs {
            differences.push(Difference { field, ours, theirs });
        }
    };
    let on = |hours: &MetaHours| if hours.enabled { "on" } else { "off" }.to_owned();
    compare("enabled".into(), on(ours), on(theirs));
    if !ours.enabled || !theirs.enabled {
        // Without hours nothing else is in force.
        return differences;
    }
    if !ours.zone.eq_ignore_ascii_case(&theirs.zone) {
        compare("zone".into(), ours.zone.clone(), theirs.zone.clone());
    }
    for (number, day) in (0_u8..).zip(DAYS) {
        let of = |hours: &MetaHours| {
            text(hours.weekly.iter().filter(|entry| entry.day == number).map(|entry| entry.range))
        };
        compare(format!("weekly.{day}"), of(ours), of(theirs));
    }
    let both = ours.holidays.iter().chain(&theirs.holidays).map(|holiday| holiday.date);
    let mut dates: Vec<Date> = both.filter(|date| today <= *date).collect();
    dates.sort_unstable();
    dates.dedup();
    for date in dates {
        let of = |hours: &MetaHours| {
            text(hours.holidays.iter().filter(|entry| entry.date == date).map(|entry| entry.range))
        };
        compare(format!("holidays.{date}"), of(ours), of(theirs));
    }
    differences
}

/// What would change of ours if these took their place; none of ours: it is always open. Holidays before `today` do not
/// count. A day without ranges is `closed`, a holiday one of the two does not have is empty.
#[must_use]
pub fn changes(ours: Option<&Hours>, others: &Hours, today: Date) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut compare = |field: String, ours: String, theirs: String| {
        if ours != theirs {
            differences.push(Difference { field, ours, theirs });
        }
    };
    let zone = ours.map(|ours| ours.zone().name()).unwrap_or_default();
    compare("zone".into(), zone.to_owned(), others.zone().name().to_owned());
    for (place, (day, theirs)) in DAYS.iter().zip(others.weekly()).enumerate() {
        let whole = [Range::WHOLE_DAY];
        let ours = ours.map_or(&whole[..], |ours| &ours.weekly()[place]);
        compare(format!("weekly.{day}"), hours_of(ours), hours_of(theirs));
    }
    let ours = ours.map(Hours::holidays).unwrap_or_default();
    let mut dates: Vec<Date> = ours.iter().chain(others.holidays()).map(|holiday| holiday.date).collect();
    dates.sort_unstable();
    dates.dedup();
    for date in dates.into_iter().filter(|date| today <= *date) {
        let of = |holidays: &[Holiday]| {
            let known = holidays.iter().find(|holiday| holiday.date == date);
            known.map(|holiday| hours_of(&holiday.ranges)).unwrap_or_default()
        };
        compare(format!("holidays.{date}"), of(ours), of(others.holidays()));
    }
    differences
}

fn hours_of(ranges: &[Range]) -> String {
    if ranges.is_empty() {
        return "closed".to_owned();
    }
    let one = |range: &Range| format!("{}-{}", range.from_text(), range.to_text());
    ranges.iter().map(one).collect::<Vec<String>>().join(", ")
}

/// `09:00-13:00, 14:00-24:00`, whatever order they came in.
fn text(ranges: impl Iterator<Item = MetaRange>) -> String {
    let mut ranges: Vec<MetaRange> = ranges.collect();
    ranges.sort_unstable();
    let one = |range: MetaRange| {
        let close = if range.close_min + 1 >= MIDNIGHT { MIDNIGHT } else { range.close_min };
        format!("{}-{}", clock(range.open_min), clock(close))
    };
    ranges.into_iter().map(one).collect::<Vec<String>>().join(", ")
}
