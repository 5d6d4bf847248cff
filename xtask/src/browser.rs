//! A real Chromium for the browser journeys.

use crate::debian;
use crate::process::{answers, program, read};
use anyhow::Result;
use std::env;
use std::path::Path;

/// The browser's path, installed where possible; `Err(why)` inside when there is none.
pub(crate) fn ensure() -> Result<std::result::Result<String, String>> {
    if let Some(found) = find()
        && has_fonts()
    {
        return Ok(Ok(found));
    }
    if debian::can_install() {
        let mut packages = Vec::new();
        if find().is_none() {
            packages.push("chromium");
        }
        if !has_fonts() {
            packages.push("fonts-dejavu-core");
        }
        debian::install(&packages)?;
    }
    Ok(find().ok_or_else(|| {
        format!(
            "no Chromium found (set CHROMIUM to its path, or install the package `chromium`; {})",
            debian::CANNOT
        )
    }))
}

fn find() -> Option<String> {
    let named = env::var("CHROMIUM").ok();
    let usual = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let mac = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";
    named.as_deref().into_iter().chain(usual).chain([mac]).find_map(|name| {
        if name.contains('/') {
            return Path::new(name).exists().then(|| name.to_owned());
        }
        // Playwright wants a path, not a name.
        let path = read(program("sh").args(["-c", "command -v -- \"$0\"", name])).ok()?;
        answers(name, &["--version"]).then(|| path.trim().to_owned())
    })
}

/// Without any font every letter is an empty box, and layouts differ from those of people.
fn has_fonts() -> bool {
    let folders = ["/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts"];
    folders.iter().any(|folder| std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()))
}
