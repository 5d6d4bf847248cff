//! Somebody else's server: it takes what it is sent, remembers it, and answers as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub headers: HeaderMap,
    pub body: Bytes,
    /// What it was answered.
    pub status: u16,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// `connect`, `terminate`.
    pub(crate) fn event(&self) -> String {
        self.call_field("event")
    }

    /// The provider's id of the call.
    pub(crate) fn call(&self) -> String {
        self.call_field("id")
    }

    fn call_field(&self, name: &str) -> String {
        let body: Value = serde_json::from_slice(&self.body).expect("JSON");
        body["entry"][0]["changes"][0]["value"]["calls"][0][name].as_str().unwrap_or_default().to_owned()
    }
}

#[derive(Default)]
struct Memory {
    received: Vec<Received>,
    answers: VecDeque<u16>,
    otherwise: u16,
    hangs: bool,
}

/// A running server.
#[derive(Clone)]
pub(crate) struct Receiver {
    port: u16,
    memory: Arc<Mutex<Memory>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let memory = Arc::new(Mutex::new(Memory { otherwise: 200, ..Memory::default() }));
        let router = Router::new().fallback(take).with_state(Arc::clone(&memory));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { port, memory }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/whatsapp", self.port)
    }

    /// Answers these statuses one after the other, and `otherwise` after them.
    pub(crate) fn answer(&self, first: &[u16], otherwise: u16) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.answers = first.iter().copied().collect();
        memory.otherwise = otherwise;
    }

    /// Takes requests and never answers.
    pub(crate) fn hang(&self) {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).hangs = true;
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).received.clone()
    }

    /// What was answered with 2xx.
    pub(crate) fn taken(&self) -> Vec<Received> {
        self.received().into_iter().filter(|received| (200..300).contains(&received.status)).collect()
    }
}

async fn take(State(memory): State<Arc<Mutex<Memory>>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let (status, hangs) = {
        let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
        let status = memory.answers.pop_front().unwrap_or(memory.otherwise);
        memory.received.push(Received { headers, body, status });
        (status, memory.hangs)
    };
    if hangs {
        std::future::pending::<()>().await;
    }
    StatusCode::from_u16(status).expect("a status")
}
