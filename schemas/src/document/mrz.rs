//! The machine-readable zone of Doc 9303 (ICAO), of sizes TD1, TD2 and TD3, read and written.
//!
//! In: its lines, and the day on which they are read, by which the century of its days goes ([the rule](super::BirthDate)). Out: what it says,
//! or everything that is wrong with it, by field. Nothing is repaired or guessed: a zone with a wrong digit is not read.
//!
//! A check digit covers the number, both days and, on a TD3, the personal number; the last one covers these and what the issuer adds. No digit
//! covers names, sex, nationality, issuer and kind: only comparing these with what was declared says anything about them.

use super::layout::{self, Layout, Slot, room};
use super::{BirthDate, Sex, digit, six};
use crate::word::words;
use std::borrow::Cow;
use time::Date;

words! {
    /// Sizes of documents.
    pub enum Format {
        /// A card: three lines of 30.
        Td1 = "td1",
        /// A larger card: two lines of 36.
        Td2 = "td2",
        /// A passport: two lines of 44.
        Td3 = "td3",
    }
}

words! {
    /// The parts of a zone.
    pub enum Part {
        /// All of it.
        Zone = "zone",
        /// The kind of the document.
        Code = "document code",
        /// Who issued it.
        Issuer = "issuer",
        /// The number of the document.
        Number = "document number",
        /// The family name.
        Surname = "surname",
        /// The other names.
        GivenNames = "given names",
        /// The holder's nationality.
        Nationality = "nationality",
        /// The holder's birth.
        Birth = "date of birth",
        /// The holder's sex.
        Sex = "sex",
        /// The last day on which it is good.
        Expiry = "date of expiry",
        /// What the issuer adds: on a passport the personal number.
        Optional = "optional data",
        /// The digit over several parts.
        Composite = "composite",
    }
}

/// What is wrong with a part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// It has no size that a zone has.
    #[error("the lines have {found} characters; expected three lines of 30, two of 36 or two of 44")]
    Size {
        /// The lengths of the lines.
        found: String,
    },
    /// A character that no zone has.
    #[error("{found:?} in line {line}, place {place}; expected A to Z, 0 to 9 or <")]
    Character {
        /// From 1.
        line: usize,
        /// From 1.
        place: usize,
        /// What stands there.
        found: char,
    },
    /// Its check digit is not that of its characters.
    #[error("its check digit is {found:?}; its characters give {expected:?}")]
    Digit {
        /// What the characters give.
        expected: char,
        /// What stands there.
        found: char,
    },
    /// It doesn't have the form of what it is.
    #[error("{found:?}; expected {expected}")]
    Form {
        /// What stands there, cut to 64 characters.
        found: String,
        /// What should.
        expected: Cow<'static, str>,
    },
}

/// A part of a zone and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part}: {wrong}")]
pub struct Fault {
    /// Which part.
    pub part: Part,
    /// What is wrong with it.
    pub wrong: Wrong,
}

/// What a zone says. Where several words stand, a space is between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mrz {
    /// The size of the document.
    pub format: Format,
    /// Its kind: `P` for passports, `A`, `C` or `I` for cards, and perhaps a second letter of the issuer.
    pub code: String,
    /// Who issued it, in one or three letters, as [`crate::country`] has them.
    pub issuer: String,
    /// Its number; on a card with more than nine characters, all of them.
    pub number: String,
    /// The family name.
    pub surname: String,
    /// The other names; empty where there are none.
    pub given_names: String,
    /// The holder's nationality, as the issuer is.
    pub nationality: String,
    /// When the holder was born, as far as it is said.
    pub birth: BirthDate,
    /// The holder's sex.
    pub sex: Sex,
    /// The last day on which it is good.
    pub expires_on: Date,
    /// What the issuer adds: on a passport the personal number.
    pub optional: String,
    /// What the issuer adds in the second line of a TD1.
    pub optional_more: String,
}

impl Mrz {
    /// Reads a zone. `today` decides the centuries and nothing else: an expired document is read as any other.
    pub fn read<Line: AsRef<str>>(lines: &[Line], today: Date) -> Result<Self, Vec<Fault>> {
        let zone = Zone::of(lines)?;
        // What is covered by digits is as it was printed before anything is said about what it means.
        let (number, optional) = zone.number();
        let faults = zone.wrong_digits(&number);
        if !faults.is_empty() {
            return Err(faults);
        }
        zone.fields(number.text, optional, today)
    }

    /// Whether the names fill their room, so that their end may have been cut off.
    pub fn may_be_cut(&self) -> bool {
        let given = if self.given_names.is_empty() { 0 } else { 2 + self.given_names.len() };
        self.surname.len() + given >= room(layout::of(self.format).names)
    }

    /// The lines of a zone that says this, with all its digits; or the part that fits no zone.
    pub fn lines(&self) -> Result<Vec<String>, Fault> {
        let layout = layout::of(self.format);
        let mut lines = vec![vec![b'<'; layout.width]; layout.lines];
        let names = if self.given_names.is_empty() { self.surname.clone() } else { format!("{}<<{}", self.surname, self.given_names) };
        let sex = match self.sex {
            Sex::Female => "F",
            Sex::Male => "M",
            Sex::Unspecified => "",
        };
        let (number, optional) = self.number_and_optional(layout);
        put(&mut lines, layout.code, Part::Code, &self.code)?;
        put(&mut lines, layout.issuer, Part::Issuer, &self.issuer)?;
        put(&mut lines, layout.names, Part::Surname, &names)?;
        put(&mut lines, layout.number, Part::Number, number)?;
        put(&mut lines, layout.nationality, Part::Nationality, &self.nationality)?;
        put(&mut lines, layout.birth, Part::Birth, &six::birth_text(self.birth))?;
        put(&mut lines, layout.sex, Part::Sex, sex)?;
        put(&mut lines, layout.expiry, Part::Expiry, &six::text(self.expires_on))?;
        put(&mut lines, layout.optional, Part::Optional, &optional)?;
        match layout.optional_more {
            Some(slot) => put(&mut lines, slot, Part::Optional, &self.optional_more)?,
            None if self.optional_more.is_empty() => {}
            None => return Err(form(Part::Optional, &self.optional_more, "nothing more: only a TD1 has room for it")),
        }
        let mut digits = vec![(layout.birth, layout.birth_digit), (layout.expiry, layout.expiry_digit)];
        if self.number.len() <= room(layout.number) {
            digits.push((layout.number, layout.number_digit));
        }
        digits.extend(layout.optional_digit.map(|digit| (layout.optional, digit)));
        for (of, (line, place, _)) in digits {
            lines[line][place] = digit::of(slice(&lines, of).iter().copied());
        }
        let (line, place, _) = layout.composite;
        lines[line][place] = digit::of(layout.composite_of.iter().flat_map(|slot| slice(&lines, *slot)).copied());
        Ok(lines.into_iter().map(|line| String::from_utf8(line).expect("only ASCII was put there")).collect())
    }

    /// What stands where the number does, and where the optional data do: a number too long for its room goes on there, with its digit.
    fn number_and_optional(&self, layout: &Layout) -> (&str, String) {
        match self.number.split_at_checked(room(layout.number)) {
            Some((first, rest)) if !rest.is_empty() && layout.optional_digit.is_none() => {
                let digit = char::from(digit::of(self.number.bytes()));
                (first, format!("{rest}{digit}<{}", self.optional).trim_end_matches('<').to_owned())
            }
            _ => (&self.number, self.optional.clone()),
        }
    }
}

/// The number, with where its digit stands.
struct Number {
    text: String,
    found: u8,
    expected: u8,
}

/// Lines of a size that a zone has, in characters that a zone has.
struct Zone {
    format: Format,
    layout: &'static Layout,
    lines: Vec<Vec<u8>>,
}

impl Zone {
    fn of<Line: AsRef<str>>(lines: &[Line]) -> Result<Self, Vec<Fault>> {
        let widths: Vec<usize> = lines.iter().map(|line| line.as_ref().chars().count()).take(5).collect();
        let fits = |format: &&Format| {
            let layout = layout::of(**format);
            widths.len() == layout.lines && widths.iter().all(|width| *width == layout.width)
        };
        let Some(format) = Format::ALL.iter().find(fits).copied() else {
            let found =
                if widths.is_empty() { "no".to_owned() } else { widths.iter().map(usize::to_string).collect::<Vec<_>>().join(", ") };
            return Err(vec![Fault { part: Part::Zone, wrong: Wrong::Size { found } }]);
        };
        let placed = lines
            .iter()
            .enumerate()
            .flat_map(|(line, text)| text.as_ref().chars().enumerate().map(move |(place, c)| (line + 1, place + 1, c)));
        let foreign = placed.filter(|(_, _, c)| !matches!(c, 'A'..='Z' | '0'..='9' | '<'));
        let faults: Vec<Fault> =
            foreign.map(|(line, place, found)| Fault { part: Part::Zone, wrong: Wrong::Character { line, place, found } }).collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self { format, layout: layout::of(format), lines: lines.iter().map(|line| line.as_ref().as_bytes().to_vec()).collect() })
    }

    fn text(&self, slot: Slot) -> &str {
        std::str::from_utf8(slice(&self.lines, slot)).expect("a zone is ASCII")
    }

    /// The number and what the optional data are without it.
    ///
    /// On a card, a number of more than nine characters has a filler where its digit would stand, and goes on in the optional data up to the next
    /// filler, its digit last (Doc 9303, part 5, section 4.2.2, note j).
    fn number(&self) -> (Number, String) {
        let (first, digit) = (self.text(self.layout.number), slice(&self.lines, self.layout.number_digit)[0]);
        let optional = self.text(self.layout.optional);
        let goes_on = self.layout.optional_digit.is_none() && digit == b'<' && !first.contains('<') && !optional.starts_with('<');
        if !goes_on {
            let number = Number { text: spaced(first), found: digit, expected: digit::of(first.bytes()) };
            return (number, spaced(optional));
        }
        let (rest, optional) = optional.split_once('<').unwrap_or((optional, ""));
        let (rest, digit) = rest.split_at(rest.len() - 1);
        let text = format!("{first}{rest}");
        let expected = digit::of(text.bytes());
        (Number { text, found: digit.as_bytes()[0], expected }, spaced(optional))
    }

    /// Every digit that is not that of its part; the composite only where no other is, since it would say the same.
    fn wrong_digits(&self, number: &Number) -> Vec<Fault> {
        let digit = |slot: Slot| slice(&self.lines, slot)[0];
        let of = |slot: Slot| digit::of(slice(&self.lines, slot).iter().copied());
        let mut digits = vec![
            (Part::Number, number.found, number.expected),
            (Part::Birth, digit(self.layout.birth_digit), of(self.layout.birth)),
            (Part::Expiry, digit(self.layout.expiry_digit), of(self.layout.expiry)),
        ];
        if let Some(slot) = self.layout.optional_digit {
            // Where a passport has no personal number, its digit may be left out.
            let is_left_out = digit(slot) == b'<' && self.text(self.layout.optional).bytes().all(|byte| byte == b'<');
            digits.extend((!is_left_out).then(|| (Part::Optional, digit(slot), of(self.layout.optional))));
        }
        let fault = |(part, found, expected): (Part, u8, u8)| {
            (found != expected).then(|| Fault { part, wrong: Wrong::Digit { expected: expected.into(), found: found.into() } })
        };
        let faults: Vec<Fault> = digits.into_iter().filter_map(fault).collect();
        if !faults.is_empty() {
            return faults;
        }
        let all = self.layout.composite_of.iter().flat_map(|slot| slice(&self.lines, *slot)).copied();
        fault((Part::Composite, digit(self.layout.composite), digit::of(all))).into_iter().collect()
    }

    /// What the fields mean.
    fn fields(&self, number: String, optional: String, today: Date) -> Result<Mrz, Vec<Fault>> {
        let (mut faults, layout) = (Vec::new(), self.layout);
        let code = self.text(layout.code).trim_end_matches('<');
        if !code.bytes().next().is_some_and(|first| layout.codes.contains(&first)) || code.contains('<') {
            let letters = layout.codes.iter().map(|letter| char::from(*letter).to_string()).collect::<Vec<_>>().join(" or ");
            faults.push(form(Part::Code, code, format!("{letters}, as on documents of size {}", self.format)));
        }
        let (issuer, nationality) = (self.text(layout.issuer), self.text(layout.nationality));
        for (part, letters) in [(Part::Issuer, issuer), (Part::Nationality, nationality)] {
            if !is_state(letters) {
                faults.push(form(part, letters, "the letters of a country or of an issuer, such as SEN or D<<"));
            }
        }
        if number.is_empty() || number.starts_with(' ') {
            faults.push(form(Part::Number, &number, "letters and digits"));
        }
        let names = names(self.text(layout.names)).map_err(|fault| faults.push(fault)).ok();
        let birth = self.text(layout.birth);
        let born = six::birth(birth, today);
        if born.is_none() {
            faults.push(form(Part::Birth, birth, "a day of the calendar as YYMMDD, with << for what is not known"));
        }
        let sex = match self.text(layout.sex) {
            "F" => Some(Sex::Female),
            "M" => Some(Sex::Male),
            "<" | "X" => Some(Sex::Unspecified),
            other => {
                faults.push(form(Part::Sex, other, "F, M or <"));
                None
            }
        };
        let expiry = self.text(layout.expiry);
        let expires = six::expiry(expiry, today);
        if expires.is_none() {
            faults.push(form(Part::Expiry, expiry, "a day of the calendar as YYMMDD"));
        }
        let (Some((surname, given_names)), Some(birth), Some(sex), Some(expires_on), true) = (names, born, sex, expires, faults.is_empty())
        else {
            return Err(faults);
        };
        let (code, issuer, nationality) = (code.to_owned(), spaced(issuer), spaced(nationality));
        let optional_more = layout.optional_more.map(|slot| spaced(self.text(slot))).unwrap_or_default();
        Ok(Mrz {
            format: self.format,
            code,
            issuer,
            number,
            surname,
            given_names,
            nationality,
            birth,
            sex,
            expires_on,
            optional,
            optional_more,
        })
    }
}

/// The family name, and the other names after two fillers.
fn names(field: &str) -> Result<(String, String), Fault> {
    let text = field.trim_end_matches('<');
    let (surname, given) = text.split_once("<<").unwrap_or((text, ""));
    if surname.is_empty() || surname.starts_with('<') || surname.bytes().any(|byte| byte.is_ascii_digit()) {
        return Err(form(Part::Surname, field, "letters from the first place on"));
    }
    if given.starts_with('<') || given.contains("<<") || given.bytes().any(|byte| byte.is_ascii_digit()) {
        return Err(form(Part::GivenNames, field, "letters, one filler between two names, and nothing after two fillers"));
    }
    Ok((spaced(surname), spaced(given)))
}

/// Three letters, or one.
fn is_state(letters: &str) -> bool {
    let plain = letters.trim_end_matches('<');
    matches!(plain.len(), 1 | 3) && plain.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// A field without the fillers at its end, and with a space for each other.
fn spaced(field: &str) -> String {
    field.trim_end_matches('<').replace('<', " ")
}

fn slice(lines: &[Vec<u8>], (line, from, to): Slot) -> &[u8] {
    &lines[line][from..to]
}

fn put(lines: &mut [Vec<u8>], slot: Slot, part: Part, text: &str) -> Result<(), Fault> {
    let (line, from, _) = slot;
    if text.len() > room(slot)
        || !text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b' ' | b'<'))
    {
        return Err(form(part, text, format!("at most {} of A to Z, 0 to 9 and spaces", room(slot))));
    }
    for (place, byte) in text.bytes().enumerate() {
        lines[line][from + place] = if byte == b' ' { b'<' } else { byte };
    }
    Ok(())
}

fn form(part: Part, found: &str, expected: impl Into<Cow<'static, str>>) -> Fault {
    Fault { part, wrong: Wrong::Form { found: found.chars().take(64).collect(), expected: expected.into() } }
}
