//! `cargo xtask faults`: what breaks around the exchange while people talk, in full length, and a table of what was seen.
//! The trials themselves are tests (`tests/scenarios/faults.rs`), which CI runs for seconds.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::e2e;
use crate::process::cargo;

pub(crate) fn command(args: &[String]) -> Result<()> {
    e2e::build_server()?;
    let report = std::env::temp_dir().join(format!("switchboard-faults-{}", std::process::id()));
    let filter = args.first().map_or("scenarios::faults", String::as_str);
    let status = cargo()
        .args(["test", "-p", "switchboard-tests", "--test", "it", filter, "--", "--test-threads=1"])
        .env("SWITCHBOARD_FAULTS", "full")
        .env("SWITCHBOARD_FAULTS_REPORT", &report)
        .status()
        .context("start the trials")?;
    let rows = fs::read_to_string(&report).unwrap_or_default();
    // It may not be there: a trial that failed at once writes nothing.
    let _ = fs::remove_file(&report);
    println!("\n{}", table(&rows));
    if !status.success() {
        bail!("a trial failed");
    }
    Ok(())
}

/// One line for each trial: its name, how long it took, what was seen.
fn table(rows: &str) -> String {
    let rows: Vec<Vec<&str>> = rows.lines().map(|row| row.splitn(3, " | ").collect()).collect();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let (name, took) = (width(0), width(1));
    rows.iter()
        .map(|row| {
            let cell = |column: usize| row.get(column).copied().unwrap_or_default();
            format!("{:name$}  {:>took$}  {}\n", cell(0), cell(1), cell(2))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other() {
        let text = table("full disk | 12 s | a; b\nflood | 9 s | c\n");
        assert_eq!(text, "full disk  12 s  a; b\nflood       9 s  c\n");
    }
}
