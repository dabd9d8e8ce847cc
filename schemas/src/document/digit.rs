//! The check digit of Doc 9303: each character's value by 7, 3 and 1 in turn, summed, modulo 10.

/// The digit of these characters. What is no character of a zone counts as nothing: it was refused before.
pub(super) fn of(characters: impl Iterator<Item = u8>) -> u8 {
    let weighed = characters.zip([7, 3, 1].into_iter().cycle());
    let sum: u32 = weighed.map(|(character, weight)| value(character) * weight).sum();
    u8::try_from(sum % 10).expect("a remainder of 10 fits a byte") + b'0'
}

/// Digits are themselves, A is 10, Z is 35, the filler is 0.
fn value(character: u8) -> u32 {
    match character {
        b'0'..=b'9' => u32::from(character - b'0'),
        b'A'..=b'Z' => u32::from(character - b'A') + 10,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_examples_of_doc_9303_come_out() {
        for (text, digit) in
            [("520727", b'3'), ("AB2134<<<", b'5'), ("L898902C3", b'6'), ("ZE184226B<<<<<", b'1'), ("<<<", b'0'), ("", b'0')]
        {
            assert_eq!(super::of(text.bytes()), digit, "{text}");
        }
    }
}
