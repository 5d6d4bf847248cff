//! One open live stream: one task, until either side ends it.

use std::num::NonZeroU32;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures_util::SinkExt as _;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use switchboard_engine::events::{ClientMessage, ServerMessage};
use switchboard_engine::{Client, Said};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::auth::actor::{self, SignedIn};
use crate::state::AppState;

/// We ping this often.
const PING_EVERY: Duration = Duration::from_secs(20);
/// So many pings without a sign of life, and the client is gone (60 s).
const SILENT_PINGS: u32 = 3;
/// The session or key is looked at again this often: expired or withdrawn, the stream ends.
const RECHECK_EVERY: Duration = Duration::from_secs(60);
/// A client that does not take a message for this long is too slow.
const SEND_WAIT: Duration = Duration::from_secs(10);
/// Messages that leave in one write, at the most.
const MAX_TOGETHER: usize = 32;
/// Messages we cannot follow before we stop listening.
const MAX_MISTAKES: u32 = 10;
/// Messages a client may send at once, and then per second. Opening a line is work for the media engine.
const BURST: NonZeroU32 = NonZeroU32::new(60).expect("not zero");
const PER_SECOND: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
/// The longest mark a client may give its request.
const MAX_MARK: usize = 100;

/// Why a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The client closed it or is gone.
    ClientGone,
    /// The engine said goodbye.
    Goodbye,
    /// The client did not keep up.
    TooSlow,
    /// The client sent what we do not understand, too often.
    TooManyMistakes,
    /// Session or key are no longer good.
    SignedOut(&'static str),
}

/// Runs the stream to its end.
pub(super) async fn run(state: AppState, signed_in: SignedIn, mut socket: WebSocket) {
    let mut client = state.engine().connect_client(signed_in.actor.clone(), signed_in.session_hash());
    // Between the guard's check and the line above the session may have been signed out: look once more, now that
    // a sign-out would reach us.
    let end = match actor::still_good(&state, &signed_in).await {
        Err(why) => End::SignedOut(why),
        Ok(()) => talk(&state, &signed_in, &mut client, &mut socket).await,
    };
    drop(client);
    tracing::debug!(user.id = %signed_in.actor.user, end = ?end, "a live stream ended");
    close(&mut socket, end).await;
}

async fn talk(state: &AppState, signed_in: &SignedIn, client: &mut Client, socket: &mut WebSocket) -> End {
    let mut ping = ticker(PING_EVERY);
    let mut recheck = ticker(RECHECK_EVERY);
    let mut listener = Listener::new();
    let mut silent_pings = 0;
    loop {
        tokio::select! {
            message = client.next() => {
                let Some(message) = message else { return End::TooSlow };
                if let Err(end) = pass_on(client, socket, message).await {
                    return end;
                }
            }
            frame = socket.recv() => {
                silent_pings = 0;
                let heard = match frame {
                    None | Some(Err(_) | Ok(Message::Close(_))) => return End::ClientGone,
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                    Some(Ok(Message::Text(text))) => listener.hear(&text),
                    Some(Ok(Message::Binary(_))) => listener.mistake("malformed", "Send JSON as text."),
                };
                match heard {
                    Heard::Message(message) => client.say(message).await,
                    Heard::Mistake(error) => {
                        if let Err(end) = send(socket, &error).await {
                            return end;
                        }
                    }
                    Heard::Enough => return End::TooManyMistakes,
                }
            }
            _ = ping.tick() => {
                if silent_pings >= SILENT_PINGS {
                    return End::ClientGone;
                }
                silent_pings += 1;
                let pinged = timeout(SEND_WAIT, socket.send(Message::Ping(Default::default()))).await;
                if !matches!(pinged, Ok(Ok(()))) {
                    return End::ClientGone;
                }
            }
            _ = recheck.tick() => {
                if let Err(why) = actor::still_good(state, signed_in).await {
                    return End::SignedOut(why);
                }
            }
        }
    }
}

/// Passes on a message and what waits behind it: a call that rings or ends says several things to the same page, and
/// they leave together.
async fn pass_on(client: &mut Client, socket: &mut WebSocket, mut message: Said) -> Result<(), End> {
    let together = async {
        let mut room = MAX_TOGETHER;
        let goodbye = loop {
            let goodbye = message.is_bye();
            socket.feed(Message::text(message.text())).await?;
            room -= 1;
            if goodbye || room == 0 {
                break goodbye;
            }
            match client.next_at_hand() {
                Some(next) => message = next,
                None => break false,
            }
        };
        socket.flush().await.map(|()| goodbye)
    };
    match timeout(SEND_WAIT, together).await {
        Ok(Ok(false)) => Ok(()),
        Ok(Ok(true)) => Err(End::Goodbye),
        Ok(Err(_)) => Err(End::ClientGone),
        Err(_) => Err(End::TooSlow),
    }
}

fn ticker(every: Duration) -> tokio::time::Interval {
    let mut ticker = interval(every);
    ticker.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick comes at once; the stream has just been checked.
    ticker.reset();
    ticker
}

async fn send(socket: &mut WebSocket, message: &ServerMessage) -> Result<(), End> {
    let text = match serde_json::to_string(message) {
        Ok(text) => text,
        Err(error) => {
            tracing::error!(error = %error, "a live message could not be written; this is a bug");
            return Ok(());
        }
    };
    send_text(socket, &text).await
}

async fn send_text(socket: &mut WebSocket, text: &str) -> Result<(), End> {
    match timeout(SEND_WAIT, socket.send(Message::text(text))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::ClientGone),
        Err(_) => Err(End::TooSlow),
    }
}

async fn close(socket: &mut WebSocket, end: End) {
    let (why, code) = match end {
        End::ClientGone => return,
        End::Goodbye => (None, close_code::NORMAL),
        End::TooSlow => (Some("too_slow"), close_code::POLICY),
        End::TooManyMistakes => (Some("too_many_mistakes"), close_code::POLICY),
        End::SignedOut(why) => (Some(why), close_code::NORMAL),
    };
    let farewell = async {
        if let Some(why) = why {
            let _ = send(socket, &ServerMessage::Bye { why }).await;
        }
        let reason = why.unwrap_or("bye");
        let _ = socket.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await;
        // The client's own close, so that what we said last is not lost in a reset.
        while let Some(Ok(frame)) = socket.recv().await {
            if matches!(frame, Message::Close(_)) {
                break;
            }
        }
    };
    let _ = timeout(SEND_WAIT, farewell).await;
}

/// What became of a text from the client.
#[derive(Debug, PartialEq)]
enum Heard {
    Message(ClientMessage),
    Mistake(ServerMessage),
    Enough,
}

/// Reads what a client says, and how often it says nonsense.
struct Listener {
    pace: DefaultDirectRateLimiter,
    mistakes: u32,
}

impl Listener {
    fn new() -> Self {
        Self { pace: RateLimiter::direct(Quota::per_second(PER_SECOND).allow_burst(BURST)), mistakes: 0 }
    }

    fn hear(&mut self, text: &str) -> Heard {
        if self.pace.check().is_err() {
            return self.mistake("too_fast", "Send fewer messages.");
        }
        match serde_json::from_str::<ClientMessage>(text) {
            Ok(ClientMessage::LineOpen { request, .. }) if request.len() > MAX_MARK => {
                self.mistake("malformed", "The field request may have 100 bytes.")
            }
            Ok(message) => Heard::Message(message),
            Err(_) => self.mistake(
                "malformed",
                "This is none of the messages documented at /api/docs (ClientMessage).",
            ),
        }
    }

    fn mistake(&mut self, code: &'static str, detail: &str) -> Heard {
        self.mistakes += 1;
        if self.mistakes >= MAX_MISTAKES {
            return Heard::Enough;
        }
        Heard::Mistake(ServerMessage::Error { request: None, code, detail: detail.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_and_nonsense_is_answered() {
        let mut listener = Listener::new();
        assert_eq!(listener.hear(r#"{"type":"ping"}"#), Heard::Message(ClientMessage::Ping));
        for nonsense in ["", "{", r#"{"type":"sudo"}"#, r#"{"type":"ready"}"#, "[]"] {
            assert!(matches!(listener.hear(nonsense), Heard::Mistake(_)), "{nonsense}");
        }
    }

    #[test]
    fn the_tenth_mistake_ends_the_stream() {
        let mut listener = Listener::new();
        for _ in 1..MAX_MISTAKES {
            assert!(matches!(listener.hear("x"), Heard::Mistake(_)));
        }
        assert_eq!(listener.hear("x"), Heard::Enough);
    }

    #[test]
    fn a_flood_is_counted_as_mistakes() {
        let mut listener = Listener::new();
        let answers: Vec<Heard> =
            (0..BURST.get() + 40).map(|_| listener.hear(r#"{"type":"ping"}"#)).collect();
        assert!(answers.contains(&Heard::Enough));
    }

    #[test]
    fn an_endless_mark_is_refused() {
        let text = format!(r#"{{"type":"line_open","request":"{}","sdp":"v=0"}}"#, "x".repeat(MAX_MARK + 1));
        assert!(matches!(Listener::new().hear(&text), Heard::Mistake(_)));
    }
}
