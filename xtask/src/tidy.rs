//! `cargo xtask tidy`: rules of the repository that no compiler knows.

mod arrows;
mod circles;
mod documents;
mod files;
mod metrics;

use crate::process::repository;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// Folders that are built, fetched or not ours.
const NOT_OURS: [&str; 6] =
    [".git", "node_modules", "dist", "test-results", "playwright-report", "switchboard-data"];

pub(crate) fn run() -> Result<()> {
    let root = repository();
    let mut found = Vec::new();
    walk(&root, &mut found)?;
    found.sort();
    let mut complaints = Vec::new();
    files::check(&root, &found, &mut complaints)?;
    arrows::check(&root, &mut complaints)?;
    circles::check(&root, &mut complaints)?;
    documents::check(&root, &found, &mut complaints)?;
    metrics::check(&root, &found, &mut complaints)?;
    if complaints.is_empty() {
        println!("      {} files looked at", found.len());
        return Ok(());
    }
    for complaint in &complaints {
        println!("  {complaint}");
    }
    bail!("{} found by tidy", complaints.len())
}

/// Every file of the checkout that a person or a generator wrote.
fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // `target` may have a name beside it when several builds share a checkout.
        if NOT_OURS.contains(&name.as_str()) || name == "target" || name.starts_with("target-") {
            continue;
        }
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            walk(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

/// A path as it reads from the root of the checkout.
fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
}
