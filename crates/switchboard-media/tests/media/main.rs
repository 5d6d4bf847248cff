//! The media engine against other people's WebRTC, over real UDP on loopback and in real time.
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests on the real clock")]

mod customer;
mod line;
mod peer;
mod profile;
mod shared_port;
