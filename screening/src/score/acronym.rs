//! IBM for International Business Machines: the first letters of the words of a company, without little words and its form.

use crate::name::{Name, Token};
use crate::words::Role;

/// Words that an acronym has at least.
const WORDS_MIN: usize = 3;
/// And at most.
const WORDS_MAX: usize = 8;
/// How sure an acronym of three letters is.
const SHORT: u32 = 8_700;
/// And one of more.
const LONG: u32 = 9_000;

/// The acronym of a company.
pub(crate) fn acronym(name: &Name) -> Option<String> {
    let words = || name.tokens.iter().filter(|token| matches!(token.role, Role::Plain | Role::Trade));
    let many = name.organisation && (WORDS_MIN..=WORDS_MAX).contains(&words().count());
    many.then(|| words().filter_map(|token| token.text.get(..1)).collect())
}

/// Whether one name is the acronym of the other: which token it is, and how sure.
pub(super) fn similarity(short: &Name, long: &Name) -> Option<(usize, u32)> {
    let mut telling = short.tokens.iter().enumerate().filter(|(_, token)| Token::tells(token));
    let (place, token) =
        telling.next().filter(|(_, token)| token.role == Role::Plain && (WORDS_MIN..=WORDS_MAX).contains(&token.text.len()))?;
    let is_one = telling.next().is_none() && acronym(long)? == token.text;
    is_one.then_some((place, if token.text.len() == WORDS_MIN { SHORT } else { LONG }))
}
