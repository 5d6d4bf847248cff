//! A PostgreSQL of our own for the tests: made for one run, reachable only from here, gone afterwards.

use crate::debian;
use crate::process::{Running, answers, is_root, program, read, run, signal_to, stamp, tied};
use anyhow::{Context, Result, bail};
use std::env;
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::thread;
use std::time::Duration;

/// The variable through which the store's tests learn that there is a PostgreSQL.
pub(crate) const VARIABLE: &str = "SWITCHBOARD_TEST_POSTGRES_URL";

/// The same database as a role that owns nothing: the exchange works as this one.
pub(crate) const APP_VARIABLE: &str = "SWITCHBOARD_TEST_POSTGRES_APP_URL";

/// The tests' role: it owns one database and may do nothing else.
const ROLE: &str = "switchboard_test";
/// The role of the exchange, which is lent the tables.
const APP_ROLE: &str = "switchboard_test_app";

/// The beginning of our folders' names in the temporary folder; the process and chance follow.
const FOLDER: &str = "switchboard-postgres-";

/// Where the tests find PostgreSQL.
pub(crate) enum Postgres {
    /// Somebody named one; it is left as it is.
    Given(String),
    /// A throwaway cluster, stopped and removed when this value goes.
    Ours(Cluster),
    /// There is none, and why.
    Absent(String),
}

impl Postgres {
    /// Uses the one named in the environment, or starts one, installing it where possible.
    pub(crate) fn ensure() -> Result<Postgres> {
        if let Ok(url) = env::var(VARIABLE) {
            return Ok(Postgres::Given(url));
        }
        if programs().is_none() && debian::can_install() {
            debian::install(&["postgresql"])?;
        }
        let Some(bin) = programs() else {
            return Ok(Postgres::Absent(format!(
                "no PostgreSQL found (install it, or name a database in {VARIABLE}; {})",
                debian::CANNOT
            )));
        };
        if is_root() && !answers("id", &["-u", "postgres"]) {
            return Ok(Postgres::Absent(
                "PostgreSQL refuses to run as root and there is no user `postgres`".into(),
            ));
        }
        Ok(Postgres::Ours(Cluster::start(&bin)?))
    }

    /// The URL for the tests.
    pub(crate) fn url(&self) -> Option<&str> {
        match self {
            Postgres::Given(url) => Some(url),
            Postgres::Ours(cluster) => Some(&cluster.url),
            Postgres::Absent(_) => None,
        }
    }

    /// The URL of the role that owns nothing; who names a database of his own names this one too, or goes without.
    pub(crate) fn app_url(&self) -> Option<String> {
        match self {
            Postgres::Given(_) => env::var(APP_VARIABLE).ok(),
            Postgres::Ours(cluster) => Some(cluster.app_url.clone()),
            Postgres::Absent(_) => None,
        }
    }
}

/// The folder with `initdb` and `postgres`; Debian keeps them out of the path. The newest wins.
fn programs() -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, bin)| bin.join("initdb").exists())
        .collect();
    found.sort();
    if let Some((_, bin)) = found.pop() {
        return Some(bin);
    }
    let path = read(program("sh").args(["-c", "command -v initdb"])).ok()?;
    Path::new(path.trim()).parent().map(Path::to_path_buf)
}

/// A running throwaway cluster.
pub(crate) struct Cluster {
    server: Running,
    folder: Folder,
    url: String,
    app_url: String,
}

impl Cluster {
    fn start(bin: &Path) -> Result<Cluster> {
        let folder = Folder::make()?;
        let data = folder.0.join("data");
        let (owner, secret) = (word()?, word()?);
        let password_file = folder.0.join("password");
        stamp(&password_file, &owner)?;
        give(&password_file)?;
        let mut initdb = as_postgres(&bin.join("initdb"));
        initdb.args([
            "--username=postgres",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        ]);
        initdb.arg("--pwfile").arg(&password_file).arg("--pgdata").arg(&data);
        run(initdb.stdout(Stdio::null())).context("make a throwaway PostgreSQL cluster")?;

        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|free| free.local_addr())
            .context("find a free port")?
            .port();
        let log = fs::File::create(folder.0.join("log")).context("open the log of PostgreSQL")?;
        let mut server = as_postgres(&bin.join("postgres"));
        server.arg("-D").arg(&data).args(["-p", &port.to_string(), "-h", "127.0.0.1", "-k", ""]);
        // Nothing here survives the run, so nothing needs to reach the disk.
        for setting in ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200"]
        {
            server.args(["-c", setting]);
        }
        let child = server.stdout(log.try_clone()?).stderr(log).spawn().context("start PostgreSQL")?;
        let mut cluster = Cluster {
            server: Running(child),
            folder,
            url: format!("postgres://{ROLE}:{secret}@127.0.0.1:{port}/{ROLE}"),
            app_url: format!("postgres://{APP_ROLE}:{secret}@127.0.0.1:{port}/{ROLE}"),
        };
        cluster.wait(bin, port)?;
        let ask = |text: &str| {
            let mut psql = program(bin.join("psql"));
            psql.env("PGPASSWORD", &owner).args([
                "-h",
                "127.0.0.1",
                "-p",
                &port.to_string(),
                "-U",
                "postgres",
            ]);
            psql.args(["-q", "-X", "-v", "ON_ERROR_STOP=1", "-c", text]);
            run(&mut psql)
        };
        for role in [ROLE, APP_ROLE] {
            ask(&format!(
                "CREATE ROLE {role} LOGIN PASSWORD '{secret}' NOSUPERUSER NOCREATEDB NOCREATEROLE"
            ))?;
        }
        ask(&format!("CREATE DATABASE {ROLE} OWNER {ROLE}"))?;
        Ok(cluster)
    }

    fn wait(&mut self, bin: &Path, port: u16) -> Result<()> {
        let isready = bin.join("pg_isready");
        for _ in 0..300 {
            if let Some(status) = self.server.ended() {
                bail!("PostgreSQL ended at once ({status}): {}", self.log());
            }
            let port = port.to_string();
            if answers(&isready.to_string_lossy(), &["-q", "-h", "127.0.0.1", "-p", &port]) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(100));
        }
        bail!("PostgreSQL was not ready within 30 s: {}", self.log())
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.0.join("log")).unwrap_or_default()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // SIGINT is PostgreSQL's fast shutdown: it does not wait for clients that hang on.
        self.server.stop("INT");
    }
}

/// The cluster's folder, removed after the server has stopped (fields are dropped in order).
struct Folder(PathBuf);

impl Folder {
    fn make() -> Result<Folder> {
        sweep();
        let name = format!("{FOLDER}{}-{}", process::id(), &word()?[..12]);
        let path = env::temp_dir().join(name);
        fs::create_dir(&path).with_context(|| format!("make {}", path.display()))?;
        let folder = Folder(path);
        give(&folder.0)?;
        run(program("chmod").arg("700").arg(&folder.0))?;
        Ok(folder)
    }
}

/// Removes what runs left behind that were killed; the name says whose it was.
fn sweep() {
    for entry in fs::read_dir(env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(owner) = name.strip_prefix(FOLDER).and_then(|rest| rest.split('-').next()?.parse().ok())
        else {
            continue;
        };
        if !signal_to("0", owner) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// PostgreSQL refuses to run as root, so root lends it the user of the package.
fn as_postgres(name: &Path) -> Command {
    if !is_root() {
        return tied(name, "INT");
    }
    let mut command = program("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig", "INT"]).arg(name);
    command.current_dir("/");
    command
}

fn give(path: &Path) -> Result<()> {
    if is_root() {
        run(program("chown").arg("postgres:postgres").arg(path))?;
    }
    Ok(())
}

/// A password nobody guesses while the cluster lives.
fn word() -> Result<String> {
    let mut bytes = [0_u8; 16];
    fs::File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .context("read /dev/urandom")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_throwaway_cluster_serves_an_unprivileged_role_and_leaves_nothing_behind() {
        let Some(bin) = programs().filter(|_| !is_root() || answers("id", &["-u", "postgres"])) else {
            println!("no PostgreSQL here, nothing to test");
            return;
        };
        let cluster = Cluster::start(&bin).expect("start");
        let ask = |text: &str| {
            read(program(bin.join("psql")).args(["-X", "-A", "-t", "-c", text]).arg(&cluster.url))
        };
        let role =
            ask("SELECT current_user, rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user");
        assert_eq!(role.expect("ask").trim(), format!("{ROLE}|f|f"));
        ask("CREATE TABLE calls (id int)").expect("the role owns its database");
        ask("CREATE DATABASE other").expect_err("but may not make another");
        let (url, folder) = (cluster.url.clone(), cluster.folder.0.clone());
        drop(cluster);
        read(program(bin.join("psql")).args(["-X", "-c", "SELECT 1"]).arg(&url)).expect_err("it is stopped");
        assert!(!folder.exists());
    }
}
