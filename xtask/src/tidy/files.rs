//! What a file may be called, how long it may be, and words that never stand in one.

use super::shown;
use anyhow::Result;
use std::fs;
use std::path::{Path, PathBuf};

/// Above this a source file has a second subject in it.
const LONGEST: usize = 700;

/// Names that say nothing about the subject.
const EMPTY_NAMES: [&str; 5] = ["utils", "helpers", "manager", "common", "misc"];

/// Unfinished work. In pieces, so that this file does not find itself.
const UNFINISHED: [&str; 5] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
];

/// Paths that mean something on one machine only.
const MACHINES: [&str; 4] =
    [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Us", "ers/"), concat!("/wo", "rk/")];

/// Ways out of the checkout that a clone does not have.
const OUTSIDE: [&str; 1] = [concat!("../sha", "red")];

pub(super) fn check(root: &Path, files: &[PathBuf], complaints: &mut Vec<String>) -> Result<()> {
    for path in files {
        let name = shown(root, path);
        complaints.extend(name_complaints(&name));
        if is_locked(&name) {
            continue;
        }
        // What is not text has neither lines nor words.
        let Ok(text) = String::from_utf8(fs::read(path)?) else { continue };
        complaints.extend(text_complaints(&name, &text));
    }
    for folder in fs::read_dir(root.join("crates"))? {
        let folder = folder?.path();
        if folder.join("Cargo.toml").exists() && !folder.join("README.md").exists() {
            complaints.push(format!(
                "{}: no README.md (ten lines: what is here, what never will be)",
                shown(root, &folder)
            ));
        }
    }
    Ok(())
}

fn name_complaints(name: &str) -> Option<String> {
    let file = name.rsplit('/').next().unwrap_or(name);
    let stem = file.split('.').next().unwrap_or(file);
    if file == "mod.rs" {
        return Some(format!("{name}: no mod.rs; the module `foo` is foo.rs beside foo/"));
    }
    let is_code = [".rs", ".ts", ".tsx"].iter().any(|ending| file.ends_with(ending));
    (is_code && EMPTY_NAMES.contains(&stem)).then(|| format!("{name}: {stem} says nothing; name the subject"))
}

fn text_complaints(name: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let is_code = [".rs", ".ts", ".tsx", ".mjs", ".py"].iter().any(|ending| name.ends_with(ending));
    let lines = text.lines().count();
    if is_code && !is_generated(name) && lines > LONGEST {
        complaints.push(format!("{name}: {lines} lines; above {LONGEST} there is a second subject in it"));
    }
    for (index, line) in text.lines().enumerate() {
        let unfinished = is_code.then(|| UNFINISHED.iter().find(|word| has_word(line, word))).flatten();
        let machine = MACHINES.iter().find(|path| starts_a_path(line, path));
        let outside = OUTSIDE.iter().find(|path| line.contains(**path));
        for found in [unfinished, machine, outside].into_iter().flatten() {
            complaints.push(format!("{name}:{}: {found}", index + 1));
        }
    }
    complaints
}

/// A word with no letter or digit beside it.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = if word.ends_with('(') { None } else { line[at + word.len()..].chars().next() };
        !before.is_some_and(is_inner) && !after.is_some_and(is_inner)
    })
}

/// An absolute path, not the middle of a longer one or of a URL.
fn starts_a_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|letter| is_inner(letter) || ".-/}~*".contains(letter))
    })
}

fn is_inner(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Lock files name machines and hashes as their tools like.
fn is_locked(name: &str) -> bool {
    name == "Cargo.lock" || name.ends_with("package-lock.json")
}

fn is_generated(name: &str) -> bool {
    name.ends_with(".gen.ts") || name.ends_with("schema.d.ts")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unfinished_work_is_found_but_not_inside_other_words() {
        let mark = UNFINISHED[0];
        assert!(has_word(&format!("// {mark}: later"), mark));
        assert!(!has_word(&format!("const {mark}S: u8 = 1;"), mark));
        assert_eq!(
            text_complaints("a.rs", &format!("fn a() {{}}\n// {mark} b\n")),
            [format!("a.rs:2: {mark}")]
        );
        assert!(text_complaints("es.json", &format!("\"{mark}\"")).is_empty(), "in Spanish it is a word");
    }

    #[test]
    fn a_path_of_one_machine_is_found_but_not_in_the_middle_of_another() {
        let path = MACHINES[0];
        assert!(starts_a_path(&format!("cd {path}ada"), path));
        assert!(!starts_a_path(&format!("https://example.com{path}ada"), path));
    }

    #[test]
    fn a_long_file_and_a_name_that_says_nothing_are_found() {
        assert_eq!(text_complaints("a.rs", &"\n".repeat(701)).len(), 1);
        assert!(text_complaints("schema.d.ts", &"\n".repeat(701)).is_empty());
        assert!(name_complaints("crates/x/src/utils.rs").is_some());
        assert!(name_complaints("crates/x/src/call/mod.rs").is_some());
        assert!(name_complaints("crates/x/src/call.rs").is_none());
    }
}
