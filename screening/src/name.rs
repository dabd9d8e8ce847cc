//! Text as tokens: words with a role, a sound and a weight.
//!
//! Words that are one name in Arabic become the same tokens, however they are written: Abd al-Rahman, Abdul Rahman and
//! Abdelrahman; Nur al-Din, Noureddin and Nuruddin.

use crate::rarity::Rarity;
use crate::sound::{folded, skeleton};
use crate::text;
use crate::variants::{self, Groups};
use crate::words::{self, Role};

/// Tokens of a name that are looked at.
pub const TOKENS_MAX: usize = 12;

/// "Servant of" as it is written here: a particle, since most of what follows it is a name by itself.
const SERVANT: &str = "abdul";
/// How servants are written before whom they serve.
const SERVANTS: &[&str] = &["abd", "abdul", "abdel", "abdal", "abdoul", "abdol", "abdur", "abder", "abdus", "abdun", "bd"];
/// What follows where God is meant.
const GODS: &[&str] = &["allah", "ullah", "lah", "llah", "alla", "ulla", "allh", "lh"];
/// The article, and what it becomes before some letters.
const ARTICLES: &[&str] =
    &["al", "el", "ul", "il", "ar", "er", "ur", "as", "us", "es", "ash", "an", "un", "en", "ad", "ud", "ed", "az", "at"];
/// The last part of "of the faith".
const FAITHS: &[&str] = &["din", "deen", "dine", "dien"];
/// The same, where it is written with the word before.
const OF_THE_FAITH: &[&str] = &[
    "eddine", "uddine", "oudine", "oudeen", "eddien", "aldine", "uddeen", "eldine", "aldin", "eldin", "addin", "eddin", "uddin", "uldin",
    "iddin", "oddin", "adeen",
];

/// A word of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// As it was written, in ASCII.
    pub text: String,
    /// What it stands for, where several words of trade or form mean the same.
    pub(crate) meaning: Option<&'static str>,
    /// As it sounds.
    pub folded: String,
    /// Its consonants.
    pub skeleton: String,
    /// What it is.
    pub role: Role,
    /// How much it says, in ten-thousandths of a rare word.
    pub weight: u32,
    /// What else it is.
    pub(crate) groups: Option<&'static Groups>,
    /// Which letters it has as written and as it sounds, a bit each.
    pub(crate) letters: (u64, u64),
}

/// A name as tokens, in the order in which they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Name {
    /// The tokens. None: the name says nothing, and matches nothing.
    pub tokens: Vec<Token>,
    /// Whether a form or a trade says that it is no person.
    pub organisation: bool,
}

impl Name {
    /// Reads a name. `rarity` is that of the list against which it is held.
    pub fn new(name: &str, rarity: &Rarity) -> Self {
        let words = joined(text::words(name));
        let mut tokens: Vec<_> = words.into_iter().take(TOKENS_MAX).map(|word| Token::new(word, rarity)).collect();
        // Whoever is called nothing but a particle or a title is called that.
        if tokens.iter().all(|token| matches!(token.role, Role::Title | Role::Particle)) && tokens.len() > 1 {
            tokens.iter_mut().for_each(Token::be_plain);
        }
        let organisation = tokens.iter().any(|token| matches!(token.role, Role::Form | Role::Trade));
        Self { tokens, organisation }
    }
}

impl Token {
    fn new(text: String, rarity: &Rarity) -> Self {
        let (role, meaning) = words::role(&text);
        let (folded, groups) = (folded(meaning.unwrap_or(&text)), variants::groups(&text));
        let bits = |word: &str| word.bytes().fold(0, |letters, letter| letters | 1 << (letter & 63));
        let letters = (bits(&text), bits(&folded));
        let mut token = Self { skeleton: skeleton(&folded), folded, role, weight: 0, groups, letters, meaning, text };
        token.weight = rarity.weight(&token);
        token
    }

    /// Neighbours as one word.
    pub(crate) fn together(text: String, weight: u32, rarity: &Rarity) -> Self {
        let mut token = Self::new(text, rarity);
        token.role = Role::Plain;
        token.meaning = None;
        token.weight = weight;
        token
    }

    fn be_plain(&mut self) {
        self.role = Role::Plain;
        self.weight = 3_000;
    }

    /// What it stands for, or else itself.
    pub(crate) fn sense(&self) -> &str {
        self.meaning.unwrap_or(&self.text)
    }

    /// Whether it says anything about who somebody is.
    pub fn tells(&self) -> bool {
        !matches!(self.role, Role::Title | Role::Particle | Role::Form)
    }
}

/// Words that are one name become the same words, however they are written.
fn joined(words: Vec<String>) -> Vec<String> {
    let mut joined: Vec<String> = Vec::with_capacity(words.len());
    let mut rest = words.into_iter().peekable();
    while let Some(word) = rest.next() {
        if SERVANTS.contains(&word.as_str()) {
            rest.next_if(|next| ARTICLES.contains(&next.as_str()));
            // Servant of God is one name, and a common one.
            let god = rest.next_if(|next| GODS.contains(&next.as_str()));
            joined.push(if god.is_some() { "abdullah" } else { SERVANT }.to_owned());
        } else if let Some(whom) = served(&word) {
            joined.extend([SERVANT.to_owned(), whom.to_owned()]);
        } else if FAITHS.contains(&word.as_str()) && joined.last().is_some_and(|last| ARTICLES.contains(&last.as_str())) && joined.len() > 1
        {
            joined.pop();
            joined.last_mut().into_iter().for_each(|name| name.push_str("uddin"));
        } else if let Some(name) = OF_THE_FAITH.iter().find_map(|end| word.strip_suffix(end)).filter(|name| name.len() >= 2) {
            joined.push(format!("{name}uddin"));
        } else {
            joined.push(word);
        }
    }
    joined
}

/// Rahman of Abdulrahman, Abdelrahmane and Abderrahmane. Abdallah is a name of its own.
fn served(word: &str) -> Option<&str> {
    let rest = word.strip_prefix("abd")?;
    let (_, whom) =
        ["oul", "ul", "el", "al", "ol"].iter().find_map(|article| Some((article, rest.strip_prefix(article)?))).or_else(|| {
            let ["u" | "e" | "a", doubled] = [rest.get(..1)?, rest.get(1..3)?] else { return None };
            (doubled[..1] == doubled[1..]).then(|| (&"", &rest[2..]))
        })?;
    (whom.len() >= 3 && !whom.starts_with("lah") && whom != "aye").then_some(whom)
}

#[cfg(test)]
mod tests {
    use super::Name;
    use crate::rarity::Rarity;

    #[test]
    fn what_is_one_name_is_one_token() {
        for (name, expected) in [
            ("Abd al-Rahman", "abdul rahman"),
            ("Abdul Rahman", "abdul rahman"),
            ("Abdurrahman", "abdul rahman"),
            ("ABDEL-RAHMANE Ali", "abdul rahmane ali"),
            ("Abderrahmane", "abdul rahmane"),
            ("Abdallah", "abdallah"),
            ("Abd Allah", "abdullah"),
            ("Nur al-Din", "nuruddin"),
            ("Noureddine", "nouruddin"),
            ("Abd", "abdul"),
            ("Société X Limited", "societe x limited"),
        ] {
            let name = Name::new(name, &Rarity::default());
            assert_eq!(name.tokens.iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" "), expected);
        }
    }
}
