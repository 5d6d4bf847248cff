//! Hours against an oracle that counts minutes. It knows no zone: the clock changes stand here as they are told in
//! almanacs (the moment in UTC, the offset before and after in minutes), so that neither our code nor the library's
//! database judges itself.

use proptest::prelude::*;

use super::*;

/// Zone, year, month, day, hour, minute of the change in UTC, minutes east of Greenwich before and after.
type Change = (&'static str, i16, i8, i8, i8, i8, i64, i64);

const CHANGES: [Change; 20] = [
    ("America/New_York", 2026, 3, 8, 7, 0, -300, -240),
    ("America/New_York", 2026, 11, 1, 6, 0, -240, -300),
    ("Europe/Madrid", 2026, 3, 29, 1, 0, 60, 120),
    ("Europe/Madrid", 2026, 10, 25, 1, 0, 120, 60),
    // Negative summer time: Ireland's winter is the exception.
    ("Europe/Dublin", 2026, 3, 29, 1, 0, 0, 60),
    ("Europe/Dublin", 2026, 10, 25, 1, 0, 60, 0),
    // Half an hour.
    ("Australia/Lord_Howe", 2026, 4, 4, 15, 0, 660, 630),
    ("Australia/Lord_Howe", 2026, 10, 3, 15, 30, 630, 660),
    // At midnight: days that begin at 01:00, and days whose last hour comes twice.
    ("America/Sao_Paulo", 2018, 11, 4, 3, 0, -180, -120),
    ("America/Sao_Paulo", 2019, 2, 17, 2, 0, -120, -180),
    ("America/Santiago", 2026, 4, 5, 3, 0, -180, -240),
    ("Africa/Cairo", 2023, 4, 27, 22, 0, 120, 180),
    ("Asia/Tehran", 2022, 9, 21, 19, 30, 270, 210),
    // A quarter of an hour, once and for all.
    ("Asia/Kathmandu", 1985, 12, 31, 18, 30, 330, 345),
    // A day that never was.
    ("Pacific/Apia", 2011, 12, 30, 10, 0, -600, 840),
    ("Australia/Sydney", 2026, 4, 4, 16, 0, 660, 600),
    ("Pacific/Auckland", 2026, 4, 4, 14, 0, 780, 720),
    ("Pacific/Chatham", 2026, 4, 4, 14, 0, 825, 765),
    // Two hours.
    ("Antarctica/Troll", 2026, 3, 29, 1, 0, 0, 120),
    ("Antarctica/Troll", 2026, 10, 25, 1, 0, 120, 0),
];

/// Minutes around a change that are looked at: four days before, four after.
const BEFORE: i64 = 4 * 1_440;
const AFTER: i64 = 4 * 1_440;
/// More to look ahead into, and then a week, so that weekly hours come.
const AHEAD: i64 = 8 * 1_440;

struct Oracle {
    /// Minutes since 1970 of the first minute.
    first: i64,
    open: Vec<bool>,
}

impl Oracle {
    fn count(hours: &Hours, change: &Change) -> Self {
        let (_, year, month, day, hour, minute, before, after) = *change;
        let moment =
            minutes(days_from_civil(i64::from(year), i64::from(month), i64::from(day)), hour, minute);
        let first = moment - BEFORE;
        let open = (first..moment + AFTER + AHEAD)
            .map(|at| at + if at < moment { before } else { after })
            .map(|local| wall_is_open(hours, local))
            .collect();
        Self { first, open }
    }

    fn at(&self, place: usize) -> Timestamp {
        Timestamp::from_seconds((self.first + place as i64) * 60)
    }

    fn next(&self, place: usize, open: bool) -> Option<Timestamp> {
        self.open.iter().skip(place).position(|is| *is == open).map(|further| self.at(place + further))
    }
}

fn minutes(days: i64, hour: i8, minute: i8) -> i64 {
    days * 1_440 + i64::from(hour) * 60 + i64::from(minute)
}

/// Days since 1970 of a date, by the well known counting from March.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Is the wall clock, in minutes since 1970 of its own, inside the hours?
fn wall_is_open(hours: &Hours, local: i64) -> bool {
    let (day, minute) = (local.div_euclid(1_440), local.rem_euclid(1_440));
    let within = |ranges: &[Range]| {
        ranges.iter().any(|range| i64::from(range.from_min) <= minute && minute < i64::from(range.to_min))
    };
    let is_that_day = |date: Date| {
        days_from_civil(i64::from(date.year()), i64::from(date.month()), i64::from(date.day())) == day
    };
    match hours.holidays().iter().find(|holiday| is_that_day(holiday.date)) {
        Some(holiday) => within(&holiday.ranges),
        // 1 January 1970 was a Thursday.
        None => within(&hours.weekly()[(day + 3).rem_euclid(7) as usize]),
    }
}

/// Ranges of a day out of edges in order.
fn day() -> impl Strategy<Value = Vec<Range>> {
    let edge = prop_oneof![
        3 => 0_u16..=1_440,
        // Around the hours at which clocks change.
        2 => (0_u16..=8).prop_map(|half| half * 30),
        1 => Just(1_440_u16),
    ];
    proptest::collection::btree_set(edge, 0..=6).prop_map(|edges| {
        let edges: Vec<u16> = edges.into_iter().collect();
        edges.chunks_exact(2).map(|pair| Range { from_min: pair[0], to_min: pair[1] }).collect()
    })
}

fn check(hours: &Hours, change: &Change, places: impl Iterator<Item = usize>) -> Result<(), TestCaseError> {
    let oracle = Oracle::count(hours, change);
    for place in places {
        let at = oracle.at(place);
        let open = oracle.open[place];
        prop_assert_eq!(hours.is_open(at), open, "{} at {:?}", change.0, at);
        // Half a minute later nothing can have changed, and what comes next is the same.
        let later = at.plus(Duration::from_secs(30));
        prop_assert_eq!(hours.is_open(later), open);
        if open {
            prop_assert_eq!(hours.next_open(later), Some(later));
            if let Some(closes) = oracle.next(place, false) {
                prop_assert_eq!(hours.closes_at(later), Some(closes), "{} at {:?}", change.0, at);
            }
        } else {
            prop_assert_eq!(hours.closes_at(later), None);
            if let Some(opens) = oracle.next(place, true) {
                prop_assert_eq!(hours.next_open(later), Some(opens), "{} at {:?}", change.0, at);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_the_hours_they_agree_with_counting_minutes_over_every_change(
        which in 0..CHANGES.len(),
        week in proptest::array::uniform7(day()),
        holidays in proptest::collection::btree_map(-4_i64..=4, day(), 0..3),
        places in proptest::collection::vec(0..(BEFORE + AFTER) as usize, 40),
    ) {
        let change = &CHANGES[which];
        let around = Date::constant(change.1, change.2, change.3);
        let holidays = holidays.into_iter().map(|(days, ranges)| {
            let date = around.checked_add(jiff::Span::new().days(days)).expect("a day near the change");
            Holiday { date, ranges, name: String::new() }
        });
        let hours = Hours::new(change.0, week, holidays.collect()).expect("hours");
        // Those thrown, and every minute of the three hours around the change.
        let near = (BEFORE as usize - 90)..(BEFORE as usize + 90);
        check(&hours, change, places.into_iter().chain(near))?;
    }
}

#[test]
fn every_minute_of_eight_days_around_every_change() {
    let mut week = every_day(&[range("00:00", "00:30"), range("01:45", "02:15"), range("23:30", "24:00")]);
    week[5] = vec![range("02:30", "03:00")];
    week[6] = vec![Range::WHOLE_DAY];
    for change in &CHANGES {
        let hours = Hours::new(change.0, week.clone(), Vec::new()).expect("hours");
        check(&hours, change, 0..(BEFORE + AFTER) as usize).expect("the oracle agrees");
    }
}
