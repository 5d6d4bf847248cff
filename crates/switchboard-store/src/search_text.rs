//! What a list is searched by: one folded text per row, because `LOWER` of SQLite knows ASCII only and neither
//! database finds "Ávila" for "avila".

use sea_orm::sea_query::{Expr, ExprTrait, LikeExpr, SimpleExpr};
use sea_orm::{ColumnTrait, Condition};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// More words than this are not looked at.
const MAX_WORDS: usize = 8;
/// More characters than this are not looked at.
const MAX_QUERY_CHARS: usize = 100;
/// Fewer digits are no whole number with its country.
const WHOLE_NUMBER: usize = 8;
/// Not the backslash: PostgreSQL and SQLite quote it differently.
const ESCAPE: char = '!';

/// Lower case, without accents, without control characters.
pub(crate) fn folded(text: &str) -> String {
    text.nfkd()
        .filter(|character| !is_combining_mark(*character) && !character.is_control())
        .flat_map(char::to_lowercase)
        .collect()
}

/// All parts in one searchable text.
pub(crate) fn of<'a>(parts: impl IntoIterator<Item = Option<&'a str>>) -> String {
    let parts: Vec<String> = parts.into_iter().flatten().map(folded).collect();
    parts.join(" ")
}

/// Rows whose search text contains every word of the query. What looks like a phone number is one word.
pub(crate) fn matches<C: ColumnTrait>(column: C, query: &str) -> Condition {
    words(query)
        .into_iter()
        .map(|word| -> SimpleExpr {
            column.into_expr().like(LikeExpr::new(format!("%{}%", escaped(&word))).escape(ESCAPE))
        })
        .fold(Condition::all(), Condition::add)
}

/// The same for who reads numbers in part: a number is found as a whole or not at all, because by parts the hidden
/// digits could be tried out.
pub(crate) fn matches_without_numbers<C: ColumnTrait>(column: C, phone: C, query: &str) -> Condition {
    words(query)
        .into_iter()
        .map(|word| -> SimpleExpr {
            if !word.chars().any(char::is_numeric) {
                return column
                    .into_expr()
                    .like(LikeExpr::new(format!("%{}%", escaped(&word))).escape(ESCAPE));
            }
            if word.len() >= WHOLE_NUMBER && word.chars().all(|character| character.is_ascii_digit()) {
                return phone.eq(word);
            }
            Expr::val(false)
        })
        .fold(Condition::all(), Condition::add)
}

fn words(query: &str) -> Vec<String> {
    let query: String = query.chars().take(MAX_QUERY_CHARS).collect();
    let separator = |character: char| matches!(character, ' ' | '+' | '-' | '.' | '(' | ')' | '\u{a0}');
    if query.chars().any(|character| character.is_ascii_digit())
        && query.chars().all(|character| character.is_ascii_digit() || separator(character))
    {
        return vec![query.chars().filter(char::is_ascii_digit).collect()];
    }
    folded(&query).split_whitespace().take(MAX_WORDS).map(str::to_owned).collect()
}

fn escaped(word: &str) -> String {
    let mut escaped = String::with_capacity(word.len());
    for character in word.chars() {
        if matches!(character, '%' | '_' | ESCAPE) {
            escaped.push(ESCAPE);
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_and_case_do_not_matter() {
        assert_eq!(folded("José ÁVILA Ñandú"), "jose avila nandu");
        assert_eq!(of([Some("Ção"), None, Some("5511")]), "cao 5511");
    }

    #[test]
    fn a_number_as_people_write_it_is_one_word() {
        assert_eq!(words("+55 (11) 98211-44"), ["55119821144"]);
        assert_eq!(words("Maria Silva"), ["maria", "silva"]);
        assert!(words("  ").is_empty());
    }

    #[test]
    fn wildcards_are_letters() {
        assert_eq!(escaped("100%_!"), "100!%!_!!");
    }
}
