//! Customers' numbers, shown in part: `+55 11 •••• 4477`. A business may decide that its agents (and supervisors) read
//! no more of them.
//!
//! A number hides in more places than its field: profile names that are a number, payloads of links, words of the
//! provider. [`text`] finds what looks like one.

use crate::phone::PhoneNumber;

/// What stands for the digits that are not shown.
const HIDDEN: &str = "••••";
/// So many digits in a row, with the separators people write, are a number in somebody's name.
const LIKE_A_NUMBER: usize = 8;
/// By so many of its last digits a number is recognized where it stands without its country.
const TAIL: usize = 7;

/// A number in part: country and area where enough stays hidden behind them, and the last four digits.
#[must_use]
pub fn phone(number: &PhoneNumber) -> String {
    let digits = number.digits();
    let shown = if digits.len() >= 9 { 4 } else { 2 };
    let last = &digits[digits.len() - shown..];
    let written = number.international();
    let mut head = String::new();
    let mut in_head = 0;
    for group in written.split(' ').take(2) {
        let here = group.chars().filter(char::is_ascii_digit).count();
        // At least four digits stay hidden, or the rest of the number could be guessed by trying.
        if here == 0 || digits.len() < in_head + here + shown + 4 {
            break;
        }
        head.push_str(group);
        head.push(' ');
        in_head += here;
    }
    format!("{head}{HIDDEN} {last}")
}

/// A text without the numbers in it: whatever is long enough to be one, and the known number in any spelling.
#[must_use]
pub fn text(text: &str, known: Option<&PhoneNumber>) -> String {
    replaced(text, |digits| digits.len() >= LIKE_A_NUMBER || is_known(digits, known))
}

/// A text without this number in it; other digits (of an order, of a ticket) stay.
#[must_use]
pub fn known_in(text: &str, known: Option<&PhoneNumber>) -> String {
    replaced(text, |digits| is_known(digits, known))
}

fn is_known(digits: &str, known: Option<&PhoneNumber>) -> bool {
    known.is_some_and(|known| {
        let known = known.digits();
        digits.contains(&known[known.len().saturating_sub(TAIL)..])
    })
}

/// Replaces each run of digits and separators whose digits are to be hidden.
fn replaced(text: &str, hide: impl Fn(&str) -> bool) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(starts_run) {
        let run = &rest[start..];
        let end = run.find(|c| !in_run(c)).unwrap_or(run.len());
        // What separates the number from the next word belongs to the text.
        let written = run[..end].trim_end_matches(|c: char| !c.is_numeric());
        let digits: String = written.chars().filter(|c| c.is_numeric()).collect();
        result.push_str(&rest[..start]);
        if !digits.is_empty() && hide(&digits) {
            result.push_str(HIDDEN);
            if digits.is_ascii() && digits.len() >= 9 {
                result.push(' ');
                result.push_str(&digits[digits.len() - 4..]);
            }
        } else {
            result.push_str(written);
        }
        result.push_str(&run[written.len()..end]);
        rest = &run[end..];
    }
    result.push_str(rest);
    result
}

fn starts_run(character: char) -> bool {
    character.is_numeric() || matches!(character, '+' | '(')
}

fn in_run(character: char) -> bool {
    character.is_numeric()
        || matches!(character, '+' | '(' | ')' | '-' | '.' | '/' | ' ' | '\u{a0}' | '\u{202f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> PhoneNumber {
        text.parse().expect("a number")
    }

    #[test]
    fn a_number_keeps_its_country_and_its_last_four_digits() {
        assert_eq!(phone(&number("5511982114477")), "+55 11 •••• 4477");
        assert_eq!(
            phone(&number("491701234567")),
            "+49 •••• 4567",
            "an area code would leave too little hidden"
        );
        assert_eq!(phone(&number("4917012345678")), "+49 170 •••• 5678");
        assert_eq!(phone(&number("15550100002")), "+1 •••• 0002");
    }

    #[test]
    fn a_short_number_keeps_less() {
        assert_eq!(phone(&number("12345")), "•••• 45");
        assert_eq!(
            phone(&number("12345678")).chars().filter(char::is_ascii_digit).count(),
            2 + usize::from(phone(&number("12345678")).starts_with('+'))
        );
    }

    #[test]
    fn a_name_that_is_a_number_is_masked_in_any_spelling() {
        let known = number("5511982114477");
        for name in ["+55 11 98211-4477", "5511982114477", "(11) 98211.4477", "98211 4477"] {
            let masked = text(name, Some(&known));
            assert!(!masked.contains("98211"), "{name}: {masked}");
        }
        assert_eq!(text("Maria +5511982114477 Silva", Some(&known)), "Maria •••• 4477 Silva");
        assert_eq!(text("Another 4917012345678", None), "Another •••• 5678");
        assert_eq!(text("٥٥١١٩٨٢١١٤٤٧٧", None), "••••");
    }

    #[test]
    fn other_digits_stay() {
        let known = number("5511982114477");
        assert_eq!(text("Maria 2 (1985)", Some(&known)), "Maria 2 (1985)");
        assert_eq!(
            known_in("order=123456789012&from=5511982114477", Some(&known)),
            "order=123456789012&from=•••• 4477"
        );
        assert_eq!(known_in("order-7", None), "order-7");
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_written_no_long_run_of_digits_is_left(words in "[0-9 +()a-zà-ü.-]{0,60}") {
            let masked = text(&words, None);
            let longest = masked.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
            proptest::prop_assert!(longest < LIKE_A_NUMBER, "{masked}");
        }

        #[test]
        fn at_least_three_digits_of_a_number_stay_hidden(digits in "[0-9]{5,20}") {
            let number: PhoneNumber = digits.parse().expect("digits");
            let shown = phone(&number).chars().filter(char::is_ascii_digit).count();
            proptest::prop_assert!(shown + 3 <= digits.len());
        }
    }
}
