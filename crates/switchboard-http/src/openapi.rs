//! The contract: `/api/openapi.json`, and a page to read it.

use std::collections::BTreeSet;

use axum::{Json, Router};
use switchboard_engine::events::{ClientMessage, ServerMessage};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi as Document, SecurityRequirement};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::auth::access::{Needs, ROUTES};
use crate::auth::session_store::SESSION_COOKIE;
use crate::error::{Code, ProblemBody};
use crate::router::{api_routes, open_routes, webhook_routes};
use crate::state::AppState;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Switchboard",
        description = "Telephone exchange for WhatsApp Business Calling.\n\n\
            Bodies are JSON in `snake_case`, moments are RFC 3339 in UTC, ids are `prefix_…`. Errors are \
            `application/problem+json` with a `code` that stays. People sign in and get a cookie; programs send \
            `Authorization: Bearer <API key>`. Writing requests of browsers must come from the server's own pages.\n\n\
            `GET /api/v1/events` with `Upgrade: websocket` is the live stream: the server sends `ServerMessage`s \
            (the first is `hello`), the client sends `ClientMessage`s, one JSON text each."
    ),
    tags(
        (name = "server", description = "Before anybody is signed in"),
        (name = "sign-in", description = "First account, sessions"),
        (name = "me", description = "Who I am"),
        (name = "calls", description = "Lists, stories, and what can be done to a live call"),
        (name = "recordings", description = "What was recorded of calls"),
        (name = "numbers", description = "The business's numbers"),
        (name = "contacts", description = "Customers: who they are, what they write, what they said about being called"),
        (name = "permissions", description = "What customers allow: by the provider's rules and our own"),
        (name = "webhook-relays", description = "Where Meta's webhooks are passed on to"),
        (name = "alerts", description = "What somebody should look at"),
        (name = "owed", description = "What is on its way, and what was given up"),
        (name = "users", description = "The people of a business"),
        (name = "branches", description = "Parts of a business"),
        (name = "settings", description = "What a business decides about its people"),
        (name = "api-keys", description = "Keys of programs"),
        (name = "audit", description = "Who did what"),
        (name = "tenants", description = "For the operator: the businesses of an installation. With the header `Switchboard-Tenant: ten_…` an operator acts for one of them"),
        (name = "events", description = "The event log and the live stream"),
        (name = "provider", description = "Where the provider's webhooks arrive"),
        (name = "operation", description = "For whoever runs the server"),
        (name = "errors", description = ""),
    ),
    components(schemas(ServerMessage, ClientMessage, ProblemBody)),
    modifiers(&Credentials)
)]
struct Frame;

/// Names the two kinds of credentials, and on each operation what it needs: straight from the access table.
struct Credentials;

impl Modify for Credentials {
    fn modify(&self, openapi: &mut Document) {
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme(
            "session",
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(SESSION_COOKIE))),
        );
        components.add_security_scheme(
            "api_key",
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
        );
    }
}

/// The contract of this version.
#[must_use]
pub fn openapi() -> Document {
    let mut document = Frame::openapi();
    for part in [api_routes(), webhook_routes(), open_routes()] {
        document.merge(OpenApiRouter::<AppState>::into_openapi(part));
    }
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in [
            (http::Method::GET, &mut item.get),
            (http::Method::POST, &mut item.post),
            (http::Method::PATCH, &mut item.patch),
            (http::Method::PUT, &mut item.put),
            (http::Method::DELETE, &mut item.delete),
        ] {
            let Some(operation) = operation else { continue };
            let needs = ROUTES
                .iter()
                .find(|route| route.method == method && route.path == path)
                .map(|route| route.needs);
            let none: [&str; 0] = [];
            operation.security = match needs {
                Some(Needs::Role(_)) => Some(vec![
                    SecurityRequirement::new("session", none),
                    SecurityRequirement::new("api_key", none),
                ]),
                Some(Needs::Person(_)) => Some(vec![SecurityRequirement::new("session", none)]),
                Some(Needs::Nothing) | None => None,
            };
        }
    }
    if let Some(tag) = document.tags.iter_mut().flatten().find(|tag| tag.name == "errors") {
        tag.description = Some(table_of_codes());
    }
    document
}

fn table_of_codes() -> String {
    let mut text =
        "Every `code` a refusal can carry:\n\n| code | status | meaning |\n| --- | --- | --- |\n".to_owned();
    for code in Code::ALL {
        text.push_str(&format!("| `{}` | {} | {} |\n", code.as_str(), code.status().as_u16(), code.title()));
    }
    text
}

/// `GET /path` of every operation.
#[cfg_attr(not(test), expect(dead_code, reason = "the access table is compared with it"))]
pub(crate) fn operations(document: &Document) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (path, item) in &document.paths.paths {
        for (method, operation) in [
            ("GET", &item.get),
            ("POST", &item.post),
            ("PATCH", &item.patch),
            ("PUT", &item.put),
            ("DELETE", &item.delete),
        ] {
            if operation.is_some() {
                all.insert(format!("{method} {path}"));
            }
        }
    }
    all
}

/// This contract.
#[utoipa::path(
    get, path = "/api/openapi.json", tag = "operation",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value))
)]
pub(crate) async fn document() -> Json<Document> {
    Json(openapi())
}

/// The page to read it, with its own copy of Swagger UI: nothing is fetched from elsewhere.
pub(crate) fn docs_page() -> Router<AppState> {
    SwaggerUi::new("/api/docs").config(Config::from("/api/openapi.json").use_base_layout()).into()
}
