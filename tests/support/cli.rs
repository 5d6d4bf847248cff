//! The command line as a client of a running world.

use std::process::{Command, Output};

use super::world::{API_KEY, World};

/// Runs `switchboard` with these arguments against a world, and gives what it said.
pub(crate) async fn switchboard(world: &World, arguments: &[&str]) -> Said {
    let binary = std::env::current_exe().expect("a path").with_file_name("").join("../switchboard");
    assert!(binary.exists(), "build the binary first: cargo build --bin switchboard (cargo xtask test does)");
    let mut command = Command::new(binary);
    command
        .args(arguments)
        .env_clear()
        .env("SWITCHBOARD_URL", world.url(""))
        .env("SWITCHBOARD_API_KEY", API_KEY);
    let ran = tokio::task::spawn_blocking(move || command.output()).await.expect("it ran");
    Said::of(ran.expect("the binary starts"))
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub well: bool,
    pub out: String,
    pub err: String,
}

impl Said {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        Self { well: output.status.success(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// The same as JSON, of a command that went well.
    pub(crate) fn json(&self) -> serde_json::Value {
        assert!(self.well, "{self:?}");
        serde_json::from_str(&self.out).expect("JSON")
    }
}
