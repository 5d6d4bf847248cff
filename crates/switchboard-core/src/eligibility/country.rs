//! Where Meta offers no calls of businesses: judged by the country of the business' number alone, the customer may be
//! anywhere (error 138013).

use crate::phone::PhoneNumber;

/// The countries of Meta's text of June 2026. Turkey was on the list until December 2025.
pub const NOT_OFFERED: [&str; 5] = ["US", "CA", "EG", "VN", "NG"];

/// Are calls of the business offered to a number of this country? `not_offered`: ISO 3166, in any case.
///
/// A number whose country is not known is let through: Meta knows it, and says so.
#[must_use]
pub fn is_offered<S: AsRef<str>>(country: Option<&str>, not_offered: &[S]) -> bool {
    country.is_none_or(|country| {
        not_offered.iter().all(|other| !other.as_ref().trim().eq_ignore_ascii_case(country))
    })
}

/// The country calls from this number are judged by.
#[must_use]
pub fn of(number: &PhoneNumber) -> Option<String> {
    number.country()
}
