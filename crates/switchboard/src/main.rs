//! The binary: see `cli`.

mod cli;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    // One TLS provider for everything in this process; a second install would only say that one is there already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln_plain(&format!("The runtime could not start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(cli::Cli::parse().run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(report) => {
            eprintln_plain(&format!("{report:?}"));
            ExitCode::FAILURE
        }
    }
}

/// The one place that writes to standard error by itself: what went wrong before or beside the log.
#[expect(clippy::print_stderr, reason = "the last words of a command belong on standard error")]
fn eprintln_plain(text: &str) {
    eprintln!("{text}");
}
