//! CSV with a header: `id,name`, and `dob` and `country` if they are known. Several names are parted by semicolons: the
//! first is the primary one.

use super::{Born, Entry, Kind, ListError, Strength, csv_error, utf8};

/// The columns, of which the first two must be there.
const COLUMNS: [&str; 4] = ["id", "name", "dob", "country"];

pub(crate) fn is_header(first: &csv::ByteRecord) -> bool {
    let has = |column: &str| first.iter().any(|name| name.trim_ascii().eq_ignore_ascii_case(column.as_bytes()));
    has("id") && has("name")
}

/// Reads the entries.
pub fn read(bytes: &[u8]) -> Result<Vec<Entry>, ListError> {
    let mut reader = csv::ReaderBuilder::new().from_reader(utf8(bytes)?.as_bytes());
    let header = reader.headers().map_err(|error| csv_error(&error))?.clone();
    let [id, name, dob, country] = COLUMNS.map(|column| header.iter().position(|name| name.trim().eq_ignore_ascii_case(column)));
    let (Some(id), Some(name)) = (id, name) else {
        return Err(ListError::Line { line: 1, reason: "the header must name the columns id and name".to_owned() });
    };
    let mut entries = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| csv_error(&error))?;
        let column = |place: Option<usize>| place.and_then(|place| record.get(place)).unwrap_or_default().trim();
        let line = record.position().map_or(0, csv::Position::line);
        let missing = |what: &str| ListError::Line { line, reason: format!("the {what} is empty") };
        let mut entry = Entry { id: column(Some(id)).to_owned(), kind: Kind::Other, ..Entry::default() };
        if entry.id.is_empty() {
            return Err(missing("id"));
        }
        for (place, name) in column(Some(name)).split(';').enumerate() {
            entry.name(name, if place == 0 { Strength::Primary } else { Strength::Alias });
        }
        if entry.names.is_empty() {
            return Err(missing("name"));
        }
        let born = column(dob);
        entry.born(Born::read(born));
        if !born.is_empty() && entry.born.is_empty() {
            return Err(ListError::Line { line, reason: format!("`{born}` is no date of birth; write it as 1971-03-25 or 1971") });
        }
        column(country).split(';').for_each(|country| entry.country(country));
        entries.push(entry);
    }
    Ok(entries)
}
