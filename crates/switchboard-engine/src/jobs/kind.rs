//! Every kind of work there is, how patient we are with it, and what a worker needs to know.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use switchboard_core::retry::RetryPlan;

use crate::mail::Mail;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $word:literal;)*) => {
        /// Every kind of work. The word is kept in the database.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum JobKind { $($(#[$doc])* $variant,)* }

        impl JobKind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word in the database.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

kinds! {
    /// A webhook is passed on.
    Relay = "relay";
    /// An e-mail is sent.
    Mail = "mail";
    /// A number is read at the provider.
    ReadNumber = "read_number";
    /// A file of contacts is taken in.
    Import = "import";
    /// A customer who called outside of the hours is written to.
    OutOfHours = "out_of_hours";
    /// Old rows are taken away.
    Tidy = "tidy";
    /// The picture of a recording is made.
    Peaks = "peaks";
}

impl JobKind {
    /// Reads the word back.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }

    /// How patient we are.
    pub(crate) const fn patience(self) -> RetryPlan {
        match self {
            // A place that is down over night gets everything in the morning.
            Self::Relay => RetryPlan {
                first_wait: Duration::from_secs(5),
                longest_wait: Duration::from_secs(3_600),
                most_attempts: 40,
                longest_owed: Duration::from_secs(24 * 3_600),
            },
            // A link in a mail that comes a day late is of no use any more.
            Self::Mail => RetryPlan {
                first_wait: Duration::from_secs(10),
                longest_wait: Duration::from_secs(900),
                most_attempts: 30,
                longest_owed: Duration::from_secs(12 * 3_600),
            },
            // It can be listened to without a picture; a bucket that is away for an hour is waited for.
            Self::Peaks => RetryPlan {
                first_wait: Duration::from_secs(5),
                longest_wait: Duration::from_secs(900),
                most_attempts: 12,
                longest_owed: Duration::from_secs(6 * 3_600),
            },
            // Who called is to know soon why nobody answered, or not at all.
            Self::OutOfHours => RetryPlan {
                first_wait: Duration::from_secs(5),
                longest_wait: Duration::from_secs(300),
                most_attempts: 10,
                longest_owed: Duration::from_secs(1_800),
            },
            // The next one comes by itself within hours.
            Self::ReadNumber => RetryPlan {
                first_wait: Duration::from_secs(15),
                longest_wait: Duration::from_secs(900),
                most_attempts: 12,
                longest_owed: Duration::from_secs(2 * 3_600),
            },
            // Each attempt goes on where the last one stopped.
            Self::Import => RetryPlan {
                first_wait: Duration::from_secs(5),
                longest_wait: Duration::from_secs(300),
                most_attempts: 200,
                longest_owed: Duration::from_secs(24 * 3_600),
            },
            Self::Tidy => RetryPlan {
                first_wait: Duration::from_secs(60),
                longest_wait: Duration::from_secs(600),
                most_attempts: 5,
                longest_owed: Duration::from_secs(3_600),
            },
        }
    }

    /// One attempt may take this long.
    pub(crate) const fn longest(self) -> Duration {
        match self {
            // More than the outgoing client takes for its turn, the connection and the answer.
            Self::Relay => Duration::from_secs(30),
            Self::Mail | Self::OutOfHours | Self::ReadNumber | Self::Tidy => Duration::from_secs(60),
            // A call of a day takes a minute and a half of one core, and its sound may come from a bucket.
            Self::Peaks => Duration::from_secs(600),
            // The longest file that is taken, on a slow disk.
            Self::Import => Duration::from_secs(900),
        }
    }

    /// Who does it.
    pub(crate) const fn crew(self) -> Crew {
        match self {
            Self::Relay => Crew::Carriers,
            Self::Mail => Crew::Post,
            Self::Import => Crew::Clerks,
            Self::OutOfHours | Self::ReadNumber | Self::Tidy => Crew::House,
            Self::Peaks => Crew::Artists,
        }
    }
}

/// Workers that do not wait for each other: a place that hangs holds up no mail, and no mail holds up the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crew {
    /// What goes to other people's servers.
    Carriers,
    /// E-mail.
    Post,
    /// Files that are taken in.
    Clerks,
    /// What goes on inside this machine.
    House,
    /// Pictures of recordings: decoding takes a whole core.
    Artists,
}

impl Crew {
    pub(crate) const ALL: [Self; 5] = [Self::Carriers, Self::Post, Self::Clerks, Self::House, Self::Artists];

    /// Jobs at once.
    pub(crate) const fn size(self) -> usize {
        match self {
            Self::Carriers => 32,
            Self::Post | Self::House => 2,
            Self::Artists | Self::Clerks => 1,
        }
    }

    /// The longest attempt of any of its kinds.
    pub(crate) fn longest(self) -> Duration {
        let kinds = JobKind::ALL.iter().filter(|kind| kind.crew() == self);
        kinds.map(|kind| kind.longest()).max().unwrap_or_default()
    }

    /// The words of its kinds.
    pub(crate) fn kinds(self) -> Vec<&'static str> {
        JobKind::ALL.iter().filter(|kind| kind.crew() == self).map(|kind| kind.as_str()).collect()
    }
}

/// What a worker needs to know.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Owed {
    /// Pass a webhook on; which and where stands beside it.
    Relay,
    /// Send this.
    Mail(Mail),
    /// Read a number at the provider.
    ReadNumber {
        /// `num_…`
        number: String,
    },
    /// Take in a file of contacts.
    Import {
        /// `imp_…`
        id: String,
    },
    /// Write to who called outside of the hours.
    OutOfHours {
        /// `call_…`
        call: String,
    },
    /// Take away old rows.
    Tidy,
    /// Make the picture of this recording.
    Peaks {
        /// `rec_…`
        recording: String,
    },
}

impl std::fmt::Debug for Owed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Owed").field("kind", &self.kind()).finish_non_exhaustive()
    }
}

impl Owed {
    /// Which kind of work it is.
    #[must_use]
    pub const fn kind(&self) -> JobKind {
        match self {
            Self::Relay => JobKind::Relay,
            Self::Mail(_) => JobKind::Mail,
            Self::ReadNumber { .. } => JobKind::ReadNumber,
            Self::OutOfHours { .. } => JobKind::OutOfHours,
            Self::Import { .. } => JobKind::Import,
            Self::Tidy => JobKind::Tidy,
            Self::Peaks { .. } => JobKind::Peaks,
        }
    }

    /// As it is kept. The types above are plain data: writing them as JSON cannot fail.
    pub(crate) fn payload(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads it back.
    pub(crate) fn from_payload(payload: &str) -> Option<Self> {
        serde_json::from_str(payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_back_and_has_a_crew_that_takes_it() {
        for kind in JobKind::ALL {
            assert_eq!(JobKind::from_word(kind.as_str()), Some(*kind));
            assert!(Crew::ALL.iter().any(|crew| crew.kinds().contains(&kind.as_str())), "{kind:?}");
        }
    }

    #[test]
    fn what_is_owed_reads_back_from_its_payload() {
        assert_eq!(Owed::from_payload(&Owed::Tidy.payload()), Some(Owed::Tidy));
        let reading = Owed::ReadNumber { number: "num_1".to_owned() };
        assert_eq!(Owed::from_payload(&reading.payload()), Some(reading));
        assert_eq!(Owed::from_payload("{}"), None);
    }
}
