//! No secret of the exchange comes out of it: the real binary with marked secrets in files, calls that go well and calls
//! that fail, and then everything it answered, logged, wrote on its disk and shows in the list of processes is searched.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use reqwest::{Method, header};
use serde_json::{Value, json};
use switchboard_simulator::{
    Account, CallState, Faults, GraphFault, NewCall, Secret, Simulator, SimulatorConfig,
};
use url::Url;

use crate::support::patience::eventually;
use crate::support::world::{EMAIL, account, exchange_settings, free_address, install_crypto};

const TOKEN: &str = "marked-access-token-Kw81";
const APP_SECRET: &str = "marked-app-secret-Kw82";
const VERIFY_TOKEN: &str = "marked-verify-token-Kw83";
const API_KEY: &str = "marked-operator-key-0123456789012345-Kw84";
const PASSWORD: &str = "marked password of the first user Kw85";
const SECRETS: [&str; 5] = [TOKEN, APP_SECRET, VERIFY_TOKEN, API_KEY, PASSWORD];

/// The variable of each secret; all of them are handed over in files.
const VARIABLES: [(&str, &str); 5] = [
    ("META_ACCESS_TOKEN", TOKEN),
    ("META_APP_SECRET", APP_SECRET),
    ("META_VERIFY_TOKEN", VERIFY_TOKEN),
    ("SWITCHBOARD_API_KEY", API_KEY),
    ("SWITCHBOARD_ADMIN_PASSWORD", PASSWORD),
];

struct Exchange {
    child: Child,
    base: String,
    client: reqwest::Client,
    /// Everything it answered.
    heard: std::sync::Mutex<Vec<u8>>,
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Exchange {
    async fn start(settings: &[(&'static str, String)], given: &Path, log: &Path, address: &str) -> Self {
        let binary = std::env::current_exe().expect("a path").with_file_name("").join("../switchboard");
        assert!(
            binary.exists(),
            "build the binary first: cargo build --bin switchboard (cargo xtask test does)"
        );
        let plain = settings.iter().filter(|(name, _)| VARIABLES.iter().all(|(secret, _)| secret != name));
        let in_files = VARIABLES.map(|(name, value)| {
            let file = given.join(name);
            std::fs::write(&file, value).expect("written");
            (format!("{name}_FILE"), file.display().to_string())
        });
        let child = Command::new(binary)
            .arg("serve")
            .env_clear()
            .envs(plain.map(|(name, value)| (*name, value.as_str())))
            .envs(in_files)
            .env("SWITCHBOARD_LOG", "debug,hyper_util=info")
            .stdout(std::fs::File::create(log.with_extension("out")).expect("a file"))
            .stderr(std::fs::File::create(log).expect("a file"))
            .stdin(Stdio::null())
            .spawn()
            .expect("the exchange starts");
        let exchange = Self {
            child,
            base: format!("http://{address}"),
            client: reqwest::Client::new(),
            heard: std::sync::Mutex::default(),
        };
        let url = format!("{}/readyz", exchange.base);
        eventually("the exchange is ready", || async {
            reqwest::get(&url).await.ok().filter(|answer| answer.status().is_success())
        })
        .await;
        exchange
    }

    /// Asks, and keeps what was answered, heads too.
    async fn ask(&self, method: Method, path: &str, key: Option<&str>, body: Option<Value>) -> Value {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        // A cookie is a secret that is given on purpose, and none of ours.
        let mut heads = answer.headers().clone();
        heads.remove(header::SET_COOKIE);
        let heads = format!("{heads:?}");
        let bytes = answer.bytes().await.expect("a body");
        let mut heard = self.heard.lock().expect("no panic");
        heard.extend_from_slice(heads.as_bytes());
        heard.extend_from_slice(&bytes);
        serde_json::from_slice(&bytes).unwrap_or_default()
    }
}

fn tells(bytes: &[u8], words: &str) -> bool {
    bytes.windows(words.len()).any(|some| some == words.as_bytes())
}

/// Every byte below a folder.
fn everything_below(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a list") {
        let path = entry.expect("it").path();
        if path.is_dir() {
            all.extend(everything_below(&path));
        } else {
            all.extend(std::fs::read(&path).unwrap_or_default());
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_comes_back_in_answers_logs_files_or_the_list_of_processes() {
    install_crypto();
    let (folder, given) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("another"));
    let log = given.path().join("log");
    let address = free_address();
    let mut config =
        SimulatorConfig::new(Url::parse(&format!("http://{address}/api/whatsapp/calling")).expect("a URL"));
    config.listen = "127.0.0.1:0".parse().expect("an address");
    config.account = Account {
        access_token: Secret::new(TOKEN),
        app_secret: Secret::new(APP_SECRET),
        verify_token: Secret::new(VERIFY_TOKEN),
        ..account()
    };
    let simulator = Simulator::start(config, None).await.expect("the simulator starts");
    let settings = exchange_settings(&address, folder.path(), &simulator.url(), "echo", 64);
    let exchange = Exchange::start(&settings, given.path(), &log, &address).await;
    assert!(simulator.handshake().await);

    // A call that goes well, and one whose accept Graph refuses.
    let good = simulator.place_call(&NewCall::default()).expect("placed");
    eventually("it is accepted", || async {
        simulator.call(&good.id).filter(|call| call.state == CallState::Accepted)
    })
    .await;
    let refusal = GraphFault {
        code: 190,
        http_status: 401,
        action: Some("accept".to_owned()),
        probability: 1.0,
        carried_out: false,
    };
    let faults = Some(Faults { graph_error: Some(refusal), ..Faults::default() });
    let bad = simulator.place_call(&NewCall { faults, ..NewCall::default() }).expect("placed");
    eventually("it is over", || async {
        simulator.call(&bad.id).filter(|call| call.state == CallState::Ended)
    })
    .await;

    let document: Value = exchange.ask(Method::GET, "/api/openapi.json", None, None).await;
    let calls = exchange.ask(Method::GET, "/api/v1/calls", Some(API_KEY), None).await;
    let call = calls["items"][0]["id"].as_str().expect("a call").to_owned();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for method in item.as_object().expect("operations").keys() {
            let path = path.replace("{id}", &call);
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            let body = (method != Method::GET).then(|| json!({"unknown": 1}));
            for key in [None, Some(API_KEY), Some("a wrong key of thirty-two characters")] {
                exchange.ask(method.clone(), &path, key, body.clone()).await;
            }
        }
    }
    for password in [PASSWORD, "a wrong password"] {
        let body = json!({"email": EMAIL, "password": password});
        exchange.ask(Method::POST, "/api/v1/login", None, Some(body)).await;
    }
    let wrong = "/api/whatsapp/calling?hub.mode=subscribe&hub.challenge=1&hub.verify_token=wrong";
    exchange.ask(Method::GET, wrong, None, None).await;

    let process = format!("/proc/{}", exchange.child.id());
    let heard = exchange.heard.lock().expect("no panic").clone();
    let logged = std::fs::read(&log).expect("the log");
    assert!(tells(&logged, "call_") && heard.len() > 10_000, "nothing was looked at");
    for (what, bytes) in [
        ("answers", heard),
        ("log", logged),
        ("terminal", std::fs::read(log.with_extension("out")).expect("what it said")),
        ("command line", std::fs::read(format!("{process}/cmdline")).unwrap_or_default()),
        ("environment", std::fs::read(format!("{process}/environ")).unwrap_or_default()),
        ("data folder", everything_below(folder.path())),
    ] {
        for secret in SECRETS {
            assert!(!tells(&bytes, secret), "{secret} can be read in the {what}");
        }
        assert!(!tells(&bytes, "a=ice-ufrag"), "SDP can be read in the {what}");
    }
}
