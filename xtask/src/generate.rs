//! What is generated and committed: the OpenAPI file of the server, the TypeScript client made from it. The client's
//! handwritten half is compiled against the generated one.

use crate::process::{program, read, repository, run, target_dir};
use crate::{e2e, toolchain, web};
use anyhow::{Context, Result, bail};
use std::fs;

/// Written here, in this order: the second is made from the first.
const FILES: [&str; 2] = ["docs/api/openapi.json", "clients/typescript/src/schema.d.ts"];

const CLIENT: &str = "clients/typescript";

pub(crate) fn command(args: &[String]) -> Result<()> {
    toolchain::check()?;
    e2e::build_server()?;
    match args {
        [] => write().and_then(|()| compile_client()),
        [only] if only == "--check" => check(),
        _ => bail!("usage: cargo xtask generate [--check]"),
    }
}

/// Fails when a committed file is not what the server of this build generates, or when the client does not compile
/// with it. Changes nothing.
pub(crate) fn check() -> Result<()> {
    let before: Vec<Option<String>> =
        FILES.iter().map(|file| fs::read_to_string(repository().join(file)).ok()).collect();
    let written = write();
    let mut stale = Vec::new();
    for (file, text) in FILES.iter().zip(&before) {
        let path = repository().join(file);
        if fs::read_to_string(&path).ok() != *text {
            stale.push(*file);
            match text {
                Some(text) => fs::write(&path, text).with_context(|| format!("restore {file}"))?,
                None => fs::remove_file(&path).with_context(|| format!("remove {file}"))?,
            }
        }
    }
    written?;
    if !stale.is_empty() {
        bail!("{} not up to date: run `cargo xtask generate` and commit the result", stale.join(" and "));
    }
    compile_client()
}

fn write() -> Result<()> {
    let [openapi, _] = FILES;
    let text = read(program(target_dir().join("debug/switchboard")).arg("openapi"))?;
    let path = repository().join(openapi);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&path, text).with_context(|| format!("write {openapi}"))?;
    web::install(CLIENT)?;
    run(&mut web::npm(CLIENT, &["run", "--silent", "generate"]))
}

/// Its packages were installed by `write`.
fn compile_client() -> Result<()> {
    run(&mut web::npm(CLIENT, &["run", "--silent", "types"])).context("compile the TypeScript client")
}
