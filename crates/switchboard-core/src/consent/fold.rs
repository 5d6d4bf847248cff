//! What a customer wrote, folded: small letters, no accents, no apostrophes, in clauses of words.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Nobody asks for a call after more than this.
const LONGEST_TEXT: usize = 4_096;

/// A part of a text between marks that end a thought.
#[derive(Default)]
pub(super) struct Clause {
    /// Its words.
    pub(super) words: Vec<String>,
    /// It is part of a sentence that ends with a question mark.
    pub(super) question: bool,
}

/// The clauses of a text.
pub(super) fn clauses(text: &str) -> Vec<Clause> {
    let mut clauses = Vec::new();
    let mut clause = Clause::default();
    // Where the sentence began: a question mark speaks for all its clauses.
    let mut sentence = 0;
    let mut word = String::new();
    for character in text.chars().take(LONGEST_TEXT).collect::<String>().nfd() {
        match character {
            '.' | '!' | '?' | ';' | ':' | ',' | '\n' | '…' | '؟' => {
                end_word(&mut word, &mut clause);
                if !clause.words.is_empty() {
                    clauses.push(std::mem::take(&mut clause));
                }
                match character {
                    '?' | '؟' => {
                        for clause in clauses.iter_mut().skip(sentence) {
                            clause.question = true;
                        }
                        sentence = clauses.len();
                    }
                    ',' | ':' => {}
                    _ => sentence = clauses.len(),
                }
            }
            '\'' | '’' | '‘' | '`' | '´' | 'ʼ' => {}
            character if is_combining_mark(character) || ('\u{1f3fb}'..='\u{1f3ff}').contains(&character) => {
            }
            character if character.is_alphanumeric() => word.extend(character.to_lowercase()),
            '👍' | '👌' | '✅' | '🆗' | '☑' | '✔' | '👎' | '❌' | '🚫' | '✖' | '⛔' => {
                end_word(&mut word, &mut clause);
                clause.words.push(character.to_string());
            }
            _ => end_word(&mut word, &mut clause),
        }
    }
    end_word(&mut word, &mut clause);
    if !clause.words.is_empty() {
        clauses.push(clause);
    }
    clauses
}

/// The words of a phrase.
pub(super) fn fold(phrase: &str) -> Vec<String> {
    clauses(phrase).into_iter().flat_map(|clause| clause.words).collect()
}

fn end_word(word: &mut String, clause: &mut Clause) {
    if !word.is_empty() {
        clause.words.push(std::mem::take(word));
    }
}
