//! The agent's page while it is open: the live stream, the line, and the habit of answering.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

use super::hand::{Hand, Stream};
use super::{AgentError, AgentHabits, Shown};
use crate::exchange::{self, Exchange};
use crate::media::browser::Offering;
use crate::media::leg::{LegFacts, LegNews, Voice};

/// The agent's request id of its `line_open`.
const LINE_REQUEST: &str = "simulated-line";

/// The agent's page while it is open.
pub(super) struct Page {
    pub(super) exchange: Arc<Exchange>,
    pub(super) agent: Hand,
    pub(super) habits: AgentHabits,
    pub(super) facts: Arc<LegFacts>,
    pub(super) show: watch::Sender<Shown>,
    pub(super) leg: Option<u64>,
    pub(super) offering: Option<Offering>,
    /// Pings the server has not answered yet.
    pub(super) pings: u32,
    /// So many answers until the server has surely heard that the page is ready.
    pub(super) ready_after: Option<u32>,
    pub(super) stop: CancellationToken,
}

impl Page {
    pub(super) async fn run(mut self, mut stream: Stream) {
        let why = match self.stay(&mut stream).await {
            Ok(why) => why,
            Err(error) => error.to_string(),
        };
        if let Some(leg) = self.leg {
            self.exchange.media.remove(leg);
        }
        self.show.send_modify(|shown| {
            shown.line_connected = false;
            shown.over = Some(why);
        });
        let _ = stream.close(None).await;
    }

    async fn stay(&mut self, stream: &mut Stream) -> Result<String, AgentError> {
        let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let offering = Offering::new(ip).map_err(|error| AgentError::Line(error.to_string()))?;
        let open = json!({ "type": "line_open", "request": LINE_REQUEST, "sdp": offering.offer });
        self.offering = Some(offering);
        say(stream, &open).await?;
        let (news, mut news_inbox) = mpsc::channel(16);
        let mut ping = tokio::time::interval(Duration::from_secs(20));
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return Ok("the page was closed".into()),
                _ = ping.tick() => self.ping(stream).await?,
                Some(news) = news_inbox.recv() => {
                    if let LegNews::Failed(why) = news {
                        tracing::warn!(%why, "line of a simulated agent");
                    }
                }
                message = stream.next() => match message {
                    Some(Ok(message)) if message.is_text() => {
                        let text = message.into_text().map_err(|error| AgentError::Stream(error.to_string()))?;
                        let Ok(message) = serde_json::from_str::<Value>(&text) else { continue };
                        if let Some(answer) = self.told(&message, &news)? {
                            say(stream, &answer).await?;
                            // The server takes one message after the other: with the answer to this it has taken that.
                            self.ping(stream).await?;
                            self.ready_after = Some(self.pings);
                        }
                        if message["type"] == "bye" {
                            return Ok(format!("bye: {}", message["why"]));
                        }
                    }
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(AgentError::Stream(error.to_string())),
                    None => return Ok("the server closed the stream".into()),
                },
            }
        }
    }

    async fn ping(&mut self, stream: &mut Stream) -> Result<(), AgentError> {
        self.pings += 1;
        say(stream, &json!({ "type": "ping" })).await
    }

    /// Takes one message of the server; gives what to answer.
    fn told(&mut self, message: &Value, news: &mpsc::Sender<LegNews>) -> Result<Option<Value>, AgentError> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        match message["type"].as_str().unwrap_or_default() {
            "hello" => {
                let mine = message["my_call"]["id"].as_str().map(ToOwned::to_owned);
                self.show.send_modify(|shown| shown.my_call = mine);
                for offer in message["offers"].as_array().into_iter().flatten() {
                    self.offered(&offer["call"]);
                }
            }
            "line_answer" => self.line_answered(message["sdp"].as_str().unwrap_or_default(), news)?,
            "line" => {
                let state = message["state"].as_str().unwrap_or_default();
                if state == "connected" {
                    return Ok(Some(json!({ "type": "ready", "sound": true, "microphone": "granted" })));
                }
                self.ready_after = None;
                self.show.send_modify(|shown| shown.line_connected = false);
                if state == "failed" || state == "replaced" {
                    return Err(AgentError::Line(format!("{state}: {}", message["detail"])));
                }
            }
            "pong" => {
                self.pings = self.pings.saturating_sub(1);
                self.ready_after = match self.ready_after {
                    Some(0 | 1) => {
                        self.show.send_modify(|shown| shown.line_connected = true);
                        None
                    }
                    waits => waits.map(|left| left - 1),
                };
            }
            "offer" => self.offered(&message["offer"]["call"]),
            "offer_gone" => {
                if let Some(call) = text(&message["call_id"]) {
                    self.show.send_modify(|shown| {
                        shown.ringing.remove(&call);
                    });
                }
            }
            "my_call" => {
                let call = text(&message["call"]["id"]);
                self.show.send_modify(|shown| shown.my_call = call);
                self.pick_up();
            }
            "error" => tracing::warn!(code = %message["code"], "the server tells a simulated agent an error"),
            _ => {}
        }
        Ok(None)
    }

    fn line_answered(&mut self, sdp: &str, news: &mpsc::Sender<LegNews>) -> Result<(), AgentError> {
        let Some(offering) = self.offering.take() else { return Ok(()) };
        let voice =
            exchange::voice_of(&self.habits.sound).map_err(|error| AgentError::Line(error.to_string()))?;
        let leg = offering
            .answered(sdp, voice.unwrap_or(Voice::Nothing), Arc::clone(&self.facts), news.clone())
            .map_err(|error| AgentError::Line(error.to_string()))?;
        self.leg = Some(self.exchange.media.add(leg));
        Ok(())
    }

    fn offered(&mut self, call: &Value) {
        let Some(id) = call["id"].as_str() else { return };
        let caller = call["caller"]["phone"].as_str().and_then(crate::account::digits);
        self.show.send_modify(|shown| {
            shown.ringing.insert(id.to_owned(), caller);
        });
        self.pick_up();
    }

    /// A free agent answers the first ringing call nobody has claimed.
    fn pick_up(&mut self) {
        let Some(claims) = self.habits.answers.clone() else { return };
        let picked = {
            let shown = self.show.borrow();
            if shown.my_call.is_some() {
                return;
            }
            shown
                .ringing
                .iter()
                .find(|(id, _)| claims.claim(id))
                .map(|(id, caller)| (id.clone(), caller.clone()))
        };
        let Some((id, caller)) = picked else { return };
        self.show.send_modify(|shown| {
            shown.ringing.remove(&id);
            // The server confirms it in a moment; until then no second call is answered.
            shown.my_call = Some(id.clone());
        });
        let (hand, hesitates, show) = (self.agent.clone(), self.habits.hesitates, self.show.clone());
        self.exchange.tasks.spawn(async move {
            tokio::time::sleep(hesitates).await;
            let why = match hand.answer(&id, caller).await {
                Ok(200) => return,
                Ok(status) => format!("HTTP {status}"),
                Err(error) => error.to_string(),
            };
            tracing::warn!(%why, call = %id, "a simulated agent could not answer");
            // Free again, and so is the call.
            claims.release(&id);
            show.send_modify(|shown| {
                shown.my_call.take_if(|call| *call == id);
            });
        });
    }
}

async fn say(stream: &mut Stream, message: &Value) -> Result<(), AgentError> {
    stream
        .send(Message::text(message.to_string()))
        .await
        .map_err(|error| AgentError::Stream(error.to_string()))
}
