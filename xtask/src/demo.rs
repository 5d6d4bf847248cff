//! `cargo xtask demo`: from a fresh clone to a ringing console.

use crate::process::{self, cargo, target_dir};
use crate::progress::{now, short};
use crate::{toolchain, web};
use anyhow::{Context, Result};
use std::process::Command;

pub(crate) fn run(args: &[String]) -> Result<()> {
    let began = now();
    let say = |step: u32, what: &str| println!("[{step}/5] {what} (at {})", short(began.elapsed()));

    say(1, "looking for Rust, Node.js, npm and a C compiler");
    toolchain::check()?;

    say(2, "npm packages of the console");
    if !web::install("web")? {
        println!("      unchanged since last time");
    }

    say(3, "building the console and the phone page");
    if !web::build()? {
        println!("      unchanged since last time");
    }

    say(4, "building the server (the first time takes some minutes)");
    build_server()?;

    say(5, "starting; Ctrl-C ends it");
    println!();
    let server = target_dir().join("demo/switchboard");
    hand_over(Command::new(&server).arg("demo").args(args))
        .with_context(|| format!("start {}", server.display()))
}

fn build_server() -> Result<()> {
    process::run(cargo().args([
        "build",
        "--locked",
        "--profile",
        "demo",
        "--package",
        "switchboard",
        "--bin",
        "switchboard",
    ]))
}

/// Becomes the server, so that Ctrl-C reaches it alone and its last words come before the prompt.
#[cfg(unix)]
fn hand_over(server: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    Err(server.exec().into())
}

#[cfg(not(unix))]
fn hand_over(server: &mut Command) -> Result<()> {
    process::run(server)
}
