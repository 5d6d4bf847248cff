//! What comes in, checked at the wall: JSON bodies, query strings, identifiers in paths.

use std::str::FromStr;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, RawPathParamsRejection};
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use http::request::Parts;
use http::{StatusCode, header};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::error::{Code, Problem};

/// JSON bodies of the API. Larger ones are refused (413); the webhook has its own limit.
pub(crate) const MAX_JSON_BODY: usize = 64 * 1024;

/// A JSON body.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| {
                let kind = kind.split(';').next().unwrap_or_default().trim();
                kind.eq_ignore_ascii_case("application/json") || kind.to_ascii_lowercase().ends_with("+json")
            });
        if !is_json {
            return Err(Problem::new(Code::UnsupportedMediaType, "Send the body as application/json."));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection: BytesRejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Problem::new(Code::BodyTooLarge, format!("A body may have {MAX_JSON_BODY} bytes."))
            } else {
                Problem::new(Code::BadRequest, "The body broke off.")
            }
        })?;
        parse(&bytes).map(Self)
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let reader = &mut serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut *reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() {
            // serde names the type it wants and the kind it got; the value itself could be a password.
            Problem::new(Code::InvalidBody, format!("The field {path:?} is missing or has the wrong type."))
                .with("path", path)
        } else {
            Problem::new(
                Code::NotJson,
                format!("Not JSON at line {}, column {}.", inner.line(), inner.column()),
            )
        }
    })?;
    reader.end().map_err(|_| Problem::new(Code::NotJson, "Something follows the JSON value."))?;
    Ok(value)
}

/// Tells a field that is null from one that is left out.
pub(crate) fn named<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// A field that must not be shown by accident.
pub(crate) fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<SecretString, D::Error> {
    String::deserialize(from).map(SecretString::from)
}

/// The parameters after the question mark.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        axum::extract::Query::<T>::try_from_uri(&parts.uri)
            .map(|query| Self(query.0))
            .map_err(|_| Problem::new(Code::InvalidQuery, "A parameter of the address has the wrong form."))
    }
}

/// The `{id}` of a path. What is no identifier of this kind names nothing: 404.
#[derive(Debug)]
pub(crate) struct Id<T>(pub(crate) T);

impl<T: FromStr + Send, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let found: Result<RawPathParams, RawPathParamsRejection> =
            RawPathParams::from_request_parts(parts, state).await;
        found
            .ok()
            .and_then(|params| {
                params.iter().find(|(name, _)| *name == "id").and_then(|(_, id)| id.parse().ok())
            })
            .map(Self)
            .ok_or_else(Problem::not_found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Sample {
        #[expect(dead_code, reason = "only its type matters here")]
        password: Vec<String>,
    }

    #[test]
    fn a_wrong_type_is_named_by_its_path_and_never_by_its_value() {
        let problem = parse::<Sample>(br#"{"password":["a",42]}"#).expect_err("42 is no text");
        assert_eq!(problem.code(), Code::InvalidBody);
        let text = format!("{problem:?}");
        assert!(text.contains("password[1]") && !text.contains("42"), "{text}");
    }

    #[test]
    fn half_a_body_and_one_and_a_half_are_not_json() {
        for body in [&br#"{"password":["#[..], br#"{"password":[]} x"#, b""] {
            assert_eq!(parse::<Sample>(body).expect_err("refused").code(), Code::NotJson);
        }
    }
}
