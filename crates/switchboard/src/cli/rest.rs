//! A client of the REST API for the verbs of the command line.

use clap::Args;
use miette::{IntoDiagnostic, Result, miette};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use url::Url;

/// Longer than the exchange waits for Meta.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(45);

/// The same for a file.
const FILE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(60);

/// Every code with what to do about it.
const ERRORS: &str = include_str!("../../../../docs/reference/errors.md");

/// Where the exchange is and who asks.
#[derive(Debug, Clone, Args)]
pub(crate) struct Server {
    /// Address of the exchange.
    #[arg(long, env = "SWITCHBOARD_URL", default_value = "http://127.0.0.1:8080")]
    url: Url,
    /// API key.
    #[arg(long, env = "SWITCHBOARD_API_KEY", hide_env_values = true)]
    api_key: String,
    /// The business an operator acts for (`ten_…`); none: the key's own.
    #[arg(long, env = "SWITCHBOARD_TENANT")]
    tenant: Option<String>,
}

impl Server {
    /// The same server and key, acting for this business.
    pub(crate) fn for_tenant(&self, tenant: &str) -> Self {
        Self { tenant: Some(tenant.to_owned()), ..self.clone() }
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        self.send(Method::GET, path, None).await
    }

    /// With parameters behind the question mark.
    pub(crate) async fn get_with(&self, path: &str, query: &[(&str, &str)]) -> Result<Value> {
        let mut url = self.url.join(path).into_diagnostic()?;
        url.query_pairs_mut().extend_pairs(query);
        self.send(Method::GET, url.as_str(), None).await
    }

    /// A file as it is.
    pub(crate) async fn post_file(&self, path: &str, kind: &str, file: Vec<u8>) -> Result<Value> {
        let url = self.url.join(path).into_diagnostic()?;
        let client = reqwest::Client::builder().timeout(FILE_TIMEOUT).build().into_diagnostic()?;
        let request = client.post(url.clone()).header(reqwest::header::CONTENT_TYPE, kind).body(file);
        self.answer(url, request).await?.map_err(|refusal| refusal.report())
    }

    pub(crate) async fn post(&self, path: &str) -> Result<Value> {
        self.send(Method::POST, path, None).await
    }

    pub(crate) async fn post_json(&self, path: &str, body: &Value) -> Result<Value> {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put_json(&self, path: &str, body: &Value) -> Result<Value> {
        self.send(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn patch_json(&self, path: &str, body: &Value) -> Result<Value> {
        self.send(Method::PATCH, path, Some(body)).await
    }

    /// The same, where a refusal says more than its sentence.
    pub(crate) async fn ask(&self, path: &str, body: &Value) -> Result<Result<Value, Refusal>> {
        self.exchange(Method::POST, path, Some(body)).await
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        self.exchange(method, path, body).await?.map_err(|refusal| refusal.report())
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Result<Value, Refusal>> {
        let url = self.url.join(path).into_diagnostic()?;
        let client = reqwest::Client::builder().timeout(TIMEOUT).build().into_diagnostic()?;
        let mut request = client.request(method, url.clone());
        if let Some(body) = body {
            request = request.json(body);
        }
        self.answer(url, request).await
    }

    async fn answer(&self, url: Url, request: reqwest::RequestBuilder) -> Result<Result<Value, Refusal>> {
        let mut request = request.bearer_auth(&self.api_key);
        if let Some(tenant) = &self.tenant {
            request = request.header("switchboard-tenant", tenant);
        }
        let answer = request.send().await.map_err(|error| {
            miette!(
                help = "Is the exchange running, and is SWITCHBOARD_URL right?",
                "{url} does not answer: {error}"
            )
        })?;
        let status = answer.status();
        let body: Value = answer.json().await.unwrap_or_default();
        Ok(if status.is_success() { Ok(body) } else { Err(Refusal { status, body }) })
    }
}

/// What the exchange refuses with.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    /// The problem details.
    pub(crate) body: Value,
}

impl Refusal {
    /// As it is told to people.
    pub(crate) fn report(&self) -> miette::Report {
        let Self { status, body } = self;
        let detail = body["detail"].as_str().or(body["title"].as_str()).unwrap_or("no explanation was given");
        let help = way_out(*status, body);
        miette!(help = help, "{status}: {detail}")
    }
}

/// What to do about a refusal: what the exchange says itself, until when it holds, or where it is explained.
fn way_out(status: StatusCode, body: &Value) -> String {
    let said = |name: &str| body[name].as_str();
    if status == StatusCode::UNAUTHORIZED {
        return "Check SWITCHBOARD_API_KEY.".to_owned();
    }
    if let Some(remedy) = said("remedy") {
        return remedy.to_owned();
    }
    if let Some(at) = said("next_at").or_else(|| said("until")) {
        return format!("Try again after {at}.");
    }
    let code = said("code").unwrap_or_default();
    match known_way_out(code) {
        Some(text) => format!("{text} ({code})"),
        None => "See the log of the exchange.".to_owned(),
    }
}

/// What the reference of errors says to do about this code.
fn known_way_out(code: &str) -> Option<String> {
    let begins = format!("| `{code}` |");
    let row = ERRORS.lines().find(|line| line.starts_with(&begins))?;
    let text = row.split('|').nth(3)?.trim();
    // Links are for readers of the page.
    let text = text.split_once(" ([").map_or(text, |(text, _)| text);
    let mut letters = text.chars();
    let first = letters.next()?;
    Some(first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_comes_with_a_way_out() {
        let says = |status: StatusCode, body: Value| way_out(status, &body);
        let limit = serde_json::json!({ "code": "permission_limit", "next_at": "2026-11-21T09:00:00Z" });
        assert_eq!(says(StatusCode::CONFLICT, limit), "Try again after 2026-11-21T09:00:00Z.");
        let refused = serde_json::json!({ "code": "provider_refused", "remedy": "Put him on the list." });
        assert_eq!(says(StatusCode::CONFLICT, refused), "Put him on the list.");
        let wrong = serde_json::json!({ "code": "invalid_phone" });
        assert_eq!(
            says(StatusCode::UNPROCESSABLE_ENTITY, wrong),
            "Write the number with its country, like `+55 11 98211-4477` (invalid_phone)"
        );
        let hours = serde_json::json!({ "code": "invalid_hours" });
        assert!(!says(StatusCode::UNPROCESSABLE_ENTITY, hours).contains("]("), "no links");
        for body in [serde_json::json!({ "code": "internal" }), serde_json::json!({})] {
            assert!(says(StatusCode::INTERNAL_SERVER_ERROR, body).contains("log"));
        }
    }
}
