//! `switchboard migrate`: what an upgrade does to the database, before or without starting the exchange.

use clap::Args;
use miette::{IntoDiagnostic, Result};
use secrecy::ExposeSecret;
use switchboard::config::Config;
use switchboard::telemetry::{self, Talk};
use switchboard_store::Store;

use super::ConfigFile;
use super::terminal::say;

/// Brings the tables of the database up to date.
#[derive(Debug, Args)]
pub(crate) struct Migrate {
    /// Only say what would be done; the database is not touched.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    config: ConfigFile,
}

impl Migrate {
    pub(crate) async fn run(self) -> Result<()> {
        let settings = self.config.settings()?;
        telemetry::start(&settings, Talk::Trouble).into_diagnostic()?;
        let config = Config::read(&settings).into_diagnostic()?;
        let (url, options) = (config.database_url.expose_secret(), config.store_options());
        let pending = Store::pending_migrations(url, &options).await.into_diagnostic()?;
        if pending.is_empty() {
            say("The tables are up to date.");
            return Ok(());
        }
        for migration in &pending {
            say(&format!("{}: {}", migration.name, migration.what));
        }
        if self.dry_run {
            say(&format!("{} to run at the next start; nothing was changed.", pending.len()));
            return Ok(());
        }
        let store = Store::open(url, options).await.into_diagnostic()?;
        store.close().await;
        say("Done. Rolling back means restoring the backup from before.");
        Ok(())
    }
}
