//! Parts of a business.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use switchboard_core::access::Branches as Reach;
use switchboard_core::ids::BranchId;
use switchboard_store::StoreError;
use switchboard_store::tenants::{self, BranchDeleted};
use utoipa::ToSchema;

use crate::auth::actor::SignedIn;
use crate::auth::setup::checked_name;
use crate::error::{Answer, Code, Problem, ProblemBody, no_content};
use crate::input::{Body, Id};
use crate::state::AppState;

/// A branch.
#[derive(Serialize, ToSchema)]
pub(crate) struct Branch {
    /// `br_…`
    id: String,
    /// Name.
    name: String,
}

/// All branches I may see.
#[derive(Serialize, ToSchema)]
pub(crate) struct Branches {
    /// By name.
    items: Vec<Branch>,
}

/// A branch to be made, or its new name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BranchName {
    /// 1 to 100 characters.
    #[schema(example = "Porto")]
    name: String,
}

impl From<tenants::Branch> for Branch {
    fn from(branch: tenants::Branch) -> Self {
        Self { id: branch.id.to_string(), name: branch.name }
    }
}

/// The branches I may see.
#[utoipa::path(
    get, operation_id = "list_branches", path = "/api/v1/branches", tag = "branches",
    responses((status = 200, body = Branches), (status = 401, body = ProblemBody))
)]
pub(crate) async fn list(State(state): State<AppState>, signed_in: SignedIn) -> Answer<Branches> {
    let rows = state.store().tenants().branches(&signed_in.actor.scope).await?;
    Ok(Json(Branches { items: rows.into_iter().map(Branch::from).collect() }))
}

/// Makes a branch.
#[utoipa::path(
    post, operation_id = "create_branch", path = "/api/v1/branches", tag = "branches", request_body = BranchName,
    responses(
        (status = 201, body = Branch),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
        (status = 422, description = "`invalid_name`", body = ProblemBody),
    )
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Body(new): Body<BranchName>,
) -> Result<(StatusCode, Json<Branch>), Problem> {
    let name = checked_name(&new.name)?;
    let scope = &signed_in.actor.scope;
    let made = state.store().tenants().create_branch_by(scope, &name, &signed_in.author(&state)).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Gives a branch another name.
#[utoipa::path(
    patch, operation_id = "change_branch", path = "/api/v1/branches/{id}", tag = "branches", request_body = BranchName,
    params(("id" = String, Path, description = "`br_…`")),
    responses(
        (status = 200, body = Branch),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 422, description = "`invalid_name`", body = ProblemBody),
    )
)]
pub(crate) async fn change(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<BranchId>,
    Body(change): Body<BranchName>,
) -> Answer<Branch> {
    let scope = &signed_in.actor.scope;
    let known = state.store().tenants().branches(scope).await?;
    known.iter().find(|branch| branch.id == id).ok_or_else(Problem::not_found)?;
    let name = checked_name(&change.name)?;
    let renamed = state.store().tenants().rename_branch(scope, id, &name, &signed_in.author(&state)).await?;
    Ok(Json(renamed.into()))
}

/// Removes a branch that nobody and nothing uses. One with calls in its past stays: rename it.
#[utoipa::path(
    delete, operation_id = "delete_branch", path = "/api/v1/branches/{id}", tag = "branches",
    params(("id" = String, Path, description = "`br_…`")),
    responses(
        (status = 204, description = "Removed."),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 409, description = "`branch_in_use`, with `uses`", body = ProblemBody),
    )
)]
pub(crate) async fn delete(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<BranchId>,
) -> Result<Response, Problem> {
    let author = signed_in.author(&state);
    let in_use = || Problem::new(Code::BranchInUse, "Move its people and numbers to another branch first.");
    match state.store().tenants().delete_branch(&signed_in.actor.scope, id, &author).await {
        Ok(BranchDeleted::Done) => Ok(no_content()),
        Ok(BranchDeleted::InUse(uses)) => Err(in_use().with(
            "uses",
            serde_json::json!({
                "users": uses.users, "numbers": uses.numbers, "calls": uses.calls,
                "keys_and_invitations": uses.keys_and_invitations,
            }),
        )),
        // Somebody began to use it this very moment.
        Err(StoreError::Dangling { .. }) => Err(in_use()),
        Err(error) => Err(error.into()),
    }
}

/// The branches a body names: `null` or nothing for all of them.
pub(crate) fn named(ids: Option<&[String]>) -> Result<Reach, Problem> {
    let Some(ids) = ids else { return Ok(Reach::All) };
    let mut branches: Vec<BranchId> =
        ids.iter().map(|id| id.parse().map_err(|_| unknown())).collect::<Result<_, _>>()?;
    branches.sort_unstable();
    branches.dedup();
    Ok(Reach::Only(branches))
}

/// The refusal of a branch that is not there, or not theirs: both read the same.
pub(crate) fn unknown() -> Problem {
    Problem::field(Code::UnknownBranch, "branch_ids")
}

/// The store's refusal of branches, in the words of the body.
pub(crate) fn refused(error: StoreError) -> Problem {
    if matches!(error, StoreError::Dangling { .. } | StoreError::OutOfScope { .. }) {
        return unknown();
    }
    error.into()
}

/// As bodies write them.
pub(crate) fn words(branches: &Reach) -> Option<Vec<String>> {
    match branches {
        Reach::All => None,
        Reach::Only(branches) => Some(branches.iter().map(ToString::to_string).collect()),
    }
}
