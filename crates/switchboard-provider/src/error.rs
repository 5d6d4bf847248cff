//! What went wrong between us and the provider, and whether it may be tried again.

use std::fmt;
use std::time::Duration;

/// A request to Graph that did not do what it was for.
///
/// Holds no token and no SDP: what Graph quotes back of the token is cut out before it gets here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphError {
    /// What we were doing, as in "accept the call".
    pub doing: &'static str,
    /// What kind of trouble.
    pub kind: GraphErrorKind,
    /// Graph's code, when it gave one.
    pub code: Option<i64>,
    /// Graph's subcode, when it gave one.
    pub subcode: Option<i32>,
    /// Graph's message, or what broke on the way.
    pub message: String,
    /// Graph's details: often the only useful part.
    pub details: Option<Box<str>>,
    /// HTTP status, when there was an answer.
    pub http_status: Option<u16>,
    /// Meta's support asks for this.
    pub trace_id: Option<Box<str>>,
    /// May it be tried again?
    pub retry: Retry,
    /// Nobody knows whether it was done.
    pub(crate) ambiguous: bool,
}

/// May a request be tried again?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// No: it would fail again, or be done twice.
    Never,
    /// Yes, but not before this long.
    After(Duration),
    /// Yes, at once.
    Safe,
}

/// What kind of trouble, for decisions and for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GraphErrorKind {
    /// No connection came about: nothing was sent.
    Unreachable,
    /// Sent, and no answer in time.
    TimedOut,
    /// Sent, and the connection broke before the answer.
    ConnectionBroken,
    /// An answer that is not Graph's: no JSON, too large, a redirect.
    BadAnswer,
    /// Trouble at Meta's end.
    ServerTrouble,
    /// Meta is under maintenance.
    Maintenance,
    /// Answered with success false and no reason.
    NotDone,
    /// The access token is missing, wrong or expired.
    TokenInvalid,
    /// The token may not do this.
    PermissionMissing,
    /// The number id is unknown to Meta, or the number was deleted.
    NumberUnknown,
    /// Something in the request is wrong; with a call: it is unknown, over, or already taken.
    InvalidRequest,
    /// Our session description was not accepted.
    BadSdp,
    /// Calling is switched off for the number at Meta.
    CallingDisabled,
    /// The number is in SIP mode.
    SipNumber,
    /// No valid payment method.
    PaymentMissing,
    /// Neither SIP nor a `calls` subscription.
    NotSubscribed,
    /// The messaging limit is below 2,000.
    TierTooLow,
    /// Meta blocked the account.
    AccountBlocked,
    /// Not offered in the number's country.
    CountryUnavailable,
    /// Calling is taken away for a while because of low quality.
    QualityRestricted,
    /// A test number, and the recipient is not on its list.
    RecipientNotListed,
    /// The customer cannot be called or written to.
    CustomerUnreachable,
    /// A call with this customer is live already.
    AlreadyInCall,
    /// The customer has not allowed calls.
    NoCallPermission,
    /// Asked too often for leave to call.
    PermissionRequestLimit,
    /// Leave for good exists: no need to ask.
    PermissionExists,
    /// Too much with one customer.
    PairLimit,
    /// 1,000 calls at once.
    ConcurrentLimit,
    /// Too many requests.
    RateLimited,
    /// No sound arrived where it should.
    MediaMissing,
    /// The 24-hour window is closed.
    WindowClosed,
    /// Meta holds marketing messages back.
    MarketingLimit,
    /// An attachment could not be used.
    AttachmentTrouble,
    /// A template is missing, paused or wrongly filled in.
    TemplateTrouble,
    /// The number's registration needs attention.
    RegistrationTrouble,
    /// A code we do not know.
    Other,
}

impl GraphErrorKind {
    /// What an operator should do, in one sentence.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Unreachable => "Check that this server can reach graph.facebook.com on port 443.",
            Self::TimedOut | Self::ConnectionBroken => {
                "Meta did not answer in time; check the network and metastatus.com."
            }
            Self::BadAnswer => "Check that no proxy answers in Meta's place and that the Graph URL is right.",
            Self::ServerTrouble => "Meta has trouble; it may pass, see metastatus.com.",
            Self::Maintenance => "Meta is under maintenance; wait some minutes.",
            Self::NotDone => "Meta gave no reason; look at the number in WhatsApp Manager.",
            Self::TokenInvalid => {
                "Create a new access token in Meta Business Suite and put it into the settings."
            }
            Self::PermissionMissing => {
                "Give the token whatsapp_business_messaging and whatsapp_business_management."
            }
            Self::NumberUnknown => "Check the phone number id in the settings against WhatsApp Manager.",
            Self::InvalidRequest => "Read Meta's details: the call may be over, or a value is not allowed.",
            Self::BadSdp => "Report this with Meta's details: our media answer was not accepted.",
            Self::CallingDisabled => "Switch calling on for the number in its call settings at Meta.",
            Self::SipNumber => {
                "Switch SIP off for the number at Meta: calls over the API are refused meanwhile."
            }
            Self::PaymentMissing => "Add a valid payment method to the WhatsApp Business account.",
            Self::NotSubscribed => {
                "Subscribe the app to the calls webhook field, then switch calling on again."
            }
            Self::TierTooLow => "Raise the messaging limit to 2,000, for example by verifying the business.",
            Self::AccountBlocked => "Look at the account's status in Meta Business Support; it is blocked.",
            Self::CountryUnavailable => "Use a number of a country where Meta offers this.",
            Self::QualityRestricted => {
                "Wait until the restriction ends and answer more calls; see the number's quality."
            }
            Self::RecipientNotListed => "Add the recipient to the test number's list at Meta.",
            Self::CustomerUnreachable => "Nothing to do here: the customer's WhatsApp cannot take it.",
            Self::AlreadyInCall => "Wait until the call with this customer is over.",
            Self::NoCallPermission => "Ask the customer for leave to call first.",
            Self::PermissionRequestLimit => {
                "Wait: one request a day and two a week per customer are allowed."
            }
            Self::PermissionExists => "Call: the customer has allowed it for good.",
            Self::PairLimit => "Wait: Meta limits how much may go to one customer in a day.",
            Self::ConcurrentLimit => "Wait for calls to end, or spread them over more numbers.",
            Self::RateLimited => "Wait a little; requests come too fast for Meta.",
            Self::MediaMissing => "Check that UDP of the media ports passes the firewall in both directions.",
            Self::WindowClosed => "Use a template: the customer's last message is over 24 hours old.",
            Self::MarketingLimit => "Nothing to do here: Meta limits marketing messages to this customer.",
            Self::AttachmentTrouble => "Check the file's type and size.",
            Self::TemplateTrouble => {
                "Check the template's name, language and parameters in WhatsApp Manager."
            }
            Self::RegistrationTrouble => "Check the number's registration in WhatsApp Manager.",
            Self::Other => "Look the code up in Meta's list of error codes.",
        }
    }
}

impl GraphError {
    /// Does nobody know whether it was done?
    ///
    /// Yes after a time-out, a connection that broke after sending, an answer that is not Graph's, and a 5xx whose
    /// code does not say for certain that nothing happened. No when no connection came about at all: a request that
    /// was never sent was never done, so it counts as refused and may be repeated.
    #[must_use]
    pub const fn is_ambiguous(&self) -> bool {
        self.ambiguous
    }

    /// What came of it, in a word for metrics: few words, whatever the provider says.
    pub(crate) fn result_word(&self) -> &'static str {
        if self.kind == GraphErrorKind::TokenInvalid {
            "token_invalid"
        } else if self.kind == GraphErrorKind::RateLimited {
            "rate_limited"
        } else if self.kind == GraphErrorKind::Unreachable {
            "not_sent"
        } else if self.ambiguous {
            "unclear"
        } else {
            "refused"
        }
    }

    /// What an operator should do, in one sentence.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        self.kind.remedy()
    }

    /// What the provider said: the details where there are any.
    #[must_use]
    pub fn provider_text(&self) -> &str {
        self.details.as_deref().unwrap_or(&self.message)
    }
}

impl fmt::Display for GraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.doing, self.message)?;
        if let Some(details) = &self.details {
            write!(f, ": {details}")?;
        }
        match (self.code, self.http_status) {
            (Some(code), Some(status)) => write!(f, " (code {code}, HTTP {status})"),
            (Some(code), None) => write!(f, " (code {code})"),
            (None, Some(status)) => write!(f, " (HTTP {status})"),
            (None, None) => Ok(()),
        }
    }
}

impl std::error::Error for GraphError {}
