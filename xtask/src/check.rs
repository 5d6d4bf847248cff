//! `cargo xtask check`: everything a reviewer should not have to look for, cheapest first.

use crate::process::{cargo, run as carry_out};
use crate::progress::{Done, Report};
use crate::{e2e, generate, tidy, toolchain, web};
use anyhow::{Result, bail};

/// What it is called on the command line, what the table says, what it does.
type Piece = (&'static str, &'static str, fn() -> Result<()>);

const PIECES: [Piece; 6] = [
    ("fmt", "Rust formatting", fmt),
    ("tidy", "rules of the repository", tidy::run),
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
        report.step(what, || work().map(|()| Done::Ran(None)));
    }
    report.finish()
}

fn fmt() -> Result<()> {
    carry_out(cargo().args(["fmt", "--all", "--check"]))
}

fn web_checks() -> Result<()> {
    toolchain::check_node()?;
    web::checks()
}

fn clippy() -> Result<()> {
    carry_out(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

fn docs() -> Result<()> {
    carry_out(cargo().args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
}

fn generated() -> Result<()> {
    e2e::build_server()?;
    generate::check()
}
