//! Hours, told by their stories; `oracle` counts minutes, `at_meta` looks from Meta's side.

mod at_meta;
mod oracle;

use super::*;

/// A moment by the clock of a zone; of a time that comes twice the first.
fn at(zone: &str, text: &str) -> Timestamp {
    let zone = Zone::new(zone).expect("a zone");
    let local: jiff::civil::DateTime = text.parse().expect("a time");
    let at = zone.rules.to_timestamp(local).expect("a moment");
    Timestamp::from_micros(at.as_microsecond())
}

fn range(from: &str, to: &str) -> Range {
    Range::read("here", from, to).expect("times")
}

fn date(text: &str) -> Date {
    ranges::read_date("here", text).expect("a date")
}

fn every_day(ranges: &[Range]) -> [Vec<Range>; 7] {
    std::array::from_fn(|_| ranges.to_vec())
}

/// Monday to Friday 09:00 to 13:00 and 14:00 to 18:00.
fn office() -> [Vec<Range>; 7] {
    let mut week = every_day(&[range("09:00", "13:00"), range("14:00", "18:00")]);
    week[5].clear();
    week[6].clear();
    week
}

fn holiday(day: &str, ranges: &[Range]) -> Holiday {
    Holiday { date: date(day), ranges: ranges.to_vec(), name: "Fiesta".into() }
}

const MADRID: &str = "Europe/Madrid";

#[test]
fn an_office_opens_and_closes_by_the_clock_on_its_wall() {
    let hours = Hours::new(MADRID, office(), Vec::new()).expect("hours");
    // Friday, 20 November 2026.
    let noon = at(MADRID, "2026-11-20T12:00");
    assert!(hours.is_open(noon));
    assert_eq!(hours.next_open(noon), Some(noon));
    assert_eq!(hours.closes_at(noon), Some(at(MADRID, "2026-11-20T13:00")));
    let lunch = at(MADRID, "2026-11-20T13:00");
    assert!(!hours.is_open(lunch), "the end is not included");
    assert_eq!(hours.closes_at(lunch), None);
    assert_eq!(hours.next_open(lunch), Some(at(MADRID, "2026-11-20T14:00")));
    let evening = at(MADRID, "2026-11-20T18:00");
    assert_eq!(hours.next_open(evening), Some(at(MADRID, "2026-11-23T09:00")), "over the week-end");
}

#[test]
fn a_night_is_two_ranges_and_closes_once() {
    let hours = every_day(&[range("00:00", "02:00"), range("22:00", "24:00")]);
    let hours = Hours::new(MADRID, hours, Vec::new()).expect("hours");
    let late = at(MADRID, "2026-11-20T23:30");
    assert_eq!(hours.closes_at(late), Some(at(MADRID, "2026-11-21T02:00")));
}

#[test]
fn ranges_that_touch_close_only_at_the_end_of_the_last() {
    let hours = every_day(&[range("13:00", "18:00"), range("09:00", "13:00")]);
    let hours = Hours::new(MADRID, hours, Vec::new()).expect("hours");
    assert_eq!(hours.closes_at(at(MADRID, "2026-11-20T10:00")), Some(at(MADRID, "2026-11-20T18:00")));
}

#[test]
fn a_holiday_closes_a_day_or_gives_it_other_hours() {
    let holidays = vec![holiday("2026-12-24", &[range("09:00", "12:00")]), holiday("2026-12-25", &[])];
    let hours = Hours::new(MADRID, office(), holidays).expect("hours");
    assert_eq!(hours.closes_at(at(MADRID, "2026-12-24T10:00")), Some(at(MADRID, "2026-12-24T12:00")));
    assert_eq!(hours.next_open(at(MADRID, "2026-12-24T12:00")), Some(at(MADRID, "2026-12-28T09:00")));
}

#[test]
fn what_never_opens_and_what_never_closes_says_so() {
    let never = Hours::new(MADRID, Default::default(), Vec::new()).expect("hours");
    assert_eq!(never.next_open(at(MADRID, "2026-11-20T12:00")), None);
    let always = Hours::new(MADRID, every_day(&[Range::WHOLE_DAY]), Vec::new()).expect("hours");
    let now = at(MADRID, "2026-11-20T12:00");
    assert_eq!(always.next_open(now), Some(now));
    assert_eq!(always.closes_at(now), None, "not at midnight, not when the clocks change");
    assert!(!always.is_open(Timestamp::from_micros(i64::MAX)) || always.is_open(now), "nothing overflows");
    assert_eq!(never.next_open(Timestamp::from_micros(i64::MIN)), None);
}

#[test]
fn an_hour_that_a_spring_leaves_out_does_not_come_and_one_that_an_autumn_repeats_comes_twice() {
    let hours = every_day(&[range("02:00", "03:00")]);
    let hours = Hours::new(MADRID, hours, Vec::new()).expect("hours");
    // 2026-03-29: 02:00 to 03:00 does not exist in Madrid.
    assert_eq!(hours.next_open(at(MADRID, "2026-03-28T12:00")), Some(at(MADRID, "2026-03-30T02:00")));
    // 2026-10-25: 02:00 to 03:00 comes twice, and the number is open for two hours.
    let first = at(MADRID, "2026-10-25T02:00");
    assert_eq!(hours.closes_at(first), Some(first.plus(Duration::from_secs(7_200))));
    // Half of the hour: open, closed, open, closed.
    let half = Hours::new(MADRID, every_day(&[range("02:00", "02:30")]), Vec::new()).expect("hours");
    assert_eq!(half.closes_at(first), Some(first.plus(Duration::from_secs(1_800))));
    assert_eq!(
        half.next_open(first.plus(Duration::from_secs(1_800))),
        Some(first.plus(Duration::from_secs(3_600)))
    );
}

#[test]
fn a_day_that_never_was_is_not_open() {
    // Samoa went from Thursday, 29 December 2011 to Saturday, 31 December.
    let mut fridays: [Vec<Range>; 7] = Default::default();
    fridays[4] = vec![range("09:00", "17:00")];
    let hours = Hours::new("Pacific/Apia", fridays, Vec::new()).expect("hours");
    let thursday = at("Pacific/Apia", "2011-12-29T12:00");
    assert_eq!(hours.next_open(thursday), Some(at("Pacific/Apia", "2012-01-06T09:00")));
}

#[test]
fn what_is_wrong_is_refused_by_the_name_of_its_field() {
    let week = |ranges: &[Range]| {
        let mut week: [Vec<Range>; 7] = Default::default();
        week[1] = ranges.to_vec();
        week
    };
    let refused = |zone: &str, week: [Vec<Range>; 7], holidays: Vec<Holiday>| {
        let now = at(MADRID, "2026-11-20T12:00");
        let refusal = Hours::set(now, zone, week, holidays).expect_err("refused");
        (refusal.field, refusal.why)
    };
    let none: [Vec<Range>; 7] = Default::default();
    let check = |refusal: (String, HoursRefusalWhy), field: &str, why: HoursRefusalWhy| {
        assert_eq!(refusal, (field.to_owned(), why));
    };
    check(refused("Europe/Atlantis", none.clone(), vec![]), "zone", HoursRefusalWhy::UnknownZone);
    check(refused("", none.clone(), vec![]), "zone", HoursRefusalWhy::UnknownZone);
    let night = week(&[range("09:00", "12:00"), range("22:00", "02:00")]);
    check(refused(MADRID, night, vec![]), "weekly.tue[1]", HoursRefusalWhy::Inverted);
    check(refused(MADRID, week(&[range("09:00", "09:00")]), vec![]), "weekly.tue[0]", HoursRefusalWhy::Empty);
    let over = week(&[range("09:00", "12:00"), range("14:00", "18:00"), range("11:59", "13:00")]);
    check(refused(MADRID, over, vec![]), "weekly.tue[2]", HoursRefusalWhy::Overlap);
    let odd = Range { from_min: 10, to_min: 1_441 };
    check(refused(MADRID, week(&[odd]), vec![]), "weekly.tue[0]", HoursRefusalWhy::NotATime);
    let many = vec![range("09:00", "10:00"); MOST_RANGES + 1];
    check(refused(MADRID, week(&many), vec![]), "weekly.tue", HoursRefusalWhy::TooMany);
    let days = |days: &[&str]| days.iter().map(|day| holiday(day, &[])).collect::<Vec<_>>();
    let past = days(&["2026-12-25", "2026-11-19"]);
    check(refused(MADRID, none.clone(), past), "holidays[1].date", HoursRefusalWhy::Past);
    let twice = days(&["2026-12-25", "2026-11-20", "2026-12-25"]);
    check(refused(MADRID, none.clone(), twice), "holidays[2].date", HoursRefusalWhy::Twice);
    let inverted = vec![holiday("2026-12-25", &[range("12:00", "09:00")])];
    check(refused(MADRID, none.clone(), inverted), "holidays[0].ranges[0]", HoursRefusalWhy::Inverted);
    let mut long = holiday("2026-12-25", &[]);
    long.name = "x".repeat(101);
    check(refused(MADRID, none, vec![long]), "holidays[0].name", HoursRefusalWhy::TooLong);
}

#[test]
fn today_is_no_past_holiday_and_what_was_kept_reads_back_although_it_is() {
    let now = at(MADRID, "2026-11-20T23:59");
    assert!(Hours::set(now, MADRID, office(), vec![holiday("2026-11-20", &[])]).is_ok());
    assert!(Hours::new(MADRID, office(), vec![holiday("2020-11-20", &[])]).is_ok());
}

#[test]
fn times_and_dates_are_read_strictly() {
    for (text, minute) in [("00:00", 0), ("09:05", 545), ("23:59", 1_439), ("24:00", 1_440)] {
        assert_eq!(ranges::minute_of_day(text), Some(minute));
        assert_eq!(ranges::clock(minute), text);
    }
    for text in ["24:01", "9:00", "09:60", "0900", "-1:00", "09:00:00", "", "aa:bb", "٠٩:٠٠"] {
        assert_eq!(ranges::minute_of_day(text), None, "{text}");
    }
    for text in ["2026-02-30", "2026-2-3", "26-12-25", "2026-12-25T00:00", "", "2026/12/25", "20261225"] {
        assert!(ranges::read_date("here", text).is_err(), "{text}");
    }
}

#[test]
fn a_zone_is_known_by_its_name_in_any_case() {
    assert_eq!(Zone::new("europe/madrid").expect("a zone").name(), MADRID);
    assert_eq!(Zone::new(" UTC ").expect("a zone").name(), "UTC");
    for unknown in ["CEST+1", "GMT+25", "Europe", "../etc/passwd", "America/New York"] {
        assert!(Zone::new(unknown).is_err(), "{unknown}");
    }
}
