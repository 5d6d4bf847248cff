//! Scenarios: the whole exchange and the simulator, over real HTTP and real UDP, on a real database.
//!
//! The exchange is started exactly as the binary starts it; nothing of ours is replaced. Tests wait for events,
//! never for time to pass.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say what went wrong by failing")]

mod api;
mod rules;
mod scenarios;
mod support;
