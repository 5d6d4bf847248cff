//! A client of the REST API for the verbs of the command line.

use clap::Args;
use miette::{IntoDiagnostic, Result, miette};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use url::Url;

/// Answers bigger than this are not read.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(15);

/// Where the exchange is and who asks.
#[derive(Debug, Args)]
pub(crate) struct Server {
    /// Address of the exchange.
    #[arg(long, env = "SWITCHBOARD_URL", default_value = "http://127.0.0.1:8080")]
    url: Url,
    /// API key.
    #[arg(long, env = "SWITCHBOARD_API_KEY", hide_env_values = true)]
    api_key: String,
}

impl Server {
    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        self.send(Method::GET, path).await
    }

    pub(crate) async fn post(&self, path: &str) -> Result<Value> {
        self.send(Method::POST, path).await
    }

    async fn send(&self, method: Method, path: &str) -> Result<Value> {
        let url = self.url.join(path).into_diagnostic()?;
        let client = reqwest::Client::builder().timeout(TIMEOUT).build().into_diagnostic()?;
        let answer =
            client.request(method, url.clone()).bearer_auth(&self.api_key).send().await.map_err(|error| {
                miette!(
                    help = "Is the exchange running, and is SWITCHBOARD_URL right?",
                    "{url} does not answer: {error}"
                )
            })?;
        let status = answer.status();
        let body: Value = answer.json().await.unwrap_or_default();
        if status.is_success() {
            return Ok(body);
        }
        let detail = body["detail"].as_str().or(body["title"].as_str()).unwrap_or("no explanation was given");
        let help = if status == StatusCode::UNAUTHORIZED {
            "Check SWITCHBOARD_API_KEY."
        } else {
            "See the log of the exchange."
        };
        Err(miette!(help = help, "{status}: {detail}"))
    }
}
