//! How far two words are apart: letters changed, left out, put in or swapped, cheap where ears or eyes confuse them.
//!
//! In: two ASCII words. Out: the cost in hundredths of a letter, or that it is above a limit. The work is at most the product of the two lengths, which
//! are at most [`LETTERS`].

use std::sync::LazyLock;

/// Letters that are looked at.
const LETTERS: usize = 32;

/// Another letter, or one more.
const WHOLE: u32 = 100;
/// A digit: another number is another thing.
const DIGIT: u32 = 150;
/// Two neighbours in the wrong order.
const SWAPPED: u32 = 80;
/// One vowel for another.
const VOWEL: u32 = 60;
/// A vowel more or less.
const VOWEL_MORE: u32 = 80;
/// A letter written twice.
const DOUBLED: u32 = 30;
/// An h more or less.
const SILENT: u32 = 40;
/// Few slips are in the first letter.
const FIRST: u32 = 30;
/// Letters that sound or look alike.
const CONFUSED: u32 = 60;
/// What sounds or looks alike.
const CONFUSABLE: &[(u8, u8)] = &[
    (b'b', b'p'),
    (b'b', b'v'),
    (b'c', b'k'),
    (b'c', b'q'),
    (b'c', b's'),
    (b'd', b't'),
    (b'f', b'v'),
    (b'g', b'j'),
    (b'g', b'k'),
    (b'g', b'q'),
    (b'i', b'l'),
    (b'i', b'y'),
    (b'j', b'y'),
    (b'k', b'q'),
    (b'm', b'n'),
    (b's', b'x'),
    (b's', b'z'),
    (b'u', b'v'),
    (b'u', b'w'),
    (b'v', b'w'),
    (b'j', b'z'),
    (b'o', b'w'),
    (b'0', b'o'),
    (b'1', b'l'),
    (b'1', b'i'),
    (b'5', b's'),
    (b'8', b'b'),
    (b'3', b'e'),
    (b'i', b'j'),
];

/// What each letter costs for each other, worked out once: it is asked for more often than anything else.
static CHANGES: LazyLock<Vec<[u32; 128]>> = LazyLock::new(|| {
    let ascii = || 0..128_u8;
    let line = |one| {
        let mut line = [0; 128];
        ascii().for_each(|other| line[usize::from(other)] = change(one, other));
        line
    };
    ascii().map(line).collect()
});

/// The cost of making one word of the other; above the limit, any number above it.
pub(crate) fn cost(one: &str, other: &str, limit: u32) -> u32 {
    let (one, other) = (letters(one), letters(other));
    let changes = &*CHANGES;
    let mut before = [0_u32; LETTERS + 1];
    let mut last = [0_u32; LETTERS + 1];
    let mut put_in = [0_u32; LETTERS];
    for place in 0..other.len() {
        put_in[place] = more(other, place);
        last[place + 1] = last[place] + put_in[place];
    }
    let (mut earlier, mut least_before) = (before, 0);
    for i in 0..one.len() {
        std::mem::swap(&mut before, &mut earlier);
        std::mem::swap(&mut before, &mut last);
        // Now `before` is the line above, `earlier` the one above that, and `last` is written.
        last[0] = before[0] + more(one, i);
        let mut least = last[0];
        let (changes, left_out) = (&changes[usize::from(one[i] & 127)], more(one, i));
        for j in 0..other.len() {
            let first = if i == 0 && j == 0 && one[0] != other[0] { FIRST } else { 0 };
            let changed = before[j] + changes[usize::from(other[j] & 127)] + first;
            let mut best = changed.min(before[j + 1] + left_out).min(last[j] + put_in[j]);
            if i > 0 && j > 0 && one[i] != other[j] && one[i] == other[j - 1] && one[i - 1] == other[j] {
                best = best.min(earlier[j - 1] + SWAPPED);
            }
            last[j + 1] = best;
            least = least.min(best);
        }
        // Two lines, since a swap reaches over one.
        if least.min(least_before) > limit {
            return limit + 1;
        }
        least_before = least;
    }
    last[other.len()]
}

fn letters(word: &str) -> &[u8] {
    &word.as_bytes()[..word.len().min(LETTERS)]
}

fn change(one: u8, other: u8) -> u32 {
    if one == other {
        return 0;
    }
    if is_vowel(one) && is_vowel(other) {
        return VOWEL;
    }
    let pair = (one.min(other), one.max(other));
    if CONFUSABLE.contains(&pair) {
        return CONFUSED;
    }
    if one.is_ascii_digit() || other.is_ascii_digit() { DIGIT } else { WHOLE }
}

/// One letter more, where it stands.
fn more(word: &[u8], place: usize) -> u32 {
    let letter = word[place];
    if letter.is_ascii_digit() {
        DIGIT
    } else if place > 0 && word[place - 1] == letter {
        DOUBLED
    } else if letter == b'h' && place > 0 {
        SILENT
    } else if is_vowel(letter) {
        VOWEL_MORE
    } else {
        WHOLE
    }
}

fn is_vowel(letter: u8) -> bool {
    matches!(letter, b'a' | b'e' | b'i' | b'o' | b'u' | b'y')
}

#[cfg(test)]
mod tests {
    use super::cost;

    #[test]
    fn cheap_where_confused() {
        for (one, other, expected) in [
            ("", "", 0),
            ("same", "same", 0),
            ("smith", "smyth", 60),
            ("ali", "alli", 30),
            ("karim", "kraim", 80),
            ("kadir", "qadir", 90),
            ("mohamed", "moamed", 40),
            ("diop", "diof", 100),
            ("7", "8", 180),
            ("abc", "", 280),
        ] {
            assert_eq!(cost(one, other, 1_000), expected, "{one} {other}");
            assert!(expected == 0 || cost(one, other, expected - 1) >= expected, "{one} {other}");
            assert_eq!(cost(other, one, 1_000), expected, "{other} {one}");
        }
    }
}
