//! The console's side of the house: npm, Vite, and what the console's own checks are.

use crate::process::{own_dir, program, repository, run, stamp, watch};
use crate::progress::Done;
use crate::tally::Tally;
use anyhow::{Context, Result, bail};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a build of the console depends on.
const SOURCES: [&str; 9] = [
    "web/src",
    "web/public",
    "web/index.html",
    "web/phone.html",
    "web/vite.config.ts",
    "web/vite.phone.config.ts",
    "web/tsconfig.json",
    "web/package-lock.json",
    "clients/typescript/src",
];

/// The marker of the page that stands in for a console that was not built.
const NOT_BUILT: &str = "content=\"not-built\"";

/// `npm run <script>` in `web/`.
pub(crate) fn npm_run(script: &str) -> Command {
    npm("web", &["run", "--silent", script])
}

/// npm in a folder of the repository.
pub(crate) fn npm(folder: &str, args: &[&str]) -> Command {
    let mut command = program("npm");
    command.current_dir(repository().join(folder)).args(args);
    command
}

/// `npm ci`, when the lock file is not the one that was installed last. True when it ran.
pub(crate) fn install(folder: &str) -> Result<bool> {
    let lock = repository().join(folder).join("package-lock.json");
    let mark = repository().join(folder).join("node_modules/.switchboard-lock");
    let want = format!("{:016x}", hash_of(&[lock])?);
    if fs::read_to_string(&mark).is_ok_and(|have| have == want) {
        return Ok(false);
    }
    run(&mut npm(folder, &["ci", "--no-audit", "--no-fund", "--loglevel=error"]))
        .with_context(|| format!("install the npm packages of {folder}/"))?;
    stamp(&mark, &want)?;
    Ok(true)
}

/// Builds the console and the phone page, when anything they are made of has changed. True when it ran.
pub(crate) fn build() -> Result<bool> {
    let sources: Vec<PathBuf> = SOURCES.iter().map(|source| repository().join(source)).collect();
    let mark = own_dir()?.join("web-build");
    let want = format!("{:016x}", hash_of(&sources)?);
    if fs::read_to_string(&mark).is_ok_and(|have| have == want) && is_built() {
        return Ok(false);
    }
    run(&mut npm_run("build")).context("build the console")?;
    if !is_built() {
        bail!("`npm run build` ended well, but web/dist has no console");
    }
    stamp(&mark, &want)?;
    Ok(true)
}

/// The console's unit tests.
pub(crate) fn unit_tests() -> Result<Done> {
    counted(&mut npm_run("test"), "npm test in web/")
}

/// Lint, types, build and size of the console.
pub(crate) fn checks() -> Result<()> {
    install("web")?;
    for script in ["lint", "types"] {
        run(&mut npm_run(script))?;
    }
    build()?;
    run(&mut npm_run("budget"))
}

/// Runs a test runner and counts what it says.
pub(crate) fn counted(command: &mut Command, what: &str) -> Result<Done> {
    let mut tally = Tally::default();
    let good = watch(command, |line| tally.read(line))?;
    match (good, tally.failed) {
        (true, _) => Ok(Done::Ran(Some(tally))),
        (false, 0) => bail!("{what} failed before or outside its tests ({tally})"),
        (false, _) => Ok(Done::Ran(Some(tally))),
    }
}

fn is_built() -> bool {
    ["web/dist/index.html", "web/dist/phone/index.html"]
        .iter()
        .all(|page| fs::read_to_string(repository().join(page)).is_ok_and(|text| !text.contains(NOT_BUILT)))
}

/// One number for the names and contents of these files and folders. Missing ones count as missing.
fn hash_of(paths: &[PathBuf]) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    for path in paths {
        feed(path, &mut hasher)?;
    }
    Ok(hasher.finish())
}

fn feed(path: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    path.hash(hasher);
    if path.is_dir() {
        let mut inside: Vec<PathBuf> =
            fs::read_dir(path)?.map(|entry| entry.map(|found| found.path())).collect::<Result<_, _>>()?;
        inside.sort();
        return inside.iter().try_for_each(|entry| feed(entry, hasher));
    }
    if path.exists() {
        fs::read(path).with_context(|| format!("read {}", path.display()))?.hash(hasher);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_follows_contents_and_names_but_not_time() {
        let folder = std::env::temp_dir().join(format!("switchboard-hash-{}", std::process::id()));
        let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("write");
        let hash = || hash_of(std::slice::from_ref(&folder)).expect("hash");
        fs::create_dir_all(&folder).expect("make");
        write("a.ts", "one");
        let first = hash();
        write("a.ts", "one");
        assert_eq!(hash(), first, "the same text written again");
        write("a.ts", "two");
        let second = hash();
        assert_ne!(second, first, "another text");
        fs::rename(folder.join("a.ts"), folder.join("b.ts")).expect("rename");
        assert_ne!(hash(), second, "another name");
        fs::remove_dir_all(&folder).expect("remove");
    }
}
