//! Phone numbers: digits as the provider writes them, never refused for looking wrong.
//!
//! Old Brazilian and Mexican `wa_id`s do not pass as valid numbers, so validity decides nothing here;
//! the library behind this module is for display and for the country only.

use std::fmt;
use std::str::FromStr;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat};

/// A phone number as digits without `+`, the form the provider uses. Its `Debug` is masked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(String);

/// A text that holds no phone number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a phone number needs 5 to 20 digits")]
pub struct NotAPhoneNumber;

impl PhoneNumber {
    /// Digits only, as sent to and received from the provider.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// ISO 3166 country of the number, when it has one. A number the plan of its country does not know
    /// (any more) gets the main country of its country code: it is shown, nothing is decided by it.
    #[must_use]
    pub fn country(&self) -> Option<String> {
        let number = PHONE_NUMBER_UTIL.parse(format!("+{}", self.0), None).ok()?;
        PHONE_NUMBER_UTIL
            .get_region_for_number(&number)
            .or_else(|| PHONE_NUMBER_UTIL.get_region_for_country_code(number.country_code))
            .map(|region| region.to_string())
    }

    /// The number as people of its country write it with the country code, `+55 11 98211-4477`.
    #[must_use]
    pub fn international(&self) -> String {
        let plain = format!("+{}", self.0);
        match PHONE_NUMBER_UTIL.parse(&plain, None) {
            Ok(number) => PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::International).into_owned(),
            Err(_) => plain,
        }
    }
}

impl FromStr for PhoneNumber {
    type Err = NotAPhoneNumber;

    /// Takes digits with or without `+` and with the separators people write.
    fn from_str(text: &str) -> Result<Self, NotAPhoneNumber> {
        let mut digits = String::with_capacity(text.len());
        for character in text.trim().chars() {
            match character {
                '0'..='9' => digits.push(character),
                '+' | ' ' | '-' | '.' | '(' | ')' | '\u{a0}' => {}
                _ => return Err(NotAPhoneNumber),
            }
        }
        if (5..=20).contains(&digits.len()) { Ok(Self(digits)) } else { Err(NotAPhoneNumber) }
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.len().saturating_sub(2);
        write!(f, "PhoneNumber(…{})", &self.0[shown..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_and_the_plus_are_dropped() {
        let number: PhoneNumber = "+55 (11) 98211-4477".parse().expect("a number");
        assert_eq!(number.digits(), "5511982114477");
        assert_eq!(number.country().as_deref(), Some("BR"));
        assert_eq!(number.international(), "+55 11 98211-4477");
    }

    #[test]
    fn a_number_of_no_country_is_shown_as_it_is() {
        let number: PhoneNumber = "99912345678901".parse().expect("digits");
        assert_eq!(number.country(), None);
        assert_eq!(number.international(), "+99912345678901");
    }

    #[test]
    fn an_old_brazilian_wa_id_is_taken_although_it_is_not_valid_any_more() {
        let number: PhoneNumber = "551187654321".parse().expect("a number");
        assert_eq!(number.digits(), "551187654321");
        assert_eq!(number.country().as_deref(), Some("BR"));
    }

    #[test]
    fn words_are_not_numbers() {
        assert!("call me".parse::<PhoneNumber>().is_err());
        assert!("1234".parse::<PhoneNumber>().is_err());
    }

    #[test]
    fn debug_shows_two_digits_only() {
        let number: PhoneNumber = "15550100002".parse().expect("a number");
        assert_eq!(format!("{number:?}"), "PhoneNumber(…02)");
    }

    proptest::proptest! {
        /// The caller's number is whatever a stranger's phone claims; showing it must never break a call.
        #[test]
        fn any_digits_can_be_shown(text in "[0-9]{5,20}") {
            let number: PhoneNumber = text.parse().expect("digits");
            proptest::prop_assert_eq!(number.digits(), &text);
            proptest::prop_assert!(number.international().starts_with('+'));
            let country = number.country();
            proptest::prop_assert!(country.is_none_or(|country| (2..=3).contains(&country.len())));
        }

        #[test]
        fn any_text_is_a_number_or_is_refused(text in ".*") {
            if let Ok(number) = text.parse::<PhoneNumber>() {
                proptest::prop_assert!(number.digits().bytes().all(|byte| byte.is_ascii_digit()));
            }
        }
    }
}
