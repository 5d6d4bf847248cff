//! The programs a build needs, and a clear word for each one that is missing.

use crate::process::{answers, program, read};
use anyhow::{Result, bail};
use std::env;

/// Node 20.19 is the oldest that the console's tools take.
const NODE: (u32, u32) = (20, 19);
/// The `rust-version` of the workspace.
const RUST: (u32, u32) = (1, 95);

/// Fails with one message for every missing or too old program.
pub(crate) fn check() -> Result<()> {
    let complaints: Vec<String> = [rust(), node(), npm(), c_compiler()].into_iter().flatten().collect();
    if complaints.is_empty() {
        return Ok(());
    }
    bail!("this machine cannot build Switchboard yet.\n\n{}", complaints.join("\n\n"))
}

/// What is wrong with Node and npm, if anything.
pub(crate) fn check_node() -> Result<()> {
    let complaints: Vec<String> = [node(), npm()].into_iter().flatten().collect();
    if complaints.is_empty() {
        return Ok(());
    }
    bail!("{}", complaints.join("\n\n"))
}

fn rust() -> Option<String> {
    let found = read(program("rustc").arg("--version")).ok();
    judge(
        "Rust",
        RUST,
        found.as_deref(),
        "the server is written in it",
        "https://rustup.rs, or `rustup update`: rustup reads rust-toolchain.toml and fetches the right version",
    )
}

fn node() -> Option<String> {
    let found = read(program("node").arg("--version")).ok();
    judge(
        "Node.js",
        NODE,
        found.as_deref(),
        "the web console is built with it",
        "https://nodejs.org (any current LTS), or your system's package `nodejs`",
    )
}

fn npm() -> Option<String> {
    if answers("npm", &["--version"]) {
        return None;
    }
    Some(missing(
        "npm",
        "it fetches the parts of the web console",
        "it comes with Node.js from https://nodejs.org; on Debian and Ubuntu also `apt-get install npm`",
    ))
}

fn c_compiler() -> Option<String> {
    let named = env::var("CC").ok();
    let candidates = named.as_deref().into_iter().chain(["cc", "gcc", "clang"]);
    if candidates.into_iter().any(|name| answers(name, &["--version"])) {
        return None;
    }
    Some(missing(
        "C compiler",
        "SQLite and the cryptography library (aws-lc) are C and are built from source",
        "Debian and Ubuntu `apt-get install build-essential`, Fedora `dnf install gcc`, macOS `xcode-select --install`",
    ))
}

fn judge(name: &str, least: (u32, u32), found: Option<&str>, why: &str, how: &str) -> Option<String> {
    let Some(text) = found else { return Some(missing(name, why, how)) };
    match version(text) {
        Some(have) if have >= least => None,
        Some((major, minor)) => Some(format!(
            "  {name} is too old: {major}.{minor}, at least {}.{} is needed\n    why      {why}\n    install  {how}",
            least.0, least.1
        )),
        None => Some(format!("  {name} does not tell its version ({:?})\n    install  {how}", text.trim())),
    }
}

fn missing(name: &str, why: &str, how: &str) -> String {
    format!("  {name} is missing\n    why      {why}\n    install  {how}")
}

/// The first `major.minor` in a text such as `rustc 1.95.0 (…)` or `v20.20.2`.
fn version(text: &str) -> Option<(u32, u32)> {
    text.split_whitespace().find_map(|word| {
        let mut numbers = word.trim_start_matches('v').split('.');
        Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_where_programs_print_them() {
        assert_eq!(version("rustc 1.95.0 (59807616e 2026-04-14)"), Some((1, 95)));
        assert_eq!(version("v20.20.2\n"), Some((20, 20)));
        assert_eq!(version("nothing"), None);
    }

    #[test]
    fn an_old_node_is_named_with_what_is_needed_and_a_new_one_is_taken() {
        assert_eq!(judge("Node.js", NODE, Some("v20.19.0"), "w", "h"), None);
        assert_eq!(judge("Node.js", NODE, Some("v24.1.0"), "w", "h"), None);
        let old = judge("Node.js", NODE, Some("v18.19.0"), "the console", "nodejs.org").unwrap_or_default();
        assert!(old.contains("18.19") && old.contains("20.19") && old.contains("nodejs.org"), "{old}");
        let gone = judge("Node.js", NODE, None, "the console", "nodejs.org").unwrap_or_default();
        assert!(gone.contains("is missing") && gone.contains("why      the console"), "{gone}");
    }
}
