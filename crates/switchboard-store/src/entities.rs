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

pub(crate) mod alert;
pub(crate) mod api_key;
pub(crate) mod audit_entry;
pub(crate) mod blocked_caller;
pub(crate) mod branch;
pub(crate) mod call;
pub(crate) mod call_event;
pub(crate) mod consent;
pub(crate) mod contact;
pub(crate) mod contact_import;
pub(crate) mod contact_import_part;
pub(crate) mod contact_tag;
pub(crate) mod conversation;
pub(crate) mod data_key;
pub(crate) mod dial;
pub(crate) mod finished_call;
pub(crate) mod inbox;
pub(crate) mod invitation;
pub(crate) mod job;
pub(crate) mod job_key;
pub(crate) mod message;
pub(crate) mod missed_call;
pub(crate) mod node;
pub(crate) mod number;
pub(crate) mod number_announcement;
pub(crate) mod number_hours;
pub(crate) mod number_safeguard;
pub(crate) mod number_signal;
pub(crate) mod number_state;
pub(crate) mod outbox;
pub(crate) mod password_reset;
pub(crate) mod permission_wallet;
pub(crate) mod pickup_hour;
pub(crate) mod recording;
pub(crate) mod relay_target;
pub(crate) mod sealing_pass;
pub(crate) mod session;
pub(crate) mod suspension;
pub(crate) mod tenant;
pub(crate) mod usage_month;
pub(crate) mod user;
pub(crate) mod user_branch;
