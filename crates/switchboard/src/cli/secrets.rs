//! `switchboard secrets …`: the data keys of this machine's database, beside a running exchange or without one.

use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use miette::{IntoDiagnostic, Result, miette};
use secrecy::ExposeSecret;
use switchboard::config::Config;
use switchboard_store::Store;
use switchboard_store::secrets::{KeyId, NotRetired};

use super::ConfigFile;
use super::terminal::say;

#[derive(Debug, Args)]
pub(crate) struct Secrets {
    #[command(flatten)]
    file: ConfigFile,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Which data keys there are and how much is sealed with each.
    List,
    /// Make a new data key and seal everything with it. The exchange may run; one that was stopped goes on.
    Rotate,
    /// Remove a data key that nothing is sealed with any more.
    Retire {
        /// Its name, as `secrets list` shows it.
        key: KeyId,
    },
}

impl Secrets {
    pub(crate) async fn run(self) -> Result<()> {
        let config = Config::read(&self.file.settings()?).into_diagnostic()?;
        let store = Store::open(config.database_url.expose_secret(), config.store_options())
            .await
            .into_diagnostic()?;
        let done = match self.verb {
            Verb::List => list(&store).await,
            Verb::Rotate => rotate(&store).await,
            Verb::Retire { key } => retire(&store, key).await,
        };
        store.close().await;
        done
    }
}

async fn list(store: &Store) -> Result<()> {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["Key", "Seals", "Values"]);
    for key in store.secrets().list().await.into_diagnostic()? {
        let seals = if key.seals { "yes" } else { "" };
        table.add_row([key.id.to_string(), seals.to_owned(), key.uses.to_string()]);
    }
    say(&format!("{}\n{table}", store.secrets().file().display()));
    Ok(())
}

async fn rotate(store: &Store) -> Result<()> {
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} values, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(store.secrets().count().await.into_diagnostic()?).with_style(style);
    let rotated = store.secrets().rotate(|done| bar.set_position(done.seen)).await.into_diagnostic()?;
    bar.finish_and_clear();
    say(&format!(
        "{} Key {} seals everything; {} values were sealed anew.",
        if rotated.resumed { "The rotation that was stopped is finished." } else { "A new key was made." },
        rotated.key,
        rotated.values.sealed
    ));
    say(&format!("Copy {} to a safe place again.", store.secrets().file().display()));
    for value in &rotated.values.unreadable {
        say(&format!("Not changed: {value}"));
    }
    say(
        "Old keys stay until `switchboard secrets retire KEY`. Backups from before still need them: keep a copy.",
    );
    Ok(())
}

async fn retire(store: &Store, key: KeyId) -> Result<()> {
    store.secrets().retire(key).await.map_err(|refusal| match refusal {
        NotRetired::Seals(_) | NotRetired::InUse { .. } => {
            miette!(help = "Run: switchboard secrets rotate", "{refusal}")
        }
        NotRetired::Unknown(_) => miette!(help = "Run: switchboard secrets list", "{refusal}"),
        NotRetired::Store(error) => miette!("{error}"),
    })?;
    say(&format!(
        "Key {key} is gone from {}. Backups that need it need your copy.",
        store.secrets().file().display()
    ));
    Ok(())
}
