//! DECIDE: the pure rules of a telephone exchange for WhatsApp Business Calling.
//!
//! Nothing here waits, reads a clock, throws a die, opens a file or speaks a protocol. Time and facts
//! come in as arguments, decisions go out as values. In the order of a call:
//!
//! - [`ids`], [`phone`], [`time`], [`access`], [`audit`], [`masking`], [`language`]: the words every other crate shares
//! - [`presence`]: which agent can be rung
//! - [`media_terms`]: what a number agreed with its provider about sound
//! - [`recording`]: whether the calls of a number are recorded
//! - [`admission`]: may a call come in at all, and who is blocked
//! - [`eligibility`]: may a customer be called at all, and why not: one verdict out of [`permission`], [`consent`],
//!   [`hours`] and [`safeguard`]
//! - [`call`]: the state machine of one call: `handle` / `poll_effect` / `poll_timeout`
//! - [`address_class`]: may an address somebody else chose be spoken to
//! - [`alert`]: what somebody should look at, and when it is over
//! - [`retry`]: when something that did not work is tried again, and when it is given up
//!
//! What always holds (watched at every step by `tests/simulation.rs`): no accept before `pre_accept` and at
//! most one; a customer is called at most once, and a call the provider turns out to have although it is over is ended
//! there; no sound before the accept is known to have worked or the customer has picked up; nothing recorded before
//! the customer was told or after the end; one winner; one end, with nobody rung, the
//! leg given back and the provider told at most once; and every call ends.

pub mod access;
pub mod address_class;
pub mod admission;
pub mod alert;
pub mod audit;
pub mod call;
pub mod consent;
pub mod eligibility;
pub mod hours;
pub mod ids;
pub mod language;
pub mod masking;
pub mod media_terms;
pub mod permission;
pub mod phone;
pub mod presence;
pub mod recording;
pub mod retry;
pub mod safeguard;
pub mod time;
