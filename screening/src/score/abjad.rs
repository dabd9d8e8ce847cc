//! A word that was written without short vowels, as Arabic and Hebrew are, against one with them.
//!
//! The long vowels are written as consonants: w is heard as u or o, y as i or e, a as a or e. Short ones may stand between any
//! two letters of the other side, and a letter written twice there is written once here.

/// Letters that are looked at.
const LETTERS: usize = 24;
/// Other consonants.
const OTHER: u32 = 100;
/// Consonants that each language writes in its own way.
const ALIKE: u32 = 25;
/// A consonant more.
const MORE: u32 = 90;
/// An h more, or a long vowel that nobody hears.
const UNHEARD: u32 = 30;
/// A vowel that is not written.
const SHORT_VOWEL: u32 = 3;
/// The same letter again.
const DOUBLED: u32 = 3;
/// What Latin letters write with two, as one.
const DIGRAPHS: &[(&str, u8)] =
    &[("tch", b'c'), ("kh", b'x'), ("gh", b'g'), ("sh", b'$'), ("ch", b'$'), ("dj", b'j'), ("th", b't'), ("dh", b'd'), ("ph", b'f')];
/// Letters that stand for one sound.
const SOUNDS: &[&[u8]] = &[b"gj", b"qkgx", b"zds", b"ts", b"dt", b"cj$", b"pbfv", b"uow", b"iey", b"aeo", b"vw"];

/// How similar, in ten-thousandths; the first is the one without short vowels.
pub(super) fn similarity(bare: &str, full: &str) -> u32 {
    let (bare, full) = (sounds(bare), sounds(full));
    let length = bare.iter().filter(|letter| !b"wya".contains(letter)).count().max(consonants(&full)).max(2);
    let cost = cost(&bare, &full);
    10_000_u32.saturating_sub(cost * 100 / u32::try_from(length).unwrap_or(1))
}

fn sounds(word: &str) -> Vec<u8> {
    let mut sounds = Vec::new();
    let mut rest = word;
    while let Some(letter) = rest.bytes().next().filter(|_| sounds.len() < LETTERS) {
        let (sound, length) =
            DIGRAPHS.iter().find(|(from, _)| rest.starts_with(from)).map_or((letter, 1), |(from, sound)| (*sound, from.len()));
        sounds.push(sound);
        rest = &rest[length..];
    }
    sounds
}

fn consonants(full: &[u8]) -> usize {
    full.iter().enumerate().filter(|(place, letter)| !is_vowel(**letter) && (*place == 0 || full[place - 1] != **letter)).count()
}

fn cost(bare: &[u8], full: &[u8]) -> u32 {
    let mut last: Vec<u32> = Vec::with_capacity(full.len() + 1);
    last.push(0);
    for place in 0..full.len() {
        last.push(last[place] + unwritten(full, place));
    }
    for (place, letter) in bare.iter().enumerate() {
        let mut before = std::mem::take(&mut last);
        last.push(before[0] + unheard(bare, place));
        for (column, other) in full.iter().enumerate() {
            let same = before[column] + change(*letter, *other);
            let less = before[column + 1] + unheard(bare, place);
            let more = last[column] + unwritten(full, column);
            last.push(same.min(less).min(more));
        }
        before.clear();
    }
    last.last().copied().unwrap_or(0)
}

/// A letter of the other side that is not written here.
fn unwritten(full: &[u8], place: usize) -> u32 {
    match full[place] {
        letter if place > 0 && full[place - 1] == letter => DOUBLED,
        letter if is_vowel(letter) => SHORT_VOWEL,
        b'y' | b'w' | b'h' => UNHEARD,
        _ => MORE,
    }
}

/// A letter here that the other side doesn't write.
fn unheard(bare: &[u8], place: usize) -> u32 {
    match bare[place] {
        letter if place > 0 && bare[place - 1] == letter => DOUBLED,
        b'h' | b'a' => UNHEARD,
        b'w' | b'y' => 2 * UNHEARD,
        _ => MORE,
    }
}

fn change(one: u8, other: u8) -> u32 {
    if one == other {
        return 0;
    }
    if !SOUNDS.iter().any(|sound| sound.contains(&one) && sound.contains(&other)) {
        return OTHER;
    }
    if is_vowel(other) { 0 } else { ALIKE }
}

fn is_vowel(letter: u8) -> bool {
    matches!(letter, b'a' | b'e' | b'i' | b'o' | b'u')
}

#[cfg(test)]
mod tests {
    use super::similarity;

    #[test]
    fn short_vowels_are_not_written() {
        for (bare, full, least, most) in [
            ("mhmd", "mohammed", 9_400, 10_000),
            ("hsyn", "hussein", 9_400, 10_000),
            ("mhmwd", "mahmoud", 9_400, 10_000),
            ("jmal", "gamal", 9_000, 10_000),
            ("tkryty", "tikriti", 9_400, 10_000),
            ("mhmwd", "mohamed", 7_000, 9_000),
            ("hsn", "hussein", 9_500, 10_000),
            ("hsyn", "mohammed", 0, 6_000),
            ("sdam", "salim", 0, 7_000),
        ] {
            let similarity = similarity(bare, full);
            assert!((least..=most).contains(&similarity), "{bare} {full} {similarity}");
        }
    }
}
