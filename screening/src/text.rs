//! Any script as lower-case ASCII words, in the order in which they stand.
//!
//! An apostrophe joins what it parts (N'Guessan, O'Brien), a dot between single letters too (S.A.R.L.), anything else that
//! is neither letter nor digit parts words. A name of punctuation or pictures only has no words, and matches nothing.

use any_ascii::any_ascii_char;
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// More words than any name has: what comes after them is not looked at.
pub const WORDS_MAX: usize = 16;
/// More letters than any word has.
pub const LETTERS_MAX: usize = 30;
/// More characters than any name has.
const CHARACTERS_MAX: usize = 400;

/// Letters that are written like Latin ones, with those.
const LOOKALIKES: &[(char, char)] = &[
    ('а', 'a'),
    ('в', 'b'),
    ('с', 'c'),
    ('е', 'e'),
    ('н', 'h'),
    ('і', 'i'),
    ('ј', 'j'),
    ('к', 'k'),
    ('м', 'm'),
    ('о', 'o'),
    ('р', 'p'),
    ('ѕ', 's'),
    ('т', 't'),
    ('у', 'y'),
    ('х', 'x'),
    ('α', 'a'),
    ('β', 'b'),
    ('ε', 'e'),
    ('η', 'h'),
    ('ι', 'i'),
    ('κ', 'k'),
    ('μ', 'm'),
    ('ν', 'v'),
    ('ο', 'o'),
    ('ρ', 'p'),
    ('τ', 't'),
    ('υ', 'u'),
    ('χ', 'x'),
    ('ζ', 'z'),
    ('Ꭺ', 'a'),
    ('Ᏼ', 'b'),
    ('Ꮯ', 'c'),
    ('Ꭰ', 'd'),
    ('Ꭼ', 'e'),
    ('Ꮋ', 'h'),
    ('Ꭻ', 'j'),
    ('Ꮶ', 'k'),
    ('Ꮮ', 'l'),
    ('Ꮇ', 'm'),
    ('Ꮲ', 'p'),
    ('Ꮢ', 'r'),
    ('Ꮪ', 's'),
    ('Ꭲ', 't'),
    ('Ꮩ', 'v'),
    ('Ꮃ', 'w'),
    ('Ꮓ', 'z'),
    ('հ', 'h'),
    ('օ', 'o'),
    ('ս', 'u'),
];

/// What Chinese firms are called, in the words in which lists write it.
const FIRMS: &[(&str, &str)] = &[
    ("有限责任公司", " ltd "),
    ("有限責任公司", " ltd "),
    ("股份有限公司", " ltd "),
    ("有限公司", " ltd "),
    ("公司", " co "),
    ("集团", " group "),
    ("集團", " group "),
    ("银行", " bank "),
    ("銀行", " bank "),
    ("国际", " international "),
    ("國際", " international "),
    ("贸易", " trading "),
    ("貿易", " trading "),
];

/// In which script a word was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Script {
    /// With a letter for each sound.
    #[default]
    Alphabet,
    /// Without short vowels: Arabic and Hebrew.
    Abjad,
    /// A sign for each syllable: Chinese and Korean.
    Signs,
}

/// A word as lower-case ASCII, and in which script it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    /// The letters.
    pub text: String,
    /// What they were.
    pub script: Script,
}

/// The words of a text.
pub fn words(text: &str) -> Vec<String> {
    written(text).into_iter().map(|word| word.text).collect()
}

/// The words of a text, with their scripts.
pub fn written(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let plain = if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(plain(text)) };
    for chunk in plain.split_whitespace() {
        chunk_words(chunk, &mut words);
        if words.len() >= WORDS_MAX {
            words.truncate(WORDS_MAX);
            break;
        }
    }
    words
}

fn plain(text: &str) -> String {
    let plain: String = text.chars().take(CHARACTERS_MAX).nfkc().collect();
    if !plain.chars().any(stands_alone) {
        return plain;
    }
    FIRMS.iter().fold(plain, |plain, (firm, word)| plain.replace(firm, word))
}

fn chunk_words(chunk: &str, words: &mut Vec<Word>) {
    // Arabic writes the article with its word.
    if let Some(rest) = chunk.strip_prefix("ال").filter(|rest| rest.chars().count() > 2) {
        words.push(Word { text: "al".to_owned(), script: Script::Alphabet });
        chunk_words(rest, words);
        return;
    }
    // The article of French, and no name as N' is.
    let chunk =
        ["l'", "L'", "l’", "L’"].iter().find_map(|article| chunk.strip_prefix(article)).filter(|rest| rest.len() > 2).unwrap_or(chunk);
    if let Some(acronym) = acronym(chunk) {
        words.push(Word { text: acronym, script: Script::Alphabet });
        return;
    }
    let mut word = Word::default();
    let mixed = is_mixed(chunk);
    for letter in chunk.chars() {
        if is_apostrophe(letter) || is_accent(letter) {
            continue;
        }
        if stands_alone(letter) {
            end(&mut word, words);
        }
        let (before, is_written) = (word.text.len(), letter.is_alphanumeric() || is_combining_mark(letter));
        if is_written {
            let ascii = ascii(letter, mixed);
            word.text.extend(ascii.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()));
        }
        if word.text.len() > before && !letter.is_ascii() {
            word.script = word.script.max(script(letter));
        }
        if !is_written || word.text.len() >= LETTERS_MAX {
            end(&mut word, words);
        }
    }
    end(&mut word, words);
}

fn end(word: &mut Word, words: &mut Vec<Word>) {
    if word.text.is_empty() {
        word.script = Script::Alphabet;
    } else {
        word.text.truncate(LETTERS_MAX);
        words.push(std::mem::take(word));
    }
}

/// `S.A.R.L.` is one word; `J.R.` are two, which is for the initials.
fn acronym(chunk: &str) -> Option<String> {
    let mut letters = String::new();
    for part in chunk.trim_end_matches([',', ')']).split('.') {
        let mut rest = part.chars();
        match (rest.next(), rest.next()) {
            (Some(letter), None) if letter.is_ascii_alphabetic() => letters.push(letter.to_ascii_lowercase()),
            (None, _) => {}
            _ => return None,
        }
    }
    crate::words::is_form(&letters).then_some(letters)
}

fn ascii(letter: char, mixed: bool) -> Cow<'static, str> {
    if letter.is_ascii() {
        return Cow::Owned(letter.to_string());
    }
    let lower = letter.to_lowercase().next().unwrap_or(letter);
    if let Some((_, latin)) = LOOKALIKES.iter().find(|(alike, _)| mixed && (*alike == lower || *alike == letter)) {
        return Cow::Owned(latin.to_string());
    }
    match letter {
        // These are heard as vowels, whatever they once were.
        'ا' | 'أ' | 'إ' | 'آ' | 'ٱ' | 'ع' | 'א' | 'ע' => return Cow::Borrowed("a"),
        'ظ' => return Cow::Borrowed("z"),
        'ئ' => return Cow::Borrowed("y"),
        'ؤ' | 'ו' => return Cow::Borrowed("w"),
        'ב' => return Cow::Borrowed("b"),
        _ => {}
    }
    let mut base = None;
    decompose_compatible(letter, |part| base = base.or((!is_combining_mark(part)).then_some(part)));
    let base = base.unwrap_or(letter);
    // A Korean syllable is written by its parts, which mean nothing alone.
    let whole = if base.is_ascii_alphanumeric() || is_cyrillic(letter) && !"йЙёЁїЇ".contains(letter) { base } else { letter };
    Cow::Borrowed(any_ascii_char(whole))
}

/// A word of Latin letters among which others may hide.
fn is_mixed(chunk: &str) -> bool {
    !chunk.is_ascii() && chunk.bytes().any(|letter| letter.is_ascii_alphabetic())
}

/// A mark that says how a letter is heard, as accents and the short vowels of Arabic and Hebrew do. The vowels of India, the nasal of
/// N'Ko and others that come after them are marks as well, but written as letters are.
fn is_accent(letter: char) -> bool {
    is_combining_mark(letter) && letter < '\u{780}'
}

fn is_cyrillic(letter: char) -> bool {
    ('\u{400}'..='\u{4ff}').contains(&letter)
}

/// What joins the letters around it, and what nobody sees.
fn is_apostrophe(letter: char) -> bool {
    matches!(letter, '\'' | '’' | '‘' | '`' | '´' | 'ʼ' | 'ʻ' | 'ʿ' | 'ʾ' | '"' | '\u{640}')
        || matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn script(letter: char) -> Script {
    match letter {
        '\u{590}'..='\u{77f}' | '\u{8a0}'..='\u{8ff}' => Script::Abjad,
        _ if stands_alone(letter) => Script::Signs,
        _ => Script::Alphabet,
    }
}

/// Scripts without spaces: each sign is a word.
fn stands_alone(letter: char) -> bool {
    matches!(letter, '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn any_script_becomes_words() {
        for (text, expected) in [
            ("N'Guessan  Aké-Yao", "nguessan ake yao"),
            ("TRAORÉ, Moussa", "traore moussa"),
            ("Société Générale S.A.R.L.", "societe generale sarl"),
            ("J.R. Smith", "j r smith"),
            ("Владимир Путин", "vladimir putin"),
            ("Vlаdimir", "vladimir"),
            ("习近平", "xi jin ping"),
            ("ＡＢＣ ﬁn", "abc fin"),
            ("O’Brien", "obrien"),
            ("नरेन्द्र मोदी", "nrendr modi"),
            ("ߞߊ߲ߕߍ", "kante"),
            ("\u{202e}Ali", "ali"),
            ("Awa 😀 Sow", "awa sow"),
            ("👨‍👩‍👧 ™", "tm"),
            ("--- !!!", ""),
            ("", ""),
            ("Unit 42", "unit 42"),
            ("Müller Łukasz Straße", "muller lukasz strasse"),
        ] {
            assert_eq!(words(text).join(" "), expected, "{text}");
        }
        assert_eq!(words("محمد القذافي")[1], "al");
        assert!(!words("محمد").is_empty());
    }
}
