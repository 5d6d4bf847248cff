//! Installing what tests need, where we may: Debian and its children, as root.

use crate::process::{is_root, program, run};
use anyhow::{Context, Result};
use std::path::Path;

/// Whether missing packages can be installed without asking anybody.
pub(crate) fn can_install() -> bool {
    Path::new("/etc/debian_version").exists() && is_root()
}

/// Why they cannot, for the table.
pub(crate) const CANNOT: &str = "installed by itself only on Debian as root";

/// Installs packages; the package lists are fetched only when the first try fails without them.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    println!("      installing {}", packages.join(", "));
    if apt("install", packages).is_ok() {
        return Ok(());
    }
    println!("      fetching the package lists first");
    apt("update", &[])?;
    apt("install", packages).with_context(|| format!("install {}", packages.join(", ")))
}

fn apt(verb: &str, packages: &[&str]) -> Result<()> {
    let mut command = program("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").args(["-qq", "-o=Dpkg::Use-Pty=0", verb]);
    if verb == "install" {
        command.args(["--yes", "--no-install-recommends"]).args(packages);
    }
    run(&mut command)
}
