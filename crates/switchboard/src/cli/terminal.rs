//! What a command says on standard output; the only place that prints.

/// One line.
#[expect(clippy::print_stdout, reason = "the answer of a command belongs on standard output")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}
