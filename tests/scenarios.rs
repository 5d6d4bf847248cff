//! One file per story.

mod bad_input;
mod echo;
mod many_calls;
mod people;
mod restart;
mod webhooks;
