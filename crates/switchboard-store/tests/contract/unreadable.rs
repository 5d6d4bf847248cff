//! A row that cannot be read, or of which nothing can be made, keeps back no other; and what is learnt of a call after
//! its end is counted.

use std::time::Duration;

use switchboard_core::call::input::Direction;
use switchboard_core::call::state::{EndReason, EndedBy, Ending, Outcome};
use switchboard_core::hours::Hours;
use switchboard_core::ids::{CallId, NodeId};
use switchboard_core::permission::{Answers, ReplyVerdict, WalletInput};
use switchboard_core::time::Timestamp;
use switchboard_store::StoreError;
use switchboard_store::audit::{AuditSubject, Author};
use switchboard_store::book::{Change, Page};
use switchboard_store::calls::CallRow;
use switchboard_store::contacts::Identity;
use switchboard_store::hours::NumberHours;
use switchboard_store::permissions::Whom;
use uuid::Uuid;

use super::harness::Database;
use super::world::{FENCE, NODE, NOON, World, hung_up};

const HOUR: Duration = Duration::from_secs(3_600);

fn somebody(phone: &str) -> Identity {
    Identity { phone: Some(phone.parse().expect("a number")), ..Identity::default() }
}

async fn over(world: &World) -> CallRow {
    let mut call = world.kept_call().await;
    call.facts.ending = Some(hung_up(NOON));
    world.store.calls().save(&world.ours, &call, &[], FENCE).await.expect("saved");
    call
}

async fn waiting(world: &World, node: NodeId, after: Option<CallId>) -> Vec<(CallId, bool)> {
    let book = world.store.book();
    let waiting = book.calls_to_count(node, NOON, after, 10).await.expect("a list");
    waiting.into_iter().map(|waiting| (waiting.id, waiting.call.is_ok())).collect()
}

async fn a_call_that_cannot_be_read_keeps_no_other_from_being_counted(database: Database) {
    let world = World::new(database).await;
    let (broken, whole) = (over(&world).await, over(&world).await);
    let sql = format!(
        "UPDATE calls SET direction = 'sideways' WHERE id = {}",
        world.database.quoted(broken.id.uuid())
    );
    world.database.raw().await.execute(&sql).await;
    assert_eq!(waiting(&world, NODE, None).await, [(broken.id, false), (whole.id, true)]);
    assert_eq!(waiting(&world, NODE, Some(broken.id)).await, [(whole.id, true)]);
    world.store.book().leave_out(&world.ours, broken.id, NOON).await.expect("left out");
    assert_eq!(waiting(&world, NODE, None).await, [(whole.id, true)]);
}

async fn calls_of_a_node_that_does_not_come_back_are_counted_by_another(database: Database) {
    let world = World::new(database).await;
    let call = over(&world).await;
    let other = NodeId::from_uuid(Uuid::from_u128(0xB));
    assert_eq!(waiting(&world, other, None).await, [], "it has a while to do so itself");
    let book = world.store.book();
    let later = book.calls_to_count(other, NOON.plus(HOUR), None, 10).await.expect("a list");
    assert_eq!(later.iter().map(|waiting| waiting.id).collect::<Vec<_>>(), [call.id]);
}

async fn a_call_that_failed_and_is_learnt_to_have_rung_is_counted_once_more(database: Database) {
    let world = World::new(database).await;
    let mut call = world.call();
    call.direction = Direction::Outgoing;
    call.facts.direction = Direction::Outgoing;
    world.store.calls().create(&world.ours, &call, &[]).await.expect("kept");
    let failed = Ending {
        outcome: Outcome::Failed,
        reason: EndReason::DialUnknown,
        by: EndedBy::Exchange,
        ..hung_up(NOON)
    };
    call.facts.ending = Some(failed.clone());
    keep(&world, &call).await;
    let count = |at: Timestamp| {
        let page = Page::EndOf { who: somebody("5511982114477"), branch: None, call: call.id };
        let author = Author::exchange(at);
        let (store, scope, number) = (world.store.clone(), world.ours.clone(), world.number.id);
        async move {
            let written =
                store.book().write(&scope, page, number, &author, |_| (Change::default(), ())).await;
            written.expect("an answer").is_some()
        }
    };
    assert!(count(NOON).await);
    keep(&world, &call).await;
    assert_eq!(waiting(&world, NODE, None).await, [], "nothing is new");
    (call.facts.reached, call.facts.rang_at) = (true, Some(NOON.plus(HOUR)));
    keep(&world, &call).await;
    assert_eq!(waiting(&world, NODE, None).await, [(call.id, true)], "it rang after all");
    assert!(count(NOON.plus(HOUR)).await);
    // That he declined says no more: it has been counted as not taken.
    call.facts.ending =
        Some(Ending { outcome: Outcome::Rejected, reason: EndReason::DeclinedByCustomer, ..failed });
    keep(&world, &call).await;
    assert_eq!(waiting(&world, NODE, None).await, []);
}

async fn keep(world: &World, call: &CallRow) {
    world.store.calls().save(&world.ours, call, &[], FENCE).await.expect("saved");
}

async fn a_permission_of_which_nothing_can_be_made_waits_and_keeps_no_other(database: Database) {
    let world = World::new(database).await;
    let until = NOON.plus(HOUR);
    let mut contacts = Vec::new();
    for phone in ["15550100002", "15550100003"] {
        let page = Page::Somebody { who: somebody(phone), branch: None };
        let author = Author::exchange(NOON);
        let granted = move |standing: &switchboard_store::book::Standing| {
            let mut wallet = standing.wallet.clone();
            let reply = WalletInput::Replied {
                at: NOON,
                verdict: ReplyVerdict::Granted { until: Some(until) },
                automatic: false,
                answers: Answers::Nothing,
            };
            wallet.handle(NOON, reply);
            (Change { wallet: Some(wallet), ..Change::default() }, ())
        };
        let written = world.store.book().write(&world.ours, page, world.number.id, &author, granted).await;
        contacts.push(written.expect("an answer").expect("written").contact.id);
    }
    let sql = format!(
        "UPDATE permission_wallets SET facts = '{{\"status\": 7}}' WHERE contact_id = {}",
        world.database.quoted(contacts[0].uuid())
    );
    world.database.raw().await.execute(&sql).await;
    let permissions = world.store.permissions();
    let due = permissions.due(until, 10).await.expect("a list");
    assert_eq!(due.iter().map(|due| due.contact).collect::<Vec<_>>(), contacts);
    let book = permissions.book(&world.ours, &Whom::Contact(contacts[0]), world.number.id).await;
    assert!(matches!(book, Err(StoreError::Unreadable { .. })), "{book:?}");
    permissions.put_off(&due[0], until.plus(HOUR)).await.expect("put off");
    let left = permissions.due(until, 10).await.expect("a list");
    assert_eq!(left, due[1..]);
    // What changed meanwhile is not put off.
    let stale = switchboard_store::permissions::DueWallet { version: due[1].version - 1, ..due[1] };
    permissions.put_off(&stale, until.plus(HOUR)).await.expect("an answer");
    assert_eq!(permissions.due(until, 10).await.expect("a list"), left);
    assert_eq!(permissions.due(until.plus(HOUR), 10).await.expect("a list").len(), 2);
}

async fn hours_in_a_zone_that_is_no_more_keep_back_no_others(database: Database) {
    let world = World::new(database).await;
    let hours = NumberHours {
        hours: Hours::new("Europe/Madrid", Default::default(), Vec::new()).expect("hours"),
        out_of_hours: switchboard_core::admission::OutOfHours::Reject,
        out_of_hours_text: String::new(),
        outbound_blocked: false,
    };
    for (scope, number) in [(&world.ours, &world.number), (&world.theirs, &world.their_number)] {
        let subject = AuditSubject::new(switchboard_core::audit::AuditKind::Number, number.id);
        let what = switchboard_core::audit::AuditWhat::NumberChanged;
        let entry = Author::exchange(NOON).did(what, subject, serde_json::json!({}));
        world.store.hours().set(scope, number.id, hours.clone(), entry, NOON).await.expect("set");
    }
    let sql = format!(
        "UPDATE number_hours SET zone = 'Atlantis/Center' WHERE number_id = {}",
        world.database.quoted(world.number.id.uuid())
    );
    world.database.raw().await.execute(&sql).await;
    let known = world.store.hours().of_the_installation().await.expect("an answer");
    assert_eq!(known.keys().copied().collect::<Vec<_>>(), [world.their_number.id]);
}

on_both_databases!(
    a_call_that_cannot_be_read_keeps_no_other_from_being_counted,
    calls_of_a_node_that_does_not_come_back_are_counted_by_another,
    a_call_that_failed_and_is_learnt_to_have_rung_is_counted_once_more,
    a_permission_of_which_nothing_can_be_made_waits_and_keeps_no_other,
    hours_in_a_zone_that_is_no_more_keep_back_no_others,
);
