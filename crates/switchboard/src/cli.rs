//! The command line (I4).

mod calls;
mod demo;
mod rest;
mod serve;
mod simulate;
mod terminal;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use miette::{IntoDiagnostic, Result};
use switchboard::config::{Config, NOT_YET, Settings};

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
    /// Run the exchange against the built-in simulator of Meta, with fresh data, and print how to sign in.
    Demo(demo::Demo),
    /// Pretend to be Meta and its customers.
    Simulate(simulate::Simulate),
    /// Look at calls and end them (a client of the REST API: SWITCHBOARD_URL, SWITCHBOARD_API_KEY).
    Calls(calls::Calls),
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
                switchboard::telemetry::start(false);
                let settings = file.settings()?;
                for name in NOT_YET {
                    if settings.text(name).or_else(|| settings.text(&format!("{name}_FILE"))).is_some() {
                        tracing::warn!(
                            "{name} is set, but this version does not have what it configures; it is ignored"
                        );
                    }
                }
                serve::run(Config::read(&settings).into_diagnostic()?).await
            }
            Verb::Demo(demo) => demo.run().await,
            Verb::Simulate(simulate) => simulate.run().await,
            Verb::Calls(calls) => calls.run().await,
            Verb::Openapi => {
                terminal::say(&switchboard_http::openapi().to_pretty_json().into_diagnostic()?);
                Ok(())
            }
        }
    }
}
