//! Calls: lists, one call with its story, and what a person can do to a live one.

pub(crate) mod answer;
pub(crate) mod decline;
pub(crate) mod get;
pub(crate) mod hang_up;
pub(crate) mod list;
pub(crate) mod place;
pub(crate) mod recording;
pub(crate) mod reject;
