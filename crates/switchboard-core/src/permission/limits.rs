//! How often we may ask, how many calls a day, and how many in a row may stay unanswered.

use std::time::Duration;

use crate::call::state::words;
use crate::permission::{
    DAY, EXPIRES_SOON, Found, LimitedAction, PermissionRules, PermissionStatus, RequestState, TEMPORARY_FOR,
    WEEK, Wallet,
};
use crate::time::Timestamp;

words! {
    /// Why a customer may not be asked now.
    RequestRefusalWhy {
        /// He gave a permanent permission; Meta refuses to ask for what is there (138017).
        Permanent = "permanent",
        /// As often as allowed in 24 hours (138009).
        LimitDay = "limit_day",
        /// As often as allowed in seven days (138009).
        LimitWeek = "limit_week",
        /// Meta said so when it was asked, and not why.
        MetaSays = "meta_says",
    }
}

/// A customer may not be asked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestRefusal {
    /// Why.
    pub why: RequestRefusalWhy,
    /// When he may be asked; none: not as long as things are as they are.
    pub next_at: Option<Timestamp>,
}

/// Why a customer may not be called now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallObstacle {
    /// There is no permission, and nobody has asked.
    Missing,
    /// He has been asked and has not answered.
    Requested,
    /// He said no.
    Denied,
    /// It was taken back.
    Revoked,
    /// It has run out.
    Expired {
        /// When.
        at: Option<Timestamp>,
    },
    /// Meta would allow it, our house rule does not any more.
    CallWithinPassed {
        /// Since when.
        at: Timestamp,
    },
    /// As many connected calls in 24 hours as Meta allows (138012).
    ConnectedLimit {
        /// So many there were.
        used: u32,
        /// So many are allowed.
        max: u32,
        /// When there may be one more.
        next_at: Option<Timestamp>,
    },
    /// Meta said no when it was asked, and not why.
    MetaSays {
        /// Until when we believe it without asking again.
        until: Timestamp,
    },
    /// The next call nobody takes would be one too many. Passed by a confirmation.
    UnansweredStreak {
        /// So many in a row.
        in_row: u32,
        /// Meta takes the permission away with so many, or the business wants no more.
        limit: u32,
    },
}

/// What should be known before calling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallWarning {
    /// Nobody took the calls before this one. Meta tells the customer that he may take the permission back, now or before.
    UnansweredBeforeLimit {
        /// So many in a row.
        in_row: u32,
        /// Meta takes the permission away with so many, or the business wants no more.
        limit: u32,
    },
    /// The permission ends soon.
    ExpiresSoon {
        /// When.
        at: Timestamp,
    },
}

/// What the permission says to a call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallVerdict {
    /// What is in the way, all of it.
    pub obstacles: Vec<CallObstacle>,
    /// What should be known.
    pub warnings: Vec<CallWarning>,
}

impl CallVerdict {
    /// Is nothing in the way?
    #[must_use]
    pub fn allowed(&self) -> bool {
        self.obstacles.is_empty()
    }
}

/// How much of a limit is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// So much is used.
    pub used: u32,
    /// So much is allowed.
    pub max: u32,
    /// When one more is allowed; none: now, or never when nothing is allowed at all.
    pub next_at: Option<Timestamp>,
}

impl Usage {
    /// Is there nothing left?
    #[must_use]
    pub const fn is_used_up(&self) -> bool {
        self.used >= self.max
    }
}

impl Wallet {
    /// May the customer be asked now?
    ///
    /// # Errors
    /// If not: the reason that lasts longest, and until when.
    pub fn may_request(&self, now: Timestamp, rules: &PermissionRules) -> Result<(), RequestRefusal> {
        if self.status(now) == PermissionStatus::Permanent {
            return Err(RequestRefusal { why: RequestRefusalWhy::Permanent, next_at: None });
        }
        let mut refusals: Vec<RequestRefusal> = self
            .limits(now, LimitedAction::RequestPermission, rules)
            .into_iter()
            .filter(|(_, usage)| usage.is_used_up())
            .map(|(period, usage)| RequestRefusal { why: why(period), next_at: usage.next_at })
            .collect();
        if let Some(until) = self.unexplained_no(now, LimitedAction::RequestPermission) {
            refusals.push(RequestRefusal { why: RequestRefusalWhy::MetaSays, next_at: Some(until) });
        }
        // Never is later than any moment.
        let last =
            refusals.into_iter().max_by_key(|refusal| refusal.next_at.map_or(i64::MAX, Timestamp::micros));
        last.map_or(Ok(()), Err)
    }

    /// May the customer be called now, as far as his permission goes?
    #[must_use]
    pub fn may_call(&self, now: Timestamp, rules: &PermissionRules) -> CallVerdict {
        let mut verdict = CallVerdict::default();
        let expired = CallObstacle::Expired { at: self.facts.expires_at };
        verdict.obstacles.extend(match self.status(now) {
            PermissionStatus::None => Some(CallObstacle::Missing),
            PermissionStatus::Requested => Some(CallObstacle::Requested),
            PermissionStatus::Denied => Some(CallObstacle::Denied),
            PermissionStatus::Revoked => Some(CallObstacle::Revoked),
            PermissionStatus::Expired => Some(expired),
            PermissionStatus::Permanent => None,
            PermissionStatus::Temporary => match self.call_until(rules) {
                Some(at) if at <= now => Some(CallObstacle::CallWithinPassed { at }),
                Some(at) => {
                    if at.since(now) <= EXPIRES_SOON {
                        verdict.warnings.push(CallWarning::ExpiresSoon { at });
                    }
                    None
                }
                // A temporary permission has an end; one without is none.
                None => Some(expired),
            },
        });
        for (_, usage) in self.limits(now, LimitedAction::StartCall, rules) {
            if usage.is_used_up() {
                let Usage { used, max, next_at } = usage;
                verdict.obstacles.push(CallObstacle::ConnectedLimit { used, max, next_at });
            }
        }
        if let Some(until) = self.unexplained_no(now, LimitedAction::StartCall) {
            verdict.obstacles.push(CallObstacle::MetaSays { until });
        }
        let (in_row, limit) = (self.not_taken_in_row(), rules.block_before_unanswered);
        if in_row.saturating_add(1) >= limit {
            verdict.obstacles.push(CallObstacle::UnansweredStreak { in_row, limit });
        } else if in_row.saturating_add(1) >= rules.warn_before_unanswered {
            verdict.warnings.push(CallWarning::UnansweredBeforeLimit { in_row, limit });
        }
        verdict
    }

    /// Until when the temporary permission may be used: Meta's end, or the house rule's when that is earlier.
    #[must_use]
    pub fn call_until(&self, rules: &PermissionRules) -> Option<Timestamp> {
        let expires_at = self.facts.expires_at?;
        let granted_at = self.facts.granted_at.unwrap_or_else(|| expires_at.minus(TEMPORARY_FOR));
        Some(rules.call_within.map_or(expires_at, |within| granted_at.plus(within).min(expires_at)))
    }

    /// Requests of the last 24 hours and of the last seven days.
    #[must_use]
    pub fn requests(&self, now: Timestamp, rules: &PermissionRules) -> (Usage, Usage) {
        let own = self.asked();
        let action = LimitedAction::RequestPermission;
        (
            self.usage(now, action, DAY, &own, rules.requests_per_day),
            self.usage(now, action, WEEK, &own, rules.requests_per_week),
        )
    }

    /// Connected calls of ours in the last 24 hours.
    #[must_use]
    pub fn connected_calls(&self, now: Timestamp, rules: &PermissionRules) -> Usage {
        self.usage(now, LimitedAction::StartCall, DAY, &self.facts.connected, rules.connected_per_day)
    }

    /// All limits of an action: those we know, and any span Meta has reported besides.
    fn limits(
        &self,
        now: Timestamp,
        action: LimitedAction,
        rules: &PermissionRules,
    ) -> Vec<(Duration, Usage)> {
        let (own, mut limits) = match action {
            LimitedAction::RequestPermission => {
                let (day, week) = self.requests(now, rules);
                (self.asked(), vec![(DAY, day), (WEEK, week)])
            }
            LimitedAction::StartCall => {
                (self.facts.connected.clone(), vec![(DAY, self.connected_calls(now, rules))])
            }
        };
        for limit in self.facts.reported.iter().flat_map(|report| &report.limits) {
            if limit.action == action && limits.iter().all(|(period, _)| *period != limit.period) {
                limits.push((limit.period, self.usage(now, action, limit.period, &own, limit.max_allowed)));
            }
        }
        limits
    }

    /// When something was done last that Meta counts: a request, or a connected call.
    #[must_use]
    pub fn counted_last(&self) -> Option<Timestamp> {
        let requests = self.facts.requests.iter().map(|request| request.at);
        requests.chain(self.facts.connected.iter().copied()).max()
    }

    /// When we asked, since the counters began anew. A request of the very second of the connected call counts: which
    /// was first cannot be known.
    fn asked(&self) -> Vec<Timestamp> {
        let since = self.facts.counters_reset_at;
        let counted = self.facts.requests.iter().filter(|request| match request.state {
            RequestState::Open | RequestState::Answered | RequestState::Failed => {
                since.is_none_or(|since| since <= request.at)
            }
            RequestState::Unknown => false,
        });
        counted.map(|request| request.at).collect()
    }

    /// How much of one limit is used: what Meta reported, and what we have done since. `own`: oldest first.
    ///
    /// Meta's moments are whole seconds: what is of the second of the report counts beside it, since which was first
    /// cannot be known.
    ///
    /// Meta says how many, not when. Those we know of keep our times, the newest first; those we do not know are taken
    /// to be as new as the report. Of a limit that was used up Meta names the moment of the next one, and that wins.
    fn usage(
        &self,
        now: Timestamp,
        action: LimitedAction,
        period: Duration,
        own: &[Timestamp],
        max: u32,
    ) -> Usage {
        let report = self.facts.reported.as_ref().and_then(|report| {
            let said = report.limits.iter().find(|limit| limit.action == action && limit.period == period)?;
            Some((report.at, said))
        });
        let max = report.map_or(max, |(_, said)| said.max_allowed);
        // A connected call after the report has set the counters of requests back.
        let reset = self.facts.counters_reset_at.filter(|_| action == LimitedAction::RequestPermission);
        let report = report.filter(|(at, _)| reset.is_none_or(|reset| reset <= *at));
        let mut ends: Vec<Timestamp> = own
            .iter()
            .filter(|moment| report.is_none_or(|(at, _)| at.seconds() <= moment.seconds()))
            .map(|moment| moment.plus(period))
            .collect();
        if let Some((at, said)) = report {
            let known =
                own.iter().rev().filter(|moment| moment.seconds() < at.seconds() && at < moment.plus(period));
            let used = said.used.min(MOST_COUNTED) as usize;
            let mut reported: Vec<Timestamp> = known.map(|moment| moment.plus(period)).take(used).collect();
            reported.resize(used, at.plus(period));
            reported.sort_unstable();
            if let Some(resets_at) = said.resets_at.filter(|_| max <= said.used) {
                let over = (used + 1).saturating_sub(max as usize);
                for (place, end) in reported.iter_mut().enumerate() {
                    *end = if place < over { resets_at } else { (*end).max(resets_at) };
                }
            }
            ends.append(&mut reported);
        }
        ends.retain(|end| now < *end);
        ends.sort_unstable();
        let used = ends.len() as u32;
        let next_at = if max == 0 || used < max { None } else { ends.get((used - max) as usize).copied() };
        Usage { used, max, next_at }
    }

    /// Meta said no and neither its counts nor the state of the permission explain it. Believed for a day, or until
    /// the permission changes or a call is connected.
    fn unexplained_no(&self, now: Timestamp, action: LimitedAction) -> Option<Timestamp> {
        let report = self.facts.reported.as_ref()?;
        let can = match action {
            LimitedAction::RequestPermission => report.can_request,
            LimitedAction::StartCall => report.can_call,
        };
        let by_status = match action {
            LimitedAction::RequestPermission => report.found == Found::Permanent,
            LimitedAction::StartCall => report.found == Found::NoPermission,
        };
        let by_count =
            report.limits.iter().any(|limit| limit.action == action && limit.max_allowed <= limit.used);
        let changed = [self.facts.newest_change_at, self.facts.counters_reset_at].into_iter().flatten();
        let stale = changed.max().is_some_and(|changed| report.at < changed);
        let until = report.at.plus(DAY);
        (can == Some(false) && !by_status && !by_count && !stale && now < until).then_some(until)
    }
}

/// More than any limit of Meta's: a report that says more says the same.
const MOST_COUNTED: u32 = 10_000;

fn why(period: Duration) -> RequestRefusalWhy {
    if period == DAY {
        RequestRefusalWhy::LimitDay
    } else if period == WEEK {
        RequestRefusalWhy::LimitWeek
    } else {
        RequestRefusalWhy::MetaSays
    }
}
