//! The keys of a name: under which it is kept, and under which it is looked for. They are the same, so that a key in common
//! is all that a customer and an entry need to meet.

use crate::list::Entry;
use crate::name::{Name, Token};
use crate::rarity::Rarity;
use crate::score::acronym::acronym;
use crate::sound;
use crate::variants;
use crate::words::Role;

/// Neighbours that are written as one.
const TOGETHER_MAX: usize = 3;
/// Longer than any word.
const LETTERS_MAX: usize = 30;

/// The keys of a name. A customer must be screened again only if one of these is a key of an entry that is different.
pub fn keys(name: &str) -> Vec<u64> {
    let name = Name::new(name, &Rarity::default());
    let joined = neighbours(&name, &Rarity::default());
    let mut keys: Vec<_> = name.tokens.iter().filter(|token| token.tells()).flat_map(token_keys).collect();
    keys.extend(joined.iter().map(joined_key));
    keys.push(whole_key(&name));
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// The keys of all names of an entry.
pub fn keys_of(entry: &Entry) -> Vec<u64> {
    let mut keys: Vec<_> = entry.names.iter().flat_map(|alias| keys(&alias.name)).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// The keys of one token: of its sound, and of the first of all spellings of the name.
pub(super) fn token_keys(token: &Token) -> Vec<u64> {
    let mut keys = sound::keys(&token.skeleton);
    keys.extend(sound::slips(&token.text));
    keys.extend(variants::heads(token.groups).iter().map(|head| sound::spelling_key(head)));
    keys
}

/// The key of neighbours as one word: only as they sound, since there are many.
pub(super) fn joined_key(token: &Token) -> u64 {
    sound::key(&token.skeleton)
}

/// The key of all words of a name, in any order, without its titles.
pub(super) fn whole_key(name: &Name) -> u64 {
    let mut words: Vec<_> = name.tokens.iter().filter(|token| token.role != Role::Title).map(|token| token.text.as_str()).collect();
    words.sort_unstable();
    sound::whole_key(&words.join(" "))
}

/// Two and three neighbours as one word, and the acronym of a company.
pub(super) fn neighbours(name: &Name, rarity: &Rarity) -> Vec<Token> {
    let mut neighbours = Vec::new();
    for length in 2..=TOGETHER_MAX {
        for together in name.tokens.windows(length) {
            let letters: usize = together.iter().map(|token| token.part().len()).sum();
            if (4..=LETTERS_MAX).contains(&letters) {
                neighbours.push(Token::together(together, rarity));
            }
        }
    }
    neighbours.extend(acronym(name).map(|acronym| Token::plain(acronym, rarity)));
    neighbours
}
