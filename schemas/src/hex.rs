//! Bytes as text that every tool can show: lower-case hexadecimal digits, two a byte.

/// The digits of bytes.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// The bytes of digits; none of what is not twice as many digits, in lower case.
pub fn unhex<const BYTES: usize>(text: &str) -> Option<[u8; BYTES]> {
    let digit = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect::<Option<Vec<u8>>>()?;
    bytes.try_into().ok().filter(|_| rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_one_spelling() {
        assert_eq!(hex(&[0, 0x9a, 0xff]), "009aff");
        assert_eq!(unhex("009aff"), Some([0, 0x9a, 0xff]));
        for other in ["009AFF", "009af", "009aff0", "009aff00", "009a f", "", "é09aff"] {
            assert_eq!(unhex::<3>(other), None, "{other}");
        }
    }
}
