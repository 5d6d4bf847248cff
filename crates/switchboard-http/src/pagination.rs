//! Cursors: where a list goes on. Opaque outside, a moment and an id inside.

use std::fmt::Display;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use switchboard_core::time::Timestamp;

use crate::error::{Code, Problem};

/// Rows of a page when the client names no number.
pub(crate) const DEFAULT_LIMIT: u32 = 50;
/// Rows of a page at most.
pub(crate) const MAX_LIMIT: u32 = 200;

/// The form of the cursors we hand out; another form in a later release is told apart by it.
const FORM: &str = "1:";

/// The limit to use, within its bounds.
pub(crate) fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    match asked.unwrap_or(DEFAULT_LIMIT) {
        wanted @ 1..=MAX_LIMIT => Ok(wanted),
        _ => Err(Problem::new(Code::InvalidQuery, format!("limit must be 1 to {MAX_LIMIT}."))
            .with("path", "limit")),
    }
}

/// The text for a place in a list.
pub(crate) fn encode(place: &impl Display) -> String {
    URL_SAFE_NO_PAD.encode(format!("{FORM}{place}"))
}

/// Reads a cursor back.
pub(crate) fn decode<Place: FromStr>(text: &str) -> Result<Place, Problem> {
    read(text).ok_or_else(|| {
        Problem::new(Code::InvalidQuery, "The cursor is not one of ours. Start from the first page.")
            .with("path", "cursor")
    })
}

fn read<Place: FromStr>(text: &str) -> Option<Place> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    std::str::from_utf8(&bytes).ok()?.strip_prefix(FORM)?.parse().ok()
}

/// A moment of a query string.
pub(crate) fn moment(name: &'static str, text: &str) -> Result<Timestamp, Problem> {
    chrono::DateTime::parse_from_rfc3339(text)
        .map(|at| Timestamp::from_micros(at.timestamp_micros()))
        .map_err(|_| {
            Problem::new(Code::InvalidQuery, format!("{name} must be a moment like 2026-01-31T09:00:00Z."))
                .with("path", name)
        })
}

#[cfg(test)]
mod tests {
    use switchboard_store::calls::CallCursor;

    use super::*;

    const PLACE: &str = "1767000000123456~call_0199aaaabbbb7ccc8dddeeeeffff0001";

    #[test]
    fn a_cursor_reads_back_as_it_was_written() {
        let place: CallCursor = PLACE.parse().expect("a place");
        assert_eq!(decode::<CallCursor>(&encode(&place)).expect("ours"), place);
    }

    #[test]
    fn a_made_up_cursor_is_refused() {
        let other_form = URL_SAFE_NO_PAD.encode(format!("2:{PLACE}"));
        for text in ["", "x", "AAAA", PLACE, "ä", &other_form, &"B".repeat(10_000)] {
            assert!(decode::<CallCursor>(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_limit_outside_its_bounds_is_refused_and_none_means_the_default() {
        assert!(limit(Some(0)).is_err());
        assert!(limit(Some(MAX_LIMIT + 1)).is_err());
        assert_eq!(limit(None).expect("default"), DEFAULT_LIMIT);
    }

    #[test]
    fn a_moment_needs_its_zone() {
        assert_eq!(
            moment("from", "1970-01-01T02:00:01+02:00").expect("a moment"),
            Timestamp::from_seconds(1)
        );
        assert!(moment("from", "2026-01-31").is_err());
        assert!(moment("from", "2026-01-31T09:00:00").is_err());
    }
}
