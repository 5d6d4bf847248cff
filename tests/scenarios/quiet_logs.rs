//! Nothing of people and nothing secret stands in the log, whatever goes wrong: the real binary under load with every
//! fault the simulator has, everything it is told marked, and its log searched for the marks.
//!
//! Some seconds here; `cargo xtask quiet-logs --minutes 10` for longer.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::SinkExt;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header;
use serde_json::{Value, json};
use sha2::Sha256;
use switchboard_engine::clock::Stopwatch;
use switchboard_simulator::agent::AgentLogin;
use switchboard_simulator::load::{LoadPlan, run_load};
use switchboard_simulator::{Faults, GraphFault, NewCall, OfferShape, Secret, Simulator, SimulatorConfig};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use url::Url;

use crate::support::patience::eventually;
use crate::support::world::{
    API_KEY, APP_SECRET, EMAIL, PASSWORD, VERIFY_TOKEN, account, exchange_settings, free_address,
    install_crypto,
};

/// How long, in minutes; a round or two without it.
const MINUTES: &str = "QUIET_LOGS_MINUTES";
/// Stands in everything that is said to the exchange and must not come back in its log.
const MARK: &str = "Zq7mark";
/// A customer who writes.
const PHONE: &str = "5511982119999";
/// Calls of one round.
const CALLS: usize = 12;
/// People who answer, one each round: somebody who signs in every few seconds is turned away.
const AGENTS: usize = 8;

struct Exchange {
    child: Child,
    base: Url,
    agent_port: u16,
    log: std::path::PathBuf,
}

impl Drop for Exchange {
    fn drop(&mut self) {
        // Ended already, or ended now: either way it must not outlive the test.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Exchange {
    async fn start(folder: &Path, simulator: &Simulator, address: &str, format: &'static str) -> Self {
        let binary = std::env::current_exe().expect("a path").with_file_name("").join("../switchboard");
        assert!(
            binary.exists(),
            "build the binary first: cargo build --bin switchboard (cargo xtask test does)"
        );
        let agent_port = {
            let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port");
            socket.local_addr().expect("an address").port()
        };
        let log = folder.join("log");
        let child = Command::new(binary)
            .arg("serve")
            .env_clear()
            .envs(exchange_settings(address, folder, &simulator.url(), "agents", 64))
            .env("SWITCHBOARD_MEDIA_AGENT_PORT", agent_port.to_string())
            .env("SWITCHBOARD_SIGN_INS_PER_ADDRESS", "10000")
            .env("SWITCHBOARD_LOG", "info")
            .env("SWITCHBOARD_LOG_FORMAT", format)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).expect("a log"))
            .spawn()
            .expect("the exchange starts");
        let base = Url::parse(&format!("http://{address}")).expect("a URL");
        let exchange = Self { child, base, agent_port, log };
        eventually("the exchange is ready", || async {
            reqwest::get(exchange.url("/readyz")).await.ok().filter(|answer| answer.status().is_success())
        })
        .await;
        exchange
    }

    fn url(&self, path: &str) -> Url {
        self.base.join(path).expect("a URL")
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).expect("the log is text")
    }
}

/// Invites the people who answer; gives back how they sign in.
async fn agents(exchange: &Exchange) -> Vec<AgentLogin> {
    let client = reqwest::Client::new();
    let mut agents = Vec::new();
    for agent in 0..AGENTS {
        let email = format!("agent{agent}.{MARK}@example.com");
        let invitation = json!({ "email": email, "name": format!("Agent {MARK}"), "role": "agent", "branch_ids": [], "language": "en" });
        let request = client.post(exchange.url("/api/v1/invitations")).bearer_auth(API_KEY).json(&invitation);
        let invited: Value = request.send().await.expect("an answer").json().await.expect("an invitation");
        let token = invited["link"].as_str().and_then(|link| link.rsplit('/').next()).expect("a link");
        let password = format!("{MARK} opens every door");
        let accepted = json!({ "token": token, "name": format!("Agent {MARK}"), "password": password, "language": "en" });
        let request = client.post(exchange.url("/api/v1/invitations/accept")).json(&accepted);
        request.send().await.expect("an answer").error_for_status().expect("accepted");
        agents.push(AgentLogin { base_url: exchange.url("/"), email, password: Secret::new(password) });
    }
    agents
}

/// The cookie of the first account.
async fn signed_in(exchange: &Exchange) -> String {
    let login = json!({ "email": EMAIL, "password": PASSWORD });
    let request = reqwest::Client::new().post(exchange.url("/api/v1/login")).json(&login);
    let answer = request.send().await.expect("an answer");
    let cookie = answer.headers()[header::SET_COOKIE].to_str().expect("text");
    cookie.split(';').next().expect("a pair").to_owned()
}

/// The mishaps of a round.
fn faults(round: u64) -> Faults {
    let graph = |action: Option<&str>, code, http_status, carried_out| GraphFault {
        code,
        http_status,
        action: action.map(str::to_owned),
        probability: 0.5,
        carried_out,
    };
    let quiet = Faults { seed: round, ..Faults::default() };
    match round % 6 {
        0 => quiet,
        1 => Faults {
            duplicate: 0.5,
            reorder: 0.5,
            delay_ms: Some((0, 300)),
            drop_connect: 0.1,
            drop_terminate: 0.1,
            stale: 0.1,
            terminate_before_connect: 0.2,
            ..quiet
        },
        2 => Faults { graph_error: Some(graph(None, 190, 401, false)), ..quiet },
        3 => Faults { graph_error: Some(graph(Some("accept"), 131_000, 500, true)), ..quiet },
        4 => Faults { graph_error: Some(graph(Some("pre_accept"), 2, 503, false)), ..quiet },
        _ => Faults { graph_delay_ms: 1_500, ..quiet },
    }
}

/// Customers with marked names, numbers and payloads, whose offers are good and bad.
fn marked_calls(simulator: &Simulator, round: u64) {
    let offers = [
        OfferShape::Modern,
        OfferShape::Docs2024,
        OfferShape::NoAudio,
        OfferShape::NoFingerprint,
        OfferShape::IsacOnly,
    ];
    for (place, sdp) in (0..).zip(offers) {
        let call = NewCall {
            // A customer has one call at a time.
            from: Some(format!("55119{:08}", 80_000_000 + round * 10 + place)),
            name: Some(format!("Name {MARK}")),
            username: Some(format!("user.{MARK}").to_lowercase()),
            cta_payload: Some(format!("payload {MARK}")),
            deeplink_payload: Some(format!("link {MARK}")),
            sdp,
            hang_up_after_ms: Some(1_500),
            counts_only: true,
            ..NewCall::default()
        };
        simulator.place_call(&call).expect("the call is placed");
    }
}

fn sign(body: &[u8], secret: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length will do");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

fn webhook(field: &str, mut value: Value) -> Value {
    value["messaging_product"] = json!("whatsapp");
    value["metadata"] =
        json!({ "display_phone_number": "15550100001", "phone_number_id": account().numbers[0].id });
    json!({ "object": "whatsapp_business_account",
        "entry": [{ "id": "200000000000001", "changes": [{ "field": field, "value": value }] }] })
}

/// What strangers, broken clients and Meta on a bad day send.
async fn mischief(exchange: &Exchange, round: u64, cookie: &str) {
    let client = reqwest::Client::new();
    let text = json!({ "contacts": [{ "profile": { "name": MARK }, "wa_id": PHONE }], "messages": [{
        "from": PHONE, "id": format!("wamid.{round}.{MARK}"), "timestamp": "1760000500", "type": "text",
        "text": { "body": format!("my card is {MARK}") } }] });
    let broken_offer = json!({ "calls": [{ "id": format!("wacid.{round}.{MARK}"), "from": PHONE, "to": "15550100001",
        "event": "connect", "direction": "USER_INITIATED", "timestamp": "1760000500",
        "session": { "sdp_type": "offer", "sdp": format!("v=0\r\na=ice-ufrag:{MARK}\r\na=ice-pwd:{MARK}{MARK}\r\nm=audio {MARK}") } }] });
    let strange =
        json!({ "calls": [{ "id": format!("wacid.s{round}"), "event": MARK, "from": PHONE }], "new": MARK });
    let foreign = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{ "field": "messages",
        "value": { "metadata": { "phone_number_id": "999", "display_phone_number": PHONE }, "messages": [{ "id": format!("f{round}"), "text": { "body": MARK } }] } }] }] });
    let mut bodies: Vec<(Vec<u8>, String)> = Vec::new();
    for body in [webhook("messages", text), webhook("calls", broken_offer), webhook(MARK, strange), foreign] {
        let body = body.to_string().into_bytes();
        let signature = sign(&body, APP_SECRET);
        bodies.push((body.clone(), signature));
        bodies.push((body, format!("sha256={MARK}")));
    }
    let garbage = format!("{{\"{MARK}\": {PHONE}").into_bytes();
    let signature = sign(&garbage, APP_SECRET);
    bodies.push((garbage, signature));
    for (body, signature) in bodies {
        let request = client.post(exchange.url("/api/whatsapp/calling")).body(body);
        request.header("X-Hub-Signature-256", signature).send().await.expect("an answer");
    }
    let handshake =
        format!("/api/whatsapp/calling?hub.mode=subscribe&hub.verify_token={MARK}&hub.challenge={MARK}");
    for path in [
        handshake.as_str(),
        &format!("/api/v1/calls?search={PHONE}&cursor={MARK}"),
        &format!("/{MARK}/{PHONE}"),
        &format!("/api/v1/calls/{MARK}"),
        &format!("/api/{MARK}"),
    ] {
        client.get(exchange.url(path)).send().await.expect("an answer");
        client.get(exchange.url(path)).bearer_auth(API_KEY).send().await.expect("an answer");
        client.get(exchange.url(path)).bearer_auth(MARK.repeat(6)).send().await.expect("an answer");
    }
    let wrong = json!({ "email": format!("{MARK}@example.com"), "password": format!("{MARK}{MARK}") });
    client.post(exchange.url("/api/v1/login")).json(&wrong).send().await.expect("an answer");
    client.post(exchange.url("/api/v1/login")).body(MARK).send().await.expect("an answer");
    odd_stream(exchange, cookie).await;
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let mut stun = vec![0, 1, 0, 20, 0x21, 0x12, 0xA4, 0x42];
    stun.extend_from_slice(&[7; 12]);
    stun.extend_from_slice(&[0, 6, 0, 16]);
    stun.extend_from_slice(format!("{MARK}:{MARK}!").as_bytes());
    for junk in [stun.as_slice(), MARK.as_bytes(), &[0x80; 40]] {
        for _ in 0..50 {
            // A flood; what is lost on the way is no loss.
            let _ = socket.send_to(junk, ("127.0.0.1", exchange.agent_port));
        }
    }
}

/// A page that says what no page of ours says.
async fn odd_stream(exchange: &Exchange, cookie: &str) {
    let url = exchange.url("/api/v1/events").as_str().replacen("http", "ws", 1);
    let mut request = url.into_client_request().expect("a request");
    request.headers_mut().insert("cookie", cookie.parse().expect("a header"));
    let origin = exchange.base.origin().ascii_serialization();
    request.headers_mut().insert("origin", origin.parse().expect("a header"));
    let (mut stream, _) = connect_async(request).await.expect("the stream opens");
    let offer = format!("v=0\r\na=ice-pwd:{MARK}\r\n{MARK}");
    for message in [
        json!({ "type": "line_open", "request": MARK, "sdp": offer }).to_string(),
        json!({ "type": MARK, "phone": PHONE }).to_string(),
        MARK.to_owned(),
    ] {
        stream.send(Message::text(message)).await.expect("sent");
    }
    // The answers are the API's subject; closing makes sure that all of it was read.
    stream.close(None).await.expect("closed");
}

#[expect(clippy::print_stderr, reason = "whoever asked for minutes wants to read what they were")]
fn tell(minutes: f64, format: &str, calls: usize, callers: usize, log: &str) {
    eprintln!(
        "quiet logs: {minutes} minutes, format {format}, {calls} calls beside the marked ones, {callers} callers, {} lines, {} bytes of log",
        log.lines().count(),
        log.len()
    );
}

/// Runs rounds for as long as wanted and gives back the log and the numbers of all who called.
async fn run(format: &'static str) -> (String, BTreeSet<String>) {
    install_crypto();
    let folder = tempfile::tempdir().expect("a folder");
    let address = free_address();
    let mut config =
        SimulatorConfig::new(Url::parse(&format!("http://{address}/api/whatsapp/calling")).expect("a URL"));
    config.listen = "127.0.0.1:0".parse().expect("an address");
    config.account = account();
    let simulator = Simulator::start(config, None).await.expect("the simulator starts");
    let exchange = Exchange::start(folder.path(), &simulator, &address, format).await;
    let (agents, cookie) = (agents(&exchange).await, signed_in(&exchange).await);
    let minutes: f64 = std::env::var(MINUTES).ok().and_then(|text| text.parse().ok()).unwrap_or(0.0);
    let stopwatch = Stopwatch::start();
    let mut callers = BTreeSet::from([PHONE.to_owned()]);
    let mut calls = 0;
    for (round, agent) in (0..).zip(agents.iter().cycle()) {
        if round >= 3 && stopwatch.seconds() >= minutes * 60.0 {
            break;
        }
        let plan = LoadPlan {
            concurrent: 6,
            rate_per_s: 8.0,
            talk: Duration::from_millis(600),
            patience: Duration::from_secs(2),
            faults: faults(round),
            agents: vec![agent.clone()],
            ..LoadPlan::new(CALLS)
        };
        marked_calls(&simulator, round);
        let (report, ()) = tokio::join!(run_load(&simulator, plan), mischief(&exchange, round, &cookie));
        calls += report.expect("the round ran").calls;
        callers.extend(simulator.calls().into_iter().filter_map(|call| call.from));
    }
    let log = exchange.log();
    if minutes > 0.0 {
        tell(minutes, format, calls, callers.len(), &log);
    }
    simulator.shutdown().await;
    (log, callers)
}

/// Runs of nine digits or more that stand alone: a telephone number, whoever's it is. Ids are written with letters,
/// underscores or hyphens beside their digits.
fn lone_digits(line: &str) -> Option<&str> {
    line.split(|letter: char| !(letter.is_ascii_alphanumeric() || "-_".contains(letter)))
        .find(|word| word.len() >= 9 && word.bytes().all(|byte| byte.is_ascii_digit()))
}

fn search(log: &str, callers: &BTreeSet<String>) {
    let secrets =
        [MARK, &MARK.to_lowercase(), APP_SECRET, VERIFY_TOKEN, API_KEY, PASSWORD, EMAIL, "access-token-of"];
    let sdp = ["ice-ufrag", "ice-pwd", "a=fingerprint", "a=candidate", "v=0", "m=audio", "Bearer "];
    for line in log.lines() {
        for forbidden in secrets.into_iter().chain(sdp) {
            assert!(!line.contains(forbidden), "{forbidden:?} stands in the log: {line}");
        }
        assert_eq!(lone_digits(line), None, "a number stands in the log: {line}");
    }
    for caller in callers {
        assert!(!log.contains(caller.as_str()), "the number of a caller stands in the log: {caller}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_bad_day_names_nobody_and_nothing_secret() {
    let (log, callers) = run("text").await;
    search(&log, &callers);
    for milestone in ["call received", "call answered", "call ended"] {
        let line = log.lines().find(|line| line.contains(milestone));
        let line = line.unwrap_or_else(|| panic!("{milestone} is a milestone and not in the log:\n{log}"));
        for field in ["call.id=call_", "number.id=num_", "tenant.id=ten_"] {
            assert!(line.contains(field), "{field} is missing: {line}");
        }
    }
    assert!(log.contains("WARN"), "none of all that was worth a warning:\n{log}");
    let errors: Vec<&str> = log.lines().filter(|line| line.contains(" ERROR ")).collect();
    assert!(errors.is_empty(), "somebody would have got up for this: {errors:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn as_json_every_line_is_an_object_and_those_of_a_call_carry_it() {
    let (log, callers) = run("json").await;
    search(&log, &callers);
    let mut milestones = 0;
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(line["level"].is_string() && line["timestamp"].is_string(), "{line}");
        if line["message"] == "call ended" {
            milestones += 1;
            assert!(line["span"]["call.id"].as_str().is_some_and(|id| id.starts_with("call_")), "{line}");
            assert!(line["reason"].is_string() && line["outcome"].is_string(), "{line}");
        }
    }
    assert!(milestones > 0, "no call ended:\n{log}");
}

#[test]
fn a_number_is_found_and_an_id_is_none() {
    assert_eq!(lone_digits("from 5511982119999 came"), Some("5511982119999"));
    assert_eq!(lone_digits("to=\"+34655501234\""), Some("34655501234"));
    assert_eq!(lone_digits("2026-11-20T10:21:07.331123Z call_0199123456789 took 12345678"), None);
}
