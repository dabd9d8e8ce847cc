//! Letters as a zone writes them: Doc 9303, part 3, section 6 A, for the Latin alphabet, and section 4.6 for what stands between them.
//!
//! In: a name as printed for people. Out: A to Z, with a space where a zone has a filler.

/// Doc 9303 lets the issuer choose for five letters; a name may have been written in any of these ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Ä is AE, Å is AA, Ö is OE, Ü is UE, Ñ is N.
    Expanded,
    /// Ä is A, Å is A, Ö is O, Ü is U, Ñ is N.
    Plain,
    /// As expanded, but Ü is UXX and Ñ is NXX.
    Marked,
}

impl Style {
    /// All of them, the recommended one first.
    pub const ALL: [Self; 3] = [Self::Expanded, Self::Plain, Self::Marked];
}

/// One letter of a zone, and those that are written as it.
const ONE: &[(&str, &str)] = &[
    ("A", "ÀÁÂÃĀĂĄ"),
    ("B", "Ɓ"),
    ("C", "ÇĆĈĊČ"),
    ("D", "ÐĎĐƊ"),
    ("E", "ÈÉÊËĒĔĖĘĚƐƎ"),
    ("F", "Ƒ"),
    ("G", "ĜĞĠĢƓ"),
    ("H", "ĤĦ"),
    ("I", "ÌÍÎÏĨĪĬĮİıƖ"),
    ("J", "Ĵ"),
    ("K", "ĶƘ"),
    ("L", "ĹĻĽĿŁ"),
    ("N", "ŃŅŇŊƝ"),
    ("O", "ÒÓÔÕŌŎŐƆ"),
    ("R", "ŔŖŘ"),
    ("S", "ŚŜŞŠȘ"),
    ("T", "ŢŤŦȚƬ"),
    ("U", "ÙÚÛŨŪŬŮŰŲƲ"),
    ("W", "Ŵ"),
    ("Y", "ÝŶŸƳ"),
    ("Z", "ŹŻŽ"),
    ("AE", "Æ"),
    ("IJ", "Ĳ"),
    ("OE", "ØŒ"),
    ("SS", "ẞ"),
    ("TH", "Þ"),
];

/// The letter that has several ways, and each in the order of [`Style::ALL`].
const SEVERAL: &[(char, [&str; 3])] =
    &[('Ä', ["AE", "A", "AE"]), ('Å', ["AA", "A", "AA"]), ('Ñ', ["N", "N", "NXX"]), ('Ö', ["OE", "O", "OE"]), ('Ü', ["UE", "U", "UXX"])];

/// A name as a zone writes it in this style; or the first character that has no place there, such as one of another alphabet.
///
/// Apostrophes and full stops are left out, so N'Guessan is NGUESSAN; hyphens, commas and spaces part words, so Jean-Pierre is two. An accent may
/// stand by itself after its letter: then it is left out, and the letter is read with it first. The hooked and turned letters of West African
/// alphabets (Ɓ, Ɗ, Ɛ, Ɔ …), which Doc 9303 doesn't list, are read as the letters from which they are drawn.
pub fn transliterate(name: &str, style: Style) -> Result<String, char> {
    let mut written = String::with_capacity(name.len());
    for letter in composed(name).into_iter().flat_map(capitals) {
        match letter {
            'A'..='Z' => written.push(letter),
            '\'' | '’' | '‘' | 'ʼ' | 'ʻ' | '`' | '´' | '.' => {}
            '-' | '‐' | '‑' | '–' | ',' => written.push(' '),
            _ if letter.is_whitespace() => written.push(' '),
            '\u{300}'..='\u{36f}' => {}
            _ => written.push_str(table(letter, style).ok_or(letter)?),
        }
    }
    Ok(written.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "))
}

/// Capitals of a letter; ß has one of its own in the table.
fn capitals(letter: char) -> Vec<char> {
    if letter == 'ß' { vec!['ẞ'] } else { letter.to_uppercase().collect() }
}

/// Joins the five letters whose accent changes how they are written to an accent that stands by itself; others lose it later.
fn composed(name: &str) -> Vec<char> {
    let mut letters: Vec<char> = Vec::with_capacity(name.len());
    for next in name.chars() {
        let joined = match (letters.last(), next) {
            (Some('A' | 'a'), '\u{308}') => 'Ä',
            (Some('A' | 'a'), '\u{30a}') => 'Å',
            (Some('N' | 'n'), '\u{303}') => 'Ñ',
            (Some('O' | 'o'), '\u{308}') => 'Ö',
            (Some('U' | 'u'), '\u{308}') => 'Ü',
            _ => {
                letters.push(next);
                continue;
            }
        };
        letters.pop();
        letters.push(joined);
    }
    letters
}

fn table(letter: char, style: Style) -> Option<&'static str> {
    let several = SEVERAL.iter().find(|(of, _)| *of == letter).map(|(_, [expanded, plain, marked])| match style {
        Style::Expanded => *expanded,
        Style::Plain => *plain,
        Style::Marked => *marked,
    });
    several.or_else(|| ONE.iter().find(|(_, letters)| letters.contains(letter)).map(|(written, _)| *written))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_the_icao_says() {
        for (name, written) in [
            ("N'Guessan", Ok("NGUESSAN")),
            ("N’Guessan", Ok("NGUESSAN")),
            ("Traoré", Ok("TRAORE")),
            ("Traore\u{301}", Ok("TRAORE")),
            ("Koffi Jean-Pierre", Ok("KOFFI JEAN PIERRE")),
            ("Müller", Ok("MUELLER")),
            ("Mu\u{308}ller", Ok("MUELLER")),
            ("Strauß", Ok("STRAUSS")),
            ("Håkansson", Ok("HAAKANSSON")),
            ("Cañon", Ok("CANON")),
            ("Œuvray", Ok("OEUVRAY")),
            ("Ɓaaba Ɗem", Ok("BAABA DEM")),
            (" St.  John, Jr. ", Ok("ST JOHN JR")),
            ("", Ok("")),
            ("Иванов", Err('И')),
            ("محمد", Err('م')),
            ("Anna2", Err('2')),
        ] {
            assert_eq!(transliterate(name, Style::Expanded), written.map(str::to_owned), "{name}");
        }
        assert_eq!(transliterate("Müller", Style::Plain).as_deref(), Ok("MULLER"));
        assert_eq!(transliterate("Cañon", Style::Marked).as_deref(), Ok("CANXXON"));
    }

    /// Every letter that the library's table has; it was written by others, from Doc 9303 itself.
    #[test]
    fn another_table_writes_the_same() {
        use mrz::TransliterationStyle as Theirs;
        let mut compared = 0;
        for letter in (0x80..0x2000).filter_map(char::from_u32).filter(|letter| !mrz::transliterations(*letter).is_empty()) {
            for (ours, theirs) in [(Style::Expanded, Theirs::Expanded), (Style::Plain, Theirs::Simple), (Style::Marked, Theirs::XxSuffix)] {
                assert_eq!(
                    Some(transliterate(&letter.to_string(), ours).unwrap().as_str()),
                    mrz::transliterate_char(letter, theirs),
                    "{letter}"
                );
                compared += 1;
            }
        }
        assert!(compared >= 3 * 90, "{compared}");
    }
}
