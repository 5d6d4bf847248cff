//! What Graph's answers mean, and what its silence means.

use std::time::Duration;

use switchboard_core::call::input::{DialAnswer, DialRefusal, ProviderAnswer, ProviderFault};
use switchboard_core::ids::ProviderCallId;

use crate::error::{GraphError, GraphErrorKind, Retry};
use crate::http::{Answer, NoAnswer};
use crate::meta::errors;
use crate::meta::members::Members;
use crate::secret::AccessToken;

/// Texts of Graph's longer than this are cut: they end up in rows and on screens.
const MAX_TEXT_CHARS: usize = 500;

/// The code of a fault Graph gave no code for. Graph's own codes are not negative.
pub const NO_PROVIDER_CODE: i64 = -1;

/// What a request is, for its error text and for whether it may be repeated when nobody knows what it did.
#[derive(Clone, Copy)]
pub(super) struct Doing {
    /// The word in metrics.
    pub(super) action: &'static str,
    pub(super) text: &'static str,
    pub(super) repeatable: bool,
}

/// What became of a request, as the call machine wants to hear it.
#[must_use]
pub fn to_answer(result: Result<(), GraphError>) -> ProviderAnswer {
    match result {
        Ok(()) => ProviderAnswer::Done,
        Err(error) if error.is_ambiguous() => ProviderAnswer::Unknown { detail: error.to_string() },
        Err(error) => ProviderAnswer::Refused(ProviderFault {
            code: error.code.unwrap_or(NO_PROVIDER_CODE),
            message: error.provider_text().to_owned(),
        }),
    }
}

/// What became of a `connect`, as the call machine wants to hear it, and the provider's id of the call.
#[must_use]
pub fn to_dial_answer(result: Result<ProviderCallId, GraphError>) -> (DialAnswer, Option<ProviderCallId>) {
    match result {
        Ok(call) => (DialAnswer::Placed, Some(call)),
        Err(error) if error.is_ambiguous() => (DialAnswer::Unknown { detail: error.to_string() }, None),
        Err(error) => {
            let fault = ProviderFault {
                code: error.code.unwrap_or(NO_PROVIDER_CODE),
                message: error.provider_text().to_owned(),
            };
            (DialAnswer::Refused { why: dial_refusal(error.kind), fault }, None)
        }
    }
}

/// What a refusal means to the person who calls: by what can be done about it.
const fn dial_refusal(kind: GraphErrorKind) -> DialRefusal {
    use GraphErrorKind as K;
    match kind {
        K::NoCallPermission => DialRefusal::NoPermission,
        K::CustomerUnreachable | K::RecipientNotListed => DialRefusal::Uncallable,
        K::AlreadyInCall => DialRefusal::AlreadyInCall,
        K::PairLimit | K::ConcurrentLimit | K::RateLimited => DialRefusal::Limit,
        K::QualityRestricted => DialRefusal::Restricted,
        K::CountryUnavailable => DialRefusal::Country,
        K::TokenInvalid
        | K::PermissionMissing
        | K::NumberUnknown
        | K::CallingDisabled
        | K::SipNumber
        | K::PaymentMissing
        | K::NotSubscribed
        | K::TierTooLow
        | K::AccountBlocked
        | K::RegistrationTrouble => DialRefusal::NotSetUp,
        K::Unreachable
        | K::TimedOut
        | K::ConnectionBroken
        | K::BadAnswer
        | K::ServerTrouble
        | K::Maintenance
        | K::NotDone
        | K::InvalidRequest
        | K::BadSdp
        | K::PermissionRequestLimit
        | K::PermissionExists
        | K::MediaMissing
        | K::WindowClosed
        | K::MarketingLimit
        | K::AttachmentTrouble
        | K::TemplateTrouble
        | K::Other => DialRefusal::Other,
    }
}

/// A 200 that does not say what came of it: it may well have been done.
pub(super) fn without_id(doing: Doing) -> GraphError {
    unknown(doing, GraphErrorKind::BadAnswer, "the answer names no call".to_owned())
}

pub(super) fn unanswered(doing: Doing, no_answer: NoAnswer) -> GraphError {
    match no_answer {
        NoAnswer::NotSent(why) => plain_error(doing, GraphErrorKind::Unreachable, why, Retry::Safe, false),
        NoAnswer::TimedOut(why) => unknown(doing, GraphErrorKind::TimedOut, why),
        NoAnswer::Broken(why) => unknown(doing, GraphErrorKind::ConnectionBroken, why),
    }
}

pub(super) fn read_answer(doing: Doing, answer: Answer, token: &AccessToken) -> Result<String, GraphError> {
    let status = answer.status;
    let text = answer.body.and_then(|body| String::from_utf8(body).ok());
    let members = text.as_deref().and_then(Members::of);
    let reported = members.as_ref().and_then(|members| members.object("error"));
    let succeeded = (200..300).contains(&status);
    let with_status = |mut error: GraphError| {
        error.http_status = Some(status);
        error
    };
    if let Some(reported) = reported {
        let error = reported_error(doing, status, &reported, token);
        return Err(with_status(with_retry_after(error, answer.retry_after)));
    }
    match (succeeded, members) {
        (true, Some(members)) if members.flag("success") == Some(false) => {
            let message = "Meta answered success false".to_owned();
            Err(with_status(plain_error(doing, GraphErrorKind::NotDone, message, Retry::Never, false)))
        }
        (true, Some(_)) => Ok(text.unwrap_or_default()),
        // Something answered in Graph's place, or Graph's answer is unreadable: done or not, nobody knows.
        (true, None) => {
            let message = "the answer is not JSON or too large".to_owned();
            Err(with_status(unknown(doing, GraphErrorKind::BadAnswer, message)))
        }
        (false, _) => {
            let message = format!("HTTP {status} without a reason");
            let error = match status {
                429 => {
                    let retry = Retry::After(Duration::from_secs(1));
                    plain_error(doing, GraphErrorKind::RateLimited, message, retry, false)
                }
                // 408: the request may have been read before its server gave up.
                408 | 500.. => unknown(doing, GraphErrorKind::ServerTrouble, message),
                401 | 403 => {
                    plain_error(doing, GraphErrorKind::PermissionMissing, message, Retry::Never, false)
                }
                _ => plain_error(doing, GraphErrorKind::BadAnswer, message, Retry::Never, false),
            };
            Err(with_status(with_retry_after(error, answer.retry_after)))
        }
    }
}

fn reported_error(doing: Doing, status: u16, reported: &Members<'_>, token: &AccessToken) -> GraphError {
    let clean = |text: String| shown(&text, token).into_boxed_str();
    let details = reported
        .object("error_data")
        .and_then(|data| data.text("details"))
        .or_else(|| reported.text("error_user_msg"))
        .map(clean);
    let code = reported.whole("code");
    let subcode = reported.whole("error_subcode").and_then(|it| i32::try_from(it).ok()).filter(|it| *it != 0);
    let message = reported
        .text("message")
        .map_or_else(|| "Meta gave no message".to_owned(), |text| shown(&text, token));
    let (kind, retry, certain) = match code {
        Some(code) => {
            let meaning = errors::meaning(code, subcode, details.as_deref());
            (meaning.kind, meaning.retry, meaning.certain)
        }
        None => (GraphErrorKind::Other, Retry::Never, false),
    };
    let ambiguous = (status >= 500 || status == 408) && !certain;
    let retry = match (ambiguous, doing.repeatable, retry) {
        (true, false, _) => Retry::Never,
        (true, true, Retry::Never) => Retry::Safe,
        (true, true, _) | (false, _, _) => retry,
    };
    GraphError {
        code,
        subcode,
        details,
        trace_id: reported.text("fbtrace_id").map(clean),
        ..plain_error(doing, kind, message, retry, ambiguous)
    }
}

/// A server that says how long to wait knows better than our table.
fn with_retry_after(mut error: GraphError, asked: Option<Duration>) -> GraphError {
    if let (Some(asked), Retry::After(_)) = (asked, error.retry) {
        error.retry = Retry::After(asked);
    }
    error
}

/// Nobody knows whether it was done: repeated only when doing it twice is harmless.
fn unknown(doing: Doing, kind: GraphErrorKind, message: String) -> GraphError {
    let retry = if doing.repeatable { Retry::Safe } else { Retry::Never };
    plain_error(doing, kind, message, retry, true)
}

pub(super) fn plain_error(
    doing: Doing,
    kind: GraphErrorKind,
    message: String,
    retry: Retry,
    ambiguous: bool,
) -> GraphError {
    GraphError {
        doing: doing.text,
        kind,
        code: None,
        subcode: None,
        message,
        details: None,
        http_status: None,
        trace_id: None,
        retry,
        ambiguous,
    }
}

/// Graph quotes a malformed token in its message ("Malformed access token EAA…"): it is cut out.
fn shown(text: &str, token: &AccessToken) -> String {
    let text = if token.is_empty() { text.to_owned() } else { text.replace(token.expose(), "…") };
    let text = match text.find("Malformed access token") {
        Some(at) => &text[..at + "Malformed access token".len()],
        None => &text,
    };
    text.chars().take(MAX_TEXT_CHARS).collect()
}
