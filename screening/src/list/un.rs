//! The consolidated list of the United Nations: `CONSOLIDATED_LIST` with an `INDIVIDUAL` or an `ENTITY` for each, whose
//! names come in up to four parts.

use super::{Born, Entry, Kind, ListError, Strength};
use quick_xml::Reader;
use quick_xml::events::Event;

/// The parts of a name, in their order.
const PARTS: [&str; 4] = ["FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME"];
/// Deeper than the list goes.
const DEPTH_MAX: usize = 16;

/// An entry on its way.
#[derive(Default)]
struct Open {
    entry: Entry,
    parts: [String; 4],
    original: String,
    quality: String,
    alias: String,
    date: String,
    about: bool,
    years: Vec<u16>,
}

/// Reads the entries.
pub fn read(bytes: &[u8]) -> Result<Vec<Entry>, ListError> {
    let mut reader = Reader::from_str(super::utf8(bytes)?);
    let (mut path, mut text, mut entries) = (Vec::<String>::new(), String::new(), Vec::new());
    let (mut open, mut is_list) = (Open::default(), false);
    loop {
        let byte = reader.buffer_position();
        let broken = |reason: String| ListError::Byte { byte, reason };
        match reader.read_event().map_err(|error| broken(format!("the XML is broken: {error}")))? {
            Event::Start(start) => {
                let name = start.name().into_inner().to_owned();
                match (path.len(), name.as_str()) {
                    (0, "CONSOLIDATED_LIST") => is_list = true,
                    (0, _) => return Err(broken(format!("it begins with {name} where CONSOLIDATED_LIST is expected"))),
                    (_, "INDIVIDUAL") => open = Open::new(Kind::Person),
                    (_, "ENTITY") => open = Open::new(Kind::Organisation),
                    (DEPTH_MAX.., _) => return Err(broken("it goes deeper than the list of the United Nations does".to_owned())),
                    _ => {}
                }
                path.push(name);
                text.clear();
            }
            Event::Text(part) => text.push_str(&part),
            Event::CData(part) => text.push_str(&part),
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().map_err(|error| broken(format!("the XML is broken: {error}")))?;
                match character.map(String::from).or_else(|| quick_xml::escape::resolve_xml_entity(&reference).map(str::to_owned)) {
                    Some(meant) => text.push_str(&meant),
                    None => return Err(broken(format!("`&{};` stands for nothing", &*reference))),
                }
            }
            Event::End(_) => {
                let name = path.pop().unwrap_or_default();
                if name == "INDIVIDUAL" || name == "ENTITY" {
                    entries.push(std::mem::take(&mut open).done().map_err(broken)?);
                } else {
                    open.field(&name, path.last().map_or("", String::as_str), text.trim());
                }
                text.clear();
            }
            Event::Eof if !is_list => return Err(ListError::Empty),
            Event::Eof if path.is_empty() => return Ok(entries),
            Event::Eof => return Err(broken(format!("the file ends in the middle of {}", path.join("/")))),
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

impl Open {
    fn new(kind: Kind) -> Self {
        Self { entry: Entry { kind, ..Entry::default() }, ..Self::default() }
    }

    /// An element that has ended, and the one that it was in.
    fn field(&mut self, name: &str, parent: &str, text: &str) {
        match (parent, name) {
            ("INDIVIDUAL" | "ENTITY", "DATAID") => text.clone_into(&mut self.entry.id),
            ("INDIVIDUAL" | "ENTITY", "REFERENCE_NUMBER") => text.clone_into(&mut self.entry.reference),
            ("INDIVIDUAL" | "ENTITY", "NAME_ORIGINAL_SCRIPT") => text.clone_into(&mut self.original),
            ("INDIVIDUAL" | "ENTITY", part) if PARTS.contains(&part) => {
                let place = PARTS.iter().position(|listed| *listed == part).unwrap_or(0);
                text.clone_into(&mut self.parts[place]);
            }
            ("INDIVIDUAL_ALIAS" | "ENTITY_ALIAS", "QUALITY") => text.clone_into(&mut self.quality),
            ("INDIVIDUAL_ALIAS" | "ENTITY_ALIAS", "ALIAS_NAME") => text.clone_into(&mut self.alias),
            (_, "INDIVIDUAL_ALIAS" | "ENTITY_ALIAS") => self.alias(),
            ("INDIVIDUAL_DATE_OF_BIRTH", "TYPE_OF_DATE") => self.about = text == "APPROXIMATELY",
            ("INDIVIDUAL_DATE_OF_BIRTH", "DATE") => text.clone_into(&mut self.date),
            ("INDIVIDUAL_DATE_OF_BIRTH", "YEAR" | "FROM_YEAR" | "TO_YEAR") => self.years.extend(text.parse::<u16>()),
            (_, "INDIVIDUAL_DATE_OF_BIRTH") => self.born(),
            ("NATIONALITY", "VALUE") | ("INDIVIDUAL_ADDRESS" | "ENTITY_ADDRESS", "COUNTRY") => self.entry.country(text),
            _ => {}
        }
    }

    fn alias(&mut self) {
        let (quality, alias) = (std::mem::take(&mut self.quality), std::mem::take(&mut self.alias));
        let strength = if quality.eq_ignore_ascii_case("low") { Strength::Weak } else { Strength::Alias };
        // Several names in one element are parted by semicolons.
        alias.split(';').for_each(|name| self.entry.name(name, strength));
    }

    fn born(&mut self) {
        let (date, about, years) = (std::mem::take(&mut self.date), std::mem::take(&mut self.about), std::mem::take(&mut self.years));
        let of_years = years.iter().min().zip(years.iter().max()).map(|(from, to)| Born::Years(*from, *to));
        let born = Born::read(&date).or(of_years);
        self.entry.born(born.map(|born| match born.years() {
            (from, to) if about && from == to => Born::about(from),
            _ => born,
        }));
    }

    fn done(mut self) -> Result<Entry, String> {
        if self.entry.id.is_empty() {
            return Err("an entry ends here that has no DATAID".to_owned());
        }
        let primary = self.parts.join(" ");
        if primary.trim().is_empty() {
            return Err(format!("entry {} has no FIRST_NAME", self.entry.id));
        }
        // The primary name is the first, although aliases come after it in the file anyway.
        let aliases = std::mem::take(&mut self.entry.names);
        self.entry.name(&primary, Strength::Primary);
        aliases.into_iter().for_each(|alias| self.entry.name(&alias.name, alias.strength));
        self.entry.name(&self.original.clone(), Strength::Original);
        Ok(self.entry)
    }
}
