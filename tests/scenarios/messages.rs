//! What is written between a business and its customers, and what it means for calling them.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::permission::{contact_of, post};
use crate::support::patience::eventually;
use crate::support::world::{API_KEY, World, account};

const CUSTOMER: &str = "15550100002";

async fn written(world: &World) -> String {
    let contact = contact_of(world, CUSTOMER).await;
    contact["id"].as_str().expect("an id").to_owned()
}

async fn consents(world: &World, contact: &str) -> Vec<Value> {
    let (_, list) = world.api(Method::GET, &format!("/api/v1/contacts/{contact}/consents")).await;
    list["items"].as_array().expect("a list").clone()
}

async fn said(world: &World, contact: &str, kind: &str) -> Value {
    eventually(&format!("a consent of the kind {kind}"), || async {
        consents(world, contact).await.into_iter().find(|consent| consent["kind"] == kind)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_to_be_called_is_kept_with_its_words_and_an_opt_out_wins() {
    let world = World::with_destination("agents").await;
    world.simulator.write(CUSTOMER, "Please call me").expect("written");
    let contact = written(&world).await;
    let wish = said(&world, &contact, "call_request").await;
    assert_eq!((&wish["evidence_text"], &wish["source"]), (&json!("Please call me"), &json!("message")));
    assert!(wish["message_id"].is_string() && wish["valid_until"].is_string(), "{wish}");

    world.simulator.write(CUSTOMER, "Don't call me any more").expect("written");
    let no = said(&world, &contact, "opt_out").await;
    let (_, now) = world.api(Method::GET, &format!("/api/v1/contacts/{contact}")).await;
    assert_eq!(now["do_not_call"], true, "{now}");
    let (status, refused) =
        world.api_with(Method::POST, "/api/v1/permissions/request", &json!({ "contact_id": contact })).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("opted_out")), "{refused}");
    let (status, refused) = world.api(Method::DELETE, &format!("/api/v1/contacts/{contact}")).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("customer_said_no")), "{refused}");

    let id = no["id"].as_str().expect("an id");
    assert_eq!(world.api(Method::DELETE, &format!("/api/v1/consents/{id}")).await.0, StatusCode::NO_CONTENT);
    let (_, now) = world.api(Method::GET, &format!("/api/v1/contacts/{contact}")).await;
    assert_eq!(now["do_not_call"], false, "{now}");
    let (_, audit) = world.api(Method::GET, "/api/v1/audit?what=consent.removed").await;
    assert_eq!(audit["items"].as_array().expect("a list").len(), 1, "{audit}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_offered_and_a_yes_within_the_hour_is_a_consent() {
    let world = World::with_destination("agents").await;
    world.simulator.write(CUSTOMER, "My order is late").expect("written");
    let contact = written(&world).await;
    let path = format!("/api/v1/contacts/{contact}/messages");
    let offer = json!({ "text": "May we call you about it?", "offers_call": true });
    let (status, sent) = world.api_with(Method::POST, &path, &offer).await;
    assert_eq!(status, StatusCode::CREATED, "{sent}");
    assert_eq!(sent["status"], "sent", "{sent}");
    world.simulator.write(CUSTOMER, "yes").expect("written");
    let yes = said(&world, &contact, "offer_accepted").await;
    assert_eq!(yes["evidence_text"], "yes");
    // The same word without an offer is only a word.
    world.simulator.write(CUSTOMER, "yes").expect("written");
    eventually("the second one is there", || async {
        let (_, page) = world.api(Method::GET, &path).await;
        (page["items"].as_array()?.iter().filter(|message| message["text"] == "yes").count() == 2)
            .then_some(())
    })
    .await;
    assert_eq!(consents(&world, &contact).await.len(), 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_followed_to_the_customers_eyes_and_outside_the_window_it_is_not_sent() {
    let world = World::with_destination("agents").await;
    let (status, made) =
        world.api_with(Method::POST, "/api/v1/contacts", &json!({ "phone": CUSTOMER, "name": "Mary" })).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let contact = made["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/contacts/{contact}/messages");
    let (status, refused) = world.api_with(Method::POST, &path, &json!({ "text": "Hello" })).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("window_closed")), "{refused}");

    world.simulator.write(CUSTOMER, "Hello").expect("written");
    eventually("the window is open", || async {
        let (_, contact) = world.api(Method::GET, &format!("/api/v1/contacts/{contact}")).await;
        contact["window_until"].is_string().then_some(())
    })
    .await;
    let button =
        json!({ "kind": "voice_call", "text": "Call us", "button": "Call now", "payload": "order-42" });
    for body in [json!({ "text": "Hello Mary" }), button] {
        let (status, sent) = world.api_with(Method::POST, &path, &body).await;
        assert_eq!(status, StatusCode::CREATED, "{sent}");
        let id = sent["id"].clone();
        eventually("it was read", || async {
            let (_, page) = world.api(Method::GET, &path).await;
            page["items"]
                .as_array()?
                .iter()
                .find(|message| message["id"] == id && message["status"] == "read")
                .cloned()
        })
        .await;
    }
    let (status, refused) = world.api_with(Method::POST, &path, &json!({ "text": "x".repeat(4_097) })).await;
    assert_eq!(
        (status, &refused["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("invalid_message")),
        "{refused}"
    );
    let stored = world.simulator.pair(CUSTOMER).expect("a pair").messages;
    assert!(stored.iter().any(|message| message.payload.as_deref() == Some("order-42")), "{stored:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_comes_by_number_and_by_id_is_one_contact() {
    let world = World::with_destination("agents").await;
    let value = |from: Value| {
        let number = &account().numbers[0];
        let id = format!("wamid.{}", from["id"].as_str().expect("an id"));
        let mut message = json!({ "id": id, "timestamp": world.simulator.now().to_string(), "type": "text",
            "text": { "body": "Hello" } });
        for name in ["from", "from_user_id"] {
            if from[name].is_string() {
                message[name] = from[name].clone();
            }
        }
        json!({ "object": "whatsapp_business_account", "entry": [{ "id": account().waba_id, "changes": [{
            "field": "messages", "value": { "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "15550100001", "phone_number_id": number.id },
            "messages": [message] } }] }] })
    };
    post(&world, &value(json!({ "id": "1", "from": "551187654321" }))).await;
    post(&world, &value(json!({ "id": "2", "from_user_id": "BR.42" }))).await;
    eventually("two are known", || async {
        let (_, page) = world.api(Method::GET, "/api/v1/contacts").await;
        (page["items"].as_array()?.len() == 2).then_some(())
    })
    .await;
    post(&world, &value(json!({ "id": "3", "from": "5511987654321", "from_user_id": "BR.42" }))).await;
    let only = eventually("they are one", || async {
        let (_, page) = world.api(Method::GET, "/api/v1/contacts").await;
        match page["items"].as_array()?.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        }
    })
    .await;
    assert_eq!((&only["user_id"], &only["phone"]), (&json!("BR.42"), &json!("+551187654321")), "{only}");
    let path = format!("/api/v1/contacts/{}/messages", only["id"].as_str().expect("an id"));
    let (_, page) = world.api(Method::GET, &path).await;
    assert_eq!(page["items"].as_array().expect("a list").len(), 3, "{page}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_contacts_is_taken_in_at_once_or_in_the_background() {
    let world = World::with_destination("agents").await;
    let upload = async |csv: String| {
        let request = world.client().post(world.url("/api/v1/contacts/import")).bearer_auth(API_KEY);
        let answer = request.header("content-type", "text/csv").body(csv).send().await.expect("an answer");
        let status = answer.status();
        (status, answer.json::<Value>().await.unwrap_or_default())
    };
    let small = "phone,name,tags,opt_in,opt_in_evidence\n\
        +1 (555) 010-0002,Mary,vip,yes,form 7\ncall me,Bob,,,\n+15550100002,Mary O'Neill,fair,,\n";
    let (status, import) = upload(small.to_owned()).await;
    assert_eq!(status, StatusCode::OK, "{import}");
    assert_eq!((&import["created"], &import["refused_count"]), (&json!(1), &json!(1)), "{import}");
    assert_eq!(
        import["refused"],
        json!([{ "line": 3, "field": "phone",
        "why": "there is something in it that belongs to no phone number" }])
    );
    let contact = contact_of(&world, CUSTOMER).await;
    assert_eq!(
        (&contact["name"], &contact["tags"]),
        (&json!("Mary O'Neill"), &json!(["vip", "fair"])),
        "{contact}"
    );
    let consents = consents(&world, contact["id"].as_str().expect("an id")).await;
    assert_eq!((&consents[0]["kind"], &consents[0]["source"]), (&json!("opt_in"), &json!("import")));

    let mut large = "phone,name\n".to_owned();
    for n in 0..1_500 {
        large.push_str(&format!("+1555020{n:04},Customer {n}\n"));
    }
    let (status, import) = upload(large).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{import}");
    let path = format!("/api/v1/contacts/imports/{}", import["id"].as_str().expect("an id"));
    let through = eventually("the file is through", || async {
        Some(world.api(Method::GET, &path).await.1).filter(|import| import["state"] == "done")
    })
    .await;
    assert_eq!((&through["created"], &through["lines_done"]), (&json!(1_500), &json!(1_500)), "{through}");
    let (status, refused) = upload("shoe size\n42\n".to_owned()).await;
    assert_eq!(
        (status, &refused["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("invalid_file")),
        "{refused}"
    );
    world.stop().await;
}
