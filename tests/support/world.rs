//! One exchange and one pretend Meta, started as the binary starts them, on ports and data of their own.

use std::net::TcpListener;
use std::sync::Once;
use std::sync::atomic::{AtomicU16, Ordering};

use reqwest::{Method, StatusCode};
use secrecy::SecretString;
use serde_json::Value;
use switchboard::config::{Config, Settings};
use switchboard::wiring::{self, Running};
use switchboard_core::access::{Branches, Role, Scope};
use switchboard_core::ids::{ProviderCallId, UserId};
use switchboard_simulator::agent::{AgentHabits, AgentLogin, SimulatedAgent};
use switchboard_simulator::{
    Account, CallReport, CallState, Limits, NewCall, Simulator, SimulatorConfig, Sound,
};
use switchboard_store::Store;
use switchboard_store::calls::{CallRow, EventRow};
use switchboard_store::numbers::Number;
use switchboard_store::users::NewUser;
use tempfile::TempDir;
use url::Url;

use super::patience::eventually;

/// The operator key of every world.
pub(crate) const API_KEY: &str = "operator-key-of-the-scenarios-0123456789";
/// The first user of every world.
pub(crate) const EMAIL: &str = "admin@example.com";
/// His password.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// Secrets of the simulator's account.
pub(crate) const APP_SECRET: &str = "app-secret-of-the-scenarios";
/// See above.
pub(crate) const VERIFY_TOKEN: &str = "verify-token-of-the-scenarios";
/// See above.
pub(crate) const ACCESS_TOKEN: &str = "access-token-of-the-scenarios";

/// UDP ports for customer legs: each world takes the next slice.
static NEXT_PORT: AtomicU16 = AtomicU16::new(20_000);

/// What a world should be like.
#[derive(Debug)]
pub(crate) struct Plan {
    pub destination: &'static str,
    pub limits: Limits,
    pub ports: u16,
    pub settings: Vec<(&'static str, String)>,
}

impl Default for Plan {
    fn default() -> Self {
        Self { destination: "agents", limits: Limits::default(), ports: 64, settings: Vec::new() }
    }
}

/// A running world.
pub(crate) struct World {
    pub simulator: Simulator,
    exchange: Running,
    client: reqwest::Client,
    folder: TempDir,
    settings: Settings,
}

impl World {
    pub(crate) async fn start(plan: Plan) -> Self {
        install_crypto();
        let folder = tempfile::tempdir().expect("a folder");
        let listen = free_address();
        let account = account();
        let webhook = Url::parse(&format!("http://{listen}/api/whatsapp/calling")).expect("a URL");
        let mut config = SimulatorConfig::new(webhook);
        config.listen = "127.0.0.1:0".parse().expect("an address");
        config.account = account.clone();
        config.limits = plan.limits;
        let simulator = Simulator::start(config, None).await.expect("the simulator starts");

        let mut settings = Settings::default();
        for (name, value) in
            exchange_settings(&listen, folder.path(), &simulator.url(), plan.destination, plan.ports)
        {
            settings.set(name, value);
        }
        for (name, value) in plan.settings {
            settings.set(name, value);
        }
        let exchange = start_exchange(&settings).await;
        Self { simulator, exchange, client: reqwest::Client::new(), folder, settings }
    }

    pub(crate) async fn with_destination(destination: &'static str) -> Self {
        Self::start(Plan { destination, ..Plan::default() }).await
    }

    /// Ends it before its database goes.
    pub(crate) async fn stop(self) {
        self.exchange.stop().await;
    }

    /// The data folder of the exchange.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// What the exchange was started with.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn exchange(&self) -> &Running {
        &self.exchange
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.exchange().address)
    }

    /// A customer calls.
    pub(crate) fn call(&self, call: NewCall) -> CallReport {
        self.simulator.place_call(&call).expect("the call is placed")
    }

    /// Waits until the simulator's end of a call is in a state.
    pub(crate) async fn customer_is(&self, id: &str, state: CallState) -> CallReport {
        eventually(&format!("the customer's end of {id} is {state:?}"), || async {
            self.simulator.call(id).filter(|call| call.state == state)
        })
        .await
    }

    /// Waits for something at the customer's end.
    pub(crate) async fn customer_until(
        &self,
        id: &str,
        what: &str,
        is: impl Fn(&CallReport) -> bool,
    ) -> CallReport {
        eventually(what, || async { self.simulator.call(id).filter(|call| is(call)) }).await
    }

    /// The exchange's row of a call, as it is now.
    pub(crate) async fn row(&self, wacid: &str) -> Option<CallRow> {
        let store = self.exchange().engine.store();
        let number = self.number().await;
        let scope = Scope::of_the_exchange(number.tenant);
        store
            .calls()
            .by_provider_call(&scope, number.id, &ProviderCallId::new(wacid))
            .await
            .expect("the database answers")
    }

    /// Waits until the exchange's row of a call says something.
    pub(crate) async fn row_until(&self, wacid: &str, what: &str, is: impl Fn(&CallRow) -> bool) -> CallRow {
        eventually(what, || async { self.row(wacid).await.filter(|row| is(row)) }).await
    }

    /// Waits until the exchange has written the end of a call.
    pub(crate) async fn ended(&self, wacid: &str) -> CallRow {
        self.row_until(wacid, "the call is over", |row| row.facts().ending.is_some()).await
    }

    pub(crate) async fn story(&self, row: &CallRow) -> Vec<EventRow> {
        let scope = Scope::of_the_exchange(row.tenant);
        self.exchange().engine.store().calls().events_of(&scope, row.id).await.expect("the database answers")
    }

    /// A new account, signed in on a page of its own with microphone, sound and line; it says 880 Hz.
    pub(crate) async fn agent(&self, email: &str) -> (SimulatedAgent, UserId) {
        self.person(email, Role::Agent, Branches::All).await
    }

    /// The same with another role, or in some branches only.
    pub(crate) async fn person(
        &self,
        email: &str,
        role: Role,
        branches: Branches,
    ) -> (SimulatedAgent, UserId) {
        let user = self.account_of(email, role, branches).await;
        (self.agent_again(email, Sound::ToneHz(880)).await, user)
    }

    /// The same person on another page.
    pub(crate) async fn agent_again(&self, email: &str, sound: Sound) -> SimulatedAgent {
        let login = AgentLogin {
            base_url: Url::parse(&self.url("/")).expect("a URL"),
            email: email.to_owned(),
            password: switchboard_simulator::Secret::new(PASSWORD),
        };
        let habits = AgentHabits { sound, ..AgentHabits::default() };
        SimulatedAgent::sign_in(&self.simulator, login, habits).await.expect("the agent signs in")
    }

    async fn account_of(&self, email: &str, role: Role, branches: Branches) -> UserId {
        let engine = &self.exchange().engine;
        let scope = Scope::of_the_exchange(self.number().await.tenant);
        let password = SecretString::from(PASSWORD.to_owned());
        let new = NewUser {
            email: email.to_owned(),
            name: email.split('@').next().expect("a name").to_owned(),
            role,
            branches,
            password_hash: switchboard_http::hash_password(&password).expect("a good password"),
            language: "en".to_owned(),
            created_at: engine.clock().now(),
        };
        engine.store().users().create(&scope, new).await.expect("a new account").id
    }

    pub(crate) async fn number(&self) -> Number {
        let store = self.exchange().engine.store();
        number_in(store).await
    }

    /// A request of the operator.
    pub(crate) async fn api(&self, method: Method, path: &str) -> (StatusCode, Value) {
        let answer = self
            .client
            .request(method, self.url(path))
            .bearer_auth(API_KEY)
            .send()
            .await
            .expect("the exchange answers");
        let status = answer.status();
        (status, answer.json().await.unwrap_or_default())
    }

    /// The same with a body.
    pub(crate) async fn api_with(&self, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = self.client.request(method, self.url(path)).bearer_auth(API_KEY).json(body);
        let answer = request.send().await.expect("the exchange answers");
        let status = answer.status();
        (status, answer.json().await.unwrap_or_default())
    }

    /// A plain client without credentials.
    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.client
    }
}

/// The number of the simulator's account, as the exchange keeps it.
pub(crate) async fn number_in(store: &Store) -> Number {
    let numbers = store.numbers().of_the_installation().await.expect("the database answers");
    numbers.into_iter().next().expect("a number")
}

/// The environment an exchange of the scenarios is started with.
pub(crate) fn exchange_settings(
    listen: &str,
    folder: &std::path::Path,
    graph: &str,
    destination: &str,
    ports: u16,
) -> Vec<(&'static str, String)> {
    let first = NEXT_PORT.fetch_add(ports, Ordering::Relaxed);
    vec![
        ("SWITCHBOARD_LISTEN", listen.to_owned()),
        ("SWITCHBOARD_DATA_DIR", folder.display().to_string()),
        // Many stories miss calls on purpose; those of the suspension set the limit of their number.
        ("SWITCHBOARD_SUSPEND_AFTER_MISSED", "0".to_owned()),
        ("SWITCHBOARD_GRAPH_URL", graph.to_owned()),
        ("PHONE_NUMBER_ID", account().numbers[0].id.clone()),
        ("META_ACCESS_TOKEN", ACCESS_TOKEN.to_owned()),
        ("META_APP_SECRET", APP_SECRET.to_owned()),
        ("META_VERIFY_TOKEN", VERIFY_TOKEN.to_owned()),
        ("SWITCHBOARD_DESTINATION", destination.to_owned()),
        ("SWITCHBOARD_API_KEY", API_KEY.to_owned()),
        ("SWITCHBOARD_ADMIN_EMAIL", EMAIL.to_owned()),
        ("SWITCHBOARD_ADMIN_PASSWORD", PASSWORD.to_owned()),
        ("SWITCHBOARD_MEDIA_PORTS", format!("{first}-{}", first + ports - 1)),
        ("SWITCHBOARD_MEDIA_AGENT_PORT", "0".to_owned()),
    ]
}

async fn start_exchange(settings: &Settings) -> Running {
    let config = Config::read(settings).expect("the settings are good");
    wiring::start(config).await.expect("the exchange starts")
}

/// The simulator's demo account with the secrets of the scenarios.
pub(crate) fn account() -> Account {
    let mut account = Account::demo();
    account.access_token = switchboard_simulator::Secret::new(ACCESS_TOKEN);
    account.app_secret = switchboard_simulator::Secret::new(APP_SECRET);
    account.verify_token = switchboard_simulator::Secret::new(VERIFY_TOKEN);
    account
}

pub(crate) fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        rustls::crypto::aws_lc_rs::default_provider().install_default().expect("the first one");
    });
}

pub(crate) fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").to_string()
}
