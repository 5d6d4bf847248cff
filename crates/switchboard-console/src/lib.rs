//! The built web console, embedded.
