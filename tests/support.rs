//! What every scenario needs: a running world, people in it, and patience with a limit.

pub(crate) mod patience;
pub(crate) mod world;
