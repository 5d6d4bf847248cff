//! The test's own business: receives webhooks and answers calls over the Graph API.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use switchboard_simulator::{Account, CallReport, Simulator, SimulatorConfig};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::line::Line;

pub(crate) const NUMBER: &str = "100000000000001";
const TOKEN: &str = "simulator-access-token";
const APP_SECRET: &str = "simulator-app-secret-000000000000";
const PATIENCE: Duration = Duration::from_secs(20);

/// A webhook as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Arrived {
    pub(crate) raw: Vec<u8>,
    pub(crate) signature: String,
    pub(crate) body: Value,
}

impl Arrived {
    pub(crate) fn call(&self) -> &Value {
        let changes = self.body["entry"][0]["changes"].as_array().expect("changes");
        let change = changes.iter().find(|change| change["field"] == "calls").expect("a change of calls");
        &change["value"]["calls"][0]
    }

    /// The value of the first change of this field.
    pub(crate) fn value(&self, field: &str) -> Option<&Value> {
        let changes = self.body["entry"][0]["changes"].as_array()?;
        changes.iter().find(|change| change["field"] == field).map(|change| &change["value"])
    }

    /// What a webhook is about, in one word: the event of a call, the status of a call or message, the type of a
    /// message, or the field.
    pub(crate) fn word(&self) -> &str {
        let change = &self.body["entry"][0]["changes"][0];
        let value = &change["value"];
        [&value["calls"][0]["event"], &value["statuses"][0]["status"], &value["messages"][0]["type"]]
            .into_iter()
            .find_map(Value::as_str)
            .or_else(|| change["field"].as_str())
            .expect("a field")
    }

    /// The permission reply of a message.
    pub(crate) fn reply(&self) -> &Value {
        let message = &self.value("messages").expect("messages")["messages"][0];
        &message["interactive"]["call_permission_reply"]
    }

    pub(crate) fn event(&self) -> &str {
        self.call()["event"].as_str().expect("an event")
    }

    pub(crate) fn id(&self) -> &str {
        self.call()["id"].as_str().expect("an id")
    }

    pub(crate) fn offer(&self) -> &str {
        self.call()["session"]["sdp"].as_str().expect("an offer")
    }
}

/// HMAC-SHA256 by another library than the simulator's.
pub(crate) fn hmac(bytes: &[u8]) -> String {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, APP_SECRET.as_bytes());
    format!("sha256={}", hex::encode(aws_lc_rs::hmac::sign(&key, bytes)))
}

#[derive(Clone)]
struct Inbox {
    arrived: Sender<Arrived>,
    failures_left: Arc<AtomicU32>,
}

async fn receive(State(inbox): State<Inbox>, headers: HeaderMap, raw: Bytes) -> StatusCode {
    let signature = headers["x-hub-signature-256"].to_str().expect("text").to_owned();
    assert_eq!(signature, hmac(&raw), "every webhook is signed over its exact bytes");
    let body = serde_json::from_slice(&raw).expect("JSON");
    inbox.arrived.send(Arrived { raw: raw.to_vec(), signature, body }).await.expect("the test listens");
    let failing = inbox
        .failures_left
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
        .is_ok();
    if failing { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK }
}

/// A simulator and the business it calls.
pub(crate) struct Business {
    pub(crate) simulator: Simulator,
    pub(crate) http: reqwest::Client,
    arrived: Mutex<Receiver<Arrived>>,
    failures_left: Arc<AtomicU32>,
}

impl Business {
    pub(crate) async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    pub(crate) async fn open_with(change: impl FnOnce(&mut SimulatorConfig)) -> Self {
        let (sender, receiver) = channel(4_096);
        let failures_left = Arc::new(AtomicU32::new(0));
        let inbox = Inbox { arrived: sender, failures_left: Arc::clone(&failures_left) };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let router = Router::new().route("/hook", post(receive)).with_state(inbox);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let mut config = SimulatorConfig::new(format!("http://{address}/hook").parse().unwrap());
        config.listen.set_port(0);
        config.account = Account::demo();
        config.limits.webhook_retry_first = Duration::from_millis(20);
        change(&mut config);
        let simulator = Simulator::start(config, None).await.unwrap();
        Self { simulator, http: reqwest::Client::new(), arrived: Mutex::new(receiver), failures_left }
    }

    /// The next so many webhooks get a 500.
    pub(crate) fn fail_next(&self, count: u32) {
        self.failures_left.store(count, Ordering::SeqCst);
    }

    pub(crate) async fn next(&self) -> Arrived {
        let mut arrived = self.arrived.lock().await;
        tokio::time::timeout(PATIENCE, arrived.recv()).await.expect("a webhook in time").unwrap()
    }

    /// The next webhook of this event; others before it are a surprise.
    pub(crate) async fn expect(&self, event: &str) -> Arrived {
        let arrived = self.next().await;
        assert_eq!(arrived.event(), event, "{}", arrived.body);
        arrived
    }

    /// The next webhook, which must be about this.
    pub(crate) async fn hears(&self, word: &str) -> Arrived {
        let arrived = self.next().await;
        assert_eq!(arrived.word(), word, "{}", arrived.body);
        arrived
    }

    /// The words of the next so many webhooks.
    pub(crate) async fn words(&self, count: usize) -> Vec<String> {
        let mut words = Vec::new();
        for _ in 0..count {
            words.push(self.next().await.word().to_owned());
        }
        words
    }

    /// `connect` to this customer.
    pub(crate) async fn connect(&self, to: &str, offer: &str) -> (u16, Value) {
        self.graph(json!({
            "messaging_product": "whatsapp", "to": to, "action": "connect",
            "session": { "sdp_type": "offer", "sdp": offer }, "biz_opaque_callback_data": "job-77",
        }))
        .await
    }

    /// A `GET` or, with a body, a `POST` of the Graph API.
    pub(crate) async fn ask(&self, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("{}/v25.0/{path}", self.simulator.url());
        let request = match body {
            Some(body) => self.http.post(url).json(&body),
            None => self.http.get(url),
        };
        let answer = request.bearer_auth(TOKEN).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Places a call over the control API and gives its id.
    pub(crate) async fn place(&self, call: Value) -> String {
        let (status, body) = self.control("calls", call).await;
        assert_eq!(status, 201, "{body}");
        body["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn control(&self, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/simulator/v1/{path}", self.simulator.url());
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
    }

    /// `POST /{number}/calls` with the right token.
    pub(crate) async fn graph(&self, body: Value) -> (u16, Value) {
        let url = format!("{}/v25.0/{NUMBER}/calls", self.simulator.url());
        let answer = self.http.post(url).bearer_auth(TOKEN).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub(crate) async fn act(&self, action: &str, call: &str, sdp: Option<&str>) -> (u16, Value) {
        let mut body = json!({ "messaging_product": "whatsapp", "call_id": call, "action": action });
        if let Some(sdp) = sdp {
            body["session"] = json!({ "sdp_type": "answer", "sdp": sdp });
        }
        self.graph(body).await
    }

    /// `pre_accept`, and `accept` when the media is connected; the line speaks from then on.
    pub(crate) async fn answer(&self, connect: &Arrived, hertz: Option<u32>) -> Line {
        let line = Line::answer(connect.offer());
        assert_eq!(self.act("pre_accept", connect.id(), Some(&line.answer)).await.0, 200);
        line.wait_until("connected", |state| state.connected).await;
        assert_eq!(self.act("accept", connect.id(), Some(&line.answer)).await.0, 200);
        if let Some(hertz) = hertz {
            line.speak(hertz);
        }
        line
    }

    /// Waits until the report of a call says so.
    pub(crate) async fn until(
        &self,
        id: &str,
        what: &str,
        true_of: impl Fn(&CallReport) -> bool,
    ) -> CallReport {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let mut tick = tokio::time::interval(Duration::from_millis(10));
        loop {
            tick.tick().await;
            let report = self.simulator.call(id).expect("a call");
            if true_of(&report) {
                return report;
            }
            assert!(tokio::time::Instant::now() < deadline, "{what} did not happen: {report:#?}");
        }
    }
}
