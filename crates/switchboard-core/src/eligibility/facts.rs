//! What must be known for a verdict. Whoever gathers it asks nothing else; what is judged by the rules of another room
//! (permission, safeguards, hours, consent) comes as that room's verdict.

use crate::call::state::words;
use crate::consent::Standing;
use crate::eligibility::{Reason, ReasonCode, Remedy, country};
use crate::permission::{CallObstacle, CallVerdict, CallWarning, PermissionSource};
use crate::safeguard::{MonthlyMinutes, Quality, RateLimit, Restriction};
use crate::time::Timestamp;

words! {
    /// What works on a contact besides people.
    AutomationState {
        /// Nothing.
        None = "none",
        /// An assistant.
        Ai = "ai",
        /// A flow.
        Flow = "flow",
        /// The contact is kept from calls.
        Blocked = "blocked",
    }
}

words! {
    /// Whether a call needs a consent of our own ledger besides Meta's permission.
    ConsentPolicy {
        /// The permission is a consent: the customer gave it himself.
        PermissionCounts = "permission_counts",
        /// It is needed besides.
        Required = "required",
        /// Nobody asks; opt-outs still win.
        Off = "off",
    }
}

/// The number's side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberFacts {
    /// Calling is on for the exchange and the number (C9).
    pub calling_enabled: bool,
    /// Calls of the business are on for the exchange and the number (C2).
    pub business_calls_enabled: bool,
    /// The country of the business' number; none = not known.
    pub country: Option<String>,
    /// Where Meta offers no calls of businesses (a setting; `country::NOT_OFFERED`).
    pub countries_not_offered: Vec<String>,
    /// What Meta has restricted, as read.
    pub restrictions: Vec<Restriction>,
    /// Meta's rating.
    pub quality: Quality,
    /// Until when calling is suspended.
    pub suspended_until: Option<Timestamp>,
    /// Dials.
    pub rate: RateLimit,
    /// Minutes of the month of number and tenant: each that has a limit, and the end of the month.
    pub months: Vec<(MonthlyMinutes, Timestamp)>,
    /// Hours.
    pub hours: HoursFacts,
}

/// The number's hours at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoursFacts {
    /// Calls of the business keep to the hours.
    pub outbound_blocked: bool,
    /// Open now; true without hours.
    pub open: bool,
    /// When it opens next.
    pub opens_at: Option<Timestamp>,
}

/// The customer's side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerFacts {
    /// What the permission says.
    pub permission: CallVerdict,
    /// The permission that holds now: from where, and since when it is given.
    pub granted: Option<(PermissionSource, Option<Timestamp>)>,
    /// What our own ledger says.
    pub consent: Standing,
    /// There has been a conversation: he wrote or called.
    pub has_conversation: bool,
    /// The end of the 24 hour window; none = it was never open.
    pub window_until: Option<Timestamp>,
    /// What works on the contact.
    pub automation: AutomationState,
    /// A call with him is live on this number (138003).
    pub call_in_progress: bool,
    /// Meta said that he cannot be called (131026 and the like).
    pub uncallable: bool,
}

/// Everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The number.
    pub number: NumberFacts,
    /// The customer.
    pub customer: CustomerFacts,
    /// Whether our own consent is needed.
    pub consent_policy: ConsentPolicy,
    /// Whoever is to speak has a line, sound and time.
    pub agent_available: bool,
}

impl NumberFacts {
    /// What keeps the number from asking customers for permission: calling is off, Meta offers no calls of businesses
    /// where it is ("Obtain user call permissions", 2026), or has restricted it. The weightiest of it.
    #[must_use]
    pub fn may_not_ask(&self, now: Timestamp) -> Option<Reason> {
        if !self.calling_enabled {
            return Some(Reason::new(ReasonCode::CallingDisabled, Remedy::SwitchOnCalling));
        }
        if !country::is_offered(self.country.as_deref(), &self.countries_not_offered) {
            return Some(Reason::new(ReasonCode::CountryNotOffered, Remedy::UseOtherNumber));
        }
        let holding = self.restrictions.iter().filter(|it| it.kind.blocks_requests() && it.holds(now));
        let until = holding
            .map(Restriction::ends_at)
            .max_by_key(|until| until.map_or(i64::MAX, Timestamp::micros))?;
        let remedy = if until.is_some() { Remedy::Wait } else { Remedy::UseOtherNumber };
        Some(Reason::new(ReasonCode::RestrictedByMeta, remedy).until(until))
    }
}

impl Facts {
    /// Everything that is in the way.
    pub(super) fn blocks(&self, now: Timestamp) -> Vec<Reason> {
        let mut reasons = Vec::new();
        self.number_blocks(now, &mut reasons);
        self.permission_blocks(&mut reasons);
        self.consent_blocks(now, &mut reasons);
        self.customer_blocks(&mut reasons);
        if !self.agent_available {
            reasons.push(Reason::new(ReasonCode::NoAgentAvailable, Remedy::BecomeAvailable));
        }
        let customer = &self.customer;
        let no = customer.permission.obstacles.iter().find_map(|obstacle| match obstacle {
            CallObstacle::MetaSays { until } => Some(Some(*until)),
            CallObstacle::Missing
            | CallObstacle::Requested
            | CallObstacle::Denied
            | CallObstacle::Revoked
            | CallObstacle::Expired { .. }
            | CallObstacle::CallWithinPassed { .. }
            | CallObstacle::ConnectedLimit { .. }
            | CallObstacle::UnansweredStreak { .. } => None,
        });
        let holding =
            self.number.restrictions.iter().filter(|it| it.kind.blocks_our_calls() && it.holds(now));
        // Several say no: what lasts longest is told. None is later than any moment.
        let longest = holding.map(Restriction::ends_at).chain(no);
        if let Some(until) = longest.max_by_key(|until| until.map_or(i64::MAX, Timestamp::micros)) {
            let remedy = if until.is_some() { Remedy::Wait } else { Remedy::UseOtherNumber };
            reasons.push(Reason::new(ReasonCode::RestrictedByMeta, remedy).until(until));
        }
        reasons
    }

    fn number_blocks(&self, now: Timestamp, reasons: &mut Vec<Reason>) {
        let number = &self.number;
        if !number.calling_enabled {
            reasons.push(Reason::new(ReasonCode::CallingDisabled, Remedy::SwitchOnCalling));
        }
        if !number.business_calls_enabled {
            reasons.push(Reason::new(ReasonCode::BusinessCallsDisabled, Remedy::SwitchOnCalling));
        }
        if !country::is_offered(number.country.as_deref(), &number.countries_not_offered) {
            reasons.push(Reason::new(ReasonCode::CountryNotOffered, Remedy::UseOtherNumber));
        }
        if number.quality == Quality::Red {
            reasons.push(Reason::new(ReasonCode::QualityRed, Remedy::UseOtherNumber));
        }
        if let Some(until) = number.suspended_until.filter(|until| now < *until) {
            reasons.push(Reason::new(ReasonCode::Suspended, Remedy::LiftSuspension).until(Some(until)));
        }
        let windows = [
            (ReasonCode::RateLimitMinute, number.rate.minute),
            (ReasonCode::RateLimitHour, number.rate.hour),
        ];
        for (code, window) in windows.into_iter().filter(|(_, window)| window.is_full()) {
            let remedy = if window.until.is_some() { Remedy::Wait } else { Remedy::RaiseLimit };
            reasons.push(Reason::new(code, remedy).until(window.until).counted(window.used, window.max));
        }
        let used_up = number.months.iter().filter(|(minutes, _)| minutes.is_used_up());
        if let Some((minutes, end)) = used_up.max_by_key(|(_, end)| *end) {
            let reason = Reason::new(ReasonCode::MonthlyLimit, Remedy::RaiseLimit).until(Some(*end));
            reasons.push(reason.counted(minutes.used, minutes.max.unwrap_or_default()));
        }
        let hours = number.hours;
        if hours.outbound_blocked && !hours.open {
            reasons.push(Reason::new(ReasonCode::OutsideHours, Remedy::OpenHours).until(hours.opens_at));
        }
    }

    fn permission_blocks(&self, reasons: &mut Vec<Reason>) {
        let ask = |code| Some(Reason::new(code, Remedy::RequestPermission));
        let obstacles = &self.customer.permission.obstacles;
        reasons.extend(obstacles.iter().filter_map(|obstacle| match *obstacle {
            CallObstacle::Missing => ask(ReasonCode::PermissionMissing),
            CallObstacle::Requested => Some(Reason::new(ReasonCode::PermissionRequested, Remedy::Wait)),
            CallObstacle::Denied => ask(ReasonCode::PermissionDenied),
            CallObstacle::Revoked => ask(ReasonCode::PermissionRevoked),
            CallObstacle::Expired { .. } => ask(ReasonCode::PermissionExpired),
            CallObstacle::CallWithinPassed { .. } => ask(ReasonCode::PermissionCallWithinPassed),
            CallObstacle::ConnectedLimit { used, max, next_at } => {
                Some(Reason::new(ReasonCode::ConnectedLimit, Remedy::Wait).until(next_at).counted(used, max))
            }
            CallObstacle::UnansweredStreak { in_row, limit } => {
                Some(Reason::new(ReasonCode::UnansweredStreak, Remedy::Confirm).counted(in_row, limit))
            }
            // Told with Meta's restrictions.
            CallObstacle::MetaSays { .. } => None,
        }));
    }

    fn customer_blocks(&self, reasons: &mut Vec<Reason>) {
        let customer = &self.customer;
        if customer.call_in_progress {
            reasons.push(Reason::new(ReasonCode::CallInProgress, Remedy::Wait));
        }
        match customer.automation {
            AutomationState::None => {}
            AutomationState::Ai | AutomationState::Flow => {
                reasons.push(Reason::new(ReasonCode::AutomationActive, Remedy::TakeOver));
            }
            AutomationState::Blocked => {
                reasons.push(Reason::new(ReasonCode::AutomationBlocked, Remedy::TakeOver));
            }
        }
        if customer.uncallable {
            reasons.push(Reason::new(ReasonCode::CustomerUncallable, Remedy::None));
        }
    }

    fn consent_blocks(&self, now: Timestamp, reasons: &mut Vec<Reason>) {
        let customer = &self.customer;
        let standing = &customer.consent;
        if standing.opted_out.is_some() {
            reasons.push(Reason::new(ReasonCode::OptedOut, Remedy::RemoveOptOut));
        }
        // Who gives permission after he said no has thought again.
        let granted_at = customer.granted.and_then(|(_, at)| at);
        let declined = standing.declined_at.is_some_and(|at| granted_at.is_none_or(|granted| granted <= at));
        if declined {
            reasons.push(Reason::new(ReasonCode::DeclinedBefore, Remedy::RecordConsent));
        }
        let covered = match self.consent_policy {
            ConsentPolicy::Off => true,
            ConsentPolicy::PermissionCounts => customer.granted.is_some() || standing.consent.is_some(),
            ConsentPolicy::Required => standing.consent.is_some(),
        };
        if covered {
            return;
        }
        if !customer.has_conversation {
            reasons.push(Reason::new(ReasonCode::NoConversation, Remedy::SendMessage));
        } else if customer.window_until.is_none_or(|until| until <= now) {
            reasons.push(Reason::new(ReasonCode::OutsideWindowWithoutConsent, Remedy::SendMessage));
        }
        let code = if standing.unclear_at.is_some() {
            ReasonCode::ConsentNotAffirmative
        } else if standing.ended.is_some() {
            ReasonCode::ConsentExpired
        } else {
            ReasonCode::NoCallRequest
        };
        reasons.push(Reason::new(code, Remedy::RecordConsent));
    }

    /// What should be known before calling.
    pub(super) fn warnings(&self, _now: Timestamp) -> Vec<Reason> {
        let mut warnings: Vec<Reason> = Vec::new();
        if self.number.quality == Quality::Yellow {
            warnings.push(Reason::new(ReasonCode::QualityYellow, Remedy::None));
        }
        warnings.extend(self.customer.permission.warnings.iter().map(|warning| match *warning {
            CallWarning::UnansweredBeforeLimit { in_row, limit } => {
                Reason::new(ReasonCode::UnansweredBeforeLimit, Remedy::SendMessage).counted(in_row, limit)
            }
            CallWarning::ExpiresSoon { at } => {
                Reason::new(ReasonCode::PermissionExpiresSoon, Remedy::RequestPermission).until(Some(at))
            }
        }));
        warnings
    }
}
