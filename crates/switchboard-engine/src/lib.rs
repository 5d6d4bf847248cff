//! COORDINATE: the imperative shell around the core.
