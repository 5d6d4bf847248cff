//! The wallet by its stories; `histories` throws whole lives of pairs at it.

mod histories;

use super::*;

const START: Timestamp = Timestamp::from_seconds(1_800_000_000);
const HOUR: Duration = Duration::from_secs(3_600);
const RULES: PermissionRules = PermissionRules::STANDARD;

fn at(hours: u32) -> Timestamp {
    START.plus(HOUR.saturating_mul(hours))
}

fn id(name: &str) -> ProviderMessageId {
    ProviderMessageId::new(name)
}

fn sent(hours: u32, name: &str) -> WalletInput {
    WalletInput::RequestSent { at: at(hours), message_id: id(name) }
}

fn reply(hours: u32, verdict: ReplyVerdict, automatic: bool, answers: Answers) -> WalletInput {
    WalletInput::Replied { at: at(hours), verdict, automatic, answers }
}

fn week_from(hours: u32) -> ReplyVerdict {
    ReplyVerdict::Granted { until: Some(at(hours + 168)) }
}

fn accepted(hours: u32, name: &str) -> WalletInput {
    reply(hours, week_from(hours), false, Answers::Request(id(name)))
}

fn declined(hours: u32, name: &str) -> WalletInput {
    reply(hours, ReplyVerdict::Refused, false, Answers::Request(id(name)))
}

fn revoked_by_meta(hours: u32) -> WalletInput {
    reply(hours, ReplyVerdict::Refused, true, Answers::Nothing)
}

fn looked_up(hours: u32, found: Found, limits: Vec<ReportedLimit>) -> WalletInput {
    WalletInput::LookedUp { at: at(hours), found, can_request: None, can_call: None, limits }
}

fn limit(period: Duration, max_allowed: u32, used: u32, resets_at: Option<Timestamp>) -> ReportedLimit {
    ReportedLimit { action: LimitedAction::RequestPermission, period, max_allowed, used, resets_at }
}

fn after(inputs: impl IntoIterator<Item = (u32, WalletInput)>) -> Wallet {
    let mut wallet = Wallet::default();
    for (hours, input) in inputs {
        wallet.handle(at(hours), input);
    }
    wallet
}

fn why(wallet: &Wallet, hours: u32) -> Option<(RequestRefusalWhy, Option<Timestamp>)> {
    wallet.may_request(at(hours), &RULES).err().map(|refusal| (refusal.why, refusal.next_at))
}

#[test]
fn a_request_is_accepted_and_the_permission_ends_by_its_own_timer() {
    let mut wallet = Wallet::default();
    assert_eq!(wallet.may_call(at(0), &RULES).obstacles, [CallObstacle::Missing]);
    assert_eq!(wallet.handle(at(0), sent(0, "a")), [WalletEvent::Requested]);
    assert_eq!(wallet.may_call(at(0), &RULES).obstacles, [CallObstacle::Requested]);
    assert_eq!(wallet.poll_timeout(), Some(at(168)));
    let granted = WalletEvent::Granted { source: PermissionSource::Request, until: Some(at(169)) };
    assert_eq!(wallet.handle(at(1), accepted(1, "a")), [granted]);
    assert!(wallet.may_call(at(1), &RULES).allowed());
    assert_eq!(wallet.poll_timeout(), Some(at(169)));
    let follow_meta = PermissionRules { call_within: None, ..RULES };
    assert!(wallet.may_call(at(168), &follow_meta).allowed());
    assert_eq!(
        wallet.may_call(at(169), &follow_meta).obstacles,
        [CallObstacle::Expired { at: Some(at(169)) }]
    );
    assert_eq!(wallet.handle(at(169), WalletInput::TimePassed), [WalletEvent::Expired]);
    assert_eq!(wallet.handle(at(170), WalletInput::TimePassed), []);
    assert_eq!(wallet.poll_timeout(), None);
}

#[test]
fn the_house_rule_ends_a_temporary_permission_early_and_a_permanent_one_not() {
    let wallet = after([(0, sent(0, "a")), (0, accepted(0, "a"))]);
    assert!(wallet.may_call(at(71), &RULES).allowed());
    assert_eq!(wallet.may_call(at(72), &RULES).obstacles, [CallObstacle::CallWithinPassed { at: at(72) }]);
    let long = PermissionRules { call_within: Some(HOUR.saturating_mul(500)), ..RULES };
    assert_eq!(wallet.call_until(&long), Some(at(168)), "never past Meta's end");
    let warning = CallWarning::ExpiresSoon { at: at(72) };
    assert_eq!(wallet.may_call(at(48), &RULES).warnings, [warning]);
    let forever = after([(0, reply(0, ReplyVerdict::GrantedForGood, false, Answers::Nothing))]);
    assert!(forever.may_call(at(9_999), &RULES).allowed());
    assert_eq!(why(&forever, 9_999), Some((RequestRefusalWhy::Permanent, None)));
}

#[test]
fn all_seven_replies_of_the_reference() {
    use PermissionSource::{Automatic, Callback, Profile, Request};
    use PermissionStatus::{Denied, Permanent, Revoked, Temporary};
    let request = || Answers::Request(id("a"));
    for (verdict, automatic, answers, status, source) in [
        (week_from(1), false, request(), Temporary, Request),
        (ReplyVerdict::GrantedForGood, false, request(), Permanent, Request),
        (ReplyVerdict::GrantedForGood, false, Answers::Nothing, Permanent, Profile),
        (ReplyVerdict::Refused, false, request(), Denied, Request),
        (week_from(1), true, Answers::Call, Temporary, Callback),
        (ReplyVerdict::Refused, true, Answers::Nothing, Revoked, Automatic),
        (ReplyVerdict::Refused, false, Answers::Nothing, Revoked, Profile),
    ] {
        let mut wallet = after([(0, sent(0, "a"))]);
        let input = reply(1, verdict, automatic, answers);
        let events = wallet.handle(at(1), input.clone());
        assert_eq!(events.len(), 1, "{events:?}");
        assert_eq!((wallet.facts().status, wallet.facts().source), (status, Some(source)));
        let once = wallet.clone();
        assert_eq!(wallet.handle(at(2), input), [], "a second time is harmless");
        assert_eq!(wallet, once);
    }
}

#[test]
fn replies_are_placed_by_metas_clock() {
    let grant = || accepted(1, "a");
    let no = || reply(2, ReplyVerdict::Refused, false, Answers::Nothing);
    let in_order = after([(0, sent(0, "a")), (1, grant()), (2, no())]);
    let mut late = after([(0, sent(0, "a")), (2, no())]);
    assert_eq!(late.handle(at(3), grant()), [WalletEvent::ReplyTooOld]);
    assert_eq!(late.facts().status, PermissionStatus::Revoked);
    assert_eq!(late.facts().status, in_order.facts().status);
    // Of the same second the stricter one stays, whichever came first.
    for order in [[accepted(1, "a"), declined(1, "a")], [declined(1, "a"), accepted(1, "a")]] {
        let wallet = after(order.map(|input| (1, input)));
        assert_eq!(wallet.facts().status, PermissionStatus::Denied);
    }
}

#[test]
fn who_declined_may_still_accept() {
    let wallet = after([(0, sent(0, "a")), (1, declined(1, "a")), (5, accepted(5, "a"))]);
    assert!(wallet.may_call(at(5), &RULES).allowed());
}

#[test]
fn a_reply_to_an_unknown_request_counts_and_its_request_may_come_later() {
    let mut wallet = Wallet::default();
    let events = wallet.handle(at(1), declined(1, "fast"));
    assert_eq!(events, [WalletEvent::ReplyUnknown, WalletEvent::Denied]);
    assert_eq!(why(&wallet, 1), None, "it does not count as asked");
    assert_eq!(wallet.handle(at(1), sent(1, "fast")), [WalletEvent::Requested]);
    assert_eq!(wallet.facts().status, PermissionStatus::Denied, "it has been answered");
    assert_eq!(why(&wallet, 2), Some((RequestRefusalWhy::LimitDay, Some(at(25)))));
    assert_eq!(wallet.handle(at(2), sent(1, "fast")), [], "a second time is harmless");
}

#[test]
fn a_callback_takes_nothing_from_a_permission_for_good() {
    let forever = reply(0, ReplyVerdict::GrantedForGood, false, Answers::Nothing);
    let callback = reply(1, week_from(1), true, Answers::Call);
    let wallet = after([(0, forever), (1, callback)]);
    assert_eq!(wallet.facts().status, PermissionStatus::Permanent);
}

#[test]
fn a_request_nobody_answers_ends_and_all_is_as_before() {
    let mut wallet = after([(0, declined(0, "old")), (30, sent(30, "a"))]);
    assert_eq!(wallet.facts().status, PermissionStatus::Requested);
    assert_eq!(wallet.handle(at(198), WalletInput::TimePassed), [WalletEvent::RequestExpired]);
    assert_eq!(wallet.facts().status, PermissionStatus::Denied);
    // One that could not be delivered, too; it counts as asked until Meta says otherwise.
    wallet.handle(at(200), sent(200, "b"));
    let failed = WalletInput::RequestFailed { message_id: id("b") };
    assert_eq!(wallet.handle(at(200), failed.clone()), [WalletEvent::RequestFailed]);
    assert_eq!(wallet.facts().status, PermissionStatus::Denied);
    assert_eq!(wallet.handle(at(201), failed), []);
    assert_eq!(why(&wallet, 201).map(|(why, _)| why), Some(RequestRefusalWhy::LimitDay));
    wallet.handle(
        at(202),
        looked_up(202, Found::NoPermission, vec![limit(DAY, 1, 0, None), limit(WEEK, 2, 0, None)]),
    );
    assert_eq!(why(&wallet, 202), None);
}

#[test]
fn one_request_in_a_day_two_in_a_week_and_a_connected_call_begins_anew() {
    let mut wallet = after([(0, sent(0, "a"))]);
    assert_eq!(why(&wallet, 1), Some((RequestRefusalWhy::LimitDay, Some(at(24)))));
    assert_eq!(why(&wallet, 24), None);
    wallet.handle(at(24), sent(24, "b"));
    assert_eq!(
        why(&wallet, 25),
        Some((RequestRefusalWhy::LimitWeek, Some(at(168)))),
        "the longer one is told"
    );
    assert_eq!(why(&wallet, 168), None);
    for business_initiated in [true, false] {
        let mut wallet = wallet.clone();
        let connected = WalletInput::CallConnected { at: at(26), business_initiated };
        assert_eq!(wallet.handle(at(26), connected.clone()), [WalletEvent::CountersReset]);
        assert_eq!(wallet.handle(at(26), connected), []);
        assert_eq!(why(&wallet, 26), None);
        assert_eq!(wallet.connected_calls(at(26), &RULES).used, u32::from(business_initiated));
    }
    assert!(after([(0, sent(0, "a"))]).may_request(at(1), &PermissionRules::sandbox()).is_ok());
}

#[test]
fn a_customers_call_sets_nothing_back_where_nothing_was_counted() {
    let calls = |hour| WalletInput::CallConnected { at: at(hour), business_initiated: false };
    let mut wallet = Wallet::default();
    assert_eq!(wallet.handle(at(1), calls(1)), []);
    wallet.handle(at(2), WalletInput::CallNotTaken { at: at(2) });
    assert_eq!(wallet.handle(at(3), calls(3)), [WalletEvent::CountersReset]);
    assert_eq!(wallet.handle(at(4), calls(4)), []);
    wallet.handle(at(5), sent(5, "a"));
    assert_eq!(wallet.handle(at(6), calls(6)), [WalletEvent::CountersReset]);
    assert_eq!(wallet.handle(at(7), calls(7)), [], "the request was set back already");
}

#[test]
fn what_meta_counts_wins_over_our_ledger_and_our_own_doing_is_added() {
    let limits = |used| vec![limit(DAY, 1, used, None), limit(WEEK, 2, used, None)];
    // Meta knows nothing of our request: it may be sent again.
    let mut wallet = after([(0, sent(0, "a")), (1, looked_up(1, Found::NoPermission, limits(0)))]);
    assert_eq!(why(&wallet, 1), None);
    // What we do after it counts on top.
    wallet.handle(at(2), sent(2, "b"));
    assert_eq!(why(&wallet, 3), Some((RequestRefusalWhy::LimitDay, Some(at(26)))));
    assert_eq!(wallet.requests(at(3), &RULES).1.used, 1);
    // Meta knows of more than we do: as new as they can be.
    let wallet = after([(1, looked_up(1, Found::NoPermission, limits(1)))]);
    assert_eq!(why(&wallet, 2), Some((RequestRefusalWhy::LimitDay, Some(at(25)))));
    // Meta names the moment: it wins over our own.
    let named = vec![limit(DAY, 1, 1, Some(at(10)))];
    let wallet = after([(0, sent(0, "a")), (1, looked_up(1, Found::NoPermission, named))]);
    assert_eq!((why(&wallet, 9).and_then(|(_, at)| at), why(&wallet, 10)), (Some(at(10)), None));
    // Meta allows more than the book says.
    let more = vec![limit(DAY, 25, 1, None), limit(WEEK, 100, 1, None)];
    let wallet = after([(0, sent(0, "a")), (1, looked_up(1, Found::NoPermission, more))]);
    assert_eq!(why(&wallet, 1), None);
    // A connected call after the report begins anew.
    let mut wallet = after([(1, looked_up(1, Found::NoPermission, limits(1)))]);
    wallet.handle(at(2), WalletInput::CallConnected { at: at(2), business_initiated: false });
    assert_eq!(why(&wallet, 2), None);
    // An older report that comes late is not believed.
    wallet.handle(at(3), looked_up(0, Found::Permanent, limits(1)));
    assert_eq!((why(&wallet, 3), wallet.facts().status), (None, PermissionStatus::None));
}

#[test]
fn a_look_up_corrects_what_we_hold_and_older_replies_come_too_late() {
    let mut wallet = after([(0, sent(0, "a")), (1, accepted(1, "a"))]);
    assert_eq!(wallet.handle(at(2), looked_up(2, Found::Temporary { until: Some(at(169)) }, vec![])), []);
    let gone = WalletEvent::Revoked { source: PermissionSource::Lookup };
    assert_eq!(wallet.handle(at(3), looked_up(3, Found::NoPermission, vec![])), [gone]);
    assert_eq!(wallet.handle(at(4), accepted(2, "a")), [WalletEvent::ReplyTooOld]);
    let found = Found::Temporary { until: Some(at(100)) };
    let granted = WalletEvent::Granted { source: PermissionSource::Lookup, until: Some(at(100)) };
    assert_eq!(wallet.handle(at(5), looked_up(5, found, vec![])), [granted]);
    assert_eq!(wallet.handle(at(6), looked_up(6, Found::Permanent, vec![])).len(), 1);
    assert_eq!(why(&wallet, 6), Some((RequestRefusalWhy::Permanent, None)));
}

#[test]
fn a_no_of_metas_that_nothing_explains_is_believed_for_a_day() {
    let input = WalletInput::LookedUp {
        at: at(2),
        found: Found::Temporary { until: Some(at(169)) },
        can_request: Some(false),
        can_call: Some(false),
        limits: vec![],
    };
    let mut wallet = after([(0, sent(0, "a")), (1, accepted(1, "a")), (2, input)]);
    assert_eq!(wallet.may_call(at(3), &RULES).obstacles, [CallObstacle::MetaSays { until: at(26) }]);
    assert_eq!(why(&wallet, 25), Some((RequestRefusalWhy::MetaSays, Some(at(26)))));
    assert!(wallet.may_call(at(26), &RULES).allowed());
    wallet.handle(at(4), accepted(4, "a"));
    assert!(wallet.may_call(at(4), &RULES).allowed(), "the customer has spoken since");
}

#[test]
fn calls_nobody_takes_warn_before_the_second_and_ask_before_the_fourth() {
    let mut wallet = after([(0, reply(0, ReplyVerdict::GrantedForGood, false, Answers::Nothing))]);
    for (hours, warned, asked) in [(1, false, false), (2, true, false), (3, true, false), (4, false, true)] {
        let verdict = wallet.may_call(at(hours), &RULES);
        assert_eq!(
            (!verdict.warnings.is_empty(), !verdict.allowed()),
            (warned, asked),
            "before call {hours}"
        );
        let input = WalletInput::CallNotTaken { at: at(hours) };
        assert_eq!(wallet.handle(at(hours), input.clone()), [WalletEvent::NotTaken { in_row: hours }]);
        assert_eq!(wallet.handle(at(hours), input), [], "a second time is harmless");
    }
    let mut revoked = wallet.clone();
    revoked.handle(at(5), revoked_by_meta(5));
    assert_eq!(revoked.not_taken_in_row(), 0, "the row is used up");
    assert_eq!(revoked.may_call(at(5), &RULES).obstacles, [CallObstacle::Revoked]);
    // A connected call ends the row; one that is told late ends only what was before it.
    wallet.handle(at(6), WalletInput::CallConnected { at: at(3), business_initiated: true });
    assert_eq!(wallet.not_taken_in_row(), 2, "those of the third and fourth hour");
    assert!(wallet.may_call(at(6), &PermissionRules::sandbox()).warnings.is_empty());
}

#[test]
fn a_hundred_connected_calls_in_a_day_are_enough() {
    let mut wallet = after([(0, reply(0, ReplyVerdict::GrantedForGood, false, Answers::Nothing))]);
    for minute in 0..100 {
        let at = at(1).plus(Duration::from_secs(minute * 60));
        wallet.handle(at, WalletInput::CallConnected { at, business_initiated: true });
    }
    let expected = CallObstacle::ConnectedLimit { used: 100, max: 100, next_at: Some(at(25)) };
    assert_eq!(wallet.may_call(at(4), &RULES).obstacles, [expected]);
    assert!(wallet.may_call(at(25), &RULES).allowed());
}

#[test]
fn no_message_id_shows_in_debug() {
    let wallet = after([(0, sent(0, "wamid.HBgL"))]);
    assert!(!format!("{wallet:?}").contains("HBgL"));
}
