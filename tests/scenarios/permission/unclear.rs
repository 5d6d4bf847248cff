//! Nobody knows whether a request for the permission went out: it counts, and is not repeated.

use switchboard_simulator::GraphFault;

use super::*;
use crate::support::process::Outside;

fn broken_messages(carried_out: bool) -> Faults {
    Faults {
        graph_error: Some(GraphFault {
            code: 2,
            http_status: 503,
            action: Some("messages".to_owned()),
            probability: 1.0,
            carried_out,
        }),
        ..Faults::default()
    }
}

/// So many requests the customer has got.
fn got(simulator: &switchboard_simulator::Simulator) -> usize {
    let messages = simulator.pair(CUSTOMER).expect("a pair").messages;
    messages.iter().filter(|message| message.kind.contains("permission")).count()
}

async fn is_not_asked_again(world: &World) {
    let (status, refused) = ask(world, json!({ "phone": CUSTOMER })).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("permission_limit")), "{refused}");
    assert_eq!(refused["why"], "limit_day");
    assert!(refused["next_at"].is_string(), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_whose_answer_was_lost_counts_and_what_the_customer_says_to_it_holds() {
    let world = World::with_destination("agents").await;
    world.simulator.write(CUSTOMER, "Hello").expect("written");
    contact_of(&world, CUSTOMER).await;
    world.simulator.set_faults(broken_messages(true));
    let (status, asked) = ask(&world, json!({ "phone": CUSTOMER })).await;
    assert_eq!(status, StatusCode::CREATED, "{asked}");
    assert_eq!(asked["message"]["status"], "unclear", "{asked}");
    assert_eq!(
        (&asked["permission"]["status"], &asked["permission"]["requests"]["used_day"]),
        (&json!("requested"), &json!(1)),
        "{asked}"
    );
    assert_eq!(got(&world.simulator), 1);
    world.simulator.set_faults(Faults::default());
    is_not_asked_again(&world).await;
    assert_eq!(got(&world.simulator), 1, "it was not repeated");

    world.simulator.reply(CUSTOMER, Answer::Temporary).expect("answered");
    let granted = stands(&world, CUSTOMER, "temporary").await;
    assert_eq!(granted["allows_call"], true, "{granted}");
    assert_eq!(granted["requests"]["used_day"], 1, "one request, whatever became of our answer: {granted}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_never_left_counts_until_the_provider_says_better() {
    let world = World::with_destination("agents").await;
    world.simulator.write(CUSTOMER, "Hello").expect("written");
    let contact = contact_of(&world, CUSTOMER).await;
    world.simulator.set_faults(broken_messages(false));
    let (status, asked) = ask(&world, json!({ "phone": CUSTOMER })).await;
    assert_eq!((status, &asked["message"]["status"]), (StatusCode::CREATED, &json!("unclear")), "{asked}");
    assert_eq!(got(&world.simulator), 0);
    world.simulator.set_faults(Faults::default());
    is_not_asked_again(&world).await;

    // His books know of none: when they are asked, what they say wins.
    let number = world.number().await.id.to_string();
    let pair = json!({ "contact_id": contact["id"], "number_id": number });
    eventually("the provider's books count none", || async {
        let (_, looked_up) = world.api_with(Method::POST, "/api/v1/permissions/refresh", &pair).await;
        (looked_up["requests"]["used_day"] == 0).then_some(())
    })
    .await;
    let (status, asked) = ask(&world, json!({ "phone": CUSTOMER })).await;
    assert_eq!(status, StatusCode::CREATED, "{asked}");
    assert_eq!(got(&world.simulator), 1);
    world.stop().await;
}

/// The request is on its way when the process dies: the next one knows of it.
async fn killed_while_asking(delay_ms: u64, reaches_him: bool) {
    let outside = Outside::new("agents", 8).await;
    let mut process = outside.start().await;
    outside.simulator.write(CUSTOMER, "Hello").expect("written");
    let contact = eventually("the customer is known", || async {
        let (_, page) = outside.api(Method::GET, "/api/v1/contacts", None).await;
        Some(page["items"].as_array()?.first()?["id"].as_str()?.to_owned())
    })
    .await;
    outside.simulator.set_faults(Faults {
        graph_delay_ms: delay_ms,
        // Answered late, or refused late: nobody waits for it any more.
        ..broken_messages(reaches_him)
    });
    let (_, numbers) = outside.api(Method::GET, "/api/v1/numbers", None).await;
    let number = numbers["items"][0]["id"].as_str().expect("a number").to_owned();
    let book = format!("/api/v1/permissions/{contact}/{number}");
    let used = async || outside.api(Method::GET, &book, None).await.1["requests"]["used_day"].clone();
    let request = reqwest::Client::new()
        .post(format!("http://{}/api/v1/permissions/request", outside.address))
        .bearer_auth(crate::support::world::API_KEY)
        .json(&json!({ "contact_id": contact }));
    let asking = tokio::spawn(request.send());
    eventually("its place is taken", || async { (used().await == 1).then_some(()) }).await;
    if reaches_him {
        eventually("the customer has got it", || async { (got(&outside.simulator) == 1).then_some(()) })
            .await;
    }
    process.kill();
    assert!(asking.await.expect("it ran").is_err(), "nobody answered");
    outside.simulator.set_faults(Faults::default());

    let _process = outside.start().await;
    assert_eq!(used().await, 1, "the ledger knows");
    let asked = json!({ "contact_id": contact });
    let (status, refused) = outside.api(Method::POST, "/api/v1/permissions/request", Some(asked)).await;
    assert_eq!((status, &refused["why"]), (StatusCode::CONFLICT, &json!("limit_day")), "{refused}");
    assert_eq!(got(&outside.simulator), usize::from(reaches_him));
    if reaches_him {
        outside.simulator.reply(CUSTOMER, Answer::Permanent).expect("answered");
        eventually("what he says holds", || async {
            let (_, permission) = outside.api(Method::GET, &book, None).await;
            (permission["status"] == "permanent").then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_after_the_request_reached_the_customer_asks_him_no_second_time() {
    killed_while_asking(10_000, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_before_the_request_reached_anybody_counts_it_all_the_same() {
    killed_while_asking(10_000, false).await;
}
