//! Calling a customer: what is said to Graph, and what each of its answers means to the person who calls.

use switchboard_core::call::input::{DialAnswer, DialRefusal};

use super::*;

const OFFER: &str = "v=0\r\n";

async fn dial(client: &GraphClient, callee: &Callee) -> (DialAnswer, Option<ProviderCallId>) {
    to_dial_answer(client.connect(NUMBER, &token(), callee, OFFER, "job-77", PATIENCE).await)
}

fn customer() -> Callee {
    Callee {
        phone: Some("15550100002".parse().expect("a number")),
        user_id: Some("US.10000000000000000001".to_owned()),
    }
}

#[tokio::test]
async fn connect_says_what_metas_sample_says_and_reads_the_id_of_the_call() {
    let samples: Vec<Value> =
        serde_json::from_str(include_str!("../../../../fixtures/api-requests-and-responses.json"))
            .expect("JSON");
    let is_connect =
        |sample: &&Value| sample["name"].as_str().is_some_and(|name| name.starts_with("connect"));
    let sample = samples.iter().find(is_connect).expect("a sample");
    let body = &sample["response"]["body"];
    let answer = if body.is_null() { sample["response"].clone() } else { body.clone() };
    let (client, played) = plays(move || json_answer(200, &answer)).await;
    let (answer, call) = dial(&client, &customer()).await;
    assert_eq!(answer, DialAnswer::Placed);
    assert!(call.expect("named").as_str().starts_with("wacid."));
    // Without a number, or without an id, the other one is enough.
    for callee in [Callee { user_id: None, ..customer() }, Callee { phone: None, ..customer() }] {
        assert_eq!(dial(&client, &callee).await.0, DialAnswer::Placed);
    }
    let heard = played.heard.lock().expect("not poisoned").clone();
    let said = |at: usize| heard[at].body.clone().expect("a body");
    assert_eq!(said(0)["session"], json!({ "sdp_type": "offer", "sdp": OFFER }));
    for (member, value) in sample["body"].as_object().expect("a body") {
        match member.as_str() {
            "session" => {}
            "biz_opaque_callback_data" => assert_eq!(said(0)[member], "job-77"),
            "recipient" => assert_eq!(said(0)[member], "US.10000000000000000001"),
            _ => assert_eq!(&said(0)[member], value, "{member}"),
        }
    }
    assert_eq!((&said(1)["to"], said(1).get("recipient")), (&json!("15550100002"), None));
    assert_eq!((said(2).get("to"), said(2)["recipient"].as_str()), (None, Some("US.10000000000000000001")));
}

#[tokio::test]
async fn every_documented_refusal_is_told_in_a_way_that_has_a_way_out() {
    let expected = [
        (190, DialRefusal::NotSetUp),
        (100, DialRefusal::Other),
        (138_008, DialRefusal::Other),
        (138_006, DialRefusal::NoPermission),
        (138_000, DialRefusal::NotSetUp),
        (138_001, DialRefusal::Uncallable),
        (138_002, DialRefusal::Limit),
        (138_003, DialRefusal::AlreadyInCall),
        (138_005, DialRefusal::Limit),
        (138_009, DialRefusal::Other),
        (138_012, DialRefusal::Limit),
        (138_013, DialRefusal::Country),
        (138_015, DialRefusal::NotSetUp),
        (138_018, DialRefusal::NotSetUp),
        (131_055, DialRefusal::NotSetUp),
        (613, DialRefusal::Limit),
        (130_429, DialRefusal::Limit),
    ];
    let file: Value =
        serde_json::from_str(include_str!("../../../../fixtures/api-errors.json")).expect("JSON");
    let cases = file["errors"].as_array().expect("cases");
    for case in cases {
        let status = u16::try_from(case["http_status"].as_u64().expect("a status")).expect("a status");
        let body = case["body"].clone();
        let code = body["error"]["code"].as_i64().expect("a code");
        let (client, played) = plays(move || json_answer(status, &body)).await;
        let (answer, call) = dial(&client, &customer()).await;
        assert_eq!(call, None);
        match (answer, expected.iter().find(|(known, _)| *known == code)) {
            (DialAnswer::Refused { why, fault }, Some((_, wanted))) => {
                assert_eq!((why, fault.code), (*wanted, code), "{}", case["case"]);
            }
            // A 500 that says nothing of how far the call came: nobody is called again.
            (DialAnswer::Unknown { .. }, None) => assert_eq!(code, 138_004),
            (answer, _) => panic!("{}: {answer:?}", case["case"]),
        }
        assert_eq!(played.heard.lock().expect("not poisoned").len(), 1, "{} was repeated", case["case"]);
    }
}

#[tokio::test]
async fn what_is_not_in_the_samples_has_a_way_out_too() {
    for (code, wanted) in [
        (0, DialRefusal::NotSetUp),
        (3, DialRefusal::NotSetUp),
        (4, DialRefusal::Limit),
        (10, DialRefusal::NotSetUp),
        (33, DialRefusal::NotSetUp),
        (299, DialRefusal::NotSetUp),
        (368, DialRefusal::NotSetUp),
        (80_007, DialRefusal::Limit),
        (130_497, DialRefusal::Country),
        (131_005, DialRefusal::NotSetUp),
        (131_009, DialRefusal::Other),
        (131_021, DialRefusal::Other),
        (131_026, DialRefusal::Uncallable),
        (131_030, DialRefusal::Uncallable),
        (131_031, DialRefusal::NotSetUp),
        (131_044, DialRefusal::NotSetUp),
        (131_048, DialRefusal::Limit),
        (131_056, DialRefusal::Limit),
        (131_057, DialRefusal::Other),
        (133_010, DialRefusal::NotSetUp),
        (138_007, DialRefusal::Other),
        (138_014, DialRefusal::Restricted),
        (999_999, DialRefusal::Other),
    ] {
        let body = json!({ "error": { "message": "no", "code": code } });
        let (client, _) = plays(move || json_answer(400, &body)).await;
        match dial(&client, &customer()).await.0 {
            DialAnswer::Refused { why, .. } => assert_eq!(why, wanted, "{code}"),
            answer @ (DialAnswer::Placed | DialAnswer::Unknown { .. }) => panic!("{code}: {answer:?}"),
        }
    }
}

#[tokio::test]
async fn an_answer_that_names_no_call_leaves_open_what_happened() {
    for body in [json!({ "success": true }), json!({ "calls": [] }), json!({ "calls": [{}] })] {
        let (client, _) = plays(move || json_answer(200, &body)).await;
        assert!(matches!(dial(&client, &customer()).await.0, DialAnswer::Unknown { .. }));
    }
    assert_eq!(format!("{:?}", customer()), "Callee(masked)");
}
