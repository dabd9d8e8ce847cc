//! OFAC: `sdn.csv` has the entries, `alt.csv` their aliases, `add.csv` their addresses. None has a header, and `-0-` stands
//! for nothing. Dates of birth, nationalities and weak aliases (in quotation marks) are in the remarks.

use super::{Born, Entry, Kind, ListError, Strength, csv_error, utf8};

/// What a file adds to an entry of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct More {
    /// The entry.
    pub id: String,
    what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Alias(String),
    Country(String),
}

impl More {
    pub(crate) fn onto(self, entry: &mut Entry) {
        match self.what {
            What::Alias(name) => entry.name(&name, Strength::Alias),
            What::Country(country) => entry.country(&country),
        }
    }
}

/// Reads `sdn.csv`.
pub fn entries(bytes: &[u8]) -> Result<Vec<Entry>, ListError> {
    let mut entries = Vec::new();
    each(bytes, 12, |id, record| {
        let kind = match column(record, 2) {
            "individual" => Kind::Person,
            "" => Kind::Organisation,
            _ => Kind::Other,
        };
        let mut entry = Entry { id: id.to_owned(), kind, reference: column(record, 3).to_owned(), ..Entry::default() };
        entry.name(column(record, 1), Strength::Primary);
        if entry.names.is_empty() {
            return Err("the name is empty".to_owned());
        }
        remarks(column(record, 11), &mut entry);
        entries.push(entry);
        Ok(())
    })?;
    Ok(entries)
}

/// Reads `alt.csv`.
pub fn aliases(bytes: &[u8]) -> Result<Vec<More>, ListError> {
    more(bytes, 5, |record| What::Alias(column(record, 3).to_owned()))
}

/// Reads `add.csv`.
pub fn addresses(bytes: &[u8]) -> Result<Vec<More>, ListError> {
    more(bytes, 6, |record| What::Country(column(record, 4).to_owned()))
}

fn more(bytes: &[u8], columns: usize, what: impl Fn(&csv::StringRecord) -> What) -> Result<Vec<More>, ListError> {
    let mut all = Vec::new();
    each(bytes, columns, |id, record| {
        all.push(More { id: id.to_owned(), what: what(record) });
        Ok(())
    })?;
    Ok(all)
}

fn each(bytes: &[u8], columns: usize, mut each: impl FnMut(&str, &csv::StringRecord) -> Result<(), String>) -> Result<(), ListError> {
    // The files end with the mark of an end that DOS had.
    let text = utf8(bytes)?.trim_end_matches(['\u{1a}', '\r', '\n']);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    for record in reader.records() {
        let record = record.map_err(|error| csv_error(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let id = column(&record, 0);
        let done = if record.len() != columns {
            Err(format!("it has {} columns where {columns} are expected", record.len()))
        } else if id.is_empty() || !id.bytes().all(|digit| digit.is_ascii_digit()) {
            Err(format!("`{id}` is no number of an entry"))
        } else {
            each(id, &record)
        };
        done.map_err(|reason| ListError::Line { line, reason })?;
    }
    Ok(())
}

fn column(record: &csv::StringRecord, place: usize) -> &str {
    let text = record.get(place).unwrap_or_default().trim();
    if text == "-0-" { "" } else { text }
}

fn remarks(text: &str, entry: &mut Entry) {
    for remark in text.trim_end_matches('.').split(';').map(str::trim) {
        if let Some(born) = remark.strip_prefix("DOB ").or_else(|| remark.strip_prefix("alt. DOB ")) {
            entry.born(Born::read(born));
        } else if let Some(country) = remark.strip_prefix("nationality ").or_else(|| remark.strip_prefix("citizen ")) {
            entry.country(country);
        } else if let Some(weak) = remark.strip_prefix("a.k.a. '").or_else(|| remark.strip_prefix("alt. a.k.a. '")) {
            entry.name(weak.trim_end_matches(['\'', '.']), Strength::Weak);
        }
    }
}
