//! May we call this customer from this number, now? One verdict out of all rules, with every reason (P7). The dial path,
//! the dry run and the call button ask here and nowhere else, so that nothing dials around it.
//!
//! - [`facts`]: what must be known
//! - [`reason`]: why not, what to do about it, until when, and who may pass it
//! - [`country`]: where Meta offers no calls of businesses
//! - [`words`]: the sentences people read, in three languages

pub mod country;
pub mod facts;
pub mod reason;
#[cfg(test)]
mod tests;
pub mod words;

use crate::time::Timestamp;

pub use facts::{AutomationState, ConsentPolicy, CustomerFacts, Facts, HoursFacts, NumberFacts};
pub use reason::{Override, Reason, ReasonCode, ReasonData, Remedy};

/// What somebody with the right passes over, by saying so (audited by the caller).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overrides {
    /// "Urgent": outside hours.
    pub hours: bool,
    /// "I know": the call that may cost the permission.
    pub confirm: bool,
}

/// The verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// May the call be made?
    pub allowed: bool,
    /// What is in the way, the weightiest first; empty when allowed.
    pub reasons: Vec<Reason>,
    /// What should be known, and what was in the way and has been passed.
    pub warnings: Vec<Reason>,
}

/// May this customer be called from this number, now?
#[must_use]
pub fn verdict(now: Timestamp, facts: &Facts) -> Verdict {
    let mut reasons = facts.blocks(now);
    // Of one reason that holds twice, what lasts longest is told; without an end it lasts longest.
    let last = |reason: &Reason| reason.until.map_or(i64::MAX, Timestamp::micros);
    reasons.sort_by_key(|reason| (reason.code, std::cmp::Reverse(last(reason))));
    reasons.dedup_by_key(|reason| reason.code);
    let mut warnings = facts.warnings(now);
    warnings.sort_by_key(|reason| reason.code);
    Verdict { allowed: reasons.is_empty(), reasons, warnings }
}

impl Verdict {
    /// The verdict when somebody with the right passes over what may be passed over. What Meta forbids stays.
    #[must_use]
    pub fn passing(self, overrides: Overrides) -> Self {
        let passed = |reason: &Reason| match reason.code.overridable() {
            Override::Never => false,
            Override::Hours => overrides.hours,
            Override::Confirm => overrides.confirm,
        };
        let (passed, reasons): (Vec<Reason>, Vec<Reason>) = self.reasons.into_iter().partition(passed);
        let mut warnings = self.warnings;
        warnings.extend(passed);
        warnings.sort_by_key(|reason| reason.code);
        Self { allowed: reasons.is_empty(), reasons, warnings }
    }
}
