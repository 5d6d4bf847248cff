//! The browser journeys: a real server and simulator on free ports, a real Chromium, `npm run e2e`.

use crate::process::{Running, cargo, own_dir, run, target_dir, tied};
use crate::progress::{Done, now, short};
use crate::{browser, toolchain, web};
use anyhow::{Context, Result, bail};
use std::env;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

const EMAIL: &str = "agent@example.com";
const PASSWORD: &str = "only for the browser journeys";

/// `cargo xtask e2e [filter]`: builds what is missing first.
pub(crate) fn command(filter: &[String]) -> Result<()> {
    toolchain::check()?;
    web::install("web")?;
    web::build()?;
    build_server()?;
    let chromium = browser::ensure()?.map_err(anyhow::Error::msg)?;
    match journeys(&chromium, filter)? {
        Done::Ran(Some(tally)) if tally.failed > 0 => bail!("{tally}"),
        Done::Ran(_) | Done::Skipped(_) => Ok(()),
    }
}

/// The binary in the profile of the tests: one build serves both.
pub(crate) fn build_server() -> Result<()> {
    run(cargo().args(["build", "--workspace", "--bins"]))
}

/// Starts a server, runs the journeys, ends the server.
pub(crate) fn journeys(chromium: &str, filter: &[String]) -> Result<Done> {
    let mut server = Server::start()?;
    let mut command = web::npm("web", &["run", "--silent", "e2e", "--"]);
    match filter.first() {
        // Playwright takes bare words for file names; people think of titles.
        Some(word) if !word.starts_with('-') => command.arg("-g").arg(filter.join(" ")),
        _ => command.args(filter),
    };
    command.env("CHROMIUM", chromium);
    command.env("SWITCHBOARD_URL", format!("http://{}", server.listen));
    command.env("SIMULATOR_URL", format!("http://{}", server.simulator));
    command.env("SWITCHBOARD_EMAIL", EMAIL).env("SWITCHBOARD_PASSWORD", PASSWORD);
    // The journey of the first account needs a server of its own.
    command.env("SWITCHBOARD_BIN", target_dir().join("debug/switchboard"));
    let result = web::counted(&mut command, "npm run e2e in web/");
    if let Some(status) = server.running.ended() {
        bail!("the server ended during the journeys ({status})\n{}", server.last_words());
    }
    server.running.stop("TERM");
    let red = matches!(&result, Ok(Done::Ran(Some(tally))) if tally.failed > 0) || result.is_err();
    if red {
        println!("      the server's last lines ({}):\n{}", server.log.display(), server.last_words());
        return result;
    }
    // An error in the log of a green test is a red test.
    if let Some(line) = server.log_text().lines().find(|line| line.contains(" ERROR ")) {
        bail!("the journeys passed, but the server logged an error: {line}");
    }
    result
}

struct Server {
    running: Running,
    listen: SocketAddr,
    simulator: SocketAddr,
    log: PathBuf,
    data: PathBuf,
}

impl Server {
    fn start() -> Result<Server> {
        let (listen, simulator) = (free_tcp()?, free_tcp()?);
        let agents =
            UdpSocket::bind("127.0.0.1:0").and_then(|free| free.local_addr()).context("find a UDP port")?;
        let data = own_dir()?.join(format!("e2e-{}", std::process::id()));
        fs::create_dir_all(&data).with_context(|| format!("make {}", data.display()))?;
        let log = own_dir()?.join("e2e-server.log");
        let output = fs::File::create(&log).with_context(|| format!("open {}", log.display()))?;

        let mut command = tied(target_dir().join("debug/switchboard"), "TERM");
        command.arg("demo");
        // Whatever the person at the terminal has set for a server of his own stays out of this one.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if ["SWITCHBOARD_", "WHATSAPP_", "VOIP_", "META_"].iter().any(|start| text.starts_with(start)) {
                command.env_remove(&name);
            }
        }
        command.env("SWITCHBOARD_LISTEN", listen.to_string());
        command.env("SWITCHBOARD_SIMULATOR_LISTEN", simulator.to_string());
        command.env("SWITCHBOARD_MEDIA_AGENT_PORT", agents.port().to_string());
        command.env("SWITCHBOARD_DATA_DIR", &data);
        // The journeys miss calls on purpose, one after the other.
        command.env("SWITCHBOARD_SUSPEND_AFTER_MISSED", "0");
        command.env("SWITCHBOARD_ADMIN_EMAIL", EMAIL).env("SWITCHBOARD_ADMIN_PASSWORD", PASSWORD);
        let child = command.stdout(output.try_clone()?).stderr(output).spawn().context("start the server")?;
        let mut server = Server { running: Running(child), listen, simulator, log, data };
        server.wait()?;
        Ok(server)
    }

    fn wait(&mut self) -> Result<()> {
        let began = now();
        loop {
            if let Some(status) = self.running.ended() {
                bail!("the server did not start ({status})\n{}", self.last_words());
            }
            if is_ok(self.listen, "/readyz") && is_ok(self.simulator, "/simulator/v1/numbers") {
                println!("      server and simulator ready after {}", short(began.elapsed()));
                return Ok(());
            }
            if began.elapsed() > Duration::from_secs(60) {
                bail!("the server was not ready within 60 s\n{}", self.last_words());
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn log_text(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn last_words(&self) -> String {
        let text = self.log_text();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.running.stop("TERM");
        let _ = fs::remove_dir_all(&self.data);
    }
}

fn free_tcp() -> Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).context("find a free port")
}

/// Whether `GET path` is answered with 200.
fn is_ok(address: SocketAddr, path: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let wait = Duration::from_secs(2);
        let mut stream = TcpStream::connect_timeout(&address, wait)?;
        stream.set_read_timeout(Some(wait))?;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
        let mut start = [0_u8; 12];
        stream.read_exact(&mut start)?;
        Ok(&start == b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}
