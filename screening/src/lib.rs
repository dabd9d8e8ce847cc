//! Names of customers against lists of names: who on a list may be meant, how surely, and why.
//!
//! In: lists as bytes, names as text. Out: hits with a score in ten-thousandths that explains itself. Never: IO, a clock,
//! a random number, a float, or an answer that depends on the order of a hash map.
//!
//! How a name becomes a hit:
//!
//! 1. [`text`]: any script becomes lower-case ASCII words: compatibility forms and marks off, letters of other scripts
//!    that only look Latin taken for what they look like, the rest transliterated.
//! 2. [`name`]: words become tokens, each with a role: a title, a particle (al, bin, ould) or the form of a company weighs
//!    next to nothing, so that "Mr" or "Corp" alone is never a hit. Abd al-Rahman and Abderrahmane are the same two tokens.
//! 3. [`sound`]: each token gets a folded spelling, in which French, English and Arabic habits agree (ou/u/w, ch/sh, y/i),
//!    and a skeleton of consonants. Its keys are the skeleton and the word, each as it is and with one letter left out.
//! 4. [`index`]: the keys of a name find similar words of the list, those words find entries, and the best few of them
//!    are scored. The work is bounded, whatever the name.
//! 5. [`score`]: tokens are aligned without regard to order, and weighed by [`rarity`]. What both sides have that the other
//!    has not contradicts; what only one side has is forgiven in part. The same words are a score of 1, nothing else is.
//!
//! A list is versioned data: [`delta`] says what a new version changes, and a customer must be screened again only if one
//! of its keys is a key of an entry that came, went or changed. For this to hold, the rarity of words is frozen beside the
//! list: whoever counts words anew screens everybody anew.
//!
//! ```
//! use screening::delta::{Screened, delta};
//! use screening::{THRESHOLD, index::Index, list::List, qualify::Facts, rarity::Rarity};
//!
//! let old = List::read(b"id,name\n1,Serge Fotso\n")?;
//! let new = List::read(b"id,name\n1,Serge Fotso\n2,Joseph Konyema\n")?;
//! let customers = ["Aminata Sow", "Konyema Josef"];
//! let (screened, rarity) = (Screened::of(&customers), Rarity::of(&old));
//! assert_eq!(screened.touched(&delta(&old, &new).keys()), [1]);
//! let index = Index::new(new, rarity);
//! let hits = index.screen(customers[1], &Facts::default(), THRESHOLD);
//! assert_eq!((hits[0].entry.id.as_str(), hits[0].why.len()), ("2", 2));
//! # Ok::<(), screening::list::ListError>(())
//! ```
//!
//! The numbers of the score were chosen on two of three entries of the lists of the UN and of OFAC, mangled, against made-up
//! names. They are judged on the third, with other spellings and other made-up names: `tests/quality` prints both. The words
//! in `variants`, `words` and `everyday` are general knowledge, taken from no list.

/// From here on, a hit is worth a look, in ten-thousandths. A list several times as long as that of the United Nations wants more.
pub const THRESHOLD: u32 = 7_000;

/// What a new version of a list changes.
pub mod delta;
/// Entries found by keys.
pub mod index;
/// Lists and how each format is read.
pub mod list;
/// Text as tokens.
pub mod name;
/// What speaks against a name that fits: another date of birth, another country.
pub mod qualify;
/// How much a word says.
pub mod rarity;
/// Two names aligned.
pub mod score;
/// Spelling that sounds alike.
pub mod sound;
/// Any script as ASCII words.
pub mod text;

/// Countries by any of their names.
mod country;
/// How far two words are apart.
mod edit;
/// Names that many people bear.
mod everyday;
/// Names that are one name.
mod variants;
/// Words that say little.
mod words;
