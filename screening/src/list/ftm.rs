//! OpenSanctions: a JSON object a line, `{"id", "schema", "properties": {"name": [..], ..}}`. Only people, organisations and
//! things that can be named are entries; links between them, addresses and papers are passed over.

use super::{Born, Entry, Kind, ListError, Strength, utf8};
use serde_json::Value;

/// Reads the entries.
pub fn read(bytes: &[u8]) -> Result<Vec<Entry>, ListError> {
    let mut entries = Vec::new();
    for (line, text) in (1..).zip(utf8(bytes)?.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        entries.extend(entry(text).map_err(|reason| ListError::Line { line, reason })?);
    }
    Ok(entries)
}

fn entry(text: &str) -> Result<Option<Entry>, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
    let field = |name: &str| value.get(name).and_then(Value::as_str).ok_or_else(|| format!("it has no text `{name}`"));
    let kind = match field("schema")? {
        "Person" => Kind::Person,
        "Company" | "Organization" | "LegalEntity" | "PublicBody" => Kind::Organisation,
        "Vessel" | "Airplane" | "CryptoWallet" | "Security" => Kind::Other,
        _ => return Ok(None),
    };
    let mut entry = Entry { id: field("id")?.to_owned(), kind, ..Entry::default() };
    let properties = value.get("properties").and_then(Value::as_object).ok_or("it has no object `properties`")?;
    let texts = |name: &str| properties.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    for (place, name) in texts("name").enumerate() {
        entry.name(name, strength(name, place == 0));
    }
    texts("alias").for_each(|name| entry.name(name, strength(name, false)));
    texts("weakAlias").for_each(|name| entry.name(name, Strength::Weak));
    if entry.names.is_empty() {
        // Whoever has no name can't be found by it.
        return Ok(None);
    }
    texts("birthDate").for_each(|born| entry.born(Born::read(born)));
    for property in ["nationality", "citizenship", "country", "jurisdiction"] {
        texts(property).for_each(|country| entry.country(country));
    }
    entry.reference = texts("program").chain(texts("programId")).next().unwrap_or_default().to_owned();
    Ok(Some(entry))
}

fn strength(name: &str, first: bool) -> Strength {
    let latin = |letter: char| letter.is_ascii() || ('\u{c0}'..'\u{250}').contains(&letter) || !letter.is_alphabetic();
    match (name.chars().all(latin), first) {
        (false, false) => Strength::Original,
        (_, true) => Strength::Primary,
        (true, false) => Strength::Alias,
    }
}
