//! Writes a placeholder page when the console has not been built, so that `cargo check` needs no Node.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let dist = Path::new("../../web/dist");
    for page in ["index.html", "phone/index.html"] {
        let file = dist.join(page);
        if !file.exists() {
            fs::create_dir_all(dist.join("phone"))?;
            fs::write(&file, include_str!("src/not_built.html"))?;
        }
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/not_built.html");
    // Debug builds read the folder while they run; only an embedding build has to follow its changes.
    if env::var("PROFILE").as_deref() == Ok("release") {
        println!("cargo::rerun-if-changed=../../web/dist");
    }
    Ok(())
}
