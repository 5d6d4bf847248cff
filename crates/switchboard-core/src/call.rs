//! One call as a pure machine. `handle` takes what happened, `poll_effect` gives what is to be done,
//! `poll_timeout` says when to come back with `TimePassed` although nothing happened.

pub mod effect;
pub mod event;
pub mod input;
pub mod state;
