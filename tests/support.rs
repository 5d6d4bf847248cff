//! What every scenario needs: a running world, people in it, and patience with a limit.

pub(crate) mod cli;
pub(crate) mod mail_server;
pub(crate) mod patience;
pub(crate) mod permission;
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod receiver;
pub(crate) mod recording;
pub(crate) mod standstill;
pub(crate) mod stoppable;
pub(crate) mod world;
