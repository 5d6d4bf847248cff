//! Which crate may use which: the picture of ARCHITECTURE.md, section 2, as a table.

use super::shown;
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A crate and the crates of the workspace it may use. What is not listed here may use nothing.
const ARROWS: [(&str, &[&str]); 11] = [
    ("switchboard-core", &[]),
    ("switchboard-provider", &["core"]),
    ("switchboard-media", &["core"]),
    ("switchboard-store", &["core"]),
    ("switchboard-engine", &["core", "provider", "media", "store"]),
    ("switchboard-console", &[]),
    ("switchboard-http", &["core", "engine", "store", "console"]),
    ("switchboard-simulator", &["core"]),
    ("switchboard", &["core", "provider", "media", "store", "engine", "console", "http", "simulator"]),
    (
        "switchboard-tests",
        &["core", "provider", "media", "store", "engine", "console", "http", "simulator", "switchboard"],
    ),
    ("xtask", &[]),
];

/// Dependencies that stand for a wall, and the only crates behind it (tests of a crate are free).
const WALLS: [(&str, &[&str]); 10] = [
    ("sea-orm", &["store"]),
    ("sea-orm-migration", &["store"]),
    ("sqlx", &["store"]),
    ("str0m", &["media", "simulator"]),
    ("mio", &["media", "simulator"]),
    ("axum", &["http", "console", "simulator", "switchboard"]),
    ("tower-sessions", &["http"]),
    ("utoipa", &["http", "engine"]),
    ("reqwest", &["provider", "engine", "simulator", "switchboard"]),
    ("clap", &["switchboard"]),
];

/// All that the core may use: nothing that waits, reads a clock or knows a protocol.
const CORE: [&str; 5] = ["jiff", "rlibphonenumber", "thiserror", "unicode-normalization", "uuid"];

pub(super) fn check(root: &Path, complaints: &mut Vec<String>) -> Result<()> {
    let mut manifests = vec![root.join("xtask/Cargo.toml"), root.join("tests/Cargo.toml")];
    for folder in fs::read_dir(root.join("crates"))? {
        manifests.push(folder?.path().join("Cargo.toml"));
    }
    manifests.sort();
    for manifest in manifests.iter().filter(|manifest| manifest.exists()) {
        let text = fs::read_to_string(manifest).with_context(|| format!("read {}", manifest.display()))?;
        let name = shown(root, manifest);
        complaints.extend(wrong_arrows(&text).into_iter().map(|complaint| format!("{name}: {complaint}")));
    }
    Ok(())
}

struct Manifest {
    name: String,
    uses: BTreeSet<String>,
    tests_use: BTreeSet<String>,
}

/// Enough of TOML for our own manifests: sections, and one dependency to a line.
fn read(text: &str) -> Manifest {
    let mut manifest = Manifest { name: String::new(), uses: BTreeSet::new(), tests_use: BTreeSet::new() };
    let mut section = "";
    for line in text.lines().map(str::trim) {
        if let Some(title) = line.strip_prefix('[') {
            section = title.trim_end_matches(']');
            continue;
        }
        let key = line.split(['.', '=', ' ']).next().unwrap_or_default();
        if key.is_empty() || key.starts_with('#') {
            continue;
        }
        if section == "package" && key == "name" {
            manifest.name = line.split('"').nth(1).unwrap_or_default().to_owned();
        } else if section.ends_with("dev-dependencies") {
            manifest.tests_use.insert(key.to_owned());
        } else if section.ends_with("dependencies") {
            manifest.uses.insert(key.to_owned());
        }
    }
    manifest
}

fn wrong_arrows(text: &str) -> Vec<String> {
    let manifest = read(text);
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == manifest.name) else {
        return vec![format!(
            "{:?} has no row in the table of arrows (xtask/src/tidy/arrows.rs)",
            manifest.name
        )];
    };
    let short = manifest.name.strip_prefix("switchboard-").unwrap_or(&manifest.name);
    let mut complaints = Vec::new();
    for used in manifest.uses.union(&manifest.tests_use) {
        let Some(target) =
            used.strip_prefix("switchboard-").or((used == "switchboard").then_some("switchboard"))
        else {
            continue;
        };
        if !allowed.contains(&target) {
            complaints
                .push(format!("{} may not use {used} (ARCHITECTURE.md, layers and arrows)", manifest.name));
        }
    }
    for (wall, behind) in WALLS {
        let free = short == "tests";
        if manifest.uses.contains(wall) && !behind.contains(&short) && !free {
            complaints.push(format!("{wall} stays behind its wall: only {} may use it", behind.join(", ")));
        }
    }
    if short == "core" {
        let strange = manifest.uses.iter().filter(|used| !CORE.contains(&used.as_str()));
        complaints.extend(strange.map(|used| format!("the core may not use {used}")));
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(name: &str, uses: &[&str]) -> String {
        let uses: String = uses.iter().map(|used| format!("{used}.workspace = true\n")).collect();
        format!("[package]\nname = \"{name}\"\n\n[dependencies]\n{uses}")
    }

    #[test]
    fn arrows_point_downward_only() {
        assert!(wrong_arrows(&manifest("switchboard-engine", &["switchboard-store", "tokio"])).is_empty());
        assert_eq!(wrong_arrows(&manifest("switchboard-store", &["switchboard-engine"])).len(), 1);
        assert_eq!(wrong_arrows(&manifest("switchboard-http", &["switchboard-provider"])).len(), 1);
        assert_eq!(wrong_arrows(&manifest("switchboard-simulator", &["switchboard-provider"])).len(), 1);
        assert_eq!(wrong_arrows(&manifest("switchboard-engine", &["switchboard"])).len(), 1);
    }

    #[test]
    fn tests_of_a_crate_obey_the_arrows_but_not_the_walls() {
        let text = "[package]\nname = \"switchboard-provider\"\n[dev-dependencies]\naxum.workspace = true\n";
        assert!(wrong_arrows(text).is_empty());
        assert_eq!(wrong_arrows(&format!("{text}switchboard-store = {{ path = \"../x\" }}\n")).len(), 1);
    }

    #[test]
    fn a_wall_keeps_its_dependency_in_and_the_core_has_almost_none() {
        assert_eq!(wrong_arrows(&manifest("switchboard-engine", &["sqlx"])).len(), 1);
        assert_eq!(wrong_arrows(&manifest("switchboard-core", &["thiserror", "tokio"])).len(), 1);
    }

    #[test]
    fn a_crate_without_a_row_is_named() {
        assert_eq!(wrong_arrows(&manifest("switchboard-new", &[])).len(), 1);
    }
}
