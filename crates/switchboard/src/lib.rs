//! START: reads flags, files, environment and signals; joins the crates into one running exchange.
//!
//! A library as well as a binary, so that the tests start the very same exchange that users start.

pub mod backup;
mod certificate;
pub mod config;
pub mod first_start;
pub mod node_id;
pub mod telemetry;
pub mod wiring;
