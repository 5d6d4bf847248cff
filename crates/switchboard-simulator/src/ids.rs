//! All that this crate borrows from the product: how a phone number is written.

pub use switchboard_core::phone::PhoneNumber;
