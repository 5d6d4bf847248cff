//! What every request passes before it reaches its handler.

pub(crate) mod admission;
pub(crate) mod client_address;
pub(crate) mod request_id;
pub(crate) mod security_headers;
