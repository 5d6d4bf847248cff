//! Phone numbers: digits as the provider writes them, never refused for looking wrong.
//!
//! Old Brazilian and Mexican `wa_id`s do not pass as valid numbers, so validity decides nothing here;
//! the library behind this module is for display and for the country only.

use std::fmt;
use std::str::FromStr;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, Region};

/// A phone number as digits without `+`, the form the provider uses. Its `Debug` is masked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(String);

/// A text that holds no phone number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a phone number needs 5 to 20 digits")]
pub struct NotAPhoneNumber;

/// Why a text as people write it is no number that can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneRefusal {
    /// Nothing in it.
    #[error("there is no number in it")]
    Empty,
    /// Letters, or signs no number is written with.
    #[error("there is something in it that belongs to no phone number")]
    Letters,
    /// An extension: WhatsApp numbers have none.
    #[error("it has an extension, and WhatsApp numbers have none")]
    Extension,
    /// Too few digits.
    #[error("it has too few digits for a number with its country")]
    TooShort,
    /// Too many digits.
    #[error("it has more digits than any phone number")]
    TooLong,
    /// It begins like a number inside a country, and nobody says which.
    #[error("its country is missing: begin with + and the country code")]
    NoCountry,
}

/// Digits of the shortest number with its country that WhatsApp knows.
const SHORTEST: usize = 8;
/// The longest that E.164 allows.
const LONGEST: usize = 15;

impl PhoneNumber {
    /// Digits only, as sent to and received from the provider.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// Reads a number as people write it: with `+`, `00` or `tel:`, with any separators, in full-width or Arabic digits,
    /// with or without its country. `home` is the ISO 3166 country of numbers that name none.
    ///
    /// What the plan of its country does not know is taken as it stands when it names its country: old Brazilian and
    /// Mexican `wa_id`s are such.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn read(text: &str, home: Option<&str>) -> Result<Self, PhoneRefusal> {
        let written = Written::of(text)?;
        if written.digits.is_empty() {
            return Err(PhoneRefusal::Empty);
        }
        let abroad = || valid(&format!("+{}", written.digits), None);
        let at_home = || home.and_then(|home| valid(&written.digits, Some(home)));
        let found = if written.names_country {
            abroad()
        } else if written.has_separators || written.digits.starts_with('0') {
            at_home().or_else(abroad)
        } else {
            // Bare digits are how providers and programs write numbers: with their country.
            abroad().or_else(at_home)
        };
        if let Some(number) = found {
            return Ok(number);
        }
        match written.digits.len() {
            ..SHORTEST => Err(PhoneRefusal::TooShort),
            SHORTEST..=LONGEST if written.digits.starts_with('0') => Err(PhoneRefusal::NoCountry),
            SHORTEST..=LONGEST => Ok(Self(written.digits)),
            _ => Err(PhoneRefusal::TooLong),
        }
    }

    /// What two spellings of the same person's number have in common: Brazil put a nine in front of its mobile numbers,
    /// Mexico took a one away, and WhatsApp still knows many customers by the old form.
    #[must_use]
    pub fn key(&self) -> String {
        let digits = self.0.as_str();
        if digits.len() == 12 && digits.starts_with("55") && matches!(digits.as_bytes()[4], b'6'..=b'9') {
            return format!("{}9{}", &digits[..4], &digits[4..]);
        }
        if digits.len() == 13 && digits.starts_with("521") {
            return format!("52{}", &digits[3..]);
        }
        digits.to_owned()
    }

    /// Every form of this number that WhatsApp may have used: the one it has in [`key`](Self::key), and the older ones.
    #[must_use]
    pub fn spellings(&self) -> Vec<String> {
        let key = self.key();
        let older = if key.len() == 13 && key.starts_with("55") && key.as_bytes()[4] == b'9' {
            Some(format!("{}{}", &key[..4], &key[5..]))
        } else if key.len() == 12 && key.starts_with("52") {
            Some(format!("521{}", &key[2..]))
        } else {
            None
        };
        let mut spellings = vec![key];
        spellings.extend(older);
        if !spellings.contains(&self.0) {
            spellings.push(self.0.clone());
        }
        spellings
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

/// A number that the plan of its country knows.
fn valid(text: &str, home: Option<&str>) -> Option<PhoneNumber> {
    let home = home.map(str::parse::<Region>).transpose().ok()?;
    let number = PHONE_NUMBER_UTIL.parse(text, home).ok()?;
    if !PHONE_NUMBER_UTIL.is_valid_number(&number) {
        return None;
    }
    PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164).parse().ok()
}

/// What somebody wrote, down to its digits.
struct Written {
    digits: String,
    names_country: bool,
    has_separators: bool,
}

impl Written {
    fn of(text: &str) -> Result<Self, PhoneRefusal> {
        let text = text.trim();
        let text =
            text.get(..4).filter(|head| head.eq_ignore_ascii_case("tel:")).map_or(text, |_| &text[4..]);
        let mut written = Self { digits: String::new(), names_country: false, has_separators: false };
        for (place, character) in text.char_indices() {
            match character {
                '+' | '\u{ff0b}' if written.digits.is_empty() => written.names_country = true,
                ' '
                | '-'
                | '.'
                | '('
                | ')'
                | '/'
                | '\u{a0}'
                | '\u{2007}'
                | '\u{202f}'
                | '\u{3000}'
                | '\u{2010}'..='\u{2015}' => {
                    written.has_separators |= !written.digits.is_empty() || character == '('
                }
                // Marks that come along when a number is copied from a page.
                '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'
                | '\u{2066}'..='\u{2069}'
                | '\u{feff}' => {}
                'x' | 'X' | '#' | ';' | ',' if written.digits.len() >= SHORTEST => {
                    return Err(PhoneRefusal::Extension);
                }
                'e' | 'E' if text[place..].to_ascii_lowercase().starts_with("ext") => {
                    return Err(PhoneRefusal::Extension);
                }
                _ => match digit(character) {
                    Some(digit) => written.digits.push(digit),
                    None => return Err(PhoneRefusal::Letters),
                },
            }
        }
        if !written.names_country
            && let Some(rest) = written.digits.strip_prefix("00")
        {
            written.digits = rest.to_owned();
            written.names_country = true;
        }
        Ok(written)
    }
}

/// ASCII, full-width, Arabic and Persian digits.
fn digit(character: char) -> Option<char> {
    let zeros = ['0', '\u{ff10}', '\u{660}', '\u{6f0}'];
    zeros.into_iter().find_map(|zero| {
        let value = u32::from(character).checked_sub(u32::from(zero)).filter(|value| *value < 10)?;
        char::from_digit(value, 10)
    })
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

    fn read(text: &str, home: Option<&str>) -> Result<String, PhoneRefusal> {
        PhoneNumber::read(text, home).map(|number| number.digits().to_owned())
    }

    #[test]
    fn a_number_is_read_in_any_form_people_write_it() {
        for (text, home, digits) in [
            ("+55 (11) 98211-4477", None, "5511982114477"),
            ("0055 11 98211 4477", None, "5511982114477"),
            ("tel:+55-11-98211-4477", None, "5511982114477"),
            ("\u{202a}+55\u{a0}11\u{2013}98211\u{2013}4477\u{202c}", None, "5511982114477"),
            ("\u{ff0b}\u{ff15}\u{ff15}11982114477", None, "5511982114477"),
            ("(11) 98211-4477", Some("BR"), "5511982114477"),
            ("011 98211-4477", Some("BR"), "5511982114477"),
            ("5511982114477", Some("DE"), "5511982114477"),
            ("030 123456", Some("DE"), "4930123456"),
            ("+49 (0)30 123456", None, "4930123456"),
            ("415-555-2671", Some("US"), "14155552671"),
            ("1.415.555.2671", Some("BR"), "14155552671"),
            ("15550100002", None, "15550100002"),
        ] {
            assert_eq!(read(text, home).as_deref(), Ok(digits), "{text:?} at {home:?}");
        }
    }

    #[test]
    fn nonsense_is_refused_and_told_why() {
        for (text, why) in [
            ("", PhoneRefusal::Empty),
            ("  +  ", PhoneRefusal::Empty),
            ("call me", PhoneRefusal::Letters),
            ("+1 555 010 0002 ext. 7", PhoneRefusal::Extension),
            ("+15550100002;ext=7", PhoneRefusal::Extension),
            ("12345", PhoneRefusal::TooShort),
            ("1234567890123456", PhoneRefusal::TooLong),
            ("011 98211-4477", PhoneRefusal::NoCountry),
            ("1+5550100002", PhoneRefusal::Letters),
        ] {
            assert_eq!(read(text, None), Err(why), "{text:?}");
        }
    }

    #[test]
    fn old_wa_ids_are_the_same_person_as_the_numbers_of_today() {
        let key = |text: &str| text.parse::<PhoneNumber>().expect("a number").key();
        assert_eq!(read("551187654321", None).as_deref(), Ok("551187654321"));
        assert_eq!(read("5215512345678", None).as_deref(), Ok("5215512345678"));
        assert_eq!(key("551187654321"), key("5511987654321"));
        assert_eq!(key("5215512345678"), key("525512345678"));
        assert_ne!(key("551133334444"), key("5511933334444"), "a landline has no nine");
        assert_eq!(key("15550100002"), "15550100002");
        let spellings = |text: &str| text.parse::<PhoneNumber>().expect("a number").spellings();
        assert_eq!(spellings("551187654321"), ["5511987654321", "551187654321"]);
        assert_eq!(spellings("5511987654321"), ["5511987654321", "551187654321"]);
        assert_eq!(spellings("525512345678"), ["525512345678", "5215512345678"]);
        assert_eq!(spellings("15550100002"), ["15550100002"]);
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
        fn any_text_is_read_or_refused_and_what_is_read_reads_back(text in "\\PC{0,30}") {
            if let Ok(number) = PhoneNumber::read(&text, Some("BR")) {
                proptest::prop_assert_eq!(number.digits().parse::<PhoneNumber>().expect("digits"), number);
            }
        }

        #[test]
        fn any_text_is_a_number_or_is_refused(text in ".*") {
            if let Ok(number) = text.parse::<PhoneNumber>() {
                proptest::prop_assert!(number.digits().bytes().all(|byte| byte.is_ascii_digit()));
            }
        }
    }
}
