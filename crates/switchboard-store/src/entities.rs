//! Rows as SeaORM reads and writes them. They stay in this crate: outside are the types of each subject.

#![allow(missing_docs, unreachable_pub, reason = "the derive of SeaORM writes public items without a word")]

/// Rows hold names, numbers, hashes and SDP: what is printed of them is which kind they are.
macro_rules! masked_debug {
    ($table:literal) => {
        impl std::fmt::Debug for Model {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!("a row of ", $table))
            }
        }
    };
}
use masked_debug;

pub(crate) mod api_key;
pub(crate) mod branch;
pub(crate) mod call;
pub(crate) mod call_event;
pub(crate) mod inbox;
pub(crate) mod node;
pub(crate) mod number;
pub(crate) mod session;
pub(crate) mod tenant;
pub(crate) mod user;
pub(crate) mod user_branch;
