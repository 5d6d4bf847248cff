//! Meta's own test number: it may ask 25 times a day, and only whom it has on its list.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use switchboard_simulator::NumberChange;

use crate::support::cli::switchboard;
use crate::support::patience::eventually;
use crate::support::world::{Plan, World, account};

const CUSTOMER: &str = "15550100002";

fn test_number(recipients: &[&str]) -> NumberChange {
    NumberChange {
        test_number: Some(true),
        allowed_recipients: Some(recipients.iter().map(|one| (*one).to_owned()).collect()),
        ..NumberChange::default()
    }
}

async fn reasons(world: &World) -> Vec<Value> {
    let (_, dry) = world.api(Method::GET, &format!("/api/v1/eligibility?phone=%2B{CUSTOMER}")).await;
    let reasons = dry["reasons"].as_array().expect("reasons").iter();
    reasons.map(|reason| reason["code"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_number_is_marked_from_the_command_line_and_has_the_limits_of_one() {
    let settings = vec![("WHATSAPP_BUSINESS_CALLS_ENABLED", "true".to_owned())];
    let world = World::start(Plan { settings, ..Plan::default() }).await;
    world.simulator.change_number(&account().numbers[0].id, test_number(&[CUSTOMER])).expect("a number");
    world.simulator.write(CUSTOMER, "Hello").expect("written");
    let contact = eventually("the customer is known", || async {
        let (_, page) = world.api(Method::GET, &format!("/api/v1/contacts?q={CUSTOMER}")).await;
        Some(page["items"].as_array()?.first()?["id"].as_str()?.to_owned())
    })
    .await;

    let before = switchboard(&world, &["calling", "status", "--json"]).await.json();
    assert_eq!(before["ours"]["sandbox"], false);
    // A look changes nothing, and says what does.
    for refused in [vec!["calling", "status", "--sandbox"], vec!["calling", "sandbox", "off", "--sandbox"]] {
        let refused = switchboard(&world, &refused).await;
        assert!(!refused.well && refused.err.contains("calling sandbox on"), "{refused:?}");
    }
    let after = switchboard(&world, &["calling", "status", "--json"]).await.json();
    assert_eq!(after["ours"]["sandbox"], false);
    for (switch, shown) in [("on", true), ("off", false), ("on", true)] {
        let marked = switchboard(&world, &["calling", "sandbox", switch]).await;
        assert!(marked.well, "{marked:?}");
        let status = switchboard(&world, &["calling", "status"]).await;
        let row = status.out.lines().find(|line| line.contains("Meta's test number")).expect("a row");
        assert!(row.contains(switch), "{status:?}");
        let status = switchboard(&world, &["calling", "status", "--json"]).await.json();
        assert_eq!(status["ours"]["sandbox"], shown);
    }

    let number = world.number().await.id;
    let path = format!("/api/v1/permissions/{contact}/{number}");
    let ask = async || {
        let body = json!({ "contact_id": contact });
        world.api_with(Method::POST, "/api/v1/permissions/request", &body).await
    };
    for round in 1..=25 {
        let (status, asked) = ask().await;
        assert_eq!(status, StatusCode::CREATED, "request {round}: {asked}");
    }
    let (_, wallet) = world.api(Method::GET, &path).await;
    assert_eq!(
        (&wallet["requests"]["used_day"], &wallet["requests"]["max_day"]),
        (&json!(25), &json!(25)),
        "{wallet}"
    );
    assert_eq!(
        (&wallet["requests"]["used_week"], &wallet["requests"]["max_week"]),
        (&json!(25), &json!(100)),
        "{wallet}"
    );
    assert_eq!(
        (&wallet["unanswered_warn"], &wallet["unanswered_block"]),
        (&json!(5), &json!(10)),
        "{wallet}"
    );
    let (status, refused) = ask().await;
    assert_eq!((status, &refused["why"]), (StatusCode::CONFLICT, &json!("limit_day")), "{refused}");
    let messages = world.simulator.pair(CUSTOMER).expect("a pair").messages;
    assert_eq!(messages.iter().filter(|message| message.kind.contains("permission")).count(), 25);
    // Meta's books say the same.
    let pair = json!({ "contact_id": contact, "number_id": number.to_string() });
    let (_, looked_up) = world.api_with(Method::POST, "/api/v1/permissions/refresh", &pair).await;
    assert_eq!(
        (&looked_up["requests"]["max_day"], &looked_up["requests"]["max_week"]),
        (&json!(25), &json!(100)),
        "{looked_up}"
    );

    // Who is not on its list: Meta refuses, it costs nothing, and it is said what to do.
    let stranger = "15550100077";
    world.simulator.write(stranger, "Hello").expect("written");
    eventually("he is known", || async {
        let (_, page) = world.api(Method::GET, &format!("/api/v1/contacts?q={stranger}")).await;
        (!page["items"].as_array()?.is_empty()).then_some(())
    })
    .await;
    let (status, refused) = world
        .api_with(Method::POST, "/api/v1/permissions/request", &json!({ "phone": format!("+{stranger}") }))
        .await;
    assert_eq!((status, &refused["provider_code"]), (StatusCode::CONFLICT, &json!(131_030)), "{refused}");
    assert!(refused["remedy"].as_str().is_some_and(|text| text.len() > 10), "{refused}");
    let said = switchboard(&world, &["permissions", "request", &format!("+{stranger}")]).await;
    assert!(
        !said.well
            && said
                .err
                .contains(refused["remedy"].as_str().expect("text").split(' ').next().expect("a word")),
        "{said:?}"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mark_says_nothing_about_countries_and_the_operator_does() {
    for (without, refused) in [("US,CA", true), ("none", false)] {
        let settings = vec![
            ("WHATSAPP_BUSINESS_CALLS_ENABLED", "true".to_owned()),
            ("SWITCHBOARD_NUMBER_PHONE", "+1 555 010 0001".to_owned()),
            ("SWITCHBOARD_COUNTRIES_WITHOUT_BUSINESS_CALLS", without.to_owned()),
        ];
        let world = World::start(Plan { settings, ..Plan::default() }).await;
        let marked = switchboard(&world, &["calling", "sandbox", "on"]).await;
        assert!(marked.well, "{marked:?}");
        let reasons = reasons(&world).await;
        assert_eq!(reasons.contains(&json!("country_not_offered")), refused, "{reasons:?}");
        world.stop().await;
    }
}
