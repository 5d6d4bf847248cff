//! Version 1: fields are added, never renamed or removed.

pub(crate) mod calls;
pub(crate) mod events;
pub(crate) mod me;
pub(crate) mod numbers;
pub(crate) mod server;
pub(crate) mod users;
