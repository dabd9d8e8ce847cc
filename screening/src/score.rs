//! Two names aligned: which token answers which, how, and what it comes to.
//!
//! Definition. Each token has a weight w. A piece of the alignment takes one token of each side, or two or three neighbours
//! of one side that are written as one on the other, and has a similarity s. With U what is unmatched on each side:
//!
//! ```text
//! contradiction = min(U query, U listed)
//! agreement     = sum of (w query + w listed) * s  /  (sum of (w query + w listed) + CONTRADICTION * contradiction + QUERY_MORE * rest + LISTED_MORE * rest)
//! evidence      = half the sum of (w query + w listed) * s, without initials
//! rarest        = the most that a piece adds to the evidence, at most that of a rare word
//! score         = 1 - (1 - agreement) * (more than 1 where evidence is little or nothing rare agrees, less where evidence is much)
//! ```
//!
//! 1. Every piece that is similar enough is found.
//! 2. Pieces are taken by what they contribute, greatest first, as long as their tokens are free.
//! 3. The formula above; a name that is written together or apart throughout is compared as a whole as well.
//! 4. Other numbers, another order and an initial that fits too many take something away. Nothing but titles, particles and
//!    forms in common is no evidence at all.
//! 5. The score is put on the scale on which a match begins at [`THRESHOLD`], and only the same words are [`SURE`].

mod abjad;
pub(crate) mod acronym;
mod similar;

use crate::THRESHOLD;
use crate::index::{Why, why};
use crate::name::{Name, Token};
use crate::rarity::Rarity;
use crate::text::Script;
use crate::words::Role;
pub use similar::How;
pub(crate) use similar::Sieve;
use similar::{joined, similar};

/// What both have that the other has not, in percent of both weights.
const CONTRADICTION: u32 = 80;
/// What the query has more than the listed name, in percent of its weight.
const QUERY_MORE: u32 = 80;
/// What the listed name has more.
const LISTED_MORE: u32 = 40;
/// What another order takes away.
const OTHER_ORDER: u32 = 800;
/// And of the very same words: many write the last name first.
const SAME_WORDS: u32 = 100;
/// What it takes away that an initial of the list and one word are all that agree.
const LISTED_INITIAL: u32 = 950;
/// How much more counts what lacks where nothing agrees, in percent.
const LITTLE_AGREES: u32 = 40;
/// How much more counts what lacks where no rare word agrees, in percent: names that many bear must agree more closely.
const NOTHING_RARE: u32 = 40;
/// How much less it counts for each rare word that agrees beyond the first, in percent.
const MUCH_AGREES: u32 = 25;

/// The score of the same name, in ten-thousandths.
pub const SURE: u32 = 10_000;

/// Where a match begins, before it is put on the scale of those who ask.
const MATCH: u32 = 8_750;

/// What weighs less than this contradicts nobody.
const LITTLE: u32 = 2_000;
/// What an initial weighs more where it contradicts.
const INITIAL_MORE: u32 = 3_000;
/// What is left, in percent, where numbers differ.
const OTHER_NUMBER: u32 = 65;
/// A whole name that is written differently in one or two places.
const WHOLE_MIN: u32 = 8_800;

/// One piece of an alignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// First token of the query, and how many.
    pub query: (usize, usize),
    /// First token of the listed name, and how many.
    pub listed: (usize, usize),
    /// How they answer each other.
    pub how: How,
    /// How much, in ten-thousandths.
    pub similarity: u32,
    /// What it adds to the score before anything is taken away, in ten-thousandths.
    pub contributed: u32,
    weight: u32,
}

/// How two names are aligned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alignment {
    /// The score, in ten-thousandths.
    pub score: u32,
    /// The pieces, in the order of the query.
    pub pieces: Vec<Piece>,
    /// Whether the names as a whole, without spaces, say more than their tokens.
    pub whole: bool,
}

/// Aligns a query with a listed name.
pub fn align(query: &Name, listed: &Name) -> Alignment {
    // 1.
    let mut possible = pieces(&query.tokens, &listed.tokens);
    // 2.
    possible.sort_unstable_by_key(|piece| (std::cmp::Reverse(piece.weight * (piece.similarity / 10)), piece.query, piece.listed));
    let (mut query_free, mut listed_free) = (u32::MAX, u32::MAX);
    let mut taken = Vec::new();
    for piece in possible {
        let (of_query, of_listed) = (bits(piece.query), bits(piece.listed));
        if query_free & of_query == of_query && listed_free & of_listed == of_listed {
            query_free &= !of_query;
            listed_free &= !of_listed;
            taken.push(piece);
        }
    }
    if !taken.iter().any(|piece| says(piece, query)) {
        return of_acronym(query, listed).unwrap_or_default();
    }
    // 3.
    let matched: u32 = taken.iter().map(|piece| piece.weight).sum();
    let (query_more, listed_more) = unmatched((&query.tokens, query_free), (&listed.tokens, listed_free));
    let contradiction = query_more.min(listed_more);
    let all = matched
        + (contradiction * CONTRADICTION + (query_more - contradiction) * QUERY_MORE + (listed_more - contradiction) * LISTED_MORE) / 100;
    for piece in &mut taken {
        piece.contributed = share(piece.weight, piece.similarity, all);
    }
    let mut score: u32 = taken.iter().map(|piece| piece.contributed).sum();
    let whole = similar::whole(&query.tokens, &listed.tokens, WHOLE_MIN).filter(|whole| *whole >= WHOLE_MIN && whole - 400 > score);
    let shares = || taken.iter().filter(|piece| piece.how != How::Initial).map(|piece| share(piece.weight, piece.similarity, 2 * SURE));
    let mut evidence = shares().sum::<u32>();
    // No sign is rare alone: the name that they are together may be.
    let is_of_signs = query.tokens.iter().any(|token| token.script == Script::Signs);
    let rarest = if is_of_signs { evidence } else { shares().max().unwrap_or(0) }.min(SURE);
    if let Some(whole) = whole {
        score = whole - 400;
        evidence = evidence.max(weight(&listed.tokens)).min(SURE);
    }
    // 4.
    if numbers_differ(query, listed) {
        score = score * OTHER_NUMBER / 100;
    }
    taken.sort_unstable_by_key(|piece| piece.query);
    if !is_in_order(query, listed, &taken) {
        let are_same = query_more + listed_more == 0 && taken.iter().all(|piece| piece.how == How::Equal);
        score = score.saturating_sub(if are_same { SAME_WORDS } else { OTHER_ORDER });
    }
    // An initial of the list fits too many for one more word to tell who is meant.
    let initials = taken.iter().filter(|piece| piece.how == How::Initial && listed.tokens[piece.listed.0].role == Role::Initial).count();
    if initials > 0 && taken.iter().filter(|piece| says(piece, query)).count() == 1 {
        score = score.saturating_sub(LISTED_INITIAL);
    }
    score = weighed(score, evidence, rarest);
    let score = if same_words(query, listed) { SURE } else { scaled(score) };
    Alignment { score, pieces: taken, whole: whole.is_some() }
}

fn of_acronym(query: &Name, listed: &Name) -> Option<Alignment> {
    let all = |name: &Name| (0, name.tokens.len());
    let (query, listed, score) = acronym::similarity(query, listed)
        .map(|(place, score)| ((place, 1), all(listed), score))
        .or_else(|| acronym::similarity(listed, query).map(|(place, score)| (all(query), (place, 1), score)))?;
    let piece = Piece { query, listed, how: How::Acronym, similarity: score, contributed: score, weight: SURE };
    Some(Alignment { score, pieces: vec![piece], whole: false })
}

/// As both are written, or as they are spoken.
fn is_in_order(query: &Name, listed: &Name, pieces: &[Piece]) -> bool {
    let rises = |mut places: Vec<(usize, usize)>| {
        places.sort_unstable();
        places.windows(2).all(|pair| pair[0].1 < pair[1].1)
    };
    rises(pieces.iter().map(|piece| (piece.query.0, piece.listed.0)).collect())
        || rises(pieces.iter().map(|piece| (query.spoken(piece.query.0), listed.spoken(piece.listed.0))).collect())
}

fn same_words(query: &Name, listed: &Name) -> bool {
    let spoken = |name: &Name| {
        let (last, first) = name.tokens.split_at(name.last_names.min(name.tokens.len()));
        first.iter().chain(last).map(Token::part).map(str::to_owned).collect::<Vec<_>>()
    };
    let same = |one: &Token, other: &Token| one.part() == other.part();
    query.tokens.len() == listed.tokens.len()
        && (query.tokens.iter().zip(&listed.tokens).all(|(one, other)| same(one, other)) || spoken(query) == spoken(listed))
}

/// What lacks of a score counts more where little agrees or nothing rare does, and less where much does.
fn weighed(score: u32, evidence: u32, rarest: u32) -> u32 {
    let lacks = SURE.saturating_sub(score);
    let (more, less) = (SURE.saturating_sub(evidence), evidence.saturating_sub(SURE).min(2 * SURE));
    let factor = 10_000 + more / 100 * LITTLE_AGREES + (SURE - rarest) / 100 * NOTHING_RARE - less / 100 * MUCH_AGREES;
    SURE.saturating_sub(lacks * (factor / 10) / 1_000).min(SURE - 50)
}

/// On the scale on which [`THRESHOLD`] is where a match begins.
fn scaled(score: u32) -> u32 {
    if score < MATCH { score * THRESHOLD / MATCH } else { THRESHOLD + (score - MATCH) * (SURE - THRESHOLD) / (SURE - MATCH) }
}

/// The score of two names that are on no list, in ten-thousandths. Neither asks for the other, so that it is the mean of both
/// ways; but of people who have two tokens in common the kinder way counts, since many leave a name of theirs out, as no
/// company does. A name that says nothing is like no other.
pub fn pair(one: &str, other: &str) -> u32 {
    explained_pair(one, other).0
}

/// The same, and why.
pub fn explained_pair(one: &str, other: &str) -> (u32, Vec<Why>) {
    let (one, other) = (Name::new(one, &Rarity::default()), Name::new(other, &Rarity::default()));
    let (there, back) = (align(&one, &other), align(&other, &one));
    let is_company = one.organisation || other.organisation;
    // A slip of a word for a particle says something in one of the names alone: whichever says more counts, in either order.
    let told = |aligned: &Alignment, query: &Name| aligned.pieces.iter().filter(|piece| says(piece, query)).count();
    let score = if !is_company && told(&there, &one).max(told(&back, &other)) > 1 {
        there.score.max(back.score)
    } else {
        (there.score + back.score) / 2
    };
    (score, why(&one, &other, &there))
}

/// How similar two tokens are, if they may be one word.
pub(crate) fn similarity(one: &Token, other: &Token, least: u32) -> Option<u32> {
    similar(one, other, least).map(|(_, similarity)| similarity)
}

/// The least that makes two tokens one word; neighbours written as one must be more alike.
pub(crate) fn least(is_joined: bool) -> u32 {
    if is_joined { similar::JOINED_MIN } else { similar::WORD_MIN }
}

fn pieces(query: &[Token], listed: &[Token]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (i, one) in query.iter().enumerate() {
        for (j, other) in listed.iter().enumerate() {
            if let Some((how, similarity)) = similar(one, other, similar::WORD_MIN) {
                // An initial says no more than an initial, whatever it stands for; and a slip of a particle no more than that.
                let weight = if how == How::Initial || how == How::Edit && one.tells() != other.tells() {
                    2 * one.weight.min(other.weight)
                } else {
                    one.weight + other.weight
                };
                pieces.push(Piece { query: (i, 1), listed: (j, 1), how, similarity, contributed: 0, weight });
            }
        }
    }
    initials_of_two(query, listed, |i, j| pieces.push(initial((i, 1), (j, 2), query[i].weight)));
    for (length, i, j) in apart(query.len(), listed.len()) {
        if let Some(similarity) = joined(&query[i..i + length], &listed[j]) {
            let weight = weight(&query[i..i + length]) + listed[j].weight;
            pieces.push(Piece { query: (i, length), listed: (j, 1), how: How::Joined, similarity, contributed: 0, weight });
        }
    }
    for (length, j, i) in apart(listed.len(), query.len()) {
        if let Some(similarity) = joined(&listed[j..j + length], &query[i]) {
            let weight = weight(&listed[j..j + length]) + query[i].weight;
            pieces.push(Piece { query: (i, 1), listed: (j, length), how: How::Joined, similarity, contributed: 0, weight });
        }
    }
    pieces
}

/// A. may stand for Abdul Malik and for al-Duri.
fn initials_of_two(one: &[Token], other: &[Token], mut found: impl FnMut(usize, usize)) {
    for (i, initial) in one.iter().enumerate().filter(|(_, token)| token.role == Role::Initial) {
        for (j, pair) in other.windows(2).enumerate() {
            if pair[0].role == Role::Particle && pair[1].role == Role::Plain && pair[0].text[..1] == initial.text[..1] {
                found(i, j);
            }
        }
    }
}

fn initial(query: (usize, usize), listed: (usize, usize), weight: u32) -> Piece {
    Piece { query, listed, how: How::Initial, similarity: similar::INITIAL, contributed: 0, weight: 2 * weight }
}

/// Every two or three neighbours of one side with every token of the other.
fn apart(many: usize, one: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    (2..=3).flat_map(move |length| {
        (0..(many + 1).saturating_sub(length)).flat_map(move |first| (0..one).map(move |other| (length, first, other)))
    })
}

fn weight(tokens: &[Token]) -> u32 {
    tokens.iter().map(|token| token.weight).sum()
}

/// The weights of what only one side has. An initial against another name contradicts as much as a name does.
fn unmatched(query: (&[Token], u32), listed: (&[Token], u32)) -> (u32, u32) {
    let free = |(tokens, free): (&'_ [Token], u32)| -> (u32, u32) {
        let free = tokens.iter().enumerate().filter(|(place, _)| free & (1 << place) != 0);
        free.fold((0, 0), |(all, initials), (_, token)| (all + token.weight, initials + u32::from(token.role == Role::Initial)))
    };
    let ((query, query_initials), (listed, listed_initials)) = (free(query), free(listed));
    if query > LITTLE && listed > LITTLE {
        (query + query_initials * INITIAL_MORE, listed + listed_initials * INITIAL_MORE)
    } else {
        (query, listed)
    }
}

fn bits((first, length): (usize, usize)) -> u32 {
    ((1 << length) - 1) << first
}

fn says(piece: &Piece, query: &Name) -> bool {
    piece.how != How::Initial && query.tokens[piece.query.0..piece.query.0 + piece.query.1].iter().any(Token::tells)
}

/// Widened, since weights of a dozen tokens times a similarity would not fit.
fn share(weight: u32, similarity: u32, all: u32) -> u32 {
    u32::try_from(u64::from(weight) * u64::from(similarity) / u64::from(all.max(1))).unwrap_or(SURE)
}

/// Both have numbers, and not the same.
fn numbers_differ(query: &Name, listed: &Name) -> bool {
    let numbers = |name: &Name| {
        let mut numbers: Vec<_> =
            name.tokens.iter().filter(|token| token.role == Role::Number).map(|token| token.sense().to_owned()).collect();
        numbers.sort_unstable();
        numbers
    };
    let has = |name: &Name| name.tokens.iter().any(|token| token.role == Role::Number);
    has(query) && has(listed) && numbers(query) != numbers(listed)
}
