//! One call with a customer at a time, and one task per call.

use super::*;
use crate::clock::fresh_uuid;

fn call() -> CallId {
    CallId::from_uuid(fresh_uuid())
}

fn number() -> NumberId {
    NumberId::from_uuid(fresh_uuid())
}

fn person(phone: &str) -> Person {
    Person { phone: Some(phone.parse().expect("a number")), user_id: None }
}

fn to(phone: &str) -> LiveCall {
    LiveCall::to(TenantId::from_uuid(fresh_uuid()), None, person(phone))
}

#[test]
fn of_two_who_call_one_customer_at_once_one_is_let_through() {
    let (registry, number) = (CallRegistry::default(), number());
    let first = call();
    let birth = registry.begin(number, first, to("5511982114477")).expect("nobody calls him");
    // The same person, as Brazil wrote his number before.
    assert!(registry.begin(number, call(), to("551182114477")).is_none());
    assert!(registry.begin(number, call(), to("15550100002")).is_some(), "somebody else");
    assert!(registry.begin(self::number(), call(), to("5511982114477")).is_some(), "from another number");
    assert!(!registry.has_call_with(number, &person("5511982114477"), Some(first)), "besides his own");
    registry.forget(first, &birth.live);
    assert!(registry.begin(number, call(), to("551182114477")).is_some(), "it came to nothing");
}

#[test]
fn the_customer_is_kept_until_what_came_of_the_call_is_in_his_book() {
    let (registry, number, id) = (CallRegistry::default(), number(), call());
    let birth = registry.begin(number, id, to("5511982114477")).expect("nobody calls him");
    birth.live.show(None);
    assert!(registry.has_call_with(number, &person("5511982114477"), None), "over, and not counted");
    registry.is_counted(id);
    assert!(!registry.has_call_with(number, &person("5511982114477"), None));
}

#[test]
fn a_task_whose_place_was_taken_leaves_the_other_in_it() {
    let (registry, number, id) = (CallRegistry::default(), number(), call());
    let first = registry.begin(number, id, to("5511982114477")).expect("nobody calls him");
    registry.forget(id, &first.live);
    let second = registry.adopt(number, None, id, to("5511982114477")).expect("taken up");
    assert!(registry.leave(id, &first.mailbox, &first.live), "it may go");
    assert!(registry.knows(id), "and takes nobody with it");
    assert!(registry.adopt(number, None, id, to("5511982114477")).is_none(), "one task per call");
    assert!(registry.leave(id, &second.mailbox, &second.live) && !registry.knows(id));
}
