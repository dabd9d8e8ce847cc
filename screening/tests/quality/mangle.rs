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
}

pub(crate) const ALL: [How; 11] = [
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
];

/// What one language writes and another does not.
const SPELLINGS: [(&str, &str); 20] = [
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
pub(crate) fn mangle(name: &str, how: How, chance: &mut Chance) -> Option<String> {
    let mut words: Vec<String> = name.split_whitespace().map(|word| word.trim_matches(',').to_lowercase()).collect();
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
            let can: Vec<_> = SPELLINGS.iter().filter(|(from, _)| text.contains(from)).collect();
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
            words[0] = words[0].chars().next()?.to_string();
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
    }
    Some(words.join(" "))
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
