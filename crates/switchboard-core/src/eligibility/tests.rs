//! Verdicts: every reason by its story, and what always holds.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::consent::{ConsentKind, Standing};
use crate::language::Language;
use crate::permission::{CallObstacle, CallVerdict, CallWarning, PermissionSource};
use crate::safeguard::{
    MonthlyMinutes, Quality, RateLimit, RateWindow, Restriction, RestrictionKind, SafeguardRules,
};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn soon() -> Timestamp {
    NOW.plus(Duration::from_secs(600))
}

/// A number, a customer and an agent with nothing in the way.
fn clear() -> Facts {
    Facts {
        number: NumberFacts {
            calling_enabled: true,
            business_calls_enabled: true,
            country: Some("BR".into()),
            countries_not_offered: country::NOT_OFFERED.map(str::to_owned).to_vec(),
            restrictions: Vec::new(),
            quality: Quality::Green,
            suspended_until: None,
            rate: RateLimit::of(NOW, &[], &SafeguardRules::default()),
            months: vec![(MonthlyMinutes { used: 10, max: Some(11) }, soon())],
            hours: HoursFacts { outbound_blocked: true, open: true, opens_at: None },
        },
        customer: CustomerFacts {
            permission: CallVerdict::default(),
            granted: Some((PermissionSource::Request, Some(NOW.minus(Duration::from_secs(60))))),
            consent: Standing::default(),
            has_conversation: true,
            window_until: Some(soon()),
            automation: AutomationState::None,
            call_in_progress: false,
            uncallable: false,
        },
        consent_policy: ConsentPolicy::PermissionCounts,
        agent_available: true,
    }
}

/// What puts each reason in the way of a call that is clear.
fn put(code: ReasonCode, facts: &mut Facts) {
    let full = RateWindow { used: 5, max: 5, until: Some(soon()) };
    let (number, customer) = (&mut facts.number, &mut facts.customer);
    let mut obstacle = |obstacle| customer.permission.obstacles.push(obstacle);
    match code {
        ReasonCode::CallingDisabled => number.calling_enabled = false,
        ReasonCode::BusinessCallsDisabled => number.business_calls_enabled = false,
        ReasonCode::CountryNotOffered => number.country = Some("US".into()),
        ReasonCode::RestrictedByMeta => number.restrictions.push(Restriction {
            kind: RestrictionKind::AllCalling,
            since: NOW,
            until: Some(soon()),
        }),
        ReasonCode::QualityRed => number.quality = Quality::Red,
        ReasonCode::OptedOut => customer.consent.opted_out = Some((ConsentKind::DoNotCall, NOW)),
        ReasonCode::PermissionMissing => obstacle(CallObstacle::Missing),
        ReasonCode::PermissionRequested => obstacle(CallObstacle::Requested),
        ReasonCode::PermissionDenied => obstacle(CallObstacle::Denied),
        ReasonCode::PermissionRevoked => obstacle(CallObstacle::Revoked),
        ReasonCode::PermissionExpired => obstacle(CallObstacle::Expired { at: None }),
        ReasonCode::PermissionCallWithinPassed => obstacle(CallObstacle::CallWithinPassed { at: NOW }),
        ReasonCode::ConnectedLimit => {
            obstacle(CallObstacle::ConnectedLimit { used: 100, max: 100, next_at: Some(soon()) });
        }
        ReasonCode::CallInProgress => customer.call_in_progress = true,
        ReasonCode::UnansweredStreak => obstacle(CallObstacle::UnansweredStreak { in_row: 3, limit: 4 }),
        ReasonCode::Suspended => number.suspended_until = Some(soon()),
        ReasonCode::RateLimitMinute => number.rate.minute = full,
        ReasonCode::RateLimitHour => number.rate.hour = full,
        ReasonCode::AutomationBlocked => customer.automation = AutomationState::Blocked,
        ReasonCode::AutomationActive => customer.automation = AutomationState::Flow,
        ReasonCode::DeclinedBefore => customer.consent.declined_at = Some(NOW),
        ReasonCode::NoConversation => {
            facts.consent_policy = ConsentPolicy::Required;
            customer.has_conversation = false;
        }
        ReasonCode::OutsideWindowWithoutConsent => {
            facts.consent_policy = ConsentPolicy::Required;
            customer.window_until = Some(NOW);
        }
        ReasonCode::NoCallRequest => facts.consent_policy = ConsentPolicy::Required,
        ReasonCode::ConsentExpired => {
            facts.consent_policy = ConsentPolicy::Required;
            customer.consent.ended = Some((ConsentKind::OfferAccepted, NOW));
        }
        ReasonCode::ConsentNotAffirmative => {
            facts.consent_policy = ConsentPolicy::Required;
            customer.consent.unclear_at = Some(NOW);
        }
        ReasonCode::MonthlyLimit => {
            number.months.push((MonthlyMinutes { used: 11, max: Some(11) }, soon()));
        }
        ReasonCode::NoAgentAvailable => facts.agent_available = false,
        ReasonCode::OutsideHours => {
            number.hours = HoursFacts { outbound_blocked: true, open: false, opens_at: Some(soon()) };
        }
        ReasonCode::CustomerUncallable => customer.uncallable = true,
        ReasonCode::QualityYellow => number.quality = Quality::Yellow,
        ReasonCode::UnansweredBeforeLimit => {
            let warning = CallWarning::UnansweredBeforeLimit { in_row: 1, limit: 4 };
            customer.permission.warnings.push(warning);
        }
        ReasonCode::PermissionExpiresSoon => {
            customer.permission.warnings.push(CallWarning::ExpiresSoon { at: soon() });
        }
    }
}

const fn is_warning(code: ReasonCode) -> bool {
    matches!(
        code,
        ReasonCode::QualityYellow | ReasonCode::UnansweredBeforeLimit | ReasonCode::PermissionExpiresSoon
    )
}

fn codes(reasons: &[Reason]) -> Vec<ReasonCode> {
    reasons.iter().map(|reason| reason.code).collect()
}

#[test]
fn with_nothing_in_the_way_the_call_is_made() {
    let verdict = verdict(NOW, &clear());
    assert!(verdict.allowed);
    assert_eq!((verdict.reasons, verdict.warnings), (Vec::new(), Vec::new()));
}

#[test]
fn every_reason_comes_out_of_its_facts() {
    for code in ReasonCode::ALL.iter().copied() {
        let mut facts = clear();
        put(code, &mut facts);
        let verdict = verdict(NOW, &facts);
        assert_eq!(verdict.allowed, is_warning(code), "{code:?}");
        let told = if is_warning(code) { &verdict.warnings } else { &verdict.reasons };
        assert!(codes(told).contains(&code), "{code:?}: {told:?}");
    }
}

#[test]
fn urgent_passes_hours_a_confirmation_passes_the_row_and_nothing_passes_the_rest() {
    for code in ReasonCode::ALL.iter().copied().filter(|code| !is_warning(*code)) {
        let mut facts = clear();
        put(code, &mut facts);
        for (hours, confirm) in [(false, false), (true, false), (false, true), (true, true)] {
            let passed = verdict(NOW, &facts).passing(Overrides { hours, confirm });
            let expected = (hours && code == ReasonCode::OutsideHours)
                || (confirm && code == ReasonCode::UnansweredStreak);
            assert_eq!(passed.allowed, expected, "{code:?}");
            if expected {
                assert_eq!(codes(&passed.warnings), [code], "what was passed is still told");
            }
        }
    }
}

#[test]
fn a_no_is_older_than_the_permission_that_came_after_it() {
    let mut facts = clear();
    facts.customer.consent.declined_at = Some(NOW.minus(Duration::from_secs(3_600)));
    assert!(verdict(NOW, &facts).allowed);
    facts.consent_policy = ConsentPolicy::Required;
    assert_eq!(codes(&verdict(NOW, &facts).reasons), [ReasonCode::NoCallRequest]);
}

#[test]
fn an_opt_in_covers_who_never_wrote() {
    let mut facts = clear();
    facts.consent_policy = ConsentPolicy::Required;
    facts.customer.has_conversation = false;
    facts.customer.consent.consent = Some((ConsentKind::OptIn, soon()));
    assert!(verdict(NOW, &facts).allowed);
    facts.customer.consent.opted_out = Some((ConsentKind::OptOut, NOW));
    assert_eq!(codes(&verdict(NOW, &facts).reasons), [ReasonCode::OptedOut], "it always wins");
}

#[test]
fn a_restriction_is_obeyed_until_its_end_and_the_longest_is_told() {
    let mut facts = clear();
    let restriction = |kind, until| Restriction { kind, since: NOW, until };
    facts.number.restrictions = vec![
        restriction(RestrictionKind::BusinessInitiatedCalling, Some(soon())),
        restriction(RestrictionKind::AllCalling, Some(NOW)),
        restriction(RestrictionKind::UserInitiatedCalling, None),
    ];
    assert_eq!(verdict(NOW, &facts).reasons[0].until, Some(soon()));
    assert!(verdict(soon(), &facts).allowed);
    facts
        .customer
        .permission
        .obstacles
        .push(CallObstacle::MetaSays { until: soon().plus(Duration::from_secs(1)) });
    let reasons = verdict(NOW, &facts).reasons;
    assert_eq!(codes(&reasons), [ReasonCode::RestrictedByMeta], "told once");
    assert_eq!(reasons[0].until, Some(soon().plus(Duration::from_secs(1))));
}

#[test]
fn every_sentence_is_there_in_three_languages_with_its_numbers_and_its_moment() {
    for code in ReasonCode::ALL.iter().copied() {
        let reason = Reason::new(code, Remedy::Wait).counted(3, 4);
        let mut seen = Vec::new();
        for language in Language::ALL.iter().copied() {
            let plain = words::sentence(language, &reason, None);
            assert!(plain.ends_with('.') && !plain.contains('{') && !plain.contains("  "), "{plain}");
            let dated = words::sentence(language, &reason, Some("18:30"));
            assert!(dated.starts_with(&plain) && dated.contains("18:30"), "{dated}");
            seen.push(plain);
        }
        seen.dedup();
        assert_eq!(seen.len(), 3, "{code:?} is the same in two languages");
    }
    for remedy in Remedy::ALL.iter().copied() {
        for language in Language::ALL.iter().copied() {
            assert_eq!(words::remedy(language, remedy).is_empty(), remedy == Remedy::None);
        }
    }
}

#[test]
fn the_sentences_of_calls_nobody_took_name_the_limit_and_meta_only_where_it_is_metas() {
    let said = |code, count, limit| {
        let reason = Reason::new(code, Remedy::Confirm).counted(count, limit);
        words::sentence(Language::English, &reason, None)
    };
    let streak = |count, limit| said(ReasonCode::UnansweredStreak, count, limit);
    let took = "Calls in a row the customer did not take:";
    assert_eq!(streak(1, 2), format!("{took} 1; the limit of this number is 2."), "a limit of the business");
    for (count, limit) in [(3, 4), (9, 10)] {
        let metas = format!(
            "{took} {count}; the limit of this number is {limit}. At {limit} Meta takes the permission away."
        );
        assert_eq!(streak(count, limit), metas);
    }

    let before = |count, limit| said(ReasonCode::UnansweredBeforeLimit, count, limit);
    assert!(!before(0, 4).contains("WhatsApp"), "warned of earlier than Meta speaks: {}", before(0, 4));
    for (count, limit) in [(1, 4), (1, 3), (4, 10)] {
        assert!(before(count, limit).contains("WhatsApp tells him"), "{}", before(count, limit));
    }
    for (count, limit) in [(2, 4), (2, 6), (5, 10)] {
        assert!(before(count, limit).contains("WhatsApp has told him"), "{}", before(count, limit));
    }
    assert!(before(2, 4).ends_with("At 4 Meta takes the permission away."), "{}", before(2, 4));
    assert!(!before(2, 6).contains("Meta"), "{}", before(2, 6));
}

#[test]
fn countries_are_judged_by_the_business_number_in_any_case() {
    assert!(!country::is_offered(Some("us"), &country::NOT_OFFERED));
    assert!(!country::is_offered(Some("NG"), &[" ng "]));
    assert!(country::is_offered(Some("TR"), &country::NOT_OFFERED));
    assert!(country::is_offered(None, &country::NOT_OFFERED), "Meta knows it, and says so");
    assert_eq!(country::of(&"14165550100".parse().expect("a number")).as_deref(), Some("CA"));
}

proptest! {
    /// Whatever is in the way already: one more never opens the way, every reason is told, and the weightiest first.
    #[test]
    fn one_more_block_never_allows_a_call(
        blocks in proptest::collection::btree_set(0..ReasonCode::ALL.len(), 0..8),
        one_more in 0..ReasonCode::ALL.len(),
    ) {
        let mut facts = clear();
        for block in &blocks {
            put(ReasonCode::ALL[*block], &mut facts);
        }
        let before = verdict(NOW, &facts);
        put(ReasonCode::ALL[one_more], &mut facts);
        // A rating is one of three: a warning must not take the place of the block in this test.
        if blocks.contains(&(ReasonCode::QualityRed as usize)) {
            facts.number.quality = Quality::Red;
        }
        if blocks.contains(&(ReasonCode::AutomationBlocked as usize)) {
            facts.customer.automation = AutomationState::Blocked;
        }
        let after = verdict(NOW, &facts);
        prop_assert!(before.allowed || !after.allowed);
        prop_assert!(after.reasons.len() >= before.reasons.len());
        prop_assert_eq!(after.allowed, after.reasons.is_empty());
        prop_assert!(after.reasons.is_sorted_by_key(|reason| reason.code));
        prop_assert!(codes(&after.reasons).windows(2).all(|pair| pair[0] != pair[1]));
        for overrides in [Overrides::default(), Overrides { hours: true, confirm: true }] {
            let passed = after.clone().passing(overrides);
            let stays = after.reasons.iter().any(|reason| reason.code.overridable() == Override::Never);
            prop_assert!(!(passed.allowed && stays));
        }
    }
}

#[test]
fn a_number_that_is_off_abroad_or_restricted_asks_nobody_for_permission() {
    let mut number = clear().number;
    number.business_calls_enabled = false;
    number.quality = Quality::Red;
    assert_eq!(number.may_not_ask(NOW), None, "what only keeps it from calling");
    let restrict = |number: &mut NumberFacts, kind| {
        number.restrictions.push(Restriction { kind, since: NOW, until: Some(soon()) });
    };
    restrict(&mut number, RestrictionKind::UserInitiatedCalling);
    assert_eq!(number.may_not_ask(NOW), None);
    restrict(&mut number, RestrictionKind::BusinessInitiatedCalling);
    let reason = number.may_not_ask(NOW).expect("it is restricted");
    assert_eq!((reason.code, reason.until), (ReasonCode::RestrictedByMeta, Some(soon())));
    assert_eq!(number.may_not_ask(soon()), None, "it is over");
    number.country = Some("US".into());
    assert_eq!(number.may_not_ask(NOW).map(|reason| reason.code), Some(ReasonCode::CountryNotOffered));
    number.calling_enabled = false;
    assert_eq!(number.may_not_ask(NOW).map(|reason| reason.code), Some(ReasonCode::CallingDisabled));
}
