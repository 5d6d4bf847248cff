//! The proof that every rule was asked before a call of ours is placed.

use crate::eligibility::Verdict;

/// Nothing dials around the verdict: a call is placed only with this, and only a verdict that allows the call gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clearance(());

impl Clearance {
    /// Of a verdict; none while something is in the way.
    #[must_use]
    pub fn of(verdict: &Verdict) -> Option<Self> {
        verdict.allowed.then_some(Self(()))
    }
}
