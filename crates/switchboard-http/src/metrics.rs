//! `GET /metrics`: what Prometheus reads.
//!
//! Every crate counts with the `metrics` facade where things happen; here the numbers are gathered. What is a state
//! and not an event (how many calls, how full a queue) is looked up when somebody asks.

mod catalogue;

use std::sync::OnceLock;
use std::time::Duration;

use axum::Extension;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, header};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;
use switchboard_core::access::KeyScope;
use switchboard_engine::clock::Stopwatch;

use crate::auth::{actor, api_key};
use crate::error::{Code, Problem};
use crate::state::AppState;

/// The content type of the text format, version included, as Prometheus asks for it.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// How often samples that nobody has read are folded into their histograms.
const FOLD_EVERY: Duration = Duration::from_secs(5);
/// The longest the database is asked for its share; the rest is told without it.
const ASK_AT_MOST: Duration = Duration::from_secs(2);
/// Headers that say a request was passed on by somebody.
const PASSED_ON: [HeaderName; 4] = [
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-real-ip"),
    header::FORWARDED,
    header::VIA,
];

/// What this process has counted.
struct Gathered {
    handle: PrometheusHandle,
    process: Collector,
}

static GATHERED: OnceLock<Option<Gathered>> = OnceLock::new();

/// Starts counting: what was counted before the first call of this is lost. Safe to call again.
pub fn start_counting() {
    if gathered().is_none() {
        return;
    }
    static FOLDING: OnceLock<()> = OnceLock::new();
    FOLDING.get_or_init(|| {
        // A thread and no task: in tests the runtime of the first exchange ends long before the process does.
        let folding = std::thread::Builder::new().name("metrics".into()).spawn(|| {
            loop {
                std::thread::sleep(FOLD_EVERY);
                if let Some(gathered) = gathered() {
                    gathered.handle.run_upkeep();
                }
            }
        });
        if let Err(error) = folding {
            tracing::warn!(%error, "histograms are folded only when somebody reads the metrics");
        }
    });
}

fn gathered() -> Option<&'static Gathered> {
    let gathered = GATHERED.get_or_init(|| match install() {
        Ok(handle) => {
            let process = Collector::default();
            process.describe();
            catalogue::describe();
            metrics::gauge!("switchboard_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
            Some(Gathered { handle, process })
        }
        Err(error) => {
            tracing::warn!(%error, "nothing is counted: /metrics has nothing to tell");
            None
        }
    });
    gathered.as_ref()
}

fn install() -> Result<PrometheusHandle, BuildError> {
    let mut builder = PrometheusBuilder::new();
    for metric in catalogue::METRICS {
        if let Some(buckets) = metric.kind.buckets() {
            builder = builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), buckets)?;
        }
    }
    builder.install_recorder()
}

/// Everything this server has counted, in Prometheus's text format. From this machine itself, or with an API key that
/// may read it.
#[utoipa::path(
    get, path = "/metrics", tag = "operation",
    responses(
        (status = 200, description = "Prometheus text format; docs/reference/metrics.md explains each line.", body = String, content_type = "text/plain"),
        (status = 401, description = "`not_signed_in`, `wrong_api_key`", body = crate::error::ProblemBody),
        (status = 403, description = "`forbidden`", body = crate::error::ProblemBody),
        (status = 503, description = "`unavailable`", body = crate::error::ProblemBody),
    )
)]
pub(crate) async fn metrics(
    State(state): State<AppState>,
    peer: Option<Extension<ConnectInfo<std::net::SocketAddr>>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let peer = peer.map(|Extension(ConnectInfo(peer))| peer.ip());
    if !peer.is_some_and(|peer| is_this_machine(peer, &headers)) {
        may_read(&state, &headers).await?;
    }
    let Some(gathered) = gathered() else {
        return Err(Problem::new(
            Code::Unavailable,
            "Nothing is counted here; the log of the start says why.",
        ));
    };
    // Its own time limit: whoever watches wants to see most of all when the database hangs.
    if tokio::time::timeout(ASK_AT_MOST, state.engine().measure()).await.is_err() {
        tracing::debug!("the metrics were told without the database's share");
    }
    gathered.process.collect();
    Ok(([(header::CONTENT_TYPE, TEXT_FORMAT)], gathered.handle.render()).into_response())
}

/// Does the request come from this machine and not only through it? A proxy beside us passes on everybody's.
fn is_this_machine(peer: std::net::IpAddr, headers: &HeaderMap) -> bool {
    peer.to_canonical().is_loopback() && !PASSED_ON.iter().any(|header| headers.contains_key(header))
}

async fn may_read(state: &AppState, headers: &HeaderMap) -> Result<(), Problem> {
    let Some(Some(key)) = api_key::bearer(headers) else { return Err(Problem::not_signed_in()) };
    if actor::key_may(state, &key, KeyScope::Metrics).await? {
        return Ok(());
    }
    Err(Problem::new(
        Code::Forbidden,
        "The metrics are of the whole installation; they need a key with the scope metrics, or an operator's.",
    ))
}

/// Counts every request by its route.
pub(crate) async fn count(request: Request, next: Next) -> Response {
    let method = method_word(request.method());
    // The pattern and never the path: a label must not grow with what people ask for.
    let route = request
        .extensions()
        .get::<axum::extract::MatchedPath>()
        .map_or_else(|| "console".to_owned(), |path| path.as_str().to_owned());
    let area = area_of(&route);
    let stopwatch = Stopwatch::start();
    let response = next.run(request).await;
    let status = status_word(response.status());
    metrics::counter!("switchboard_http_requests_total", "method" => method, "route" => route, "status" => status)
        .increment(1);
    metrics::histogram!("switchboard_http_request_seconds", "area" => area).record(stopwatch.seconds());
    response
}

fn method_word(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "other",
    }
}

fn status_word(status: http::StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

fn area_of(route: &str) -> &'static str {
    if route == "/api/whatsapp/calling" {
        "webhook"
    } else if route.starts_with("/api/") {
        "api"
    } else {
        "pages"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: Option<HeaderName>) -> HeaderMap {
        name.into_iter().map(|name| (name, http::HeaderValue::from_static("198.51.100.1"))).collect()
    }

    #[test]
    fn a_proxy_on_this_machine_is_not_this_machine() {
        let here = "127.0.0.1".parse().expect("an address");
        assert!(is_this_machine(here, &headers(None)));
        assert!(is_this_machine("::1".parse().expect("an address"), &headers(None)));
        assert!(is_this_machine("::ffff:127.0.0.1".parse().expect("an address"), &headers(None)));
        for name in PASSED_ON {
            assert!(!is_this_machine(here, &headers(Some(name))));
        }
        assert!(!is_this_machine("10.0.0.2".parse().expect("an address"), &headers(None)));
    }
}
