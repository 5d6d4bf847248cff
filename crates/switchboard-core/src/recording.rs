//! Whether the calls of a number are recorded, and how its customers are told (M5).

use std::time::Duration;

use crate::call::state::words;
use crate::language::Language;

words! {
    /// When the calls of a number are recorded.
    RecordingMode {
        /// Never.
        Off = "off",
        /// All of them, from the end of the announcement on.
        On = "on",
        /// When the agent presses the button.
        Agent = "agent",
    }
}

words! {
    /// With which words a customer is told that the call is recorded.
    AnnouncementChoice {
        /// The English sentence that is part of the program.
        English = "en",
        /// The Spanish one.
        Spanish = "es",
        /// The Brazilian one.
        Portuguese = "pt-BR",
        /// The business' own recording.
        Own = "own",
    }
}

impl AnnouncementChoice {
    /// The language of a sentence that is part of the program; none for the business' own.
    #[must_use]
    pub const fn language(self) -> Option<Language> {
        match self {
            Self::English => Some(Language::English),
            Self::Spanish => Some(Language::Spanish),
            Self::Portuguese => Some(Language::Portuguese),
            Self::Own => None,
        }
    }
}

/// How a number wants its calls recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordingPolicy {
    /// When.
    pub mode: RecordingMode,
    /// How long the announcement takes; none: an admin has waived it, and answers for it (audited).
    pub announcement: Option<Duration>,
    /// Record the echo, too.
    pub echo: bool,
}

impl RecordingPolicy {
    /// No call is recorded.
    pub const OFF: Self = Self { mode: RecordingMode::Off, announcement: None, echo: false };
}

/// Longer than any sentence that is part of the program.
const SHIPPED_ANNOUNCEMENT: Duration = Duration::from_secs(4);

/// What people set of the recording of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordingSettings {
    /// When its calls are recorded.
    pub mode: RecordingMode,
    /// With which words customers are told.
    pub announcement: AnnouncementChoice,
    /// How long the business' own words are; none: it has brought none.
    pub own: Option<Duration>,
    /// An admin answers for recording without an announcement.
    pub waived: bool,
    /// Record the echo, too.
    pub echo: bool,
}

impl RecordingSettings {
    /// How long the announcement takes; none when its words are missing.
    fn announcement_length(&self) -> Option<Duration> {
        match self.announcement {
            AnnouncementChoice::English | AnnouncementChoice::Spanish | AnnouncementChoice::Portuguese => {
                Some(SHIPPED_ANNOUNCEMENT)
            }
            AnnouncementChoice::Own => self.own,
        }
    }

    /// Is there a way to record lawfully? Without words to announce it and without a waiver there is none.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.mode == RecordingMode::Off || self.waived || self.announcement_length().is_some()
    }

    /// What a call is told. What is not complete records nothing.
    #[must_use]
    pub fn policy(&self) -> RecordingPolicy {
        if !self.is_complete() {
            return RecordingPolicy::OFF;
        }
        let announcement = if self.waived { None } else { self.announcement_length() };
        RecordingPolicy { mode: self.mode, announcement, echo: self.echo }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ON: RecordingSettings = RecordingSettings {
        mode: RecordingMode::On,
        announcement: AnnouncementChoice::English,
        own: None,
        waived: false,
        echo: false,
    };

    #[test]
    fn without_words_and_without_a_waiver_nothing_is_recorded() {
        let own = RecordingSettings { announcement: AnnouncementChoice::Own, ..ON };
        assert!(!own.is_complete());
        assert_eq!(own.policy(), RecordingPolicy::OFF);
        let brought = RecordingSettings { own: Some(Duration::from_secs(9)), ..own };
        assert_eq!(brought.policy().announcement, Some(Duration::from_secs(9)));
        assert!(RecordingSettings { mode: RecordingMode::Off, ..own }.is_complete());
    }

    #[test]
    fn a_waiver_leaves_the_announcement_out() {
        assert!(ON.policy().announcement.is_some());
        let waived = RecordingSettings { waived: true, announcement: AnnouncementChoice::Own, ..ON };
        assert_eq!(
            waived.policy(),
            RecordingPolicy { mode: RecordingMode::On, announcement: None, echo: false }
        );
    }
}
