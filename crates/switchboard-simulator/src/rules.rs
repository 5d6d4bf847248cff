//! Meta's limits and refusals, each with its source and date. They judge the product; they are not shared with it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::chance;
use crate::media::sdp::AnswerProblem;

/// The times and counts of Meta's side.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How long an unanswered call rings. User-initiated calls, Nov 2025: "about 30 to 60 s after the connect
    /// webhook"; the exact value is not published.
    pub ring_time: Duration,
    /// Without media of the business at the start the user's app hangs up. Error codes, Jun 2026: 20 s (138021).
    pub silence_at_start: Duration,
    /// Later in the call. Error codes, Jun 2026: 30 s (138021).
    pub silence_later: Duration,
    /// Calls of one number at the same time. FAQ, Nov 2025: 1,000; beyond it the user gets a generic message and
    /// no webhook is sent.
    pub concurrent_calls: usize,
    /// Longest `biz_opaque_callback_data`. API reference, Nov 2025: 512 characters.
    pub callback_data: usize,
    /// First wait before a webhook is sent again. Webhooks overview, Nov 2025: "growing delay", no numbers.
    pub webhook_retry_first: Duration,
    /// No further attempt after this long. Documents say 36 hours or 7 days; for calls "assume nothing" (FAQ).
    pub webhook_retry_for: Duration,
    /// One delivery attempt. FAQ, Nov 2025: about 20 s.
    pub webhook_timeout: Duration,
    /// A customer's app begins to speak this long after `accept`.
    pub speaks_after: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            ring_time: Duration::from_secs(45),
            silence_at_start: Duration::from_secs(20),
            silence_later: Duration::from_secs(30),
            concurrent_calls: 1_000,
            callback_data: 512,
            webhook_retry_first: Duration::from_secs(1),
            webhook_retry_for: Duration::from_secs(120),
            webhook_timeout: Duration::from_secs(20),
            speaks_after: Duration::from_millis(60),
        }
    }
}

/// Under which code a bad SDP is refused: 100 by the documents (Jun 2026), 138008 in real traffic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SdpRefusal {
    /// Documented: invalid parameter.
    #[default]
    Documented,
    /// Undocumented, seen in public code and logs.
    Seen,
}

/// A refusal of the Graph API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) http: u16,
    pub(crate) code: i64,
    subcode: Option<i64>,
    kind: &'static str,
    message: String,
    details: Option<String>,
}

impl Refusal {
    fn new(http: u16, code: i64, title: &str, details: impl Into<String>) -> Self {
        Self {
            http,
            code,
            subcode: None,
            kind: "OAuthException",
            message: format!("(#{code}) {title}"),
            details: Some(details.into()),
        }
    }

    /// Invalid parameter (error codes, Jun 2026): 100, HTTP 400, the problem in `details`.
    pub(crate) fn parameter(details: impl Into<String>) -> Self {
        Self::new(400, 100, "Invalid parameter", details)
    }

    /// A bad token (Cloud API error codes, Nov 2025): 190, HTTP 401.
    pub(crate) fn token() -> Self {
        Self {
            http: 401,
            code: 190,
            subcode: None,
            kind: "OAuthException",
            message: "Invalid OAuth access token - Cannot parse access token".into(),
            details: None,
        }
    }

    /// A node that does not exist (Graph API): 100 with subcode 33, type GraphMethodException, HTTP 400.
    pub(crate) fn node(id: &str) -> Self {
        Self {
            http: 400,
            code: 100,
            subcode: Some(33),
            kind: "GraphMethodException",
            message: format!(
                "Unsupported request. Object with ID '{id}' does not exist, cannot be loaded due to missing \
                 permissions, or does not support this operation."
            ),
            details: None,
        }
    }

    /// A path or version the Graph API does not know: 2500, HTTP 400.
    pub(crate) fn path() -> Self {
        Self::new(400, 2500, "Unknown path components", "Unknown path components")
    }

    /// Calling switched off (error codes, Jun 2026): 138000, HTTP 401.
    pub(crate) fn calling_off() -> Self {
        Self::new(401, 138_000, "Calling not enabled", "Calling APIs are not enabled for this phone number")
    }

    /// A call to a customer without permission (error codes, Jun 2026): 138006, HTTP 401.
    pub(crate) fn no_permission() -> Self {
        Self::new(
            401,
            138_006,
            "No approved call permission found",
            "No approved call permission from the recipient",
        )
    }

    /// Bad SDP, under the code that is switched on.
    pub(crate) fn sdp(problem: &AnswerProblem, as_code: SdpRefusal) -> Self {
        match as_code {
            SdpRefusal::Documented => Self::parameter(problem.to_string()),
            SdpRefusal::Seen => Self::new(400, 138_008, "SDP Validation error", problem.to_string()),
        }
    }

    /// The failures named for `/calls` without a code (user-initiated calls, Nov 2025): unknown call, call in
    /// progress, completed or failed, SDP of accept unlike that of pre_accept, user already gone.
    pub(crate) fn call(details: &str) -> Self {
        Self::parameter(details)
    }

    /// A failure on demand.
    pub(crate) fn fault(http: u16, code: i64) -> Self {
        Self::new(http, code, "Simulated fault", "This refusal was asked for")
    }

    /// The body as the reference shows it.
    pub(crate) fn body(&self) -> Value {
        let mut error = json!({ "message": self.message, "type": self.kind, "code": self.code });
        if let Some(details) = &self.details {
            error["error_data"] = json!({ "messaging_product": "whatsapp", "details": details });
        }
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = json!(subcode);
        }
        error["fbtrace_id"] = json!(format!("A{}", chance::letters::<22>()));
        json!({ "error": error })
    }
}
