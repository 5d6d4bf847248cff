//! What protects a number's standing: limits, how they stand, and lifting a suspension.

use std::ops::RangeInclusive;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use switchboard_core::audit::AuditWhat;
use switchboard_core::ids::NumberId;
use switchboard_core::safeguard::{Pickup, PickupState, RateWindow};
use switchboard_engine::SafeguardState;
use switchboard_engine::clock::rfc3339;
use switchboard_store::safeguards::{NumberLimitsChange, SuspensionRow};
use utoipa::ToSchema;

use super::calling::{Restriction, restriction};
use super::settings::recording::audit_entry;
use crate::auth::actor::SignedIn;
use crate::error::{Answer, Problem, ProblemBody};
use crate::input::{Body, Id, named};
use crate::middleware::client_address::ClientAddress;
use crate::state::AppState;

const PER_MINUTE: RangeInclusive<u32> = 0..=600;
const PER_HOUR: RangeInclusive<u32> = 0..=10_000;
/// 0: never.
const MISSED: RangeInclusive<u32> = 0..=1_000;
/// Missed calls are kept for longer than that.
const A_DAY_S: RangeInclusive<u32> = 60..=86_400;
const UNANSWERED: RangeInclusive<u32> = 1..=20;
const MINUTES: RangeInclusive<u32> = 0..=100_000_000;
const PERCENT: RangeInclusive<u32> = 0..=100;
const CALLS: RangeInclusive<u32> = 1..=100_000;
/// An hour to thirty days.
const PICKUP_S: RangeInclusive<u32> = 3_600..=2_592_000;

/// What holds for a number.
#[derive(Serialize, ToSchema)]
pub(crate) struct Limits {
    /// Calls placed in a minute.
    per_minute: u32,
    /// Calls placed in an hour.
    per_hour: u32,
    /// So many missed calls …
    missed: u32,
    /// … within so many seconds …
    missed_within_s: u64,
    /// … and the number rests for so many.
    suspend_for_s: u64,
    /// Before the call that would be so manyth in a row a customer does not take, we warn.
    unanswered_warn: u32,
    /// And before this one we ask whether it is meant: Meta then takes the permission away.
    unanswered_block: u32,
    /// Minutes of a month; null: no limit.
    monthly_minutes: Option<u32>,
    /// How often calls are taken is counted over so many seconds.
    pickup_within_s: u64,
    /// With fewer calls nothing is said.
    pickup_calls: u32,
    /// Below so many in a hundred it is watched.
    pickup_watch_percent: u32,
    /// Below so many in a hundred it is low.
    pickup_low_percent: u32,
}

/// Dials in one span.
#[derive(Serialize, ToSchema)]
pub(crate) struct Dials {
    /// So many were placed.
    used: u32,
    /// So many may be.
    max: u32,
    /// When there is room again; null: now, or never.
    until: Option<String>,
}

/// How many calls were taken.
#[derive(Serialize, ToSchema)]
pub(crate) struct PickupRate {
    /// Taken.
    answered: u32,
    /// Of so many.
    total: u32,
    /// In a hundred; null: there were none.
    percent: Option<u32>,
    /// `good`, `watch`, `low`.
    state: &'static str,
}

/// A time in which the number rests, or rested.
#[derive(Serialize, ToSchema)]
pub(crate) struct Suspension {
    /// Since when.
    since: String,
    /// Until when, unless it is lifted.
    until: String,
    /// So many calls had been missed.
    missed: u32,
    /// Somebody lifted it.
    lifted_at: Option<String>,
    /// Who.
    lifted_by: Option<String>,
}

/// How it stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct SafeguardStanding {
    /// Calls placed in the last minute.
    dials_minute: Dials,
    /// And in the last hour.
    dials_hour: Dials,
    /// Missed calls that count towards a rest.
    missed: usize,
    /// Until when it rests; null: it does not.
    suspended_until: Option<String>,
    /// Why.
    suspended_why: Option<&'static str>,
    /// Its rests, the newest first.
    suspensions: Vec<Suspension>,
    /// Meta's rating: `green`, `yellow`, `red`, `unknown`.
    quality: &'static str,
    /// What Meta has taken away.
    restrictions: Vec<Restriction>,
    /// Calls of customers that we took.
    pickup_rate: PickupRate,
    /// Calls of ours that customers took.
    pickup_rate_outgoing: PickupRate,
    /// Begun minutes of finished calls of this month.
    minutes_used: u64,
    /// When the month ends, in the zone of the number's hours.
    month_ends: String,
}

/// A number's safeguards.
#[derive(Serialize, ToSchema)]
pub(crate) struct Safeguards {
    /// `num_…`
    number_id: String,
    /// What holds.
    limits: Limits,
    /// Which of them are the number's own; the others are those of the exchange.
    own: Vec<&'static str>,
    /// Meta's own sandbox or test number.
    sandbox: bool,
    /// How it stands.
    state: SafeguardStanding,
}

/// What is to change. What is left out stays as it is; null gives it back to the exchange.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SafeguardsChange {
    /// 0 to 600.
    #[serde(default, deserialize_with = "named")]
    #[schema(value_type = Option<u32>)]
    per_minute: Option<Option<u32>>,
    /// 0 to 10,000.
    #[serde(default, deserialize_with = "named")]
    #[schema(value_type = Option<u32>)]
    per_hour: Option<Option<u32>>,
    /// 0 (never) to 1,000.
    #[serde(default, deserialize_with = "named")]
    #[schema(value_type = Option<u32>)]
    missed: Option<Option<u32>>,
    /// 60 to 86,400.
    #[serde(default, deserialize_with = "named")]
    #[schema(value_type = Option<u32>)]
    missed_within_s: Option<Option<u32>>,
    /// 60 to 86,400.
    #[serde(default, deserialize_with = "named")]
    #[schema(value_type = Option<u32>)]
    suspend_for_s: Option<Option<u32>>,
    /// 1 to 20.
    #[serde(default, deserialize_with = "named")]
    #[schema(value_type = Option<u32>)]
    unanswered_warn: Option<Option<u32>>,
    /// 1 to 20.
    #[serde(default, deserialize_with = "named")]
    #[schema(value_type = Option<u32>)]
    unanswered_block: Option<Option<u32>>,
    /// Minutes of a month; null: no limit.
    #[serde(default, deserialize_with = "named")]
    #[schema(value_type = Option<u32>)]
    monthly_minutes: Option<Option<u32>>,
    /// 3,600 to 2,592,000.
    #[serde(default, deserialize_with = "named")]
    #[schema(value_type = Option<u32>)]
    pickup_within_s: Option<Option<u32>>,
    /// 1 to 100,000.
    #[serde(default, deserialize_with = "named")]
    #[schema(value_type = Option<u32>)]
    pickup_calls: Option<Option<u32>>,
    /// 0 to 100.
    #[serde(default, deserialize_with = "named")]
    #[schema(value_type = Option<u32>)]
    pickup_watch_percent: Option<Option<u32>>,
    /// 0 to 100.
    #[serde(default, deserialize_with = "named")]
    #[schema(value_type = Option<u32>)]
    pickup_low_percent: Option<Option<u32>>,
}

impl SafeguardsChange {
    fn checked(&self) -> Result<NumberLimitsChange, Problem> {
        let in_range = |value: Option<Option<u32>>, path: &str, taken: &RangeInclusive<u32>| match value {
            Some(Some(limit)) if !taken.contains(&limit) => Err(Problem::out_of_range(path, taken)),
            value => Ok(value),
        };
        Ok(NumberLimitsChange {
            per_minute: in_range(self.per_minute, "per_minute", &PER_MINUTE)?,
            per_hour: in_range(self.per_hour, "per_hour", &PER_HOUR)?,
            missed: in_range(self.missed, "missed", &MISSED)?,
            missed_within_s: in_range(self.missed_within_s, "missed_within_s", &A_DAY_S)?,
            suspend_for_s: in_range(self.suspend_for_s, "suspend_for_s", &A_DAY_S)?,
            unanswered_warn: in_range(self.unanswered_warn, "unanswered_warn", &UNANSWERED)?,
            unanswered_block: in_range(self.unanswered_block, "unanswered_block", &UNANSWERED)?,
            monthly_minutes: in_range(self.monthly_minutes, "monthly_minutes", &MINUTES)?,
            pickup_within_s: in_range(self.pickup_within_s, "pickup_within_s", &PICKUP_S)?,
            pickup_calls: in_range(self.pickup_calls, "pickup_calls", &CALLS)?,
            pickup_watch_percent: in_range(self.pickup_watch_percent, "pickup_watch_percent", &PERCENT)?,
            pickup_low_percent: in_range(self.pickup_low_percent, "pickup_low_percent", &PERCENT)?,
        })
    }

    /// What was named, for the audit log.
    fn detail(wanted: &NumberLimitsChange) -> serde_json::Value {
        let NumberLimitsChange {
            per_minute,
            per_hour,
            missed,
            missed_within_s,
            suspend_for_s,
            unanswered_warn,
            unanswered_block,
            monthly_minutes,
            pickup_within_s,
            pickup_calls,
            pickup_watch_percent,
            pickup_low_percent,
        } = wanted;
        let limits = [
            ("per_minute", per_minute),
            ("per_hour", per_hour),
            ("missed", missed),
            ("missed_within_s", missed_within_s),
            ("suspend_for_s", suspend_for_s),
            ("unanswered_warn", unanswered_warn),
            ("unanswered_block", unanswered_block),
            ("monthly_minutes", monthly_minutes),
            ("pickup_within_s", pickup_within_s),
            ("pickup_calls", pickup_calls),
            ("pickup_watch_percent", pickup_watch_percent),
            ("pickup_low_percent", pickup_low_percent),
        ];
        let named = limits.into_iter().filter_map(|(name, limit)| Some((name.to_owned(), json!((*limit)?))));
        json!({ "limits": serde_json::Map::from_iter(named) })
    }
}

impl Safeguards {
    fn of(id: NumberId, known: SafeguardState, now: switchboard_core::time::Timestamp) -> Self {
        let rules = &known.rules;
        let own = &known.own;
        let own = [
            ("per_minute", own.per_minute),
            ("per_hour", own.per_hour),
            ("missed", own.missed),
            ("missed_within_s", own.missed_within_s),
            ("suspend_for_s", own.suspend_for_s),
            ("unanswered_warn", own.unanswered_warn),
            ("unanswered_block", own.unanswered_block),
            ("monthly_minutes", own.monthly_minutes),
            ("pickup_within_s", own.pickup_within_s),
            ("pickup_calls", own.pickup_calls),
            ("pickup_watch_percent", own.pickup_watch_percent),
            ("pickup_low_percent", own.pickup_low_percent),
        ];
        let suspended = known.suspension.as_ref().filter(|rest| now < rest.over_at());
        Self {
            number_id: id.to_string(),
            limits: Limits {
                per_minute: rules.per_minute,
                per_hour: rules.per_hour,
                missed: rules.missed,
                missed_within_s: rules.missed_within.as_secs(),
                suspend_for_s: rules.suspend_for.as_secs(),
                unanswered_warn: known.unanswered.0,
                unanswered_block: known.unanswered.1,
                monthly_minutes: rules.monthly_minutes,
                pickup_within_s: Duration::as_secs(&rules.pickup.window),
                pickup_calls: rules.pickup.least_calls,
                pickup_watch_percent: rules.pickup.watch_below_percent,
                pickup_low_percent: rules.pickup.low_below_percent,
            },
            own: own.into_iter().filter(|(_, limit)| limit.is_some()).map(|(name, _)| name).collect(),
            sandbox: known.test_number,
            state: SafeguardStanding {
                dials_minute: dials(&known.rate.minute),
                dials_hour: dials(&known.rate.hour),
                missed: known.missed,
                suspended_until: suspended.map(|rest| rfc3339(rest.until)),
                suspended_why: suspended.map(|_| "missed_calls"),
                suspensions: known.suspensions.iter().map(suspension).collect(),
                quality: known.quality.as_str(),
                restrictions: known.restrictions.iter().map(restriction).collect(),
                pickup_rate: pickup(&known.pickups.incoming, known.pickup_states.0),
                pickup_rate_outgoing: pickup(&known.pickups.outgoing, known.pickup_states.1),
                minutes_used: known.used.minutes,
                month_ends: rfc3339(known.month_ends),
            },
        }
    }
}

fn dials(window: &RateWindow) -> Dials {
    Dials { used: window.used, max: window.max, until: window.until.map(rfc3339) }
}

fn pickup(pickup: &Pickup, state: PickupState) -> PickupRate {
    PickupRate {
        answered: pickup.answered,
        total: pickup.total,
        percent: pickup.percent(),
        state: state.as_str(),
    }
}

fn suspension(rest: &SuspensionRow) -> Suspension {
    Suspension {
        since: rfc3339(rest.since),
        until: rfc3339(rest.until),
        missed: rest.missed,
        lifted_at: rest.lifted_at.map(rfc3339),
        lifted_by: rest.lifted_by.clone(),
    }
}

async fn shown(state: &AppState, signed_in: &SignedIn, id: NumberId) -> Answer<Safeguards> {
    let known = state.engine().safeguard_state(&signed_in.actor.scope, id).await?;
    Ok(Json(Safeguards::of(id, known, state.engine().clock().now())))
}

/// A number's safeguards: limits, and how they stand.
#[utoipa::path(
    get, operation_id = "get_number_safeguards", path = "/api/v1/numbers/{id}/safeguards", tag = "numbers",
    params(("id" = String, Path, description = "`num_…`")),
    responses(
        (status = 200, body = Safeguards),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
    )
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<NumberId>,
) -> Answer<Safeguards> {
    shown(&state, &signed_in, id).await
}

/// Changes limits of a number.
#[utoipa::path(
    patch, operation_id = "change_number_safeguards", path = "/api/v1/numbers/{id}/safeguards", tag = "numbers",
    request_body = SafeguardsChange,
    params(("id" = String, Path, description = "`num_…`")),
    responses(
        (status = 200, body = Safeguards),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 422, description = "`out_of_range`", body = ProblemBody),
    )
)]
pub(crate) async fn patch(
    State(state): State<AppState>,
    signed_in: SignedIn,
    ClientAddress(address): ClientAddress,
    Id(id): Id<NumberId>,
    Body(wanted): Body<SafeguardsChange>,
) -> Answer<Safeguards> {
    let scope = &signed_in.actor.scope;
    let known = state.store().numbers().by_id(scope, id).await?.ok_or_else(Problem::not_found)?;
    let wanted = wanted.checked()?;
    let now = state.engine().clock().now();
    let detail = SafeguardsChange::detail(&wanted);
    let entry = audit_entry(&known, &signed_in, address, now, AuditWhat::NumberChanged, detail);
    state.engine().set_limits(scope, id, wanted, entry).await?;
    shown(&state, &signed_in, id).await
}

/// Ends the suspension of a number. Who did it is kept; missed calls are counted anew.
#[utoipa::path(
    post, operation_id = "lift_number_suspension", path = "/api/v1/numbers/{id}/safeguards/lift", tag = "numbers",
    params(("id" = String, Path, description = "`num_…`")),
    responses(
        (status = 200, description = "Also when it was not suspended", body = Safeguards),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
    )
)]
pub(crate) async fn lift(
    State(state): State<AppState>,
    signed_in: SignedIn,
    ClientAddress(address): ClientAddress,
    Id(id): Id<NumberId>,
) -> Answer<Safeguards> {
    let scope = &signed_in.actor.scope;
    let known = state.store().numbers().by_id(scope, id).await?.ok_or_else(Problem::not_found)?;
    let now = state.engine().clock().now();
    let entry = audit_entry(&known, &signed_in, address, now, AuditWhat::SuspensionLifted, json!({}));
    state.engine().lift_suspension(scope, id, signed_in.actor.name.clone(), entry).await?;
    shown(&state, &signed_in, id).await
}
