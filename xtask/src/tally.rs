//! How many tests a test runner says it ran, read from what it prints.

use std::fmt;

/// Tests of one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
    pub(crate) skipped: u32,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// A summary line of a runner we use; other lines change nothing.
    pub(crate) fn read(&mut self, line: &str) {
        let line = without_colours(line);
        let line = line.trim();
        // cargo test: `test result: ok. 9 passed; 0 failed; 1 ignored; …`, one line for each binary
        let cargo = line.strip_prefix("test result:");
        // vitest: `Tests  1 failed | 11 passed (12)`
        let vitest = line.strip_prefix("Tests ");
        // playwright: `3 passed (12.0s)`, `1 failed`, `2 skipped`, each on a line of its own
        let playwright = line.starts_with(|first: char| first.is_ascii_digit()).then_some(line);
        let Some(text) = cargo.or(vitest).or(playwright) else { return };
        let words: Vec<&str> = text.split([' ', ';', '|', ',']).filter(|word| !word.is_empty()).collect();
        if playwright.is_some() && words.len() > 3 {
            return;
        }
        for pair in words.windows(2) {
            let (Ok(count), word) = (pair[0].parse::<u32>(), pair[1]) else { continue };
            match word {
                "passed" => self.passed += count,
                "failed" | "flaky" | "interrupted" => self.failed += count,
                "ignored" | "skipped" => self.skipped += count,
                _ => {}
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed", self.passed)?;
        if self.failed > 0 {
            write!(f, ", {} failed", self.failed)?;
        }
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' {
            // An escape sequence of colours ends with its first letter.
            for inside in letters.by_ref() {
                if inside.is_ascii_alphabetic() {
                    break;
                }
            }
        } else {
            plain.push(letter);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> (u32, u32, u32) {
        let mut tally = Tally::default();
        lines.iter().for_each(|line| tally.read(line));
        (tally.passed, tally.failed, tally.skipped)
    }

    #[test]
    fn cargo_prints_one_line_for_each_binary() {
        let lines = [
            "running 12 tests",
            "test result: ok. 9 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s",
        ];
        assert_eq!(read(&lines), (11, 1, 1));
    }

    #[test]
    fn vitest_and_playwright_are_read_with_and_without_colours() {
        assert_eq!(
            read(&[" Test Files  2 passed (2)", "      Tests  1 failed | 11 passed (12)"]),
            (11, 1, 0)
        );
        assert_eq!(
            read(&["\u{1b}[2m      Tests \u{1b}[22m \u{1b}[1m\u{1b}[32m4 passed\u{1b}[39m (4)"]),
            (4, 0, 0)
        );
        assert_eq!(read(&["  2 skipped", "  1 flaky", "  14 passed (1.2m)"]), (14, 1, 2));
    }

    #[test]
    fn a_sentence_that_starts_with_a_number_is_not_a_summary() {
        assert_eq!(
            read(&["440 Hz were heard, all 3 passed the check", "1 passed over by the queue"]),
            (0, 0, 0)
        );
    }
}
