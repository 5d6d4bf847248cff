//! Customers: made, found in any spelling, changed, forgotten, and taken in from files.

use serde_json::json;
use switchboard_core::access::Scope;
use switchboard_core::audit::AuditWhat;
use switchboard_core::consent::ConsentKind;
use switchboard_core::eligibility::AutomationState;
use switchboard_core::ids::{ContactId, UserId};
use switchboard_core::phone::PhoneNumber;
use switchboard_core::time::Timestamp;
use switchboard_store::StoreError;
use switchboard_store::audit::{AuditBy, AuditFilter, Author};
use switchboard_store::consents::{ConsentSource, NewConsent};
use switchboard_store::contacts::{
    Contact, ContactChange, ContactFilter, ContactRemoved, ImportLine, NewContact, OptIn, Refused,
};
use uuid::Uuid;

use super::harness::Database;
use super::world::{NOON, World};

fn author() -> Author {
    Author::exchange(NOON)
}

fn phone(text: &str) -> PhoneNumber {
    text.parse().expect("a number")
}

async fn made(world: &World, number: &str, name: &str) -> Contact {
    let change = ContactChange { name: Some(Some(name.to_owned())), ..ContactChange::default() };
    let new = NewContact { phone: Some(phone(number)), user_id: None, change };
    world.store.contacts().create(&world.ours, new, &author()).await.expect("made")
}

async fn found(world: &World, scope: &Scope, filter: ContactFilter) -> Vec<ContactId> {
    let page = world.store.contacts().list(scope, &filter, None, 50).await.expect("a page");
    page.items.iter().map(|contact| contact.id).collect()
}

async fn done(world: &World, what: AuditWhat) -> usize {
    let filter = AuditFilter { what: vec![what], ..AuditFilter::default() };
    world.store.audit().list(&world.ours, &filter, None, 50).await.expect("the log").items.len()
}

async fn a_contact_is_found_by_name_number_and_tag_and_made_once(database: Database) {
    let world = World::new(database).await;
    let contacts = world.store.contacts();
    let maria = made(&world, "551187654321", "María Ávila").await;
    made(&world, "15550100002", "Bob").await;
    let again = NewContact { phone: Some(phone("+55 11 98765-4321")), ..NewContact::default() };
    let refusal = contacts.create(&world.ours, again, &author()).await;
    assert!(
        matches!(refusal, Err(StoreError::AlreadyThere { .. })),
        "the new form of the old number: {refusal:?}"
    );

    let tags = ContactChange { tags: Some(vec!["VIP Ñ".to_owned()]), ..ContactChange::default() };
    contacts.change(&world.ours, maria.id, tags, &author()).await.expect("changed").expect("there");
    let search = |text: &str| ContactFilter { search: Some(text.to_owned()), tag: None };
    for query in ["maria avila", "5511 98765-4321", "551187654321", "vip"] {
        assert_eq!(found(&world, &world.ours, search(query)).await, [maria.id], "{query}");
    }
    let tag = ContactFilter { search: None, tag: Some("vip ñ".to_owned()) };
    assert_eq!(found(&world, &world.ours, tag).await, [maria.id]);
    assert!(found(&world, &world.theirs, ContactFilter::default()).await.is_empty());
    let masked = Scope { masks_numbers: true, ..world.ours.clone() };
    assert!(found(&world, &masked, search("8765")).await.is_empty(), "not by parts of the number");
    assert_eq!(found(&world, &masked, search("551187654321")).await, [maria.id]);
    let by_phone = contacts.by_phone(&world.ours, &phone("5511987654321")).await.expect("an answer");
    assert_eq!(by_phone.map(|contact| contact.id), Some(maria.id));
}

async fn a_contact_of_a_branch_is_seen_by_that_branch(database: Database) {
    let world = World::new(database).await;
    let contacts = world.store.contacts();
    let shared = made(&world, "15550100002", "Shared").await;
    let northern = made(&world, "15550100003", "Northern").await;
    let north = ContactChange { branch: Some(Some(world.north)), ..ContactChange::default() };
    contacts.change(&world.ours, northern.id, north.clone(), &author()).await.expect("changed");
    let (north_scope, south_scope) = (world.only(world.north), world.only(world.south));
    assert_eq!(found(&world, &north_scope, ContactFilter::default()).await.len(), 2);
    assert_eq!(found(&world, &south_scope, ContactFilter::default()).await, [shared.id]);
    assert_eq!(contacts.by_id(&south_scope, northern.id).await.expect("an answer"), None);
    assert_eq!(
        contacts.change(&south_scope, northern.id, north.clone(), &author()).await.expect("an answer"),
        None
    );
    assert_eq!(contacts.remove(&south_scope, northern.id, &author()).await.expect("an answer"), None);
    let refusal = contacts.change(&south_scope, shared.id, north, &author()).await;
    assert!(matches!(refusal, Err(StoreError::OutOfScope { .. })), "{refusal:?}");
    assert_eq!(contacts.by_id(&world.theirs, shared.id).await.expect("an answer"), None);
}

async fn who_said_no_is_not_forgotten_until_somebody_takes_it_back(database: Database) {
    let world = World::new(database).await;
    let (contacts, consents) = (world.store.contacts(), world.store.consents());
    let contact = made(&world, "15550100002", "Bob").await;
    let no = NewConsent {
        kind: ConsentKind::DoNotCall,
        source: ConsentSource::Person,
        evidence: Some("said so on the phone".to_owned()),
        message_id: None,
        at: NOON,
        valid_until: None,
    };
    let entry =
        consents.add(&world.ours, contact.id, no.clone(), &author()).await.expect("added").expect("there");
    assert_eq!(entry.evidence.as_deref(), Some("said so on the phone"));
    let flag = async || {
        let contact = contacts.by_id(&world.ours, contact.id).await.expect("an answer");
        contact.expect("there").do_not_call
    };
    assert!(flag().await);
    let refusal = contacts.remove(&world.ours, contact.id, &author()).await.expect("an answer");
    assert_eq!(refusal, Some(ContactRemoved::SaidNo));
    let stored = world.database.raw().await.text("SELECT evidence FROM consents").await;
    assert!(stored.starts_with("sealed."), "{stored}");

    assert_eq!(consents.revoke(&world.theirs, entry.id, &author()).await.expect("an answer"), None);
    let revoked = consents.revoke(&world.ours, entry.id, &author()).await.expect("taken out").expect("there");
    assert!(revoked.revoked.is_some());
    assert_eq!(consents.revoke(&world.ours, entry.id, &author()).await.expect("an answer"), None, "once");
    assert!(!flag().await);
    assert_eq!(
        consents.of_contact(&world.ours, contact.id).await.expect("a list").len(),
        1,
        "it stays readable"
    );
    let gone = contacts.remove(&world.ours, contact.id, &author()).await.expect("an answer");
    assert_eq!(gone, Some(ContactRemoved::Done));
    assert_eq!(done(&world, AuditWhat::ConsentAdded).await, 1);
    assert_eq!(done(&world, AuditWhat::ConsentRemoved).await, 1);
    assert_eq!(done(&world, AuditWhat::ContactRemoved).await, 1);
}

async fn what_works_on_a_contact_is_noted(database: Database) {
    let world = World::new(database).await;
    let contact = made(&world, "15550100002", "Bob").await;
    let flow = ContactChange { automation: Some(AutomationState::Flow), ..ContactChange::default() };
    for _ in 0..2 {
        let changed = world.store.contacts().change(&world.ours, contact.id, flow.clone(), &author()).await;
        assert_eq!(changed.expect("changed").expect("there").automation, AutomationState::Flow);
    }
    assert_eq!(done(&world, AuditWhat::ContactAutomationSet).await, 1, "what stays as it is, is no news");
}

async fn a_file_is_taken_in_part_by_part_and_each_part_once(database: Database) {
    let world = World::new(database).await;
    let contacts = world.store.contacts();
    let known = made(&world, "15550100000", "Known").await;
    let line = |n: u32| ImportLine {
        phone: phone(&format!("155501{n:05}")),
        name: (n > 0).then(|| format!("Customer {n}")),
        owner: None,
        branch: (n == 1).then_some(world.north),
        tags: vec!["fair".to_owned()],
        lead_reference: None,
        opt_in: (n < 3)
            .then(|| OptIn { evidence: "form 7".to_owned(), at: Timestamp::from_seconds(1_790_000_000) }),
    };
    let mut lines: Vec<ImportLine> = (0..60).map(line).collect();
    lines[0].phone = phone("15550100000");
    let refused = vec![Refused { line: 9, field: "phone".to_owned(), why: "no number".to_owned() }];
    let begun =
        contacts.begin_import(&world.ours, lines, refused, &author(), |_| Vec::new()).await.expect("kept");
    assert_eq!((begun.lines, begun.lines_done, begun.refused_count), (60, 0, 1));
    let parts = world.database.raw().await.text("SELECT lines FROM contact_import_parts LIMIT 1").await;
    assert!(parts.starts_with("sealed."), "{parts}");
    assert_eq!(contacts.import_more(&world.theirs, begun.id, &author()).await.expect("an answer"), None);

    // Two at once: each part is taken in by one of them.
    let work = async || {
        while contacts.import_more(&world.ours, begun.id, &author()).await.expect("taken in").is_some() {}
    };
    tokio::join!(work(), work());
    let through = contacts.import(&world.ours, begun.id).await.expect("an answer").expect("there");
    assert_eq!((through.lines_done, through.created, through.updated), (60, 59, 1));
    assert!(through.finished_at.is_some());
    assert_eq!(world.database.raw().await.count("contact_import_parts").await, 0);
    assert_eq!(world.database.raw().await.count("consents").await, 3);
    let known = contacts.by_id(&world.ours, known.id).await.expect("an answer").expect("there");
    assert_eq!((known.name.as_deref(), known.tags.as_slice()), (Some("Known"), &["fair".to_owned()][..]));
    assert_eq!(done(&world, AuditWhat::ContactsImported).await, 1);
    let south = found(&world, &world.only(world.south), ContactFilter::default()).await;
    assert_eq!(south.len(), 50, "the one of the north is not among them");

    // The same file again: nobody is there twice, no consent is.
    let again = (0..60).map(line).collect();
    let again =
        contacts.begin_import(&world.ours, again, Vec::new(), &author(), |_| Vec::new()).await.expect("kept");
    while contacts.import_more(&world.ours, again.id, &author()).await.expect("taken in").is_some() {}
    assert_eq!(world.database.raw().await.count("contacts").await, 60);
    assert_eq!(world.database.raw().await.count("consents").await, 3);
}

async fn the_list_is_read_page_by_page(database: Database) {
    let world = World::new(database).await;
    for n in 0..7 {
        made(&world, &format!("1555010000{n}"), "Somebody").await;
    }
    let contacts = world.store.contacts();
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = contacts.list(&world.ours, &ContactFilter::default(), after, 3).await.expect("a page");
        seen.extend(page.items.iter().map(|contact| contact.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let mut distinct = seen.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!((seen.len(), distinct.len()), (7, 7));
    assert_eq!(json!(seen.len()), json!(7));
}

async fn a_file_is_taken_in_by_who_brought_it_whoever_goes_on_with_it(database: Database) {
    let world = World::new(database).await;
    let contacts = world.store.contacts();
    let line = ImportLine {
        phone: phone("15550100001"),
        name: None,
        owner: None,
        branch: None,
        tags: Vec::new(),
        lead_reference: None,
        opt_in: Some(OptIn { evidence: "form 7".to_owned(), at: NOON }),
    };
    let ana = AuditBy::Person { id: UserId::from_uuid(Uuid::from_u128(7)), name: "Ana".to_owned() };
    let brought = Author { who: ana.clone(), ..author() };
    let begun = contacts
        .begin_import(&world.ours, vec![line], Vec::new(), &brought, |_| Vec::new())
        .await
        .expect("kept");
    while contacts.import_more(&world.ours, begun.id, &author()).await.expect("taken in").is_some() {}
    let filter = AuditFilter { what: vec![AuditWhat::ContactsImported], ..AuditFilter::default() };
    let log = world.store.audit().list(&world.ours, &filter, None, 50).await.expect("the log");
    assert_eq!(log.items[0].entry.who, ana);
    let by = world.database.raw().await.text("SELECT recorded_by_name FROM consents").await;
    assert_eq!(by, "Ana");
}

async fn a_number_is_found_whole_without_its_country_and_by_what_others_call_it(database: Database) {
    let world = World::new(database).await;
    let maria = made(&world, "5511987654321", "Maria").await;
    let bob = made(&world, "15550100002", "Bob").await;
    let change =
        ContactChange { lead_reference: Some(Some("20261120001".to_owned())), ..ContactChange::default() };
    world.store.contacts().change(&world.ours, bob.id, change, &author()).await.expect("changed");
    let search = |text: &str| ContactFilter { search: Some(text.to_owned()), tag: None };
    for (query, who) in [
        ("+55 11 8765-4321", maria.id),
        ("11 98765-4321", maria.id),
        ("87654321", maria.id),
        ("20261120001", bob.id),
    ] {
        assert_eq!(found(&world, &world.ours, search(query)).await, [who], "{query}");
    }
    let tagged = ContactFilter { tag: Some("vip".to_owned()), ..search("5511987654321") };
    assert!(found(&world, &world.ours, tagged).await.is_empty());
    assert!(found(&world, &world.theirs, search("5511987654321")).await.is_empty());
}

async fn a_search_that_finds_little_goes_on_from_page_to_page(database: Database) {
    const MANY: u32 = 20_500;
    let world = World::new(database).await;
    let tenant = world.database.quoted(world.ours.tenant.uuid());
    let (rows, id, no, json) = if world.database.is_postgres() {
        (format!("generate_series(1, {MANY}) AS n"), "gen_random_uuid()", "false", "'[]'::jsonb")
    } else {
        let series = format!(
            "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {MANY}) SELECT n FROM s)"
        );
        (series, "randomblob(16)", "0", "'[]'")
    };
    let at = "'2026-11-20T12:00:00+00:00'";
    let sql = format!(
        "INSERT INTO contacts (id, tenant_id, branch_by_hand, phone, phone_key, name, tags, automation_state, do_not_call, \
         search_text, listed_at, created_at, updated_at) SELECT {id}, {tenant}, {no}, ('5511' || (900000000 + n)), \
         ('5511' || (900000000 + n)), 'Customer', {json}, 'none', {no}, 'customer', {at}, {at}, {at} FROM {rows}"
    );
    world.database.raw().await.execute(&sql).await;
    let old = {
        let long_ago = Author::exchange(NOON.minus(std::time::Duration::from_secs(86_400)));
        let change = ContactChange { name: Some(Some("Zoe".to_owned())), ..ContactChange::default() };
        let new = NewContact { phone: Some(phone("15550100002")), user_id: None, change };
        world.store.contacts().create(&world.ours, new, &long_ago).await.expect("made").id
    };
    let filter = ContactFilter { search: Some("zoe".to_owned()), tag: None };
    let contacts = world.store.contacts();
    let first = contacts.list(&world.ours, &filter, None, 50).await.expect("a page");
    assert!(
        first.items.is_empty() && first.next.is_some(),
        "nothing among those looked through, and there are more"
    );
    let second = contacts.list(&world.ours, &filter, first.next, 50).await.expect("a page");
    assert_eq!(second.items.iter().map(|contact| contact.id).collect::<Vec<_>>(), [old]);
    assert_eq!(second.next, None);
}

on_both_databases!(
    a_file_is_taken_in_by_who_brought_it_whoever_goes_on_with_it,
    a_number_is_found_whole_without_its_country_and_by_what_others_call_it,
    a_search_that_finds_little_goes_on_from_page_to_page,
    a_contact_is_found_by_name_number_and_tag_and_made_once,
    a_contact_of_a_branch_is_seen_by_that_branch,
    who_said_no_is_not_forgotten_until_somebody_takes_it_back,
    what_works_on_a_contact_is_noted,
    a_file_is_taken_in_part_by_part_and_each_part_once,
    the_list_is_read_page_by_page,
);
