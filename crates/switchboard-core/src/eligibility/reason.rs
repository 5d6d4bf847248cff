//! Why a call is not made, what to do about it, until when, and who may pass it.

use crate::call::state::words;
use crate::time::Timestamp;

words! {
    /// Every reason, the weightiest first: what the number cannot do at all, what the customer does not want, what Meta
    /// has not been given, what passes by itself. The last three are warnings.
    ReasonCode {
        /// Calling is switched off for the exchange or the number.
        CallingDisabled = "calling_disabled",
        /// Calls of the business are switched off for the number.
        BusinessCallsDisabled = "business_calls_disabled",
        /// Meta does not offer them to numbers of this country.
        CountryNotOffered = "country_not_offered",
        /// Meta has restricted the number, or says no without saying why.
        RestrictedByMeta = "restricted_by_meta",
        /// Meta rates the number RED.
        QualityRed = "quality_red",
        /// The customer does not want to be called.
        OptedOut = "opted_out",
        /// There is no permission, and nobody has asked.
        PermissionMissing = "permission_missing",
        /// The customer has been asked and has not answered.
        PermissionRequested = "permission_requested",
        /// The customer said no.
        PermissionDenied = "permission_denied",
        /// The permission was taken back.
        PermissionRevoked = "permission_revoked",
        /// The permission has run out.
        PermissionExpired = "permission_expired",
        /// Our house rule is over before Meta's permission.
        PermissionCallWithinPassed = "permission_call_within_passed",
        /// As many connected calls in 24 hours as Meta allows.
        ConnectedLimit = "connected_limit",
        /// There is a call with the customer already.
        CallInProgress = "call_in_progress",
        /// The next call nobody takes would reach the limit of the number: Meta's, or a stricter one.
        UnansweredStreak = "unanswered_streak",
        /// Too many missed calls: calling is suspended for a while.
        Suspended = "suspended",
        /// As many calls in a minute as the number may make.
        RateLimitMinute = "rate_limit_minute",
        /// As many calls in an hour as the number may make.
        RateLimitHour = "rate_limit_hour",
        /// The contact's automation blocks calls.
        AutomationBlocked = "automation_blocked",
        /// An assistant or a flow is speaking with the customer.
        AutomationActive = "automation_active",
        /// The customer declined a call before.
        DeclinedBefore = "declined_before",
        /// Nobody has ever written.
        NoConversation = "no_conversation",
        /// The customer's last message is older than 24 hours, and there is no explicit consent.
        OutsideWindowWithoutConsent = "outside_window_without_consent",
        /// The customer has not asked to be called.
        NoCallRequest = "no_call_request",
        /// There was a consent, and it is over.
        ConsentExpired = "consent_expired",
        /// The customer's answer to the offer of a call is not a yes.
        ConsentNotAffirmative = "consent_not_affirmative",
        /// The minutes of the month are used up.
        MonthlyLimit = "monthly_limit",
        /// Nobody is there to speak.
        NoAgentAvailable = "no_agent_available",
        /// The number's hours are over.
        OutsideHours = "outside_hours",
        /// The customer cannot be called: an old app, or no WhatsApp.
        CustomerUncallable = "customer_uncallable",
        /// Warning: Meta rates the number YELLOW.
        QualityYellow = "quality_yellow",
        /// Warning: calls nobody took. Meta tells the customer that he may take the permission back, or has done so.
        UnansweredBeforeLimit = "unanswered_before_limit",
        /// Warning: the permission ends within a day.
        PermissionExpiresSoon = "permission_expires_soon",
    }
}

words! {
    /// What to do about a reason.
    Remedy {
        /// Ask the customer for permission.
        RequestPermission = "request_permission",
        /// Wait: it passes, or the customer answers.
        Wait = "wait",
        /// Switch calling on in the settings of the number.
        SwitchOnCalling = "switch_on_calling",
        /// Write to the customer.
        SendMessage = "send_message",
        /// Write down the customer's consent, with its evidence.
        RecordConsent = "record_consent",
        /// An admin may lift it.
        LiftSuspension = "lift_suspension",
        /// Change the hours, or call as urgent.
        OpenHours = "open_hours",
        /// An admin may raise the limit.
        RaiseLimit = "raise_limit",
        /// Become available, with line and sound.
        BecomeAvailable = "become_available",
        /// Call from another number.
        UseOtherNumber = "use_other_number",
        /// Take the conversation over from the automation.
        TakeOver = "take_over",
        /// Take the customer's no out of the ledger, once he has thought again.
        RemoveOptOut = "remove_opt_out",
        /// Confirm that it is to be done all the same.
        Confirm = "confirm",
        /// Nothing can be done here.
        None = "none",
    }
}

words! {
    /// Who may pass a reason.
    Override {
        /// Nobody.
        Never = "never",
        /// An agent with the right, with the word "urgent".
        Hours = "urgent",
        /// Whoever calls, by confirming it.
        Confirm = "confirm",
    }
}

/// The numbers of a reason, for its sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReasonData {
    /// So many.
    pub count: Option<u32>,
    /// Of so many.
    pub limit: Option<u32>,
}

/// One reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// Which.
    pub code: ReasonCode,
    /// What to do about it.
    pub remedy: Remedy,
    /// Until when it holds (of a warning: when it comes true), if that is known.
    pub until: Option<Timestamp>,
    /// Its numbers.
    pub data: ReasonData,
}

impl Reason {
    pub(super) const fn new(code: ReasonCode, remedy: Remedy) -> Self {
        Self { code, remedy, until: None, data: ReasonData { count: None, limit: None } }
    }

    pub(super) const fn until(self, until: Option<Timestamp>) -> Self {
        Self { until, ..self }
    }

    pub(super) const fn counted(self, count: u32, limit: u32) -> Self {
        Self { data: ReasonData { count: Some(count), limit: Some(limit) }, ..self }
    }
}

impl ReasonCode {
    /// Who may pass it. Nothing passes what Meta forbids or what the customer does not want.
    #[must_use]
    pub const fn overridable(self) -> Override {
        match self {
            Self::OutsideHours => Override::Hours,
            Self::UnansweredStreak => Override::Confirm,
            Self::CallingDisabled
            | Self::BusinessCallsDisabled
            | Self::CountryNotOffered
            | Self::RestrictedByMeta
            | Self::QualityRed
            | Self::OptedOut
            | Self::PermissionMissing
            | Self::PermissionRequested
            | Self::PermissionDenied
            | Self::PermissionRevoked
            | Self::PermissionExpired
            | Self::PermissionCallWithinPassed
            | Self::ConnectedLimit
            | Self::CallInProgress
            | Self::Suspended
            | Self::RateLimitMinute
            | Self::RateLimitHour
            | Self::AutomationBlocked
            | Self::AutomationActive
            | Self::DeclinedBefore
            | Self::NoConversation
            | Self::OutsideWindowWithoutConsent
            | Self::NoCallRequest
            | Self::ConsentExpired
            | Self::ConsentNotAffirmative
            | Self::MonthlyLimit
            | Self::NoAgentAvailable
            | Self::CustomerUncallable
            | Self::QualityYellow
            | Self::UnansweredBeforeLimit
            | Self::PermissionExpiresSoon => Override::Never,
        }
    }
}
