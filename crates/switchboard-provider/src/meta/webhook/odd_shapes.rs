//! What Meta's documents do not promise: old shapes, batches, junk between good things, hostile bodies.

use serde_json::{Value, json};

use super::*;
use crate::event::{CallConnect, CallStatusWord, Direction, PermissionVerdict, SdpType};

pub(super) const CONNECT: &str = include_str!("../../../fixtures/webhook-calls-connect-user-initiated.json");
pub(super) const TERMINATE: &str =
    include_str!("../../../fixtures/webhook-calls-terminate-failed-138021.json");
pub(super) const OUTGOING: &str =
    include_str!("../../../fixtures/webhook-calls-connect-business-initiated.json");
pub(super) const PERMISSION: &str =
    include_str!("../../../fixtures/webhook-permission-reply-accept-temporary.json");
pub(super) const NOTICE: &str =
    include_str!("../../../fixtures/webhook-account-update-low-pickup-warning.json");

/// The connect fixture after a change to its one `change`.
fn connect_with(edit: impl FnOnce(&mut Value)) -> Vec<Incoming> {
    parse_edited(CONNECT, |body| edit(&mut body["entry"][0]["changes"][0]))
}

/// A fixture after a change; whatever comes of it must read back from what is kept.
fn parse_edited(text: &str, edit: impl FnOnce(&mut Value)) -> Vec<Incoming> {
    let mut body: Value = serde_json::from_str(text).expect("JSON");
    edit(&mut body);
    let incoming = parse(body.to_string().as_bytes()).expect("a webhook");
    for one in &incoming {
        assert_eq!(&reparse(&one.raw).expect("what was kept"), one, "{}", one.raw);
    }
    incoming
}

fn the_connect(incoming: &[Incoming]) -> &CallConnect {
    match incoming {
        [Incoming { event: ProviderEvent::CallConnect(connect), .. }] => connect,
        other => panic!("expected one connect, got {other:?}"),
    }
}

fn kinds(incoming: &[Incoming]) -> Vec<&'static str> {
    incoming.iter().map(|one| one.event.kind()).collect()
}

#[test]
fn a_body_inside_an_array_of_one_is_the_same_call() {
    let plain = connect_with(|_| {});
    let wrapped = parse_edited(CONNECT, |body| *body = json!([body.take()]));
    assert_eq!(wrapped, plain);
}

#[test]
fn a_call_under_the_field_messages_is_the_same_call() {
    let moved = connect_with(|change| change["field"] = json!("messages"));
    assert_eq!(moved[0].event, connect_with(|_| {})[0].event);
    assert_eq!(moved[0].dedupe_key, connect_with(|_| {})[0].dedupe_key);
}

#[test]
fn the_old_connection_object_carries_the_sdp_plain_or_as_json_in_a_string() {
    let today = parse(OUTGOING.as_bytes()).expect("a webhook");
    let today = the_connect(&today);
    let beta = parse_edited(OUTGOING, |body| {
        let call = &mut body["entry"][0]["changes"][0]["value"]["calls"][0];
        call.as_object_mut().expect("a call").remove("session");
        call.as_object_mut().expect("a call").remove("direction");
    });
    assert_eq!(the_connect(&beta).sdp, today.sdp);
    assert_eq!(the_connect(&beta).direction, Direction::Outgoing);
    let plain = connect_with(|change| {
        let call = &mut change["value"]["calls"][0];
        let sdp = call["session"]["sdp"].take();
        *call = json!({"id": call["id"], "event": "connect", "timestamp": "1760000000", "connection": {"webrtc": {"sdp": sdp}}});
    });
    let plain = the_connect(&plain);
    assert_eq!((plain.direction, plain.sdp_type), (Direction::Incoming, Some(SdpType::Offer)));
    assert!(plain.sdp.as_ref().is_some_and(|sdp| sdp.as_str().contains("\r\n")));
}

#[test]
fn a_status_event_in_the_calls_list_is_a_call_status() {
    let incoming = connect_with(|change| {
        change["value"]["calls"] =
            json!([{"id": "wacid.A", "event": "status", "status": "Ringing", "timestamp": 1_760_000_103}]);
    });
    let ProviderEvent::CallStatus(status) = &incoming[0].event else { panic!("{incoming:?}") };
    assert_eq!(status.status, CallStatusWord::Ringing);
    assert_eq!(incoming[0].dedupe_key, "meta:100000000000001:wacid.A:ringing");
}

#[test]
fn a_call_status_under_the_field_messages_is_known_by_its_type_or_id() {
    let with = |status: Value| {
        connect_with(|change| {
            change["field"] = json!("messages");
            change["value"]["calls"].take();
            change["value"]["statuses"] = json!([status]);
        })
    };
    assert_eq!(kinds(&with(json!({"id": "x", "type": "call", "status": "RINGING"}))), ["status"]);
    assert_eq!(kinds(&with(json!({"id": "wacid.x", "status": "accepted"}))), ["status"]);
    assert_eq!(kinds(&with(json!({"id": "wamid.x", "status": "read"}))), ["message_status"]);
}

#[test]
fn time_stamps_may_be_numbers_and_words_in_any_case() {
    let incoming = parse_edited(TERMINATE, |body| {
        let call = &mut body["entry"][0]["changes"][0]["value"]["calls"][0];
        call["timestamp"] = json!(1_760_000_033);
        call["start_time"] = json!(1_760_000_013);
        call["duration"] = json!("20");
        call["status"] = json!("Failed");
        call["direction"] = json!("user_initiated");
    });
    assert_eq!(incoming[0].event, parse(TERMINATE.as_bytes()).expect("a webhook")[0].event);
}

#[test]
fn an_expiry_may_be_a_number() {
    let as_number = parse_edited(PERMISSION, |body| {
        let message = &mut body["entry"][0]["changes"][0]["value"]["messages"][0];
        let reply = &mut message["interactive"]["call_permission_reply"];
        reply["expiration_timestamp"] = json!(1_760_605_100);
        message.as_object_mut().expect("a message").remove("type");
    });
    let ProviderEvent::PermissionReply(reply) = &as_number[0].event else { panic!("{as_number:?}") };
    let until = Some(Timestamp::from_seconds(1_760_605_100));
    assert_eq!(reply.verdict, PermissionVerdict::GrantedUntil(until));
}

#[test]
fn the_direction_is_inferred_when_it_is_not_stated() {
    let incoming = connect_with(|change| {
        change["value"]["calls"][0].as_object_mut().expect("a call").remove("direction");
    });
    assert_eq!(the_connect(&incoming).direction, Direction::Incoming);
}

#[test]
fn a_caller_may_be_nameless_and_numberless() {
    let incoming = connect_with(|change| {
        change["value"].as_object_mut().expect("a value").remove("contacts");
        change["value"]["calls"][0]["from"] = json!("");
    });
    let connect = the_connect(&incoming);
    assert_eq!((&connect.from, &connect.caller_name), (&None, &None));
    assert!(connect.from_user_id.is_some());
}

#[test]
fn a_broken_name_does_not_cost_the_call() {
    let text = CONNECT.replace("Test Caller", "\\ud83d");
    let incoming = parse(text.as_bytes()).expect("a webhook");
    assert_eq!(the_connect(&incoming).caller_name, None);
}

#[test]
fn errors_beside_a_failed_call_are_its_reason_when_it_has_none_itself() {
    let incoming = parse_edited(TERMINATE, |body| {
        body["entry"][0]["changes"][0]["value"]["calls"][0].as_object_mut().expect("a call").remove("errors");
    });
    let ProviderEvent::CallTerminate(terminate) = &incoming[0].event else { panic!("{incoming:?}") };
    assert_eq!(terminate.ended.error.as_ref().map(|error| error.code), Some(138_021));
}

#[test]
fn one_malformed_call_of_three_costs_only_itself() {
    for malformed in [json!("junk"), json!(null), json!({}), json!({"id": 7, "event": {}}), json!([[]])] {
        let incoming = connect_with(|change| {
            let good = change["value"]["calls"][0].clone();
            let mut other = good.clone();
            other["id"] = json!("wacid.B");
            change["value"]["calls"] = json!([good, malformed, other]);
        });
        assert_eq!(kinds(&incoming), ["connect", "unknown", "connect"]);
        assert_ne!(incoming[0].dedupe_key, incoming[2].dedupe_key);
        assert!(!incoming[0].raw.contains("wacid.B"), "a row keeps its own call only");
    }
}

#[test]
fn junk_at_any_level_leaves_its_neighbours_alone() {
    let incoming = parse_edited(CONNECT, |body| {
        let entry = body["entry"][0].clone();
        let change = entry["changes"][0].clone();
        body["entry"] = json!([
            7,
            {"id": "1"},
            {"id": "2", "changes": []},
            {"id": "3", "changes": [null, {"field": "calls"}, {"field": "calls", "value": []}, change]},
            entry,
        ]);
    });
    let expected = ["unknown", "unknown", "unknown", "unknown", "unknown", "unknown", "connect", "connect"];
    assert_eq!(kinds(&incoming), expected);
}

#[test]
fn a_batch_of_a_thousand_calls_is_a_thousand_things_each_with_its_own_caller() {
    let incoming = connect_with(|change| {
        let call = change["value"]["calls"][0].clone();
        let calls = (0..1000).map(|n| {
            let mut call = call.clone();
            call["id"] = json!(format!("wacid.{n}"));
            call["from"] = json!(format!("1555020{n:04}"));
            call
        });
        change["value"]["calls"] = calls.collect();
        change["value"]["contacts"] = (0..1000)
            .map(|n| json!({"wa_id": format!("1555020{n:04}"), "profile": {"name": format!("Caller {n}")}}))
            .collect();
    });
    assert_eq!(incoming.len(), 1000);
    for (n, one) in incoming.iter().enumerate() {
        let connect = the_connect(std::slice::from_ref(one));
        assert_eq!(connect.caller_name, Some(format!("Caller {n}")));
    }
    assert!(!incoming[0].raw.contains("Caller 999"));
}

#[test]
fn calls_and_statuses_of_one_value_are_both_told() {
    let incoming = connect_with(|change| {
        change["value"]["statuses"] = json!([{"id": "wacid.S", "type": "call", "status": "RINGING"}]);
        change["value"]["messages"] = json!({"not": "a list"});
    });
    assert_eq!(kinds(&incoming), ["connect", "unknown", "status"]);
}

#[test]
fn what_we_do_not_know_is_kept_word_for_word() {
    let incoming = connect_with(|change| {
        change["value"]["calls"][0]["event"] = json!("media_update");
        change["value"]["calls"][0]["novel"] = json!({"of": "tomorrow"});
    });
    let ProviderEvent::Unknown(unknown) = &incoming[0].event else { panic!("{incoming:?}") };
    assert_eq!((unknown.field.as_str(), unknown.what.as_str()), ("calls", "call event media_update"));
    assert!(incoming[0].raw.contains(r#""novel":{"of":"tomorrow"}"#));
    assert_eq!(incoming[0].provider_number_id.as_deref(), Some("100000000000001"));
    let incoming = connect_with(|change| change["field"] = json!("flows"));
    assert_eq!(kinds(&incoming), ["unknown"]);
    let incoming = parse_edited(CONNECT, |body| body["object"] = json!("page"));
    assert_eq!(kinds(&incoming), ["unknown"]);
}

#[test]
fn an_unknown_word_is_made_safe_before_it_is_shown() {
    let incoming = connect_with(|change| {
        change["value"]["calls"][0]["event"] = json!(format!("a\n\u{1b}[2J{}", "x".repeat(500)));
    });
    let ProviderEvent::Unknown(unknown) = &incoming[0].event else { panic!("{incoming:?}") };
    assert!(unknown.what.len() <= 64 && !unknown.what.contains(['\n', '\u{1b}']));
}

#[test]
fn json_that_is_no_webhook_is_kept_as_unknown() {
    for text in ["{}", "[]", "42", "null", "\"x\"", "[1,[2]]", r#"{"entry":{}}"#, r#"{"entry":[]}"#, "[{}]"] {
        let incoming = parse(text.as_bytes()).expect("JSON");
        assert!(!incoming.is_empty() && kinds(&incoming).iter().all(|kind| *kind == "unknown"), "{text}");
        for one in incoming {
            assert_eq!(reparse(&one.raw).expect("what was kept"), one, "{text}");
        }
    }
}

#[test]
fn what_is_no_json_is_refused() {
    for body in [&b""[..], b"hello", b"{", b"{} {}", b"\xff\xfe", b"{\"a\":\xff}"] {
        assert_eq!(parse(body), Err(WebhookRefusal::NotJson), "{body:?}");
    }
}

#[test]
fn a_body_no_meta_would_send_is_refused() {
    assert_eq!(parse(&vec![b' '; MAX_BODY_BYTES + 1]), Err(WebhookRefusal::TooLarge));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(parse(deep.as_bytes()), Err(WebhookRefusal::TooDeep));
    let brackets_in_a_string = json!({"entry": "[".repeat(1000)}).to_string();
    assert!(parse(brackets_in_a_string.as_bytes()).is_ok());
    let many = format!("[{}]", vec!["1"; MAX_UPDATES + 1].join(","));
    assert_eq!(parse(many.as_bytes()), Err(WebhookRefusal::TooMany));
    let surroundings = "x".repeat(1_000_000);
    let calls = vec!["{}"; 100].join(",");
    let swollen = format!(
        r#"{{"entry":[{{"changes":[{{"field":"calls","value":{{"a":"{surroundings}","calls":[{calls}]}}}}]}}]}}"#
    );
    assert_eq!(parse(swollen.as_bytes()), Err(WebhookRefusal::TooMany));
}

#[test]
fn a_kept_row_that_says_several_things_is_refused() {
    assert_eq!(reparse("[1,2]"), Err(ReparseRefusal::NotOne(2)));
    assert_eq!(reparse("{"), Err(ReparseRefusal::Refused(WebhookRefusal::NotJson)));
}

#[test]
fn the_same_delivery_twice_has_the_same_keys() {
    for text in [CONNECT, TERMINATE, OUTGOING, PERMISSION, NOTICE] {
        assert_eq!(parse(text.as_bytes()), parse(text.as_bytes()));
    }
}

#[test]
fn the_same_warning_months_later_is_a_new_one() {
    let later = parse_edited(NOTICE, |body| body["entry"][0]["time"] = json!(1_770_000_000));
    assert_ne!(later[0].dedupe_key, parse(NOTICE.as_bytes()).expect("a webhook")[0].dedupe_key);
}

#[test]
fn an_id_too_long_to_be_a_key_is_not_one() {
    let incoming = connect_with(|change| change["value"]["calls"][0]["id"] = json!("w".repeat(600)));
    assert_eq!(kinds(&incoming), ["unknown"]);
    assert!(incoming[0].dedupe_key.starts_with("meta:sha256:") && incoming[0].dedupe_key.len() < 100);
}

#[test]
fn debug_says_nothing_about_people() {
    for text in [CONNECT, TERMINATE, OUTGOING, PERMISSION, NOTICE] {
        let incoming = parse(text.as_bytes()).expect("a webhook");
        let shown = format!("{incoming:#?}");
        for secret in ["15550100002", "Test Caller", "US.1000", "ice-pwd", "HBgLMTU1", "wamid"] {
            assert!(!shown.contains(secret), "{secret} shows in {shown}");
        }
    }
}
