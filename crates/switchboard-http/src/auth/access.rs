//! The one table that says who may use which route, and the guard that reads it.
//!
//! The guard refuses what is not in the table, so a new route answers nobody until it has its line here; a test
//! compares the table with the OpenAPI file in both directions.

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, header};
use switchboard_core::access::Role;
use tower_sessions::Session;

use crate::auth::actor;
use crate::error::{Code, Problem};
use crate::middleware::client_address::ClientAddress;
use crate::state::AppState;

/// What a route asks of who calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Nothing: it answers everybody.
    Nothing,
    /// A person or a key with at least this role.
    Role(Role),
    /// A person who is signed in, with at least this role; keys are refused.
    Person(Role),
}

/// One route.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    /// `GET`, `POST` …
    pub(crate) method: Method,
    /// The path as it is mounted, `{id}` included.
    pub(crate) path: &'static str,
    /// Who may use it.
    pub(crate) needs: Needs,
}

const fn route(method: Method, path: &'static str, needs: Needs) -> Route {
    Route { method, path, needs }
}

/// Every route that is not a file.
pub(crate) const ROUTES: &[Route] = &[
    route(Method::GET, "/healthz", Needs::Nothing),
    route(Method::GET, "/readyz", Needs::Nothing),
    // Looks for itself: this machine, or a key that may read it.
    route(Method::GET, "/metrics", Needs::Nothing),
    route(Method::GET, "/api/openapi.json", Needs::Nothing),
    // The provider signs its requests; the capacity report holds totals only.
    route(Method::GET, "/api/whatsapp/calling", Needs::Nothing),
    route(Method::POST, "/api/whatsapp/calling", Needs::Nothing),
    route(Method::GET, "/api/v1/server", Needs::Nothing),
    route(Method::POST, "/api/v1/setup", Needs::Nothing),
    route(Method::POST, "/api/v1/login", Needs::Nothing),
    route(Method::POST, "/api/v1/logout", Needs::Person(Role::Agent)),
    route(Method::GET, "/api/v1/me", Needs::Person(Role::Agent)),
    route(Method::PATCH, "/api/v1/me", Needs::Person(Role::Agent)),
    route(Method::GET, "/api/v1/calls", Needs::Role(Role::Agent)),
    // The engine looks whose line it is to be.
    route(Method::POST, "/api/v1/calls", Needs::Role(Role::Agent)),
    route(Method::GET, "/api/v1/eligibility", Needs::Role(Role::Agent)),
    route(Method::GET, "/api/v1/calls/{id}", Needs::Role(Role::Agent)),
    route(Method::POST, "/api/v1/calls/{id}/answer", Needs::Person(Role::Agent)),
    route(Method::POST, "/api/v1/calls/{id}/decline", Needs::Person(Role::Agent)),
    route(Method::POST, "/api/v1/calls/{id}/reject", Needs::Role(Role::Agent)),
    route(Method::POST, "/api/v1/calls/{id}/hang-up", Needs::Role(Role::Agent)),
    // The one whose call it is, or a supervisor: the engine looks.
    route(Method::POST, "/api/v1/calls/{id}/recording/start", Needs::Role(Role::Agent)),
    route(Method::POST, "/api/v1/calls/{id}/recording/pause", Needs::Role(Role::Agent)),
    route(Method::POST, "/api/v1/calls/{id}/recording/resume", Needs::Role(Role::Agent)),
    route(Method::POST, "/api/v1/calls/{id}/recording/stop", Needs::Role(Role::Agent)),
    route(Method::GET, "/api/v1/numbers", Needs::Role(Role::Agent)),
    route(Method::GET, "/api/v1/numbers/{id}", Needs::Role(Role::Agent)),
    route(Method::PATCH, "/api/v1/numbers/{id}", Needs::Role(Role::Admin)),
    route(Method::GET, "/api/v1/numbers/{id}/recording-announcement", Needs::Role(Role::Admin)),
    route(Method::PUT, "/api/v1/numbers/{id}/recording-announcement", Needs::Role(Role::Admin)),
    route(Method::DELETE, "/api/v1/numbers/{id}/recording-announcement", Needs::Role(Role::Admin)),
    route(Method::GET, "/api/v1/numbers/{id}/calling", Needs::Role(Role::Supervisor)),
    route(Method::PATCH, "/api/v1/numbers/{id}/calling", Needs::Role(Role::Admin)),
    route(Method::POST, "/api/v1/numbers/{id}/calling/refresh", Needs::Role(Role::Admin)),
    route(Method::GET, "/api/v1/numbers/{id}/hours", Needs::Role(Role::Agent)),
    route(Method::PUT, "/api/v1/numbers/{id}/hours", Needs::Role(Role::Admin)),
    route(Method::GET, "/api/v1/numbers/{id}/hours/status", Needs::Role(Role::Agent)),
    route(Method::GET, "/api/v1/numbers/{id}/hours/meta", Needs::Role(Role::Supervisor)),
    route(Method::POST, "/api/v1/numbers/{id}/hours/push", Needs::Role(Role::Admin)),
    route(Method::POST, "/api/v1/numbers/{id}/hours/take", Needs::Role(Role::Admin)),
    route(Method::GET, "/api/v1/numbers/{id}/safeguards", Needs::Role(Role::Supervisor)),
    route(Method::PATCH, "/api/v1/numbers/{id}/safeguards", Needs::Role(Role::Admin)),
    route(Method::POST, "/api/v1/numbers/{id}/safeguards/lift", Needs::Role(Role::Admin)),
    route(Method::GET, "/api/v1/numbers/{id}/call-link", Needs::Role(Role::Agent)),
    route(Method::GET, "/api/v1/numbers/{id}/call-link.svg", Needs::Role(Role::Agent)),
    route(Method::GET, "/api/v1/numbers/{id}/templates", Needs::Role(Role::Agent)),
    route(Method::GET, "/api/v1/contacts", Needs::Role(Role::Agent)),
    route(Method::POST, "/api/v1/contacts", Needs::Role(Role::Agent)),
    route(Method::POST, "/api/v1/contacts/import", Needs::Role(Role::Admin)),
    route(Method::GET, "/api/v1/contacts/imports/{id}", Needs::Role(Role::Admin)),
    route(Method::GET, "/api/v1/contacts/{id}", Needs::Role(Role::Agent)),
    // Owner, branch and automation are for supervisors: the handler looks.
    route(Method::PATCH, "/api/v1/contacts/{id}", Needs::Role(Role::Agent)),
    route(Method::DELETE, "/api/v1/contacts/{id}", Needs::Role(Role::Supervisor)),
    route(Method::GET, "/api/v1/contacts/{id}/messages", Needs::Role(Role::Agent)),
    route(Method::POST, "/api/v1/contacts/{id}/messages", Needs::Role(Role::Agent)),
    route(Method::GET, "/api/v1/contacts/{id}/consents", Needs::Role(Role::Agent)),
    route(Method::POST, "/api/v1/contacts/{id}/consents", Needs::Role(Role::Agent)),
    route(Method::DELETE, "/api/v1/consents/{id}", Needs::Role(Role::Supervisor)),
    route(Method::GET, "/api/v1/permissions", Needs::Role(Role::Agent)),
    route(Method::POST, "/api/v1/permissions/request", Needs::Role(Role::Agent)),
    route(Method::POST, "/api/v1/permissions/refresh", Needs::Role(Role::Agent)),
    route(Method::GET, "/api/v1/permissions/{id}/{number_id}", Needs::Role(Role::Agent)),
    route(Method::GET, "/api/v1/blocked-callers", Needs::Role(Role::Supervisor)),
    route(Method::POST, "/api/v1/blocked-callers", Needs::Role(Role::Supervisor)),
    route(Method::DELETE, "/api/v1/blocked-callers/{id}", Needs::Role(Role::Supervisor)),
    route(Method::GET, "/api/v1/webhook-relays", Needs::Role(Role::Admin)),
    route(Method::POST, "/api/v1/webhook-relays", Needs::Role(Role::Admin)),
    route(Method::PATCH, "/api/v1/webhook-relays/{id}", Needs::Role(Role::Admin)),
    route(Method::DELETE, "/api/v1/webhook-relays/{id}", Needs::Role(Role::Admin)),
    route(Method::POST, "/api/v1/webhook-relays/{id}/test", Needs::Role(Role::Admin)),
    route(Method::GET, "/api/v1/alerts", Needs::Role(Role::Supervisor)),
    route(Method::POST, "/api/v1/alerts/{id}/acknowledge", Needs::Role(Role::Admin)),
    route(Method::GET, "/api/v1/deliveries", Needs::Role(Role::Admin)),
    route(Method::POST, "/api/v1/deliveries/{id}/retry", Needs::Role(Role::Admin)),
    route(Method::POST, "/api/v1/deliveries/{id}/discard", Needs::Role(Role::Admin)),
    route(Method::GET, "/api/v1/jobs", Needs::Role(Role::Admin)),
    route(Method::POST, "/api/v1/jobs/{id}/retry", Needs::Role(Role::Admin)),
    route(Method::POST, "/api/v1/jobs/{id}/discard", Needs::Role(Role::Admin)),
    route(Method::GET, "/api/v1/users", Needs::Role(Role::Supervisor)),
    route(Method::POST, "/api/v1/users", Needs::Role(Role::Admin)),
    route(Method::PATCH, "/api/v1/users/{id}", Needs::Role(Role::Admin)),
    route(Method::GET, "/api/v1/recordings", Needs::Role(Role::Agent)),
    route(Method::GET, "/api/v1/recordings/{id}", Needs::Role(Role::Agent)),
    route(Method::DELETE, "/api/v1/recordings/{id}", Needs::Role(Role::Admin)),
    route(Method::GET, "/api/v1/recordings/{id}/audio", Needs::Role(Role::Agent)),
    route(Method::GET, "/api/v1/recordings/{id}/peaks", Needs::Role(Role::Agent)),
    route(Method::POST, "/api/v1/users/{id}/password-reset", Needs::Role(Role::Admin)),
    route(Method::GET, "/api/v1/invitations", Needs::Role(Role::Admin)),
    route(Method::POST, "/api/v1/invitations", Needs::Role(Role::Admin)),
    route(Method::DELETE, "/api/v1/invitations/{id}", Needs::Role(Role::Admin)),
    // Whoever has the link; each looks at its token.
    route(Method::GET, "/api/v1/invitations/by-token/{token}", Needs::Nothing),
    route(Method::POST, "/api/v1/invitations/accept", Needs::Nothing),
    route(Method::POST, "/api/v1/password-resets", Needs::Nothing),
    route(Method::POST, "/api/v1/password-resets/complete", Needs::Nothing),
    route(Method::POST, "/api/v1/me/password", Needs::Person(Role::Agent)),
    route(Method::GET, "/api/v1/branches", Needs::Role(Role::Agent)),
    route(Method::POST, "/api/v1/branches", Needs::Role(Role::Admin)),
    route(Method::PATCH, "/api/v1/branches/{id}", Needs::Role(Role::Admin)),
    route(Method::DELETE, "/api/v1/branches/{id}", Needs::Role(Role::Admin)),
    route(Method::GET, "/api/v1/tenants", Needs::Role(Role::Operator)),
    route(Method::POST, "/api/v1/tenants", Needs::Role(Role::Operator)),
    route(Method::PATCH, "/api/v1/tenants/{id}", Needs::Role(Role::Operator)),
    route(Method::GET, "/api/v1/settings", Needs::Role(Role::Admin)),
    route(Method::PATCH, "/api/v1/settings", Needs::Role(Role::Admin)),
    route(Method::GET, "/api/v1/api-keys", Needs::Role(Role::Admin)),
    route(Method::POST, "/api/v1/api-keys", Needs::Role(Role::Admin)),
    route(Method::DELETE, "/api/v1/api-keys/{id}", Needs::Role(Role::Admin)),
    route(Method::GET, "/api/v1/audit", Needs::Role(Role::Admin)),
    route(Method::GET, "/api/v1/audit.csv", Needs::Role(Role::Admin)),
    route(Method::GET, "/api/v1/events", Needs::Role(Role::Agent)),
];

/// What this route needs; `None`: nobody has said so, and nobody gets in.
pub(crate) fn needs(method: &Method, path: &str) -> Option<Needs> {
    let method = if method == Method::HEAD { &Method::GET } else { method };
    ROUTES.iter().find(|route| route.method == *method && route.path == path).map(|route| route.needs)
}

/// Lets a request through to its handler, with the signed-in person or key beside it.
pub(crate) async fn guard(
    State(state): State<AppState>,
    path: MatchedPath,
    session: Session,
    address: ClientAddress,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(needs) = needs(request.method(), path.as_str()) else {
        return undeclared(path.as_str());
    };
    if needs == Needs::Nothing {
        return next.run(request).await;
    }
    let mut signed_in = match actor::identify(&state, request.headers(), &session, address).await {
        Ok(signed_in) => signed_in,
        Err(problem) => return problem.into_response(),
    };
    if let Err(problem) = check(needs, signed_in.actor.scope.role, signed_in.actor.is_person) {
        return problem.into_response();
    }
    if let Needs::Role(_) = needs
        && let Err(problem) = actor::act_for_tenant(&state, request.headers(), &mut signed_in).await
    {
        return problem.into_response();
    }
    request.extensions_mut().insert(signed_in);
    next.run(request).await
}

/// A method this path does not take, or a route nobody has declared.
fn undeclared(path: &str) -> Response {
    let methods: Vec<&str> =
        ROUTES.iter().filter(|route| route.path == path).map(|route| route.method.as_str()).collect();
    if methods.is_empty() {
        tracing::warn!(path, "a route without a line in the access table was refused");
        return Problem::not_found().into_response();
    }
    let methods = methods.join(", ");
    let mut response =
        Problem::new(Code::MethodNotAllowed, format!("This address takes {methods}.")).into_response();
    if let Ok(allow) = HeaderValue::from_str(&methods) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

fn check(needs: Needs, role: Role, is_person: bool) -> Result<(), Problem> {
    let (least, person) = match needs {
        Needs::Nothing => return Ok(()),
        Needs::Role(least) => (least, false),
        Needs::Person(least) => (least, true),
    };
    if person && !is_person {
        return Err(Problem::new(
            Code::NeedsAPerson,
            "An API key has no line and no account. Sign in as a person.",
        ));
    }
    if role < least {
        return Err(Problem::new(Code::Forbidden, format!("This needs the role {}.", least.as_str())));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Open to everybody, said a second time and on purpose: adding one takes two hands.
    const PUBLIC: &[&str] = &[
        "GET /api/openapi.json",
        "GET /api/v1/invitations/by-token/{token}",
        "GET /api/v1/server",
        "GET /api/whatsapp/calling",
        "GET /healthz",
        "GET /metrics",
        "GET /readyz",
        "POST /api/v1/invitations/accept",
        "POST /api/v1/login",
        "POST /api/v1/password-resets",
        "POST /api/v1/password-resets/complete",
        "POST /api/v1/setup",
        "POST /api/whatsapp/calling",
    ];

    #[test]
    fn the_table_and_the_documented_routes_are_the_same() {
        let table: BTreeSet<String> =
            ROUTES.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
        assert_eq!(table.len(), ROUTES.len(), "a route stands in the table twice");
        let documented: BTreeSet<String> = crate::openapi::operations(&crate::openapi::openapi());
        assert_eq!(table, documented);
    }

    #[test]
    fn nothing_is_public_by_accident() {
        let public: Vec<String> = ROUTES
            .iter()
            .filter(|route| route.needs == Needs::Nothing)
            .map(|route| format!("{} {}", route.method, route.path))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        assert_eq!(public, PUBLIC);
    }

    #[test]
    fn a_route_nobody_has_declared_is_open_to_nobody() {
        assert_eq!(needs(&Method::DELETE, "/api/v1/calls/{id}"), None);
        assert_eq!(needs(&Method::HEAD, "/api/v1/calls"), Some(Needs::Role(Role::Agent)));
        assert_eq!(undeclared("/api/v1/secret").status(), http::StatusCode::NOT_FOUND);
        let other_method = undeclared("/api/v1/me");
        assert_eq!(other_method.status(), http::StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(other_method.headers()[header::ALLOW], "GET, PATCH");
    }

    #[test]
    fn a_weaker_role_and_a_key_are_refused_where_they_must_be() {
        assert!(check(Needs::Role(Role::Admin), Role::Supervisor, true).is_err());
        assert!(check(Needs::Role(Role::Agent), Role::Operator, false).is_ok());
        let refused = check(Needs::Person(Role::Agent), Role::Operator, false).expect_err("a key");
        assert_eq!(refused.code(), Code::NeedsAPerson);
    }
}
