//! `switchboard demo`: exchange and simulator in one process, on fresh data, ready to be called.

use std::net::{IpAddr, SocketAddr};

use clap::Args;
use miette::{IntoDiagnostic, Result, miette};
use switchboard::config::{Config, Settings};
use switchboard::first_start::fresh_secret;
use switchboard::telemetry::{self, Talk};
use switchboard::wiring;
use switchboard_simulator::{Account, Secret, Simulator, SimulatorConfig};
use url::Url;

use super::serve::until_told_to_stop;
use super::terminal::say;

/// Random bytes of the demo's password and of its pretend secrets.
const SECRET_BYTES: usize = 12;
/// Who signs in to the demo unless told otherwise.
const DEMO_EMAIL: &str = "demo@example.com";

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Where the simulator and its phone page listen.
    #[arg(long, env = "SWITCHBOARD_SIMULATOR_LISTEN", default_value = "127.0.0.1:8090")]
    simulator_listen: SocketAddr,
    /// Let other machines reach exchange and simulator: everybody who can may then call and sign in.
    #[arg(long)]
    expose: bool,
    /// Where customers' calls go: agents or echo.
    #[arg(long, env = "SWITCHBOARD_DESTINATION", default_value = "agents")]
    destination: String,
}

impl Demo {
    pub(crate) async fn run(self) -> Result<()> {
        let mut settings = Settings::from_environment(None).into_diagnostic()?;
        telemetry::start(&settings, Talk::Trouble).into_diagnostic()?;
        // Fresh data every time, unless the data folder was chosen: then it stays, and so does the account in it.
        let folder = tempfile::Builder::new().prefix("switchboard-demo-").tempdir().into_diagnostic()?;
        settings.set_default("SWITCHBOARD_DATA_DIR", folder.path().display().to_string());
        settings.set_default("SWITCHBOARD_ADMIN_EMAIL", DEMO_EMAIL);
        if settings.text("SWITCHBOARD_DATABASE_URL").is_some() {
            return Err(miette!(
                help = "Unset SWITCHBOARD_DATABASE_URL; SWITCHBOARD_DATA_DIR keeps the demo's data where you want them.",
                "the demo runs on a database of its own, so that its number never gets into yours"
            ));
        }
        let password_chosen = ["SWITCHBOARD_ADMIN_PASSWORD", "SWITCHBOARD_ADMIN_PASSWORD_FILE"]
            .iter()
            .any(|name| settings.text(name).is_some());
        settings.set_default("SWITCHBOARD_ADMIN_PASSWORD", fresh_secret(SECRET_BYTES));

        let account = fresh_account();
        for (name, value) in [
            ("SWITCHBOARD_GRAPH_URL", format!("http://{}", reachable(self.simulator_listen))),
            ("PHONE_NUMBER_ID", account.number_id),
            ("WABA_ID", account.account.waba_id.clone()),
            ("META_ACCESS_TOKEN", account.access_token),
            ("META_APP_SECRET", account.app_secret),
            ("META_VERIFY_TOKEN", account.verify_token),
            ("SWITCHBOARD_NUMBER_NAME", account.name),
            ("SWITCHBOARD_NUMBER_PHONE", account.phone),
            ("SWITCHBOARD_DESTINATION", self.destination.clone()),
            ("WHATSAPP_BUSINESS_CALLS_ENABLED", "true".to_owned()),
        ] {
            settings.set(name, value);
        }
        if self.expose && settings.text("VOIP_SERVER_IP").is_none() {
            return Err(miette!(
                help = "Set VOIP_SERVER_IP to the address other machines reach this one at.",
                "an exposed demo must know its own address"
            ));
        }
        let mut config = Config::read(&settings).into_diagnostic()?;
        if !self.expose && !config.listen.ip().is_loopback() {
            return Err(miette!(
                help = "Add --expose if other machines shall reach the demo.",
                "{} is not an address of this machine alone",
                config.listen
            ));
        }
        let own = config.media.advertise.first().copied().filter(|_| self.expose);
        let phone_page = own.map_or_else(
            || reachable(self.simulator_listen),
            |own| SocketAddr::new(own, self.simulator_listen.port()),
        );
        config.phone_page_url = Url::parse(&format!("http://{phone_page}")).ok();
        let email = settings.text("SWITCHBOARD_ADMIN_EMAIL").unwrap_or_default();
        let password = settings.text("SWITCHBOARD_ADMIN_PASSWORD").unwrap_or_default();

        let webhook = Url::parse(&format!("http://{}/api/whatsapp/calling", reachable(config.listen)))
            .into_diagnostic()?;
        let mut simulator = SimulatorConfig::new(webhook);
        simulator.listen = self.simulator_listen;
        simulator.expose = self.expose;
        simulator.account = account.account;
        if let Some(own) = own {
            simulator.phone_ip = own;
        }
        let simulator =
            Simulator::start(simulator, Some(switchboard_console::phone_router())).await.into_diagnostic()?;
        let running = wiring::start(config).await.into_diagnostic()?;
        if !simulator.handshake().await {
            return Err(miette!("the exchange did not answer the webhook handshake of its own simulator"));
        }

        say("");
        say("Switchboard demo: a real exchange, a pretend WhatsApp. Nothing leaves this machine.");
        say("");
        say(&format!("  Console      {}", running.public_url));
        say(&format!("  Sign in as   {email}"));
        say(&format!(
            "  Password     {}",
            match (password_chosen, running.made_first_user) {
                (true, _) => "the one you chose",
                (false, true) => password.as_str(),
                (false, false) => "the one of this data folder's first start",
            }
        ));
        say(&format!("  Phone page   http://{phone_page}/   (play the customer)"));
        say("");
        say("Ctrl-C ends it.");
        until_told_to_stop(running).await?;
        simulator.shutdown().await;
        Ok(())
    }
}

struct FreshAccount {
    account: Account,
    number_id: String,
    name: String,
    phone: String,
    access_token: String,
    app_secret: String,
    verify_token: String,
}

/// The demo account with secrets of this run, so that no two demos trust each other.
fn fresh_account() -> FreshAccount {
    let mut account = Account::demo();
    let [access_token, app_secret, verify_token] = std::array::from_fn(|_| fresh_secret(SECRET_BYTES));
    account.access_token = Secret::new(access_token.clone());
    account.app_secret = Secret::new(app_secret.clone());
    account.verify_token = Secret::new(verify_token.clone());
    let (number_id, name, phone) = account
        .numbers
        .first()
        .map(|number| (number.id.clone(), number.name.clone(), format!("+{}", number.display_phone)))
        .unwrap_or_default();
    FreshAccount { account, number_id, name, phone, access_token, app_secret, verify_token }
}

/// The address this process reaches a listener of its own at.
fn reachable(listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() {
        SocketAddr::new(IpAddr::from([127, 0, 0, 1]), listen.port())
    } else {
        listen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_demos_share_a_secret() {
        let (one, other) = (fresh_account(), fresh_account());
        assert_ne!(one.access_token, other.access_token);
        assert_ne!(one.app_secret, other.app_secret);
    }
}
