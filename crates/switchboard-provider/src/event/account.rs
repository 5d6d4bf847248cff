//! What a provider can tell us about the account.

use switchboard_core::phone::PhoneNumber;
use switchboard_core::time::Timestamp;

use crate::settings::{CallingSettings, Restriction};

/// Calling settings of a number changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSettings {
    /// When.
    pub at: Option<Timestamp>,
    /// The calling settings; None when something else changed.
    pub calling: Option<CallingSettings>,
}

/// Warnings and restrictions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountUpdate {
    /// Display number it is about.
    pub phone_number: Option<PhoneNumber>,
    /// When the notice was sent.
    pub at: Option<Timestamp>,
    /// `ACCOUNT_VIOLATION`, `ACCOUNT_RESTRICTION`, … in Meta's words.
    pub event: String,
    /// What we did wrong, in Meta's words.
    pub violation: Option<String>,
    /// What Meta advises.
    pub remediation: Option<String>,
    /// What is taken away.
    pub restrictions: Vec<Restriction>,
}

/// Limits of a number changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneNumberQuality {
    /// Display number it is about.
    pub phone_number: Option<PhoneNumber>,
    /// `THROUGHPUT_UPGRADE`, … in Meta's words.
    pub event: String,
    /// Limit before.
    pub old_limit: Option<String>,
    /// Limit now.
    pub current_limit: Option<String>,
}
