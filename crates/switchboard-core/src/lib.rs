//! DECIDE: the pure rules of a telephone exchange for WhatsApp Business Calling.
//!
//! Nothing here waits, reads a clock, throws a die, opens a file or speaks a protocol. Time and facts
//! come in as arguments, decisions go out as values. In the order of a call:
//!
//! - [`ids`], [`phone`], [`time`], [`access`]: the words every other crate shares
//! - [`presence`]: which agent can be rung
//! - [`call`]: the state machine of one call: `handle` / `poll_effect` / `poll_timeout`
//!
//! What always holds (watched at every step by `tests/simulation.rs`): no accept before `pre_accept` and at
//! most one; no sound before the accept is known to have worked; one winner; one end, with nobody rung, the
//! leg given back and the provider told at most once; and every call ends.

pub mod access;
pub mod call;
pub mod ids;
pub mod phone;
pub mod presence;
pub mod time;
