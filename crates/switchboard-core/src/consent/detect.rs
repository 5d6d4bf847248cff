//! A wish to be called, or not to be, in what a customer wrote; yes and no to an offer.
//!
//! No dictionary and no grammar: phrases of whole words inside one clause, and a few rules for what turns them round. In
//! doubt nothing is found: a wish that is overlooked costs a question to the customer, one that was never there a
//! call he did not want.

use crate::call::state::words;
use crate::consent::fold::{Clause, clauses, fold};
use crate::consent::words::{
    CONDITIONS, DOUBTS, ENGLISH, FOLLOWS_ENGLISH, FOLLOWS_OTHERS, IDIOMS, Kind, MODAL_NEGATIONS, NEGATIONS,
    NO, NOBODY, OTHERS, REFUSALS, TRIED, YES, phrases, requests,
};

/// How many words before a phrase may turn it round: "I do not want anybody to call me".
const REACH: usize = 5;
/// A longer answer than this says more than yes.
const SHORT_ANSWER: usize = 8;

words! {
    /// What a message wishes.
    Wish {
        /// To be called.
        CallRequested = "call_requested",
        /// Not to be called.
        NotWanted = "not_wanted",
        /// Nothing of the kind.
        Nothing = "nothing",
    }
}

/// What was found in a message.
#[derive(Clone, PartialEq, Eq)]
pub struct Detected {
    /// What it wishes.
    pub wish: Wish,
    /// The words it was found by, folded; empty for `Nothing`. They are the customer's: never logged.
    pub matched: String,
}

impl std::fmt::Debug for Detected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Detected").field("wish", &self.wish).finish_non_exhaustive()
    }
}

words! {
    /// What an answer to "May we call you?" says.
    Affirmative {
        /// Yes.
        Yes = "yes",
        /// No.
        No = "no",
        /// Neither.
        Unclear = "unclear",
    }
}

/// Looks for a wish to be called. `extra`: phrases of the business that ask for a call, in any language. Of two wishes
/// the last one counts: "not now, call me tomorrow".
#[must_use]
pub fn detect(text: &str, extra: &[String]) -> Detected {
    let extra: Vec<Vec<String>> =
        extra.iter().map(|phrase| fold(phrase)).filter(|words| !words.is_empty()).collect();
    let found = clauses(text).iter().rev().find_map(|clause| in_clause(clause, &extra));
    let (wish, matched) = found.unwrap_or((Wish::Nothing, String::new()));
    Detected { wish, matched }
}

/// Is an answer to an offer a yes?
#[must_use]
pub fn affirmative(text: &str) -> Affirmative {
    match detect(text, &[]).wish {
        Wish::NotWanted => return Affirmative::No,
        Wish::CallRequested => return Affirmative::Yes,
        Wish::Nothing => {}
    }
    let clauses = clauses(text);
    let says = |list: &'static str| {
        clauses.iter().any(|clause| {
            let clear = clear_of(&clause.words, IDIOMS);
            phrases(list).any(|phrase| places(&clear, phrase).next().is_some())
        })
    };
    let words: usize = clauses.iter().map(|clause| clause.words.len()).sum();
    let asks = clauses.iter().any(|clause| clause.question);
    let yes = clauses.iter().any(|clause| phrases(YES).any(|phrase| begins_yes(&clause.words, phrase)));
    let no = says(NO);
    if yes && !no && !asks && !says(DOUBTS) && words <= SHORT_ANSWER {
        Affirmative::Yes
    } else if no && !yes && !asks {
        Affirmative::No
    } else {
        Affirmative::Unclear
    }
}

/// Does a clause begin with this yes? "si" is an "if" before most words.
fn begins_yes(words: &[String], phrase: &str) -> bool {
    let begins = places(words, phrase).next() == Some(0);
    let next = words.get(phrase.split(' ').count()).map(String::as_str);
    begins
        && (phrase != "si"
            || next.is_none_or(|next| {
                has(YES, next) || ["gracias", "senor", "senora", "me", "por"].contains(&next)
            }))
}

fn in_clause(clause: &Clause, extra: &[Vec<String>]) -> Option<(Wish, String)> {
    let words = &clause.words;
    if let Some(refusal) = phrases(REFUSALS).find(|phrase| {
        places(words, phrase).any(|place| {
            !idiomatic(words, place)
                && !conditional(words, place)
                && !named(words, place, phrase)
                && !complaint(words, place)
        })
    }) {
        return Some((Wish::NotWanted, refusal.to_owned()));
    }
    let own = extra.iter().map(|phrase| (phrase.join(" "), Kind::Always));
    let known = requests().map(|(phrase, kind)| (phrase.to_owned(), kind));
    known.chain(own).find_map(|(phrase, kind)| {
        let wish = places(words, &phrase).find_map(|place| judge(clause, place, &phrase, kind))?;
        Some((wish, phrase))
    })
}

/// "Don't call me crazy" forbids nothing.
fn named(words: &[String], place: usize, phrase: &str) -> bool {
    let rest = words.get(place + phrase.split(' ').count()..).unwrap_or_default();
    let [first, next, ..] = rest else { return false };
    matches!(first.as_str(), "me" | "us") && !may_follow(next, phrase)
}

/// What a phrase that asks for a call means where it stands.
fn judge(clause: &Clause, place: usize, phrase: &str, kind: Kind) -> Option<Wish> {
    let words = &clause.words;
    let before = &words[..place];
    let next = words.get(place + phrase.split(' ').count());
    if kind != Kind::Always && next.is_some_and(|next| !may_follow(next, phrase)) {
        return None;
    }
    let previous = before.last().map(String::as_str);
    let told = previous.is_some_and(|word| has(OTHERS, word))
        || previous == Some("to") && before.iter().rev().nth(1).is_some_and(|word| has(TRIED, word))
        || previous == Some("will")
            && !before.iter().rev().nth(1).is_some_and(|word| word == "you" || word == "someone")
        || previous == Some("you")
            && before.iter().rev().nth(1).is_some_and(|word| word == "did" || word == "do");
    let nobody = before.iter().any(|word| has(NOBODY, word));
    if told || nobody {
        return None;
    }
    let near = &before[before.len().saturating_sub(REACH)..];
    let polite = phrases(MODAL_NEGATIONS)
        .any(|negation| places(near, negation).next().is_some() || overlaps(words, place, negation));
    if polite {
        return Some(if clause.question { Wish::CallRequested } else { Wish::NotWanted });
    }
    let near = clear_of(near, IDIOMS);
    if let Some(negation) = near.iter().rposition(|word| has(NEGATIONS, word)) {
        let conditional = near[..negation].iter().any(|word| has(CONDITIONS, word));
        return (!conditional && !complaint(&near, negation) && kind != Kind::Told)
            .then_some(Wish::NotWanted);
    }
    if previous.is_some_and(|word| matches!(word, "when" | "if")) {
        return None;
    }
    let asks = kind != Kind::Told || begins_clause(&clear_of(before, IDIOMS));
    asks.then_some(Wish::CallRequested)
}

/// Greetings and the like before a phrase leave it at the beginning.
fn begins_clause(before: &[String]) -> bool {
    const GREETINGS: &[&str] = &[
        "hola", "buenas", "buenos", "dias", "tardes", "noches", "por", "favor", "porfa", "porfavor", "y",
        "entonces", "cuando", "si", "ok", "a", "que", "hora",
    ];
    before.iter().all(|word| GREETINGS.contains(&word.as_str()))
}

/// May this word follow the phrase without being a name? The "a" of "llámame a las 5" is none of "call me a taxi".
fn may_follow(word: &str, phrase: &str) -> bool {
    let english = phrase.split(' ').any(|word| has(ENGLISH, word));
    let follows = if english { FOLLOWS_ENGLISH } else { FOLLOWS_OTHERS };
    let is_word = word.chars().any(char::is_alphanumeric);
    !is_word || word.starts_with(|first: char| first.is_ascii_digit()) || has(follows, word)
}

/// Is this word in a list of single words?
fn has(list: &'static str, word: &str) -> bool {
    phrases(list).any(|one| one == word)
}

/// Where a phrase stands.
fn places<'a>(words: &'a [String], phrase: &'a str) -> impl Iterator<Item = usize> + 'a {
    let length = phrase.split(' ').count();
    let fits = move |window: &[String]| window.iter().map(String::as_str).eq(phrase.split(' '));
    words.windows(length).enumerate().filter(move |(_, window)| fits(window)).map(|(place, _)| place)
}

/// Does a negation reach into the phrase: "no | me puedes llamar"?
fn overlaps(words: &[String], place: usize, negation: &str) -> bool {
    let length = negation.split(' ').count();
    places(words, negation).any(|begin| begin < place && place < begin + length)
}

/// The words without those of idioms.
fn clear_of(words: &[String], idioms: &'static str) -> Vec<String> {
    let mut clear = Vec::with_capacity(words.len());
    let mut rest = words;
    while let [first, after @ ..] = rest {
        match phrases(idioms).find(|idiom| places(rest, idiom).next() == Some(0)) {
            Some(idiom) => rest = &rest[idiom.split(' ').count()..],
            None => {
                clear.push(first.clone());
                rest = after;
            }
        }
    }
    clear
}

/// Does the "no" of a refusal belong to an idiom: "why don't you call"?
fn idiomatic(words: &[String], place: usize) -> bool {
    phrases(IDIOMS).any(|idiom| {
        let length = idiom.split(' ').count();
        places(words, idiom).any(|begin| begin <= place && place < begin + length)
    })
}

/// "You never call" is a complaint.
fn complaint(words: &[String], negation: usize) -> bool {
    let before = words[..negation].last();
    words[negation] == "never" && before.is_some_and(|word| word == "you" || word == "they")
}

fn conditional(words: &[String], place: usize) -> bool {
    let near = &words[place.saturating_sub(2)..place];
    near.iter().any(|word| has(CONDITIONS, word))
}
