//! `switchboard backup` and `switchboard restore`: on this machine's files, not over the API.

use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use miette::{IntoDiagnostic, Result, miette};
use switchboard::backup::{self, BackupError, Progress};
use switchboard::config::Config;
use switchboard_engine::Clock;

use super::ConfigFile;
use super::terminal::say;

#[derive(Debug, Args)]
pub(crate) struct Backup {
    #[command(flatten)]
    file: ConfigFile,
    /// Where to: a folder that is there, or the name of a new file.
    #[arg(default_value = ".")]
    to: PathBuf,
    /// Put the data keys into it, too. Whoever has the file can then read everything in it; without, the keys must be
    /// kept apart, and nobody can read it without them.
    #[arg(long)]
    with_keys: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    #[command(flatten)]
    file: ConfigFile,
    /// The backup.
    archive: PathBuf,
    /// The copy of the data keys, when they are not in the backup.
    #[arg(long)]
    keys: Option<PathBuf>,
    /// Put aside what is in the data folder instead of refusing.
    #[arg(long)]
    force: bool,
}

impl Backup {
    pub(crate) async fn run(self) -> Result<()> {
        let config = Config::read(&self.file.settings()?).into_diagnostic()?;
        let bar = bar();
        let made = backup::make(&config, &self.to, self.with_keys, Clock::default().now(), moves(&bar)).await;
        bar.finish_and_clear();
        let (path, manifest) = made.into_diagnostic()?;
        let bytes: u64 = manifest.files.iter().map(|entry| entry.size).sum();
        say(&format!("{}: {} files, {bytes} bytes.", path.display(), manifest.files.len()));
        if manifest.database == "postgres" {
            say("The database is PostgreSQL and is not in it: make a copy with pg_dump at the same time.");
        }
        if manifest.bucket {
            say("Recordings in the bucket are not in it.");
        }
        if manifest.with_keys {
            say("The data keys are in it: whoever has this file can read everything.");
        } else {
            say(&format!(
                "The data keys are not in it. Keep a copy of {} apart: without it this backup cannot be read.",
                config.data_key_file.display()
            ));
        }
        Ok(())
    }
}

impl Restore {
    pub(crate) async fn run(self) -> Result<()> {
        let config = Config::read(&self.file.settings()?).into_diagnostic()?;
        let (bar, now) = (bar(), Clock::default().now());
        let done =
            backup::restore(&config, &self.archive, self.keys.as_deref(), self.force, now, moves(&bar)).await;
        bar.finish_and_clear();
        let restored = done.map_err(|error| match error {
            BackupError::NotEmpty { .. } => miette!(
                help = "Choose another SWITCHBOARD_DATA_DIR, or --force: what is there is then put aside, not removed.",
                "{error}"
            ),
            BackupError::File { .. }
            | BackupError::Database(_)
            | BackupError::AlreadyThere(_)
            | BackupError::Running { .. }
            | BackupError::Damaged { .. } => miette::Report::msg(with_causes(&error)),
        })?;
        say(&format!(
            "The backup of {} is in {}: {} files, all of them checked.",
            restored.manifest.made_at,
            config.data_dir.display(),
            restored.manifest.files.len()
        ));
        if let Some(aside) = &restored.put_aside {
            say(&format!("What was there before is in {}.", aside.display()));
        }
        if !restored.has_keys {
            say(&format!(
                "The data keys are missing: put your copy at {} before the start.",
                config.data_key_file.display()
            ));
        }
        if restored.manifest.database == "postgres" {
            say("The database was PostgreSQL: restore it from the pg_dump of the same time.");
        }
        Ok(())
    }
}

/// An error with what caused it.
fn with_causes(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style)
}

fn moves(bar: &ProgressBar) -> impl FnMut(Progress) + Send + 'static {
    let bar = bar.clone();
    move |Progress { done, of }| {
        bar.set_length(of);
        bar.set_position(done);
    }
}
