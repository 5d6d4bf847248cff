//! The media tests against aiortc: a peer with its own ICE, DTLS, SRTP and libopus.

use crate::debian;
use crate::process::{answers, own_dir, program, run};
use anyhow::{Context, Result};
use std::path::PathBuf;

/// The variable through which the media tests learn of a Python that has aiortc.
pub(crate) const VARIABLE: &str = "SWITCHBOARD_TEST_PYTHON";

/// A Python with aiortc in an environment of its own; `Err(why)` inside when there is none.
pub(crate) fn ensure() -> Result<std::result::Result<PathBuf, String>> {
    let folder = own_dir()?.join("python");
    let python = folder.join("bin/python");
    if has_aiortc(&python) {
        return Ok(Ok(python));
    }
    if make(&folder).is_err() && debian::can_install() {
        debian::install(&["python3", "python3-venv"])?;
        let _ = make(&folder);
    }
    if !python.exists() {
        return Ok(Err(format!("no Python 3 with venv ({})", debian::CANNOT)));
    }
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "aiortc"];
    if let Err(error) = run(program(&python).args(install)) {
        return Ok(Err(format!("aiortc could not be installed from PyPI: {error:#}")));
    }
    Ok(has_aiortc(&python)
        .then_some(python)
        .ok_or_else(|| "aiortc is installed but does not load".to_owned()))
}

fn make(folder: &std::path::Path) -> Result<()> {
    run(program("python3").args(["-m", "venv", "--clear"]).arg(folder)).context("make a Python environment")
}

fn has_aiortc(python: &std::path::Path) -> bool {
    python.exists() && answers(&python.to_string_lossy(), &["-c", "import aiortc"])
}
