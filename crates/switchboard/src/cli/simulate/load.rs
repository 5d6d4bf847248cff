//! `switchboard simulate load`: a server of its own in a second process, customers and agents in this one, a report.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use clap::{Args, ValueEnum};
use miette::{IntoDiagnostic, Result, miette};
use secrecy::SecretString;
use switchboard::config::Settings;
use switchboard::first_start::fresh_secret;
use switchboard::telemetry::{self, Talk};
use switchboard_core::access::{Branches, Role, Scope};
use switchboard_engine::Clock;
use switchboard_simulator::agent::AgentLogin;
use switchboard_simulator::load::{LoadPlan, LoadSound, run_load};
use switchboard_simulator::{Account, Faults, Secret, Simulator, SimulatorConfig};
use switchboard_store::users::NewUser;
use switchboard_store::{Store, StoreOptions};
use url::Url;

use crate::cli::terminal::say;

/// How long the server may take to be ready.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// Between two looks whether it is.
const LOOK_EVERY: Duration = Duration::from_millis(50);

#[derive(Debug, Args)]
pub(super) struct Load {
    /// Calls in all.
    #[arg(long, default_value_t = 200)]
    calls: usize,
    /// Calls at the same time at most.
    #[arg(long, default_value_t = 200)]
    concurrent: usize,
    /// New calls per second at most.
    #[arg(long, default_value_t = 20.0)]
    rate: f64,
    /// Seconds a customer stays after the call was accepted.
    #[arg(long, default_value_t = 30)]
    talk: u64,
    /// Simulated agents that answer; 0: the callers hear themselves (echo).
    #[arg(long, default_value_t = 0)]
    agents: usize,
    /// What customers say.
    #[arg(long, value_enum, default_value_t = Says::Tone)]
    sound: Says,
    /// Mishaps with this seed: webhooks twice, late, reordered and lost, stale offers, slow answers of Graph.
    #[arg(long)]
    mishaps: Option<u64>,
    /// Also measure a bare UDP forwarder at the same packet rate.
    #[arg(long)]
    floor: bool,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Says {
    /// 440 Hz.
    Tone,
    /// ICE and DTLS, but no sound.
    None,
    /// Not even ICE.
    Dead,
}

/// The server under load; it ends with this.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; either way it must not stay.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Load {
    pub(super) async fn run(self) -> Result<()> {
        let settings = Settings::from_environment(None).into_diagnostic()?;
        telemetry::start(&settings, Talk::Trouble).into_diagnostic()?;
        let folder = tempfile::Builder::new().prefix("switchboard-load-").tempdir().into_diagnostic()?;
        let listen = free_address()?;
        let base_url = Url::parse(&format!("http://{listen}")).into_diagnostic()?;
        let webhook = base_url.join("/api/whatsapp/calling").into_diagnostic()?;

        let secret = fresh_secret(16);
        let mut config = SimulatorConfig::new(webhook);
        config.listen = "127.0.0.1:0".parse().into_diagnostic()?;
        let mut account = Account::demo();
        account.access_token = Secret::new(secret.clone());
        account.app_secret = Secret::new(secret.clone());
        config.account = account;
        let number = config.account.numbers.first().map(|number| number.id.clone()).unwrap_or_default();
        let simulator = Simulator::start(config, None).await.into_diagnostic()?;

        let agents = make_agents(folder.path(), &base_url, self.agents).await?;
        let mut server = self.start_server(folder.path(), &listen, &simulator.url(), &number, &secret)?;
        wait_until_ready(&base_url, &mut server, &folder.path().join("server.log")).await?;
        say(&format!(
            "{} calls, {} at once, {} agents; the server is process {}",
            self.calls,
            self.concurrent,
            self.agents,
            server.0.id()
        ));
        let plan = LoadPlan {
            concurrent: self.concurrent,
            rate_per_s: self.rate,
            talk: Duration::from_secs(self.talk),
            sound: match self.sound {
                Says::Tone => LoadSound::Tone,
                Says::None => LoadSound::None,
                Says::Dead => LoadSound::Dead,
            },
            faults: self.mishaps.map_or_else(Faults::default, mishaps),
            agents,
            server_pid: Some(server.0.id()),
            with_floor: self.floor,
            ..LoadPlan::new(self.calls)
        };
        let report = run_load(&simulator, plan).await.into_diagnostic()?;
        if self.json {
            say(&serde_json::to_string_pretty(&report).into_diagnostic()?);
        } else {
            say(&report.to_string());
        }
        drop(server);
        simulator.shutdown().await;
        Ok(())
    }

    fn start_server(
        &self,
        data: &Path,
        listen: &str,
        graph: &str,
        number: &str,
        secret: &str,
    ) -> Result<Server> {
        let destination = if self.agents == 0 { "echo" } else { "agents" };
        let binary = std::env::current_exe().into_diagnostic()?;
        let log = std::fs::File::create(data.join("server.log")).into_diagnostic()?;
        let mut command = Command::new(binary);
        // Nothing of the caller's own exchange: neither its database nor its secrets.
        for (name, _) in std::env::vars_os() {
            let ours = [
                "SWITCHBOARD_",
                "META_",
                "WHATSAPP_",
                "YCLOUD_",
                "VOIP_SERVER_IP",
                "PHONE_NUMBER_ID",
                "WABA_ID",
            ];
            if name.to_str().is_some_and(|name| ours.iter().any(|prefix| name.starts_with(prefix))) {
                command.env_remove(name);
            }
        }
        let child = command
            .arg("serve")
            .env("SWITCHBOARD_LOG", "warn")
            .env("SWITCHBOARD_DATA_DIR", data)
            .env("SWITCHBOARD_LISTEN", listen)
            .env("SWITCHBOARD_GRAPH_URL", graph)
            .env("PHONE_NUMBER_ID", number)
            .env("META_ACCESS_TOKEN", secret)
            .env("META_APP_SECRET", secret)
            .env("SWITCHBOARD_DESTINATION", destination)
            .env("SWITCHBOARD_MEDIA_AGENT_PORT", "0")
            .env("SWITCHBOARD_SIGN_INS_PER_ADDRESS", (self.agents + 1).to_string())
            // The rate that was asked for is what is measured, not a queue before it; all agents come from one address.
            .env("SWITCHBOARD_SET_UPS_PER_SECOND", format!("{:.0}", (self.rate * 2.0).ceil().max(40.0)))
            .env("SWITCHBOARD_SUSPEND_AFTER_MISSED", "0")
            .env("SWITCHBOARD_REQUESTS_PER_ADDRESS", "100000")
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .into_diagnostic()?;
        Ok(Server(child))
    }
}

/// The mishaps of a bad day, in the proportions the scenarios use.
fn mishaps(seed: u64) -> Faults {
    Faults {
        duplicate: 0.2,
        reorder: 0.1,
        delay_ms: Some((0, 300)),
        drop_connect: 0.02,
        drop_terminate: 0.02,
        stale: 0.03,
        terminate_before_connect: 0.05,
        graph_delay_ms: 20,
        seed,
        ..Faults::default()
    }
}

/// Accounts for the simulated agents, written before the server starts.
async fn make_agents(data: &Path, base_url: &Url, count: usize) -> Result<Vec<AgentLogin>> {
    let url = format!("sqlite:{}", data.join("switchboard.db").display());
    let store = Store::open(&url, StoreOptions::default()).await.into_diagnostic()?;
    let now = Clock::default().now();
    let tenant = store.tenants().default_tenant(now).await.into_diagnostic()?.id;
    let scope = Scope::of_the_exchange(tenant);
    let password = fresh_secret(12);
    let hash = switchboard_http::hash_password(&SecretString::from(password.clone())).into_diagnostic()?;
    let mut logins = Vec::with_capacity(count);
    for index in 1..=count {
        let email = format!("agent-{index}@example.com");
        let new = NewUser {
            email: email.clone(),
            name: format!("Agent {index}"),
            role: Role::Agent,
            branches: Branches::All,
            password_hash: hash.clone(),
            language: "en".to_owned(),
            created_at: now,
        };
        store.users().create(&scope, new).await.into_diagnostic()?;
        logins.push(AgentLogin {
            base_url: base_url.clone(),
            email,
            password: Secret::new(password.clone()),
        });
    }
    store.close().await;
    Ok(logins)
}

async fn wait_until_ready(base_url: &Url, server: &mut Server, log: &Path) -> Result<()> {
    let ready = base_url.join("/readyz").into_diagnostic()?;
    let asked = async {
        loop {
            if reqwest::get(ready.clone()).await.is_ok_and(|answer| answer.status().is_success()) {
                return true;
            }
            if server.0.try_wait().is_ok_and(|ended| ended.is_some()) {
                return false;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    if tokio::time::timeout(READY_WITHIN, asked).await.unwrap_or(false) {
        return Ok(());
    }
    let said = std::fs::read_to_string(log).unwrap_or_default();
    Err(miette!("the server under load did not become ready; it said:\n{said}"))
}

fn free_address() -> Result<String> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").into_diagnostic()?;
    Ok(listener.local_addr().into_diagnostic()?.to_string())
}
