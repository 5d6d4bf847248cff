//! What Meta has of a number's hours, and telling it ours.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use switchboard_core::audit::AuditWhat;
use switchboard_core::hours::{ClosedHolidays, Difference, HoursRefusal, MetaCannotHold, MetaCannotHoldWhy};
use switchboard_core::ids::NumberId;
use switchboard_engine::HoursAtMeta;
use switchboard_engine::clock::rfc3339;
use utoipa::{IntoParams, ToSchema};

use super::NumberOpeningHours;
use crate::api::v1::numbers::calling::refused;
use crate::api::v1::numbers::settings::recording::audit_entry;
use crate::auth::actor::SignedIn;
use crate::error::{Answer, Code, Problem, ProblemBody};
use crate::input::{Id, Query};
use crate::middleware::client_address::ClientAddress;
use crate::state::AppState;

/// A range at Meta.
#[derive(Serialize, ToSchema)]
pub(crate) struct MetaRange {
    /// `MONDAY` …, or a date.
    day: String,
    /// `09:00`.
    opens: String,
    /// `13:00`.
    closes: String,
}

/// Hours at Meta.
#[derive(Serialize, ToSchema)]
pub(crate) struct MetasHours {
    /// Off: customers may call day and night.
    enabled: Option<bool>,
    /// The zone.
    zone: Option<String>,
    /// Every week.
    weekly: Vec<MetaRange>,
    /// On these dates instead.
    holidays: Vec<MetaRange>,
}

/// A difference between Meta's hours and ours.
#[derive(Serialize, ToSchema)]
pub(crate) struct HoursDrift {
    /// `enabled`, `zone`, `weekly.mon`, `holidays.2026-12-25`.
    field: String,
    /// Ours; empty: nothing.
    ours: String,
    /// Meta's; empty: nothing.
    meta: String,
}

/// Why Meta cannot hold our hours.
#[derive(Serialize, ToSchema)]
pub(crate) struct CannotHold {
    /// The field of ours.
    field: String,
    /// `three_ranges`, `too_many_holidays`, `empty_week`, `closed_holiday`, `last_minute`.
    why: &'static str,
    /// The same as a sentence.
    sentence: &'static str,
}

/// What becomes of ours when Meta's take their place.
#[derive(Serialize, ToSchema)]
pub(crate) struct HoursTaking {
    /// What changes; `closed`: a day without hours, empty: a holiday that is not there.
    changes: Vec<HoursDrift>,
    /// Meta has what ours cannot be: the field; null: they can be taken.
    refused_field: Option<String>,
    /// Why, in a word, as in `invalid_hours`.
    refused_why: Option<&'static str>,
}

/// Meta's hours beside ours.
#[derive(Serialize, ToSchema)]
pub(crate) struct HoursBesideMeta {
    /// Meta's; null: never read, or none there.
    meta: Option<MetasHours>,
    /// When they were read.
    read_at: Option<String>,
    /// Where they differ.
    drift: Vec<HoursDrift>,
    /// Meta cannot be told ours.
    cannot_hold: Option<CannotHold>,
    /// What would change of ours if Meta's took their place; null: Meta has none.
    taking: Option<HoursTaking>,
}

/// The hours of a number after Meta's have taken their place.
#[derive(Serialize, ToSchema)]
pub(crate) struct HoursTakenOver {
    /// They.
    #[serde(flatten)]
    now: NumberOpeningHours,
    /// What changed; none: Meta had the same.
    changes: Vec<HoursDrift>,
}

/// How to tell Meta.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct HowToPush {
    /// Meta cannot hold a holiday that is closed all day. `one_minute` (default): it is told one minute, 00:00 to 00:01,
    /// and we reject who calls then; `refuse`: nothing is sent.
    closed_holidays: Option<String>,
}

impl HoursDrift {
    fn all(known: Vec<Difference>) -> Vec<Self> {
        known.into_iter().map(|one| Self { field: one.field, ours: one.ours, meta: one.theirs }).collect()
    }
}

impl HoursTaking {
    fn of(known: Result<Vec<Difference>, HoursRefusal>) -> Self {
        match known {
            Ok(changes) => Self { changes: HoursDrift::all(changes), refused_field: None, refused_why: None },
            Err(HoursRefusal { field, why }) => {
                Self { changes: Vec::new(), refused_field: Some(field), refused_why: Some(why.as_str()) }
            }
        }
    }
}

impl HoursBesideMeta {
    fn of(known: HoursAtMeta) -> Self {
        let range = |(day, opens, closes): &(String, u16, u16)| MetaRange {
            day: day.clone(),
            opens: super::written(*opens),
            closes: super::written(*closes),
        };
        Self {
            meta: known.meta.map(|meta| MetasHours {
                enabled: meta.enabled,
                zone: meta.time_zone,
                weekly: meta.weekly.iter().map(range).collect(),
                holidays: meta.holidays.iter().map(range).collect(),
            }),
            read_at: known.read_at.map(rfc3339),
            drift: HoursDrift::all(known.drift),
            taking: known.taking.map(HoursTaking::of),
            cannot_hold: known.cannot_hold.map(|why| CannotHold {
                why: why.why.as_str(),
                sentence: sentence(why.why),
                field: why.field,
            }),
        }
    }
}

const fn sentence(why: MetaCannotHoldWhy) -> &'static str {
    match why {
        MetaCannotHoldWhy::ThreeRanges => "Meta holds two ranges a day at the most.",
        MetaCannotHoldWhy::TooManyHolidays => "Meta holds twenty holidays at the most.",
        MetaCannotHoldWhy::EmptyWeek => {
            "Meta cannot hold a week without any hours. Switch calling off instead."
        }
        MetaCannotHoldWhy::ClosedHoliday => {
            "Meta cannot hold a holiday that is closed all day. It can be told one minute instead (one_minute)."
        }
        MetaCannotHoldWhy::LastMinute => {
            "Meta has no words for hours that begin in the last minute of a day."
        }
    }
}

pub(crate) fn cannot_hold(why: &MetaCannotHold) -> Problem {
    Problem::new(Code::MetaCannotHold, format!("The field {:?}: {}", why.field, sentence(why.why)))
        .with("path", why.field.as_str())
        .with("why", why.why.as_str())
}

/// What Meta has of a number's hours, as it was read last, and where that differs from ours.
#[utoipa::path(
    get, operation_id = "get_number_hours_at_meta", path = "/api/v1/numbers/{id}/hours/meta", tag = "numbers",
    params(("id" = String, Path, description = "`num_…`")),
    responses(
        (status = 200, body = HoursBesideMeta),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
    )
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<NumberId>,
) -> Answer<HoursBesideMeta> {
    let known = state.engine().hours_at_meta(&signed_in.actor.scope, id).await?;
    Ok(Json(HoursBesideMeta::of(known)))
}

/// Tells Meta the hours of a number and reads them back.
#[utoipa::path(
    post, operation_id = "push_number_hours", path = "/api/v1/numbers/{id}/hours/push", tag = "numbers",
    params(("id" = String, Path, description = "`num_…`"), HowToPush),
    responses(
        (status = 200, body = HoursBesideMeta),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 409, description = "`no_hours`, `no_token`, `meta_refused`", body = ProblemBody),
        (status = 422, description = "`meta_cannot_hold`, `unknown_word`", body = ProblemBody),
        (status = 502, description = "`meta_unavailable`", body = ProblemBody),
    )
)]
pub(crate) async fn push(
    State(state): State<AppState>,
    signed_in: SignedIn,
    ClientAddress(address): ClientAddress,
    Id(id): Id<NumberId>,
    Query(how): Query<HowToPush>,
) -> Answer<HoursBesideMeta> {
    let scope = &signed_in.actor.scope;
    let known = state.store().numbers().by_id(scope, id).await?.ok_or_else(Problem::not_found)?;
    let closed = match how.closed_holidays.as_deref() {
        None => ClosedHolidays::OneMinute,
        Some(word) => {
            let words = ClosedHolidays::ALL.iter().map(|one| one.as_str()).collect::<Vec<_>>();
            ClosedHolidays::from_word(word).ok_or_else(|| Problem::unknown_word("closed_holidays", &words))?
        }
    };
    let now = state.engine().clock().now();
    let detail = json!({ "hours_sent_to_meta": true, "closed_holidays": closed.as_str() });
    let entry = audit_entry(&known, &signed_in, address, now, AuditWhat::NumberChanged, detail);
    let pushed = state.engine().push_hours(scope, id, closed, entry).await.map_err(refused)?;
    Ok(Json(HoursBesideMeta::of(pushed)))
}

/// Takes Meta's hours of a number, read now, in place of ours: week, holidays and zone. What customers get when it is
/// closed stays as it is.
#[utoipa::path(
    post, operation_id = "take_number_hours", path = "/api/v1/numbers/{id}/hours/take", tag = "numbers",
    params(("id" = String, Path, description = "`num_…`")),
    responses(
        (status = 200, body = HoursTakenOver),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 409, description = "`no_hours_at_meta`, `no_token`, `meta_refused`", body = ProblemBody),
        (status = 422, description = "`invalid_hours`: Meta has hours that ours cannot be", body = ProblemBody),
        (status = 502, description = "`meta_unavailable`", body = ProblemBody),
    )
)]
pub(crate) async fn take(
    State(state): State<AppState>,
    signed_in: SignedIn,
    ClientAddress(address): ClientAddress,
    Id(id): Id<NumberId>,
) -> Answer<HoursTakenOver> {
    let scope = &signed_in.actor.scope;
    let known = state.store().numbers().by_id(scope, id).await?.ok_or_else(Problem::not_found)?;
    let now = state.engine().clock().now();
    let detail = json!({ "hours_taken_from_meta": true });
    let entry = audit_entry(&known, &signed_in, address, now, AuditWhat::NumberChanged, detail);
    let taken = state.engine().take_hours(scope, id, entry).await.map_err(refused)?;
    let changes = HoursDrift::all(taken.changes);
    Ok(Json(HoursTakenOver { now: NumberOpeningHours::of(Some(&taken.hours)), changes }))
}
