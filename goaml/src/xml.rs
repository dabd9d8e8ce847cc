//! XML as elements: a name, and either a text or more elements.
//!
//! What a report never needs is refused: document types, so no entity can expand, encodings other than UTF-8, more than one root.

use crate::finding::{Finding, Rule};
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// The largest report that is read.
pub(crate) const BYTES_MAX: usize = 32 << 20;

/// No report is deeper than ten.
const DEPTH_MAX: usize = 32;

/// An element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<String>,
    /// All of its own text.
    pub(crate) text: String,
    pub(crate) elements: Vec<Self>,
}

impl Element {
    /// One that holds a text.
    pub(crate) fn text(name: &str, text: impl Into<String>) -> Self {
        Self { name: name.to_owned(), text: text.into(), ..Self::default() }
    }

    /// One that holds others.
    pub(crate) fn of(name: &str, elements: Vec<Self>) -> Self {
        Self { name: name.to_owned(), elements, ..Self::default() }
    }

    /// Those of this name.
    pub(crate) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Self> {
        self.elements.iter().filter(move |element| element.name == name)
    }

    /// The first of this name.
    pub(crate) fn first(&self, name: &str) -> Option<&Self> {
        self.elements.iter().find(|element| element.name == name)
    }

    /// The text of the first of this name.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.first(name).map(|element| element.text.as_str())
    }
}

/// Whether XML 1.0 has this character at all.
pub(crate) const fn is_of_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{fffd}' | '\u{10000}'..) && c != '\u{fffe}'
}

/// The root of these bytes.
pub(crate) fn parse(bytes: &[u8]) -> Result<Element, Finding> {
    if bytes.len() > BYTES_MAX {
        return Err(malformed(0, &format!("it has {} bytes; a report has at most {BYTES_MAX}", bytes.len())));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| malformed(error.valid_up_to(), "this is no UTF-8"))?;
    let mut reader = Reader::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    let (mut open, mut root): (Vec<Element>, Option<Element>) = (Vec::new(), None);
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let event = reader.read_event().map_err(|error| malformed(at, &error.to_string()))?;
        match event {
            Event::Start(start) => {
                if root.is_some() || open.len() == DEPTH_MAX {
                    let why = if root.is_some() { "a second root".to_owned() } else { format!("elements more than {DEPTH_MAX} deep") };
                    return Err(malformed(at, &why));
                }
                open.push(element(&start, at)?);
            }
            Event::Empty(start) => close(element(&start, at)?, &mut open, &mut root, at)?,
            Event::End(_) => {
                let closed = open.pop().ok_or_else(|| malformed(at, "the end of nothing"))?;
                close(closed, &mut open, &mut root, at)?;
            }
            Event::Text(text) => add(&text.xml10_content(), &mut open, at)?,
            Event::CData(text) => add(&text.xml10_content(), &mut open, at)?,
            Event::GeneralRef(reference) => add(&resolved(&reference, at)?.to_string(), &mut open, at)?,
            Event::Decl(declaration) => {
                let encoding = declaration.encoding().transpose().map_err(|error| malformed(at, &error.to_string()))?;
                if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case("utf-8")) {
                    return Err(malformed(at, "its encoding is not UTF-8"));
                }
            }
            Event::DocType(_) => return Err(malformed(at, "a document type, which no report needs")),
            Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    match (open.last(), root) {
        (Some(element), _) => Err(malformed(bytes.len(), &format!("it ends within {}", element.name))),
        (None, None) => Err(malformed(bytes.len(), "it has no element")),
        (None, Some(root)) => Ok(root),
    }
}

fn element(start: &BytesStart<'_>, at: usize) -> Result<Element, Finding> {
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| malformed(at, &error.to_string()))?;
        attributes.push(attribute.key.as_ref().to_owned());
    }
    Ok(Element { name: start.name().as_ref().to_owned(), attributes, ..Element::default() })
}

fn close(closed: Element, open: &mut [Element], root: &mut Option<Element>, at: usize) -> Result<(), Finding> {
    match (open.last_mut(), root.is_some()) {
        (Some(parent), _) => parent.elements.push(closed),
        (None, false) => *root = Some(closed),
        (None, true) => return Err(malformed(at, "a second root")),
    }
    Ok(())
}

fn add(text: &str, open: &mut [Element], at: usize) -> Result<(), Finding> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err(malformed(at, "text outside of the root")),
    }
    Ok(())
}

/// A character by its number, or one of the five that have a name.
fn resolved(reference: &BytesRef<'_>, at: usize) -> Result<char, Finding> {
    if let Some(c) = reference.resolve_char_ref().map_err(|error| malformed(at, &error.to_string()))? {
        return Ok(c);
    }
    match reference.as_ref() {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => Err(malformed(at, "an entity that is not one of the five of XML")),
    }
}

fn malformed(at: usize, why: &str) -> Finding {
    Finding { path: String::new(), rule: Rule::Malformed, sentence: format!("At byte {at}: {why}.") }
}

/// The bytes of a root: each element on a line of its own, two spaces in for each that it is within.
pub(crate) fn print(root: &Element) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    put(&mut text, root, 0);
    text
}

fn put(text: &mut String, element: &Element, depth: usize) {
    text.push_str(&"  ".repeat(depth));
    text.push_str(&format!("<{}>", element.name));
    if element.elements.is_empty() {
        element.text.chars().for_each(|c| escape(text, c));
    } else {
        text.push('\n');
        element.elements.iter().for_each(|inner| put(text, inner, depth + 1));
        text.push_str(&"  ".repeat(depth));
    }
    text.push_str(&format!("</{}>\n", element.name));
}

fn escape(text: &mut String, c: char) {
    match c {
        '&' => text.push_str("&amp;"),
        '<' => text.push_str("&lt;"),
        '>' => text.push_str("&gt;"),
        // As itself it would be read as a line feed.
        '\r' => text.push_str("&#13;"),
        _ if is_of_xml(c) => text.push(c),
        // XML has no way to say it; the check names it.
        _ => text.push(char::REPLACEMENT_CHARACTER),
    }
}
