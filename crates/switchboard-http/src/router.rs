//! All routes, and the order in which a request passes what stands before them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use switchboard_engine::Engine;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};
use tower_http::csrf::{CsrfLayer, ProtectionError};
use tower_http::request_id::{PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::v1;
use crate::auth::request_rate;
use crate::auth::{access, login, session_store, setup};
use crate::error::{Code, Problem, as_problem, panicked};
use crate::input::MAX_JSON_BODY;
use crate::middleware::admission::{self, API_REQUESTS_AT_ONCE, WEBHOOKS_AT_ONCE};
use crate::middleware::request_id::{self, FreshId, REQUEST_ID};
use crate::middleware::security_headers;
use crate::state::{AppState, HttpConfig};
use crate::{health, metrics, openapi, provider_webhook};

/// The longest a request may take; an answer that comes later helps nobody. Opening a live stream is one request.
const API_TIMEOUT: Duration = Duration::from_secs(30);
/// The provider gives up on a webhook after some seconds and repeats it.
const WEBHOOK_TIMEOUT: Duration = Duration::from_secs(10);

/// Everything `switchboard serve` answers: API, live stream, webhook, health, documentation, console.
///
/// Serve it with `into_make_service_with_connect_info::<SocketAddr>()`: limits per address need the peer.
pub fn router(engine: Engine, config: HttpConfig) -> Router {
    let state = AppState::new(engine, config);
    let api = api_routes().split_for_parts().0;
    let webhook = webhook_routes().split_for_parts().0;
    let open = open_routes().split_for_parts().0;
    Router::new()
        .merge(guarded(api, &state))
        .merge(
            webhook.layer(
                tower::ServiceBuilder::new()
                    .layer(from_fn(as_problem))
                    .layer(from_fn_with_state(Arc::new(Semaphore::new(WEBHOOKS_AT_ONCE)), admission::admit))
                    .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, WEBHOOK_TIMEOUT)),
            ),
        )
        .merge(
            open.layer(
                tower::ServiceBuilder::new().layer(from_fn(as_problem)).layer(CompressionLayer::new()),
            ),
        )
        .merge(openapi::docs_page())
        .merge(switchboard_console::docs_router())
        // The console's router answers every other path; below /api nothing may look like a page.
        .route("/api", axum::routing::any(nothing_here))
        .route("/api/{*rest}", axum::routing::any(nothing_here))
        .fallback_service(switchboard_console::console_router())
        .layer(
            tower::ServiceBuilder::new()
                .layer(from_fn(request_id::distrust))
                .layer(SetRequestIdLayer::new(REQUEST_ID, FreshId))
                .layer(PropagateRequestIdLayer::new(REQUEST_ID))
                .layer(
                    TraceLayer::new_for_http()
                        .make_span_with(request_id::span::<axum::body::Body>)
                        .on_request(())
                        // Who answers 5xx says why where it happens; a second line here would say it less well.
                        .on_failure(()),
                )
                .layer(from_fn(metrics::count))
                .layer(from_fn_with_state(state.clone(), security_headers::add))
                .layer(CatchPanicLayer::custom(panicked)),
        )
        .with_state(state)
}

/// The API behind its gates, outermost first: form of errors, admission, rate, time-out, origin, session, access table.
fn guarded(api: Router<AppState>, state: &AppState) -> Router<AppState> {
    let config = state.config();
    api.route_layer(from_fn_with_state(state.clone(), access::guard)).layer(
        tower::ServiceBuilder::new()
            // Sound is compressed already, and a range counts the bytes as they are.
            .layer(
                CompressionLayer::new()
                    .compress_when(DefaultPredicate::new().and(NotForContentType::const_new("audio/"))),
            )
            .layer(from_fn(as_problem))
            .layer(from_fn_with_state(Arc::new(Semaphore::new(API_REQUESTS_AT_ONCE)), admission::admit))
            .layer(from_fn_with_state(state.clone(), request_rate::limit))
            .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, API_TIMEOUT))
            .layer(same_origin(&config.public_url))
            .layer(session_store::layer(state.engine().clone(), &config.public_url))
            .layer(DefaultBodyLimit::max(MAX_JSON_BODY)),
    )
}

type Refusal = fn(ProtectionError) -> Response;

/// Unsafe methods come from our own pages, or from something that is no browser.
fn same_origin(public_url: &url::Url) -> CsrfLayer<Refusal> {
    let refuse: Refusal = |_| {
        Problem::new(
            Code::ForeignOrigin,
            "The request comes from another site. Open the console by the address in SWITCHBOARD_PUBLIC_URL.",
        )
        .into_response()
    };
    let layer = CsrfLayer::new();
    let layer = match layer.clone().add_trusted_origin(public_url.origin().ascii_serialization()) {
        Ok(trusting) => trusting,
        Err(error) => {
            tracing::warn!(error = %error, "the public URL is no origin a browser could send; only same-host pages may write");
            layer
        }
    };
    layer.with_rejection_response(refuse)
}

/// REST and the live stream: each route stands in the access table.
pub(crate) fn api_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(v1::server::server))
        .routes(routes!(setup::setup))
        .routes(routes!(login::login))
        .routes(routes!(login::logout))
        .routes(routes!(v1::me::get, v1::me::patch))
        .routes(routes!(v1::calls::list::list, v1::calls::place::place))
        .routes(routes!(v1::eligibility::check))
        .routes(routes!(v1::calls::get::get))
        .routes(routes!(v1::calls::answer::answer))
        .routes(routes!(v1::calls::decline::decline))
        .routes(routes!(v1::calls::reject::reject))
        .routes(routes!(v1::calls::hang_up::hang_up))
        .routes(routes!(v1::calls::recording::start))
        .routes(routes!(v1::calls::recording::pause))
        .routes(routes!(v1::calls::recording::resume))
        .routes(routes!(v1::calls::recording::stop))
        .routes(routes!(v1::numbers::list))
        .routes(routes!(v1::numbers::settings::get, v1::numbers::settings::patch))
        .routes(routes!(v1::numbers::calling::get, v1::numbers::calling::patch))
        .routes(routes!(v1::numbers::calling::refresh))
        .routes(routes!(v1::numbers::hours::get, v1::numbers::hours::put))
        .routes(routes!(v1::numbers::hours::status))
        .routes(routes!(v1::numbers::hours::at_meta::get))
        .routes(routes!(v1::numbers::hours::at_meta::push))
        .routes(routes!(v1::numbers::hours::at_meta::take))
        .routes(routes!(v1::numbers::safeguards::get, v1::numbers::safeguards::patch))
        .routes(routes!(v1::numbers::safeguards::lift))
        // Nearer to its route than the limit of JSON bodies, so this one counts.
        .merge(
            OpenApiRouter::new()
                .routes(routes!(
                    v1::numbers::announcement::get,
                    v1::numbers::announcement::put,
                    v1::numbers::announcement::delete
                ))
                .layer(DefaultBodyLimit::max(v1::numbers::announcement::MAX_UPLOAD)),
        )
        .routes(routes!(v1::numbers::links::link))
        .routes(routes!(v1::numbers::links::picture))
        .routes(routes!(v1::numbers::links::templates))
        .routes(routes!(v1::contacts::list, v1::contacts::create))
        .merge(
            OpenApiRouter::new()
                .routes(routes!(v1::contacts::import::create))
                .layer(DefaultBodyLimit::max(v1::contacts::import::MAX_UPLOAD)),
        )
        .routes(routes!(v1::contacts::import::get))
        .routes(routes!(v1::contacts::get, v1::contacts::patch, v1::contacts::delete))
        .routes(routes!(v1::contacts::messages::list, v1::contacts::messages::create))
        .routes(routes!(v1::contacts::consents::list, v1::contacts::consents::create))
        .routes(routes!(v1::contacts::consents::remove))
        .routes(routes!(v1::permissions::list))
        .routes(routes!(v1::permissions::request))
        .routes(routes!(v1::permissions::refresh))
        .routes(routes!(v1::permissions::get))
        .routes(routes!(v1::blocked_callers::list, v1::blocked_callers::create))
        .routes(routes!(v1::blocked_callers::remove))
        .routes(routes!(v1::webhook_relays::list, v1::webhook_relays::create))
        .routes(routes!(v1::webhook_relays::change, v1::webhook_relays::delete))
        .routes(routes!(v1::webhook_relays::test))
        .routes(routes!(v1::alerts::list))
        .routes(routes!(v1::alerts::acknowledge))
        .routes(routes!(v1::owed::deliveries))
        .routes(routes!(v1::owed::retry_delivery))
        .routes(routes!(v1::owed::discard_delivery))
        .routes(routes!(v1::owed::jobs))
        .routes(routes!(v1::owed::retry_job))
        .routes(routes!(v1::owed::discard_job))
        .routes(routes!(v1::users::list, v1::users::create))
        .routes(routes!(v1::users::change))
        .routes(routes!(v1::recordings::list))
        .routes(routes!(v1::recordings::get, v1::recordings::delete))
        .routes(routes!(v1::recordings::audio::audio))
        .routes(routes!(v1::recordings::peaks))
        .routes(routes!(v1::invitations::list, v1::invitations::create))
        .routes(routes!(v1::invitations::accept))
        .routes(routes!(v1::invitations::delete))
        .routes(routes!(v1::invitations::read))
        .routes(routes!(v1::password_resets::ask))
        .routes(routes!(v1::password_resets::complete))
        .routes(routes!(v1::password_resets::create))
        .routes(routes!(v1::password_resets::change))
        .routes(routes!(v1::branches::list, v1::branches::create))
        .routes(routes!(v1::branches::change, v1::branches::delete))
        .routes(routes!(v1::tenants::list, v1::tenants::create))
        .routes(routes!(v1::tenants::change))
        .routes(routes!(v1::settings::get, v1::settings::patch))
        .routes(routes!(v1::api_keys::list, v1::api_keys::create))
        .routes(routes!(v1::api_keys::delete))
        .routes(routes!(v1::audit::list))
        .routes(routes!(v1::audit::export))
        .routes(routes!(v1::events::events))
}

/// The provider's entrance: no cookie, no session, no compression.
pub(crate) fn webhook_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(provider_webhook::handshake_or_capacity, provider_webhook::receive))
}

/// For everybody.
pub(crate) fn open_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(metrics::metrics))
        .routes(routes!(openapi::document))
}

async fn nothing_here(_: Request) -> Problem {
    Problem::not_found()
}
