//! Why something is not sent, or did not get through, in words for the person who chose the address.

use std::error::Error;

use switchboard_core::address_class::AddressClass;

/// We will not speak to this address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutboundRefusal {
    /// Neither http nor https.
    #[error("the address must begin with https://")]
    Scheme,
    /// It has no host.
    #[error("the address names no host")]
    NoHost,
    /// User or password.
    #[error("the address must not carry a user or password; use a secret instead")]
    Credentials,
    /// A port where other services live.
    #[error("port {port} is not used for webhooks; use 443, 80 or one from 1024 up")]
    Port {
        /// Which.
        port: u16,
    },
    /// Plain http to a place that the operator did not open.
    #[error(
        "the address must begin with https://; plain http is only for networks that the operator opened with SWITCHBOARD_OUTBOUND_ALLOW"
    )]
    NotEncrypted,
    /// It leads to where outsiders must not send us.
    #[error("the address leads to {}, which is not spoken to; if that is meant, the operator can open the range with SWITCHBOARD_OUTBOUND_ALLOW", class.as_words())]
    Address {
        /// Where it leads.
        class: AddressClass,
    },
    /// Nobody knows the name.
    #[error("the name of the host is not known; check its spelling and its DNS entry")]
    NameUnknown,
}

/// A request without a good end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// It was not sent.
    #[error(transparent)]
    Refused(#[from] OutboundRefusal),
    /// Too many requests to this host are under way.
    #[error("too many requests to this host are waiting for an answer")]
    Crowded,
    /// No connection, or its certificate is not trusted: nothing was sent.
    #[error("no connection: {0}")]
    NotConnected(String),
    /// It sends us somewhere else; we do not go.
    #[error("it answered {status}, a redirect, which is not followed; enter the final address")]
    Redirected {
        /// The HTTP status.
        status: u16,
    },
    /// It took too long.
    #[error("no answer in time")]
    TimedOut {
        /// The status, when the answer had begun.
        status: Option<u16>,
    },
    /// The answer is longer than anybody reads.
    #[error("the answer has more than {limit} bytes")]
    AnswerTooLarge {
        /// The status.
        status: u16,
        /// The limit.
        limit: usize,
    },
    /// The connection broke.
    #[error("the connection broke: {what}")]
    Broken {
        /// The status, when the answer had begun.
        status: Option<u16>,
        /// What the client says, without the address.
        what: String,
    },
}

impl OutboundError {
    /// The status, when an answer had begun: whoever only wanted to deliver something knows enough.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::TimedOut { status } | Self::Broken { status, .. } => *status,
            Self::AnswerTooLarge { status, .. } | Self::Redirected { status } => Some(*status),
            Self::Refused(_) | Self::Crowded | Self::NotConnected(_) => None,
        }
    }

    pub(super) fn from_client(error: reqwest::Error, status: Option<u16>) -> Self {
        let error = error.without_url();
        // Our own refusal travels inside the client's error.
        let mut source: Option<&(dyn Error + 'static)> = error.source();
        let mut deepest = error.to_string();
        while let Some(cause) = source {
            if let Some(refusal) = cause.downcast_ref::<OutboundRefusal>() {
                return Self::Refused(*refusal);
            }
            deepest = cause.to_string();
            source = cause.source();
        }
        if error.is_timeout() {
            return Self::TimedOut { status };
        }
        if error.is_connect() || error.is_builder() {
            return Self::NotConnected(deepest);
        }
        Self::Broken { status, what: deepest }
    }
}
