//! Logs: to standard error, readable or as JSON lines.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts logging. `RUST_LOG` chooses what, `SWITCHBOARD_LOG=json` how. Safe to call twice.
pub fn start(quiet: bool) {
    // What strangers send to the media ports must not write lines: `is` warns of every odd STUN attribute.
    let default = if quiet {
        "warn,str0m=error,is=error,dimpl=error"
    } else {
        "info,sqlx=warn,sea_orm=warn,sea_orm_migration=warn,str0m=error,is=error,dimpl=error,hyper=warn"
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let json = std::env::var("SWITCHBOARD_LOG").is_ok_and(|value| value == "json");
    // Already started: the first one stays.
    let _ = if json {
        log.json().flatten_event(true).try_init()
    } else {
        log.with_ansi(std::io::stderr().is_terminal()).try_init()
    };
}
