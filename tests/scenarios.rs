//! One file per story.

mod bad_input;
mod echo;
mod restart;
mod webhooks;
