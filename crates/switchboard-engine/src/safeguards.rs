//! What protects a number's standing, at run time: its rules, its state, the rest after too many missed calls, and what
//! the verdict whether a customer may be called must know of the number.

use std::sync::LazyLock;
use std::time::Duration;

use switchboard_core::access::Scope;
use switchboard_core::alert::{About, AlertKind};
use switchboard_core::eligibility::{HoursFacts, NumberFacts, country};
use switchboard_core::hours::Zone;
use switchboard_core::ids::NumberId;
use switchboard_core::permission::PermissionRules;
use switchboard_core::phone::PhoneNumber;
use switchboard_core::safeguard::{
    Month, MonthlyMinutes, PickupRules, PickupState, Quality, RateLimit, SafeguardRules,
};
use switchboard_core::time::Timestamp;
use switchboard_store::StoreError;
use switchboard_store::audit::AuditEntry;
use switchboard_store::numbers::Number;
use switchboard_store::safeguards::{NumberLimits, NumberLimitsChange, Pickups, SuspensionRow, Used};

use crate::Engine;
use crate::account_sync::MetaRestriction;
use crate::clock::rfc3339;

/// The zone of a number without hours.
static UTC: LazyLock<Zone> = LazyLock::new(|| {
    // The copy of the time zone database inside the program has it; without it nothing here would have a zone.
    Zone::new("UTC").expect("UTC is a time zone")
});
/// Rests of a number that are shown.
const SHOWN: u64 = 20;

/// A number's safeguards: what holds, and how it stands.
#[derive(Debug, Clone)]
pub struct SafeguardState {
    /// What holds.
    pub rules: SafeguardRules,
    /// Calls in a row nobody takes: when we warn, and when we ask for a confirmation.
    pub unanswered: (u32, u32),
    /// What of it the number has of its own.
    pub own: NumberLimits,
    /// Meta's own test number.
    pub test_number: bool,
    /// Dials of the last minute and hour.
    pub rate: RateLimit,
    /// Missed calls that count towards a rest.
    pub missed: usize,
    /// Its rest, if it rests.
    pub suspension: Option<SuspensionRow>,
    /// Rests that were, the newest first.
    pub suspensions: Vec<SuspensionRow>,
    /// Meta's rating.
    pub quality: Quality,
    /// What Meta restricts now.
    pub restrictions: Vec<MetaRestriction>,
    /// How often calls are taken.
    pub pickups: Pickups,
    /// How that looks: customers' calls, and ours.
    pub pickup_states: (PickupState, PickupState),
    /// The month so far.
    pub used: Used,
    /// And its end.
    pub month_ends: Timestamp,
}

impl Engine {
    /// The limits of a number: its own, or those of the exchange.
    pub(crate) fn safeguard_rules(&self, number: NumberId) -> SafeguardRules {
        self.rules(&self.standings().of(number).limits)
    }

    /// How often its customers may be asked and called: Meta's rules, those of its test numbers, or stricter ones of its
    /// own.
    #[must_use]
    pub fn permission_rules(&self, number: &Number) -> PermissionRules {
        let limits = self.standings().of(number.id).limits;
        let rules = if number.test_number { PermissionRules::sandbox() } else { PermissionRules::default() };
        PermissionRules {
            warn_before_unanswered: limits.unanswered_warn.unwrap_or(rules.warn_before_unanswered),
            block_before_unanswered: limits.unanswered_block.unwrap_or(rules.block_before_unanswered),
            ..rules
        }
    }

    /// What must be known of a number to say whether a customer may be called from it now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn number_facts(&self, number: &Number, now: Timestamp) -> Result<NumberFacts, StoreError> {
        let scope = Scope::of_the_exchange(number.tenant);
        let standing = self.standings().of(number.id);
        let rules = self.rules(&standing.limits);
        let safeguards = self.store().safeguards();
        let dials = safeguards.dialled(&scope, number.id, now).await?;
        let mut months = Vec::new();
        if let Some(max) = rules.monthly_minutes {
            let month = self.month_of(number.id, now);
            let used = safeguards.used_by_number(&scope, number.id, month).await?;
            let used = u32::try_from(used.minutes).unwrap_or(u32::MAX);
            months.push((MonthlyMinutes { used, max: Some(max) }, month.to));
        }
        let of_the_tenant = self.store().tenants().outreach(&scope).await?.monthly_minutes;
        if let Some(max) = of_the_tenant {
            let month = self.month_of(number.id, now);
            let used = safeguards.used_by_tenant(&scope, month).await?;
            let used = u32::try_from(used.minutes).unwrap_or(u32::MAX);
            months.push((MonthlyMinutes { used, max: Some(max) }, month.to));
        }
        let hours = standing.hours.as_ref();
        let open = hours.is_none_or(|hours| hours.hours.is_open(now));
        Ok(NumberFacts {
            calling_enabled: self.calling_enabled() && number.calling_enabled,
            business_calls_enabled: number.business_calls_enabled,
            country: number.display_phone.parse::<PhoneNumber>().ok().as_ref().and_then(country::of),
            countries_not_offered: self.settings().countries_without_business_calls.clone(),
            restrictions: standing.meta.restrictions_now(now).map(MetaRestriction::rule).collect(),
            quality: standing.meta.quality(),
            suspended_until: standing.suspended_until(now),
            rate: RateLimit::of(now, &dials, &rules),
            months,
            hours: HoursFacts {
                outbound_blocked: hours.is_some_and(|hours| hours.outbound_blocked),
                open,
                opens_at: hours.filter(|_| !open).and_then(|hours| hours.hours.next_open(now)),
            },
        })
    }

    /// Minutes of all numbers of a business this month: the month where its first number is. The limit itself goes by the
    /// month where the number is that calls.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn minutes_used(&self, scope: &Scope) -> Result<u64, StoreError> {
        let now = self.clock().now();
        let mut numbers = self.numbers_of_the_installation().into_iter();
        let first = numbers.find(|number| number.tenant == scope.tenant);
        let month = first.map_or_else(|| Month::of(now, &UTC), |number| self.month_of(number.id, now));
        Ok(self.store().safeguards().used_by_tenant(scope, month).await?.minutes)
    }

    /// The month of a moment where the number is.
    pub(crate) fn month_of(&self, number: NumberId, now: Timestamp) -> Month {
        let standing = self.standings().of(number);
        match &standing.hours {
            Some(hours) => Month::of(now, hours.hours.zone()),
            None => Month::of(now, &UTC),
        }
    }

    /// A number's safeguards.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or when the database does not answer.
    pub async fn safeguard_state(&self, scope: &Scope, id: NumberId) -> Result<SafeguardState, StoreError> {
        let number = self.number_of_scope(scope, id).await?;
        let now = self.clock().now();
        let standing = self.standings().of(id);
        let rules = self.rules(&standing.limits);
        let permission = self.permission_rules(&number);
        let safeguards = self.store().safeguards();
        let dials = safeguards.dialled(scope, id, now).await?;
        let suspensions = safeguards.suspensions(scope, id, SHOWN).await?;
        let counted_from = suspensions.first().map_or(now.minus(rules.missed_within), |last| {
            last.over_at().max(now.minus(rules.missed_within))
        });
        let pickups = safeguards.pickups(scope, id, now.minus(rules.pickup.window)).await?;
        let month = self.month_of(id, now);
        Ok(SafeguardState {
            unanswered: (permission.warn_before_unanswered, permission.block_before_unanswered),
            own: standing.limits,
            test_number: number.test_number,
            rate: RateLimit::of(now, &dials, &rules),
            missed: safeguards.missed_since(scope, id, counted_from).await?.len(),
            suspension: suspensions.first().filter(|last| now < last.over_at()).cloned(),
            suspensions,
            quality: standing.meta.quality(),
            restrictions: standing.meta.restrictions_now(now).cloned().collect(),
            pickup_states: (pickups.incoming.state(&rules.pickup), pickups.outgoing.state(&rules.pickup)),
            pickups,
            used: safeguards.used_by_number(scope, id, month).await?,
            month_ends: month.to,
            rules,
        })
    }

    /// Changes limits of a number.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or when the database does not answer.
    pub async fn set_limits(
        &self,
        scope: &Scope,
        id: NumberId,
        wanted: NumberLimitsChange,
        entry: AuditEntry,
    ) -> Result<(), StoreError> {
        let number = self.number_of_scope(scope, id).await?;
        self.store().safeguards().set_limits(scope, id, wanted, entry, self.clock().now()).await?;
        self.reload_standings().await?;
        self.number_changed(&number);
        Ok(())
    }

    /// Ends the rest of a number. False: it did not rest.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or when the database does not answer.
    pub async fn lift_suspension(
        &self,
        scope: &Scope,
        id: NumberId,
        by: String,
        entry: AuditEntry,
    ) -> Result<bool, StoreError> {
        let number = self.number_of_scope(scope, id).await?;
        let lifted = self.store().safeguards().lift(scope, id, by, entry, self.clock().now()).await?;
        self.reload_standings().await?;
        if lifted.is_some() {
            tracing::info!(number.id = %id, "the suspension of a number was lifted");
            self.number_changed(&number);
            self.look_out().await?;
        }
        Ok(lifted.is_some())
    }

    /// Does it rest (S2)?
    pub(crate) fn is_suspended(&self, number: &Number) -> bool {
        self.standings().of(number.id).suspended_until(self.clock().now()).is_some()
    }

    /// Meta's rating; none: nobody has asked yet.
    pub(crate) fn quality_of(&self, number: &Number) -> Option<Quality> {
        let standing = self.standings().of(number.id);
        standing.meta.fields.as_ref().map(|(fields, _)| fields.rating())
    }

    /// So many in a hundred customers who call get somebody, or so many of ours, and that is too few.
    pub(crate) fn pickup_low(&self, number: &Number) -> Option<u32> {
        let standing = self.standings().of(number.id);
        let rules = self.rules(&standing.limits).pickup;
        [standing.pickups.incoming, standing.pickups.outgoing]
            .into_iter()
            .filter(|pickup| pickup.state(&rules) == PickupState::Low)
            .filter_map(|pickup| pickup.percent())
            .min()
    }

    /// A call of this number was missed, and that is written: is it one too many?
    pub(crate) fn a_call_was_missed(&self, number: &Number) {
        let (engine, number) = (self.clone(), number.clone());
        tokio::spawn(async move {
            if let Err(error) = engine.suspend_if_due(&number).await {
                // Looked at again in the next round.
                tracing::debug!(number.id = %number.id, error = %error, "missed calls could not be looked at");
            }
        });
    }

    /// By a look that keeps nobody waiting; [`suspend_if_due`](Self::suspend_if_due) decides.
    async fn missed_too_many(&self, number: &Number) -> Result<bool, StoreError> {
        let scope = Scope::of_the_exchange(number.tenant);
        let rules = self.safeguard_rules(number.id);
        let from = self.clock().now().minus(rules.missed_within);
        let safeguards = self.store().safeguards();
        let last = safeguards.suspensions(&scope, number.id, 1).await?;
        let from = last.first().map_or(from, |last| last.over_at().max(from));
        let missed = safeguards.missed_since(&scope, number.id, from).await?.len();
        Ok(rules.missed > 0 && missed >= rules.missed as usize)
    }

    async fn suspend_if_due(&self, number: &Number) -> Result<(), StoreError> {
        let scope = Scope::of_the_exchange(number.tenant);
        let rules = self.safeguard_rules(number.id);
        let now = self.clock().now();
        let begun = self.store().safeguards().suspend_if_due(&scope, number.id, now, &rules).await?;
        let Some(begun) = begun else { return Ok(()) };
        self.reload_standings().await?;
        ::metrics::counter!("switchboard_suspensions_total").increment(1);
        tracing::warn!(
            number.id = %number.id, missed = begun.missed, until = rfc3339(begun.until),
            "too many calls were missed: the number rests"
        );
        self.number_changed(number);
        let data = serde_json::json!({ "missed": begun.missed, "until": rfc3339(begun.until) });
        self.raise_at_once(AlertKind::NumberSuspended, About::Number(number.tenant, number.id), data).await
    }

    /// One round: what other nodes changed, what a crash left undone, and the sums.
    pub(crate) async fn look_after_safeguards(&self) -> Result<(), StoreError> {
        self.reload_standings().await?;
        let numbers = self.numbers_of_the_installation();
        let rules: Vec<_> = numbers.iter().map(|number| self.safeguard_rules(number.id)).collect();
        let longest = rules.iter().map(|rules| rules.missed_within).max().unwrap_or_default();
        let limits = rules.iter().map(|rules| rules.missed).filter(|missed| *missed > 0);
        let fewest = limits.min().unwrap_or(u32::MAX);
        let since = self.clock().now().minus(longest);
        for id in self.store().safeguards().numbers_that_missed(since, fewest).await? {
            if let Some(number) = self.known_number(id)
                && !self.is_suspended(&number)
                && self.missed_too_many(&number).await?
            {
                self.suspend_if_due(&number).await?;
            }
        }
        let mut news = false;
        loop {
            match self.store().safeguards().add_up().await? {
                0 => break,
                _ => news = true,
            }
        }
        // What fell out of the window without a new call is noticed with the next one.
        if news { self.count_pickups().await } else { Ok(()) }
    }

    /// How often the calls of each number are taken, counted anew.
    async fn count_pickups(&self) -> Result<(), StoreError> {
        for number in self.numbers_of_the_installation() {
            let scope = Scope::of_the_exchange(number.tenant);
            let since = self.clock().now().minus(self.safeguard_rules(number.id).pickup.window);
            let pickups = self.store().safeguards().pickups(&scope, number.id, since).await?;
            self.standings().change(number.id, |standing| standing.pickups = pickups);
        }
        Ok(())
    }

    fn rules(&self, own: &NumberLimits) -> SafeguardRules {
        rules(
            &SafeguardRules { missed: self.settings().suspend_after_missed, ..SafeguardRules::default() },
            own,
        )
    }
}

/// What holds where the number has nothing of its own: `all`.
fn rules(all: &SafeguardRules, own: &NumberLimits) -> SafeguardRules {
    let span = |own: Option<u32>, all| own.map_or(all, |seconds| Duration::from_secs(seconds.into()));
    SafeguardRules {
        per_minute: own.per_minute.unwrap_or(all.per_minute),
        per_hour: own.per_hour.unwrap_or(all.per_hour),
        missed: own.missed.unwrap_or(all.missed),
        missed_within: span(own.missed_within_s, all.missed_within),
        suspend_for: span(own.suspend_for_s, all.suspend_for),
        pickup: PickupRules {
            window: span(own.pickup_within_s, all.pickup.window),
            least_calls: own.pickup_calls.unwrap_or(all.pickup.least_calls),
            watch_below_percent: own.pickup_watch_percent.unwrap_or(all.pickup.watch_below_percent),
            low_below_percent: own.pickup_low_percent.unwrap_or(all.pickup.low_below_percent),
        },
        monthly_minutes: own.monthly_minutes.or(all.monthly_minutes),
    }
}
