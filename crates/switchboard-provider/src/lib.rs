//! TRANSLATE: what Meta says and wants to hear, in our words.
//!
//! In the order of a call: [`meta::signature`] decides whether a body is Meta's, [`meta::webhook`] turns it into
//! [`event::Incoming`]s, [`meta::GraphClient`] carries our answers back. JSON of Meta's stays behind this wall.

pub mod error;
pub mod event;
mod http;
pub mod meta;
pub mod outgoing;
pub mod secret;
pub mod settings;
mod stopwatch;
