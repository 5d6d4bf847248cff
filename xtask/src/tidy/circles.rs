//! Modules that use each other, where Cargo cannot see it: inside the two crates that join everything.

use anyhow::{Context, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const CRATES: [&str; 2] = ["switchboard-engine", "switchboard-http"];

/// Pairs that are there and known. A new one fails; one that is gone has to leave this list.
const KNOWN: [(&str, &str, &str); 10] = [
    // A call's task, the registry of tasks and the inbox pass each other's messages.
    ("switchboard-engine", "call_registry", "call_task"),
    ("switchboard-engine", "call_registry", "inbox"),
    ("switchboard-engine", "call_task", "inbox"),
    // Effects are the doing half of the task, in files of their own.
    ("switchboard-engine", "call_task", "effects"),
    // What a call's task keeps of its recording, and the half of the task that minds it, in a file of its own.
    ("switchboard-engine", "call_task", "recordings"),
    // A mail is a kind of job, and its sender says what came of it.
    ("switchboard-engine", "jobs", "mail"),
    // Signing in answers with the account as the API shows it.
    ("switchboard-http", "api", "auth"),
    // The state of the server holds the counters and policies of these two, whose handlers take the state.
    ("switchboard-http", "auth", "state"),
    ("switchboard-http", "middleware", "state"),
    ("switchboard-http", "openapi", "router"),
];

pub(super) fn check(root: &Path, complaints: &mut Vec<String>) -> Result<()> {
    for name in CRATES {
        let source = root.join("crates").join(name).join("src");
        let pairs = mutual(&uses_of(&source)?);
        for (one, other) in &pairs {
            println!("      {name}: {one} and {other} use each other");
            if !KNOWN.contains(&(name, one.as_str(), other.as_str())) {
                complaints.push(format!("{name}: a new pair of modules that use each other: {one}, {other}"));
            }
        }
        for (of, one, other) in KNOWN {
            if of == name && !pairs.contains(&(one.to_owned(), other.to_owned())) {
                complaints.push(format!(
                    "{name}: {one} and {other} no longer use each other: take them off the list"
                ));
            }
        }
    }
    Ok(())
}

type Uses = BTreeMap<String, BTreeSet<String>>;

/// Which top-level module uses which; tests are left out.
fn uses_of(source: &Path) -> Result<Uses> {
    let mut texts: Vec<(String, String)> = Vec::new();
    gather(source, None, &mut texts)?;
    let modules: BTreeSet<String> = texts.iter().map(|(module, _)| module.clone()).collect();
    let mut uses = Uses::new();
    for (module, text) in &texts {
        let named = modules_named(text);
        let others = named.into_iter().filter(|name| modules.contains(name) && name != module);
        uses.entry(module.clone()).or_default().extend(others);
    }
    Ok(uses)
}

fn gather(folder: &Path, module: Option<&str>, texts: &mut Vec<(String, String)>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))? {
        let path = entry?.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let of = module.unwrap_or(&stem);
        if stem == "tests" || (module.is_none() && (stem == "lib" || stem == "main")) {
            continue;
        }
        if path.is_dir() {
            gather(&path, Some(of), texts)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            texts.push((of.to_owned(), fs::read_to_string(&path)?));
        }
    }
    Ok(())
}

/// The first names after `crate::` in the code of a file, groups in braces included.
fn modules_named(text: &str) -> BTreeSet<String> {
    let code: String = text
        .lines()
        .take_while(|line| line.trim() != "#[cfg(test)]")
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n");
    let mut names = BTreeSet::new();
    for (at, found) in code.match_indices("crate::") {
        // `$crate::` and `other_crate::` are something else.
        if code[..at].ends_with(|letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$') {
            continue;
        }
        let rest = &code[at + found.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            names.extend(group_heads(group));
        } else {
            names.extend(head(rest));
        }
    }
    names
}

/// The first name of every member of a group, which may hold groups again.
fn group_heads(group: &str) -> Vec<String> {
    let mut depth = 1;
    let mut member = String::new();
    let mut heads = Vec::new();
    for letter in group.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || (depth == 1 && letter == ',') {
            heads.extend(head(member.trim()));
            member.clear();
        } else {
            member.push(letter);
        }
        if depth == 0 {
            break;
        }
    }
    heads
}

fn head(path: &str) -> Option<String> {
    let name: String = path.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
    (!name.is_empty()).then_some(name)
}

fn mutual(uses: &Uses) -> BTreeSet<(String, String)> {
    let mut pairs = BTreeSet::new();
    for (one, others) in uses {
        for other in others.iter().filter(|other| one < *other) {
            if uses.get(other).is_some_and(|back| back.contains(one)) {
                pairs.insert((one.clone(), other.clone()));
            }
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_found_in_uses_groups_and_paths() {
        let text = "use crate::inbox::keep;\nuse crate::{\n    agents::{a, b},\n    bus,\n};\nfn f(x: crate::events::E) {}\n\
                    // crate::comment\nuse other_crate::no;\n#[cfg(test)]\nmod tests { use crate::only_in_tests; }\n";
        let names: Vec<String> = modules_named(text).into_iter().collect();
        assert_eq!(names, ["agents", "bus", "events", "inbox"]);
    }

    #[test]
    fn two_modules_that_use_each_other_are_one_pair() {
        let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let uses = Uses::from([
            ("agents".to_owned(), of(&["bus", "calls"])),
            ("bus".to_owned(), of(&[])),
            ("calls".to_owned(), of(&["agents"])),
        ]);
        let pairs: Vec<_> = mutual(&uses).into_iter().collect();
        assert_eq!(pairs, [("agents".to_owned(), "calls".to_owned())]);
    }
}
