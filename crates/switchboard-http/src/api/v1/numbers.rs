//! The business's numbers.

pub(crate) mod announcement;
pub(crate) mod calling;
pub(crate) mod hours;
pub(crate) mod links;
pub(crate) mod safeguards;
pub(crate) mod settings;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use switchboard_store::numbers;
use utoipa::ToSchema;

use crate::auth::actor::SignedIn;
use crate::error::{Answer, ProblemBody};
use crate::state::AppState;

/// A business number.
#[derive(Serialize, ToSchema)]
pub(crate) struct Number {
    /// `num_…`
    id: String,
    /// What the business calls it.
    name: String,
    /// In international form.
    display_phone: String,
    /// Calls of customers are taken.
    calling_enabled: bool,
    /// People may call customers from it.
    business_calls_enabled: bool,
    /// `agents`, `echo`.
    destination: &'static str,
    /// `br_…`
    branch_id: Option<String>,
}

/// All numbers I may see.
#[derive(Serialize, ToSchema)]
pub(crate) struct Numbers {
    /// By name.
    items: Vec<Number>,
}

impl From<numbers::Number> for Number {
    fn from(row: numbers::Number) -> Self {
        Self {
            id: row.id.to_string(),
            name: row.name,
            display_phone: row.display_phone,
            calling_enabled: row.calling_enabled,
            business_calls_enabled: row.business_calls_enabled,
            destination: row.destination.as_str(),
            branch_id: row.branch.map(|branch| branch.to_string()),
        }
    }
}

/// The numbers I may see.
#[utoipa::path(
    get, operation_id = "list_numbers", path = "/api/v1/numbers", tag = "numbers",
    responses((status = 200, body = Numbers), (status = 401, body = ProblemBody))
)]
pub(crate) async fn list(State(state): State<AppState>, signed_in: SignedIn) -> Answer<Numbers> {
    let rows = state.store().numbers().list(&signed_in.actor.scope).await?;
    Ok(Json(Numbers { items: rows.into_iter().map(Number::from).collect() }))
}
