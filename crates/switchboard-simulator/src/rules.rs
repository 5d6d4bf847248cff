//! Meta's limits and refusals, each with its source and date. They judge the product; they are not shared with it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::chance;
use crate::media::sdp::AnswerProblem;
use crate::permissions::BookRules;

/// The times and counts of Meta's side.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How long an unanswered call rings. User-initiated calls, Nov 2025: "about 30 to 60 s after the connect
    /// webhook"; the exact value is not published.
    pub ring_time: Duration,
    /// How long a call of the business rings. Not published; the reference says to simulate 30 to 60 s.
    pub business_ring_time: Duration,
    /// From the request of the business until the customer's phone rings.
    pub rings_after: Duration,
    /// New calls of a number in 24 hours. Business-initiated calls, 2026: 10,000.
    pub new_calls_per_day: usize,
    /// The limits of a pair (call permissions, Jun 2026).
    pub permissions: BookRules,
    /// Questions about permissions in a second. Jun 2026: 100; Nov 2025: 5.
    pub permission_lookups_per_second: usize,
    /// Countries of business numbers without calls of the business (Jun 2026).
    pub countries_without: &'static [&'static str],
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
            business_ring_time: Duration::from_secs(45),
            rings_after: Duration::from_millis(50),
            new_calls_per_day: 10_000,
            permissions: BookRules::default(),
            permission_lookups_per_second: 100,
            countries_without: &["US", "CA", "EG", "VN", "NG"],
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

/// How a free message outside the window of 24 hours is refused: the documents say HTTP 400, in practice the request
/// is taken and a `failed` status follows (Nov 2025).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowRefusal {
    /// 200, then a failed status with 131047.
    #[default]
    FailedStatus,
    /// HTTP 400 with 131047.
    BadRequest,
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

    /// The receiver cannot be called (Jun 2026): 138001.
    pub(crate) fn uncallable() -> Self {
        Self::new(400, 138_001, "Receiver Uncallable", "Receiver is unable to receive calls")
    }

    /// Too many calls at the same time (Jun 2026): 138002, HTTP 429.
    pub(crate) fn too_many_calls(most: usize) -> Self {
        let details = format!("Limit reached for maximum concurrent calls ({most}) for the given number");
        Self::new(429, 138_002, "Concurrent Calls limit", details)
    }

    /// A call with this customer is going on (Jun 2026): 138003.
    pub(crate) fn duplicate_call() -> Self {
        Self::new(400, 138_003, "Duplicate call", "A call is already ongoing with the receiver")
    }

    /// No media could be set up (Jun 2026): 138004, HTTP 500.
    pub(crate) fn connection() -> Self {
        Self::new(500, 138_004, "Connection error", "Error while connecting the call")
    }

    /// Too many new calls in 24 hours (2026): 138005, HTTP 429.
    pub(crate) fn too_many_new_calls() -> Self {
        Self::new(
            429,
            138_005,
            "Call rate limit exceeded",
            "Limit reached for maximum calls that can be initiated by the business phone number",
        )
    }

    /// Too many permission requests to this customer (Jun 2026): 138009.
    pub(crate) fn too_many_requests() -> Self {
        Self::new(
            400,
            138_009,
            "Call Permission Request Limit Hit",
            "Limit reached for call permission request sends for the given business and consumer pair",
        )
    }

    /// Too many connected calls with this customer in 24 hours; details name the time of the next one (Jun 2026).
    pub(crate) fn connected_limit(until: i64) -> Self {
        let when =
            jiff::Timestamp::from_second(until).map_or_else(|_| until.to_string(), |at| at.to_string());
        let details = format!(
            "Limit reached for business-initiated calls to this user. Next call is allowed at {when}"
        );
        Self::new(400, 138_012, "Business Initiated Calls Limit Hit", details)
    }

    /// The country of the business number has none of it (Jun 2026): 138013.
    pub(crate) fn country() -> Self {
        Self::new(
            400,
            138_013,
            "Business-initiated calling is not available",
            "Business-initiated calling is not available for this business account phone number.",
        )
    }

    /// Restricted for low quality (Jun 2026): 138014.
    pub(crate) fn restricted() -> Self {
        Self::new(
            400,
            138_014,
            "Calling is temporarily disabled",
            "Calling has been temporarily disabled for this phone number due to low quality.",
        )
    }

    /// Messaging limit below 2,000 (Jun 2026): 138015.
    pub(crate) fn tier_too_low() -> Self {
        Self::new(
            400,
            138_015,
            "Calling cannot be enabled",
            "Calling APIs cannot be enabled for this phone number.",
        )
    }

    /// A permanent permission needs no request (Jun 2026): 138017.
    pub(crate) fn permanent_already() -> Self {
        Self::new(
            400,
            138_017,
            "Permanent call permission exists",
            "The user has already granted a permanent call permission, a request is not needed",
        )
    }

    /// No app listens to `calls` (Jun 2026): 138018.
    pub(crate) fn not_subscribed() -> Self {
        Self::new(
            400,
            138_018,
            "WhatsApp Business calling cannot be enabled because technical pre-requisites are not met.",
            "Configure SIP or ensure there is at-least one app subscribed to the WhatsApp Business Account that \
             also has subscription to the calls webhook field.",
        )
    }

    /// Calls by Graph on a number of SIP (Jun 2026): 131055.
    pub(crate) fn sip_number() -> Self {
        Self::new(
            400,
            131_055,
            "Method not allowed",
            "Graph API calls are not allowed for SIP enabled numbers",
        )
    }

    /// A test number and a stranger (Jun 2026): 131030.
    pub(crate) fn not_on_the_list() -> Self {
        Self::new(
            400,
            131_030,
            "Recipient phone number not in allowed list",
            "Recipient phone number not in allowed list: Add recipient phone number to recipient list and try again.",
        )
    }

    /// Too many questions about permissions (Jun 2026): 613, HTTP 429.
    pub(crate) fn too_many_lookups() -> Self {
        Self::new(
            429,
            613,
            "Fetch Call Permission For Consumer Phone Number API Limit Hit",
            "Limit reached for requests to the fetch call permission status API.",
        )
    }

    /// Any other refusal of messages, with the code of Meta's list (Nov 2025).
    pub(crate) fn message(http: u16, code: i64, title: &str, details: impl Into<String>) -> Self {
        Self::new(http, code, title, details)
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
