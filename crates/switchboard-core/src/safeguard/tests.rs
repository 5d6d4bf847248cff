//! Safeguards by their stories.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::hours::Zone;
use crate::ids::{CallId, UserId};
use crate::time::Timestamp;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn at(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

fn missed(call: u128, seconds: u64) -> SuspensionInput {
    SuspensionInput::Missed(MissedCall { at: at(seconds), call: CallId::from_uuid(Uuid::from_u128(call)) })
}

const RULES: SafeguardRules = SafeguardRules::STANDARD;

#[test]
fn five_dials_in_a_minute_and_the_sixth_waits_for_the_first_to_be_a_minute_old() {
    let dials: Vec<_> = (0..5).map(|dial| at(dial * 10)).collect();
    assert!(RateLimit::of(at(40), &dials[..4], &RULES).allowed());
    let full = RateLimit::of(at(40), &dials, &RULES);
    assert_eq!((full.minute.used, full.minute.until), (5, Some(at(60))));
    assert!(!full.allowed() && !full.hour.is_full());
    assert!(!RateLimit::of(Timestamp::from_micros(at(60).micros() - 1), &dials, &RULES).allowed());
    assert!(RateLimit::of(at(60), &dials, &RULES).allowed());
}

#[test]
fn sixty_dials_in_an_hour_are_enough_however_they_are_spread() {
    let dials: Vec<_> = (0..60).map(|dial| at(dial * 59)).collect();
    let full = RateLimit::of(at(3_541), &dials, &RULES);
    assert_eq!((full.hour.used, full.hour.until), (60, Some(at(3_600))));
    assert!(!full.minute.is_full());
}

#[test]
fn a_limit_of_nothing_allows_nothing_and_names_no_moment() {
    let closed = SafeguardRules { per_minute: 0, ..RULES };
    let limit = RateLimit::of(NOW, &[], &closed);
    assert!(!limit.allowed());
    assert_eq!(limit.minute.until, None);
}

#[test]
fn five_missed_calls_in_half_an_hour_suspend_for_a_quarter_and_it_ends_by_itself() {
    let mut suspension = Suspension::default();
    for call in 0..4 {
        assert_eq!(suspension.handle(at(call), &RULES, missed(call.into(), call)), []);
        assert_eq!(suspension.handle(at(call), &RULES, missed(call.into(), call)), [], "twice is once");
    }
    let until = at(904);
    let suspended = SuspensionEvent::Suspended { until, missed: 5 };
    assert_eq!(suspension.handle(at(4), &RULES, missed(4, 4)), [suspended]);
    assert_eq!(suspension.suspended_until(at(903)), Some(until));
    assert_eq!(
        suspension.handle(at(10), &RULES, missed(9, 10)),
        [],
        "what comes to the fallback does not count"
    );
    assert_eq!(suspension.poll_timeout(), Some(until));
    assert_eq!(suspension.suspended_until(until), None);
    assert_eq!(suspension.handle(until, &RULES, SuspensionInput::TimePassed), [SuspensionEvent::Resumed]);
    assert_eq!(suspension.handle(until, &RULES, SuspensionInput::TimePassed), []);
    // What was missed before does not suspend again.
    assert_eq!(suspension.handle(at(905), &RULES, missed(4, 4)), []);
    assert_eq!(suspension.handle(at(905), &RULES, missed(10, 905)), []);
    assert_eq!(suspension.facts().missed.len(), 1);
}

#[test]
fn missed_calls_further_apart_suspend_nothing() {
    let mut suspension = Suspension::default();
    for call in 0..20 {
        let seconds = call * 450;
        assert_eq!(suspension.handle(at(seconds), &RULES, missed(call.into(), seconds)), []);
    }
    let off = SafeguardRules { missed: 0, ..RULES };
    let mut never = Suspension::default();
    for call in 0..20 {
        assert_eq!(never.handle(NOW, &off, missed(call, 0)), []);
    }
}

#[test]
fn an_admin_lifts_it_and_the_count_begins_anew() {
    let by = UserId::from_uuid(Uuid::from_u128(7));
    let mut suspension = Suspension::default();
    assert_eq!(suspension.handle(NOW, &RULES, SuspensionInput::Lift { by }), [], "nothing to lift");
    for call in 0..5 {
        suspension.handle(at(1), &RULES, missed(call, 1));
    }
    assert_eq!(
        suspension.handle(at(2), &RULES, SuspensionInput::Lift { by }),
        [SuspensionEvent::Lifted { by }]
    );
    assert_eq!(suspension.suspended_until(at(2)), None);
    assert_eq!(suspension.poll_timeout(), None);
    for call in 10..14 {
        assert_eq!(suspension.handle(at(3), &RULES, missed(call, 3)), []);
    }
    let kept = Suspension::restore(suspension.facts().clone());
    assert_eq!(kept, suspension);
    assert_eq!(suspension.handle(at(3), &RULES, missed(14, 3)).len(), 1);
}

#[test]
fn restrictions_are_known_by_both_years_names_and_the_unknown_by_what_they_speak_of() {
    let of = RestrictionKind::of;
    assert_eq!(of("RESTRICTED_BUSINESS_INITIATED_CALLING"), RestrictionKind::BusinessInitiatedCalling);
    assert_eq!(of("RESTRICTED_BIZ_INITIATED_AND_USER_INITIATED_CALLING"), RestrictionKind::AllCalling);
    assert_eq!(of("RESTRICTED_BIZ_INITIATED_MESSAGING"), RestrictionKind::BusinessInitiatedMessaging);
    assert_eq!(of("RESTRICTED_NEW_CALLING_RULE"), RestrictionKind::OtherCalling);
    assert_eq!(of("RESTRICTED_SOMETHING"), RestrictionKind::Other);
    assert!(of("RESTRICTED_NEW_CALLING_RULE").blocks_our_calls(), "in doubt no calls");
    assert!(!of("RESTRICTED_USER_INITIATED_CALLING").blocks_our_calls());
    assert!(of("RESTRICTED_USER_INITIATED_CALLING").blocks_customers_calls());
    assert!(of("RESTRICTED_BUSINESS_INITIATED_CALLING").blocks_requests());
}

#[test]
fn a_restriction_ends_when_meta_says_or_after_its_week_and_a_hidden_button_when_it_is_shown() {
    let restriction = |kind, until| Restriction { kind, since: NOW, until };
    let dated = restriction(RestrictionKind::AllCalling, Some(at(5)));
    assert!(dated.holds(at(4)) && !dated.holds(at(5)));
    let week = restriction(RestrictionKind::BusinessInitiatedCalling, None);
    assert!(week.holds(at(604_799)) && !week.holds(at(604_800)));
    assert!(restriction(RestrictionKind::CallButtonHidden, None).holds(at(99_999_999)));
}

#[test]
fn a_share_of_calls_is_watched_when_there_are_enough_of_them() {
    let state = |answered, total| Pickup { answered, total }.state(&PickupRules::default());
    assert_eq!(state(0, 19), PickupState::Good, "too few to tell");
    assert_eq!(state(14, 20), PickupState::Good);
    assert_eq!(state(139, 200), PickupState::Watch);
    assert_eq!(state(10, 20), PickupState::Watch);
    assert_eq!(state(9, 20), PickupState::Low);
    assert_eq!(Pickup::default().percent(), None);
    assert_eq!(Pickup { answered: u32::MAX, total: u32::MAX }.percent(), Some(100));
}

#[test]
fn a_month_begins_and_ends_where_the_business_is() {
    let zone = Zone::new("America/Sao_Paulo").expect("a zone");
    // 2026-12-01 02:59:59 UTC is still November in São Paulo.
    let november = Month::of(Timestamp::from_seconds(1_796_093_999), &zone);
    let december = Month::of(Timestamp::from_seconds(1_796_094_000), &zone);
    assert_eq!(november.to, december.from);
    assert_eq!(december.from, Timestamp::from_seconds(1_796_094_000));
    let used = |used, max| MonthlyMinutes { used, max }.is_used_up();
    assert!(used(10, Some(10)) && !used(9, Some(10)) && !used(u32::MAX, None));
}

proptest! {
    /// Whoever dials only when allowed never has more in any window than the limit, and waits no longer than needed.
    #[test]
    fn no_window_ever_holds_more_than_its_limit(waits in proptest::collection::vec(0_u64..40_000_000, 1..150)) {
        let mut now = NOW;
        let mut dials: Vec<Timestamp> = Vec::new();
        for wait in waits {
            now = now.plus(Duration::from_micros(wait));
            let limit = RateLimit::of(now, &dials, &RULES);
            if limit.allowed() {
                dials.push(now);
            } else if let Some(until) = limit.minute.until.max(limit.hour.until) {
                prop_assert!(now < until);
                prop_assert!(RateLimit::of(until, &dials, &RULES).allowed());
                prop_assert!(!RateLimit::of(Timestamp::from_micros(until.micros() - 1), &dials, &RULES).allowed());
            }
        }
        for (span, most) in [(60, 5), (3_600, 60)] {
            for dial in &dials {
                let end = dial.plus(Duration::from_secs(span));
                prop_assert!(dials.iter().filter(|other| *dial <= **other && **other < end).count() <= most);
            }
        }
    }
}
