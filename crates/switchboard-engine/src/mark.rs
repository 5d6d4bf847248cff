//! What we send along with a call of ours, so that its news find it before the provider has named it: our own id.

use switchboard_core::ids::CallId;

/// Did we send this along?
pub(crate) fn is_ours(mark: Option<&str>) -> bool {
    call_of(mark).is_some()
}

/// Which call it marks.
pub(crate) fn call_of(mark: Option<&str>) -> Option<CallId> {
    mark?.parse().ok()
}
