//! Meta's Cloud API: who may speak to us, what it says, and how we answer.

pub(crate) mod errors;
pub mod graph;
mod members;
pub mod signature;
pub mod webhook;

pub use self::errors::kind_of_code;
pub use self::graph::{
    DEFAULT_VERSION, GraphClient, GraphConfig, GraphConfigRefusal, META_HOST, NO_PROVIDER_CODE, to_answer,
};

pub use crate::error::{GraphError, GraphErrorKind, Retry};
