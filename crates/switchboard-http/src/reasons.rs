//! Why a customer may not be called, as people and programs read it.

use http::{HeaderMap, header};
use serde::Serialize;
use switchboard_core::eligibility::{Override, Reason, ReasonCode, Remedy, words};
use switchboard_core::language::Language;
use switchboard_engine::clock::rfc3339;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

/// One reason.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EligibilityReason {
    /// The word that stays.
    #[schema(schema_with = codes)]
    code: &'static str,
    /// What people read, in the language of `Accept-Language` (English, Spanish, Portuguese).
    sentence: String,
    /// What to do.
    #[schema(schema_with = remedies)]
    remedy: &'static str,
    /// Until when it holds, if that is known.
    until: Option<String>,
    /// Who may pass it.
    #[schema(schema_with = overrides)]
    overridable: &'static str,
    /// Its numbers.
    data: EligibilityNumbers,
}

/// The numbers of a reason.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EligibilityNumbers {
    /// So many.
    count: Option<u32>,
    /// Of so many.
    limit: Option<u32>,
}

/// All words of a closed set, for the contract: a client sees a new one when it is built anew.
fn one_of(words: impl Iterator<Item = &'static str>, example: &'static str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words))
        .examples([serde_json::Value::from(example)])
        .build()
}

fn codes() -> Object {
    one_of(ReasonCode::ALL.iter().map(|code| code.as_str()), "permission_missing")
}

fn remedies() -> Object {
    one_of(Remedy::ALL.iter().map(|remedy| remedy.as_str()), "request_permission")
}

fn overrides() -> Object {
    one_of(Override::ALL.iter().map(|who| who.as_str()), "never")
}

/// Reasons as people and programs read them.
pub(crate) fn reasons(language: Language, reasons: &[Reason]) -> Vec<EligibilityReason> {
    let one = |reason: &Reason| EligibilityReason {
        code: reason.code.as_str(),
        sentence: sentence(language, reason),
        remedy: reason.remedy.as_str(),
        until: reason.until.map(rfc3339),
        overridable: reason.code.overridable().as_str(),
        data: EligibilityNumbers { count: reason.data.count, limit: reason.data.limit },
    };
    reasons.iter().map(one).collect()
}

/// The sentence of a reason. Whoever shows it to people with their own clock writes the moment himself.
pub(crate) fn sentence(language: Language, reason: &Reason) -> String {
    let until = reason.until.map(rfc3339);
    words::sentence(language, reason, until.as_deref())
}

/// The first language of `Accept-Language` that is ours; else English.
pub(crate) fn reader_language(headers: &HeaderMap) -> Language {
    let wanted =
        headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let ours = |tag: &str| {
        let tag = tag.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let primary = tag.split('-').next().unwrap_or_default();
        Language::ALL.iter().copied().find(|language| language.as_str().split('-').next() == Some(primary))
    };
    wanted.split(',').find_map(ours).unwrap_or(Language::English)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language(accepts: &str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, accepts.parse().expect("a header"));
        reader_language(&headers)
    }

    #[test]
    fn the_first_language_that_is_ours_is_taken() {
        assert_eq!(language("fr-CH, pt;q=0.9, en;q=0.8"), Language::Portuguese);
        assert_eq!(language("es-419"), Language::Spanish);
        assert_eq!(language("tlh"), Language::English);
        assert_eq!(reader_language(&HeaderMap::new()), Language::English);
    }
}
