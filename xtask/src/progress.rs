//! What the person at the terminal sees while things take their time, and the table at the end.

use crate::tally::Tally;
use anyhow::{Result, bail};
use std::time::{Duration, Instant};

#[expect(clippy::disallowed_methods, reason = "the one clock of xtask: how long steps take")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// How a step ended when nothing went wrong in the running of it.
pub(crate) enum Done {
    /// It was carried out; how many tests it counted, where it counts.
    Ran(Option<Tally>),
    /// It was left out, and why.
    Skipped(String),
}

struct Row {
    name: String,
    took: Duration,
    ending: Ending,
}

enum Ending {
    Passed(Option<Tally>),
    Failed(Option<Tally>, String),
    Skipped(String),
}

/// Steps in the order they ran.
pub(crate) struct Report {
    began: Instant,
    total: usize,
    rows: Vec<Row>,
}

impl Report {
    /// A report of `total` steps.
    pub(crate) fn new(total: usize) -> Self {
        Self { began: now(), total, rows: Vec::new() }
    }

    /// Carries out one step and keeps how it ended. True unless it failed.
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce() -> Result<Done>) -> bool {
        println!("\n[{}/{}] {name} (at {})", self.rows.len() + 1, self.total, short(self.began.elapsed()));
        let began = now();
        let ending = match work() {
            Ok(Done::Skipped(why)) => Ending::Skipped(why),
            Ok(Done::Ran(Some(tally))) if tally.failed > 0 => {
                Ending::Failed(Some(tally), format!("{} failed", tally.failed))
            }
            Ok(Done::Ran(tally)) => Ending::Passed(tally),
            Err(error) => Ending::Failed(None, format!("{error:#}")),
        };
        let took = began.elapsed();
        match &ending {
            Ending::Passed(_) => println!("      done in {}", short(took)),
            Ending::Failed(_, why) => println!("      FAILED after {}: {why}", short(took)),
            Ending::Skipped(why) => println!("      SKIPPED: {why}"),
        }
        let good = !matches!(ending, Ending::Failed(..));
        self.rows.push(Row { name: name.to_owned(), took, ending });
        good
    }

    /// Prints the table and the closing line; an error when any step failed.
    pub(crate) fn finish(self) -> Result<()> {
        let mut sum = Tally::default();
        let widest = self.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
        println!("\n{:widest$}  {:7}  {:>7}  ", "step", "result", "time");
        for Row { name, took, ending } in &self.rows {
            let (result, words, counted) = match ending {
                Ending::Passed(None) => ("passed", String::new(), Tally { passed: 1, ..Tally::default() }),
                Ending::Passed(Some(tally)) => ("passed", tally.to_string(), *tally),
                Ending::Failed(tally, why) => {
                    let why = why.lines().next().unwrap_or_default().to_owned();
                    ("FAILED", why, tally.unwrap_or(Tally { failed: 1, ..Tally::default() }))
                }
                Ending::Skipped(why) => ("skipped", why.clone(), Tally { skipped: 1, ..Tally::default() }),
            };
            sum.add(counted);
            println!("{name:widest$}  {result:7}  {:>7}  {words}", short(*took));
        }
        println!("\ntotal time {}", short(self.began.elapsed()));
        println!("{} passed, {} failed, {} skipped", sum.passed, sum.failed, sum.skipped);
        if sum.failed > 0 {
            bail!("something failed, see the table above");
        }
        Ok(())
    }
}

/// `0.4 s`, `12 s`, `3 m 07 s`.
pub(crate) fn short(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        _ => format!("{} m {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_for_people() {
        let shown = [0.44, 9.9, 59.2, 187.0].map(|seconds| short(Duration::from_secs_f64(seconds)));
        assert_eq!(shown, ["0.4 s", "9.9 s", "59 s", "3 m 07 s"]);
    }

    #[test]
    fn one_failed_step_fails_the_report_and_the_others_still_run() {
        let mut report = Report::new(3);
        assert!(report.step("good", || Ok(Done::Ran(None))));
        assert!(
            !report.step("counts failures", || {
                Ok(Done::Ran(Some(Tally { passed: 3, failed: 1, skipped: 0 })))
            })
        );
        assert!(report.step("left out", || Ok(Done::Skipped("no browser".into()))));
        assert!(report.finish().is_err());
    }

    #[test]
    fn a_skipped_step_does_not_fail_the_report() {
        let mut report = Report::new(1);
        report.step("left out", || Ok(Done::Skipped("no browser".into())));
        assert!(report.finish().is_ok());
    }
}
