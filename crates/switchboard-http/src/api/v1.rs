//! Version 1: fields are added, never renamed or removed.

pub(crate) mod alerts;
pub(crate) mod api_keys;
pub(crate) mod audit;
pub(crate) mod blocked_callers;
pub(crate) mod branches;
pub(crate) mod calls;
pub(crate) mod contacts;
pub(crate) mod eligibility;
pub(crate) mod events;
pub(crate) mod invitations;
pub(crate) mod me;
pub(crate) mod numbers;
pub(crate) mod owed;
pub(crate) mod password_resets;
pub(crate) mod permissions;
pub(crate) mod recordings;
pub(crate) mod server;
pub(crate) mod settings;
pub(crate) mod tenants;
pub(crate) mod users;
pub(crate) mod webhook_relays;
