//! Each effect to its doer. What comes of it returns to the call as an input.

pub(crate) mod media;
pub(crate) mod provider;
pub(crate) mod store;

use tokio::task::JoinHandle;
use tracing::Instrument as _;

/// Starts work beside the call that is being handled; what it logs carries the call as well.
fn spawn_with_span<F>(work: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    tokio::spawn(work.in_current_span())
}
