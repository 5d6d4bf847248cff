//! Whole lives of pairs, in any order, with clocks that jump.

use proptest::prelude::*;

use super::*;

fn hours() -> impl Strategy<Value = u32> {
    prop_oneof![0_u32..4, 0_u32..400]
}

fn input() -> impl Strategy<Value = WalletInput> {
    let name = || (0_u8..4).prop_map(|name| format!("m{name}"));
    let verdict = hours().prop_flat_map(|hours| {
        prop_oneof![Just(week_from(hours)), Just(ReplyVerdict::GrantedForGood), Just(ReplyVerdict::Refused)]
    });
    let answers = prop_oneof![
        name().prop_map(|name| Answers::Request(id(&name))),
        Just(Answers::Call),
        Just(Answers::Nothing),
    ];
    let found = prop_oneof![
        Just(Found::NoPermission),
        proptest::option::of(hours()).prop_map(|until| Found::Temporary { until: until.map(at) }),
        Just(Found::Permanent),
    ];
    prop_oneof![
        (hours(), name()).prop_map(|(hours, name)| sent(hours, &name)),
        name().prop_map(|name| WalletInput::RequestFailed { message_id: id(&name) }),
        (hours(), verdict, any::<bool>(), answers)
            .prop_map(|(hours, verdict, automatic, answers)| reply(hours, verdict, automatic, answers)),
        (hours(), found, proptest::option::of(any::<bool>()), 0_u32..3, proptest::option::of(hours()))
            .prop_map(|(hours, found, can, used, resets)| WalletInput::LookedUp {
                at: at(hours),
                found,
                can_request: can,
                can_call: can,
                limits: vec![limit(DAY, 1, used, resets.map(at)), limit(WEEK, 2, used, None)],
            }),
        (hours(), any::<bool>())
            .prop_map(|(hours, ours)| WalletInput::CallConnected { at: at(hours), business_initiated: ours }),
        hours().prop_map(|hours| WalletInput::CallNotTaken { at: at(hours) }),
        Just(WalletInput::TimePassed),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_always_holds_of_a_wallet(life in proptest::collection::vec((hours(), input()), 0..30)) {
        let mut wallet = Wallet::default();
        for (now, input) in life {
            let now = at(now);
            wallet.handle(now, input.clone());
            // What has been fed in a second time changes nothing, but for a failure or a report of the same moment.
            let once = wallet.clone();
            wallet.handle(now, input);
            prop_assert_eq!(&wallet, &once);
            // The timer lies ahead, and what is kept reads back.
            prop_assert!(wallet.poll_timeout().is_none_or(|timeout| now < timeout));
            prop_assert_eq!(&Wallet::restore(wallet.facts().clone()), &wallet);
            let facts = wallet.facts();
            prop_assert_eq!(facts.status == PermissionStatus::Temporary, facts.status.is_granted() && facts.expires_at.is_some());
            prop_assert!(facts.requests.is_sorted_by_key(|request| request.at));
            // Never a call without a permission that holds now; the end is never passed.
            let verdict = wallet.may_call(now, &RULES);
            prop_assert!(!verdict.allowed() || facts.status.is_granted());
            prop_assert!(!verdict.allowed() || facts.expires_at.is_none_or(|end| now < end));
            // The house rule only takes.
            let follow = wallet.may_call(now, &PermissionRules { call_within: None, ..RULES });
            prop_assert!(follow.allowed() || !verdict.allowed());
            // At the moment that is named one more request is allowed, if nothing happens in between.
            if let Err(refusal) = wallet.may_request(now, &RULES) {
                prop_assert!(refusal.next_at.is_none_or(|next| now < next));
                if let Some(next) = refusal.next_at {
                    prop_assert!(wallet.may_request(next, &RULES).is_ok());
                }
            }
        }
    }

    /// Meta's replies may come in any order: the newest has the last word, to the second.
    #[test]
    fn replies_in_any_order_give_the_same_permission(
        verdicts in proptest::collection::btree_map(0_u32..100, 0_u8..3, 1..6),
        seed in any::<u64>(),
    ) {
        let replies: Vec<WalletInput> = verdicts.iter().map(|(hours, verdict)| match verdict {
            0 => accepted(*hours, "a"),
            1 => declined(*hours, "a"),
            _ => reply(*hours, ReplyVerdict::GrantedForGood, false, Answers::Nothing),
        }).collect();
        let mut shuffled = replies.clone();
        let mut chance = seed;
        for place in (1..shuffled.len()).rev() {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(place, (chance >> 33) as usize % (place + 1));
        }
        let life = |inputs: Vec<WalletInput>| after(inputs.into_iter().map(|input| (100, input)));
        let (one, other) = (life(replies), life(shuffled));
        prop_assert_eq!(one.facts().status, other.facts().status);
        prop_assert_eq!(one.facts().expires_at, other.facts().expires_at);
    }
}
