//! The sound of a recording, by byte ranges: a player reads what it plays, and nobody holds a long call in memory.

use std::ops::Range;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures_util::TryStreamExt;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_range_header::{EndPosition, StartPosition};
use serde::Deserialize;
use switchboard_core::audit::AuditWhat;
use switchboard_core::ids::RecordingId;
use switchboard_store::recordings::RecordingAudio;
use utoipa::IntoParams;

use super::{entry, hears};
use crate::auth::actor::SignedIn;
use crate::error::{Code, Problem, ProblemBody, chain};
use crate::input::{Id, Query};
use crate::middleware::client_address::ClientAddress;
use crate::state::AppState;

const OGG: HeaderValue = HeaderValue::from_static("audio/ogg");

/// What for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// `1`: as a file to be kept; noted in the audit log.
    download: Option<u8>,
}

/// The sound: Ogg Opus, left the customer, right what the customer heard. Takes `Range` (one range) and `If-Range`.
/// That it was listened to is noted in the audit log, once in ten minutes for each person.
#[utoipa::path(
    get, operation_id = "get_recording_audio", path = "/api/v1/recordings/{id}/audio", tag = "recordings",
    params(("id" = String, Path, description = "`rec_…`"), Wanted),
    responses(
        (status = 200, description = "All of it.", content_type = "audio/ogg", body = Vec<u8>),
        (status = 206, description = "The range that was asked for.", content_type = "audio/ogg", body = Vec<u8>),
        (status = 401, body = ProblemBody),
        (status = 404, description = "There is no such recording, or it may not be heard.", body = ProblemBody),
        (status = 409, description = "`still_recording`", body = ProblemBody),
        (status = 410, description = "`recording_deleted`", body = ProblemBody),
        (status = 416, description = "`range_not_satisfiable`: it is shorter", body = ProblemBody),
    )
)]
pub(crate) async fn audio(
    State(state): State<AppState>,
    signed_in: SignedIn,
    ClientAddress(address): ClientAddress,
    method: Method,
    headers: HeaderMap,
    Id(id): Id<RecordingId>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let scope = &signed_in.actor.scope;
    let found = state.store().recordings().audio(scope, hears(&signed_in), id).await?;
    let audio = found.ok_or_else(Problem::not_found)?;
    let etag = format!("\"{id}-{}\"", audio.size());
    let part = match part(&headers, &etag, audio.size()) {
        Part::All => None,
        Part::Some(range) => Some(range),
        Part::None => return Ok(not_satisfiable(audio.size())),
    };
    if method != Method::HEAD {
        // Who listens is written down before the first byte leaves.
        note(&state, &signed_in, address, id, wanted.download == Some(1)).await?;
    }
    let bytes = part.clone().unwrap_or(0..audio.size());
    let mut response = if method == Method::HEAD {
        Body::empty().into_response()
    } else {
        body(&audio, bytes.clone()).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, OGG);
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.end - bytes.start));
    headers.insert(header::ETAG, text(&etag));
    if wanted.download == Some(1) {
        // The id and nothing else: a name in a folder of downloads must not tell who called.
        headers.insert(header::CONTENT_DISPOSITION, text(&format!("attachment; filename=\"{id}.ogg\"")));
    }
    if part.is_some() {
        let last = bytes.end.saturating_sub(1);
        headers
            .insert(header::CONTENT_RANGE, text(&format!("bytes {}-{last}/{}", bytes.start, audio.size())));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

async fn note(
    state: &AppState,
    signed_in: &SignedIn,
    address: std::net::IpAddr,
    id: RecordingId,
    download: bool,
) -> Result<(), Problem> {
    let (scope, who) = (&signed_in.actor.scope, signed_in.actor.user);
    if download {
        let entry = entry(state, signed_in, address, AuditWhat::RecordingDownloaded, id);
        state.store().audit().write(scope, entry).await?;
    } else if state.listened().begins(who, id, state.engine().clock().now()) {
        let entry = entry(state, signed_in, address, AuditWhat::RecordingListened, id);
        if let Err(error) = state.store().audit().write(scope, entry).await {
            state.listened().forget(who, id);
            return Err(error.into());
        }
    }
    Ok(())
}

fn body(audio: &RecordingAudio, bytes: Range<u64>) -> Body {
    let id = audio.id();
    Body::from_stream(audio.stream(bytes).inspect_err(move |error| {
        // The head has left already: all that can be done is to break off, and to say why where people look.
        tracing::error!(recording.id = %id, error = %chain(error), "a recording broke off while it was played");
    }))
}

#[derive(Debug, PartialEq, Eq)]
enum Part {
    All,
    Some(Range<u64>),
    None,
}

/// Which part is asked for. What is malformed, several ranges at once, and a range of another version mean all of it.
fn part(headers: &HeaderMap, etag: &str, size: u64) -> Part {
    let Some(range) = headers.get(header::RANGE).and_then(|range| range.to_str().ok()) else {
        return Part::All;
    };
    if headers.get(header::IF_RANGE).is_some_and(|version| version.as_bytes() != etag.as_bytes()) {
        return Part::All;
    }
    let Ok(parsed) = http_range_header::parse_range_header(range) else { return Part::All };
    let [range] = parsed.ranges.as_slice() else { return Part::All };
    let range = match (range.start, range.end) {
        (StartPosition::FromLast(count), _) => size.saturating_sub(count)..size,
        (StartPosition::Index(from), EndPosition::LastByte) => from..size,
        (StartPosition::Index(from), EndPosition::Index(last)) if last < from => return Part::All,
        (StartPosition::Index(from), EndPosition::Index(last)) => from..last.saturating_add(1).min(size),
    };
    if range.start >= range.end { Part::None } else { Part::Some(range) }
}

fn not_satisfiable(size: u64) -> Response {
    let problem = Problem::new(Code::RangeNotSatisfiable, format!("The recording has {size} bytes."));
    let mut response = problem.into_response();
    response.headers_mut().insert(header::CONTENT_RANGE, text(&format!("bytes */{size}")));
    response
}

/// Ids, digits and our own words.
fn text(ascii: &str) -> HeaderValue {
    HeaderValue::from_str(ascii).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(pairs: &[(header::HeaderName, &str)], size: u64) -> Part {
        let headers =
            pairs.iter().map(|(name, value)| (name.clone(), value.parse().expect("text"))).collect();
        part(&headers, "\"v1\"", size)
    }

    #[test]
    fn a_range_is_cut_to_what_there_is() {
        let range = |text| asked(&[(header::RANGE, text)], 100);
        assert_eq!(range("bytes=0-"), Part::Some(0..100));
        assert_eq!(range("bytes=10-19"), Part::Some(10..20));
        assert_eq!(range("bytes=90-5000"), Part::Some(90..100));
        assert_eq!(range("bytes=-10"), Part::Some(90..100));
        assert_eq!(range("bytes=-1000"), Part::Some(0..100));
        assert_eq!(range("bytes=100-"), Part::None);
        assert_eq!(range("bytes=18446744073709551615-"), Part::None);
        assert_eq!(asked(&[(header::RANGE, "bytes=0-")], 0), Part::None);
    }

    #[test]
    fn what_makes_no_sense_or_asks_for_another_version_gets_all_of_it() {
        for text in ["", "bytes", "bytes=", "bytes=a-b", "chunks=0-1", "bytes=20-10", "bytes=0-1, 5-6"] {
            assert_eq!(asked(&[(header::RANGE, text)], 100), Part::All, "{text}");
        }
        assert_eq!(asked(&[], 100), Part::All);
        let with = |version| asked(&[(header::RANGE, "bytes=5-9"), (header::IF_RANGE, version)], 100);
        assert_eq!(with("\"v1\""), Part::Some(5..10));
        assert_eq!(with("\"v2\""), Part::All);
        assert_eq!(with("Fri, 20 Nov 2026 12:00:00 GMT"), Part::All);
    }
}
