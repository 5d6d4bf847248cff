//! `cargo xtask dist`: what people install. A release build, a Debian package, an archive, and their checksums, all
//! below `dist/`. Nothing is needed but Debian's own `dpkg-deb` and `tar`.

use crate::process::{self, answers, cargo, program, read, repository, run, target_dir};
use crate::{toolchain, web};
use anyhow::{Context, Result, bail};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A file of the package: where it comes from, where it goes, its mode.
type Part = (&'static str, &'static str, u32);

const CONFIGURATION: [Part; 2] = [
    ("deploy/switchboard.toml", "etc/switchboard/switchboard.toml", 0o640),
    ("deploy/switchboard.env", "etc/switchboard/switchboard.env", 0o640),
];
const UNIT: Part = ("deploy/systemd/switchboard.service", "lib/systemd/system/switchboard.service", 0o644);
const PAPERS: [Part; 8] = [
    ("deploy/debian/copyright", "copyright", 0o644),
    ("README.md", "README.md", 0o644),
    ("CHANGELOG.md", "CHANGELOG.md", 0o644),
    ("LICENSE-MIT", "LICENSE-MIT", 0o644),
    ("LICENSE-APACHE", "LICENSE-APACHE", 0o644),
    ("web/public/licence-ibm-plex.txt", "licence-ibm-plex.txt", 0o644),
    ("deploy/proxy/Caddyfile", "examples/Caddyfile", 0o644),
    ("deploy/proxy/nginx.conf", "examples/nginx.conf", 0o644),
];
const ALERTS: Part = ("deploy/prometheus/alerts.yaml", "examples/alerts.yaml", 0o644);
const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];

pub(crate) fn command(args: &[String]) -> Result<()> {
    let binary = match args {
        [] => build()?,
        [option, path] if option == "--binary" => PathBuf::from(path),
        _ => bail!("cargo xtask dist [--binary path]"),
    };
    if !answers("dpkg-deb", &["--version"]) {
        bail!("dpkg-deb makes the package; run this on Debian or one of its children");
    }
    let release = Release::of(&binary)?;
    let out = repository().join("dist");
    fs::create_dir_all(&out)?;
    let package = release.debian_package(&binary, &out)?;
    let archive = release.archive(&binary, &out)?;
    let sums = read(program("sha256sum").current_dir(&out).args([&package, &archive]))?;
    fs::write(out.join("SHA256SUMS"), &sums)?;
    print!("{sums}");
    Ok(())
}

/// The release build: minutes, most of them for the link.
fn build() -> Result<PathBuf> {
    toolchain::check()?;
    web::install("web")?;
    web::build()?;
    run(cargo()
        .args(["build", "--locked", "--release", "--package", "switchboard", "--bin", "switchboard"])
        // Names of functions stay for the log of a panic; the tables of lines would make it ten times as large.
        .env("CARGO_PROFILE_RELEASE_STRIP", "debuginfo"))?;
    Ok(target_dir().join("release/switchboard"))
}

/// What is packed.
struct Release {
    version: String,
    architecture: &'static str,
    glibc: String,
    /// Of the newest commit, so that the same source makes the same package.
    epoch: String,
}

impl Release {
    fn of(binary: &Path) -> Result<Self> {
        let said = read(program(binary).arg("--version"))?;
        let version =
            said.trim().strip_prefix("switchboard ").with_context(|| format!("{said:?} is no version"))?;
        let bytes = fs::read(binary).with_context(|| format!("read {}", binary.display()))?;
        Ok(Self {
            version: version.to_owned(),
            architecture: match std::env::consts::ARCH {
                "x86_64" => "amd64",
                "aarch64" => "arm64",
                other => bail!("there is no package for {other} yet"),
            },
            glibc: newest_glibc(&bytes).context("the binary asks for no glibc; is it one of Linux?")?,
            epoch: read(program("git").args(["log", "-1", "--format=%ct"]))?.trim().to_owned(),
        })
    }

    fn debian_package(&self, binary: &Path, out: &Path) -> Result<String> {
        let root = empty(&process::own_dir()?.join("deb"))?;
        put(binary, &root.join("usr/bin/switchboard"), 0o755)?;
        for (from, to, mode) in CONFIGURATION.into_iter().chain([UNIT]) {
            put(&repository().join(from), &root.join(to), mode)?;
        }
        for (from, to, mode) in PAPERS.into_iter().chain([ALERTS]) {
            put(&repository().join(from), &root.join("usr/share/doc/switchboard").join(to), mode)?;
        }
        let size = read(program("du").args(["--summarize", "--block-size=1024"]).arg(&root))?;
        let control = fs::read_to_string(repository().join("deploy/debian/control"))?
            .replace("@VERSION@", &self.version)
            .replace("@ARCHITECTURE@", self.architecture)
            .replace("@GLIBC@", &self.glibc)
            .replace("@INSTALLED_SIZE@", size.split_whitespace().next().unwrap_or("0"));
        let debian = root.join("DEBIAN");
        fs::create_dir_all(&debian)?;
        fs::write(debian.join("control"), control)?;
        put(&repository().join("deploy/debian/conffiles"), &debian.join("conffiles"), 0o644)?;
        for script in SCRIPTS {
            put(&repository().join("deploy/debian").join(script), &debian.join(script), 0o755)?;
        }
        let name = format!("switchboard_{}_{}.deb", self.version, self.architecture);
        run(program("dpkg-deb")
            .args(["--root-owner-group", "-Zxz", "--build"])
            .arg(&root)
            .arg(out.join(&name))
            .env("SOURCE_DATE_EPOCH", &self.epoch))?;
        Ok(name)
    }

    fn archive(&self, binary: &Path, out: &Path) -> Result<String> {
        let folder = format!("switchboard-{}", self.version);
        let above = process::own_dir()?.join("archive");
        let root = empty(&above.join(&folder))?;
        put(binary, &root.join("switchboard"), 0o755)?;
        for (from, _, mode) in CONFIGURATION.into_iter().chain([UNIT]) {
            let name = from.rsplit('/').next().unwrap_or(from);
            put(&repository().join(from), &root.join(name), mode)?;
        }
        for (from, to, mode) in PAPERS.into_iter().chain([ALERTS]) {
            put(&repository().join(from), &root.join(to), mode)?;
        }
        let name = format!("switchboard_{}_linux_{}.tar.gz", self.version, self.architecture);
        run(program("tar")
            .args(["--create", "--gzip", "--sort=name", "--owner=0", "--group=0", "--numeric-owner"])
            .arg(format!("--mtime=@{}", self.epoch))
            .arg("--file")
            .arg(out.join(&name))
            .arg("--directory")
            .arg(&above)
            .arg(&folder))?;
        Ok(name)
    }
}

/// The newest `GLIBC_2.x` the binary names: it starts where that one or a later one is.
fn newest_glibc(binary: &[u8]) -> Option<String> {
    const MARK: &[u8] = b"GLIBC_2.";
    let places = binary.windows(MARK.len()).enumerate().filter(|(_, window)| *window == MARK);
    let minors = places.filter_map(|(at, _)| {
        let digits: String = binary[at + MARK.len()..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .map(|byte| char::from(*byte))
            .collect();
        digits.parse::<u32>().ok()
    });
    minors.max().map(|minor| format!("2.{minor}"))
}

fn empty(folder: &Path) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    Ok(folder.to_path_buf())
}

fn put(from: &Path, to: &Path, mode: u32) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, to).with_context(|| format!("copy {} to {}", from.display(), to.display()))?;
    fs::set_permissions(to, fs::Permissions::from_mode(mode))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_glibc_counts_and_not_the_last_one() {
        let binary = b"\0GLIBC_2.2.5\0GLIBC_2.34\0GLIBC_2.17\0GLIBC_PRIVATE\0";
        assert_eq!(newest_glibc(binary).as_deref(), Some("2.34"));
        assert_eq!(newest_glibc(b"static"), None);
    }
}
