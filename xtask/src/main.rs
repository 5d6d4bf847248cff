//! TEND: builds, runs and checks the repository. `cargo xtask help` lists the commands.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the person at the terminal: printing is what it does"
)]

mod browser;
mod check;
mod debian;
mod demo;
mod dist;
mod e2e;
mod faults;
mod generate;
mod interop;
mod postgres;
mod process;
mod progress;
mod quiet_logs;
mod tally;
mod test;
mod tidy;
mod toolchain;
mod web;

use std::env;
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <command>

  demo [args]          build everything and start server, simulator and console on this machine
  test                 every test there is: Rust, both databases, interop, console, browser journeys
  check [piece…]       fmt, tidy, web, clippy, docs, generate (all of them, or those named)
  dist [--binary path] a Debian package and an archive of a release build, below dist/
  e2e [filter]         the browser journeys alone, against a server started for them
  faults [trial]       the disk full, the database away, Graph failing, junk, a flood: in full length, with a table
  generate [--check]   docs/api/openapi.json and the TypeScript client made from it
  quiet-logs [--minutes n]
                       load with every fault, then a search of the log for what must not stand in it
  tidy                 rules of the repository that no compiler knows
";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let (command, rest) = match args.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    let result = match command {
        "demo" => demo::run(rest),
        "test" => test::run(),
        "check" => check::run(rest),
        "dist" => dist::command(rest),
        "e2e" => e2e::command(rest),
        "faults" => faults::command(rest),
        "generate" => generate::command(rest),
        "quiet-logs" => quiet_logs::command(rest),
        "tidy" => tidy::run(),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        unknown => Err(anyhow::anyhow!("there is no command {unknown:?}\n\n{HELP}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask {command}: {error:#}");
            ExitCode::FAILURE
        }
    }
}
