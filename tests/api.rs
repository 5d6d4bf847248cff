//! The API from outside: who gets in, what refusals say, the live stream.

mod access;
mod live_stream;
mod person;
mod refusals;
mod sign_in;
