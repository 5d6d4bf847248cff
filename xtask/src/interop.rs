//! Our media against aiortc: a peer with its own ICE, DTLS, SRTP and libopus, which hears its own tone come back.

use crate::debian;
use crate::process::{answers, cargo, own_dir, program, run, target_dir};
use crate::progress::Done;
use anyhow::{Context, Result, bail};

const SCRIPT: &str = "crates/switchboard-media/tests/interop/aiortc_echo.py";

/// The script's word for "there is no Python with venv, or no package index".
const NOT_RUN: i32 = 77;

/// Builds the echo and lets aiortc call it.
pub(crate) fn aiortc() -> Result<Done> {
    let has_venv = || answers("python3", &["-c", "import venv, ensurepip"]);
    if !has_venv() && debian::can_install() {
        debian::install(&["python3", "python3-venv"])?;
    }
    if !has_venv() {
        return Ok(Done::Skipped(format!("no Python 3 with venv ({})", debian::CANNOT)));
    }
    // The whole workspace, so that the features are those of the tests and nothing is built twice.
    run(cargo().args(["build", "--workspace", "--example", "echo_leg"]))?;
    let mut script = program("python3");
    script.arg(SCRIPT).arg(target_dir().join("debug/examples/echo_leg")).arg(own_dir()?.join("python"));
    let status = script.status().context("start python3")?;
    match status.code() {
        Some(0) => Ok(Done::Ran(None)),
        Some(NOT_RUN) => Ok(Done::Skipped("aiortc could not be installed from the package index".into())),
        _ => bail!("aiortc did not hear its tone ({status})"),
    }
}
