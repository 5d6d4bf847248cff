//! The businesses of an installation, for its operator.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use switchboard_core::access::Scope;
use switchboard_core::ids::TenantId;
use switchboard_store::tenants;
use utoipa::ToSchema;

use crate::auth::actor::SignedIn;
use crate::auth::setup::checked_name;
use crate::error::{Answer, Problem, ProblemBody};
use crate::input::{Body, Id};
use crate::state::AppState;

/// A business.
#[derive(Serialize, ToSchema)]
pub(crate) struct Tenant {
    /// `ten_…`; an operator acts on it with the header `Switchboard-Tenant`.
    id: String,
    /// Name.
    name: String,
}

/// Every business of this installation.
#[derive(Serialize, ToSchema)]
pub(crate) struct Tenants {
    /// By name; the first 200.
    items: Vec<Tenant>,
}

/// A business to be made, or its new name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TenantName {
    /// 1 to 100 characters.
    #[schema(example = "Padaria Lima")]
    name: String,
}

impl From<tenants::Tenant> for Tenant {
    fn from(tenant: tenants::Tenant) -> Self {
        Self { id: tenant.id.to_string(), name: tenant.name }
    }
}

/// Every business.
#[utoipa::path(
    get, operation_id = "list_tenants", path = "/api/v1/tenants", tag = "tenants",
    responses((status = 200, body = Tenants), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody))
)]
pub(crate) async fn list(State(state): State<AppState>, _signed_in: SignedIn) -> Answer<Tenants> {
    let rows = state.store().tenants().of_the_installation().await?;
    Ok(Json(Tenants { items: rows.into_iter().map(Tenant::from).collect() }))
}

/// Makes a business. Invite its first administrator with the header `Switchboard-Tenant`.
#[utoipa::path(
    post, operation_id = "create_tenant", path = "/api/v1/tenants", tag = "tenants", request_body = TenantName,
    responses(
        (status = 201, body = Tenant),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
        (status = 422, description = "`invalid_name`", body = ProblemBody),
    )
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Body(new): Body<TenantName>,
) -> Result<(StatusCode, Json<Tenant>), Problem> {
    let made = state.store().tenants().create(&checked_name(&new.name)?, &signed_in.author(&state)).await?;
    tracing::info!(tenant.id = %made.id, "a business was made");
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Gives a business another name.
#[utoipa::path(
    patch, operation_id = "change_tenant", path = "/api/v1/tenants/{id}", tag = "tenants", request_body = TenantName,
    params(("id" = String, Path, description = "`ten_…`")),
    responses(
        (status = 200, body = Tenant),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 422, description = "`invalid_name`", body = ProblemBody),
    )
)]
pub(crate) async fn change(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<TenantId>,
    Body(change): Body<TenantName>,
) -> Answer<Tenant> {
    let scope = Scope::of_the_exchange(id);
    state.store().tenants().current(&scope).await?;
    let name = checked_name(&change.name)?;
    let renamed = state.store().tenants().rename(&scope, &name, &signed_in.author(&state)).await?;
    Ok(Json(renamed.into()))
}
