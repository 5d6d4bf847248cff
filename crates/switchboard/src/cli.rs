//! The command line (I4).

mod backup;
mod calling;
mod calls;
mod contacts;
mod demo;
mod eligibility;
mod hours;
mod migrate;
mod numbers;
mod permissions;
mod rest;
mod secrets;
mod serve;
mod simulate;
mod tenants;
mod terminal;
mod users;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use miette::{IntoDiagnostic, Result};
use switchboard::config::{Config, NOT_YET, Settings};
use switchboard::telemetry::{self, Talk};

/// A self-hosted telephone exchange for WhatsApp Business Calling.
#[derive(Debug, Parser)]
#[command(name = "switchboard", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run the exchange.
    Serve(ConfigFile),
    /// Bring the tables of the database up to date; `serve` does it by itself.
    Migrate(migrate::Migrate),
    /// Run the exchange against the built-in simulator of Meta, with fresh data, and print how to sign in.
    Demo(demo::Demo),
    /// Pretend to be Meta and its customers.
    Simulate(simulate::Simulate),
    /// May a customer be called? (a client of the REST API)
    Eligibility(eligibility::Eligibility),
    /// Look at calls, place and end them (a client of the REST API: SWITCHBOARD_URL, SWITCHBOARD_API_KEY).
    Calls(calls::Calls),
    /// Calling of a number, here and at Meta (a client of the REST API).
    Calling(calling::Calling),
    /// When a number is open (a client of the REST API).
    Hours(hours::Hours),
    /// Customers: list them, take them in from a file (a client of the REST API).
    Contacts(contacts::Contacts),
    /// What customers allow: show it, ask for it (a client of the REST API).
    Permissions(permissions::Permissions),
    /// Copy database, recordings and files into one file, beside a running exchange.
    Backup(backup::Backup),
    /// Put a backup in place. The exchange must not run.
    Restore(backup::Restore),
    /// The data keys that secrets and recordings are sealed with (on this machine's database).
    Secrets(secrets::Secrets),
    /// People of a business: list and invite them (a client of the REST API), or reset a forgotten password on the
    /// database itself.
    #[command(name = "user")]
    Users(users::Users),
    /// Businesses of this installation (a client of the REST API; needs an operator's key).
    #[command(name = "tenant")]
    Tenants(tenants::Tenants),
    /// Print the OpenAPI description.
    #[command(hide = true)]
    Openapi,
}

/// Where settings are read from besides the environment.
#[derive(Debug, Args)]
pub(crate) struct ConfigFile {
    /// Configuration file (TOML); environment variables win over it.
    #[arg(long, env = "SWITCHBOARD_CONFIG")]
    config: Option<PathBuf>,
}

impl ConfigFile {
    fn settings(&self) -> Result<Settings> {
        Settings::from_environment(self.config.as_deref()).into_diagnostic()
    }
}

impl Cli {
    pub(crate) async fn run(self) -> Result<()> {
        match self.verb {
            Verb::Serve(file) => {
                let settings = file.settings()?;
                telemetry::start(&settings, Talk::Milestones).into_diagnostic()?;
                for name in NOT_YET {
                    if settings.text(name).or_else(|| settings.text(&format!("{name}_FILE"))).is_some() {
                        tracing::warn!(
                            "{name} is set, but this version does not have what it configures; it is ignored"
                        );
                    }
                }
                serve::run(Config::read(&settings).into_diagnostic()?).await
            }
            Verb::Migrate(migrate) => migrate.run().await,
            Verb::Demo(demo) => demo.run().await,
            Verb::Simulate(simulate) => simulate.run().await,
            Verb::Eligibility(eligibility) => eligibility.run().await,
            Verb::Calls(calls) => calls.run().await,
            Verb::Calling(calling) => calling.run().await,
            Verb::Hours(hours) => hours.run().await,
            Verb::Contacts(contacts) => contacts.run().await,
            Verb::Permissions(permissions) => permissions.run().await,
            Verb::Backup(backup) => backup.run().await,
            Verb::Restore(restore) => restore.run().await,
            Verb::Secrets(secrets) => secrets.run().await,
            Verb::Users(users) => users.run().await,
            Verb::Tenants(tenants) => tenants.run().await,
            Verb::Openapi => {
                terminal::say(&switchboard_http::openapi().to_pretty_json().into_diagnostic()?);
                Ok(())
            }
        }
    }
}
