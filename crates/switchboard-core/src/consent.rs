//! Does this customer want to be called? Our own ledger besides Meta's permission (P6): what the customer wrote, what
//! he answered, what he signed, each with its evidence.
//!
//! - [`mod@detect`]: a wish to be called, or not to be, in what a customer wrote; yes and no to an offer
//! - `words`: the phrases of the three languages
//!
//! An opt-out and a do-not-call always win, until somebody with the right takes that entry out.

pub mod detect;
mod fold;
#[cfg(test)]
mod tests;
mod words;

use std::time::Duration;

use crate::call::state::words;
use crate::time::Timestamp;

pub use detect::{Affirmative, Detected, Wish, affirmative, detect};

words! {
    /// What an entry of the ledger says.
    ConsentKind {
        /// The customer asked to be called.
        CallRequest = "call_request",
        /// An agent offered a call and the customer said yes.
        OfferAccepted = "offer_accepted",
        /// An agent offered a call and the customer said no.
        OfferDeclined = "offer_declined",
        /// An agent offered a call and the customer's answer is neither yes nor no.
        OfferUnclear = "offer_unclear",
        /// The customer agreed to calls in writing, for long.
        OptIn = "opt_in",
        /// The customer does not want to be called.
        OptOut = "opt_out",
        /// The business has put the customer on its list of people who are not called.
        DoNotCall = "do_not_call",
    }
}

impl ConsentKind {
    /// Does it say yes?
    #[must_use]
    pub const fn is_consent(self) -> bool {
        match self {
            Self::CallRequest | Self::OfferAccepted | Self::OptIn => true,
            Self::OfferDeclined | Self::OfferUnclear | Self::OptOut | Self::DoNotCall => false,
        }
    }

    /// Does it win over every yes?
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::OptOut | Self::DoNotCall => true,
            Self::CallRequest
            | Self::OfferAccepted
            | Self::OfferDeclined
            | Self::OfferUnclear
            | Self::OptIn => false,
        }
    }
}

/// How long a yes is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsentRules {
    /// After the customer asked for a call. As long as the house rule of permissions, so that the two end together.
    pub call_request: Duration,
    /// After he accepted an offer.
    pub offer: Duration,
    /// After he opted in.
    pub opt_in: Duration,
}

impl Default for ConsentRules {
    fn default() -> Self {
        Self {
            call_request: Duration::from_secs(72 * 3_600),
            offer: Duration::from_secs(3_600),
            // Twelve months; of the two lengths a year has, the shorter.
            opt_in: Duration::from_secs(365 * 24 * 3_600),
        }
    }
}

impl ConsentRules {
    /// Until when an entry of this moment is good; none: it does not end by itself.
    #[must_use]
    pub fn ends(&self, kind: ConsentKind, at: Timestamp) -> Option<Timestamp> {
        match kind {
            ConsentKind::CallRequest => Some(at.plus(self.call_request)),
            ConsentKind::OfferAccepted => Some(at.plus(self.offer)),
            ConsentKind::OptIn => Some(at.plus(self.opt_in)),
            ConsentKind::OfferDeclined
            | ConsentKind::OfferUnclear
            | ConsentKind::OptOut
            | ConsentKind::DoNotCall => None,
        }
    }
}

/// An entry of the ledger that has not been taken out; its evidence stays with the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsentEntry {
    /// What it says.
    pub kind: ConsentKind,
    /// When the customer said it.
    pub at: Timestamp,
    /// Until when it is good, when it was said with an end of its own; it can shorten what the rules give, not stretch it.
    pub valid_until: Option<Timestamp>,
}

/// How a customer stands to being called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// He (or the business for him) does not want calls: which entry, and since when. Wins over all below.
    pub opted_out: Option<(ConsentKind, Timestamp)>,
    /// The yes that is good for longest, and until when.
    pub consent: Option<(ConsentKind, Timestamp)>,
    /// When there is no yes: the one that ended last, and when.
    pub ended: Option<(ConsentKind, Timestamp)>,
    /// He said no to a call, and nothing that is newer says yes.
    pub declined_at: Option<Timestamp>,
    /// An offer was answered neither with yes nor with no, and nothing newer is known.
    pub unclear_at: Option<Timestamp>,
}

/// How a customer stands, out of all that was written down, in any order.
#[must_use]
pub fn standing(now: Timestamp, rules: &ConsentRules, entries: &[ConsentEntry]) -> Standing {
    let of = |kinds: &[ConsentKind]| {
        let such = entries.iter().filter(|entry| kinds.contains(&entry.kind));
        such.max_by_key(|entry| (entry.at, entry.kind)).copied()
    };
    let final_word = of(&[ConsentKind::OptOut, ConsentKind::DoNotCall]);
    let newest_yes = of(&[ConsentKind::CallRequest, ConsentKind::OfferAccepted, ConsentKind::OptIn]);
    let newer_than_yes = |entry: Option<ConsentEntry>| {
        let at = entry?.at;
        newest_yes.is_none_or(|yes| yes.at <= at).then_some(at)
    };
    let declined_at = newer_than_yes(of(&[ConsentKind::OfferDeclined]));
    let unclear_at = newer_than_yes(of(&[ConsentKind::OfferUnclear]))
        .filter(|unclear| declined_at.is_none_or(|declined| declined < *unclear));
    let yes = entries.iter().filter_map(|entry| {
        let end = rules.ends(entry.kind, entry.at)?;
        Some((entry, entry.valid_until.map_or(end, |own| own.min(end))))
    });
    let consent = yes.clone().filter(|(entry, end)| entry.at <= now && now < *end);
    let consent = consent.max_by_key(|(entry, end)| (*end, entry.kind)).map(|(entry, end)| (entry.kind, end));
    let ended = yes.filter(|(_, end)| *end <= now && consent.is_none());
    Standing {
        opted_out: final_word.map(|entry| (entry.kind, entry.at)),
        consent,
        ended: ended.max_by_key(|(entry, end)| (*end, entry.kind)).map(|(entry, end)| (entry.kind, end)),
        declined_at,
        unclear_at,
    }
}
