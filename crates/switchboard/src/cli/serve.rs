//! `switchboard serve`: the exchange itself. It mounts no simulator route.

use miette::{IntoDiagnostic, Result};
use switchboard::config::Config;
use switchboard::wiring::{self, Running};
use tokio::signal::unix::{SignalKind, signal};

use super::terminal::say;

pub(crate) async fn run(config: Config) -> Result<()> {
    let sandbox = config.is_sandbox();
    let has_number = config.number.is_some();
    let running = wiring::start(config).await.into_diagnostic()?;
    say(&format!("Switchboard listens on {} ({})", running.address, running.public_url));
    say(&format!("Webhook URL for Meta: {}", running.webhook_url()));
    if let Some(keys) = &running.made_key_file {
        say(&format!(
            "NEW DATA KEYS: {} was made. Without it nobody can read recordings and sealed values, you neither.\n\
             Copy it to a safe place now, away from this machine and apart from your backups.",
            keys.display()
        ));
    }
    if sandbox {
        say("SANDBOX: the Graph URL is not Meta's. No real call can come in.");
    }
    if !has_number {
        say(
            "No number yet: set PHONE_NUMBER_ID, META_ACCESS_TOKEN, META_APP_SECRET and SWITCHBOARD_DESTINATION.",
        );
    }
    if let Some(link) = running.setup_link() {
        say(&format!("No account yet. Open this link to make the first one: {link}"));
    }
    until_told_to_stop(running).await
}

/// Runs until Ctrl-C or SIGTERM. The first one stops new calls and waits for the live ones, the second ends them.
pub(crate) async fn until_told_to_stop(mut running: Running) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).into_diagnostic()?;
    let mut interrupt = signal(SignalKind::interrupt()).into_diagnostic()?;
    tokio::select! {
        result = running.ended() => return result.into_diagnostic(),
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    if running.engine.capacity().active_calls > 0 {
        say("Live calls go on; no new ones are taken. Once more (Ctrl-C or SIGTERM) ends them now.");
    }
    tokio::select! {
        () = running.drain() => {}
        _ = interrupt.recv() => tracing::warn!("told to stop a second time: live calls are ended now"),
        _ = terminate.recv() => tracing::warn!("told to stop a second time: live calls are ended now"),
    }
    tracing::info!("stopping");
    running.stop().await;
    Ok(())
}
