//! Logs: to standard error, readable or as JSON lines. docs/operation/logging.md explains them.

use std::io::IsTerminal;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::config::{ConfigError, Settings};

/// What other people's libraries may say, unless they are named in the filter. What strangers send to the media ports
/// must not write lines: `is` warns of every odd STUN attribute. And below WARN some of them print what is secret here:
/// statements, session descriptions, addresses.
const OTHERS: &str = "sqlx=warn,sea_orm=warn,sea_orm_migration=warn,hyper=warn,hyper_util=warn,reqwest=warn,\
    rustls=warn,h2=warn,tungstenite=warn,str0m=error,is=error,dimpl=error";

/// What a program says beside its own output, unless it is told otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Talk {
    /// Milestones: for a server.
    Milestones,
    /// Only what is wrong: for programs with an output of their own.
    Trouble,
}

/// Starts logging as `SWITCHBOARD_LOG` (what) and `SWITCHBOARD_LOG_FORMAT` (how) say. Safe to call twice: the first
/// one stays.
///
/// # Errors
/// When one of the two is not understood.
pub fn start(settings: &Settings, talk: Talk) -> Result<(), ConfigError> {
    let chosen = settings.text("SWITCHBOARD_LOG").or_else(|| settings.text("RUST_LOG"));
    let chosen = chosen.unwrap_or_else(|| {
        match talk {
            Talk::Milestones => "info",
            Talk::Trouble => "warn",
        }
        .to_owned()
    });
    // What stands later wins for the same target.
    let filter = EnvFilter::try_new(format!("{OTHERS},{chosen}")).map_err(|_| {
        ConfigError::malformed(
            "SWITCHBOARD_LOG",
            "a level (error, warn, info, debug, trace), also by module: info,switchboard_media=debug",
        )
    })?;
    // Standard error may be a file on a full disk: a line that cannot be written is lost, and complaining of that on the
    // same standard error would panic in whoever wanted to log, the media thread among them.
    let lines = fmt::layer().with_writer(std::io::stderr).log_internal_errors(false);
    let lines: Box<dyn Layer<_> + Send + Sync> = match settings.text("SWITCHBOARD_LOG_FORMAT").as_deref() {
        None | Some("text") => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        Some("json") => {
            lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
        }
        Some(_) => return Err(ConfigError::malformed("SWITCHBOARD_LOG_FORMAT", "text or json")),
    };
    let _ = tracing_subscriber::registry().with(filter).with(lines).with(Counted).try_init();
    Ok(())
}

/// Counts what should not become many.
struct Counted;

impl<S: Subscriber> Layer<S> for Counted {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let level = match *event.metadata().level() {
            Level::ERROR => "error",
            Level::WARN => "warn",
            _ => return,
        };
        metrics::counter!("switchboard_log_lines_total", "level" => level).increment(1);
    }
}
