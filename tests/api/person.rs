//! A person with a browser: keeps the cookie, sends the Origin of the console.

use futures_util::{SinkExt, StreamExt};
use reqwest::{Method, Response, StatusCode, header};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::world::{EMAIL, PASSWORD, World};

/// A signed-in person.
pub(super) struct Person<'w> {
    world: &'w World,
    /// `switchboard_session=…`
    pub(super) cookie: String,
}

impl<'w> Person<'w> {
    /// Signs in as the first user.
    pub(super) async fn sign_in(world: &'w World) -> Self {
        Self::sign_in_as(world, EMAIL).await
    }

    /// Signs in as somebody else with the password all share.
    pub(super) async fn sign_in_as(world: &'w World, email: &str) -> Self {
        let answer = login(world, email, PASSWORD).await;
        assert_eq!(answer.status(), StatusCode::OK);
        Self { world, cookie: cookie_of(&answer) }
    }

    pub(super) async fn send(&self, method: Method, path: &str) -> Response {
        let request = self.world.client().request(method, self.world.url(path));
        let request = request.header(header::COOKIE, &self.cookie).header(header::ORIGIN, self.world.url(""));
        request.send().await.expect("the exchange answers")
    }

    /// Opens the live stream as the console does and reads its `hello`.
    pub(super) async fn open_stream(&self) -> Stream {
        self.stream_and_hello().await.0
    }

    /// What a page reads first.
    pub(super) async fn hello(&self) -> Value {
        self.stream_and_hello().await.1
    }

    async fn stream_and_hello(&self) -> (Stream, Value) {
        let origin = self.world.url("");
        let request = stream_request(self.world, &[("cookie", &self.cookie), ("origin", &origin)]);
        let mut stream = Stream::open(request).await.expect("the stream opens");
        let hello = stream.next().await.expect("hello");
        assert_eq!(hello["type"], "hello");
        (stream, hello)
    }
}

pub(super) async fn login(world: &World, email: &str, password: &str) -> Response {
    let body = json!({"email": email, "password": password});
    world.client().post(world.url("/api/v1/login")).json(&body).send().await.expect("the exchange answers")
}

/// The cookie an answer sets, as a browser sends it back.
pub(super) fn cookie_of(answer: &Response) -> String {
    let set = answer.headers()[header::SET_COOKIE].to_str().expect("text");
    set.split(';').next().expect("a pair").to_owned()
}

/// The code of a refusal.
pub(super) async fn code_of(answer: Response) -> String {
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json");
    let status = answer.status();
    let body: Value = answer.json().await.expect("JSON");
    assert_eq!(body["status"], status.as_u16(), "{body}");
    assert!(body["title"].is_string() && body["detail"].is_string() && body["type"].is_string(), "{body}");
    body["code"].as_str().expect("a code").to_owned()
}

pub(super) fn stream_request(world: &World, headers: &[(&'static str, &str)]) -> Request {
    request_to(world, "/api/v1/events", headers)
}

/// Asks to open a WebSocket at any address.
pub(super) fn request_to(world: &World, path: &str, headers: &[(&'static str, &str)]) -> Request {
    let url = world.url(path).replacen("http", "ws", 1);
    let mut request = url.into_client_request().expect("a request");
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().expect("a header"));
    }
    request
}

/// An open live stream.
pub(super) struct Stream(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Stream {
    /// Opens it, or gives the status of the refusal.
    pub(super) async fn open(request: Request) -> Result<Self, u16> {
        match connect_async(request).await {
            Ok((stream, _)) => Ok(Self(stream)),
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(other) => panic!("the handshake broke: {other}"),
        }
    }

    /// The next JSON message; none when the stream is closed.
    pub(super) async fn next(&mut self) -> Option<Value> {
        loop {
            match self.0.next().await? {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).expect("JSON")),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// The next message of this type.
    pub(super) async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let message = self.next().await.expect("the stream is open");
            if message["type"] == kind {
                return message;
            }
        }
    }

    pub(super) async fn say(&mut self, text: impl Into<String>) {
        self.0.send(Message::text(text.into())).await.expect("sent");
    }
}
