use serde_json::json;

use crate::business::{Business, hmac};

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_carry_metas_escapes_and_a_signature_over_those_bytes() {
    let business = Business::open().await;
    business
        .place(json!({ "name": "Zoë 😀", "cta_payload": "order/42", "deeplink_payload": "link-7" }))
        .await;
    let connect = business.expect("connect").await;
    let text = String::from_utf8(connect.raw.clone()).unwrap();
    assert!(text.is_ascii());
    assert!(text.contains(r"Zo\u00eb \ud83d\ude00") && text.contains(r"order\/42"));
    assert_eq!(connect.signature, hmac(&connect.raw));
    let again = serde_json::to_vec(&connect.body).unwrap();
    assert_ne!(connect.signature, hmac(&again), "a body that was written again has another hash");
    assert_eq!(connect.call()["cta_payload"], "order/42");
    assert_eq!(connect.call()["deeplink_payload"], "link-7");
    assert!(connect.call()["timestamp"].is_string());
    assert_eq!(connect.call()["direction"], "USER_INITIATED");
    assert!(connect.offer().contains("==\r\n"), "ice-pwd ends in ==");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_without_a_200_is_sent_again() {
    let business = Business::open().await;
    business.fail_next(2);
    let id = business.place(json!({})).await;
    let first = business.expect("connect").await;
    for _ in 0..2 {
        assert_eq!(business.expect("connect").await.raw, first.raw, "the very same bytes");
    }
    let report = business.until(&id, "three attempts", |call| call.webhooks.attempts == 3).await;
    assert_eq!(report.webhooks.failures, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_with_a_username_show_no_number() {
    let business = Business::open().await;
    business.place(json!({ "username": "kenji_t", "name": "Kenji" })).await;
    let connect = business.expect("connect").await;
    assert!(connect.call().get("from").is_none());
    assert!(connect.call()["from_user_id"].is_string());
    let value = &connect.body["entry"][0]["changes"][0]["value"];
    assert_eq!(value["contacts"][0]["profile"]["username"], "kenji_t");
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_can_be_old_batched_or_without_contacts() {
    let business = Business::open().await;
    business.place(json!({ "connect_age_s": 600, "in_batches": true, "without_contacts": true })).await;
    let connect = business.expect("connect").await;
    let changes = connect.body["entry"][0]["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 3);
    assert!(changes[1]["value"].get("contacts").is_none());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let at: u64 = connect.call()["timestamp"].as_str().unwrap().parse().unwrap();
    assert!((590..=620).contains(&(now - at)), "{at}");
}
