//! What a failing seed prints: every input and every effect, in seconds since the call was placed.

use std::fmt::Write;

use switchboard_core::time::Timestamp;

#[derive(Default)]
pub(crate) struct Trace(String);

impl Trace {
    pub(crate) fn line(&mut self, since: Timestamp, now: Timestamp, what: &str) {
        let seconds = (now.micros() - since.micros()) as f64 / 1e6;
        // Writing to a String does not fail.
        let _ = writeln!(self.0, "{seconds:>12.6}  {what}");
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}
