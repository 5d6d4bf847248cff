//! The backend of the phone page, where a person plays the customer. A page has one WebSocket on which it plays: it
//! hears what the business writes and when the phone rings. Every call has one more; the browser's sound is bridged to
//! the customer's end of the call at the pretend relay.

mod playing;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use url::Url;

use crate::account::CustomerCard;
use crate::call::{NewCall, Sound};
use crate::customer::CallState;
use crate::exchange::{self, Exchange};
use crate::faults::Faults;
use crate::media::browser;
use crate::media::leg::{LegFacts, Voice};

/// An SDP offer of a browser fits easily; nothing longer is read.
const LONGEST_MESSAGE: usize = 64 * 1024;

/// The route of the phone page's WebSocket.
pub(crate) fn routes() -> Router<Arc<Exchange>> {
    Router::new().route("/simulator/v1/phone", get(upgrade))
}

/// Pages of other origins must not make customers call: browsers send no preflight for a WebSocket.
fn same_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = text(header::ORIGIN) else { return true };
    let Some(host) = text(header::HOST) else { return false };
    let Ok(origin) = Url::parse(origin) else { return false };
    let authority = match (origin.host_str(), origin.port()) {
        (Some(name), Some(port)) => format!("{name}:{port}"),
        (Some(name), None) => name.to_owned(),
        (None, _) => return false,
    };
    authority == host
}

async fn upgrade(
    State(exchange): State<Arc<Exchange>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !same_origin(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    upgrade.max_message_size(LONGEST_MESSAGE).on_upgrade(move |socket| talk(exchange, socket))
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Asked {
    Call {
        #[serde(default)]
        number: Option<String>,
        #[serde(default)]
        customer: Option<CustomerCard>,
        sdp: String,
        #[serde(default)]
        sound: PhoneSound,
        #[serde(default)]
        faults: Option<Box<Faults>>,
        /// The message whose call button was pressed.
        #[serde(default)]
        message: Option<String>,
    },
    /// Picks up the call of the business with this id.
    PickUp {
        call: String,
        sdp: String,
        #[serde(default)]
        sound: PhoneSound,
    },
    HangUp,
    Keys {
        digits: String,
    },
    Mute {
        on: bool,
    },
    #[serde(untagged)]
    Playing(playing::Asked),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PhoneSound {
    #[default]
    Microphone,
    Tone,
    Voice,
}

/// The call a page has going.
struct Going {
    ordinal: u64,
    browser: u64,
    changes: watch::Receiver<u64>,
    lines_told: usize,
    told: Option<&'static str>,
}

async fn talk(exchange: Arc<Exchange>, mut socket: WebSocket) {
    let mut going: Option<Going> = None;
    let mut stage = playing::Stage::new(&exchange);
    loop {
        let changed = async {
            match &mut going {
                Some(call) => call.changes.changed().await.is_ok(),
                None => std::future::pending().await,
            }
        };
        let answers = tokio::select! {
            () = exchange.stop.cancelled() => break,
            _ = changed => Vec::new(),
            news = stage.news() => news,
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => asked(&exchange, &mut going, &mut stage, &text),
                Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => Vec::new(),
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
            },
        };
        let news = going.as_mut().map(|call| told_of(&exchange, call)).unwrap_or_default();
        if going.as_ref().is_some_and(|call| call.told == Some("ended")) {
            hung_up(&exchange, &mut going);
        }
        for answer in answers.into_iter().chain(news) {
            if socket.send(Message::Text(answer.to_string().into())).await.is_err() {
                hung_up(&exchange, &mut going);
                return;
            }
        }
    }
    // A page that is closed is a customer who hangs up.
    hung_up(&exchange, &mut going);
}

fn hung_up(exchange: &Exchange, going: &mut Option<Going>) {
    if let Some(call) = going.take() {
        exchange.media.remove(call.browser);
        exchange.hang_up(call.ordinal);
    }
}

fn asked(
    exchange: &Arc<Exchange>,
    going: &mut Option<Going>,
    stage: &mut playing::Stage,
    text: &str,
) -> Vec<Value> {
    let failed = |why: String| vec![json!({ "type": "state", "state": "ended", "why": why })];
    let asked = match serde_json::from_str(text) {
        Ok(asked) => asked,
        Err(error) => {
            return vec![json!({ "type": "log", "at_ms": 0, "what": format!("not understood: {error}") })];
        }
    };
    match asked {
        Asked::Call { number, customer, sdp, sound, faults, message } => {
            hung_up(exchange, going);
            let cta_payload = match message
                .map(|message| playing::payload(exchange, number.as_deref(), customer.as_ref(), &message))
            {
                Some(Ok(payload)) => payload,
                Some(Err(why)) => return failed(why.to_string()),
                None => None,
            };
            let wanted = NewCall {
                number,
                from: customer.as_ref().and_then(|card| card.phone.clone()),
                name: customer.as_ref().map(|card| card.name.clone()),
                username: customer.and_then(|card| card.username),
                faults: faults.map(|faults| *faults),
                cta_payload,
                ..NewCall::default()
            };
            match begin(exchange, &sdp, sound, Beginning::Places(&wanted)) {
                Ok((call, answer)) => {
                    *going = Some(call);
                    vec![json!({ "type": "answer", "sdp": answer })]
                }
                Err(why) => failed(why),
            }
        }
        Asked::PickUp { call, sdp, sound } => {
            hung_up(exchange, going);
            match begin(exchange, &sdp, sound, Beginning::PicksUp(&call)) {
                Ok((call, answer)) => {
                    *going = Some(call);
                    vec![json!({ "type": "answer", "sdp": answer })]
                }
                Err(why) => failed(why),
            }
        }
        Asked::Playing(asked) => stage.asked(asked),
        Asked::HangUp => {
            if let Some(call) = going {
                exchange.hang_up(call.ordinal);
            }
            Vec::new()
        }
        Asked::Keys { digits } => {
            if let Some(leg) = customers_leg(exchange, going) {
                exchange.media.keys(leg, digits);
            }
            Vec::new()
        }
        Asked::Mute { on } => {
            if let Some(leg) = customers_leg(exchange, going) {
                exchange.media.mute(leg, on);
            }
            Vec::new()
        }
    }
}

fn customers_leg(exchange: &Exchange, going: &Option<Going>) -> Option<u64> {
    going.as_ref().and_then(|call| exchange.with_call(call.ordinal, |call| call.leg).flatten())
}

/// How a call of the page begins.
enum Beginning<'a> {
    Places(&'a NewCall),
    PicksUp(&'a str),
}

fn begin(
    exchange: &Arc<Exchange>,
    sdp: &str,
    sound: PhoneSound,
    beginning: Beginning<'_>,
) -> Result<(Going, String), String> {
    // The page's own connection is not part of the call: what becomes of it shows in the browser.
    let (news, _) = mpsc::channel(1);
    let (leg, answer) = browser::answer_phone(exchange.phone_ip, sdp, LegFacts::new(false), news)
        .map_err(|error| error.to_string())?;
    let voice = match sound {
        PhoneSound::Microphone => Some(Voice::Partner),
        PhoneSound::Tone => exchange::voice_of(&Sound::ToneHz(440)).map_err(|error| error.to_string())?,
        PhoneSound::Voice => exchange::voice_of(&Sound::Voice(true)).map_err(|error| error.to_string())?,
    };
    let id = match beginning {
        Beginning::Places(wanted) => {
            exchange.place_with_voice(wanted, voice).map_err(|error| error.to_string())?.id
        }
        Beginning::PicksUp(call) => {
            let ordinal = exchange.ordinal(call).ok_or("the call is over")?;
            if let (Some(leg), Some(voice)) = (exchange.with_call(ordinal, |call| call.leg).flatten(), voice)
            {
                exchange.media.voice(leg, voice);
            }
            if !exchange.pick_up(ordinal) {
                return Err("the call is over".into());
            }
            call.to_owned()
        }
    };
    let found = exchange.ordinal(&id).and_then(|ordinal| {
        exchange.with_call(ordinal, |call| (ordinal, call.leg, call.changes.subscribe()))
    });
    let Some((ordinal, customer, mut changes)) = found else { return Err("the call is over".into()) };
    changes.mark_changed();
    let browser = exchange.media.add(leg);
    if let Some(customer) = customer {
        exchange.media.join(browser, customer);
    }
    Ok((Going { ordinal, browser, changes, lines_told: 0, told: None }, answer))
}

/// What the page has not been told yet.
fn told_of(exchange: &Exchange, going: &mut Going) -> Vec<Value> {
    let Some(report) = exchange.with_call(going.ordinal, |call| call.report()) else { return Vec::new() };
    let mut news: Vec<Value> = report
        .log
        .iter()
        .skip(going.lines_told)
        .map(|line| json!({ "type": "log", "at_ms": line.at_ms, "what": line.what }))
        .collect();
    going.lines_told = report.log.len();
    // "Ringing" shows on a real phone once the business has pre-accepted (M-UIC, Nov 2025).
    let state = match report.state {
        CallState::Offered => "calling",
        CallState::Ringing => "ringing",
        CallState::PreAccepted => "ringing",
        CallState::Accepted => "connected",
        CallState::Ended => "ended",
    };
    if going.told != Some(state) {
        going.told = Some(state);
        let why = report.ended_by.map(|by| json!(by));
        news.push(match why {
            Some(why) => json!({ "type": "state", "state": state, "why": why }),
            None => json!({ "type": "state", "state": state }),
        });
    }
    news
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_the_same_origin_may_use_the_phone() {
        let headers = |origin: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "127.0.0.1:8090".parse().expect("a value"));
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().expect("a value"));
            }
            headers
        };
        assert!(same_origin(&headers(None)));
        assert!(same_origin(&headers(Some("http://127.0.0.1:8090"))));
        assert!(!same_origin(&headers(Some("http://evil.example"))));
        assert!(!same_origin(&headers(Some("null"))));
    }
}
