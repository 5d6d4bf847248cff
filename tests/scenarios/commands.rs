//! The command line about customers: what they allow, who they are, whether they may be called.

use serde_json::json;

use crate::support::cli::switchboard;
use crate::support::patience::eventually;
use crate::support::permission::has_allowed_calls;
use crate::support::world::{Plan, World};

const CUSTOMER: &str = "15550100002";

async fn world() -> World {
    let settings = vec![
        ("WHATSAPP_BUSINESS_CALLS_ENABLED", "true".to_owned()),
        ("SWITCHBOARD_NUMBER_PHONE", "+44 7700 900001".to_owned()),
    ];
    World::start(Plan { settings, ..Plan::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn permissions_are_asked_for_and_shown() {
    let world = world().await;
    let nobody = switchboard(&world, &["permissions", "show", "+1 555 010 0002"]).await;
    assert!(
        !nobody.well && nobody.err.contains("is known") && nobody.err.contains("country code"),
        "{nobody:?}"
    );
    let nonsense = switchboard(&world, &["permissions", "request", "call me"]).await;
    assert!(!nonsense.well && nonsense.err.contains("(invalid_phone)"), "{nonsense:?}");
    assert!(nonsense.err.contains("Write the number with its country"), "{nonsense:?}");

    world.simulator.write(CUSTOMER, "Hello").expect("written");
    eventually("the customer is known", || async {
        let (_, page) = world.api(reqwest::Method::GET, &format!("/api/v1/contacts?q={CUSTOMER}")).await;
        (!page["items"].as_array()?.is_empty()).then_some(())
    })
    .await;
    let human = "+1 (555) 010-0002";
    let asked = switchboard(&world, &["permissions", "request", human, "--text", "May we call you?"]).await;
    assert!(asked.well && asked.out.contains("requested") && asked.out.contains("1 of 2"), "{asked:?}");
    let again = switchboard(&world, &["permissions", "request", human]).await;
    assert!(!again.well && again.err.contains("Try again after"), "it says when: {again:?}");

    let refreshed = switchboard(&world, &["permissions", "show", human, "--refresh"]).await;
    assert!(
        refreshed.well && refreshed.out.contains("1 of 1"),
        "Meta counts it once, and so do we: {refreshed:?}"
    );

    let name = world.number().await.name;
    let shown =
        switchboard(&world, &["permissions", "show", human, "--number", &name, "--json"]).await.json();
    assert_eq!(shown["items"].as_array().map(Vec::len), Some(1), "{shown}");
    assert_eq!(shown["items"][0]["status"], "requested", "{shown}");
    assert_eq!(shown["items"][0]["history"][0]["event"], "requested", "{shown}");
    let unknown = switchboard(&world, &["permissions", "show", human, "--number", "Sales"]).await;
    assert!(!unknown.well && unknown.err.contains(&name), "it says which there are: {unknown:?}");

    world.simulator.reply(CUSTOMER, switchboard_simulator::permissions::Answer::Temporary).expect("answered");
    let granted = eventually("it is granted", || async {
        let shown = switchboard(&world, &["permissions", "show", human, "--refresh"]).await;
        (shown.well && shown.out.contains("temporary")).then_some(shown)
    })
    .await;
    for part in ["Call until", "granted", "1 of 1"] {
        assert!(granted.out.contains(part), "{part}: {}", granted.out);
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_a_customer_may_be_called_is_said_with_every_reason_and_what_to_do() {
    let world = world().await;
    let no = switchboard(&world, &["eligibility", "+1 (555) 010-0002"]).await;
    assert!(no.well && no.out.starts_with("May not be called from"), "{no:?}");
    for part in ["permission_missing", "no_conversation", "request_permission"] {
        assert!(no.out.contains(part), "{part}: {}", no.out);
    }
    has_allowed_calls(&world, CUSTOMER).await;
    let (agent, _) = world.agent("ana@example.com").await;
    let name = world.number().await.name;
    let yes = switchboard(&world, &["eligibility", "+15550100002", "--number", &name, "--json"]).await.json();
    assert_eq!((&yes["allowed"], &yes["reasons"]), (&json!(true), &json!([])), "{yes}");
    let human = switchboard(&world, &["eligibility", "+15550100002"]).await;
    assert!(human.out.starts_with(&format!("May be called from {name}.")), "{human:?}");
    for nonsense in ["call me", "+1", "+99 9"] {
        let wrong = switchboard(&world, &["eligibility", nonsense]).await;
        assert!(!wrong.well && wrong.err.contains("422") && wrong.err.contains("invalid_phone"), "{wrong:?}");
    }
    drop(agent);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_are_listed_and_taken_in_from_a_file() {
    let world = world().await;
    let file = world.folder().join("customers.csv");
    let lines = "phone,name,tags,opt_in,opt_in_evidence\n\
        +1 (555) 010-0002,Mary,vip,yes,form 7\ncall me,Bob,,,\n+5511982114477,Maria,fair,,\n";
    std::fs::write(&file, lines).expect("written");
    let path = file.to_str().expect("text");
    let imported = switchboard(&world, &["contacts", "import", path]).await;
    assert!(imported.well && imported.out.starts_with("2 made, 0 changed, 1 refused"), "{imported:?}");
    assert!(
        imported.out.contains('3') && imported.out.contains("no phone number"),
        "which line, and why: {imported:?}"
    );
    let again = switchboard(&world, &["contacts", "import", path, "--json"]).await.json();
    assert_eq!((&again["created"], &again["updated"]), (&json!(0), &json!(2)), "{again}");
    let all = switchboard(&world, &["contacts", "list"]).await;
    assert!(all.well && all.out.contains("Mary") && all.out.contains("+55 11 98211-4477"), "{all:?}");
    let tagged = switchboard(&world, &["contacts", "list", "--tag", "vip", "--json"]).await.json();
    assert_eq!(tagged["items"].as_array().map(Vec::len), Some(1), "{tagged}");
    assert_eq!(tagged["items"][0]["name"], "Mary");
    let found = switchboard(&world, &["contacts", "list", "98211-4477", "--json"]).await.json();
    assert_eq!(found["items"][0]["name"], "Maria", "{found}");

    let gone = switchboard(&world, &["contacts", "import", "/nowhere/customers.csv"]).await;
    assert!(!gone.well && gone.err.contains("/nowhere/customers.csv"), "{gone:?}");
    std::fs::write(&file, "shoe size\n42\n").expect("written");
    let wrong = switchboard(&world, &["contacts", "import", path]).await;
    assert!(!wrong.well && wrong.err.contains("invalid_file"), "{wrong:?}");
    world.stop().await;
}
