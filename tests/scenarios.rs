//! One file per story.

mod bad_input;
mod echo;
mod graph_trouble;
mod many_calls;
mod people;
mod postgres;
mod restart;
mod webhooks;
