//! Our hours at Meta, Meta's hours with us, and where they differ.

use super::*;

fn week_of(hours: &MetaHours, day: u8) -> Vec<(String, String)> {
    let entries = hours.weekly.iter().filter(|entry| entry.day == day);
    entries.map(|entry| (entry.range.open_time(), entry.range.close_time())).collect()
}

fn today() -> Date {
    date("2026-11-20")
}

fn hours(week: [Vec<Range>; 7], holidays: Vec<Holiday>) -> Hours {
    Hours::new(MADRID, week, holidays).expect("hours")
}

fn at_meta(hours: &Hours) -> MetaHours {
    hours.for_meta(today(), ClosedHolidays::OneMinute).expect("Meta can hold them")
}

fn cannot(hours: &Hours) -> (String, MetaCannotHoldWhy) {
    let refusal = hours.for_meta(today(), ClosedHolidays::Refuse).expect_err("Meta cannot hold them");
    (refusal.field, refusal.why)
}

#[test]
fn an_office_is_held_as_it_is() {
    let theirs = at_meta(&hours(office(), vec![holiday("2026-12-24", &[range("09:00", "12:00")])]));
    assert!(theirs.enabled);
    assert_eq!(theirs.zone, MADRID);
    let texts = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    assert_eq!(week_of(&theirs, 0), [texts("0900", "1300"), texts("1400", "1800")]);
    assert_eq!(week_of(&theirs, 6), []);
    assert_eq!(theirs.holidays.len(), 1);
}

#[test]
fn what_meta_cannot_hold_is_refused_by_the_name_of_its_field() {
    let three = [range("08:00", "10:00"), range("11:00", "12:00"), range("13:00", "14:00")];
    let mut week = office();
    week[2] = three.to_vec();
    assert_eq!(cannot(&hours(week, vec![])), ("weekly.wed".into(), MetaCannotHoldWhy::ThreeRanges));
    assert_eq!(cannot(&hours(Default::default(), vec![])), ("weekly".into(), MetaCannotHoldWhy::EmptyWeek));
    assert_eq!(
        cannot(&hours(office(), vec![holiday("2026-12-25", &[])])),
        ("holidays.2026-12-25".into(), MetaCannotHoldWhy::ClosedHoliday)
    );
    let mut week = office();
    week[0] = vec![range("23:59", "24:00")];
    assert_eq!(cannot(&hours(week, vec![])), ("weekly.mon".into(), MetaCannotHoldWhy::LastMinute));
    let days = |count: u8| {
        let dates = (1..=count).map(|day| format!("2027-01-{day:02}"));
        dates.map(|day| holiday(&day, &[range("10:00", "11:00")])).collect::<Vec<_>>()
    };
    assert_eq!(cannot(&hours(office(), days(21))), ("holidays".into(), MetaCannotHoldWhy::TooManyHolidays));
    assert_eq!(at_meta(&hours(office(), days(20))).holidays.len(), 20);
}

#[test]
fn three_ranges_that_touch_are_one_to_meta() {
    let touching = [range("08:00", "10:00"), range("10:00", "12:00"), range("12:00", "14:00")];
    let theirs = at_meta(&hours(every_day(&touching), vec![]));
    assert_eq!(week_of(&theirs, 0), [("0800".to_owned(), "1400".to_owned())]);
}

#[test]
fn midnight_is_the_last_minute_of_the_day_to_meta_and_no_drift() {
    let ours = hours(every_day(&[range("00:00", "02:00"), range("20:00", "24:00")]), vec![]);
    let theirs = at_meta(&ours);
    assert_eq!(week_of(&theirs, 3)[1], ("2000".to_owned(), "2359".to_owned()));
    assert_eq!(Hours::from_meta(&theirs).expect("hours"), ours);
    assert_eq!(drift(&at_meta(&ours), &theirs, today()), []);
}

#[test]
fn day_and_night_is_no_hours_at_all_to_meta() {
    let always = hours(every_day(&[Range::WHOLE_DAY]), vec![]);
    let theirs = at_meta(&always);
    assert!(!theirs.enabled);
    assert_eq!(Hours::from_meta(&theirs).expect("hours"), always);
}

#[test]
fn a_closed_holiday_may_be_one_minute_and_is_read_back_closed() {
    let ours = hours(office(), vec![Holiday { name: String::new(), ..holiday("2026-12-25", &[]) }]);
    let theirs = at_meta(&ours);
    assert_eq!(theirs.holidays[0].range.close_time(), "0001");
    assert_eq!(Hours::from_meta(&theirs).expect("hours"), ours);
}

#[test]
fn holidays_that_are_over_are_not_sent_and_are_no_drift() {
    let ours = hours(office(), vec![holiday("2026-11-19", &[range("09:00", "10:00")])]);
    assert_eq!(at_meta(&ours).holidays, []);
    let mut theirs = at_meta(&hours(office(), vec![]));
    let range = MetaRange { open_min: 540, close_min: 600 };
    theirs.holidays.push(MetaHoliday { date: date("2026-11-19"), range });
    assert_eq!(drift(&at_meta(&ours), &theirs, today()), []);
}

#[test]
fn every_difference_is_shown_in_its_field() {
    let ours = at_meta(&hours(office(), vec![holiday("2026-12-24", &[range("09:00", "12:00")])]));
    let mut theirs = ours.clone();
    theirs.zone = "Europe/Lisbon".into();
    theirs.weekly.reverse();
    assert_eq!(drift(&ours, &theirs, today()).len(), 1, "the order does not matter");
    theirs.weekly.retain(|entry| entry.day != 0);
    theirs.holidays[0].date = date("2026-12-31");
    let shown: Vec<_> = drift(&ours, &theirs, today())
        .into_iter()
        .map(|difference| (difference.field, difference.ours, difference.theirs))
        .collect();
    let expected = [
        ("zone", "Europe/Madrid", "Europe/Lisbon"),
        ("weekly.mon", "09:00-13:00, 14:00-18:00", ""),
        ("holidays.2026-12-24", "09:00-12:00", ""),
        ("holidays.2026-12-31", "", "09:00-12:00"),
    ];
    assert_eq!(
        shown,
        expected.map(|(field, ours, theirs)| (field.to_owned(), ours.to_owned(), theirs.to_owned()))
    );
    theirs.enabled = false;
    let off = drift(&ours, &theirs, today());
    assert_eq!(off.len(), 1, "without hours nothing else is in force");
    assert_eq!((off[0].ours.as_str(), off[0].theirs.as_str()), ("on", "off"));
}

#[test]
fn metas_times_are_read_in_all_three_spellings() {
    for (text, minute) in
        [("0900", 540), ("09:00", 540), ("900", 540), ("0", 0), ("2359", 1_439), ("2400", 1_439)]
    {
        assert_eq!(meta::read_hhmm(text), Some(minute), "{text}");
    }
    for text in ["", "2401", "0960", "09000", "nine", "-900"] {
        assert_eq!(meta::read_hhmm(text), None, "{text}");
    }
    assert_eq!(meta::hhmm(545), "0905");
}

#[test]
fn hours_taken_over_from_meta_are_metas_with_our_names_and_without_days_that_are_over() {
    let now = at(MADRID, "2026-11-20T12:00");
    let christmas = Holiday { name: "Christmas".to_owned(), ..holiday("2026-12-25", &[]) };
    let ours = hours(office(), vec![christmas.clone(), holiday("2026-12-31", &[range("09:00", "12:00")])]);
    let mut theirs = at_meta(&hours(every_day(&[range("10:00", "24:00")]), vec![christmas.clone()]));
    let range = MetaRange { open_min: 540, close_min: 600 };
    theirs.holidays.push(MetaHoliday { date: date("2026-11-19"), range });
    let taken = Hours::taken_over(&theirs, Some(&ours), now).expect("hours");
    assert_eq!(taken, hours(every_day(&[super::range("10:00", "24:00")]), vec![christmas]));
    let said = changes(Some(&ours), &taken, today());
    let said: Vec<_> = said.iter().map(|one| (&*one.field, &*one.ours, &*one.theirs)).collect();
    assert_eq!(said[0], ("weekly.mon", "09:00-13:00, 14:00-18:00", "10:00-24:00"));
    assert_eq!(said[6], ("weekly.sun", "closed", "10:00-24:00"));
    assert_eq!(said[7], ("holidays.2026-12-31", "09:00-12:00", ""));
    assert_eq!(said.len(), 8);
    assert_eq!(changes(Some(&taken), &taken, today()), []);
    assert_eq!(
        changes(None, &taken, today())[0],
        Difference { field: "zone".into(), ours: String::new(), theirs: MADRID.into() }
    );
}

#[test]
fn what_ours_cannot_keep_is_not_taken_over() {
    let now = at(MADRID, "2026-11-20T12:00");
    let mut theirs = at_meta(&hours(office(), vec![]));
    theirs.zone = "Mars/Olympus".into();
    let refusal = Hours::taken_over(&theirs, None, now).expect_err("no zone of ours");
    assert_eq!((&*refusal.field, refusal.why), ("zone", HoursRefusalWhy::UnknownZone));
    let mut theirs = at_meta(&hours(office(), vec![]));
    let over_midnight = MetaRange { open_min: 1_200, close_min: 120 };
    theirs.weekly.push(MetaDay { day: 6, range: over_midnight });
    let refusal = Hours::taken_over(&theirs, None, now).expect_err("over midnight");
    assert_eq!((&*refusal.field, refusal.why), ("weekly.sun[0]", HoursRefusalWhy::Inverted));
}
