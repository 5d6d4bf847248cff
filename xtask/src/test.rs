//! `cargo xtask test`: everything that proves something, and a table of what ran.

use crate::postgres::{self, Postgres};
use crate::process::cargo;
use crate::progress::{Done, Report};
use crate::{browser, e2e, generate, interop, toolchain, web};
use anyhow::{Result, bail};

pub(crate) fn run() -> Result<()> {
    toolchain::check()?;
    let mut report = Report::new(9);

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

    report.step("Rust: all tests", || {
        let mut command = cargo();
        command.args(["test", "--workspace", "--no-fail-fast"]);
        match postgres.url() {
            Some(url) => command.env(postgres::VARIABLE, url),
            None => command.env_remove(postgres::VARIABLE),
        };
        web::counted(&mut command, "cargo test")
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
