//! What a command says on standard output; the only place that prints.

use std::io::Write;

/// One line. Whoever closed the pipe (`| head`) has read enough.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
