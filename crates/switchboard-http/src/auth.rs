//! Who asks: sessions for people, keys for programs, and the table of what each may use.

pub(crate) mod access;
pub(crate) mod actor;
pub(crate) mod api_key;
pub(crate) mod links;
pub(crate) mod login;
pub(crate) mod origin;
pub(crate) mod password;
pub(crate) mod rate_limit;
pub(crate) mod request_rate;
pub(crate) mod session_store;
pub(crate) mod setup;
