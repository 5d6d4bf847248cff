//! Who may use what: every documented route, by everybody who could try.
//!
//! `matrix/table.rs` says for each route who may; it was written by hand and knows nothing of the server's own table. A
//! route without a line there fails this test. What belongs to another branch or business reads exactly like what does
//! not exist.

mod stage;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::person::{Stream, stream_request};
use stage::{Stage, Who};
use table::{Line, May, Of, TABLE};

#[tokio::test(flavor = "multi_thread")]
async fn everybody_may_use_what_the_table_says_and_nothing_else() {
    let stage = Stage::set().await;
    let documented = documented(&stage).await;
    let table: BTreeMap<&str, &Line> = TABLE.iter().map(|line| (line.route, line)).collect();
    assert_eq!(table.len(), TABLE.len(), "a route stands in the table twice");
    let missing: Vec<_> = documented.iter().filter(|route| !table.contains_key(route.as_str())).collect();
    assert!(missing.is_empty(), "say in tests/api/matrix/table.rs who may use these: {missing:#?}");
    let gone: Vec<_> = table.keys().filter(|route| !documented.contains(**route)).collect();
    assert!(gone.is_empty(), "these routes of the table do not exist: {gone:#?}");

    // With an id of nothing everybody gets 404, and nothing is proven.
    let without: Vec<_> =
        TABLE.iter().filter(|line| line.of == Of::Nothing && names_a_thing(line.route)).collect();
    let without: Vec<_> = without.iter().map(|line| line.route).collect();
    assert!(without.is_empty(), "say in tests/api/matrix/table.rs what the id of these names: {without:#?}");

    let mut wrong = Vec::new();
    for line in TABLE {
        // Whoever may changes things, so those who may not come first.
        let mut everybody = Who::ALL.to_vec();
        everybody.sort_by_key(|who| allowed(line, *who));
        for who in everybody {
            if let Err(why) = tries(&stage, line, who).await {
                wrong.push(format!("{} by {who:?}: {why}", line.route));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_live_streams_hold_nothing_of_another_branch_or_business() {
    let stage = Stage::set().await;
    let secrets = stage.secrets().await;
    for line in TABLE.iter().filter(|line| line.route.starts_with("GET ") && line.of == Of::Nothing) {
        let path = line.route.trim_start_matches("GET ");
        if path.contains('{') || line.may == May::Everybody || path == "/api/v1/tenants" {
            continue;
        }
        for who in [Who::AgentOfAnotherBranch, Who::SupervisorOfAnotherBranch, Who::AdminOfAnotherBusiness] {
            let (_, body) = stage.ask(Method::GET, path, who, None).await;
            for secret in &secrets {
                assert!(!body.contains(secret.as_str()), "{who:?} reads {secret} in {path}: {body}");
            }
        }
    }
    let live = stage.live_call().await;
    for (who, sees) in [
        (Who::Agent, true),
        (Who::Supervisor, true),
        (Who::Admin, true),
        (Who::KeyOfAnAgent, true),
        (Who::AgentOfAnotherBranch, false),
        (Who::SupervisorOfAnotherBranch, false),
        (Who::AdminOfAnotherBusiness, false),
    ] {
        let mut stream = Stream::open(stream_of(&stage, who)).await.expect("the stream opens");
        let hello = stream.next().await.expect("hello").to_string();
        assert_eq!(hello.contains(&live), sees, "{who:?}: {hello}");
    }
    for who in [Who::Nobody, Who::ShutOut, Who::WithdrawnKey] {
        assert_eq!(Stream::open(stream_of(&stage, who)).await.err(), Some(401), "{who:?}");
    }
    assert_eq!(Stream::open(stream_of(&stage, Who::KeyOfMetrics)).await.err(), Some(403));
    stage.stop().await;
}

fn stream_of(stage: &Stage, who: Who) -> tokio_tungstenite::tungstenite::handshake::client::Request {
    let origin = stage.world.url("");
    match stage.credential(who) {
        Some((name, value)) => stream_request(&stage.world, &[(name, value), ("origin", &origin)]),
        None => stream_request(&stage.world, &[("origin", &origin)]),
    }
}

/// Every operation of the contract.
async fn documented(stage: &Stage) -> BTreeSet<String> {
    let (_, body) = stage.ask(Method::GET, "/api/openapi.json", Who::Nobody, None).await;
    let document: Value = serde_json::from_str(&body).expect("JSON");
    let mut routes = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for method in item.as_object().expect("operations").keys() {
            routes.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    routes
}

/// The token of a link is no id: whoever has it may.
fn names_a_thing(route: &str) -> bool {
    route.replace("{token}", "").contains('{')
}

fn allowed(line: &Line, who: Who) -> bool {
    matches!(expected(line, who), Expected::Served)
}

/// What somebody gets.
#[derive(Debug, PartialEq, Eq)]
enum Expected {
    /// 401 with this word.
    Unknown,
    /// 403 with this word.
    Refused(&'static str),
    /// 404, and it reads like what does not exist.
    Absent,
    /// Anything that is not a refusal of access.
    Served,
}

fn expected(line: &Line, who: Who) -> Expected {
    let (least, persons_only) = match line.may {
        May::Everybody => return Expected::Served,
        May::Persons(least) => (least, true),
        May::All(least) => (least, false),
    };
    if matches!(who, Who::Nobody | Who::ShutOut | Who::WithdrawnKey) {
        return Expected::Unknown;
    }
    if who == Who::KeyOfMetrics {
        return Expected::Refused("forbidden");
    }
    if persons_only && who.is_key() {
        return Expected::Refused("needs_a_person");
    }
    if who.role() < least {
        return Expected::Refused("forbidden");
    }
    if who.is_of_another_business() && line.of.is_of_a_business() {
        return Expected::Absent;
    }
    if who.is_of_another_branch() && line.of.is_of_a_branch() {
        return Expected::Absent;
    }
    // An agent hears what he answered, and a key answers nothing.
    if who == Who::KeyOfAnAgent && line.of == Of::Recording {
        return Expected::Absent;
    }
    Expected::Served
}

async fn tries(stage: &Stage, line: &Line, who: Who) -> Result<(), String> {
    let (method, path) = line.route.split_once(' ').expect("a method and a path");
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let id = stage.id_of(line.of).await;
    let number = stage.id_of(Of::Number).await;
    let send = async |id: &str| {
        let path =
            path.replace("{id}", id).replace("{number_id}", &number).replace("{token}", "no-such-token");
        assert!(!path.contains('{'), "say in tests/api/matrix.rs what belongs into {path}");
        stage.ask(method.clone(), &path, who, line.body.map(|body| body())).await
    };
    let (status, body) = send(&id).await;
    let code = serde_json::from_str::<Value>(&body).unwrap_or(json!({}))["code"].clone();
    let told = |wanted: &str| Err(format!("{wanted} expected, got {status} {body}"));
    match expected(line, who) {
        Expected::Unknown if status == StatusCode::UNAUTHORIZED => Ok(()),
        Expected::Unknown => told("401"),
        Expected::Refused(word) if status == StatusCode::FORBIDDEN && code == word => Ok(()),
        Expected::Refused(word) => told(word),
        Expected::Absent => {
            let (unknown_status, unknown) = send(&line.of.unknown_id()).await;
            if status == StatusCode::NOT_FOUND && (status, &body) == (unknown_status, &unknown) {
                Ok(())
            } else {
                told(&format!("the same as for an unknown id ({unknown_status} {unknown})"))
            }
        }
        Expected::Served => {
            // The webhook is everybody's, and its body must be signed.
            let unsigned = code == "bad_signature";
            let refused = (!unsigned && [401, 405].contains(&status.as_u16()))
                || (line.may != May::Everybody && [403, 404].contains(&status.as_u16()))
                || (line.of.always_answers() && !status.is_success())
                || status.is_server_error();
            if refused { told("an answer") } else { Ok(()) }
        }
    }
}
