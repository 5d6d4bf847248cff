//! `cargo xtask test`: everything that proves something, and a table of what ran.

use crate::postgres::{self, Postgres};
use crate::process::cargo;
use crate::progress::{Done, Report};
use crate::{browser, e2e, generate, interop, toolchain, web};
use anyhow::{Result, bail};
use std::process::Command;

/// The stories that listen for gaps in live calls.
const TRIALS: &str = "scenarios::faults";

pub(crate) fn run() -> Result<()> {
    toolchain::check()?;
    let mut report = Report::new(10);

    let console = report.step("console: npm packages and build", || {
        web::install("web")?;
        web::build()?;
        Ok(Done::Ran(None))
    });

    report.step("console: unit tests", || {
        if !console {
            bail!("not run, since the console could not be built");
        }
        web::unit_tests()
    });

    let mut postgres = Postgres::Absent("not asked for".into());
    report.step("PostgreSQL for the store's tests", || {
        postgres = Postgres::ensure()?;
        Ok(match &postgres {
            Postgres::Given(_) => Done::Ran(None),
            Postgres::Ours(_) => Done::Ran(None),
            Postgres::Absent(why) => Done::Skipped(format!("store tested on SQLite only: {why}")),
        })
    });

    let server = report.step("server: build", || {
        e2e::build_server()?;
        Ok(Done::Ran(None))
    });

    report.step("generated files are up to date, the client compiles", || {
        if !server {
            bail!("not run, since the server could not be built");
        }
        generate::check()?;
        Ok(Done::Ran(None))
    });

    let tests = |command: &mut Command| {
        match postgres.url() {
            Some(url) => command.env(postgres::VARIABLE, url),
            None => command.env_remove(postgres::VARIABLE),
        };
        match postgres.app_url() {
            Some(url) => command.env(postgres::APP_VARIABLE, url),
            None => command.env_remove(postgres::APP_VARIABLE),
        };
        web::counted(command, "cargo test")
    };
    report.step("Rust: all tests", || {
        let mut command = cargo();
        command.args(["test", "--workspace", "--no-fail-fast", "--", "--skip", TRIALS]);
        tests(&mut command)
    });
    // They listen for gaps in live calls: one after the other, with nothing beside them.
    report.step("Rust: live calls while things break", || {
        let mut command = cargo();
        command.args(["test", "--workspace", "--test", "it", TRIALS, "--", "--test-threads=1"]);
        tests(command.env("SWITCHBOARD_FAULTS", "alone"))
    });
    // Nothing below needs it, and the journeys want a quiet machine.
    drop(postgres);

    report.step("media against aiortc", interop::aiortc);

    let mut chromium = Err("not looked for".to_owned());
    report.step("Chromium for the browser journeys", || {
        chromium = browser::ensure()?;
        Ok(match &chromium {
            Ok(path) => {
                println!("      {path}");
                Done::Ran(None)
            }
            Err(why) => Done::Skipped(why.clone()),
        })
    });

    report.step("browser journeys", || match &chromium {
        _ if !console || !server => bail!("not run, since the console or the server could not be built"),
        Ok(path) => e2e::journeys(path, &[]),
        Err(why) => Ok(Done::Skipped(why.clone())),
    });

    report.finish()
}
