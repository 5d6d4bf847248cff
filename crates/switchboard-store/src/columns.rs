//! Between our types and what a column holds.

use chrono::{DateTime, Utc};
use serde_json::Value;
use switchboard_core::access::Branches;
use switchboard_core::ids::BranchId;
use switchboard_core::time::Timestamp;
use uuid::Uuid;

use crate::error::StoreError;

/// 0001-01-01 and 9999-12-31 in microseconds: outside of them SQLite's text has another width and sorts wrongly.
const EARLIEST_MICROS: i64 = -62_135_596_800_000_000;
const LATEST_MICROS: i64 = 253_402_300_799_999_999;

/// A moment as both databases keep it: microseconds. What lies outside the years 1 to 9999 is moved to their edge.
pub(crate) fn moment(at: Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at.micros().clamp(EARLIEST_MICROS, LATEST_MICROS)).unwrap_or_default()
}

/// And back.
pub(crate) fn timestamp(at: DateTime<Utc>) -> Timestamp {
    Timestamp::from_micros(at.timestamp_micros())
}

/// Text as both databases can keep it: PostgreSQL refuses U+0000 in text and in JSON, and names come from strangers.
pub(crate) fn text(text: &str) -> String {
    if text.contains('\0') { text.replace('\0', "") } else { text.to_owned() }
}

/// The same for all strings inside a JSON value.
pub(crate) fn json(value: &Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        Value::String(words) => Value::String(text(words)),
        Value::Array(items) => Value::Array(items.iter().map(json).collect()),
        Value::Object(fields) => fields.iter().map(|(key, field)| (text(key), json(field))).collect(),
    }
}

/// The branches of a JSON column; none means all of them. None: it holds something else.
pub(crate) fn branches(column: Option<&Value>) -> Option<Branches> {
    let Some(list) = column.filter(|list| !list.is_null()) else { return Some(Branches::All) };
    let ids = list.as_array()?.iter().map(|id| id.as_str()?.parse::<BranchId>().ok());
    ids.collect::<Option<Vec<_>>>().map(Branches::Only)
}

/// Which column is being read, for the error when it cannot be.
#[derive(Clone, Copy)]
pub(crate) struct Cell {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    pub(crate) id: Uuid,
}

impl Cell {
    /// The word of a closed list.
    pub(crate) fn word<T>(self, word: &str, from_word: fn(&str) -> Option<T>) -> Result<T, StoreError> {
        from_word(word).ok_or_else(|| self.unreadable(format!("{word:?} is not one of its words")))
    }

    pub(crate) fn unreadable(self, what: impl Into<String>) -> StoreError {
        StoreError::Unreadable {
            table: self.table,
            column: self.column,
            id: self.id.to_string(),
            what: what.into(),
        }
    }
}

/// A fresh identifier, ordered by time.
#[expect(
    clippy::disallowed_methods,
    reason = "the one source of chance of this crate: ids of rows the store makes"
)]
pub(crate) fn fresh_uuid() -> Uuid {
    Uuid::now_v7()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_outside_the_calendar_is_moved_to_its_edge() {
        let end_of_time = timestamp(moment(Timestamp::from_micros(i64::MAX)));
        assert_eq!(end_of_time.micros(), LATEST_MICROS);
        assert!(moment(Timestamp::from_micros(i64::MIN)).to_rfc3339().starts_with("0001-01-01T00:00:00"));
    }

    #[test]
    fn nul_is_dropped_from_text_and_json() {
        assert_eq!(text("Ma\0ria"), "Maria");
        assert_eq!(json(&serde_json::json!({"a\0": ["b\0", 1]})), serde_json::json!({"a": ["b", 1]}));
    }
}
