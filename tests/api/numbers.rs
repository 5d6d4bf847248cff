//! A number's settings.

use std::time::Duration;

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::person::Person;
use crate::support::patience::within;
use crate::support::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_changes_what_he_names_and_the_rest_stays() {
    let world = World::with_destination("agents").await;
    let before = world.number().await;
    let path = format!("/api/v1/numbers/{}", before.id);
    let (status, shown) = world.api(Method::GET, &path).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        (&shown["srtp_key_exchange"], &shown["additional_codecs"], &shown["answer_window_s"]),
        (&json!("dtls"), &json!([]), &json!(28))
    );

    let person = Person::sign_in(&world).await;
    let wanted = json!({"name": "Front desk", "answer_window_s": 40, "srtp_key_exchange": "sdes",
        "additional_codecs": ["pcma", "pcmu"]});
    let told = json!({"name": "Front desk", "answer_window_s": 40, "srtp_key_exchange": "sdes",
        "additional_codecs": ["pcmu", "pcma"]});
    let answer = change(&world, &person, &path, &wanted).await;
    assert_eq!(answer.0, StatusCode::OK, "{}", answer.1);
    assert_eq!((&answer.1["name"], &answer.1["answer_window_s"]), (&json!("Front desk"), &json!(40)));
    assert_eq!(answer.1["additional_codecs"], json!(["pcmu", "pcma"]));
    assert_eq!(answer.1["max_concurrent_calls"], shown["max_concurrent_calls"]);
    let (_, shown) = world.api(Method::GET, &path).await;
    assert_eq!(shown, answer.1);
    let (_, capacity) = world.api(Method::GET, "/api/whatsapp/calling").await;
    assert!(capacity.is_object(), "{capacity}");

    // Who changed what is written down once; saying what is so already changes nothing.
    let (status, _) = change(&world, &person, &path, &wanted).await;
    assert_eq!(status, StatusCode::OK);
    let (_, log) = world.api(Method::GET, "/api/v1/audit?what=number.changed").await;
    let [entry] = log["items"].as_array().expect("a list").as_slice() else { panic!("one entry: {log}") };
    assert_eq!(
        (&entry["subject"]["id"], &entry["detail"]),
        (&json!(before.id.to_string()), &told),
        "{entry}"
    );
    assert_eq!(entry["by"], "person", "{entry}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_has_its_own_patience_with_missing_webhooks() {
    let world = World::with_destination("echo").await;
    let number = world.number().await;
    let path = format!("/api/v1/numbers/{}", number.id);
    let engine = &world.exchange().engine;
    let set = async |hours: Value| {
        let answer = world.api_with(Method::PATCH, &path, &json!({"no_webhook_hours": hours})).await;
        assert_eq!((answer.0, &answer.1["no_webhook_hours"]), (StatusCode::OK, &hours), "{}", answer.1);
    };
    let missing = async |open: bool| {
        within(Duration::from_secs(50), "the alert comes or goes", || async {
            let (_, list) = world.api(Method::GET, "/api/v1/alerts").await;
            let mut found = list["items"].as_array()?.iter().filter(|alert| alert["kind"] == "no_webhook");
            let is_open = found.any(|alert| alert["resolved_at"].is_null());
            (is_open == open).then_some(())
        })
        .await;
    };
    let (_, shown) = world.api(Method::GET, &path).await;
    assert_eq!(shown["no_webhook_hours"], Value::Null, "as the installation, unless told otherwise");
    // Three hours of silence: too long for this number, not for the installation (24).
    let heard = engine.clock().now().minus(Duration::from_secs(3 * 3_600));
    engine.store().alerts().heard_of(vec![(number.tenant, number.id, heard)]).await.expect("noted");
    set(json!(2)).await;
    world.api_with(Method::PATCH, &path, &json!({"calling_enabled": true})).await;
    missing(true).await;
    set(json!(0)).await;
    missing(false).await;
    let too_long = world.api_with(Method::PATCH, &path, &json!({"no_webhook_hours": 9_000})).await;
    assert_eq!((too_long.0, &too_long.1["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("out_of_range")));
    set(Value::Null).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recording_needs_words_for_the_customer_or_a_confirmed_waiver() {
    let world = World::with_destination("agents").await;
    let path = format!("/api/v1/numbers/{}", world.number().await.id);
    let person = Person::sign_in(&world).await;
    let (_, shown) = world.api(Method::GET, &path).await;
    assert_eq!((&shown["recording_mode"], &shown["recording_announcement"]), (&json!("off"), &json!("en")));
    for (wanted, code) in [
        (json!({"recording_mode": "on", "recording_announcement": "own"}), "announcement_needed"),
        (json!({"recording_mode": "on", "recording_waiver": true}), "confirmation_needed"),
        (json!({"recording_mode": "sometimes"}), "unknown_word"),
        (json!({"notice_language": "de"}), "unknown_word"),
    ] {
        let (status, problem) = change(&world, &person, &path, &wanted).await;
        assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(code)), "{wanted}");
    }
    let wanted = json!({"recording_mode": "on", "recording_announcement": "own", "recording_waiver": true, "confirm": true});
    let (status, changed) = change(&world, &person, &path, &wanted).await;
    assert_eq!((status, &changed["recording_waiver"]), (StatusCode::OK, &json!(true)), "{changed}");
    // What holds it up cannot be taken away.
    let (status, problem) = change(&world, &person, &path, &json!({"recording_waiver": false})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("announcement_needed")));
    let wanted = json!({"recording_waiver": false, "recording_announcement": "pt-BR"});
    let (status, changed) = change(&world, &person, &path, &wanted).await;
    assert_eq!((status, &changed["recording_waived_at"]), (StatusCode::OK, &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_that_cannot_be_taken_says_which_and_why_and_nothing_changes() {
    let world = World::with_destination("agents").await;
    let before = world.number().await;
    let path = format!("/api/v1/numbers/{}", before.id);
    let person = Person::sign_in(&world).await;
    for (wanted, code, field) in [
        (json!({"name": " "}), "invalid_name", "name"),
        (json!({"destination": "moon"}), "unknown_word", "destination"),
        (json!({"srtp_key_exchange": "zrtp"}), "unknown_word", "srtp_key_exchange"),
        (json!({"name": "Kept back", "additional_codecs": ["isac"]}), "unknown_word", "additional_codecs"),
        (json!({"answer_window_s": 14}), "out_of_range", "answer_window_s"),
        (json!({"max_concurrent_calls": 0}), "out_of_range", "max_concurrent_calls"),
        (json!({"max_call_duration_s": 86_401}), "out_of_range", "max_call_duration_s"),
        (json!({"branch_id": "br_0199aaaabbbb7ccc8dddeeeeffff0001"}), "unknown_branch", "branch_id"),
        (json!({"branch_id": "north"}), "unknown_branch", "branch_id"),
    ] {
        let (status, problem) = change(&world, &person, &path, &wanted).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wanted}: {problem}");
        assert_eq!((&problem["code"], &problem["path"]), (&json!(code), &json!(field)), "{wanted}");
    }
    let (status, problem) = change(&world, &person, &path, &json!({"max_calls": 1})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_body")));
    assert_eq!(world.number().await, before);

    let unknown = "/api/v1/numbers/num_0199aaaabbbb7ccc8dddeeeeffff0001";
    assert_eq!(change(&world, &person, unknown, &json!({})).await.0, StatusCode::NOT_FOUND);
    world.agent("ana@example.com").await;
    let agent = Person::sign_in_as(&world, "ana@example.com").await;
    assert_eq!(agent.send(Method::GET, &path).await.status(), StatusCode::OK);
    let (status, problem) = change(&world, &agent, &path, &json!({"name": "Mine"})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("forbidden")));
}

async fn change(world: &World, who: &Person<'_>, path: &str, wanted: &Value) -> (StatusCode, Value) {
    let request = world.client().patch(world.url(path)).header(header::COOKIE, &who.cookie);
    let request = request.header(header::ORIGIN, world.url("")).json(wanted);
    let answer = request.send().await.expect("the exchange answers");
    (answer.status(), answer.json().await.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn own_words_are_taken_as_sound_and_nothing_else_and_cannot_be_taken_from_under_a_recording() {
    let world = World::with_destination("agents").await;
    let path = format!("/api/v1/numbers/{}", world.number().await.id);
    let upload = format!("{path}/recording-announcement");
    let person = Person::sign_in(&world).await;
    let send = async |method: Method, body: Vec<u8>| {
        let request =
            world.client().request(method, world.url(&upload)).header(header::COOKIE, &person.cookie);
        let request = request.header(header::ORIGIN, world.url("")).body(body);
        let answer = request.send().await.expect("the exchange answers");
        (answer.status(), answer.json::<Value>().await.unwrap_or_default())
    };
    for (body, status, code) in [
        (Vec::new(), StatusCode::UNPROCESSABLE_ENTITY, "no_sound"),
        (b"ID3 an mp3".to_vec(), StatusCode::UNPROCESSABLE_ENTITY, "not_audio"),
        (wav(61), StatusCode::UNPROCESSABLE_ENTITY, "sound_too_long"),
        (vec![0; 2 * 1_024 * 1_024 + 1], StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
    ] {
        let (refused, problem) = send(Method::PUT, body).await;
        assert_eq!((refused, &problem["code"]), (status, &json!(code)));
    }
    let heard = async |choice: &str| {
        let request = world.client().get(world.url(&format!("{upload}?choice={choice}")));
        let answer =
            request.header(header::COOKIE, &person.cookie).send().await.expect("the exchange answers");
        (answer.status(), answer.bytes().await.expect("a body"))
    };
    let (status, shipped) = heard("es").await;
    assert_eq!((status, &shipped[..4]), (StatusCode::OK, b"OggS".as_slice()));
    assert_ne!(shipped, heard("en").await.1);
    assert_eq!(heard("klingon").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(heard("own").await.0, StatusCode::NOT_FOUND, "nothing was uploaded");
    let (status, taken) = send(Method::PUT, wav(2)).await;
    assert_eq!((status, &taken["own_announcement_ms"]), (StatusCode::OK, &json!(2_000)), "{taken}");
    let (status, own) = heard("own").await;
    assert_eq!((status, &own[..4]), (StatusCode::OK, b"OggS".as_slice()));
    let wanted = json!({"recording_mode": "on", "recording_announcement": "own"});
    assert_eq!(change(&world, &person, &path, &wanted).await.0, StatusCode::OK);
    let (status, problem) = send(Method::DELETE, Vec::new()).await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("announcement_needed")));
    assert_eq!(change(&world, &person, &path, &json!({"recording_mode": "off"})).await.0, StatusCode::OK);
    let (status, gone) = send(Method::DELETE, Vec::new()).await;
    assert_eq!((status, &gone["own_announcement_ms"]), (StatusCode::OK, &Value::Null));
}

/// So many seconds of noise at 8 kHz, 16 bits, one channel.
fn wav(seconds: u32) -> Vec<u8> {
    let size = seconds * 16_000;
    let mut file = b"RIFF".to_vec();
    file.extend((36 + size).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(8_000_u32.to_le_bytes());
    file.extend(16_000_u32.to_le_bytes());
    file.extend(b"\x02\0\x10\0data");
    file.extend(size.to_le_bytes());
    file.extend((0..size / 2).flat_map(|n| (((n * 7_919) % 8_000) as i16).to_le_bytes()));
    file
}
