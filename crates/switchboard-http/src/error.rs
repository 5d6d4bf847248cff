//! What a refused request is told: RFC 9457 problem details with a `code` that stays.

use std::ops::RangeInclusive;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use problem_details::{JsonProblemDetails, ProblemDetails, ProblemType};
use serde::Serialize;
use serde_json::{Map, Value};
use switchboard_core::eligibility::words;
use switchboard_core::language::Language;
use switchboard_core::permission::RequestRefusalWhy;
use switchboard_engine::clock::rfc3339;
use switchboard_engine::{CallRefused, OutreachRefused};
use switchboard_store::StoreError;
use utoipa::ToSchema;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $status:ident, $title:literal;)*) => {
        /// Every way a request can be refused. The word is a promise, the title may be polished.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// All of them, for the documentation.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word clients compare.
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The status it travels with.
            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// One line for people.
            pub(crate) const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

codes! {
    NotSignedIn = "not_signed_in", UNAUTHORIZED, "Sign in first";
    WrongCredentials = "wrong_credentials", UNAUTHORIZED, "E-mail or password is wrong";
    WrongApiKey = "wrong_api_key", UNAUTHORIZED, "The API key is not known";
    BadSignature = "bad_signature", UNAUTHORIZED, "The signature does not match the body";
    Forbidden = "forbidden", FORBIDDEN, "Your role does not allow this";
    NotYours = "not_yours", FORBIDDEN, "This call belongs to somebody else";
    ForeignOrigin = "foreign_origin", FORBIDDEN, "The request comes from another site";
    NeedsAPerson = "needs_a_person", FORBIDDEN, "Only a person who is signed in can do this";
    SetupRefused = "wrong_code", FORBIDDEN, "The set-up code is wrong";
    WrongPassword = "wrong_password", FORBIDDEN, "The old password is wrong";
    WrongVerifyToken = "wrong_verify_token", FORBIDDEN, "The verify token is wrong";
    LinkNotValid = "link_not_valid", GONE, "This link opens nothing any more";
    NotFound = "not_found", NOT_FOUND, "There is nothing here";
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "This address does not take this method";
    AlreadyTaken = "already_taken", CONFLICT, "Somebody else has answered";
    NotRinging = "not_ringing", CONFLICT, "This call does not ring any more";
    NotAnswered = "not_answered", CONFLICT, "Nobody has answered this call yet";
    RecordingOff = "recording_off", CONFLICT, "Calls of this number are not recorded";
    NotRecorded = "not_recorded", CONFLICT, "This call is not being recorded";
    Over = "over", CONFLICT, "The call is over";
    InAnotherCall = "in_another_call", CONFLICT, "You are in another call";
    NotEligible = "not_eligible", CONFLICT, "The customer may not be called now";
    NoLine = "no_line", CONFLICT, "Your line is not connected";
    ContactExists = "contact_exists", CONFLICT, "There is a contact with this number or id";
    CustomerSaidNo = "customer_said_no", CONFLICT, "This customer does not want to be called and is not forgotten";
    OptedOut = "opted_out", CONFLICT, "This customer does not want to be called";
    PermissionLimit = "permission_limit", CONFLICT, "This customer may not be asked now";
    WindowClosed = "window_closed", CONFLICT, "The customer wrote or called too long ago";
    NoTemplate = "no_template", CONFLICT, "There is no template to ask with";
    NumberNotConnected = "number_not_connected", CONFLICT, "The number is not connected to the provider";
    NoDisplayNumber = "no_display_number", CONFLICT, "Nobody has said which phone number this is";
    ProviderRefused = "provider_refused", CONFLICT, "The provider refused it";
    AlreadyBlocked = "already_blocked", CONFLICT, "This caller is blocked already";
    BlockListFull = "block_list_full", CONFLICT, "The block list is full";
    EmailTaken = "email_taken", CONFLICT, "There is an account with this e-mail address";
    LastAdmin = "last_admin", CONFLICT, "Nobody would be left to administer the business";
    BranchInUse = "branch_in_use", CONFLICT, "The branch is used";
    AlreadySetUp = "already_set_up", CONFLICT, "The first account exists already";
    StillRecording = "still_recording", CONFLICT, "The call is still being recorded";
    RecordingDeleted = "recording_deleted", GONE, "This recording was deleted";
    RangeNotSatisfiable = "range_not_satisfiable", RANGE_NOT_SATISFIABLE, "The recording is shorter than that";
    RecordingDamaged = "recording_damaged", INTERNAL_SERVER_ERROR, "The file of this recording is damaged";
    NotGivenUp = "not_given_up", CONFLICT, "This was not given up";
    TooManyRelays = "too_many_relays", CONFLICT, "There are as many webhook relays as there may be";
    NotJson = "not_json", BAD_REQUEST, "The body is not JSON";
    InvalidBody = "invalid_body", BAD_REQUEST, "A field of the body is missing or wrong";
    InvalidQuery = "invalid_query", BAD_REQUEST, "A parameter of the address is wrong";
    InvalidUpgrade = "invalid_upgrade", BAD_REQUEST, "This is not a WebSocket handshake";
    BadRequest = "bad_request", BAD_REQUEST, "The request cannot be read";
    InvalidName = "invalid_name", UNPROCESSABLE_ENTITY, "A name needs 1 to 100 characters";
    InvalidEmail = "invalid_email", UNPROCESSABLE_ENTITY, "This is not an e-mail address";
    InvalidCaller = "invalid_caller", UNPROCESSABLE_ENTITY, "Name the caller by one of phone, user_id and call_id";
    InvalidTags = "invalid_tags", UNPROCESSABLE_ENTITY, "A contact has at most 20 tags of 1 to 50 characters";
    InvalidMessage = "invalid_message", UNPROCESSABLE_ENTITY, "The message is empty, too long, or mixes what does not go together";
    InvalidEvidence = "invalid_evidence", UNPROCESSABLE_ENTITY, "A consent needs its evidence in 1 to 2,000 characters";
    InvalidFile = "invalid_file", UNPROCESSABLE_ENTITY, "The file cannot be read";
    UnknownOwner = "unknown_owner", UNPROCESSABLE_ENTITY, "There is no such person in this business";
    InvalidReason = "invalid_reason", UNPROCESSABLE_ENTITY, "A reason has at most 500 characters";
    InvalidMoment = "invalid_moment", UNPROCESSABLE_ENTITY, "This is not a moment to come, like 2027-01-31T09:00:00Z";
    UnknownRole = "unknown_role", UNPROCESSABLE_ENTITY, "A role is agent, supervisor, admin or operator";
    UnknownLanguage = "unknown_language", UNPROCESSABLE_ENTITY, "This language is not offered";
    PasswordTooShort = "password_too_short", UNPROCESSABLE_ENTITY, "A password needs at least 12 characters";
    PasswordTooLong = "password_too_long", UNPROCESSABLE_ENTITY, "A password has at most 1,024 bytes";
    UnknownWord = "unknown_word", UNPROCESSABLE_ENTITY, "This field takes words of a list";
    OutOfRange = "out_of_range", UNPROCESSABLE_ENTITY, "The number is too small or too large";
    ConfirmationNeeded = "confirmation_needed", UNPROCESSABLE_ENTITY, "This must be confirmed";
    NoSound = "no_sound", UNPROCESSABLE_ENTITY, "The file has no sound in it";
    NotAudio = "not_audio", UNPROCESSABLE_ENTITY, "The file is neither Ogg Opus nor WAV";
    SoundTooLong = "sound_too_long", UNPROCESSABLE_ENTITY, "The sound is longer than a minute";
    AnnouncementNeeded = "announcement_needed", UNPROCESSABLE_ENTITY, "Recording needs an announcement or a waiver";
    NeedsAllBranches = "needs_all_branches", UNPROCESSABLE_ENTITY, "Who administers a business does so for all its branches";
    UnknownBranch = "unknown_branch", UNPROCESSABLE_ENTITY, "There is no such branch";
    AddressRefused = "address_refused", UNPROCESSABLE_ENTITY, "This address cannot be used";
    InvalidSecret = "invalid_secret", UNPROCESSABLE_ENTITY, "A secret is whsec_ and base64, or a text of 16 to 256 bytes";
    InvalidPhone = "invalid_phone", UNPROCESSABLE_ENTITY, "This is no phone number";
    NumberNeeded = "number_needed", UNPROCESSABLE_ENTITY, "Name the number";
    UnknownAgent = "unknown_agent", UNPROCESSABLE_ENTITY, "This is nobody who could speak";
    InvalidPayload = "invalid_payload", UNPROCESSABLE_ENTITY, "A payload has at most 512 characters";
    InvalidIdempotencyKey = "invalid_idempotency_key", UNPROCESSABLE_ENTITY, "The Idempotency-Key cannot be used";
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "This Idempotency-Key belongs to another call";
    IdempotencyKeyTaken = "idempotency_key_taken", CONFLICT, "This Idempotency-Key is taken";
    UnknownNumber = "unknown_number", UNPROCESSABLE_ENTITY, "This is none of your numbers";
    InvalidHours = "invalid_hours", UNPROCESSABLE_ENTITY, "These hours cannot be kept";
    InvalidText = "invalid_text", UNPROCESSABLE_ENTITY, "The text is missing or too long";
    InvalidCountry = "invalid_country", UNPROCESSABLE_ENTITY, "A country has two letters, like BR";
    MetaCannotHold = "meta_cannot_hold", UNPROCESSABLE_ENTITY, "Meta cannot hold these hours";
    MetaRefused = "meta_refused", CONFLICT, "Meta refused";
    MetaUnavailable = "meta_unavailable", BAD_GATEWAY, "Meta did not answer as it should";
    NoToken = "no_token", CONFLICT, "There is no access token for this number";
    NoHours = "no_hours", CONFLICT, "The number has no hours";
    NoHoursAtMeta = "no_hours_at_meta", CONFLICT, "Meta has no hours of this number";
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "The body is too large";
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "Send the body as application/json";
    TooManyRequests = "too_many_requests", TOO_MANY_REQUESTS, "Too many requests";
    TooManyAttempts = "too_many_attempts", TOO_MANY_REQUESTS, "Too many attempts";
    Internal = "internal", INTERNAL_SERVER_ERROR, "Something broke on our side";
    TimedOut = "timed_out", SERVICE_UNAVAILABLE, "This took too long";
    AtCapacity = "at_capacity", SERVICE_UNAVAILABLE, "As many calls as allowed are live";
    Draining = "draining", SERVICE_UNAVAILABLE, "The server is being stopped";
    Busy = "busy", SERVICE_UNAVAILABLE, "Too much at once";
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "Not available at this moment";
}

/// A refusal on its way to the client.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    code: Code,
    detail: String,
    retry_after: Option<Duration>,
    more: Map<String, Value>,
}

/// The body of every error, as the OpenAPI file describes it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem, example = json!({
    "type": "/problems/already_taken", "title": "Somebody else has answered", "status": 409,
    "detail": "Ana has answered this call.", "code": "already_taken",
    "taken_by": {"id": "user_0199aaaabbbb7ccc8ddd000000000001", "name": "Ana"}
}))]
pub(crate) struct ProblemBody {
    /// `/problems/` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// One line for people; may be polished.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What happened and what to do.
    detail: String,
    /// The word to compare; it stays.
    code: String,
    /// `invalid_body`: where in the body, `email` or `items[2].name`.
    path: Option<String>,
    /// `unknown_word`: the words it takes.
    words: Option<Vec<String>>,
    /// `out_of_range`: the smallest that is taken.
    least: Option<u32>,
    /// `out_of_range`: the largest that is taken.
    most: Option<u32>,
    /// `branch_in_use`: how many users, numbers, calls, keys and invitations use it.
    uses: Option<std::collections::BTreeMap<String, u64>>,
    /// `already_taken`: who has it.
    taken_by: Option<switchboard_engine::events::Person>,
    /// `not_eligible`: what is in the way, the weightiest first.
    reasons: Option<Vec<crate::reasons::EligibilityReason>>,
    /// `not_eligible`: what should be known besides.
    warnings: Option<Vec<crate::reasons::EligibilityReason>>,
    /// `number_needed`: the numbers that could be meant.
    numbers: Option<Vec<switchboard_engine::events::NumberName>>,
    /// `over`: the call's status.
    call_status: Option<String>,
    /// `already_blocked`: the entry that is there.
    blocked_caller_id: Option<String>,
    /// `invalid_hours`, `meta_cannot_hold`, `permission_limit`: why, in a word.
    why: Option<String>,
    /// `meta_refused`, `meta_unavailable`: Meta's code, when there is one.
    meta_code: Option<i64>,
    /// `contact_exists`: the contact that is there.
    contact_id: Option<String>,
    /// `permission_limit`: when the customer may be asked again.
    next_at: Option<String>,
    /// `provider_refused`: the provider's code.
    provider_code: Option<i64>,
    /// `meta_refused`, `meta_unavailable`, `provider_refused`: what to do.
    remedy: Option<String>,
}

/// What we add to the members of RFC 9457.
#[derive(Serialize)]
struct Extensions {
    code: &'static str,
    #[serde(flatten)]
    more: Map<String, Value>,
}

impl Problem {
    /// A refusal with a sentence on what happened and what to do.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), retry_after: None, more: Map::new() }
    }

    /// Adds a member of its own.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    /// Says when to come back.
    pub(crate) fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The word, for tests.
    #[cfg(test)]
    pub(crate) const fn code(&self) -> Code {
        self.code
    }

    /// Not found, and not yours to know about: both read the same.
    pub(crate) fn not_found() -> Self {
        Self::new(Code::NotFound, "Nothing with this address exists, or you may not see it.")
    }

    /// Nobody, or a session that is over.
    pub(crate) fn not_signed_in() -> Self {
        Self::new(Code::NotSignedIn, "Sign in, or send an API key as \"Authorization: Bearer …\".")
    }

    /// A word that is none of the field's list.
    pub(crate) fn unknown_word(path: &str, words: &[&str]) -> Self {
        Self::new(Code::UnknownWord, format!("The field {path:?} takes: {}.", words.join(", ")))
            .with("path", path)
            .with("words", words.to_vec())
    }

    /// A number that is too small or too large for its field.
    pub(crate) fn out_of_range(path: &str, taken: &RangeInclusive<u32>) -> Self {
        let (least, most) = (*taken.start(), *taken.end());
        Self::new(Code::OutOfRange, format!("The field {path:?} takes {least} to {most}."))
            .with("path", path)
            .with("least", least)
            .with("most", most)
    }

    /// A field of the body that has the right type and a wrong value.
    pub(crate) fn field(code: Code, path: &str) -> Self {
        Self::new(code, format!("{}.", code.title())).with("path", path)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let word = self.code.as_str();
        let kind = http::Uri::try_from(format!("/problems/{word}"))
            .map_or_else(|_| ProblemType::default(), ProblemType::from);
        let body = ProblemDetails::from_status_code(self.code.status())
            .with_type(kind)
            .with_title(self.code.title())
            .with_detail(self.detail)
            .with_extensions(Extensions { code: word, more: self.more });
        let mut response = JsonProblemDetails::from(body).into_response();
        if let Some(wait) = self.retry_after {
            // Rounded up: who comes back a moment early would be refused again.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound { .. } | StoreError::OutOfScope { .. } => Self::not_found(),
            StoreError::Unavailable { .. }
            | StoreError::TimedOut { .. }
            | StoreError::Overloaded { .. }
            | StoreError::Stopped { .. } => {
                tracing::warn!(error = %chain(&error), "the database did not answer a request");
                Self::new(Code::Unavailable, "The database cannot be reached. Try again in a moment.")
                    .retry_after(Duration::from_secs(5))
            }
            StoreError::DatabaseUrl { .. }
            | StoreError::DataKeys { .. }
            | StoreError::Migrate(_)
            | StoreError::FromALaterVersion { .. }
            | StoreError::Fenced { .. }
            | StoreError::AlreadyThere { .. }
            | StoreError::Dangling { .. }
            | StoreError::Unreadable { .. }
            | StoreError::Query { .. } => {
                tracing::error!(error = %chain(&error), "the database refused a request; this is a bug");
                Self::new(Code::Internal, "Something broke on our side. It is in the log.")
            }
        }
    }
}

impl From<OutreachRefused> for Problem {
    fn from(refused: OutreachRefused) -> Self {
        match refused {
            OutreachRefused::NotFound => Self::not_found(),
            OutreachRefused::Phone(why) => {
                Self::new(Code::InvalidPhone, format!("This is not a phone number: {why}."))
            }
            OutreachRefused::UnknownNumber => Self::field(Code::UnknownNumber, "number_id"),
            OutreachRefused::ChooseNumber(numbers) => {
                Self::new(Code::NumberNeeded, "Name one of your numbers in number_id.")
                    .with("path", "number_id")
                    .with("numbers", serde_json::json!(numbers))
            }
            OutreachRefused::OptedOut => {
                Self::new(Code::OptedOut, "This customer does not want to be called. Do not ask him.")
            }
            OutreachRefused::NumberMayNotAsk(reason) => {
                let until = reason.until.map(rfc3339);
                Self::new(Code::NotEligible, words::sentence(Language::English, &reason, until.as_deref()))
                    .with("reason", reason.code.as_str())
                    .with("until", until)
            }
            OutreachRefused::Limit(refusal) => {
                let next_at = refusal.next_at.map(rfc3339);
                let detail = match (refusal.why, &next_at) {
                    (RequestRefusalWhy::Permanent, _) => {
                        "This customer has allowed calls for good: there is nothing to ask.".to_owned()
                    }
                    (_, Some(at)) => format!("This customer may be asked again at {at}."),
                    (_, None) => {
                        "This customer may not be asked as long as things are as they are.".to_owned()
                    }
                };
                Self::new(Code::PermissionLimit, detail)
                    .with("why", refusal.why.as_str())
                    .with("next_at", next_at)
            }
            OutreachRefused::WindowClosed { .. } => Self::new(
                Code::WindowClosed,
                "The customer wrote or called more than 24 hours ago, or never. Send a template.",
            ),
            OutreachRefused::NoTemplate => Self::new(
                Code::NoTemplate,
                "The customer wrote or called more than 24 hours ago, or never: he is asked with a template. Name one, or \
                 set the business' own in the settings.",
            ),
            OutreachRefused::NoToken => Self::new(
                Code::NumberNotConnected,
                "There is no access token for this number. Put it into the configuration.",
            ),
            OutreachRefused::NoAccount => Self::new(
                Code::NumberNotConnected,
                "Nobody has said to which business account this number belongs. Set WABA_ID.",
            ),
            OutreachRefused::Provider(error) => {
                Self::new(Code::ProviderRefused, format!("The provider says: {}", error.provider_text()))
                    .with("provider_code", error.code)
                    .with("remedy", error.remedy())
            }
            OutreachRefused::Store(error) => error.into(),
        }
    }
}

impl From<CallRefused> for Problem {
    fn from(refused: CallRefused) -> Self {
        match refused {
            CallRefused::NotFound => Self::not_found(),
            CallRefused::AlreadyTaken { by } => {
                Self::new(Code::AlreadyTaken, format!("{} has answered this call.", by.name))
                    .with("taken_by", serde_json::json!({"id": by.id, "name": by.name}))
            }
            CallRefused::NotRinging => {
                Self::new(Code::NotRinging, "This call does not ring for you any more.")
            }
            CallRefused::NotAnswered => {
                Self::new(Code::NotAnswered, "Nobody has answered this call yet. Reject it instead.")
            }
            CallRefused::NotYours => {
                Self::new(Code::NotYours, "You are not the one who speaks in this call.")
            }
            CallRefused::RecordingOff => Self::new(
                Code::RecordingOff,
                "Calls of this number are not recorded. An admin can change that in its settings.",
            ),
            CallRefused::NotRecorded => {
                Self::new(Code::NotRecorded, "This call is not being recorded at this moment.")
            }
            CallRefused::Over { status } => {
                Self::new(Code::Over, "The call has ended before.").with("call_status", status)
            }
            CallRefused::InAnotherCall => {
                Self::new(Code::InAnotherCall, "You are in another call. End it first; this one still rings.")
            }
            CallRefused::NoLine => Self::new(
                Code::NoLine,
                "Your browser's line is not connected. Open the console, allow the microphone, and try again.",
            ),
            CallRefused::NeedsAPerson => {
                Self::new(Code::NeedsAPerson, "An API key has no line. Sign in as a person to take calls.")
            }
            CallRefused::Busy => {
                Self::new(Code::Busy, "This call has more to do than it can take. Try again in a moment.")
                    .retry_after(Duration::from_secs(1))
            }
            CallRefused::Unavailable => {
                Self::new(Code::Unavailable, "The exchange cannot carry this out at this moment.")
                    .retry_after(Duration::from_secs(2))
            }
        }
    }
}

/// An error with its sources, for the log.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}

/// Gives every refusal of the layers around the handlers (CSRF, time-out, 405, session) the same form.
pub(crate) async fn as_problem(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) || is_problem(&response) {
        return response;
    }
    let code = match status {
        StatusCode::UNAUTHORIZED => Code::NotSignedIn,
        StatusCode::FORBIDDEN => Code::ForeignOrigin,
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
        StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE => {
            Code::TimedOut
        }
        other if other.is_client_error() => Code::BadRequest,
        _ => Code::Internal,
    };
    let (parts, _) = response.into_parts();
    let mut problem = Problem::new(code, format!("{}.", code.title())).into_response();
    // The head may carry what the client needs: Allow, Retry-After, a cookie that is taken back.
    for (name, value) in &parts.headers {
        if ![header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_ENCODING].contains(name) {
            problem.headers_mut().append(name, value.clone());
        }
    }
    problem
}

/// What already says in JSON what is wrong: a problem, or the checks of `/readyz`.
fn is_problem(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| {
        kind.as_bytes().starts_with(b"application/problem+json")
            || kind.as_bytes().starts_with(b"application/json")
    })
}

/// A panic in a handler is a bug of ours and the end of that request only.
pub(crate) fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    tracing::error!("a request handler panicked; the panic hook has the place");
    Problem::new(Code::Internal, "Something broke on our side. It is in the log.").into_response()
}

/// For handlers that answer JSON or a problem.
pub(crate) type Answer<T> = Result<Json<T>, Problem>;

/// An empty body; spelled out once.
pub(crate) fn no_content() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_code_is_a_word_of_its_own_with_an_error_status() {
        let words: HashSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(words.len(), Code::ALL.len());
        assert!(Code::ALL.iter().all(|code| code.status().as_u16() >= 400 && !code.title().is_empty()));
    }

    #[test]
    fn retry_after_is_rounded_up_to_whole_seconds() {
        let response =
            Problem::new(Code::Busy, "…").retry_after(Duration::from_millis(1_200)).into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    }

    #[test]
    fn who_was_first_is_named_to_who_was_second() {
        let by = switchboard_engine::events::Person { id: "user_1".to_owned(), name: "Ana".to_owned() };
        let problem = Problem::from(CallRefused::AlreadyTaken { by });
        assert_eq!(problem.code(), Code::AlreadyTaken);
        assert_eq!(problem.more["taken_by"]["name"], "Ana");
    }
}
