//! Names as clerks, scanners and other alphabets leave them.

use crate::chance::Chance;

/// How a name is mangled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum How {
    Same,
    Typo,
    TwoTypos,
    Order,
    Dropped,
    Spelling,
    Joined,
    Split,
    Initial,
    Hyphen,
    Doubled,
    Title,
    LookAlike,
    Middle,
}

pub(crate) const ALL: [How; 14] = [
    How::Same,
    How::Typo,
    How::TwoTypos,
    How::Order,
    How::Dropped,
    How::Spelling,
    How::Joined,
    How::Split,
    How::Initial,
    How::Hyphen,
    How::Doubled,
    How::Title,
    How::LookAlike,
    How::Middle,
];

/// What comes before names.
const TITLES: [&str; 8] = ["Mr", "Dr.", "Mme", "El Hadj", "Cheikh", "Prof.", "M.", "Sheikh"];
/// Latin letters and others that look the same.
const LOOK_ALIKES: [(char, char); 8] = [('a', 'а'), ('e', 'е'), ('o', 'о'), ('p', 'р'), ('c', 'с'), ('x', 'х'), ('i', 'і'), ('m', 'м')];

/// What one language writes and another does not.
pub(crate) const SPELLINGS: [(&str, &str); 20] = [
    ("ou", "u"),
    ("u", "ou"),
    ("oo", "u"),
    ("ee", "i"),
    ("y", "i"),
    ("i", "y"),
    ("kh", "h"),
    ("q", "k"),
    ("k", "q"),
    ("sh", "ch"),
    ("ch", "sh"),
    ("j", "dj"),
    ("ah", "a"),
    ("ph", "f"),
    ("v", "w"),
    ("w", "v"),
    ("o", "u"),
    ("e", "i"),
    ("ss", "s"),
    ("dh", "d"),
];

/// The name, mangled; none where it can't be mangled in this way.
pub(crate) fn mangle(name: &str, how: How, spellings: &[(&str, &str)], chance: &mut Chance) -> Option<String> {
    let mut words: Vec<String> = name
        .split_whitespace()
        .map(|word| word.trim_matches(',').to_lowercase())
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .collect();
    match how {
        How::Same => {}
        How::Typo => typo(&mut words, chance)?,
        How::TwoTypos => {
            // Two slips in a short word make another word of it.
            if words.iter().map(String::len).sum::<usize>() < 14 {
                return None;
            }
            typo(&mut words, chance)?;
            typo(&mut words, chance)?;
        }
        How::Order => {
            let by = 1 + chance.below(words.len().checked_sub(1).filter(|left| *left > 0)?);
            words.rotate_left(by);
        }
        How::Dropped => {
            let between = words.len().checked_sub(2).filter(|between| *between > 0)?;
            words.remove(1 + chance.below(between));
        }
        How::Spelling => {
            let text = words.join(" ");
            let can: Vec<_> = spellings.iter().filter(|(from, _)| text.contains(from)).collect();
            let (from, to) = can.get(chance.below(can.len().max(1)))?;
            words = text.replacen(from, to, 1 + chance.below(2)).split(' ').map(str::to_owned).collect();
        }
        How::Joined => {
            let first = chance.below(words.len().checked_sub(1).filter(|left| *left > 0)?);
            let second = words.remove(first + 1);
            words[first].push_str(&second);
        }
        How::Split => {
            let long: Vec<_> =
                words.iter().enumerate().filter(|(_, word)| word.len() >= 6 && word.is_ascii()).map(|(place, _)| place).collect();
            let place = *long.get(chance.below(long.len().max(1)))?;
            let at = 3 + chance.below(words[place].len() - 5);
            let end = words[place].split_off(at);
            words.insert(place + 1, end);
        }
        How::Initial => {
            if words.len() < 2 || words[1..].iter().map(String::len).sum::<usize>() < 5 {
                return None;
            }
            words[0] = first_letter(&words[0])?;
        }
        How::Middle => {
            let between = words.len().checked_sub(2).filter(|between| *between > 0)?;
            let place = 1 + chance.below(between);
            words[place] = first_letter(&words[place])? + ".";
        }
        How::Hyphen => {
            let text = words.join(" ");
            let other = if text.contains('-') { text.replace('-', " ") } else { text.replacen(' ', "-", 1) };
            words = other.split(' ').map(str::to_owned).collect();
        }
        How::Doubled => {
            let place = chance.below(words.len());
            let at = chance.below(words[place].chars().count().max(1));
            let letter = words[place].chars().nth(at)?;
            let byte = words[place].char_indices().nth(at)?.0;
            words[place].insert(byte, letter);
        }
        How::Title => words.insert(0, (*chance.one(&TITLES)).to_owned()),
        How::LookAlike => {
            let text = words.join(" ");
            let (latin, other) = *chance.one(&LOOK_ALIKES);
            words = text.replacen(latin, &other.to_string(), 2).split(' ').map(str::to_owned).collect();
        }
    }
    Some(words.join(" "))
}

fn first_letter(word: &str) -> Option<String> {
    word.chars().find(|letter| letter.is_alphanumeric()).map(String::from)
}

fn typo(words: &mut [String], chance: &mut Chance) -> Option<()> {
    let long: Vec<_> = words.iter().enumerate().filter(|(_, word)| word.chars().count() >= 4).map(|(place, _)| place).collect();
    let place = *long.get(chance.below(long.len().max(1)))?;
    let mut letters: Vec<char> = words[place].chars().collect();
    let at = 1 + chance.below(letters.len() - 1);
    let letter = char::from(b'a' + u8::try_from(chance.below(26)).unwrap());
    match chance.below(4) {
        0 => letters[at] = letter,
        1 => letters.insert(at, letter),
        2 => drop(letters.remove(at)),
        _ => letters.swap(at, at - 1),
    }
    words[place] = letters.into_iter().collect();
    Some(())
}
