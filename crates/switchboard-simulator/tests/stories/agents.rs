//! A simulated agent against a server that speaks the public API and nothing else.

use std::sync::{Arc, Mutex};

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use switchboard_simulator::Secret;
use switchboard_simulator::agent::{AgentError, AgentHabits, AgentLogin, Claims, SimulatedAgent};

use crate::business::Business;
use crate::line::Line;

#[derive(Clone, Default)]
struct Server {
    line: Arc<Mutex<Option<Line>>>,
    answered: Arc<Mutex<Vec<String>>>,
    ready: Arc<Mutex<Option<Value>>>,
}

async fn login(Json(body): Json<Value>) -> Response {
    if body["password"] != "right" {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    ([(header::SET_COOKIE, "switchboard_session=s1; HttpOnly; SameSite=Lax")], Json(json!({ "name": "Ana" })))
        .into_response()
}

async fn answer(State(server): State<Server>, Path(call): Path<String>, headers: HeaderMap) -> Json<Value> {
    assert_eq!(headers["cookie"], "switchboard_session=s1");
    server.answered.lock().unwrap().push(call);
    Json(json!({}))
}

async fn events(State(server): State<Server>, headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    assert_eq!(headers["cookie"], "switchboard_session=s1");
    assert!(headers["origin"].to_str().unwrap().starts_with("http://127.0.0.1"));
    upgrade.on_upgrade(move |socket| stream(server, socket))
}

async fn stream(server: Server, mut socket: WebSocket) {
    let say = |value: Value| Message::Text(value.to_string().into());
    socket.send(say(json!({ "type": "hello", "offers": [] }))).await.unwrap();
    while let Some(Ok(message)) = socket.recv().await {
        let Ok(text) = message.into_text() else { continue };
        let Ok(message) = serde_json::from_str::<Value>(&text) else { continue };
        if message["type"] == "line_open" {
            let line = Line::answer(message["sdp"].as_str().unwrap());
            let answer = json!({ "type": "line_answer", "request": message["request"], "line_id": "line_1", "sdp": line.answer });
            socket.send(say(answer)).await.unwrap();
            line.wait_until("the line connects", |state| state.connected).await;
            *server.line.lock().unwrap() = Some(line);
            socket
                .send(say(json!({ "type": "line", "line_id": "line_1", "state": "connected" })))
                .await
                .unwrap();
        }
        if message["type"] == "ping" {
            socket.send(say(json!({ "type": "pong" }))).await.unwrap();
        }
        if message["type"] == "ready" {
            *server.ready.lock().unwrap() = Some(message);
            let call = json!({ "id": "call_1", "caller": { "phone": "+1 555-010-0002" } });
            socket
                .send(say(json!({ "type": "offer", "offer": { "call": call, "others": [], "last": true } })))
                .await
                .unwrap();
        }
    }
}

async fn serve(server: Server) -> url::Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let router = Router::new()
        .route("/api/v1/login", post(login))
        .route("/api/v1/calls/{id}/answer", post(answer))
        .route("/api/v1/events", get(events))
        .with_state(server);
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

fn login_of(base_url: url::Url, password: &str) -> AgentLogin {
    AgentLogin { base_url, email: "ana@example.com".into(), password: Secret::new(password) }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_signs_in_answers_speaks_and_hears() {
    let business = Business::open().await;
    let server = Server::default();
    let base = serve(server.clone()).await;
    let habits = AgentHabits { answers: Some(Claims::default()), ..AgentHabits::default() };
    let agent = SimulatedAgent::sign_in(&business.simulator, login_of(base, "right"), habits).await.unwrap();
    let mut shown = agent.shown();
    shown.wait_for(|shown| shown.my_call.as_deref() == Some("call_1")).await.unwrap();
    let mut tick = tokio::time::interval(std::time::Duration::from_millis(10));
    while agent.clicks().is_empty() {
        tick.tick().await;
    }
    let click = agent.clicks().remove(0);
    assert_eq!((click.status, click.caller.as_deref()), (200, Some("15550100002")));
    assert_eq!(*server.answered.lock().unwrap(), ["call_1"]);
    assert_eq!(server.ready.lock().unwrap().as_ref().unwrap()["microphone"], "granted");

    let line = server.line.lock().unwrap().take().unwrap();
    line.speak(440);
    line.wait_until("the agent's 880 Hz", |state| state.share_of(880.0) > 0.8).await;
    while agent.heard().dominant_hz.is_none_or(|hertz| hertz.abs_diff(440) > 10) {
        tick.tick().await;
    }
    agent.close();
    shown.wait_for(|shown| shown.over.is_some()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_told() {
    let business = Business::open().await;
    let base = serve(Server::default()).await;
    let refused =
        SimulatedAgent::sign_in(&business.simulator, login_of(base, "wrong"), AgentHabits::default()).await;
    assert!(matches!(refused, Err(AgentError::Refused(401))));
}
