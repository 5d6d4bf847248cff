//! Waiting for something to become true: asked again and again, with a limit, never a fixed sleep.

use std::future::Future;
use std::time::Duration;

/// Longer than anything in these scenarios takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Asks until there is an answer; fails with `what` when there is none in time.
pub(crate) async fn eventually<T, F, Fut>(what: &str, ask: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    within(LIMIT, what, ask).await
}

/// The same with a limit of its own.
pub(crate) async fn within<T, F, Fut>(limit: Duration, what: &str, mut ask: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let asked = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    match tokio::time::timeout(limit, asked).await {
        Ok(answer) => answer,
        Err(_) => panic!("waited {limit:?} in vain: {what}"),
    }
}
