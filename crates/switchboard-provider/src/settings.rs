//! The calling settings of a number as the provider keeps them. Words it may add later stay words here.

use switchboard_core::media_terms::{AdditionalCodecs, SrtpKeyExchange};
use switchboard_core::time::Timestamp;

/// Everything a settings answer or a settings webhook says about calling. What it does not say is `None` or empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallingSettings {
    /// Is calling switched on?
    pub enabled: Option<bool>,
    /// `DEFAULT`, `DISABLE_ALL`, or a word we do not know.
    pub icon_visibility: Option<String>,
    /// ISO countries the icon is limited to; an empty list means everywhere.
    pub icon_countries: Option<Vec<String>>,
    /// Does a customer's call give us leave to call back?
    pub callback_permission: Option<bool>,
    /// Opening hours shown by WhatsApp.
    pub hours: Option<CallHours>,
    /// SIP towards Meta. Switched on means: Graph call requests are refused (131055).
    pub sip: Option<SipSettings>,
    /// `DTLS` (also when absent) or `SDES`.
    pub key_exchange: Option<String>,
    /// `PCMA`, `PCMU`; Opus is always on.
    pub additional_codecs: Option<Vec<String>>,
    /// Meta's own voicemail.
    pub voicemail: Option<VoicemailSettings>,
    /// What Meta has taken away for a while; an empty list: nothing.
    pub restrictions: Option<Vec<Restriction>>,
}

/// What is to change of the calling settings at the provider. What is none stays as it is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallingChange {
    /// Switches calling on or off.
    pub enabled: Option<bool>,
    /// Shows or hides the call icon. Customers still call from the call log, from a contact, by a button.
    pub icon_shown: Option<bool>,
    /// ISO countries the icon is limited to; empty means everywhere.
    pub icon_countries: Option<Vec<String>>,
    /// Does a customer's call give us leave to call back?
    pub callback_permission: Option<bool>,
    /// Opening hours, replaced as a whole: holidays that are left out are deleted at Meta.
    pub hours: Option<CallHours>,
    /// Codecs beside Opus.
    pub additional_codecs: Option<AdditionalCodecs>,
    /// How the keys of the audio are agreed.
    pub key_exchange: Option<SrtpKeyExchange>,
}

impl CallingChange {
    /// Nothing is to change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What a provider says of a number itself, besides its settings. Words it may add later stay words here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NumberFields {
    /// The name customers read.
    pub verified_name: Option<String>,
    /// The number as people write it.
    pub display_phone: Option<String>,
    /// `GREEN`, `YELLOW`, `RED`, `NA`, `UNKNOWN`.
    pub quality_rating: Option<String>,
    /// `TIER_250`, `TIER_2K`, …: how many customers the business may write to in a day.
    pub messaging_limit: Option<String>,
    /// `AVAILABLE`, `LIMITED`, `BLOCKED`: may it send?
    pub health: Option<String>,
    /// What stands in the way of that, in the provider's words; five at the most.
    pub health_problems: Vec<String>,
}

/// Opening hours shown by WhatsApp.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallHours {
    /// Off means: open around the clock.
    pub enabled: Option<bool>,
    /// IANA name.
    pub time_zone: Option<String>,
    /// At most two per day.
    pub weekly: Vec<WeeklyHours>,
    /// Days that differ.
    pub holidays: Vec<HolidayHours>,
}

/// One opening of one weekday.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeeklyHours {
    /// `MONDAY` to `SUNDAY`.
    pub day: String,
    /// Minutes after midnight.
    pub opens: u16,
    /// Minutes after midnight.
    pub closes: u16,
}

/// One opening of one date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolidayHours {
    /// `YYYY-MM-DD`.
    pub date: String,
    /// Minutes after midnight.
    pub starts: u16,
    /// Minutes after midnight.
    pub ends: u16,
}

/// SIP towards Meta. The password Meta generates is not read: nothing here needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SipSettings {
    /// Is SIP switched on?
    pub enabled: Option<bool>,
    /// Where Meta sends the calls.
    pub servers: Vec<SipServer>,
}

/// Where Meta sends SIP calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SipServer {
    /// Which app set it.
    pub app_id: Option<String>,
    /// Host name.
    pub hostname: String,
    /// Port, 5061 unless told otherwise.
    pub port: u16,
}

/// Meta's own voicemail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VoicemailSettings {
    /// Is it switched on?
    pub enabled: Option<bool>,
    /// `REJECT`, `TIMEOUT`.
    pub triggers: Vec<String>,
    /// How long it rings before `TIMEOUT`, in seconds.
    pub timeout_seconds: Option<u32>,
}

/// Something Meta has taken away, usually for seven days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restriction {
    /// `RESTRICTED_USER_INITIATED_CALLING` and its kin; both spellings `BIZ` and `BUSINESS` exist.
    pub kind: String,
    /// Meta's reason or advice.
    pub reason: Option<String>,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
}
