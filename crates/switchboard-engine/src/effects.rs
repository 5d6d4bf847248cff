//! Each effect to its doer. What comes of it returns to the call as an input.

pub(crate) mod media;
pub(crate) mod provider;
pub(crate) mod store;
