//! Identifiers: UUID v7 inside, `prefix_…` outside. They are made where chance lives (the engine), never here.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// A text that should have been one of our identifiers and is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an identifier of the form {prefix}_…")]
pub struct NotAnId {
    /// The prefix this kind of identifier carries.
    pub prefix: &'static str,
    /// What was given, cut to 64 characters.
    pub text: String,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What stands before the underscore outside.
            pub const PREFIX: &'static str = $prefix;

            /// Wraps a UUID that was made (or read back) elsewhere.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID as the database keeps it.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                text.strip_prefix(concat!($prefix, "_"))
                    .filter(|rest| rest.len() == 32)
                    .and_then(|rest| Uuid::try_parse(rest).ok())
                    .map(Self)
                    .ok_or_else(|| NotAnId { prefix: $prefix, text: text.chars().take(64).collect() })
            }
        }
    };
}

id!(/// A customer of the operator: one business with its users, numbers and calls.
    TenantId, "ten");
id!(/// A branch (shop, team, city) inside a tenant.
    BranchId, "br");
id!(/// A business phone number (an inbox).
    NumberId, "num");
id!(/// A call.
    CallId, "call");
id!(/// A person who signs in; an agent is a user with a line.
    UserId, "user");
id!(/// A recording of a call.
    RecordingId, "rec");
id!(/// An API key.
    ApiKeyId, "key");
id!(/// One running Switchboard process with its data folder.
    NodeId, "node");
id!(/// One agent line: the peer connection of one browser tab.
    LineId, "line");
id!(/// One entry of the block list.
    BlockId, "blk");
id!(/// Somebody who talks with the business: a customer.
    ContactId, "ct");
id!(/// A message of a customer, or to one.
    MessageId, "msg");
id!(/// What a customer said about being called.
    ConsentId, "cons");
id!(/// A file of contacts that is taken in.
    ImportId, "imp");
id!(/// One entry of the event log.
    EventId, "evt");
id!(/// One entry of the audit log.
    AuditId, "aud");
id!(/// An invitation to make an account.
    InvitationId, "inv");
id!(/// Something owed, until it is done: a delivery, an e-mail, tidying up.
    JobId, "job");
id!(/// A place webhooks are passed on to.
    RelayTargetId, "relay");
id!(/// Something somebody should look at.
    AlertId, "alert");

/// The provider's own id of a call (`wacid.…`). Opaque. It contains the customer's number, so its `Debug` is masked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderCallId(String);

impl ProviderCallId {
    /// Wraps the provider's text unchanged.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the provider and the database only.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ProviderCallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProviderCallId({} chars)", self.0.chars().count())
    }
}

/// The provider's own id of a message (`wamid.…`). Opaque. It contains the customer's number, so its `Debug` is masked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderMessageId(String);

impl ProviderMessageId {
    /// Wraps the provider's text unchanged.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the provider and the database only.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ProviderMessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProviderMessageId({} chars)", self.0.chars().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_as_it_was_written() {
        let id = CallId::from_uuid(Uuid::from_u128(0x0199_aaaa_bbbb_7ccc_8ddd_eeee_ffff_0001));
        assert_eq!(id.to_string(), "call_0199aaaabbbb7ccc8dddeeeeffff0001");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let number = NumberId::from_uuid(Uuid::from_u128(1)).to_string();
        assert!(number.parse::<CallId>().is_err());
        assert!("call_1".parse::<CallId>().is_err());
        assert!("call_".parse::<CallId>().is_err());
    }

    #[test]
    fn the_providers_id_never_shows_in_debug() {
        let id = ProviderCallId::new("wacid.HBgLMTU1NTAxMDAwMDIVAgAS");
        assert!(!format!("{id:?}").contains("HBgL"));
        let id = ProviderMessageId::new("wamid.HBgLMTU1NTAxMDAwMDIVAgAS");
        assert!(!format!("{id:?}").contains("HBgL"));
    }
}
