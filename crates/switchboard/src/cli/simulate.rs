//! `switchboard simulate …`: Meta and its customers, for people and scripts.

mod load;
mod mishaps;

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, Subcommand};
use miette::{IntoDiagnostic, Result, miette};
use serde_json::{Value, json};
use switchboard::config::Settings;
use switchboard::telemetry::{self, Talk};
use switchboard_simulator::{Account, AnswerSetup, Secret, Simulator, SimulatorConfig};
use url::Url;

use super::terminal::say;

/// Between two looks at a call that is watched.
const LOOK_EVERY: Duration = Duration::from_millis(250);

#[derive(Debug, Args)]
pub(crate) struct Simulate {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run Meta's side: Graph API, signed webhooks, customers, the phone page.
    Serve(Serve),
    /// Let a customer call (a client of a running simulator) and watch until the call is over.
    Call(Call),
    /// Start a server of its own, let many customers call it, and report what it cost and what was lost.
    Load(load::Load),
}

#[derive(Debug, Args)]
struct Serve {
    /// Where it listens.
    #[arg(long, env = "SWITCHBOARD_SIMULATOR_LISTEN", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Let other machines reach it: everybody who can may then make customers call.
    #[arg(long)]
    expose: bool,
    /// Where webhooks go.
    #[arg(long, default_value = "http://127.0.0.1:8080/api/whatsapp/calling")]
    webhook_url: Url,
    /// The token the Graph API wants (the exchange's META_ACCESS_TOKEN).
    #[arg(long, env = "META_ACCESS_TOKEN", hide_env_values = true)]
    access_token: Option<String>,
    /// Signs webhooks (the exchange's META_APP_SECRET).
    #[arg(long, env = "META_APP_SECRET", hide_env_values = true)]
    app_secret: Option<String>,
    /// Answers the handshake (the exchange's META_VERIFY_TOKEN).
    #[arg(long, env = "META_VERIFY_TOKEN", hide_env_values = true)]
    verify_token: Option<String>,
    /// The number's id (the exchange's PHONE_NUMBER_ID).
    #[arg(long, env = "PHONE_NUMBER_ID")]
    phone_number_id: Option<String>,
    /// The address of this machine that the phone page's browser sends its sound to.
    #[arg(long)]
    phone_ip: Option<std::net::IpAddr>,
    /// How many seconds a call of the business rings at a customer (Meta's own time is not published).
    #[arg(long, default_value_t = 45, value_parser = clap::value_parser!(u64).range(1..=600))]
    ring_time: u64,
    /// What stands as a=setup in Meta's answers: active, actpass or passive.
    #[arg(long, default_value = "active", value_parser = answer_setup)]
    answer_setup: AnswerSetup,
    #[command(flatten)]
    mishaps: mishaps::Mishaps,
}

fn answer_setup(word: &str) -> std::result::Result<AnswerSetup, String> {
    match word {
        "active" => Ok(AnswerSetup::Active),
        "actpass" => Ok(AnswerSetup::Actpass),
        "passive" => Ok(AnswerSetup::Passive),
        other => Err(format!("{other} is none of active, actpass, passive")),
    }
}

#[derive(Debug, Args)]
struct Call {
    /// Where the simulator is.
    #[arg(long, env = "SIMULATOR_URL", default_value = "http://127.0.0.1:8090")]
    simulator_url: Url,
    /// The customer's number.
    #[arg(long)]
    from: Option<String>,
    /// The customer's name.
    #[arg(long)]
    name: Option<String>,
    /// What the customer says: a tone in Hz, or the path of a WAV or Ogg Opus file.
    #[arg(long, default_value = "440")]
    sound: String,
    /// The customer hangs up so many seconds after the call was answered.
    #[arg(long)]
    hang_up_after: Option<u64>,
    /// Keys the customer presses once the call is answered.
    #[arg(long)]
    keys: Option<String>,
    #[command(flatten)]
    mishaps: mishaps::Mishaps,
}

impl Simulate {
    pub(crate) async fn run(self) -> Result<()> {
        match self.verb {
            Verb::Serve(serve) => serve.run().await,
            Verb::Call(call) => call.run().await,
            Verb::Load(load) => load.run().await,
        }
    }
}

impl Serve {
    async fn run(self) -> Result<()> {
        let settings = Settings::from_environment(None).into_diagnostic()?;
        telemetry::start(&settings, Talk::Milestones).into_diagnostic()?;
        let mut config = SimulatorConfig::new(self.webhook_url);
        config.listen = self.listen;
        config.expose = self.expose;
        config.faults = self.mishaps.faults();
        config.limits.business_ring_time = Duration::from_secs(self.ring_time);
        config.switches.answer_setup = self.answer_setup;
        if let Some(phone_ip) = self.phone_ip {
            config.phone_ip = phone_ip;
        }
        let mut account = Account::demo();
        if let Some(token) = self.access_token {
            account.access_token = Secret::new(token);
        }
        if let Some(secret) = self.app_secret {
            account.app_secret = Secret::new(secret);
        }
        if let Some(token) = self.verify_token {
            account.verify_token = Secret::new(token);
        }
        if let (Some(id), Some(number)) = (self.phone_number_id, account.numbers.first_mut()) {
            number.id = id;
        }
        config.account = account;
        let simulator =
            Simulator::start(config, Some(switchboard_console::phone_router())).await.into_diagnostic()?;
        say(&format!("The simulator listens on {}", simulator.url()));
        say("Set SWITCHBOARD_GRAPH_URL to it on the exchange, with the same secrets on both sides.");
        tokio::signal::ctrl_c().await.into_diagnostic()?;
        simulator.shutdown().await;
        Ok(())
    }
}

impl Call {
    async fn run(self) -> Result<()> {
        let sound = match self.sound.parse::<u32>() {
            Ok(hertz) => json!({ "tone_hz": hertz }),
            Err(_) => json!({ "file": self.sound }),
        };
        let wanted = json!({
            "from": self.from,
            "name": self.name,
            "sound": sound,
            "hang_up_after_answer_ms": self.hang_up_after.map(|seconds| seconds * 1_000),
            "faults": self.mishaps.any().then(|| self.mishaps.faults()),
        });
        let client = reqwest::Client::new();
        let calls = self.simulator_url.join("/simulator/v1/calls").into_diagnostic()?;
        let placed = read(client.post(calls.clone()).json(&wanted)).await?;
        let id = placed["id"].as_str().unwrap_or_default().to_owned();
        say(&format!("calling: {id}"));
        let one = self.simulator_url.join(&format!("/simulator/v1/calls/{id}")).into_diagnostic()?;
        let mut told = 0;
        let mut keys = self.keys;
        loop {
            let call = read(client.get(one.clone())).await?;
            let log = call["log"].as_array().cloned().unwrap_or_default();
            for line in log.iter().skip(told) {
                let at = line["at_ms"].as_f64().unwrap_or_default() / 1_000.0;
                say(&format!("{at:8.3}  {}", line["what"].as_str().unwrap_or_default()));
            }
            told = log.len();
            if call["state"] == "accepted"
                && let Some(digits) = keys.take()
            {
                let path = format!("/simulator/v1/calls/{id}/keys");
                let url = self.simulator_url.join(&path).into_diagnostic()?;
                read(client.post(url).json(&json!({ "digits": digits }))).await?;
            }
            if call["state"] == "ended" {
                let heard = &call["heard"];
                say(&format!(
                    "heard: {} packets, {} lost, {} Hz",
                    heard["packets"], heard["lost"], heard["dominant_hz"]
                ));
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

async fn read(request: reqwest::RequestBuilder) -> Result<Value> {
    let answer = request.send().await.map_err(|error| {
        miette!(
            help = "Start one with `switchboard demo` or `switchboard simulate serve`.",
            "no simulator answers: {error}"
        )
    })?;
    let status = answer.status();
    let body: Value = answer.json().await.unwrap_or_default();
    if status.is_success() {
        Ok(body)
    } else {
        Err(miette!("{}", body["detail"].as_str().unwrap_or("the simulator refused")))
    }
}
