//! Text as tokens: words with a role, a sound and a weight.
//!
//! Words that are one name in Arabic become the same tokens, however they are written: Abd al-Rahman, Abdul Rahman and
//! Abdelrahman; Nur al-Din, Noureddin and Nuruddin.

use crate::edit;
use crate::rarity::Rarity;
use crate::sound::{folded, skeleton};
use crate::text::{self, Script, Word};
use crate::variants::{self, Groups};
use crate::words::{self, Role};

/// Tokens of a name that are looked at.
pub const TOKENS_MAX: usize = 12;

/// What one slip costs.
pub(crate) const SLIP: u32 = 100;

/// "Servant of" as it is written here: a particle, since most of what follows it is a name by itself.
const SERVANT: &str = "abdul";
/// Servant of God.
const GODS_SERVANT: &str = "abdullah";
/// How servants are written before whom they serve.
const SERVANTS: &[&str] = &["abd", "abdul", "abdel", "abdal", "abdoul", "abdol", "abdur", "abder", "abdus", "abdun", "bd"];
/// What follows where God is meant.
const GODS: &[&str] = &["allah", "ullah", "lah", "llah", "alla", "ulla", "allh", "lh", "llh"];
/// The article, and what it becomes before some letters.
const ARTICLES: &[&str] =
    &["al", "el", "ul", "il", "ar", "er", "ur", "as", "us", "es", "ash", "an", "un", "en", "ad", "ud", "ed", "az", "at"];
/// The last part of "of the faith".
const FAITHS: &[&str] = &["din", "deen", "dine", "dien", "dyn"];
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
    /// In which script it was.
    pub(crate) script: Script,
    /// What it is joined to its neighbours as, where that is not `text`.
    part: Option<String>,
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
    /// How many tokens stand before a comma: last names, which are spoken last.
    pub(crate) last_names: usize,
}

impl Name {
    /// Reads a name. `rarity` is that of the list against which it is held.
    pub fn new(name: &str, rarity: &Rarity) -> Self {
        let last_names = last_names(name);
        let words = joined(text::written(name));
        let mut tokens: Vec<_> = words.into_iter().take(TOKENS_MAX).map(|(word, part)| Token::new(word, part, rarity)).collect();
        // Whoever is called nothing but a particle or a title is called that.
        if tokens.iter().all(|token| matches!(token.role, Role::Title | Role::Particle)) && tokens.len() > 1 {
            tokens.iter_mut().for_each(Token::be_plain);
        }
        // After a single word, Sheikh, Bishop or Lê is no title and no particle, but the name of a family.
        let telling = tokens.iter().filter(|token| token.tells()).count();
        if let [.., last] = tokens.as_mut_slice()
            && telling == 1
            && matches!(last.role, Role::Title | Role::Particle)
        {
            last.be_plain();
        }
        let organisation = tokens.iter().any(|token| matches!(token.role, Role::Form | Role::Trade));
        Self { tokens, organisation, last_names }
    }
}

impl Name {
    /// Where a token stands when the name is spoken.
    pub(crate) fn spoken(&self, place: usize) -> usize {
        (place + self.tokens.len() - self.last_names.min(self.tokens.len())) % self.tokens.len().max(1)
    }
}

impl Token {
    fn new(Word { text, script }: Word, part: Option<String>, rarity: &Rarity) -> Self {
        let (role, meaning) = words::role(&text);
        let (folded, groups) = (folded(meaning.unwrap_or(&text)), variants::groups(&text));
        let bits = |word: &str| word.bytes().fold(0, |letters, letter| letters | 1 << (letter & 63));
        let letters = (bits(&text), bits(&folded));
        let mut token = Self { skeleton: skeleton(&folded), folded, role, weight: 0, groups, letters, meaning, script, part, text };
        token.weight = rarity.weight(&token);
        token
    }

    /// Neighbours as one word.
    pub(crate) fn together(parts: &[Self], rarity: &Rarity) -> Self {
        let text = parts.iter().map(Self::part).collect();
        let script = parts.iter().map(|part| part.script).max().unwrap_or_default();
        let mut token = Self::new(Word { text, script }, None, rarity);
        token.role = Role::Plain;
        token.meaning = None;
        token.weight = parts.iter().map(|part| part.weight).sum();
        token
    }

    /// A word that nobody wrote.
    pub(crate) fn plain(text: String, rarity: &Rarity) -> Self {
        let mut token = Self::new(Word { text, script: Script::Alphabet }, None, rarity);
        token.role = Role::Plain;
        token
    }

    /// As it is where it is written with its neighbours.
    pub(crate) fn part(&self) -> &str {
        self.part.as_deref().unwrap_or(&self.text)
    }

    /// Abd, Abdul, Abdel before whom they serve.
    pub(crate) fn is_servant(&self) -> bool {
        self.role == Role::Particle && self.text == SERVANT
    }

    /// Whether this is one of the ways to write a servant, but for a slip.
    pub(crate) fn is_almost_servant(&self) -> bool {
        let is_near = |servant: &&str| {
            let (one, other) = (servant.len(), self.text.len());
            one > 2 && other > 2 && one.abs_diff(other) < 2 && edit::cost(servant, &self.text, SLIP) <= SLIP
        };
        SERVANTS.iter().any(is_near)
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

/// How many tokens stand before the only comma, if what stands behind it is more than the form of a company.
fn last_names(name: &str) -> usize {
    let Some((last, first)) = name.split_once(',').filter(|(_, first)| !first.contains(',')) else { return 0 };
    let is_name = |word: &Word| !matches!(words::role(&word.text).0, Role::Form | Role::Number | Role::Title);
    if text::written(first).iter().any(is_name) { joined(text::written(last)).len() } else { 0 }
}

/// Words that are one name become the same words, however they are written; beside them what they are as parts of a word.
fn joined(words: Vec<Word>) -> Vec<(Word, Option<String>)> {
    let mut joined: Vec<(Word, Option<String>)> = Vec::with_capacity(words.len());
    let mut rest = words.into_iter().peekable();
    while let Some(word) = rest.next() {
        let script = word.script;
        let with = |text: &str| Word { text: text.to_owned(), script };
        if let Some(servant) = SERVANTS.iter().find(|servant| **servant == word.text) {
            rest.next_if(|next| ARTICLES.contains(&next.text.as_str()));
            // Servant of God is one name, and a common one.
            let god = rest.next_if(|next| GODS.contains(&next.text.as_str()));
            joined.push(if god.is_some() {
                (Word { text: GODS_SERVANT.to_owned(), script: Script::Alphabet }, None)
            } else {
                (Word { text: SERVANT.to_owned(), script: Script::Alphabet }, Some((*servant).to_owned()))
            });
            // `abd ulhai`: the article went to the wrong side.
            if let Some(next) = rest.next_if(|next| *servant == "abd" && with_article(&next.text).is_some()) {
                joined.push((Word { text: with_article(&next.text).unwrap_or(&next.text).to_owned(), script: next.script }, None));
            }
        } else if GODS.contains(&word.text.as_str()) && joined.last().is_some_and(|(last, _)| may_be_gods(last)) {
            // Hidayat Ullah is Hidayatullah.
            if let Some((last, _)) = joined.pop() {
                joined.push((Word { text: format!("{}ullah", last.text), script: last.script }, Some(last.text + &word.text)));
            }
        } else if let Some(whom) = served(&word.text, script) {
            let servant = word.text[..word.text.len() - whom.len()].to_owned();
            joined.extend([(Word { text: SERVANT.to_owned(), script: Script::Alphabet }, Some(servant)), (with(whom), None)]);
        } else if FAITHS.contains(&word.text.as_str())
            && let [.., (name, _), (article, _)] = joined.as_slice()
            && ARTICLES.contains(&article.text.as_str())
        {
            let (text, part) = (format!("{}uddin", name.text), format!("{}{}{}", name.text, article.text, word.text));
            joined.truncate(joined.len() - 2);
            joined.push((with(&text), Some(part)));
        } else if let Some(name) = OF_THE_FAITH.iter().find_map(|end| word.text.strip_suffix(end)).filter(|name| name.len() >= 2) {
            let text = format!("{name}uddin");
            joined.push((with(&text), Some(word.text)));
        } else {
            joined.push((word, None));
        }
    }
    joined
}

/// A name that God may follow.
fn may_be_gods(word: &Word) -> bool {
    word.text.len() > 2 && words::role(&word.text).0 == Role::Plain && !word.text.ends_with("llah")
}

/// Hai of Ulhai.
fn with_article(word: &str) -> Option<&str> {
    ["ul", "ol", "el"].iter().find_map(|article| word.strip_prefix(article)).filter(|whom| whom.len() >= 3)
}

/// Rahman of Abdulrahman, Abdelrahmane and Abderrahmane. Abdallah is a name of its own.
fn served(word: &str, script: Script) -> Option<&str> {
    let rest = word.strip_prefix("abd")?;
    let whom = ["oul", "ul", "el", "al", "ol"].into_iter().find_map(|article| rest.strip_prefix(article)).or_else(|| {
        let ["u" | "e" | "a", doubled] = [rest.get(..1)?, rest.get(1..3)?] else { return None };
        (doubled[..1] == doubled[1..]).then(|| &rest[2..])
    })?;
    // Two letters without vowels are a name, such as Hai.
    let least = if script == Script::Abjad { 2 } else { 3 };
    (whom.len() >= least && !whom.starts_with("lah") && whom != "aye" && !GODS.contains(&whom)).then_some(whom)
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
