//! Whatever arrives, reading it does not panic, and what is kept reads back as itself.

use proptest::prelude::*;
use serde_json::Value;

use super::odd_shapes::{CONNECT, NOTICE, OUTGOING, PERMISSION, TERMINATE};
use super::*;

/// Any JSON, with the words of real webhooks as likely names and values.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "entry",
        "changes",
        "value",
        "field",
        "calls",
        "statuses",
        "messages",
        "contacts",
        "metadata",
        "id",
        "event",
        "connect",
        "terminate",
        "status",
        "timestamp",
        "1760000000",
        "errors",
        "session",
        "sdp",
        "from",
        "profile",
        "phone_number_id",
        "account_update",
        "interactive",
        "call_permission_reply",
        "object",
        "whatsapp_business_account",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 5, move |inner| {
        let name = prop_oneof![word.clone().prop_map(str::to_owned), any::<String>()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Puts a value at a place picked by a path of choices.
fn put(target: &mut Value, path: &[usize], value: Value) {
    let Some((choice, rest)) = path.split_first() else {
        *target = value;
        return;
    };
    match target {
        Value::Array(elements) if !elements.is_empty() => {
            let at = choice % elements.len();
            put(&mut elements[at], rest, value);
        }
        Value::Object(members) if !members.is_empty() => {
            let at = choice % members.len();
            if let Some(member) = members.values_mut().nth(at) {
                put(member, rest, value);
            }
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => *target = value,
    }
}

fn reads_back(body: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(incoming) = parse(body) {
        prop_assert!(!incoming.is_empty());
        for one in incoming {
            let again = reparse(&one.raw);
            prop_assert_eq!(again.as_ref(), Ok(&one), "{}", one.raw);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body: Vec<u8>) {
        reads_back(&body)?;
    }

    #[test]
    fn no_json_makes_it_panic(value in any_json()) {
        prop_assert!(parse(value.to_string().as_bytes()).is_ok());
        reads_back(value.to_string().as_bytes())?;
    }

    #[test]
    fn no_change_to_a_real_webhook_makes_it_panic(
        which in 0..5_usize,
        changes in prop::collection::vec((prop::collection::vec(any::<usize>(), 0..9), any_json()), 1..4),
    ) {
        let text = [CONNECT, TERMINATE, OUTGOING, PERMISSION, NOTICE][which];
        let mut body: Value = serde_json::from_str(text).expect("JSON");
        for (path, value) in changes {
            put(&mut body, &path, value);
        }
        reads_back(body.to_string().as_bytes())?;
    }

    #[test]
    fn no_flipped_byte_makes_it_panic(which in 0..5_usize, at: prop::sample::Index, byte: u8) {
        let mut body = [CONNECT, TERMINATE, OUTGOING, PERMISSION, NOTICE][which].as_bytes().to_vec();
        let at = at.index(body.len());
        body[at] = byte;
        reads_back(&body)?;
    }
}
