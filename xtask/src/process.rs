//! Other programs: how they are started, and that none outlives us.

use anyhow::{Context, Result, bail};
use std::env;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

/// The root of the checkout.
pub(crate) fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Where cargo builds, and where we keep stamps, logs and virtual environments (`xtask/`).
pub(crate) fn target_dir() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => repository().join(dir),
        None => repository().join("target"),
    }
}

/// Our own folder below the target folder, made when it is not there.
pub(crate) fn own_dir() -> Result<PathBuf> {
    let dir = target_dir().join("xtask");
    std::fs::create_dir_all(&dir).with_context(|| format!("make {}", dir.display()))?;
    Ok(dir)
}

/// A program in the repository's root, reading nothing from the terminal.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(repository()).stdin(Stdio::null());
    command
}

/// Cargo, without the variables that `cargo run` set for us: build scripts that watch them would run again.
pub(crate) fn cargo() -> Command {
    let mut command = program(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// A program that the kernel ends when we die, whatever we die of. `setpriv` is part of every Linux.
pub(crate) fn tied(name: impl AsRef<OsStr>, signal: &str) -> Command {
    static HAS_SETPRIV: OnceLock<bool> = OnceLock::new();
    if !HAS_SETPRIV.get_or_init(|| answers("setpriv", &["--version"])) {
        return program(name);
    }
    let mut command = program("setpriv");
    command.args(["--pdeathsig", signal]).arg(name);
    command
}

/// Runs to the end with its output on our terminal.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("start `{}`", line(command)))?;
    if !status.success() {
        bail!("`{}` ended with {status}", line(command));
    }
    Ok(())
}

/// Runs to the end and gives back what it wrote to standard output.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output =
        command.stderr(Stdio::piped()).output().with_context(|| format!("start `{}`", line(command)))?;
    if !output.status.success() {
        bail!(
            "`{}` ended with {}: {}",
            line(command),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    String::from_utf8(output.stdout).with_context(|| format!("output of `{}` is not text", line(command)))
}

/// Runs to the end, shows its standard output as it comes, and gives every line to `each`.
/// True when it ended well.
pub(crate) fn watch(command: &mut Command, mut each: impl FnMut(&str)) -> Result<bool> {
    let child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("start `{}`", line(command)))?;
    let mut running = Running(child);
    if let Some(output) = running.0.stdout.take() {
        for text in BufReader::new(output).split(b'\n') {
            let text = text.context("read the output of a program")?;
            let text = String::from_utf8_lossy(&text);
            println!("{text}");
            each(&text);
        }
    }
    Ok(running.0.wait()?.success())
}

/// Whether this program is there and ends well.
pub(crate) fn answers(name: &str, args: &[&str]) -> bool {
    let silent = program(name).args(args).stdout(Stdio::null()).stderr(Stdio::null()).status();
    silent.is_ok_and(|status| status.success())
}

/// Whether we are root. There is no safe call for it in the standard library.
pub(crate) fn is_root() -> bool {
    read(program("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// Sends a signal by the shell's own `kill`; a program of that name is not everywhere. True when it was delivered.
pub(crate) fn signal_to(signal: &str, process: u32) -> bool {
    answers("sh", &["-c", "kill -\"$0\" \"$1\"", signal, &process.to_string()])
}

/// A child that is ended when we let go of it.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    /// Whether it has already ended, with the words for it.
    pub(crate) fn ended(&mut self) -> Option<String> {
        self.0.try_wait().ok().flatten().map(|status| status.to_string())
    }

    /// Asks with `signal`, waits ten seconds, then insists.
    pub(crate) fn stop(&mut self, signal: &str) {
        if self.ended().is_some() {
            return;
        }
        signal_to(signal, self.0.id());
        for _ in 0..100 {
            if self.ended().is_some() {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop("TERM");
    }
}

/// The command as a person would type it.
fn line(command: &Command) -> String {
    let name = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(name).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    words.join(" ")
}

/// Writes a small file below our own folder.
pub(crate) fn stamp(file: &Path, text: &str) -> Result<()> {
    let mut open = std::fs::File::create(file).with_context(|| format!("write {}", file.display()))?;
    open.write_all(text.as_bytes()).with_context(|| format!("write {}", file.display()))
}
