//! The book of a customer: who is meant, two that are one, what is counted once, and limits that hold whoever asks.

use std::time::Duration;

use serde_json::json;
use switchboard_core::audit::AuditWhat;
use switchboard_core::call::input::Direction;
use switchboard_core::ids::{MessageId, NumberId, ProviderMessageId};
use switchboard_core::permission::{Answers, PermissionRules, PermissionStatus, ReplyVerdict, WalletInput};
use switchboard_core::phone::PhoneNumber;
use switchboard_core::time::Timestamp;
use switchboard_store::audit::{AuditFilter, Author};
use switchboard_store::book::{Change, MessageNews, NewMessage, Page, Written};
use switchboard_store::contacts::{ContactChange, Identity};
use switchboard_store::log::NewEntry;
use switchboard_store::messages::MessageStatus;
use switchboard_store::permissions::{WalletFilter, Whom};
use uuid::Uuid;

use super::harness::{Database, fresh};
use super::world::{FENCE, NODE, NOON, World, hung_up};

const HOUR: Duration = Duration::from_secs(3_600);

fn by_phone(text: &str) -> Identity {
    Identity { phone: Some(text.parse().expect("a number")), ..Identity::default() }
}

fn by_id(id: &str) -> Identity {
    Identity { user_id: Some(id.to_owned()), ..Identity::default() }
}

fn by_both(text: &str, id: &str) -> Identity {
    Identity { user_id: Some(id.to_owned()), profile_name: Some("Maria".to_owned()), ..by_phone(text) }
}

async fn heard(world: &World, who: Identity) -> Written<()> {
    let page = Page::Somebody { who, branch: None };
    write(world, page, |_| Change { heard: Some((NOON, NOON.plus(HOUR))), ..Change::default() })
        .await
        .expect("heard")
}

async fn write(
    world: &World,
    page: Page,
    change: impl FnOnce(&switchboard_store::book::Standing) -> Change + Send + 'static,
) -> Option<Written<()>> {
    let author = Author::exchange(NOON);
    let written = world
        .store
        .book()
        .write(&world.ours, page, world.number.id, &author, move |standing| (change(standing), ()))
        .await;
    written.expect("written")
}

fn text(id: MessageId, provider_id: &str) -> NewMessage {
    NewMessage {
        id,
        direction: Direction::Incoming,
        kind: "text".to_owned(),
        status: MessageStatus::Received,
        text: Some("please call me".to_owned()),
        provider_id: Some(ProviderMessageId::new(provider_id)),
        answers: None,
        offers_call: false,
        detail: json!({}),
        at: NOON,
    }
}

fn message_id() -> MessageId {
    MessageId::from_uuid(Uuid::from_u128(fresh()))
}

async fn who_is_named_by_number_and_id_is_one_person(database: Database) {
    let world = World::new(database).await;
    let one = heard(&world, by_phone("15550100002")).await.contact;
    let other = heard(&world, by_id("US.1")).await.contact;
    assert_ne!(one.id, other.id, "nobody knows it yet");
    let ask = |standing: &switchboard_store::book::Standing| {
        let mut wallet = standing.wallet.clone();
        let sent = WalletInput::RequestSent { at: NOON, message_id: ProviderMessageId::new("wamid.r") };
        wallet.handle(NOON, sent);
        let message = text(message_id(), "wamid.1");
        Change { wallet: Some(wallet), message: Some(message), ..Change::default() }
    };
    write(&world, Page::Contact(one.id), ask).await.expect("written");
    let grant = |standing: &switchboard_store::book::Standing| {
        let mut wallet = standing.wallet.clone();
        let reply = WalletInput::Replied {
            at: NOON,
            verdict: ReplyVerdict::GrantedForGood,
            automatic: false,
            answers: Answers::Nothing,
        };
        wallet.handle(NOON, reply);
        let entry = NewEntry { kind: "permission.granted", at: NOON, data: json!({}) };
        Change { wallet: Some(wallet), log: vec![entry], ..Change::default() }
    };
    write(&world, Page::Contact(other.id), grant).await.expect("written");

    let joined = heard(&world, by_both("15550100002", "US.1")).await.contact;
    assert_eq!(joined.id, one.id, "the older one stays");
    assert_eq!((joined.user_id.as_deref(), joined.profile_name.as_deref()), (Some("US.1"), Some("Maria")));
    assert_eq!(world.store.contacts().by_id(&world.ours, other.id).await.expect("an answer"), None);
    let book =
        world.store.permissions().book(&world.ours, &Whom::UserId("US.1".to_owned()), world.number.id).await;
    let book = book.expect("an answer").expect("there");
    assert_eq!(book.wallet.facts().status, PermissionStatus::Permanent);
    assert_eq!(
        book.wallet.requests(NOON, &PermissionRules::default()).0.used,
        1,
        "the request of the other counts"
    );
    let messages = world.store.messages().of_contact(&world.ours, one.id, None, 50).await.expect("a page");
    assert_eq!(messages.items.len(), 1);
    assert_eq!(messages.items[0].text.as_deref(), Some("please call me"));
    let history = world.store.log().of_pair(&world.ours, one.id, world.number.id, "permission.", 10).await;
    assert_eq!(history.expect("a history").len(), 1, "the history came along");
    assert_eq!(world.database.raw().await.count("permission_wallets").await, 1);
    assert_eq!(world.database.raw().await.count("conversations").await, 1);
    let filter = AuditFilter { what: vec![AuditWhat::ContactsJoined], ..AuditFilter::default() };
    assert_eq!(
        world.store.audit().list(&world.ours, &filter, None, 9).await.expect("the log").items.len(),
        1
    );
    assert_eq!(
        heard(&world, by_both("15550100002", "US.1")).await.contact.id,
        one.id,
        "again changes nothing"
    );
}

async fn a_number_that_passes_to_somebody_else_takes_nothing_along(database: Database) {
    let world = World::new(database).await;
    let before = heard(&world, by_both("15550100002", "US.1")).await.contact;
    let after = heard(&world, by_both("15550100002", "US.2")).await.contact;
    assert_ne!(before.id, after.id);
    let before =
        world.store.contacts().by_id(&world.ours, before.id).await.expect("an answer").expect("there");
    assert_eq!((before.phone, before.user_id.as_deref()), (None, Some("US.1")));
    // And one who comes with a new number is still himself.
    let moved = heard(&world, by_both("15550100009", "US.1")).await.contact;
    assert_eq!(moved.id, before.id);
    assert_eq!(moved.phone.map(|phone| phone.digits().to_owned()).as_deref(), Some("15550100009"));
}

async fn the_old_form_of_a_brazilian_number_is_the_same_person(database: Database) {
    let world = World::new(database).await;
    let one = heard(&world, by_phone("5511987654321")).await.contact;
    let other = heard(&world, by_phone("551187654321")).await.contact;
    assert_eq!(one.id, other.id);
    assert_eq!(other.phone.expect("a number").digits(), "5511987654321", "as it was first known");
}

async fn who_turns_to_two_branches_is_everybodys_unless_somebody_said_otherwise(database: Database) {
    let world = World::new(database).await;
    let at = |branch| Page::Somebody { who: by_phone("15550100002"), branch };
    let first = write(&world, at(Some(world.north)), |_| Change::default()).await.expect("heard").contact;
    assert_eq!(first.branch, Some(world.north));
    let second = write(&world, at(Some(world.south)), |_| Change::default()).await.expect("heard").contact;
    assert_eq!(second.branch, None);
    let by_hand = ContactChange { branch: Some(Some(world.south)), ..ContactChange::default() };
    world
        .store
        .contacts()
        .change(&world.ours, first.id, by_hand, &Author::exchange(NOON))
        .await
        .expect("changed");
    let third = write(&world, at(Some(world.north)), |_| Change::default()).await.expect("heard").contact;
    assert_eq!(third.branch, Some(world.south));
}

async fn a_message_and_the_end_of_a_call_are_taken_in_once(database: Database) {
    let world = World::new(database).await;
    let message = Page::MessageOf {
        who: by_phone("15550100002"),
        branch: None,
        message: ProviderMessageId::new("wamid.1"),
    };
    let taken = |_: &switchboard_store::book::Standing| Change {
        message: Some(text(message_id(), "wamid.1")),
        ..Change::default()
    };
    assert!(write(&world, message.clone(), taken).await.is_some());
    assert!(write(&world, message, taken).await.is_none(), "it came before");
    let stored = world.database.raw().await.text("SELECT text FROM messages").await;
    assert!(stored.starts_with("sealed."), "{stored}");

    let mut call = world.kept_call().await;
    let end = Page::EndOf { who: by_phone("15550100002"), branch: None, call: call.id };
    let nothing = |_: &switchboard_store::book::Standing| Change::default();
    assert!(write(&world, end.clone(), nothing).await.is_none(), "it is not over");
    call.facts.ending = Some(hung_up(NOON));
    world.store.calls().save(&world.ours, &call, &[], FENCE).await.expect("saved");
    let waiting = world.store.book().calls_to_count(NODE, NOON, None, 10).await.expect("a list");
    assert_eq!(waiting.iter().map(|row| row.id).collect::<Vec<_>>(), [call.id]);
    let counted = |standing: &switchboard_store::book::Standing| {
        assert!(standing.call.is_some());
        Change { called_at: Some(NOON), ..Change::default() }
    };
    assert_eq!(write(&world, end.clone(), counted).await.expect("counted").contact.last_call_at, Some(NOON));
    assert!(write(&world, end, counted).await.is_none(), "counted before");
    assert!(world.store.book().calls_to_count(NODE, NOON, None, 10).await.expect("a list").is_empty());
    // What is still learnt of such a call leaves that alone.
    world.store.calls().save(&world.ours, &call, &[], FENCE).await.expect("saved");
    assert!(world.store.book().calls_to_count(NODE, NOON, None, 10).await.expect("a list").is_empty());
}

async fn a_status_finds_its_message_by_either_id_and_never_goes_back(database: Database) {
    let world = World::new(database).await;
    let contact = heard(&world, by_phone("15550100002")).await.contact;
    let ours = message_id();
    let sent = NewMessage {
        direction: Direction::Outgoing,
        status: MessageStatus::Pending,
        provider_id: None,
        ..text(ours, "unused")
    };
    write(&world, Page::Contact(contact.id), move |_| Change { message: Some(sent), ..Change::default() })
        .await
        .expect("written");
    let left = world.store.messages().left_pending(NOON, None, 10).await.expect("a list");
    assert_eq!(left.iter().map(|message| message.id).collect::<Vec<_>>(), [ours]);
    let messages = world.store.messages();
    assert!(messages.left_pending(NOON, Some(ours), 10).await.expect("a list").is_empty(), "none after it");
    let just_before = NOON.minus(Duration::from_secs(1));
    assert!(
        messages.left_pending(just_before, None, 10).await.expect("a list").is_empty(),
        "it is being sent"
    );
    let theirs = ProviderMessageId::new("wamid.9");
    let news = |status, ours| {
        let page = Page::SentAs { provider_id: theirs.clone(), ours };
        let news = MessageNews { status, provider_id: Some(theirs.clone()), error: None };
        write(&world, page, move |_| Change { news: Some(news), ..Change::default() })
    };
    assert!(news(MessageStatus::Sent, None).await.is_none(), "nobody knows that one yet");
    let by_mark = news(MessageStatus::Delivered, Some(ours)).await.expect("by what we sent along");
    assert_eq!(by_mark.message.expect("the message").status, MessageStatus::Delivered);
    let late = news(MessageStatus::Sent, None).await.expect("by his id now").message.expect("the message");
    assert_eq!(late.status, MessageStatus::Delivered);
    assert!(world.store.messages().left_pending(NOON, None, 10).await.expect("a list").is_empty());
}

async fn of_fifty_who_ask_at_once_one_may(database: Database) {
    let world = World::new(database).await;
    let contact = heard(&world, by_phone("15550100002")).await.contact.id;
    let rules = PermissionRules::default();
    let asked: Vec<_> = (0..50)
        .map(|n| {
            let (store, scope, number) = (world.store.clone(), world.ours.clone(), world.number.id);
            tokio::spawn(async move { ask(&store, &scope, number, contact, n, rules).await })
        })
        .collect();
    let mut may = 0;
    for asked in asked {
        may += usize::from(asked.await.expect("no panic"));
    }
    assert_eq!(may, 1);
}

async fn ask(
    store: &switchboard_store::Store,
    scope: &switchboard_core::access::Scope,
    number: NumberId,
    contact: switchboard_core::ids::ContactId,
    n: u32,
    rules: PermissionRules,
) -> bool {
    let decide = move |standing: &switchboard_store::book::Standing| {
        if standing.wallet.may_request(NOON, &rules).is_err() {
            return (Change::default(), false);
        }
        let mut wallet = standing.wallet.clone();
        wallet.reserve_request(NOON, ProviderMessageId::new(format!("msg_{n}")));
        (Change { wallet: Some(wallet), ..Change::default() }, true)
    };
    let author = Author::exchange(NOON);
    let written = store.book().write(scope, Page::Contact(contact), number, &author, decide).await;
    written.expect("written").expect("there").answer
}

async fn a_permission_that_runs_out_is_due_also_after_a_restart(database: Database) {
    let world = World::new(database).await;
    let contact = heard(&world, by_phone("15550100002")).await.contact.id;
    let until = NOON.plus(HOUR);
    let grant = move |standing: &switchboard_store::book::Standing| {
        let mut wallet = standing.wallet.clone();
        let reply = WalletInput::Replied {
            at: NOON,
            verdict: ReplyVerdict::Granted { until: Some(until) },
            automatic: false,
            answers: Answers::Nothing,
        };
        wallet.handle(NOON, reply);
        Change { wallet: Some(wallet), ..Change::default() }
    };
    write(&world, Page::Contact(contact), grant).await.expect("written");
    world.store.close().await;
    let store = world.database.open().await;
    let permissions = store.permissions();
    assert_eq!(permissions.next_due().await.expect("an answer"), Some(until));
    assert!(permissions.due(NOON, 10).await.expect("a list").is_empty());
    let due = permissions.due(until, 10).await.expect("a list");
    assert_eq!(due.iter().map(|row| row.contact).collect::<Vec<_>>(), [contact]);
    let temporary = WalletFilter { status: Some(PermissionStatus::Temporary), ..WalletFilter::default() };
    assert_eq!(permissions.list(&world.ours, &temporary, None, 10).await.expect("a page").items.len(), 1);
    assert!(permissions.list(&world.theirs, &temporary, None, 10).await.expect("a page").items.is_empty());
}

async fn what_is_between_a_contact_and_a_number_is_seen_by_who_sees_both(database: Database) {
    let world = World::new(database).await;
    let contact = heard(&world, by_phone("15550100002")).await.contact.id;
    let entry = NewEntry { kind: "message.received", at: NOON, data: json!({}) };
    let note = move |_: &switchboard_store::book::Standing| Change {
        message: Some(text(message_id(), "wamid.1")),
        log: vec![entry],
        ..Change::default()
    };
    write(&world, Page::Contact(contact), note).await.expect("written");
    let north = ContactChange { branch: Some(Some(world.north)), ..ContactChange::default() };
    world
        .store
        .contacts()
        .change(&world.ours, contact, north, &Author::exchange(NOON))
        .await
        .expect("changed");
    let phone: PhoneNumber = "15550100002".parse().expect("a number");
    for (scope, sees) in [
        (world.ours.clone(), true),
        (world.only(world.north), true),
        (world.only(world.south), false),
        (world.theirs.clone(), false),
    ] {
        let messages =
            world.store.messages().of_contact(&scope, contact, None, 9).await.expect("a page").items;
        assert_eq!(messages.len(), usize::from(sees));
        let conversations = world.store.conversations().of_contact(&scope, contact).await.expect("a list");
        assert_eq!(conversations.len(), usize::from(sees));
        let book = world.store.permissions().book(&scope, &Whom::Phone(phone.clone()), world.number.id).await;
        assert_eq!(book.expect("an answer").is_some(), sees);
        let wallets = world.store.permissions().list(&scope, &WalletFilter::default(), None, 9).await;
        assert_eq!(wallets.expect("a page").items.len(), usize::from(sees));
        let log = tokio::time::timeout(Duration::from_secs(60), async {
            loop {
                let log = world.store.log().after(&scope, None, 50).await.expect("the log");
                // On PostgreSQL an entry shows when every transaction that began before it is over.
                if !sees || !log.is_empty() {
                    break log;
                }
            }
        });
        assert_eq!(log.await.expect("it shows up").len(), usize::from(sees));
    }
    let _: Timestamp = NOON;
}

on_both_databases!(
    who_is_named_by_number_and_id_is_one_person,
    a_number_that_passes_to_somebody_else_takes_nothing_along,
    the_old_form_of_a_brazilian_number_is_the_same_person,
    who_turns_to_two_branches_is_everybodys_unless_somebody_said_otherwise,
    a_message_and_the_end_of_a_call_are_taken_in_once,
    a_status_finds_its_message_by_either_id_and_never_goes_back,
    of_fifty_who_ask_at_once_one_may,
    a_permission_that_runs_out_is_due_also_after_a_restart,
    what_is_between_a_contact_and_a_number_is_seen_by_who_sees_both,
);
