//! The API from outside: who gets in, what refusals say, the live stream.

mod access;
mod blocked_callers;
mod live_stream;
mod matrix;
mod metrics;
mod numbers;
mod person;
mod recordings;
mod refusals;
mod rights;
mod sign_in;
