//! Meta's Cloud API: who may speak to us, what it says, and how we answer.

pub(crate) mod errors;
pub mod graph;
mod members;
pub mod signature;
pub mod webhook;

pub use errors::kind_of_code;
pub use graph::{GraphClient, GraphConfig, GraphConfigRefusal, NO_PROVIDER_CODE, to_answer};

pub use crate::error::{GraphError, GraphErrorKind, Retry};
