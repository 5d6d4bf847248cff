//! Stories between the simulator and a tiny business written here with plain str0m: real HTTP, real UDP.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, missing_docs, reason = "tests")]

mod agents;
mod business;
mod calls;
mod faults;
mod graph;
mod line;
mod load;
mod outgoing;
mod permissions;
mod phone;
mod webhooks;
