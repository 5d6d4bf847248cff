//! Documents name files, codes and settings; here they are held to it.

use super::shown;
use anyhow::Result;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Leads to every document.
const INDEX: &str = "docs/README.md";
const ERRORS: &str = "docs/reference/errors.md";
const CONFIGURATION: &str = "docs/reference/configuration.md";

/// Where words of a promise are written down in code: the file, the line that opens their list, the
/// document that explains them.
const PROMISES: [(&str, &str, &str); 2] = [
    ("crates/switchboard-http/src/error.rs", "codes! {", ERRORS),
    ("crates/switchboard-core/src/call/state.rs", "    EndReason {", ERRORS),
];

/// The beginnings of our settings' names.
const SETTINGS: [&str; 8] =
    ["SWITCHBOARD_", "SIMULATOR_", "WHATSAPP_", "META_", "VOIP_", "WABA_", "PHONE_NUMBER_", "YCLOUD_"];

pub(super) fn check(root: &Path, files: &[PathBuf], complaints: &mut Vec<String>) -> Result<()> {
    for path in files.iter().filter(|path| path.extension().is_some_and(|ending| ending == "md")) {
        let text = fs::read_to_string(path)?;
        let folder = path.parent().unwrap_or(root);
        let name = shown(root, path);
        for place in links(&text) {
            if !folder.join(&place).exists() {
                complaints.push(format!("{name}: the link to {place} leads nowhere"));
            }
        }
        for place in paths_named(&text) {
            if [root, &root.join("crates"), folder].iter().all(|from| !from.join(&place).exists()) {
                complaints.push(format!("{name}: there is no {place}"));
            }
        }
    }
    let documents: BTreeSet<String> =
        files.iter().map(|path| last_part(&shown(root, path)).to_owned()).collect();
    for path in files.iter().filter(|path| is_code(path)) {
        for document in documents_named(&fs::read_to_string(path)?) {
            if !documents.contains(last_part(&document)) {
                complaints.push(format!("{}: there is no document {document}", shown(root, path)));
            }
        }
    }
    let index = links(&read(root, INDEX));
    for path in files.iter().map(|path| shown(root, path)) {
        let below = path.strip_prefix("docs/").filter(|name| name.ends_with(".md") && *name != "README.md");
        if let Some(name) = below.filter(|name| !index.contains(*name)) {
            complaints.push(format!("{INDEX}: {name} is not in it"));
        }
    }
    for (source, opening, document) in PROMISES {
        let (source_text, document_text) = (read(root, source), read(root, document));
        for word in words_after(&source_text, opening) {
            if !document_text.contains(&format!("`{word}`")) {
                complaints.push(format!("{document}: `{word}` of {source} is not explained"));
            }
        }
    }
    let explained = read(root, CONFIGURATION);
    let mut settings = BTreeSet::new();
    for path in files.iter().filter(|path| shown(root, path).starts_with("crates/switchboard/src/")) {
        settings.extend(settings_named(&fs::read_to_string(path)?));
    }
    for setting in settings {
        if !explained.contains(&format!("`{setting}`")) {
            complaints.push(format!("{CONFIGURATION}: `{setting}` is not explained"));
        }
    }
    Ok(())
}

fn read(root: &Path, name: &str) -> String {
    fs::read_to_string(root.join(name)).unwrap_or_default()
}

/// What explains itself by pointing at documents: comments of code, styles and scripts. This file names invented
/// ones in its tests.
fn is_code(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    ["rs", "ts", "tsx", "mjs", "css", "html", "py", "toml", "yml", "yaml"].contains(&ending)
        && !path.ends_with("xtask/src/tidy/documents.rs")
}

fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Names of documents, with or without the way to them; not those of other people on the web.
fn documents_named(text: &str) -> BTreeSet<String> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_-./:".contains(letter);
    let words = text.split(|letter: char| !is_part(letter)).map(|word| word.trim_end_matches(['.', ':']));
    let named = words.filter(|word| word.ends_with(".md") && word.len() > 3 && !word.contains("://"));
    named.map(str::to_owned).collect()
}

/// Links to files beside the document, without their anchors.
fn links(text: &str) -> BTreeSet<String> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let files = targets.filter_map(|target| target.split('#').next());
    let ours = files.filter(|file| !file.is_empty() && !file.contains("://") && !file.starts_with("mailto:"));
    ours.map(str::to_owned).collect()
}

/// Words in code marks that are paths of the repository.
fn paths_named(text: &str) -> BTreeSet<String> {
    let marked = text.split('`').skip(1).step_by(2);
    let paths = marked.filter(|word| {
        let from_root = ["crates/", "docs/", "tests/", "web/", "xtask/", "clients/"]
            .iter()
            .any(|top| word.starts_with(top));
        let in_crate = word.starts_with("switchboard-") && word.contains('/');
        (from_root || in_crate) && !word.contains(|letter: char| " *<>{}…$@\n".contains(letter))
    });
    // Built, not kept.
    let paths = paths.filter(|word| !word.starts_with("web/dist") && !word.starts_with("web/node_modules"));
    paths.map(str::to_owned).collect()
}

/// The words in quotation marks after `= ` from the line `opening` to the end of its braces.
fn words_after(text: &str, opening: &str) -> Vec<String> {
    let list = text.lines().skip_while(|line| *line != opening).skip(1);
    let list = list.take_while(|line| !line.trim_start().starts_with('}'));
    list.filter_map(|line| line.split("= \"").nth(1)?.split('"').next().map(str::to_owned)).collect()
}

/// Names of settings in quotation marks.
fn settings_named(code: &str) -> BTreeSet<String> {
    let quoted = code.split('"').filter(|word| SETTINGS.iter().any(|start| word.starts_with(start)));
    let names = quoted.filter(|word| word.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_'));
    names.filter(|word| !word.ends_with("_FILE") && !word.ends_with('_')).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_the_web_and_to_anchors_are_left_alone() {
        let text = "[a](docs/a.md#part) [b](https://example.com/x) [c](#here) [d](../LICENSE)";
        assert_eq!(links(text).into_iter().collect::<Vec<_>>(), ["../LICENSE", "docs/a.md"]);
    }

    #[test]
    fn only_paths_of_the_repository_count_as_paths() {
        let text = "`switchboard-core/src/call.rs` and `web/dist` and `cargo xtask` and `docs/*.md` and `switchboard-sip`";
        assert_eq!(paths_named(text).into_iter().collect::<Vec<_>>(), ["switchboard-core/src/call.rs"]);
    }

    #[test]
    fn documents_are_found_in_comments_but_not_on_the_web() {
        let text =
            "/* As console.md says. */ // docs/plan.md: why; see https://example.com/other.md and `x.mdx`.";
        assert_eq!(documents_named(text).into_iter().collect::<Vec<_>>(), ["console.md", "docs/plan.md"]);
    }

    #[test]
    fn the_words_of_a_list_are_read_up_to_its_end() {
        let text = "codes! {\n    A = \"not_found\", NOT_FOUND, \"x\";\n    B = \"over\", CONFLICT, \"y\";\n}\nC = \"later\";\n";
        assert_eq!(words_after(text, "codes! {"), ["not_found", "over"]);
    }

    #[test]
    fn settings_are_names_in_quotation_marks() {
        let code =
            "settings.text(\"SWITCHBOARD_LISTEN\"); format!(\"SWITCHBOARD_{}\"); \"META_APP_SECRET_FILE\"";
        assert_eq!(settings_named(code).into_iter().collect::<Vec<_>>(), ["SWITCHBOARD_LISTEN"]);
    }
}
