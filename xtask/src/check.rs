//! `cargo xtask check`: everything a reviewer should not have to look for, cheapest first.

use crate::process::{answers, cargo, run as carry_out};
use crate::progress::{Done, Report};
use crate::{e2e, generate, tidy, toolchain, web};
use anyhow::{Result, bail};

/// What it is called on the command line, what the table says, what it does.
type Piece = (&'static str, &'static str, fn() -> Result<Done>);

const PIECES: [Piece; 7] = [
    ("fmt", "Rust formatting", fmt),
    ("tidy", "rules of the repository", rules),
    ("deny", "what we depend on: licences, bans, sources", deny),
    ("web", "console: lint, types, build, size", web_checks),
    ("clippy", "Rust lints", clippy),
    ("docs", "Rust documentation", docs),
    ("generate", "generated files are up to date, the client compiles", generated),
];

pub(crate) fn run(names: &[String]) -> Result<()> {
    if let Some(unknown) = names.iter().find(|name| !PIECES.iter().any(|(piece, ..)| piece == name)) {
        let known: Vec<&str> = PIECES.iter().map(|(piece, ..)| *piece).collect();
        bail!("there is no piece {unknown:?}; there are: {}", known.join(", "));
    }
    let wanted: Vec<_> = PIECES
        .iter()
        .filter(|(piece, ..)| names.is_empty() || names.iter().any(|name| name == piece))
        .collect();
    let mut report = Report::new(wanted.len());
    for (_, what, work) in wanted {
        report.step(what, work);
    }
    report.finish()
}

fn ran(done: Result<()>) -> Result<Done> {
    done.map(|()| Done::Ran(None))
}

fn fmt() -> Result<Done> {
    ran(carry_out(cargo().args(["fmt", "--all", "--check"])))
}

fn rules() -> Result<Done> {
    ran(tidy::run())
}

/// Advisories are left out: they change without us, and need the network.
fn deny() -> Result<Done> {
    if !answers("cargo-deny", &["--version"]) {
        return Ok(Done::Skipped(
            "cargo-deny is not installed; `cargo install cargo-deny` brings it".to_owned(),
        ));
    }
    ran(carry_out(cargo().args(["deny", "--offline", "check", "bans", "licenses", "sources"])))
}

fn web_checks() -> Result<Done> {
    toolchain::check_node()?;
    ran(web::checks())
}

fn clippy() -> Result<Done> {
    ran(carry_out(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])))
}

fn docs() -> Result<Done> {
    ran(carry_out(cargo().args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings")))
}

fn generated() -> Result<Done> {
    e2e::build_server()?;
    ran(generate::check())
}
