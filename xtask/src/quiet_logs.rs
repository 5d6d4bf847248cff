//! `cargo xtask quiet-logs`: the scenario of that name for as long as wanted.

use crate::process::{cargo, run};
use anyhow::{Context, Result, bail};

/// What the scenario reads.
const VARIABLE: &str = "QUIET_LOGS_MINUTES";

pub(crate) fn command(args: &[String]) -> Result<()> {
    let minutes: f64 = match args {
        [] => 1.0,
        [option, minutes] if option == "--minutes" => {
            minutes.parse().with_context(|| format!("{minutes:?} is no number of minutes"))?
        }
        _ => bail!("cargo xtask quiet-logs [--minutes n]"),
    };
    run(cargo().args(["build", "--workspace", "--bins"]))?;
    let name = "quiet_logs::the_log_of_a_bad_day_names_nobody_and_nothing_secret";
    run(cargo()
        .args(["test", "--workspace", "--test", "it", name, "--", "--nocapture"])
        .env(VARIABLE, minutes.to_string()))
}
