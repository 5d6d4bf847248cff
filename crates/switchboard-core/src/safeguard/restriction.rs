//! What Meta has restricted, and its quality rating (S3).

use std::time::Duration;

use crate::call::state::words;
use crate::time::Timestamp;

words! {
    /// Meta's rating of a number.
    Quality {
        /// Well.
        Green = "green",
        /// A warning.
        Yellow = "yellow",
        /// No calls of ours until it is better.
        Red = "red",
        /// Meta has not said, or says that there is none (`NA`, `UNKNOWN`).
        Unknown = "unknown",
    }
}

words! {
    /// What Meta restricts ("Quality, tiers, restrictions", 2025 and 2026). The words are Meta's in small letters; both
    /// prefixes, `RESTRICTED_BIZ_` and `RESTRICTED_BUSINESS_`, exist.
    RestrictionKind {
        /// No calls of ours and no requests for permission, seven days; permissions given stay.
        BusinessInitiatedCalling = "restricted_business_initiated_calling",
        /// No calls of customers, seven days.
        UserInitiatedCalling = "restricted_user_initiated_calling",
        /// Low pick-up: the button is hidden until it is switched on again in the settings.
        CallButtonHidden = "restricted_user_initiated_calling_call_button_hidden",
        /// No calls at all (the combined form of 2025); settings cannot be changed either.
        AllCalling = "restricted_biz_initiated_and_user_initiated_calling",
        /// No messages that the business begins: no request for permission as a template.
        BusinessInitiatedMessaging = "restricted_biz_initiated_messaging",
        /// No answers to customers either.
        CustomerInitiatedMessaging = "restricted_customer_initiated_messaging",
        /// No utility templates.
        UtilityTemplates = "restricted_utility_templates",
        /// No utility templates by direct send.
        DirectSendUtilityTemplates = "restricted_direct_send_utility_templates",
        /// No further numbers.
        AddPhoneNumber = "restricted_add_phone_number_action",
        /// A restriction of calling that is not known here yet: taken as one of all calls of ours.
        OtherCalling = "other_calling",
        /// One that is not known here yet and does not speak of calling.
        Other = "other",
    }
}

/// A restriction whose end Meta does not name lasts this long: what Meta's text says of those of calling.
pub const RESTRICTED_FOR: Duration = Duration::from_secs(7 * 24 * 3_600);

impl RestrictionKind {
    /// Meta's word, in any case; one that is not known is told by what it speaks of, and the stricter is taken.
    #[must_use]
    pub fn of(word: &str) -> Self {
        let word = word.trim().to_ascii_lowercase();
        Self::from_word(&word).unwrap_or(if word.contains("call") { Self::OtherCalling } else { Self::Other })
    }

    /// Does it keep us from calling?
    #[must_use]
    pub const fn blocks_our_calls(self) -> bool {
        match self {
            Self::BusinessInitiatedCalling | Self::AllCalling | Self::OtherCalling => true,
            Self::UserInitiatedCalling
            | Self::CallButtonHidden
            | Self::BusinessInitiatedMessaging
            | Self::CustomerInitiatedMessaging
            | Self::UtilityTemplates
            | Self::DirectSendUtilityTemplates
            | Self::AddPhoneNumber
            | Self::Other => false,
        }
    }

    /// Does it keep us from asking for permission? The templates of requests are of the kinds `MARKETING` and `UTILITY`.
    #[must_use]
    pub const fn blocks_requests(self) -> bool {
        match self {
            Self::BusinessInitiatedCalling
            | Self::AllCalling
            | Self::OtherCalling
            | Self::CustomerInitiatedMessaging => true,
            Self::UserInitiatedCalling
            | Self::CallButtonHidden
            | Self::BusinessInitiatedMessaging
            | Self::UtilityTemplates
            | Self::DirectSendUtilityTemplates
            | Self::AddPhoneNumber
            | Self::Other => false,
        }
    }

    /// Does it keep customers from calling?
    #[must_use]
    pub const fn blocks_customers_calls(self) -> bool {
        match self {
            Self::UserInitiatedCalling | Self::AllCalling => true,
            Self::BusinessInitiatedCalling
            | Self::CallButtonHidden
            | Self::BusinessInitiatedMessaging
            | Self::CustomerInitiatedMessaging
            | Self::UtilityTemplates
            | Self::DirectSendUtilityTemplates
            | Self::AddPhoneNumber
            | Self::OtherCalling
            | Self::Other => false,
        }
    }

    /// Does it end by itself?
    #[must_use]
    pub const fn ends_by_itself(self) -> bool {
        match self {
            Self::CallButtonHidden => false,
            Self::BusinessInitiatedCalling
            | Self::UserInitiatedCalling
            | Self::AllCalling
            | Self::BusinessInitiatedMessaging
            | Self::CustomerInitiatedMessaging
            | Self::UtilityTemplates
            | Self::DirectSendUtilityTemplates
            | Self::AddPhoneNumber
            | Self::OtherCalling
            | Self::Other => true,
        }
    }
}

/// A restriction of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restriction {
    /// What is restricted.
    pub kind: RestrictionKind,
    /// When Meta said so.
    pub since: Timestamp,
    /// Meta's `expiration`, if it named one.
    pub until: Option<Timestamp>,
}

impl Restriction {
    /// When it ends by itself: Meta's word, else Meta's seven days; none: when Meta says so.
    #[must_use]
    pub fn ends_at(&self) -> Option<Timestamp> {
        self.until.or_else(|| self.kind.ends_by_itself().then(|| self.since.plus(RESTRICTED_FOR)))
    }

    /// Does it hold at this moment?
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.ends_at().is_none_or(|end| now < end)
    }
}
