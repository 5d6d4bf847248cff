//! The exchange as a process of its own, so that it can really be killed, stopped and told to stop.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;
use switchboard_core::access::Scope;
use switchboard_core::ids::ProviderCallId;
use switchboard_simulator::{Simulator, SimulatorConfig};
use switchboard_store::calls::CallRow;
use switchboard_store::{Store, StoreOptions};
use tempfile::TempDir;
use url::Url;

use super::patience::{eventually, within};
use super::world::{
    API_KEY, APP_SECRET, account, exchange_settings, free_address, install_crypto, number_in,
};

/// A pretend Meta and an exchange beside it, with a folder of its own.
pub(crate) struct Outside {
    pub simulator: Simulator,
    pub settings: Vec<(&'static str, String)>,
    pub address: String,
    pub folder: TempDir,
    http: reqwest::Client,
}

impl Outside {
    pub(crate) async fn new(destination: &str, ports: u16) -> Self {
        install_crypto();
        let folder = tempfile::tempdir().expect("a folder");
        Self::in_folder(folder, destination, ports).await
    }

    pub(crate) async fn in_folder(folder: TempDir, destination: &str, ports: u16) -> Self {
        let address = free_address();
        let webhook = Url::parse(&format!("http://{address}/api/whatsapp/calling")).expect("a URL");
        let mut config = SimulatorConfig::new(webhook);
        config.listen = "127.0.0.1:0".parse().expect("an address");
        config.account = account();
        let simulator = Simulator::start(config, None).await.expect("the simulator starts");
        let settings = exchange_settings(&address, folder.path(), &simulator.url(), destination, ports);
        Self { simulator, settings, address, folder, http: reqwest::Client::new() }
    }

    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.settings.retain(|(known, _)| *known != name);
        self.settings.push((name, value.into()));
    }

    /// Starts the exchange and waits until it is ready.
    pub(crate) async fn start(&self) -> Process {
        let process = Process::spawn(&self.settings, self.folder.path());
        within(Duration::from_secs(60), "the exchange is ready", || async {
            let (status, _) = self.try_get("/readyz").await?;
            status.is_success().then_some(())
        })
        .await;
        process
    }

    /// None: nobody answers.
    pub(crate) async fn try_get(&self, path: &str) -> Option<(StatusCode, Value)> {
        let answer = self.http.get(format!("http://{}{path}", self.address)).send().await.ok()?;
        let status = answer.status();
        Some((status, answer.json().await.unwrap_or_default()))
    }

    /// A request of the operator.
    pub(crate) async fn api(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request =
            self.http.request(method, format!("http://{}{path}", self.address)).bearer_auth(API_KEY);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("the exchange answers");
        let status = answer.status();
        (status, answer.json().await.unwrap_or_default())
    }

    /// What the operator downloads.
    pub(crate) async fn bytes(&self, path: &str) -> Vec<u8> {
        let request = self.http.get(format!("http://{}{path}", self.address)).bearer_auth(API_KEY);
        let answer = request.send().await.expect("the exchange answers");
        assert_eq!(answer.status(), StatusCode::OK);
        answer.bytes().await.expect("a body").to_vec()
    }

    /// Where the calls of the number go from now on.
    pub(crate) async fn route_to(&self, destination: &str) {
        let (_, numbers) = self.api(Method::GET, "/api/v1/numbers", None).await;
        let id = numbers["items"][0]["id"].as_str().expect("a number").to_owned();
        let change = json!({ "destination": destination });
        let (status, body) = self.api(Method::PATCH, &format!("/api/v1/numbers/{id}"), Some(change)).await;
        assert_eq!(status, StatusCode::OK, "{body}");
    }

    /// A webhook of a kind the exchange keeps and does not act on. None: nobody answers.
    pub(crate) async fn send_message(&self, key: &str) -> Option<StatusCode> {
        let body = message(key);
        self.http
            .post(format!("http://{}/api/whatsapp/calling", self.address))
            .header("X-Hub-Signature-256", sign(&body))
            .body(body)
            .timeout(Duration::from_secs(15))
            .send()
            .await
            .ok()
            .map(|answer| answer.status())
    }

    /// The database of the exchange, looked at from beside it.
    pub(crate) async fn store(&self) -> Store {
        let url = format!("sqlite:{}", self.folder.path().join("switchboard.db").display());
        Store::open(&url, StoreOptions::default()).await.expect("the database opens")
    }

    /// Waits until the end of a call is written.
    pub(crate) async fn ended(&self, store: &Store, wacid: &str) -> CallRow {
        self.written(store, wacid, |row| row.facts().ending.is_some()).await
    }

    /// Waits until a call is written as `so` wants it.
    pub(crate) async fn written(&self, store: &Store, wacid: &str, so: fn(&CallRow) -> bool) -> CallRow {
        let number = number_in(store).await;
        let scope = Scope::of_the_exchange(number.tenant);
        let id = ProviderCallId::new(wacid);
        eventually("the call is written", || async {
            store.calls().by_provider_call(&scope, number.id, &id).await.expect("read").filter(so)
        })
        .await
    }
}

fn message(key: &str) -> Vec<u8> {
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{ "field": "messages", "value": {
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "15550100001", "phone_number_id": account().numbers[0].id },
        "messages": [{ "id": format!("wamid.{key}"), "from": "15550100002", "timestamp": "1760000045",
                       "type": "text", "text": { "body": "hello" } }],
    }}]}]})
    .to_string()
    .into_bytes()
}

fn sign(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(APP_SECRET.as_bytes()).expect("any length will do");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// A running exchange.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts the binary and waits for nothing.
    pub(crate) fn spawn(settings: &[(&'static str, String)], folder: &Path) -> Self {
        let binary = std::env::current_exe().expect("a path").with_file_name("").join("../switchboard");
        assert!(
            binary.exists(),
            "build the binary first: cargo build --bin switchboard (cargo xtask test does)"
        );
        let log = folder.join("log");
        let to_log = File::options().create(true).append(true).open(&log).expect("a file for the log");
        let child = Command::new(binary)
            .arg("serve")
            .env_clear()
            .env("RUST_LOG", "info")
            .envs(settings.iter().map(|(name, value)| (*name, value.as_str())))
            .stdout(Stdio::null())
            .stderr(to_log)
            .spawn()
            .expect("the exchange starts");
        Self { child, log }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }

    /// `TERM`, `STOP`, `CONT` …
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.id().to_string()]).status();
        assert!(sent.expect("kill is there").success(), "the signal {name} was not sent");
    }

    pub(crate) fn try_exit(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the process can be asked")
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn exit(&mut self, limit: Duration) -> ExitStatus {
        let child = std::sync::Mutex::new(&mut self.child);
        within(limit, "the exchange has ended", || async {
            child.lock().expect("nobody panics here").try_wait().expect("the process can be asked")
        })
        .await
    }

    /// What it logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Killed already, or killed now: either way it must not outlive the test.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
