//! What is owed: webhooks on their way (`/deliveries`) and everything else (`/jobs`), what came of them, and what
//! somebody decides about those that were given up.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use switchboard_core::access::Scope;
use switchboard_core::ids::{JobId, RelayTargetId};
use switchboard_engine::clock::rfc3339;
use switchboard_store::StoreError;
use switchboard_store::jobs::{Job, JobFilter, JobState};
use utoipa::{IntoParams, ToSchema};

use crate::auth::actor::SignedIn;
use crate::error::{Answer, Code, Problem, ProblemBody, no_content};
use crate::input::{Id, Query};
use crate::pagination;
use crate::state::AppState;

/// Something owed.
#[derive(Serialize, ToSchema)]
#[schema(as = Job)]
pub(crate) struct Owed {
    /// `job_…`
    id: String,
    /// `relay`, `mail`, `tidy` …
    kind: String,
    /// Of a delivery: where to. Null when that was removed.
    target: Option<String>,
    /// Of a delivery: `relay_…`.
    relay_id: Option<String>,
    /// `waiting`, `running`, `done`, `dead` (given up until somebody decides), `discarded`.
    state: &'static str,
    /// How often it was begun.
    attempts: u32,
    /// When it is tried again; only while it waits.
    next_at: Option<String>,
    /// Why it did not work the last time.
    last_error: Option<String>,
    /// Since when it is owed.
    created_at: String,
    /// When it was over.
    finished_at: Option<String>,
}

/// A page.
#[derive(Serialize, ToSchema)]
#[schema(as = Jobs)]
pub(crate) struct OwedPage {
    /// Newest first.
    items: Vec<Owed>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

/// Which.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// `waiting`, `running`, `done`, `dead`, `discarded`.
    state: Option<String>,
    /// `relay_…`: deliveries to this place.
    relay_id: Option<String>,
    /// From the page before.
    cursor: Option<String>,
    /// 1 to 200, 50 unless told otherwise.
    limit: Option<u32>,
}

/// Webhooks on their way.
#[utoipa::path(
    get, operation_id = "list_deliveries", path = "/api/v1/deliveries", tag = "owed", params(Asked),
    responses((status = 200, body = OwedPage), (status = 400, description = "`invalid_query`", body = ProblemBody), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody))
)]
pub(crate) async fn deliveries(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Query(asked): Query<Asked>,
) -> Answer<OwedPage> {
    page(&state, &signed_in.actor.scope, asked, true).await
}

/// Everything else that is owed.
#[utoipa::path(
    get, operation_id = "list_jobs", path = "/api/v1/jobs", tag = "owed", params(Asked),
    responses((status = 200, body = OwedPage), (status = 400, description = "`invalid_query`", body = ProblemBody), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody))
)]
pub(crate) async fn jobs(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Query(asked): Query<Asked>,
) -> Answer<OwedPage> {
    page(&state, &signed_in.actor.scope, asked, false).await
}

/// Tries a delivery again that was given up, with its attempts counted anew.
#[utoipa::path(
    post, operation_id = "retry_delivery", path = "/api/v1/deliveries/{id}/retry", tag = "owed",
    params(("id" = String, Path, description = "`job_…`")),
    responses((status = 200, body = Owed), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody), (status = 409, description = "`not_given_up`", body = ProblemBody))
)]
pub(crate) async fn retry_delivery(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<JobId>,
) -> Answer<Owed> {
    retry(&state, &signed_in, id, true).await
}

/// Nobody needs this delivery any more.
#[utoipa::path(
    post, operation_id = "discard_delivery", path = "/api/v1/deliveries/{id}/discard", tag = "owed",
    params(("id" = String, Path, description = "`job_…`")),
    responses((status = 204), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody), (status = 409, description = "`not_given_up`: it is under way or over", body = ProblemBody))
)]
pub(crate) async fn discard_delivery(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<JobId>,
) -> Result<axum::response::Response, Problem> {
    discard(&state, &signed_in, id, true).await
}

/// Tries a job again that was given up, with its attempts counted anew.
#[utoipa::path(
    post, operation_id = "retry_job", path = "/api/v1/jobs/{id}/retry", tag = "owed",
    params(("id" = String, Path, description = "`job_…`")),
    responses((status = 200, body = Owed), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody), (status = 409, description = "`not_given_up`", body = ProblemBody))
)]
pub(crate) async fn retry_job(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<JobId>,
) -> Answer<Owed> {
    retry(&state, &signed_in, id, false).await
}

/// Nobody needs this job any more.
#[utoipa::path(
    post, operation_id = "discard_job", path = "/api/v1/jobs/{id}/discard", tag = "owed",
    params(("id" = String, Path, description = "`job_…`")),
    responses((status = 204), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody), (status = 409, description = "`not_given_up`: it is under way or over", body = ProblemBody))
)]
pub(crate) async fn discard_job(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<JobId>,
) -> Result<axum::response::Response, Problem> {
    discard(&state, &signed_in, id, false).await
}

async fn page(state: &AppState, scope: &Scope, asked: Asked, deliveries: bool) -> Answer<OwedPage> {
    let wrong = |path: &'static str, what: &str| Problem::new(Code::InvalidQuery, what).with("path", path);
    let wanted = asked
        .state
        .map(|word| {
            JobState::from_word(&word)
                .ok_or_else(|| wrong("state", "state must be waiting, running, done, dead or discarded."))
        })
        .transpose()?;
    let target = asked
        .relay_id
        .map(|id| id.parse::<RelayTargetId>().map_err(|_| wrong("relay_id", "relay_id must be a relay_….")))
        .transpose()?;
    let before = asked.cursor.as_deref().map(pagination::decode::<i64>).transpose()?;
    let limit = pagination::limit(asked.limit)?;
    let filter = JobFilter { state: wanted, deliveries: Some(deliveries), target };
    let page = state.store().jobs().list(scope, &filter, before, limit.into()).await?;
    let places = places(state, scope).await?;
    Ok(Json(OwedPage {
        items: page.items.into_iter().map(|job| owed(job, &places)).collect(),
        next_cursor: page.next.map(|position| pagination::encode(&position)),
    }))
}

async fn retry(state: &AppState, who: &SignedIn, id: JobId, delivery: bool) -> Answer<Owed> {
    let scope = &who.actor.scope;
    of_its_kind(state, scope, id, delivery).await?;
    let job = state.store().jobs().retry(scope, id, &who.author(state)).await.map_err(not_given_up)?;
    state.engine().jobs_are_due();
    Ok(Json(owed(job, &places(state, scope).await?)))
}

async fn discard(
    state: &AppState,
    who: &SignedIn,
    id: JobId,
    delivery: bool,
) -> Result<axum::response::Response, Problem> {
    let scope = &who.actor.scope;
    of_its_kind(state, scope, id, delivery).await?;
    state.store().jobs().discard(scope, id, &who.author(state)).await.map_err(not_given_up)?;
    Ok(no_content())
}

/// A job is not found among deliveries, nor a delivery among jobs.
async fn of_its_kind(state: &AppState, scope: &Scope, id: JobId, delivery: bool) -> Result<(), Problem> {
    let job = state.store().jobs().by_id(scope, id).await?;
    job.filter(|job| job.delivery.is_some() == delivery).map(|_| ()).ok_or_else(Problem::not_found)
}

/// It is there, or we would not have come here: it is in another state.
fn not_given_up(error: StoreError) -> Problem {
    if matches!(error, StoreError::NotFound { .. }) {
        return Problem::new(
            Code::NotGivenUp,
            "It was not given up: it is done, under way, or tried again by itself.",
        );
    }
    error.into()
}

async fn places(state: &AppState, scope: &Scope) -> Result<HashMap<RelayTargetId, String>, Problem> {
    let places = state.store().relays().list(scope).await?;
    Ok(places.into_iter().map(|place| (place.id, place.url)).collect())
}

fn owed(job: Job, places: &HashMap<RelayTargetId, String>) -> Owed {
    let target = job.delivery.map(|delivery| delivery.target);
    Owed {
        id: job.id.to_string(),
        kind: job.kind,
        target: target.and_then(|target| places.get(&target).cloned()),
        relay_id: target.map(|target| target.to_string()),
        state: job.state.as_str(),
        attempts: job.attempts,
        next_at: (job.state == JobState::Waiting).then(|| rfc3339(job.run_at)),
        last_error: job.last_error,
        created_at: rfc3339(job.created_at),
        finished_at: job.finished_at.map(rfc3339),
    }
}
