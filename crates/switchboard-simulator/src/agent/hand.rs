//! What signs in and clicks buttons for an agent: REST and the opening of the live stream.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use url::Url;

use super::{AgentError, AgentLogin, Click};
use crate::clock::now;
use crate::locked;

/// What clicks buttons for an agent.
#[derive(Debug, Clone)]
pub(super) struct Hand {
    pub(super) http: reqwest::Client,
    pub(super) login: AgentLogin,
    pub(super) cookie: String,
    pub(super) clicks: Arc<Mutex<Vec<Click>>>,
}

impl Hand {
    pub(super) async fn post(&self, path: &str, body: Value) -> reqwest::Result<reqwest::Response> {
        self.http
            .post(address(&self.login.base_url, path))
            .header("Cookie", &self.cookie)
            .header("Origin", origin(&self.login.base_url))
            .json(&body)
            .send()
            .await
    }

    pub(super) async fn get(&self, path: &str) -> reqwest::Result<reqwest::Response> {
        self.http.get(address(&self.login.base_url, path)).header("Cookie", &self.cookie).send().await
    }

    pub(super) async fn answer(&self, call: &str, caller: Option<String>) -> Result<u16, AgentError> {
        let at = now();
        let status = self.post(&format!("api/v1/calls/{call}/answer"), json!({})).await?.status().as_u16();
        let took = now().saturating_duration_since(at);
        locked(&self.clicks).push(Click { call_id: call.to_owned(), caller, at, took, status });
        Ok(status)
    }
}

fn address(base: &Url, path: &str) -> String {
    format!("{}/{path}", base.as_str().trim_end_matches('/'))
}

fn origin(base: &Url) -> String {
    base.origin().ascii_serialization()
}

pub(super) async fn session(http: &reqwest::Client, login: &AgentLogin) -> Result<String, AgentError> {
    let answer = http
        .post(address(&login.base_url, "api/v1/login"))
        .header("Origin", origin(&login.base_url))
        .json(&json!({ "email": login.email, "password": login.password.text() }))
        .send()
        .await?;
    if !answer.status().is_success() {
        return Err(AgentError::Refused(answer.status().as_u16()));
    }
    let cookies = answer.headers().get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
    cookies
        .filter_map(|cookie| cookie.split(';').next())
        .find(|cookie| cookie.starts_with("switchboard_session="))
        .map(str::to_owned)
        .ok_or(AgentError::NoCookie)
}

pub(super) type Stream = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

pub(super) async fn live_stream(login: &AgentLogin, cookie: &str) -> Result<Stream, AgentError> {
    let broken = |error: &dyn std::fmt::Display| AgentError::Stream(error.to_string());
    let url = address(&login.base_url, "api/v1/events").replacen("http", "ws", 1);
    let mut request = url.into_client_request().map_err(|error| broken(&error))?;
    for (name, value) in [("cookie", cookie), ("origin", origin(&login.base_url).as_str())] {
        request.headers_mut().insert(name, value.parse().map_err(|error| broken(&error))?);
    }
    let (stream, _) = tokio_tungstenite::connect_async(request).await.map_err(|error| broken(&error))?;
    if let MaybeTlsStream::Plain(stream) = stream.get_ref() {
        let _ = stream.set_nodelay(true);
    }
    Ok(stream)
}
