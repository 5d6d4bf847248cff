//! What a page needs to know before anybody is signed in.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::v1::me::LANGUAGES;
use crate::error::Answer;
use crate::state::AppState;

/// This server.
#[derive(Serialize, ToSchema)]
pub(crate) struct Server {
    /// `Switchboard`.
    #[schema(example = "Switchboard")]
    name: &'static str,
    /// Its version.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// The provider is a simulator: no real customer is reached.
    sandbox: bool,
    /// There is no account yet: `POST /api/v1/setup` makes the first.
    needs_setup: bool,
    /// The server is being stopped: live calls go on, new ones are not taken.
    draining: bool,
    /// Where a person can play the customer.
    phone_page_url: Option<String>,
    /// Languages of the console.
    #[schema(example = json!(["en", "es", "pt-BR"]))]
    languages: &'static [&'static str],
}

/// Name, version, and whether the first account has been made.
#[utoipa::path(get, path = "/api/v1/server", tag = "server", responses((status = 200, body = Server)))]
pub(crate) async fn server(State(state): State<AppState>) -> Answer<Server> {
    Ok(Json(Server {
        name: "Switchboard",
        version: env!("CARGO_PKG_VERSION"),
        sandbox: state.config().sandbox,
        needs_setup: !state.store().users().any().await?,
        draining: state.engine().is_draining(),
        phone_page_url: state.config().phone_page_url.as_ref().map(ToString::to_string),
        languages: LANGUAGES,
    }))
}
