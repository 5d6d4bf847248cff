//! `switchboard serve`: the exchange itself. It mounts no simulator route.

use miette::{IntoDiagnostic, Result};
use switchboard::config::Config;
use switchboard::wiring::{self, Running};

use super::terminal::say;

pub(crate) async fn run(config: Config) -> Result<()> {
    let sandbox = config.is_sandbox();
    let has_number = config.number.is_some();
    let running = wiring::start(config).await.into_diagnostic()?;
    say(&format!("Switchboard listens on {} ({})", running.address, running.public_url));
    say(&format!("Webhook URL for Meta: {}", running.webhook_url()));
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

/// Runs until Ctrl-C or SIGTERM, then says goodbye to every page.
pub(crate) async fn until_told_to_stop(mut running: Running) -> Result<()> {
    let mut terminate =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).into_diagnostic()?;
    tokio::select! {
        result = running.ended() => return result.into_diagnostic(),
        result = tokio::signal::ctrl_c() => result.into_diagnostic()?,
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping");
    running.stop().await;
    Ok(())
}
