//! Which agent can be rung, and why not.
