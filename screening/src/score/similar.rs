//! How similar two words are, and what makes them so.

use super::abjad;
use crate::edit;
use crate::name::{SLIP, Token};
use crate::text::Script;
use crate::variants::{self, Variant};
use crate::words::Role;

/// Two spellings that sound alike.
const FOLDED: u32 = 9_150;
/// And what each hundredth of a letter takes from that.
const FOLDED_LETTER: u32 = 4;
/// Two spellings that are known.
const SPELLING: u32 = 8_600;
/// What a name is in another language.
const KINDRED: u32 = 8_000;
/// A short form.
const SHORT: u32 = 8_650;
/// An initial.
pub(super) const INITIAL: u32 = 8_450;
/// Mario and Maria.
const HE_AND_SHE: u32 = 6_800;
/// A particle with a slip.
const SLIPPED: u32 = 7_300;
/// The most that a word without short vowels is like one with them.
const ABJAD: u32 = 9_300;
/// What each letter takes from that which it has less than [`ABJAD_LETTERS`].
const ABJAD_SHORT: u32 = 300;
/// As many letters without vowels tell names apart.
const ABJAD_LETTERS: usize = 4;
/// And the least.
const ABJAD_MIN: u32 = 7_600;
/// What all beyond one slip costs more, in percent.
const MORE_SLIPS: u32 = 50;

/// How tokens answer each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The same letters.
    Equal,
    /// Two spellings of one name.
    Variant,
    /// A few letters differ.
    Edit,
    /// One is the first letter of the other.
    Initial,
    /// Written together on one side and apart on the other.
    Joined,
    /// One is the first letters of the other's words.
    Acronym,
}

/// Less than this is another word.
pub(crate) const WORD_MIN: u32 = 6_250;
/// Less than this is another word, where words are put together.
pub(crate) const JOINED_MIN: u32 = 8_700;
/// Fewer letters than this leave no room for a slip as well.
const JOINED_LETTERS: usize = 6;
/// Two words of trade or form that mean the same.
const MEANING: u32 = 9_500;
/// No letter that only one side has costs less, but an h.
const LETTER_LEAST: u32 = 60;
/// And an h.
const SILENT_LEAST: u32 = 40;
/// The bit of an h.
const SILENT_BIT: u64 = 1 << (b'h' & 63);
/// What likeness by sound is worth less than by letters.
const SOUND: u32 = 900;
/// The article on one side only.
const ARTICLE: u32 = 9_300;
/// The same consonants, on one side without any vowel, as Arabic is written.
const CONSONANTS: u32 = 8_500;

/// How, and how much; none where they are different words.
pub(crate) fn similar(one: &Token, other: &Token, least: u32) -> Option<(How, u32)> {
    if one.letters.0 == other.letters.0 && one.text == other.text {
        return Some((How::Equal, 10_000));
    }
    if (one.meaning.is_some() || other.meaning.is_some()) && one.sense() == other.sense() {
        return Some((How::Variant, MEANING));
    }
    match (one.role, other.role) {
        (Role::Initial, Role::Plain | Role::Trade | Role::Title | Role::Particle)
        | (Role::Plain | Role::Trade | Role::Title | Role::Particle, Role::Initial) => {
            return (one.text[..1] == other.text[..1]).then_some((How::Initial, INITIAL));
        }
        (Role::Particle, Role::Particle) => {
            let article = |token: &Token| ["al", "el", "ul"].contains(&token.text.as_str());
            let same = article(one) && article(other) || variants::variant(one.groups, other.groups).is_some();
            return same.then_some((How::Variant, SPELLING));
        }
        (Role::Title, Role::Title) => return (one.skeleton == other.skeleton).then_some((How::Variant, SPELLING)),
        (Role::Particle | Role::Title | Role::Form, Role::Plain) => return slip(one, other),
        (Role::Plain, Role::Particle | Role::Title | Role::Form) => return slip(other, one),
        // A slip may make a title of a name.
        (Role::Plain | Role::Trade | Role::Title, Role::Plain | Role::Trade | Role::Title) => {}
        _ => return None,
    }
    if one.letters.1 == other.letters.1 && one.folded == other.folded && one.text.len() > 2 && other.text.len() > 2 {
        let letters = edit::cost(&one.text, &other.text, 400).min(400);
        return Some((How::Variant, FOLDED - letters * FOLDED_LETTER));
    }
    if let Some(variant) = variants::variant(one.groups, other.groups) {
        return Some((
            How::Variant,
            match variant {
                Variant::Spelling => SPELLING,
                Variant::Kindred => KINDRED,
                Variant::Short => SHORT,
            },
        ));
    }
    if has_article(&one.text, &other.text) || has_article(&other.text, &one.text) {
        return Some((How::Variant, ARTICLE));
    }
    if are_he_and_she(&one.text, &other.text) {
        let similarity = HE_AND_SHE;
        return (similarity >= least).then_some((How::Edit, similarity));
    }
    edited(one, other, least).filter(|similarity| *similarity >= least).map(|similarity| (How::Edit, similarity))
}

/// A word that says little, against one that is nothing known but a slip of it.
fn slip(little: &Token, other: &Token) -> Option<(How, u32)> {
    let is_known = other.groups.is_some() || crate::everyday::is_known(&other.text);
    let is_near = || little.text.len().abs_diff(other.text.len()) < 2 && edit::cost(&little.text, &other.text, SLIP) <= SLIP;
    let fits = !is_known && if little.is_servant() { other.is_almost_servant() } else { is_near() };
    fits.then_some((How::Edit, SLIPPED))
}

/// What tells most words apart without looking at them letter by letter: which letters they have, and how many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sieve {
    letters: (u64, u64),
    lengths: (u8, u8),
    /// It has variants of other letters, which have variants as well.
    varies: bool,
    /// It is written without vowels, and may be like a word with any.
    is_bare: bool,
}

impl Sieve {
    pub(crate) fn of(token: &Token) -> Self {
        let length = |word: &str| u8::try_from(word.len()).unwrap_or(u8::MAX);
        let varies = token.groups.is_some() || token.meaning.is_some();
        let is_bare = token.script == Script::Abjad || !token.text.bytes().any(|letter| b"aeiou".contains(&letter));
        Self { letters: token.letters, lengths: (length(&token.text), length(&token.folded)), varies, is_bare }
    }

    /// Whether two words may be as similar as that. It may say yes where they are not, never no where they are.
    pub(crate) fn lets(&self, other: &Self, least: u32) -> bool {
        let fits = |one: u8, other: u8, letters: (u64, u64)| apart(letters) <= limit(usize::from(one.max(other)), least);
        self.varies && other.varies
            || self.is_bare
            || other.is_bare
            || fits(self.lengths.0, other.lengths.0, (self.letters.0, other.letters.0))
            || fits(self.lengths.1, other.lengths.1, (self.letters.1, other.letters.1))
    }
}

/// The least that letters cost which only one of two words has.
fn apart(letters: (u64, u64)) -> u32 {
    let least = |only: u64| (only & !SILENT_BIT).count_ones() * LETTER_LEAST + (only & SILENT_BIT).count_ones() * SILENT_LEAST;
    least(letters.0 & !letters.1).max(least(letters.1 & !letters.0))
}

/// Neighbours as one word, against a word.
pub(crate) fn joined(parts: &[Token], other: &Token) -> Option<u32> {
    let length: usize = parts.iter().map(|part| part.part().len()).sum();
    if length < 4 || length.abs_diff(other.text.len()) > 2 || !matches!(other.role, Role::Plain | Role::Trade | Role::Title) {
        return None;
    }
    if parts[0].text[..1] != other.text[..1] && parts[0].folded[..1] != other.folded[..1] {
        return None;
    }
    let text: String = parts.iter().map(Token::part).collect();
    if text == other.text {
        return Some(9_900);
    }
    // A letter beside a name is an initial, and no slip in the name; and signs are not misspelt.
    if parts.iter().any(|part| part.role == Role::Initial || part.script == Script::Signs) || other.script == Script::Signs {
        return None;
    }
    let folded = crate::sound::folded(&text);
    // A letter of each part that becomes one where they meet is a slip.
    if folded == other.folded && length.abs_diff(other.text.len()) < 2 || variants::variant(variants::groups(&text), other.groups).is_some()
    {
        return Some(9_500);
    }
    let longer = length.max(other.text.len());
    if longer < JOINED_LETTERS {
        return None;
    }
    let limit = limit(longer, JOINED_MIN);
    let cost = edit::cost(&text, &other.text, limit);
    let similarity = ratio(cost, longer);
    (cost <= limit && similarity >= JOINED_MIN).then(|| similarity - 200)
}

/// The names as single words, in their order; none where they are too different to look.
pub(crate) fn whole(query: &[Token], listed: &[Token], least: u32) -> Option<u32> {
    // Words that end at the same places are compared as words.
    if query.len() == listed.len() && query.iter().zip(listed).all(|(one, other)| one.part().len().abs_diff(other.part().len()) < 2) {
        return None;
    }
    let text = |tokens: &[Token]| {
        tokens.iter().filter(|token| token.role != Role::Form && token.role != Role::Title).map(Token::part).collect::<String>()
    };
    let letters = |tokens: &[Token]| tokens.iter().map(|token| token.part().len()).sum::<usize>();
    if query.len() == listed.len() && query.len() < 2 || letters(query).abs_diff(letters(listed)) > 4 {
        return None;
    }
    let (one, other) = (text(query), text(listed));
    let length = one.len().max(other.len());
    if !(6..=32).contains(&length) || one.len().abs_diff(other.len()) > 2 {
        return None;
    }
    Some(ratio(edit::cost(&one, &other, limit(length, least)), length))
}

/// Mario and Maria are two.
fn are_he_and_she(one: &str, other: &str) -> bool {
    let ends = [one, other].map(|name| name.split_at(name.len() - 1));
    one.len() > 3 && ends[0].0 == ends[1].0 && (ends[0].1 == "a" && ends[1].1 == "o" || ends[0].1 == "o" && ends[1].1 == "a")
}

/// `alzawahiri` has the article before `zawahiri`.
fn has_article(long: &str, short: &str) -> bool {
    short.len() >= 5 && long.len() == short.len() + 2 && ["al", "el"].iter().any(|article| long.strip_prefix(article) == Some(short))
}

fn edited(one_token: &Token, other_token: &Token, least: u32) -> Option<u32> {
    let (one, other) = (one_token, other_token);
    let (short, long) = (one.text.len().min(other.text.len()), one.text.len().max(other.text.len()));
    if 5 * short < 2 * long {
        return None;
    }
    if (one.script == Script::Abjad) != (other.script == Script::Abjad) {
        let (bare, full) = if one.script == Script::Abjad { (one, other) } else { (other, one) };
        // Of two or three consonants many names are made.
        let short = u32::try_from(ABJAD_LETTERS.saturating_sub(bare.text.len())).unwrap_or(0) * ABJAD_SHORT;
        return Some(abjad::similarity(&bare.text, &full.text).min(ABJAD).saturating_sub(short))
            .filter(|similarity| *similarity >= ABJAD_MIN);
    }
    // Some write without vowels in Latin letters as well.
    let has_vowel = |token: &Token| token.text.bytes().any(|letter| b"aeiou".contains(&letter));
    if short > 2 && has_vowel(one) != has_vowel(other) && consonants(one).eq(consonants(other)) {
        return Some(CONSONANTS);
    }
    let ratio = |(one, other): (&str, &str), letters: (u64, u64)| {
        let length = one.len().max(other.len());
        let limit = limit(length, least);
        if length < 2 || apart(letters) > limit {
            return 0;
        }
        let cost = edit::cost(one, other, limit);
        if cost > limit { 0 } else { ratio(cost, length) }
    };
    let plain = ratio((&one_token.text, &other_token.text), (one_token.letters.0, other_token.letters.0));
    if plain >= 9_000 || one_token.folded == one_token.text && other_token.folded == other_token.text {
        return Some(plain);
    }
    let sound = ratio((&one_token.folded, &other_token.folded), (one_token.letters.1, other_token.letters.1));
    Some(plain.max(sound.saturating_sub(SOUND)))
}

/// The most that two words may cost to be as similar as that.
fn limit(length: usize, similarity: u32) -> u32 {
    let most = (10_000 - similarity) * u32::try_from(length).unwrap_or(1) / 100;
    if most > 100 { 100 + (most - 100) * 2 / 3 } else { most }
}

/// The consonants, doubled ones once.
fn consonants(token: &Token) -> impl Iterator<Item = u8> {
    let mut last = 0;
    token.text.bytes().filter(|letter| !b"aeiou".contains(letter)).filter(move |letter| std::mem::replace(&mut last, *letter) != *letter)
}

fn ratio(cost: u32, length: usize) -> u32 {
    let length = u32::try_from(length).unwrap_or(1).max(1);
    // One slip is likely; what is more than that makes another word of it soon.
    let cost = cost + cost.saturating_sub(100) * MORE_SLIPS / 100;
    10_000_u32.saturating_sub(cost * 100 / length)
}
